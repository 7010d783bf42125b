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

/* CVE-2020-25705: what is left of a shared bucket does not tell what others took, however often one
 * asks. */
static void what_a_shared_bucket_gives_varies(void **state)
{
	uint32_t seen[100] = {0}, different = 0, all = 0;
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 10);
	for (int round = 0; round < 500; round++) {
		struct limiter l = {0};
		uint32_t passed = 0;

		for (int i = 0; i < 1000; i++)
			passed += limiter_allow_fuzzy(&l, 0, MS, 50, rng_u32(&rng));
		assert_in_range(passed, 30, 75);
		different += seen[passed]++ == 0;
		all += passed;
	}
	assert_true(different >= 15);
	assert_in_range(all, 500 * 49, 500 * 52);
}

static void a_shared_bucket_keeps_to_its_rate(void **state)
{
	static const uint64_t intervals[] = {100, 1000, MS, 1000 * MS};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct limiter l = {0};
		uint32_t passed = 0;
		struct rng rng;

		tcpalg_seed(&rng, 11);
		for (uint64_t now = 0; now < 40000; now++)
			passed += limiter_allow_fuzzy(&l, now * intervals[i] / 4, intervals[i], 50,
						      rng_u32(&rng));
		assert_in_range(passed, 9750, 10250);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_bucket_then_the_rate),
		cmocka_unit_test(refusals_cost_nothing),
		cmocka_unit_test(any_flood_gets_exactly_the_rate),
		cmocka_unit_test(what_a_shared_bucket_gives_varies),
		cmocka_unit_test(a_shared_bucket_keeps_to_its_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
