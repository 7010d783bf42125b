/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcpalg/cc_bbr.c: draft-ietf-ccwg-bbr-06, state by state. ACKs are made up: a round is an ACK
 * of something sent when all that had been delivered by then was. Numbers are worked out by hand.
 */
#include "tcpalg/cc_bbr.h"

#include "tcpalg_test.h"

#define SMSS 1000u
#define RTT  40000u   /* us */
#define MBPS 1000000u /* octets a second: a BDP of 40 segments */
#define BDP  40000u

static struct cc cc;
static struct bbr b;
static uint64_t now_us;
static uint32_t delivered;
static struct cc_sample s; /* what the next ACK tells beside the usual */

static int start(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	memset(&s, 0, sizeof(s));
	now_us = 1000000;
	delivered = 0;
	s.sack = true;
	cc_init(&cc, &cc_bbr, SMSS, CC_INITIAL_SEGS);
	b.model.seed = 12345;
	b.model.now_us = now_us;
	cc_give_state(&cc, &b.model);
	return 0;
}

/* An ACK of so many octets, after so long, of what was sent when prior octets had been delivered.
 */
static void ack(uint32_t after_us, uint32_t octets, uint32_t prior, uint64_t rate)
{
	now_us += after_us;
	delivered += octets;
	s.now_us = now_us;
	s.acked = octets;
	s.delivered = delivered;
	s.rs.any = true;
	s.rs.prior = prior;
	s.rs.delivered = delivered - prior;
	s.rs.interval_us = rate ? (uint32_t)(s.rs.delivered * UINT64_C(1000000) / rate) : 0;
	s.srtt_us = s.rtt_us ? s.rtt_us : RTT;
	cc_algos[cc.algo]->sample(&cc, &s);
}

/* A round at this rate: one ACK for all that is delivered in a round trip. */
static void round_at(uint64_t rate)
{
	uint32_t octets = (uint32_t)(rate * RTT / 1000000);

	s.rtt_us = RTT;
	s.pipe = s.pipe ? s.pipe : BDP;
	ack(RTT, octets, delivered, rate);
}

/* Rounds until it gets there, or leaves. */
static void until(uint8_t state, uint64_t rate)
{
	for (unsigned i = 0; b.state != state; i++) {
		assert_true(i < 200);
		round_at(rate);
	}
}

static void leave(uint8_t state, uint64_t rate)
{
	for (unsigned i = 0; b.state == state; i++) {
		assert_true(i < 200);
		round_at(rate);
	}
}

static void lost(uint32_t octets, uint32_t ranges, uint32_t inflight, uint32_t since_sent)
{
	const struct cc_lost l = {
		.now_us = now_us,
		.octets = octets,
		.ranges = ranges,
		.delivered = delivered,
		.inflight = inflight,
		.since_sent = since_sent,
		.sack = s.sack,
	};

	cc_algos[cc.algo]->lost(&cc, &l);
}

/* Startup found 1 MB/s. */
static void to_drain(void)
{
	for (uint64_t rate = MBPS / 8; rate <= MBPS; rate *= 2)
		round_at(rate);
	s.pipe = 2 * BDP;
	for (unsigned i = 0; i < 3; i++)
		round_at(MBPS);
	assert_int_equal(b.state, BBR_DRAIN);
}

/* The queue would not go: else Down ends in the moment in which it begins. */
static void to_down(void)
{
	to_drain();
	leave(BBR_DRAIN, MBPS);
	assert_int_equal(b.state, BBR_DOWN);
}

static void to_cruise(void)
{
	to_down();
	s.pipe = BDP * 9 / 10;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_CRUISE);
}

static void to_refill(void)
{
	to_cruise();
	s.pipe = BDP;
	leave(BBR_CRUISE, MBPS);
	assert_int_equal(b.state, BBR_REFILL);
}

static void to_up(void)
{
	to_refill();
	round_at(MBPS);
	assert_int_equal(b.state, BBR_UP);
}

/* ---- Startup ---- */

