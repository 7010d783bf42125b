/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delivery rate samples: draft-ietf-ccwg-bbr-06 section 4.1. How many octets the peer got between
 * the moment when something was sent and the moment when that was acknowledged, over the longer of
 * two intervals: in which they were sent, and in which they were acknowledged. So neither a burst
 * of ours nor a burst of ACKs makes a path look fast. A sample of what was sent while the
 * application had nothing more to send says so.
 *
 * The draft keeps with each packet what the connection had delivered when it left. Here that is
 * kept per moment: a ring of snapshots in the order of time, no two of them in one grain of
 * flight.h's send times, so that it holds a round trip in some 64 entries whatever the rate. What
 * flight.h says about when something was sent finds its snapshot. What is older than the ring
 * remembers gives no sample.
 *
 * Counts and clock readings are the low 32 bits of octets and microseconds: they are compared
 * within one flight.
 */
#ifndef NSK_TCPALG_RATE_H
#define NSK_TCPALG_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATE_CAP_MIN 16
#define RATE_CAP_MAX 128

/* The connection as it was when something was sent. */
struct rate_snap {
	uint32_t sent_us;
	uint32_t first_us;	  /* when that was sent which had been delivered last */
	uint32_t delivered_us;	  /* and when that was */
	uint32_t delivered;	  /* octets until then */
	uint32_t lost;		  /* octets until then */
	uint32_t inflight : 31;	  /* with the first that was sent in this grain */
	uint32_t app_limited : 1; /* the application had nothing more to send */
};

struct rate_room {
	uint16_t cap;	   /* [C] */
	uint16_t first, n; /* [W] s[first], s[first + 1] … modulo cap */
	uint16_t spare;
	struct rate_snap s[];
};

/* The last sample that was good for a rate, for those who ask. */
struct rate_last {
	uint32_t octets, us; /* us 0: none yet */
	bool limited;	     /* by the application */
	uint8_t spare[3];
};

struct rate {
	struct rate_room *room; /* [W] NULL: no samples, only counts */
	uint64_t delivered;	/* [W] octets acknowledged or sacked so far */
	uint32_t lost;		/* [W] octets found lost so far */
	uint32_t delivered_us;	/* [W] when delivered grew last */
	uint32_t first_us;	/* [W] when that was sent which was delivered last */
	uint32_t limited_to; /* [W] delivered beyond this, the application is the limit no more */
	bool app_limited;    /* [W] limited_to is there */
	uint8_t spare[3];
	struct rate_last last; /* [W] */
};

/* What one ACK tells. */
struct rate_sample {
	uint32_t delivered;   /* octets */
	uint32_t interval_us; /* that they took; 0: no rate is known */
	uint32_t prior;	      /* delivered in all when that was sent which was acknowledged */
	uint32_t inflight;    /* in flight then */
	uint32_t lost;	      /* since then */
	uint32_t age_us;      /* since then, of the first that left in the same grain */
	bool app_limited;
	bool any; /* all of the above is there */
};

static inline size_t rate_bytes(unsigned cap)
{
	return sizeof(struct rate_room) + cap * sizeof(struct rate_snap);
}

/* Octets in so many microseconds as octets a second. */
static inline uint64_t rate_per_second(uint64_t octets, uint32_t us)
{
	return us ? octets * 1000000 / us : 0;
}

/* Begins counting. */
void rate_init(struct rate *r, uint32_t now_us);

/*
 * Gives a larger room for cap snapshots (RATE_CAP_MIN to RATE_CAP_MAX), which takes over what the
 * old one holds; returns that one, or NULL.
 */
struct rate_room *rate_attach(struct rate *r, struct rate_room *room, uint16_t cap);

/* The next snapshot makes the ring forget one that something in flight may need. */
static inline bool rate_tight(const struct rate *r, bool in_flight)
{
	return !r->room || (in_flight && r->room->n == r->room->cap);
}

/* Octets are about to leave, first time or again, pipe of them being in flight before. */
void rate_sent(struct rate *r, uint32_t now_us, uint32_t grain, uint32_t pipe, uint32_t octets);

/* The snapshot of what was sent last at sent_us (a time in flight.h's grain). NULL: forgotten. */
const struct rate_snap *rate_at(const struct rate *r, uint32_t sent_us);

/* Octets were found lost. */
static inline void rate_lost(struct rate *r, uint32_t octets)
{
	r->lost += octets;
}

/*
 * octets were delivered; sent_us: when those of them left that were sent last, told: that is known.
 * A rate over less than min_rtt_us (0: unknown) is nonsense: retransmissions are ambiguous.
 */
struct rate_sample rate_acked(struct rate *r, uint32_t now_us, uint32_t octets, uint32_t sent_us,
			      bool told, uint32_t min_rtt_us);

/* The clock leapt by so much: everything is as long ago as it was. */
void rate_leapt(struct rate *r, uint32_t by_us);

/* There is nothing more to send, though more might leave; pipe octets are in flight. */
void rate_limited(struct rate *r, uint32_t pipe);

/* The last rate known, octets a second. */
static inline uint64_t rate_last(const struct rate_last *last)
{
	return rate_per_second(last->octets, last->us);
}

/* A sample. What the application limited counts if the rate is higher all the same. */
static inline void rate_note(struct rate_last *last, uint32_t octets, uint32_t us, bool limited)
{
	if (limited && (uint64_t)octets * last->us < (uint64_t)last->octets * us)
		return;
	last->octets = octets;
	last->us = us;
	last->limited = limited;
}

#endif
