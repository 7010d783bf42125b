/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/udp.h: UDP headers and checksums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/udp.h"
#include "wire_exact.h"
#include "wire_packets.h"

#define ODD_LEN	 11 /* of the datagrams in linux_udp4 and linux_udp6 */
#define EVEN_LEN 14 /* of the datagram in linux_udp4_even */

static const uint8_t *const odd = linux_udp4 + ETH_HLEN + IPV4_HLEN;
static const uint8_t *const even = linux_udp4_even + ETH_HLEN + IPV4_HLEN;
static const uint8_t *const six = linux_udp6 + ETH_HLEN + IPV6_HLEN;

static uint32_t pseudo4(uint16_t len)
{
	return csum_pseudo4(linux_udp4 + ETH_HLEN + 12, linux_udp4 + ETH_HLEN + 16, 17, len);
}

static uint32_t pseudo6(uint32_t len)
{
	return csum_pseudo6(linux_udp6 + ETH_HLEN + 8, linux_udp6 + ETH_HLEN + 24, 17, len);
}

static void test_datagram_of_linux_is_decoded(void **state)
{
	struct udp_view v = {0};

	(void)state;
	assert_int_equal(udp_parse(exact_copy(odd, ODD_LEN), ODD_LEN, ODD_LEN, &v), 0);
	assert_int_equal(v.sport, 41892);
	assert_int_equal(v.dport, 7);
	assert_int_equal(v.len, ODD_LEN);
	assert_true(v.has_checksum);
}

static void test_checksums_of_linux_are_right(void **state)
{
	(void)state;
	assert_true(udp_checksum_ok(exact_copy(odd, ODD_LEN), ODD_LEN, pseudo4(ODD_LEN), true));
	assert_true(udp_checksum_ok(exact_copy(even, EVEN_LEN), EVEN_LEN, pseudo4(EVEN_LEN), true));
	assert_true(udp_checksum_ok(exact_copy(six, ODD_LEN), ODD_LEN, pseudo6(ODD_LEN), false));
}

static void test_datagrams_are_written_as_linux_writes_them(void **state)
{
	uint8_t p[EVEN_LEN];

	(void)state;
	memcpy(p, odd, ODD_LEN);
	memset(p, 0xee, UDP_HLEN);
	udp_write(p, 41892, 7, ODD_LEN);
	assert_int_equal(load_be16(p + 6), 0);
	udp_set_checksum(p, ODD_LEN, pseudo4(ODD_LEN));
	assert_memory_equal(p, odd, ODD_LEN);

	memcpy(p, six, ODD_LEN);
	udp_write(p, 55384, 7, ODD_LEN);
	udp_set_checksum(p, ODD_LEN, pseudo6(ODD_LEN));
	assert_memory_equal(p, six, ODD_LEN);
}

static void test_every_truncation_is_refused(void **state)
{
	struct udp_view v = {0};

	(void)state;
	for (size_t len = 0; len < ODD_LEN; len++)
		assert_int_equal(udp_parse(exact_copy(odd, len), len, len, &v),
				 len < UDP_HLEN ? NSK_DROP_UDP_SHORT : NSK_DROP_UDP_LENGTH);
	/* A chain: the header can be read, the payload is longer or shorter than that. */
	assert_int_equal(udp_parse(exact_copy(odd, 8), 8, ODD_LEN, &v), 0);
	assert_int_equal(udp_parse(exact_copy(odd, 8), 8, 7, &v), NSK_DROP_UDP_SHORT);
}

static void test_rfc768_length_is_8_or_more_and_within_the_ip_payload(void **state)
{
	uint8_t p[ODD_LEN];
	struct udp_view v = {0};

	(void)state;
	memcpy(p, odd, sizeof(p));
	for (unsigned len = 0; len <= 0xffff; len++) {
		enum nsk_drop got;

		store_be16(p + 4, (uint16_t)len);
		got = udp_parse(p, ODD_LEN, ODD_LEN, &v);
		assert_int_equal(got,
				 len < 8 || len > ODD_LEN ? NSK_DROP_UDP_LENGTH : NSK_DROP_NONE);
		if (!got)
			assert_int_equal(v.len, len);
	}
}

