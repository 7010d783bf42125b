/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/ipv4.h, ipv4.c: IPv4 headers and options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire_exact.h"
#include "wire_packets.h"

#define PKT_LEN 31 /* of linux_udp4, IP header and payload */

static const uint8_t *const linux_ip = linux_udp4 + ETH_HLEN;

/* Parse a copy of @len bytes at @p in a buffer of exactly this size. */
static enum nsk_drop parse(const uint8_t *p, size_t len, struct ipv4_view *v)
{
	return ipv4_parse(exact_copy(p, len), len, len, 0, v);
}

/* A packet of 60 bytes whose header carries the @n bytes of options at @opts, padded with 0. */
static void with_options(uint8_t *p, const uint8_t *opts, size_t n)
{
	size_t hdr_len = IPV4_HLEN + (n + 3) / 4 * 4;

	memset(p, 0, IPV4_HLEN_MAX);
	ipv4_write(p, &(struct ipv4_view){.total_len = IPV4_HLEN_MAX, .ttl = 64, .proto = 17});
	p[0] = (uint8_t)(0x40 | hdr_len / 4);
	memcpy(p + IPV4_HLEN, opts, n);
	ipv4_set_checksum(p, hdr_len);
}

static void test_packet_of_linux_is_decoded(void **state)
{
	struct ipv4_view v = {0};

	(void)state;
	assert_int_equal(parse(linux_ip, PKT_LEN, &v), 0);
	assert_int_equal(v.src, 0xc0000201);
	assert_int_equal(v.dst, 0xc0000202);
	assert_int_equal(v.total_len, PKT_LEN);
	assert_int_equal(v.id, 0x0bda);
	assert_int_equal(v.frag, IPV4_FRAG_DF);
	assert_int_equal(v.hdr_len, 20);
	assert_int_equal(v.tos, 0);
	assert_int_equal(v.ttl, 64);
	assert_int_equal(v.proto, 17);
	assert_int_equal(ipv4_payload_len(&v), 11);
	assert_false(ipv4_is_fragment(&v));
}

static void test_header_of_linux_is_written_with_its_checksum(void **state)
{
	struct ipv4_view v = {0};
	uint8_t buf[IPV4_HLEN];

	(void)state;
	assert_int_equal(parse(linux_ip, PKT_LEN, &v), 0);
	ipv4_write(buf, &v);
	assert_int_equal(load_be16(buf + 10), 0);
	ipv4_set_checksum(buf, sizeof(buf));
	assert_memory_equal(buf, linux_ip, sizeof(buf));
	memset(buf, 0, sizeof(buf));
	ipv4_write_summed(buf, &v);
	assert_memory_equal(buf, linux_ip, sizeof(buf));
}

static void test_every_truncation_is_refused(void **state)
{
	struct ipv4_view v = {0};

	(void)state;
	for (size_t len = 0; len < PKT_LEN; len++)
		assert_int_equal(parse(linux_ip, len, &v),
				 len < IPV4_HLEN ? NSK_DROP_IP_SHORT : NSK_DROP_IP_TOTAL_LEN);
}

static void test_link_padding_is_not_part_of_the_packet(void **state)
{
	uint8_t padded[46] = {0};
	struct ipv4_view v = {0};

	(void)state;
	memcpy(padded, linux_ip, PKT_LEN);
	assert_int_equal(parse(padded, sizeof(padded), &v), 0);
	assert_int_equal(v.total_len, PKT_LEN);
}

static void test_a_chain_is_judged_by_the_length_of_the_packet(void **state)
{
	struct ipv4_view v = {0};
	uint8_t *p = exact_copy(linux_ip, IPV4_HLEN);

	(void)state;
	assert_int_equal(ipv4_parse(p, IPV4_HLEN, PKT_LEN, 0, &v), 0);
	assert_int_equal(ipv4_parse(p, IPV4_HLEN, PKT_LEN - 1, 0, &v), NSK_DROP_IP_TOTAL_LEN);
}

