/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BBR version 3: draft-ietf-ccwg-bbr-06, whose sections are named below.
 *
 * It keeps a model of the path: the rate at which it delivers (max_bw, the highest of two cycles of
 * probing) and the round trip of an empty path (min_rtt). Sending is paced at that rate, and what
 * is in flight stays near their product. To learn when that changes it sends a little faster now
 * and then (UP), lets the queue run off (DOWN), goes on at the rate (CRUISE), fills the path
 * before it probes again (REFILL), and every five seconds at most lets it run nearly empty
 * (PROBE_RTT). Losses bound the model: for long what was in flight when too much of it was lost
 * (inflight_longterm), until the next probe what was delivered in a round with losses
 * (…_shortterm).
 *
 * Who is lost and what is sent again is not decided here; the window that recovery obeys is.
 * The draft has no answer to ECN, and neither has this.
 *
 * The file is long since a congestion control is one file, and the draft's one machine: each of its
 * states reads and writes most of the model.
 */
#include "tcpalg/cc_bbr.h"

#include "tcpalg/cc_window.h"
#include "tcpalg/pacer.h"
#include "tcpalg/seq.h"

/* Gains in percent (sections 5.3.1.1, 5.3.2, 5.6.1). */
#define STARTUP_PACING	  277u
#define DRAIN_PACING	  50u
#define DOWN_PACING	  90u
#define UP_PACING	  125u
#define DEFAULT_CWND_GAIN 200u
#define UP_CWND_GAIN	  225u
#define PROBE_RTT_GAIN	  50u

#define PACING_MARGIN	 1u  /* percent (section 5.6.2) */
#define LOSS_THRESH	 2u  /* percent of what was in flight */
#define BETA		 70u /* percent */
#define HEADROOM	 15u /* percent */
#define MIN_PIPE_SEGS	 4u  /* section 5.6.4.3 */
#define FULL_BW_ROUNDS	 3
#define FULL_LOSS_RANGES 6
#define DRAIN_ROUNDS_MAX 3
#define EXTRA_ROUNDS	 5u  /* half of ExtraAckedFilterLen: of two halves the greater counts */
#define RENO_ROUNDS_MAX	 63u /* section 5.3.3.8 */
#define UP_ROUNDS_MAX	 30

#define PROBE_RTT_INTERVAL_US UINT64_C(5000000)
#define PROBE_RTT_DURATION_US UINT64_C(200000)
#define MIN_RTT_FILTER_US     UINT64_C(10000000)
#define PROBE_WAIT_MIN_US     2000000u
#define PROBE_WAIT_SPREAD_US  1000000u