static void section_5_6_2_the_first_rate_is_that_of_the_initial_window(void **state)
{
	(void)state;
	assert_int_equal(b.state, BBR_STARTUP);
	assert_int_equal(cc.cwnd, 10 * SMSS);
	assert_int_equal(b.model.pacing_rate, 27700000); /* in a millisecond, times 2.77 */
	s.rtt_us = RTT;
	s.rs.app_limited = true;
	ack(RTT, SMSS, 0, 25000);
	assert_int_equal(b.model.pacing_rate, 10 * SMSS * 25 * 277 / 100); /* in a round trip */
}

static void section_5_3_1_1_startup_doubles_each_round(void **state)
{
	(void)state;
	round_at(MBPS / 4);
	assert_int_equal(cc.cwnd, 20 * SMSS);
	assert_int_equal(b.model.pacing_rate, 692500); /* of the initial window still */
	round_at(MBPS / 2);
	assert_int_equal(cc.cwnd, 40 * SMSS);
	assert_int_equal(b.model.pacing_rate, MBPS / 2 / 100 * 277 * 99 / 100);
	assert_int_equal(b.state, BBR_STARTUP);
}

static void section_5_3_1_2_three_rounds_without_growth_fill_the_pipe(void **state)
{
	(void)state;
	round_at(MBPS);
	round_at(MBPS * 5 / 4); /* a quarter more: grows */
	round_at(MBPS * 3 / 2);
	round_at(MBPS * 3 / 2);
	s.rs.app_limited = true; /* does not count */
	round_at(MBPS * 3 / 2);
	s.rs.app_limited = false;
	ack(10, SMSS, delivered - 5 * SMSS, MBPS); /* within the round */
	assert_int_equal(b.state, BBR_STARTUP);
	assert_int_equal(b.full_bw_count, 2);
	s.pipe = 4 * BDP;
	round_at(MBPS * 3 / 2);
	assert_int_equal(b.state, BBR_DRAIN);
	assert_true(b.full_bw_reached);
	assert_int_equal(b.model.pacing_rate, MBPS * 3 / 2 / 2 * 99 / 100);
}

static void section_5_3_1_3_losses_end_startup(void **state)
{
	(void)state;
	round_at(MBPS / 2);
	round_at(MBPS);
	lost(5 * SMSS, 5, 80 * SMSS, 5 * SMSS);
	s.recovering = true;
	s.rs.inflight = 80 * SMSS;
	s.rs.lost = 5 * SMSS;
	round_at(MBPS * 2); /* five ranges are too few */
	assert_int_equal(b.state, BBR_STARTUP);
	lost(6 * SMSS, 6, 80 * SMSS, 6 * SMSS);
	s.rs.lost = SMSS; /* 1.25 % are too few */
	round_at(MBPS * 4);
	assert_int_equal(b.state, BBR_STARTUP);
	lost(6 * SMSS, 6, 80 * SMSS, 6 * SMSS);
	s.rs.lost = 6 * SMSS;
	s.pipe = 10 * BDP;
	round_at(MBPS * 8);
	assert_int_equal(b.state, BBR_DRAIN);
	assert_int_equal(b.inflight_longterm, 8 * BDP);
}

static void section_5_3_1_3_without_sack_one_loss_is_enough(void **state)
{
	(void)state;
	s.sack = false;
	round_at(MBPS);
	lost(SMSS, 1, 80 * SMSS, SMSS);
	s.recovering = true;
	s.rs.inflight = 80 * SMSS;
	s.rs.lost = SMSS;
	s.pipe = 10 * BDP;
	round_at(MBPS * 2);
	assert_int_equal(b.state, BBR_DRAIN);
}

/* ---- Drain ---- */

static void section_5_3_2_drain_ends_when_the_queue_is_gone(void **state)
{
	(void)state;
	to_drain();
	s.pipe = BDP + SMSS;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_DRAIN);
	s.pipe = BDP;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_CRUISE); /* through Down */
	assert_int_equal(b.bw, MBPS);
	assert_int_equal(b.min_rtt_us, RTT);
}

