/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit queues: frames of one worker for one interface, gathered over a turn and given to the
 * port in one burst. What the port does not take stays, in order. TCP and sockets of datagrams ask
 * for room first, and wait; what else finds the queue full is dropped: forwarded packets, answers.
 */
#ifndef NSK_NET_TX_H
#define NSK_NET_TX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/list.h"
#include "mbuf/pool.h"
#include "mbuf/worker.h"
#include "net/iface.h"
#include "net/net.h"
#include "wire/eth.h"

#define TX_QUEUE_MIN 64
#define TX_QUEUE_MAX 512

/* All [W]. */
struct tx_queue {
	uint16_t size;	/* [C] */
	uint16_t head;	/* first frame */
	uint16_t tail;	/* behind the last */
	uint64_t bytes; /* of the frames that wait */
	struct rte_mbuf *frame[];
};

/* Who has something to send and found the queue full. */
struct tx_waiter {
	struct list_node
		node; /* list_node_init() before the first use, list_del() after the last */
	uint8_t iface;
	uint16_t frames; /* that must have room */
	void (*ready)(
		struct tx_waiter *waiter); /* they have, or they may go nowhere; it waits no more */
};

/* Queues for the interfaces of the present snapshot that have none yet. 0 or -ENOMEM (those made
 * stay). */
int tx_queues_create(struct nsk_worker *w);
/* Drops what waits and gives the memory back. */
void tx_queues_free(struct nsk_worker *w);
/* Drops what waits for an interface (TX_LINK_DOWN). */
void tx_queue_purge(struct nsk_worker *w, uint8_t iface);

static inline void tx_append(struct nsk_worker *w, const struct iface *ifc, struct tx_queue *q,
			     struct rte_mbuf *m)
{
	q->frame[q->tail++] = m;
	q->bytes += m->pkt_len;
	w->net->tx_waiting |= UINT32_C(1) << ifc->index;
}

/* Whether so many frames more find room, or as many as the queue ever has. What waits is offered to
 * the port for that. */
bool tx_has_room(struct nsk_worker *w, struct iface *ifc, uint32_t frames);
/* ready() is called once that may be; until then it may wait on, for what it says last. */
void tx_wait(struct nsk_worker *w, const struct iface *ifc, uint32_t frames,
	     struct tx_waiter *waiter);

static inline bool tx_may_send(const struct iface *ifc)
{
	return iface_running(ifc) && __atomic_load_n(&ifc->link_up, __ATOMIC_RELAXED);
}

/*
 * The queue for m along rc if nothing is in the way: tx_push() and tx_append() do what net_output()
 * would. Else NULL.
 */
static inline struct tx_queue *tx_free_way(const struct nsk_worker *w, const struct route_cache *rc,
					   const struct rte_mbuf *m)
{
	struct tx_queue *q = w->net->tx[rc->iface->index];

	if (NSK_UNLIKELY(!tx_may_send(rc->iface)) || NSK_UNLIKELY(m->nb_segs > 1) ||
	    NSK_UNLIKELY(q->tail == q->size) ||
	    NSK_UNLIKELY(rc->neigh && rc->neigh->state != NEIGH_REACHABLE))
		return NULL;
	return q;
}

/*
 * Puts the link header, and room for hlen bytes behind it, in front of m's data, where there is
 * headroom for both. Returns the start of that room.
 */
static inline uint8_t *tx_push(const struct nsk_worker *w, const struct route_cache *rc,
			       struct rte_mbuf *m, uint16_t hlen)
{
	uint16_t link = rc->neigh ? ETH_HLEN : 0, all = (uint16_t)(link + hlen);
	uint8_t *p;

	m->data_off = (uint16_t)(m->data_off - all);
	m->data_len = (uint16_t)(m->data_len + all);
	m->pkt_len += all;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	if (NSK_LIKELY(rc->neigh != NULL)) {
		rc->neigh->used_ns = w->now_ns;
		memcpy(p, rc->neigh->header, ETH_HLEN);
	}
	return p + link;
}

#endif
