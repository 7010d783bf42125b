/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/icmp.c: ICMP messages and the packets that they quote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/eth.h"
#include "wire/icmp6.h"
#include "wire_exact.h"
#include "wire_packets.h"

#define ECHO_LEN 24 /* of the message in linux_echo4 */

static const uint8_t *const linux_echo = linux_echo4 + ETH_HLEN + IPV4_HLEN;

static void test_echo_of_linux_is_decoded(void **state)
{
	struct icmp_view v = {0};

	(void)state;
	assert_int_equal(icmp_parse(exact_copy(linux_echo, ECHO_LEN), ECHO_LEN, 0, &v), 0);
	assert_int_equal(v.type, ICMP_ECHO);
	assert_int_equal(v.code, 0);
	assert_int_equal(icmp_echo_id(&v), 11940);
	assert_int_equal(icmp_echo_seq(&v), 1);
}

static void test_echo_of_linux_is_written_with_its_checksum(void **state)
{
	struct icmp_view v = {.type = ICMP_ECHO, .rest = 11940u << 16 | 1};
	uint8_t buf[ECHO_LEN];

	(void)state;
	memcpy(buf, linux_echo, ECHO_LEN);
	memset(buf, 0xee, ICMP_HLEN);
	icmp_write(buf, &v);
	assert_int_equal(load_be16(buf + 2), 0);
	icmp_set_checksum(buf, ECHO_LEN);
	assert_memory_equal(buf, linux_echo, ECHO_LEN);
}

static void test_every_truncation_is_refused(void **state)
{
	struct icmp_view v = {0};

	(void)state;
	for (size_t len = 0; len < ICMP_HLEN; len++) {
		uint8_t *p = exact_copy(linux_echo, len);

		assert_int_equal(icmp_parse(p, len, 0, &v), NSK_DROP_ICMP_SHORT);
		assert_int_equal(icmp_parse(p, len, WIRE_CSUM_DONE, &v), NSK_DROP_ICMP_SHORT);
	}
	/* The data ends in five zero bytes, whose loss no checksum notices. */
	for (size_t len = ICMP_HLEN; len < ECHO_LEN - 5; len++)
		assert_int_equal(icmp_parse(exact_copy(linux_echo, len), len, 0, &v),
				 NSK_DROP_ICMP_CHECKSUM);
}

static void test_rfc792_any_flipped_bit_fails_the_checksum(void **state)
{
	struct icmp_view v = {0};

	(void)state;
	for (size_t i = 0; i < ECHO_LEN; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t p[ECHO_LEN];

			memcpy(p, linux_echo, ECHO_LEN);
			p[i] ^= (uint8_t)(1u << bit);
			assert_int_equal(icmp_parse(p, ECHO_LEN, 0, &v), NSK_DROP_ICMP_CHECKSUM);
			assert_int_equal(icmp_parse(p, ECHO_LEN, WIRE_CSUM_DONE, &v), 0);
		}
	}
}

static void test_rfc1122_3_2_2_error_messages_are_the_five(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++)
		assert_int_equal(icmp_is_error((uint8_t)type),
				 type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

static void test_rfc1122_3_2_2_6_reply_is_the_request_with_another_type(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 6);
	for (int i = 0; i < 10000; i++) {
		uint8_t p[64], was[64];
		size_t len = rng_range(&r, ICMP_HLEN, sizeof(p));
		struct icmp_view v = {.type = ICMP_ECHO}, got;

		rng_fill(&r, p, sizeof(p));
		/* Also sums that are all ones or all zero. */
		if (i % 4 == 0)
			memset(p, 0, sizeof(p));
		v.rest = i % 8 == 0 ? 0xf7ff0000 : load_be32(p + 4);
		icmp_write(p, &v);
		icmp_set_checksum(p, len);
		memcpy(was, p, sizeof(p));
		icmp_echo_to_reply(p);
		assert_int_equal(icmp_parse(exact_copy(p, len), len, 0, &got), 0);
		assert_int_equal(got.type, ICMP_ECHO_REPLY);
		assert_int_equal(got.code, 0);
		assert_memory_equal(p + 4, was + 4, sizeof(p) - 4);
	}
}

