/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that wait until their neighbour has answered. RFC 1122 §2.3.2.2, RFC 4861 §7.2.2.
 *
 * Two bounds: arp_queue packets a neighbour, where fragments of one datagram count as one since
 * each is worth nothing without the others, and for all neighbours together 1/NEIGH_QUEUE_SHARE of
 * the worker's packet buffers, so that a flood from addresses where nobody is leaves connections
 * the rest. Who finds his neighbour's queue full takes the place of its oldest packet. Who finds
 * all taken takes that of the neighbour that has waited longest, the one least likely to answer, so
 * that a neighbour that is there keeps its packets for the moment that it needs. That moment is as
 * long under any flood, since a packet for a neighbour that could not even be asked, for so many
 * others were, takes nobody's place.
 */
#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "net/neigh.h"
#include "net/net.h"
#include "wire/ipv4.h"

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

/* A fragment that is not its datagram's first, behind which it waits. */
static bool is_continued(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	return m->data_len >= IPV4_HLEN && ip[0] >> 4 == 4 &&
	       load_be16(ip + offsetof(struct ipv4_wire, frag)) & IPV4_FRAG_OFFSET;
}

static void append(struct neigh_table *t, struct neigh *n, struct rte_mbuf *m)
{
	pkt_of(m)->qnext = NULL;
	n->queued = (uint8_t)(n->queued + (!n->qhead || !is_continued(m)));
	if (n->qhead) {
		pkt_of(n->qtail)->qnext = m;
	} else {
		n->qhead = m;
		neigh_move(t, n, NEIGH_LIST_WAITING);
	}
	n->qtail = m;
	n->buffers = (uint16_t)(n->buffers + m->nb_segs);
	t->buffers += m->nb_segs;
}

static struct rte_mbuf *take_first(struct neigh_table *t, struct neigh *n)
{
	struct rte_mbuf *m = n->qhead;

	n->qhead = pkt_of(m)->qnext;
	if (!n->qhead) {
		n->qhead = m;
		return neigh_unhold(t, n);
	}
	n->buffers = (uint16_t)(n->buffers - m->nb_segs);
	t->buffers -= m->nb_segs;
	return m;
}

/* The one that has waited longest for this neighbour goes, with what continues it. */
static void drop_first(struct nsk_worker *w, struct neigh *n)
{
	uint8_t left = (uint8_t)(n->queued - 1);

	do
		pkt_drop_out(w, n->iface, take_first(w->net->neighs, n), NSK_DROP_ARP_QUEUE_FULL);
	while (n->qhead && is_continued(n->qhead));
	n->queued = left;
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

	if (!is_continued(m) &&
	    n->queued >= NSK_MIN(SETTING(w->set, arp_queue), (uint32_t)UINT8_MAX))
		drop_first(w, n);
	while (t->buffers && t->buffers + m->nb_segs > w->pool->count / NEIGH_QUEUE_SHARE) {
		struct neigh *from = victim(t, n);

		if (!from) {
			pkt_drop_out(w, n->iface, m, NSK_DROP_ARP_QUEUE_FULL);
			return;
		}
		drop_first(w, from);
	}
	append(t, n, m);
}
