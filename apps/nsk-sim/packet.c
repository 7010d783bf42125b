/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/packet.h"

#include <string.h>

#include "nsk-sim/segment.h"

#define ARP_LEN 28

static uint32_t sum_of(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get16(p);
	return len ? sum + ((uint32_t)p[0] << 8) : sum;
}

static uint16_t folded(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return (uint16_t)~sum;
}

uint8_t *packet_eth(uint8_t *frame, const uint8_t dst[6], const uint8_t src[6], uint16_t type)
{
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	put16(frame + 12, type);
	return frame + PACKET_ETH;
}

size_t packet_ip(uint8_t *ip, const struct packet_ip *h, size_t len)
{
	memset(ip, 0, PACKET_IP);
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)(PACKET_IP + len));
	put16(ip + 4, h->id);
	put16(ip + 6, h->frag);
	ip[8] = 64;
	ip[9] = h->proto;
	put32(ip + 12, h->src);
	put32(ip + 16, h->dst);
	put16(ip + 10, folded(sum_of(ip, PACKET_IP, h->bad_checksum)));
	return PACKET_IP + len;
}

size_t packet_tcp(uint8_t *ip, const struct packet_ip *h, const struct packet_tcp *t)
{
	uint8_t *tcp = ip + PACKET_IP;
	size_t len = PACKET_TCP + t->nopts + t->len;
	uint8_t pseudo[12] = {[9] = 6};

	memset(tcp, 0, PACKET_TCP);
	put16(tcp, t->sport);
	put16(tcp + 2, t->dport);
	put32(tcp + 4, t->seq);
	put32(tcp + 8, t->ack);
	tcp[12] = (uint8_t)((PACKET_TCP + t->nopts) / 4 << 4);
	tcp[13] = t->flags;
	put16(tcp + 14, t->wnd);
	put16(tcp + 18, t->urgent);
	memcpy(tcp + PACKET_TCP, t->opts, t->nopts);
	memcpy(tcp + PACKET_TCP + t->nopts, t->data, t->len);
	put32(pseudo, h->src);
	put32(pseudo + 4, h->dst);
	put16(pseudo + 10, (uint32_t)len);
	put16(tcp + 16, folded(sum_of(tcp, len, sum_of(pseudo, 12, t->bad_checksum))));
	return len;
}

void packet_icmp(uint8_t *icmp, size_t len)
{
	put16(icmp + 2, 0);
	put16(icmp + 2, folded(sum_of(icmp, len, 0)));
}

size_t packet_arp(uint8_t *arp, uint16_t op, const uint8_t sender_mac[6], uint32_t sender,
		  uint32_t target)
{
	memset(arp, 0, ARP_LEN);
	put16(arp, 1);
	put16(arp + 2, PACKET_ETH_IP);
	arp[4] = 6;
	arp[5] = 4;
	put16(arp + 6, op);
	memcpy(arp + 8, sender_mac, 6);
	put32(arp + 14, sender);
	put32(arp + 24, target);
	return ARP_LEN;
}
