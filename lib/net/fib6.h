/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The index over the IPv6 routes: an array by the first 16 bits leads into a tree whose nodes stand
 * for 6 bits each. A node has two words of bits, which of its 64 ways lead on, and which routes end
 * in it (of the lengths that begin there, 63 places as in a heap); only what is there takes room,
 * in the order of the bits. A way on which there is one route alone leads straight to the trie's
 * node, whose prefix is compared. Routes of 16 bits and less are in an array of their own
 * (fib_wide.h).
 *
 * No entry is inherited: a change makes one node anew, of 540 bytes at most, however many longer
 * routes there are, and shows it by one store. So one thread may change while others read, without
 * locks. What is replaced is handed to the caller, who gives it back by fib6_node_free() when
 * nobody reads it any more.
 *
 * As in the tree bitmap of Eatherton, Varghese and Dittia (2004), with larger steps and ways that
 * end early. Where there is no room for a node, the answer is FIB_ASK: the caller looks into its
 * own table.
 */
#ifndef NSK_NET_FIB6_H
#define NSK_NET_FIB6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/fib_wide.h"
#include "net/route_trie.h"

#define FIB6_STEP 6
#define FIB6_TOP  16
#define FIB6_LEAF (UINT32_C(1) << 31)

/* Nodes that one change replaces at most: a way from the first 16 bits to the last. */
#define FIB6_GONE_MAX 20
/* Sizes of a node, in units of 16 bytes: 2 and 4 bytes for each of 127 entries. */
#define FIB6_UNIT  16
#define FIB6_SIZES 34

/*
 * A link: 0 nothing, FIB6_LEAF and the number of a node of the trie, or the number of a unit, where
 * a node of this begins. Of the entries the links come first, then the numbers of routes.
 */
struct fib6_node {
	uint64_t ways;	  /* [C] bit i: a link for the next bits i, the entry as many 1s precede */
	uint64_t ends;	  /* [C] bit 2^n + i: a route that ends after n of them, which are i */
	uint32_t entry[]; /* [A] */
};

struct fib6 {
	uint32_t *root; /* [A] 2^16 links */
	uint8_t *unit;	/* FIB6_UNIT bytes each; the first is none */
	const struct route_trie *trie;
	uint32_t missing; /* [A] routes that there was no room for */
	uint32_t room, used;
	uint32_t free[FIB6_SIZES]; /* first of those given back, by size */
	struct fib_wide wide;
	struct mem *mem;
};

/* A route: its prefix, the trie's node for that, the number that is the answer. */
struct fib6_route {
	struct trie_key key;
	unsigned len;
	uint32_t node;
	uint32_t number;
};

/* With as many units at most. 0 or -ENOMEM. */
int fib6_init(struct fib6 *f, struct mem *mem, const struct route_trie *trie, uint32_t units);
void fib6_fini(struct fib6 *f);

/*
 * A route is there, fresh or with another number than before; the trie's node has it already.
 * Returns how many nodes were replaced, and which.
 */
unsigned fib6_set(struct fib6 *f, const struct fib6_route *r, bool fresh,
		  uint32_t gone[FIB6_GONE_MAX]);
/* It is gone, and what it answered the next shorter one does; the trie has its node still. */
unsigned fib6_clear(struct fib6 *f, const struct fib6_route *r, const struct trie_node *under,
		    uint32_t gone[FIB6_GONE_MAX]);
void fib6_node_free(struct fib6 *f, uint32_t node);

extern const uint64_t fib6_above[64];

static NSK_ALWAYS_INLINE struct fib6_node *fib6_at(const struct fib6 *f, uint32_t link)
{
	return (struct fib6_node *)(f->unit + (size_t)link * FIB6_UNIT);
}

/* How many 1s precede a bit. */
static NSK_ALWAYS_INLINE unsigned fib6_rank(uint64_t bits, unsigned bit)
{
	return (unsigned)__builtin_popcountll(bits & ((UINT64_C(1) << bit) - 1));
}

/* Fetches what a lookup will come to after so many nodes; those should be near already. */
static NSK_ALWAYS_INLINE void fib6_prefetch(const struct fib6 *f, struct trie_key key,
					    unsigned nodes)
{
	uint32_t link = fib_load(&f->root[key.hi >> 48]);
	uint64_t rest = key.hi << FIB6_TOP;

	for (; nodes > 0 && link && !(link & FIB6_LEAF); nodes--, rest <<= FIB6_STEP) {
		const struct fib6_node *n = fib6_at(f, link);
		unsigned way = (unsigned)(rest >> (64 - FIB6_STEP));

		link = n->ways >> way & 1 ? fib_load(&n->entry[fib6_rank(n->ways, way)]) : 0;
	}
	if (link & FIB6_LEAF)
		NSK_PREFETCH(&f->trie->node[link & ~FIB6_LEAF]);
	else
		NSK_PREFETCH(fib6_at(f, link));
}

/* The number of the longest route to an address, 0: none; FIB_ASK. */
static NSK_ALWAYS_INLINE uint32_t fib6_lookup(const struct fib6 *f, struct trie_key key)
{
	uint64_t hi = key.hi << FIB6_TOP | key.lo >> (64 - FIB6_TOP), lo = key.lo << FIB6_TOP;
	uint32_t link = fib_load(&f->root[key.hi >> 48]), number;
	const struct fib6_node *n, *best = NULL;
	uint64_t ends = 0;

	if (NSK_UNLIKELY(__atomic_load_n(&f->missing, __ATOMIC_RELAXED)))
		return FIB_ASK;
	while (link && !(link & FIB6_LEAF)) {
		unsigned way = (unsigned)(hi >> (64 - FIB6_STEP));
		uint64_t here;

		n = fib6_at(f, link);
		here = n->ends & fib6_above[way];
		best = here ? n : best;
		ends = here ? here : ends;
		link = n->ways >> way & 1 ? fib_load(&n->entry[fib6_rank(n->ways, way)]) : 0;
		hi = hi << FIB6_STEP | lo >> (64 - FIB6_STEP);
		lo <<= FIB6_STEP;
	}
	if (link) {
		const struct trie_node *leaf = &f->trie->node[link & ~FIB6_LEAF];

		number = trie_load(&leaf->group);
		if (trie_holds(leaf, key) && number)
			return number;
	}
	if (!best)
		return fib_wide_lookup(&f->wide, (uint32_t)(key.hi >> 48));
	number =
		fib_load(&best->entry[__builtin_popcountll(best->ways) +
				      fib6_rank(best->ends, 63 - (unsigned)__builtin_clzll(ends))]);
	return number ? number : FIB_ASK;
}

#endif
