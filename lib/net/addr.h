/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that come and go while a stack runs: from any thread, and from a worker's turn. Nothing
 * waits here for workers: each finds out in its next turn (net_look_at_addresses()), worker 0 does
 * what is to be said about it on the link (announce.c) and lets lifetimes end (lifetime.c).
 */
#ifndef NSK_NET_ADDR_H
#define NSK_NET_ADDR_H

#include "base/addr.h"
#include "mbuf/worker.h"
#include "net/iface.h"

/* An address to add. */
struct addr_spec {
	struct ip_prefix prefix;
	uint8_t flags; /* enum iface_addr_flag; but with IFACE_ADDR_AUTO its subnet is on-link */
	uint64_t preferred_ns; /* moments of the stack's clock; 0: never */
	uint64_t valid_ns;
};

/* Who changes addresses: any thread, which may wait for others, or worker 0 in its turn, which does
 * not wait longer than a turn may last. */
enum addr_caller {
	ADDR_WAITS,
	ADDR_IN_TURN,
};

/*
 * Adds one. Of w, any worker, nothing is touched that is its own. The first one of IPv6 brings a
 * link-local one along (RFC 4291 §2.8). 0; -EINVAL no host's address, or of IPv6 on a link of less
 * than 1,280 bytes; -EEXIST; -ENOBUFS no place, or none yet of which every worker knows that it is
 * vacant; -EAGAIN (in a turn) others are at it: nothing has changed.
 */
int addr_add(struct nsk_worker *w, struct iface *ifc, const struct addr_spec *spec,
	     enum addr_caller caller);
/* Takes one out, whose prefix must be as it was. 0, -EADDRNOTAVAIL, or -EAGAIN as above. */
int addr_del(struct nsk_worker *w, struct iface *ifc, const struct ip_prefix *prefix,
	     enum addr_caller caller);
/* In worker 0's turn: other lifetimes for one that is there. 0 or -EADDRNOTAVAIL. */
int addr_set_lifetimes(struct iface *ifc, const struct ip_addr *addr, uint64_t preferred_ns,
		       uint64_t valid_ns);
/* The same for whoever may wait: seconds more or less than one are no change. 0 or
 * -EADDRNOTAVAIL. */
int addr_change_lifetimes(struct nsk_worker *w, struct iface *ifc, const struct addr_spec *spec);
/* A copy of what is in a place, as it is now. 0 or -ENOENT. */
int addr_get(struct nsk_worker *w, const struct iface *ifc, unsigned place, struct iface_addr *as);

/* In worker 0's turn: routes of subnets that a busy or a full table kept from coming or going. When
 * it is to be tried again; UINT64_MAX: not. */
uint64_t addr_follow_subnets(struct nsk_worker *w, struct iface *ifc);
/* Workers that sleep look at the addresses as well. */
void addr_wake_workers(struct nsk_worker *w);

#endif