static struct bbr *bbr_of(const struct cc *cc)
{
	return cc->priv.ptr;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint32_t percent(uint32_t of, uint32_t n)
{
	return (uint32_t)((uint64_t)of * n / 100);
}

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

static bool in_probe_bw(const struct bbr *b)
{
	return b->state >= BBR_DOWN && b->state <= BBR_UP;
}

/* ---- volumes (sections 5.6.3, 5.6.4) ---- */

static uint32_t min_pipe(const struct cc *cc)
{
	return MIN_PIPE_SEGS * cc->smss;
}

/* BDPMultiple(): gain in percent. */
static uint32_t bdp(const struct bbr *b, uint64_t bw, uint32_t gain)
{
	if (b->min_rtt_us == UINT32_MAX)
		return b->initial_cwnd;
	return (uint32_t)min_u64(bw * b->min_rtt_us / 1000000 * gain / 100, CC_WND_MAX);
}

/* QuantizationBudget(). */
static uint32_t quantize(const struct cc *cc, uint32_t inflight)
{
	const struct bbr *b = bbr_of(cc);
	uint32_t offload = 3 * pacer_quantum(b->model.pacing_rate, cc->smss);

	inflight = cc_max(inflight, cc_max(offload, min_pipe(cc)));
	if (b->state == BBR_UP)
		inflight += 2u * cc->smss;
	return cc_min(inflight, CC_WND_MAX);
}

/* Inflight(1.0). */
static uint32_t one_bdp(const struct cc *cc, uint64_t bw)
{
	return quantize(cc, bdp(bbr_of(cc), bw, 100));
}

/* TargetInflight(). */
static uint32_t target(const struct cc *cc)
{
	return cc_min(bdp(bbr_of(cc), bbr_of(cc)->bw, 100), cc->cwnd);
}

/* InflightWithHeadroom(). */
static uint32_t with_headroom(const struct cc *cc)
{
	const struct bbr *b = bbr_of(cc);
	uint32_t room;

	if (b->inflight_longterm == BBR_NO_VOLUME)
		return BBR_NO_VOLUME;
	room = cc_max(cc->smss, percent(b->inflight_longterm, HEADROOM));
	return cc_max(b->inflight_longterm - cc_min(room, b->inflight_longterm), min_pipe(cc));
}

static uint32_t probe_rtt_cwnd(const struct cc *cc)
{
	return cc_max(bdp(bbr_of(cc), bbr_of(cc)->bw, PROBE_RTT_GAIN), min_pipe(cc));
}

static void save_cwnd(const struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	if (!b->recovering && b->state != BBR_PROBE_RTT)
		b->prior_cwnd = cc->cwnd;
	else
		b->prior_cwnd = cc_max(b->prior_cwnd, cc->cwnd);
}

static void restore_cwnd(struct cc *cc)
{
	cc->cwnd = cc_max(cc->cwnd, bbr_of(cc)->prior_cwnd);
}

/* ---- the pieces of the model that begin anew ---- */

static void reset_congestion_signals(struct bbr *b)
{
	b->loss_in_round = false;
	b->bw_latest = 0;
	b->inflight_latest = 0;
}

static void reset_shortterm(struct bbr *b)
{
	b->bw_shortterm = BBR_NO_RATE;
	b->inflight_shortterm = BBR_NO_VOLUME;
}

static void reset_full_bw(struct bbr *b, uint64_t from)
{
	b->full_bw = from;
	b->full_bw_count = 0;
	b->full_bw_now = false;
}

/* StartRound(): it ends when something is acknowledged that is sent from now on. */
static void start_round(struct bbr *b)
{
	b->next_round = b->model.delivered;
}

/* ---- states (section 5.3) ---- */

static void start_down(struct bbr *b, uint64_t now_us)
{
	reset_congestion_signals(b);
	b->up_acked_per_inc = BBR_NO_VOLUME;
	b->rounds_since_probe = random_below(b, 2);
	b->probe_wait_us = PROBE_WAIT_MIN_US + random_below(b, PROBE_WAIT_SPREAD_US);
	b->cycle_stamp_us = now_us;
	b->ack_phase = BBR_ACKS_PROBE_STOPPING;
	start_round(b);
	b->state = BBR_DOWN;
}

static void start_refill(struct bbr *b)
{
	reset_shortterm(b);
	b->up_rounds = 0;
	b->up_acked = 0;
	b->probe_precautionary = false;
	b->ack_phase = BBR_ACKS_REFILLING;
	start_round(b);
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
	start_round(b);
	reset_full_bw(b, rate);
	b->state = BBR_UP;
	raise_slope(cc);
}

static void enter_drain(struct bbr *b)
{
	b->state = BBR_DRAIN;
	b->drain_round = b->round_count;
}

/* Gains of the states (section 5.6.1). */
static uint32_t pacing_gain(const struct bbr *b)
{
	static const uint16_t gain[] = {
		[BBR_STARTUP] = STARTUP_PACING,
		[BBR_DRAIN] = DRAIN_PACING,
		[BBR_DOWN] = DOWN_PACING,
		[BBR_CRUISE] = 100,
		[BBR_REFILL] = 100,
		[BBR_UP] = UP_PACING,
		[BBR_PROBE_RTT] = 100,
	};

	return gain[b->state];
}

static uint32_t cwnd_gain(const struct bbr *b)
{
	switch (b->state) {
	case BBR_UP:
		return UP_CWND_GAIN;
	case BBR_PROBE_RTT:
		return PROBE_RTT_GAIN;
	default:
		return DEFAULT_CWND_GAIN;
	}
}

/* ---- what an ACK tells (section 5.5) ---- */

static uint64_t rate_of(const struct cc_sample *s)
{
	return rate_per_second(s->rs.delivered, s->rs.interval_us);
}

static void update_latest(struct bbr *b, const struct cc_sample *s)
{
	b->loss_round_start = false;
	if (!s->rs.any)
		return;
	b->bw_latest = max_u64(b->bw_latest, rate_of(s));
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
	start_round(b);
	b->round_count++;
	b->rounds_since_probe++;
}

static void update_max_bw(struct bbr *b, const struct cc_sample *s)
{
	uint64_t rate = rate_of(s);

	update_round(b, s);
	if (rate == 0 || (rate < b->max_bw && s->rs.app_limited))
		return;
	b->max_bw_of[1] = max_u64(b->max_bw_of[1], rate);
	b->max_bw = max_u64(b->max_bw_of[0], b->max_bw_of[1]);
}

/* AdvanceMaxBwFilter(): a cycle is over. */
static void advance_max_bw(struct bbr *b)
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
	b->bw_shortterm = max_u64(b->bw_latest, b->bw_shortterm / 100 * BETA);
	b->inflight_shortterm = cc_max(b->inflight_latest, percent(b->inflight_shortterm, BETA));
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
	uint64_t interval_us = min_u64(s->now_us - b->extra_since_us, 100000000);
	uint64_t expected = min_u64(b->bw, UINT64_C(1) << 36) * interval_us / 1000000;
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
	uint64_t rate = rate_of(s);

