/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet buffer pools over rte_mempool.
 *
 * Pools of stacks on real devices lie in EAL memory with per-thread caches. Pools of stacks on loop
 * and callback ports lie in ordinary anonymous memory and have no caches: rte_mempool sets aside 8
 * KiB of cache for each of 128 lcores, which alone is half of what such a stack may cost, and with
 * one thread the stack underneath (lifo.h) is as cheap.
 */
#include "mbuf/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_errno.h>
#include <rte_mempool.h>

#include "base/mem.h"
#include "mbuf/lifo.h"
#include "mbuf/poison.h"

#define CACHE_SIZE 256

static unsigned pool_flags(const struct pkt_pool_params *p)
{
	unsigned flags = 0;

	if (!p->shared)
		flags |= RTE_MEMPOOL_F_SP_PUT | RTE_MEMPOOL_F_SC_GET;
	if (!p->device_memory)
		flags |= RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	return flags;
}

static void unmap(struct rte_mempool_memhdr *chunk, void *at)
{
	munmap(at, chunk->len);
}

/*
 * As rte_mempool_populate_anon(), which locks the memory, too: ordinary users may lock little, and
 * no device is to find it.
 */
static int populate_anon(struct rte_mempool *mp)
{
	size_t least, align;
	ssize_t size = rte_mempool_op_calc_mem_size_default(mp, mp->size, 0, &least, &align);
	void *at;
	int rc;

	if (size <= 0)
		return -EINVAL;
	at = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	rc = rte_mempool_populate_iova(mp, at, RTE_BAD_IOVA, (size_t)size, unmap, at);
	if (rc <= 0)
		munmap(at, (size_t)size);
	return rc;
}

static int pool_populate(struct rte_mempool *mp, const struct pkt_pool_params *p)
{
	struct rte_pktmbuf_pool_private priv = {
		.mbuf_data_room_size = (uint16_t)p->data_room,
		.mbuf_priv_size = PKT_PRIV_SIZE,
	};
	int rc;

	rc = rte_mempool_set_ops_byname(mp, lifo_ops_name(), NULL);
	if (rc)
		return rc;
	rte_pktmbuf_pool_init(mp, &priv);
	rc = p->device_memory ? rte_mempool_populate_default(mp) : populate_anon(mp);
	if (rc < 0)
		return rc;
	if (rc == 0 || mp->populated_size != mp->size)
		return -ENOMEM;
	unpoison_pool(mp); /* populating has put every object into the pool already */
	rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
	poison_pool(mp);
	return 0;
}

static uint32_t element_size(uint32_t data_room)
{
	return (uint32_t)sizeof(struct rte_mbuf) + PKT_PRIV_SIZE + data_room;
}

uint32_t pkt_buffer_size(uint32_t data_room)
{
	return rte_mempool_calc_obj_size(element_size(data_room), 0, NULL);
}

int pkt_pool_create(struct pkt_pool **out, const struct pkt_pool_params *p)
{
	struct pkt_pool *pool = mem_apart(sizeof(*pool));
	uint32_t elt = element_size(p->data_room);
	uint32_t cache = p->device_memory && p->count >= 4 * CACHE_SIZE ? CACHE_SIZE : 0;
	unsigned flags = pool_flags(p);
	int rc;

	if (!pool)
		return -ENOMEM;
	if (p->data_room < RTE_PKTMBUF_HEADROOM) {
		rc = -EINVAL;
		goto free_pool;
	}
	pool->mp = rte_mempool_create_empty(p->name, p->count, elt, cache,
					    sizeof(struct rte_pktmbuf_pool_private), p->numa_node,
					    flags);
	if (!pool->mp) {
		rc = -rte_errno;
		goto free_pool;
	}
	rc = pool_populate(pool->mp, p);
	if (rc)
		goto free_mempool;
	pool->count = p->count;
	/* What is kept is out of the reach of drivers, who take from the mempool: only a small
	 * part. */
	pool->kept_max = NSK_MIN(p->count / 32, (uint32_t)PKT_KEPT_MAX);
	pkt_pool_refill(pool);
	*out = pool;
	return 0;

free_mempool:
	rte_mempool_free(pool->mp);
free_pool:
	free(pool);
	return rc;
}

/* Gives n of the buffers kept back to the mempool. */
static void spill(struct pkt_pool *pool, uint32_t n)
{
	pool->nkept -= n;
	/* The mempool's cache hands out what it holds as it is, without a word to poison.c. */
	for (uint32_t i = 0; i < n; i++)
		unpoison_buffer(pool->mp, pool->kept[pool->nkept + i]);
	rte_mempool_put_bulk(pool->mp, (void **)&pool->kept[pool->nkept], n);
}

/* Buffers from the mempool to those kept, half as many as fit; the last of the mempool stay for
 * drivers. */
