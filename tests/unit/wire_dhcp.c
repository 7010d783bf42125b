/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/dhcp.c: what is taken of servers' messages, and what is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sim/dhcp_reply.h"
#include "wire_exact.h"

#define SERVER UINT32_C(0x0a000001)
#define ADDR   UINT32_C(0x0a000005)
#define BAD    NSK_DROP_DHCP_MALFORMED

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
static struct dhcp_reply r;
static struct dhcp_view v;

static void begin(uint8_t type)
{
	reply_begin(&r, type, 0x12345678, mac, ADDR);
	reply_u32(&r, 54, SERVER);
	reply_u32(&r, 51, 3600);
}

static enum nsk_drop parse(void)
{
	memset(&v, 0xee, sizeof(v));
	return dhcp_parse(exact_copy(r.p, r.len), r.len, &v);
}

/* ---- what servers say ------------------------------------------------------------------------ */

static void test_an_answer_is_decoded_rfc2132(void **state)
{
	static const uint8_t mask[4] = {255, 255, 252, 0}, routers[8] = {10, 0, 0, 1, 10, 0, 0, 2},
			     dns[20] = {10, 0,	0,  53, 10, 0,	0, 54, 10, 0,
					0,  55, 10, 0,	0,  56, 1, 2,  3,  4},
			     mtu[2] = {5, 0x78}, id[7] = {1, 2, 0, 0, 0, 0, 1};

	(void)state;
	begin(DHCP_ACK);
	reply_option(&r, 1, 4, mask);
	r.p[r.len++] = 0; /* padding between options */
	reply_option(&r, 3, 8, routers);
	reply_option(&r, 6, 20, dns);
	reply_option(&r, 26, 2, mtu);
	reply_u32(&r, 58, 1000);
	reply_u32(&r, 59, 3000);
	reply_option(&r, 61, 7, id);
	reply_option(&r, 200, 3, "abc"); /* passed over */
	reply_end(&r);
	assert_int_equal(parse(), 0);
	assert_int_equal(v.type, DHCP_ACK);
	assert_int_equal(v.xid, 0x12345678);
	assert_memory_equal(v.mac, mac, 6);
	assert_int_equal(v.addr, ADDR);
	assert_int_equal(v.server, SERVER);
	assert_int_equal(v.lease_s, 3600);
	assert_int_equal(v.t1_s, 1000);
	assert_int_equal(v.t2_s, 3000);
	assert_int_equal(v.prefix_len, 22);
	assert_int_equal(v.mtu, 1400);
	assert_int_equal(v.nroutes, 1);
	assert_int_equal(v.route[0].len, 0);
	assert_int_equal(v.route[0].gateway, 0x0a000001);
	assert_int_equal(v.ndns, DHCP_DNS_MAX);
	assert_int_equal(v.dns[0], 0x0a000035);
	assert_true(v.has_client_id);
	assert_memory_equal(v.client_id, id, 7);
	assert_string_equal(v.text, "");
}

static void test_a_refusal_says_why(void **state)
{
	(void)state;
	reply_begin(&r, DHCP_NAK, 1, mac, 0);
	reply_u32(&r, 54, SERVER);
	reply_option(&r, 56, 8, "no\x1b[31m\n");
	reply_end(&r);
	assert_int_equal(parse(), 0);
	assert_int_equal(v.type, DHCP_NAK);
	assert_string_equal(v.text, "no?[31m?");
}

/* RFC 3442: the examples of its section on the option, a host, and the way that is on-link. */
static void test_classless_routes_rfc3442(void **state)
{
	static const uint8_t routes[] = {0,  10, 0,   0,   1,		    /* default */
					 8,  10, 10,  0,   0,  2,	    /* 10/8 */
					 17, 10, 229, 255, 10, 0, 0, 3,	    /* 10.229.128/17 */
					 32, 10, 198, 122, 47, 0, 0, 0, 0}; /* on-link */
	static const uint8_t router[4] = {10, 0, 0, 9};

	(void)state;
	begin(DHCP_OFFER);
	reply_option(&r, 3, 4, router); /* ignored beside them */
	reply_option(&r, 121, sizeof(routes), routes);
	reply_end(&r);
	assert_int_equal(parse(), 0);
	assert_int_equal(v.nroutes, 4);
	assert_int_equal(v.route[0].gateway, 0x0a000001);
	assert_int_equal(v.route[1].dst, 0x0a000000);
	assert_int_equal(v.route[1].len, 8);
	assert_int_equal(v.route[2].dst, 0x0ae58000); /* bits behind the prefix are gone */
	assert_int_equal(v.route[2].len, 17);
	assert_int_equal(v.route[3].dst, 0x0ac67a2f);
	assert_int_equal(v.route[3].gateway, 0);
	for (size_t len = 0; len < sizeof(routes); len++) {
		begin(DHCP_OFFER);
		reply_option(&r, 121, (uint8_t)len, routes);
		reply_end(&r);
		assert_int_equal(parse(), len == 5 || len == 11 || len == 19 ? 0 : BAD);
	}
}

