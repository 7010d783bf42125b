/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/loss.c, rule by rule. Whole transfers: tcpalg_loss_transfer.c. */
#include "tcpalg_loss_world.h"

static struct sender s;

/* Ten segments left one round trip ago, at one time. */
static void ten_in_flight(uint32_t base, bool sack)
{
	sender_start(&s, base, sack);
	sender_new(&s, 10 * SMSS);
	s.now += RTT;
}

static void expect_again(uint32_t segment)
{
	struct seq_range r;

	assert_true(sender_again(&s, &r));
	assert_int_equal((r.start - s.base) / SMSS, segment);
}

static void expect_nothing_again(void)
{
	struct seq_range r;

	assert_false(sender_again(&s, &r));
}

/* ---- entering ---- */

static void rfc8985_third_sacked_segment_enters_fast_recovery(void **state)
{
	(void)state;
	for (size_t k = 0; k < TCPALG_ORIGINS; k++) {
		ten_in_flight(tcpalg_origins[k], true);
		assert_int_equal(sender_sack(&s, 0, 1, 2), 0);
		assert_int_equal(s.l.state, LOSS_DISORDER);
		assert_true(s.reo_us > 0);
		assert_int_equal(sender_sack(&s, 0, 1, 3), 0);
		expect_nothing_again();
		assert_int_equal(sender_sack(&s, 0, 1, 4), LOSS_EV_ENTER);
		assert_int_equal(s.l.state, LOSS_FAST);
		expect_again(0);
		expect_nothing_again();
		sender_end(&s);
	}
}

static void rfc5681_3_2_third_duplicate_enters_fast_recovery(void **state)
{
	(void)state;
	ten_in_flight(0xffffff00u, false);
	assert_int_equal(sender_sack(&s, 0, 0, 0), 0);
	assert_int_equal(sender_sack(&s, 0, 0, 0), 0);
	assert_int_equal(sender_sack(&s, 0, 0, 0), LOSS_EV_ENTER);
	expect_again(0);
	expect_nothing_again();
	assert_int_equal(s.cc.ssthresh, 5 * SMSS);
	sender_end(&s);
}

static void rfc3042_first_duplicates_let_new_segments_leave(void **state)
{
	(void)state;
	for (int sack = 0; sack < 2; sack++) {
		ten_in_flight(0, sack);
		assert_int_equal(sender_room(&s), 0);
		sender_sack(&s, 0, 1, sack ? 2 : 0);
		assert_int_equal(sender_room(&s), SMSS);
		sender_sack(&s, 0, 1, sack ? 3 : 0);
		assert_int_equal(sender_room(&s), 2 * SMSS);
		sender_end(&s);
	}
}

/* Two in flight, one SACK: too few duplicates ever, but the reordering timer. */
static void rfc8985_early_retransmit_by_the_reordering_timer(void **state)
{
	(void)state;
	sender_start(&s, 7, true);
	sender_new(&s, 2 * SMSS);
	s.now += RTT;
	assert_int_equal(sender_sack(&s, 0, 1, 2), 0);
	assert_int_equal(s.reo_us, RTT / 4);
	s.now += s.reo_us - 1;
	assert_int_equal(sender_reo_timeout(&s), 0);
	assert_int_equal(s.reo_us, 1);
	s.now += 1;
	assert_int_equal(sender_reo_timeout(&s), LOSS_EV_ENTER);
	expect_again(0);
	sender_end(&s);
}

static void rfc8985_reordering_within_the_window_is_forgiven_once_seen(void **state)
{
	(void)state;
	ten_in_flight(0, true);
	sender_sack(&s, 0, 1, 3);
	assert_int_equal(sender_sack(&s, 4, 0, 0), LOSS_EV_GROW); /* 0 and 3 came late */
	assert_true(s.m.rack.reordering_seen);
	/* Now six sacked segments beyond a hole are no loss yet. */
	assert_int_equal(sender_sack(&s, 4, 5, 10), 0);
	assert_int_equal(s.l.state, LOSS_DISORDER);
	assert_int_equal(s.reo_us, RTT / 4);
	assert_int_equal(sender_sack(&s, 10, 0, 0), LOSS_EV_GROW);
	assert_int_equal(s.l.state, LOSS_OPEN);
	sender_end(&s);
}

/*
 * All that is late is sent again before it arrives, so that nothing tells of reordering but the
 * answer to the first transmission (how: 0, by its timestamp) or the report of the second (1).
 * After a timeout (2) such a report tells of a delay only.
 */
