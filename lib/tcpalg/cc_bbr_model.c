/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BBR's model of the path: what ACKs and losses tell of its rate, its round trip and how much it
 * holds (draft-ietf-ccwg-bbr-06 sections 5.5, 5.6.3 and 5.6.4). What is made of it, and when it is
 * asked for more, is in cc_bbr.c and cc_bbr_probe.c.
 */
#include "tcpalg/cc_bbr.h"
#include "tcpalg/cc_window.h"
#include "tcpalg/pacer.h"
#include "tcpalg/seq.h"

#define HEADROOM       15u /* percent */
#define MIN_PIPE_SEGS  4u  /* section 5.6.4.3 */
#define FULL_BW_ROUNDS 3
#define EXTRA_ROUNDS   5u /* half of ExtraAckedFilterLen: of two halves the greater counts */

#define PROBE_RTT_INTERVAL_US UINT64_C(5000000)
#define MIN_RTT_FILTER_US     UINT64_C(10000000)

/* ---- volumes (sections 5.6.3, 5.6.4) ---- */

uint32_t bbr_min_pipe(const struct cc *cc)
{
	return MIN_PIPE_SEGS * cc->smss;
}

/* BDPMultiple(): gain in percent. */
uint32_t bbr_bdp(const struct bbr *b, uint64_t bw, uint32_t gain)
{
	if (b->min_rtt_us == UINT32_MAX)
		return b->initial_cwnd;
	return (uint32_t)bbr_min(bw * b->min_rtt_us / 1000000 * gain / 100, CC_WND_MAX);
}

/* QuantizationBudget(). */
uint32_t bbr_quantize(const struct cc *cc, uint32_t inflight)
{
	const struct bbr *b = bbr_of(cc);
	uint32_t offload = 3 * pacer_quantum(b->model.pacing_rate, cc->smss);

	inflight = cc_max(inflight, cc_max(offload, bbr_min_pipe(cc)));
	if (b->state == BBR_UP)
		inflight += 2u * cc->smss;
	return cc_min(inflight, CC_WND_MAX);
}

/* Inflight(1.0). */
uint32_t bbr_one_bdp(const struct cc *cc, uint64_t bw)
{
	return bbr_quantize(cc, bbr_bdp(bbr_of(cc), bw, 100));
}

/* TargetInflight(). */
uint32_t bbr_target(const struct cc *cc)
{
	return cc_min(bbr_bdp(bbr_of(cc), bbr_of(cc)->bw, 100), cc->cwnd);
}

/* InflightWithHeadroom(). */
uint32_t bbr_with_headroom(const struct cc *cc)
{
	const struct bbr *b = bbr_of(cc);
	uint32_t room;

	if (b->inflight_longterm == BBR_NO_VOLUME)
		return BBR_NO_VOLUME;
	room = cc_max(cc->smss, bbr_percent(b->inflight_longterm, HEADROOM));
	return cc_max(b->inflight_longterm - cc_min(room, b->inflight_longterm), bbr_min_pipe(cc));
}

/* ---- the pieces of the model that begin anew ---- */

void bbr_reset_signals(struct bbr *b)
{
	b->loss_in_round = false;
	b->bw_latest = 0;
	b->inflight_latest = 0;
}

void bbr_reset_shortterm(struct bbr *b)
{
	b->bw_shortterm = BBR_NO_RATE;
	b->inflight_shortterm = BBR_NO_VOLUME;
}

void bbr_reset_full_bw(struct bbr *b, uint64_t from)
{
	b->full_bw = from;
	b->full_bw_count = 0;
	b->full_bw_now = false;
}

/* StartRound(): it ends when something is acknowledged that is sent from now on. */
void bbr_start_round(struct bbr *b)
{
	b->next_round = b->model.delivered;
}

/* ---- what an ACK tells (section 5.5) ---- */

static void update_latest(struct bbr *b, const struct cc_sample *s)
{
	b->loss_round_start = false;
	if (!s->rs.any)
		return;
	b->bw_latest = bbr_max(b->bw_latest, bbr_rate_of(s));
	b->inflight_latest = cc_max(b->inflight_latest, s->rs.delivered);
	if (seq_geq(s->rs.prior, b->loss_round)) {
		b->loss_round = s->delivered;
		b->loss_round_start = true;
	}
}

static void update_round(struct bbr *b, const struct cc_sample *s)
{
	b->round_start = s->rs.any && seq_geq(s->rs.prior, b->next_round);
	if (!b->round_start)
		return;
	bbr_start_round(b);
	b->round_count++;
	b->rounds_since_probe++;
}

