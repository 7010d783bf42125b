/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP input, of both families: echo, and errors about packets of ours. RFC 792, RFC 1122 §3.2.2,
 * RFC 1191, RFC 4443, RFC 5927 (what an error must quote). Neighbour discovery
 * and MLD go to lib/net.
 * Redirects and source quenches are not followed (RFC 6633). Errors that we send: icmp_error.c.
 * What sockets get of it: lib/icmp.
 */
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "ip/icmp_kind.h"
#include "ip/punt.h"
#include "mbuf/pool.h"
#include "net/nd.h"
#include "net/pmtu.h"
#include "net/report.h"
#include "wire/icmp6.h"
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
	if (ip_punted(w, m))
		return;
	if (taken)
		pkt_put(w, m);
	else
		pkt_drop(w, m, reason);
}

/* The message becomes its own reply: type and checksum change, nothing else (RFC 1122 §3.2.2.6). */
static void make_reply(struct rte_mbuf *m, const struct icmp_kind *kind, const struct ip_addr *from,
		       const struct ip_addr *to)
{
	const struct pkt *p = pkt_of(m);
	uint8_t *message = pkt_at(m, p->l4_off);
	uint32_t sum;

	if (kind->family == AF_INET) {
		icmp_echo_to_reply(message);
		return;
	}
	/* The sum has the addresses in it, and that of a group gives way to one of ours. */
	sum = ip_pseudo_sum(kind->family, from->b, to->b, kind->proto, p->l4_len);
	message[0] = kind->echo_reply;
	icmp_store_checksum(message, 0);
	icmp_store_checksum(
		message,
		csum_finish(ip_chain_sum(m, (uint32_t)(p->l4_off - m->data_off), p->l4_len, sum)));
}

static bool echo_is_answered(const struct nsk_worker *w, const struct pkt *p,
			     const struct icmp_kind *kind)
{
	return SETTING(w->set, icmp_echo) && (!(p->flags & GROUP_FLAGS) || kind->group_echo);
}

static void answer_echo(struct nsk_worker *w, struct rte_mbuf *m, const struct icmp_kind *kind,
			bool taken)
{
	struct pkt *p = pkt_of(m);
	bool group = p->flags & GROUP_FLAGS;
	struct ip_addr to = ip_addr_of(p->family, p->flow.src);
	struct ip_addr from = ip_addr_of(p->family, p->flow.dst);
	struct ip_out out = {
		.src = from.b,
		.dst = to.b,
		.family = p->family,
		.proto = kind->proto,
		.tos = p->tos, /* RFC 1122 §3.2.2.6 by way of §3.2.1.6 */
	};
	struct route_cache rc;
	int err;

	if (!echo_is_answered(w, p, kind)) {
		not_ours(w, m, group ? NSK_DROP_ICMP_BROADCAST_ECHO : NSK_DROP_ICMP_UNKNOWN_TYPE,
			 taken);
		return;
	}
	if (group)
		net_choose_source(w, p->iface, &to, &from);
	err = icmp_way_back(w, p, &rc, &to, &from);
	if (err) {
		pkt_drop(w, m, ip_route_drop(err));
		return;
	}
	out.mtu = (uint16_t)NSK_MIN(pmtu_to(w, &to, iface_mtu(rc.iface, to.family), false),
				    (uint32_t)UINT16_MAX);
	m = own_copy(w, m);
	if (!m)
		return;
	p = pkt_of(m);
	make_reply(m, kind, &from, &to);
	rte_pktmbuf_adj(m, (uint16_t)(p->l4_off - m->data_off));
	pkt_forget_offloads(m);
	worker_count(w, NSK_CNT_ICMP_ECHO_REPLIES, 1);
	ip_output(w, &rc, m, &out);
}

/* ---- errors ---- */

/*
 * The MTU that a "too big" proves, held at the family's floor; 0: it proves nothing, since the
 * packet would have fitted, or no link of the family's is that small. Routers older than RFC 1191
 * name none: then the next plateau below the packet's size (§7.1 there).
 */
static uint16_t proven_mtu(const struct icmp_kind *kind, uint32_t mtu,
			   const struct icmp_quote *quote)
{
	static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508};

	if (mtu < kind->too_big_least)
		return 0;
	for (unsigned i = 0; mtu == 0; i++)
		if (i + 1 == NSK_ARRAY_LEN(plateaus) || plateaus[i] < quote->total_len)
			mtu = plateaus[i];
	if (mtu >= quote->total_len)
		return 0;
	return (uint16_t)NSK_MAX(mtu, (uint32_t)kind->too_big_floor);
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
	memcpy(flow->src, quote->src, 16);
	memcpy(flow->dst, quote->dst, 16);
	store_be16(&flow->sport_be, quote->sport);
	store_be16(&flow->dport_be, quote->dport);
}

