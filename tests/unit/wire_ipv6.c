/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/ipv6.h: the fixed IPv6 header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/eth.h"
#include "wire/ipv6.h"
#include "wire_exact.h"
#include "wire_packets.h"

#define PKT_LEN 51 /* of linux_udp6, IP header and payload */

static const uint8_t *const linux_ip = linux_udp6 + ETH_HLEN;

static void test_packet_of_linux_is_decoded(void **state)
{
	struct ipv6_view v = {0};

	(void)state;
	assert_int_equal(ipv6_parse(linux_ip, PKT_LEN, PKT_LEN, &v), 0);
	assert_int_equal(v.payload_len, 11);
	assert_int_equal(v.next_header, 17);
	assert_int_equal(v.hop_limit, 64);
	assert_int_equal(v.traffic_class, 0);
	assert_int_equal(v.flow_label, 0xa7313);
	assert_ptr_equal(v.src, linux_ip + 8);
	assert_ptr_equal(v.dst, linux_ip + 24);
}

static void test_header_of_linux_is_written_as_it_was(void **state)
{
	uint8_t buf[IPV6_HLEN];
	struct ipv6_view v = {0};

	(void)state;
	assert_int_equal(ipv6_parse(linux_ip, PKT_LEN, PKT_LEN, &v), 0);
	ipv6_write(buf, &v);
	assert_memory_equal(buf, linux_ip, sizeof(buf));
}

static void test_every_truncation_is_refused(void **state)
{
	struct ipv6_view v = {0};

	(void)state;
	for (size_t len = 0; len < PKT_LEN; len++)
		assert_int_equal(ipv6_parse(exact_copy(linux_ip, len), len, len, &v),
				 len < IPV6_HLEN ? NSK_DROP_IP_SHORT : NSK_DROP_IP_TOTAL_LEN);
}

static void test_rfc8200_3_version_other_than_6_is_refused(void **state)
{
	uint8_t p[PKT_LEN];
	struct ipv6_view v = {0};

	(void)state;
	memcpy(p, linux_ip, PKT_LEN);
	for (unsigned version = 0; version < 16; version++) {
		p[0] = (uint8_t)(version << 4);
		assert_int_equal(ipv6_parse(p, PKT_LEN, PKT_LEN, &v),
				 version == 6 ? NSK_DROP_NONE : NSK_DROP_IP_VERSION);
	}
}

static void test_rfc8200_3_payload_length_fits_the_packet_and_leaves_padding_out(void **state)
{
	uint8_t p[PKT_LEN];
	struct ipv6_view v = {0};

	(void)state;
	memcpy(p, linux_ip, PKT_LEN);
	for (unsigned len = 0; len <= 0xffff; len++) {
		enum nsk_drop got;

		store_be16(p + 4, (uint16_t)len);
		got = ipv6_parse(p, PKT_LEN, PKT_LEN, &v);
		assert_int_equal(got, len > 11 ? NSK_DROP_IP_TOTAL_LEN : NSK_DROP_NONE);
		if (!got)
			assert_int_equal(v.payload_len, len);
		assert_int_equal(ipv6_parse(p, IPV6_HLEN, IPV6_HLEN + len, &v), 0);
	}
}

static void test_what_is_written_is_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (int i = 0; i < 10000; i++) {
		uint8_t addr[2][16], buf[IPV6_HLEN];
		struct ipv6_view in = {.src = addr[0], .dst = addr[1]}, out;

		rng_fill(&r, addr, sizeof(addr));
		in.flow_label = rng_below(&r, 1 << 20);
		in.payload_len = (uint16_t)rng_u32(&r);
		in.traffic_class = (uint8_t)rng_u32(&r);
		in.next_header = (uint8_t)rng_u32(&r);
		in.hop_limit = (uint8_t)rng_u32(&r);
		ipv6_write(buf, &in);
		assert_int_equal(ipv6_parse(exact_copy(buf, IPV6_HLEN), IPV6_HLEN,
					    (size_t)IPV6_HLEN + in.payload_len, &out),
				 0);
		assert_int_equal(out.flow_label, in.flow_label);
		assert_int_equal(out.payload_len, in.payload_len);
		assert_int_equal(out.traffic_class, in.traffic_class);
		assert_int_equal(out.next_header, in.next_header);
		assert_int_equal(out.hop_limit, in.hop_limit);
		assert_memory_equal(out.src, addr[0], 16);
		assert_memory_equal(out.dst, addr[1], 16);
	}
}

static void test_a_flow_label_too_wide_does_not_reach_other_fields(void **state)
{
	static const uint8_t zero[16];
	struct ipv6_view in = {.src = zero, .dst = zero, .flow_label = UINT32_MAX}, out;
	uint8_t buf[IPV6_HLEN];

	(void)state;
	ipv6_write(buf, &in);
	assert_int_equal(ipv6_parse(buf, sizeof(buf), sizeof(buf), &out), 0);
	assert_int_equal(out.flow_label, 0xfffff);
	assert_int_equal(out.traffic_class, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_of_linux_is_decoded),
		cmocka_unit_test(test_header_of_linux_is_written_as_it_was),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_rfc8200_3_version_other_than_6_is_refused),
		cmocka_unit_test(
			test_rfc8200_3_payload_length_fits_the_packet_and_leaves_padding_out),
		cmocka_unit_test(test_what_is_written_is_read_back),
		cmocka_unit_test(test_a_flow_label_too_wide_does_not_reach_other_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
