/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/checksum.c: the fast sums against one that follows RFC 1071's definition byte by byte.
 */
#include "base/checksum.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

/* RFC 1071 §1: sum of big-endian words, end-around carry, complement; as a number of the host. */
static uint16_t naive(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void rfc1071_example(void **state)
{
	const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(ntohs(csum_fold(csum_partial(data, sizeof(data), 0))), 0xddf2);
	assert_int_equal(ntohs(csum_block(data, sizeof(data))), 0x220d);
}

static void ipv4_header_example(void **state)
{
	uint8_t h[20] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
			 0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
	uint16_t c = csum_block(h, sizeof(h));

	(void)state;
	assert_int_equal(ntohs(c), 0xb861);
	assert_int_equal(csum_words(h, 5), csum_partial(h, 20, 0));
	memcpy(h + 10, &c, 2);
	assert_int_equal(csum_block(h, sizeof(h)), 0);
	assert_int_equal(csum_finish(csum_words(h, 5)), 0);
}

static void every_length_and_alignment(void **state)
{
	uint8_t buf[700];
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	for (int round = 0; round < 3; round++) {
		rng_fill(&r, buf, sizeof(buf));
		if (round == 1)
			memset(buf, 0xff, sizeof(buf));
		if (round == 2)
			memset(buf, 0, sizeof(buf));
		for (size_t at = 0; at < 16; at++) {
			for (size_t len = 0; len + at <= 600; len++)
				assert_int_equal(ntohs(csum_block(buf + at, len)),
						 naive(buf + at, len));
		}
	}
}

/* Both sides of what is summed up in line: intact, and with any one bit wrong. */
static void a_check_passes_what_adds_up_and_nothing_else(void **state)
{
	uint8_t buf[2 * CSUM_SHORT_MAX + 8];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5);
	for (size_t len = 2; len <= 2 * CSUM_SHORT_MAX; len++) {
		size_t at = len % 8, bit = rng_below(&rng, (uint32_t)(len * 8));
		uint8_t *p = buf + at;
		uint16_t sum;

		if (len % 3 == 0)
			memset(buf, 0xff, sizeof(buf));
		else
			rng_fill(&rng, buf, sizeof(buf));
		memset(p, 0, 2);
		sum = csum_finish(csum_partial(p, len, UINT32_MAX - 7));
		memcpy(p, &sum, 2);
		assert_true(csum_check(p, len, UINT32_MAX - 7));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(csum_check(p, len, UINT32_MAX - 7));
	}
}

/* In a block of exactly the size, so that a read or write past the end is caught. */

static void copy_copies_and_sums(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 2);
	for (size_t len = 0; len < 400; len++) {
		uint8_t *src = malloc(len + 1), *dst = malloc(len + 1);

		assert_non_null(src);
		assert_non_null(dst);
		rng_fill(&r, src, len);
		dst[len] = 0x5a;
		assert_int_equal(csum_copy(dst, src, len, 77), csum_partial(src, len, 77));
		assert_memory_equal(dst, src, len);
		assert_int_equal(dst[len], 0x5a);
		free(src);
		free(dst);
	}
}

static void large_blocks_do_not_overflow(void **state)
{
	size_t len = 1 << 22;
	uint8_t *p = malloc(len);

	(void)state;
	assert_non_null(p);
	memset(p, 0xff, len);
	assert_int_equal(csum_fold(csum_partial(p, len, UINT32_MAX)), 0xffff);
	p[1] = 0xfe;
	assert_int_equal(ntohs(csum_fold(csum_partial(p, len, 0))), 0xfffe);
	free(p);
}

/* A sum of which the first fold carries again. */
static void carries_of_the_fold_are_kept(void **state)
{
	uint8_t p[12] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0, 0};

	(void)state;
	assert_int_equal(ntohs(csum_block(p, sizeof(p))), naive(p, sizeof(p)));
	memcpy(p + 8, (uint8_t[]){0, 0, 0, 0x01}, 4);
	assert_int_equal(ntohs(csum_block(p, sizeof(p))), naive(p, sizeof(p)));
}

static void parts_combine_at_any_offset(void **state)
{
	uint8_t buf[256];
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (int i = 0; i < 20000; i++) {
		size_t len = rng_range(&r, 0, sizeof(buf));
		size_t cut = rng_range(&r, 0, (uint32_t)len);
		size_t cut2 = rng_range(&r, (uint32_t)cut, (uint32_t)len);
		uint32_t sum;

		rng_fill(&r, buf, len);
		sum = csum_partial(buf, cut, 0);
		sum = csum_combine(sum, csum_partial(buf + cut, cut2 - cut, 0), cut);
		sum = csum_combine(sum, csum_partial(buf + cut2, len - cut2, 0), cut2);
		assert_int_equal(ntohs(csum_finish(sum)), naive(buf, len));
	}
}