/* Fills e from an error that quotes a packet of ours; else the reason to drop it. */
static enum nsk_drop judge_error(const struct nsk_worker *w, const struct pkt *p,
				 const struct icmp_view *icmp, const struct icmp_quote *quote,
				 struct flow *flow, struct ip_error *e)
{
	const struct icmp_kind *kind = icmp_kind_of(p->family);
	uint32_t mtu;

	quoted_flow(flow, quote);
	if ((p->flags & GROUP_FLAGS) || memcmp(flow->src, p->flow.dst, 16) != 0)
		return NSK_DROP_ICMP_BAD_QUOTE; /* it went not to whom it quotes */
	if (!ip_error_fn(w, p->family, quote->proto))
		return NSK_DROP_ICMP_BAD_QUOTE;
	*e = (struct ip_error){
		.flow = flow,
		.family = p->family,
		.type = icmp->type,
		.code = icmp->code,
		.from = p->flow.src,
		.quote = quote->l4,
		.quote_len = (uint16_t)quote->l4_len,
	};
	e->err = kind->err(icmp->type, icmp->code, &e->hard, &e->soft);
	if (kind->too_big(icmp, &mtu)) {
		e->mtu = proven_mtu(kind, mtu, quote);
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
 * sockets have been asked on each worker, and echo has no home. True: m is gone. */
static bool goes_home(struct nsk_worker *w, struct rte_mbuf *m, const struct flow *as_received,
		      uint8_t proto)
{
	uint16_t owner;
	int only;

	if (w->peers == 1 || pkt_of(m)->flags & PKT_F_STEERED ||
	    (proto != IP_PROTO_TCP && proto != IP_PROTO_UDP))
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

	bad = icmp_kind_of(p->family)->quote(pkt_at(m, p->l4_off) + ICMP_HLEN,
					     contiguous(m, p) - ICMP_HLEN, quote);
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
		if (bad != NSK_DROP_ICMP_BAD_QUOTE || !ip_punted(w, m))
			pkt_drop(w, m, bad);
		return;
	}
	reverse(&as_received, &flow);
	if (goes_home(w, m, &as_received, quote.proto))
		return;
	e.elsewhere = &elsewhere;
	if (!ip_error_fn(w, e.family, quote.proto)(w, &e)) {
		if (elsewhere >= 0) {
			w->ops->steer(w, (uint16_t)elsewhere, m);
			return;
		}
		if (goes_round(w, m, &as_received, quote.proto) || ip_punted(w, m))
			return;
		/* It may be about what a socket has sent that does not want to know. */
		if (!taken && quote.proto != IP_PROTO_UDP) {
			pkt_drop(w, m, NSK_DROP_ICMP_BAD_QUOTE);
			return;
		}
	}
	worker_count(w, NSK_CNT_ICMP_ERRORS_RECEIVED, 1);
	pkt_put(w, m);
}

bool icmp_tell(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct icmp_quote quote;
	struct icmp_view icmp;
	struct ip_error e;
	struct flow flow;

	return icmp_decode(m, &icmp) == 0 && icmp_kind_v4.reports(icmp.type) &&
	       decode_error(w, m, &icmp, &quote, &flow, &e) == 0 && quote.proto == IP_PROTO_ICMP &&
	       ip_error_fn(w, AF_INET, IP_PROTO_ICMP)(w, &e);
}

/* What was not ours has the descriptor that it came with. */
static bool is_forwarded(const struct nsk_worker *w, const struct icmp_kind *kind,
			 const struct pkt *p, const uint8_t *header)
{
	bool six = kind->family == AF_INET6;
	uint8_t src[16] = {0};

	memcpy(src, header + (six ? IPV6_SRC_OFF : IPV4_SRC_OFF), six ? IPV6_ADDR_LEN : 4);
	return !net_local(w, src, kind->family) && p->family == kind->family &&
	       memcmp(p->flow.src, src, sizeof(src)) == 0;
}

void icmp_unreachable_here(struct nsk_worker *w, struct rte_mbuf *m)
{
	const uint8_t *header = rte_pktmbuf_mtod(m, const uint8_t *);
	uint8_t family = header[0] >> 4 == 6 ? AF_INET6 : AF_INET;
	const struct icmp_kind *kind = icmp_kind_of(family);
	struct icmp_quote quote;
	ip_error_fn_t *tell;
	struct flow flow;
	struct ip_error e;

	if (is_forwarded(w, kind, pkt_of(m), header)) {
		icmp_error_output(w, m, IP_COMPLAINT_HOST, 0);
		return;
	}
	if (kind->quote(header, rte_pktmbuf_data_len(m), &quote))
		return;
	tell = ip_error_fn(w, family, quote.proto);
	if (!tell)
		return;
	quoted_flow(&flow, &quote);
	e = (struct ip_error){
		.flow = &flow,
		.family = family,
		.type = family == AF_INET6 ? ICMP6_UNREACHABLE : ICMP_UNREACHABLE,
		.code = family == AF_INET6 ? ICMP6_UNREACH_ADDR : ICMP_UNREACH_HOST,
		.err = EHOSTUNREACH,
		.soft = true,
		.local = true,
		.from = flow.src,
		.quote = quote.l4,
		.quote_len = (uint16_t)quote.l4_len,
	};
	tell(w, &e);
}

/* ---- input ---- */

bool icmp_readable(struct rte_mbuf *m)
{
	return contiguous(m, pkt_of(m)) >= ICMP_HLEN;
}

/* ICMPv6's checksum has the pseudo-header in it (RFC 4443 §2.3). */
enum nsk_drop icmp_decode(struct rte_mbuf *m, struct icmp_view *v)
{
	struct pkt *p = pkt_of(m);
	enum nsk_drop bad = icmp_parse(pkt_at(m, p->l4_off), contiguous(m, p), WIRE_CSUM_DONE, v);
	uint32_t sum = p->family == AF_INET6 ? ip_pseudo_sum(p->family, p->flow.src, p->flow.dst,
							     p->proto, p->l4_len)
					     : 0;

