/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/tcp.h: TCP headers and checksums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"
#include "wire_exact.h"
#include "wire_packets.h"

#define SYN_LEN 40

static const uint8_t *const syn4 = linux_syn4 + ETH_HLEN + IPV4_HLEN;
static const uint8_t *const syn6 = linux_syn6 + ETH_HLEN + IPV6_HLEN;

static uint32_t pseudo4(void)
{
	return csum_pseudo4(linux_syn4 + ETH_HLEN + 12, linux_syn4 + ETH_HLEN + 16, 6, SYN_LEN);
}

static uint32_t pseudo6(void)
{
	return csum_pseudo6(linux_syn6 + ETH_HLEN + 8, linux_syn6 + ETH_HLEN + 24, 6, SYN_LEN);
}

static void test_syn_of_linux_is_decoded(void **state)
{
	struct tcp_view v = {0};

	(void)state;
	assert_int_equal(tcp_parse(exact_copy(syn4, SYN_LEN), SYN_LEN, &v), 0);
	assert_int_equal(v.sport, 42522);
	assert_int_equal(v.dport, 80);
	assert_int_equal(v.seq, 0x036cea27);
	assert_int_equal(v.ack, 0);
	assert_int_equal(v.flags, TCP_SYN);
	assert_int_equal(v.window, 64240);
	assert_int_equal(v.urgent, 0);
	assert_int_equal(v.hdr_len, SYN_LEN);
}

static void test_rfc9293_3_1_checksums_of_linux_are_right(void **state)
{
	(void)state;
	assert_true(tcp_checksum_ok(exact_copy(syn4, SYN_LEN), SYN_LEN, pseudo4()));
	assert_true(tcp_checksum_ok(exact_copy(syn6, SYN_LEN), SYN_LEN, pseudo6()));
}

static void test_syns_are_written_as_linux_writes_them(void **state)
{
	uint8_t p[SYN_LEN];
	struct tcp_view v = {0};

	(void)state;
	memcpy(p, syn4, SYN_LEN);
	assert_int_equal(tcp_parse(p, SYN_LEN, &v), 0);
	memset(p, 0xee, TCP_HLEN);
	tcp_write(p, &v);
	assert_int_equal(load_be16(p + 16), 0);
	tcp_set_checksum(p, SYN_LEN, pseudo4());
	assert_memory_equal(p, syn4, SYN_LEN);

	memcpy(p, syn6, SYN_LEN);
	assert_int_equal(tcp_parse(p, SYN_LEN, &v), 0);
	tcp_write(p, &v);
	tcp_set_checksum(p, SYN_LEN, pseudo6());
	assert_memory_equal(p, syn6, SYN_LEN);
}

static void test_every_truncation_is_refused(void **state)
{
	struct tcp_view v = {0};

	(void)state;
	for (size_t len = 0; len < SYN_LEN; len++)
		assert_int_equal(tcp_parse(exact_copy(syn4, len), len, &v),
				 len < TCP_HLEN ? NSK_DROP_TCP_SHORT : NSK_DROP_TCP_DATA_OFFSET);
}

static void test_rfc9293_3_1_data_offset_is_5_or_more_and_within_the_segment(void **state)
{
	uint8_t p[TCP_HLEN_MAX];
	struct tcp_view v = {0};

	(void)state;
	memset(p, 0, sizeof(p));
	memcpy(p, syn4, SYN_LEN);
	for (size_t len = TCP_HLEN; len <= sizeof(p); len++) {
		for (unsigned offset = 0; offset < 16; offset++) {
			enum nsk_drop got;

			p[12] = (uint8_t)(offset << 4);
			got = tcp_parse(exact_copy(p, len), len, &v);
			assert_int_equal(got, offset < 5 || offset * 4 > len
						      ? NSK_DROP_TCP_DATA_OFFSET
						      : NSK_DROP_NONE);
			if (!got)
				assert_int_equal(v.hdr_len, offset * 4);
		}
	}
}

