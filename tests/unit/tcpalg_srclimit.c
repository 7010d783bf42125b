/* SPDX-License-Identifier: BSD-3-Clause */
/* Token buckets of source prefixes. */
#include "tcpalg/srclimit.h"

#include "tcpalg_test.h"

#define MS UINT64_C(1000000)

static struct srclimit limit;
static const struct siphash_key key = {1, 2};

/* Ten a second, five at once, /24 and /64. */
static int up(void **state)
{
	(void)state;
	memset(&limit, 0, sizeof(limit));
	srclimit_init(&limit, &key, 10, 5, 24, 64);
	return 0;
}

static bool from(uint32_t addr, uint64_t now_ns)
{
	const uint8_t a[4] = {(uint8_t)(addr >> 24), (uint8_t)(addr >> 16), (uint8_t)(addr >> 8),
			      (uint8_t)addr};

	return srclimit_allow(&limit, a, 4, now_ns);
}

static unsigned allowed(uint32_t addr, unsigned tries, uint64_t now_ns)
{
	unsigned n = 0;

	while (tries--)
		n += from(addr, now_ns);
	return n;
}

static void test_burst_then_rate(void **state)
{
	(void)state;
	assert_int_equal(allowed(0x0a000001, 100, 1000 * MS), 5);
	assert_int_equal(allowed(0x0a000001, 100, 1099 * MS), 0);
	assert_int_equal(allowed(0x0a000001, 100, 1100 * MS), 1);
	assert_int_equal(allowed(0x0a000001, 100, 1350 * MS), 2);
	assert_int_equal(allowed(0x0a000001, 100, 9000 * MS), 5);
}

static void test_addresses_of_a_prefix_are_one_source(void **state)
{
	static const uint8_t bits[] = {1, 7, 8, 9, 23, 24, 25, 31, 32};

	(void)state;
	assert_int_equal(allowed(0x0a000001, 3, MS) + allowed(0x0a0000ff, 3, MS), 5);
	assert_int_equal(allowed(0x0a000101, 6, MS), 5);
	for (unsigned i = 0; i < sizeof(bits); i++) {
		uint32_t inside = bits[i] < 32 ? 1u << (31 - bits[i]) : 0;

		memset(&limit, 0, sizeof(limit));
		srclimit_init(&limit, &key, 10, 5, bits[i], 64);
		assert_int_equal(allowed(0x55555555, 5, MS), 5);
		assert_false(from(0x55555555 ^ inside, MS));
		assert_true(from(0x55555555 ^ 1u << (32 - bits[i]), MS));
	}
}

static void test_ipv6_has_a_length_of_its_own(void **state)
{
	uint8_t a[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, 1};

	(void)state;
	for (unsigned i = 0; i < 5; i++, a[15]++)
		assert_true(srclimit_allow(&limit, a, 16, MS));
	assert_false(srclimit_allow(&limit, a, 16, MS));
	a[7] = 8;
	assert_true(srclimit_allow(&limit, a, 16, MS));
}

/* Any number of sources: each new one begins full, and the one that floods stays limited. */
static void test_many_sources_limit_nobody_else(void **state)
{
	unsigned flood = 0, others = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++) {
		uint64_t now_ns = 1000 * MS + i * UINT64_C(1000); /* a second in all */

		flood += from(0xc0a80001, now_ns);
		others += from(0x0b000000 + (i << 8), now_ns);
	}
	assert_int_equal(others, 1000000);
	assert_in_range(flood, 14, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_burst_then_rate, up),
		cmocka_unit_test_setup(test_addresses_of_a_prefix_are_one_source, up),
		cmocka_unit_test_setup(test_ipv6_has_a_length_of_its_own, up),
		cmocka_unit_test_setup(test_many_sources_limit_nobody_else, up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
