/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/cc_newreno.c: RFC 5681 with byte counting. */
#include "tcpalg/cc.h"
#include "tcpalg_test.h"

#define SMSS 1000u

static struct cc start(uint32_t cwnd, uint32_t ssthresh)
{
	return tcpalg_cc(&cc_newreno, SMSS, cwnd, ssthresh);
}

/* One ACK while the window was full. */
static void ack(struct cc *cc, uint32_t acked)
{
	const struct cc_ack a = {.acked = acked, .nacks = 1};

	cc_sent(cc, cc->cwnd);
	cc_ack(cc, &a);
}

static void rfc5681_3_1_slow_start_grows_by_what_is_acked(void **state)
{
	struct cc cc = start(10 * SMSS, CC_WND_MAX);

	(void)state;
	ack(&cc, SMSS);
	assert_int_equal(cc.cwnd, 11 * SMSS);
	ack(&cc, 2 * SMSS);
	assert_int_equal(cc.cwnd, 13 * SMSS);
	ack(&cc, 10); /* ACK division gains nothing */
	assert_int_equal(cc.cwnd, 13 * SMSS + 10);
}

static void rfc3465_2_slow_start_is_limited_per_ack(void **state)
{
	struct cc cc = start(20 * SMSS, CC_WND_MAX);
	struct cc_ack a = {.acked = 20 * SMSS, .nacks = 1};

	(void)state;
	cc_ack(&cc, &a);
	assert_int_equal(cc.cwnd, 28 * SMSS);
	/* An event that stands for three ACKs may do what three may. */
	cc = start(20 * SMSS, CC_WND_MAX);
	a.nacks = 3;
	cc_ack(&cc, &a);
	assert_int_equal(cc.cwnd, 40 * SMSS);
}

static void rfc3465_2_3_one_segment_per_ack_after_a_timeout(void **state)
{
	struct cc cc = start(20 * SMSS, CC_WND_MAX);

	(void)state;
	cc_rto(&cc, true, 0);
	assert_int_equal(cc.cwnd, SMSS);
	ack(&cc, 5 * SMSS);
	assert_int_equal(cc.cwnd, 2 * SMSS);
	for (int i = 0; i < 8; i++)
		ack(&cc, 2 * SMSS);
	assert_int_equal(cc.cwnd, 10 * SMSS);
	assert_false(cc_in_slow_start(&cc));
	assert_int_equal(cc.flags & CC_AFTER_RTO, 0);
}

static void rfc5681_3_1_congestion_avoidance_one_segment_a_window(void **state)
{
	struct cc cc = start(10 * SMSS, 10 * SMSS);

	(void)state;
	for (uint32_t w = 10; w < 20; w++) {
		for (uint32_t i = 1; i < w; i++) {
			ack(&cc, SMSS);
			assert_int_equal(cc.cwnd, w * SMSS);
		}
		ack(&cc, SMSS);
		assert_int_equal(cc.cwnd, (w + 1) * SMSS);
	}
	/* However it is cut: the same octets in one ACK. */
	ack(&cc, 20 * SMSS);
	assert_int_equal(cc.cwnd, 21 * SMSS);
}

static void slow_start_ends_exactly_at_ssthresh(void **state)
{
	struct cc cc = start(9 * SMSS + 500, 10 * SMSS);

	(void)state;
	ack(&cc, 2 * SMSS);
	assert_int_equal(cc.cwnd, 10 * SMSS);
	assert_int_equal(cc.priv.u32[0], 1500);
	ack(&cc, 8 * SMSS + 499);
	assert_int_equal(cc.cwnd, 10 * SMSS);
	ack(&cc, 1);
	assert_int_equal(cc.cwnd, 11 * SMSS);
}