static void test_rfc9293_3_1_any_flipped_bit_fails_the_checksum(void **state)
{
	(void)state;
	for (size_t i = 0; i < SYN_LEN; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t p[SYN_LEN];

			memcpy(p, syn4, SYN_LEN);
			p[i] ^= (uint8_t)(1u << bit);
			assert_false(tcp_checksum_ok(p, SYN_LEN, pseudo4()));
		}
	}
}

static void test_rfc9293_3_1_pseudo_header_catches_misdelivery(void **state)
{
	const uint8_t *a = linux_syn4 + ETH_HLEN + 12;
	uint8_t other[8];

	(void)state;
	assert_true(tcp_checksum_ok(syn4, SYN_LEN, csum_pseudo4(a, a + 4, 6, SYN_LEN)));
	assert_false(tcp_checksum_ok(syn4, SYN_LEN, csum_pseudo4(a, a + 4, 17, SYN_LEN)));
	assert_false(tcp_checksum_ok(syn4, SYN_LEN, csum_pseudo4(a, a + 4, 6, SYN_LEN + 1)));
	memcpy(other, a, sizeof(other));
	other[7] = 3;
	assert_false(tcp_checksum_ok(syn4, SYN_LEN, csum_pseudo4(other, other + 4, 6, SYN_LEN)));
}

static void test_rfc9293_3_1_every_flag_and_reserved_bit_is_told(void **state)
{
	uint8_t p[TCP_HLEN];
	struct tcp_view v = {0};

	(void)state;
	memcpy(p, syn4, sizeof(p));
	for (unsigned flags = 0; flags < 0x1000; flags++) {
		store_be16(p + 12, (uint16_t)(5u << 12 | flags));
		assert_int_equal(tcp_parse(p, sizeof(p), &v), 0);
		assert_int_equal(v.flags, flags);
		assert_int_equal(v.hdr_len, TCP_HLEN);
	}
}

static void test_flags_too_wide_do_not_reach_the_data_offset(void **state)
{
	struct tcp_view in = {.hdr_len = 20, .flags = 0xffff}, out;
	uint8_t p[TCP_HLEN];

	(void)state;
	tcp_write(p, &in);
	assert_int_equal(tcp_parse(p, sizeof(p), &out), 0);
	assert_int_equal(out.hdr_len, 20);
	assert_int_equal(out.flags, 0xfff);
}

static void test_what_is_written_is_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 9);
	for (int i = 0; i < 10000; i++) {
		uint8_t p[TCP_HLEN_MAX];
		uint32_t pseudo = rng_u32(&r);
		struct tcp_view in, out;
		uint8_t *copy;

		rng_fill(&r, p, sizeof(p));
		rng_fill(&r, &in, sizeof(in));
		in.hdr_len = (uint8_t)(4 * rng_range(&r, 5, 15));
		in.flags &= 0xfff;
		tcp_write(p, &in);
		tcp_set_checksum(p, in.hdr_len, pseudo);
		copy = exact_copy(p, in.hdr_len);
		assert_int_equal(tcp_parse(copy, in.hdr_len, &out), 0);
		assert_true(tcp_checksum_ok(copy, in.hdr_len, pseudo));
		assert_int_equal(out.sport, in.sport);
		assert_int_equal(out.dport, in.dport);
		assert_int_equal(out.seq, in.seq);
		assert_int_equal(out.ack, in.ack);
		assert_int_equal(out.flags, in.flags);
		assert_int_equal(out.window, in.window);
		assert_int_equal(out.urgent, in.urgent);
		assert_int_equal(out.hdr_len, in.hdr_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syn_of_linux_is_decoded),
		cmocka_unit_test(test_rfc9293_3_1_checksums_of_linux_are_right),
		cmocka_unit_test(test_syns_are_written_as_linux_writes_them),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_rfc9293_3_1_data_offset_is_5_or_more_and_within_the_segment),
		cmocka_unit_test(test_rfc9293_3_1_any_flipped_bit_fails_the_checksum),
		cmocka_unit_test(test_rfc9293_3_1_pseudo_header_catches_misdelivery),
		cmocka_unit_test(test_rfc9293_3_1_every_flag_and_reserved_bit_is_told),
		cmocka_unit_test(test_flags_too_wide_do_not_reach_the_data_offset),
		cmocka_unit_test(test_what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
