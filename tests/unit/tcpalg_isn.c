/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/isn.c: a clock and a secret. */
#include "tcpalg/isn.h"
#include "tcpalg/seq.h"
#include "tcpalg_test.h"

static const struct siphash_key key = {0x0123456789abcdef, 0xfedcba9876543210};

static void rfc9293_3_4_1_clock_of_four_microseconds(void **state)
{
	uint32_t a, b;

	(void)state;
	a = isn_make(&key, "tuple", 5, 1000000000);
	b = isn_make(&key, "tuple", 5, 1000000000 + 3999);
	assert_int_equal(a, b);
	b = isn_make(&key, "tuple", 5, 1000000000 + 4000);
	assert_int_equal(seq_diff(b, a), 1);
	/* Once around in 2^32 * 4 us, more than the MSL. */
	b = isn_make(&key, "tuple", 5, 1000000000 + (4000ull << 32));
	assert_int_equal(a, b);
	/* Across the wrap it still ascends. */
	for (uint64_t t = 0; t < 4000ull << 32; t += 4000ull << 28) {
		a = isn_make(&key, "tuple", 5, t);
		b = isn_make(&key, "tuple", 5, t + (4000ull << 28));
		assert_true(seq_gt(b, a));
	}
}

static void rfc6528_3_tuple_and_key_decide(void **state)
{
	const struct siphash_key other = {key.k0, key.k1 ^ 1};
	uint32_t tuple[3] = {0x0a000001, 0x0a000002, 80}, a, near = 0;

	(void)state;
	a = isn_make(&key, tuple, sizeof(tuple), 0);
	assert_int_not_equal(a, isn_make(&other, tuple, sizeof(tuple), 0));
	/* Neighbouring ports: ISNs far apart. Of 20,000 some 10 fall within 2^20 of another. */
	for (uint32_t port = 0; port < 20000; port++) {
		uint32_t d;

		tuple[2] = port << 16 | 80;
		d = isn_make(&key, tuple, sizeof(tuple), 0) - a;
		near += d + (1u << 20) < 2u << 20;
	}
	assert_in_range(near, 1, 40);
}

static void twelve_octets_are_the_same_as_words(void **state)
{
	const uint64_t addrs = 0x0a0000010a000002;
	const uint32_t ports = 0x50001234;
	uint8_t tuple[12];

	(void)state;
	memcpy(tuple, &addrs, 8);
	memcpy(tuple + 8, &ports, 4);
	assert_int_equal(isn_make_12(&key, addrs, ports, 123456789),
			 isn_make(&key, tuple, sizeof(tuple), 123456789));
}

static void rfc7323_5_4_offset_of_a_pair_is_its_own(void **state)
{
	const struct siphash_key other = {key.k0 ^ 1, key.k1};
	uint32_t pair[2] = {0x0a000001, 0x0a000002}, back[2] = {pair[1], pair[0]};
	uint32_t a = isn_ts_offset(&key, pair, sizeof(pair));

	(void)state;
	assert_int_equal(a, isn_ts_offset(&key, pair, sizeof(pair)));
	assert_int_not_equal(a, isn_ts_offset(&key, back, sizeof(back)));
	assert_int_not_equal(a, isn_ts_offset(&other, pair, sizeof(pair)));
	/* Not what the ISN of the same octets shows. */
	assert_int_not_equal(a, isn_make(&key, pair, sizeof(pair), 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc9293_3_4_1_clock_of_four_microseconds),
		cmocka_unit_test(rfc6528_3_tuple_and_key_decide),
		cmocka_unit_test(twelve_octets_are_the_same_as_words),
		cmocka_unit_test(rfc7323_5_4_offset_of_a_pair_is_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
