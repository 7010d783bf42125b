/* SPDX-License-Identifier: BSD-3-Clause */
/* What a mirror has brought into a stack; see mirror_table.h. */
#include "stack/mirror_table.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "net/neigh_static.h"
#include "stack/addrs.h"
#include "stack/neigh_api.h"
#include "stack/route_change.h"

#define BUCKETS 16384

/* The routes that share a destination and a metric, as the kernel has them, and which of them are
 * in the stack because of it. */
struct mirror_route {
	struct mirror_route *next;
	struct ip_prefix dst;
	uint32_t metric;
	uint32_t era;
	uint32_t ours; /* a bit for each */
	unsigned n;
	struct route route[];
};

int mirror_table_init(struct mirror_table *t)
{
	t->buckets = BUCKETS;
	t->bucket = calloc(t->buckets, sizeof(t->bucket[0]));
	return t->bucket ? 0 : -ENOMEM;
}

void mirror_table_fini(struct mirror_table *t)
{
	for (uint32_t i = 0; t->bucket && i < t->buckets; i++) {
		while (t->bucket[i]) {
			struct mirror_route *next = t->bucket[i]->next;

			free(t->bucket[i]);
			t->bucket[i] = next;
		}
	}
	free(t->bucket);
	t->bucket = NULL;
}

/* ---- what is refused ----------------------------------------------------------------------- */

void mirror_begin(struct mirror_table *t)
{
	t->era++;
	t->no_addr.now = t->no_neigh.now = t->no_route.now = t->elsewhere.now = 0;
}

/* What to do about it. */
static const char *reason(const struct mirror_table *t, const struct mirror_refused *r, int rc,
			  char *buf, size_t size)
{
	if (r == &t->no_route && rc == -ENOSPC)
		snprintf(buf, size, "ip.routes = %u: raise it", t->stack->set.ip_routes);
	else if (r == &t->no_addr && rc == -ENOBUFS)
		snprintf(buf, size, "an interface has %d at most", IFACE_ADDRS_MAX);
	else if (r == &t->no_neigh && rc == -ENOBUFS)
		snprintf(buf, size, "%d can be given at most", NEIGH_STATICS_MAX);
	else if (r == &t->elsewhere)
		snprintf(buf, size, "some of its next hops lead over other interfaces");
	else
		snprintf(buf, size, "%s", strerror(-rc));
	return buf;
}

static void refuse(struct mirror_table *t, struct mirror_refused *r, const char *what,
		   const char *text, int rc)
{
	char buf[64];

	if (++r->now <= r->quiet)
		return;
	r->quiet = 2 * r->now - 1;
	LOG_WARN(&t->stack->log, "mirror", "%s: %s %s of the kernel's is not taken (%u so far): %s",
		 t->ifc->name, what, text, r->now, reason(t, r, rc, buf, sizeof(buf)));
}

bool mirror_lacks(const struct mirror_table *t)
{
	return t->no_addr.now || t->no_neigh.now || t->no_route.now;
}

static void forgive(struct mirror_refused *r)
{
	if (r->now == 0)
		r->quiet = 0;
}

/* ---- addresses ----------------------------------------------------------------------------- */

static int del_addr(struct mirror_table *t, unsigned i)
{
	char text[IP_PREFIX_STRLEN];
	int rc = 0;

	if (t->addr[i].ours)
		rc = stack_addr_del(t->stack, t->ifc->name,
				    ip_prefix_format(&t->addr[i].prefix, text, sizeof(text)));
	if (rc == -EAGAIN)
		return rc;
	t->addr[i] = t->addr[--t->naddrs];
	t->room = true;
	return 0;
}

static uint64_t seconds(uint32_t s)
{
	return s == NL_FOREVER ? NSK_FOREVER : s;
}

