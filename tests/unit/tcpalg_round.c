/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/round.h: what a round trip delivered. Numbers wrap in each test. */
#include "tcpalg/round.h"
#include "tcpalg_test.h"

#define ISN 0xfffffff0u
#define T0  0xffffff00u

static void a_flight_is_a_round(void **state)
{
	struct round r = {0};

	(void)state;
	/* 10,000 octets left at T0; the first 2,000 of them are acknowledged 20 ms later. */
	round_begin(&r, ISN, ISN + 10000, T0, false);
	assert_false(round_is_over(&r, ISN + 2000));
	assert_true(round_is_over(&r, ISN + 10000));
	round_over(&r, T0 + 25000, ISN + 10000, ISN + 10000, ISN + 30000, false, 20000);
	assert_int_equal(rate_last(&r.last), 400000);
	assert_false(r.last.limited);
}

/* What was in flight when it began may arrive at once: what was sent after that cannot. */
static void a_round_ends_with_what_was_sent_in_it(void **state)
{
	struct round r = {0};

	(void)state;
	round_begin(&r, ISN, ISN + 10000, T0, false);
	round_over(&r, T0 + 20000, ISN + 10000, ISN + 10000, ISN + 30000, false, 0);
	assert_false(round_is_over(&r, ISN + 30000));
	assert_true(round_is_over(&r, ISN + 30001));
	round_over(&r, T0 + 60000, ISN + 50000, ISN + 50000, ISN + 70000, false, 0);
	assert_int_equal(rate_last(&r.last), 1000000);
}

/* Nothing is in flight: how long the application waits is not the path's. */
static void an_idle_connection_has_no_round(void **state)
{
	struct round r = {0};

	(void)state;
	assert_false(round_is_over(&r, ISN));
	round_begin(&r, ISN, ISN + 1000, T0, false);
	round_over(&r, T0 + 1000, ISN + 1000, ISN + 1000, ISN + 1000, true, 0);
	assert_false(r.on);
	assert_false(round_is_over(&r, ISN + 1000000));
}

/* Octets that were sacked before it began were delivered before it began. */
static void what_was_sacked_counts_once(void **state)
{
	struct round r = {0};

	(void)state;
	round_begin(&r, ISN, ISN + 10000, T0, false);
	round_over(&r, T0 + 20000, ISN + 10000 + 5000, ISN + 10000, ISN + 20000, false, 0);
	assert_int_equal(r.last.octets, 15000);
	round_over(&r, T0 + 40000, ISN + 25000, ISN + 25000, ISN + 40000, false, 0);
	assert_int_equal(r.last.octets, 10000);
	/* And a peer that takes back what it had delivered nothing. */
	round_over(&r, T0 + 60000, ISN + 24000, ISN + 24000, ISN + 40000, false, 0);
	assert_int_equal(r.last.octets, 10000);
}

static void the_application_limits_at_either_end(void **state)
{
	(void)state;
	for (unsigned k = 1; k < 4; k++) {
		struct round r = {0};

		round_begin(&r, ISN, ISN + 1000, T0, k & 1);
		round_over(&r, T0 + 1000, ISN + 1000, ISN + 1000, ISN + 2000, k & 2, 0);
		assert_true(r.last.limited);
	}
}

static void intervals_below_the_least_round_trip_tell_no_rate(void **state)
{
	struct round r = {0};

	(void)state;
	round_begin(&r, ISN, ISN + 1000, T0, false);
	round_over(&r, T0 + 999, ISN + 1000, ISN + 1000, ISN + 2000, false, 1000);
	assert_int_equal(r.last.us, 0);
	round_begin(&r, ISN, ISN + 1000, T0, false);
	round_over(&r, T0, ISN + 1000, ISN + 1000, ISN + 2000, false, 0);
	assert_int_equal(r.last.us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flight_is_a_round),
		cmocka_unit_test(a_round_ends_with_what_was_sent_in_it),
		cmocka_unit_test(an_idle_connection_has_no_round),
		cmocka_unit_test(what_was_sacked_counts_once),
		cmocka_unit_test(the_application_limits_at_either_end),
		cmocka_unit_test(intervals_below_the_least_round_trip_tell_no_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
