/* SPDX-License-Identifier: BSD-3-Clause */
/* What is learned from routers; see autoconf.h. */
#include "net/autoconf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mbuf/shared.h"
#include "net/nd.h"
#include "net/net.h"
#include "net/route.h"

#define NS_PER_MS UINT64_C(1000000)

static struct autoconf *of(const struct nsk_worker *w, const struct iface *ifc)
{
	return w->net->autoconf[ifc->index];
}

static void sooner(uint64_t *next, uint64_t at_ns)
{
	if (at_ns)
		*next = NSK_MIN(*next, at_ns);
}

static bool is_over(const struct nsk_worker *w, uint64_t end_ns)
{
	return end_ns && w->now_ns >= end_ns;
}

/* There is no place for a route. Said once, until there was one. */
static void no_room(struct nsk_worker *w, const struct iface *ifc, struct autoconf *ac,
		    const struct route *route)
{
	char text[IP_PREFIX_STRLEN];

	ac->full_ns = w->now_ns + AUTO_FULL_MS * NS_PER_MS;
	if (ac->told_full)
		return;
	ac->told_full = true;
	LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "nd",
		 "%s: no place for the route to %s that a router tells of: ip.routes is full; "
		 "tried again every %d s",
		 ifc->name, ip_prefix_format(&route->dst, text, sizeof(text)), AUTO_FULL_MS / 1000);
}

/* A route of ours comes or goes; one that somebody else has added is as good, and stays. False: it
 * is to be tried again, soon where the table was busy, later where it is full. */
static bool change_route(struct nsk_worker *w, struct iface *ifc, struct autoconf *ac,
			 const struct ip_prefix *dst, const struct ip_addr *gateway, bool add)
{
	struct route route = {
		.dst = *dst,
		.iface = ifc->index,
		.origin = ROUTE_FROM_RA,
		.metric = gateway ? AUTO_ROUTE_METRIC : AUTO_SUBNET_METRIC,
	};
	int rc;

	if (gateway)
		route.gateway = *gateway;
	if (add && !ac->may_add)
		return false;
	rc = w->ops->route ? w->ops->route(w, &route, add) : 0;
	if (rc == 0 && add)
		ac->told_full = false;
	else if (rc == 0)
		ac->may_add = true; /* in its place */
	if (rc == 0 || rc == -EEXIST || rc == -ESRCH)
		return true;
	if (rc == -EAGAIN)
		ac->again = true;
	else
		no_room(w, ifc, ac, &route);
	return false;
}

/* ---- routers --------------------------------------------------------------------------------- */

/* Others find the routers there. */
static void publish(struct iface *ifc, unsigned i, const struct ip_addr *addr)
{
	uint64_t word[2];

	memcpy(word, addr->b, 16);
	for (unsigned k = 0; k < 2; k++)
		__atomic_store_n(&ifc->router[i].word[k], word[k], __ATOMIC_RELAXED);
	__atomic_fetch_and(&ifc->routers_lost, ~(1u << i), __ATOMIC_RELAXED);
}

/* A router's place: its own, else a vacant one, else that of one that did not answer, rather not
 * the chosen one's; IFACE_ROUTERS: none. */
static unsigned place_for(const struct autoconf *ac, const struct ip_addr *addr)
{
	unsigned vacant = IFACE_ROUTERS, failed = IFACE_ROUTERS;

	for (unsigned i = 0; i < IFACE_ROUTERS; i++) {
		const struct auto_router *r = &ac->router[i];

		if (ip_addr_eq(&r->addr, addr))
			return i;
		if (!r->addr.family)
			vacant = NSK_MIN(vacant, i);
		else if (r->failed && (failed == IFACE_ROUTERS || (int)failed == ac->chosen))
			failed = i;
	}
	return vacant < IFACE_ROUTERS ? vacant : failed;
}

