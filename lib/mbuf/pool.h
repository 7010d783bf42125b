/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet buffers: one pool a worker. Under ASan a free buffer is poisoned; any Nth allocation can
 * be made to fail. A small reserve serves ACK, ARP and RST when the pool is empty.
 *
 * The worker keeps some free buffers in a stack of its own, filled from the mempool and spilled to
 * it by the dozen: what was freed last is still in the cache of the core, and the mempool's way
 * through function pointers is paid once for many.
 */
#ifndef NSK_MBUF_POOL_H
#define NSK_MBUF_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/compiler.h"
#include "mbuf/pkt.h"
#include "mbuf/poison.h"
#include "mbuf/worker.h"

#define PKT_RESERVE 32
/* Free buffers that the worker keeps, at most; half of them move at once. */
#define PKT_KEPT_MAX 64

struct pkt_pool {
	struct rte_mempool *mp;	   /* [C] */
	uint32_t nkept;		   /* free buffers in kept[] */
	uint32_t kept_max;	   /* [C] less in a small pool; 0: it keeps none */
	uint64_t fail_at;	   /* allocation number to fail, 0: none */
	uint64_t fail_every;	   /* and each so many after it, 0: only that one */
	uint64_t allocs;	   /* allocations so far, counted only while fail_at is set */
	uint64_t failed;	   /* allocations that found nothing */
	uint32_t count;		   /* [C] buffers */
	uint32_t reserved;	   /* buffers in reserve[] */
	struct rte_mbuf *withheld; /* by pkt_pool_withhold(), chained by next */
	struct rte_mbuf *reserve[PKT_RESERVE];
	struct rte_mbuf *kept[PKT_KEPT_MAX]; /* raw, as in the mempool */
};

struct pkt_pool_params {
	const char *name; /* unique in the process, ≤ 20 characters */
	uint32_t count;
	uint32_t data_room; /* bytes of headroom and data in each buffer */
	int numa_node;	    /* -1: any */
	bool device_memory; /* buffers in EAL memory, as PMDs need; else ordinary anonymous memory
			     */
	bool shared;	    /* other threads free or take buffers */
};

/* 0 or -errno. */
int pkt_pool_create(struct pkt_pool **pool, const struct pkt_pool_params *params);
/* Bytes of memory that a buffer of a device's pool takes, padding included. */
uint32_t pkt_buffer_size(uint32_t data_room);
/* Frees the pool; returns the number of buffers that were still out (a leak, logged by the caller).
 */
uint32_t pkt_pool_destroy(struct pkt_pool *pool);
/* Buffers free now, the reserve and those kept included. */
uint32_t pkt_pool_free_count(const struct pkt_pool *pool);
/* Refills the reserve; called once a turn when it is not full. */
void pkt_pool_refill(struct pkt_pool *pool);
/*
 * For tests of what runs on a stack: takes away every buffer that is free now, but for the reserve;
 * or gives back all that was so taken.
 */
void pkt_pool_withhold(struct pkt_pool *pool);
void pkt_pool_release(struct pkt_pool *pool);
/* Slow half of pkt_alloc(): fault injection, nothing kept, failure. */
struct rte_mbuf *pkt_pool_alloc_slow(struct pkt_pool *pool);
/* Slow half of pkt_put_seg(): takes a raw buffer that is another pool's, or when enough are kept.
 */
void pkt_pool_put_slow(struct pkt_pool *pool, struct rte_mbuf *m);
/* The same packet once more, descriptor and all, its data shared and so read-only; NULL and counted
 * without a buffer. */
struct rte_mbuf *pkt_clone(struct nsk_worker *w, struct rte_mbuf *m);
/* All n buffers or none; 0 or -ENOBUFS. */
int pkt_alloc_bulk(struct nsk_worker *w, struct rte_mbuf **bufs, unsigned n);

/*
 * An empty buffer out of a raw one: what rte_pktmbuf_reset() does, but with every field a constant,
 * so that neighbours are written by one store.
 */
static inline void pkt_reset(struct rte_mbuf *m)
{
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->refcnt = 1;
	m->nb_segs = 1;
	m->port = RTE_MBUF_PORT_INVALID;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->pkt_len = 0;
	m->data_len = 0;
	m->vlan_tci = 0;
	m->next = NULL;
	m->tx_offload = 0;
}

/* An empty buffer with the usual headroom, or NULL (the caller counts what that meant). */
static inline struct rte_mbuf *pkt_alloc(struct nsk_worker *w)
{
	struct pkt_pool *pool = w->pool;
	struct rte_mbuf *m;

	if (NSK_UNLIKELY(pool->fail_at) || NSK_UNLIKELY(pool->nkept == 0))
		return pkt_pool_alloc_slow(pool);
	m = pool->kept[--pool->nkept];
	unpoison_buffer(pool->mp, m);
	pkt_reset(m);
	return m;
}

/* A buffer from the pool or from the reserve: for ACK, ARP, RST only. */
static inline struct rte_mbuf *pkt_alloc_control(struct nsk_worker *w)
{
	struct pkt_pool *pool = w->pool;
	struct rte_mbuf *m = pkt_alloc(w);

	if (NSK_UNLIKELY(!m) && pool->reserved)
		m = pool->reserve[--pool->reserved];
	return m;
}

/*
 * Frees one segment that the worker is done with (rte_pktmbuf_free_seg(), and cheaper): in the
 * thread that runs the worker only. Buffers of other workers' pools are fine.
 */
static inline void pkt_put_seg(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt_pool *pool = w->pool;

	if (NSK_LIKELY(rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m))) {
		m->next = NULL;
		m->nb_segs = 1;
	} else {
		m = rte_pktmbuf_prefree_seg(m);
		if (!m)
			return;
	}
	if (NSK_UNLIKELY(m->pool != pool->mp) || NSK_UNLIKELY(pool->nkept >= pool->kept_max)) {
		pkt_pool_put_slow(pool, m);
		return;
	}
	poison_buffer(pool->mp, m);
	pool->kept[pool->nkept++] = m;
}

/* The same for a whole packet. */
static inline void pkt_put(struct nsk_worker *w, struct rte_mbuf *m)
{
	do {
		struct rte_mbuf *next = m->next;

		pkt_put_seg(w, m);
		m = next;
	} while (NSK_UNLIKELY(m != NULL));
}

/* Frees a packet and counts exactly one reason. Not in line: callers' straight path stays without
 * it. */
void pkt_drop(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason);
/* The same of one that was to go out by an interface, or wherever it came from: its descriptor need
 * not say so. */
void pkt_drop_out(struct nsk_worker *w, uint8_t iface, struct rte_mbuf *m, enum nsk_drop reason);

#endif
