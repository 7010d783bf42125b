/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors that we send, and when not. RFC 1122 §3.2.2, RFC 1812 §4.3.2 (what to quote, when to
 * keep quiet, how often).
 */
#include <string.h>

#include <rte_mbuf.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define GROUP_FLAGS (PKT_F_LINK_BCAST | PKT_F_LINK_MCAST | PKT_F_IP_BCAST | PKT_F_IP_MCAST)
#define TOS_CONTROL 0xc0 /* RFC 1812 §4.3.2.5: precedence internetwork control */
#define NS_PER_SEC  UINT64_C(1000000000)

/*
 * RFC 1122 §3.2.2: no error about an ICMP error (nor about an ICMP message of a type we do not
 * know), a packet for many, a later fragment, or a source that is no single host (such packets do
 * not come this far).
 */
static bool may_answer(struct rte_mbuf *m, const struct pkt *p)
{
	const uint8_t *header = pkt_at(m, p->l3_off);

	if (p->family != AF_INET || (p->flags & GROUP_FLAGS))
		return false;
	if (load_be16(header + offsetof(struct ipv4_wire, frag)) & IPV4_FRAG_OFFSET)
		return false;
	if (p->proto != IP_PROTO_ICMP)
		return true;
	return p->l4_len > 0 && *pkt_at(m, p->l4_off) == ICMP_ECHO;
}

/* One bucket for all peers; how deep it is changes, so that nobody can tell by it what others get
 * (CVE-2020-25705). */
static bool rate_allows(struct nsk_worker *w)
{
	uint32_t rate = SETTING(w->set, icmp_rate);
	uint32_t burst = NSK_MAX(SETTING(w->set, icmp_burst), 1u);

	return rate > 0 && limiter_allow_fuzzy(&w->ip->errors, w->now_ns, NS_PER_SEC / rate, burst,
					       rng_u32(&w->rng));
}

/* The message: header, and as much of the packet as fits 576 bytes and lies in its first buffer. */
static bool build(struct rte_mbuf *out, struct rte_mbuf *m, const struct icmp_view *icmp)
{
	const struct pkt *p = pkt_of(m);
	uint16_t len = NSK_MIN((uint16_t)(m->data_len - (p->l3_off - m->data_off)),
			       (uint16_t)ICMP_QUOTE_MAX);
	uint8_t *body = (uint8_t *)rte_pktmbuf_append(out, (uint16_t)(ICMP_HLEN + len));

	if (!body)
		return false;
	icmp_write(body, icmp);
	memcpy(body + ICMP_HLEN, pkt_at(m, p->l3_off), len);
	icmp_set_checksum(body, (size_t)ICMP_HLEN + len);
	return true;
}

void icmp_error_output(struct nsk_worker *w, struct rte_mbuf *m, uint8_t type, uint8_t code,
		       uint32_t info)
{
	struct pkt *p = pkt_of(m);
	struct ip_addr to = ip_addr_v4(p->flow.src), from = ip_addr_v4(p->flow.dst);
	const struct icmp_view icmp = {.type = type, .code = code, .rest = info};
	struct route_cache rc;
	struct rte_mbuf *out;

	if (!may_answer(m, p))
		return;
	if (!rate_allows(w)) {
		worker_count_drop(w, NSK_DROP_ICMP_RATE_LIMITED, 1);
		return;
	}
	if (net_route(w, &rc, &to, &from))
		return;
	out = pkt_alloc(w);
	if (!out || !build(out, m, &icmp)) {
		rte_pktmbuf_free(out);
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return;
	}
	worker_count(w, NSK_CNT_ICMP_ERRORS_SENT, 1);
	ip_output(w, &rc, out,
		  &(struct ip_out){
			  .src = from.b,
			  .dst = to.b,
			  .family = AF_INET,
			  .proto = IP_PROTO_ICMP,
			  .tos = TOS_CONTROL,
		  });
}