	if (b->full_bw_now || !b->round_start || s->rs.app_limited || rate == 0)
		return;
	if (rate >= b->full_bw + b->full_bw / 4) {
		reset_full_bw(b, rate);
		return;
	}
	b->full_bw_now = ++b->full_bw_count >= FULL_BW_ROUNDS;
	if (b->full_bw_now)
		b->full_bw_reached = true;
}

/* IsInflightTooHigh(): of what was in flight so much was lost. */
static bool too_high(uint32_t lost, uint32_t inflight, bool sack)
{
	return (uint64_t)lost * 100 > (uint64_t)inflight * LOSS_THRESH || (lost && !sack);
}

/* Section 5.3.1.3. */
static void check_startup_loss(struct bbr *b, const struct cc_sample *s)
{
	if (!b->loss_round_start)
		return;
	if (b->state == BBR_STARTUP && !b->full_bw_reached && s->recovering && b->lost_ranges &&
	    (b->lost_ranges >= FULL_LOSS_RANGES || !s->sack) &&
	    too_high(s->rs.lost, s->rs.inflight, s->sack)) {
		b->undo_state = BBR_STARTUP;
		b->full_bw_reached = true;
		b->inflight_longterm = cc_max(bdp(b, b->max_bw, 100), b->inflight_latest);
	}
	b->lost_ranges = 0;
}

static void check_startup_done(struct bbr *b, const struct cc_sample *s)
{
	check_startup_loss(b, s);
	if (b->state == BBR_STARTUP && b->full_bw_reached)
		enter_drain(b);
}

static void check_drain_done(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	if (b->state == BBR_DRAIN &&
	    (s->pipe <= one_bdp(cc, b->bw) || b->round_count - b->drain_round > DRAIN_ROUNDS_MAX))
		start_down(b, s->now_us);
}

/* ---- the cycle of probing (section 5.3.3) ---- */

/* IsTimeToProbeBW(). */
static bool check_time_to_probe(const struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);
	uint32_t reno = cc_min(target(cc) / cc->smss, RENO_ROUNDS_MAX);

	if (s->now_us - b->cycle_stamp_us <= b->probe_wait_us && b->rounds_since_probe < reno)
		return false;
	start_refill(b);
	return true;
}

