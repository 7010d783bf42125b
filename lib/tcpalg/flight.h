/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in flight: for all of [snd_una, snd_nxt) when it was last sent, and whether it was sent
 * again, is held by the peer (SACK, RFC 2018 section 5), or counts as lost. It is what RACK
 * (RFC 8985 section 5.1) keeps per segment, kept per range of octets that share their state, so
 * that its size depends on how often was sent and what is missing, not on the segment size.
 *
 * As long as everything in flight was sent at one time and nothing is known about it (a request or
 * an answer, and nothing at all), no memory is used beyond struct flight. Else the caller gives
 * some: a room, an array of ranges of fixed capacity, to be replaced by a larger one up to what the
 * caller allows (flight_attach). Send times are taken in a grain (flight_stamp), which bounds the
 * ranges of a plain transfer to some 64 whatever its rate.
 *
 * When a room is full neighbours of the same kind are made one, with the later of the send times:
 * they are found lost later, never falsely, and their delivery tells no time. Where that gives
 * little room it is tried again after as many changes as pay for it. A SACK block that still does
 * not fit is forgotten, which costs a retransmission. Without any room nothing can be
 * sacked, and only a timeout finds a loss.
 *
 * Costs: a SACK block is one binary search and at most one move of the array (CVE-2019-11477), each
 * range it covers is looked at once in its life; finding losses is one pass, which each ACK can pay
 * a part of (flight_may_look); the rest is constant.
 *
 * Peers are believed within bounds: blocks within (snd_una, snd_nxt] only. A peer that acknowledges
 * less than it had sacked has dropped it (reneged, RFC 2018 section 8): see flight_ack.
 *
 * Clock readings are the low 32 bits of microseconds. Two of them are compared while they lie less
 * than 35 minutes apart, which retransmission sees to, and flight_leapt() where nobody ran timers.
 */
#ifndef NSK_TCPALG_FLIGHT_H
#define NSK_TCPALG_FLIGHT_H

#include <stddef.h>

#include "tcpalg/seq.h"

#define FLIGHT_SACKED 0x01u /* the peer holds it; nothing else is known any more */
#define FLIGHT_RXT    0x02u /* sent more than once */
#define FLIGHT_LOST   0x04u /* not in the network any more, to be sent again */
#define FLIGHT_COARSE 0x08u /* some of it was sent before sent_us, for lack of room */

#define FLIGHT_CAP_MIN 4
#define FLIGHT_LOOKS   2048u /* ranges that one ACK looks at, in the mean */

/* Octets from start to the next range's start, the last one's to snd_nxt. */
struct flight_range {
	uint32_t start;
	uint32_t sent_us; /* last transmission; says nothing of SACKED */
	uint32_t flags;	  /* FLIGHT_* */
};

/* What was found LOST since it was asked last; ranges 0: nothing. */
struct flight_losses {
	uint32_t octets, ranges;
	uint32_t sent_us; /* when the last of them was sent */
};

struct flight_room {
	uint32_t sacked;    /* [W] octets SACKED */
	uint32_t lost;	    /* [W] octets LOST */
	uint32_t rxt;	    /* [W] octets RXT that are neither SACKED nor LOST */
	uint32_t lost_from; /* [W] nothing below is LOST */
	uint16_t first, n;  /* [W] ranges in use: r[first] to r[first + n - 1] */
	uint16_t cap;	    /* [C] */
	uint32_t lost_new;  /* [W] octets found LOST since flight_take_lost() */
	uint32_t lost_us;   /* [W] of these, when the last were sent */
	uint16_t nlost;	    /* [W] of these, the ranges */
	uint32_t stamp_us;  /* [W] the latest of the send times, if any */
	uint16_t rest;	    /* [W] changes until neighbours of one kind are looked for again */
	uint8_t stamped;    /* [W] what has it: private */
	bool found;	    /* [W] flight_detect() found something when it looked last */
	uint16_t looks;	    /* [W] ranges that ACKs have paid for since: flight_may_look() */
	struct flight_range r[];
};

struct flight {
	struct flight_room *room; /* [W] NULL: all is one range, of these two */
	uint32_t sent_us;	  /* [W] */
	uint8_t flags;		  /* [W] */
	uint8_t behind; /* [W] the caller's: full segments behind the last that was not; 0 when one
			 * leaves alone */
	uint16_t epoch; /* [W] the caller's: when it took its least round trip anew */
};

_Static_assert(sizeof(struct flight) <= 16, "lives in the connection");

/* A transmission: RFC 8985 orders them by time, then by sequence. */
struct flight_edge {
	uint32_t sent_us;
	uint32_t end;
};