static void set_router(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		       const struct ra_view *v)
{
	struct autoconf *ac = of(w, ifc);
	unsigned at = place_for(ac, addr);
	bool known = at < IFACE_ROUTERS && ip_addr_eq(&ac->router[at].addr, addr);

	if (at == IFACE_ROUTERS || (!known && !v->lifetime_s))
		return;
	if (!v->lifetime_s) { /* RFC 4861 §6.3.4: it is none, or no more */
		ac->router[at] = (struct auto_router){.addr = {.family = 0}};
		publish(ifc, at, &(struct ip_addr){.family = 0});
		return;
	}
	ac->router[at] = (struct auto_router){.addr = *addr,
					      .end_ns = autoconf_end(w, v->lifetime_s),
					      .preference = v->preference};
	publish(ifc, at, addr);
}

/* RFC 4861 §6.3.6, RFC 4191 §3.2: one that answers before one that does not, then the preferred
 * one; the one that is chosen stays if none is better. */
static int rank(const struct autoconf *ac, int i)
{
	const struct auto_router *r = &ac->router[i];

	if (!r->addr.family)
		return -1;
	return (r->failed ? 0 : 8) + 2 * (r->preference + 1) + (i == ac->chosen);
}

static bool all_failed(const struct autoconf *ac)
{
	for (int i = 0; i < IFACE_ROUTERS; i++)
		if (ac->router[i].addr.family && !ac->router[i].failed)
			return false;
	return true;
}

/* Round and round, where none answers. */
static int next_router(const struct autoconf *ac)
{
	for (int i = 1; i <= IFACE_ROUTERS; i++)
		if (ac->router[(ac->chosen + i) % IFACE_ROUTERS].addr.family)
			return (ac->chosen + i) % IFACE_ROUTERS;
	return -1;
}

static int best_router(const struct autoconf *ac)
{
	int best = -1;

	for (int i = 0; i < IFACE_ROUTERS; i++)
		if (rank(ac, i) >= 0 && (best < 0 || rank(ac, i) > rank(ac, best)))
			best = i;
	return best;
}

/* In a full table the old default route makes room for the new one. */
static bool add_default(struct nsk_worker *w, struct iface *ifc, struct autoconf *ac,
			const struct ip_prefix *all, const struct ip_addr *to)
{
	if (change_route(w, ifc, ac, all, to, true))
		return true;
	if (ac->again || !ac->routed.family || !change_route(w, ifc, ac, all, &ac->routed, false))
		return false;
	ac->routed.family = 0;
	return change_route(w, ifc, ac, all, to, true);
}

/* The default route leads where it should: the new one first, so that there is always one. Where
 * the table is busy in between there are two, and perhaps another choice when it no longer is. */
static void lead(struct nsk_worker *w, struct iface *ifc, struct autoconf *ac)
{
	const struct ip_prefix all = {.addr = ip_addr_any(AF_INET6)};
	struct ip_addr to = {.family = 0};

	if (ac->chosen >= 0)
		to = ac->router[ac->chosen].addr;
	if (ac->added.family && !ip_addr_eq(&ac->added, &to) &&
	    !ip_addr_eq(&ac->added, &ac->routed) &&
	    !change_route(w, ifc, ac, &all, &ac->added, false))
		return;
	ac->added.family = 0;
	if (ip_addr_eq(&to, &ac->routed)) {
		if (ac->renew && to.family)
			change_route(w, ifc, ac, &all, &to, true);
		return;
	}
	if (to.family && !add_default(w, ifc, ac, &all, &to))
		return;
	ac->added = to;
	if (ac->routed.family && !change_route(w, ifc, ac, &all, &ac->routed, false))
		return;
	ac->routed = to;
}

/* Who did not answer a worker, and who is none any more. */
static void look_at_routers(struct nsk_worker *w, struct iface *ifc, struct autoconf *ac,
			    uint64_t *next)
{
	uint32_t lost = __atomic_exchange_n(&ifc->routers_lost, 0, __ATOMIC_RELAXED);
	bool chosen_lost = ac->chosen >= 0 && lost >> ac->chosen & 1;

	for (unsigned i = 0; i < IFACE_ROUTERS; i++) {
		struct auto_router *r = &ac->router[i];

		if (!r->addr.family)
			continue;
		if (is_over(w, r->end_ns)) {
			r->addr.family = 0;
			publish(ifc, i, &(struct ip_addr){.family = 0});
			continue;
		}
		r->failed |= lost >> i & 1;
		sooner(next, r->end_ns);
	}
	if (!all_failed(ac))
		ac->chosen = best_router(ac);
	else if (chosen_lost || ac->chosen < 0 || !ac->router[ac->chosen].addr.family)
		ac->chosen = next_router(ac);
	lead(w, ifc, ac);
	ac->renew = false;
}

