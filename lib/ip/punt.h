/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to the kernel: packets that found no home here, and go to the interface's twin
 * (net/twin.h) where a rule says so. Asked at the few places where a packet would be refused or
 * dropped for want of a taker, and nowhere before.
 */
#ifndef NSK_IP_PUNT_H
#define NSK_IP_PUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "net/net.h"
#include "net/twin.h"

/*
 * Reads one rule: a name ("bgp", "bfd", "ospf", "ssh", "icmp", "no-listener") or
 * PROTOCOL[:PORT[-PORT][/both]], PROTOCOL being tcp, udp or a number. 0, -ERANGE
 * for ports that are none, or -EINVAL.
 */
int punt_parse(const char *text, struct twin_rule *rule);

/* Half of ip_punted(). ours: it is for an address, or a group, of the stack's. */
bool punt_packet(struct nsk_worker *w, struct twin *t, struct rte_mbuf *m, bool ours);

/*
 * A packet, described, that nobody here takes. True: the kernel gets it, and m is gone. False:
 * there is no twin, or no rule for it.
 */
static inline bool ip_punted(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct twin *t = w->net->snap->iface[pkt_of(m)->iface]->twin;

	return NSK_UNLIKELY(t != NULL) && punt_packet(w, t, m, true);
}

/* The same of one that is not for the stack: addresses and groups may be the kernel's alone. */
bool punt_stranger(struct nsk_worker *w, struct rte_mbuf *m);
/* A packet whose addresses let nobody here take it: some may be the kernel's alone. Consumes m. */
void punt_or_drop(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason);

#endif