static void update_max_bw(struct bbr *b, const struct cc_sample *s)
{
	uint64_t rate = bbr_rate_of(s);

	update_round(b, s);
	if (rate == 0 || (rate < b->max_bw && s->rs.app_limited))
		return;
	b->max_bw_of[1] = bbr_max(b->max_bw_of[1], rate);
	b->max_bw = bbr_max(b->max_bw_of[0], b->max_bw_of[1]);
}

/* AdvanceMaxBwFilter(): a cycle is over. */
void bbr_advance_max_bw(struct bbr *b)
{
	if (b->max_bw_of[1] == 0)
		return;
	b->max_bw_of[0] = b->max_bw_of[1];
	b->max_bw_of[1] = 0;
	b->max_bw = b->max_bw_of[0];
}

/* AdaptLowerBoundsFromCongestion(): once a round. */
static void adapt_shortterm(const struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	if (b->state == BBR_STARTUP || b->state == BBR_REFILL || b->state == BBR_UP ||
	    !b->loss_in_round)
		return;
	if (b->bw_shortterm == BBR_NO_RATE)
		b->bw_shortterm = b->max_bw;
	if (b->inflight_shortterm == BBR_NO_VOLUME)
		b->inflight_shortterm = cc->cwnd;
	b->bw_shortterm = bbr_max(b->bw_latest, b->bw_shortterm / 100 * BBR_BETA);
	b->inflight_shortterm =
		cc_max(b->inflight_latest, bbr_percent(b->inflight_shortterm, BBR_BETA));
}

static void update_congestion(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	update_max_bw(b, s);
	if (!b->loss_round_start)
		return;
	adapt_shortterm(cc);
	b->loss_in_round = false;
}

/* Section 5.5.9. */
static void update_extra_acked(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);
	uint64_t interval_us = bbr_min(s->now_us - b->extra_since_us, 100000000);
	uint64_t expected = bbr_min(b->bw, UINT64_C(1) << 36) * interval_us / 1000000;
	uint32_t rounds = b->full_bw_reached ? EXTRA_ROUNDS : 1;

	if (b->round_start && ++b->extra_rounds >= rounds) {
		b->extra_rounds = 0;
		b->extra_of[0] = b->extra_of[1];
		b->extra_of[1] = 0;
	}
	if (b->extra_delivered <= expected) {
		b->extra_delivered = 0;
		b->extra_since_us = s->now_us;
		expected = 0;
	}
	b->extra_delivered += s->acked;
	if (b->extra_delivered > expected)
		b->extra_of[1] = cc_max(b->extra_of[1],
					cc_min(b->extra_delivered - (uint32_t)expected, cc->cwnd));
}

/* Section 5.3.1.2. */
static void check_full_bw(struct bbr *b, const struct cc_sample *s)
{
	uint64_t rate = bbr_rate_of(s);

	if (b->full_bw_now || !b->round_start || s->rs.app_limited || rate == 0)
		return;
	if (rate >= b->full_bw + b->full_bw / 4) {
		bbr_reset_full_bw(b, rate);
		return;
	}
	b->full_bw_now = ++b->full_bw_count >= FULL_BW_ROUNDS;
	if (b->full_bw_now)
		b->full_bw_reached = true;
}

/* IsInflightTooHigh(): of what was in flight so much was lost. */
bool bbr_too_high(uint32_t lost, uint32_t inflight, bool sack)
{
	return (uint64_t)lost * 100 > (uint64_t)inflight * BBR_LOSS_THRESH || (lost && !sack);
}

/* ---- the least round trip (section 5.3.4) ---- */

void bbr_update_min_rtt(struct bbr *b, const struct cc_sample *s)
{
	b->probe_rtt_expired = s->now_us > b->probe_rtt_min_stamp_us + PROBE_RTT_INTERVAL_US;
	if (s->rtt_us && (s->rtt_us < b->probe_rtt_min_us || b->probe_rtt_expired)) {
		b->probe_rtt_min_us = s->rtt_us;
		b->probe_rtt_min_stamp_us = s->now_us;
	}
	if (b->probe_rtt_min_us < b->min_rtt_us ||
	    s->now_us > b->min_rtt_stamp_us + MIN_RTT_FILTER_US) {
		b->min_rtt_us = b->probe_rtt_min_us;
		b->min_rtt_stamp_us = b->probe_rtt_min_stamp_us;
	}
}

/* ---- all of it ---- */

void bbr_model_ack(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	update_latest(b, s);
	update_congestion(cc, s);
	update_extra_acked(cc, s);
	check_full_bw(b, s);
}

void bbr_model_acked(struct bbr *b, const struct cc_sample *s)
{
	if (b->loss_round_start) {
		b->bw_latest = bbr_rate_of(s);
		b->inflight_latest = s->rs.delivered;
	}
	b->bw = bbr_min(b->max_bw, b->bw_shortterm);
}
