/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 output: a header in front of what a transport made, or of each fragment of it. RFC 791,
 * RFC 1122 §3.2.1, §3.3.3, RFC 6864 (identification).
 */
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "ip/fragment.h"
#include "mbuf/pool.h"
#include "net/tx.h"
#include "wire/eth.h"
#include "wire/ipv4.h"

#define L4_CSUM_FLAGS (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)

/*
 * RFC 6864: a packet that may not be fragmented needs no number, and 0 tells nobody anything. The
 * others take one that does not come again soon for the same addresses and protocol, from counters
 * that do not tell one peer of another's traffic.
 */
static uint16_t next_id(struct ip_worker *ip, const struct ip_out *out)
{
	uint32_t src, dst;
	uint64_t hash;

	memcpy(&src, out->src, 4);
	memcpy(&dst, out->dst, 4);
	hash = siphash13_2w(&ip->id_key, (uint64_t)src << 32 | dst, out->proto);
	return ip->id[hash % IP_ID_COUNTERS]++;
}

/* What the port is to compute of this packet. */
static void set_offloads(const struct iface *ifc, struct rte_mbuf *m, uint64_t flags)
{
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | flags;
	m->l2_len = ifc->ethernet ? ETH_HLEN : 0;
	m->l3_len = IPV4_HLEN;
}

static inline struct ipv4_view view_of(const struct nsk_worker *w, const struct ip_out *out,
				       uint32_t len, uint16_t id)
{
	return (struct ipv4_view){
		.src = load_be32(out->src),
		.dst = load_be32(out->dst),
		.total_len = (uint16_t)len,
		.id = id,
		.frag = out->df ? IPV4_FRAG_DF : 0,
		.tos = out->tos,
		.ttl = out->ttl ? out->ttl : (uint8_t)SETTING(w->set, ip_ttl),
		.proto = out->proto,
	};
}

/* The header, its checksum done or left to the port. */
static inline void write_header(const struct iface *ifc, struct rte_mbuf *m, uint8_t *header,
				const struct ipv4_view *view)
{
	if (ifc->tx_offloads & PORT_TX_CSUM_IPV4) {
		ipv4_write(header, view);
		set_offloads(ifc, m, RTE_MBUF_F_TX_IP_CKSUM);
	} else {
		ipv4_write_summed(header, view);
		if (m->ol_flags & L4_CSUM_FLAGS)
			set_offloads(ifc, m, 0);
	}
}

static inline bool too_big(const struct iface *ifc, const struct rte_mbuf *m, uint32_t len)
{
	return (len > ifc->mtu && !(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)) || len > IPV4_MAX_LEN;
}

static inline void output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
			  const struct ip_out *out, uint16_t id)
{
	uint32_t len = m->pkt_len + IPV4_HLEN;
	struct ipv4_view view = view_of(w, out, len, id);
	uint8_t *header;

	if (NSK_UNLIKELY(too_big(rc->iface, m, len))) {
		worker_count(w, NSK_CNT_IP_FRAG_FAILS, 1);
		pkt_drop(w, m, NSK_DROP_IP_TOO_BIG);
		return;
	}
	header = (uint8_t *)rte_pktmbuf_prepend(m, IPV4_HLEN);
	if (NSK_UNLIKELY(!header)) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	write_header(rc->iface, m, header, &view);
	net_output(w, rc, m);
}

/* ---- fragments ---- */

static void write_fragment(const struct ip_cutter *c, const struct iface *ifc, struct rte_mbuf *m,
			   uint8_t *p, uint32_t off, uint32_t len, bool more)
{
	struct ipv4_view *view = c->view;

	view->total_len = (uint16_t)(IPV4_HLEN + len);
	view->frag = (uint16_t)(off / 8 | (more ? IPV4_FRAG_MF : 0));
	write_header(ifc, m, p, view);
}

/* A packet that may be fragmented, here if the path as we know it does not take it whole. */
static NSK_NOINLINE void output_numbered(struct nsk_worker *w, const struct route_cache *rc,
					 struct rte_mbuf *m, const struct ip_out *out)
{
	uint32_t mtu = rc->iface->mtu, len = m->pkt_len + IPV4_HLEN;
	uint16_t id = next_id(w->ip, out);
	struct ipv4_view view;

	if (out->mtu)
		mtu = NSK_MIN(mtu, (uint32_t)out->mtu);
	if (NSK_LIKELY(len <= mtu) || len > IPV4_MAX_LEN || m->ol_flags & L4_CSUM_FLAGS) {
		output(w, rc, m, out, id);
		return;
	}
	view = view_of(w, out, len, id);
	ip_output_fragments(
		w, rc, m,
		&(struct ip_cutter){.hdr_len = IPV4_HLEN, .write = write_fragment, .view = &view},
		mtu);
}