static void section_5_3_2_or_after_three_rounds(void **state)
{
	(void)state;
	s.pipe = 4 * BDP;
	for (unsigned i = 0; i < 4; i++)
		round_at(MBPS);
	assert_int_equal(b.state, BBR_DRAIN);
	for (unsigned i = 0; i < 3; i++)
		round_at(MBPS);
	assert_int_equal(b.state, BBR_DRAIN);
	round_at(MBPS);
	assert_int_equal(b.state, BBR_DOWN);
}

/* ---- ProbeBW ---- */

static void section_5_3_3_1_down_ends_with_headroom(void **state)
{
	(void)state;
	to_down();
	assert_int_equal(b.model.pacing_rate, MBPS * 90 / 100 * 99 / 100);
	b.inflight_longterm = BDP;
	s.pipe = BDP * 86 / 100;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_DOWN);
	s.pipe = BDP * 85 / 100;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_CRUISE);
	assert_int_equal(b.model.pacing_rate, MBPS * 99 / 100);
	assert_int_equal(cc.cwnd, BDP * 85 / 100); /* 5.6.4.7 */
}

static void section_5_3_3_8_it_is_time_to_probe_after_renos_rounds(void **state)
{
	uint64_t begin;

	(void)state;
	to_cruise();
	begin = now_us;
	s.pipe = BDP;
	leave(BBR_CRUISE, MBPS);
	/* As many rounds as the BDP has segments, less the random one and that of Down. */
	assert_in_range((now_us - begin) / RTT, 38, 40);
	assert_int_equal(b.state, BBR_REFILL);
}

static void section_5_3_3_8_or_after_two_to_three_seconds(void **state)
{
	(void)state;
	to_cruise();
	assert_in_range(b.probe_wait_us, 2000000, 3000000);
	now_us = b.cycle_stamp_us + b.probe_wait_us;
	ack(0, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_CRUISE);
	ack(1, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_REFILL);
}

static void section_5_3_3_3_refill_lasts_a_round_without_the_short_term(void **state)
{
	(void)state;
	to_cruise();
	b.bw_shortterm = MBPS / 2;
	b.inflight_shortterm = BDP / 2;
	s.pipe = BDP;
	leave(BBR_CRUISE, MBPS);
	assert_true(b.bw_shortterm == BBR_NO_RATE);
	assert_true(b.inflight_shortterm == BBR_NO_VOLUME);
	assert_int_equal(b.model.pacing_rate, MBPS * 99 / 100);
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_REFILL);
	round_at(MBPS);
	assert_int_equal(b.state, BBR_UP);
	assert_int_equal(b.model.pacing_rate, MBPS * 125 / 100 * 99 / 100);
}

static void section_5_3_3_5_up_finds_more(void **state)
{
	(void)state;
	to_up();
	for (uint64_t rate = MBPS * 5 / 4; rate < 4 * MBPS; rate = rate * 5 / 4 + 1) {
		s.pipe = (uint32_t)(rate * RTT / 1000000);
		round_at(rate);
		assert_int_equal(b.state, BBR_UP);
		assert_int_equal(b.bw, rate_per_second(s.rs.delivered, s.rs.interval_us));
	}
}

static void section_5_3_3_7_up_ends_when_there_is_no_more(void **state)
{
	(void)state;
	to_up();
	s.pipe = BDP * 5 / 4;
	round_at(MBPS);
	round_at(MBPS);
	assert_int_equal(b.state, BBR_UP);
	round_at(MBPS);
	assert_int_equal(b.state, BBR_DOWN);
	assert_true(b.inflight_longterm == BBR_NO_VOLUME);
}

static void section_5_3_3_5_the_long_term_volume_grows_ever_faster(void **state)
{
	uint32_t before;

	(void)state;
	to_up();
	s.pipe = BDP;
	b.inflight_longterm = BDP;
	cc.cwnd = BDP;
	s.cwnd_limited = true;
	for (uint32_t round = 0; round < 4; round++) {
		before = b.inflight_longterm;
		b.up_acked = 0;
		cc.cwnd = b.inflight_longterm;
		b.up_acked_per_inc = cc.cwnd >> round;
		ack(RTT, cc.cwnd, b.next_round - 1, MBPS);
		assert_int_equal(b.inflight_longterm - before, SMSS << round);
	}
}

