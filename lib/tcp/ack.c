/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an ACK says: octets delivered, octets the peer holds beyond (SACK), the window. RFC 9293
 * §3.10.7.4 fifth check; RFC 6298, RFC 5681, RFC 6582, RFC 6675, RFC 2018, RFC 7323 §4.
 */
#include "tcp/input.h"
#include "tcp/sndbuf.h"
#include "tcp/timer.h"
#include "tcpalg/scoreboard.h"

#define SACK_RANGES_MIN 32
#define SACK_RANGES_MAX 1024

/* Ticks of our timestamp clock, in microseconds. */
#define TS_TICK_US 1000

/* The round trip that an ACK of new data measured; 0: none. */
static uint32_t measure(struct nsk_worker *w, struct tcp_conn *c, uint32_t ack, uint32_t tsecr)
{
	const struct rtt_limits *lim = &w->tcp->rtt_limits;
	uint32_t sample = rtt_timing_ack(&c->timing, ack, (uint32_t)w->tcp->now_us);

	if (!sample && NSK_LIKELY(!c->rtt.backoff))
		return 0;
	/* What was retransmitted cannot be timed (Karn), but timestamps tell which one arrived. */
	if (!sample && (c->flags & CONN_F_TS) && tsecr)
		sample = rtt_from_ts(conn_ts_now(w, c), tsecr, TS_TICK_US);
	if (sample)
		rtt_sample(&c->rtt, lim, sample);
	return sample;
}

uint32_t tcp_ack_advance(struct nsk_worker *w, struct tcp_conn *c, uint32_t ack, uint32_t tsecr)
{
	uint32_t rtt_us = measure(w, c, ack, tsecr);

	c->snd_una = ack;
	c->retries = 0;
	c->probes = 0;
	if (NSK_UNLIKELY(c->ext != NULL))
		c->ext->progress_ms = w->tcp->now_ms;
	sndq_acked(w, c);
	net_confirm(w, &c->route);
	if (c->snd_una == c->snd_nxt)
		tcp_timer_stop(c, TCP_T_SEND);
	else
		tcp_rto_restart(w, c);
	return rtt_us;
}

void tcp_ack_grow(struct nsk_worker *w, struct tcp_conn *c, uint32_t acked, uint32_t rtt_us)
{
	const struct cc_ack a = {
		.now_us = w->tcp->now_us,
		.acked = acked,
		.srtt_us = rtt_srtt_us(&c->rtt),
		.rtt_us = rtt_us,
		.snd_una = c->snd_una,
		.snd_nxt = c->snd_nxt,
		.nacks = 1,
	};

	cc_ack(&c->cc, &a);
	if (NSK_UNLIKELY(c->cc.cwnd > c->snd.limit / 2))
		sndq_grow(w, c);
}

/* Makes a scoreboard, or a larger one. NULL without memory: then there is none, or the old one. */
static struct scoreboard *scoreboard_room(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = conn_ext(w, c);
	struct scoreboard *sb, *old;
	uint32_t cap;

	if (!x)
		return NULL;
	old = x->sb;
	if (old && (!scoreboard_full(old) || old->cap >= SACK_RANGES_MAX))
		return old;
	cap = old ? old->cap * 2u : SACK_RANGES_MIN;
	sb = mem_alloc(w->mem, scoreboard_bytes(cap));
	if (!sb)
		return old;
	scoreboard_init(sb, (uint16_t)cap);
	if (old) {
		scoreboard_copy(sb, old);
		mem_free(w->mem, old, scoreboard_bytes(old->cap));
	}
	x->sb = sb;
	return sb;
}

/* Octets that the blocks of a segment tell and that were not known. */
static uint32_t take_blocks(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	uint32_t sum = 0;

	if (!(c->flags & CONN_F_SACK) || c->snd_una == c->snd_nxt)
		return 0;
	for (unsigned i = 0; i < p->opts.nsack; i++) {
		struct seq_range blk = {p->opts.sack[i].start, p->opts.sack[i].end};
		struct scoreboard *sb;
		uint32_t added = 0;

		/* Duplicates reported need no scoreboard, nor does nonsense. */
		if (seq_leq(blk.end, c->snd_una) || seq_gt(blk.end, c->snd_nxt))
			continue;
		sb = scoreboard_room(w, c);
		if (!sb)
			return sum;
		scoreboard_add(sb, c->snd_una, c->snd_nxt, blk, &added);
		sum += added;
	}
	return sum;
}

static void on_events(struct nsk_worker *w, struct tcp_conn *c, unsigned ev, uint32_t acked,
		      uint32_t rtt_us)
{
	if (ev & RECOVERY_EV_EXIT)
		cc_recovery_exit(&c->cc, c->snd_nxt - c->snd_una, w->tcp->now_us);
	if (ev & RECOVERY_EV_ENTER) {
		worker_count(w, NSK_CNT_TCP_FAST_RETRANS, 1);
		conn_ext(w, c); /* remembers where retransmission is; works without */
		cc_loss(&c->cc, w->tcp->now_us);
	}
	if ((ev & RECOVERY_EV_GROW) && acked)
		tcp_ack_grow(w, c, acked, rtt_us);
}

/* Everything but the window. */
static void take_ack(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	uint32_t acked = p->ack - c->snd_una, rtt_us = 0;
	uint32_t wnd = (uint32_t)p->wnd << c->win.snd_shift;
	struct recovery_ack a = {
		.acked = acked,
		.smss = c->cc.smss,
		.sack = c->flags & CONN_F_SACK,
		.snd_nxt = c->snd_nxt,
	};
	struct scoreboard *sb;

	a.dup = recovery_is_dup(c->snd_una, c->snd_una != c->snd_nxt, p->ack, p->pay_len,
				p->tcp_flags & (TCP_SYN | TCP_FIN), wnd, c->win.snd_wnd);
	if (acked)
		rtt_us = tcp_ack_advance(w, c, p->ack,
					 p->opts.present & TCP_HAS_TS ? p->opts.tsecr : 0);
	sb = conn_sb(c);
	if (sb)
		scoreboard_advance(sb, c->snd_una);
	a.sacked = take_blocks(w, c, p);
	a.snd_una = c->snd_una;
	on_events(w, c, recovery_ack(&c->recovery, conn_sb(c), &a), acked, rtt_us);
	if (scoreboard_empty(conn_sb(c)) && !recovery_active(&c->recovery))
		sndq_forget_sacked(w, c);
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