/* ---- packets ---- */

void ip_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
	       const struct ip_out *out)
{
	if (NSK_UNLIKELY(out->family == AF_INET6))
		ip6_output(w, rc, m, out);
	else if (NSK_LIKELY(out->df))
		output(w, rc, m, out, 0);
	else
		output_numbered(w, rc, m, out);
}

/* The copy's descriptor is filled as reception would. */
static void describe_looped(const struct route_cache *rc, struct rte_mbuf *m,
			    const struct ip_out *out, uint8_t ttl)
{
	const uint8_t hdr_len = family_of(out->family)->hdr_len;
	const struct ip_addr dst = ip_addr_of(out->family, out->dst);
	struct pkt *p = pkt_of(m);

	*p = (struct pkt){
		.iface = rc->iface->index,
		.family = out->family,
		.proto = out->proto,
		.ttl = ttl,
		.tos = out->tos,
		.flags = PKT_F_L4_CSUM_OK | PKT_F_LOOPED,
		.l3_off = m->data_off,
		.l4_off = (uint16_t)(m->data_off + hdr_len),
		.l4_len = (uint16_t)(m->pkt_len - hdr_len),
	};
	memcpy(p->flow.src, out->src, 16);
	memcpy(p->flow.dst, out->dst, 16);
	p->flags |= ip_addr_is_multicast(&dst) ? PKT_F_IP_MCAST : PKT_F_IP_BCAST;
}

void ip_loop_back(struct nsk_worker *w, const struct route_cache *rc, const struct rte_mbuf *m,
		  const struct ip_out *out)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, w->pool->mp, 0, UINT32_MAX);
	uint8_t ttl;

	if (!copy) {
		worker_count_drop(w, NSK_DROP_RX_NO_BUFFER, 1);
		return;
	}
	copy->ol_flags = 0;
	if (out->family == AF_INET6) {
		ttl = ip6_put_header(w, rc->iface, copy, out);
	} else {
		struct ipv4_view view = view_of(w, out, m->pkt_len + IPV4_HLEN, 0);

		ipv4_write_summed((uint8_t *)rte_pktmbuf_prepend(copy, IPV4_HLEN), &view);
		ttl = view.ttl;
	}
	describe_looped(rc, copy, out, ttl);
	ip_deliver(w, copy);
}

static inline struct ip_out reply_of(const struct flow *to, uint8_t proto, struct ip_manner how)
{
	return (struct ip_out){
		.src = to->dst,
		.dst = to->src,
		.family = how.family,
		.proto = proto,
		.ttl = how.ttl,
		.tos = how.tos,
		.df = true,
	};
}

static NSK_NOINLINE void reply_any(struct nsk_worker *w, const struct route_cache *rc,
				   struct rte_mbuf *m, const struct flow *to, uint8_t proto,
				   struct ip_manner how)
{
	const struct ip_out out = reply_of(to, proto, how);

	ip_output(w, rc, m, &out);
}

/* Where nothing is in the way, both headers in one go. */
void ip_reply(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
	      const struct flow *to, uint8_t proto, struct ip_manner how)
{
	const struct ip_out out = reply_of(to, proto, how);
	uint32_t len = m->pkt_len + IPV4_HLEN;
	struct tx_queue *q = tx_free_way(w, rc, m);
	struct ipv4_view view;

	if (NSK_UNLIKELY(!q) || NSK_UNLIKELY(how.family != AF_INET) ||
	    NSK_UNLIKELY(too_big(rc->iface, m, len)) ||
	    NSK_UNLIKELY(rte_pktmbuf_headroom(m) < ETH_HLEN + IPV4_HLEN)) {
		reply_any(w, rc, m, to, proto, how);
		return;
	}
	view = view_of(w, &out, len, 0);
	write_header(rc->iface, m, tx_push(w, rc, m, IPV4_HLEN), &view);
	tx_append(w, rc->iface, q, m);
}

enum nsk_drop ip_route_drop(int err)
{
	switch (err) {
	case -ENETDOWN:
		return NSK_DROP_TX_LINK_DOWN;
	case -EHOSTUNREACH:
		return NSK_DROP_ARP_UNRESOLVED;
	case -ENOBUFS:
		return NSK_DROP_ARP_TABLE_FULL;
	default:
		return NSK_DROP_IP_NO_ROUTE;
	}
}
