/* SPDX-License-Identifier: BSD-3-Clause */
/* Which packet size is tried next, RFC 4821 section 7.3. */
#include "tcpalg/mtusearch.h"

#include "tcpalg_test.h"

/* Searches a path that takes `real`; the result, after how many probes. */
static uint16_t search(uint16_t low, uint16_t high, uint16_t real, unsigned *probes)
{
	struct mtu_search s;
	uint16_t size;

	mtu_search_begin(&s, low, high);
	for (*probes = 0; (size = mtu_search_next(&s)) != 0; (*probes)++) {
		assert_true(size > s.low && size <= s.high);
		if (size <= real)
			mtu_search_passed(&s, size);
		else
			mtu_search_lost(&s, size);
	}
	return s.low;
}

static void test_the_largest_is_tried_first(void **state)
{
	unsigned probes;

	(void)state;
	assert_int_equal(search(1064, 1500, 1500, &probes), 1500);
	assert_int_equal(probes, 1);
	assert_int_equal(search(1500, 1500, 1500, &probes), 1500);
	assert_int_equal(probes, 0);
	assert_int_equal(search(1500, 1400, 1500, &probes), 1500);
	assert_int_equal(probes, 0);
}

static void test_then_halves_until_close_rfc4821_7_3(void **state)
{
	(void)state;
	for (uint16_t real = 552; real <= 9000; real++) {
		unsigned probes;
		uint16_t found = search(552, 9000, real, &probes);

		assert_in_range(found, real - MTU_SEARCH_END + 1, real);
		assert_true(probes <= 13);
	}
}

static void test_what_a_router_says_is_next_rfc1191_4(void **state)
{
	struct mtu_search s;

	(void)state;
	mtu_search_begin(&s, 1064, 1500);
	mtu_search_told(&s, 1300);
	assert_int_equal(mtu_search_next(&s), 1300);
	mtu_search_told(&s, 1400); /* more than it may be: old news */
	assert_int_equal(mtu_search_next(&s), 1300);
	mtu_search_lost(&s, 1300);
	assert_int_equal(mtu_search_next(&s), 1064 + (1299 - 1064 + 1) / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_largest_is_tried_first),
		cmocka_unit_test(test_then_halves_until_close_rfc4821_7_3),
		cmocka_unit_test(test_what_a_router_says_is_next_rfc1191_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
