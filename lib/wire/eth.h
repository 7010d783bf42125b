/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet II header: layout, decoder, encoder. RFC 894, IEEE 802.3 clause 3.
 *
 * Which MAC addresses and EtherTypes are ours is the interface's business, not decided here.
 */
#ifndef NSK_WIRE_ETH_H
#define NSK_WIRE_ETH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netstk/drop.h>

#include "wire/bytes.h"

#define ETH_MAC_LEN  6
#define ETH_HLEN     14	    /* header, without a VLAN tag */
#define ETH_MIN_TYPE 0x0600 /* below: an IEEE 802.3 length, so LLC follows */

#define ETH_TYPE_IPV4 0x0800
#define ETH_TYPE_ARP  0x0806
#define ETH_TYPE_VLAN 0x8100
#define ETH_TYPE_IPV6 0x86dd
#define ETH_TYPE_QINQ 0x88a8

/* The header on the wire: offsets for readers and static asserts; never dereferenced. */
struct eth_wire {
	uint8_t dst[ETH_MAC_LEN];
	uint8_t src[ETH_MAC_LEN];
	uint8_t type[2];
} __attribute__((packed));

_Static_assert(sizeof(struct eth_wire) == ETH_HLEN, "Ethernet header");

/* A decoded header. The addresses point into the packet. */
struct eth_view {
	const uint8_t *dst;
	const uint8_t *src;
	uint16_t type; /* EtherType, host order */
};

/* Group bit: multicast, broadcast included. */
static inline bool eth_is_multicast(const uint8_t *mac)
{
	return mac[0] & 1;
}

static inline bool eth_is_broadcast(const uint8_t *mac)
{
	return load_be32(mac) == UINT32_MAX && load_be16(mac + 4) == UINT16_MAX;
}

static inline bool eth_is_zero(const uint8_t *mac)
{
	return (load_be32(mac) | load_be16(mac + 4)) == 0;
}

static inline bool eth_mac_equal(const uint8_t *a, const uint8_t *b)
{
	return load_be32(a) == load_be32(b) && load_be16(a + 4) == load_be16(b + 4);
}

/*
 * Decode the frame of @len bytes at @p. Returns 0, or NSK_DROP_ETH_SHORT, NSK_DROP_ETH_BAD_SOURCE
 * or NSK_DROP_ETH_LLC; then @out is not to be used. The payload starts at p + ETH_HLEN.
 */
static inline enum nsk_drop eth_parse(const uint8_t *p, size_t len, struct eth_view *out)
{
	if (len < ETH_HLEN)
		return NSK_DROP_ETH_SHORT;
	out->dst = p + offsetof(struct eth_wire, dst);
	out->src = p + offsetof(struct eth_wire, src);
	out->type = load_be16(p + offsetof(struct eth_wire, type));
	if (eth_is_multicast(out->src))
		return NSK_DROP_ETH_BAD_SOURCE;
	if (out->type < ETH_MIN_TYPE)
		return NSK_DROP_ETH_LLC;
	return NSK_DROP_NONE;
}

/*
 * True if the ETH_HLEN bytes at @p say a frame of that type to that address from some station:
 * eth_parse() would give just that.
 */
static inline bool eth_is_plain(const uint8_t *p, const uint8_t *mac, uint16_t type)
{
	return eth_mac_equal(p, mac) && load_be16(p + offsetof(struct eth_wire, type)) == type &&
	       !eth_is_multicast(p + offsetof(struct eth_wire, src));
}

/* Write a header of ETH_HLEN bytes at @p. The addresses may not overlap it. */
static inline void eth_write(uint8_t *p, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
	memcpy(p + offsetof(struct eth_wire, dst), dst, ETH_MAC_LEN);
	memcpy(p + offsetof(struct eth_wire, src), src, ETH_MAC_LEN);
	store_be16(p + offsetof(struct eth_wire, type), type);
}

#endif /* NSK_WIRE_ETH_H */
