/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Poison over a whole pool. struct rte_mbuf itself stays readable: PMDs and mempool code look at
 * headers of free buffers in bulk (prefetch, cookies); data room and descriptor do not.
 */
#include "mbuf/poison.h"

static void poison_one(struct rte_mempool *mp, void *arg, void *obj, unsigned index)
{
	(void)arg;
	(void)index;
	poison_buffer(mp, obj);
}

static void unpoison_one(struct rte_mempool *mp, void *arg, void *obj, unsigned index)
{
	(void)arg;
	(void)index;
	unpoison_buffer(mp, obj);
}

void poison_pool(struct rte_mempool *mp)
{
	if (NSK_ASAN)
		rte_mempool_obj_iter(mp, poison_one, NULL);
}

void unpoison_pool(struct rte_mempool *mp)
{
	if (NSK_ASAN)
		rte_mempool_obj_iter(mp, unpoison_one, NULL);
}
