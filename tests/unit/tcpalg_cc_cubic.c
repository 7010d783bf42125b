/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/cc_cubic.c: RFC 9438, held against the formulas in floating point. */
#include <math.h>

#include "tcpalg/cc.h"
#include "tcpalg_test.h"

#define SMSS   1000u
#define RTT_US 100000u

struct sender {
	struct cc cc;
	uint64_t now_us;
	uint32_t una;
};

static struct sender start(uint32_t cwnd, uint32_t ssthresh)
{
	return (struct sender){
		.cc = tcpalg_cc(&cc_cubic, SMSS, cwnd, ssthresh),
		.now_us = 1000000,
		.una = 1,
	};
}

static void ack(struct sender *s, uint32_t acked, uint32_t rtt_us)
{
	struct cc_ack a = {
		.now_us = s->now_us,
		.acked = acked,
		.srtt_us = RTT_US,
		.rtt_us = rtt_us,
		.nacks = 1,
	};

	s->una += acked;
	a.snd_una = s->una;
	a.snd_nxt = s->una + s->cc.cwnd;
	cc_sent(&s->cc, s->cc.cwnd);
	cc_ack(&s->cc, &a);
}

/* One round trip: a window of ACKs, evenly spread over it. */
static void round_trip(struct sender *s, uint32_t rtt_us)
{
	uint32_t n = s->cc.cwnd / SMSS;
	uint64_t begin = s->now_us;

	for (uint32_t i = 0; i < n; i++) {
		s->now_us = begin + (uint64_t)rtt_us * (i + 1) / n;
		ack(s, SMSS, rtt_us);
	}
}

static double curve(double segments_max, double segments_start, double t_s)
{
	double k = cbrt((segments_max - segments_start) / 0.4);

	return 0.4 * pow(t_s - k, 3) + segments_max;
}

static void rfc9438_4_2_window_follows_the_curve(void **state)
{
	struct sender s = start(1000 * SMSS, 1000 * SMSS);
	uint64_t epoch;

	(void)state;
	ack(&s, SMSS, RTT_US); /* out of slow start */
	s.cc.cwnd = 1000 * SMSS;
	cc_sent(&s.cc, s.cc.cwnd);
	cc_loss(&s.cc, s.now_us);
	assert_int_equal(s.cc.cwnd, 700 * SMSS);
	cc_recovery_exit(&s.cc, 700 * SMSS, s.now_us);
	epoch = s.now_us;
	/* Concave, the plateau at K = 9.1 s, and convex; a round trip ahead (section 4.2). */
	for (unsigned i = 0; i < 150; i++) {
		double want;

		round_trip(&s, RTT_US);
		want = curve(1000, 700, (double)(s.now_us - epoch) / 1e6);
		assert_in_range(s.cc.cwnd / SMSS, (uint32_t)(want * 0.99) - 2,
				(uint32_t)(want * 1.03) + 2);
	}
	assert_true(s.cc.cwnd > 1050 * SMSS);
}

static void rfc9438_4_3_at_least_what_reno_would_do(void **state)
{
	struct sender s = start(20 * SMSS, 20 * SMSS);
	uint32_t before;

	(void)state;
	ack(&s, SMSS, 1000);
	s.cc.cwnd = 20 * SMSS;
	cc_sent(&s.cc, s.cc.cwnd);
	cc_loss(&s.cc, s.now_us);
	cc_recovery_exit(&s.cc, 20 * SMSS, s.now_us);
	before = s.cc.cwnd;
	assert_int_equal(before, 14 * SMSS);
	/* 10 round trips of 1 ms: the curve has not moved, Reno's estimate by 9/17 segment each. */
	for (unsigned i = 0; i < 10; i++)
		round_trip(&s, 1000);
	assert_in_range(s.cc.cwnd - before, 4 * SMSS, 6 * SMSS);
}

