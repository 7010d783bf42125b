/* SPDX-License-Identifier: BSD-3-Clause */
/* Mempool operations of a stack; see lifo.h. What lies in it is poisoned (ASan), and is known to go
 * from thread to thread (TSan). */
#include "mbuf/lifo.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

#include "base/mem.h"
#include "mbuf/poison.h"

struct lifo {
	pthread_spinlock_t lock;
	bool locks;	/* [C] more than one thread comes */
	uint32_t count; /* [A] written by who holds the lock */
	void *free[];
};

static int lifo_alloc(struct rte_mempool *mp)
{
	struct lifo *l = mem_apart(sizeof(*l) + mp->size * sizeof(l->free[0]));

	if (!l)
		return -ENOMEM;
	pthread_spin_init(&l->lock, PTHREAD_PROCESS_PRIVATE);
	l->locks = !(mp->flags & RTE_MEMPOOL_F_SP_PUT) || !(mp->flags & RTE_MEMPOOL_F_SC_GET);
	mp->pool_data = l;
	return 0;
}

static void lifo_free(struct rte_mempool *mp)
{
	struct lifo *l = mp->pool_data;

	if (!l)
		return;
	pthread_spin_destroy(&l->lock);
	free(l);
}

static void enter(struct lifo *l)
{
	if (l->locks)
		pthread_spin_lock(&l->lock);
}

static void leave(struct lifo *l, uint32_t count)
{
	__atomic_store_n(&l->count, count, __ATOMIC_RELAXED);
	if (l->locks)
		pthread_spin_unlock(&l->lock);
}

static int lifo_enqueue(struct rte_mempool *mp, void *const *objs, unsigned n)
{
	struct lifo *l = mp->pool_data;

	for (unsigned i = 0; i < n; i++) {
		poison_buffer(mp, objs[i]);
		NSK_HAND_OVER(objs[i]);
	}
	enter(l);
	memcpy(&l->free[l->count], objs, n * sizeof(objs[0]));
	leave(l, l->count + n);
	return 0;
}

static int lifo_dequeue(struct rte_mempool *mp, void **objs, unsigned n)
{
	struct lifo *l = mp->pool_data;
	uint32_t count;

	enter(l);
	count = l->count;
	if (n > count) {
		leave(l, count);
		return -ENOBUFS;
	}
	memcpy(objs, &l->free[count - n], n * sizeof(objs[0]));
	leave(l, count - n);
	for (unsigned i = 0; i < n; i++) {
		NSK_TAKE_OVER(objs[i]);
		unpoison_buffer(mp, objs[i]);
	}
	return 0;
}

static unsigned lifo_count(const struct rte_mempool *mp)
{
	const struct lifo *l = mp->pool_data;

	return __atomic_load_n(&l->count, __ATOMIC_RELAXED);
}

static const struct rte_mempool_ops lifo_ops = {
	.name = "nsk_lifo",
	.alloc = lifo_alloc,
	.free = lifo_free,
	.enqueue = lifo_enqueue,
	.dequeue = lifo_dequeue,
	.get_count = lifo_count,
};
RTE_MEMPOOL_REGISTER_OPS(lifo_ops)

const char *lifo_ops_name(void)
{
	return lifo_ops.name;
}
