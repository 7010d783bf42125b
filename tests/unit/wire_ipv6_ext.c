/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/ipv6_ext.c: chains of extension headers of every kind, order and length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/rng.h"
#include "wire/family.h"
#include "wire/ipv6_ext.h"
#include "wire_exact.h"

#define HOP   IPV6_NEXT_HOP_BY_HOP
#define ROUTE IPV6_NEXT_ROUTING
#define FRAG  IPV6_NEXT_FRAGMENT
#define NONE  IPV6_NEXT_NONE
#define DEST  IPV6_NEXT_DESTINATION
#define UDP   IP_PROTO_UDP
#define ANY   253

/* A packet that is being written: each header's number goes where the one before it says. */
static uint8_t p[4096];
static size_t len, number_at;

static void begin(void)
{
	memset(p, 0, sizeof(p));
	p[0] = 0x60;
	memcpy(p + 24, "\x20\x01\x0d\xb8", 4);
	len = IPV6_HLEN;
	number_at = 6;
}

/* A header of a kind, of size bytes behind its first two. */
static uint8_t *add(uint8_t kind, size_t size)
{
	uint8_t *h = p + len;

	p[number_at] = kind;
	number_at = len;
	if (kind != FRAG)
		h[1] = (uint8_t)((size + 2) / 8 - 1);
	if (kind == HOP || kind == DEST) { /* PadN, then options that may be passed over */
		for (size_t i = 2; i < size + 2; i += i == 2 ? 6 : 8) {
			h[i] = i == 2 ? 1 : 0x1e;
			h[i + 1] = i == 2 ? 4 : 6;
		}
	}
	len += size + 2;
	return h;
}

static void end(uint8_t number, size_t payload)
{
	p[number_at] = number;
	len += payload;
}

static enum nsk_drop walk_of(const uint8_t *packet, size_t readable, struct ipv6_chain *c)
{
	struct ipv6_view ip = {.src = packet + 8,
			       .dst = packet + 24,
			       .payload_len = (uint16_t)(len - IPV6_HLEN),
			       .next_header = packet[6],
			       .hop_limit = 64};

	memset(c, 0xee, sizeof(*c));
	return ipv6_walk(packet, readable, &ip, c);
}

static enum nsk_drop walk(struct ipv6_chain *c)
{
	return walk_of(exact_copy(p, len), len, c);
}

static void assert_complaint(const struct ipv6_chain *c, uint8_t code, size_t problem)
{
	assert_true(c->complain);
	assert_int_equal(c->code, code);
	assert_int_equal(c->problem, problem);
}

/* ---- what is passed over --------------------------------------------------------------------- */

static void test_every_number_that_is_no_extension_ends_the_chain(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (unsigned number = 0; number < 256; number++) {
		if (number == HOP || number == ROUTE || number == FRAG || number == DEST)
			continue;
		begin();
		end((uint8_t)number, 8);
		assert_int_equal(walk(&c), 0);
		assert_int_equal(c.proto, number);
		assert_int_equal(c.off, IPV6_HLEN);
		assert_int_equal(c.proto_at, 6);
		assert_false(c.fragment);
		assert_int_equal(c.frag_at, 0);
	}
}

static void test_rfc8200_4_1_headers_in_any_order_are_passed_over(void **state)
{
	static const uint8_t kinds[] = {DEST, ROUTE, FRAG};
	struct ipv6_chain c;

	(void)state;
	for (unsigned i = 0; i < 4 * 4 * 4; i++) {
		size_t last;

		begin();
		add(HOP, 6);
		for (unsigned k = 0, left = i; k < 3; k++, left /= 4)
			if (left % 4 < 3)
				add(kinds[left % 4], 6);
		last = number_at;
		end(UDP, 8);
		assert_int_equal(walk(&c), 0);
		assert_int_equal(c.proto, UDP);
		assert_int_equal(c.off, len - 8);
		assert_int_equal(c.proto_at, last);
		assert_false(c.fragment);
	}
}