/* Alpha is 1 from the window before the last loss on, whatever fast convergence made of W_max. */
static void rfc9438_4_3_reno_grows_in_full_from_the_window_before(void **state)
{
	(void)state;
	for (int again = 0; again < 2; again++) {
		struct sender s = start(20 * SMSS, 20 * SMSS);
		uint32_t before;

		ack(&s, SMSS, 1000);
		s.cc.cwnd = 20 * SMSS;
		s.cc.priv.cubic.w_max = again ? 30 * SMSS : 0;
		cc_sent(&s.cc, s.cc.cwnd);
		cc_loss(&s.cc, s.now_us);
		assert_int_equal(s.cc.priv.cubic.w_max, (again ? 17 : 20) * SMSS);
		cc_recovery_exit(&s.cc, 20 * SMSS, s.now_us);
		ack(&s, SMSS, 1000); /* the epoch begins; and now it has come so far: */
		s.cc.cwnd = 18 * SMSS;
		s.cc.priv.cubic.w_est = 18 * SMSS;
		before = s.cc.cwnd;
		for (unsigned i = 0; i < 3; i++)
			round_trip(&s, 1000);
		assert_in_range(s.cc.cwnd - before, SMSS * 14 / 10, SMSS * 17 / 10);
		s.cc.priv.cubic.w_est = 20 * SMSS;
		s.cc.cwnd = 20 * SMSS;
		round_trip(&s, 1000);
		assert_in_range(s.cc.cwnd, 20 * SMSS + SMSS * 9 / 10, 21 * SMSS);
	}
}

static void rfc8511_3_1_a_mark_leaves_17_of_20(void **state)
{
	struct sender s = start(100 * SMSS, 100 * SMSS);

	(void)state;
	cc_sent(&s.cc, 100 * SMSS);
	cc_mark(&s.cc, s.now_us);
	assert_int_equal(s.cc.ssthresh, 85 * SMSS);
	assert_int_equal(s.cc.cwnd, 85 * SMSS);
	assert_int_equal(s.cc.priv.cubic.w_max, 100 * SMSS);
}

static void rfc9438_4_6_loss_cuts_to_seven_tenths_of_flight(void **state)
{
	struct sender s = start(100 * SMSS, 100 * SMSS);

	(void)state;
	cc_sent(&s.cc, 100 * SMSS);
	cc_loss(&s.cc, s.now_us);
	assert_int_equal(s.cc.ssthresh, 70 * SMSS);
	assert_int_equal(s.cc.cwnd, 70 * SMSS);
	s = start(100 * SMSS, 100 * SMSS);
	cc_sent(&s.cc, 40 * SMSS);
	cc_loss(&s.cc, s.now_us);
	assert_int_equal(s.cc.ssthresh, 28 * SMSS);
	s = start(2 * SMSS, 2 * SMSS);
	cc_sent(&s.cc, SMSS);
	cc_loss(&s.cc, s.now_us);
	assert_int_equal(s.cc.ssthresh, 2 * SMSS);
}

/* Linux's floor for both; where the RFC wants 1 SMSS of a mark, a peer that delays its ACKs would
 * set the pace. */
static void rfc9438_4_6_marks_and_losses_stop_at_two_segments(void **state)
{
	struct sender s = start(3 * SMSS, 100 * SMSS);

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		cc_sent(&s.cc, s.cc.cwnd);
		cc_mark(&s.cc, s.now_us);
	}
	assert_int_equal(s.cc.cwnd, 2 * SMSS);
	assert_int_equal(s.cc.ssthresh, 2 * SMSS);
	s = start(3 * SMSS, 100 * SMSS);
	for (unsigned i = 0; i < 20; i++) {
		cc_sent(&s.cc, s.cc.cwnd);
		cc_loss(&s.cc, s.now_us);
	}
	assert_int_equal(s.cc.cwnd, 2 * SMSS);
	/* What a timeout has left is not widened by a mark (RFC 3168 section 6.1.2). */
	cc_rto(&s.cc, true, s.now_us);
	cc_sent(&s.cc, s.cc.cwnd);
	cc_mark(&s.cc, s.now_us);
	assert_int_equal(s.cc.cwnd, SMSS);
	assert_int_equal(s.cc.ssthresh, 2 * SMSS);
}

static void rfc9438_4_7_fast_convergence(void **state)
{
	struct sender s = start(100 * SMSS, 100 * SMSS);

	(void)state;
	cc_loss(&s.cc, s.now_us);
	assert_int_equal(s.cc.priv.cubic.w_max, 100 * SMSS);
	/* Lost again below the last maximum: room is made for others. */
	cc_sent(&s.cc, s.cc.cwnd);
	cc_loss(&s.cc, s.now_us);
	assert_int_equal(s.cc.priv.cubic.w_max, 70 * SMSS / 20 * 17);
	/* At or above it: not. */
	s.cc.cwnd = 200 * SMSS;
	cc_sent(&s.cc, s.cc.cwnd);
	cc_loss(&s.cc, s.now_us);
	assert_int_equal(s.cc.priv.cubic.w_max, 200 * SMSS);
}

