/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP input: echo, and errors about packets of ours. RFC 792, RFC 1122 §3.2.2, RFC 1191, RFC 5927
 * (what an error must quote). Redirects and source quenches are not followed (RFC 6633). Errors
 * that we send: icmp_error.c. What sockets get of it: lib/icmp.
 */
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define GROUP_FLAGS (PKT_F_LINK_BCAST | PKT_F_LINK_MCAST | PKT_F_IP_BCAST | PKT_F_IP_MCAST)

/* Bytes of a message in its first buffer. */
static size_t contiguous(const struct rte_mbuf *m, const struct pkt *p)
{
	return NSK_MIN((size_t)p->l4_len, (size_t)(m->data_len - (p->l4_off - m->data_off)));
}

/* ---- echo ---- */

/* The packet itself if nobody else has it, else a copy; NULL and counted without a buffer. */
static struct rte_mbuf *own_copy(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct rte_mbuf *copy;

	if (NSK_LIKELY(pkt_is_own(m)))
		return m;
	copy = rte_pktmbuf_copy(m, w->pool->mp, 0, UINT32_MAX);
	if (copy) {
		*pkt_of(copy) = *pkt_of(m);
		pkt_of(copy)->l4_off = (uint16_t)(copy->data_off + pkt_of(m)->l4_off - m->data_off);
		pkt_put(w, m);
	} else {
		pkt_drop(w, m, NSK_DROP_RX_NO_BUFFER);
	}
	return copy;
}

/* Nothing to the stack itself: a loss where no socket has taken it. */
static void not_ours(struct nsk_worker *w, struct rte_mbuf *m, enum nsk_drop reason, bool taken)
{
	if (taken)
		pkt_put(w, m);
	else
		pkt_drop(w, m, reason);
}

static void answer_echo(struct nsk_worker *w, struct rte_mbuf *m, bool taken)
{
	struct pkt *p = pkt_of(m);
	struct ip_addr to = ip_addr_v4(p->flow.src), from = ip_addr_v4(p->flow.dst);
	struct ip_out out = {
		.src = from.b,
		.dst = to.b,
		.family = AF_INET,
		.proto = IP_PROTO_ICMP,
		.tos = p->tos, /* RFC 1122 §3.2.2.6 by way of §3.2.1.6 */
	};
	struct route_cache rc;
	int err;

	if ((p->flags & GROUP_FLAGS) || !SETTING(w->set, icmp_echo)) {
		not_ours(w, m,
			 p->flags & GROUP_FLAGS ? NSK_DROP_ICMP_BROADCAST_ECHO
						: NSK_DROP_ICMP_UNKNOWN_TYPE,
			 taken);
		return;
	}
	err = net_route(w, &rc, &to, &from);
	if (err) {
		pkt_drop(w, m, ip_route_drop(err));
		return;
	}
	m = own_copy(w, m);
	if (!m)
		return;
	p = pkt_of(m);
	icmp_echo_to_reply(pkt_at(m, p->l4_off));
	rte_pktmbuf_adj(m, (uint16_t)(p->l4_off - m->data_off));
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL; /* what reception said is over */
	worker_count(w, NSK_CNT_ICMP_ECHO_REPLIES, 1);
	ip_output(w, &rc, m, &out);
}

/* ---- errors ---- */

int icmp_errno(uint8_t type, uint8_t code, bool *hard)
{
	static const uint8_t unreachable[] = {
		ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED, EMSGSIZE,     EOPNOTSUPP,
		ENETUNREACH,  EHOSTDOWN,    ENONET,	  ENETUNREACH,	EHOSTUNREACH, ENETUNREACH,
		EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
	};

	*hard = false;
	switch (type) {
	case ICMP_UNREACHABLE:
		*hard = code == ICMP_UNREACH_PROTO || code == ICMP_UNREACH_PORT;
		return code < NSK_ARRAY_LEN(unreachable) ? unreachable[code] : EHOSTUNREACH;
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	case ICMP_PARAMETER_PROBLEM:
		return EPROTO;
	default:
		return 0;
	}
}

/* What may pass, as Linux has it: net, host and source route unreachable, for a type of service or
 * not, and time exceeded. */
static bool is_soft(uint8_t type, uint8_t code)
{
	const unsigned codes = 1u << 0 | 1u << 1 | 1u << 5 | 1u << 11 | 1u << 12;

	return type == ICMP_TIME_EXCEEDED ||
	       (type == ICMP_UNREACHABLE && code < 32 && codes >> code & 1);
}

