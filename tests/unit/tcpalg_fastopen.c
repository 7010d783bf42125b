/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/fastopen.c: cookies of TCP Fast Open, and for how long they are good. */
#include <string.h>

#include "tcpalg/fastopen.h"
#include "tcpalg_test.h"

/* 192.0.2.1 to 192.168.0.1. */
static const uint8_t pair[8] = {192, 0, 2, 1, 192, 168, 0, 1};

/* As Linux is told by a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4. */
static const struct siphash_key told = {0xb2b2b2b2a1a1a1a1, 0xd4d4d4d4c3c3c3c3};

/* What Linux gives for these: servers that share a key take each other's cookies. */
static void cookie_is_that_of_linux(void **state)
{
	static const uint8_t linuxs[] = {0x30, 0x21, 0xb9, 0xd8, 0x89, 0x01, 0x7e, 0xeb};
	uint8_t cookie[FASTOPEN_COOKIE_LEN];

	(void)state;
	fastopen_make(&told, pair, sizeof(pair), cookie);
	assert_memory_equal(cookie, linuxs, sizeof(linuxs));
}

static void rfc7413_4_1_2_it_depends_on_every_octet_of_both_addresses(void **state)
{
	const struct fastopen_keys keys = {.key = {told}, .count = 1};
	uint8_t cookie[FASTOPEN_COOKIE_LEN], other[32];

	(void)state;
	for (size_t len = 8; len <= sizeof(other); len += 24) {
		memset(other, 7, sizeof(other));
		fastopen_make(&told, other, len, cookie);
		assert_int_equal(fastopen_check(&keys, other, len, cookie, sizeof(cookie)),
				 FASTOPEN_GOOD);
		for (size_t i = 0; i < len; i++) {
			other[i] ^= 1;
			assert_int_equal(fastopen_check(&keys, other, len, cookie, sizeof(cookie)),
					 FASTOPEN_BAD);
			other[i] ^= 1;
		}
	}
}

static void cookie_of_another_length_or_with_a_bit_changed_is_bad(void **state)
{
	const struct fastopen_keys keys = {.key = {told}, .count = 1};
	uint8_t cookie[2 * FASTOPEN_COOKIE_LEN] = {0};

	(void)state;
	fastopen_make(&told, pair, sizeof(pair), cookie);
	for (size_t n = 0; n <= sizeof(cookie); n++)
		assert_int_equal(fastopen_check(&keys, pair, sizeof(pair), cookie, n),
				 n == FASTOPEN_COOKIE_LEN ? FASTOPEN_GOOD : FASTOPEN_BAD);
	for (unsigned bit = 0; bit < 8 * FASTOPEN_COOKIE_LEN; bit++) {
		cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(fastopen_check(&keys, pair, sizeof(pair), cookie,
						FASTOPEN_COOKIE_LEN),
				 FASTOPEN_BAD);
		cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void rfc7413_4_1_2_the_key_before_is_good_but_old(void **state)
{
	const struct fastopen_keys rotated = {.key = {{1, 2}, told}, .count = 2};
	const struct fastopen_keys single = {.key = {{1, 2}, told}, .count = 1};
	const struct fastopen_keys none = {.key = {told, told}};
	uint8_t cookie[FASTOPEN_COOKIE_LEN];

	(void)state;
	fastopen_make(&told, pair, sizeof(pair), cookie);
	assert_int_equal(fastopen_check(&rotated, pair, sizeof(pair), cookie, sizeof(cookie)),
			 FASTOPEN_OLD);
	assert_int_equal(fastopen_check(&single, pair, sizeof(pair), cookie, sizeof(cookie)),
			 FASTOPEN_BAD);
	assert_int_equal(fastopen_check(&none, pair, sizeof(pair), cookie, sizeof(cookie)),
			 FASTOPEN_BAD);
}

/* Good in its epoch, old in the next, bad from then on; workers with the same secret agree. */
static void rfc7413_4_1_2_cookies_expire_with_the_epochs(void **state)
{
	static const enum fastopen_verdict want[] = {FASTOPEN_GOOD, FASTOPEN_OLD, FASTOPEN_BAD,
						     FASTOPEN_BAD};
	struct fastopen_jar jar = {0}, another = {0};
	uint8_t cookie[FASTOPEN_COOKIE_LEN];

	(void)state;
	fastopen_make(&fastopen_turn(&jar, &told, 5)->key[0], pair, sizeof(pair), cookie);
	for (uint64_t i = 0; i < 4; i++) {
		const struct fastopen_keys *keys = fastopen_turn(&another, &told, 5 + i);

		assert_int_equal(keys->count, 2);
		assert_int_equal(fastopen_check(keys, pair, sizeof(pair), cookie, sizeof(cookie)),
				 want[i]);
	}
	assert_int_equal(fastopen_check(fastopen_turn(&another, &told, 5), pair, sizeof(pair),
					cookie, sizeof(cookie)),
			 FASTOPEN_GOOD);
	assert_int_equal(fastopen_check(fastopen_turn(&jar, &told, 0), pair, sizeof(pair), cookie,
					sizeof(cookie)),
			 FASTOPEN_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookie_is_that_of_linux),
		cmocka_unit_test(rfc7413_4_1_2_it_depends_on_every_octet_of_both_addresses),
		cmocka_unit_test(cookie_of_another_length_or_with_a_bit_changed_is_bad),
		cmocka_unit_test(rfc7413_4_1_2_the_key_before_is_good_but_old),
		cmocka_unit_test(rfc7413_4_1_2_cookies_expire_with_the_epochs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
