/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a path delivers in a round trip: delivery rate samples for those who ask, where nobody needs
 * the finer ones of rate.h. draft-ietf-ccwg-bbr-06 section 4.1 takes a sample with each ACK, out of
 * what it remembers of each packet; here one round goes on at a time, and the sample is taken when
 * it ends, for a comparison with each ACK.
 *
 * A round begins with an ACK, and ends with the first one of something that was sent after that:
 * what was delivered meanwhile took the path a round trip at least. If nothing went on it begins
 * with the octets in flight, when the first of them left, and ends when all of them have arrived;
 * where that moment is not known, as of what was sent again, the ACK itself is not part of it. One
 * that nothing is sent in is forgotten: it tells how long the application paused.
 *
 * Delivered is what SND.UNA has passed, and what is sacked above it.
 */
#ifndef NSK_TCPALG_ROUND_H
#define NSK_TCPALG_ROUND_H

#include "tcpalg/rate.h"
#include "tcpalg/seq.h"

struct round {
	uint32_t from;	   /* [W] delivered when it began */
	uint32_t since_us; /* [W] and when that was */
	uint32_t end;	   /* [W] it ends when SND.UNA is there */
	bool on;	   /* [W] one goes on */
	bool limited;	   /* [W] the application had nothing more to send when it began */
	uint8_t spare[2];
	struct rate_last last;
};

/* An ACK of something new is about to be taken in, and no round goes on: first_us is when the first
 * octet in flight left. delivered and nxt: before the ACK. */
static inline void round_begin(struct round *r, uint32_t delivered, uint32_t nxt, uint32_t first_us,
			       bool limited)
{
	r->from = delivered;
	r->since_us = first_us;
	r->end = nxt;
	r->limited = limited;
	r->on = true;
}

/* Does the round end with this SND.UNA? */
static inline bool round_is_over(const struct round *r, uint32_t una)
{
	return r->on && seq_geq(una, r->end);
}

/*
 * The round is over: a sample, if what was delivered and when can be told. The next one begins,
 * unless nothing is in flight.
 */
static inline void round_over(struct round *r, uint32_t now_us, uint32_t delivered, uint32_t una,
			      uint32_t nxt, bool limited, uint32_t min_rtt_us)
{
	uint32_t octets = delivered - r->from, us = now_us - r->since_us;

	/* What the peer had sacked, and no longer holds, makes them fewer than none. */
	if ((int32_t)octets > 0 && us && us >= min_rtt_us)
		rate_note(&r->last, octets, us, limited || r->limited);
	round_begin(r, delivered, nxt + 1, now_us, limited);
	r->on = una != nxt;
}

#endif
