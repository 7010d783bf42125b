/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for control structures, through an object that counts what is out, can be given a limit,
 * can take its memory from elsewhere (a NUMA node, hugepages), and can make the Nth allocation
 * fail, so that a test may walk through every failing step of a sequence. Not thread-safe: each
 * stack's control side and each worker has its own. Packets never come from here.
 */
#ifndef NSK_BASE_MEM_H
#define NSK_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Where memory comes from; alloc returns @size bytes aligned to @align (a power of two), or NULL.
 */
struct mem_ops {
	void *(*alloc)(void *arg, size_t size, size_t align);
	void (*free)(void *arg, void *p, size_t size);
	void *arg;
};

struct mem {
	const struct mem_ops *ops; /* [C] NULL: the C library */
	size_t limit;		   /* bytes that may be out at once; SIZE_MAX: any */
	size_t bytes;		   /* out now */
	size_t peak;		   /* most that were out at once */
	uint64_t live;		   /* allocations out now */
	uint64_t total;		   /* allocations ever, slab objects not included */
	uint64_t failed;	   /* refused: injected, limit, or no memory */
	uint64_t fail_at;	   /* the allocation, counted from now, that fails; 0: none */
	uint64_t fail_every;	   /* and each so many after it; 0: only that one */
};

/* Start with nothing out, no limit and no injected failure; @ops may be NULL. */
void mem_init(struct mem *m, const struct mem_ops *ops);

/* Allocate @size > 0 bytes, not cleared, aligned for any type; NULL when refused. */
void *mem_alloc(struct mem *m, size_t size) NSK_WARN_UNUSED;

/* The same, cleared. */
void *mem_zalloc(struct mem *m, size_t size) NSK_WARN_UNUSED;

/* The same as mem_alloc, with an alignment that is a power of two. */
void *mem_alloc_aligned(struct mem *m, size_t size, size_t align) NSK_WARN_UNUSED;

/* Give back what one of the above returned for @size bytes; NULL is ignored. */
void mem_free(struct mem *m, void *p, size_t size);

/*
 * Cleared memory whose pages are there only once they are written to, also where mlockall() was
 * called before, for tables that may become large: from the kernel, whatever the source. NULL when
 * refused.
 */
void *mem_reserve(struct mem *m, size_t size) NSK_WARN_UNUSED;
void mem_unreserve(struct mem *m, void *p, size_t size);

/*
 * A block of @to bytes with the contents of @p (@from bytes, which may be NULL and 0); @p is given
 * back. NULL when refused: @p is then still there.
 */
void *mem_resize(struct mem *m, void *p, size_t from, size_t to) NSK_WARN_UNUSED;

/*
 * Cleared memory that no two threads' writing meets in: it has cache lines to itself. For what a
 * worker writes all the time.
 */
void *mem_zalloc_apart(struct mem *m, size_t size) NSK_WARN_UNUSED;

/* The same from the C library, for free(). NULL: out of memory. */
void *mem_apart(size_t size) NSK_WARN_UNUSED;

/*
 * Count one allocation against fail_at and say whether it is the one to fail. For allocators that
 * are built on this one and hand out pieces (slab, packet pools). Without fail_every, fail_at is 0
 * once it has fired: a test that finds it non-zero after a sequence knows that the sequence has no
 * step N.
 */
static inline bool mem_inject(struct mem *m)
{
	if (NSK_LIKELY(m->fail_at == 0) || --m->fail_at != 0)
		return false;
	m->fail_at = m->fail_every;
	m->failed++;
	return true;
}

/*
 * Clears @n bytes that begin and end with cache lines. What compilers make of a memset() of such a
 * size is a string instruction, which takes longer to start than this takes in all.
 */
static NSK_ALWAYS_INLINE void mem_zero_lines(void *p, size_t n)
{
	typedef uint64_t part __attribute__((vector_size(16), may_alias));
	const part zero = {0, 0};
	part *to = (part *)p;

#pragma GCC unroll 8
	for (const part *end = to + n / sizeof(part); to != end; to += 4) {
		to[0] = zero;
		to[1] = zero;
		to[2] = zero;
		to[3] = zero;
	}
}

#endif