static void rfc7661_4_2_an_unused_window_does_not_grow(void **state)
{
	struct cc cc = start(20 * SMSS, CC_WND_MAX);
	struct cc_ack a = {.acked = SMSS, .nacks = 1};

	(void)state;
	cc_sent(&cc, 10 * SMSS - 1);
	cc_ack(&cc, &a);
	assert_int_equal(cc.cwnd, 20 * SMSS);
	cc_sent(&cc, 10 * SMSS);
	cc_ack(&cc, &a);
	assert_int_equal(cc.cwnd, 21 * SMSS);

	cc = start(20 * SMSS, 10 * SMSS);
	a.acked = 20 * SMSS;
	cc_sent(&cc, 19 * SMSS - 1);
	cc_ack(&cc, &a);
	assert_int_equal(cc.cwnd, 20 * SMSS);
	cc_sent(&cc, 19 * SMSS);
	cc_ack(&cc, &a);
	assert_int_equal(cc.cwnd, 21 * SMSS);
}

/* A burst of ACKs, with nothing sent in between, counts like ACKs that come one by one. */
static void rfc5681_3_1_bursts_of_acks_count_in_full(void **state)
{
	struct cc cc = start(20 * SMSS, 20 * SMSS);
	const struct cc_ack a = {.acked = SMSS, .nacks = 1};

	(void)state;
	for (int i = 0; i < 20; i++)
		cc_ack(&cc, &a);
	assert_int_equal(cc.cwnd, 21 * SMSS);
	/* Nor does a loss found at the end of the burst halve what the burst left over. */
	cc_loss(&cc, 0);
	assert_int_equal(cc.ssthresh, 10 * SMSS);
}

static void rfc5681_3_2_loss_halves_the_flight(void **state)
{
	struct cc cc = start(20 * SMSS, CC_WND_MAX);

	(void)state;
	cc_sent(&cc, 16 * SMSS);
	cc_loss(&cc, 0);
	assert_int_equal(cc.ssthresh, 8 * SMSS);
	assert_int_equal(cc.cwnd, 8 * SMSS);
	/* Limited transmit sent beyond cwnd: that does not count. */
	cc = start(20 * SMSS, CC_WND_MAX);
	cc_sent(&cc, 22 * SMSS);
	cc_loss(&cc, 0);
	assert_int_equal(cc.ssthresh, 10 * SMSS);
	/* Equation (4): never below two segments. */
	cc = start(20 * SMSS, CC_WND_MAX);
	cc_sent(&cc, SMSS);
	cc_loss(&cc, 0);
	assert_int_equal(cc.ssthresh, 2 * SMSS);
	/* What was counted before does not open the smaller window. */
	cc = start(20 * SMSS, 20 * SMSS);
	ack(&cc, 19 * SMSS);
	cc_loss(&cc, 0);
	ack(&cc, SMSS);
	assert_int_equal(cc.cwnd, 10 * SMSS);
}

static void rfc6582_3_2_step_3_leaves_recovery_without_a_burst(void **state)
{
	struct cc cc = start(20 * SMSS, CC_WND_MAX);

	(void)state;
	cc_loss(&cc, 0);
	cc_recovery_exit(&cc, 2 * SMSS, 0);
	assert_int_equal(cc.cwnd, 3 * SMSS);
	assert_int_equal(cc.ssthresh, 10 * SMSS);
	cc_recovery_exit(&cc, 0, 0);
	assert_int_equal(cc.cwnd, 2 * SMSS);
	cc_recovery_exit(&cc, 30 * SMSS, 0);
	assert_int_equal(cc.cwnd, 10 * SMSS);
}

static void rfc5681_3_1_timeout_again_keeps_ssthresh(void **state)
{
	struct cc cc = start(20 * SMSS, CC_WND_MAX);

	(void)state;
	cc_rto(&cc, true, 0);
	assert_int_equal(cc.ssthresh, 10 * SMSS);
	cc_rto(&cc, false, 0);
	assert_int_equal(cc.ssthresh, 10 * SMSS);
	assert_int_equal(cc.cwnd, SMSS);
}

