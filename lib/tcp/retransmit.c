/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When the SEND deadline comes: retransmission timeout (RFC 6298 §5, RFC 5681 §3.1), tail loss
 * probe (RFC 8985 §7) and reordering timer (§6.3), zero-window probes (RFC 9293 §3.8.6.1),
 * overrides (§3.8.6.2.1), and giving up (§3.8.3, RFC 5482, RFC 6429).
 */
#include <errno.h>

#include "tcp/ecn.h"
#include "tcp/mtu.h"
#include "tcp/output.h"
#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/timer.h"
#include "wire/family.h"

/* R1 of RFC 9293 §3.8.3: so many timeouts and the route is looked up anew. */
#define R1 3

/* However many timeouts, segments carry so much: who takes less is no host (RFC 1122 §3.3.2). */
#define BLACK_HOLE_MSS_MIN 512u

/* The peer has answered what was sent last, and taken nothing. */
static bool heard(const struct nsk_worker *w, const struct tcp_conn *c)
{
	if (c->flags & CONN_F_PERSIST)
		return c->retries == 0;
	if (c->ext && c->ext->user_timeout_ms)
		return false; /* it may have cut the wait for the answer short */
	return conn_silent_ms(w, c) < w->tcp->now_ms - c->last_snd_ms &&
	       conn_silent_ms(w, c) <= c->rtt.rto_us / 1000;
}

/* As Linux without a RST if nobody seems to be there; a peer that lives, or whose connection nobody
 * has any more, is told. */
static void give_up(struct nsk_worker *w, struct tcp_conn *c)
{
	int err = c->ext && c->ext->soft_err ? c->ext->soft_err : ETIMEDOUT;

	worker_count(w, NSK_CNT_TCP_TIMEOUTS, 1);
	if (heard(w, c) || (c->flags & CONN_F_ORPHAN))
		conn_abort(w, c, err);
	else
		conn_ended(w, c, err);
}

/* Milliseconds that the user timeout still grants; UINT32_MAX if there is none. */
static uint32_t user_timeout_left(const struct nsk_worker *w, const struct tcp_conn *c)
{
	uint32_t gone;

	if (!c->ext || !c->ext->user_timeout_ms)
		return UINT32_MAX;
	gone = w->tcp->now_ms - c->ext->progress_ms;
	return gone < c->ext->user_timeout_ms ? c->ext->user_timeout_ms - gone : 0;
}

static bool exhausted(const struct nsk_worker *w, const struct tcp_conn *c)
{
	uint32_t left = user_timeout_left(w, c);

	/* As Linux: who has no application leaves when others can send nothing any more. */
	if (c->flags & CONN_F_ORPHAN)
		return c->retries >= SETTING(w->set, tcp_orphan_retries) || left == 0 ||
		       w->tcp->snd_mem.used >= w->tcp->snd_mem.high;
	if (left != UINT32_MAX)
		return left == 0;
	/* Who has shut its window over what is in flight and answers is there (RFC 9293 §3.8.6). */
	if (c->win.snd_wnd == 0 && heard(w, c))
		return false;
	return c->retries >= SETTING(w->set, tcp_retries);
}

/* A timeout: the worker's count, and the connection's if there is memory for it. */
static void count_timeout(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = conn_ext(w, c);

	worker_count(w, NSK_CNT_TCP_RTO, 1);
	if (!x)
		return;
	x->count.rtos++;
	if (c->retries == 0) {
		x->count.rto_runs++;
		x->rto_since_ms = w->tcp->now_ms;
	}
}

static void count_retry(struct tcp_conn *c)
{
	if (c->retries < UINT8_MAX)
		c->retries++;
	if (c->retries == R1)
		c->route.iface = NULL;
}

/*
 * Full segments time out again and again: perhaps they are too large for the path, and the ICMP
 * errors that would say so are lost. RFC 4821 §7.7 ("a full-stop timeout"); sizes as Linux's.
 */
