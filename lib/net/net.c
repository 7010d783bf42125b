/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's part of lib/net, the way to an address, and sending along it; see net.h. RFC 1122
 * §3.3.1, §3.3.4.
 */
#include "net/net.h"

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/mem.h"
#include "base/siphash.h"
#include "mbuf/shared.h"
#include "net/autoconf.h"
#include "net/dhcp.h"
#include "net/onward.h"
#include "net/pmtu.h"
#include "net/report.h"
#include "net/route.h"
#include "net/tx.h"

static bool is_router6(const struct nsk_worker *w)
{
	return SETTING(w->set, ipv6_forward);
}

int net_worker_init(struct nsk_worker *w, struct net_snapshot *snap)
{
	struct net_worker *net = mem_zalloc_apart(w->mem, sizeof(*net));
	int rc = -ENOMEM;

	if (!net)
		return -ENOMEM;
	w->net = net;
	net->snap = snap;
	net->flow_key = shared_key(w->shared, SHARED_PATHS);
	wheel_timer_init(&net->tick, TIMER_NEIGH);
	log_rate_init(&net->log_rate, 1, 5);
	net->local = local_table_new(snap, is_router6(w), w->mem);
	if (!net->local)
		goto free_net;
	list_init(&w->net->tx_waiters);
	rc = tx_queues_create(w);
	if (rc)
		goto free_queues;
	rc = neigh_table_init(w);
	if (rc)
		goto free_queues;
	return 0;

free_queues:
	tx_queues_free(w);
	local_table_free(net->local, w->mem);
free_net:
	mem_free(w->mem, net, sizeof(*net));
	w->net = NULL;
	return rc;
}

void net_worker_fini(struct nsk_worker *w)
{
	struct net_worker *net = w->net;

	if (!net)
		return;
	wheel_cancel(&w->wheel, &net->tick);
	report_fini(w);
	dhcp_fini(w);
	autoconf_fini(w);
	onward_free(w);
	pmtu_fini(w);
	neigh_table_fini(w);
	tx_queues_free(w);
	local_table_free(net->local, w->mem);
	mem_free(w->mem, net, sizeof(*net));
	w->net = NULL;
}

bool net_look_at_addresses(struct nsk_worker *w)
{
	struct net_worker *net = w->net;
	uint32_t addresses = __atomic_load_n(&net->snap->addresses, __ATOMIC_ACQUIRE);
	struct local_table *local;

	if (addresses == net->addresses)
		return true;
	local = local_table_new(net->snap, is_router6(w), w->mem);
	if (!local)
		return false;
	local_table_free(net->local, w->mem);
	net->local = local;
	__atomic_store_n(&net->addresses, addresses, __ATOMIC_RELEASE);
	return true;
}

/* Interfaces that run, as a mask; with link only those that have one. */
static uint32_t ifaces_running(const struct net_snapshot *snap, bool link)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		const struct iface *ifc = snap->iface[i];

		if (iface_running(ifc) &&
		    (!link || __atomic_load_n(&ifc->link_up, __ATOMIC_RELAXED)))
			mask |= UINT32_C(1) << i;
	}
	return mask;
}

uint32_t net_flow_hash(const struct nsk_worker *w, const struct flow *flow)
{
	uint64_t a[3] = {0}, b[3] = {0};
	bool swap;

	memcpy(a, flow->src, 16);
	memcpy(b, flow->dst, 16);
	a[2] = flow->sport_be;
	b[2] = flow->dport_be;
	swap = a[0] != b[0] ? a[0] > b[0] : a[1] != b[1] ? a[1] > b[1] : a[2] > b[2];
	if (swap)
		return (uint32_t)siphash13_5w(&w->net->flow_key, b[0], b[1], a[0], a[1],
					      b[2] << 16 | a[2]);
	return (uint32_t)siphash13_5w(&w->net->flow_key, a[0], a[1], b[0], b[1], a[2] << 16 | b[2]);
}

/* What chooses among several paths: a flow of others, or one of ours. */
struct choice {
	const struct nsk_worker *w;
	const struct flow *flow;   /* NULL: one of ours, or src is NULL too */
	const struct ip_addr *src; /* to send from */
	const struct iface *from;  /* that has it; NULL: it is not chosen yet */
	uint16_t peer_be, own_be;
};

