/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/arp.c: ARP packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/arp.h"
#include "wire_exact.h"
#include "wire_packets.h"

static const uint8_t *const request = linux_arp_request + ETH_HLEN;

static void test_request_of_linux_is_decoded(void **state)
{
	struct arp_view v = {0};

	(void)state;
	assert_int_equal(arp_parse(request, ARP_LEN, &v), 0);
	assert_int_equal(v.op, ARP_OP_REQUEST);
	assert_memory_equal(v.sha, "\x02\0\0\0\0\x01", 6);
	assert_int_equal(v.spa, 0xc0000201);
	assert_memory_equal(v.tha, "\0\0\0\0\0\0", 6);
	assert_int_equal(v.tpa, 0xc0000202);
	assert_false(arp_is_probe(&v));
	assert_false(arp_is_announcement(&v));
}

static void test_request_is_written_as_linux_writes_it(void **state)
{
	struct arp_view v = {0};
	uint8_t buf[ARP_LEN];

	(void)state;
	assert_int_equal(arp_parse(request, ARP_LEN, &v), 0);
	arp_write(buf, &v);
	assert_memory_equal(buf, request, ARP_LEN);
}

static void test_every_truncation_is_malformed_and_padding_is_not(void **state)
{
	uint8_t padded[46] = {0};
	struct arp_view v = {0};

	(void)state;
	for (size_t len = 0; len < ARP_LEN; len++)
		assert_int_equal(arp_parse(exact_copy(request, len), len, &v),
				 NSK_DROP_ARP_MALFORMED);
	memcpy(padded, request, ARP_LEN);
	for (size_t len = ARP_LEN; len <= sizeof(padded); len++)
		assert_int_equal(arp_parse(exact_copy(padded, len), len, &v), 0);
}

static void test_any_other_hardware_protocol_or_length_is_malformed(void **state)
{
	struct arp_view v = {0};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t p[ARP_LEN];

			memcpy(p, request, ARP_LEN);
			p[i] ^= (uint8_t)(1u << bit);
			assert_int_equal(arp_parse(p, ARP_LEN, &v), NSK_DROP_ARP_MALFORMED);
		}
	}
}

static void test_only_request_and_reply_are_operations(void **state)
{
	uint8_t p[ARP_LEN];
	struct arp_view v = {0};

	(void)state;
	memcpy(p, request, ARP_LEN);
	for (unsigned op = 0; op <= 0xffff; op++) {
		store_be16(p + 6, (uint16_t)op);
		assert_int_equal(arp_parse(p, ARP_LEN, &v),
				 op == 1 || op == 2 ? NSK_DROP_NONE : NSK_DROP_ARP_MALFORMED);
	}
}

static void test_sender_mac_may_be_neither_group_nor_zero(void **state)
{
	uint8_t p[ARP_LEN];
	struct arp_view v = {0};

	(void)state;
	memcpy(p, request, ARP_LEN);
	p[8] |= 1;
	assert_int_equal(arp_parse(p, ARP_LEN, &v), NSK_DROP_ARP_MALFORMED);
	memset(p + 8, 0xff, 6);
	assert_int_equal(arp_parse(p, ARP_LEN, &v), NSK_DROP_ARP_MALFORMED);
	memset(p + 8, 0, 6);
	assert_int_equal(arp_parse(p, ARP_LEN, &v), NSK_DROP_ARP_MALFORMED);
	p[13] = 1;
	assert_int_equal(arp_parse(p, ARP_LEN, &v), 0);
}

static void test_rfc1122_3_2_1_3_sender_address_is_one_that_a_host_can_have(void **state)
{
	static const struct {
		uint32_t spa;
		enum nsk_drop want;
	} rows[] = {
		{0x00000000, NSK_DROP_NONE}, /* a probe */
		{0x0a000001, NSK_DROP_NONE},	      {0x7effffff, NSK_DROP_NONE},
		{0x7f000000, NSK_DROP_ARP_MALFORMED}, {0x7f000001, NSK_DROP_ARP_MALFORMED},
		{0x7fffffff, NSK_DROP_ARP_MALFORMED}, {0x80000000, NSK_DROP_NONE},
		{0xa9fe0001, NSK_DROP_NONE}, /* RFC 3927 link-local */
		{0xdfffffff, NSK_DROP_NONE},	      {0xe0000000, NSK_DROP_ARP_MALFORMED},
		{0xefffffff, NSK_DROP_ARP_MALFORMED}, {0xf0000000, NSK_DROP_ARP_MALFORMED},
		{0xffffffff, NSK_DROP_ARP_MALFORMED},
	};
	uint8_t p[ARP_LEN];
	struct arp_view v = {0};

	(void)state;
	memcpy(p, request, ARP_LEN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		store_be32(p + 14, rows[i].spa);
		assert_int_equal(arp_parse(p, ARP_LEN, &v), rows[i].want);
	}
}

static void test_rfc5227_probe_and_announcement_are_told_apart(void **state)
{
	struct arp_view probe = {.op = ARP_OP_REQUEST, .spa = 0, .tpa = 0xc0000202};
	struct arp_view announce = {.op = ARP_OP_REQUEST, .spa = 0xc0000202, .tpa = 0xc0000202};
	struct arp_view odd = {.op = ARP_OP_REPLY, .spa = 0, .tpa = 0};

	(void)state;
	assert_true(arp_is_probe(&probe));
	assert_false(arp_is_announcement(&probe));
	assert_true(arp_is_announcement(&announce));
	assert_false(arp_is_probe(&announce));
	announce.op = ARP_OP_REPLY;
	assert_true(arp_is_announcement(&announce));
	assert_false(arp_is_probe(&odd));
	assert_false(arp_is_announcement(&odd));
}

static void test_what_is_written_is_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 2);
	for (int i = 0; i < 10000; i++) {
		struct arp_view in, out;
		uint8_t buf[ARP_LEN];

		rng_fill(&r, &in, sizeof(in));
		in.op = (uint16_t)rng_range(&r, ARP_OP_REQUEST, ARP_OP_REPLY);
		in.sha[0] = 0x02;
		in.spa = rng_range(&r, 0x80000000, 0xdfffffff);
		arp_write(buf, &in);
		assert_int_equal(arp_parse(exact_copy(buf, ARP_LEN), ARP_LEN, &out), 0);
		assert_int_equal(out.op, in.op);
		assert_int_equal(out.spa, in.spa);
		assert_int_equal(out.tpa, in.tpa);
		assert_memory_equal(out.sha, in.sha, 6);
		assert_memory_equal(out.tha, in.tha, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_of_linux_is_decoded),
		cmocka_unit_test(test_request_is_written_as_linux_writes_it),
		cmocka_unit_test(test_every_truncation_is_malformed_and_padding_is_not),
		cmocka_unit_test(test_any_other_hardware_protocol_or_length_is_malformed),
		cmocka_unit_test(test_only_request_and_reply_are_operations),
		cmocka_unit_test(test_sender_mac_may_be_neither_group_nor_zero),
		cmocka_unit_test(test_rfc1122_3_2_1_3_sender_address_is_one_that_a_host_can_have),
		cmocka_unit_test(test_rfc5227_probe_and_announcement_are_told_apart),
		cmocka_unit_test(test_what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
