/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcpalg/cc_bbr.c: draft-ietf-ccwg-bbr-06, all states but those of ProbeBW. Numbers are worked
 * out by hand.
 */
#include "tcpalg_bbr_world.h"

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
	s.rs.app_limited = true; /* or the rule of section 5.3.1.2 would end it */
	lost(5 * SMSS, 5, 80 * SMSS, 5 * SMSS);
	s.recovering = true;
	s.rs.inflight = 80 * SMSS;
	s.rs.lost = 5 * SMSS;
	round_at(MBPS); /* five ranges are too few */
	assert_int_equal(b.state, BBR_STARTUP);
	lost(6 * SMSS, 6, 80 * SMSS, 6 * SMSS);
	s.rs.lost = SMSS; /* 1.25 % are too few */
	round_at(MBPS);
	assert_int_equal(b.state, BBR_STARTUP);
	lost(6 * SMSS, 6, 80 * SMSS, 6 * SMSS);
	s.rs.lost = 6 * SMSS;
	s.pipe = 10 * BDP;
	round_at(MBPS * 6 / 5);
	assert_int_equal(b.state, BBR_DRAIN);
	assert_int_equal(b.inflight_longterm, BDP * 6 / 5);
}

/* A path that is full has no higher rates to offer: these losses come of something else. */
static void losses_while_the_rate_grows_do_not_end_startup(void **state)
{
	(void)state;
	s.recovering = true;
	s.rs.inflight = 80 * SMSS;
	s.rs.lost = 6 * SMSS;
	s.pipe = 10 * BDP;
	for (uint64_t rate = MBPS; rate <= 8 * MBPS; rate += rate / 3) {
		lost(6 * SMSS, 6, 80 * SMSS, 6 * SMSS);
		round_at(rate);
		assert_int_equal(b.state, BBR_STARTUP);
	}
	lost(6 * SMSS, 6, 80 * SMSS, 6 * SMSS);
	round_at(8 * MBPS);
	assert_int_equal(b.state, BBR_DRAIN);
	assert_int_equal(b.undo_state, BBR_STARTUP);
}

/* So many that no chance takes them. */
static void many_losses_end_startup_whatever_the_rate(void **state)
{
	(void)state;
	s.recovering = true;
	s.rs.inflight = 80 * SMSS;
	s.pipe = 10 * BDP;
	round_at(MBPS);
	lost(8 * SMSS, 8, 80 * SMSS, 8 * SMSS);
	s.rs.lost = 8 * SMSS;
	round_at(2 * MBPS);
	assert_int_equal(b.state, BBR_STARTUP);
	lost(9 * SMSS, 9, 80 * SMSS, 9 * SMSS);
	s.rs.lost = 9 * SMSS;
	round_at(4 * MBPS);
	assert_int_equal(b.state, BBR_DRAIN);
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

/* Where a round takes long the end of a cycle is not acknowledged before ProbeRTT begins. */
static void section_5_5_6_a_cycle_ends_with_probe_rtt_as_well(void **state)
{
	(void)state;
	to_down();
	b.ack_phase = BBR_ACKS_PROBE_STOPPING; /* as after Up */
	b.max_bw_of[0] = MBPS;
	b.max_bw_of[1] = MBPS / 4;
	b.probe_wait_us = UINT32_MAX; /* no other probing */
	s.rtt_us = RTT + 5000;
	now_us = b.probe_rtt_min_stamp_us + 5000000;
	ack(1, SMSS, delivered - 10 * SMSS, MBPS / 4);
	assert_int_equal(b.state, BBR_PROBE_RTT);
	assert_in_range(b.max_bw, MBPS / 4, MBPS / 3);
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
	round_at(MBPS);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		bbr_test(section_5_6_2_the_first_rate_is_that_of_the_initial_window),
		bbr_test(section_5_3_1_1_startup_doubles_each_round),
		bbr_test(section_5_3_1_2_three_rounds_without_growth_fill_the_pipe),
		bbr_test(section_5_3_1_3_losses_end_startup),
		bbr_test(losses_while_the_rate_grows_do_not_end_startup),
		bbr_test(many_losses_end_startup_whatever_the_rate),
		bbr_test(section_5_3_1_3_without_sack_one_loss_is_enough),
		bbr_test(section_5_3_2_drain_ends_when_the_queue_is_gone),
		bbr_test(section_5_3_2_or_after_three_rounds),
		bbr_test(section_5_3_4_probe_rtt_after_five_seconds),
		bbr_test(section_5_3_4_lower_round_trips_put_it_off),
		bbr_test(section_5_5_6_a_cycle_ends_with_probe_rtt_as_well),
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