static uint32_t choice_hash(const struct choice *choice, const struct ip_addr *dst)
{
	struct flow flow = {.sport_be = choice->peer_be, .dport_be = choice->own_be};

	if (choice->flow)
		return net_flow_hash(choice->w, choice->flow);
	if (!choice->src)
		return 0;
	memcpy(flow.src, dst->b, 16);
	memcpy(flow.dst, choice->src->b, 16);
	return net_flow_hash(choice->w, &flow);
}

/* Of several paths, or where the only one cannot be used: by what the interfaces can do now. A
 * source that belongs to the interface of one of several best paths keeps to that one as long as it
 * has a link. */
static NSK_NOINLINE const struct route_path *choose_path(const struct ip_addr *dst,
							 const struct route_group *g,
							 const struct choice *choice)
{
	const struct net_snapshot *snap = choice->w->net->snap;
	uint32_t running = ifaces_running(snap, false), linked = ifaces_running(snap, true);
	const struct route_path *p, *own = NULL;
	uint32_t hash = g->spread ? choice_hash(choice, dst) : 0;

	if (g->spread && choice->from)
		own = route_pick(g, linked & UINT32_C(1) << choice->from->index, linked, hash);
	p = route_lookup(snap->routes, dst->family, dst->b, running, linked, hash);
	if (own && p && own->metric == p->metric)
		p = own;
	if (!p)
		p = route_lookup(snap->routes, dst->family, dst->b, ROUTE_IFACES_ANY, 0, hash);
	return p && p->iface < snap->nifaces ? p : NULL;
}

/*
 * The longest prefix over an interface that runs; one with a link is preferred among its routes,
 * but a link that is lost for a moment is no reason to go another way or to end a connection. Last,
 * one that does not even run, so that the caller can tell.
 */
static const struct route_path *find_route(const struct ip_addr *dst, const struct choice *choice,
					   bool *several)
{
	const struct net_snapshot *snap = choice->w->net->snap;
	const struct route_group *g;
	const struct route_path *p;

	if (!snap->routes)
		return NULL;
	g = route_find(snap->routes, dst->family, dst->b);
	if (!g)
		return NULL;
	p = &g->path[0];
	*several = g->spread;
	if (NSK_LIKELY(g->n == 1 && p->iface < snap->nifaces) &&
	    NSK_LIKELY(p->type != ROUTE_UNICAST || iface_running(snap->iface[p->iface])))
		return p;
	return choose_path(dst, g, choice);
}

/* What a local sender hears of a route that leads nowhere, as Linux has it. */
static int refusal(const struct route_path *p)
{
	if (p->type == ROUTE_BLACKHOLE)
		return -EINVAL;
	return p->type == ROUTE_PROHIBIT ? -EACCES : -EHOSTUNREACH;
}

/* Where broadcasts and multicasts go: the source address decides, else the routes, else the primary
 * interface. */
static struct iface *group_iface(const struct nsk_worker *w, const struct ip_addr *dst,
				 struct iface *from)
{
	const struct net_snapshot *snap = w->net->snap;
	const struct choice choice = {.w = w};
	const struct route_path *r;
	bool several;

	if (from && !from->loopback)
		return from;
	r = find_route(dst, &choice, &several);
	if (r && r->type == ROUTE_UNICAST)
		return snap->iface[r->iface];
	return snap->nifaces ? snap->iface[0] : NULL;
}

struct iface *net_group_iface(const struct nsk_worker *w, const struct ip_addr *group)
{
	return group_iface(w, group, NULL);
}

int net_next_hop(const struct nsk_worker *w, const struct ip_addr *dst, const struct flow *flow,
		 struct iface **ifc, struct ip_addr *next)
{
	const struct choice choice = {.w = w, .flow = flow};
	const struct route_path *r;
	bool several;

	r = find_route(dst, &choice, &several);
	if (!r)
		return -ENETUNREACH;
	if (NSK_UNLIKELY(r->type != ROUTE_UNICAST))
		return refusal(r);
	*ifc = w->net->snap->iface[r->iface];
	*next = r->gateway.family ? r->gateway : *dst;
	return 0;
}

void net_expect(const struct nsk_worker *w, uint8_t family, const uint8_t dst[16], bool near)
{
	route_prefetch(w->net->snap->routes, family, dst, near);
}

