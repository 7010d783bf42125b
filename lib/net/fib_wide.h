/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the flat indexes of both families stand on: entries, which keep how long the route is that
 * they are of, and the array by the first 16 bits, in which are the routes of 1 to 16 bits. The
 * default route stands apart. A change writes 32,768 entries at most.
 */
#ifndef NSK_NET_FIB_WIDE_H
#define NSK_NET_FIB_WIDE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/mem.h"

/* Numbers are the caller's, 1 to FIB_NUMBER_MAX; FIB_ASK: the index does not know. */
#define FIB_NUMBER_MAX ((UINT32_C(1) << 26) - 1)
#define FIB_ASK	       UINT32_MAX

/* An entry: nothing (0), or number and length, 1 to 32, of the route that it is of. As numbers they
 * are in the order of their lengths. */
#define FIB_LEN_SHIFT	26
#define FIB_NUMBER_MASK FIB_NUMBER_MAX

struct fib_wide {
	uint32_t *by16; /* [A] 2^16 of them */
	uint32_t all;	/* [A] the default route's number */
	struct mem *mem;
};

/* 0 or -ENOMEM. */
int fib_wide_init(struct fib_wide *w, struct mem *mem);
void fib_wide_fini(struct fib_wide *w);

/* As fib_set() and fib_clear(), for routes to the first len bits of top, 16 at most. */
void fib_wide_set(struct fib_wide *w, uint32_t top, unsigned len, uint32_t number);
void fib_wide_clear(struct fib_wide *w, uint32_t top, unsigned len, unsigned under_len,
		    uint32_t under_number);

static NSK_ALWAYS_INLINE uint32_t fib_load(const uint32_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* The number of the longest route of 16 bits at most, 0: none. */
static NSK_ALWAYS_INLINE uint32_t fib_wide_lookup(const struct fib_wide *w, uint32_t top)
{
	uint32_t e = fib_load(&w->by16[top]);

	e = e ? e : fib_load(&w->all);
	return e & FIB_NUMBER_MASK;
}

/* ---- entries, for who changes -------------------------------------------------------------- */

static inline uint32_t fib_entry(unsigned len, uint32_t number)
{
	return number ? (uint32_t)(len - 1) << FIB_LEN_SHIFT | number : 0;
}

static inline void fib_store(uint32_t *entry, uint32_t e)
{
	__atomic_store_n(entry, e, __ATOMIC_RELEASE);
}

/* What a change is: entries from low to high become e. */
struct fib_change {
	uint32_t low, high;
	uint32_t e;
};

/* A route of len bits is there. */
static inline struct fib_change fib_change_set(unsigned len, uint32_t number)
{
	return (struct fib_change){0, fib_entry(len, FIB_NUMBER_MAX), fib_entry(len, number)};
}

/* It is gone, and what is below it in the same array is e. */
static inline struct fib_change fib_change_clear(unsigned len, uint32_t e)
{
	return (struct fib_change){fib_entry(len, 1), fib_entry(len, FIB_NUMBER_MAX), e};
}

/* Stored in any case: which entries change is nothing that a processor could foresee. */
static inline void fib_change(uint32_t *entry, const struct fib_change *c)
{
	uint32_t e = *entry;

	fib_store(entry, e - c->low <= c->high - c->low ? c->e : e);
}

static inline void fib_change_many(uint32_t *entry, uint32_t n, const struct fib_change *c)
{
	for (uint32_t i = 0; i < n; i++)
		fib_change(&entry[i], c);
}

#endif
