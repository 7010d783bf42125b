/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways of packets that are not ours: from a destination to interface and neighbour, without a
 * connection that would keep them. The route is looked up each time; what was found of its next hop
 * is kept in a small table of the worker, so that the cost does not depend on who sends to whom.
 */
#ifndef NSK_NET_ONWARD_H
#define NSK_NET_ONWARD_H

#include "net/net.h"

/*
 * The way on to dst, a host's address that is neither ours nor link-local. flow: says what the
 * packet belongs to, where several paths share the load. 0, or as net_next_hop(), and besides
 * -ENETDOWN (interface down), -EHOSTDOWN (the next hop did not answer a moment ago), -ENOBUFS
 * (neighbour table full).
 */
int onward_find(struct nsk_worker *w, struct route_cache *rc, const struct ip_addr *dst,
		const struct flow *flow);

/* Gives the worker's table back. */
void onward_free(struct nsk_worker *w);

#endif