/* What is to be found of a way. */
struct way {
	struct iface *ifc;
	struct ip_addr next;		/* hop */
	const struct route_path *route; /* NULL: it needs none */
	bool broadcast;			/* the next hop is everybody */
	bool several;			/* there were others to choose from */
};

/* By the routes. */
static int find_hop(const struct ip_addr *dst, const struct choice *choice, struct way *way)
{
	const struct route_path *r = find_route(dst, choice, &way->several);

	if (!r)
		return -ENETUNREACH;
	if (NSK_UNLIKELY(r->type != ROUTE_UNICAST))
		return refusal(r);
	way->route = r;
	way->ifc = choice->w->net->snap->iface[r->iface];
	if (r->gateway.family)
		way->next = r->gateway;
	return 0;
}

/* Strict: the best route, or one that shares with it (RFC 3704 §2.2). */
bool net_leads_back(const struct nsk_worker *w, const struct ip_addr *src, const struct iface *ifc)
{
	const struct net_snapshot *snap = w->net->snap;
	const struct choice choice = {.w = w};
	const struct route_group *g;
	const struct route_path *p;
	bool several;

	p = find_route(src, &choice, &several);
	if (!p || p->type != ROUTE_UNICAST || p->iface == ifc->index || !several)
		return p && p->type == ROUTE_UNICAST && p->iface == ifc->index;
	g = route_find(snap->routes, src->family, src->b);
	for (unsigned i = 0; g && i < g->n; i++)
		if (g->path[i].metric == p->metric && g->path[i].type == ROUTE_UNICAST &&
		    g->path[i].iface == ifc->index)
			return true;
	return false;
}

/* Where nobody says what address to send from: what the route says, if we have it still, else one
 * of the interface's. */
static const struct ip_addr *choose_source(const struct nsk_worker *w, const struct way *way,
					   const struct ip_addr *dst)
{
	const struct ip_addr *hint = way->route ? &way->route->src : NULL;

	if (hint && NSK_UNLIKELY(hint->family) && net_local(w, hint->b, hint->family))
		return hint;
	return dst->family == AF_INET6 ? net_source(way->ifc, dst)
				       : iface_source(way->ifc, &way->next);
}

/* The way is taken; generation is as old as what was chosen by. */
static inline int take_way(struct nsk_worker *w, struct route_cache *rc, const struct way *way,
			   const struct ip_addr *dst, uint32_t generation, struct ip_addr *src)
{
	struct iface *ifc = way->ifc;
	struct neigh *n = NULL;

	if (!iface_running(ifc))
		return -ENETDOWN;
	if (!src->family || ip_addr_is_any(src)) {
		const struct ip_addr *own = choose_source(w, way, dst);

		if (!own)
			return -EADDRNOTAVAIL;
		*src = *own;
	}
	if (ifc->ethernet) {
		n = neigh_get(w, ifc, &way->next, way->broadcast);
		if (!n)
			return -ENOBUFS;
		if (n->state == NEIGH_FAILED)
			return -EHOSTUNREACH;
		rc->neigh_gen = n->gen;
	}
	rc->neigh = n;
	rc->route_gen = generation;
	rc->iface = ifc;
	return 0;
}

static bool is_given(const struct ip_addr *src)
{
	return src->family && !ip_addr_is_any(src);
}

/* ---- to ourselves ---------------------------------------------------------------------------- */

struct iface *net_loopback(const struct nsk_worker *w, const uint8_t addr[16], uint8_t family)
{
	const struct ip_addr a = ip_addr_of(family, addr);

	return ip_addr_is_loopback(&a) ? w->net->snap->lo : NULL;
}

/* RFC 1122 §3.3.1.1, RFC 4291 §2.5.3: what is for us does not leave. It comes from the address that
 * it is for, or from the first loopback address, unless the sender chooses. */
static NSK_NOINLINE int way_to_self(const struct nsk_worker *w, const struct ip_addr *dst,
				    struct ip_addr *src, struct way *way)
{
	way->ifc = w->net->snap->lo;
	if (!way->ifc)
		return -ENETUNREACH;
	if (!is_given(src))
		*src = ip_addr_is_loopback(dst) ? ip_addr_loopback(dst->family) : *dst;
	return 0;
}

/* From a loopback address, which means nothing beyond this host, only to ourselves; or from one
 * that is not ours. */