static void test_what_is_written_is_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 7);
	for (int i = 0; i < 10000; i++) {
		uint8_t p[64];
		size_t len = rng_range(&r, ICMP_HLEN, sizeof(p));
		struct icmp_view in, out;

		rng_fill(&r, p, sizeof(p));
		in.type = (uint8_t)rng_u32(&r);
		in.code = (uint8_t)rng_u32(&r);
		in.rest = rng_u32(&r);
		icmp_write(p, &in);
		icmp_set_checksum(p, len);
		assert_int_equal(icmp_parse(exact_copy(p, len), len, 0, &out), 0);
		assert_int_equal(out.type, in.type);
		assert_int_equal(out.code, in.code);
		assert_int_equal(out.rest, in.rest);
		assert_int_equal(icmp_mtu(&out), in.rest & 0xffff);
	}
}

static void test_rfc792_quote_of_tcp_has_ports_and_sequence_number(void **state)
{
	const uint8_t *ip = linux_syn4 + ETH_HLEN;
	struct icmp_quote q = {0};

	(void)state;
	for (size_t len = IPV4_HLEN + ICMP_QUOTE_MIN; len <= 60; len++) {
		uint8_t *p = exact_copy(ip, len);

		assert_int_equal(icmp_quote_parse(p, len, &q), 0);
		assert_int_equal(load_be32(q.src), 0xc0000201);
		assert_int_equal(load_be32(q.dst), 0xc0000202);
		assert_int_equal(q.proto, 6);
		assert_int_equal(q.sport, 42522);
		assert_int_equal(q.dport, 80);
		assert_int_equal(q.seq, 0x036cea27);
		assert_ptr_equal(q.l4, p + IPV4_HLEN);
		assert_int_equal(q.l4_len, len - IPV4_HLEN);
	}
}

static void test_rfc792_quote_of_udp_has_ports(void **state)
{
	const uint8_t *ip = linux_udp4 + ETH_HLEN;
	struct icmp_quote q = {0};

	(void)state;
	assert_int_equal(icmp_quote_parse(exact_copy(ip, 28), 28, &q), 0);
	assert_int_equal(q.sport, 41892);
	assert_int_equal(q.dport, 7);
	assert_int_equal(q.seq, 0);
}

static void test_quote_of_icmp_has_no_ports(void **state)
{
	const uint8_t *ip = linux_echo4 + ETH_HLEN;
	struct icmp_quote q = {0};

	(void)state;
	assert_int_equal(icmp_quote_parse(exact_copy(ip, 28), 28, &q), 0);
	assert_int_equal(q.proto, 1);
	assert_int_equal(q.sport | q.dport, 0);
	assert_int_equal(q.seq, 0);
}

static void test_every_shorter_quote_is_bad(void **state)
{
	struct icmp_quote q = {0};

	(void)state;
	for (size_t len = 0; len < IPV4_HLEN + ICMP_QUOTE_MIN; len++)
		assert_int_equal(icmp_quote_parse(exact_copy(linux_syn4 + ETH_HLEN, len), len, &q),
				 NSK_DROP_ICMP_BAD_QUOTE);
}

static void test_quote_is_taken_with_the_ttl_and_checksum_of_a_router(void **state)
{
	uint8_t ip[60];
	struct icmp_quote q = {0};

	(void)state;
	memcpy(ip, linux_syn4 + ETH_HLEN, sizeof(ip));
	ip[8] = 1;
	store_be16(ip + 10, 0);
	assert_int_equal(icmp_quote_parse(ip, sizeof(ip), &q), 0);
	assert_int_equal(load_be32(q.src), 0xc0000201);
}