void autoconf_lost(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr)
{
	uint64_t word[2];

	memcpy(word, addr->b, 16);
	for (unsigned i = 0; i < IFACE_ROUTERS; i++) {
		if (__atomic_load_n(&ifc->router[i].word[0], __ATOMIC_RELAXED) != word[0] ||
		    __atomic_load_n(&ifc->router[i].word[1], __ATOMIC_RELAXED) != word[1])
			continue;
		__atomic_fetch_or(&ifc->routers_lost, 1u << i, __ATOMIC_RELAXED);
		net_snapshot_touch(w->net->snap);
		return;
	}
}

/* ---- solicitations --------------------------------------------------------------------------- */

void autoconf_begin(struct nsk_worker *w, struct iface *ifc)
{
	struct autoconf *ac = of(w, ifc);

	if (!ac) {
		ac = mem_zalloc(w->mem, sizeof(*ac));
		if (!ac) { /* the next time that its link comes */
			LOG_ERR(w->log, "nd", "%s: no memory for what routers say", ifc->name);
			return;
		}
		ac->chosen = -1;
		__atomic_store_n(&w->net->autoconf[ifc->index], ac, __ATOMIC_RELEASE);
	}
	for (unsigned i = 0; i < AUTO_PREFIXES; i++) /* RFC 8981 §3.4: of this attachment */
		ac->prefix[i].temp_conflicts = 0;
	/* RFC 4861 §6.3.7: those that came up together do not all ask at once. */
	ac->rs_ms = 0;
	ac->rs_ns = w->now_ns + rng_below(&w->rng, RS_DELAY_MS + 1) * NS_PER_MS;
	net_tick_by(w, ac->rs_ns);
}

/* RFC 7559 §2, as RFC 8415 §15: twice as long each time, up to an hour, a tenth more or less. */
static uint32_t next_interval(struct nsk_worker *w, uint32_t before_ms)
{
	uint32_t ms = before_ms ? NSK_MIN(2 * before_ms, (uint32_t)RS_LONGEST_MS) : RS_FIRST_MS;

	return ms - ms / 10 + rng_below(&w->rng, ms / 5 + 1);
}

static void solicit(struct nsk_worker *w, struct iface *ifc, struct autoconf *ac, uint64_t *next)
{
	if (is_over(w, ac->rs_ns)) {
		if (iface_running(ifc) && !SETTING(w->set, ipv6_forward))
			nd_solicit_routers(w, ifc);
		else
			ac->rs_ms = 0; /* it may ask again */
		ac->rs_ms = next_interval(w, ac->rs_ms);
		ac->rs_ns = w->now_ns + ac->rs_ms * NS_PER_MS;
	}
	sooner(next, ac->rs_ns);
}

/* ---- subnets --------------------------------------------------------------------------------- */

/* RFC 4861 §6.3.4: link-local ones are on-link anyhow; others are no subnets of hosts, or more than
 * one link can be (AUTO_PREFIX_LEAST): what is said to be on-link is asked for on the link instead
 * of being sent to routers. */
static bool is_subnet(const struct ip_prefix *p)
{
	const struct ip_addr *a = &p->addr;

	return !ip_addr_is_multicast(a) && !ip_addr_is_loopback(a) && !ip_addr_is_v4mapped(a) &&
	       p->len >= AUTO_PREFIX_LEAST;
}

static void refuse_prefix(struct nsk_worker *w, const struct iface *ifc, const struct ip_prefix *p)
{
	char text[IP_PREFIX_STRLEN];

	worker_count(w, NSK_CNT_ND_PREFIXES_REFUSED, 1);
	LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "nd",
		 "%s: a router says that %s is a subnet of this link: not believed", ifc->name,
		 ip_prefix_format(p, text, sizeof(text)));
}