static NSK_NOINLINE int route_from_loopback(struct nsk_worker *w, struct route_cache *rc,
					    const struct ip_addr *dst, struct ip_addr *src,
					    uint32_t generation)
{
	struct way way = {.next = *dst};

	w->net->several = false;
	if (!net_loopback(w, src->b, src->family))
		return -EADDRNOTAVAIL;
	if (!net_local(w, dst->b, dst->family))
		return -EINVAL; /* as Linux */
	return way_to_self(w, dst, src, &way) ? -ENETUNREACH
					      : take_way(w, rc, &way, dst, generation, src);
}

/* ---- to anybody ------------------------------------------------------------------------------ */

/* Interface and next hop, and to ourselves the source. 0 or -errno as net_route(). */
static int find_way(const struct nsk_worker *w, const struct ip_addr *dst, struct iface *from,
		    const struct choice *choice, struct ip_addr *src, struct way *way)
{
	const struct local_entry *own = net_local_entry(w, dst->b, dst->family);
	const struct net_snapshot *snap = w->net->snap;

	way->next = *dst;
	way->route = NULL;
	way->several = false;
	way->broadcast = ip_addr_is_broadcast(dst) || (own && own->kind == LOCAL_BROADCAST);
	if (own && own->kind == LOCAL_BROADCAST) {
		way->ifc = snap->iface[own->iface];
		return 0;
	}
	if (way->broadcast || ip_addr_is_multicast(dst)) {
		way->ifc = group_iface(w, dst, from);
		return way->ifc ? 0 : -ENETUNREACH;
	}
	if ((own && own->kind == LOCAL_UNICAST) || ip_addr_is_loopback(dst))
		return way_to_self(w, dst, src, way);
	if (own || ip_addr_is_any(dst) || ip_addr_is_reserved(dst))
		return -ENETUNREACH;
	if (dst->family == AF_INET6 && ip_addr_is_link_local(dst)) {
		way->ifc = from;
		return from && !from->loopback ? 0 : -EINVAL;
	}
	return find_hop(dst, choice, way);
}

/*
 * Of several paths the first one found says from where to send; then the one is chosen that will be
 * chosen whenever this flow is looked up with its source.
 */
static NSK_NOINLINE int find_again(const struct ip_addr *dst, const struct choice *first,
				   struct ip_addr *src, struct way *way)
{
	const struct nsk_worker *w = first->w;
	const struct ip_addr *own = choose_source(w, way, dst);
	struct choice choice = *first;

	if (!own)
		return -EADDRNOTAVAIL;
	*src = *own;
	choice.from = net_local(w, src->b, src->family);
	way->next = *dst; /* perhaps no gateway now */
	return find_hop(dst, &choice, way);
}

int net_route_ports(struct nsk_worker *w, struct route_cache *rc, const struct ip_addr *dst,
		    struct ip_addr *src, uint16_t peer_be, uint16_t own_be)
{
	struct iface *from = is_given(src) ? net_local_host(w, src->b, src->family) : NULL;
	uint32_t generation =
		net_snapshot_generation(w->net->snap); /* before what it stands for is read */
	const struct choice choice = {
		.w = w, .src = src, .from = from, .peer_be = peer_be, .own_be = own_be};
	struct way way;
	int err;

	rc->iface = NULL;
	if (is_given(src) && NSK_UNLIKELY(!from))
		return route_from_loopback(w, rc, dst, src, generation);
	err = find_way(w, dst, from, &choice, src, &way);
	if (NSK_UNLIKELY(err == 0 && way.several) && !is_given(src))
		err = find_again(dst, &choice, src, &way);
	w->net->several = way.several;
	return err ? err : take_way(w, rc, &way, dst, generation, src);
}

int net_route_link(struct nsk_worker *w, struct route_cache *rc, struct iface *ifc,
		   const struct ip_addr *group, struct ip_addr *src)
{
	uint32_t generation = net_snapshot_generation(w->net->snap);
	const struct way way = {.ifc = ifc, .next = *group};

	rc->iface = NULL;
	if (is_given(src) && !net_local_host(w, src->b, src->family))
		return net_loopback(w, src->b, src->family) ? -EINVAL : -EADDRNOTAVAIL;
	return take_way(w, rc, &way, group, generation, src);
}