static void rfc8985_6_2_step_3_what_was_sent_again_in_vain_was_reordered(void **state)
{
	const struct seq_range dup = {0, SMSS};
	uint32_t sent;

	(void)state;
	for (int how = 0; how < 3; how++) {
		ten_in_flight(0, true);
		sent = (uint32_t)(s.now - RTT);
		if (how == 2)
			sender_rto(&s);
		else
			sender_sack(&s, 0, 1, 4);
		expect_again(0);
		s.now += RTT / 10;
		if (how == 0) {
			assert_true(sender_ack(&s, 4 * SMSS, NULL, 0, sent) & LOSS_EV_UNDO);
		} else {
			sender_sack(&s, 10, 0, 0);
			assert_false(s.m.rack.reordering_seen);
			sender_ack(&s, 10 * SMSS, &dup, 1, 0);
		}
		assert_int_equal(s.m.rack.reordering_seen, how != 2);
		sender_end(&s);
	}
}

/* ---- in recovery ---- */

static void rfc6582_3_2_partial_ack_loses_the_next_segment(void **state)
{
	(void)state;
	ten_in_flight(3, false);
	for (int k = 0; k < 3; k++)
		sender_sack(&s, 0, 0, 0);
	expect_again(0);
	s.now += RTT;
	assert_int_equal(sender_sack(&s, 4, 0, 0), 0);
	expect_again(4);
	expect_nothing_again();
	assert_int_equal(sender_sack(&s, 10, 0, 0), LOSS_EV_EXIT);
	assert_int_equal(s.l.state, LOSS_OPEN);
	assert_in_range(s.cc.cwnd, SMSS, 5 * SMSS);
	sender_end(&s);
}

/* RFC 6582 section 4: what follows the recovery is an echo of it. */
static void rfc6582_3_2_duplicates_of_the_last_episode_do_not_count(void **state)
{
	(void)state;
	ten_in_flight(3, false);
	sender_rto(&s);
	expect_again(0);
	sender_sack(&s, 10, 0, 0);
	sender_new(&s, 5 * SMSS);
	for (int k = 0; k < 6; k++)
		assert_int_equal(sender_sack(&s, 10, 0, 0) & LOSS_EV_ENTER, 0);
	sender_sack(&s, 11, 0, 0);
	for (int k = 0; k < 2; k++)
		sender_sack(&s, 11, 0, 0);
	assert_int_equal(sender_sack(&s, 11, 0, 0), LOSS_EV_ENTER);
	sender_end(&s);
}

static void rfc8985_lost_retransmission_is_sent_a_third_time(void **state)
{
	(void)state;
	ten_in_flight(0, true);
	sender_sack(&s, 0, 1, 4);
	expect_again(0);
	s.now += 100;
	sender_new(&s, 3 * SMSS); /* sent after the retransmission */
	s.now += RTT;
	sender_sack(&s, 0, 1, 11);
	expect_again(0);
	assert_int_equal(s.l.state, LOSS_FAST);
	sender_end(&s);
}

/* With more ranges than one ACK looks at, losses are found some ACKs later, or by the timer. */
static void rfc8985_6_2_many_ranges_are_looked_at_in_turns(void **state)
{
	const uint32_t n = 3 * FLIGHT_LOOKS;
	unsigned skipped = 0;

	(void)state;
	sender_start(&s, 0, true);
	free(flight_attach(&s.f, malloc(flight_bytes(2 * n)), (uint16_t)(2 * n), 0, 0));
	sender_new(&s, n * SMSS);
	s.now += RTT;
	for (uint32_t k = 1; k < n; k += 2) {
		uint32_t holes = (k + 1) / 2 * SMSS;

		sender_sack(&s, 0, k, k + 1);
		if (k < 5)
			continue;
		assert_int_equal(s.l.state, LOSS_FAST);
		if (!s.reo_us) {
			assert_int_equal(flight_lost(&s.f, s.una, s.nxt), holes);
			continue;
		}
		assert_in_range(s.reo_us, 1, RTT / 30);
		assert_in_range(flight_lost(&s.f, s.una, s.nxt), holes - 3 * SMSS, holes - 1);
		if (++skipped % 100 == 0) {
			sender_reo_timeout(&s);
			assert_int_equal(flight_lost(&s.f, s.una, s.nxt), holes);
		}
	}
	assert_in_range(skipped, FLIGHT_LOOKS / 2, FLIGHT_LOOKS);
	sender_end(&s);
}