/*
 * The MTU that a "fragmentation needed" proves, held at the floor; 0: it proves nothing, since the
 * packet would have fitted. Routers older than RFC 1191 name none: then the next plateau below the
 * packet's size (§7.1 there).
 */
static uint16_t proven_mtu(const struct icmp_view *icmp, const struct icmp_quote *quote)
{
	static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508};
	uint16_t mtu = icmp_mtu(icmp);

	for (unsigned i = 0; mtu == 0; i++)
		if (i + 1 == NSK_ARRAY_LEN(plateaus) || plateaus[i] < quote->ip.total_len)
			mtu = plateaus[i];
	if (mtu >= quote->ip.total_len)
		return 0;
	return NSK_MAX(mtu, (uint16_t)IPV4_PMTU_FLOOR);
}

/* The flow of a packet of ours as we receive it: the peer first. */
static void reverse(struct flow *to, const struct flow *from)
{
	memcpy(to->src, from->dst, 16);
	memcpy(to->dst, from->src, 16);
	to->sport_be = from->dport_be;
	to->dport_be = from->sport_be;
}

static void quoted_flow(struct flow *flow, const struct icmp_quote *quote)
{
	memset(flow, 0, sizeof(*flow));
	store_be32(flow->src, quote->ip.src);
	store_be32(flow->dst, quote->ip.dst);
	store_be16(&flow->sport_be, quote->sport);
	store_be16(&flow->dport_be, quote->dport);
}

/* Fills e from an error that quotes a packet of ours; else the reason to drop it. */
static enum nsk_drop judge_error(const struct nsk_worker *w, const struct pkt *p,
				 const struct icmp_view *icmp, const struct icmp_quote *quote,
				 struct flow *flow, struct ip_error *e)
{
	quoted_flow(flow, quote);
	if ((p->flags & GROUP_FLAGS) || memcmp(flow->src, p->flow.dst, 16) != 0)
		return NSK_DROP_ICMP_BAD_QUOTE; /* it went not to whom it quotes */
	if (!w->ip->protos[quote->ip.proto] || !w->ip->protos[quote->ip.proto]->error)
		return NSK_DROP_ICMP_BAD_QUOTE;
	*e = (struct ip_error){
		.flow = flow,
		.family = AF_INET,
		.type = icmp->type,
		.code = icmp->code,
		.from = p->flow.src,
		.quote = quote->l4,
		.quote_len = (uint16_t)quote->l4_len,
	};
	e->err = icmp_errno(icmp->type, icmp->code, &e->hard);
	e->soft = is_soft(icmp->type, icmp->code);
	if (icmp->type == ICMP_UNREACHABLE && icmp->code == ICMP_UNREACH_NEEDFRAG) {
		e->mtu = proven_mtu(icmp, quote);
		if (!e->mtu)
			return NSK_DROP_ICMP_BAD_QUOTE;
	}
	return NSK_DROP_NONE;
}

static enum shared_proto shared_of(uint8_t proto)
{
	return proto == IP_PROTO_TCP ? SHARED_TCP : SHARED_UDP;
}

/* An error goes first to the only user of the port that it is about, else to its flow's home. ICMP
 * sockets have been asked on each worker. True: m is gone. */
static bool goes_home(struct nsk_worker *w, struct rte_mbuf *m, const struct flow *as_received,
		      uint8_t proto)
{
	uint16_t owner;
	int only;

	if (w->peers == 1 || pkt_of(m)->flags & PKT_F_STEERED || proto == IP_PROTO_ICMP)
		return false;
	/* Home knows where a connection has moved. */
	only = __atomic_load_n(&w->shared->moves, __ATOMIC_RELAXED)
		       ? -1
		       : shared_port_only(w->shared, shared_of(proto),
					  load_be16(&as_received->dport_be));
	owner = only >= 0 ? (uint16_t)only : w->ops->flow_owner(w, as_received);
	if (owner == w->id)
		return false;
	w->ops->steer(w, owner, m);
	return true;
}

/* And then round the other workers that have the port bound. True: m is gone. */
static bool goes_round(struct nsk_worker *w, struct rte_mbuf *m, const struct flow *as_received,
		       uint8_t proto)
{
	int next;

	if (w->peers == 1 || (proto != IP_PROTO_TCP && proto != IP_PROTO_UDP))
		return false;
	next = shared_port_next(w->shared, shared_of(proto), load_be16(&as_received->dport_be),
				w->id, w->ops->flow_owner(w, as_received), w->peers);
	if (next < 0)
		return false;
	w->ops->steer(w, (uint16_t)next, m);
	return true;
}

