/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/limiter.h: never more than the rate and the burst, never less. */
#include "tcpalg/limiter.h"
#include "tcpalg_test.h"

#define MS UINT64_C(1000000)

static void a_full_bucket_then_the_rate(void **state)
{
	static const uint64_t starts[] = {0, 1, 5 * MS, UINT64_C(1) << 62};

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		uint64_t now = starts[i];
		struct limiter l = {0};

		for (int k = 0; k < 10; k++)
			assert_true(limiter_allow(&l, now, MS, 10));
		assert_false(limiter_allow(&l, now, MS, 10));
		assert_false(limiter_allow(&l, now + MS - 1, MS, 10));
		assert_true(limiter_allow(&l, now + MS, MS, 10));
		assert_false(limiter_allow(&l, now + MS, MS, 10));
		/* Ten intervals of rest, no more, are kept. */
		now += 1000 * MS;
		for (int k = 0; k < 10; k++)
			assert_true(limiter_allow(&l, now, MS, 10));
		assert_false(limiter_allow(&l, now, MS, 10));
	}
}

static void refusals_cost_nothing(void **state)
{
	struct limiter l = {0};

	(void)state;
	assert_true(limiter_allow(&l, 0, MS, 1));
	for (uint64_t t = 0; t < MS; t += 1000)
		assert_false(limiter_allow(&l, t, MS, 1));
	assert_true(limiter_allow(&l, MS, MS, 1));
}

static void any_flood_gets_exactly_the_rate(void **state)
{
	struct limiter l = {0};
	uint64_t now = 0;
	uint32_t passed = 0;
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 9);
	while (now < 1000 * MS) {
		passed += limiter_allow(&l, now, MS, 50);
		now += rng_below(&rng, 50000);
	}
	assert_in_range(passed, 1049, 1050);
}

/* CVE-2020-25705: whose exact depth cannot be counted from outside. */
static void the_depth_of_a_shared_bucket_varies(void **state)
{
	uint32_t seen[51] = {0}, different = 0;
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 10);
	for (int round = 0; round < 500; round++) {
		struct limiter l = {0};
		uint32_t passed = 0;

		while (limiter_allow_fuzzy(&l, 0, MS, 50, rng_u32(&rng)))
			passed++;
		assert_in_range(passed, 38, 50);
		different += seen[passed]++ == 0;
	}
	assert_true(different >= 6);
	/* A bucket of one token stays that. */
	struct limiter one = {0};
	assert_true(limiter_allow_fuzzy(&one, 0, MS, 1, UINT32_MAX));
	assert_false(limiter_allow_fuzzy(&one, 0, MS, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_bucket_then_the_rate),
		cmocka_unit_test(refusals_cost_nothing),
		cmocka_unit_test(any_flood_gets_exactly_the_rate),
		cmocka_unit_test(the_depth_of_a_shared_bucket_varies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