static void section_5_3_3_7_up_goes_on_while_the_long_term_volume_is_the_limit(void **state)
{
	(void)state;
	to_up();
	s.pipe = BDP;
	s.cwnd_limited = true;
	for (unsigned i = 0; i < 6; i++) {
		b.inflight_longterm = BDP;
		cc.cwnd = BDP + 100 * SMSS; /* it is cut to what the model bears */
		b.up_acked_per_inc = BBR_NO_VOLUME;
		round_at(MBPS);
		assert_int_equal(b.state, BBR_UP);
		assert_int_equal(b.full_bw_count, 0);
	}
}

static void section_5_5_10_2_losses_while_probing_bound_the_long_term(void **state)
{
	(void)state;
	to_up();
	lost(SMSS, 1, 50 * SMSS, SMSS); /* 2 % are not more than 2 % */
	assert_true(b.inflight_longterm == BBR_NO_VOLUME);
	lost(2 * SMSS, 2, 50 * SMSS, 3 * SMSS);
	/* (2 % of 48 segments - 1 lost before) is nothing: those before it. */
	assert_int_equal(b.inflight_longterm, 48 * SMSS);
	assert_int_equal(b.state, BBR_DOWN);
	assert_true(b.probe_too_high);
	lost(20 * SMSS, 20, 50 * SMSS, 23 * SMSS); /* once a probe */
	assert_int_equal(b.inflight_longterm, 48 * SMSS);
}

static void section_5_5_10_2_never_below_beta(void **state)
{
	(void)state;
	to_up();
	lost(20 * SMSS, 20, 24 * SMSS, 20 * SMSS);
	assert_int_equal(b.inflight_longterm, BDP * 7 / 10);
}

static void section_5_3_3_6_the_probe_after_losses_is_brief_and_repeated(void **state)
{
	(void)state;
	to_up();
	lost(2 * SMSS, 2, 50 * SMSS, 3 * SMSS);
	s.pipe = BDP / 2;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	until(BBR_REFILL, MBPS);
	round_at(MBPS);
	assert_int_equal(b.state, BBR_UP);
	s.pipe = 48 * SMSS; /* where it was too much */
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_DOWN);
	assert_true(b.probe_precautionary);
	/* A round without losses: again, this time for good. */
	s.pipe = BDP;
	round_at(MBPS);
	assert_int_equal(b.state, BBR_REFILL);
	assert_false(b.probe_too_high);
}

static void section_5_5_10_3_losses_in_cruise_bound_the_short_term(void **state)
{
	(void)state;
	to_cruise();
	lost(SMSS, 1, BDP, SMSS);
	assert_true(b.bw_shortterm == BBR_NO_RATE);
	s.recovering = true;
	round_at(MBPS * 9 / 10);
	/* What the round delivered, the ACKs before it included. */
	assert_in_range(b.bw_shortterm, MBPS * 9 / 10, MBPS);
	lost(SMSS, 1, BDP, SMSS);
	round_at(MBPS / 10); /* the round before still counts */
	lost(SMSS, 1, BDP, SMSS);
	round_at(MBPS / 10);
	assert_in_range(b.bw_shortterm, MBPS * 62 / 100, MBPS * 64 / 100); /* 0.7 of 0.9 */
	assert_int_equal(b.bw, b.bw_shortterm);
	assert_in_range(b.inflight_shortterm, BDP * 49 / 100, 2 * BDP);
	assert_true(cc.cwnd <= b.inflight_shortterm);
}

static void section_5_5_6_the_highest_rate_is_forgotten_after_two_cycles(void **state)
{
	(void)state;
	to_up();
	assert_int_equal(b.max_bw, MBPS);
	for (unsigned cycle = 0; cycle < 2; cycle++) {
		s.pipe = BDP / 3;
		until(BBR_DOWN, MBPS / 2);
		until(BBR_UP, MBPS / 2);
	}
	until(BBR_DOWN, MBPS / 2);
	round_at(MBPS / 2);
	assert_int_equal(b.max_bw, MBPS / 2);
}

