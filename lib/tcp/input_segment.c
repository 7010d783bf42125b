/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEGMENT ARRIVES in all states from SYN-RECEIVED on: RFC 9293 §3.10.7.4, in its order, with the
 * stricter checks of RFC 5961 and PAWS (RFC 7323 §5.3).
 *
 * Each step says whether the next one is to follow. One that says no has consumed the segment, and
 * may have ended the connection.
 */
#include <errno.h>

#include "tcp/ecn.h"
#include "tcp/fastopen.h"
#include "tcp/input.h"
#include "tcp/output.h"
#include "tcp/sndbuf.h"
#include "tcp/tally.h"
#include "tcp/time_wait.h"
#include "tcp/timer.h"
#include "tcp/urgent.h"
#include "tcpalg/paws.h"
#include "tcpalg/seq.h"

/* Challenge ACKs of one connection: one each, so many at once. */
#define CHALLENGE_INTERVAL_NS (S_NS / 10)
#define CHALLENGE_BURST	      10

/* An ACK that answers a segment. In SYN-RECEIVED an ACK that is owed is our SYN again. */
static void answer(struct nsk_worker *w, struct tcp_conn *c)
{
	if (NSK_UNLIKELY(c->state == TCPS_SYN_RCVD))
		tcp_send_ack(w, c);
	else
		conn_ack_now(w, c);
}

/* The same, unless this connection, or the worker if that is limited, has sent too many such. */
static bool limited_ack(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = conn_ext(w, c);

	if (!x || !limiter_allow(&x->challenge, w->now_ns, CHALLENGE_INTERVAL_NS, CHALLENGE_BURST))
		return false;
	if (!tcp_challenge_ok(w))
		return false;
	answer(w, c);
	return true;
}

void tcp_challenge(struct nsk_worker *w, struct tcp_conn *c)
{
	if (limited_ack(w, c))
		worker_count(w, NSK_CNT_TCP_CHALLENGE_ACKS, 1);
}

void tcp_established(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t timeouts = c->rtt.backoff;

	conn_route(w, c); /* the segment size depends on it; without one, output tries again */
	conn_set_state(w, c, TCPS_ESTABLISHED);
	if (timeouts)
		rtt_syn_timed_out(&c->rtt, &w->tcp->rtt_limits);
	conn_open(w, c, timeouts);
	if (c->rcv.ecn & ECN_ON)
		worker_count(w, NSK_CNT_TCP_ECN_OPENS, 1);
	ecn_start(c);
	tcp_keepalive_update(w, c);
	if (c->flags & CONN_F_FIN_QUEUED)
		conn_set_state(w, c, TCPS_FIN_WAIT_1);
	/* Fast Open has queued what our SYN did not bring over. */
	if ((c->flags & CONN_F_FIN_QUEUED) || sndq_unsent(c))
		conn_dirty(w, c);
	sock_ready(&c->sock, EPOLLOUT);
}

/* All that the segment brings was received before. */
static bool is_old(const struct tcp_conn *c, const struct pkt *p)
{
	uint32_t len = seg_len(p);

	return len && seq_leq(p->seq + len, c->rcv_nxt);
}

/*
 * The ACK that answers a segment which is of no use. What was sent again is acknowledged again; to
 * what carries nothing (probes, old ACKs) the answers are limited, or two ends that disagree would
 * answer each other for ever.
 */
static void answer_unacceptable(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	if (p->tcp_flags & TCP_RST)
		return;
	if (!is_old(c, p)) {
		limited_ack(w, c);
		return;
	}
	if (p->pay_len && (c->flags & CONN_F_SACK) && conn_ext(w, c))
		c->ext->dsack = (struct seq_range){p->seq, p->seq + p->pay_len};
	answer(w, c);
}

/*
 * What RFC 9293 §3.10.7.4 leaves to kindness: data at rcv_nxt while our window is shut, whose ACK
 * counts although its octets do not; and an ACK from a peer that has used our window up, whose
 * number is then the window's edge (as Linux). With octets missing in between it would else go
 * unheard until they are there.
 */
