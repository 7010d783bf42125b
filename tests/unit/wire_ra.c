/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/ra.c: what RFC 4861 §6.1.2 has discarded, and what is taken of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/icmp6.h"
#include "wire/ra.h"
#include "wire_exact.h"

static const uint8_t router[16] = {0xfe, 0x80, [15] = 1};
static const uint8_t global[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};

static uint8_t p[2048];
static size_t len;
static struct ra_view v;

static void begin(void)
{
	memset(p, 0, sizeof(p));
	p[0] = ICMP6_ROUTER_ADVERT;
	len = RA_LEN;
}

static uint8_t *option(uint8_t type, uint8_t units)
{
	uint8_t *o = p + len;

	o[0] = type;
	o[1] = units;
	len += 8u * units;
	return o;
}

static enum nsk_drop parse(const uint8_t *src, uint8_t hops)
{
	memset(&v, 0xee, sizeof(v));
	return ra_parse(exact_copy(p, len), len, src, hops, &v);
}

static void test_the_header_is_decoded_rfc4861_4_2(void **state)
{
	static const int8_t preference[4] = {0, 1, 0, -1}; /* RFC 4191 §2.2 */

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		begin();
		p[4] = 64;
		p[5] = (uint8_t)(0xc0 | i << 3);
		store_be16(p + 6, 1800);
		store_be32(p + 8, 30000);
		store_be32(p + 12, 1000);
		assert_int_equal(parse(router, 255), 0);
		assert_int_equal(v.hop_limit, 64);
		assert_int_equal(v.preference, preference[i]);
		assert_int_equal(v.lifetime_s, 1800);
		assert_int_equal(v.reachable_ms, 30000);
		assert_int_equal(v.retrans_ms, 1000);
		assert_true(!v.mtu && !v.has_mac && !v.nprefixes && !v.nservers && !v.ndomains);
	}
}

static void test_what_is_discarded_rfc4861_6_1_2(void **state)
{
	(void)state;
	begin();
	assert_int_equal(parse(router, 254), NSK_DROP_ND_MALFORMED);
	assert_int_equal(parse(global, 255), NSK_DROP_ND_MALFORMED);
	p[1] = 1;
	assert_int_equal(parse(router, 255), NSK_DROP_ND_MALFORMED);
	begin();
	for (len = 0; len < RA_LEN; len++)
		assert_int_equal(parse(router, 255), NSK_DROP_ND_MALFORMED);
	begin();
	option(ND_OPT_MTU, 1);
	p[RA_LEN + 1] = 0;
	assert_int_equal(parse(router, 255), NSK_DROP_ND_MALFORMED);
	p[RA_LEN + 1] = 2;
	assert_int_equal(parse(router, 255), NSK_DROP_ND_MALFORMED);
	begin();
	len += 7;
	assert_int_equal(parse(router, 255), NSK_DROP_ND_MALFORMED);
}

static void test_options_are_decoded_rfc4861_4_6(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
	uint8_t *o;

	(void)state;
	begin();
	memcpy(option(ND_OPT_SOURCE_LLADDR, 1) + 2, mac, 6);
	store_be32(option(ND_OPT_MTU, 1) + 4, 1400);
	option(200, 3); /* nobody knows it */
	o = option(ND_OPT_PREFIX, 4);
	o[2] = 60;
	o[3] = RA_PREFIX_AUTO;
	store_be32(o + 4, 86400);
	store_be32(o + 8, 3600);
	memset(o + 16, 0xff, 16);
	assert_int_equal(parse(router, 255), 0);
	assert_true(v.has_mac);
	assert_memory_equal(v.mac, mac, 6);
	assert_int_equal(v.mtu, 1400);
	assert_int_equal(v.nprefixes, 1);
	assert_int_equal(v.prefix[0].len, 60);
	assert_int_equal(v.prefix[0].flags, RA_PREFIX_AUTO);
	assert_int_equal(v.prefix[0].valid_s, 86400);
	assert_int_equal(v.prefix[0].preferred_s, 3600);
	assert_int_equal(v.prefix[0].addr[6], 0xff);
	assert_int_equal(v.prefix[0].addr[7], 0xf0); /* bits behind the prefix */
	assert_int_equal(v.prefix[0].addr[8], 0);
}