static void section_5_5_4_what_the_application_limits_lowers_nothing(void **state)
{
	(void)state;
	to_cruise();
	s.rs.app_limited = true;
	for (unsigned i = 0; i < 200; i++)
		round_at(MBPS / 4);
	assert_int_equal(b.max_bw, MBPS);
	round_at(MBPS * 2); /* but may raise */
	assert_int_equal(b.max_bw, MBPS * 2);
}

static void section_5_5_6_a_probe_that_the_application_limits_ends_no_cycle(void **state)
{
	(void)state;
	to_down();
	b.ack_phase = BBR_ACKS_PROBE_STOPPING;
	b.max_bw_of[0] = MBPS;
	b.max_bw_of[1] = MBPS / 2;
	s.rs.app_limited = true;
	round_at(MBPS / 4);
	assert_int_equal(b.ack_phase, BBR_ACKS_INIT);
	assert_int_equal(b.max_bw, MBPS);
}

static void section_5_5_9_aggregated_acks_widen_the_window(void **state)
{
	uint32_t before;

	(void)state;
	to_cruise();
	s.pipe = BDP;
	for (unsigned i = 0; i < 12; i++)
		round_at(MBPS);
	before = cc.cwnd;
	/* Nothing for 20 ms, then all of it at once, time and again. */
	for (unsigned i = 0; i < 6 && b.state == BBR_CRUISE; i++) {
		ack(20000, 1, delivered - 10 * SMSS, MBPS);
		ack(0, 20 * SMSS, delivered - 20 * SMSS, MBPS);
	}
	assert_true(cc.cwnd > before);
	assert_true(cc.cwnd <= before + 41 * SMSS);
}

/* ---- ProbeRTT ---- */

static void section_5_3_4_probe_rtt_after_five_seconds(void **state)
{
	uint32_t cwnd;

	(void)state;
	to_cruise();
	s.pipe = BDP;
	b.probe_wait_us = UINT32_MAX; /* no other probing */
	b.rounds_since_probe = 0;
	now_us = b.probe_rtt_min_stamp_us + 5000000 - RTT;
	round_at(MBPS);
	assert_int_equal(b.state, BBR_CRUISE);
	cwnd = cc.cwnd;
	s.rtt_us = RTT + 5000;
	ack(1, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(b.state, BBR_PROBE_RTT);
	assert_true(b.model.limited);
	assert_int_equal(cc.cwnd, BDP / 2);
	assert_int_equal(b.min_rtt_us, RTT); /* ten seconds old it is not */

	/* The volume comes down; from then on 200 ms, and a round. */
	s.pipe = BDP / 2;
	ack(10000, SMSS, delivered - 10 * SMSS, MBPS / 2);
	assert_int_equal(b.probe_rtt_done_us, now_us + 200000);
	s.rtt_us = RTT - 3000;
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(b.state, BBR_PROBE_RTT);
		assert_true(cc.cwnd <= BDP / 2);
		ack(10000, SMSS, delivered - (i ? 0 : SMSS), MBPS / 2);
	}
	assert_int_equal(b.state, BBR_PROBE_RTT); /* not longer than 200 ms yet */
	ack(10000, SMSS, delivered, MBPS / 2);
	assert_int_equal(b.state, BBR_CRUISE);
	assert_int_equal(b.min_rtt_us, RTT - 3000);
	assert_in_range(cc.cwnd, BDP * 3 / 2, cwnd + SMSS);
}

static void section_5_3_4_lower_round_trips_put_it_off(void **state)
{
	(void)state;
	to_cruise();
	s.pipe = BDP;
	for (uint32_t i = 0; i < 40; i++) {
		s.rtt_us = RTT - i;
		ack(250000, SMSS, delivered - 10 * SMSS, MBPS);
		assert_true(b.state != BBR_PROBE_RTT);
	}
	assert_int_equal(b.min_rtt_us, RTT - 39);
}

static void section_5_4_idle_takes_the_place_of_probe_rtt(void **state)
{
	(void)state;
	to_down();
	now_us += 20000000;
	cc_algos[cc.algo]->restart(&cc, now_us);
	assert_int_equal(b.model.pacing_rate, MBPS * 99 / 100); /* at exactly the rate */
	s.rtt_us = RTT + 1000;
	ack(RTT, SMSS, delivered, MBPS / 40);
	assert_true(b.state != BBR_PROBE_RTT);
	assert_int_equal(b.min_rtt_us, RTT + 1000); /* the old one has expired */
	assert_false(b.idle_restart);
}

