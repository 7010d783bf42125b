/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/htab.c: rules one by one, then random use against an array of what should be there. */
#include "base/htab.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/siphash.h"

static const struct siphash_key key = {1, 2};
static uint32_t hash_calls;

static uint64_t hash_of(const void *ctx, uint32_t value)
{
	assert_ptr_equal(ctx, &key);
	hash_calls++;
	return siphash13_1w(&key, value);
}

/* All values alike but for a few bits: the chains of a table without a secret. */
static uint64_t hash_badly(const void *ctx, uint32_t value)
{
	(void)ctx;
	return (uint64_t)(value % 3) << 32;
}

static uint32_t occurrences(const struct htab *h, uint64_t hash, uint32_t value)
{
	struct htab_it it;
	uint32_t n = 0;

	HTAB_FOREACH(h, hash, it) {
		n += it.value == value;
	}
	return n;
}

/* Every entry in its bucket, gaps at a chain's end only, no overflow bucket lost. */
static void check_structure(const struct htab *h)
{
	uint32_t count = 0, overflow = 0;

	for (uint32_t n = 0; n < h->n_buckets; n++) {
		const struct htab_bucket *b = htab_bucket_at(h, n);

		for (uint32_t depth = 0; b != NULL; b = b->more, depth++) {
			uint32_t used = 0;

			for (uint32_t i = 0; i < HTAB_WAYS; i++) {
				uint64_t hash;

				if (b->tag[i] == 0)
					continue;
				hash = h->hash_of(h->ctx, b->value[i]);
				assert_int_equal(htab_slot(h, hash), n);
				assert_int_equal(htab_tag(hash), b->tag[i]);
				used++;
			}
			if (b->more != NULL)
				assert_int_equal(used, HTAB_WAYS);
			if (depth > 0)
				assert_true(used > 0);
			overflow += depth > 0;
			count += used;
		}
	}
	assert_int_equal(count, h->count);
	assert_int_equal(overflow, h->overflow.in_use);
}

static void starts_small(void **state)
{
	struct htab h;
	struct mem m;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(htab_init(&h, 1000000, &m, hash_of, &key), 0);
	assert_true(m.bytes + sizeof(h) <= 1024);
	assert_int_equal(occurrences(&h, 0, 0), 0);
	assert_int_equal(htab_first(htab_prefetch(&h, 0), 0), HTAB_NONE);
	assert_int_equal(htab_remove(&h, 0, 0), -ENOENT);
	htab_fini(&h);
	htab_fini(&h);
	assert_int_equal(m.bytes, 0);
	assert_int_equal(htab_init(&h, 0, &m, hash_of, &key), -EINVAL);
	assert_int_equal(htab_init(&h, UINT32_MAX, &m, hash_of, &key), -EINVAL);
}

static void finds_replaces_and_removes(void **state)
{
	struct htab h;
	struct mem m;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(htab_init(&h, 100, &m, hash_of, &key), 0);
	/* Hashes that differ in what neither tag nor bucket shows, and one with an upper half of 0.
	 */
	assert_int_equal(htab_insert(&h, UINT64_C(0xabcd000000000001), 7), 0);
	assert_int_equal(htab_insert(&h, UINT64_C(0xabcd100000000001), 8), 0);
	assert_int_equal(htab_insert(&h, UINT64_C(0x0000000000000002), 9), 0);
	assert_int_equal(occurrences(&h, UINT64_C(0xabcd000000000001), 7), 1);
	assert_int_equal(occurrences(&h, UINT64_C(0xabcd000000000001), 8), 1);
	assert_int_equal(occurrences(&h, UINT64_C(0xabce000000000001), 7), 0);
	assert_int_equal(occurrences(&h, 2, 9), 1);
	assert_int_equal(htab_first(htab_prefetch(&h, 2), 2), 9);
	assert_int_equal(htab_replace(&h, 2, 9, 10), 0);
	assert_int_equal(htab_replace(&h, 2, 9, 11), -ENOENT);
	assert_int_equal(htab_first(htab_prefetch(&h, 2), 2), 10);
	assert_int_equal(htab_remove(&h, 2, 9), -ENOENT);
	assert_int_equal(htab_remove(&h, 2, 10), 0);
	assert_int_equal(htab_remove(&h, UINT64_C(0xabcd000000000001), 7), 0);
	assert_int_equal(h.count, 1);
	assert_ptr_equal(htab_prefetch(&h, 1), htab_bucket_of(&h, 1));
	htab_fini(&h);
	assert_int_equal(m.bytes, 0);
}

static void matches_alike_on_any_processor(void **state)
{
	struct htab_bucket b;
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	for (int i = 0; i < 100000; i++) {
		rng_fill(&r, &b, sizeof(b));
		for (int k = 0; k < HTAB_WAYS; k++)
			b.tag[k] = (uint16_t)(b.tag[k] % 3 * 0x7f81);
		for (uint16_t t = 0; t < 3; t++) {
			uint16_t tag = (uint16_t)(t * 0x7f81);

			assert_int_equal(htab_match(&b, tag), htab_match_scalar(&b, tag));
		}
	}
}