static bool is_time_to_cruise(const struct cc *cc, const struct cc_sample *s)
{
	return s->pipe <= with_headroom(cc) && s->pipe <= one_bdp(cc, bbr_of(cc)->max_bw);
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
		reset_full_bw(b, rate_of(s));
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
		b->inflight_longterm = (uint32_t)min_u64(
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
		if (in_probe_bw(b) && !s->rs.app_limited)
			advance_max_bw(b);
		if (in_probe_bw(b) && b->probe_precautionary && !b->probe_too_high) {
			start_refill(b);
			return true;
		}
	}
	if (!s->rs.any || b->inflight_longterm == BBR_NO_VOLUME ||
	    too_high(s->rs.lost, s->rs.inflight, s->sack))
		return false;
	b->inflight_longterm = cc_max(b->inflight_longterm, s->rs.inflight);
	if (b->state == BBR_UP)
		probe_upward(cc, s);
	return false;
}

/* UpdateProbeBWCyclePhase(). */
static void update_cycle(const struct cc *cc, const struct cc_sample *s)
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
			start_up(cc, rate_of(s));
		}
		break;
	case BBR_UP:
		if (is_time_to_go_down(cc, s)) {
			b->probe_too_high = false;
			start_down(b, s->now_us);
		}
		break;
	default:
		break;
	}
}

/* ---- the least round trip (section 5.3.4) ---- */

static void update_min_rtt(struct bbr *b, const struct cc_sample *s)
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

static void exit_probe_rtt(struct bbr *b, uint64_t now_us)
{
	reset_shortterm(b);
	if (!b->full_bw_reached) {
		b->state = BBR_STARTUP;
		return;
	}
	start_down(b, now_us);
	b->state = BBR_CRUISE;
}

static void check_probe_rtt_done(struct cc *cc, uint64_t now_us)
{
	struct bbr *b = bbr_of(cc);

	if (b->probe_rtt_done_us == 0 || now_us <= b->probe_rtt_done_us)
		return;
	b->probe_rtt_min_stamp_us = now_us;
	restore_cwnd(cc);
	exit_probe_rtt(b, now_us);
}

static void handle_probe_rtt(struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	b->model.limited = true; /* low rates from here on are our own doing */
	if (b->probe_rtt_done_us) {
		b->probe_rtt_round_done |= b->round_start;
		if (b->probe_rtt_round_done)
			check_probe_rtt_done(cc, s->now_us);
	} else if (s->pipe <= probe_rtt_cwnd(cc)) {
		b->probe_rtt_done_us = s->now_us + PROBE_RTT_DURATION_US;
		b->probe_rtt_round_done = false;
		start_round(b);
	}
}

static void check_probe_rtt(struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	if (b->state != BBR_PROBE_RTT && b->probe_rtt_expired && !b->idle_restart) {
		save_cwnd(cc);
		b->state = BBR_PROBE_RTT;
		b->probe_rtt_done_us = 0;
		b->ack_phase = BBR_ACKS_PROBE_STOPPING;
		start_round(b);
	}
	if (b->state == BBR_PROBE_RTT)
		handle_probe_rtt(cc, s);
	if (s->rs.delivered)
		b->idle_restart = false;
}

/* ---- what follows from it (section 5.6) ---- */

static void set_pacing_rate(struct bbr *b, uint32_t gain)
{
	uint64_t rate = b->bw * gain / 100 * (100 - PACING_MARGIN) / 100;

	if (rate && (b->full_bw_reached || rate > b->model.pacing_rate))
		b->model.pacing_rate = rate;
}

/* InitPacingRate(): twice, the second time when the round trip is known. */
static void init_pacing_rate(struct bbr *b, uint32_t srtt_us)
{
	b->model.pacing_rate =
		rate_per_second(b->initial_cwnd, srtt_us ? srtt_us : 1000) * STARTUP_PACING / 100;
	b->rtt_known = srtt_us != 0;
}

