/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an ACK says: octets delivered, octets the peer holds beyond (SACK), the window. RFC 9293
 * §3.10.7.4 fifth check; RFC 6298, RFC 7323 §4, RFC 2018, RFC 2883. What is lost and what was
 * needless is decided in tcpalg/loss.c.
 */
#include "tcp/ecn.h"
#include "tcp/input.h"
#include "tcp/mtu.h"
#include "tcp/pace.h"
#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/tally.h"
#include "tcp/timer.h"

/* Ticks of our timestamp clock, in microseconds. */
#define TS_TICK_US 1000

static uint32_t take_sample(struct nsk_worker *w, struct tcp_conn *c, uint32_t rtt_us)
{
	rtt_sample(&c->rtt, &w->tcp->rtt_limits, rtt_us);
	loss_rtt(&c->loss, rtt_us);
	return rtt_us;
}

/* ---- delivery rate, once there is an extension ---- */

/* A round of longer than this is none: its length does not fit 32 bits of microseconds. */
#define ROUND_MAX_MS (30 * 60 * 1000)

/* Neither the congestion window nor what is missing holds anything back. */
static bool is_limited(const struct tcp_conn *c)
{
	return sndq_unsent(c) < c->cc.smss && c->cc.flight < c->cc.cwnd;
}

/* The first ACK of a flight is about to be taken in. A round begins, if it is known when the first
 * octet left. */
static void begin_round(struct tcp_conn *c)
{
	struct flight_range first = flight_at(&c->flight, c->snd_una, c->snd_una);
	uint32_t delivered = c->snd_una + flight_sacked(&c->flight);

	if (!(first.flags & (FLIGHT_RXT | FLIGHT_COARSE)))
		round_begin(&c->ext->round, delivered, c->snd_nxt, first.sent_us, is_limited(c));
}

/* SND.UNA is about to be ack; sacked octets above it are there. If no round goes on one begins with
 * what is delivered now: nobody knows how long that took. */
static void take_round(struct nsk_worker *w, struct tcp_conn *c, uint32_t ack, uint32_t sacked)
{
	struct tcp_ext *x = c->ext;

	if (!x->round.on) {
		round_begin(&x->round, ack + sacked, c->snd_nxt + 1, (uint32_t)w->tcp->now_us,
			    is_limited(c));
		x->round.on = ack != c->snd_nxt;
		return;
	}
	if (!round_is_over(&x->round, ack))
		return;
	if (w->tcp->now_ms - x->progress_ms > ROUND_MAX_MS)
		x->round.on = false;
	else
		round_over(&x->round, (uint32_t)w->tcp->now_us, ack + sacked, ack, c->snd_nxt,
			   is_limited(c), c->loss.min_rtt_us);
}

/* As Linux: something has worked since. */
static inline void note_progress(const struct nsk_worker *w, struct tcp_ext *x)
{
	x->progress_ms = w->tcp->now_ms;
	x->soft_err = 0;
}

/*
 * A plain ACK, of a connection with an extension, is about to be taken in. One that takes all that
 * was sent at one time is a round by itself.
 */
static inline void plain_round(struct nsk_worker *w, struct tcp_conn *c, uint32_t ack)
{
	struct tcp_ext *x = c->ext;
	uint32_t us;

	if (!x->round.on && ack == c->snd_nxt && !c->flight.room && !c->flight.flags) {
		us = (uint32_t)w->tcp->now_us - c->flight.sent_us;
		if ((int32_t)us > 0)
			rate_note(&x->round.last, ack - c->snd_una, us, is_limited(c));
	} else {
		if (!x->round.on)
			begin_round(c);
		take_round(w, c, ack, 0);
	}
	note_progress(w, x);
}

/* ---- plain ones ---- */

/* snd_una moves; what was in flight is accounted for. */
static inline void advance(struct nsk_worker *w, struct tcp_conn *c, uint32_t ack)
{
	tally_acked(w, c, ack - c->snd_una);
	c->snd_una = ack;
	c->retries = 0;
	c->probes = 0;
	sndq_acked(w, c);
	net_confirm(w, &c->route);
	if (c->snd_una == c->snd_nxt) {
		tally_busy(w, c);
		c->flags &= ~CONN_F_SMALL;
		if (NSK_UNLIKELY(c->flight.room != NULL))
			recover_forget(w, c);
		tcp_timer_stop(c, TCP_T_SEND);
		if (NSK_UNLIKELY(c->flags & CONN_F_WANT_MEM))
			conn_dirty(w, c);
	} else {
		tcp_rto_restart(w, c);
	}
}