static void rfc9438_4_8_timeout(void **state)
{
	struct sender s = start(100 * SMSS, 100 * SMSS);

	(void)state;
	cc_rto(&s.cc, true, s.now_us);
	assert_int_equal(s.cc.cwnd, SMSS);
	assert_int_equal(s.cc.ssthresh, 70 * SMSS);
	cc_rto(&s.cc, false, s.now_us); /* backing off cuts nothing again */
	assert_int_equal(s.cc.ssthresh, 70 * SMSS);
	while (s.cc.cwnd < 70 * SMSS)
		round_trip(&s, RTT_US);
	round_trip(&s, RTT_US);
	/* The curve begins where slow start ended, with K = 0. */
	assert_int_equal(s.cc.priv.cubic.k, 0);
	assert_in_range(s.cc.priv.cubic.w_max, 70 * SMSS, 71 * SMSS);
}

static void rfc9438_4_10_slow_start_left_without_a_loss(void **state)
{
	struct sender s = start(10 * SMSS, CC_WND_MAX);
	uint32_t rtt_us = RTT_US, at;

	(void)state;
	/* The queue fills from 100 segments on. */
	while (cc_in_slow_start(&s.cc)) {
		round_trip(&s, rtt_us);
		if (s.cc.cwnd > 100 * SMSS)
			rtt_us = RTT_US + (s.cc.cwnd - 100 * SMSS) / SMSS * 1000;
		assert_true(s.cc.cwnd < 2000 * SMSS);
	}
	at = s.cc.ssthresh;
	assert_in_range(at, 100 * SMSS, 1000 * SMSS);
	round_trip(&s, rtt_us);
	assert_int_equal(s.cc.priv.cubic.k, 0);
	assert_in_range(s.cc.cwnd, at, at + 4 * SMSS);
}

static void rfc9406_4_3_conservative_slow_start_grows_by_a_quarter(void **state)
{
	struct sender s = start(10 * SMSS, CC_WND_MAX);

	(void)state;
	ack(&s, SMSS, RTT_US);
	assert_int_equal(s.cc.cwnd, 11 * SMSS);
	s.cc.priv.hystart.baseline = 1;
	ack(&s, SMSS, RTT_US);
	assert_int_equal(s.cc.cwnd, 11 * SMSS + SMSS / 4);
	/* By eight segments an ACK, and a quarter of them. */
	ack(&s, 20 * SMSS, RTT_US);
	assert_int_equal(s.cc.cwnd, 13 * SMSS + SMSS / 4);
}

static void rfc9438_5_8_unused_window_does_not_grow(void **state)
{
	struct sender s = start(100 * SMSS, 50 * SMSS);
	uint32_t before;

	(void)state;
	round_trip(&s, RTT_US);
	before = s.cc.cwnd;
	s.now_us += 60000000; /* a minute with little to send */
	for (unsigned i = 0; i < 100; i++) {
		const struct cc_ack a = {
			.now_us = s.now_us, .acked = SMSS, .srtt_us = RTT_US, .nacks = 1};

		cc_sent(&s.cc, 10 * SMSS);
		cc_ack(&s.cc, &a);
	}
	assert_int_equal(s.cc.cwnd, before);
	/* Nor does the minute count afterwards. */
	round_trip(&s, RTT_US);
	assert_in_range(s.cc.cwnd, before, before + 2 * SMSS);
}

static void window_is_bounded(void **state)
{
	struct sender s = start(CC_WND_MAX - SMSS, CC_WND_MAX / 2);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		s.now_us += 1000000;
		ack(&s, 1000 * SMSS, RTT_US);
		assert_in_range(s.cc.cwnd, CC_WND_MAX / 2, CC_WND_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc9438_4_2_window_follows_the_curve),
		cmocka_unit_test(rfc9438_4_3_at_least_what_reno_would_do),
		cmocka_unit_test(rfc9438_4_3_reno_grows_in_full_from_the_window_before),
		cmocka_unit_test(rfc8511_3_1_a_mark_leaves_17_of_20),
		cmocka_unit_test(rfc9438_4_6_loss_cuts_to_seven_tenths_of_flight),
		cmocka_unit_test(rfc9438_4_6_marks_and_losses_stop_at_two_segments),
		cmocka_unit_test(rfc9438_4_7_fast_convergence),
		cmocka_unit_test(rfc9438_4_8_timeout),
		cmocka_unit_test(rfc9438_4_10_slow_start_left_without_a_loss),
		cmocka_unit_test(rfc9406_4_3_conservative_slow_start_grows_by_a_quarter),
		cmocka_unit_test(rfc9438_5_8_unused_window_does_not_grow),
		cmocka_unit_test(window_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