static void test_rfc1122_3_2_1_1_version_other_than_4_is_refused(void **state)
{
	uint8_t p[PKT_LEN];
	struct ipv4_view v = {0};

	(void)state;
	memcpy(p, linux_ip, PKT_LEN);
	for (unsigned version = 0; version < 16; version++) {
		p[0] = (uint8_t)(version << 4 | 5);
		assert_int_equal(parse(p, PKT_LEN, &v),
				 version == 4 ? NSK_DROP_NONE : NSK_DROP_IP_VERSION);
	}
}

static void test_rfc791_3_1_header_length_is_5_words_and_within_the_packet(void **state)
{
	uint8_t p[PKT_LEN];
	struct ipv4_view v = {0};

	(void)state;
	memcpy(p, linux_ip, PKT_LEN);
	for (unsigned ihl = 0; ihl < 16; ihl++) {
		enum nsk_drop got;

		p[0] = (uint8_t)(0x40 | ihl);
		got = ipv4_parse(exact_copy(p, PKT_LEN), PKT_LEN, PKT_LEN, WIRE_CSUM_DONE, &v);
		if (ihl < 5 || ihl * 4 > PKT_LEN)
			assert_int_equal(got, NSK_DROP_IP_HEADER_LEN);
		else if (ihl == 5)
			assert_int_equal(got, 0);
	}
}

static void test_rfc791_3_1_total_length_covers_the_header_and_fits_the_packet(void **state)
{
	uint8_t p[PKT_LEN];
	struct ipv4_view v = {0};

	(void)state;
	memcpy(p, linux_ip, PKT_LEN);
	for (unsigned total = 0; total <= 0xffff; total++) {
		store_be16(p + 2, (uint16_t)total);
		assert_int_equal(ipv4_parse(p, PKT_LEN, PKT_LEN, WIRE_CSUM_DONE, &v),
				 total < 20 || total > PKT_LEN ? NSK_DROP_IP_TOTAL_LEN
							       : NSK_DROP_NONE);
	}
}

static void test_rfc1122_3_2_1_2_any_flipped_bit_fails_the_checksum(void **state)
{
	struct ipv4_view v = {0};

	(void)state;
	for (size_t i = 8; i < IPV4_HLEN; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t p[PKT_LEN];

			memcpy(p, linux_ip, PKT_LEN);
			p[i] ^= (uint8_t)(1u << bit);
			assert_int_equal(parse(p, PKT_LEN, &v), NSK_DROP_IP_CHECKSUM);
			assert_int_equal(ipv4_parse(p, PKT_LEN, PKT_LEN, WIRE_CSUM_DONE, &v), 0);
		}
	}
}

static void test_rfc1071_worked_example_of_a_header(void **state)
{
	/* The example that everyone computes by hand: 192.168.0.1 → 192.168.0.199, b861. */
	uint8_t p[IPV4_HLEN] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
				0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

	(void)state;
	ipv4_set_checksum(p, sizeof(p));
	assert_int_equal(load_be16(p + 10), 0xb861);
	assert_true(csum_intact(ipv4_header_sum(p, sizeof(p))));
}

static void test_checksum_agrees_with_the_general_one_for_every_header_length(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (int i = 0; i < 2000; i++) {
		uint8_t p[IPV4_HLEN_MAX];
		size_t len = 4 * rng_range(&r, 5, 15);

		rng_fill(&r, p, sizeof(p));
		if (rng_chance(&r, 100000))
			memset(p, 0xff, sizeof(p));
		assert_int_equal(csum_finish(csum_fold64(ipv4_header_sum(exact_copy(p, len), len))),
				 csum_block(p, len));
	}
}