/* Into place i, where it may be from before: with other lifetimes then, or in vain. */
static int put_addr(struct mirror_table *t, unsigned i, const struct nl_change *c)
{
	uint64_t preferred_s = seconds(c->preferred_s), valid_s = seconds(c->valid_s);
	int (*change)(struct nsk_stack *, const char *, const char *, uint64_t, uint64_t) =
		i < t->naddrs && t->addr[i].ours ? stack_addr_lifetimes : stack_addr_add;
	char text[IP_PREFIX_STRLEN];
	int rc = -ENOBUFS;

	ip_prefix_format(&c->prefix, text, sizeof(text));
	if (i == MIRROR_ADDRS_MAX) {
		refuse(t, &t->no_addr, "address", text, -ENOBUFS);
		return 0;
	}
	rc = change(t->stack, t->ifc->name, text, preferred_s, valid_s);
	if (rc == -EADDRNOTAVAIL) /* its time was over, or somebody has taken it out */
		rc = stack_addr_add(t->stack, t->ifc->name, text, preferred_s, valid_s);
	if (rc == -EAGAIN)
		return rc;
	if (rc && rc != -EEXIST)
		refuse(t, &t->no_addr, "address", text, rc);
	t->addr[i].prefix = c->prefix;
	t->addr[i].era = t->era;
	t->addr[i].ours = rc == 0;
	t->naddrs = NSK_MAX(t->naddrs, i + 1);
	return 0;
}

static int apply_addr(struct mirror_table *t, const struct nl_change *c)
{
	unsigned i = 0;

	if (c->link != t->link)
		return 0;
	while (i < t->naddrs && !ip_prefix_same(&t->addr[i].prefix, &c->prefix))
		i++;
	if (c->add)
		return put_addr(t, i, c);
	/* Routes that the kernel takes out with it are not told of. */
	return i < t->naddrs && del_addr(t, i) ? -EAGAIN : -ESTALE;
}

/* ---- neighbours ---------------------------------------------------------------------------- */

static void del_neigh(struct mirror_table *t, unsigned i)
{
	(void)neigh_static_del(&t->stack->snap, t->ifc, &t->neigh[i].addr, true);
	t->neigh[i] = t->neigh[--t->nneighs];
	t->room = true;
	stack_neighs_look(t->stack);
}

/* What the stack was given by others stays as it is; when it is taken back, the kernel's is put
 * there as soon as all is asked for. */
static void put_neigh(struct mirror_table *t, unsigned i, const struct nl_change *c)
{
	int rc = i == NEIGH_STATICS_MAX ? -ENOBUFS
					: neigh_static_put(&t->stack->snap, t->ifc, &c->prefix.addr,
							   &c->mac, true);
	char text[IP_ADDR_STRLEN];

	if (rc && rc != -EEXIST) {
		refuse(t, &t->no_neigh, "neighbour",
		       ip_addr_format(&c->prefix.addr, text, sizeof(text)), rc);
		if (i < t->nneighs)
			del_neigh(t, i); /* its old link address is not right any more */
		return;
	}
	t->neigh[i].addr = c->prefix.addr;
	t->neigh[i].era = t->era;
	if (i == t->nneighs)
		t->nneighs++;
	stack_neighs_look(t->stack);
}

static int apply_neigh(struct mirror_table *t, const struct nl_change *c)
{
	unsigned i = 0;

	if (c->link != t->link)
		return 0;
	while (i < t->nneighs && !ip_addr_eq(&t->neigh[i].addr, &c->prefix.addr))
		i++;
	if (c->add)
		put_neigh(t, i, c);
	else if (i < t->nneighs)
		del_neigh(t, i);
	return 0;
}

/* ---- routes -------------------------------------------------------------------------------- */

static struct mirror_route **place_of(struct mirror_table *t, const struct ip_prefix *dst,
				      uint32_t metric)
{
	static const struct siphash_key key; /* whoever chooses routes is the operator */
	struct {
		uint8_t addr[16];
		uint32_t len, metric;
	} what = {.len = dst->len, .metric = metric};
	struct mirror_route **at;

	memcpy(what.addr, dst->addr.b, sizeof(what.addr));
	at = &t->bucket[siphash13(&key, &what, sizeof(what)) % t->buckets];
	while (*at && !((*at)->metric == metric && ip_prefix_eq(&(*at)->dst, dst)))
		at = &(*at)->next;
	return at;
}

