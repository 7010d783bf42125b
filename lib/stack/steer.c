/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker owns a flow, and how packets get there.
 *
 * Owner: hash of the flow → bucket → worker, the same hash and table that ports with RSS are given,
 * so that their packets are at home already. Where a port does not spread (one queue, no RSS, or a
 * driver that claims RSS and has none), they are handed over through the owner's bounded ring.
 * Transmit likewise: a port with fewer queues than workers has an owner for each queue, and the
 * other workers hand their frames to it.
 */
#include <string.h>

#include "ip/ip.h"
#include "mbuf/pkt.h"
#include "mbuf/pool.h"
#include "net/net.h"
#include "net/rss.h"
#include "stack/capture.h"
#include "stack/stack.h"

uint16_t steer_owner(struct nsk_worker *w, const struct flow *flow)
{
	if (NSK_LIKELY(w->peers == 1))
		return 0;
	return rss_worker(rss_bucket(&w->stack->rss, flow), w->peers);
}

static void give(struct run_worker *r, uint16_t owner)
{
	struct run_worker *to = r->stack->worker[owner];
	struct steer_batch *b = &r->batch[owner];
	unsigned n = rte_ring_enqueue_burst(to->steer_ring, (void **)b->m, b->n, NULL);

	idle_wake(to);
	worker_count(&r->w, NSK_CNT_STEERED, n);
	for (unsigned i = n; i < b->n; i++)
		pkt_drop(&r->w, b->m[i], NSK_DROP_STEER_RING_FULL);
	r->batched -= b->n;
	b->n = 0;
}

void steer_packet(struct nsk_worker *w, uint16_t owner, struct rte_mbuf *m)
{
	struct run_worker *r = run_of(w);
	struct steer_batch *b = &r->batch[owner];

	/* The packet is complete: whoever takes it out of the ring sees all of it, whatever ring
	 * that is. The same is true of iface below. */
	__atomic_store_n(&pkt_of(m)->flags, pkt_of(m)->flags | PKT_F_STEERED, __ATOMIC_RELEASE);
	b->m[b->n++] = m;
	r->batched++;
	if (b->n == STEER_BURST)
		give(r, owner);
}

void steer_flush(struct run_worker *r)
{
	for (uint16_t i = 0; r->batched; i++)
		if (r->batch[i].n)
			give(r, i);
}

void steer_forget(struct run_worker *r)
{
	for (uint16_t i = 0; r->batched; i++) {
		struct steer_batch *b = &r->batch[i];

		rte_pktmbuf_free_bulk(b->m, b->n);
		r->batched -= b->n;
		b->n = 0;
	}
}

/* A copy, since each worker changes what it gets; without a buffer the others learn from the next
 * packet. */
static struct rte_mbuf *copy_whole(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct rte_mbuf *c = pkt_alloc(w);
	char *p = c ? rte_pktmbuf_append(c, m->data_len) : NULL;

	if (!p) {
		rte_pktmbuf_free(c);
		return NULL;
	}
	memcpy(p, rte_pktmbuf_mtod(m, void *), m->data_len);
	*pkt_of(c) = *pkt_of(m);
	pkt_of(c)->l3_off = (uint16_t)(pkt_of(m)->l3_off + c->data_off - m->data_off);
	pkt_of(c)->l4_off = (uint16_t)(pkt_of(m)->l4_off + c->data_off - m->data_off);
	return c;
}

void steer_share(struct nsk_worker *w, struct rte_mbuf *m)
{
	for (uint16_t i = 0; i < w->peers; i++) {
		struct rte_mbuf *c = i == w->id ? NULL : copy_whole(w, m);

		if (c)
			steer_packet(w, i, c);
	}
}

unsigned steer_receive(struct run_worker *r)
{
	struct rte_mbuf *bufs[STEER_BURST];
	struct nsk_worker *w = &r->w;
	unsigned n = rte_ring_sc_dequeue_burst(r->steer_ring, (void **)bufs, STEER_BURST, NULL);

	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = pkt_of(bufs[i]);

		(void)__atomic_load_n(&p->flags, __ATOMIC_ACQUIRE);
		if (p->family == 0)
			arp_input(w, &r->stack->iface[p->iface], bufs[i]);
		else
			ip_deliver(w, bufs[i]);
	}
	return n;
}

/* Frames of workers that own no queue of the port go out here, in the order in which they came. */
unsigned steer_transmit(struct run_worker *r)
{
	struct rte_mbuf *bufs[STEER_BURST];
	unsigned n = rte_ring_sc_dequeue_burst(r->tx_ring, (void **)bufs, STEER_BURST, NULL);

	for (unsigned i = 0; i < n; i++)
		net_tx(&r->w,
		       &r->stack->iface[__atomic_load_n(&pkt_of(bufs[i])->iface, __ATOMIC_ACQUIRE)],
		       bufs[i]);
	return n;
}

uint16_t steer_tx_burst(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf **bufs, uint16_t n)
{
	uint16_t own = iface_own_queue(ifc, w->id);
	struct run_worker *to;

	if (NSK_LIKELY(own < ifc->tx_queues)) {
		if (NSK_UNLIKELY(w->capturing & WORKER_CAPTURES_OUT))
			return capture_out(run_of(w), ifc, own, bufs, n);
		return ifc->port->ops->tx_burst(ifc->port, own, w->now_ns, bufs, n);
	}
	to = w->stack->worker[ifc->home + w->id % ifc->tx_queues];
	for (uint16_t i = 0; i < n; i++)
		__atomic_store_n(&pkt_of(bufs[i])->iface, ifc->index, __ATOMIC_RELEASE);
	n = (uint16_t)rte_ring_enqueue_burst(to->tx_ring, (void **)bufs, n, NULL);
	idle_wake(to);
	return n;
}