static void rfc9937_window_in_recovery_comes_down_to_ssthresh(void **state)
{
	(void)state;
	ten_in_flight(0, true);
	sender_sack(&s, 0, 1, 4);
	expect_again(0);
	for (uint32_t to = 5; to <= 10; to++) {
		sender_sack(&s, 0, 1, to);
		while (sender_room(&s) >= SMSS)
			sender_new(&s, SMSS);
	}
	/* 9 of 10 delivered, halved: 5 are out, the retransmission among them. */
	assert_in_range(sender_pipe(&s), 4 * SMSS, 5 * SMSS);
	sender_end(&s);
}

static void exit_and_growth_are_not_told_of_one_ack(void **state)
{
	(void)state;
	ten_in_flight(0, true);
	sender_sack(&s, 0, 1, 4);
	expect_again(0);
	s.now += RTT;
	assert_int_equal(sender_sack(&s, 10, 0, 0), LOSS_EV_EXIT);
	assert_int_equal(s.l.state, LOSS_OPEN);
	sender_end(&s);
}

/* Section 5: whatever else is in the scoreboard. */
static void rfc6675_5_duplicates_are_counted_from_the_last_cumulative_ack(void **state)
{
	(void)state;
	ten_in_flight(0, true);
	sender_sack(&s, 0, 4, 5);
	sender_sack(&s, 0, 6, 7);
	assert_int_equal(s.l.dupacks, 2);
	sender_sack(&s, 1, 0, 0);
	assert_int_equal(s.l.dupacks, 0);
	assert_int_equal(flight_sacked(&s.f), 2 * SMSS);
	sender_end(&s);
}

/* ---- timeouts ---- */

static void rfc6675_5_1_after_a_timeout_no_recovery_begins_below_high_data(void **state)
{
	(void)state;
	ten_in_flight(0, true);
	assert_int_equal(sender_sack(&s, 0, 1, 4), LOSS_EV_ENTER);
	expect_again(0);
	s.now += RTT;
	sender_rto(&s);
	assert_int_equal(s.l.state, LOSS_RTO); /* FAST is over */
	assert_int_equal(flight_sacked(&s.f), 3 * SMSS);
	for (uint32_t to = 5; to <= 9; to++)
		assert_int_equal(sender_sack(&s, 0, 1, to) & LOSS_EV_ENTER, 0);
	assert_int_equal(sender_sack(&s, 9, 0, 0) & (LOSS_EV_ENTER | LOSS_EV_EXIT), 0);
	assert_int_equal(s.l.state, LOSS_RTO);
	assert_int_equal(sender_sack(&s, 10, 0, 0) & LOSS_EV_EXIT, LOSS_EV_EXIT);
	assert_int_equal(s.l.state, LOSS_OPEN);
	sender_end(&s);
}

static void rfc8985_6_3_timeout_loses_the_first_and_what_is_as_old(void **state)
{
	(void)state;
	sender_start(&s, 0, true);
	sender_new(&s, 4 * SMSS);
	s.now += RTT;
	sender_sack(&s, 1, 0, 0);
	s.now += 20 * RTT;
	sender_new(&s, 2 * SMSS);
	s.now += RTT / 2;
	sender_rto(&s);
	/* 1 to 4 are, 4 and 5 left half a round trip ago. */
	assert_int_equal(flight_lost(&s.f, s.una, s.nxt), 3 * SMSS);
	assert_int_equal(s.cc.cwnd, SMSS);
	expect_again(1);
	expect_nothing_again();
	sender_end(&s);
}

/* RFC 6298 section 5.4: the earliest segment, each time. */
static void rfc6298_5_4_each_timeout_sends_the_first_segment(void **state)
{
	(void)state;
	for (int sack = 0; sack < 2; sack++) {
		ten_in_flight(0, sack);
		for (int k = 0; k < 4; k++) {
			s.now += (uint64_t)RTT << k;
			sender_rto(&s);
			expect_again(0);
			expect_nothing_again();
			assert_int_equal(s.l.state, LOSS_RTO);
		}
		sender_end(&s);
	}
}

static void rfc5681_3_1_timeout_without_sack_goes_back(void **state)
{
	(void)state;
	ten_in_flight(0, false);
	s.can_send = false;
	sender_rto(&s);
	expect_again(0);
	expect_nothing_again();
	s.now += RTT;
	assert_int_equal(sender_sack(&s, 1, 0, 0), LOSS_EV_GROW);
	expect_again(1);
	expect_again(2);
	expect_nothing_again();
	assert_int_equal(sender_sack(&s, 10, 0, 0), LOSS_EV_EXIT | LOSS_EV_GROW);
	assert_int_equal(s.l.state, LOSS_OPEN);
	sender_end(&s);
}

