/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timers of TCP.
 *
 * A connection has up to five deadlines and one entry in the worker's wheel:
 *
 * SEND	  While something sent is not acknowledged: the retransmission timeout (RFC 6298). While
 *	  nothing is in flight but something waits for the peer's window, for the application to
 *	  complete a segment, or for a packet buffer: the persist timer, which probes (RFC 9293
 *	  §3.8.6.1) or overrides (§3.8.6.2.1). While there is neither, but a write was refused for
 *	  lack of memory: when to look again. Never two of them. Its work is in retransmit.c.
 * DELACK An ACK was put off in the hope of data to carry it (§3.8.6.3).
 * LIFE	  Keepalive (§3.8.4) while the application has the connection and the connection is open;
 *	  once the application is gone, the end of FIN-WAIT-2.
 * PACE	  A paced connection has sent what it may; now it may send more (pace.h).
 * MTU	  A path was found to be narrow a while ago; it may take more by now (mtu.h).
 *
 * Deadlines move with nearly every segment, the wheel's entry does not: it is only moved when it
 * would fire too late. When it fires too early it looks at the deadlines and goes to the first one;
 * so an established connection touches the wheel about once per RTO. Keepalive does not even move
 * its deadline: when it comes, the time of the last segment says whether it was idle.
 *
 * Two more kinds of entries live elsewhere: each embryo has one for its SYN-ACK (embryo.c), and all
 * of TIME-WAIT shares one for the oldest entry (time_wait.c).
 */
#include "tcp/timer.h"

#include <errno.h>

#include "tcp/output.h"
#include "tcp/tcp.h"

/* Milliseconds of an epoch of the least round trip: 262 s, about as long as Linux looks back. */
#define MIN_RTT_SHIFT 18

void tcp_persist_start(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t delay_us;

	if (!(c->flags & CONN_F_PERSIST)) {
		c->flags |= CONN_F_PERSIST;
		c->probes = 0; /* they may be keepalive's */
		if (c->ext)
			c->ext->progress_ms = w->tcp->now_ms;
	}
	c->loss.reo = false;
	delay_us = window_probe_us(c->rtt.rto_us, c->probes, w->tcp->rtt_limits.max_us);
	tcp_timer_set(w, c, TCP_T_SEND, delay_us * US_NS);
}

static uint64_t keepidle_ns(const struct nsk_worker *w, const struct tcp_conn *c)
{
	uint64_t ns = c->ext && c->ext->keepidle_s ? c->ext->keepidle_s * S_NS
						   : SETTING(w->set, tcp_keepalive_ms) * MS_NS;

	return NSK_MIN(ns, TCP_DELAY_MAX_NS);
}

static uint64_t keepintvl_ns(const struct nsk_worker *w, const struct tcp_conn *c)
{
	uint64_t ns = c->ext && c->ext->keepintvl_s ? c->ext->keepintvl_s * S_NS
						    : SETTING(w->set, tcp_keepintvl_ms) * MS_NS;

	return NSK_MIN(ns, TCP_DELAY_MAX_NS);
}

void tcp_keepalive_update(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!conn_in(c, TCPS_SYNCHRONIZED) || (c->flags & CONN_F_ORPHAN))
		return;
	if (c->sock.flags & SOCK_F_KEEPALIVE)
		tcp_timer_set(w, c, TCP_T_LIFE, keepidle_ns(w, c));
	else
		tcp_timer_stop(c, TCP_T_LIFE);
}

void tcp_fin_wait_2_start(struct nsk_worker *w, struct tcp_conn *c)
{
	tcp_timer_set(w, c, TCP_T_LIFE, SETTING(w->set, tcp_fin_timeout_ms) * MS_NS);
}

/* RFC 9293 §3.8.4; RFC 5482 §3.2: a user timeout takes the place of the number of probes. */
static bool keepalive_exhausted(const struct nsk_worker *w, const struct tcp_conn *c,
				uint32_t idle_ms)
{
	uint32_t count = c->ext && c->ext->keepcnt ? c->ext->keepcnt : SETTING(w->set, tcp_keepcnt);

	if (c->ext && c->ext->user_timeout_ms)
		return c->probes && idle_ms >= c->ext->user_timeout_ms;
	return c->probes >= count;
}

/*
 * Something came after the last probe: without an answer it would be longer ago, by what went by
 * before the first one. That the time is up again says nothing, where a probe is due as often as an
 * idle connection's first one.
 */
static bool keepalive_answered(const struct nsk_worker *w, const struct tcp_conn *c,
			       uint32_t idle_ms)
{
	uint64_t unheard_ns = keepidle_ns(w, c) + c->probes * keepintvl_ns(w, c);

	return c->probes && (idle_ms + 1) * MS_NS < unheard_ns;
}

