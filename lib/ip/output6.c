/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 output: a header in front of what a transport made. RFC 8200 §3, RFC 6437 (flow labels).
 * Nothing is fragmented: transports keep to the MTU.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "wire/eth.h"
#include "wire/ipv6.h"

#define LABEL_BITS 0xfffff

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

static bool too_big(const struct iface *ifc, const struct rte_mbuf *m)
{
	return (m->pkt_len + IPV6_HLEN > ifc->mtu && !(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)) ||
	       m->pkt_len > IPV6_MAX_PAYLOAD;
}

static struct ipv6_view view_of(const struct nsk_worker *w, const struct rte_mbuf *m,
				const struct ip_out *out)
{
	return (struct ipv6_view){
		.src = out->src,
		.dst = out->dst,
		.flow_label = flow_label(w->ip, m, out),
		.payload_len = (uint16_t)m->pkt_len,
		.traffic_class = out->tos,
		.next_header = out->proto,
		.hop_limit = out->ttl ? out->ttl : (uint8_t)SETTING(w->set, ip_ttl),
	};
}

void ip6_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
		const struct ip_out *out)
{
	struct ipv6_view view;
	uint8_t *header;

	if (NSK_UNLIKELY(too_big(rc->iface, m))) {
		pkt_drop(w, m, NSK_DROP_IP_TOO_BIG);
		return;
	}
	view = view_of(w, m, out);
	header = (uint8_t *)rte_pktmbuf_prepend(m, IPV6_HLEN);
	if (NSK_UNLIKELY(!header)) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	ipv6_write(header, &view);
	if (m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV6;
		m->l2_len = rc->iface->ethernet ? ETH_HLEN : 0;
		m->l3_len = IPV6_HLEN;
	}
	net_output(w, rc, m);
}
