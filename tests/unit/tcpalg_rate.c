/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/rate.c: draft-ietf-ccwg-bbr-06 section 4.1. */
#include "tcpalg/rate.h"

#include "tcpalg_test.h"

#define MSS 1000u

static struct rate r;
static union {
	struct rate_room room;
	uint8_t bytes[sizeof(struct rate_room) + RATE_CAP_MAX * sizeof(struct rate_snap)];
} store[2];

static int start(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	rate_init(&r, 0);
	assert_null(rate_attach(&r, &store[0].room, RATE_CAP_MIN));
	return 0;
}

static struct rate_sample acked(uint32_t now_us, uint32_t octets, uint32_t sent_us)
{
	return rate_acked(&r, now_us, octets, sent_us, true, 0);
}

static uint64_t rate_of(struct rate_sample s)
{
	return rate_per_second(s.delivered, s.interval_us);
}

/* Section 4.1.1: a segment each millisecond, acknowledged 20 ms later, is a rate of 1 MB/s. */
static void a_paced_flow_samples_its_own_rate(void **state)
{
	struct rate_sample s = {0};

	(void)state;
	rate_attach(&r, &store[1].room, 64);
	for (uint32_t ms = 0; ms < 200; ms++) {
		if (ms >= 20)
			s = acked(ms * 1000, MSS, (ms - 20) * 1000);
		rate_sent(&r, ms * 1000, 0, (ms < 20 ? ms : 19) * MSS, MSS);
		if (ms >= 40)
			assert_int_equal(rate_of(s), 1000000);
	}
	assert_true(s.any);
	assert_int_equal(s.delivered, 20 * MSS);
	assert_int_equal(s.inflight, 20 * MSS);
	assert_int_equal(r.delivered, 180 * MSS);
	assert_int_equal(rate_last(&r.last), 1000000);
}

/* Section 4.1.1.2.2: ACKs held back and let go at once do not make the path look fast. */
static void compressed_acks_do_not_inflate_the_rate(void **state)
{
	struct rate_sample s;

	(void)state;
	for (uint32_t k = 0; k < 10; k++)
		rate_sent(&r, k * 1000, 0, k * MSS, MSS);
	/* The first alone, after which 20 segments leave in a burst at 50 ms. */
	acked(50000, MSS, 0);
	rate_sent(&r, 50000, 0, 9 * MSS, 20 * MSS);
	for (uint32_t k = 1; k < 10; k++)
		acked(50000 + k, MSS, k * 1000);
	/* Its ACKs all come within 10 us: what counts is how long sending took. */
	s = acked(60000, 20 * MSS, 50000);
	assert_int_equal(s.interval_us, 50000);
	assert_int_equal(s.delivered, 29 * MSS);
}

/* The other way round: what left in a burst came back at the path's rate. */
static void bursts_of_ours_do_not_inflate_the_rate(void **state)
{
	struct rate_sample s = {0};

	(void)state;
	rate_sent(&r, 1000, 0, 0, 10 * MSS);
	for (uint32_t k = 1; k <= 10; k++)
		s = acked(11000 + 1000 * k, MSS, 1000);
	assert_int_equal(s.interval_us, 20000);
	assert_int_equal(s.delivered, 10 * MSS);
}

/* Section 4.1.2.2: idle time is in no interval. */
static void sending_into_an_empty_pipe_starts_afresh(void **state)
{
	struct rate_sample s;

	(void)state;
	rate_sent(&r, 1000, 0, 0, MSS);
	acked(11000, MSS, 1000);
	rate_sent(&r, 5000000, 0, 0, 4 * MSS);
	s = acked(5010000, 4 * MSS, 5000000);
	assert_int_equal(s.interval_us, 10000);
	assert_int_equal(s.delivered, 4 * MSS);
}

/* Section 4.1.2.4. */
static void what_the_application_limits_says_so(void **state)
{
	struct rate_sample s;

	(void)state;
	rate_sent(&r, 1000, 0, 0, 2 * MSS);
	rate_limited(&r, 2 * MSS);
	rate_sent(&r, 2000, 0, 2 * MSS, MSS);
	s = acked(11000, 2 * MSS, 1000);
	assert_false(s.app_limited); /* it was not when those were sent */
	assert_true(r.app_limited);
	rate_sent(&r, 11000, 0, MSS, MSS);
	s = acked(12000, MSS, 2000);
	assert_true(s.app_limited);
	assert_false(r.app_limited); /* more was delivered than was in flight then */
	rate_sent(&r, 12000, 0, MSS, MSS);
	s = acked(21000, MSS, 11000);
	assert_true(s.app_limited);
	s = acked(22000, MSS, 12000);
	assert_false(s.app_limited);
}

/* A low rate that the application is to blame for does not hide what the path can do. */
static void the_last_rate_is_the_paths(void **state)
{
	(void)state;
	rate_sent(&r, 1000, 0, 0, 10 * MSS);
	acked(11000, 10 * MSS, 1000);
	assert_int_equal(rate_last(&r.last), 1000000);
	rate_limited(&r, 0);
	rate_sent(&r, 20000, 0, 0, MSS);
	acked(30000, MSS, 20000);
	assert_int_equal(rate_last(&r.last), 1000000);
	assert_false(r.last.limited);
	rate_limited(&r, 0);
	rate_sent(&r, 40000, 0, 0, 20 * MSS);
	acked(50000, 20 * MSS, 40000);
	assert_int_equal(rate_last(&r.last), 2000000);
	assert_true(r.last.limited);
}

