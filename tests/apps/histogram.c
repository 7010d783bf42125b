/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/histogram.h"

static struct histogram *empty(void)
{
	struct histogram *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	return h;
}

static void buckets_are_in_order_and_without_gaps(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (uint64_t ns = 0; ns < 100000; ns++) {
		uint32_t i = histogram_index(ns);

		assert_true(i == last || i == last + 1);
		last = i;
	}
	for (uint64_t ns = 100000; ns < UINT64_C(1) << 40; ns += ns / 300) {
		uint32_t i = histogram_index(ns);

		assert_true(i >= last && i - last <= 1);
		assert_true(i < HISTOGRAM_BUCKETS);
		last = i;
	}
	assert_int_equal(last, HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void every_value_is_read_back_within_one_percent(void **state)
{
	(void)state;
	for (uint64_t ns = 1; ns < UINT64_C(100000000000); ns += ns / 50 + 1) {
		struct histogram *h = empty();
		uint64_t got;

		/* Three of them, the outer ones far off, so that neither least nor greatest helps.
		 */
		histogram_record(h, 0);
		histogram_record(h, ns);
		histogram_record(h, UINT64_C(130000000000));
		got = histogram_quantile(h, 0.5);
		assert_true(got >= ns ? (got - ns) * 200 <= ns : (ns - got) * 200 <= ns);
		free(h);
	}
}

static void small_values_are_exact(void **state)
{
	struct histogram *h = empty();

	(void)state;
	for (uint64_t ns = 1; ns <= 200; ns++)
		histogram_record(h, ns);
	assert_int_equal(histogram_quantile(h, 0.5), 100);
	assert_int_equal(histogram_quantile(h, 0.99), 198);
	assert_int_equal(histogram_quantile(h, 0.001), 1);
	assert_int_equal(histogram_quantile(h, 1), 200);
	assert_int_equal(h->min_ns, 1);
	assert_int_equal(h->max_ns, 200);
	assert_true(histogram_mean(h) == 100.5);
	free(h);
}

static void an_empty_one_is_all_zero(void **state)
{
	struct histogram *h = empty();

	(void)state;
	assert_int_equal(histogram_quantile(h, 0.5), 0);
	assert_true(histogram_mean(h) == 0);
	free(h);
}

static void the_greatest_is_exact_even_beyond_the_buckets(void **state)
{
	struct histogram *h = empty();

	(void)state;
	histogram_record(h, 5);
	histogram_record(h, UINT64_C(1) << 50);
	assert_int_equal(histogram_quantile(h, 1), UINT64_C(1) << 50);
	assert_int_equal(h->max_ns, UINT64_C(1) << 50);
	free(h);
}

static void quantiles_of_a_known_distribution(void **state)
{
	struct histogram *h = empty();

	(void)state;
	/* 990 of 10 us, 9 of 1 ms, 1 of 1 s */
	for (unsigned i = 0; i < 990; i++)
		histogram_record(h, 10000);
	for (unsigned i = 0; i < 9; i++)
		histogram_record(h, 1000000);
	histogram_record(h, 1000000000);
	assert_in_range(histogram_quantile(h, 0.5), 9950, 10050);
	assert_in_range(histogram_quantile(h, 0.99), 9950, 10050);
	assert_in_range(histogram_quantile(h, 0.991), 995000, 1005000);
	assert_in_range(histogram_quantile(h, 0.999), 995000, 1005000);
	assert_int_equal(histogram_quantile(h, 0.9991), 1000000000);
	free(h);
}

static void adds_and_takes_differences(void **state)
{
	struct histogram *a = empty(), *b = empty(), *sum = empty(), *diff = empty();

	(void)state;
	for (uint64_t i = 1; i <= 100; i++)
		histogram_record(a, i * 1000);
	for (uint64_t i = 101; i <= 300; i++)
		histogram_record(b, i * 1000);
	histogram_copy(sum, a);
	assert_memory_equal(sum, a, sizeof(*a));
	histogram_add(sum, b);
	assert_int_equal(sum->count, 300);
	assert_int_equal(sum->min_ns, 1000);
	assert_int_equal(sum->max_ns, 300000);
	assert_int_equal(sum->sum_ns, a->sum_ns + b->sum_ns);
	histogram_between(diff, a, sum);
	assert_int_equal(diff->count, 200);
	assert_int_equal(diff->sum_ns, b->sum_ns);
	assert_in_range(diff->min_ns, 100000, 101000);
	assert_int_equal(diff->max_ns, 300000);
	assert_memory_equal(diff->bucket, b->bucket, sizeof(b->bucket));
	/* Adding nothing changes nothing. */
	memset(diff, 0, sizeof(*diff));
	histogram_add(sum, diff);
	assert_int_equal(sum->min_ns, 1000);
	free(a);
	free(b);
	free(sum);
	free(diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_in_order_and_without_gaps),
		cmocka_unit_test(every_value_is_read_back_within_one_percent),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(an_empty_one_is_all_zero),
		cmocka_unit_test(the_greatest_is_exact_even_beyond_the_buckets),
		cmocka_unit_test(quantiles_of_a_known_distribution),
		cmocka_unit_test(adds_and_takes_differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