static struct auto_prefix *find_prefix(struct autoconf *ac, const struct ip_prefix *prefix)
{
	struct auto_prefix *vacant = NULL;

	for (unsigned i = 0; i < AUTO_PREFIXES; i++) {
		struct auto_prefix *x = &ac->prefix[i];

		if (x->prefix.addr.family && ip_prefix_eq(&x->prefix, prefix))
			return x;
		if (!vacant && !x->prefix.addr.family)
			vacant = x;
	}
	if (vacant)
		*vacant = (struct auto_prefix){.prefix = *prefix};
	return vacant;
}

static void hear_prefix(struct nsk_worker *w, struct iface *ifc, struct autoconf *ac,
			const struct ra_prefix *p)
{
	const struct ip_prefix prefix = {.addr = ip_addr_v6(p->addr), .len = p->len};
	struct auto_prefix *x;

	if (ip_addr_is_link_local(&prefix.addr))
		return;
	if (!is_subnet(&prefix)) {
		refuse_prefix(w, ifc, &prefix);
		return;
	}
	x = find_prefix(ac, &prefix);
	if (!x) {
		LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "nd",
			 "%s: routers tell of more than %d subnets", ifc->name, AUTO_PREFIXES);
		return;
	}
	if (p->flags & RA_PREFIX_ON_LINK) {
		x->on_link = p->valid_s > 0;
		x->renew = true;
		x->link_end_ns = autoconf_end(w, p->valid_s);
	}
	if (p->flags & RA_PREFIX_AUTO)
		slaac_heard(w, ifc, x, p);
}

static void look_at_prefix(struct nsk_worker *w, struct iface *ifc, struct autoconf *ac,
			   struct auto_prefix *x, uint64_t *next)
{
	uint64_t at_ns;

	if (x->on_link && is_over(w, x->link_end_ns))
		x->on_link = false;
	if ((x->on_link != x->routed || (x->on_link && x->renew)) &&
	    change_route(w, ifc, ac, &x->prefix, NULL, x->on_link))
		x->routed = x->on_link;
	x->renew = false;
	if (x->on_link)
		sooner(next, x->link_end_ns);
	at_ns = slaac_run(w, ifc, x);
	*next = NSK_MIN(*next, at_ns);
	if (!x->on_link && !x->routed && !slaac_has(ifc, x))
		x->prefix.addr.family = 0;
}

/* ---- DNS ------------------------------------------------------------------------------------- */

/* RFC 8106 §5.3.1. */
static void hear_dns(struct nsk_worker *w, struct autoconf *ac, const struct ip_addr *server,
		     const char *domain, uint32_t lifetime_s)
{
	struct dns_entry *at = NULL;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(ac->dns); i++) {
		struct dns_entry *d = &ac->dns[i];

		if (d->used && ip_addr_eq(&d->server, server) && strcmp(d->domain, domain) == 0) {
			at = d;
			break;
		}
		if (!at && !d->used)
			at = d;
	}
	if (!at)
		return;
	at->used = lifetime_s > 0;
	at->end_ns = autoconf_end(w, lifetime_s);
	at->server = *server;
	snprintf(at->domain, sizeof(at->domain), "%s", domain);
	ac->unshown = true;
}

static void hear_all_dns(struct nsk_worker *w, struct autoconf *ac, const struct ra_view *v)
{
	for (unsigned i = 0; i < v->nservers; i++) {
		const struct ip_addr server = ip_addr_v6(v->server[i].addr);

		if (!ip_addr_is_any(&server) && !ip_addr_is_multicast(&server))
			hear_dns(w, ac, &server, "", v->server[i].lifetime_s);
	}
	for (unsigned i = 0; i < v->ndomains; i++)
		hear_dns(w, ac, &(struct ip_addr){.family = 0}, v->domain[i].name,
			 v->domain[i].lifetime_s);
}

