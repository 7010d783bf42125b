/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Protection against wrapped sequence numbers and the rule that keeps TS.Recent
 * (RFC 7323 sections 4.3, 5.3 and 5.5).
 */
#ifndef NSK_TCPALG_PAWS_H
#define NSK_TCPALG_PAWS_H

#include "tcpalg/seq.h"

#define PAWS_IDLE_MAX_S (24u * 24 * 3600) /* section 5.5: TS.Recent says nothing after 24 days */

/*
 * R1: must the segment be dropped (and, unless it is an RST, answered with an ACK)? idle_s: seconds
 * since TS.Recent was set. The caller exempts RST.
 */
static inline bool paws_reject(uint32_t ts_recent, uint32_t tsval, uint32_t idle_s)
{
	return __builtin_expect(seq_lt(tsval, ts_recent), 0) && idle_s < PAWS_IDLE_MAX_S;
}

/*
 * Section 4.3 (2): does the segment set TS.Recent? Only one that passed the acceptance test and
 * PAWS may be asked about: otherwise a forged segment could poison TS.Recent. The first one after
 * PAWS_IDLE_MAX_S sets it whatever it compares as, and wherever it lies: with the silence over,
 * what comes next is held against TS.Recent again.
 */
static inline bool paws_updates(uint32_t ts_recent, uint32_t tsval, uint32_t seg_seq,
				uint32_t last_ack_sent, uint32_t idle_s)
{
	if (__builtin_expect(idle_s >= PAWS_IDLE_MAX_S, 0))
		return true;
	return seq_leq(seg_seq, last_ack_sent) && seq_geq(tsval, ts_recent);
}

/*
 * While octets are missing. One that overtakes them may fill the first gap and set TS.Recent; what
 * it overtook then looks old. Section 5.3 calls that unlikely and refuses it, which on paths that
 * reorder makes a loss of a late segment. But nothing that is missing can have been sent before
 * what set TS.Recent when the gaps began: that is as old as it may be. Where gaps go on for ever it
 * follows two windows behind. (What set TS.Recent then may have been sent again, and later than
 * what is missing above mark: such a segment is refused, and comes again with a newer timestamp.)
 */
struct paws_gap {
	uint32_t floor; /* [W] timestamps of what is missing are no older */
	uint32_t next;	/* [W] TS.Recent when octets up to mark had arrived: the next floor */
	uint32_t mark;	/* [W] where rcv_nxt must be for it */
};

/* The first octets came out of order, up to high. */
static inline void paws_gap_begin(struct paws_gap *g, uint32_t ts_recent, uint32_t high)
{
	*g = (struct paws_gap){.floor = ts_recent, .next = ts_recent, .mark = high};
}

/* rcv_nxt moved, and there are gaps still; octets up to high have arrived. */
static inline void paws_gap_moved(struct paws_gap *g, uint32_t rcv_nxt, uint32_t ts_recent,
				  uint32_t high)
{
	if (seq_lt(rcv_nxt, g->mark))
		return;
	g->floor = g->next;
	g->next = ts_recent;
	g->mark = high;
}

/* May a segment that R1 refuses belong into a gap? */
static inline bool paws_gap_takes(const struct paws_gap *g, uint32_t tsval)
{
	return seq_geq(tsval, g->floor);
}

#endif