static void test_rfc768_any_flipped_bit_fails_the_checksum(void **state)
{
	(void)state;
	for (size_t i = 0; i < ODD_LEN; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t p[ODD_LEN];

			memcpy(p, odd, ODD_LEN);
			p[i] ^= (uint8_t)(1u << bit);
			assert_false(udp_checksum_ok(p, ODD_LEN, pseudo4(ODD_LEN), true));
		}
	}
}

static void test_rfc768_pseudo_header_catches_misdelivery(void **state)
{
	uint8_t addr[8];

	(void)state;
	for (size_t i = 0; i < sizeof(addr); i++) {
		memcpy(addr, linux_udp4 + ETH_HLEN + 12, sizeof(addr));
		addr[i] ^= 4;
		assert_false(udp_checksum_ok(odd, ODD_LEN,
					     csum_pseudo4(addr, addr + 4, 17, ODD_LEN), true));
	}
	memcpy(addr, linux_udp4 + ETH_HLEN + 12, sizeof(addr));
	assert_false(udp_checksum_ok(odd, ODD_LEN, csum_pseudo4(addr, addr + 4, 6, ODD_LEN), true));
	assert_false(udp_checksum_ok(odd, ODD_LEN, csum_pseudo4(addr, addr + 4, 17, 12), true));
}

static void test_rfc768_no_checksum_is_legal_in_ipv4_only(void **state)
{
	uint8_t p[ODD_LEN];
	struct udp_view v = {0};

	(void)state;
	memcpy(p, odd, ODD_LEN);
	store_be16(p + 6, 0);
	assert_int_equal(udp_parse(p, ODD_LEN, ODD_LEN, &v), 0);
	assert_false(v.has_checksum);
	assert_true(udp_checksum_ok(p, ODD_LEN, pseudo4(ODD_LEN), true));
	/* RFC 8200 §8.1 */
	assert_false(udp_checksum_ok(p, ODD_LEN, pseudo6(ODD_LEN), false));
}

static void test_rfc768_computed_zero_is_sent_as_all_ones(void **state)
{
	uint8_t p[10] = {0};
	uint32_t pseudo = pseudo4(sizeof(p));
	uint16_t sum;

	(void)state;
	/* Let the data be what makes the sum all ones. */
	udp_write(p, 41892, 7, sizeof(p));
	sum = wire_checksum(p, sizeof(p), pseudo);
	memcpy(p + 8, &sum, sizeof(sum));
	assert_int_equal(wire_checksum(p, sizeof(p), pseudo), 0);
	udp_set_checksum(p, sizeof(p), pseudo);
	assert_int_equal(load_be16(p + 6), 0xffff);
	assert_true(udp_checksum_ok(p, sizeof(p), pseudo, false));
}

static void test_what_is_written_is_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 8);
	for (int i = 0; i < 10000; i++) {
		uint8_t p[128];
		uint16_t len = (uint16_t)rng_range(&r, UDP_HLEN, sizeof(p));
		uint16_t sport = (uint16_t)rng_u32(&r), dport = (uint16_t)rng_u32(&r);
		uint32_t pseudo = rng_u32(&r);
		struct udp_view v = {0};
		uint8_t *copy;

		rng_fill(&r, p, sizeof(p));
		udp_write(p, sport, dport, len);
		udp_set_checksum(p, len, pseudo);
		copy = exact_copy(p, len);
		assert_int_equal(udp_parse(copy, len, len, &v), 0);
		assert_int_equal(v.sport, sport);
		assert_int_equal(v.dport, dport);
		assert_int_equal(v.len, len);
		assert_true(v.has_checksum);
		assert_true(udp_checksum_ok(copy, len, pseudo, false));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram_of_linux_is_decoded),
		cmocka_unit_test(test_checksums_of_linux_are_right),
		cmocka_unit_test(test_datagrams_are_written_as_linux_writes_them),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_rfc768_length_is_8_or_more_and_within_the_ip_payload),
		cmocka_unit_test(test_rfc768_any_flipped_bit_fails_the_checksum),
		cmocka_unit_test(test_rfc768_pseudo_header_catches_misdelivery),
		cmocka_unit_test(test_rfc768_no_checksum_is_legal_in_ipv4_only),
		cmocka_unit_test(test_rfc768_computed_zero_is_sent_as_all_ones),
		cmocka_unit_test(test_what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
