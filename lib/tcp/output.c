/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What to send: once a turn, for each connection that something happened to. Duplicate ACKs first,
 * then what is lost, then new data with the ACK on it, then the ACK alone if one is due. Decides in
 * pieces (sequence, length); split.c makes packets of them.
 *
 * RFC 9293 §3.7 (segmentation, Nagle), §3.8.6.2.1 (silly windows), RFC 5681, RFC 8985 §7.3.
 */
#include "tcp/output.h"

#include "net/tx.h"
#include "tcp/fastopen.h"
#include "tcp/mtu.h"
#include "tcp/pace.h"
#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/tally.h"
#include "tcp/tcp.h"
#include "tcp/timer.h"
#include "tcp/urgent.h"

/* Segments that one connection sends in one turn, so that the others get theirs; and packets that
 * the port cuts. */
#define TURN_SEGS   64
#define TURN_SUPERS 2

/* Octets that the transmit queue of the route has room for in this turn. */
static uint32_t turn_octets(const struct nsk_worker *w, const struct tcp_conn *c)
{
	const struct tx_queue *q = w->net->tx[c->route.iface->index];
	uint32_t room = q ? (uint32_t)q->size - (uint32_t)(q->tail - q->head) : 0;

	if (NSK_UNLIKELY(c->route.iface->tx_offloads & PORT_TX_TSO))
		return NSK_MIN(room, (uint32_t)TURN_SUPERS) * UINT16_MAX;
	return NSK_MIN(room, (uint32_t)TURN_SEGS) * c->cc.smss;
}

/* ---- no buffer ---- */

/* So long after there was no buffer to send with, the connection looks again. */
#define STARVED_NS MS_NS

void tcp_starved(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_worker *t = w->tcp;

	if (conn_list(c, &t->starved_tail) && !wheel_armed(&t->starved_timer))
		wheel_arm(&w->wheel, &t->starved_timer, w->now_ns + STARVED_NS);
}

void tcp_starved_wake(struct tcp_worker *t)
{
	if (!t->starved)
		return;
	*t->dirty_tail = t->starved;
	t->dirty_tail = t->starved_tail;
	t->starved = NULL;
	t->starved_tail = &t->starved;
}

void tcp_starved_timer(void *ctx, struct wheel_timer *timer, uint64_t now_ns)
{
	struct nsk_worker *w = ctx;

	(void)timer;
	(void)now_ns;
	tcp_starved_wake(w->tcp);
}

/* Something is left unsent for lack of budget: there is a next turn, or the pacer says when. */
static void more_later(struct nsk_worker *w, struct tcp_conn *c)
{
	if (NSK_UNLIKELY(pace_of(c) != NULL))
		c->ext->pace->more = true;
	else
		conn_dirty(w, c);
}

/* ---- what is lost ---- */

/* One piece again; it may reach over our FIN. Returns octets sent. */
static uint32_t send_again(struct nsk_worker *w, struct tcp_conn *c, struct seq_range r)
{
	bool fin = (c->flags & CONN_F_FIN_SENT) && r.end == c->snd_nxt;
	uint32_t sent = tcp_split(w, c, r.start, seq_range_len(r) - fin, fin, true);

	if (sent && NSK_UNLIKELY(pace_of(c) != NULL))
		pace_sent(w, c, sent);
	return sent;
}

/* Sends what is lost, as far as the congestion window allows; *budget is in octets. */
static void retransmit(struct nsk_worker *w, struct tcp_conn *c, uint32_t *budget)
{
	struct loss_ctx x = recover_ctx(w, c);
	uint32_t smss = c->cc.smss;

	while (*budget >= smss) {
		uint32_t room = loss_room(&x), max, sent;
		struct seq_range r;

		if (!loss_next(&x, &r))
			return;
		if (room < NSK_MIN(seq_range_len(r), smss) && !loss_forced(&x) &&
		    loss_pipe(&x) != 0)
			return;
		max = NSK_MIN(NSK_MAX(room, smss), *budget);
		if (seq_range_len(r) > max)
			r.end = r.start + max;
		recover_prepare(w, c, c->snd_una);
		sent = send_again(w, c, r);
		if (sent == 0)
			return;
		r.end = r.start + sent;
		x = recover_ctx(w, c);
		loss_sent_again(&x, r, conn_ts_now(w, c), recover_grain(c));
		*budget -= NSK_MIN(sent, *budget);
		if (sent < smss && *budget < smss)
			return;
	}
	more_later(w, c);
}

/* ---- new data ---- */

