/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/rtt.c: the estimator of RFC 6298 and the two sources of samples. */
#include "tcpalg/rtt.h"
#include "tcpalg_test.h"

/* Without the floors of practice: the RFC's numbers can be seen. */
static const struct rtt_limits bare = {
	.min_us = 1,
	.max_us = 60000000,
	.init_us = 1000000,
	.g_us = 1,
};

static void rfc6298_2_1_starts_at_one_second(void **state)
{
	struct rtt r;

	(void)state;
	rtt_init(&r, &rtt_limits_default);
	assert_false(rtt_valid(&r));
	assert_int_equal(r.rto_us, 1000000);
}

static void rfc6298_2_2_first_sample(void **state)
{
	struct rtt r;

	(void)state;
	rtt_init(&r, &bare);
	rtt_sample(&r, &bare, 10000);
	assert_true(rtt_valid(&r));
	assert_int_equal(rtt_srtt_us(&r), 10000);
	assert_int_equal(rtt_rttvar_us(&r), 5000);
	assert_int_equal(r.rto_us, 30000);
}

static void rfc6298_2_3_later_samples(void **state)
{
	struct rtt r;

	(void)state;
	rtt_init(&r, &bare);
	rtt_sample(&r, &bare, 8000);
	rtt_sample(&r, &bare, 16000);
	/* RTTVAR = 3/4 * 4000 + 1/4 * 8000; SRTT = 7/8 * 8000 + 1/8 * 16000 */
	assert_int_equal(rtt_rttvar_us(&r), 5000);
	assert_int_equal(rtt_srtt_us(&r), 9000);
	assert_int_equal(r.rto_us, 29000);
	rtt_sample(&r, &bare, 1000);
	assert_int_equal(rtt_rttvar_us(&r), 5750);
	assert_int_equal(rtt_srtt_us(&r), 8000);
	assert_int_equal(r.rto_us, 31000);
}

/* Integer shifts against the formulas in floating point. */
static void rfc6298_2_3_follows_the_formulas(void **state)
{
	double srtt = 0, var = 0;
	struct rtt r;
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 1);
	rtt_init(&r, &bare);
	for (int i = 0; i < 20000; i++) {
		uint32_t m = rng_range(&rng, 1, i % 2000 < 1000 ? 300 : 3000000);
		double err;

		rtt_sample(&r, &bare, m);
		if (i == 0) {
			srtt = m;
			var = m / 2.0;
		} else {
			err = srtt > m ? srtt - m : m - srtt;
			var = 0.75 * var + 0.25 * err;
			srtt = 0.875 * srtt + 0.125 * m;
		}
		assert_true(rtt_srtt_us(&r) <= srtt + 9 && rtt_srtt_us(&r) + 9 >= srtt);
		assert_true(rtt_rttvar_us(&r) <= var + 9 && rtt_rttvar_us(&r) + 9 >= var);
	}
}

static void rfc6298_2_4_keeps_the_least(void **state)
{
	struct rtt_limits lim = bare;
	struct rtt r;

	(void)state;
	lim.min_us = 200000;
	rtt_init(&r, &lim);
	for (int i = 0; i < 100; i++)
		rtt_sample(&r, &lim, 50);
	assert_int_equal(r.rto_us, 200000);
	/* Linux's way: the variance term alone is at least G. */
	rtt_init(&r, &rtt_limits_default);
	for (int i = 0; i < 100; i++)
		rtt_sample(&r, &rtt_limits_default, 190000);
	assert_int_equal(r.rto_us, 390000);
}

static void rfc6298_5_5_doubles_up_to_the_most(void **state)
{
	struct rtt r;
	uint32_t want = 1000000;

	(void)state;
	rtt_init(&r, &rtt_limits_default);
	for (unsigned i = 1; i <= 100; i++) {
		rtt_backoff(&r, &rtt_limits_default);
		want = want * 2 > 120000000 ? 120000000 : want * 2;
		assert_int_equal(r.rto_us, want);
		assert_int_equal(r.backoff, i);
	}
}

static void rfc6298_5_7_data_after_a_lost_syn(void **state)
{
	struct rtt r;

	(void)state;
	rtt_init(&r, &rtt_limits_default);
	rtt_backoff(&r, &rtt_limits_default);
	rtt_backoff(&r, &rtt_limits_default);
	rtt_syn_timed_out(&r, &rtt_limits_default);
	assert_int_equal(r.rto_us, 3000000);
	assert_int_equal(r.backoff, 0);
	rtt_sample(&r, &rtt_limits_default, 1000);
	rtt_syn_timed_out(&r, &rtt_limits_default);
	assert_int_equal(r.rto_us, 201000);
}

static void karn_only_a_sample_ends_the_back_off(void **state)
{
	struct rtt r;

	(void)state;
	rtt_init(&r, &rtt_limits_default);
	rtt_sample(&r, &rtt_limits_default, 100000);
	assert_int_equal(r.rto_us, 300000);
	rtt_backoff(&r, &rtt_limits_default);
	assert_int_equal(r.rto_us, 600000);
	rtt_sample(&r, &rtt_limits_default, 100000);
	assert_int_equal(r.rto_us, 300000);
	assert_int_equal(r.backoff, 0);
}

static void absurd_samples_do_not_overflow(void **state)
{
	struct rtt r;

	(void)state;
	rtt_init(&r, &rtt_limits_default);
	for (int i = 0; i < 1000; i++)
		rtt_sample(&r, &rtt_limits_default, i % 3 ? UINT32_MAX : 0);
	assert_int_equal(r.rto_us, RTT_MAX_US);
	assert_in_range(rtt_srtt_us(&r), 1, 1u << 28);
	for (int i = 0; i < 1000; i++)
		rtt_sample(&r, &rtt_limits_default, 0);
	assert_true(rtt_valid(&r));
	assert_int_equal(r.rto_us, RTT_MIN_US + rtt_srtt_us(&r));
}

static void rfc7323_4_1_sample_from_an_echo(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t now = tcpalg_origins[i];

		assert_int_equal(rtt_from_ts(now, now - 25, 1000), 25000);
		assert_int_equal(rtt_from_ts(now, now, 1000), 1000);
		assert_int_equal(rtt_from_ts(now, now + 1, 1000), 0);
		assert_int_equal(rtt_from_ts(now, now - 268435, 1000), 268435000);
		assert_int_equal(rtt_from_ts(now, now - 268436, 1000), 0);
		assert_int_equal(rtt_from_ts(now, now - 0x7fffffff, 1000), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc6298_2_1_starts_at_one_second),
		cmocka_unit_test(rfc6298_2_2_first_sample),
		cmocka_unit_test(rfc6298_2_3_later_samples),
		cmocka_unit_test(rfc6298_2_3_follows_the_formulas),
		cmocka_unit_test(rfc6298_2_4_keeps_the_least),
		cmocka_unit_test(rfc6298_5_5_doubles_up_to_the_most),
		cmocka_unit_test(rfc6298_5_7_data_after_a_lost_syn),
		cmocka_unit_test(absurd_samples_do_not_overflow),
		cmocka_unit_test(karn_only_a_sample_ends_the_back_off),
		cmocka_unit_test(rfc7323_4_1_sample_from_an_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
