/* SPDX-License-Identifier: BSD-3-Clause */
/* The route table; see route.h. The trie is the truth, the index follows it. */
#include "net/route.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "net/route_group.h"
#include "net/route_index.h"
#include "net/route_trie.h"

#define PENDING_MAX 16384
#define A_CHANGE    (INDEX_GONE_MAX + 3) /* pieces that one change takes out at most */

/* What readers may still look at. */
enum kind {
	KIND_NODE,
	KIND_GROUP,
	KIND_INDEX, /* of IPv4 */
	KIND_INDEX6,
};

struct retired {
	uint32_t what; /* kind and number */
	uint32_t era;
};

struct route_table {
	struct mem *mem;
	struct route_trie trie;
	struct route_groups groups;
	struct route_index index;
	uint32_t max;
	uint32_t count;
	bool shared;
	/* A ring: from head on those that are stamped, from stamped on those that are not yet. */
	struct retired *retired;
	uint32_t room, head, stamped, tail; /* the last three grow, modulo room */
};

/* ---- the table ----------------------------------------------------------------------------- */

struct route_table *route_table_new(struct mem *mem, uint32_t max)
{
	struct route_table *t = mem_zalloc(mem, sizeof(*t));

	if (!t)
		return NULL;
	t->mem = mem;
	t->max = NSK_MIN(max, ROUTES_MAX);
	t->room = NSK_MIN(t->max / 4 + 64, (uint32_t)PENDING_MAX);
	t->retired = mem_zalloc(mem, t->room * sizeof(t->retired[0]));
	if (t->retired && trie_init(&t->trie, mem, 2 * t->max + t->room) == 0) {
		if (groups_init(&t->groups, mem, t->max + t->room) == 0) {
			if (index_init(&t->index, mem, &t->trie, t->max) == 0)
				return t;
			groups_fini(&t->groups);
		}
		trie_fini(&t->trie);
	}
	mem_free(mem, t->retired, t->room * sizeof(t->retired[0]));
	mem_free(mem, t, sizeof(*t));
	return NULL;
}

void route_table_free(struct route_table *t)
{
	if (!t)
		return;
	index_fini(&t->index);
	groups_fini(&t->groups);
	trie_fini(&t->trie);
	mem_free(t->mem, t->retired, t->room * sizeof(t->retired[0]));
	mem_free(t->mem, t, sizeof(*t));
}

uint32_t route_count(const struct route_table *t)
{
	return __atomic_load_n(&t->count, __ATOMIC_RELAXED);
}

static void count_routes(struct route_table *t, int by)
{
	__atomic_store_n(&t->count, t->count + (uint32_t)by, __ATOMIC_RELAXED);
}

/* ---- what readers may still look at -------------------------------------------------------- */

static void dispose(struct route_table *t, uint32_t what)
{
	enum kind kind = (enum kind)(what >> 30);
	uint32_t number = what & ~(UINT32_C(3) << 30);

	switch (kind) {
	case KIND_NODE:
		trie_node_free(&t->trie, number);
		break;
	case KIND_GROUP:
		group_free(&t->groups, number);
		break;
	case KIND_INDEX:
	case KIND_INDEX6:
		index_free(&t->index, kind == KIND_INDEX6 ? AF_INET6 : AF_INET, number);
		break;
	}
}

static void retire(struct route_table *t, enum kind kind, uint32_t number)
{
	uint32_t what = (uint32_t)kind << 30 | number;

	if (t->shared)
		t->retired[t->tail++ % t->room].what = what;
	else
		dispose(t, what);
}

static void retire_index(struct route_table *t, uint8_t family, const uint32_t *gone, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		retire(t, family == AF_INET6 ? KIND_INDEX6 : KIND_INDEX, gone[i]);
}

void route_table_share(struct route_table *t)
{
	t->shared = true;
}

void route_stamp(struct route_table *t, uint32_t era)
{
	while (t->stamped != t->tail)
		t->retired[t->stamped++ % t->room].era = era;
}

void route_reclaim(struct route_table *t, uint32_t era)
{
	while (t->head != t->stamped) {
		const struct retired *r = &t->retired[t->head % t->room];

		if ((int32_t)(era - r->era) < 0)
			return;
		dispose(t, r->what);
		t->head++;
	}
}

uint32_t route_pending(const struct route_table *t)
{
	return t->tail - t->head;
}

uint32_t route_pending_max(const struct route_table *t)
{
	return t->room;
}

/* ---- changes ------------------------------------------------------------------------------- */

static struct route_path path_of(const struct route *r)
{
	static const struct ip_addr none;