/* ---- windows ---- */

static void section_5_6_4_3_four_segments_are_the_least(void **state)
{
	(void)state;
	to_cruise();
	b.inflight_shortterm = SMSS;
	s.pipe = SMSS;
	ack(1, 1, delivered - 10 * SMSS, MBPS);
	assert_int_equal(cc.cwnd, 4 * SMSS);
}

static void section_5_6_4_4_a_timeout_takes_the_window_and_gives_it_back(void **state)
{
	uint32_t cwnd;

	(void)state;
	to_cruise();
	s.pipe = BDP;
	for (unsigned i = 0; i < 10; i++)
		round_at(MBPS);
	cwnd = cc.cwnd;
	cc_rto(&cc, true, now_us);
	assert_int_equal(cc.cwnd, SMSS);
	cc_rto(&cc, false, now_us);
	s.recovering = true;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(cc.cwnd, 4 * SMSS);
	ack(1000, 2 * SMSS, delivered - 10 * SMSS, MBPS);
	assert_int_equal(cc.cwnd, 6 * SMSS);
	s.recovering = false;
	ack(1000, SMSS, delivered - 10 * SMSS, MBPS);
	assert_in_range(cc.cwnd, cwnd, cwnd + SMSS);
}

static void fast_recovery_leaves_the_window_alone(void **state)
{
	uint32_t cwnd;

	(void)state;
	to_cruise();
	cwnd = cc.cwnd;
	cc_loss(&cc, now_us);
	assert_int_equal(cc.cwnd, cwnd);
	cc_recovery_exit(&cc, SMSS, now_us);
	assert_int_equal(cc.cwnd, cwnd);
}

static void section_5_5_11_a_needless_recovery_is_taken_back(void **state)
{
	(void)state;
	to_cruise();
	s.pipe = BDP;
	round_at(MBPS);
	lost(SMSS, 1, BDP, SMSS);
	s.recovering = true;
	round_at(MBPS / 2);
	round_at(MBPS / 2);
	cc.cwnd = 4 * SMSS;
	cc_algos[cc.algo]->undo(&cc);
	assert_true(b.bw_shortterm == BBR_NO_RATE);
	assert_true(b.inflight_shortterm == BBR_NO_VOLUME);
	assert_true(cc.cwnd > BDP);
}

static void section_5_5_11_and_probing_begins_again(void **state)
{
	(void)state;
	to_up();
	lost(3 * SMSS, 3, 50 * SMSS, 3 * SMSS);
	assert_int_equal(b.state, BBR_DOWN);
	cc_algos[cc.algo]->undo(&cc);
	assert_int_equal(b.state, BBR_REFILL);
	assert_true(b.inflight_longterm == BBR_NO_VOLUME);

	start(state);
	round_at(MBPS);
	lost(6 * SMSS, 6, 80 * SMSS, 6 * SMSS);
	s.recovering = true;
	s.rs.inflight = 80 * SMSS;
	s.rs.lost = 6 * SMSS;
	s.pipe = 10 * BDP;
	round_at(MBPS * 2);
	assert_int_equal(b.state, BBR_DRAIN);
	cc_algos[cc.algo]->undo(&cc);
	assert_int_equal(b.state, BBR_STARTUP);
	assert_false(b.full_bw_reached);
}