uint32_t tcp_ack_plain(struct nsk_worker *w, struct tcp_conn *c, uint32_t ack)
{
	uint32_t sent_us, rtt_us = 0;

	if (NSK_UNLIKELY(c->ext != NULL))
		plain_round(w, c, ack);
	sent_us = flight_ack_plain(&c->flight, ack, c->snd_nxt);
	/* What was sent again cannot be timed (Karn). Send times are rounded up. */
	if (NSK_LIKELY(!c->flight.flags)) {
		rtt_us = (uint32_t)w->tcp->now_us - sent_us;
		rtt_us = take_sample(w, c, (int32_t)rtt_us > 0 ? rtt_us : 1);
	}
	advance(w, c, ack);
	return rtt_us;
}

/* An ACK as congestion control is told of it. */
static inline struct cc_ack cc_ack_of(const struct nsk_worker *w, const struct tcp_conn *c,
				      uint32_t acked, uint32_t rtt_us)
{
	return (struct cc_ack){
		.now_us = w->tcp->now_us,
		.acked = acked,
		.srtt_us = rtt_srtt_us(&c->rtt),
		.rtt_us = rtt_us,
		.snd_una = c->snd_una,
		.snd_nxt = c->snd_nxt,
		.nacks = 1,
	};
}

void tcp_ack_grow(struct nsk_worker *w, struct tcp_conn *c, uint32_t acked, uint32_t rtt_us)
{
	const struct cc_ack a = cc_ack_of(w, c, acked, rtt_us);

	cc_ack(&c->cc, &a);
	if (NSK_UNLIKELY(c->cc.cwnd > c->snd.limit / 2))
		sndq_grow(w, c);
}

/* ---- what is not plain ---- */

/* Age of the timestamp that is echoed; 0: none, or nonsense. */
static uint32_t echo_age_us(const struct nsk_worker *w, const struct tcp_conn *c,
			    const struct pkt *p)
{
	if (!(c->flags & CONN_F_TS) || !(p->opts.present & TCP_HAS_TS))
		return 0;
	return rtt_from_ts(conn_ts_now(w, c), p->opts.tsecr, TS_TICK_US);
}

/* The round trip that an ACK of something new measured; 0: none. */
static uint32_t measure(struct nsk_worker *w, struct tcp_conn *c, const struct flight_news *n)
{
	if (n->sampled)
		return take_sample(w, c, NSK_MAX(n->sample_us, 1u));
	/* What was sent again cannot be timed, but timestamps tell which one arrived. */
	if (!c->rtt.backoff || !n->octets || !n->echo_age_us)
		return 0;
	rtt_sample(&c->rtt, &w->tcp->rtt_limits, n->echo_age_us);
	return n->echo_age_us;
}

/* A duplicate that the peer reports counts if we sent anything twice. */
static void take_dsack(struct nsk_worker *w, struct tcp_conn *c, struct seq_range blk,
		       struct loss_ack *a)
{
	if (!c->ext || !c->ext->count.retrans || seq_geq(blk.start, blk.end))
		return;
	a->dup = blk;
	c->ext->count.dsack_dups++;
	worker_count(w, NSK_CNT_TCP_DSACKS, 1);
}

/* The blocks of a segment, una being what it acknowledges. */
static void take_blocks(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p,
			struct loss_ack *a)
{
	struct seq_range blk[NSK_ARRAY_LEN(p->opts.sack)];
	unsigned n = c->flags & CONN_F_SACK ? p->opts.nsack : 0, i = 0;

	for (unsigned k = 0; k < n; k++)
		blk[k] = (struct seq_range){p->opts.sack[k].start, p->opts.sack[k].end};
	if (flight_is_dsack(blk, n, p->ack))
		take_dsack(w, c, blk[i++], a);
	for (; i < n; i++) {
		/* Nonsense needs no memory. */
		if (seq_leq(blk[i].start, p->ack) || seq_gt(blk[i].end, c->snd_nxt))
			continue;
		recover_prepare(w, c, p->ack);
		flight_sack(&c->flight, p->ack, c->snd_nxt, blk[i], a->news);
	}
	if (a->news->reordered && c->ext)
		c->ext->count.reord_seen++;
}

/* Could new data be sent in the place of what is lost (RFC 5682 §2.1 step 2b)? */
static bool can_send(const struct tcp_conn *c)
{
	return sndq_unsent(c) >= c->cc.smss &&
	       window_usable(&c->win, c->snd_una, c->snd_nxt) >= c->cc.smss;
}

/* Tells congestion control of an ACK: an echo is no reason to grow (RFC 3168 §6.1.2). */
static void tell_control(struct nsk_worker *w, struct tcp_conn *c, const struct loss_ack *a,
			 unsigned ev, uint32_t rtt_us)
{
	struct cc_ack acked;

	if (!a->acked)
		return;
	if (a->ece) {
		acked = cc_ack_of(w, c, a->acked, rtt_us);
		cc_marked(&c->cc, &acked);
	} else if (ev & LOSS_EV_GROW) {
		tcp_ack_grow(w, c, a->acked, rtt_us);
	}
}

