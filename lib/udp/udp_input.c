/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP input: from a delivered packet to a socket's queue, and ICMP errors. RFC 768,
 * RFC 1122 §4.1.3. */
#include <rte_mbuf.h>

#include "ip/punt.h"
#include "net/dhcp.h"
#include "udp/udp.h"
#include "wire/icmp.h"
#include "wire/udp.h"

/* Judges the datagram and completes the descriptor; cuts what follows its length. */
static enum nsk_drop decode(struct rte_mbuf *m, struct pkt *p)
{
	uint16_t off = (uint16_t)(p->l4_off - m->data_off);
	struct udp_view v;
	enum nsk_drop bad;

	bad = udp_parse(pkt_at(m, p->l4_off), (size_t)(m->data_len - off), p->l4_len, &v);
	if (bad)
		return bad;
	if (NSK_UNLIKELY(v.len < p->l4_len)) {
		p->l4_len = v.len;
		ip_trim(m, (uint16_t)(off + v.len));
	}
	if (v.has_checksum ? !ip_l4_csum_ok(m, p) : !family_of(p->family)->udp_zero_ok)
		return NSK_DROP_UDP_CHECKSUM;
	store_be16(&p->flow.sport_be, v.sport);
	store_be16(&p->flow.dport_be, v.dport);
	p->pay_off = (uint16_t)(p->l4_off + UDP_HLEN);
	p->pay_len = (uint16_t)(v.len - UDP_HLEN);
	return NSK_DROP_NONE;
}

static void give(struct nsk_worker *w, struct udp_sock *u, struct rte_mbuf *m)
{
	enum nsk_drop why = dgram_enqueue(&u->d, m, NSK_DROP_UDP_RCVBUF_FULL);

	if (NSK_UNLIKELY(why))
		pkt_drop(w, m, why);
	else
		worker_count(w, NSK_CNT_UDP_IN, 1);
}

static void give_copy(struct nsk_worker *w, struct udp_sock *u, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = pkt_clone(w, m);

	if (copy)
		give(w, u, copy);
}

/*
 * To a group or to everybody: each socket that it suits gets it, on all workers, the last one the
 * packet itself. What we have sent ourselves and nobody wants is no loss.
 */
static NSK_NOINLINE void input_for_many(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	uint16_t port = load_be16(&p->flow.dport_be);
	int next =
		ip_round(w, p, w->peers > 1 ? shared_port_users(w->shared, SHARED_UDP, port) : 0);
	struct udp_sock *last = NULL, *u;
	struct htab_it it;

	udp_many_begin(w, p, &it);
	while ((u = udp_many_next(w, p, &it)) != NULL) {
		if (last)
			give_copy(w, last, m);
		last = u;
	}
	if (next >= 0) {
		if (last)
			give_copy(w, last, m);
		p->round |= last ? PKT_ROUND_TAKEN : 0;
		w->ops->steer(w, (uint16_t)next, m);
	} else if (last) {
		give(w, last, m);
	} else if (p->flags & PKT_F_LOOPED || p->round & PKT_ROUND_TAKEN) {
		pkt_put(w, m);
	} else if (!ip_punted(w, m)) {
		pkt_drop(w, m, NSK_DROP_UDP_NO_SOCKET);
	}
}

/* What servers say to an interface that is set to DHCP. */
static bool give_to_client(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct iface *ifc = w->net->snap->iface[pkt_of(m)->iface];

	if (NSK_LIKELY(!dhcp_wants(ifc, pkt_of(m))))
		return false;
	dhcp_input(w, ifc, m);
	return true;
}

static void udp_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	enum nsk_drop bad = decode(m, p);
	struct udp_sock *u;

	if (NSK_UNLIKELY(bad)) {
		pkt_drop(w, m, bad);
		return;
	}
	if (NSK_UNLIKELY(p->flags & (PKT_F_IP_BCAST | PKT_F_IP_MCAST))) {
		if (!give_to_client(w, m))
			input_for_many(w, m);
		return;
	}
	u = udp_lookup(w, p);
	if (NSK_UNLIKELY(!u)) {
		if (give_to_client(w, m))
			return;
		if (ip_ask_others(w, m, SHARED_UDP) || ip_punted(w, m))
			return;
		icmp_error_output(w, m, IP_COMPLAINT_PORT, 0);
		pkt_drop(w, m, NSK_DROP_UDP_NO_SOCKET);
		return;
	}
	give(w, u, m);
}

/* The socket that sent what an error quotes, as far as its addresses tell: who would hear an
 * answer.
 */
static struct udp_sock *find_sender(struct nsk_worker *w, const struct ip_error *e)
{
	struct pkt answer = {.family = e->family};

	memcpy(answer.flow.src, e->flow->dst, 16);
	memcpy(answer.flow.dst, e->flow->src, 16);
	answer.flow.sport_be = e->flow->dport_be;
	answer.flow.dport_be = e->flow->sport_be;
	return udp_lookup(w, &answer);
}

/*
 * An ICMP error, or our own finding that the next hop is silent. RFC 1122 §4.1.3.3: handed to the
 * application, as in Linux if its socket is connected to this peer, or wants to know of errors by
 * IP_RECVERR and can tell by them which of its datagrams is meant. A path's MTU any socket learns.
 */
static bool udp_error(struct nsk_worker *w, const struct ip_error *e)
{
	struct udp_sock *u = find_sender(w, e);

	if (!u)
		return false;
	if (!(u->d.flags & DGRAM_F_CONNECTED || dgram_wants_errors(&u->d, e->family))) {
		dgram_learn_mtu(&u->d, e);
		return false;
	}
	dgram_error(&u->d, e, UDP_HLEN);
	return true;
}

const struct ip_proto udp_proto = {.input = udp_input, .error = udp_error};