static void test_lengths_are_in_units_of_eight_bytes(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (size_t size = 6; size <= 62; size += 8) {
		begin();
		add(DEST, size);
		end(UDP, 0);
		assert_int_equal(walk(&c), 0);
		assert_int_equal(c.off, IPV6_HLEN + size + 2);
	}
	begin(); /* the longest one */
	add(ROUTE, 2046);
	end(UDP, 8);
	assert_int_equal(walk(&c), 0);
	assert_int_equal(c.off, IPV6_HLEN + 2048);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void test_rfc8504_5_3_a_chain_has_eight_headers_at_most(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (unsigned n = 0; n <= IPV6_EXT_MAX + 1; n++) {
		begin();
		for (unsigned i = 0; i < n; i++)
			add(i % 2 ? FRAG : DEST, 6);
		end(UDP, 8);
		assert_int_equal(walk(&c), n > IPV6_EXT_MAX ? NSK_DROP_IP6_EXTENSIONS : 0);
		if (n > IPV6_EXT_MAX)
			assert_false(c.complain);
	}
}

static void test_rfc8504_5_3_a_header_has_eight_options_at_most(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (unsigned n = 1; n <= IPV6_OPTS_MAX + 1; n++) {
		uint8_t *h;

		begin();
		h = add(DEST, 38);
		memset(h + 2, 0, 38);
		for (unsigned i = 0; i < n; i++) { /* 2 bytes each, and the last the rest */
			h[2 + 2 * i] = 0x1e;
			h[3 + 2 * i] = (uint8_t)(i + 1 < n ? 0 : 38 - 2 * n);
		}
		end(UDP, 8);
		assert_int_equal(walk(&c), n > IPV6_OPTS_MAX ? NSK_DROP_IP6_EXTENSIONS : 0);
	}
}

static void test_rfc8504_5_3_padding_is_as_long_as_aligning_needs_at_most(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (unsigned n = 1; n <= 12; n++) {
		for (unsigned ones = 0; ones < 2; ones++) { /* Pad1 only, and PadN */
			uint8_t *h;

			begin();
			h = add(HOP, 14);
			memset(h + 2, 0, 14);
			if (!ones && n >= 2) {
				h[2] = 1;
				h[3] = (uint8_t)(n - 2);
			}
			h[2 + n] = 0x1e;
			h[3 + n] = (uint8_t)(12 - n);
			end(UDP, 0);
			assert_int_equal(walk(&c), n > IPV6_PAD_MAX ? NSK_DROP_IP6_EXTENSIONS : 0);
		}
	}
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static void test_rfc8200_4_2_the_action_bits_of_an_option_decide(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		for (unsigned type = 2; type < 256; type++) {
			for (unsigned group = 0; group < 2; group++) {
				unsigned action = type >> 6;
				bool told = action == 2 || (action == 3 && !group);

				begin();
				p[24] = group ? 0xff : 0x20;
				add(kind ? HOP : DEST, 6)[2] = (uint8_t)type;
				end(UDP, 8);
				assert_int_equal(walk(&c), action ? NSK_DROP_IP6_EXTENSIONS : 0);
				assert_int_equal(c.complain, told);
				if (told)
					assert_complaint(&c, 2, IPV6_HLEN + 2);
			}
		}
	}
}

static void test_an_option_in_the_third_header_is_pointed_at(void **state)
{
	struct ipv6_chain c;

	(void)state;
	begin();
	add(HOP, 6);
	add(ROUTE, 14);
	add(DEST, 14)[8] = 0x9e;
	end(UDP, 8);
	assert_int_equal(walk(&c), NSK_DROP_IP6_EXTENSIONS);
	assert_complaint(&c, 2, 40 + 8 + 16 + 8);
}

static void test_options_that_leave_their_header_are_refused_silently(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (unsigned size = 0; size < 256; size++) {
		begin();
		add(DEST, 6)[3] = (uint8_t)size;
		end(UDP, 600);
		/* 4 fills it; less leaves 4 - size bytes of zeros: Pad1. */
		assert_int_equal(walk(&c), size > 4 ? NSK_DROP_IP6_EXTENSIONS : 0);
		assert_false(c.complain);
	}
	begin();
	add(DEST, 6)[3] = 3; /* and a type without a length at the very end */
	p[len - 1] = 0x1e;
	end(UDP, 8);
	assert_int_equal(walk(&c), NSK_DROP_IP6_EXTENSIONS);
	assert_false(c.complain);
}

static void test_rfc8200_4_4_a_route_with_segments_left_is_refused(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		for (unsigned left = 0; left < 256; left += 51) {
			uint8_t *h;

			begin();
			add(DEST, 6);
			h = add(ROUTE, 22);
			h[2] = (uint8_t)type;
			h[3] = (uint8_t)left;
			end(UDP, 8);
			assert_int_equal(walk(&c), left ? NSK_DROP_IP6_EXTENSIONS : 0);
			if (left)
				assert_complaint(&c, 0, 40 + 8 + 2);
		}
	}
}

