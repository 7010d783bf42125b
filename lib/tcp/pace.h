/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands between a connection and its delivery rate samples (tcpalg/rate.h) and its pacing
 * (tcpalg/pacer.h): memory, the clock, the timer; and its congestion control, where that models the
 * path. Only connections have it that somebody wants it for: such a congestion control, or
 * SO_MAX_PACING_RATE. They take no short cuts (loss.watched); the others pay nothing. What these
 * tell TCP_INFO of their rate is in tcpalg/round.h.
 *
 * A paced connection sends a quantum, and TCP_T_PACE marks it dirty when the next one may leave.
 */
#ifndef NSK_TCP_PACE_H
#define NSK_TCP_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/conn.h"
#include "tcp/tcp_worker.h"
#include "tcpalg/pacer.h"
#include "tcpalg/rate.h"

/* No limit, as SO_MAX_PACING_RATE and tcp_info say it. */
#define PACE_NO_LIMIT UINT64_MAX

struct tcp_pace {
	struct rate rate;
	struct pacer pacer;
	uint64_t max_rate;	/* SO_MAX_PACING_RATE, octets a second; 0 is no limit either */
	struct cc_model *model; /* state of the congestion control, NULL: needs none */
	uint32_t model_bytes;
	uint32_t due;	   /* deadline of TCP_T_PACE, in ticks of the wheel */
	bool more;	   /* something was left unsent for lack of budget */
	bool cwnd_limited; /* the window held something back when we sent last */
	uint8_t spare[6];
};

static inline struct tcp_pace *pace_of(const struct tcp_conn *c)
{
	return c->ext ? c->ext->pace : NULL;
}

/* The connection's, made if there is none; NULL without memory. */
struct tcp_pace *pace_get(struct nsk_worker *w, struct tcp_conn *c);

/* A connection with an extension begins: what an earlier one on the socket sent does not count. */
void pace_start(const struct nsk_worker *w, struct tcp_conn *c);

void pace_free(struct nsk_worker *w, struct tcp_conn *c);

/*
 * Congestion control has begun and models the path (CC_MODEL): gives it its state. Without memory
 * the connection goes on with CUBIC, and the answer is false.
 */
bool pace_model(struct nsk_worker *w, struct tcp_conn *c);

/* Congestion control is another one from now on: frees the state of the old one. */
void pace_end_model(struct nsk_worker *w, struct tcp_conn *c);

/* Octets a second that it is held to; PACE_NO_LIMIT: to none. */
uint64_t pace_rate(const struct tcp_conn *c);

/* SO_MAX_PACING_RATE. 0 or -errno. */
int pace_limit(struct nsk_worker *w, struct tcp_conn *c, uint64_t rate);

/* ---- for a connection that has it ---- */

/* A turn's output begins; octets that may leave in it, budget at most. */
uint32_t pace_turn(struct nsk_worker *w, struct tcp_conn *c, uint32_t budget);

/* Octets are about to leave, first time or again; snd_nxt and the flight do not count them yet. */
void pace_sent(struct nsk_worker *w, struct tcp_conn *c, uint32_t octets);

/* The turn's output is over: notes what the limit was; arms the timer. */
void pace_turn_done(struct nsk_worker *w, struct tcp_conn *c);

/* What an ACK told, losses included; snd_una has moved. rtt_us: measured, 0: nothing was. */
void pace_acked(struct nsk_worker *w, struct tcp_conn *c, const struct flight_news *news,
		uint32_t rtt_us);

#endif
