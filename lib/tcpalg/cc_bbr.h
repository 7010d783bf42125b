/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What BBR keeps of a connection, and what its files share: draft-ietf-ccwg-bbr-06, whose names
 * these are; see cc_bbr.c.
 * Rates are octets a second, volumes octets; all ones is the draft's Infinity.
 */
#ifndef NSK_TCPALG_CC_BBR_H
#define NSK_TCPALG_CC_BBR_H

#include "tcpalg/cc.h"

#define BBR_NO_RATE   UINT64_MAX
#define BBR_NO_VOLUME UINT32_MAX

#define BBR_LOSS_THRESH 2u  /* percent of what was in flight */
#define BBR_BETA	70u /* percent */

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
	uint64_t loss_round_bw; /* max_bw when the last round trip of losses ended */

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
	uint8_t spare[3];
};

extern const struct image_table bbr_image;

static inline struct bbr *bbr_of(const struct cc *cc)
{
	return cc->priv.ptr;
}

static inline uint64_t bbr_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t bbr_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint32_t bbr_percent(uint32_t of, uint32_t n)
{
	return (uint32_t)((uint64_t)of * n / 100);
}

static inline uint64_t bbr_rate_of(const struct cc_sample *s)
{
	return rate_per_second(s->rs.delivered, s->rs.interval_us);
}

static inline bool bbr_in_probe_bw(const struct bbr *b)
{
	return b->state >= BBR_DOWN && b->state <= BBR_UP;
}

/* ---- cc_bbr_model.c: volumes (sections 5.6.3, 5.6.4), gains in percent ---- */

uint32_t bbr_min_pipe(const struct cc *cc);

/* BDPMultiple(). */
uint32_t bbr_bdp(const struct bbr *b, uint64_t bw, uint32_t gain);

/* QuantizationBudget(). */
uint32_t bbr_quantize(const struct cc *cc, uint32_t inflight);

/* Inflight(1.0). */
uint32_t bbr_one_bdp(const struct cc *cc, uint64_t bw);

/* TargetInflight(). */
uint32_t bbr_target(const struct cc *cc);

/* InflightWithHeadroom(). */
uint32_t bbr_with_headroom(const struct cc *cc);

/* ---- what an ACK tells (section 5.5) ---- */

/* UpdateModelAndState(), up to the states. */
void bbr_model_ack(const struct cc *cc, const struct cc_sample *s);

/* UpdateMinRTT(): after the states of the cycle, before PROBE_RTT (section 5.3.4). */
void bbr_update_min_rtt(struct bbr *b, const struct cc_sample *s);

/* The rest of it, behind the states. */
void bbr_model_acked(struct bbr *b, const struct cc_sample *s);

/* IsInflightTooHigh(): of what was in flight so much was lost. */
bool bbr_too_high(uint32_t lost, uint32_t inflight, bool sack);

/* AdvanceMaxBwFilter(): a cycle is over. */
void bbr_advance_max_bw(struct bbr *b);

/* StartRound(): it ends when something is acknowledged that is sent from now on. */
void bbr_start_round(struct bbr *b);

/* Pieces begin anew. */
void bbr_reset_signals(struct bbr *b);
void bbr_reset_shortterm(struct bbr *b);
void bbr_reset_full_bw(struct bbr *b, uint64_t from);

/* ---- cc_bbr_probe.c: the cycle of probing (section 5.3.3) ---- */

void bbr_start_down(struct bbr *b, uint64_t now_us);
void bbr_start_refill(struct bbr *b);

/* UpdateProbeBWCyclePhase(). */
void bbr_update_cycle(const struct cc *cc, const struct cc_sample *s);

/* Losses that a probe may have made (section 5.5.10.2). */
void bbr_probe_lost(const struct cc *cc, const struct cc_lost *l);

#endif