static void keepalive_due(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t idle_ms = conn_silent_ms(w, c);
	uint64_t idle_ns = idle_ms * MS_NS;
	uint64_t limit = keepidle_ns(w, c);

	if (!(c->sock.flags & SOCK_F_KEEPALIVE))
		return;
	/* Data in flight, or waiting for a window, has a timer of its own that ends it; the
	 * latter's probes are counted in the same place. */
	if (c->snd_una != c->snd_nxt || (c->flags & CONN_F_PERSIST)) {
		if (!(c->flags & CONN_F_PERSIST))
			c->probes = 0;
		tcp_timer_set(w, c, TCP_T_LIFE, limit);
		return;
	}
	if (keepalive_answered(w, c, idle_ms))
		c->probes = 0;
	if (idle_ns < limit) {
		c->probes = 0;
		tcp_timer_set(w, c, TCP_T_LIFE, limit - idle_ns);
		return;
	}
	if (keepalive_exhausted(w, c, idle_ms)) {
		worker_count(w, NSK_CNT_TCP_TIMEOUTS, 1);
		conn_abort(w, c, c->ext && c->ext->soft_err ? c->ext->soft_err : ETIMEDOUT);
		return;
	}
	c->probes++;
	worker_count(w, NSK_CNT_TCP_KEEPALIVES, 1);
	tcp_send_probe(w, c);
	tcp_timer_set(w, c, TCP_T_LIFE, keepintvl_ns(w, c));
}

static void life_due(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!(c->flags & CONN_F_ORPHAN))
		keepalive_due(w, c);
	else if (c->state == TCPS_FIN_WAIT_2)
		conn_ended(w, c, 0); /* as Linux and the BSDs: without a word */
}

static void delack_due(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!ackpolicy_timeout(&c->ack))
		return;
	worker_count(w, NSK_CNT_TCP_DELAYED_ACKS, 1);
	conn_ack_now(w, c);
}

static void pace_due(struct nsk_worker *w, struct tcp_conn *c)
{
	conn_dirty(w, c);
}

static void (*const due[TCP_TIMERS])(struct nsk_worker *w, struct tcp_conn *c) = {
	[TCP_T_SEND] = tcp_send_timeout, [TCP_T_DELACK] = delack_due, [TCP_T_LIFE] = life_due,
	[TCP_T_PACE] = pace_due,	 [TCP_T_MTU] = mtu_due,
};

/*
 * RFC 8985 §6.2 step 1: the least round trip is that of some minutes, or the reordering window of a
 * path that became longer would be too small for ever. Each epoch begins with the smoothed one; the
 * first ends with that in which it began.
 */
static void age_min_rtt(const struct nsk_worker *w, struct tcp_conn *c)
{
	uint16_t epoch = (uint16_t)((w->tcp->now_ms >> MIN_RTT_SHIFT) + 1),
		 before = c->flight.epoch;

	if (before == epoch)
		return;
	c->flight.epoch = epoch;
	if (before) /* 0: there was none yet */
		c->loss.min_rtt_us = rtt_srtt_us(&c->rtt);
}

/* Ticks until a deadline; not positive: it has come. */
static int32_t ticks_left(const struct nsk_worker *w, struct tcp_conn *c, enum tcp_timer_id id)
{
	return (int32_t)(*tcp_deadline(c, id) - (uint32_t)(w->now_ns >> WHEEL_TICK_SHIFT));
}

void tcp_timers_arm(struct nsk_worker *w, struct tcp_conn *c)
{
	int32_t first = INT32_MAX;

	if (!c->timers)
		return;
	for (int id = 0; id < TCP_TIMERS; id++)
		if (tcp_timer_running(c, (enum tcp_timer_id)id))
			first = NSK_MIN(first, ticks_left(w, c, (enum tcp_timer_id)id));
	first = NSK_MAX(first, 1);
	wheel_arm(&w->wheel, &c->timer,
		  ((w->now_ns >> WHEEL_TICK_SHIFT) + (uint32_t)first) << WHEEL_TICK_SHIFT);
}

void tcp_conn_timer(void *ctx, struct wheel_timer *timer, uint64_t now_ns)
{
	struct nsk_worker *w = ctx;
	struct tcp_conn *c = NSK_CONTAINER_OF(timer, struct tcp_conn, timer);
	unsigned fired = 0;

	(void)now_ns;
	tcp_clock(w);
	age_min_rtt(w, c);
	for (int id = 0; id < TCP_TIMERS; id++)
		if (tcp_timer_running(c, (enum tcp_timer_id)id) &&
		    ticks_left(w, c, (enum tcp_timer_id)id) <= 0)
			fired |= 1u << id;
	c->timers &= (uint8_t)~fired;
	/* While it runs the connection must not be freed under our feet: being dirty defers that.
	 */
	if (fired)
		conn_dirty(w, c);
	for (int id = 0; fired; id++, fired >>= 1)
		if ((fired & 1) && c->state != TCPS_CLOSED)
			due[id](w, c);
	if (!(c->flags & CONN_F_DEAD))
		tcp_timers_arm(w, c);
}
