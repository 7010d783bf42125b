/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcpalg/cc_bbr.c: the cycle of ProbeBW (draft-ietf-ccwg-bbr-06 sections 5.3.3 and 5.5).
 * Numbers are worked out by hand.
 */
#include "tcpalg_bbr_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