/* The acknowledgements were late, not the segments. */
static void rfc5682_spurious_timeout_is_undone_by_the_second_ack(void **state)
{
	(void)state;
	for (int sack = 0; sack < 2; sack++) {
		ten_in_flight(0, sack);
		sender_rto(&s);
		expect_again(0);
		assert_int_equal(s.cc.cwnd, SMSS);
		s.now += RTT;
		assert_int_equal(sender_sack(&s, 2, 0, 0) & LOSS_EV_UNDO, 0);
		expect_nothing_again(); /* new data instead */
		assert_int_equal(sender_room(&s), 2 * SMSS);
		sender_new(&s, 2 * SMSS);
		assert_true(sender_sack(&s, 4, 0, 0) & LOSS_EV_UNDO);
		assert_int_equal(s.l.state, LOSS_OPEN);
		assert_in_range(s.cc.cwnd, 10 * SMSS, 12 * SMSS);
		expect_nothing_again();
		sender_end(&s);
	}
}

static void rfc5682_genuine_timeout_goes_on(void **state)
{
	(void)state;
	ten_in_flight(0, true);
	sender_rto(&s);
	expect_again(0);
	s.now += RTT;
	sender_sack(&s, 1, 0, 0);
	sender_new(&s, 2 * SMSS);
	s.now += RTT;
	assert_int_equal(sender_sack(&s, 1, 10, 12) & LOSS_EV_UNDO, 0);
	expect_again(1);
	assert_int_equal(s.l.state, LOSS_RTO);
	sender_end(&s);
}

static void rfc3522_timestamps_undo_at_the_first_ack(void **state)
{
	uint32_t sent;

	(void)state;
	ten_in_flight(0, true);
	sent = (uint32_t)(s.now - RTT);
	s.now += 3 * RTT;
	sender_rto(&s);
	expect_again(0);
	s.now += 10;
	assert_true(sender_ack(&s, s.base + 2 * SMSS, NULL, 0, sent) & LOSS_EV_UNDO);
	assert_int_equal(s.l.state, LOSS_OPEN);
	assert_in_range(s.cc.cwnd, 10 * SMSS, 12 * SMSS);
	sender_end(&s);
}

static void rfc3708_dsack_for_all_undoes_fast_recovery(void **state)
{
	const struct seq_range dup = {0, SMSS};

	(void)state;
	ten_in_flight(0, true);
	sender_sack(&s, 0, 1, 4);
	expect_again(0);
	assert_int_equal(s.cc.ssthresh, 5 * SMSS);
	s.now += RTT / 10;
	sender_sack(&s, 10, 0, 0);
	assert_true(sender_ack(&s, 10 * SMSS, &dup, 1, 0) & LOSS_EV_UNDO);
	assert_in_range(s.cc.ssthresh, 10 * SMSS, CC_WND_MAX);
	assert_int_equal(s.m.rack.mult, 2); /* and the window for reordering is wider */
	sender_end(&s);
}

/* ---- probes ---- */

static void rfc8985_7_probe_of_the_tail_brings_a_sack(void **state)
{
	const struct seq_range last = {9 * SMSS, 10 * SMSS};
	struct loss_ctx x;

	(void)state;
	ten_in_flight(0, true);
	sender_sack(&s, 6, 0, 0);
	s.now += 2 * RTT;
	x = sender_ctx(&s);
	assert_true(loss_may_probe(&x));
	loss_probed(&x, last, true, 0);
	x = sender_ctx(&s);
	assert_false(loss_may_probe(&x)); /* one at a time */
	s.now += RTT;
	assert_int_equal(sender_sack(&s, 6, 9, 10), LOSS_EV_ENTER);
	expect_again(6); /* PRR: one was delivered, one may leave */
	expect_nothing_again();
	s.now += RTT;
	assert_int_equal(sender_sack(&s, 10, 0, 0) & LOSS_EV_EXIT, LOSS_EV_EXIT);
	sender_end(&s);
}

static void rfc8985_7_4_2_loss_repaired_by_a_probe_is_told_to_congestion_control(void **state)
{
	struct loss_ctx x;

	(void)state;
	ten_in_flight(0, true);
	sender_sack(&s, 9, 0, 0);
	s.cc.flight = 10 * SMSS;
	s.now += 2 * RTT;
	x = sender_ctx(&s);
	loss_probed(&x, (struct seq_range){9 * SMSS, 10 * SMSS}, true, 0);
	s.now += RTT;
	sender_sack(&s, 10, 0, 0);
	assert_int_equal(s.l.state, LOSS_DISORDER);
	sender_new(&s, SMSS);
	s.now += RTT;
	assert_true(sender_sack(&s, 11, 0, 0) & LOSS_EV_REPAIRED);
	assert_in_range(s.cc.ssthresh, 2 * SMSS, 5 * SMSS);
	assert_int_equal(s.l.state, LOSS_OPEN);
	sender_end(&s);
}