/* Minshall's: a segment that is not full is not acknowledged. Full ones hold nothing back. */
static bool small_unacked(const struct tcp_conn *c)
{
	return (c->flags & CONN_F_SMALL) &&
	       c->snd_nxt - c->snd_una > (uint32_t)c->flight.behind * c->cc.smss;
}

/*
 * So many octets leave, of which the last segment alone may not be full: where is the end of the
 * last that was not? Told from snd_nxt, no number grows old; further behind than can be told it no
 * longer counts.
 */
static void note_small(struct tcp_conn *c, uint32_t octets)
{
	uint32_t behind = c->flight.behind + octets / c->cc.smss;

	if (octets % c->cc.smss) {
		c->flags |= CONN_F_SMALL;
		c->flight.behind = 0;
	} else if (small_unacked(c) && behind <= UINT8_MAX) {
		c->flight.behind = (uint8_t)behind;
	} else {
		c->flags &= ~CONN_F_SMALL;
	}
}

/* Octets of unsent that may go now, given what window and congestion window leave. */
static uint32_t sendable(const struct tcp_conn *c, uint32_t unsent, uint32_t usable, bool fin)
{
	bool unacked = small_unacked(c);
	bool more = c->flags & (CONN_F_CORK | CONN_F_MORE);
	bool nodelay = c->flags & CONN_F_NODELAY;
	struct nagle n;

	if (urgent_sends(c)) { /* nothing is held back, not even by a cork (as Linux) */
		more = false;
		nodelay = true;
	}

	if (fin || (c->flags & CONN_F_FORCE))
		return NSK_MIN(unsent, usable);
	if (NSK_LIKELY(unsent <= usable && !more && (nodelay || !unacked)))
		return unsent;
	n = (struct nagle){
		.queued = unsent,
		.usable = usable,
		.mss = c->cc.smss,
		.max_wnd = c->win.max_wnd,
		.unacked = unacked,
		.nodelay = nodelay,
		.more = more,
	};
	return nagle_sendable(&n);
}

/* snd_nxt moves over what was sent. */
static void sent_new(struct nsk_worker *w, struct tcp_conn *c, uint32_t sent, uint32_t len)
{
	struct loss_ctx x;

	if (c->snd_una != c->snd_nxt) {
		if (NSK_UNLIKELY(tally_in_full(c)))
			tally_fold(w, c);
		tally_busy(w, c);
	} else {
		tcp_timer_stop(c, TCP_T_SEND); /* whatever it was, it was no timeout */
	}
	if (NSK_UNLIKELY(c->ext != NULL)) {
		if (c->snd_una == c->snd_nxt) {
			tally_window_open(w, c);
			c->ext->progress_ms = w->tcp->now_ms;
		}
		if (c->ext->pace)
			pace_sent(w, c, sent);
	}
	recover_send(w, c);
	note_small(c, NSK_MIN(sent, len));
	c->snd_nxt += sent;
	if (NSK_UNLIKELY(c->loss.state >= LOSS_FAST)) {
		x = recover_ctx(w, c);
		loss_sent_new(&x, sent);
	}
	cc_sent(&c->cc, c->snd_nxt - c->snd_una);
	if (sent > len)
		c->flags |= CONN_F_FIN_SENT;
	c->flags &= ~CONN_F_FORCE;
	c->last_snd_ms = w->tcp->now_ms;
}

/* RFC 5681 §4.1. */
static void restart_after_idle(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t idle_ms = w->tcp->now_ms - c->last_snd_ms;
	uint64_t idle_us;

	if (NSK_LIKELY(idle_ms <= c->rtt.rto_us / 1024))
		return;
	idle_us = NSK_MIN((uint64_t)idle_ms * 1000, (uint64_t)UINT32_MAX);
	cc_idle_restart(&c->cc, (uint32_t)idle_us, c->rtt.rto_us, w->set->tcp_initcwnd);
	sndq_fall(w, c);
}

/* Octets that congestion control and recovery let leave. una is not snd_una before the handshake's
 * end alone, when nothing can be missed: ACKs and SACK blocks come behind it. */
static uint32_t cwnd_room(struct nsk_worker *w, struct tcp_conn *c, uint32_t una)
{
	uint32_t flight = c->snd_nxt - una;
	struct loss_ctx x;

	if (NSK_UNLIKELY(c->loss.hold) && tcp_timer_running(c, TCP_T_SEND))
		return 0;
	if (NSK_LIKELY(c->loss.state == LOSS_OPEN))
		return c->cc.cwnd > flight ? c->cc.cwnd - flight : 0;
	x = recover_ctx(w, c);
	return loss_room(&x);
}

