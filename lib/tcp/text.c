/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a segment brings: payload and FIN. RFC 9293 §3.10.7.4, seventh and eighth check. The segment
 * has passed the first six.
 */
#include <errno.h>

#include "tcp/input.h"
#include "tcp/ooo.h"
#include "tcp/output.h"
#include "tcp/rcvbuf.h"
#include "tcp/tally.h"
#include "tcp/time_wait.h"
#include "tcp/timer.h"
#include "tcp/urgent.h"

/* In one packet: as many as the least MSS makes of it, nearly. The lanes of the tally have room for
 * that. */
#define SEGMENTS_MAX 256u

/* segs: in so many segments came the octets. */
static inline void ack_policy(struct nsk_worker *w, struct tcp_conn *c, uint32_t len, unsigned segs,
			      unsigned events)
{
	/* One segment never exceeds the MSS that we announced, so the policy need not cut it. */
	switch (ackpolicy_input(&c->ack, c->rcv_nxt - c->last_ack_sent, len, segs, UINT16_MAX,
				events)) {
	case ACKPOLICY_NOW:
		c->flags |= CONN_F_ACK_NOW;
		break;
	case ACKPOLICY_LATER:
		c->flags |= CONN_F_ACK_LATER;
		break;
	default:
		return;
	}
	conn_dirty(w, c);
}

void tcp_ack_policy(struct nsk_worker *w, struct tcp_conn *c, uint32_t len, unsigned events)
{
	ack_policy(w, c, len, 1, events);
}

/* Segments that the port has put into one packet, or its sender has not cut; as far as it is to be
 * believed. */
static unsigned segments_of(const struct rte_mbuf *m, uint32_t len)
{
	if (NSK_LIKELY(!(m->ol_flags & RTE_MBUF_F_RX_LRO)) || !m->tso_segsz)
		return 1;
	return NSK_MIN(NSK_MAX((len + m->tso_segsz - 1) / m->tso_segsz, 1u), SEGMENTS_MAX);
}

/* One was counted when the packet came. */
static void count_more(struct nsk_worker *w, struct tcp_conn *c, unsigned segs)
{
	tally_in_more(c, segs);
	worker_count(w, NSK_CNT_TCP_SEGMENTS_IN, segs);
}

void tcp_trim(struct rte_mbuf *m, uint32_t front, uint32_t len)
{
	uint32_t skip = (uint32_t)(pkt_of(m)->pay_off - m->data_off) + front;

	m->pkt_len = len;
	for (struct rte_mbuf *q = m; q; q = q->next) {
		uint32_t n = NSK_MIN(skip, (uint32_t)q->data_len);

		q->data_off = (uint16_t)(q->data_off + n);
		q->data_len = (uint16_t)(q->data_len - n);
		skip -= n;
		n = NSK_MIN(len, (uint32_t)q->data_len);
		q->data_len = (uint16_t)n;
		len -= n;
	}
}

/* Queues the buffers of a trimmed segment in order; rcv_nxt follows. Consumes m. */
static uint32_t deliver(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	uint32_t taken = 0;

	while (m) {
		struct rte_mbuf *next = m->next;
		uint32_t len = m->data_len;

		m->next = NULL;
		m->nb_segs = 1;
		m->pkt_len = len;
		if (len == 0) {
			pkt_put_seg(w, m);
		} else if (rcvq_append(w, c, m)) {
			taken += len;
		} else {
			m->next = next;
			pkt_drop(w, m, NSK_DROP_TCP_MEM_FULL);
			break;
		}
		m = next;
	}
	c->rcv_nxt += taken;
	tally_received(w, c, taken);
	return taken;
}

/* The payload of a segment that begins at or before rcv_nxt and ends after it. */
static void in_order(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, uint32_t len)
{
	unsigned events = 0, segs = segments_of(m, len);
	uint32_t taken;

	if (segs > 1)
		count_more(w, c, segs - 1);
	if (NSK_LIKELY(reasm_empty(conn_ooo(c)))) {
		taken = deliver(w, c, m);
	} else {
		/* Octets that came first win, so it must go through the set. */
		ooo_add(w, c, m, c->rcv_nxt);
		taken = ooo_deliver(w, c);
		events = ACKPOLICY_GAP;
	}
	if (taken < len)
		conn_ack_now(w, c);
	if (taken == 0)
		return;
	c->last_data_ms = w->tcp->now_ms;
	/* What had waited behind the gap counts for no segment's size. */
	ack_policy(w, c, NSK_MIN(taken, len), segs, events);
	if (NSK_UNLIKELY(c->loss.urgent))
		urgent_tell(c);
	else
		sock_ready(&c->sock, EPOLLIN);
}

static void out_of_order(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, uint32_t seq,
			 uint32_t len)
{
	unsigned segs = segments_of(m, len);

	if (segs > 1)
		count_more(w, c, segs - 1);
	ooo_add(w, c, m, seq);
	if (c->ext)
		c->ext->count.rcv_ooo += segs;
	ackpolicy_input(&c->ack, 0, len, segs, UINT16_MAX, ACKPOLICY_OOO);
	if (c->rcv.dupacks < UINT8_MAX)
		c->rcv.dupacks++;
	conn_dirty(w, c);
}