static bool at_edge(const struct tcp_conn *c, const struct pkt *p)
{
	uint32_t wnd = conn_rcv_wnd(c);

	if (p->tcp_flags & (TCP_SYN | TCP_RST))
		return false;
	return p->seq == c->rcv_nxt + wnd && (wnd == 0 || seg_len(p) == 0);
}

/* In SYN-RECEIVED the peer's SYN may come again. */
static bool syn_rcvd_syn(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);

	if (fastopen_early(c) && tcp_fastopen_syn_again(w, c, p)) {
		pkt_put(w, m);
		return false;
	}
	/* Simultaneous open: with the ACK of ours. */
	if ((p->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
	    p->seq == c->rcv_nxt - 1) {
		if (!ecn_is_setup_syn_ack(p))
			c->rcv.ecn = 0;
		/* A pointer counted from the SYN; it comes again with the next segment. */
		p->tcp_flags &= (uint8_t) ~(TCP_SYN | TCP_URG | ECN_SYN_BITS);
		p->seq++;
		conn_ack_now(w, c);
	}
	return true;
}

/* Data that was overtaken by what filled a gap before it. */
static bool overtaken(const struct tcp_conn *c, const struct pkt *p)
{
	return p->pay_len && conn_ooo(c) && paws_gap_takes(&c->ext->gap, p->opts.tsval);
}

/* First: the sequence number, timestamps before it (RFC 7323 §5.3 R1). */
static bool step1_sequence(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	bool ts = (c->flags & CONN_F_TS) && (p->opts.present & TCP_HAS_TS);
	uint32_t idle_s = conn_silent_ms(w, c) / 1000;

	if (NSK_UNLIKELY(c->state == TCPS_SYN_RCVD) && !syn_rcvd_syn(w, c, m))
		return false;
	if (ts && !(p->tcp_flags & TCP_RST) && paws_reject(c->ts_recent, p->opts.tsval, idle_s) &&
	    !overtaken(c, p)) {
		answer_unacceptable(w, c, p);
		pkt_drop(w, m, NSK_DROP_TCP_PAWS);
		return false;
	}
	if (!seq_acceptable(c->rcv_nxt, conn_rcv_wnd(c), p->seq, seg_len(p)) && !at_edge(c, p)) {
		if ((p->tcp_flags & (TCP_SYN | TCP_RST)) == TCP_SYN)
			return true; /* challenged wherever it lies (RFC 5961 §4.2) */
		answer_unacceptable(w, c, p);
		pkt_drop(w, m,
			 p->tcp_flags & TCP_RST ? NSK_DROP_TCP_RST_WINDOW
			 : is_old(c, p)		? NSK_DROP_TCP_DUPLICATE
						: NSK_DROP_TCP_BAD_SEQUENCE);
		return false;
	}
	return true;
}

/* What a reset means to the application, as Linux has it. */
static int reset_errno(const struct tcp_conn *c)
{
	switch (c->state) {
	case TCPS_SYN_RCVD:
		return fastopen_early(c) ? ECONNRESET : ECONNREFUSED;
	case TCPS_CLOSE_WAIT:
		return EPIPE;
	default:
		return ECONNRESET;
	}
}

/* Second: RST, only when it is exact (RFC 5961 §3.2). */
static bool step2_rst(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	int err;

	if (!(p->tcp_flags & TCP_RST))
		return true;
	if (p->seq != c->rcv_nxt) {
		tcp_challenge(w, c);
		pkt_drop(w, m, NSK_DROP_TCP_RST_CHALLENGE);
		return false;
	}
	pkt_put(w, m);
	if (conn_in(c, TCPS_BIT(TCPS_ESTABLISHED) | TCPS_BIT(TCPS_CLOSE_WAIT)))
		worker_count(w, NSK_CNT_TCP_ESTAB_RESETS, 1);
	err = reset_errno(c);
	if (fastopen_early(c))
		tcp_fastopen_end(w, c, true);
	conn_ended(w, c, err);
	return false;
}