static void test_fragments_are_told_from_whole_packets(void **state)
{
	static const struct {
		uint16_t frag;
		bool fragment;
		uint32_t offset;
	} rows[] = {
		{0, false, 0},
		{IPV4_FRAG_DF, false, 0},
		{IPV4_FRAG_RESERVED, false, 0},
		{IPV4_FRAG_MF, true, 0},
		{1, true, 8},
		{IPV4_FRAG_MF | 185, true, 1480},
		{IPV4_FRAG_OFFSET, true, 65528},
		{IPV4_FRAG_DF | IPV4_FRAG_MF, true, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipv4_view v = {.frag = rows[i].frag};

		assert_int_equal(ipv4_is_fragment(&v), rows[i].fragment);
		assert_int_equal(ipv4_frag_offset(&v), rows[i].offset);
	}
}

#define OPTS(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

static void test_rfc791_3_1_option_lists(void **state)
{
	static const struct {
		uint8_t opts[40];
		size_t len;
		enum nsk_drop want;
	} rows[] = {
		/* Taken: fillers, and options that a host may pass over (RFC 1122 §3.2.1.8). */
		{OPTS(1, 1, 1, 1), NSK_DROP_NONE},
		{OPTS(0, 0, 0, 0), NSK_DROP_NONE},
		{OPTS(1, 1, 1, 0), NSK_DROP_NONE},
		{OPTS(7, 7, 4, 0, 0, 0, 0, 0), NSK_DROP_NONE},		     /* record route */
		{OPTS(68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0), NSK_DROP_NONE}, /* timestamps */
		{OPTS(148, 4, 0, 0), NSK_DROP_NONE},			     /* router alert */
		{OPTS(130, 4, 0, 0), NSK_DROP_NONE},			     /* security */
		{OPTS(222, 2, 222, 2), NSK_DROP_NONE},			     /* unknown */
		{OPTS(0, 131, 0, 0), NSK_DROP_NONE}, /* nothing counts after the end */
		{OPTS(0, 7, 1, 1), NSK_DROP_NONE},
		/* RFC 7126 §4.3, §4.4: source routes are dropped, well formed or not. */
		{OPTS(131, 7, 4, 10, 0, 0, 1, 0), NSK_DROP_IP_OPTIONS},
		{OPTS(137, 7, 4, 10, 0, 0, 1, 0), NSK_DROP_IP_OPTIONS},
		{OPTS(1, 1, 1, 131), NSK_DROP_IP_OPTIONS},
		{OPTS(1, 1, 1, 137), NSK_DROP_IP_OPTIONS},
		{OPTS(222, 3, 0, 137, 3, 4, 0, 0), NSK_DROP_IP_OPTIONS},
		/* Lengths that stand still (CVE-2019-12256) or leave the header. */
		{OPTS(7, 0, 0, 0), NSK_DROP_IP_OPTIONS},
		{OPTS(7, 1, 0, 0), NSK_DROP_IP_OPTIONS},
		{OPTS(7, 5, 0, 0), NSK_DROP_IP_OPTIONS},
		{OPTS(7, 255, 0, 0), NSK_DROP_IP_OPTIONS},
		{OPTS(1, 1, 1, 7), NSK_DROP_IP_OPTIONS},
		{OPTS(1, 1, 7, 3), NSK_DROP_IP_OPTIONS},
		{OPTS(222, 0, 222, 0), NSK_DROP_IP_OPTIONS},
		{OPTS(148, 4, 0, 0, 7, 1, 0, 0), NSK_DROP_IP_OPTIONS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t p[IPV4_HLEN_MAX];
		struct ipv4_view v = {0};

		with_options(p, rows[i].opts, rows[i].len);
		assert_int_equal(parse(p, sizeof(p), &v), rows[i].want);
		assert_int_equal(ipv4_options_check(exact_copy(rows[i].opts, rows[i].len),
						    rows[i].len),
				 rows[i].want);
		if (rows[i].want == NSK_DROP_NONE)
			assert_int_equal(v.hdr_len, IPV4_HLEN + rows[i].len);
	}
}

static void test_every_option_type_and_length_ends_the_walk_within_the_list(void **state)
{
	(void)state;
	for (unsigned type = 2; type < 256; type++) {
		for (unsigned len = 0; len < 256; len++) {
			uint8_t opts[8] = {(uint8_t)type, (uint8_t)len, 1, 1, 1, 1, 1, 1};
			bool bad = type == 131 || type == 137 || len < 2 || len > 8;

			assert_int_equal(ipv4_options_check(exact_copy(opts, 8), 8),
					 bad ? NSK_DROP_IP_OPTIONS : NSK_DROP_NONE);
		}
	}
}

/* Whatever the header: it is plain only if it reads as such, and then both ways agree. */
static void test_plain_headers_are_read_the_short_way_with_the_same_result(void **state)
{
	unsigned plain = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 9);
	for (int i = 0; i < 20000; i++) {
		uint8_t buf[IPV4_HLEN + 8];
		struct ipv4_view a, b;
		enum nsk_drop bad;

		memset(&a, 0, sizeof(a));
		memset(&b, 0, sizeof(b));
		rng_fill(&r, buf, sizeof(buf));
		buf[0] = rng_range(&r, 0, 3) ? 0x45 : buf[0];
		store_be16(buf + 2, (uint16_t)rng_range(&r, IPV4_HLEN - 2, sizeof(buf) + 2));
		if (rng_range(&r, 0, 1))
			store_be16(buf + 6, IPV4_FRAG_DF);
		store_be16(buf + 10, 0);
		if (rng_range(&r, 0, 3))
			ipv4_set_checksum(buf, IPV4_HLEN);
		bad = ipv4_parse(buf, sizeof(buf), sizeof(buf), 0, &a);
		if (!ipv4_is_plain(buf)) {
			assert_true(bad || a.hdr_len > IPV4_HLEN || ipv4_is_fragment(&a));
			continue;
		}
		plain++;
		assert_int_equal(ipv4_parse_plain(buf, sizeof(buf), 0, &b), bad);
		if (!bad)
			assert_memory_equal(&a, &b, sizeof(a));
	}
	assert_true(plain > 5000);
}

static void test_what_is_written_is_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 4);
	for (int i = 0; i < 10000; i++) {
		uint8_t buf[IPV4_HLEN], summed[IPV4_HLEN];
		struct ipv4_view in, out;

		rng_fill(&r, &in, sizeof(in));
		in.hdr_len = IPV4_HLEN;
		in.total_len = (uint16_t)rng_range(&r, IPV4_HLEN, IPV4_MAX_LEN);
		ipv4_write(buf, &in);
		ipv4_set_checksum(buf, sizeof(buf));
		ipv4_write_summed(summed, &in);
		assert_memory_equal(summed, buf, sizeof(buf));
		assert_int_equal(ipv4_parse(exact_copy(buf, sizeof(buf)), sizeof(buf), in.total_len,
					    0, &out),
				 0);
		assert_int_equal(out.src, in.src);
		assert_int_equal(out.dst, in.dst);
		assert_int_equal(out.total_len, in.total_len);
		assert_int_equal(out.id, in.id);
		assert_int_equal(out.frag, in.frag);
		assert_int_equal(out.hdr_len, in.hdr_len);
		assert_int_equal(out.tos, in.tos);
		assert_int_equal(out.ttl, in.ttl);
		assert_int_equal(out.proto, in.proto);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_of_linux_is_decoded),
		cmocka_unit_test(test_header_of_linux_is_written_with_its_checksum),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_link_padding_is_not_part_of_the_packet),
		cmocka_unit_test(test_a_chain_is_judged_by_the_length_of_the_packet),
		cmocka_unit_test(test_rfc1122_3_2_1_1_version_other_than_4_is_refused),
		cmocka_unit_test(test_rfc791_3_1_header_length_is_5_words_and_within_the_packet),
		cmocka_unit_test(
			test_rfc791_3_1_total_length_covers_the_header_and_fits_the_packet),
		cmocka_unit_test(test_rfc1122_3_2_1_2_any_flipped_bit_fails_the_checksum),
		cmocka_unit_test(test_rfc1071_worked_example_of_a_header),
		cmocka_unit_test(test_checksum_agrees_with_the_general_one_for_every_header_length),
		cmocka_unit_test(test_fragments_are_told_from_whole_packets),
		cmocka_unit_test(test_rfc791_3_1_option_lists),
		cmocka_unit_test(test_every_option_type_and_length_ends_the_walk_within_the_list),
		cmocka_unit_test(test_plain_headers_are_read_the_short_way_with_the_same_result),
		cmocka_unit_test(test_what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
