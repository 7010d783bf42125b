/* SPDX-License-Identifier: BSD-3-Clause */
/* The index over the IPv6 routes, changed; see fib6.h. */
#include "net/fib6.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define ROOT_BYTES (sizeof(uint32_t) << FIB6_TOP)

/* Places above a way: of the routes that end after 0 to 5 of its bits. */
#define ABOVE(i)                                                                            \
	(UINT64_C(1) << 1 | UINT64_C(1) << (2 | (i) >> 5) | UINT64_C(1) << (4 | (i) >> 4) | \
	 UINT64_C(1) << (8 | (i) >> 3) | UINT64_C(1) << (16 | (i) >> 2) |                   \
	 UINT64_C(1) << (32 | (i) >> 1))
#define ABOVE4(i)  ABOVE(i), ABOVE((i) + 1), ABOVE((i) + 2), ABOVE((i) + 3)
#define ABOVE16(i) ABOVE4(i), ABOVE4((i) + 4), ABOVE4((i) + 8), ABOVE4((i) + 12)

const uint64_t fib6_above[64] = {ABOVE16(0), ABOVE16(16), ABOVE16(32), ABOVE16(48)};

int fib6_init(struct fib6 *f, struct mem *mem, const struct route_trie *trie, uint32_t units)
{
	*f = (struct fib6){.mem = mem, .trie = trie, .room = units};
	f->root = mem_reserve(mem, ROOT_BYTES);
	f->unit = mem_reserve(mem, ((size_t)units + 1) * FIB6_UNIT);
	if (f->root && f->unit && fib_wide_init(&f->wide, mem) == 0)
		return 0;
	fib6_fini(f);
	return -ENOMEM;
}

void fib6_fini(struct fib6 *f)
{
	mem_unreserve(f->mem, f->root, ROOT_BYTES);
	mem_unreserve(f->mem, f->unit, ((size_t)f->room + 1) * FIB6_UNIT);
	fib_wide_fini(&f->wide);
	f->root = NULL;
	f->unit = NULL;
}

/* ---- nodes --------------------------------------------------------------------------------- */

static unsigned count_bits(uint64_t bits)
{
	return (unsigned)__builtin_popcountll(bits);
}

static unsigned entries(const struct fib6_node *n)
{
	return count_bits(n->ways) + count_bits(n->ends);
}

static unsigned size_of(uint64_t ways, uint64_t ends)
{
	return 1 + (count_bits(ways) + count_bits(ends) + 3) / 4;
}

/* 0: there is no room. */
static uint32_t node_new(struct fib6 *f, uint64_t ways, uint64_t ends)
{
	unsigned size = size_of(ways, ends);
	uint32_t i = f->free[size];
	struct fib6_node *n;

	if (i) {
		f->free[size] = (uint32_t)fib6_at(f, i)->ways;
	} else {
		if (f->room - f->used < size)
			return 0;
		i = f->used + 1;
		f->used += size;
	}
	n = fib6_at(f, i);
	n->ways = ways;
	n->ends = ends;
	return i;
}

void fib6_node_free(struct fib6 *f, uint32_t node)
{
	struct fib6_node *n = fib6_at(f, node);
	unsigned size = size_of(n->ways, n->ends);

	n->ways = f->free[size];
	f->free[size] = node;
}

/* Where a route stands in a node that begins at depth: it ends there, or goes on that way. */
struct spot {
	bool end;
	unsigned bit;
};

static struct spot spot_of(const struct fib6_route *r, unsigned depth)
{
	struct trie_key k = r->key;
	uint64_t from = depth < 64 ? k.hi << depth | k.lo >> (64 - depth) : k.lo << (depth - 64);
	unsigned way = (unsigned)(from >> (64 - FIB6_STEP)), n = r->len - depth;

	if (n < FIB6_STEP)
		return (struct spot){true, 1u << n | way >> (FIB6_STEP - n)};
	return (struct spot){false, way};
}

static bool is_there(const struct fib6_node *n, struct spot s)
{
	return (s.end ? n->ends : n->ways) >> s.bit & 1;
}

/* The entry of a spot, or where it would be. */
static unsigned index_of(const struct fib6_node *n, struct spot s)
{
	return s.end ? count_bits(n->ways) + fib6_rank(n->ends, s.bit) : fib6_rank(n->ways, s.bit);
}