static void test_rfc8200_4_hop_by_hop_options_stand_first_or_are_unknown(void **state)
{
	static const uint8_t before[] = {HOP, DEST, ROUTE, FRAG};
	struct ipv6_chain c;

	(void)state;
	for (size_t i = 0; i < sizeof(before); i++) {
		begin();
		add(before[i], 6);
		add(HOP, 6);
		end(UDP, 8);
		assert_int_equal(walk(&c), NSK_DROP_IP6_EXTENSIONS);
		assert_complaint(&c, 1, IPV6_HLEN);
	}
}

/* ---- fragments ------------------------------------------------------------------------------- */

static void test_rfc8200_4_5_a_fragment_ends_the_walk(void **state)
{
	struct ipv6_chain c;
	uint8_t *h;

	(void)state;
	for (unsigned field = 0; field < 65536; field += 1) {
		begin();
		add(DEST, 6);
		h = add(FRAG, 6);
		store_be16(h + 2, (uint16_t)field);
		store_be32(h + 4, 0xdeadbeef);
		end(DEST, 8);
		memset(p + len - 8, 0xff, 8); /* no header that would be passed over */
		if (!(field & 0xfff9))	      /* RFC 6946: a fragment that is all */
			continue;
		assert_int_equal(walk(&c), 0);
		assert_true(c.fragment);
		assert_int_equal(c.more, field & 1);
		assert_int_equal(c.frag_off, field & 0xfff8);
		assert_int_equal(c.frag_id, 0xdeadbeef);
		assert_int_equal(c.frag_at, 48);
		assert_int_equal(c.named_at, 40);
		assert_int_equal(c.proto, DEST);
		assert_int_equal(c.proto_at, 48);
		assert_int_equal(c.off, 56);
	}
}

static void test_rfc6946_a_fragment_that_is_all_is_passed_over(void **state)
{
	struct ipv6_chain c;

	(void)state;
	for (unsigned reserved = 0; reserved < 8; reserved += 2) {
		begin();
		add(FRAG, 6)[3] = (uint8_t)reserved;
		add(DEST, 6);
		end(UDP, 8);
		assert_int_equal(walk(&c), 0);
		assert_false(c.fragment);
		assert_int_equal(c.proto, UDP);
		assert_int_equal(c.off, 56);
		assert_int_equal(c.frag_at, 40);
	}
}

/* ---- bytes that are not there ---------------------------------------------------------------- */

static void long_chain(void)
{
	begin();
	add(HOP, 6);
	add(DEST, 14);
	add(ROUTE, 22);
	add(FRAG, 6)[3] = 1;
	end(UDP, 8);
}

static void test_a_chain_that_leaves_the_packet_is_refused_at_every_length(void **state)
{
	struct ipv6_chain c;
	size_t whole;

	(void)state;
	long_chain();
	whole = len;
	for (len = IPV6_HLEN; len < whole - 8; len++) {
		assert_int_equal(walk(&c), NSK_DROP_IP6_EXTENSIONS);
		assert_false(c.complain);
	}
	for (; len <= whole; len++) {
		assert_int_equal(walk(&c), 0);
		assert_int_equal(c.off, whole - 8);
	}
}

