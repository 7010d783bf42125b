/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet of TCP's back to where a flow came from, in line: where nothing is in the way, link and
 * IP header are written in one go. What is in the way is ip_reply()'s. RFC 791, RFC 6864 (a packet
 * that may not be fragmented needs no identification).
 */
#ifndef NSK_IP_REPLY_H
#define NSK_IP_REPLY_H

#include "ip/ip.h"
#include "net/tx.h"
#include "wire/eth.h"
#include "wire/ipv4.h"

/* Transmit queue of a way, with room for a packet; else NULL. */
static inline struct tx_queue *ip_queue(const struct nsk_worker *w, const struct route_cache *rc)
{
	struct tx_queue *q = w->net->tx[rc->iface->index];

	return NSK_LIKELY(q && q->tail != q->size) ? q : NULL;
}

/* An IPv4 packet with len bytes behind its header can leave along rc as it is: link up, neighbour
 * known, no work for the port. */
static inline bool ip_way_open(const struct route_cache *rc, uint32_t len)
{
	const struct iface *ifc = rc->iface;
	const uint32_t work = PORT_TX_CSUM_IPV4 | PORT_TX_CSUM_L4;

	return NSK_LIKELY(tx_may_send(ifc)) && NSK_LIKELY(rc->neigh != NULL) &&
	       NSK_LIKELY(rc->neigh->state == NEIGH_REACHABLE) &&
	       NSK_LIKELY(!(ifc->tx_offloads & work)) && NSK_LIKELY(len + IPV4_HLEN <= ifc->mtu);
}

/*
 * IPv4. m is fresh: one buffer, what the transport wrote (len bytes, all sums done) stands where
 * its data begins, and its lengths are not set. The way is open, q: ip_queue() of it. Consumes m.
 */
static NSK_ALWAYS_INLINE void ip_reply_open(struct nsk_worker *w, const struct route_cache *rc,
					    struct tx_queue *q, struct rte_mbuf *m, uint32_t len,
					    const struct flow *to, uint8_t proto,
					    struct ip_manner how)
{
	const struct ipv4_view view = {
		.src = load_be32(to->dst),
		.dst = load_be32(to->src),
		.total_len = (uint16_t)(IPV4_HLEN + len),
		.frag = IPV4_FRAG_DF,
		.tos = how.tos,
		.ttl = how.ttl ? how.ttl : (uint8_t)SETTING(w->set, ip_ttl),
		.proto = proto,
	};
	uint8_t *frame = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM - IPV4_HLEN - ETH_HLEN;

	rc->neigh->used_ns = w->now_ns;
	memcpy(frame, rc->neigh->header, ETH_HLEN);
	ipv4_write_summed(frame + ETH_HLEN, &view);
	m->data_off = RTE_PKTMBUF_HEADROOM - IPV4_HLEN - ETH_HLEN;
	m->data_len = (uint16_t)(ETH_HLEN + IPV4_HLEN + len);
	m->pkt_len = ETH_HLEN + IPV4_HLEN + len;
	tx_append(w, rc->iface, q, m);
}

#endif