	if (!bad &&
	    csum_finish(ip_chain_sum(m, (uint32_t)(p->l4_off - m->data_off), p->l4_len, sum)) != 0)
		bad = NSK_DROP_ICMP_CHECKSUM;
	return bad;
}

/* What is neither echo nor an error. */
static void other_input(struct nsk_worker *w, struct rte_mbuf *m, uint8_t type, bool taken)
{
	bool six = pkt_of(m)->family == AF_INET6;

	if (six && (type == ICMP6_NEIGH_SOLICIT || type == ICMP6_NEIGH_ADVERT ||
		    type == ICMP6_ROUTER_ADVERT))
		nd_input(w, m);
	else if (six && ((type >= MLD_QUERY && type <= MLD_V1_DONE) || type == MLD_V2_REPORT))
		report_input(w, m, contiguous(m, pkt_of(m)));
	else if (six && type >= ICMP6_ROUTER_SOLICIT && type <= ICMP6_REDIRECT)
		not_ours(w, m, NSK_DROP_ND_IGNORED, taken);
	else if (!six && (type == ICMP_REDIRECT || type == ICMP_SOURCE_QUENCH))
		not_ours(w, m, NSK_DROP_ICMP_IGNORED, taken);
	else
		not_ours(w, m, NSK_DROP_ICMP_UNKNOWN_TYPE, taken);
}

void icmp_input(struct nsk_worker *w, struct rte_mbuf *m, bool taken)
{
	const struct icmp_kind *kind = icmp_kind_of(pkt_of(m)->family);
	struct icmp_view icmp;
	enum nsk_drop bad = icmp_decode(m, &icmp);

	if (bad)
		pkt_drop(w, m, bad);
	else if (icmp.type == kind->echo)
		answer_echo(w, m, kind, taken);
	else if (kind->reports(icmp.type))
		error_input(w, m, &icmp, taken);
	else
		other_input(w, m, icmp.type, taken);
}

/* ICMPv6 has no sockets: what comes is the stack's alone. */
static void icmp6_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	if (pkt_of(m)->family == AF_INET6)
		icmp_input(w, m, false);
	else
		ip_unknown_proto(w, m);
}

/* RFC 8201 §5.2: of what we send that is echo replies, which a router may find too big as well. Who
 * says so has no secret to know: it counts as what datagrams learn does. */
static bool icmp6_error(struct nsk_worker *w, const struct ip_error *e)
{
	const struct ip_addr dst = ip_addr_v6(e->flow->dst);

	if (e->family != AF_INET6 || !e->mtu || e->quote[0] != ICMP6_ECHO_REPLY)
		return false;
	pmtu_learn(w, &dst, e->mtu, false);
	return true;
}

const struct ip_proto icmp6_proto = {.input = icmp6_input, .error = icmp6_error};
