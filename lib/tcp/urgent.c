/* SPDX-License-Identifier: BSD-3-Clause */
/* Urgent pointers, out and in; see urgent.h. */
#include "tcp/urgent.h"

#include "tcp/rcvbuf.h"
#include "tcp/sockcalls.h"
#include "wire/tcp.h"

/* The furthest that a segment's pointer reaches. */
#define POINTER_MAX UINT16_MAX

void urgent_settle(struct tcp_conn *c)
{
	const struct tcp_urgent *u = &c->ext->urgent;

	c->loss.urgent = u->sends || u->mark;
	c->sock.ops = u->mark ? &tcp_marked_ops : &tcp_sock_ops;
}

void urgent_forget(struct tcp_conn *c)
{
	if (!c->ext)
		return;
	c->ext->urgent = (struct tcp_urgent){0};
	urgent_settle(c);
	sock_unready(&c->sock, EPOLLPRI);
}

/* ---- out ---- */

void urgent_queued(struct tcp_conn *c)
{
	c->ext->urgent.snd_up = c->snd_end;
	c->ext->urgent.sends = true;
	urgent_settle(c);
}

NSK_NOINLINE uint16_t urgent_pointer(const struct tcp_conn *c, uint32_t seq)
{
	const struct tcp_urgent *u = &c->ext->urgent;
	uint32_t ahead = u->snd_up - seq;

	if (!u->sends || seq_leq(u->snd_up, c->snd_una) || seq_leq(u->snd_up, seq))
		return 0;
	if (ahead <= POINTER_MAX)
		return (uint16_t)ahead;
	/* Too far to be told; that it is far is told unless segments that are out will say more. */
	return seq_gt(seq + POINTER_MAX, c->snd_nxt) ? POINTER_MAX : 0;
}

/* ---- in ---- */

/* The octet that a pointer means; tcp.stdurg: RFC 1122's reading, else RFC 6093's. */
static uint32_t pointed_at(const struct nsk_worker *w, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint32_t ahead = load_be16(pkt_at(m, p->l4_off) + offsetof(struct tcp_wire, urgent));

	if (ahead && !SETTING(w->set, tcp_stdurg))
		ahead--;
	return p->seq + ahead;
}

/*
 * A pointer counts if it goes further than the last one, and not into what was received already. An
 * octet that nobody has fetched, and that is next to be read, is not to turn up in the stream.
 */
static void take_pointer(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	uint32_t up = pointed_at(w, m);
	struct tcp_urgent *u;

	if (seq_lt(up, c->rcv_nxt) || !conn_ext(w, c))
		return;
	u = &c->ext->urgent;
	if (u->mark && seq_leq(up, u->rcv_up))
		return;
	if (urgent_is_next(c))
		urgent_skip(w, c);
	u->rcv_up = up;
	u->mark = URGENT_AWAITED;
	sock_unready(&c->sock, EPOLLPRI);
}

/* Picks the octet out of the segment that brings it, be it in order or not. */
static void take_octet(struct tcp_conn *c, const struct rte_mbuf *m, const struct pkt *p)
{
	struct tcp_urgent *u = &c->ext->urgent;
	uint32_t off = u->rcv_up - p->seq - !!(p->tcp_flags & TCP_SYN);
	uint8_t copy;

	if (off >= p->pay_len)
		return;
	u->octet = *(const uint8_t *)rte_pktmbuf_read(m, (uint32_t)(p->pay_off - m->data_off) + off,
						      1, &copy);
	u->mark = URGENT_HERE;
	sock_ready(&c->sock, EPOLLPRI);
}

void urgent_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);

	if (urgent_sends(c) && seq_geq(c->snd_una, c->ext->urgent.snd_up))
		c->ext->urgent.sends = false;
	if (conn_in(c, TCPS_RECEIVING)) {
		if (p->tcp_flags & TCP_URG)
			take_pointer(w, c, m);
		if (c->ext && c->ext->urgent.mark == URGENT_AWAITED)
			take_octet(c, m, p);
	}
	if (c->ext)
		urgent_settle(c);
}
