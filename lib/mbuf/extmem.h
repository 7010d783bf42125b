/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of the application that packets may point into: regions that it registered with the stack.
 * A region is held while anything points into it, and cannot be taken back until then. Looking one
 * up takes no lock, and each worker counts by itself what it holds: who sends writes no memory that
 * another worker writes. Adding and removing take a lock.
 */
#ifndef NSK_MBUF_EXTMEM_H
#define NSK_MBUF_EXTMEM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define EXTMEM_REGIONS 64
#define EXTMEM_WORKERS 64

/* All [A]. */
struct extmem_region {
	uintptr_t start;
	size_t len; /* 0: none */
};

/* What one worker points to. Several cache lines, so that the first regions, which are the ones in
 * use, are not next to another worker's. */
struct extmem_users {
	uint32_t of[EXTMEM_REGIONS]; /* [A] */
};

struct extmem {
	pthread_mutex_t lock;
	unsigned most; /* [A] places that were ever in use: those behind need no look */
	struct extmem_region region[EXTMEM_REGIONS];
	struct extmem_users users[EXTMEM_WORKERS];
};

void extmem_init(struct extmem *x);
void extmem_fini(struct extmem *x);

/* 0, -EINVAL (none, or wraps), -EEXIST (overlaps another), -ENOSPC. Any thread. */
int extmem_add(struct extmem *x, const void *start, size_t len);
/* The region that begins there: 0, -ENOENT, -EBUSY (something points into it). Any thread. */
int extmem_remove(struct extmem *x, const void *start);

/* Whether all of these bytes are the region's. */
static inline bool extmem_has(const struct extmem_region *r, const void *p, size_t len)
{
	size_t size = __atomic_load_n(&r->len, __ATOMIC_SEQ_CST);
	uintptr_t start = __atomic_load_n(&r->start, __ATOMIC_RELAXED), at = (uintptr_t)p;

	return at >= start && len <= size && at - start <= size - len;
}

/* The region that has all of these bytes, held for a worker; NULL: there is none. Any thread. */
struct extmem_region *extmem_hold(struct extmem *x, unsigned worker, const void *p, size_t len);

static inline void extmem_put(struct extmem *x, unsigned worker, const struct extmem_region *r)
{
	__atomic_fetch_sub(&x->users[worker].of[r - x->region], 1, __ATOMIC_RELEASE);
}

#endif