/* RFC 8985 section 6.2 step 2, RACK_sent_after(). */
static inline bool flight_sent_after(struct flight_edge a, struct flight_edge b)
{
	int32_t d = seq_diff(a.sent_us, b.sent_us);

	return d > 0 || (d == 0 && seq_gt(a.end, b.end));
}

/*
 * What one ACK says of octets not known to be delivered before. The first part is filled in by the
 * caller: flight_news_init().
 */
struct flight_news {
	uint32_t now_us;
	uint32_t
		min_rtt_us; /* what comes back faster answers an earlier transmission; 0: unknown */
	uint32_t echo_age_us; /* age of the timestamp that was echoed; 0: there was none */
	uint32_t fack;	      /* highest octet known to be delivered so far (RACK.fack) */
	uint32_t mark;	      /* see orig */

	uint32_t octets;	   /* delivered */
	uint32_t sacked;	   /* of these, by SACK blocks */
	uint32_t orig;		   /* of these, never sent again and below mark */
	struct flight_edge newest; /* of these, sent last */
	uint32_t high;		   /* of these, the highest end */
	uint32_t reordered;	   /* how far below fack some lay that were never sent again */
	bool any;		   /* newest and sample_us are there */
	bool sampled;		   /* sample_us obeys Karn's rule */
	bool rxt;		   /* some had been sent again */
	bool reneged;		   /* the peer no longer holds what it had sacked */
	uint32_t sample_us;	   /* round trip of newest */
};

static inline void flight_news_init(struct flight_news *n, uint32_t now_us, uint32_t fack)
{
	*n = (struct flight_news){.now_us = now_us, .fack = fack, .mark = fack};
}

/* What a block did. */
enum flight_verdict {
	FLIGHT_NEW,  /* octets not known before are now sacked */
	FLIGHT_OLD,  /* nothing new: known, or acknowledged (see flight_is_dsack) */
	FLIGHT_FULL, /* new, but no room: forgotten */
	FLIGHT_BAD,  /* empty, reversed, holding snd_una, or about octets never sent */
};

/*
 * RFC 2883 section 4: does the first of the n blocks of a segment with this acknowledgement number
 * report a duplicate?
 */
static inline bool flight_is_dsack(const struct seq_range *blk, unsigned n, uint32_t ack)
{
	if (n == 0)
		return false;
	if (seq_leq(blk[0].end, ack))
		return true;
	return n > 1 && seq_geq(blk[0].start, blk[1].start) && seq_leq(blk[0].end, blk[1].end);
}

/* ---- the room ---- */

static inline size_t flight_bytes(unsigned cap)
{
	return sizeof(struct flight_room) + cap * sizeof(struct flight_range);
}

/*
 * Gives a flight of [una, nxt) a room for cap ranges (FLIGHT_CAP_MIN to 65535), larger than the one
 * it has; returns that one, or NULL.
 */
struct flight_room *flight_attach(struct flight *f, struct flight_room *room, uint16_t cap,
				  uint32_t una, uint32_t nxt);

/* Gives a flight that has none an empty room, of which this was not taken yet; and, when r[] has
 * its n ranges, gets it ready. They are apart, in order, and begin with snd_una. */
void flight_begin(struct flight *f, struct flight_room *room, uint16_t cap, uint32_t una,
		  const struct flight_losses *losses);
void flight_know(struct flight *f, unsigned n, uint32_t nxt);

/* Takes the room away, with all that was known. */
static inline struct flight_room *flight_detach(struct flight *f)
{
	struct flight_room *room = f->room;

	f->room = NULL;
	f->flags = 0;
	return room;
}

/* True if the next operation may find too little room. */
static inline bool flight_tight(const struct flight *f)
{
	return !f->room || f->room->n + 2u > f->room->cap;
}

/* ---- sending ---- */

/* Grain of send times, a power of two less one: some 1/64 to 1/32 of the round trip. */
static inline uint32_t flight_grain(uint32_t srtt_us)
{
	uint32_t g = srtt_us / 32;

	return g ? (UINT32_C(1) << (31 - __builtin_clz(g))) - 1 : 0;
}

/* The time in the grain, rounded up. */
static inline uint32_t flight_stamp(uint32_t now_us, uint32_t grain)
{
	return (now_us + grain) & ~grain;
}

/*
 * Octets from nxt on leave for the first time. False: that is for flight_send_slow(), after a look
 * at the room.
 */
static inline bool flight_send(struct flight *f, uint32_t una, uint32_t nxt, uint32_t now_us)
{
	if (__builtin_expect(f->room || una != nxt, 0))
		return false;
	f->sent_us = now_us;
	f->flags = 0;
	f->behind = 0;
	return true;
}