/* An update must equal a fresh sum, except that it may give the other zero only for all-zero data.
 */
static void update_equals_summing_again(void **state)
{
	uint8_t buf[64];
	struct rng r;

	(void)state;
	rng_seed(&r, 4);
	for (int i = 0; i < 100000; i++) {
		uint32_t at = rng_below(&r, 31) * 2;
		uint16_t c, from, to = (uint16_t)rng_u32(&r);
		uint32_t from32, to32 = rng_u32(&r);

		if (i % 4 == 0)
			to = i % 8 == 0 ? 0 : 0xffff;
		rng_fill(&r, buf, sizeof(buf));
		c = csum_block(buf, sizeof(buf));
		memcpy(&from, buf + at, 2);
		memcpy(buf + at, &to, 2);
		c = csum_update16(c, from, to);
		assert_int_equal(c, csum_block(buf, sizeof(buf)));
		memcpy(&from32, buf + at, 4);
		memcpy(buf + at, &to32, 4);
		c = csum_update32(c, from32, to32);
		assert_int_equal(c, csum_block(buf, sizeof(buf)));
	}
}

/* RFC 1624 §4: the case in which RFC 1141's equation gave 0xffff instead of 0. */
static void rfc1624_example(void **state)
{
	(void)state;
	assert_int_equal(csum_update16(htons(0xdd2f), htons(0x5555), htons(0x3285)), htons(0x0000));
}

static void pseudo4_is_the_sum_of_its_fields(void **state)
{
	uint8_t pseudo[12];
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (int i = 0; i < 10000; i++) {
		uint16_t len;

		rng_fill(&r, pseudo, sizeof(pseudo));
		if (i == 0)
			memset(pseudo, 0xff, sizeof(pseudo));
		pseudo[8] = 0;
		len = (uint16_t)(pseudo[10] << 8 | pseudo[11]);
		assert_int_equal(
			ntohs(csum_finish(csum_pseudo4(pseudo, pseudo + 4, pseudo[9], len))),
			naive(pseudo, sizeof(pseudo)));
	}
}

static void pseudo6_is_the_sum_of_its_fields(void **state)
{
	uint8_t pseudo[40];
	struct rng r;

	(void)state;
	rng_seed(&r, 6);
	for (int i = 0; i < 10000; i++) {
		uint32_t len, sum;

		rng_fill(&r, pseudo, sizeof(pseudo));
		if (i == 0)
			memset(pseudo, 0xff, sizeof(pseudo));
		memset(pseudo + 36, 0, 3);
		memcpy(&len, pseudo + 32, 4);
		sum = csum_pseudo6(pseudo, pseudo + 16, pseudo[39], ntohl(len));
		assert_int_equal(ntohs(csum_finish(sum)), naive(pseudo, sizeof(pseudo)));
	}
}

static void udp_never_sends_zero(void **state)
{
	const uint16_t ones = 0xffff;

	(void)state;
	assert_int_equal(csum_finish(csum_partial(&ones, 2, 0)), 0);
	assert_int_equal(csum_finish_udp(csum_partial(&ones, 2, 0)), 0xffff);
	assert_int_equal(csum_finish_udp(0), 0xffff);
	assert_int_equal(csum_finish_udp(csum_word(0x1234)), csum_finish(csum_word(0x1234)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc1071_example),
		cmocka_unit_test(ipv4_header_example),
		cmocka_unit_test(every_length_and_alignment),
		cmocka_unit_test(a_check_passes_what_adds_up_and_nothing_else),
		cmocka_unit_test(copy_copies_and_sums),
		cmocka_unit_test(large_blocks_do_not_overflow),
		cmocka_unit_test(carries_of_the_fold_are_kept),
		cmocka_unit_test(parts_combine_at_any_offset),
		cmocka_unit_test(update_equals_summing_again),
		cmocka_unit_test(rfc1624_example),
		cmocka_unit_test(pseudo4_is_the_sum_of_its_fields),
		cmocka_unit_test(pseudo6_is_the_sum_of_its_fields),
		cmocka_unit_test(udp_never_sends_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