/* A copy with an entry more. 0: no room. */
static uint32_t copy_with(struct fib6 *f, const struct fib6_node *old, struct spot s,
			  uint32_t entry)
{
	uint64_t bit = UINT64_C(1) << s.bit;
	uint32_t i = node_new(f, old->ways | (s.end ? 0 : bit), old->ends | (s.end ? bit : 0));
	unsigned at = index_of(old, s), n = entries(old);
	struct fib6_node *new = fib6_at(f, i);

	if (!i)
		return 0;
	memcpy(new->entry, old->entry, at * sizeof(entry));
	new->entry[at] = entry;
	memcpy(&new->entry[at + 1], &old->entry[at], (n - at) * sizeof(entry));
	return i;
}

/* A copy without one. 0: no room. */
static uint32_t copy_without(struct fib6 *f, const struct fib6_node *old, struct spot s)
{
	uint64_t bit = UINT64_C(1) << s.bit;
	uint32_t i = node_new(f, old->ways & ~(s.end ? 0 : bit), old->ends & ~(s.end ? bit : 0));
	unsigned at = index_of(old, s), n = entries(old);
	struct fib6_node *new = fib6_at(f, i);

	if (!i)
		return 0;
	memcpy(new->entry, old->entry, at * sizeof(new->entry[0]));
	memcpy(&new->entry[at], &old->entry[at + 1], (n - at - 1) * sizeof(new->entry[0]));
	return i;
}

/* Nodes of one way each, and one where two routes part: the first of them, or 0: no room. */
static uint32_t part(struct fib6 *f, const struct fib6_route *a, const struct fib6_route *b,
		     unsigned depth)
{
	uint32_t first = 0, *at = &first;

	for (;; depth += FIB6_STEP) {
		struct spot sa = spot_of(a, depth), sb = spot_of(b, depth);
		uint64_t bit_a = UINT64_C(1) << sa.bit, bit_b = UINT64_C(1) << sb.bit;
		bool together = !sa.end && !sb.end && sa.bit == sb.bit;
		struct fib6_node *n;

		*at = node_new(f, (sa.end ? 0 : bit_a) | (sb.end ? 0 : bit_b),
			       (sa.end ? bit_a : 0) | (sb.end ? bit_b : 0));
		if (!*at)
			break;
		n = fib6_at(f, *at);
		n->entry[0] = 0;
		at = &n->entry[0];
		if (together)
			continue;
		n->entry[index_of(n, sa)] = sa.end ? a->number : FIB6_LEAF | a->node;
		n->entry[index_of(n, sb)] = sb.end ? b->number : FIB6_LEAF | b->node;
		return first;
	}
	while (first) {
		uint32_t next = fib6_at(f, first)->entry[0];

		fib6_node_free(f, first);
		first = next;
	}
	return 0;
}

/* ---- the way to a route -------------------------------------------------------------------- */

/* The links from the root on; the last one is that of the node in which the route ends or which has
 * no way on for it, or is not that of a node. */
struct trail {
	uint32_t *at[FIB6_GONE_MAX];
	unsigned n;	/* the last one's */
	unsigned depth; /* that it leads to */
};

static bool is_node(uint32_t link)
{
	return link && !(link & FIB6_LEAF);
}

static void follow(const struct fib6 *f, const struct fib6_route *r, struct trail *t)
{
	t->n = 0;
	t->depth = FIB6_TOP;
	t->at[0] = &f->root[r->key.hi >> 48];
	while (is_node(*t->at[t->n])) {
		struct fib6_node *n = fib6_at(f, *t->at[t->n]);
		struct spot s = spot_of(r, t->depth);

		if (s.end || !is_there(n, s))
			return;
		t->at[++t->n] = &n->entry[index_of(n, s)];
		t->depth += FIB6_STEP;
	}
}

static struct fib6_route route_at(const struct fib6 *f, uint32_t node)
{
	const struct trie_node *n = &f->trie->node[node];

	return (struct fib6_route){n->key, n->len, node, n->group};
}

/* ---- changes ------------------------------------------------------------------------------- */

enum put {
	PUT_IN,
	PUT_THERE, /* it was */
	PUT_NOT,   /* no room */
};

/* The node at the end of the trail gets an entry more, or another one. */
static enum put put_entry(struct fib6 *f, const struct fib6_route *r, const struct trail *t,
			  uint32_t *gone)
{
	uint32_t *link = t->at[t->n], new;
	struct spot s = spot_of(r, t->depth);
	struct fib6_node *n = fib6_at(f, *link);

	if (is_there(n, s)) {
		fib_store(&n->entry[index_of(n, s)], r->number);
		return PUT_THERE;
	}
	new = copy_with(f, n, s, s.end ? r->number : FIB6_LEAF | r->node);
	if (!new)
		return PUT_NOT;
	*gone = *link;
	fib_store(link, new);
	return PUT_IN;
}

static enum put put(struct fib6 *f, const struct fib6_route *r, uint32_t *gone)
{
	struct trail t;
	uint32_t link, new = FIB6_LEAF | r->node;

