/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/groupmsg.c: what is a query of which version, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/groupmsg.h"
#include "wire_exact.h"

static const uint8_t group4[4] = {239, 1, 2, 3};
static const uint8_t host4[4] = {10, 0, 0, 1};
static const uint8_t group6[16] = {0xff, 0x15, [15] = 3};
static const uint8_t host6[16] = {0xfe, 0x80, [15] = 1};

static uint8_t p[1024];
static struct groupmsg_query q;

static enum nsk_drop igmp(size_t len)
{
	memset(&q, 0xee, sizeof(q));
	return igmp_query_parse(exact_copy(p, len), len, &q);
}

static enum nsk_drop mld(size_t len)
{
	memset(&q, 0xee, sizeof(q));
	return mld_query_parse(exact_copy(p, len), len, &q);
}

/* ---- IGMP ------------------------------------------------------------------------------------ */

static void begin4(uint8_t code, const uint8_t *group)
{
	memset(p, 0, sizeof(p));
	p[0] = IGMP_QUERY;
	p[1] = code;
	if (group)
		memcpy(p + 4, group, 4);
}

static void test_length_and_code_tell_the_version_rfc3376_7_1(void **state)
{
	(void)state;
	begin4(0, group4);
	for (size_t len = 0; len < 16; len++) {
		uint8_t version = len == 8 ? 1 : len >= 12 ? 3 : 0;

		assert_int_equal(igmp(len), version ? 0 : NSK_DROP_GROUP_MALFORMED);
		if (version)
			assert_int_equal(q.version, version);
	}
	assert_int_equal(igmp(8), 0);
	assert_true(q.general); /* version 1 has no group in a query */
	assert_int_equal(q.max_resp_ms, 10000);
	p[1] = 1;
	assert_int_equal(igmp(8), 0);
	assert_int_equal(q.version, 2);
	assert_int_equal(q.max_resp_ms, 100);
	assert_false(q.general);
	assert_memory_equal(q.group, group4, 4);
	p[1] = 255;
	assert_int_equal(igmp(8), 0);
	assert_int_equal(q.max_resp_ms, 25500);
}

/* By hand: 0x80 is 16 << 3, 0x8f 31 << 3, 0xff 31 << 10. */
static void test_codes_with_a_mantissa_rfc3376_4_1_1_4_1_7(void **state)
{
	static const struct {
		uint8_t code;
		uint32_t value;
	} rows[] = {{0, 0}, {127, 127}, {0x80, 128}, {0x8f, 248}, {0x90, 256}, {0xff, 31744}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin4(rows[i].code, NULL);
		p[8] = 0xf8 | 5; /* reserved bits and the flag of routers count for nothing */
		p[9] = rows[i].code;
		assert_int_equal(igmp(12), 0);
		assert_int_equal(q.max_resp_ms, rows[i].value * 100);
		assert_int_equal(q.interval_s, rows[i].value);
		assert_int_equal(q.robustness, 5);
	}
}

static void test_senders_must_be_there_rfc3376_4_1_8(void **state)
{
	(void)state;
	begin4(10, group4);
	store_be16(p + 10, 2);
	for (size_t len = 12; len < 24; len++)
		assert_int_equal(igmp(len), len < 20 ? NSK_DROP_GROUP_MALFORMED : 0);
	assert_int_equal(q.nsources, 2);
	store_be16(p + 10, 0xffff);
	assert_int_equal(igmp(sizeof(p)), NSK_DROP_GROUP_MALFORMED);
	begin4(10, NULL);
	store_be16(p + 10, 1);
	assert_int_equal(igmp(16), NSK_DROP_GROUP_MALFORMED); /* of which group? */
	begin4(10, host4);
	assert_int_equal(igmp(12), NSK_DROP_GROUP_MALFORMED);
}

/* ---- MLD ------------------------------------------------------------------------------------- */

static void begin6(uint16_t code, const uint8_t *group)
{
	memset(p, 0, sizeof(p));
	p[0] = MLD_QUERY;
	store_be16(p + 4, code);
	if (group)
		memcpy(p + 8, group, 16);
}

static void test_length_tells_the_version_rfc3810_8_1(void **state)
{
	(void)state;
	begin6(0xffff, group6);
	for (size_t len = 0; len < 40; len++) {
		uint8_t version = len == 24 ? 1 : len >= 28 ? 2 : 0;

		assert_int_equal(mld(len), version ? 0 : NSK_DROP_GROUP_MALFORMED);
		if (!version)
			continue;
		assert_int_equal(q.version, version);
		assert_memory_equal(q.group, group6, 16);
		/* A number of version 1 is itself; of version 2 (0xfff | 0x1000) << 10. */
		assert_int_equal(q.max_resp_ms, version == 1 ? 65535 : 8387584);
	}
	begin6(0x8000, NULL);
	assert_int_equal(mld(28), 0);
	assert_int_equal(q.max_resp_ms, 32768);
	assert_true(q.general);
	begin6(10, host6);
	assert_int_equal(mld(24), NSK_DROP_GROUP_MALFORMED);
	begin6(10, group6);
	store_be16(p + 26, 3);
	for (size_t len = 28; len < 100; len++)
		assert_int_equal(mld(len), len < 76 ? NSK_DROP_GROUP_MALFORMED : 0);
}