/* Section 4.1.2.3: less than a round trip is an ACK of an earlier transmission. */
static void intervals_below_the_least_round_trip_tell_no_rate(void **state)
{
	struct rate_sample s;

	(void)state;
	rate_sent(&r, 1000, 0, 0, MSS);
	s = rate_acked(&r, 5000, MSS, 1000, true, 10000);
	assert_true(s.any);
	assert_int_equal(s.interval_us, 0);
	assert_int_equal(rate_last(&r.last), 0);
	assert_int_equal(r.delivered, MSS);
}

static void losses_are_counted_since_sending(void **state)
{
	struct rate_sample s;

	(void)state;
	rate_lost(&r, 5 * MSS);
	rate_sent(&r, 1000, 0, 0, 10 * MSS);
	rate_lost(&r, 2 * MSS);
	s = acked(11000, MSS, 1000);
	assert_int_equal(s.lost, 2 * MSS);
	assert_int_equal(s.inflight, 10 * MSS);
	assert_int_equal(s.age_us, 10000);
	assert_int_equal(rate_at(&r, 1000)->lost, 5 * MSS);
}

/* Times in flight.h's grain find what was sent in that grain. */
static void one_grain_is_one_snapshot(void **state)
{
	const uint32_t grain = 1023;

	(void)state;
	rate_sent(&r, 10000, grain, 0, MSS);
	rate_sent(&r, 10100, grain, MSS, MSS);
	rate_sent(&r, 10240, grain, 2 * MSS, MSS); /* the last instant of it */
	assert_int_equal(r.room->n, 1);
	rate_sent(&r, 10241, grain, 3 * MSS, MSS);
	assert_int_equal(r.room->n, 2);
	assert_int_equal(rate_at(&r, 10240)->sent_us, 10000);
	assert_int_equal(rate_at(&r, 11264)->sent_us, 10241);
	assert_null(rate_at(&r, 9999));
}

static void what_is_unknown_gives_no_sample(void **state)
{
	struct rate_sample s;

	(void)state;
	rate_sent(&r, 1000, 0, 0, MSS);
	s = rate_acked(&r, 5000, MSS, 1000, false, 0);
	assert_false(s.any);
	s = rate_acked(&r, 5000, MSS, 900, true, 0);
	assert_false(s.any);
	assert_int_equal(r.delivered, 2 * MSS);
	r.room = NULL;
	rate_sent(&r, 6000, 0, MSS, MSS);
	s = rate_acked(&r, 7000, MSS, 6000, true, 0);
	assert_false(s.any);
}

static void a_full_ring_forgets_the_oldest(void **state)
{
	(void)state;
	for (uint32_t k = 0; k < RATE_CAP_MIN + 3; k++) {
		assert_int_equal(rate_tight(&r, k != 0), k >= RATE_CAP_MIN);
		rate_sent(&r, 1000 * k, 0, k * MSS, MSS);
	}
	assert_int_equal(r.room->n, RATE_CAP_MIN);
	assert_null(rate_at(&r, 2999));
	for (uint32_t k = 3; k < RATE_CAP_MIN + 3; k++)
		assert_int_equal(rate_at(&r, 1000 * k)->inflight, (k + 1) * MSS);
	/* Nothing in flight: nothing needs the old ones. */
	assert_false(rate_tight(&r, false));
	rate_sent(&r, 90000, 0, 0, MSS);
	assert_int_equal(r.room->n, 1);
}

static void a_larger_ring_takes_everything_over(void **state)
{
	(void)state;
	for (uint32_t k = 0; k < RATE_CAP_MIN + 3; k++)
		rate_sent(&r, 1000 * k, 0, (k + 1) * MSS, MSS);
	assert_ptr_equal(rate_attach(&r, &store[1].room, 2 * RATE_CAP_MIN), &store[0].room);
	assert_int_equal(r.room->n, RATE_CAP_MIN);
	for (uint32_t k = 3; k < RATE_CAP_MIN + 3; k++)
		assert_int_equal(rate_at(&r, 1000 * k + 500)->sent_us, 1000 * k);
	rate_sent(&r, 100000, 0, MSS, MSS);
	assert_int_equal(rate_at(&r, 200000)->sent_us, 100000);
}

/* Clock and counts pass 2^32. */
static void numbers_wrap(void **state)
{
	struct rate_sample s;

	(void)state;
	r.delivered = UINT32_MAX - 500;
	rate_sent(&r, UINT32_MAX - 2000, 0, 0, 10 * MSS);
	rate_limited(&r, 10 * MSS);
	s = acked(7999, 10 * MSS, UINT32_MAX - 2000);
	assert_int_equal(s.interval_us, 10000);
	assert_int_equal(s.delivered, 10 * MSS);
	assert_true(r.app_limited);
	rate_sent(&r, 8000, 0, 0, MSS);
	acked(9000, MSS, 8000);
	assert_false(r.app_limited);
	assert_true(r.delivered > UINT32_MAX);
}

#define rate_test(fn) cmocka_unit_test_setup(fn, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rate_test(a_paced_flow_samples_its_own_rate),
		rate_test(compressed_acks_do_not_inflate_the_rate),
		rate_test(bursts_of_ours_do_not_inflate_the_rate),
		rate_test(sending_into_an_empty_pipe_starts_afresh),
		rate_test(what_the_application_limits_says_so),
		rate_test(the_last_rate_is_the_paths),
		rate_test(intervals_below_the_least_round_trip_tell_no_rate),
		rate_test(losses_are_counted_since_sending),
		rate_test(one_grain_is_one_snapshot),
		rate_test(what_is_unknown_gives_no_sample),
		rate_test(a_full_ring_forgets_the_oldest),
		rate_test(a_larger_ring_takes_everything_over),
		rate_test(numbers_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