static void test_a_chain_that_goes_on_in_another_buffer_is_told_from_that(void **state)
{
	struct ipv6_chain c;

	(void)state;
	long_chain();
	for (size_t readable = IPV6_HLEN; readable <= len; readable++)
		assert_int_equal(walk_of(exact_copy(p, readable), readable, &c),
				 readable < len - 8 ? NSK_DROP_IP_SPLIT_HEADERS : 0);
}

static void test_random_bytes_are_never_read_beyond_their_end(void **state)
{
	static const uint8_t kinds[] = {HOP, ROUTE, FRAG, DEST, DEST, UDP};
	unsigned good = 0, refused = 0, split = 0;
	struct ipv6_chain c;
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (unsigned i = 0; i < 300000; i++) {
		size_t readable;

		begin();
		len = IPV6_HLEN + rng_below(&r, 160);
		rng_fill(&r, p + IPV6_HLEN, len - IPV6_HLEN);
		p[6] = kinds[rng_below(&r, sizeof(kinds))];
		p[24] = (uint8_t)rng_u32(&r);
		for (size_t at = IPV6_HLEN; at + 8 <= len; at += 8) {
			p[at] = rng_chance(&r, 700000) ? kinds[rng_below(&r, sizeof(kinds))]
						       : p[at];
			p[at + 1] &= rng_chance(&r, 900000) ? 1 : 0xff;
			p[at + 2] &= rng_chance(&r, 800000) ? 1 : 0xff;
			p[at + 3] &= rng_chance(&r, 500000) ? 4 : 0xff;
		}
		readable = rng_range(&r, IPV6_HLEN, (uint32_t)len);
		switch (walk_of(exact_copy(p, readable), readable, &c)) {
		case NSK_DROP_NONE:
			good++;
			assert_in_range(c.off, IPV6_HLEN, readable);
			assert_in_range(c.proto_at, 6, c.off);
			assert_int_equal(p[c.proto_at], c.proto);
			break;
		case NSK_DROP_IP6_EXTENSIONS:
			refused++;
			if (c.complain)
				assert_in_range(c.problem, 6, readable - 1);
			break;
		case NSK_DROP_IP_SPLIT_HEADERS:
			split++;
			assert_true(readable < len);
			break;
		default:
			fail();
		}
	}
	assert_true(good > 10000 && refused > 10000 && split > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_number_that_is_no_extension_ends_the_chain),
		cmocka_unit_test(test_rfc8200_4_1_headers_in_any_order_are_passed_over),
		cmocka_unit_test(test_lengths_are_in_units_of_eight_bytes),
		cmocka_unit_test(test_rfc8504_5_3_a_chain_has_eight_headers_at_most),
		cmocka_unit_test(test_rfc8504_5_3_a_header_has_eight_options_at_most),
		cmocka_unit_test(test_rfc8504_5_3_padding_is_as_long_as_aligning_needs_at_most),
		cmocka_unit_test(test_rfc8200_4_2_the_action_bits_of_an_option_decide),
		cmocka_unit_test(test_an_option_in_the_third_header_is_pointed_at),
		cmocka_unit_test(test_options_that_leave_their_header_are_refused_silently),
		cmocka_unit_test(test_rfc8200_4_4_a_route_with_segments_left_is_refused),
		cmocka_unit_test(test_rfc8200_4_hop_by_hop_options_stand_first_or_are_unknown),
		cmocka_unit_test(test_rfc8200_4_5_a_fragment_ends_the_walk),
		cmocka_unit_test(test_rfc6946_a_fragment_that_is_all_is_passed_over),
		cmocka_unit_test(test_a_chain_that_leaves_the_packet_is_refused_at_every_length),
		cmocka_unit_test(test_a_chain_that_goes_on_in_another_buffer_is_told_from_that),
		cmocka_unit_test(test_random_bytes_are_never_read_beyond_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
