/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/bytes.h: unaligned loads and stores in network byte order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/bytes.h"

static void test_load_takes_the_first_byte_as_most_significant(void **state)
{
	static const uint8_t b[] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	assert_int_equal(load_be16(b + 1), 0x0102);
	assert_int_equal(load_be32(b + 1), 0x01020304);
	assert_true(load_be64(b + 1) == UINT64_C(0x0102030405060708));
}

static void test_store_writes_exactly_its_bytes_at_any_alignment(void **state)
{
	(void)state;
	for (size_t off = 1; off < 9; off++) {
		uint8_t b[24] = {0};
		uint8_t want[24] = {0};

		store_be16(b + off, 0xa1a2);
		memcpy(want + off, "\xa1\xa2", 2);
		assert_memory_equal(b, want, sizeof(b));
		store_be32(b + off, 0xb1b2b3b4);
		memcpy(want + off, "\xb1\xb2\xb3\xb4", 4);
		assert_memory_equal(b, want, sizeof(b));
		store_be64(b + off, UINT64_C(0xc1c2c3c4c5c6c7c8));
		memcpy(want + off, "\xc1\xc2\xc3\xc4\xc5\xc6\xc7\xc8", 8);
		assert_memory_equal(b, want, sizeof(b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_takes_the_first_byte_as_most_significant),
		cmocka_unit_test(test_store_writes_exactly_its_bytes_at_any_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