	return (struct route_path){
		.gateway = r->gateway.family ? r->gateway : none,
		.src = r->src.family ? r->src : none,
		.iface = r->iface,
		.type = r->type,
		.origin = r->origin,
		.weight = r->weight,
		.metric = r->metric,
	};
}

static struct route route_of(const struct ip_prefix *dst, const struct route_path *p)
{
	return (struct route){
		.dst = *dst,
		.gateway = p->gateway,
		.src = p->src,
		.iface = p->iface,
		.type = p->type,
		.origin = p->origin,
		.weight = p->weight,
		.metric = p->metric,
	};
}

static bool is_same(const struct route_path *p, const struct route *r)
{
	return p->metric == r->metric && p->iface == r->iface && p->type == r->type &&
	       ip_addr_eq(&p->gateway, &r->gateway);
}

static bool is_host(const struct ip_addr *a)
{
	return !ip_addr_is_any(a) && !ip_addr_is_multicast(a) && !ip_addr_is_broadcast(a);
}

static bool route_sound(const struct route *r)
{
	const struct ip_addr *gw = &r->gateway, *src = &r->src;
	struct ip_addr network;

	if (ip_addr_len(&r->dst.addr) == 0 || r->dst.len > 8 * ip_addr_len(&r->dst.addr) ||
	    r->iface >= 32 || r->type > ROUTE_PROHIBIT || r->weight > ROUTE_WEIGHT_MAX)
		return false;
	network = ip_prefix_network(&r->dst);
	if (!ip_addr_eq(&network, &r->dst.addr))
		return false;
	if (r->type != ROUTE_UNICAST && (gw->family || r->weight || r->iface))
		return false;
	if (src->family && (src->family != r->dst.addr.family || !is_host(src)))
		return false;
	return gw->family == 0 || (gw->family == r->dst.addr.family && is_host(gw));
}

/* The prefix that a change is about. */
struct place {
	uint8_t family, len;
	struct trie_key key;
	uint32_t node; /* 0: not there */
	struct route_group *group;
};

static struct place place_of(const struct route_table *t, const struct ip_prefix *dst)
{
	struct place p = {
		.family = dst->addr.family,
		.len = dst->len,
		.key = trie_key(dst->addr.b),
	};

	p.node = trie_find(&t->trie, p.family, p.key, p.len);
	if (p.node && t->trie.node[p.node].group)
		p.group = group_at(&t->groups, t->trie.node[p.node].group);
	return p;
}

/* The first routes of a prefix, or others. */
static void show(struct route_table *t, struct place *p, const struct route_group *g)
{
	uint32_t gone[INDEX_GONE_MAX];

	if (!p->node)
		p->node = trie_get(&t->trie, p->family, p->key, p->len);
	trie_store(&t->trie.node[p->node].group, g->id);
	retire_index(t, p->family, gone, index_set(&t->index, p->node, !p->group, gone));
}

/* The prefix has no routes any more. */
static void hide(struct route_table *t, struct place *p)
{
	uint32_t gone[INDEX_GONE_MAX];
	unsigned n;

	trie_store(&t->trie.node[p->node].group, 0);
	retire_index(t, p->family, gone, index_clear(&t->index, p->node, gone));
	n = trie_prune(&t->trie, p->family, p->key, p->len, gone);
	for (unsigned i = 0; i < n; i++)
		retire(t, KIND_NODE, gone[i]);
}

static void drop_group(struct route_table *t, struct route_group *g)
{
	if (g && group_put(&t->groups, g))
		retire(t, KIND_GROUP, g->id);
}

static int room_for_change(const struct route_table *t)
{
	return t->shared && t->room - route_pending(t) < A_CHANGE ? -EAGAIN : 0;
}

/* The prefix gets these routes instead of those that it has. */
static int put(struct route_table *t, struct place *p, const struct route_path *path, unsigned n)
{
	struct route_group *old = p->group, *g = NULL;
	int rc = room_for_change(t);

	if (rc)
		return rc;
	if (n) {
		g = group_get(&t->groups, path, n);
		if (!g)
			return -ENOMEM;
		show(t, p, g);
	} else {
		hide(t, p);
	}
	drop_group(t, old);
	return 0;
}

/* The smallest number that none of them has. */
static uint8_t free_slot(const struct route_path *path, unsigned n)
{
	uint8_t slot = 0;

	for (unsigned i = 0; i < n; i++) {
		if (path[i].slot != slot)
			continue;
		slot++;
		i = (unsigned)-1; /* from the start */
	}
	return slot;
}

