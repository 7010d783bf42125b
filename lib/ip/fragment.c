/* SPDX-License-Identifier: BSD-3-Clause */
/* Cutting into fragments; see fragment.h. */
#include "ip/fragment.h"

#include <string.h>

#include <rte_mbuf.h>

#include "mbuf/pool.h"

/* Where the next octet of a datagram's payload stands. */
struct cut {
	struct rte_mbuf *seg;
	uint32_t off;
};

/* At most n octets that lie together; the cut moves behind them. */
static uint32_t next_octets(struct cut *c, uint32_t n, struct rte_mbuf **seg, uint32_t *off)
{
	while (c->off == c->seg->data_len) {
		c->seg = c->seg->next;
		c->off = 0;
	}
	*seg = c->seg;
	*off = c->off;
	n = NSK_MIN(n, c->seg->data_len - c->off);
	c->off += n;
	return n;
}

/* The next n octets behind a header, where they stand: each of their buffers has one that refers to
 * it. */
static bool refer(struct nsk_worker *w, struct rte_mbuf *header, struct cut *c, uint32_t n)
{
	struct rte_mbuf *last = header, *seg;
	uint32_t off, len;

	for (; n; n -= len) {
		struct rte_mbuf *m = pkt_alloc(w);

		if (!m)
			return false;
		len = next_octets(c, n, &seg, &off);
		rte_pktmbuf_attach(m, seg);
		m->data_off = (uint16_t)(m->data_off + off);
		m->data_len = (uint16_t)len;
		m->pkt_len = len;
		last->next = m;
		last = m;
		header->nb_segs++;
		header->pkt_len += len;
	}
	return true;
}

/* The same for a port that takes no chains. */
static bool copy(struct rte_mbuf *header, struct cut *c, uint32_t n)
{
	uint8_t *to = (uint8_t *)rte_pktmbuf_append(header, (uint16_t)n);
	struct rte_mbuf *seg;
	uint32_t off, len;

	if (!to)
		return false;
	for (; n; n -= len, to += len) {
		len = next_octets(c, n, &seg, &off);
		memcpy(to, rte_pktmbuf_mtod_offset(seg, uint8_t *, off), len);
	}
	return true;
}

/* A packet of the next n octets, which begin at off; NULL: there was no buffer. */
static struct rte_mbuf *fragment(struct nsk_worker *w, const struct iface *ifc,
				 const struct ip_cutter *cutter, struct cut *c, uint32_t off,
				 uint32_t n, bool more)
{
	struct rte_mbuf *m = pkt_alloc(w);

	if (!m)
		return NULL;
	cutter->write(cutter, ifc, m, (uint8_t *)rte_pktmbuf_append(m, cutter->hdr_len), off, n,
		      more);
	if (ifc->tx_offloads & PORT_TX_MULTI_SEG ? refer(w, m, c, n) : copy(m, c, n))
		return m;
	pkt_put(w, m);
	return NULL;
}

/* All fragments of a payload, chained by qnext; NULL: none of them. */
static struct rte_mbuf *cut_up(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf *m,
			       const struct ip_cutter *cutter, uint32_t mtu)
{
	const uint32_t most = (mtu - cutter->hdr_len) & ~7u, len = m->pkt_len;
	struct rte_mbuf *first = NULL, *last = NULL;
	struct cut c = {.seg = m};

	for (uint32_t off = 0; off < len; off += most) {
		uint32_t n = NSK_MIN(most, len - off);
		struct rte_mbuf *f;

		f = fragment(w, ifc, cutter, &c, off, n, off + n < len);
		if (last)
			pkt_of(last)->qnext = f;
		else
			first = f;
		if (!f)
			break;
		pkt_of(f)->qnext = NULL;
		last = f;
		if (off + n == len)
			return first;
	}
	for (; first; first = last) {
		last = pkt_of(first)->qnext;
		pkt_put(w, first);
	}
	return NULL;
}

/* What is missing one is of no use; m goes when the last of them has gone. */
void ip_output_fragments(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
			 const struct ip_cutter *cutter, uint32_t mtu)
{
	struct rte_mbuf *f = cut_up(w, rc->iface, m, cutter, mtu), *next;

	if (!f) {
		worker_count(w, NSK_CNT_IP_FRAG_FAILS, 1);
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	worker_count(w, NSK_CNT_IP_FRAG_OKS, 1);
	for (; f; f = next) {
		next = pkt_of(f)->qnext;
		worker_count(w, NSK_CNT_IP_FRAG_CREATES, 1);
		net_output(w, rc, f);
	}
	pkt_put(w, m);
}