/* Third: security; not used. Fourth: SYN in a synchronised state (RFC 5961 §4.2). */
static bool step4_syn(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	if (!(pkt_of(m)->tcp_flags & TCP_SYN))
		return true;
	tcp_challenge(w, c);
	pkt_drop(w, m, NSK_DROP_TCP_SYN_CHALLENGE);
	return false;
}

/*
 * The segment is acceptable in all its fields: it is heard from the peer, and TS.Recent may follow
 * it (RFC 7323 §4.3). Who guesses a sequence number in the window, but no ACK, poisons nothing.
 */
static void believe(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	if ((c->flags & CONN_F_TS) && (p->opts.present & TCP_HAS_TS) &&
	    paws_updates(c->ts_recent, p->opts.tsval, p->seq, c->last_ack_sent,
			 conn_silent_ms(w, c) / 1000))
		c->ts_recent = p->opts.tsval;
	c->last_ack_ms = w->tcp->now_ms;
}

/* Fifth, in SYN-RECEIVED: our SYN must be acknowledged. */
static bool step5_syn_rcvd(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);

	if (seq_leq(p->ack, c->snd_una) || seq_gt(p->ack, c->snd_nxt)) {
		tcp_refuse(w, m, NSK_DROP_TCP_BAD_ACK);
		return false;
	}
	believe(w, c, p);
	if (fastopen_early(c))
		tcp_fastopen_end(w, c, false);
	else if (c->ext && c->ext->fastopen)
		tcp_fastopen_opened(w, c, p);
	tally_syn_acked(w, c);
	tcp_ack_plain(w, c, p->ack);
	window_snd_set(&c->win, p->wnd, false);
	c->snd_wl1 = p->seq;
	tcp_established(w, c);
	return true;
}

/* Fifth, states in which our FIN is out: what its ACK changes. */
static bool step5_fin_acked(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	switch (c->state) {
	case TCPS_FIN_WAIT_1:
		conn_set_state(w, c, TCPS_FIN_WAIT_2);
		if (c->flags & CONN_F_ORPHAN)
			tcp_fin_wait_2_start(w, c);
		return true;
	case TCPS_CLOSING:
		pkt_put(w, m);
		time_wait_enter(w, c);
		return false;
	case TCPS_LAST_ACK:
		pkt_put(w, m);
		conn_ended(w, c, 0);
		return false;
	default:
		return true;
	}
}

/* Fifth: the ACK field, within what RFC 5961 §5.2 believes. */
static bool step5_ack(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);

	if (!(p->tcp_flags & TCP_ACK)) {
		pkt_drop(w, m, NSK_DROP_TCP_BAD_FLAGS);
		return false;
	}
	if (c->state == TCPS_SYN_RCVD)
		return step5_syn_rcvd(w, c, m);
	if (seq_gt(p->ack, c->snd_nxt) || seq_lt(p->ack, c->snd_una - c->win.max_wnd)) {
		tcp_challenge(w, c);
		pkt_drop(w, m, NSK_DROP_TCP_BAD_ACK);
		return false;
	}
	believe(w, c, p);
	if (seq_geq(p->ack, c->snd_una))
		tcp_ack_input(w, c, p);
	if ((c->flags & CONN_F_FIN_SENT) && c->snd_una == c->snd_nxt)
		return step5_fin_acked(w, c, m);
	return true;
}

void tcp_segment_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);

	tally_in(w, c, p->pay_len);
	if (!step1_sequence(w, c, m) || !step2_rst(w, c, m) || !step4_syn(w, c, m))
		return;
	if (!step5_ack(w, c, m))
		return;
	/* Sixth: URG. */
	if (NSK_UNLIKELY((p->tcp_flags & TCP_URG) || c->loss.urgent))
		urgent_input(w, c, m);
	if (seg_len(p))
		ecn_input(w, c, p);
	/* Seventh: text; eighth: FIN. */
	tcp_text_input(w, c, m);
}
