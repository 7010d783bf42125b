/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/clock.c: time by a TSC that drifts, stops, leaps and goes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "stack/clock.h"

#define SEC UINT64_C(1000000000)
#define MS  UINT64_C(1000000)

/* Both clocks, and one who reads them as clock_read() does. */
static struct clock_moment now;
static struct clock_reader reader;

static uint64_t reading(void)
{
	uint64_t ns;

	return clock_by_tsc(&reader, now.tsc, &ns) ? ns : clock_anchor(&reader, now);
}

/* Time goes by, at so many ticks a microsecond. */
static void pass(uint64_t ns, uint64_t mhz)
{
	now.ns += ns;
	now.tsc += ns * mhz / 1000;
}

static void start(uint64_t tsc, uint64_t mhz)
{
	reader = (struct clock_reader){0};
	now = (struct clock_moment){.tsc = tsc, .ns = 5 * SEC};
	for (unsigned i = 0; i < 30; i++) {
		assert_in_range(reading(), now.ns - 1000, now.ns);
		pass(MS, mhz);
	}
	assert_true(reader.ns_per_tsc_q32);
}

/* So long from here on the reading is no further off than that. */
static void expect_good(uint64_t ns, uint64_t mhz, uint64_t off_ns)
{
	for (uint64_t end = now.ns + ns; now.ns < end; pass(MS, mhz)) {
		uint64_t got = reading();

		assert_in_range(got, now.ns - off_ns, now.ns + off_ns);
	}
}

static void the_rate_is_measured(void **state)
{
	static const uint64_t mhz[] = {25, 1000, 3000, 5700};

	(void)state;
	for (size_t i = 0; i < sizeof(mhz) / sizeof(mhz[0]); i++) {
		uint64_t ns;

		start(UINT64_MAX - 1000000, mhz[i]); /* it wraps as well */
		assert_true(clock_by_tsc(&reader, now.tsc, &ns));
		expect_good(5 * SEC, mhz[i], 1000);
	}
}

/* A machine that goes on on another: its TSC runs at another rate from here on. */
static void another_rate_is_found_within_seconds(void **state)
{
	static const uint64_t mhz[] = {1600, 2900, 3100, 5000, 300, 30000};

	(void)state;
	for (size_t i = 0; i < sizeof(mhz) / sizeof(mhz[0]); i++) {
		start(1, 3000);
		for (uint64_t end = now.ns + 20 * SEC; now.ns < end; pass(MS, mhz[i]))
			reading();
		expect_good(5 * SEC, mhz[i], MS);
	}
}

/* The TSC went on, or the system's clock did, or both stood still; or the TSC began anew. */
static void leaps_of_either_are_over_at_once(void **state)
{
	static const uint64_t by[] = {MS, SEC, 10 * SEC, 3600 * SEC, 100 * 3600 * SEC};

	(void)state;
	for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++)
		for (unsigned how = 0; how < 3; how++) {
			start(UINT64_C(1) << 60, 3000);
			if (how != 0)
				now.ns += by[i];
			if (how != 1)
				now.tsc += by[i] * 3;
			else
				now.tsc -= by[i] * 3;
			expect_good(3 * SEC, 3000, SEC + by[0]);
			expect_good(3 * SEC, 3000, 10000);
		}
}

/* In the middle of the first measurement, too. */
static void a_leap_does_not_spoil_the_first_measurement(void **state)
{
	(void)state;
	for (unsigned back = 0; back < 2; back++) {
		start(UINT64_C(1) << 60, 3000);
		reader = (struct clock_reader){0};
		reading();
		now.tsc += back ? -3600 * SEC : 3600 * SEC;
		expect_good(3 * SEC, 3000, 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rate_is_measured),
		cmocka_unit_test(another_rate_is_found_within_seconds),
		cmocka_unit_test(leaps_of_either_are_over_at_once),
		cmocka_unit_test(a_leap_does_not_spoil_the_first_measurement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