static void suspect_black_hole(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t mss = SETTING(w->set, tcp_base_mss);

	if (c->retries < R1 || c->win.snd_wnd == 0 || !SETTING(w->set, tcp_mtu_probing))
		return;
	if (c->cc.smss <= mss)
		mss = c->cc.smss / 2;
	if (c->snd_end - c->snd_una <= mss)
		return;
	mss = NSK_MAX(mss, BLACK_HOLE_MSS_MIN);
	if (mtu_lower(w, c, mss + tcp_header_len(c) + family_of(c->sock.family)->hdr_len))
		worker_count(w, NSK_CNT_TCP_BLACK_HOLES, 1);
}

static void restart(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t left_ms = user_timeout_left(w, c);
	uint64_t delay_ns = c->rtt.rto_us * US_NS;

	c->flags &= ~CONN_F_PERSIST;
	c->loss.reo = false;
	if (left_ms != UINT32_MAX)
		delay_ns = NSK_MIN(delay_ns, left_ms * MS_NS);
	tcp_timer_set(w, c, TCP_T_SEND, delay_ns);
}

static void rto_due(struct nsk_worker *w, struct tcp_conn *c)
{
	struct loss_ctx x;

	if (exhausted(w, c)) {
		give_up(w, c);
		return;
	}
	count_timeout(w, c);
	count_retry(c);
	if (c->loss.mtu)
		mtu_timeout(w, c);
	suspect_black_hole(w, c);
	recover_prepare(w, c, c->snd_una);
	x = recover_ctx(w, c);
	loss_rto(&x, c->retries == 1);
	ecn_reduced(c);
	rtt_backoff(&c->rtt, &w->tcp->rtt_limits);
	restart(w, c);
	conn_dirty(w, c);
}

/* Microseconds until a probe is due: the deadline does not move with each segment sent. */
static uint32_t probe_left_us(const struct nsk_worker *w, const struct tcp_conn *c)
{
	uint32_t now_us = (uint32_t)w->tcp->now_us;
	int32_t last = (int32_t)(flight_last_sent(&c->flight) + tcp_rto_us(c) - now_us);
	int32_t first = (int32_t)(flight_first_sent(&c->flight) + c->rtt.rto_us - now_us);

	return (uint32_t)NSK_MAX(NSK_MIN(last, first), 0);
}

/* RFC 8985 §7.3: a probe takes the place of the first timeout. */
static void probe_due(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t left_us = probe_left_us(w, c);

	if (left_us) {
		tcp_timer_set(w, c, TCP_T_SEND, left_us * US_NS);
		return;
	}
	if (user_timeout_left(w, c) == 0 || !tcp_send_loss_probe(w, c)) {
		rto_due(w, c);
		return;
	}
	worker_count(w, NSK_CNT_TCP_LOSS_PROBES, 1);
	tcp_rto_restart(w, c);
}

/* RFC 8985 §6.3: what was sent before something delivered has had its time. */
static void reordering_due(struct nsk_worker *w, struct tcp_conn *c)
{
	struct loss_ctx x;
	unsigned ev;

	recover_prepare(w, c, c->snd_una);
	x = recover_ctx(w, c);
	ev = loss_reo_timeout(&x);
	if (c->loss.mtu)
		ev = mtu_acked(w, c, &x, ev);
	recover_count(w, c, ev);
	recover_timer(w, c, &x, true);
	conn_dirty(w, c);
}

static void flight_due(struct nsk_worker *w, struct tcp_conn *c)
{
	struct loss_ctx x = recover_ctx(w, c);

	if (c->loss.reo)
		reordering_due(w, c);
	else if (loss_may_probe(&x))
		probe_due(w, c);
	else
		rto_due(w, c);
}