int route_add(struct route_table *t, const struct route *r)
{
	struct route_path path[ROUTE_PATHS_MAX + 1];
	struct place p;
	unsigned n, at;
	int rc;

	if (!route_sound(r))
		return -EINVAL;
	p = place_of(t, &r->dst);
	n = p.group ? p.group->n : 0;
	for (unsigned i = 0; i < n; i++)
		if (is_same(&p.group->path[i], r))
			return -EEXIST;
	if (t->count >= t->max || n == ROUTE_PATHS_MAX)
		return -ENOSPC;
	for (at = 0; at < n && p.group->path[at].metric <= r->metric; at++)
		path[at] = p.group->path[at];
	path[at] = path_of(r);
	path[at].slot = p.group ? free_slot(p.group->path, n) : 0;
	if (at < n)
		memcpy(&path[at + 1], &p.group->path[at], (n - at) * sizeof(path[0]));
	rc = put(t, &p, path, n + 1);
	if (rc == 0)
		count_routes(t, 1);
	return rc;
}

int route_del(struct route_table *t, const struct route *r)
{
	struct route_path path[ROUTE_PATHS_MAX];
	unsigned n = 0, at = 0;
	struct place p;
	int rc;

	if (!route_sound(r))
		return -ESRCH;
	p = place_of(t, &r->dst);
	for (n = p.group ? p.group->n : 0; at < n; at++) {
		if (is_same(&p.group->path[at], r))
			break;
		path[at] = p.group->path[at];
	}
	if (at == n)
		return -ESRCH;
	memcpy(&path[at], &p.group->path[at + 1], (n - at - 1) * sizeof(path[0]));
	rc = put(t, &p, path, n - 1);
	if (rc == 0)
		count_routes(t, -1);
	return rc;
}

static bool among(const struct route_path *path, const struct route *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (is_same(path, &r[i]))
			return true;
	return false;
}

/* Behind those of its metric and below: as route_add() does. */
static void insert(struct route_path *path, unsigned n, const struct route *r)
{
	uint8_t slot = free_slot(path, n);
	unsigned at = 0;

	while (at < n && path[at].metric <= r->metric)
		at++;
	memmove(&path[at + 1], &path[at], (n - at) * sizeof(path[0]));
	path[at] = path_of(r);
	path[at].slot = slot;
}

int route_swap(struct route_table *t, const struct ip_prefix *dst, const struct route *gone,
	       unsigned ngone, const struct route *come, unsigned ncome, uint32_t *added)
{
	struct route_path path[ROUTE_PATHS_MAX + ROUTE_SWAP_MAX];
	struct place p = place_of(t, dst);
	unsigned n = 0, had = p.group ? p.group->n : 0, new = 0;
	int rc;

	*added = 0;
	for (unsigned i = 0; i < ncome; i++)
		if (ncome > ROUTE_SWAP_MAX || !route_sound(&come[i]) ||
		    !ip_prefix_eq(&come[i].dst, dst))
			return -EINVAL;
	for (unsigned i = 0; i < had; i++)
		if (!among(&p.group->path[i], gone, ngone))
			path[n++] = p.group->path[i];
	for (unsigned i = 0; i < ncome; i++) {
		bool there = false;

		for (unsigned k = 0; k < n && !there; k++)
			there = is_same(&path[k], &come[i]);
		if (there)
			continue;
		if (n == ROUTE_PATHS_MAX)
			return -ENOSPC;
		insert(path, n++, &come[i]);
		*added |= UINT32_C(1) << i;
		new ++;
	}
	if (n > had && t->count + (n - had) > t->max)
		return -ENOSPC;
	if (n == 0 && had == 0)
		return 0;
	rc = put(t, &p, path, n);
	if (rc)
		return rc;
	count_routes(t, (int)n - (int)had);
	return (int)new;
}

int route_del_own(struct route_table *t, const struct route *r)
{
	struct place p;

	if (!route_sound(r))
		return -ESRCH;
	p = place_of(t, &r->dst);
	for (unsigned i = 0; p.group && i < p.group->n; i++)
		if (is_same(&p.group->path[i], r) && p.group->path[i].origin == r->origin)
			return route_del(t, r);
	return -ESRCH;
}

/* ---- questions ----------------------------------------------------------------------------- */