static void restock(struct pkt_pool *pool)
{
	uint32_t n = pool->kept_max / 2;
	void **to = (void **)&pool->kept[pool->nkept];

	if (n == 0 || rte_mempool_get_bulk(pool->mp, to, n) != 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		poison_buffer(pool->mp, to[i]);
	pool->nkept += n;
}

/* A buffer, from wherever there is one. */
static struct rte_mbuf *take(struct pkt_pool *pool)
{
	struct rte_mbuf *m;

	if (pool->nkept == 0)
		restock(pool);
	if (pool->nkept == 0)
		return rte_pktmbuf_alloc(pool->mp);
	m = pool->kept[--pool->nkept];
	unpoison_buffer(pool->mp, m);
	pkt_reset(m);
	return m;
}

void pkt_pool_withhold(struct pkt_pool *pool)
{
	struct rte_mbuf *m;

	while ((m = take(pool)) != NULL) {
		m->next = pool->withheld;
		pool->withheld = m;
	}
}

void pkt_pool_release(struct pkt_pool *pool)
{
	while (pool->withheld) {
		struct rte_mbuf *m = pool->withheld;

		pool->withheld = m->next;
		m->next = NULL;
		rte_pktmbuf_free(m);
	}
}

uint32_t pkt_pool_destroy(struct pkt_pool *pool)
{
	uint32_t leaked;

	pkt_pool_release(pool);
	while (pool->reserved)
		rte_pktmbuf_free(pool->reserve[--pool->reserved]);
	if (pool->nkept)
		spill(pool, pool->nkept);
	leaked = rte_mempool_in_use_count(pool->mp);
	unpoison_pool(pool->mp);
	rte_mempool_free(pool->mp);
	free(pool);
	return leaked;
}

uint32_t pkt_pool_free_count(const struct pkt_pool *pool)
{
	return rte_mempool_avail_count(pool->mp) + pool->reserved + pool->nkept;
}

void pkt_pool_refill(struct pkt_pool *pool)
{
	while (pool->reserved < PKT_RESERVE && pool->reserved < pool->count / 8) {
		struct rte_mbuf *m = take(pool);

		if (!m)
			return;
		pool->reserve[pool->reserved++] = m;
	}
}

/* True if this allocation is one of those that are to fail. */
static bool must_fail(struct pkt_pool *pool)
{
	uint64_t past;

	if (NSK_LIKELY(!pool->fail_at))
		return false;
	if (++pool->allocs < pool->fail_at)
		return false;
	past = pool->allocs - pool->fail_at;
	return past == 0 || (pool->fail_every && past % pool->fail_every == 0);
}

struct rte_mbuf *pkt_pool_alloc_slow(struct pkt_pool *pool)
{
	struct rte_mbuf *m = must_fail(pool) ? NULL : take(pool);

	if (!m)
		pool->failed++;
	return m;
}

void pkt_pool_put_slow(struct pkt_pool *pool, struct rte_mbuf *m)
{
	if (m->pool != pool->mp || pool->kept_max == 0) {
		rte_mbuf_raw_free(m);
		return;
	}
	spill(pool, NSK_MAX(pool->kept_max / 2, 1u));
	poison_buffer(pool->mp, m);
	pool->kept[pool->nkept++] = m;
}

int pkt_alloc_bulk(struct nsk_worker *w, struct rte_mbuf **bufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bufs[i] = pkt_alloc(w);
		if (NSK_UNLIKELY(!bufs[i])) {
			while (i > 0)
				pkt_put_seg(w, bufs[--i]);
			return -ENOBUFS;
		}
	}
	return 0;
}

struct rte_mbuf *pkt_clone(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct rte_mbuf *clone = NULL, **at = &clone;

	for (struct rte_mbuf *seg = m; seg; seg = seg->next) {
		*at = pkt_alloc(w);
		if (NSK_UNLIKELY(!*at)) {
			rte_pktmbuf_free(clone);
			worker_count_drop(w, NSK_DROP_RX_NO_BUFFER, 1);
			return NULL;
		}
		rte_pktmbuf_attach(*at, seg);
		at = &(*at)->next;
	}
	clone->nb_segs = m->nb_segs;
	clone->pkt_len = m->pkt_len;
	*pkt_of(clone) = *pkt_of(m);
	return clone;
}

void pkt_drop(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason)
{
	worker_count_drop(w, reason, 1);
	if (NSK_UNLIKELY(w->capturing & WORKER_CAPTURES_DROPS))
		w->ops->dropped(w, m, reason);
	pkt_put(w, m);
}

void pkt_drop_out(struct nsk_worker *w, uint8_t iface, struct rte_mbuf *m, enum nsk_drop reason)
{
	pkt_of(m)->iface = iface;
	pkt_drop(w, m, reason);
}