/* Remembers octets that came twice, for D-SACK (RFC 2883). */
static void note_duplicate(struct nsk_worker *w, struct tcp_conn *c, uint32_t start, uint32_t end)
{
	if ((c->flags & CONN_F_SACK) && conn_ext(w, c))
		c->ext->dsack = (struct seq_range){start, end};
}

void tcp_take_fin(struct nsk_worker *w, struct tcp_conn *c)
{
	c->rcv_nxt++;
	c->tally_in += UINT64_C(1) << TALLY_RECEIVED; /* there is always room for one */
	c->flags = (c->flags & ~CONN_F_FIN_KNOWN) | CONN_F_FIN_RCVD;
	tcp_ack_policy(w, c, 0, ACKPOLICY_FIN);
	switch (c->state) {
	case TCPS_ESTABLISHED:
		conn_set_state(w, c, TCPS_CLOSE_WAIT);
		break;
	case TCPS_FIN_WAIT_1:
		conn_set_state(w, c, TCPS_CLOSING);
		break;
	default: /* FIN-WAIT-2 */
		time_wait_enter(w, c);
		return;
	}
	sock_ready(&c->sock, EPOLLIN | EPOLLRDHUP | (c->flags & CONN_F_FIN_QUEUED ? EPOLLHUP : 0));
}

/* Octets behind the FIN are here already: the peer contradicts itself. */
static bool was_passed(const struct tcp_conn *c, uint32_t fin_seq)
{
	const struct reasm *held = conn_ooo(c);

	return seq_lt(fin_seq, c->rcv_nxt) ||
	       (held && !reasm_empty(held) && seq_gt(reasm_end(held), fin_seq));
}

/* Where the segment's FIN stands is remembered until all before it has come. */
static void note_fin(struct nsk_worker *w, struct tcp_conn *c, uint32_t fin_seq)
{
	struct tcp_ext *x;

	if (fin_seq == c->rcv_nxt) {
		tcp_take_fin(w, c);
		return;
	}
	x = conn_ext(w, c);
	if (!x || (c->flags & CONN_F_FIN_KNOWN) || was_passed(c, fin_seq))
		return;
	x->fin_seq = fin_seq;
	c->flags |= CONN_F_FIN_KNOWN;
}

/* The application closed, or reads no more and closed its side: nobody will have these octets. */
static bool after_close(const struct tcp_conn *c)
{
	if (c->flags & CONN_F_ORPHAN)
		return true;
	return (c->flags & CONN_F_SHUT_RD) && c->state != TCPS_ESTABLISHED;
}

void tcp_text_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint32_t seq = p->seq, end = seq + p->pay_len;
	uint32_t right = c->rcv_nxt + conn_rcv_wnd(c), front;
	bool fin = p->tcp_flags & TCP_FIN;

	if (end == seq && !fin) {
		pkt_put(w, m);
		return;
	}
	/* After the peer's FIN there is nothing more (RFC 9293: "should not occur ... ignore"). */
	if (!conn_in(c, TCPS_RECEIVING | TCPS_BIT(TCPS_SYN_RCVD))) { /* that: a SYN's data */
		conn_ack_now(w, c);
		pkt_drop(w, m, NSK_DROP_TCP_DUPLICATE);
		return;
	}
	if (seq_gt(end, c->rcv_nxt) && NSK_UNLIKELY(after_close(c))) {
		tcp_refuse(w, m, NSK_DROP_TCP_AFTER_CLOSE); /* as Linux: like a stranger's */
		conn_ended(w, c, ECONNRESET);
		return;
	}
	if (c->flags & CONN_F_FIN_KNOWN)
		right = seq_min(right, c->ext->fin_seq);
	if (seq_gt(end, right)) {
		end = right;
		fin = false;
	}
	if (seq_lt(seq, c->rcv_nxt)) {
		note_duplicate(w, c, seq, seq_min(end, c->rcv_nxt));
		seq = c->rcv_nxt;
		if (!fin || seq_gt(end, seq))
			conn_ack_now(w, c);
	}
	if (seq_geq(seq, end)) {
		if (fin && end == c->rcv_nxt) {
			pkt_put(w, m);
			tcp_take_fin(w, c);
		} else if (fin && seq_gt(end, c->rcv_nxt)) {
			pkt_put(w, m);
			note_fin(w, c, end);
			conn_ack_now(w, c);
		} else {
			conn_ack_now(w, c);
			pkt_drop(w, m,
				 end == p->seq ? NSK_DROP_TCP_RCVBUF_FULL : NSK_DROP_TCP_DUPLICATE);
		}
		return;
	}
	front = seq - p->seq;
	tcp_trim(m, front, end - seq);
	if (seq == c->rcv_nxt)
		in_order(w, c, m, end - seq);
	else
		out_of_order(w, c, m, seq, end - seq);
	if (fin)
		note_fin(w, c, end);
	else if ((c->flags & CONN_F_FIN_KNOWN) && c->ext->fin_seq == c->rcv_nxt)
		tcp_take_fin(w, c);
}
