/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The route table; see route.h. Each node of a trie stands for a prefix: one that has routes, or
 * one where two such branch. A node's children are longer and begin with its bits; which child, the
 * next bit decides. The routes of a prefix are a chain in the order of preference.
 */
#include "net/route.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"
#include "wire/bytes.h"

#define NONE	   UINT32_MAX
#define ROUTES_MAX (UINT32_C(1) << 24)
#define FIRST_ROOM 16

/* An address as two numbers, IPv4 in the upper 32 bits. */
struct key {
	uint64_t hi, lo;
};

struct node {
	struct key key;
	uint32_t child[2]; /* numbers of nodes, or NONE; of a free node child[0] is the next free
			      one */
	uint32_t first;	   /* number of its best route, or NONE */
	uint8_t len;
};

struct entry {
	struct route route;
	uint32_t next; /* of the same prefix, less good; of a free entry the next free one */
	bool used;
};

/* An array of nodes or entries with a list of free ones. */
struct pool {
	uint32_t room; /* that there is memory for */
	uint32_t used; /* carved so far */
	uint32_t free;
};

struct route_table {
	struct mem *mem;
	struct node *node;
	struct entry *entry;
	struct pool nodes, entries;
	uint32_t max;
	uint32_t count;
	uint32_t root[2]; /* IPv4, IPv6 */
};

/* ---- keys ---- */

static struct key key_of(const uint8_t addr[16])
{
	return (struct key){load_be64(addr), load_be64(addr + 8)};
}

static unsigned key_bit(struct key k, unsigned n)
{
	return (unsigned)(n < 64 ? k.hi >> (63 - n) : k.lo >> (127 - n)) & 1;
}

/* Number of leading bits that are the same, at most max. */
static unsigned key_common(struct key a, struct key b, unsigned max)
{
	unsigned n = 128;

	if (a.hi != b.hi)
		n = (unsigned)__builtin_clzll(a.hi ^ b.hi);
	else if (a.lo != b.lo)
		n = 64 + (unsigned)__builtin_clzll(a.lo ^ b.lo);
	return NSK_MIN(n, max);
}

/* The first len bits. */
static struct key key_cut(struct key k, unsigned len)
{
	if (len == 0)
		return (struct key){0, 0};
	if (len <= 64)
		return (struct key){k.hi & UINT64_MAX << (64 - len), 0};
	return (struct key){k.hi, k.lo & UINT64_MAX << (128 - len)};
}

static bool key_eq(struct key a, struct key b)
{
	return ((a.hi ^ b.hi) | (a.lo ^ b.lo)) == 0;
}

static uint32_t *root_of(struct route_table *t, uint8_t family)
{
	return &t->root[family == AF_INET6];
}

/* ---- memory ---- */

