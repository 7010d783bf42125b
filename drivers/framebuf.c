/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets longer than a buffer, made from flat bytes.
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