static void bound_cwnd_for_model(struct cc *cc)
{
	const struct bbr *b = bbr_of(cc);
	uint32_t cap = BBR_NO_VOLUME;

	if (b->state == BBR_CRUISE || b->state == BBR_PROBE_RTT)
		cap = with_headroom(cc);
	else if (in_probe_bw(b))
		cap = b->inflight_longterm;
	cap = cc_max(cc_min(cap, b->inflight_shortterm), min_pipe(cc));
	cc->cwnd = cc_min(cc->cwnd, cap);
}

static void set_cwnd(struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);
	uint32_t extra = cc_max(b->extra_of[0], b->extra_of[1]);
	uint32_t most = quantize(cc, bdp(b, b->bw, cwnd_gain(b)) + extra);

	if (b->full_bw_reached)
		cc->cwnd = cc_min(cc->cwnd + s->acked, most);
	else if (cc->cwnd < most || s->delivered < b->initial_cwnd)
		cc->cwnd = cc_min(cc->cwnd + s->acked, CC_WND_MAX);
	cc->cwnd = cc_max(cc->cwnd, min_pipe(cc));
	if (b->state == BBR_PROBE_RTT)
		cc->cwnd = cc_min(cc->cwnd, probe_rtt_cwnd(cc));
	bound_cwnd_for_model(cc);
}

/* ---- events ---- */

static void bbr_init(struct cc *cc)
{
	struct bbr *b = bbr_of(cc);
	uint32_t srtt_us = b->model.srtt_us;
	uint64_t now_us = b->model.now_us;

	b->min_rtt_us = srtt_us ? srtt_us : UINT32_MAX;
	b->probe_rtt_min_us = b->min_rtt_us;
	b->min_rtt_stamp_us = now_us;
	b->probe_rtt_min_stamp_us = now_us;
	b->extra_since_us = now_us;
	b->initial_cwnd = cc->cwnd;
	b->prior_cwnd = cc->cwnd;
	b->inflight_longterm = BBR_NO_VOLUME;
	b->up_acked_per_inc = BBR_NO_VOLUME;
	b->undo_state = BBR_DRAIN;
	b->undo_bw_shortterm = BBR_NO_RATE;
	b->undo_inflight_shortterm = BBR_NO_VOLUME;
	b->undo_inflight_longterm = BBR_NO_VOLUME;
	reset_shortterm(b);
	start_round(b);
	b->loss_round = b->model.delivered;
	init_pacing_rate(b, srtt_us);
	b->state = BBR_STARTUP;
}

/* Section 5.2.3. */
static void bbr_sample(struct cc *cc, const struct cc_sample *s)
{
	struct bbr *b = bbr_of(cc);

	b->model.delivered = s->delivered;
	b->model.limited = false;
	if (!b->rtt_known && s->srtt_us)
		init_pacing_rate(b, s->srtt_us);
	if (b->recovering && !s->recovering)
		restore_cwnd(cc);
	b->recovering = s->recovering;

	update_latest(b, s);
	update_congestion(cc, s);
	update_extra_acked(cc, s);
	check_full_bw(b, s);
	check_startup_done(b, s);
	check_drain_done(cc, s);
	update_cycle(cc, s);
	update_min_rtt(b, s);
	check_probe_rtt(cc, s);
	if (b->loss_round_start) {
		b->bw_latest = rate_of(s);
		b->inflight_latest = s->rs.delivered;
	}
	b->bw = min_u64(b->max_bw, b->bw_shortterm);

	set_pacing_rate(b, pacing_gain(b));
	set_cwnd(cc, s);
}

/* SaveStateUponLoss(). */
static void save_state(const struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	save_cwnd(cc);
	b->undo_state = BBR_DRAIN;
	b->undo_bw_shortterm = b->bw_shortterm;
	b->undo_inflight_shortterm = b->inflight_shortterm;
	b->undo_inflight_longterm = b->inflight_longterm;
}