static void syn_due(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t most = c->state == TCPS_SYN_SENT ? SETTING(w->set, tcp_syn_retries)
						  : SETTING(w->set, tcp_synack_retries);

	if (c->ext && c->ext->syncnt)
		most = c->ext->syncnt;
	if (c->retries >= most || user_timeout_left(w, c) == 0) {
		give_up(w, c);
		return;
	}
	count_timeout(w, c);
	conn_count_retrans(w, c, 0, 1);
	count_retry(c);
	if (c->state == TCPS_SYN_SENT)
		c->rcv.ecn = 0; /* perhaps that was why (RFC 3168 §6.1.1.1) */
	rtt_backoff(&c->rtt, &w->tcp->rtt_limits);
	flight_send_again(&c->flight, c->snd_nxt, (struct seq_range){c->snd_una, c->snd_nxt},
			  (uint32_t)w->tcp->now_us, 0);
	restart(w, c);
	conn_ack_now(w, c);
}

void tcp_want_mem(struct nsk_worker *w, struct tcp_conn *c)
{
	/* Once: who asks again and again needs no turn for each. */
	if (!conn_in(c, TCPS_SENDING) || (c->flags & CONN_F_WANT_MEM))
		return;
	c->flags |= CONN_F_WANT_MEM;
	conn_dirty(w, c);
}

/* The application was told that the worker's send budget is used up: look again. */
static void want_mem_due(struct nsk_worker *w, struct tcp_conn *c)
{
	if (sndq_has_room(w, c)) {
		c->flags &= ~CONN_F_WANT_MEM;
		sock_ready(&c->sock, EPOLLOUT);
	}
}

/* The next probe is no later than the end of the user timeout. */
static void clip_to_user_timeout(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t left_ms = user_timeout_left(w, c);

	if (left_ms < window_probe_us(c->rtt.rto_us, c->probes, w->tcp->rtt_limits.max_us) / 1000)
		tcp_timer_set(w, c, TCP_T_SEND, left_ms * MS_NS);
}

/* The window is closed: ask. Answered probes go on for ever, unless nobody is left to care. */
static void probe_window(struct nsk_worker *w, struct tcp_conn *c)
{
	bool orphan = c->flags & CONN_F_ORPHAN;

	if (exhausted(w, c) || (orphan && c->probes >= SETTING(w->set, tcp_orphan_retries))) {
		give_up(w, c);
		return;
	}
	count_retry(c);
	if (c->probes < UINT8_MAX)
		c->probes++;
	worker_count(w, NSK_CNT_TCP_ZERO_WINDOW_PROBES, 1);
	tcp_send_probe(w, c);
	tcp_persist_start(w, c);
	clip_to_user_timeout(w, c);
}

static void persist_due(struct nsk_worker *w, struct tcp_conn *c)
{
	if (window_usable(&c->win, c->snd_una, c->snd_nxt) == 0) {
		probe_window(w, c);
		return;
	}
	/* Held back by Nagle, MSG_MORE, or lack of buffers or of a route: send what there is. */
	if (exhausted(w, c)) {
		give_up(w, c);
		return;
	}
	count_retry(c);
	if (c->probes < UINT8_MAX)
		c->probes++;
	c->flags |= CONN_F_FORCE;
	conn_dirty(w, c);
}

/* Nothing is in flight. Output, which follows, sets the deadline again where it is needed. */
static void idle_due(struct nsk_worker *w, struct tcp_conn *c)
{
	if (c->flags & CONN_F_WANT_MEM)
		want_mem_due(w, c);
	if (c->flags & CONN_F_PERSIST)
		persist_due(w, c);
}

void tcp_send_timeout(struct nsk_worker *w, struct tcp_conn *c)
{
	bool held = c->loss.hold;

	c->loss.hold = false;
	if (conn_in(c, TCPS_BIT(TCPS_SYN_SENT) | TCPS_BIT(TCPS_SYN_RCVD)))
		syn_due(w, c);
	else if (!conn_in(c, TCPS_SYNCHRONIZED))
		return;
	else if (c->snd_una != c->snd_nxt)
		flight_due(w, c);
	else if (held)
		conn_dirty(w, c); /* what a mark held back may leave */
	else
		idle_due(w, c);
}
