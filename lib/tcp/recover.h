/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands between a connection and its loss recovery (tcpalg/loss.h): memory, the clock, the
 * timer. Who acknowledges is in ack.c, who retransmits in output.c, who times out in retransmit.c.
 */
#ifndef NSK_TCP_RECOVER_H
#define NSK_TCP_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/conn.h"
#include "tcp/tcp_worker.h"

/*
 * Ranges of a flight: at first; what any flight may have (24 KiB); and one for each so many octets
 * of a larger one, so that each segment may be in another state than its neighbours: slow start
 * loses every second one of all that fills a path and its queue. What of the peer's SACK blocks
 * finds no room is sent again in vain. The most is 384 KiB, for the holes that our own receivers
 * keep.
 */
#define RECOVER_RANGES_MIN   16u
#define RECOVER_RANGES_MANY  2048u
#define RECOVER_RANGES_MAX   32768u
#define RECOVER_RANGE_OCTETS 1024u

/* The connection as loss recovery sees it, now. */
static inline struct loss_ctx recover_ctx(struct nsk_worker *w, struct tcp_conn *c)
{
	return (struct loss_ctx){
		.l = &c->loss,
		.m = c->ext ? c->ext->loss : NULL,
		.f = &c->flight,
		.cc = &c->cc,
		.una = c->snd_una,
		.nxt = c->snd_nxt,
		.now_us = w->tcp->now_us,
		.srtt_us = rtt_srtt_us(&c->rtt),
		.initial_segs = w->set->tcp_initcwnd,
		.sack = c->flags & CONN_F_SACK,
	};
}

/* How fine send times are kept. */
static inline uint32_t recover_grain(const struct tcp_conn *c)
{
	return flight_grain(rtt_srtt_us(&c->rtt));
}

/*
 * Gets memory for what is unusual: recovery's state, and room for ranges, una being what the flight
 * begins with. Goes without what it does not get.
 */
void recover_prepare(struct nsk_worker *w, struct tcp_conn *c, uint32_t una);

/* recover_send() where it is not plain. */
void recover_send_slow(struct nsk_worker *w, struct tcp_conn *c);

/* Octets from snd_nxt on leave for the first time: it is about to move. */
static inline void recover_send(struct nsk_worker *w, struct tcp_conn *c)
{
	if (!flight_send(&c->flight, c->snd_una, c->snd_nxt, (uint32_t)w->tcp->now_us))
		recover_send_slow(w, c);
}

/* Gives the ranges back. */
void recover_forget(struct nsk_worker *w, struct tcp_conn *c);

/* Gives everything back. */
void recover_end(struct nsk_worker *w, struct tcp_conn *c);

/*
 * The SEND deadline after an ACK: the reordering timer if it is to run; else, if restart is set or
 * the deadline was for something else, the timeout.
 */
void recover_timer(struct nsk_worker *w, struct tcp_conn *c, const struct loss_ctx *x,
		   bool restart);

/* Counts what happened, LOSS_EV_*. */
void recover_count(struct nsk_worker *w, struct tcp_conn *c, unsigned ev);

#endif