bool autoconf_dns(struct nsk_worker *w, const struct iface *ifc, unsigned place,
		  struct dns_entry *as)
{
	const struct autoconf *ac =
		__atomic_load_n(&w->net->autoconf[ifc->index], __ATOMIC_ACQUIRE);

	if (!ac || place >= AUTO_DNS)
		return false;
	pthread_mutex_lock(&w->shared->addr_lock);
	*as = ac->shown[place];
	pthread_mutex_unlock(&w->shared->addr_lock);
	return as->used;
}

static void look_at_dns(struct nsk_worker *w, struct autoconf *ac, uint64_t *next)
{
	for (unsigned i = 0; i < NSK_ARRAY_LEN(ac->dns); i++) {
		struct dns_entry *d = &ac->dns[i];

		if (!d->used)
			continue;
		sooner(next, d->end_ns);
		if (!is_over(w, d->end_ns))
			continue;
		d->used = false;
		ac->unshown = true;
	}
	if (!ac->unshown)
		return;
	if (pthread_mutex_trylock(&w->shared->addr_lock)) { /* somebody looks: soon */
		ac->again = true;
		return;
	}
	memcpy(ac->shown, ac->dns, sizeof(ac->shown));
	pthread_mutex_unlock(&w->shared->addr_lock);
	ac->unshown = false;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* What is out of range is not taken, so that nobody can make the link of no use by it. */
static void set_parameters(struct nsk_worker *w, struct iface *ifc, const struct ra_view *v)
{
	uint32_t before = iface_mtu(ifc, AF_INET6);

	if (v->hop_limit >= AUTO_HOPS_LEAST)
		__atomic_store_n(&ifc->hop_limit, v->hop_limit, __ATOMIC_RELAXED);
	if (v->reachable_ms >= 1000 && v->reachable_ms <= 3600000) /* §6.3.4: at most an hour */
		__atomic_store_n(&ifc->reachable_ms, v->reachable_ms, __ATOMIC_RELAXED);
	if (v->retrans_ms >= 100 && v->retrans_ms <= 10000)
		__atomic_store_n(&ifc->retrans_ms, v->retrans_ms, __ATOMIC_RELAXED);
	if (v->mtu < IPV6_MIN_MTU || v->mtu > ifc->mtu || v->mtu == before)
		return;
	__atomic_store_n(&ifc->mtu6, v->mtu, __ATOMIC_RELAXED);
	net_snapshot_touch(w->net->snap);
}

void autoconf_heard(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *router,
		    const struct ra_view *v)
{
	struct autoconf *ac = of(w, ifc);

	if (!ac)
		return;
	if (v->lifetime_s)
		ac->rs_ns = 0; /* RFC 7559 §2.1: asked enough */
	set_parameters(w, ifc, v);
	set_router(w, ifc, router, v);
	ac->renew = true;
	for (unsigned i = 0; i < v->nprefixes; i++)
		hear_prefix(w, ifc, ac, &v->prefix[i]);
	hear_all_dns(w, ac, v);
	net_tick(w);
}

uint64_t autoconf_run(struct nsk_worker *w)
{
	const struct net_snapshot *snap = w->net->snap;
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		struct iface *ifc = snap->iface[i];
		struct autoconf *ac = of(w, ifc);

		if (!ac)
			continue;
		ac->again = false;
		ac->may_add = w->now_ns >= ac->full_ns;
		solicit(w, ifc, ac, &next);
		look_at_routers(w, ifc, ac, &next);
		for (unsigned k = 0; k < AUTO_PREFIXES; k++)
			if (ac->prefix[k].prefix.addr.family)
				look_at_prefix(w, ifc, ac, &ac->prefix[k], &next);
		look_at_dns(w, ac, &next);
		if (ac->again)
			sooner(&next, w->now_ns + NS_PER_MS);
		if (ac->full_ns > w->now_ns)
			sooner(&next, ac->full_ns);
	}
	return next;
}

void autoconf_fini(struct nsk_worker *w)
{
	for (unsigned i = 0; i < IFACE_MAX; i++)
		if (w->net->autoconf[i])
			mem_free(w->mem, w->net->autoconf[i], sizeof(*w->net->autoconf[i]));
}