static void the_limit_holds(void **state)
{
	struct htab h;
	struct mem m;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(htab_init(&h, 100, &m, hash_of, &key), 0);
	for (uint32_t v = 0; v < 100; v++)
		assert_int_equal(htab_insert(&h, hash_of(&key, v), v), 0);
	assert_int_equal(htab_insert(&h, hash_of(&key, 100), 100), -ENOSPC);
	assert_int_equal(htab_remove(&h, hash_of(&key, 50), 50), 0);
	assert_int_equal(htab_insert(&h, hash_of(&key, 100), 100), 0);
	htab_fini(&h);
	assert_int_equal(m.bytes, 0);
}

/* No insert may touch more than one chain, and the load stays within its bounds. */
static void growth_is_spread_over_inserts(void **state)
{
	const uint32_t n = 300000;
	struct htab h;
	struct mem m;
	uint32_t most = 0, w;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(htab_init(&h, n, &m, hash_of, &key), 0);
	for (uint32_t v = 0; v < n; v++) {
		uint64_t hash = hash_of(&key, v);

		hash_calls = 0;
		assert_int_equal(htab_insert(&h, hash, v), 0);
		most = NSK_MAX(most, hash_calls);
		/* A round of w buckets begins at HTAB_LOAD w entries and is over w later. */
		w = UINT32_C(1) << (31 - __builtin_clz(h.n_buckets));
		assert_true(h.count <= w * (h.n_buckets == w ? HTAB_LOAD : HTAB_LOAD + 1) + 1);
		assert_true(h.n_buckets == HTAB_FIRST || h.count >= h.n_buckets * HTAB_LOAD / 2);
	}
	assert_true(most <= 40);
	for (uint32_t v = 0; v < n; v++)
		assert_int_equal(occurrences(&h, hash_of(&key, v), v), 1);
	check_structure(&h);
	/* Memory: buckets, at most twice as many as in use, and the overflow of a few. */
	assert_true(m.bytes <= (size_t)n * 64);
	htab_fini(&h);
	assert_int_equal(m.bytes, 0);
}

static void long_chains_are_kept_whole(void **state)
{
	enum {
		N = 600
	};
	struct htab h;
	struct mem m;
	struct rng r;

	(void)state;
	mem_init(&m, NULL);
	rng_seed(&r, 2);
	assert_int_equal(htab_init(&h, N, &m, hash_badly, NULL), 0);
	for (uint32_t v = 0; v < N; v++)
		assert_int_equal(htab_insert(&h, hash_badly(NULL, v), v), 0);
	for (uint32_t v = 0; v < N; v++)
		assert_int_equal(occurrences(&h, hash_badly(NULL, v), v), 1);
	for (uint32_t i = 0; i < N; i++) {
		/* In an order that leaves gaps everywhere. */
		uint32_t v = i * 77 % N;

		assert_int_equal(htab_remove(&h, hash_badly(NULL, v), v), 0);
		assert_int_equal(occurrences(&h, hash_badly(NULL, v), v), 0);
		check_structure(&h);
	}
	assert_int_equal(h.count, 0);
	assert_int_equal(h.overflow.in_use, 0);
	htab_fini(&h);
	assert_int_equal(m.bytes, 0);
}

static void mark(void *arg, uint32_t value)
{
	((uint8_t *)arg)[value]++;
}

static void random_use(uint64_t seed, htab_hash_fn hash, uint32_t n, int steps)
{
	uint8_t *there = calloc(n, 1), *seen = calloc(n, 1);
	struct htab h;
	struct mem m;
	struct rng r;
	uint32_t count = 0;

	assert_non_null(there);
	assert_non_null(seen);
	mem_init(&m, NULL);
	rng_seed(&r, seed);
	assert_int_equal(htab_init(&h, n, &m, hash, &key), 0);
	for (int i = 0; i < steps; i++) {
		uint32_t v = rng_below(&r, n);
		uint64_t x = hash(&key, v);
		/* Waves: mostly inserts, then mostly removals. */
		bool add = rng_chance(&r, i / (steps / 8) % 2 == 0 ? 800000 : 250000);

		assert_int_equal(occurrences(&h, x, v), there[v]);
		if (add && !there[v]) {
			assert_int_equal(htab_insert(&h, x, v), 0);
			count++;
		} else if (!add) {
			assert_int_equal(htab_remove(&h, x, v), there[v] ? 0 : -ENOENT);
			count -= there[v];
		}
		there[v] = add;
		assert_int_equal(h.count, count);
		if (i % (steps / 20) == 0)
			check_structure(&h);
	}
	check_structure(&h);
	htab_walk(&h, mark, seen);
	assert_memory_equal(seen, there, n);
	htab_fini(&h);
	assert_int_equal(m.bytes, 0);
	free(there);
	free(seen);
}

