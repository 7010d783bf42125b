/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors that we send, and when not. RFC 1122 §3.2.2, RFC 1812 §4.3.2, RFC 4443 §2.4 (what to
 * quote, when to keep quiet, how often).
 */
#include <string.h>

#include <rte_mbuf.h>

#include "ip/icmp_kind.h"
#include "mbuf/pool.h"
#include "wire/ipv4.h"
#include "wire/ipv6_ext.h"

#define GROUP_FLAGS (PKT_F_LINK_BCAST | PKT_F_LINK_MCAST | PKT_F_IP_BCAST | PKT_F_IP_MCAST)
#define NS_PER_SEC  UINT64_C(1000000000)

/* IPv6's are noted where the packet is taken apart: a later fragment comes to no transport. */
static bool is_later_fragment(struct rte_mbuf *m, const struct pkt *p)
{
	const uint8_t *header = pkt_at(m, p->l3_off);

	return p->family == AF_INET &&
	       load_be16(header + offsetof(struct ipv4_wire, frag)) & IPV4_FRAG_OFFSET;
}

/* Whether an IPv6 packet is an ICMPv6 message of a type that may not be answered, which may stand
 * behind the very header that is complained of. */
static bool is_error_v6(struct rte_mbuf *m, const struct pkt *p, bool (*may_answer)(uint8_t))
{
	const uint8_t *header = pkt_at(m, p->l3_off);
	size_t len = m->data_len - (size_t)(p->l3_off - m->data_off), at;
	uint8_t number;

	at = ipv6_find_transport(header, len, &number);
	return at && number == IP_PROTO_ICMPV6 && !may_answer(header[at]);
}

/*
 * RFC 1122 §3.2.2: no error about an ICMP error (nor about an ICMP message of a type we do not
 * know), a packet for many, a later fragment, or a source that is no single host (such packets do
 * not come this far). RFC 4443 §2.4 (e.3): an option that may not be passed over is complained of
 * even if it came to a group.
 */
static bool may_answer(struct rte_mbuf *m, const struct pkt *p, enum ip_complaint what)
{
	const struct icmp_kind *kind = icmp_kind_of(p->family);
	bool (*may)(uint8_t) = what >= IP_COMPLAINT_HOPS ? kind->may_answer_others
							 : kind->may_answer;
	const uint8_t *type;
	uint8_t copy;

	if ((p->flags & GROUP_FLAGS && what != IP_COMPLAINT_OPTION) || is_later_fragment(m, p))
		return false;
	if (p->family == AF_INET6)
		return !is_error_v6(m, p, may);
	if (p->proto != kind->proto)
		return true;
	type = rte_pktmbuf_read(m, (uint32_t)(p->l4_off - m->data_off), 1, &copy);
	return p->l4_len > 0 && type && may(*type);
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

/* The message: header, and as much of the packet as the family allows (RFC 1812 §4.3.2.3: 576 bytes
 * in all, RFC 4443 §2.4 (c): the minimum MTU) and one buffer holds. */
static bool build(struct rte_mbuf *out, struct rte_mbuf *m, const struct icmp_kind *kind,
		  const struct icmp_view *icmp)
{
	uint32_t from = (uint32_t)(pkt_of(m)->l3_off - m->data_off);
	uint32_t room = NSK_MIN((uint32_t)kind->quote_max,
				(uint32_t)(rte_pktmbuf_tailroom(out) - ICMP_HLEN));
	uint16_t len = (uint16_t)NSK_MIN(m->pkt_len - from, room);
	uint8_t *body = (uint8_t *)rte_pktmbuf_append(out, (uint16_t)(ICMP_HLEN + len));
	const uint8_t *quote;

	if (!body)
		return false;
	icmp_write(body, icmp);
	quote = rte_pktmbuf_read(m, from, len, body + ICMP_HLEN);
	if (quote != body + ICMP_HLEN) /* it lies in one piece */
		memcpy(body + ICMP_HLEN, quote, len);
	return true;
}

static void set_checksum(struct rte_mbuf *out, const struct icmp_kind *kind,
			 const struct ip_addr *from, const struct ip_addr *to)
{
	uint8_t *message = rte_pktmbuf_mtod(out, uint8_t *);
	uint32_t sum = kind->family == AF_INET6 ? ip_pseudo_sum(kind->family, from->b, to->b,
								kind->proto, out->pkt_len)
						: 0;

	icmp_store_checksum(message, wire_checksum(message, out->pkt_len, sum));
}

/* The way back to the sender, from the address that was meant or, if that was a group or somebody
 * else's, one of ours. */
static int way_back(struct nsk_worker *w, const struct pkt *p, struct route_cache *rc,
		    const struct ip_addr *to, struct ip_addr *from)
{
	bool meant = !(p->flags & GROUP_FLAGS);
	bool ours = meant && net_local(w, from->b, from->family);

	if (!meant || (!ours && scope_has(to)))
		net_choose_source(w, p->iface, to, from);
	else if (!ours)
		*from = ip_addr_any(from->family);
	return icmp_way_back(w, p, rc, to, from);
}

void icmp_error_output(struct nsk_worker *w, struct rte_mbuf *m, enum ip_complaint what,
		       uint32_t info)
{
	struct pkt *p = pkt_of(m);
	const struct icmp_kind *kind = icmp_kind_of(p->family);
	struct ip_addr to = ip_addr_of(p->family, p->flow.src);
	struct ip_addr from = ip_addr_of(p->family, p->flow.dst);
	const struct icmp_view icmp = {
		.type = kind->sends[what].type, .code = kind->sends[what].code, .rest = info};
	struct route_cache rc;
	struct rte_mbuf *out;

	if (!may_answer(m, p, what))
		return;
	if (!rate_allows(w)) {
		worker_count_drop(w, NSK_DROP_ICMP_RATE_LIMITED, 1);
		return;
	}
	if (way_back(w, p, &rc, &to, &from))
		return;
	out = pkt_alloc(w);
	if (!out || !build(out, m, kind, &icmp)) {
		rte_pktmbuf_free(out);
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return;
	}
	set_checksum(out, kind, &from, &to);
	worker_count(w, NSK_CNT_ICMP_ERRORS_SENT, 1);
	ip_output(w, &rc, out,
		  &(struct ip_out){
			  .src = from.b,
			  .dst = to.b,
			  .family = kind->family,
			  .proto = kind->proto,
			  .tos = kind->tos,
		  });
}
