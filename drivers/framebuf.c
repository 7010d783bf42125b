/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets longer than a buffer, made from flat bytes, and the freeing of bursts.
 */
#include "framebuf.h"

struct rte_mbuf *framebuf_make(struct rte_mempool *pool, const void *data, uint32_t len)
{
	const uint8_t *from = data;
	uint32_t room = framebuf_room(pool);
	struct rte_mbuf *first = NULL, **link = &first, *m;
	uint32_t left = len;

	do {
		uint32_t part = NSK_MIN(left, room);

		m = rte_pktmbuf_alloc(pool);
		if (!m) {
			rte_pktmbuf_free(first);
			return NULL;
		}
		framebuf_fill(m, from, part);
		*link = m;
		link = &m->next;
		if (m != first)
			first->nb_segs++;
		/* Whole at every step, so that a failure can free what is there. */
		first->pkt_len = len - left + part;
		from += part;
		left -= part;
	} while (left > 0);
	return first;
}

#define FREE_BURST 64

void framebuf_free(struct rte_mbuf **bufs, uint16_t n)
{
	struct rte_mbuf *raw[FREE_BURST];
	struct rte_mempool *pool = NULL; /* whose raw are */
	unsigned count = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];

		if (NSK_UNLIKELY(m->next || rte_mbuf_refcnt_read(m) != 1 || !RTE_MBUF_DIRECT(m))) {
			rte_pktmbuf_free(m);
			continue;
		}
		if (NSK_UNLIKELY(m->pool != pool || count == FREE_BURST)) {
			if (count)
				rte_mempool_put_bulk(pool, (void **)raw, count);
			pool = m->pool;
			count = 0;
		}
		raw[count++] = m;
	}
	if (count)
		rte_mempool_put_bulk(pool, (void **)raw, count);
}