/* Makes sure that n more can be taken. */
static int reserve(struct mem *mem, void **array, struct pool *p, uint32_t n, size_t size)
{
	uint32_t room = p->room ? p->room : FIRST_ROOM;
	void *grown;

	if (p->used + n <= p->room)
		return 0;
	while (room < p->used + n)
		room *= 2;
	grown = mem_resize(mem, *array, p->room * size, room * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	p->room = room;
	return 0;
}

static int reserve_for_one_route(struct route_table *t)
{
	void *node = t->node, *entry = t->entry;
	int rc = reserve(t->mem, &node, &t->nodes, 2, sizeof(struct node));

	t->node = node;
	if (rc == 0) {
		rc = reserve(t->mem, &entry, &t->entries, 1, sizeof(struct entry));
		t->entry = entry;
	}
	return rc;
}

static uint32_t node_new(struct route_table *t, struct key key, unsigned len)
{
	uint32_t i = t->nodes.free;

	if (i != NONE)
		t->nodes.free = t->node[i].child[0];
	else
		i = t->nodes.used++;
	t->node[i] = (struct node){
		.key = key_cut(key, len),
		.child = {NONE, NONE},
		.first = NONE,
		.len = (uint8_t)len,
	};
	return i;
}

static void node_free(struct route_table *t, uint32_t i)
{
	t->node[i].child[0] = t->nodes.free;
	t->nodes.free = i;
}

static uint32_t entry_new(struct route_table *t, const struct route *r)
{
	uint32_t i = t->entries.free;

	if (i != NONE)
		t->entries.free = t->entry[i].next;
	else
		i = t->entries.used++;
	t->entry[i] = (struct entry){.route = *r, .next = NONE, .used = true};
	return i;
}

static void entry_free(struct route_table *t, uint32_t i)
{
	t->entry[i].used = false;
	t->entry[i].next = t->entries.free;
	t->entries.free = i;
}

struct route_table *route_table_new(struct mem *mem, uint32_t max)
{
	struct route_table *t = mem_zalloc(mem, sizeof(*t));

	if (!t)
		return NULL;
	t->mem = mem;
	t->max = NSK_MIN(max, ROUTES_MAX);
	t->root[0] = t->root[1] = NONE;
	t->nodes.free = t->entries.free = NONE;
	return t;
}

struct route_table *route_table_clone(const struct route_table *from, struct mem *mem)
{
	struct route_table *t = route_table_new(mem, from->max);
	size_t nodes = from->nodes.room * sizeof(struct node);
	size_t entries = from->entries.room * sizeof(struct entry);

	if (!t || !nodes)
		return t;
	t->node = mem_alloc(mem, nodes);
	t->entry = mem_alloc(mem, entries);
	if (!t->node || !t->entry) {
		mem_free(mem, t->node, nodes);
		mem_free(mem, t->entry, entries);
		mem_free(mem, t, sizeof(*t));
		return NULL;
	}
	memcpy(t->node, from->node, from->nodes.used * sizeof(struct node));
	memcpy(t->entry, from->entry, from->entries.used * sizeof(struct entry));
	t->nodes = from->nodes;
	t->entries = from->entries;
	t->count = from->count;
	memcpy(t->root, from->root, sizeof(t->root));
	return t;
}

void route_table_free(struct route_table *t)
{
	if (!t)
		return;
	mem_free(t->mem, t->node, t->nodes.room * sizeof(struct node));
	mem_free(t->mem, t->entry, t->entries.room * sizeof(struct entry));
	mem_free(t->mem, t, sizeof(*t));
}

uint32_t route_count(const struct route_table *t)
{
	return t->count;
}

/* ---- changes ---- */

static bool route_eq(const struct route *a, const struct route *b)
{
	return ip_prefix_eq(&a->dst, &b->dst) && ip_addr_eq(&a->gateway, &b->gateway) &&
	       a->iface == b->iface && a->metric == b->metric;
}

static bool route_sound(const struct route *r)
{
	const struct ip_addr *gw = &r->gateway;
	struct ip_addr network;

	if (ip_addr_len(&r->dst.addr) == 0 || r->dst.len > 8 * ip_addr_len(&r->dst.addr) ||
	    r->iface >= 32)
		return false;
	network = ip_prefix_network(&r->dst);
	if (!ip_addr_eq(&network, &r->dst.addr))
		return false;
	if (gw->family == 0)
		return true;
	return gw->family == r->dst.addr.family && !ip_addr_is_any(gw) &&
	       !ip_addr_is_multicast(gw) && !ip_addr_is_broadcast(gw);
}

/* The node of a prefix, made if it is not there; there is room for two nodes. */
static uint32_t node_get(struct route_table *t, uint32_t *link, struct key key, unsigned len)
{
	while (*link != NONE) {
		struct node *n = &t->node[*link];
		unsigned common = key_common(key, n->key, NSK_MIN(len, (unsigned)n->len));
		uint32_t above, below = *link;

		if (common == n->len) {
			if (common == len)
				return *link;
			link = &n->child[key_bit(key, common)];
			continue;
		}
		/* Here the ways part: a node above this one, which is the wanted one or its parent.
		 */
		above = node_new(t, key, common);
		t->node[above].child[key_bit(n->key, common)] = below;
		*link = above;
		if (common == len)
			return above;
		link = &t->node[above].child[key_bit(key, common)];
	}
	*link = node_new(t, key, len);
	return *link;
}

/* Where the node of a prefix hangs, or NULL; *up is where its parent hangs, if it has one. */
static uint32_t *node_find(struct route_table *t, uint32_t *link, struct key key, unsigned len,
			   uint32_t **up)
{
	*up = NULL;
	while (*link != NONE) {
		struct node *n = &t->node[*link];

		if (n->len > len || !key_eq(key_cut(key, n->len), n->key))
			return NULL;
		if (n->len == len)
			return link;
		*up = link;
		link = &n->child[key_bit(key, n->len)];
	}
	return NULL;
}

/* Takes a node out that has no routes any more and does not branch. */
static bool node_prune(struct route_table *t, uint32_t *link)
{
	uint32_t i = *link;
	struct node *n = &t->node[i];

	if (n->first != NONE || (n->child[0] != NONE && n->child[1] != NONE))
		return false;
	*link = n->child[0] != NONE ? n->child[0] : n->child[1];
	node_free(t, i);
	return true;
}

int route_add(struct route_table *t, const struct route *r)
{
	uint32_t *link, i, *up;
	struct key key;
	int rc;

	if (!route_sound(r))
		return -EINVAL;
	key = key_of(r->dst.addr.b);
	link = node_find(t, root_of(t, r->dst.addr.family), key, r->dst.len, &up);
	for (i = link ? t->node[*link].first : NONE; i != NONE; i = t->entry[i].next)
		if (route_eq(&t->entry[i].route, r))
			return -EEXIST;
	if (t->count >= t->max)
		return -ENOSPC;
	rc = reserve_for_one_route(t);
	if (rc)
		return rc;
	i = node_get(t, root_of(t, r->dst.addr.family), key, r->dst.len);
	link = &t->node[i].first;
	while (*link != NONE && t->entry[*link].route.metric <= r->metric)
		link = &t->entry[*link].next;
	i = entry_new(t, r);
	t->entry[i].next = *link;
	*link = i;
	t->count++;
	return 0;
}

int route_del(struct route_table *t, const struct route *r)
{
	uint32_t *up, *at, *link, i;

	if (!route_sound(r))
		return -ESRCH;
	at = node_find(t, root_of(t, r->dst.addr.family), key_of(r->dst.addr.b), r->dst.len, &up);
	if (!at)
		return -ESRCH;
	link = &t->node[*at].first;
	while (*link != NONE && !route_eq(&t->entry[*link].route, r))
		link = &t->entry[*link].next;
	if (*link == NONE)
		return -ESRCH;
	i = *link;
	*link = t->entry[i].next;
	entry_free(t, i);
	t->count--;
	if (node_prune(t, at) && up)
		node_prune(t, up);
	return 0;
}

/* ---- questions ---- */

/* The best route of a prefix, or NULL. */
static const struct route *best_of(const struct route_table *t, uint32_t first, uint32_t usable,
				   uint32_t preferred)
{
	const struct route *best = NULL;

	for (uint32_t e = first; e != NONE; e = t->entry[e].next) {
		const struct route *r = &t->entry[e].route;
		uint32_t bit = UINT32_C(1) << r->iface;

		if (usable & preferred & bit)
			return r;
		if (!best && (usable & bit))
			best = r;
	}
	return best;
}

const struct route *route_lookup(const struct route_table *t, uint8_t family,
				 const uint8_t addr[16], uint32_t usable, uint32_t preferred)
{
	struct key key = key_of(addr);
	unsigned bits = family == AF_INET6 ? 128 : 32;
	const struct route *best = NULL;
	uint32_t i = t->root[family == AF_INET6];

	while (i != NONE) {
		const struct node *n = &t->node[i];
		const struct route *r;

		if (!key_eq(key_cut(key, n->len), n->key))
			break;
		r = best_of(t, n->first, usable, preferred);
		if (r)
			best = r;
		if (n->len >= bits)
			break;
		i = n->child[key_bit(key, n->len)];
	}
	return best;
}

unsigned route_list(const struct route_table *t, uint32_t *cursor, struct route *rows, unsigned max)
{
	uint32_t looks = 4 * max;
	unsigned n = 0;

	while (*cursor < t->entries.used && n < max && looks-- > 0) {
		const struct entry *e = &t->entry[(*cursor)++];

		if (e->used)
			rows[n++] = e->route;
	}
	if (*cursor >= t->entries.used)
		*cursor = UINT32_MAX;
	return n;
}