/* Whatever is told, windows and rates stay within bounds. */
static void nothing_leads_out_of_bounds(void **state)
{
	struct rng rng;

	tcpalg_seed(&rng, 4711);
	for (unsigned run = 0; run < 200; run++) {
		start(state);
		for (unsigned i = 0; i < 500; i++) {
			uint32_t octets = 1 + rng_below(&rng, 1u << rng_below(&rng, 24));
			uint32_t behind = rng_below(&rng, 1u << 24);

			s.rtt_us = rng_below(&rng, 3) ? rng_below(&rng, 1u << 24) : 0;
			s.pipe = rng_below(&rng, CC_WND_MAX);
			s.rs.app_limited = rng_below(&rng, 2);
			s.rs.inflight = rng_below(&rng, CC_WND_MAX);
			s.rs.lost = rng_below(&rng, 1u << rng_below(&rng, 28));
			s.recovering = rng_below(&rng, 2);
			s.cwnd_limited = rng_below(&rng, 2);
			ack(rng_below(&rng, 1u << rng_below(&rng, 24)), octets, delivered - behind,
			    rng_below(&rng, 4) ? 1 + rng_u64(&rng) % 20000000000 : 0);
			assert_in_range(cc.cwnd, 4 * SMSS, CC_WND_MAX);
			assert_true(b.model.pacing_rate > 0);
			assert_in_range(b.state, BBR_STARTUP, BBR_PROBE_RTT);
			if (rng_below(&rng, 8) == 0)
				lost(1 + rng_below(&rng, 1u << 20), 1, rng_below(&rng, CC_WND_MAX),
				     1u << 20);
			if (rng_below(&rng, 50) == 0)
				cc_loss(&cc, now_us);
			if (rng_below(&rng, 50) == 0)
				cc_rto(&cc, rng_below(&rng, 2), now_us);
			if (rng_below(&rng, 50) == 0)
				cc_algos[cc.algo]->undo(&cc);
			if (rng_below(&rng, 50) == 0)
				cc_algos[cc.algo]->restart(&cc, now_us);
		}
	}
}

#define bbr_test(fn) cmocka_unit_test_setup(fn, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bbr_test(section_5_6_2_the_first_rate_is_that_of_the_initial_window),
		bbr_test(section_5_3_1_1_startup_doubles_each_round),
		bbr_test(section_5_3_1_2_three_rounds_without_growth_fill_the_pipe),
		bbr_test(section_5_3_1_3_losses_end_startup),
		bbr_test(section_5_3_1_3_without_sack_one_loss_is_enough),
		bbr_test(section_5_3_2_drain_ends_when_the_queue_is_gone),
		bbr_test(section_5_3_2_or_after_three_rounds),
		bbr_test(section_5_3_3_1_down_ends_with_headroom),
		bbr_test(section_5_3_3_8_it_is_time_to_probe_after_renos_rounds),
		bbr_test(section_5_3_3_8_or_after_two_to_three_seconds),
		bbr_test(section_5_3_3_3_refill_lasts_a_round_without_the_short_term),
		bbr_test(section_5_3_3_5_up_finds_more),
		bbr_test(section_5_3_3_7_up_ends_when_there_is_no_more),
		bbr_test(section_5_3_3_5_the_long_term_volume_grows_ever_faster),
		bbr_test(section_5_3_3_7_up_goes_on_while_the_long_term_volume_is_the_limit),
		bbr_test(section_5_5_10_2_losses_while_probing_bound_the_long_term),
		bbr_test(section_5_5_10_2_never_below_beta),
		bbr_test(section_5_3_3_6_the_probe_after_losses_is_brief_and_repeated),
		bbr_test(section_5_5_10_3_losses_in_cruise_bound_the_short_term),
		bbr_test(section_5_5_6_the_highest_rate_is_forgotten_after_two_cycles),
		bbr_test(section_5_5_4_what_the_application_limits_lowers_nothing),
		bbr_test(section_5_5_6_a_probe_that_the_application_limits_ends_no_cycle),
		bbr_test(section_5_5_9_aggregated_acks_widen_the_window),
		bbr_test(section_5_3_4_probe_rtt_after_five_seconds),
		bbr_test(section_5_3_4_lower_round_trips_put_it_off),
		bbr_test(section_5_4_idle_takes_the_place_of_probe_rtt),
		bbr_test(section_5_6_4_3_four_segments_are_the_least),
		bbr_test(section_5_6_4_4_a_timeout_takes_the_window_and_gives_it_back),
		bbr_test(fast_recovery_leaves_the_window_alone),
		bbr_test(section_5_5_11_a_needless_recovery_is_taken_back),
		bbr_test(section_5_5_11_and_probing_begins_again),
		bbr_test(nothing_leads_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
