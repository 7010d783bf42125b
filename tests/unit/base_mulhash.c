/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/mulhash.h: a strongly universal hash of few words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mulhash.h"
#include "base/rng.h"

#define KEYS	65536U
#define BUCKETS 8192U
#define AVERAGE (KEYS / BUCKETS)
#define WORST	40 /* of 8,192 Poisson buckets of 8 on average, none has so many */

static struct mulhash_key draw(uint64_t seed)
{
	struct mulhash_key key;
	struct rng rng;

	rng_seed(&rng, seed);
	rng_fill(&rng, &key, sizeof(key));
	return key;
}

static void the_sum_as_defined(void **state)
{
	const struct mulhash_key key = {.k = {5, UINT64_C(1) << 40, 3, UINT64_C(7) << 32}};
	const uint32_t words[3] = {2, 9, 1};
	uint64_t sum = 5 + (UINT64_C(2) << 40) + 27 + (UINT64_C(7) << 32);

	(void)state;
	assert_int_equal(mulhash_3(&key, 2, 9, 1), sum);
	assert_int_equal(mulhash(&key, words, 3), mulhash_3(&key, 2, 9, 1));
	assert_int_equal(mulhash(&key, words, 0), 5);
}

static void one_and_the_same_for_any_number_of_words(void **state)
{
	const struct mulhash_key key = draw(1);
	uint32_t words[MULHASH_WORDS] = {0};
	uint64_t before = mulhash(&key, words, MULHASH_WORDS);

	(void)state;
	for (unsigned i = 0; i < MULHASH_WORDS; i++) {
		words[i] = UINT32_C(1) << (31 - i);
		assert_int_not_equal(mulhash(&key, words, MULHASH_WORDS), before);
		before = mulhash(&key, words, MULHASH_WORDS);
	}
}

/* Connections as they come: few peers, ports one after the other, in network byte order. */
static void flows_spread_over_buckets_and_tags(void **state)
{
	static uint32_t bucket[BUCKETS], tag[BUCKETS];
	const struct mulhash_key key = draw(7);
	uint32_t most = 0, most_tag = 0;

	(void)state;
	memset(bucket, 0, sizeof(bucket));
	memset(tag, 0, sizeof(tag));
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t port = __builtin_bswap32(UINT32_C(7) | i << 16);
		uint64_t hash = mulhash_3(&key, 0x0100000a, 0x0200000a, port);
		uint32_t b = (uint32_t)(hash >> 32) % BUCKETS, t = (uint32_t)(hash >> 48) % BUCKETS;

		most = ++bucket[b] > most ? bucket[b] : most;
		most_tag = ++tag[t] > most_tag ? tag[t] : most_tag;
	}
	assert_in_range(most, AVERAGE, WORST);
	assert_in_range(most_tag, AVERAGE, WORST);
}

static uint32_t bucket_of(const struct mulhash_key *key, uint32_t i)
{
	return (uint32_t)(mulhash_3(key, 1, 2, i) >> 32) % BUCKETS;
}

/* What collides under one key is spread by another: who does not know it cannot choose. */
static void another_key_parts_what_collided(void **state)
{
	const struct mulhash_key key = draw(1), other = draw(2);
	uint32_t first = bucket_of(&key, 3), there = bucket_of(&other, 3), found = 0, again = 0;

	(void)state;
	for (uint32_t i = 0; found < 64; i++) {
		if (bucket_of(&key, i) != first)
			continue;
		found++;
		again += bucket_of(&other, i) == there;
	}
	assert_in_range(again, 0, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sum_as_defined),
		cmocka_unit_test(one_and_the_same_for_any_number_of_words),
		cmocka_unit_test(flows_spread_over_buckets_and_tags),
		cmocka_unit_test(another_key_parts_what_collided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
