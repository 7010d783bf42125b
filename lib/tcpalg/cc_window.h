/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What congestion controls with a window that losses cut have in common: RFC 5681, byte counting
 * (RFC 3465), windows that are not used (RFC 7661). For the files of algorithms only.
 */
#ifndef NSK_TCPALG_CC_WINDOW_H
#define NSK_TCPALG_CC_WINDOW_H

#include "tcpalg/cc.h"

/*
 * Segments by which one ACK may open the window in slow start. RFC 3465 proposed 2; receivers that
 * merge segments acknowledge far more at once, and RFC 9406 section 4.3 settles at 8 for senders
 * that do not pace. After a timeout ACKs may stand for octets sent long ago: 1 (RFC 3465 2.3).
 */
#define CC_ABC_LIMIT	       8
#define CC_ABC_LIMIT_AFTER_RTO 1

static inline uint32_t cc_max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static inline uint32_t cc_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What counts as FlightSize: beyond cwnd there is limited transmit, which does not (RFC 5681 3.2
 * step 2). */
static inline uint32_t cc_flight(const struct cc *cc)
{
	return cc_min(cc->flight, cc->cwnd);
}

/*
 * A window that was not used tells nothing about the path (RFC 7661 section 4.2). In slow start it
 * counts as used when half of it was: it doubles each round trip.
 */
static inline bool cc_window_was_used(const struct cc *cc)
{
	if (cc_in_slow_start(cc))
		return cc->flight >= cc->cwnd / 2;
	return cc->flight + cc->smss >= cc->cwnd;
}

/* Octets by which an ACK opens the window in slow start. */
static inline uint32_t cc_slow_start_step(const struct cc *cc, const struct cc_ack *a)
{
	uint32_t limit = cc->flags & CC_AFTER_RTO ? CC_ABC_LIMIT_AFTER_RTO : CC_ABC_LIMIT;
	uint64_t most = (uint64_t)limit * a->nacks * cc->smss;

	return a->acked < most ? a->acked : (uint32_t)most;
}

/* Open the window by slow start; returns the octets left over for congestion avoidance. */
static inline uint32_t cc_slow_start(struct cc *cc, const struct cc_ack *a)
{
	uint32_t inc = cc_slow_start_step(cc, a), room = cc->ssthresh - cc->cwnd;

	if (inc < room) {
		cc->cwnd += inc;
		return 0;
	}
	cc->cwnd = cc->ssthresh;
	cc->flags &= (uint8_t)~CC_AFTER_RTO;
	return inc - room;
}

/* ssthresh after a loss or a mark: num / den of FlightSize, two segments at least. */
static inline uint32_t cc_reduced(const struct cc *cc, uint32_t num, uint32_t den)
{
	return cc_max((uint32_t)((uint64_t)cc_flight(cc) * num / den), 2u * cc->smss);
}

/* The window comes down to that; one of a single segment stays. */
static inline void cc_cut(struct cc *cc, uint32_t num, uint32_t den)
{
	cc->ssthresh = cc_reduced(cc, num, den);
	cc->cwnd = cc_min(cc->cwnd, cc->ssthresh);
	cc->flags &= (uint8_t)~CC_AFTER_RTO;
}

/* A timeout (RFC 5681 section 3.1): one segment, and slow start; the threshold comes down to that
 * share of the flight, with the first of a row only. */
static inline void cc_collapse(struct cc *cc, bool first, uint32_t num, uint32_t den)
{
	if (first)
		cc->ssthresh = cc_reduced(cc, num, den);
	cc->cwnd = cc->smss;
	cc->flags |= CC_AFTER_RTO;
}

/* RFC 6582 section 3.2 step 3, first option: no burst when little is in flight. */
static inline void cc_leave_recovery(struct cc *cc, uint32_t flight)
{
	cc->cwnd = cc_min(cc->ssthresh, cc_max(flight, cc->smss) + cc->smss);
}

/*
 * RFC 5681 section 4.1: the restart window, no more than the initial one of segs segments. What the
 * path carried is kept in ssthresh (RFC 2861 section 3.1), so that slow start finds its way back.
 */
static inline void cc_restart_window(struct cc *cc, uint32_t segs)
{
	if (!cc_in_slow_start(cc))
		cc->ssthresh = cc_max(cc->ssthresh, cc->cwnd / 4 * 3);
	cc->cwnd = cc_min(cc->cwnd, cc_initial_window(cc->smss, segs));
}

#endif
