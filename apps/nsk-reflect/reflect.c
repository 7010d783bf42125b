/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-reflect/reflect.h"

#include <string.h>

#define ETH_LEN	     14
#define ARP_LEN	     28
#define TYPE_IPV4    0x0800
#define TYPE_ARP     0x0806
#define PROTO_ICMP   1
#define PROTO_TCP    6
#define PROTO_UDP    17
#define ICMP_REQUEST 8

static void swap_bytes(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t t[16];

	memcpy(t, a, n);
	memcpy(a, b, n);
	memcpy(b, t, n);
}

/* An echo request becomes a reply: type 8 → 0, and the checksum by the difference (RFC 1624). */
static bool turn_icmp(uint8_t *icmp, size_t len)
{
	uint32_t sum;

	if (len < 8 || icmp[0] != ICMP_REQUEST)
		return false;
	icmp[0] = 0;
	sum = (uint32_t)(icmp[2] << 8 | icmp[3]) + (ICMP_REQUEST << 8);
	sum = (sum & 0xffff) + (sum >> 16);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
	return true;
}

static bool turn_ipv4(uint8_t *ip, size_t len)
{
	size_t header;

	if (len < 20 || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	if (header < 20 || len < header + 8)
		return false;
	swap_bytes(ip + 12, ip + 16, 4);
	if (ip[9] == PROTO_TCP || ip[9] == PROTO_UDP)
		swap_bytes(ip + header, ip + header + 2, 2);
	else if (ip[9] == PROTO_ICMP)
		return turn_icmp(ip + header, len - header);
	return true;
}

static bool turn_arp(const struct reflect *r, uint8_t *arp, size_t len)
{
	static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1};
	static const uint8_t any[4];
	uint8_t asked[4];

	if (len < ARP_LEN || memcmp(arp, request, sizeof(request)) != 0)
		return false;
	memcpy(asked, arp + 24, 4);
	if (memcmp(r->address, any, 4) != 0 && memcmp(r->address, asked, 4) != 0)
		return false;
	arp[7] = 2;
	memcpy(arp + 18, arp + 8, 10);
	memcpy(arp + 8, r->mac, 6);
	memcpy(arp + 14, asked, 4);
	return true;
}

bool reflect_packet(const struct reflect *r, uint8_t *packet, size_t len)
{
	unsigned type;

	if (!r->ethernet)
		return turn_ipv4(packet, len);
	if (len < ETH_LEN)
		return false;
	type = (unsigned)packet[12] << 8 | packet[13];
	if (type == TYPE_ARP ? !turn_arp(r, packet + ETH_LEN, len - ETH_LEN)
			     : type != TYPE_IPV4 || !turn_ipv4(packet + ETH_LEN, len - ETH_LEN))
		return false;
	memcpy(packet, packet + 6, 6);
	memcpy(packet + 6, r->mac, 6);
	return true;
}