/*
 * A mark was echoed to a window of one segment, which cannot be made smaller: the next one leaves
 * after a timeout's time (RFC 3168 §6.1.2, RFC 9438 §4.6). Only if it came with the segment's ACK:
 * the peer repeats it with all that it sends until our CWR comes, which waits for that time
 * (§6.1.3).
 */
static void hold_back(struct nsk_worker *w, struct tcp_conn *c)
{
	c->loss.hold = true;
	c->flags &= ~CONN_F_PERSIST;
	tcp_timer_set(w, c, TCP_T_SEND, c->rtt.rto_us * US_NS);
}

/* Everything but the window. */
static void take_ack(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	uint32_t una = c->snd_una, rtt_us;
	uint32_t wnd = (uint32_t)p->wnd << c->win.snd_shift;
	enum loss_state before = c->loss.state;
	struct loss_ctx x = recover_ctx(w, c);
	struct flight_news news;
	struct loss_ack a = {
		.news = &news,
		.acked = p->ack - una,
		.tsecr = p->opts.tsecr,
		.ts = (c->flags & CONN_F_TS) && (p->opts.present & TCP_HAS_TS),
		.ece = ecn_is_echo(c, p),
	};
	unsigned ev;

	a.is_dup = loss_is_dup(una, una != c->snd_nxt, p->ack, p->pay_len,
			       p->tcp_flags & (TCP_SYN | TCP_FIN), wnd, c->win.snd_wnd);
	if (a.ece)
		worker_count(w, NSK_CNT_TCP_ECN_ECHOES, 1);
	if (a.ece || (a.is_dup && !x.sack))
		recover_prepare(w, c, una);
	loss_news_init(&x, &news);
	news.echo_age_us = echo_age_us(w, c, p);
	if (a.acked && c->ext && !c->ext->round.on)
		begin_round(c);
	if (a.acked)
		flight_ack(&c->flight, una, p->ack, c->snd_nxt, &news);
	take_blocks(w, c, p, &a);
	rtt_us = measure(w, c, &news);
	a.timed = rtt_us != 0;
	if (a.acked && c->retries && c->ext)
		c->ext->count.rto_ms += w->tcp->now_ms - c->ext->rto_since_ms;
	if (a.acked && c->ext) {
		take_round(w, c, p->ack, flight_sacked(&c->flight));
		note_progress(w, c->ext);
	}
	if (a.acked)
		advance(w, c, p->ack);
	a.can_send = before == LOSS_RTO && can_send(c);
	x = recover_ctx(w, c);
	ev = loss_ack(&x, &a);
	if (c->loss.mtu)
		ev = mtu_acked(w, c, &x, ev);
	recover_count(w, c, ev);
	if (a.ece && c->ext)
		c->ext->count.delivered_ce += (news.octets + c->cc.smss - 1) / c->cc.smss;
	if (c->loss.watched)
		pace_acked(w, c, &news, rtt_us);
	tell_control(w, c, &a, ev, rtt_us);
	/* A first duplicate does not put the timeout off (RFC 6298 §5.3); with SACK a probe's time
	 * gives way to the timeout. */
	recover_timer(w, c, &x,
		      a.acked || (before != c->loss.state &&
				  (x.sack || c->loss.state != LOSS_DISORDER)));
	if (a.ece && a.acked && c->cc.cwnd <= c->cc.smss && c->snd_una == c->snd_nxt)
		hold_back(w, c);
}

/*
 * The window, if the segment is no older than the one that told the last. One that acknowledges
 * something new is none older, even if it retransmits old data: were its window passed over, the
 * last one would count from the new snd_una and reach further than the peer ever offered.
 */
static void take_window(struct tcp_conn *c, const struct pkt *p, bool advanced)
{
	bool was_closed = window_usable(&c->win, c->snd_una, c->snd_nxt) == 0;

	if (!advanced && !window_snd_fresh(c->snd_wl1, c->snd_una, p->seq, p->ack))
		return;
	window_snd_set(&c->win, p->wnd, p->tcp_flags & TCP_SYN);
	c->snd_wl1 = p->seq;
	if (!(c->flags & CONN_F_PERSIST))
		return;
	c->retries = 0; /* the peer answers */
	if (was_closed && window_usable(&c->win, c->snd_una, c->snd_nxt)) {
		c->flags &= ~CONN_F_PERSIST;
		c->probes = 0;
		tcp_timer_stop(c, TCP_T_SEND);
	}
}

void tcp_ack_input(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	bool advanced = p->ack != c->snd_una;

	take_ack(w, c, p);
	take_window(c, p, advanced);
	if (c->snd_end != c->snd_una || (c->flags & CONN_F_FIN_QUEUED))
		conn_dirty(w, c);
}