/* InflightAtLoss(): what was in flight when losses became too many. */
static uint32_t inflight_at_loss(const struct cc_lost *l)
{
	uint32_t before = l->inflight - cc_min(l->octets, l->inflight);
	uint64_t allowed = (uint64_t)before * LOSS_THRESH;
	uint64_t lost_before = (uint64_t)(l->since_sent - l->octets) * 100;

	if (allowed <= lost_before)
		return before;
	return before + (uint32_t)((allowed - lost_before) / (100 - LOSS_THRESH));
}

/* Section 5.5.10.2. */
static void bbr_lost(struct cc *cc, const struct cc_lost *l)
{
	struct bbr *b = bbr_of(cc);

	if (!b->loss_in_round) {
		b->loss_round = l->delivered;
		save_state(cc);
	}
	b->loss_in_round = true;
	b->lost_ranges = (uint16_t)cc_min(b->lost_ranges + l->ranges, UINT16_MAX);
	if (!b->probe_sample || !l->inflight || !too_high(l->since_sent, l->inflight, l->sack))
		return;
	b->probe_too_high = true;
	b->probe_sample = false; /* once a probe */
	if (!l->app_limited)
		b->inflight_longterm = cc_max(inflight_at_loss(l), percent(target(cc), BETA));
	if (b->state == BBR_UP) {
		b->undo_state = BBR_UP;
		start_down(b, l->now_us);
	}
}

/* OnEnterFastRecovery(). */
static void bbr_loss(struct cc *cc, uint64_t now_us)
{
	(void)now_us;
	save_state(cc);
}

/* Section 5.6.4.4: from one segment the window grows by what is delivered, until recovery ends. */
static void bbr_rto(struct cc *cc, bool first, uint64_t now_us)
{
	(void)now_us;
	if (first)
		save_state(cc);
	bbr_of(cc)->recovering = true;
	cc->cwnd = cc->smss;
}

/* Section 5.5.11.2. */
static void bbr_undo(struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	restore_cwnd(cc);
	b->loss_in_round = false;
	reset_full_bw(b, 0);
	b->bw_shortterm = max_u64(b->bw_shortterm, b->undo_bw_shortterm);
	b->inflight_shortterm = cc_max(b->inflight_shortterm, b->undo_inflight_shortterm);
	b->inflight_longterm = cc_max(b->inflight_longterm, b->undo_inflight_longterm);
	if (b->undo_state == BBR_STARTUP && b->state != BBR_STARTUP) {
		b->full_bw_reached = false;
		if (b->state != BBR_PROBE_RTT)
			b->state = BBR_STARTUP;
	} else if (b->undo_state == BBR_UP && b->state != BBR_UP && b->state != BBR_PROBE_RTT) {
		start_refill(b);
	}
	b->undo_state = BBR_DRAIN;
}

/* Section 5.4.1. */
static void bbr_restart(struct cc *cc, uint64_t now_us)
{
	struct bbr *b = bbr_of(cc);

	b->idle_restart = true;
	b->extra_since_us = now_us;
	if (in_probe_bw(b))
		set_pacing_rate(b, 100);
	else if (b->state == BBR_PROBE_RTT)
		check_probe_rtt_done(cc, now_us);
}

/* Samples tell what these would. */
static void bbr_ack(struct cc *cc, const struct cc_ack *a)
{
	(void)cc;
	(void)a;
}

static void bbr_recovery_exit(struct cc *cc, uint32_t flight, uint64_t now_us)
{
	(void)cc;
	(void)flight;
	(void)now_us;
}

static void bbr_idle_restart(struct cc *cc, uint32_t idle_us, uint32_t rto_us)
{
	(void)cc;
	(void)idle_us;
	(void)rto_us;
}

const struct cc_algo cc_bbr = {
	.name = "bbr",
	.id = CC_BBR,
	.state_bytes = sizeof(struct bbr),
	.init = bbr_init,
	.ack = bbr_ack,
	.loss = bbr_loss,
	.recovery_exit = bbr_recovery_exit,
	.rto = bbr_rto,
	.idle_restart = bbr_idle_restart,
	.sample = bbr_sample,
	.lost = bbr_lost,
	.undo = bbr_undo,
	.restart = bbr_restart,
};