static void test_prefixes_of_every_length_are_cut_to_it(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits <= 129; bits++) {
		uint8_t *o;

		begin();
		o = option(ND_OPT_PREFIX, 4);
		o[2] = (uint8_t)bits;
		memset(o + 16, 0xff, 16);
		assert_int_equal(parse(router, 255), 0);
		assert_int_equal(v.nprefixes, bits <= 128);
		for (unsigned i = 0; i < 128 && bits <= 128; i++)
			assert_int_equal(v.prefix[0].addr[i / 8] >> (7 - i % 8) & 1, i < bits);
	}
}

static void put_domains(const char *names, size_t n)
{
	uint8_t *o = option(ND_OPT_DNSSL, (uint8_t)(1 + (n + 7) / 8));

	store_be32(o + 4, 600);
	memcpy(o + 8, names, n);
}

static void test_dns_is_decoded_rfc8106_5(void **state)
{
	uint8_t *o;

	(void)state;
	begin();
	o = option(ND_OPT_RDNSS, 5);
	store_be32(o + 4, 900);
	o[8] = 0x20;
	o[24] = 0x30;
	put_domains("\7example\3com\0\1a\0", 16);
	assert_int_equal(parse(router, 255), 0);
	assert_int_equal(v.nservers, 2);
	assert_int_equal(v.server[1].addr[0], 0x30);
	assert_int_equal(v.server[1].lifetime_s, 900);
	assert_int_equal(v.ndomains, 2);
	assert_string_equal(v.domain[0].name, "example.com");
	assert_string_equal(v.domain[1].name, "a");
	assert_int_equal(v.domain[1].lifetime_s, 600);
}

/* Nobody is to take a name for something else: a path, an option, a line's end. */
static void test_names_that_are_none_are_passed_over(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} bad[] = {
		{"\0", 1},	 {"\100", 1},	 {"\7exam", 5},	 {"\3a/b\0", 5},
		{"\3a\nb\0", 5}, {"\3a b\0", 5}, {"\2\0a\0", 4}, {"\300\4\0", 3},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin();
		put_domains(bad[i].text, bad[i].n);
		assert_int_equal(parse(router, 255), 0);
		assert_int_equal(v.ndomains, 0);
	}
	begin(); /* longer than a name can be */
	option(ND_OPT_DNSSL, 40);
	for (unsigned i = 0; i < 5; i++)
		memset(p + RA_LEN + 8 + 60 * i, i < 5 ? 'a' : 0, 60);
	for (unsigned i = 0; i < 5; i++)
		p[RA_LEN + 8 + 60 * i] = 59;
	assert_int_equal(parse(router, 255), 0);
	assert_int_equal(v.ndomains, 0);
}

static void test_no_more_is_taken_than_there_is_room_for(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < 20; i++)
		option(ND_OPT_PREFIX, 4);
	for (unsigned i = 0; i < 20; i++)
		option(ND_OPT_RDNSS, 3);
	for (unsigned i = 0; i < 20; i++)
		put_domains("\1a\0", 3);
	assert_int_equal(parse(router, 255), 0);
	assert_int_equal(v.nprefixes, RA_PREFIXES_MAX);
	assert_int_equal(v.nservers, RA_SERVERS_MAX);
	assert_int_equal(v.ndomains, RA_DOMAINS_MAX);
}

static void test_a_solicitation_is_written_rfc4861_4_1(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
	uint8_t out[RS_MAX];

	(void)state;
	assert_int_equal(rs_write(out, NULL), RS_LEN);
	assert_int_equal(out[0], ICMP6_ROUTER_SOLICIT);
	assert_int_equal(rs_write(out, mac), RS_MAX);
	assert_int_equal(out[RS_LEN], ND_OPT_SOURCE_LLADDR);
	assert_int_equal(out[RS_LEN + 1], 1);
	assert_memory_equal(out + RS_LEN + 2, mac, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_header_is_decoded_rfc4861_4_2),
		cmocka_unit_test(test_what_is_discarded_rfc4861_6_1_2),
		cmocka_unit_test(test_options_are_decoded_rfc4861_4_6),
		cmocka_unit_test(test_prefixes_of_every_length_are_cut_to_it),
		cmocka_unit_test(test_dns_is_decoded_rfc8106_5),
		cmocka_unit_test(test_names_that_are_none_are_passed_over),
		cmocka_unit_test(test_no_more_is_taken_than_there_is_room_for),
		cmocka_unit_test(test_a_solicitation_is_written_rfc4861_4_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
