/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/nd.c: what RFC 4861 has discarded, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/icmp6.h"
#include "wire/nd.h"
#include "wire_exact.h"

static const uint8_t any[16];
static const uint8_t host[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0xbb, 0xcc};
static const uint8_t peer[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
static const uint8_t group[16] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xaa, 0xbb, 0xcc};
static const uint8_t all_nodes[16] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};

static uint8_t p[256];
static size_t len;

static void begin(uint8_t type, uint8_t flags)
{
	memset(p, 0, sizeof(p));
	p[0] = type;
	p[4] = flags;
	memcpy(p + 8, host, 16);
	len = ND_NEIGH_LEN;
}

static uint8_t *option(uint8_t type, uint8_t units)
{
	uint8_t *o = p + len;

	o[0] = type;
	o[1] = units;
	memcpy(o + 2, mac, 6);
	len += 8u * units;
	return o;
}

static enum nsk_drop parse(const uint8_t *src, const uint8_t *dst, uint8_t hops, struct nd_view *v)
{
	memset(v, 0xee, sizeof(*v));
	return nd_neigh_parse(exact_copy(p, len), len, src, dst, hops, v);
}

static void assert_ok(const uint8_t *src, const uint8_t *dst)
{
	struct nd_view v;

	assert_int_equal(parse(src, dst, 255, &v), 0);
	assert_memory_equal(v.target, host, 16);
}

static void assert_bad(const uint8_t *src, const uint8_t *dst)
{
	struct nd_view v;

	assert_int_equal(parse(src, dst, 255, &v), NSK_DROP_ND_MALFORMED);
}

static const uint8_t types[] = {ICMP6_NEIGH_SOLICIT, ICMP6_NEIGH_ADVERT};

static void test_a_message_is_decoded(void **state)
{
	struct nd_view v;

	(void)state;
	begin(ICMP6_NEIGH_SOLICIT, 0);
	option(ND_OPT_SOURCE_LLADDR, 1);
	assert_int_equal(parse(peer, group, 255, &v), 0);
	assert_int_equal(v.type, ICMP6_NEIGH_SOLICIT);
	assert_memory_equal(v.target, host, 16);
	assert_true(v.has_mac);
	assert_memory_equal(v.mac, mac, 6);
	begin(ICMP6_NEIGH_ADVERT, ND_F_SOLICITED | ND_F_ROUTER);
	assert_int_equal(parse(peer, host, 255, &v), 0);
	assert_int_equal(v.flags, ND_F_SOLICITED | ND_F_ROUTER);
	assert_false(v.has_mac);
}

static void test_rfc4861_7_1_hop_limit_must_be_255(void **state)
{
	struct nd_view v;

	(void)state;
	for (unsigned t = 0; t < 2; t++) {
		begin(types[t], 0);
		for (unsigned hops = 0; hops < 256; hops++)
			assert_int_equal(parse(peer, host, (uint8_t)hops, &v),
					 hops == 255 ? 0 : NSK_DROP_ND_MALFORMED);
	}
}

static void test_rfc4861_7_1_code_must_be_0(void **state)
{
	(void)state;
	for (unsigned t = 0; t < 2; t++) {
		for (unsigned code = 1; code < 256; code++) {
			begin(types[t], 0);
			p[1] = (uint8_t)code;
			assert_bad(peer, host);
		}
	}
}

static void test_rfc4861_7_1_length_must_be_24_or_more(void **state)
{
	(void)state;
	for (unsigned t = 0; t < 2; t++) {
		begin(types[t], 0);
		for (len = 1; len < ND_NEIGH_LEN; len++)
			assert_bad(peer, host);
		assert_ok(peer, host);
	}
}

static void test_rfc4861_7_1_the_target_must_not_be_a_group(void **state)
{
	(void)state;
	for (unsigned t = 0; t < 2; t++) {
		begin(types[t], 0);
		memcpy(p + 8, group, 16);
		assert_bad(peer, host);
		memcpy(p + 8, any, 16); /* nor nobody */
		assert_bad(peer, host);
	}
}

