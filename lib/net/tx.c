/* SPDX-License-Identifier: BSD-3-Clause */
/* Transmit queues; see tx.h. */
#include "net/tx.h"

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/mem.h"
#include "mbuf/pkt.h"
#include "net/net.h"

static size_t queue_size(uint16_t frames)
{
	return sizeof(struct tx_queue) + frames * sizeof(struct rte_mbuf *);
}

int tx_queues_create(struct nsk_worker *w)
{
	const struct net_snapshot *snap = w->net->snap;
	uint32_t frames = NSK_MIN(w->set->tx_ring, (uint32_t)TX_QUEUE_MAX);

	frames = NSK_MAX(frames, (uint32_t)TX_QUEUE_MIN);
	for (unsigned i = 0; i < snap->nifaces; i++) {
		struct tx_queue **q = &w->net->tx[snap->iface[i]->index];

		if (*q)
			continue;
		*q = mem_zalloc_apart(w->mem, queue_size((uint16_t)frames));
		if (!*q)
			return -ENOMEM;
		(*q)->size = (uint16_t)frames;
	}
	return 0;
}

static uint32_t room_in(const struct tx_queue *q)
{
	return (uint32_t)q->size - (uint32_t)(q->tail - q->head);
}

static bool may_go_on(const struct nsk_worker *w, const struct tx_waiter *waiter)
{
	return room_in(w->net->tx[waiter->iface]) >= waiter->frames ||
	       !tx_may_send(w->net->snap->iface[waiter->iface]);
}

static NSK_NOINLINE void wake(struct nsk_worker *w)
{
	struct list_node *n, *next;

	NSK_LIST_FOREACH_SAFE(n, next, &w->net->tx_waiters) {
		struct tx_waiter *waiter = NSK_LIST_ENTRY(n, struct tx_waiter, node);

		if (!may_go_on(w, waiter))
			continue;
		list_del(n);
		waiter->ready(waiter);
	}
}

void tx_wait(struct nsk_worker *w, const struct iface *ifc, uint32_t frames,
	     struct tx_waiter *waiter)
{
	waiter->iface = ifc->index;
	waiter->frames = (uint16_t)NSK_MIN(frames, (uint32_t)w->net->tx[ifc->index]->size);
	if (!list_linked(&waiter->node))
		list_add_tail(&w->net->tx_waiters, &waiter->node);
}

void tx_queue_purge(struct nsk_worker *w, uint8_t iface)
{
	struct tx_queue *q = w->net->tx[iface];

	while (q && q->head < q->tail)
		pkt_drop_out(w, iface, q->frame[q->head++], NSK_DROP_TX_LINK_DOWN);
	if (q) {
		q->head = q->tail = 0;
		q->bytes = 0;
	}
	w->net->tx_waiting &= ~(UINT32_C(1) << iface);
	wake(w);
}

void tx_queues_free(struct nsk_worker *w)
{
	for (unsigned i = 0; i < IFACE_MAX; i++) {
		struct tx_queue *q = w->net->tx[i];

		if (!q)
			continue;
		tx_queue_purge(w, (uint8_t)i);
		mem_free(w->mem, q, queue_size(q->size));
		w->net->tx[i] = NULL;
	}
}

/*
 * Gives the port what waits; what it does not take stays. A worker without a transmit queue of the
 * port hands its frames to one that has: that one counts them.
 */
static unsigned flush(struct nsk_worker *w, struct iface *ifc, struct tx_queue *q)
{
	uint16_t waiting = (uint16_t)(q->tail - q->head);
	uint64_t bytes = q->bytes;
	uint16_t taken = w->ops->tx_burst(w, ifc, q->frame + q->head, waiting);

	if (NSK_LIKELY(taken >= waiting)) {
		q->head = q->tail = 0;
		q->bytes = 0;
		w->net->tx_waiting &= ~(UINT32_C(1) << ifc->index);
	} else {
		q->head = (uint16_t)(q->head + taken);
		q->bytes = 0;
		for (uint16_t i = q->head; i < q->tail; i++)
			q->bytes += q->frame[i]->pkt_len;
	}
	if (iface_own_queue(ifc, w->id) < ifc->tx_queues) {
		worker_count(w, NSK_CNT_TX_PACKETS, taken);
		worker_count(w, NSK_CNT_TX_BYTES, bytes - q->bytes);
	}
	return taken;
}