/* The longest prefix that holds an address and has a path that may be used. */
static const struct route_path *walk(const struct route_table *t, uint8_t family,
				     struct trie_key key, uint32_t usable, uint32_t preferred,
				     uint32_t hash, const struct trie_node **found)
{
	const struct route_path *best = NULL;
	const struct trie_node *n;

	for (uint32_t i = trie_root(&t->trie, family); i; i = trie_next(n, key)) {
		const struct route_path *p;
		uint32_t group;

		n = &t->trie.node[i];
		if (!trie_holds(n, key))
			break;
		group = trie_load(&n->group);
		p = group ? route_pick(group_at(&t->groups, group), usable, preferred, hash) : NULL;
		if (p) {
			best = p;
			*found = n;
		}
	}
	return best;
}

/* The same, without a look at the paths. */
static const struct route_group *walk_group(const struct route_table *t, uint8_t family,
					    struct trie_key key)
{
	uint32_t best = 0;

	for (uint32_t i = trie_root(&t->trie, family); i;) {
		const struct trie_node *n = &t->trie.node[i];
		uint32_t group;

		if (!trie_holds(n, key))
			break;
		group = trie_load(&n->group);
		best = group ? group : best;
		i = trie_next(n, key);
	}
	return group_at(&t->groups, best);
}

/* Apart, so that IPv4 saves no registers for it. */
static NSK_NOINLINE const struct route_group *find_v6(const struct route_table *t,
						      const uint8_t addr[16])
{
	uint32_t number = fib6_lookup(&t->index.v6, trie_key(addr));

	if (NSK_UNLIKELY(number == FIB_ASK))
		return walk_group(t, AF_INET6, trie_key(addr));
	return group_at(&t->groups, number);
}

const struct route_group *route_find(const struct route_table *t, uint8_t family,
				     const uint8_t addr[16])
{
	uint32_t number;

	if (family != AF_INET)
		return find_v6(t, addr);
	number = fib_lookup(&t->index.v4, load_be32(addr));
	if (NSK_UNLIKELY(number == FIB_ASK))
		return walk_group(t, AF_INET, trie_key(addr));
	return group_at(&t->groups, number);
}

const struct route_path *route_lookup(const struct route_table *t, uint8_t family,
				      const uint8_t addr[16], uint32_t usable, uint32_t preferred,
				      uint32_t hash)
{
	const struct route_group *g = route_find(t, family, addr);
	const struct route_path *p = g ? route_pick(g, usable, preferred, hash) : NULL;
	const struct trie_node *n;

	if (g && NSK_UNLIKELY(!p))
		p = walk(t, family, trie_key(addr), usable, preferred, hash, &n);
	return p;
}

void route_prefetch(const struct route_table *t, uint8_t family, const uint8_t addr[16], bool near)
{
	if (family == AF_INET6)
		fib6_prefetch(&t->index.v6, trie_key(addr), near ? 2 : 1);
	else if (!near)
		fib_prefetch(&t->index.v4, load_be32(addr));
}

static struct ip_prefix prefix_of(const struct trie_node *n)
{
	struct ip_prefix p = {.addr = {.family = n->family}, .len = n->len};

	store_be64(p.addr.b, n->key.hi);
	store_be64(p.addr.b + 8, n->key.lo);
	return p;
}

bool route_match(const struct route_table *t, uint8_t family, const uint8_t addr[16],
		 uint32_t usable, uint32_t preferred, struct route *out)
{
	const struct trie_node *n = NULL;
	const struct route_path *p = walk(t, family, trie_key(addr), usable, preferred, 0, &n);
	struct ip_prefix dst;

	if (!p)
		return false;
	dst = prefix_of(n);
	*out = route_of(&dst, p);
	return true;
}

bool route_seek(const struct route_table *t, const struct ip_prefix *dst,
		bool (*fits)(const void *like, const struct route *r), const void *like,
		struct route *out)
{
	struct place p = place_of(t, dst);

	for (unsigned i = 0; p.group && i < p.group->n; i++) {
		*out = route_of(dst, &p.group->path[i]);
		if (fits(like, out))
			return true;
	}
	return false;
}

unsigned route_list(const struct route_table *t, uint64_t *cursor, struct route *rows, unsigned max)
{
	uint32_t node = (uint32_t)(*cursor >> 8), looks = 4 * max;
	unsigned at = *cursor & 255, n = 0;

	for (node += node == 0; node <= t->trie.used && n < max && looks-- > 0; node++, at = 0) {
		uint32_t id = t->trie.node[node].group;
		const struct route_group *g = group_at(&t->groups, id);
		struct ip_prefix dst;

		if (!g)
			continue;
		dst = prefix_of(&t->trie.node[node]);
		while (at < g->n && n < max)
			rows[n++] = route_of(&dst, &g->path[at++]);
		if (at < g->n)
			break;
	}
	*cursor = node > t->trie.used ? UINT64_MAX : (uint64_t)node << 8 | at;
	return n;
}
