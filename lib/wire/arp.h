/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP for IPv4 over Ethernet: layout, decoder, encoder. RFC 826, RFC 5227 (probes, announcements).
 *
 * Only the packet: what to learn from it and what to answer is the neighbour table's business.
 */
#ifndef NSK_WIRE_ARP_H
#define NSK_WIRE_ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netstk/drop.h>

#include "wire/eth.h"

#define ARP_LEN		 28
#define ARP_HRD_ETHERNET 1
#define ARP_OP_REQUEST	 1
#define ARP_OP_REPLY	 2

/* The packet on the wire: offsets for readers and static asserts; never dereferenced. */
struct arp_wire {
	uint8_t hrd[2];
	uint8_t pro[2];
	uint8_t hln;
	uint8_t pln;
	uint8_t op[2];
	uint8_t sha[ETH_MAC_LEN];
	uint8_t spa[4];
	uint8_t tha[ETH_MAC_LEN];
	uint8_t tpa[4];
} __attribute__((packed));

_Static_assert(sizeof(struct arp_wire) == ARP_LEN, "ARP packet");

/* A decoded packet, in the RFC's names. */
struct arp_view {
	uint16_t op;		  /* ARP_OP_REQUEST or ARP_OP_REPLY */
	uint8_t sha[ETH_MAC_LEN]; /* sender hardware address: unicast, not zero */
	uint8_t tha[ETH_MAC_LEN]; /* target hardware address: anything */
	uint32_t spa;		  /* sender protocol address, host order; 0 in a probe */
	uint32_t tpa;		  /* target protocol address, host order */
};

/*
 * Decode the ARP packet of @len bytes at @p (link padding behind it is ignored). Returns 0, or
 * NSK_DROP_ARP_MALFORMED: too short, not IPv4 over Ethernet, neither request nor reply, a sender
 * MAC that is a group or zero, or a sender address that no host can have (multicast, reserved,
 * broadcast or loopback).
 */
enum nsk_drop arp_parse(const uint8_t *p, size_t len, struct arp_view *out);

/* Write the ARP_LEN bytes of @v at @p. */
void arp_write(uint8_t *p, const struct arp_view *v);

/* RFC 5227 §2.1.1: a request from the unspecified address asks whether tpa is in use. */
static inline bool arp_is_probe(const struct arp_view *v)
{
	return v->op == ARP_OP_REQUEST && v->spa == 0;
}

/* RFC 5227 §2.3: the sender tells about itself, as request or reply. */
static inline bool arp_is_announcement(const struct arp_view *v)
{
	return v->spa != 0 && v->spa == v->tpa;
}

#endif /* NSK_WIRE_ARP_H */