static void agrees_with_an_array(void **state)
{
	(void)state;
	random_use(1, hash_of, 30, 200000);
	random_use(2, hash_of, 1000, 500000);
	random_use(3, hash_of, 100000, 1000000);
	random_use(4, hash_badly, 200, 20000);
}

/* Any allocation may fail at any time: an insert may be refused, but what is in stays in. */
static void survives_each_failing_allocation(void **state)
{
	bool fired = true;

	(void)state;
	for (uint64_t at = 1; fired; at++) {
		uint8_t there[2000] = {0};
		struct htab h;
		struct mem m;
		int rc;

		mem_init(&m, NULL);
		m.fail_at = at;
		rc = htab_init(&h, 2000, &m, hash_of, &key);
		if (rc != 0) {
			assert_int_equal(rc, -ENOMEM);
			htab_fini(&h);
			assert_int_equal(m.bytes, 0);
			continue;
		}
		for (uint32_t v = 0; v < 2000; v++) {
			rc = htab_insert(&h, hash_of(&key, v), v);
			there[v] = rc == 0;
			assert_true(rc == 0 || (rc == -ENOMEM && m.failed == 1));
		}
		for (uint32_t v = 0; v < 2000; v++)
			assert_int_equal(occurrences(&h, hash_of(&key, v), v), there[v]);
		check_structure(&h);
		fired = m.fail_at == 0;
		htab_fini(&h);
		assert_int_equal(m.bytes, 0);
		assert_true(at < 1000);
	}
}

/* Without memory for segments, the table goes on with longer chains. */
static void grows_later_when_it_cannot_now(void **state)
{
	struct htab h;
	struct mem m;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(htab_init(&h, 100000, &m, hash_of, &key), 0);
	for (uint32_t v = 0; v < 6000; v++) {
		assert_int_equal(htab_insert(&h, hash_of(&key, v), v), 0);
		if (h.overflow.in_use == 1)
			m.limit = m.bytes; /* a chunk of overflow buckets is there, and no more */
	}
	assert_true(h.n_buckets < 6000 / (HTAB_LOAD + 1));
	m.limit = 131072;
	for (uint32_t v = 6000; v < 6200; v++)
		(void)htab_insert(&h, hash_of(&key, v), v);
	m.limit = SIZE_MAX;
	for (uint32_t v = 6200; v < 20000; v++)
		assert_int_equal(htab_insert(&h, hash_of(&key, v), v), 0);
	for (uint32_t v = 0; v < 6000; v++)
		assert_int_equal(occurrences(&h, hash_of(&key, v), v), 1);
	assert_true(h.n_buckets >= 20000 / (HTAB_LOAD + 1));
	htab_fini(&h);
	assert_int_equal(m.bytes, 0);
}

static bool holds(const struct htab_bucket *b, uint32_t value)
{
	for (uint32_t way = 0; way < HTAB_WAYS; way++)
		if (b->tag[way] && b->value[way] == value)
			return true;
	return false;
}

/* Of n values, those whose look-up reads more buckets than so many. */
static uint32_t lookups_beyond(uint32_t n, uint32_t most)
{
	uint32_t beyond = 0;
	struct mem mem;
	struct htab h;

	mem_init(&mem, NULL);
	assert_int_equal(htab_init(&h, n, &mem, hash_of, &key), 0);
	for (uint32_t value = 0; value < n; value++)
		assert_int_equal(htab_insert(&h, siphash13_1w(&key, value), value), 0);
	for (uint32_t value = 0; value < n; value++) {
		const struct htab_bucket *b = htab_bucket_of(&h, siphash13_1w(&key, value));
		uint32_t read = 1;

		for (; !holds(b, value); b = b->more)
			read++;
		beyond += read > most;
	}
	htab_fini(&h);
	return beyond;
}

/*
 * One bucket is enough for 985 of 1,000, two for all but one of 100,000, whatever their number.
 * Longest are they just after a round of growth has begun, at HTAB_LOAD and a little more.
 */
static void lookups_are_as_short_with_a_million_as_with_one(void **state)
{
	static const uint32_t number[] = {1,	 8,	10,    34,     100,    550,    1000,
					  10000, 18000, 75000, 100000, 524288, 560000, 1000000};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(number); i++) {
		uint32_t n = number[i];

		assert_in_range(lookups_beyond(n, 1), 0, n < 1000 ? n / 15 : n / 1000 * 15);
		assert_in_range(lookups_beyond(n, 2), 0, n / 100000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_small),
		cmocka_unit_test(finds_replaces_and_removes),
		cmocka_unit_test(matches_alike_on_any_processor),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(growth_is_spread_over_inserts),
		cmocka_unit_test(long_chains_are_kept_whole),
		cmocka_unit_test(agrees_with_an_array),
		cmocka_unit_test(survives_each_failing_allocation),
		cmocka_unit_test(grows_later_when_it_cannot_now),
		cmocka_unit_test(lookups_are_as_short_with_a_million_as_with_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
