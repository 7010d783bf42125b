/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/rng.c: known sequences, bounds, and evenness. */
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void gives_the_known_sequence(void **state)
{
	/* xoshiro256** from the state 1, 2, 3, 4. */
	static const uint64_t want[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240),
					UINT64_C(1216172134540287360)};
	struct rng r = {{1, 2, 3, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(rng_u64(&r), want[i]);
}

static void seeds_with_splitmix64(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 0);
	assert_int_equal(r.s[0], UINT64_C(0xe220a8397b1dcdaf));
	assert_int_equal(r.s[1], UINT64_C(0x6e789e6aa1b965f4));
	assert_int_equal(r.s[2], UINT64_C(0x06c45d188009454f));
	assert_int_equal(r.s[3], UINT64_C(0xf88bb8a8724c81ec));
}

static void same_seed_same_sequence(void **state)
{
	struct rng a, b, c;
	int differ = 0;

	(void)state;
	rng_seed(&a, 7);
	rng_seed(&b, 7);
	rng_seed(&c, 8);
	for (int i = 0; i < 1000; i++) {
		uint64_t x = rng_u64(&a);

		assert_int_equal(x, rng_u64(&b));
		differ += x != rng_u64(&c);
	}
	assert_int_equal(differ, 1000);
}

static void below_stays_below_and_is_even(void **state)
{
	static const uint32_t bounds[] = {1, 2, 3, 7, 10, 1000, 0x80000001, UINT32_MAX};
	uint32_t hits[10] = {0};
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	assert_int_equal(rng_below(&r, 0), 0);
	for (size_t k = 0; k < sizeof(bounds) / sizeof(bounds[0]); k++) {
		for (int i = 0; i < 10000; i++)
			assert_true(rng_below(&r, bounds[k]) < bounds[k]);
	}
	for (int i = 0; i < 100000; i++)
		hits[rng_below(&r, 10)]++;
	for (int i = 0; i < 10; i++)
		assert_in_range(hits[i], 9600, 10400);
}

/* 2^32 / 3 * 2 does not divide 2^32: without rejection, the lower half would come up twice. */
static void below_is_even_where_scaling_would_not_be(void **state)
{
	const uint32_t n = UINT32_C(0xaaaaaaab);
	uint32_t even = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 4);
	for (int i = 0; i < 300000; i++)
		even += rng_below(&r, n) % 2 == 0;
	assert_in_range(even, 148500, 151500);
}

static void range_includes_both_ends(void **state)
{
	bool lo = false, hi = false;
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (int i = 0; i < 1000; i++) {
		uint32_t x = rng_range(&r, 32768, 32771);

		assert_in_range(x, 32768, 32771);
		lo |= x == 32768;
		hi |= x == 32771;
	}
	assert_true(lo && hi);
	assert_int_equal(rng_range(&r, 9, 9), 9);
	(void)rng_range(&r, 0, UINT32_MAX);
}

static void chance_is_in_parts_per_million(void **state)
{
	uint32_t hits = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 6);
	for (int i = 0; i < 100000; i++) {
		assert_false(rng_chance(&r, 0));
		assert_true(rng_chance(&r, 1000000));
		hits += rng_chance(&r, 20000);
	}
	assert_in_range(hits, 1850, 2150);
}

static void fill_is_the_sequence_in_bytes(void **state)
{
	uint8_t buf[21], more[8];
	struct rng a, b;

	(void)state;
	rng_seed(&a, 9);
	rng_seed(&b, 9);
	memset(buf, 0, sizeof(buf));
	rng_fill(&a, buf, 20);
	for (size_t i = 0; i < 20; i += 8) {
		uint64_t x = rng_u64(&b);

		memcpy(more, &x, 8);
		assert_memory_equal(buf + i, more, i == 16 ? 4 : 8);
	}
	assert_int_equal(buf[20], 0);
	assert_int_equal(rng_u64(&a), rng_u64(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_known_sequence),
		cmocka_unit_test(seeds_with_splitmix64),
		cmocka_unit_test(same_seed_same_sequence),
		cmocka_unit_test(below_stays_below_and_is_even),
		cmocka_unit_test(below_is_even_where_scaling_would_not_be),
		cmocka_unit_test(range_includes_both_ends),
		cmocka_unit_test(chance_is_in_parts_per_million),
		cmocka_unit_test(fill_is_the_sequence_in_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
