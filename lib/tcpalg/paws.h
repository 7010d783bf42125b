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
 * PAWS may be asked about: otherwise a forged segment could poison TS.Recent. One let through as
 * idle_s >= PAWS_IDLE_MAX_S sets it although it compares as older.
 */
static inline bool paws_updates(uint32_t ts_recent, uint32_t tsval, uint32_t seg_seq,
				uint32_t last_ack_sent, uint32_t idle_s)
{
	return seq_leq(seg_seq, last_ack_sent) &&
	       (seq_geq(tsval, ts_recent) || idle_s >= PAWS_IDLE_MAX_S);
}

#endif