static void test_router_alert_is_found_among_options_rfc2711(void **state)
{
	static const struct {
		uint8_t options[16];
		size_t len;
		bool alert;
	} rows[] = {
		{{58, 0, 5, 2, 0, 0, 1, 0}, 8, true},
		{{58, 0, 1, 0, 5, 2, 0, 0}, 8, true},
		{{58, 0, 0, 5, 2, 0, 0, 0}, 8, true},
		{{58, 1, 0x1e, 2, 9, 9, 0, 0, 5, 2, 0, 0, 1, 2}, 16, true},
		{{58, 0, 5, 2, 0, 1, 1, 0}, 8, false}, /* RSVP's */
		{{58, 0, 5, 1, 0, 1, 1, 0}, 8, false},
		{{58, 0, 1, 4, 0, 0, 0, 0}, 8, false},
		{{58, 0, 1, 5, 0, 0, 0, 0}, 8, false}, /* past the end */
		{{58, 0, 0, 0, 0, 0, 5, 2}, 8, false},
		{{58, 1, 5, 2, 0, 0, 1, 0}, 8, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(p, 0, sizeof(p));
		memcpy(p + 40, rows[i].options, sizeof(rows[i].options));
		assert_int_equal(mld_is_alerted(exact_copy(p, 40 + rows[i].len), 40 + rows[i].len),
				 rows[i].alert);
	}
	p[6] = 60; /* destination options are not for routers */
	memcpy(p + 40, rows[0].options, 8);
	assert_false(mld_is_alerted(p, 48));
	p[6] = 0;
	for (size_t len = 0; len < 48; len++)
		assert_false(mld_is_alerted(exact_copy(p, len), len));
	assert_true(mld_is_alerted(p, 48));
}

/* ---- writing --------------------------------------------------------------------------------- */

static void test_messages_byte_by_byte(void **state)
{
	static const uint8_t leave[] = {0x17, 0, 0, 0, 239, 1, 2, 3};
	static const uint8_t report[] = {0x22, 0, 0, 0, 0,   0, 0, 2, 4,  0, 0, 0, 239, 1, 2, 3,
					 5,    0, 0, 2, 239, 1, 2, 3, 10, 0, 0, 1, 10,	0, 0, 1};
	struct groupmsg_report r;

	(void)state;
	assert_int_equal(igmp_old_write(p, IGMP_V2_LEAVE, group4), 8);
	assert_memory_equal(p, leave, 8);
	assert_int_equal(mld_old_write(p, MLD_V1_DONE, group6), 24);
	assert_int_equal(p[0], 132);
	assert_memory_equal(p + 8, group6, 16);
	assert_ptr_equal(mld_report_group(p, 24), p + 8);
	assert_null(mld_report_group(p, 23));
	groupmsg_begin(&r, IGMP_V3_REPORT, 4, p, sizeof(report));
	assert_true(groupmsg_record(&r, GROUPMSG_TO_EX, group4, 0));
	assert_true(groupmsg_record(&r, GROUPMSG_ALLOW, group4, 1));
	assert_true(groupmsg_source(&r, host4));
	assert_true(groupmsg_source(&r, host4));
	assert_false(groupmsg_source(&r, host4));
	assert_false(groupmsg_record(&r, GROUPMSG_BLOCK, group4, 0));
	assert_int_equal(r.len, sizeof(report));
	assert_memory_equal(p, report, sizeof(report));
}

static void test_a_record_begins_where_its_first_sender_fits(void **state)
{
	struct groupmsg_report r;

	(void)state;
	for (size_t room = 8; room < 60; room++) {
		groupmsg_begin(&r, MLD_V2_REPORT, 16, p, room);
		assert_int_equal(groupmsg_record(&r, GROUPMSG_IS_IN, group6, 1), room >= 44);
		groupmsg_begin(&r, MLD_V2_REPORT, 16, p, room);
		assert_int_equal(groupmsg_record(&r, GROUPMSG_IS_EX, group6, 0), room >= 28);
	}
}

static void test_headers_have_a_router_alert_and_one_hop(void **state)
{
	struct ipv4_view v4;
	struct ipv6_view v6;

	(void)state;
	igmp_ip_write(p, host4, group4, 8);
	assert_int_equal(ipv4_parse(p, 32, 32, 0, &v4), 0);
	assert_int_equal(v4.hdr_len, 24);
	assert_int_equal(v4.total_len, 32);
	assert_int_equal(v4.ttl, 1);
	assert_int_equal(v4.proto, 2);
	assert_int_equal(v4.tos, 0xc0);
	assert_int_equal(load_be32(p + 20), 0x94040000);
	mld_ip_write(p, host6, group6, 24);
	assert_int_equal(ipv6_parse(p, 72, 72, &v6), 0);
	assert_int_equal(v6.payload_len, 32);
	assert_int_equal(v6.hop_limit, 1);
	assert_true(mld_is_alerted(p, 48));
	assert_int_equal(p[40], 58);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length_and_code_tell_the_version_rfc3376_7_1),
		cmocka_unit_test(test_codes_with_a_mantissa_rfc3376_4_1_1_4_1_7),
		cmocka_unit_test(test_senders_must_be_there_rfc3376_4_1_8),
		cmocka_unit_test(test_length_tells_the_version_rfc3810_8_1),
		cmocka_unit_test(test_router_alert_is_found_among_options_rfc2711),
		cmocka_unit_test(test_messages_byte_by_byte),
		cmocka_unit_test(test_a_record_begins_where_its_first_sender_fits),
		cmocka_unit_test(test_headers_have_a_router_alert_and_one_hop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