/* What was probed and reported twice is not out any more, yet it was not timed (Karn). */
static void rfc8985_7_3_a_round_trip_is_measured_between_two_probes(void **state)
{
	const struct seq_range last = {9 * SMSS, 10 * SMSS};
	struct loss_ctx x;

	(void)state;
	ten_in_flight(0, true);
	x = sender_ctx(&s);
	loss_probed(&x, last, true, 0);
	s.now += RTT;
	sender_ack(&s, 10 * SMSS, &last, 1, 0);
	sender_new(&s, 3 * SMSS);
	x = sender_ctx(&s);
	assert_false(x.m->tlp.out);
	assert_false(loss_may_probe(&x));
	s.now += RTT;
	sender_sack(&s, 12, 0, 0);
	x = sender_ctx(&s);
	assert_true(loss_may_probe(&x));
	x.srtt_us = 0; /* nor is there one before the first was measured */
	assert_false(loss_may_probe(&x));
	sender_end(&s);
}

static void without_memory_a_timeout_recovers(void **state)
{
	struct loss_ctx x;
	struct seq_range r;
	struct flight_news n;
	const struct loss_ack a = {.news = &n, .acked = 500};

	(void)state;
	sender_start(&s, 0, true);
	sender_end(&s);
	sender_new(&s, 5 * SMSS);
	x = sender_ctx(&s);
	x.m = NULL;
	loss_rto(&x, true);
	assert_true(loss_next(&x, &r));
	r.end = r.start + SMSS;
	loss_sent_again(&x, r, 0, 0);
	assert_false(loss_next(&x, &r));
	s.now += RTT;
	loss_news_init(&x, &n);
	flight_ack(&s.f, s.una, s.nxt, s.nxt, &n);
	x.una = s.nxt;
	assert_int_equal(loss_ack(&x, &a), LOSS_EV_GROW | LOSS_EV_EXIT);
	assert_int_equal(s.l.state, LOSS_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8985_third_sacked_segment_enters_fast_recovery),
		cmocka_unit_test(rfc5681_3_2_third_duplicate_enters_fast_recovery),
		cmocka_unit_test(rfc3042_first_duplicates_let_new_segments_leave),
		cmocka_unit_test(rfc8985_early_retransmit_by_the_reordering_timer),
		cmocka_unit_test(rfc8985_reordering_within_the_window_is_forgiven_once_seen),
		cmocka_unit_test(rfc8985_6_2_step_3_what_was_sent_again_in_vain_was_reordered),
		cmocka_unit_test(rfc6582_3_2_partial_ack_loses_the_next_segment),
		cmocka_unit_test(rfc6582_3_2_duplicates_of_the_last_episode_do_not_count),
		cmocka_unit_test(rfc8985_lost_retransmission_is_sent_a_third_time),
		cmocka_unit_test(rfc8985_6_2_many_ranges_are_looked_at_in_turns),
		cmocka_unit_test(rfc9937_window_in_recovery_comes_down_to_ssthresh),
		cmocka_unit_test(exit_and_growth_are_not_told_of_one_ack),
		cmocka_unit_test(rfc6675_5_duplicates_are_counted_from_the_last_cumulative_ack),
		cmocka_unit_test(rfc6675_5_1_after_a_timeout_no_recovery_begins_below_high_data),
		cmocka_unit_test(rfc8985_6_3_timeout_loses_the_first_and_what_is_as_old),
		cmocka_unit_test(rfc6298_5_4_each_timeout_sends_the_first_segment),
		cmocka_unit_test(rfc5681_3_1_timeout_without_sack_goes_back),
		cmocka_unit_test(rfc5682_spurious_timeout_is_undone_by_the_second_ack),
		cmocka_unit_test(rfc5682_genuine_timeout_goes_on),
		cmocka_unit_test(rfc3522_timestamps_undo_at_the_first_ack),
		cmocka_unit_test(rfc3708_dsack_for_all_undoes_fast_recovery),
		cmocka_unit_test(rfc8985_7_probe_of_the_tail_brings_a_sack),
		cmocka_unit_test(
			rfc8985_7_4_2_loss_repaired_by_a_probe_is_told_to_congestion_control),
		cmocka_unit_test(rfc8985_7_3_a_round_trip_is_measured_between_two_probes),
		cmocka_unit_test(without_memory_a_timeout_recovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