/* Decodes the quote of an error that can be read, into e and what it points to. */
static enum nsk_drop decode_error(const struct nsk_worker *w, struct rte_mbuf *m,
				  const struct icmp_view *icmp, struct icmp_quote *quote,
				  struct flow *flow, struct ip_error *e)
{
	struct pkt *p = pkt_of(m);
	enum nsk_drop bad;

	bad = icmp_quote_parse(pkt_at(m, p->l4_off) + ICMP_HLEN, contiguous(m, p) - ICMP_HLEN,
			       quote);
	return bad ? bad : judge_error(w, p, icmp, quote, flow, e);
}

static void error_input(struct nsk_worker *w, struct rte_mbuf *m, const struct icmp_view *icmp,
			bool taken)
{
	struct flow flow, as_received;
	struct icmp_quote quote;
	struct ip_error e;
	int elsewhere = -1;
	enum nsk_drop bad = decode_error(w, m, icmp, &quote, &flow, &e);

	if (bad) {
		pkt_drop(w, m, bad);
		return;
	}
	reverse(&as_received, &flow);
	if (goes_home(w, m, &as_received, quote.ip.proto))
		return;
	e.elsewhere = &elsewhere;
	if (!w->ip->protos[quote.ip.proto]->error(w, &e)) {
		if (elsewhere >= 0) {
			w->ops->steer(w, (uint16_t)elsewhere, m);
			return;
		}
		if (goes_round(w, m, &as_received, quote.ip.proto))
			return;
		/* It may be about what a socket has sent that does not want to know. */
		if (!taken && quote.ip.proto != IP_PROTO_UDP) {
			pkt_drop(w, m, NSK_DROP_ICMP_BAD_QUOTE);
			return;
		}
	}
	worker_count(w, NSK_CNT_ICMP_ERRORS_RECEIVED, 1);
	pkt_put(w, m);
}

static bool reports_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER_PROBLEM;
}

bool icmp_tell(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct icmp_quote quote;
	struct icmp_view icmp;
	struct ip_error e;
	struct flow flow;

	return icmp_decode(m, &icmp) == 0 && reports_error(icmp.type) &&
	       decode_error(w, m, &icmp, &quote, &flow, &e) == 0 &&
	       quote.ip.proto == IP_PROTO_ICMP && w->ip->protos[IP_PROTO_ICMP]->error(w, &e);
}

void icmp_unreachable_here(struct nsk_worker *w, struct rte_mbuf *m)
{
	const struct ip_proto *proto;
	struct icmp_quote quote;
	struct flow flow;
	struct ip_error e;

	if (icmp_quote_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &quote))
		return;
	proto = w->ip->protos[quote.ip.proto];
	if (!proto || !proto->error)
		return;
	quoted_flow(&flow, &quote);
	e = (struct ip_error){
		.flow = &flow,
		.family = AF_INET,
		.type = ICMP_UNREACHABLE,
		.code = ICMP_UNREACH_HOST,
		.err = EHOSTUNREACH,
		.soft = true,
		.local = true,
		.from = flow.src,
		.quote = quote.l4,
		.quote_len = (uint16_t)quote.l4_len,
	};
	proto->error(w, &e);
}

/* ---- input ---- */

bool icmp_readable(struct rte_mbuf *m)
{
	return contiguous(m, pkt_of(m)) >= ICMP_HLEN;
}

enum nsk_drop icmp_decode(struct rte_mbuf *m, struct icmp_view *v)
{
	struct pkt *p = pkt_of(m);
	enum nsk_drop bad = icmp_parse(pkt_at(m, p->l4_off), contiguous(m, p), WIRE_CSUM_DONE, v);

	if (!bad &&
	    csum_finish(ip_chain_sum(m, (uint32_t)(p->l4_off - m->data_off), p->l4_len, 0)) != 0)
		bad = NSK_DROP_ICMP_CHECKSUM;
	return bad;
}

void icmp_input(struct nsk_worker *w, struct rte_mbuf *m, bool taken)
{
	struct icmp_view icmp;
	enum nsk_drop bad = icmp_decode(m, &icmp);

	if (bad)
		pkt_drop(w, m, bad);
	else if (icmp.type == ICMP_ECHO)
		answer_echo(w, m, taken);
	else if (reports_error(icmp.type))
		error_input(w, m, &icmp, taken);
	else if (icmp.type == ICMP_REDIRECT || icmp.type == ICMP_SOURCE_QUENCH)
		not_ours(w, m, NSK_DROP_ICMP_IGNORED, taken);
	else
		not_ours(w, m, NSK_DROP_ICMP_UNKNOWN_TYPE, taken);
}