/* Unsent data as far as the windows, which count from una on, allow, and a FIN if it may go. */
static void send_new(struct nsk_worker *w, struct tcp_conn *c, uint32_t *budget, uint32_t una,
		     bool fin)
{
	uint32_t unsent = sndq_unsent(c), usable, len, sent;
	bool more;

	if (unsent == 0 && !fin)
		return;
	if (c->snd_una == c->snd_nxt)
		restart_after_idle(w, c);
	usable = NSK_MIN(window_usable(&c->win, una, c->snd_nxt), cwnd_room(w, c, una));
	len = sendable(c, unsent, usable, fin);
	more = len > *budget;
	if (NSK_UNLIKELY(more))
		len = *budget;
	fin = fin && len == unsent && usable > len;
	sent = len || fin ? tcp_split(w, c, c->snd_nxt, len, fin, false) : 0;
	if (sent)
		sent_new(w, c, sent, len);
	if (NSK_UNLIKELY(more))
		more_later(w, c);
}

bool tcp_send_loss_probe(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t usable = window_usable(&c->win, c->snd_una, c->snd_nxt), smss = c->cc.smss, len;
	struct seq_range r = {seq_max(c->snd_una, c->snd_nxt - smss), c->snd_nxt};
	uint32_t sent;
	struct loss_ctx x;

	recover_prepare(w, c, c->snd_una);
	if (!c->ext || !c->ext->loss || conn_route(w, c) != 0)
		return false;
	len = NSK_MIN(NSK_MIN(sndq_unsent(c), usable), smss);
	sent = len ? tcp_split(w, c, c->snd_nxt, len, false, false) : send_again(w, c, r);
	if (sent == 0)
		return false;
	if (len)
		sent_new(w, c, sent, len);
	r.end = r.start + sent;
	x = recover_ctx(w, c);
	loss_probed(&x, r, len == 0, recover_grain(c));
	return true;
}

uint32_t tcp_send_larger(struct nsk_worker *w, struct tcp_conn *c, uint32_t len)
{
	uint32_t sent = tcp_send_one(w, c, c->snd_nxt, len);
	uint32_t small = small_unacked(c) ? CONN_F_SMALL : 0;
	uint8_t behind = c->flight.behind;

	if (sent)
		sent_new(w, c, sent, sent);
	/* It was none, whatever is left over. */
	c->flags = (c->flags & ~CONN_F_SMALL) | small;
	c->flight.behind = behind;
	return sent;
}

/* What waits with nothing in flight has a deadline; to look for memory is none. */
static bool wait_timed(const struct tcp_conn *c)
{
	return tcp_timer_running(c, TCP_T_PACE) ||
	       (tcp_timer_running(c, TCP_T_SEND) && ((c->flags & CONN_F_PERSIST) || c->loss.hold));
}

/* Keeps the SEND deadline: retransmission while something is in flight, else probing while
 * something waits, else looking for memory. */
static void keep_timer(struct nsk_worker *w, struct tcp_conn *c)
{
	bool running = tcp_timer_running(c, TCP_T_SEND);

	if (c->snd_una != c->snd_nxt) {
		if (!running)
			tcp_rto_restart(w, c);
	} else if (sndq_unsent(c) || sndq_fin_unsent(c)) {
		if (!wait_timed(c))
			tcp_persist_start(w, c);
	} else if (NSK_UNLIKELY(c->flags & CONN_F_WANT_MEM) && !running) {
		tcp_timer_set(w, c, TCP_T_SEND, c->rtt.rto_us * US_NS);
	}
}

/* What is left unsent waits for the peer's window; or nothing is left, and nothing more taken. */
static enum tally_limit limit_now(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t unsent = sndq_unsent(c), smss = c->cc.smss;

	if (!unsent)
		return c->snd_una != c->snd_nxt && !(c->sock.ready & EPOLLOUT) ? TALLY_BUFFER
									       : TALLY_FREE;
	if (window_usable(&c->win, c->snd_una, c->snd_nxt) >= NSK_MIN(unsent, smss) ||
	    cwnd_room(w, c, c->snd_una) < smss)
		return TALLY_FREE;
	return TALLY_WINDOW;
}

/* ---- the turn of one connection ---- */

/* The answer to a SYN's data does not wait for the ACK of our SYN (RFC 7413 §4.2.2). A FIN does
 * (RFC 9293 §3.10.4). */
static void output_early(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t budget;

	if (conn_route(w, c) != 0)
		return;
	budget = turn_octets(w, c);
	/* Neither window counts our SYN. */
	send_new(w, c, &budget, c->snd_una + 1, false);
}

