/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What BBR keeps of a connection: draft-ietf-ccwg-bbr-06, whose names these are; see cc_bbr.c.
 * Rates are octets a second, volumes octets; all ones is the draft's Infinity.
 */
#ifndef NSK_TCPALG_CC_BBR_H
#define NSK_TCPALG_CC_BBR_H

#include "tcpalg/cc.h"

#define BBR_NO_RATE   UINT64_MAX
#define BBR_NO_VOLUME UINT32_MAX

enum bbr_state {
	BBR_STARTUP,
	BBR_DRAIN,
	BBR_DOWN, /* ProbeBW_DOWN to _UP: the cycle of bandwidth probing */
	BBR_CRUISE,
	BBR_REFILL,
	BBR_UP,
	BBR_PROBE_RTT,
};

/* What the ACKs that come now tell of: section 5.3.3.9. */
enum bbr_acks {
	BBR_ACKS_INIT,
	BBR_ACKS_REFILLING,
	BBR_ACKS_PROBE_STARTING,
	BBR_ACKS_PROBE_FEEDBACK,
	BBR_ACKS_PROBE_STOPPING,
};

/* All [W]. */
struct bbr {
	struct cc_model model;

	/* How fast: sections 5.5.2 to 5.5.6, 5.5.10 */
	uint64_t max_bw, bw, bw_latest, bw_shortterm;
	uint64_t max_bw_of[2]; /* of the last cycle and of this one */
	uint64_t full_bw;

	uint64_t min_rtt_stamp_us, probe_rtt_min_stamp_us;
	uint64_t probe_rtt_done_us; /* 0: the volume is not down yet */
	uint64_t cycle_stamp_us;
	uint64_t extra_since_us;

	/* How much: sections 5.5.9, 5.5.10, 5.6.4 */
	uint32_t min_rtt_us, probe_rtt_min_us; /* all ones: unknown */
	uint32_t inflight_longterm, inflight_shortterm, inflight_latest;
	uint32_t extra_delivered;
	uint32_t extra_of[2]; /* of the rounds before and of those now */
	uint32_t initial_cwnd, prior_cwnd;

	/* When */
	uint32_t round_count, next_round, loss_round; /* the last two: of all delivered */
	uint32_t drain_round;
	uint32_t rounds_since_probe;
	uint32_t probe_wait_us;
	uint32_t up_acked, up_acked_per_inc;

	uint64_t undo_bw_shortterm;
	uint32_t undo_inflight_shortterm, undo_inflight_longterm;

	uint16_t lost_ranges; /* in this round */
	uint8_t state;	      /* enum bbr_state */
	uint8_t undo_state;   /* state that a loss ended; BBR_DRAIN: none */
	uint8_t ack_phase;    /* enum bbr_acks */
	uint8_t full_bw_count;
	uint8_t up_rounds;
	uint8_t extra_rounds;
	bool full_bw_reached, full_bw_now;
	bool round_start, loss_round_start;
	bool loss_in_round;
	bool probe_sample; /* what is acknowledged now was sent while probing */
	bool probe_rtt_expired, probe_rtt_round_done;
	bool probe_too_high, probe_precautionary;
	bool idle_restart;
	bool recovering;
	bool rtt_known;
};

#endif