bool tx_has_room(struct nsk_worker *w, struct iface *ifc, uint32_t frames)
{
	struct tx_queue *q = w->net->tx[ifc->index];

	frames = NSK_MIN(frames, (uint32_t)q->size);
	if (NSK_LIKELY(room_in(q) >= frames))
		return true;
	flush(w, ifc, q);
	return room_in(q) >= frames;
}

/* Room for one more at the end, by moving up what waits or by giving the port some. */
static bool make_room(struct nsk_worker *w, struct iface *ifc, struct tx_queue *q)
{
	if (q->tail < q->size)
		return true;
	if (q->head == 0)
		flush(w, ifc, q);
	if (q->head > 0) {
		memmove(q->frame, q->frame + q->head,
			(size_t)(q->tail - q->head) * sizeof(q->frame[0]));
		q->tail = (uint16_t)(q->tail - q->head);
		q->head = 0;
	}
	return q->tail < q->size;
}

/* What this port cannot send as it is: 0 when it was mended, else the reason. */
static enum nsk_drop make_single(const struct iface *ifc, struct rte_mbuf *m)
{
	if (ifc->tx_offloads & PORT_TX_MULTI_SEG)
		return NSK_DROP_NONE;
	return rte_pktmbuf_linearize(m) == 0 ? NSK_DROP_NONE : NSK_DROP_TX_SEGMENTS;
}

/* Slow half of net_tx(). */
static NSK_NOINLINE void tx_slow(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct tx_queue *q = w->net->tx[ifc->index];

	if (!tx_may_send(ifc))
		pkt_drop_out(w, ifc->index, m, NSK_DROP_TX_LINK_DOWN);
	else if (m->nb_segs > 1 && make_single(ifc, m))
		pkt_drop_out(w, ifc->index, m, NSK_DROP_TX_SEGMENTS);
	else if (q->tail == q->size && !make_room(w, ifc, q))
		pkt_drop_out(w, ifc->index, m, NSK_DROP_TX_RING_FULL);
	else
		tx_append(w, ifc, q, m);
}

static inline void enqueue(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct tx_queue *q = w->net->tx[ifc->index];

	if (NSK_UNLIKELY(!tx_may_send(ifc)) || NSK_UNLIKELY(m->nb_segs > 1) ||
	    NSK_UNLIKELY(q->tail == q->size))
		tx_slow(w, ifc, m);
	else
		tx_append(w, ifc, q, m);
}

void net_tx(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	enqueue(w, ifc, m);
}

void net_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m)
{
	struct neigh *n = rc->neigh;
	char *p;

	if (NSK_LIKELY(n != NULL)) {
		if (NSK_UNLIKELY(n->state != NEIGH_REACHABLE)) {
			neigh_output_slow(w, rc->iface, n, m);
			return;
		}
		p = rte_pktmbuf_prepend(m, ETH_HLEN);
		if (NSK_UNLIKELY(!p)) {
			pkt_drop_out(w, rc->iface->index, m, NSK_DROP_TX_NO_BUFFER);
			return;
		}
		n->used_ns = w->now_ns;
		memcpy(p, n->header, ETH_HLEN);
	}
	enqueue(w, rc->iface, m);
}

unsigned net_tx_flush(struct nsk_worker *w)
{
	unsigned sent = 0;

	for (uint32_t waiting = w->net->tx_waiting; waiting; waiting &= waiting - 1) {
		unsigned i = (unsigned)__builtin_ctz(waiting);
		struct iface *ifc = w->net->snap->iface[i];

		if (NSK_LIKELY(tx_may_send(ifc)))
			sent += flush(w, ifc, w->net->tx[i]);
		else
			tx_queue_purge(w, (uint8_t)i);
	}
	if (NSK_UNLIKELY(!list_empty(&w->net->tx_waiters)))
		wake(w);
	return sent;
}