static void output_syn(struct nsk_worker *w, struct tcp_conn *c)
{
	if (c->flags & CONN_F_ACK_NOW) {
		if (c->snd_nxt == c->snd_una) {
			recover_send(w, c);
			/* A client's SYN has all that is queued. */
			c->snd_nxt = c->state == TCPS_SYN_SENT ? c->snd_end : c->snd_nxt + 1;
		}
		if (conn_route(w, c) == 0)
			tcp_send_syn(w, c);
		c->flags &= ~CONN_F_ACK_NOW;
		if (!tcp_timer_running(c, TCP_T_SEND))
			tcp_rto_restart(w, c);
	}
	if (fastopen_early(c))
		output_early(w, c);
}

/* Whether ACKs alone find room on the way out; else it is looked for again in the next turn. */
static bool may_ack(struct nsk_worker *w, struct tcp_conn *c, unsigned n)
{
	struct iface *ifc = c->route.iface;

	if (NSK_UNLIKELY(!tx_may_send(ifc)) || NSK_LIKELY(tx_has_room(w, ifc, n)))
		return true;
	conn_dirty(w, c);
	return false;
}

/* ACKs that the turn's out-of-order segments asked for (RFC 5681 §4.2: one each). */
static void send_dupacks(struct nsk_worker *w, struct tcp_conn *c)
{
	/* With SACK one tells all. */
	unsigned n = c->flags & CONN_F_SACK ? 1 : c->rcv.dupacks;

	if (!may_ack(w, c, n))
		return;
	c->rcv.dupacks = 0;
	while (n-- && tcp_send_ack(w, c))
		;
}

/* What comes before new data while not all is as it should be. True: that has to wait. */
static bool output_unusual(struct nsk_worker *w, struct tcp_conn *c, uint32_t *budget)
{
	if (c->loss.state >= LOSS_FAST) {
		retransmit(w, c, budget);
		return false;
	}
	if (!c->loss.mtu)
		return false;
	if (c->snd_una == c->snd_nxt)
		restart_after_idle(w, c);
	return mtu_output(w, c, budget);
}

void tcp_output(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t budget;

	if (NSK_UNLIKELY(!conn_in(c, TCPS_SYNCHRONIZED))) {
		if (conn_in(c, TCPS_BIT(TCPS_SYN_SENT) | TCPS_BIT(TCPS_SYN_RCVD)))
			output_syn(w, c);
		return;
	}
	if (NSK_LIKELY(conn_route(w, c) == 0)) {
		if (NSK_UNLIKELY(c->rcv.dupacks))
			send_dupacks(w, c);
		budget = turn_octets(w, c);
		if (NSK_UNLIKELY(pace_of(c) != NULL))
			budget = pace_turn(w, c, budget);
		if (NSK_LIKELY(!c->loss.unusual) || !output_unusual(w, c, &budget))
			send_new(w, c, &budget, c->snd_una, sndq_fin_unsent(c));
		if (NSK_UNLIKELY(pace_of(c) != NULL))
			pace_turn_done(w, c);
		if ((c->flags & CONN_F_ACK_NOW) && may_ack(w, c, 1))
			tcp_send_ack(w, c);
	}
	if ((c->flags & CONN_F_ACK_LATER) && !tcp_timer_running(c, TCP_T_DELACK))
		tcp_timer_set(w, c, TCP_T_DELACK, SETTING(w->set, tcp_delack_ms) * MS_NS);
	keep_timer(w, c);
	tally_limited(w, c, limit_now(w, c));
}

/* ---- the worker's turn ---- */

void tcp_output_dirty(struct nsk_worker *w)
{
	struct tcp_worker *t = w->tcp;
	struct tcp_conn *c = t->dirty;

	if (!c)
		return;
	tcp_clock(w);
	/* What becomes dirty meanwhile has its turn in the next one. */
	t->dirty = NULL;
	t->dirty_tail = &t->dirty;
	while (c) {
		struct tcp_conn *next = c->dirty_next;

		if (next)
			NSK_PREFETCH_W(next);
		c->flags &= ~CONN_F_DIRTY;
		if (NSK_UNLIKELY(c->flags & CONN_F_DEAD))
			slab_free(&t->conns, c);
		else if (!tcp_output_plain(w, c))
			tcp_output(w, c);
		c = next;
	}
	w->busy = true;
}

bool tcp_output_pending(const struct nsk_worker *w)
{
	return w->tcp->dirty != NULL;
}
