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

/*
 * Adds one. Of w, any worker, nothing is touched that is its own. The first one of IPv6 brings a
 * link-local one along (RFC 4291 §2.8). 0; -EINVAL no host's address, or of IPv6 on a link of less
 * than 1,280 bytes; -EEXIST; -ENOBUFS no place, or none yet of which every worker knows that it is
 * vacant.
 */
int addr_add(struct nsk_worker *w, struct iface *ifc, const struct addr_spec *spec);
/* Takes one out, whose prefix must be as it was. 0 or -EADDRNOTAVAIL. */
int addr_del(struct nsk_worker *w, struct iface *ifc, const struct ip_prefix *prefix);
/* Other lifetimes for one that is there. 0 or -EADDRNOTAVAIL. */
int addr_set_lifetimes(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		       uint64_t preferred_ns, uint64_t valid_ns);
/* The same, and a copy of the entry's other fields, as it is now. */
int addr_get(struct nsk_worker *w, const struct iface *ifc, unsigned place, struct iface_addr *as);

/* On worker 0: routes of subnets that a busy table kept from coming or going. False: it still does.
 */
bool addr_follow_subnets(struct nsk_worker *w, struct iface *ifc);
/* Workers that sleep look at the addresses as well. */
void addr_wake_workers(struct nsk_worker *w);

#endif
