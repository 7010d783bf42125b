/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that wait until their neighbour has answered. RFC 1122 §2.3.2.2, RFC 4861 §7.2.2.
 *
 * Two bounds: arp_queue packets a neighbour, and for all
 * neighbours together 1/NEIGH_QUEUE_SHARE of the worker's packet buffers, so that a flood from
 * addresses where nobody is leaves connections the rest. Who finds his neighbour's queue full takes
 * the place of its oldest packet. Who finds all taken takes that of the neighbour that has waited
 * longest, the one least likely to answer, so that a neighbour that is there keeps its packets for
 * the moment that it needs. That moment is as long under any flood, since a packet for a neighbour
 * that could not even be asked, for so many others were, takes nobody's place.
 */
#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "net/neigh.h"
#include "net/net.h"

struct rte_mbuf *neigh_unhold(struct neigh_table *t, struct neigh *n)
{
	struct rte_mbuf *all = n->qhead;

	if (!all)
		return NULL;
	t->buffers -= n->buffers;
	n->qhead = n->qtail = NULL;
	n->queued = 0;
	n->buffers = 0;
	neigh_move(t, n, NEIGH_LIST_UNRESOLVED);
	return all;
}

static void append(struct neigh_table *t, struct neigh *n, struct rte_mbuf *m)
{
	pkt_of(m)->qnext = NULL;
	if (n->qhead) {
		pkt_of(n->qtail)->qnext = m;
	} else {
		n->qhead = m;
		neigh_move(t, n, NEIGH_LIST_WAITING);
	}
	n->qtail = m;
	n->queued++;
	n->buffers = (uint16_t)(n->buffers + m->nb_segs);
	t->buffers += m->nb_segs;
}

/* The one that has waited longest for this neighbour goes. */
static void drop_first(struct nsk_worker *w, struct neigh *n)
{
	struct neigh_table *t = w->net->neighs;
	struct rte_mbuf *m = n->qhead;

	if (n->queued == 1) {
		neigh_unhold(t, n);
	} else {
		n->qhead = pkt_of(m)->qnext;
		n->queued--;
		n->buffers = (uint16_t)(n->buffers - m->nb_segs);
		t->buffers -= m->nb_segs;
	}
	pkt_drop(w, m, NSK_DROP_ARP_QUEUE_FULL);
}

/* Who is to make room for another packet to n: NULL if nobody has to for such a one. */
static struct neigh *victim(struct neigh_table *t, struct neigh *n)
{
	if (n->tries == 0)
		return n->queued ? n : NULL;
	return NSK_LIST_ENTRY(list_first(&t->list[NEIGH_LIST_WAITING]), struct neigh, link);
}

void neigh_hold(struct nsk_worker *w, struct neigh *n, struct rte_mbuf *m)
{
	struct neigh_table *t = w->net->neighs;

	if (n->queued >= NSK_MIN(SETTING(w->set, arp_queue), (uint32_t)UINT8_MAX))
		drop_first(w, n);
	while (t->buffers && t->buffers + m->nb_segs > w->pool->count / NEIGH_QUEUE_SHARE) {
		struct neigh *from = victim(t, n);

		if (!from) {
			pkt_drop(w, m, NSK_DROP_ARP_QUEUE_FULL);
			return;
		}
		drop_first(w, from);
	}
	append(t, n, m);
}