	follow(f, r, &t);
	link = *t.at[t.n];
	if (is_node(link))
		return put_entry(f, r, &t, gone);
	if (link == new)
		return PUT_THERE;
	if (link) {
		struct fib6_route other = route_at(f, link & ~FIB6_LEAF);

		new = part(f, &other, r, t.depth);
	}
	if (!new)
		return PUT_NOT;
	fib_store(t.at[t.n], new);
	return PUT_IN;
}

unsigned fib6_set(struct fib6 *f, const struct fib6_route *r, bool fresh,
		  uint32_t gone[FIB6_GONE_MAX])
{
	enum put put_rc;

	gone[0] = 0;
	if (r->len <= FIB6_TOP) {
		fib_wide_set(&f->wide, (uint32_t)(r->key.hi >> 48), r->len, r->number);
		return 0;
	}
	put_rc = put(f, r, gone);
	if (fresh && put_rc == PUT_NOT)
		fib_store(&f->missing, f->missing + 1);
	else if (!fresh && put_rc == PUT_IN)
		fib_store(&f->missing, f->missing - 1);
	return gone[0] != 0;
}

/* The link to the only route that is left in a node besides one spot; 0: there is more, or none. */
static uint32_t last_of(const struct fib6 *f, const struct fib6_node *n, struct spot without,
			const struct trail *t, const struct fib6_route *r)
{
	unsigned bits, place, at = index_of(n, without) == 0;
	uint64_t ends = n->ends & ~(without.end ? UINT64_C(1) << without.bit : 0);
	struct trie_key key = trie_cut(r->key, t->depth);

	if (entries(n) != 2)
		return 0;
	if (!ends)
		return n->entry[at] & FIB6_LEAF ? n->entry[at] : 0;
	place = 63 - (unsigned)__builtin_clzll(ends);
	bits = 31 - (unsigned)__builtin_clz(place);
	for (unsigned i = 0; i < bits; i++)
		if (place >> (bits - 1 - i) & 1)
			key = trie_with_bit(key, t->depth + i);
	return n->entry[at] ? FIB6_LEAF | trie_find(f->trie, AF_INET6, key, t->depth + bits) : 0;
}

/* Besides this one there are none but those that were lost for want of room. */
static bool is_alone(const struct fib6_node *n, ptrdiff_t at)
{
	for (ptrdiff_t i = 0; i < entries(n); i++)
		if (i != at && n->entry[i])
			return false;
	return true;
}

/* Takes what stands at the spot out of the node at the end of the trail. */
static unsigned take_out(struct fib6 *f, const struct fib6_route *r, struct trail *t,
			 uint32_t *gone)
{
	struct fib6_node *n = fib6_at(f, *t->at[t->n]);
	struct spot s = spot_of(r, t->depth);
	uint32_t instead = last_of(f, n, s, t, r);
	unsigned count = 0;

	if (!instead && !is_alone(n, index_of(n, s))) {
		instead = copy_without(f, n, s);
		if (!instead) { /* no room: whoever comes to it has to ask elsewhere */
			fib_store(&n->entry[index_of(n, s)], 0);
			return 0;
		}
		gone[count++] = *t->at[t->n];
		fib_store(t->at[t->n], instead);
		return count;
	}
	/* What leads here alone is not needed either. */
	gone[count++] = *t->at[t->n];
	for (; t->n > 0; t->n--) {
		n = fib6_at(f, *t->at[t->n - 1]);
		if (!is_alone(n, t->at[t->n] - n->entry))
			break;
		gone[count++] = *t->at[t->n - 1];
	}
	fib_store(t->at[t->n], instead);
	return count;
}

unsigned fib6_clear(struct fib6 *f, const struct fib6_route *r, const struct trie_node *under,
		    uint32_t gone[FIB6_GONE_MAX])
{
	struct trail t;
	uint32_t link;

	if (r->len <= FIB6_TOP) {
		fib_wide_clear(&f->wide, (uint32_t)(r->key.hi >> 48), r->len, under->len,
			       under->group);
		return 0;
	}
	follow(f, r, &t);
	link = *t.at[t.n];
	if (is_node(link) && is_there(fib6_at(f, link), spot_of(r, t.depth)))
		return take_out(f, r, &t, gone);
	if (link != (FIB6_LEAF | r->node)) {
		fib_store(&f->missing, f->missing - 1);
		return 0;
	}
	if (t.n == 0) {
		fib_store(t.at[0], 0);
		return 0;
	}
	t.n--;
	t.depth -= FIB6_STEP;
	return take_out(f, r, &t, gone);
}
