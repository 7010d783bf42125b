/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames as a hostile host makes them: each field as it is told, right or wrong, with checksums
 * that fit or do not. Ethernet, IPv4, TCP, ICMP, ARP.
 */
#ifndef NSK_APPS_NSK_SIM_PACKET_H
#define NSK_APPS_NSK_SIM_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX    2048 /* bytes of a frame */
#define PACKET_ETH    14
#define PACKET_IP     20
#define PACKET_TCP    20
#define PACKET_OPTS   40
#define PACKET_ETH_IP 0x0800
#define PACKET_UDP    17

struct packet_ip {
	uint32_t src, dst;
	uint16_t id, frag; /* flags and offset, as in the header */
	uint8_t proto;
	bool bad_checksum;
};

struct packet_tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t wnd, urgent;
	uint8_t flags;
	bool bad_checksum;
	uint8_t nopts; /* a multiple of 4 */
	uint8_t opts[PACKET_OPTS];
	uint32_t len;
	uint8_t data[1460];
};

/* Is this frame of IPv4, with at least its headers, a datagram's? */
static inline bool packet_is_udp(const uint8_t *frame)
{
	return frame[12] == PACKET_ETH_IP >> 8 && frame[13] == (PACKET_ETH_IP & 255) &&
	       frame[PACKET_ETH + 9] == PACKET_UDP && !(frame[PACKET_ETH + 6] & 0x1f) &&
	       !frame[PACKET_ETH + 7];
}

/* Link header; returns what follows it. */
uint8_t *packet_eth(uint8_t *frame, const uint8_t dst[6], const uint8_t src[6], uint16_t type);
/* The IP header in front of len bytes that stand behind it already. Returns length of both. */
size_t packet_ip(uint8_t *ip, const struct packet_ip *h, size_t len);
/* A segment behind where the IP header will stand. Returns its length. */
size_t packet_tcp(uint8_t *ip, const struct packet_ip *h, const struct packet_tcp *t);
/* An ICMP message of len bytes behind where the IP header will stand; fills in its checksum. */
void packet_icmp(uint8_t *icmp, size_t len);
/* An ARP packet; returns its length. */
size_t packet_arp(uint8_t *arp, uint16_t op, const uint8_t sender_mac[6], uint32_t sender,
		  uint32_t target);

#endif
