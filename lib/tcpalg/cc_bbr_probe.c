/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BBR's cycle of bandwidth probing: when to ask the path for more, and how what comes of it bounds
 * what may be in flight in the long term (draft-ietf-ccwg-bbr-06 sections 5.3.3 and 5.5.10.2).
 */
#include "tcpalg/cc_bbr.h"
#include "tcpalg/cc_window.h"

#define RENO_ROUNDS_MAX 63u /* section 5.3.3.8 */
#define UP_ROUNDS_MAX	30

#define PROBE_WAIT_MIN_US    2000000u
#define PROBE_WAIT_SPREAD_US 1000000u

/* Below n, evenly enough (xorshift; the caller has seeded it). */
static uint32_t random_below(struct bbr *b, uint32_t n)
{
	uint64_t x = b->model.seed ? b->model.seed : 1;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	b->model.seed = x;
	return (uint32_t)(((x >> 32) * n) >> 32);
}

/* ---- states ---- */

void bbr_start_down(struct bbr *b, uint64_t now_us)
{
	bbr_reset_signals(b);
	b->up_acked_per_inc = BBR_NO_VOLUME;
	b->rounds_since_probe = random_below(b, 2);
	b->probe_wait_us = PROBE_WAIT_MIN_US + random_below(b, PROBE_WAIT_SPREAD_US);
	b->cycle_stamp_us = now_us;
	b->ack_phase = BBR_ACKS_PROBE_STOPPING;
	bbr_start_round(b);
	b->state = BBR_DOWN;
}

void bbr_start_refill(struct bbr *b)
{
	bbr_reset_shortterm(b);
	b->up_rounds = 0;
	b->up_acked = 0;
	b->probe_precautionary = false;
	b->ack_phase = BBR_ACKS_REFILLING;
	bbr_start_round(b);
	b->state = BBR_REFILL;
}

/* RaiseInflightLongtermSlope(). */
static void raise_slope(const struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	b->up_acked_per_inc = cc_max(cc->cwnd >> b->up_rounds, cc->smss);
	if (b->up_rounds < UP_ROUNDS_MAX)
		b->up_rounds++;
}

static void start_up(const struct cc *cc, uint64_t rate)
{
	struct bbr *b = bbr_of(cc);

	b->ack_phase = BBR_ACKS_PROBE_STARTING;
	bbr_start_round(b);
	bbr_reset_full_bw(b, rate);
	b->state = BBR_UP;
	raise_slope(cc);
}

/* ---- the cycle of probing (section 5.3.3) ---- */

/* IsTimeToProbeBW(). */
static bool check_time_to_probe(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);
	uint32_t reno = cc_min(bbr_target(cc) / cc->smss, RENO_ROUNDS_MAX);

	if (s->now_us - b->cycle_stamp_us <= b->probe_wait_us && b->rounds_since_probe < reno)
		return false;
	bbr_start_refill(b);
	return true;
}

static bool is_time_to_cruise(const struct cc *cc, const struct cc_sample *s)
{
	return s->pipe <= bbr_with_headroom(cc) && s->pipe <= bbr_one_bdp(cc, bbr_of(cc)->max_bw);
}

/* The window is the limit, and that is so because of inflight_longterm. */
static bool bound_longterm(const struct cc *cc, const struct cc_sample *s)
{
	return s->cwnd_limited && cc->cwnd >= bbr_of(cc)->inflight_longterm;
}

static bool is_time_to_go_down(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	if (b->probe_too_high && s->pipe >= b->inflight_longterm) {
		b->probe_precautionary = true;
		return true;
	}
	if (bound_longterm(cc, s)) {
		bbr_reset_full_bw(b, bbr_rate_of(s));
		return false;
	}
	return b->full_bw_now;
}

/* ProbeInflightLongtermUpward(). */
static void probe_upward(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);
	uint32_t steps;

	if (!bound_longterm(cc, s))
		return;
	b->up_acked += s->acked;
	if (b->up_acked >= b->up_acked_per_inc) {
		steps = b->up_acked / b->up_acked_per_inc;
		b->up_acked -= steps * b->up_acked_per_inc;
		b->inflight_longterm = (uint32_t)bbr_min(
			b->inflight_longterm + (uint64_t)steps * cc->smss, CC_WND_MAX);
	}
	if (b->round_start)
		raise_slope(cc);
}

/* AdaptLongTermModel(); true: a transition was decided. */
static bool adapt_longterm(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	if (b->ack_phase == BBR_ACKS_PROBE_STARTING && b->round_start)
		b->ack_phase = BBR_ACKS_PROBE_FEEDBACK;
	if (b->ack_phase == BBR_ACKS_PROBE_STOPPING && b->round_start) {
		b->probe_sample = false;
		b->ack_phase = BBR_ACKS_INIT;
		if (bbr_in_probe_bw(b) && !s->rs.app_limited)
			bbr_advance_max_bw(b);
		if (bbr_in_probe_bw(b) && b->probe_precautionary && !b->probe_too_high) {
			bbr_start_refill(b);
			return true;
		}
	}
	if (!s->rs.any || b->inflight_longterm == BBR_NO_VOLUME ||
	    bbr_too_high(s->rs.lost, s->rs.inflight, s->sack))
		return false;
	b->inflight_longterm = cc_max(b->inflight_longterm, s->rs.inflight);
	if (b->state == BBR_UP)
		probe_upward(cc, s);
	return false;
}

/* UpdateProbeBWCyclePhase(). */
void bbr_update_cycle(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	if (!b->full_bw_reached || adapt_longterm(cc, s))
		return;
	switch (b->state) {
	case BBR_DOWN:
		if (!check_time_to_probe(cc, s) && is_time_to_cruise(cc, s))
			b->state = BBR_CRUISE;
		break;
	case BBR_CRUISE:
		check_time_to_probe(cc, s);
		break;
	case BBR_REFILL:
		if (b->round_start) {
			b->probe_sample = true;
			start_up(cc, bbr_rate_of(s));
		}
		break;
	case BBR_UP:
		if (is_time_to_go_down(cc, s)) {
			b->probe_too_high = false;
			bbr_start_down(b, s->now_us);
		}
		break;
	default:
		break;
	}
}

/* ---- losses (section 5.5.10.2) ---- */

/* InflightAtLoss(): what was in flight when losses became too many. */
static uint32_t inflight_at_loss(const struct cc_lost *l)
{
	uint32_t before = l->inflight - cc_min(l->octets, l->inflight);
	uint64_t allowed = (uint64_t)before * BBR_LOSS_THRESH;
	uint64_t lost_before = (uint64_t)(l->since_sent - l->octets) * 100;

	if (allowed <= lost_before)
		return before;
	return before + (uint32_t)((allowed - lost_before) / (100 - BBR_LOSS_THRESH));
}

/* HandleInflightTooHigh(). */
void bbr_probe_lost(const struct cc *cc, const struct cc_lost *l)
{
	struct bbr *b = bbr_of(cc);

	if (!b->probe_sample || !l->inflight || !bbr_too_high(l->since_sent, l->inflight, l->sack))
		return;
	b->probe_too_high = true;
	b->probe_sample = false; /* once a probe */
	if (!l->app_limited)
		b->inflight_longterm =
			cc_max(inflight_at_loss(l), bbr_percent(bbr_target(cc), BBR_BETA));
	if (b->state == BBR_UP) {
		b->undo_state = BBR_UP;
		bbr_start_down(b, l->now_us);
	}
}