static void test_no_more_routes_than_there_is_room_for(void **state)
{
	uint8_t routes[250];

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		memcpy(routes + 5 * i, (uint8_t[]){0, 10, 0, 0, (uint8_t)i}, 5);
	begin(DHCP_ACK);
	reply_option(&r, 121, 250, routes);
	reply_option(&r, 121, 250, routes); /* RFC 3396: one long option */
	reply_end(&r);
	assert_int_equal(parse(), 0);
	assert_int_equal(v.nroutes, DHCP_ROUTES_MAX);
}

/* An option may be cut anywhere, and go on in fields that are not needed. */
static void test_options_in_pieces_rfc3396_rfc2131_4_1(void **state)
{
	static const uint8_t route[] = {16, 10, 1, 10, 0, 0, 7};
	struct dhcp_reply piece = {.len = 108};

	(void)state;
	for (unsigned cut = 0; cut <= sizeof(route); cut++) {
		begin(DHCP_ACK);
		reply_option(&r, 52, 1, "\3");
		reply_option(&r, 121, (uint8_t)cut, route);
		reply_end(&r);
		piece.len = 108; /* file */
		reply_option(&piece, 121, (uint8_t)(sizeof(route) - cut), route + cut);
		reply_end(&piece);
		memcpy(r.p + 108, piece.p + 108, piece.len - 108);
		piece.len = 44; /* sname */
		reply_u32(&piece, 59, 77);
		reply_end(&piece);
		memcpy(r.p + 44, piece.p + 44, piece.len - 44);
		assert_int_equal(parse(), 0);
		assert_int_equal(v.nroutes, 1);
		assert_int_equal(v.route[0].dst, 0x0a010000);
		assert_int_equal(v.t2_s, 77);
	}
}

static void test_what_is_malformed_rfc2131_2(void **state)
{
	static const struct {
		uint8_t code, len;
		const char *data;
	} rows[] = {
		{1, 3, "\xff\xff\xff"},
		{1, 4, "\xff\x00\xff\x00"},
		{3, 0, ""},
		{3, 5, "\x0a\0\0\1\1"},
		{6, 3, "\x0a\0\0"},
		{6, 0, ""},
		{26, 1, "\5"},
		{26, 4, "\0\0\5\0"},
		{51, 3, "\0\0\1"},
		{53, 1, "\2"},
		{54, 8, "\1\2\3\4\1\2\3\4"},
		{58, 2, "\0\1"},
		{59, 0, ""},
		{121, 0, ""},
		{121, 6, "\41\1\2\3\4\5"},
		{52, 1, "\0"},
		{52, 1, "\4"},
		{52, 2, "\1\1"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(DHCP_ACK);
		reply_option(&r, rows[i].code, rows[i].len, rows[i].data);
		reply_end(&r);
		assert_int_equal(parse(), BAD);
	}
	for (unsigned type = 0; type < 10; type++) { /* servers' alone */
		begin((uint8_t)type);
		reply_end(&r);
		assert_int_equal(parse(), type == DHCP_OFFER || type == DHCP_ACK || type == DHCP_NAK
						  ? 0
						  : BAD);
	}
}

static void test_what_has_to_be_there_rfc2131_4_3_1(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		reply_begin(&r, DHCP_OFFER, 1, mac, i == 0 ? 0 : ADDR);
		if (i != 1)
			reply_u32(&r, 54, SERVER);
		if (i != 2)
			reply_u32(&r, 51, 60);
		reply_end(&r);
		assert_int_equal(parse(), i == 3 ? 0 : BAD);
	}
	/* without an end, or anything behind it */
	r.len--;
	assert_int_equal(parse(), 0);
	reply_end(&r);
	r.len += 300;
	assert_int_equal(parse(), 0);
}

