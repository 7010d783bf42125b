/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that wait until their neighbour has answered. RFC 1122 §2.3.2.2, RFC 4861 §7.2.2.
 *
 * Two bounds: arp_queue packets a neighbour, where fragments of one datagram that come one after
 * the other count as one, RUN_MAX at most, since each is worth nothing without the others; and for
 * all neighbours together 1/NEIGH_QUEUE_SHARE of the worker's packet buffers, so that a flood from
 * addresses where nobody is leaves connections the rest. Who finds his neighbour's queue full takes
 * the place of its oldest packet. Who finds all taken takes that of the neighbour that has waited
 * longest, the one least likely to answer, so that a neighbour that is there keeps its packets for
 * the moment that it needs. That moment is as long under any flood, since a packet for a neighbour
 * that could not even be asked, for so many others were, takes nobody's place.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "mbuf/pool.h"
#include "net/neigh.h"
#include "net/net.h"
#include "wire/ipv4.h"
#include "wire/ipv6_ext.h"

#define RUN_MAX 128 /* a datagram of 64 kB over links that carry 576 bytes */

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

/* ---- datagrams in fragments ------------------------------------------------------------------ */

/* How many fragments of its datagram wait right in front of a packet. */
static uint16_t *run_of(struct rte_mbuf *m)
{
	return &pkt_of(m)->pay_len; /* which means something to receivers alone */
}

/* Addresses, number and, of IPv4, protocol; b is not the first one. */
static bool is_same_v4(const uint8_t *a, const uint8_t *b)
{
	return load_be16(b + offsetof(struct ipv4_wire, frag)) & IPV4_FRAG_OFFSET &&
	       memcmp(a + offsetof(struct ipv4_wire, id), b + offsetof(struct ipv4_wire, id), 2) ==
		       0 &&
	       a[offsetof(struct ipv4_wire, proto)] == b[offsetof(struct ipv4_wire, proto)] &&
	       memcmp(a + IPV4_SRC_OFF, b + IPV4_SRC_OFF, 8) == 0;
}

/* Where the header of the fragment follows that of IPv6, as what we send has it. */
static bool is_same_v6(const uint8_t *a, const uint8_t *b)
{
	const size_t next = offsetof(struct ipv6_wire, next_header);

	return a[next] == IPV6_NEXT_FRAGMENT && b[next] == IPV6_NEXT_FRAGMENT &&
	       load_be16(b + IPV6_HLEN + 2) & 0xfff8 &&
	       memcmp(a + IPV6_HLEN + 4, b + IPV6_HLEN + 4, 4) == 0 &&
	       memcmp(a + IPV6_SRC_OFF, b + IPV6_SRC_OFF, 2 * IPV6_ADDR_LEN) == 0;
}

/* A later fragment of the datagram whose fragments wait last. */
static bool continues(const struct neigh *n, const struct rte_mbuf *m)
{
	const bool six = n->addr.family == AF_INET6;
	const uint16_t least = six ? IPV6_HLEN + IPV6_FRAG_HLEN : IPV4_HLEN;
	const uint8_t *a, *b = rte_pktmbuf_mtod(m, const uint8_t *);

	if (!n->qhead || *run_of(n->qtail) + 1 >= RUN_MAX || m->data_len < least ||
	    n->qtail->data_len < least)
		return false;
	a = rte_pktmbuf_mtod(n->qtail, const uint8_t *);
	return six ? is_same_v6(a, b) : is_same_v4(a, b);
}

/* ---- the queue ------------------------------------------------------------------------------- */

static void append(struct neigh_table *t, struct neigh *n, struct rte_mbuf *m)
{
	bool more = continues(n, m);

	*run_of(m) = more ? (uint16_t)(*run_of(n->qtail) + 1) : 0;
	pkt_of(m)->qnext = NULL;
	n->queued = (uint8_t)(n->queued + !more);
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
	while (n->qhead && *run_of(n->qhead) > 0);
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

	if (!continues(n, m) &&
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