static void test_rfc4861_7_1_every_option_must_have_a_length(void **state)
{
	(void)state;
	for (unsigned t = 0; t < 2; t++) {
		for (unsigned type = 0; type < 256; type++) {
			begin(types[t], 0);
			option(14, 1);
			option((uint8_t)type, 2);
			assert_ok(peer, host);
			p[len - 16 + 1] = 0;
			assert_bad(peer, host);
			p[len - 16 + 1] = 3; /* past the end */
			assert_bad(peer, host);
		}
	}
}

static void test_options_are_cut_off_nowhere(void **state)
{
	size_t whole;

	(void)state;
	begin(ICMP6_NEIGH_ADVERT, 0);
	option(ND_OPT_TARGET_LLADDR, 1);
	option(14, 2);
	whole = len;
	for (len = ND_NEIGH_LEN; len <= whole; len++) {
		if (len == ND_NEIGH_LEN || len == ND_NEIGH_MAX || len == whole)
			assert_ok(peer, host);
		else
			assert_bad(peer, host);
	}
}

static void test_rfc4861_7_1_1_from_nobody_to_a_solicited_node_group_alone(void **state)
{
	(void)state;
	begin(ICMP6_NEIGH_SOLICIT, 0);
	assert_ok(any, group);
	assert_bad(any, host);
	assert_bad(any, all_nodes);
	begin(ICMP6_NEIGH_ADVERT, 0); /* says nothing of that */
	assert_ok(any, all_nodes);
}

static void test_rfc4861_7_1_1_from_nobody_without_a_link_address(void **state)
{
	(void)state;
	for (uint8_t units = 1; units < 4; units++) {
		begin(ICMP6_NEIGH_SOLICIT, 0);
		option(ND_OPT_SOURCE_LLADDR, units);
		assert_ok(peer, group);
		assert_bad(any, group);
	}
	begin(ICMP6_NEIGH_SOLICIT, 0);
	option(14, 1); /* a nonce (RFC 3971): who looks for itself (RFC 7527) */
	assert_ok(any, group);
}

static void test_rfc4861_7_1_2_what_is_for_all_was_not_solicited(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 256; flags++) {
		begin(ICMP6_NEIGH_ADVERT, (uint8_t)flags);
		assert_ok(peer, host);
		if (flags & ND_F_SOLICITED)
			assert_bad(peer, all_nodes);
		else
			assert_ok(peer, all_nodes);
	}
}

static void test_rfc4861_4_6_link_addresses_are_those_of_the_own_type_and_of_ethernet(void **state)
{
	struct nd_view v;

	(void)state;
	for (unsigned t = 0; t < 2; t++) {
		for (unsigned type = 0; type < 256; type++) {
			begin(types[t], 0);
			option((uint8_t)type, 1);
			assert_int_equal(parse(peer, host, 255, &v), 0);
			assert_int_equal(v.has_mac, type == t + 1);
		}
		begin(types[t], 0);
		option((uint8_t)(t + 1), 2); /* of another kind of link */
		assert_int_equal(parse(peer, host, 255, &v), 0);
		assert_false(v.has_mac);
		begin(types[t], 0); /* the first one counts */
		option((uint8_t)(t + 1), 1);
		option((uint8_t)(t + 1), 1)[7] = 99;
		assert_int_equal(parse(peer, host, 255, &v), 0);
		assert_memory_equal(v.mac, mac, 6);
	}
}

static void test_a_link_address_is_one_stations(void **state)
{
	(void)state;
	for (unsigned t = 0; t < 2; t++) {
		begin(types[t], 0);
		option((uint8_t)(t + 1), 1)[2] = 3;
		assert_bad(peer, host);
		begin(types[t], 0);
		memset(option((uint8_t)(t + 1), 1) + 2, 0, 6);
		assert_bad(peer, host);
	}
}

