/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet buffers: one pool a worker. Under ASan a free buffer is poisoned; any Nth allocation can be made to fail. A small
 * reserve serves ACK, ARP and RST when the pool is empty.
 */
#ifndef NSK_MBUF_POOL_H
#define NSK_MBUF_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/compiler.h"
#include "mbuf/pkt.h"
#include "mbuf/worker.h"

#define PKT_RESERVE 32

struct pkt_pool {
	struct rte_mempool *mp;     /* [C] */
	uint64_t fail_at;           /* allocation number to fail, 0: none */
	uint64_t fail_every;        /* and each so many after it, 0: only that one */
	uint64_t allocs;            /* allocations so far, counted only while fail_at is set */
	uint64_t failed;            /* allocations that found nothing */
	uint32_t count;             /* [C] buffers */
	uint32_t reserved;          /* buffers in reserve[] */
	struct rte_mbuf *reserve[PKT_RESERVE];
};

struct pkt_pool_params {
	const char *name;    /* unique in the process, ≤ 20 characters */
	uint32_t count;
	uint32_t data_room;  /* bytes of headroom and data in each buffer */
	int numa_node;       /* -1: any */
	bool device_memory;  /* buffers in EAL memory, as PMDs need; else ordinary anonymous memory */
	bool shared;         /* other threads free or take buffers */
};

/* 0 or -errno. */
int pkt_pool_create(struct pkt_pool **pool, const struct pkt_pool_params *params);
/* Frees the pool; returns the number of buffers that were still out (a leak, logged by the caller). */
uint32_t pkt_pool_destroy(struct pkt_pool *pool);
/* Buffers free now, the reserve included. */
uint32_t pkt_pool_free_count(const struct pkt_pool *pool);
/* Refills the reserve; called once a turn when it is not full. */
void pkt_pool_refill(struct pkt_pool *pool);
/* Slow half of pkt_alloc(): fault injection and failure. */
struct rte_mbuf *pkt_pool_alloc_slow(struct pkt_pool *pool);
/* A buffer from the pool or from the reserve: for ACK, ARP, RST only. */
struct rte_mbuf *pkt_alloc_control(struct nsk_worker *w);
/* All n buffers or none; 0 or -ENOBUFS. */
int pkt_alloc_bulk(struct nsk_worker *w, struct rte_mbuf **bufs, unsigned n);

/* An empty buffer with the usual headroom, or NULL (the caller counts what that meant). */
static inline struct rte_mbuf *pkt_alloc(struct nsk_worker *w)
{
	struct rte_mbuf *m;

	if (NSK_UNLIKELY(w->pool->fail_at))
		return pkt_pool_alloc_slow(w->pool);
	m = rte_pktmbuf_alloc(w->pool->mp);
	if (NSK_UNLIKELY(!m))
		w->pool->failed++;
	return m;
}

#endif
