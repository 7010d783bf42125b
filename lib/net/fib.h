/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flat index over the IPv4 routes: from an address to a number in as many steps for a million
 * routes as for one. An array by the first 24 bits holds what routes of 17 to 24 bits say, one by
 * the first 16 what shorter ones say where that is silent, and the default stands apart; where
 * there are routes of more than 24 bits, a block of 256 by the last 8 goes first. No entry is
 * inherited from a shorter prefix into another array: so a change writes 32,768 entries at most,
 * for a /1, and 256 for a /8.
 *
 * One thread at a time changes it while others read, without locks. Blocks are handed back by
 * fib_block_free() when nobody reads them any more. Of 64 MB and less only those pages are there
 * that an entry was written to.
 *
 * What has no block left is answered by FIB_ASK: the caller looks into its own table.
 */
#ifndef NSK_NET_FIB_H
#define NSK_NET_FIB_H

#include <stdbool.h>
#include <stdint.h>

#include "net/fib_wide.h"

/* In the array by 24 bits: a block's number in place of an entry. Alone: there are longer routes,
 * but no block. */
#define FIB_LONGER (UINT32_C(1) << 31)

struct fib_block {
	uint32_t own;	     /* [A] of the routes of 17 to 24 bits here */
	uint32_t entry[256]; /* [A] */
};

struct fib {
	uint32_t *by24; /* [A] 2^24 of them */
	struct fib_wide wide;
	uint32_t room; /* blocks, 1 to room; 0 is none */
	uint32_t used; /* ever given out */
	uint32_t free; /* first of those given back, by entry[0] */
	struct fib_block *block;
	struct mem *mem;
};

/* For at most blocks /24s with longer routes in them. 0 or -ENOMEM. */
int fib_init(struct fib *f, struct mem *mem, uint32_t blocks);
void fib_fini(struct fib *f);

/* A route to the first len bits of addr (in host order) is there, or has another number. */
void fib_set(struct fib *f, uint32_t addr, unsigned len, uint32_t number);
/*
 * It is gone: what it answered the next shorter one answers, which has under_len bits; number 0:
 * there is none.
 */
void fib_clear(struct fib *f, uint32_t addr, unsigned len, unsigned under_len,
	       uint32_t under_number);
/*
 * The last route of more than 24 bits within addr/24 is gone, and the longest one of 17 to 24 bits
 * there, if any, is this. Returns the block that nobody finds any more, to be freed later, or 0.
 */
uint32_t fib_shorten(struct fib *f, uint32_t addr, unsigned own_len, uint32_t own_number);
void fib_block_free(struct fib *f, uint32_t block);

static inline void fib_prefetch(const struct fib *f, uint32_t addr)
{
	NSK_PREFETCH(&f->by24[addr >> 8]);
	NSK_PREFETCH(&f->wide.by16[addr >> 16]);
}

/* The number of the longest route to addr, 0: none; FIB_ASK. */
static NSK_ALWAYS_INLINE uint32_t fib_lookup(const struct fib *f, uint32_t addr)
{
	uint32_t e = fib_load(&f->by24[addr >> 8]), wide = fib_load(&f->wide.by16[addr >> 16]);

	if (NSK_UNLIKELY(e & FIB_LONGER)) {
		const struct fib_block *b = &f->block[e & ~FIB_LONGER];

		if (e == FIB_LONGER)
			return FIB_ASK;
		e = fib_load(&b->entry[addr & 255]);
		e = e ? e : fib_load(&b->own);
	}
	e = e ? e : wide;
	e = e ? e : fib_load(&f->wide.all);
	return e & FIB_NUMBER_MASK;
}

#endif