static bool has_addr(const struct iface *ifc, const struct ip_addr *a)
{
	return iface_find_addr(ifc, a) != NULL;
}

/* Those of a change that the stack may have; 0: it has something that the stack's routes have not,
 * or leads elsewhere. */
static unsigned routes_of(const struct mirror_table *t, const struct nl_change *c,
			  struct route *route)
{
	struct route r = {
		.dst = c->prefix,
		.src = c->src,
		.iface = t->ifc->index,
		.type = c->type,
		.origin = c->origin,
		.metric = c->metric,
	};

	if (c->foreign || ip_addr_is_multicast(&c->prefix.addr) || c->origin == RTPROT_KERNEL)
		return 0;
	if (r.src.family && !has_addr(t->ifc, &r.src))
		r.src.family = 0;
	if (c->type != ROUTE_UNICAST) {
		r.iface = 0;
		route[0] = r;
		return 1;
	}
	for (unsigned i = 0; i < c->hops; i++) {
		if (c->hop[i].link != t->link)
			return 0;
		route[i] = r;
		route[i].gateway = c->hop[i].gateway;
		route[i].weight = c->hops > 1 ? c->hop[i].weight : 0;
	}
	return c->hops;
}

static bool same_way(const struct route *a, const struct route *b)
{
	return ip_addr_eq(&a->gateway, &b->gateway) && a->type == b->type;
}

/* Those that are there and these, or without these; of several each has a weight. */
static unsigned with(const struct mirror_route *old, const struct route *these, unsigned n,
		     bool add, struct route *all)
{
	unsigned count = 0;

	for (unsigned i = 0; old && i < old->n; i++) {
		bool among = false;

		for (unsigned k = 0; k < n; k++)
			among |= same_way(&old->route[i], &these[k]);
		if (!among && count < NL_HOPS_MAX)
			all[count++] = old->route[i];
	}
	for (unsigned i = 0; add && i < n && count < NL_HOPS_MAX; i++)
		all[count++] = these[i];
	for (unsigned i = 0; i < count; i++) {
		bool shares = count > 1 && all[i].type == ROUTE_UNICAST;

		all[i].weight = shares ? NSK_MAX(all[i].weight, (uint16_t)1) : 0;
	}
	return count;
}

/* Somebody else had some of them, who may have taken them back. */
static bool all_ours(const struct mirror_route *r)
{
	return r->ours == UINT32_MAX >> (32 - r->n);
}

static bool same_routes(const struct mirror_route *old, const struct route *route, unsigned n)
{
	for (unsigned i = 0; i < n && old->n == n; i++)
		if (!same_way(&old->route[i], &route[i]) ||
		    old->route[i].weight != route[i].weight ||
		    old->route[i].origin != route[i].origin ||
		    !ip_addr_eq(&old->route[i].src, &route[i].src))
			return false;
	return old->n == n;
}

/* The stack has these in place of what it had. */
static int put(struct mirror_table *t, struct mirror_route **at, const struct nl_change *c,
	       const struct route *route, unsigned n)
{
	struct mirror_route *old = *at, *new;
	struct route gone[NL_HOPS_MAX] = {0};
	char text[IP_PREFIX_STRLEN];
	unsigned ngone = 0;
	uint32_t ours;
	int rc;

	if (old && same_routes(old, route, n) && all_ours(old)) {
		old->era = t->era;
		return 0;
	}
	new = n ? calloc(1, sizeof(*new) + n * sizeof(*route)) : NULL;
	if (n && !new)
		return -EAGAIN;
	for (unsigned i = 0; old && i < old->n; i++)
		if (old->ours >> i & 1)
			gone[ngone++] = old->route[i];
	rc = stack_route_swap(t->stack, &c->prefix, gone, ngone, route, n, &ours);
	if (rc < 0) {
		free(new);
		if (rc != -EAGAIN)
			refuse(t, &t->no_route, "route",
			       ip_prefix_format(&c->prefix, text, sizeof(text)), rc);
		return rc == -EAGAIN ? rc : 0;
	}
	if (new) {
		*new = (struct mirror_route){.dst = c->prefix,
					     .metric = c->metric,
					     .era = t->era,
					     .ours = ours,
					     .n = n,
					     .next = old ? old->next : NULL};
		memcpy(new->route, route, n * sizeof(*route));
		*at = new;
	} else if (old) {
		*at = old->next;
	}
	t->routes += (new ? 1U : 0U) - (old ? 1U : 0U);
	t->room |= n < ngone;
	free(old);
	return 0;
}