/* The same in all cases. nxt: before it moves. */
void flight_send_slow(struct flight *f, uint32_t una, uint32_t nxt, uint32_t now_us,
		      uint32_t grain);

/* The octets of r, none of them SACKED, leave again: they are no longer LOST. */
void flight_send_again(struct flight *f, uint32_t nxt, struct seq_range r, uint32_t now_us,
		       uint32_t grain);

/* The clock leapt by so much: what is in flight is as old as it was. */
void flight_leapt(struct flight *f, uint32_t by_us);

/* ---- acknowledgements ---- */

/* flight_ack_plain() with a room. */
uint32_t flight_ack_room(struct flight *f, uint32_t ack, uint32_t nxt);

/*
 * snd_una moves to ack, nothing being SACKED or LOST: when the last octet acknowledged was sent.
 * Only where nothing was sent again.
 */
static inline uint32_t flight_ack_plain(struct flight *f, uint32_t ack, uint32_t nxt)
{
	return __builtin_expect(!f->room, 1) ? f->sent_us : flight_ack_room(f, ack, nxt);
}

/*
 * snd_una moves from una to ack. What lies above and was SACKED without a gap contradicts the
 * acknowledgement: the peer has dropped it, or lied; that much counts as LOST.
 */
void flight_ack(struct flight *f, uint32_t una, uint32_t ack, uint32_t nxt, struct flight_news *n);

/* One SACK block. */
enum flight_verdict flight_sack(struct flight *f, uint32_t una, uint32_t nxt, struct seq_range blk,
				struct flight_news *n);

/* ---- losses ---- */

/*
 * Is it the turn of this ACK to look for losses? One look is at all of the ranges: where they are
 * many it is for several ACKs, or for a timer.
 */
static inline bool flight_may_look(struct flight *f)
{
	struct flight_room *room = f->room;

	if (!room || room->n <= FLIGHT_LOOKS)
		return true;
	if (room->looks + FLIGHT_LOOKS < room->n) {
		room->looks = (uint16_t)(room->looks + FLIGHT_LOOKS);
		return false;
	}
	room->looks = 0;
	return true;
}

/* The last look found some. */
static inline bool flight_found(const struct flight *f)
{
	return f->room && f->room->found;
}

/*
 * RFC 8985 section 6.2 step 5: what was sent before newest, more than wait_us ago, is LOST.
 * Returns microseconds until all that was sent before newest is, 0 if it is; *lost: octets.
 */
uint32_t flight_detect(struct flight *f, uint32_t una, uint32_t nxt, struct flight_edge newest,
		       uint32_t wait_us, uint32_t now_us, uint32_t *lost);

/* All below upto that is not SACKED is LOST; without room for a part, none. Octets newly so. */
uint32_t flight_mark(struct flight *f, uint32_t una, uint32_t nxt, uint32_t upto);

/* Nothing is LOST: it was a mistake (RFC 4015 section 3.2). */
void flight_unmark(struct flight *f, uint32_t nxt);

/* The first octets LOST, as many as follow each other. False: none. */
bool flight_next_lost(struct flight *f, uint32_t una, uint32_t nxt, struct seq_range *out);

struct flight_losses flight_take_lost(struct flight *f);

/* ---- figures ---- */

static inline uint32_t flight_sacked(const struct flight *f)
{
	return f->room ? f->room->sacked : 0;
}

static inline uint32_t flight_lost(const struct flight *f, uint32_t una, uint32_t nxt)
{
	return f->room ? f->room->lost : f->flags & FLIGHT_LOST ? nxt - una : 0;
}

static inline uint32_t flight_rxt(const struct flight *f, uint32_t una, uint32_t nxt)
{
	if (f->room)
		return f->room->rxt;
	return (f->flags & (FLIGHT_RXT | FLIGHT_LOST)) == FLIGHT_RXT ? nxt - una : 0;
}

/* Octets in the network (RFC 6675 section 4, SetPipe, the losses being RACK's). */
static inline uint32_t flight_pipe(const struct flight *f, uint32_t una, uint32_t nxt)
{
	return nxt - una - flight_sacked(f) - flight_lost(f, una, nxt);
}

/* When the lowest and the highest octets were last sent; something is in flight. */
static inline uint32_t flight_first_sent(const struct flight *f)
{
	return f->room && f->room->n ? f->room->r[f->room->first].sent_us : f->sent_us;
}

static inline uint32_t flight_last_sent(const struct flight *f)
{
	if (!f->room || !f->room->n)
		return f->sent_us;
	return f->room->r[f->room->first + f->room->n - 1].sent_us;
}

/* State of the octet at seq, una <= seq < nxt. */
struct flight_range flight_at(const struct flight *f, uint32_t una, uint32_t seq);

#endif