static void test_what_is_written_is_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 8);
	for (unsigned i = 0; i < 10000; i++) {
		struct nd_view in = {.type = types[i % 2], .has_mac = rng_below(&r, 2)}, out;
		static const uint8_t zero[6];

		rng_fill(&r, in.target, 16);
		in.target[0] &= 0x3f;
		in.flags = i % 2 ? (uint8_t)(rng_u32(&r) & 0xe0) : 0;
		if (in.has_mac)
			memcpy(in.mac, mac, 6);
		memset(p, 0xee, sizeof(p));
		len = nd_neigh_write(p, &in);
		assert_int_equal(len, in.has_mac ? 32 : 24);
		assert_int_equal(load_be32(p), (uint32_t)in.type << 24);
		assert_int_equal(load_be32(p + 4), (uint32_t)in.flags << 24);
		assert_int_equal(parse(peer, host, 255, &out), 0);
		assert_int_equal(out.type, in.type);
		assert_int_equal(out.flags, in.flags);
		assert_int_equal(out.has_mac, in.has_mac);
		assert_memory_equal(out.target, in.target, 16);
		assert_memory_equal(out.mac, in.has_mac ? mac : zero, 6);
	}
}

static void test_rfc4291_2_7_1_solicited_node_groups(void **state)
{
	uint8_t got[16];

	(void)state;
	nd_solicited_node(got, host);
	assert_memory_equal(got, group, 16);
	assert_true(nd_is_solicited_node(got));
	for (unsigned i = 0; i < 16; i++) {
		got[i] ^= 1;
		assert_int_equal(nd_is_solicited_node(got), i >= 13);
		got[i] ^= 1;
	}
	assert_false(nd_is_solicited_node(all_nodes));
}

static void test_random_bytes_are_never_read_beyond_their_end(void **state)
{
	struct nd_view v;
	unsigned good = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 9);
	for (unsigned i = 0; i < 200000; i++) {
		begin(types[i % 2], (uint8_t)rng_u32(&r));
		len = 8 * rng_below(&r, 16) + (rng_below(&r, 10) ? 0 : rng_below(&r, 8));
		if (len > ND_NEIGH_LEN)
			rng_fill(&r, p + ND_NEIGH_LEN, len - ND_NEIGH_LEN);
		for (size_t at = ND_NEIGH_LEN; at < len; at += 8) {
			p[at] &= 3;
			p[at + 1] &= rng_below(&r, 4) ? 1 : 0xff;
		}
		good += parse(peer, host, 255, &v) == 0;
	}
	assert_true(good > 10000 && good < 190000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_is_decoded),
		cmocka_unit_test(test_rfc4861_7_1_hop_limit_must_be_255),
		cmocka_unit_test(test_rfc4861_7_1_code_must_be_0),
		cmocka_unit_test(test_rfc4861_7_1_length_must_be_24_or_more),
		cmocka_unit_test(test_rfc4861_7_1_the_target_must_not_be_a_group),
		cmocka_unit_test(test_rfc4861_7_1_every_option_must_have_a_length),
		cmocka_unit_test(test_options_are_cut_off_nowhere),
		cmocka_unit_test(test_rfc4861_7_1_1_from_nobody_to_a_solicited_node_group_alone),
		cmocka_unit_test(test_rfc4861_7_1_1_from_nobody_without_a_link_address),
		cmocka_unit_test(test_rfc4861_7_1_2_what_is_for_all_was_not_solicited),
		cmocka_unit_test(
			test_rfc4861_4_6_link_addresses_are_those_of_the_own_type_and_of_ethernet),
		cmocka_unit_test(test_a_link_address_is_one_stations),
		cmocka_unit_test(test_what_is_written_is_read_back),
		cmocka_unit_test(test_rfc4291_2_7_1_solicited_node_groups),
		cmocka_unit_test(test_random_bytes_are_never_read_beyond_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