static void rfc5681_4_1_restart_after_idle(void **state)
{
	struct cc cc = start(100 * SMSS, 50 * SMSS);

	(void)state;
	cc_idle_restart(&cc, 200000, 200000, 10);
	assert_int_equal(cc.cwnd, 100 * SMSS);
	cc_idle_restart(&cc, 200001, 200000, 10);
	assert_int_equal(cc.cwnd, 10 * SMSS);
	assert_int_equal(cc.ssthresh, 75 * SMSS);
	/* A window that is smaller than the restart window stays. */
	cc = start(3 * SMSS, CC_WND_MAX);
	cc_idle_restart(&cc, 300000, 200000, 10);
	assert_int_equal(cc.cwnd, 3 * SMSS);
	assert_int_equal(cc.ssthresh, CC_WND_MAX);
}

static void any_events_keep_the_window_within_bounds(void **state)
{
	struct cc cc = start(10 * SMSS, CC_WND_MAX);
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 2);
	for (int i = 0; i < 200000; i++) {
		uint32_t flight = rng_below(&rng, 1u << rng_below(&rng, 31));

		struct cc_ack a = {
			.acked = 1 + rng_below(&rng, 1u << rng_below(&rng, 31)),
			.nacks = (uint16_t)(1 + rng_below(&rng, UINT16_MAX)),
		};

		cc_sent(&cc, flight);
		switch (rng_below(&rng, 40)) {
		case 0:
			cc_loss(&cc, 0);
			break;
		case 1:
			cc_rto(&cc, rng_below(&rng, 2), 0);
			break;
		case 2:
			cc_recovery_exit(&cc, flight, 0);
			break;
		case 3:
			cc_idle_restart(&cc, rng_u32(&rng), 200000, 10);
			break;
		default:
			cc_ack(&cc, &a);
		}
		assert_in_range(cc.cwnd, SMSS, CC_WND_MAX);
		assert_in_range(cc.ssthresh, 2 * SMSS, CC_WND_MAX);
	}
}

static void rfc8511_3_1_a_mark_leaves_four_fifths(void **state)
{
	struct cc cc = start(20 * SMSS, CC_WND_MAX);

	(void)state;
	cc_mark(&cc, 0);
	assert_int_equal(cc.ssthresh, 16 * SMSS);
	assert_int_equal(cc.cwnd, 16 * SMSS);
	cc = start(2 * SMSS, CC_WND_MAX);
	cc_mark(&cc, 0);
	assert_int_equal(cc.cwnd, 2 * SMSS);
	cc = start(SMSS, CC_WND_MAX);
	cc_mark(&cc, 0);
	assert_int_equal(cc.cwnd, SMSS); /* RFC 3168 section 6.1.2: it never grows by that */
}

static void growth_stops_at_the_largest_window(void **state)
{
	struct cc cc = start(CC_WND_MAX - 1, CC_WND_MAX);

	(void)state;
	for (int i = 0; i < 5; i++)
		ack(&cc, CC_WND_MAX);
	assert_int_equal(cc.cwnd, CC_WND_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc5681_3_1_slow_start_grows_by_what_is_acked),
		cmocka_unit_test(rfc3465_2_slow_start_is_limited_per_ack),
		cmocka_unit_test(rfc3465_2_3_one_segment_per_ack_after_a_timeout),
		cmocka_unit_test(rfc5681_3_1_congestion_avoidance_one_segment_a_window),
		cmocka_unit_test(slow_start_ends_exactly_at_ssthresh),
		cmocka_unit_test(rfc7661_4_2_an_unused_window_does_not_grow),
		cmocka_unit_test(rfc5681_3_1_bursts_of_acks_count_in_full),
		cmocka_unit_test(rfc5681_3_2_loss_halves_the_flight),
		cmocka_unit_test(rfc6582_3_2_step_3_leaves_recovery_without_a_burst),
		cmocka_unit_test(rfc5681_3_1_timeout_again_keeps_ssthresh),
		cmocka_unit_test(rfc5681_4_1_restart_after_idle),
		cmocka_unit_test(any_events_keep_the_window_within_bounds),
		cmocka_unit_test(rfc8511_3_1_a_mark_leaves_four_fifths),
		cmocka_unit_test(growth_stops_at_the_largest_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