static void test_quote_ends_where_the_quoted_packet_ended(void **state)
{
	uint8_t ip[80] = {0};
	struct icmp_quote q = {0};

	(void)state;
	memcpy(ip, linux_udp4 + ETH_HLEN, 31);
	assert_int_equal(icmp_quote_parse(ip, sizeof(ip), &q), 0);
	assert_int_equal(q.l4_len, 11);
	store_be16(ip + 2, IPV4_HLEN + ICMP_QUOTE_MIN - 1);
	assert_int_equal(icmp_quote_parse(ip, sizeof(ip), &q), NSK_DROP_ICMP_BAD_QUOTE);
	store_be16(ip + 2, IPV4_HLEN + ICMP_QUOTE_MIN);
	assert_int_equal(icmp_quote_parse(ip, sizeof(ip), &q), 0);
}

static void test_quote_of_a_later_fragment_is_bad(void **state)
{
	uint8_t ip[60];
	struct icmp_quote q = {0};

	(void)state;
	memcpy(ip, linux_syn4 + ETH_HLEN, sizeof(ip));
	store_be16(ip + 6, IPV4_FRAG_MF);
	assert_int_equal(icmp_quote_parse(ip, sizeof(ip), &q), 0);
	store_be16(ip + 6, 1);
	assert_int_equal(icmp_quote_parse(ip, sizeof(ip), &q), NSK_DROP_ICMP_BAD_QUOTE);
}

static void test_quote_with_a_broken_header_is_bad(void **state)
{
	static const uint8_t first[] = {0x44, 0x50, 0x65, 0x05, 0x4f, 0x40};
	uint8_t ip[59];
	struct icmp_quote q = {0};

	(void)state;
	memcpy(ip, linux_syn4 + ETH_HLEN, sizeof(ip));
	for (size_t i = 0; i < sizeof(first); i++) {
		ip[0] = first[i];
		assert_int_equal(icmp_quote_parse(ip, sizeof(ip), &q), NSK_DROP_ICMP_BAD_QUOTE);
	}
}

/* ---- ICMPv6 ---------------------------------------------------------------------------------- */

static void test_rfc4443_error_messages_have_the_high_bit_clear(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++)
		assert_int_equal(icmp6_is_error((uint8_t)type), type < 128);
}

static void test_rfc4443_quote_of_tcp_has_ports_and_sequence_number(void **state)
{
	const uint8_t *ip = linux_syn6 + ETH_HLEN;
	struct icmp_quote q = {0};

	(void)state;
	for (size_t len = IPV6_HLEN + ICMP_QUOTE_MIN; len <= 80; len++) {
		uint8_t *p = exact_copy(ip, len);

		assert_int_equal(icmp6_quote_parse(p, len, &q), 0);
		assert_memory_equal(q.src, ip + 8, 16);
		assert_memory_equal(q.dst, ip + 24, 16);
		assert_int_equal(q.total_len, 80);
		assert_int_equal(q.proto, 6);
		assert_int_equal(q.sport, 45198);
		assert_int_equal(q.dport, 80);
		assert_int_equal(q.seq, 0x14331d15);
		assert_ptr_equal(q.l4, p + IPV6_HLEN);
		assert_int_equal(q.l4_len, len - IPV6_HLEN);
	}
	for (size_t len = 0; len < IPV6_HLEN + ICMP_QUOTE_MIN; len++)
		assert_int_equal(icmp6_quote_parse(exact_copy(ip, len), len, &q),
				 NSK_DROP_ICMP_BAD_QUOTE);
}

/* The first n bytes of headers in front of Linux's UDP datagram. */
static size_t udp_behind(uint8_t *p, uint8_t kind, const uint8_t *headers, size_t n)
{
	const uint8_t *ip = linux_udp6 + ETH_HLEN;

	memcpy(p, ip, IPV6_HLEN);
	p[6] = kind;
	store_be16(p + 4, (uint16_t)(11 + n));
	memcpy(p + IPV6_HLEN, headers, n);
	memcpy(p + IPV6_HLEN + n, ip + IPV6_HLEN, 11);
	return IPV6_HLEN + n + 11;
}

