/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways of packets that are not ours; see onward.h. RFC 1812 §5.2.4.
 *
 * The table is one of next hops, each of which has one place in it, by its address: who comes later
 * takes the place. An entry is good as long as a way that a connection keeps would be: snapshot and
 * neighbour are the same.
 */
#include "net/onward.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

#define WAYS_BITS 8
#define WAYS	  (1u << WAYS_BITS)

struct way {
	struct route_cache rc; /* iface NULL: a free place */
	struct ip_addr next;
} NSK_CACHE_ALIGNED;

struct onward_table {
	struct way way[WAYS];
};

void onward_free(struct nsk_worker *w)
{
	if (w->net->onward)
		mem_free(w->mem, w->net->onward, sizeof(*w->net->onward));
	w->net->onward = NULL;
}

/* The place of a next hop; NULL without memory. Who can choose next hops cannot do harm by it: he
 * has his ways looked up again. */
static inline struct way *place_of(struct nsk_worker *w, const struct iface *ifc,
				   const struct ip_addr *next)
{
	uint64_t a[2];

	if (NSK_UNLIKELY(!w->net->onward)) {
		w->net->onward = mem_zalloc_apart(w->mem, sizeof(*w->net->onward));
		if (!w->net->onward)
			return NULL;
	}
	memcpy(a, next->b, 16);
	a[0] = (a[0] ^ a[1] * UINT64_C(0x9e3779b97f4a7c15) ^ ifc->index) *
	       UINT64_C(0xff51afd7ed558ccd);
	return &w->net->onward->way[a[0] >> (64 - WAYS_BITS)];
}

/* generation is as old as what the next hop was chosen by. */
static NSK_NOINLINE int find_neighbour(struct nsk_worker *w, struct route_cache *rc,
				       struct iface *ifc, const struct ip_addr *next,
				       uint32_t generation)
{
	if (!iface_running(ifc))
		return -ENETDOWN;
	*rc = (struct route_cache){.iface = ifc, .route_gen = generation};
	if (!ifc->ethernet)
		return 0;
	rc->neigh = neigh_get(w, ifc, next, false);
	if (!rc->neigh)
		return -ENOBUFS;
	rc->neigh_gen = rc->neigh->gen;
	return rc->neigh->state == NEIGH_FAILED ? -EHOSTDOWN : 0;
}

int onward_find(struct nsk_worker *w, struct route_cache *rc, const struct ip_addr *dst,
		const struct flow *flow)
{
	uint32_t generation = net_snapshot_generation(w->net->snap);
	struct ip_addr next;
	struct iface *ifc;
	struct way *way;
	int err;

	err = net_next_hop(w, dst, flow, &ifc, &next);
	if (NSK_UNLIKELY(err))
		return err;
	way = place_of(w, ifc, &next);
	if (NSK_LIKELY(way != NULL) && NSK_LIKELY(way->rc.iface == ifc) &&
	    NSK_LIKELY(ip_addr_eq(&way->next, &next)) && NSK_LIKELY(net_route_valid(w, &way->rc))) {
		*rc = way->rc;
		return 0;
	}
	err = find_neighbour(w, rc, ifc, &next, generation);
	if (!err && way)
		*way = (struct way){.rc = *rc, .next = next};
	return err;
}
