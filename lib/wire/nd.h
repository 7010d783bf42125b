/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour discovery for IPv6: solicitations and advertisements of neighbours, their options, the
 * addresses that they go to. RFC 4861 §4, §7.1.
 *
 * Only the message: what to learn from it and what to answer is lib/net's business.
 */
#ifndef NSK_WIRE_ND_H
#define NSK_WIRE_ND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netstk/drop.h>

#include "wire/eth.h"
#include "wire/ipv6.h"

#define ND_HOP_LIMIT  255 /* who is not on the link cannot send it (RFC 4861 §7.1) */
#define ND_NEIGH_LEN  24  /* solicitation or advertisement without options */
#define ND_LLADDR_LEN 8	  /* option with an Ethernet address */
#define ND_NEIGH_MAX  (ND_NEIGH_LEN + ND_LLADDR_LEN)

/* Option types. */
#define ND_OPT_SOURCE_LLADDR 1
#define ND_OPT_TARGET_LLADDR 2

/* Flags of an advertisement. */
#define ND_F_ROUTER    0x80
#define ND_F_SOLICITED 0x40
#define ND_F_OVERRIDE  0x20

/* A neighbour solicitation or advertisement. */
struct nd_view {
	uint8_t type;  /* ICMP6_NEIGH_SOLICIT or ICMP6_NEIGH_ADVERT */
	uint8_t flags; /* of an advertisement */
	bool has_mac;
	uint8_t mac[ETH_MAC_LEN]; /* source's or target's link address, if there is one */
	uint8_t target[IPV6_ADDR_LEN];
};

/*
 * Decode the ICMPv6 message of @len bytes at @p, whose checksum was judged, sent from @src to @dst
 * with @hop_limit: a solicitation or an advertisement by its type. Returns 0, or
 * NSK_DROP_ND_MALFORMED for all that RFC 4861 §7.1.1 and §7.1.2 have discarded silently.
 */
enum nsk_drop nd_neigh_parse(const uint8_t *p, size_t len, const uint8_t *src, const uint8_t *dst,
			     uint8_t hop_limit, struct nd_view *out);

/* Write the message of @v at @p, without checksum: ND_NEIGH_MAX bytes at most. Returns its length.
 */
size_t nd_neigh_write(uint8_t *p, const struct nd_view *v);

/* The group that listens for questions about an address (RFC 4291 §2.7.1): ff02::1:ff and its last
 * 24 bits. */
static inline void nd_solicited_node(uint8_t group[IPV6_ADDR_LEN], const uint8_t *addr)
{
	static const uint8_t head[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};

	memcpy(group, head, 13);
	memcpy(group + 13, addr + 13, 3);
}

static inline bool nd_is_solicited_node(const uint8_t *group)
{
	uint8_t own[IPV6_ADDR_LEN];

	nd_solicited_node(own, group);
	return memcmp(own, group, IPV6_ADDR_LEN) == 0;
}

#endif /* NSK_WIRE_ND_H */