static void test_quote_of_ipv6_with_extension_headers(void **state)
{
	static const uint8_t headers[16] = {44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 1, 1, 2, 3, 4};
	struct icmp_quote q = {0};
	uint8_t p[80];
	size_t all;

	(void)state;
	all = udp_behind(p, 60, headers, sizeof(headers)); /* the first fragment of two */
	for (size_t len = 0; len <= all; len++) {
		bool enough = len >= IPV6_HLEN + sizeof(headers) + ICMP_QUOTE_MIN;

		assert_int_equal(icmp6_quote_parse(exact_copy(p, len), len, &q),
				 enough ? 0 : NSK_DROP_ICMP_BAD_QUOTE);
	}
	assert_int_equal(q.proto, 17);
	assert_int_equal(q.sport, 55384);
	assert_int_equal(q.l4_len, 11);
	assert_int_equal(q.total_len, all);
	p[IPV6_HLEN + 8 + 3] = 9; /* a later one */
	assert_int_equal(icmp6_quote_parse(p, all, &q), NSK_DROP_ICMP_BAD_QUOTE);
	p[IPV6_HLEN + 8 + 3] = 1;
	p[IPV6_HLEN + 2] = 0xc2; /* nothing that we send */
	assert_int_equal(icmp6_quote_parse(p, all, &q), NSK_DROP_ICMP_BAD_QUOTE);
	p[IPV6_HLEN + 2] = 1;
	p[0] = 0x40;
	assert_int_equal(icmp6_quote_parse(p, all, &q), NSK_DROP_ICMP_BAD_QUOTE);
}

static void test_quote_of_ipv6_ends_where_the_quoted_packet_ended(void **state)
{
	struct icmp_quote q = {0};
	uint8_t p[80] = {0};

	(void)state;
	udp_behind(p, 17, p, 0);
	assert_int_equal(icmp6_quote_parse(p, sizeof(p), &q), 0);
	assert_int_equal(q.l4_len, 11);
	store_be16(p + 4, ICMP_QUOTE_MIN - 1);
	assert_int_equal(icmp6_quote_parse(p, sizeof(p), &q), NSK_DROP_ICMP_BAD_QUOTE);
	store_be16(p + 4, 65535); /* longer than a length of 16 bits can say */
	assert_int_equal(icmp6_quote_parse(p, sizeof(p), &q), 0);
	assert_int_equal(q.total_len, 65535);
	assert_int_equal(q.l4_len, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_of_linux_is_decoded),
		cmocka_unit_test(test_echo_of_linux_is_written_with_its_checksum),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_rfc792_any_flipped_bit_fails_the_checksum),
		cmocka_unit_test(test_rfc1122_3_2_2_error_messages_are_the_five),
		cmocka_unit_test(test_rfc1122_3_2_2_6_reply_is_the_request_with_another_type),
		cmocka_unit_test(test_what_is_written_is_read_back),
		cmocka_unit_test(test_rfc792_quote_of_tcp_has_ports_and_sequence_number),
		cmocka_unit_test(test_rfc792_quote_of_udp_has_ports),
		cmocka_unit_test(test_quote_of_icmp_has_no_ports),
		cmocka_unit_test(test_every_shorter_quote_is_bad),
		cmocka_unit_test(test_quote_is_taken_with_the_ttl_and_checksum_of_a_router),
		cmocka_unit_test(test_quote_ends_where_the_quoted_packet_ended),
		cmocka_unit_test(test_quote_of_a_later_fragment_is_bad),
		cmocka_unit_test(test_quote_with_a_broken_header_is_bad),
		cmocka_unit_test(test_rfc4443_error_messages_have_the_high_bit_clear),
		cmocka_unit_test(test_rfc4443_quote_of_tcp_has_ports_and_sequence_number),
		cmocka_unit_test(test_quote_of_ipv6_with_extension_headers),
		cmocka_unit_test(test_quote_of_ipv6_ends_where_the_quoted_packet_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
