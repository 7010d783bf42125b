/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways back to peers: connections come and go in heaps between the same two hosts, so a worker
 * remembers what net_route() said of the IPv4 pairs that it met last, and what our timestamp clock
 * is ahead by towards them (RFC 7323 §5.4).
 */
#ifndef NSK_TCP_WAY_H
#define NSK_TCP_WAY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mbuf/pkt.h"
#include "net/net.h"
#include "tcp/tcp_worker.h"

/* A place is for an IPv4 pair; what is not found there is looked up, and takes the place over. */
static inline struct tcp_way *way_of(struct tcp_worker *t, const struct flow *flow)
{
	uint32_t peer, own;

	memcpy(&peer, flow->src, sizeof(peer));
	memcpy(&own, flow->dst, sizeof(own));
	return &t->ways[(peer * UINT32_C(0x9e3779b1) + own) >> (32 - TCP_WAYS_SHIFT)];
}

static inline bool way_is(const struct tcp_way *way, const struct flow *flow)
{
	uint32_t peer, own;

	memcpy(&peer, flow->src, sizeof(peer));
	memcpy(&own, flow->dst, sizeof(own));
	return way->peer == peer && way->own == own;
}

/*
 * What net_route() would say again: nothing that it looks at has changed. A better way's link may
 * have come back, which no generation tells; so none is believed for long.
 */
static inline bool way_good(const struct nsk_worker *w, const struct tcp_way *way,
			    const struct flow *flow)
{
	const struct route_cache *rc = &way->route;

	return way_is(way, flow) && w->tcp->now_ms - way->found_ms < TCP_WAY_MS &&
	       net_route_valid(w, rc) && rc->neigh && iface_running(rc->iface) &&
	       __atomic_load_n(&rc->iface->link_up, __ATOMIC_RELAXED) &&
	       rc->neigh->state >= NEIGH_REACHABLE && rc->neigh->list == NEIGH_LIST_ACTIVE;
}

/* Slow half of tcp_way_back(). */
const struct route_cache *way_find(struct nsk_worker *w, const struct flow *flow, uint8_t family,
				   struct route_cache *room, int *err);

/*
 * net_route() back to the source of a flow, which is as received. The way found lies with the
 * worker or in *room, and is good until something is sent or received; NULL: *err says why there is
 * none, as net_route() has it.
 */
static inline const struct route_cache *tcp_way_back(struct nsk_worker *w, const struct flow *flow,
						     uint8_t family, struct route_cache *room,
						     int *err)
{
	struct tcp_way *way = way_of(w->tcp, flow);

	if (NSK_LIKELY(family == AF_INET) && NSK_LIKELY(way_good(w, way, flow)))
		return &way->route;
	return way_find(w, flow, family, room, err);
}

/* The same into *rc, which is cleared if there is none. 0 or -errno. */
static inline int tcp_route(struct nsk_worker *w, struct route_cache *rc, const struct flow *flow,
			    uint8_t family)
{
	int err = 0;
	const struct route_cache *found = tcp_way_back(w, flow, family, rc, &err);

	if (NSK_LIKELY(found != NULL && found != rc))
		*rc = *found;
	return err;
}

/* Our ISN for a flow, by the clock (RFC 6528). */
uint32_t tcp_isn(const struct nsk_worker *w, const struct flow *flow, uint8_t family);

/* Slow half of tcp_ts_offset(). */
uint32_t way_ts_offset(const struct nsk_worker *w, const struct flow *flow, uint8_t family);

/* What our timestamp clock is ahead by towards a peer. */
static inline uint32_t tcp_ts_offset(const struct nsk_worker *w, const struct flow *flow,
				     uint8_t family)
{
	const struct tcp_way *way = way_of(w->tcp, flow);

	if (NSK_LIKELY(family == AF_INET) && NSK_LIKELY(way_is(way, flow)))
		return way->ts_off;
	return way_ts_offset(w, flow, family);
}

#endif
