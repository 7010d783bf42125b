/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Poisons free packet buffers under AddressSanitizer, which cannot see into a mempool by itself:
 * the data room and the descriptor of a free buffer may not be touched. In other builds everything
 * here is empty.
 */
#ifndef NSK_MBUF_POISON_H
#define NSK_MBUF_POISON_H

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "base/compiler.h"

/* All buffers are free: poison them. Before the pool is freed: make them ordinary memory again. */
void poison_pool(struct rte_mempool *mp);
void unpoison_pool(struct rte_mempool *mp);

/* One free buffer that is kept outside the mempool. */
static inline void poison_buffer(const struct rte_mempool *mp, struct rte_mbuf *m)
{
	NSK_POISON((char *)m + sizeof(*m), mp->elt_size - sizeof(*m));
}

static inline void unpoison_buffer(const struct rte_mempool *mp, struct rte_mbuf *m)
{
	NSK_UNPOISON((char *)m + sizeof(*m), mp->elt_size - sizeof(*m));
}

#endif
