/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/family.c: the table of address families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "base/checksum.h"
#include "wire/eth.h"
#include "wire/family.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire_packets.h"

static void test_ipv4_row(void **state)
{
	const struct family *f = family_of(AF_INET);

	(void)state;
	assert_non_null(f);
	assert_int_equal(f->af, AF_INET);
	assert_int_equal(f->addr_len, 4);
	assert_int_equal(f->hdr_len, 20);
	assert_int_equal(f->icmp_proto, 1);
	assert_int_equal(f->ethertype, 0x0800);
	assert_int_equal(f->max_payload, 65515);
	assert_true(f->udp_zero_ok);
}

static void test_ipv6_row(void **state)
{
	const struct family *f = family_of(AF_INET6);

	(void)state;
	assert_non_null(f);
	assert_int_equal(f->af, AF_INET6);
	assert_int_equal(f->addr_len, 16);
	assert_int_equal(f->hdr_len, 40);
	assert_int_equal(f->icmp_proto, 58);
	assert_int_equal(f->ethertype, 0x86dd);
	assert_int_equal(f->max_payload, 65535);
	assert_int_equal(f->min_mtu, 1280);
	assert_false(f->udp_zero_ok);
}

static void test_rfc9293_must_15_default_mss_is_536_and_1220(void **state)
{
	(void)state;
	assert_int_equal(family_of(AF_INET)->default_mss, 536);
	assert_int_equal(family_of(AF_INET6)->default_mss, 1220);
}

static void test_rfc9293_3_7_1_mss_is_the_mtu_less_fixed_headers(void **state)
{
	const struct family *v4 = family_of(AF_INET), *v6 = family_of(AF_INET6);

	(void)state;
	assert_int_equal(family_mss(v4, 1500), 1460);
	assert_int_equal(family_mss(v6, 1500), 1440);
	assert_int_equal(family_mss(v4, 9000), 8960);
	assert_int_equal(family_mss(v4, 65535), 65495);
	assert_int_equal(family_mss(v4, 41), 1);
	assert_int_equal(family_mss(v4, 40), 0);
	assert_int_equal(family_mss(v6, 60), 0);
	assert_int_equal(family_mss(v4, 0), 0);
}

static void test_pseudo_headers_are_those_of_linux(void **state)
{
	const uint8_t *ip4 = linux_syn4 + ETH_HLEN, *ip6 = linux_syn6 + ETH_HLEN;
	uint8_t src[16] = {0}, dst[16] = {0};

	(void)state;
	/* IPv4: only the first four of the 16 bytes count. */
	memset(src + 4, 0xee, 12);
	memcpy(src, ip4 + 12, 4);
	memcpy(dst, ip4 + 16, 4);
	assert_true(tcp_checksum_ok(ip4 + IPV4_HLEN, 40,
				    family_of(AF_INET)->pseudo(src, dst, IP_PROTO_TCP, 40)));
	assert_true(
		tcp_checksum_ok(ip6 + IPV6_HLEN, 40,
				family_of(AF_INET6)->pseudo(ip6 + 8, ip6 + 24, IP_PROTO_TCP, 40)));
}

static void test_other_families_have_no_row(void **state)
{
	(void)state;
	for (unsigned af = 0; af < 256; af++)
		if (af != AF_INET && af != AF_INET6)
			assert_null(family_of((uint8_t)af));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_row),
		cmocka_unit_test(test_ipv6_row),
		cmocka_unit_test(test_rfc9293_must_15_default_mss_is_536_and_1220),
		cmocka_unit_test(test_rfc9293_3_7_1_mss_is_the_mtu_less_fixed_headers),
		cmocka_unit_test(test_pseudo_headers_are_those_of_linux),
		cmocka_unit_test(test_other_families_have_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
