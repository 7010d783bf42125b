/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 output: a header in front of what a transport made. RFC 8200 §3, RFC 6437 (flow labels).
 * Fragments: RFC 8200 §4.5.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "ip/fragment.h"
#include "mbuf/pool.h"
#include "wire/eth.h"
#include "wire/ipv6_ext.h"

#define LABEL_BITS    0xfffff
#define L4_CSUM_FLAGS (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)

/*
 * RFC 6437 §3: the same for all packets of a flow, and nothing that could be guessed of another's.
 * Ports are the first four bytes of what TCP and UDP have written.
 */
static uint32_t flow_label(const struct ip_worker *ip, const struct rte_mbuf *m,
			   const struct ip_out *out)
{
	struct {
		uint8_t src[16], dst[16];
		uint32_t ports, proto;
	} flow = {.proto = out->proto};

	memcpy(flow.src, out->src, 16);
	memcpy(flow.dst, out->dst, 16);
	if (out->proto == IP_PROTO_TCP || out->proto == IP_PROTO_UDP)
		memcpy(&flow.ports, rte_pktmbuf_mtod(m, const uint8_t *), 4);
	return (uint32_t)siphash13(&ip->id_key, &flow, sizeof(flow)) & LABEL_BITS;
}

/* RFC 4861 §6.3.2: as routers of the link say, else the setting. */
static uint8_t hop_limit(const struct nsk_worker *w, const struct iface *ifc)
{
	uint8_t told = __atomic_load_n(&ifc->hop_limit, __ATOMIC_RELAXED);

	return told ? told : (uint8_t)SETTING(w->set, ip_ttl);
}

static struct ipv6_view view_of(const struct nsk_worker *w, const struct iface *ifc,
				const struct rte_mbuf *m, const struct ip_out *out)
{
	return (struct ipv6_view){
		.src = out->src,
		.dst = out->dst,
		.flow_label = flow_label(w->ip, m, out),
		.payload_len = (uint16_t)m->pkt_len,
		.traffic_class = out->tos,
		.next_header = out->proto,
		.hop_limit = out->ttl ? out->ttl : hop_limit(w, ifc),
	};
}

/* ---- fragments ------------------------------------------------------------------------------- */

/* What all fragments of a datagram have: the header, and number and protocol for theirs. */
struct fragmented {
	struct ipv6_view ip;
	uint32_t id;
	uint8_t proto;
};

static void write_fragment(const struct ip_cutter *c, const struct iface *ifc, struct rte_mbuf *m,
			   uint8_t *p, uint32_t off, uint32_t len, bool more)
{
	struct fragmented *f = c->view;

	(void)ifc;
	(void)m;
	f->ip.payload_len = (uint16_t)(IPV6_FRAG_HLEN + len);
	ipv6_write(p, &f->ip);
	p += IPV6_HLEN;
	p[0] = f->proto;
	p[1] = 0;
	store_be16(p + 2, (uint16_t)(off | more));
	store_be32(p + 4, f->id);
}

/* RFC 8200 §4.5: the sender alone fragments. The number is one that nobody can guess (RFC 7739). */
static NSK_NOINLINE void output_fragments(struct nsk_worker *w, const struct route_cache *rc,
					  struct rte_mbuf *m, const struct ip_out *out,
					  uint32_t mtu)
{
	struct fragmented f = {
		.ip = view_of(w, rc->iface, m, out), .id = rng_u32(&w->rng), .proto = out->proto};

	f.ip.next_header = IPV6_NEXT_FRAGMENT;
	ip_output_fragments(w, rc, m,
			    &(struct ip_cutter){.hdr_len = IPV6_HLEN + IPV6_FRAG_HLEN,
						.write = write_fragment,
						.view = &f},
			    mtu);
}

uint8_t ip6_put_header(struct nsk_worker *w, const struct iface *ifc, struct rte_mbuf *m,
		       const struct ip_out *out)
{
	const struct ipv6_view view = view_of(w, ifc, m, out);

	ipv6_write((uint8_t *)rte_pktmbuf_prepend(m, IPV6_HLEN), &view);
	return view.hop_limit;
}

/* ---- packets --------------------------------------------------------------------------------- */

static void output_whole(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
			 const struct ip_out *out)
{
	const struct ipv6_view view = view_of(w, rc->iface, m, out);
	uint8_t *header = (uint8_t *)rte_pktmbuf_prepend(m, IPV6_HLEN);

	if (NSK_UNLIKELY(!header)) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	ipv6_write(header, &view);
	if (m->ol_flags & L4_CSUM_FLAGS) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV6;
		m->l2_len = rc->iface->ethernet ? ETH_HLEN : 0;
		m->l3_len = IPV6_HLEN;
	}
	net_output(w, rc, m);
}

/* A datagram whose checksum the port is to compute goes whole or not at all. */
static bool may_be_cut(const struct rte_mbuf *m, const struct ip_out *out)
{
	return !out->df && m->pkt_len <= IPV6_MAX_PAYLOAD && !(m->ol_flags & L4_CSUM_FLAGS);
}

void ip6_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
		const struct ip_out *out)
{
	uint32_t mtu = iface_mtu(rc->iface, AF_INET6), len = m->pkt_len + IPV6_HLEN;

	if (!out->df && out->mtu)
		mtu = NSK_MIN(mtu, (uint32_t)out->mtu);
	if (NSK_LIKELY(len <= mtu || m->ol_flags & RTE_MBUF_F_TX_TCP_SEG))
		output_whole(w, rc, m, out);
	else if (may_be_cut(m, out))
		output_fragments(w, rc, m, out, mtu);
	else
		pkt_drop(w, m, NSK_DROP_IP_TOO_BIG);
}
