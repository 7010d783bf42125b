/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies between flat bytes and chains of mbufs, for drivers whose packets do not come from a
 * device: loop, callback, pcap.
 */
#ifndef NSK_DRIVERS_FRAMEBUF_H
#define NSK_DRIVERS_FRAMEBUF_H

#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/compiler.h"

/* Longest link header that such a port carries: Ethernet with one VLAN tag. */
#define FRAME_LINK_MAX 22
#define FRAME_ETH_LEN  14
#define FRAME_MTU_MAX  65535

/* Bytes that fit one buffer of a pool behind the headroom. */
static inline uint32_t framebuf_room(struct rte_mempool *pool)
{
	return (uint32_t)rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
}

/* Fill a fresh buffer with bytes that fit it. */
static inline void framebuf_fill(struct rte_mbuf *m, const void *data, uint32_t len)
{
	memcpy(rte_pktmbuf_mtod(m, void *), data, len);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

/* Copy a whole chain to @to, which has room for m->pkt_len bytes. */
static inline void framebuf_flatten(const struct rte_mbuf *m, uint8_t *to)
{
	for (; NSK_UNLIKELY(m->next != NULL); m = m->next) {
		memcpy(to, rte_pktmbuf_mtod(m, const void *), m->data_len);
		to += m->data_len;
	}
	memcpy(to, rte_pktmbuf_mtod(m, const void *), m->data_len);
}

/* A packet with a copy of the bytes, in as many buffers as it takes; NULL: none left. */
struct rte_mbuf *framebuf_make(struct rte_mempool *pool, const void *data, uint32_t len);

/*
 * Up to @n raw buffers, for pkt_reset(): all, or as many as the pool still has, taken one by one.
 */
static inline uint16_t framebuf_take(struct rte_mempool *pool, struct rte_mbuf **bufs, uint16_t n)
{
	uint16_t got = 0;

	if (NSK_LIKELY(rte_mempool_get_bulk(pool, (void **)bufs, n) == 0))
		return n;
	while (got < n && (bufs[got] = rte_mbuf_raw_alloc(pool)) != NULL)
		got++;
	return got;
}

/* Frees packets; neighbours of one buffer each go back to their pool together. */
void framebuf_free(struct rte_mbuf **bufs, uint16_t n);

#endif
