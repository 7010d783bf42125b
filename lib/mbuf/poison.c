/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mempool operations that wrap DPDK's ring and poison what lies in it (ASan), or tell that it goes
 * from thread to thread (TSan). struct rte_mbuf itself stays
 * readable: PMDs and mempool code look at headers of free buffers in bulk (prefetch, cookies); data
 * room and descriptor do not.
 */
#include "mbuf/poison.h"

#include <errno.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/compiler.h"

static const char *ring_name(unsigned flags)
{
	return flags & RTE_MEMPOOL_F_SP_PUT ? "ring_sp_sc" : "ring_mp_mc";
}

#if NSK_ASAN || NSK_TSAN

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

static int poison_alloc(struct rte_mempool *mp)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;
	unsigned flags = RING_F_EXACT_SZ;

	if (mp->flags & RTE_MEMPOOL_F_SP_PUT)
		flags |= RING_F_SP_ENQ | RING_F_SC_DEQ;
	snprintf(name, sizeof(name), RTE_MEMPOOL_MZ_FORMAT, mp->name);
	ring = rte_ring_create(name, mp->size, mp->socket_id, flags);
	if (!ring)
		return -ENOMEM;
	mp->pool_data = ring;
	return 0;
}

static void poison_free(struct rte_mempool *mp)
{
	rte_ring_free(mp->pool_data);
}

static int poison_enqueue(struct rte_mempool *mp, void *const *objs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		poison_one(mp, NULL, objs[i], i);
		NSK_HAND_OVER(objs[i]);
	}
	return rte_ring_enqueue_bulk(mp->pool_data, objs, n, NULL) == 0 ? -ENOBUFS : 0;
}

static int poison_dequeue(struct rte_mempool *mp, void **objs, unsigned n)
{
	if (rte_ring_dequeue_bulk(mp->pool_data, objs, n, NULL) == 0)
		return -ENOBUFS;
	for (unsigned i = 0; i < n; i++) {
		NSK_TAKE_OVER(objs[i]);
		unpoison_one(mp, NULL, objs[i], i);
	}
	return 0;
}

static unsigned poison_count(const struct rte_mempool *mp)
{
	return rte_ring_count(mp->pool_data);
}

static const struct rte_mempool_ops poison_ops = {
	.name = "nsk_poison",
	.alloc = poison_alloc,
	.free = poison_free,
	.enqueue = poison_enqueue,
	.dequeue = poison_dequeue,
	.get_count = poison_count,
};
RTE_MEMPOOL_REGISTER_OPS(poison_ops)

const char *poison_ops_name(unsigned flags)
{
	(void)ring_name;
	(void)flags;
	return poison_ops.name;
}

void poison_pool(struct rte_mempool *mp)
{
	rte_mempool_obj_iter(mp, poison_one, NULL);
}

void unpoison_pool(struct rte_mempool *mp)
{
	rte_mempool_obj_iter(mp, unpoison_one, NULL);
}

#else

const char *poison_ops_name(unsigned flags)
{
	return ring_name(flags);
}

void poison_pool(struct rte_mempool *mp)
{
	(void)mp;
}

void unpoison_pool(struct rte_mempool *mp)
{
	(void)mp;
}

#endif