static void test_the_fixed_part_is_judged(void **state)
{
	static const struct {
		unsigned off;
		uint8_t value;
	} rows[] = {{0, 1}, {1, 6}, {2, 16}, {236, 0}, {239, 0}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(DHCP_ACK);
		reply_end(&r);
		r.p[rows[i].off] = rows[i].value;
		assert_int_equal(parse(), BAD);
	}
	begin(DHCP_ACK);
	reply_end(&r);
	r.len = DHCP_MOST + 1;
	assert_int_equal(parse(), BAD);
	begin(DHCP_ACK);
	for (size_t whole = r.len, len = 0; len < whole; len++) {
		r.len = len;
		assert_int_equal(parse(), BAD);
	}
}

static void test_no_garbage_is_read_past_its_end(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5);
	for (unsigned i = 0; i < 50000; i++) {
		begin((uint8_t)(2 + rng_below(&rng, 5)));
		r.len += rng_below(&rng, 200);
		for (size_t k = DHCP_FIXED + 15; k < r.len; k++)
			r.p[k] = (uint8_t)(rng_below(&rng, 3) ? rng_below(&rng, 8) : rng_u32(&rng));
		if (parse() == 0)
			assert_true(v.nroutes <= DHCP_ROUTES_MAX && v.ndns <= DHCP_DNS_MAX &&
				    v.prefix_len <= 32);
	}
}

/* ---- what is sent ---------------------------------------------------------------------------- */

/* The value of an option, NULL: it is not there. */
static const uint8_t *option(const uint8_t *p, size_t len, uint8_t code, uint8_t *n)
{
	for (size_t off = DHCP_FIXED; off < len && p[off] != 255; off += 2u + p[off + 1]) {
		assert_true(off + 2 + p[off + 1] <= len);
		*n = p[off + 1];
		if (p[off] == code)
			return p + off + 2;
	}
	return NULL;
}

static void test_messages_to_servers_rfc2131_2(void **state)
{
	static const struct dhcp_message msgs[] = {
		{.type = DHCP_DISCOVER, .broadcast = true, .secs = 7, .xid = 9},
		{.type = DHCP_REQUEST, .broadcast = true, .asked = ADDR, .server = SERVER},
		{.type = DHCP_REQUEST, .addr = ADDR},
		{.type = DHCP_DECLINE, .asked = ADDR, .server = SERVER},
	};
	uint8_t p[DHCP_SENT_MAX], n;

	(void)state;
	for (unsigned i = 0; i < sizeof(msgs) / sizeof(msgs[0]); i++) {
		struct dhcp_message msg = msgs[i];
		const uint8_t *o;
		size_t len;

		memcpy(msg.mac, mac, 6);
		len = dhcp_write(p, &msg);
		assert_in_range(len, DHCP_LEAST, DHCP_SENT_MAX);
		assert_int_equal(p[0], 1);
		assert_memory_equal(p + 28, mac, 6);
		assert_int_equal(load_be32(p + 4), msg.xid);
		assert_int_equal(load_be16(p + 8), msg.secs);
		assert_int_equal(load_be16(p + 10), msg.broadcast ? 0x8000 : 0);
		assert_int_equal(load_be32(p + 12), msg.addr);
		assert_int_equal(*option(p, len, 53, &n), msg.type);
		o = option(p, len, 61, &n); /* RFC 2132 §9.14 */
		assert_int_equal(n, 7);
		assert_int_equal(o[0], 1);
		assert_memory_equal(o + 1, mac, 6);
		o = option(p, len, 50, &n);
		assert_int_equal(o ? load_be32(o) : 0, msg.asked);
		o = option(p, len, 54, &n);
		assert_int_equal(o ? load_be32(o) : 0, msg.server);
		assert_int_equal(option(p, len, 55, &n) != NULL, i < 3);
		assert_int_equal(option(p, len, 57, &n) != NULL, i < 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_is_decoded_rfc2132),
		cmocka_unit_test(test_a_refusal_says_why),
		cmocka_unit_test(test_classless_routes_rfc3442),
		cmocka_unit_test(test_no_more_routes_than_there_is_room_for),
		cmocka_unit_test(test_options_in_pieces_rfc3396_rfc2131_4_1),
		cmocka_unit_test(test_what_is_malformed_rfc2131_2),
		cmocka_unit_test(test_what_has_to_be_there_rfc2131_4_3_1),
		cmocka_unit_test(test_the_fixed_part_is_judged),
		cmocka_unit_test(test_no_garbage_is_read_past_its_end),
		cmocka_unit_test(test_messages_to_servers_rfc2131_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