/* What the kernel has and the stack will not have is said: packets take another way there. */
static void look_for_split(struct mirror_table *t, const struct nl_change *c)
{
	char text[IP_PREFIX_STRLEN];
	unsigned here = 0;

	for (unsigned i = 0; i < c->hops; i++)
		here += c->hop[i].link == t->link;
	if (here && here < c->hops)
		refuse(t, &t->elsewhere, "route", ip_prefix_format(&c->prefix, text, sizeof(text)),
		       -EXDEV);
}

static int apply_route(struct mirror_table *t, const struct nl_change *c)
{
	struct mirror_route **at, *old;
	struct route these[NL_HOPS_MAX], all[NL_HOPS_MAX];
	unsigned n;

	if (c->table != RT_TABLE_MAIN || c->origin == RTPROT_KERNEL)
		return 0;
	memset(these, 0, sizeof(these));
	memset(all, 0, sizeof(all));
	at = place_of(t, &c->prefix, c->metric);
	old = *at;
	n = routes_of(t, c, these);
	if (!c->add) {
		n = with(old, these, n, false, all);
		return old ? put(t, at, c, all, n) : 0;
	}
	look_for_split(t, c);
	/* Two of IPv4 with one metric: which comes first is not said. */
	if (old && !c->replace && !c->dumped && c->prefix.addr.family == AF_INET)
		return -ESTALE;
	if (n == 0 && (!old || (c->dumped && old->era == t->era)))
		return 0;
	if (c->replace || !old || n == 0 || (c->dumped && old->era != t->era))
		n = with(NULL, these, n, true, all);
	else
		n = with(old, these, n, true, all);
	return put(t, at, c, all, n);
}

/* ---- all of it ----------------------------------------------------------------------------- */

int mirror_apply(struct mirror_table *t, const struct nl_change *c)
{
	switch (c->kind) {
	case NL_ADDR:
		return apply_addr(t, c);
	case NL_ROUTE:
		return apply_route(t, c);
	case NL_NEIGH:
		return apply_neigh(t, c);
	case NL_LINK:
		if (c->gone && c->link == t->link)
			LOG_WARN(&t->stack->log, "mirror",
				 "%s: its twin has left its network namespace (ip link del, or set "
				 "netns): there is nothing to mirror any more",
				 t->ifc->name);
		return c->link == t->link && !c->dumped ? -ESTALE : 0;
	case NL_UNKNOWN:
		return -ESTALE;
	default:
		return 0;
	}
}

int mirror_sweep(struct mirror_table *t)
{
	for (uint32_t i = 0; i < t->buckets; i++) {
		struct mirror_route **at = &t->bucket[i];

		while (*at) {
			struct mirror_route *r = *at;
			const struct nl_change c = {.prefix = r->dst, .metric = r->metric};
			int rc = r->era == t->era ? 0 : put(t, at, &c, NULL, 0);

			if (rc)
				return rc;
			if (*at == r)
				at = &r->next;
		}
	}
	for (unsigned i = t->nneighs; i-- > 0;)
		if (t->neigh[i].era != t->era)
			del_neigh(t, i);
	for (unsigned i = t->naddrs; i-- > 0;)
		if (t->addr[i].era != t->era && del_addr(t, i))
			return -EAGAIN;
	forgive(&t->no_addr);
	forgive(&t->no_neigh);
	forgive(&t->no_route);
	forgive(&t->elsewhere);
	return 0;
}
