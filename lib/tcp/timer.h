/* SPDX-License-Identifier: BSD-3-Clause */
/* Deadlines of a connection on its one entry of the timer wheel; see timer.c. */
#ifndef NSK_TCP_TIMER_H
#define NSK_TCP_TIMER_H

#include "tcp/conn.h"
#include "tcp/mtu.h"
#include "tcp/pace.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)
#define S_NS  UINT64_C(1000000000)

/* Longest delay of one deadline: what 32 bits of ticks can tell apart (9.7 h). */
#define TCP_DELAY_MAX_NS (UINT64_C(0x7fff0000) << WHEEL_TICK_SHIFT)

static inline bool tcp_timer_running(const struct tcp_conn *c, enum tcp_timer_id id)
{
	return c->timers & (1u << id);
}

/* The deadline is gone; the wheel's entry stays, and finds nothing to do when it fires. */
static inline void tcp_timer_stop(struct tcp_conn *c, enum tcp_timer_id id)
{
	c->timers &= (uint8_t) ~(1u << id);
}

/* Where a deadline is kept. */
static inline uint32_t *tcp_deadline(struct tcp_conn *c, enum tcp_timer_id id)
{
	if (id == TCP_T_PACE)
		return &c->ext->pace->due;
	return id == TCP_T_MTU ? &c->ext->mtu->due : &c->deadline[id];
}

/* Sets a deadline; the wheel's entry moves only if it would fire too late. */
static inline void tcp_timer_set(struct nsk_worker *w, struct tcp_conn *c, enum tcp_timer_id id,
				 uint64_t delay_ns)
{
	uint64_t due = w->now_ns + delay_ns;

	*tcp_deadline(c, id) = (uint32_t)((due + WHEEL_TICK_NS - 1) >> WHEEL_TICK_SHIFT);
	c->timers |= (uint8_t)(1u << id);
	if (!wheel_armed(&c->timer) || wheel_expires_ns(&c->timer) > due)
		wheel_arm(&w->wheel, &c->timer, due);
}

/* After so long without an ACK the retransmission timer runs out, or a probe is sent (RFC 8985
 * §7.2), which retransmit.c decides as loss_may_probe() says. */
static inline uint32_t tcp_rto_us(const struct tcp_conn *c)
{
	bool one = c->snd_nxt - c->snd_una <= c->cc.smss;

	/* For one segment a probe waits for TLP.max_ack_delay besides, as the timeout does: they
	 * come together unless round trips vary much. */
	if (NSK_LIKELY(one && c->rtt.rto_us <= TLP_MAX_ACK_DELAY_US + (c->rtt.srtt8_us >> 2)) ||
	    c->loss.state != LOSS_OPEN || !(c->flags & CONN_F_SACK))
		return c->rtt.rto_us;
	return tlp_pto_us(rtt_srtt_us(&c->rtt), one, c->rtt.rto_us);
}

/* (Re)starts the retransmission timer with the timeout now in force (RFC 6298 5.1, 5.3). */
static inline void tcp_rto_restart(struct nsk_worker *w, struct tcp_conn *c)
{
	c->flags &= ~CONN_F_PERSIST;
	c->loss.reo = false;
	tcp_timer_set(w, c, TCP_T_SEND, tcp_rto_us(c) * US_NS);
}

/* Arms the wheel's entry for the first of the deadlines, if one runs. */
void tcp_timers_arm(struct nsk_worker *w, struct tcp_conn *c);

/* Starts probing: nothing is in flight, yet there is something to send. */
void tcp_persist_start(struct nsk_worker *w, struct tcp_conn *c);
/* The application is to write no more: the send budget of all, or the pool, is used up. ACKs of
 * others make room, which nobody tells: the SEND timer looks again, soon. */
void tcp_want_mem(struct nsk_worker *w, struct tcp_conn *c);

/* Starts or stops keepalive as the socket's option and state say. */
void tcp_keepalive_update(struct nsk_worker *w, struct tcp_conn *c);

/* FIN-WAIT-2 without an application: waits no longer than tcp_fin_timeout_ms. */
void tcp_fin_wait_2_start(struct nsk_worker *w, struct tcp_conn *c);

/* retransmit.c: the deadline TCP_T_SEND has come. */
void tcp_send_timeout(struct nsk_worker *w, struct tcp_conn *c);

#endif
