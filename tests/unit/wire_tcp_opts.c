/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/tcp_opts.c: TCP option lists, well formed and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/tcp_opts.h"
#include "wire_exact.h"
#include "wire_packets.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Parse a copy in a buffer of exactly @len bytes, over leftovers of an earlier packet. */
static struct tcp_opts parse(const uint8_t *p, size_t len)
{
	struct tcp_opts o;

	memset(&o, 0xee, sizeof(o));
	tcp_opts_parse(exact_copy(p, len), len, &o);
	return o;
}

static void assert_same(const struct tcp_opts *a, const struct tcp_opts *b)
{
	assert_int_equal(a->present, b->present);
	assert_int_equal(a->malformed, b->malformed);
	assert_int_equal(a->nsack, b->nsack);
	if (a->present & TCP_HAS_MSS)
		assert_int_equal(a->mss, b->mss);
	if (a->present & TCP_HAS_WSCALE)
		assert_int_equal(a->wscale, b->wscale);
	if (a->present & TCP_HAS_TS) {
		assert_int_equal(a->tsval, b->tsval);
		assert_int_equal(a->tsecr, b->tsecr);
	}
	for (unsigned i = 0; i < a->nsack; i++) {
		assert_int_equal(a->sack[i].start, b->sack[i].start);
		assert_int_equal(a->sack[i].end, b->sack[i].end);
	}
}

static void random_opts(struct rng *r, struct tcp_opts *o, uint8_t may)
{
	memset(o, 0, sizeof(*o));
	o->present = (uint8_t)rng_u32(r) & may;
	o->mss = (uint16_t)rng_u32(r);
	o->wscale = (uint8_t)rng_below(r, 15);
	o->tsval = rng_u32(r);
	o->tsecr = rng_u32(r);
	if (o->present & TCP_HAS_SACK)
		o->nsack = (uint8_t)rng_range(r, 1, 4);
	for (unsigned i = 0; i < TCP_SACK_MAX; i++) {
		o->sack[i].start = rng_u32(r);
		o->sack[i].end = rng_u32(r);
	}
}

static void test_no_options_leave_nothing_of_an_earlier_packet(void **state)
{
	struct tcp_opts o = parse(NULL, 0);

	(void)state;
	assert_int_equal(o.present, 0);
	assert_int_equal(o.nsack, 0);
	assert_int_equal(o.wscale, 0);
	assert_false(o.malformed);
}

static void test_options_of_linux_syn_are_decoded_and_written_alike(void **state)
{
	const uint8_t *opts = linux_syn4 + ETH_HLEN + IPV4_HLEN + TCP_HLEN;
	struct tcp_opts o = parse(opts, 20);
	uint8_t buf[TCP_OPTS_SYN_MAX];
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(o.present,
			 TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED | TCP_HAS_TS | TCP_HAS_WSCALE);
	assert_int_equal(o.mss, 1460);
	assert_int_equal(o.tsval, 694156780);
	assert_int_equal(o.tsecr, 0);
	assert_int_equal(o.wscale, 10);
	assert_false(o.malformed);
	assert_int_equal(tcp_opts_write_syn(buf, &o, &sum), 20);
	assert_memory_equal(buf, opts, 20);
}

static void test_rfc7323_appendix_a_layout_takes_the_short_path_and_goes_on(void **state)
{
	static const uint8_t list[] = {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9,
				       1, 1, 5, 10, 0, 0, 1, 0, 0, 0, 2, 0};
	struct tcp_opts o = parse(list, 12);

	(void)state;
	assert_int_equal(o.present, TCP_HAS_TS);
	assert_int_equal(o.tsval, 7);
	assert_int_equal(o.tsecr, 9);
	assert_int_equal(o.nsack, 0);
	o = parse(list, sizeof(list));
	assert_int_equal(o.present, TCP_HAS_TS | TCP_HAS_SACK);
	assert_int_equal(o.tsval, 7);
	assert_int_equal(o.nsack, 1);
	assert_int_equal(o.sack[0].start, 0x100);
	assert_int_equal(o.sack[0].end, 0x200);
	assert_false(o.malformed);
}

static void test_short_path_and_walk_agree_on_any_bytes(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 10);
	for (int i = 0; i < 50000; i++) {
		uint8_t list[TCP_OPTS_MAX];
		size_t len = rng_range(&r, TCP_OPTS_TS_LEN, sizeof(list));
		struct tcp_opts walked = {0}, o;

		for (size_t j = 0; j < sizeof(list); j++)
			list[j] = (uint8_t)rng_below(&r, 12);
		store_be32(list, TCP_OPTS_TS_WORD);
		tcp_opts_walk(exact_copy(list, len), len, &walked);
		o = parse(list, len);
		assert_same(&walked, &o);
	}
}

static void test_rfc7323_2_3_shift_above_14_is_read_as_14(void **state)
{
	(void)state;
	for (unsigned shift = 0; shift < 256; shift++) {
		uint8_t list[] = {3, 3, (uint8_t)shift, 1};
		struct tcp_opts o = parse(list, sizeof(list));

		assert_int_equal(o.present, TCP_HAS_WSCALE);
		assert_int_equal(o.wscale, shift > 14 ? 14 : shift);
		assert_false(o.malformed);
	}
}

static void test_rfc9293_3_7_1_mss_is_told_as_it_is(void **state)
{
	static const uint16_t values[] = {0, 1, 47, 48, 536, 1460, 65535};

	(void)state;
	for (size_t i = 0; i < N(values); i++) {
		uint8_t list[4] = {2, 4};
		struct tcp_opts o;

		store_be16(list + 2, values[i]);
		o = parse(list, sizeof(list));
		assert_int_equal(o.present, TCP_HAS_MSS);
		assert_int_equal(o.mss, values[i]);
	}
}

static void test_rfc2018_3_sack_has_1_to_4_blocks(void **state)
{
	uint8_t list[256];

	(void)state;
	for (unsigned len = 2; len < 256; len++) {
		unsigned n = (len - 2) / 8;
		bool good = (len - 2) % 8 == 0 && n >= 1 && n <= 4;
		struct tcp_opts o;

		memset(list, 0xa5, sizeof(list));
		list[0] = TCP_OPT_SACK;
		list[1] = (uint8_t)len;
		for (unsigned i = 0; good && i < 2 * n; i++)
			store_be32(list + 2 + 4 * (size_t)i, 1000 + i);
		o = parse(list, len);
		assert_int_equal(o.malformed, !good);
		assert_int_equal(o.present, good ? TCP_HAS_SACK : 0);
		assert_int_equal(o.nsack, good ? n : 0);
		for (unsigned i = 0; i < o.nsack; i++) {
			assert_int_equal(o.sack[i].start, 1000 + 2 * i);
			assert_int_equal(o.sack[i].end, 1001 + 2 * i);
		}
	}
}

static void test_rfc9293_must_6_unknown_options_are_skipped_by_their_length(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		if (kind <= 5 || kind == 8 || kind == TCP_OPT_FASTOPEN)
			continue;
		for (unsigned len = 2; len <= 33; len++) {
			uint8_t list[TCP_OPTS_MAX];
			struct tcp_opts o;

			/* The unknown one is full of what would be an option by itself. */
			memset(list, 1, sizeof(list));
			memcpy(list, (uint8_t[]){2, 4, 5, 0xb4}, 4);
			for (unsigned i = 6; i + 1 < 4 + len; i += 2) {
				list[i] = 4;
				list[i + 1] = 2;
			}
			list[4] = (uint8_t)kind;
			list[5] = (uint8_t)len;
			memcpy(list + 37, (uint8_t[]){3, 3, 7}, 3);
			o = parse(list, sizeof(list));
			assert_int_equal(o.present, TCP_HAS_MSS | TCP_HAS_WSCALE);
			assert_int_equal(o.mss, 1460);
			assert_int_equal(o.wscale, 7);
			assert_false(o.malformed);
		}
	}
}

static void test_rfc9293_3_2_nothing_counts_after_the_end_of_the_list(void **state)
{
	static const uint8_t list[] = {2, 4, 5, 0xb4, 0, 3, 3, 7, 8, 0, 0, 0};
	struct tcp_opts o = parse(list, sizeof(list));

	(void)state;
	assert_int_equal(o.present, TCP_HAS_MSS);
	assert_false(o.malformed);
}

static void test_rfc9293_must_64_options_need_no_alignment(void **state)
{
	static const uint8_t opt[] = {8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 5, 0xb4};

	(void)state;
	for (size_t nops = 0; nops <= TCP_OPTS_MAX - sizeof(opt); nops++) {
		uint8_t list[TCP_OPTS_MAX];
		struct tcp_opts o;

		memset(list, TCP_OPT_NOP, sizeof(list));
		memcpy(list + nops, opt, sizeof(opt));
		o = parse(list, nops + sizeof(opt));
		assert_int_equal(o.present, TCP_HAS_TS | TCP_HAS_MSS);
		assert_int_equal(o.tsval, 0x01020304);
		assert_int_equal(o.tsecr, 0x05060708);
		assert_int_equal(o.mss, 1460);
		assert_false(o.malformed);
	}
}

static void test_of_a_repeated_option_the_last_counts(void **state)
{
	static const uint8_t list[] = {2, 4, 0, 1, 2, 4, 0, 2, 3, 3, 1, 3, 3, 2, 1, 1};
	struct tcp_opts o = parse(list, sizeof(list));

	(void)state;
	assert_int_equal(o.mss, 2);
	assert_int_equal(o.wscale, 2);
	assert_false(o.malformed);
}

/*
 * RFC 9293 MUST-7: lists with every wrong length of every kind, between an MSS in front and a
 * window scale behind: MSS (4), kind, length, NOPs, window scale in the last three of 40 bytes.
 */
static void test_rfc9293_must_7_every_wrong_length_of_every_kind(void **state)
{
	unsigned lists = 0;

	(void)state;
	for (unsigned kind = 2; kind < 256; kind++) {
		static const uint8_t right[] = {0, 0, 4, 3, 2, 0, 0, 0, 10};
		bool known = kind <= 5 || kind == 8 || kind == TCP_OPT_FASTOPEN;

		for (unsigned len = 0; len < 256; len++) {
			bool stops = len < 2 || len > 36;
			uint8_t list[TCP_OPTS_MAX];
			struct tcp_opts o;

			if (kind < N(right) && right[kind] && len == right[kind])
				continue;
			if (kind == TCP_OPT_SACK && len > 2 && len <= 34 && len % 8 == 2)
				continue;
			if (kind == TCP_OPT_FASTOPEN && len >= 2 && len <= 36)
				continue; /* wire_tcp_opts_cookie.c */
			if (!known && !stops)
				continue;
			memset(list, TCP_OPT_NOP, sizeof(list));
			memcpy(list, (uint8_t[]){2, 4, 5, 0xb4}, 4);
			list[4] = (uint8_t)kind;
			list[5] = (uint8_t)len;
			memcpy(list + 37, (uint8_t[]){3, 3, 7}, 3);
			o = parse(list, sizeof(list));
			assert_true(o.malformed);
			assert_true(o.present & TCP_HAS_MSS);
			assert_int_equal(o.mss, 1460);
			assert_int_equal(o.present & TCP_HAS_WSCALE,
					 len >= 2 && len <= 33 ? TCP_HAS_WSCALE : 0);
			assert_int_equal(o.present & (TCP_HAS_TS | TCP_HAS_SACK |
						      TCP_HAS_SACK_PERMITTED | TCP_HAS_FASTOPEN),
					 0);
			lists++;
		}
	}
	assert_true(lists >= 130);
}

/* Lists as they have been used against stacks, each with what is left of it. */
static void test_malformed_lists_keep_what_came_before(void **state)
{
	static const struct {
		uint8_t list[TCP_OPTS_MAX];
		size_t len;
		uint8_t present;
	} rows[] = {
		{{2}, 1, 0},					/* a kind and nothing more */
		{{1, 1, 1, 8}, 4, 0},				/* the same at the end */
		{{2, 0}, 2, 0},					/* stands still (CVE-2020-24337) */
		{{2, 1}, 2, 0},					/* goes back onto its length */
		{{2, 2}, 2, 0},					/* MSS without a value */
		{{2, 3, 5}, 3, 0},				/* half a value */
		{{2, 5, 5, 0xb4, 0}, 5, 0},			/* too much of it */
		{{2, 4, 5}, 3, 0},				/* cut */
		{{2, 255, 5, 0xb4}, 4, 0},			/* far past the end */
		{{3, 2, 1, 1}, 4, 0},				/* window scale without a shift */
		{{3, 4, 7, 7}, 4, 0},				/* two shifts */
		{{4, 3, 0, 1}, 4, 0},				/* SACK permitted with a value */
		{{4, 0, 4, 2}, 4, 0},				/* what follows is not reached */
		{{5, 2, 1, 1}, 4, 0},				/* no blocks */
		{{5, 6, 0, 0, 0, 1, 1, 1}, 8, 0},		/* half a block */
		{{5, 10, 0, 0, 0, 1, 0, 0, 0}, 9, 0},		/* block cut by a byte */
		{{8, 2, 1, 1}, 4, 0},				/* timestamps without values */
		{{8, 9, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1}, 12, 0},	/* one byte less */
		{{1, 1, 8, 11, 0, 0, 0, 1, 0, 0, 0, 1}, 12, 0}, /* nearly the usual layout */
		{{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0}, 11, 0},	/* the usual layout, cut */
		{{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1, 2}, 13, TCP_HAS_TS},
		{{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1, 5, 0, 1, 1}, 16, TCP_HAS_TS},
		{{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 5, 34}, 16, TCP_HAS_TS},
		{{2, 4, 5, 0xb4, 253, 0, 3, 3, 7, 1}, 10, TCP_HAS_MSS},
		{{2, 4, 5, 0xb4, 253, 1, 3, 3, 7, 1}, 10, TCP_HAS_MSS},
		{{2, 4, 5, 0xb4, 253, 7, 3, 3, 7, 1}, 10, TCP_HAS_MSS},
		{{2, 4, 5, 0xb4, 4, 2, 3, 3}, 8, TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED},
		{{34, 1, 2, 4, 5, 0xb4}, 6, 0}, /* bogus Fast Open cookie */
		{{19, 17, 0, 0}, 4, 0},		/* MD5 that does not fit */
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct tcp_opts o = parse(rows[i].list, rows[i].len);

		assert_true(o.malformed);
		assert_int_equal(o.present, rows[i].present);
	}
}

static void test_every_truncation_keeps_the_options_that_are_whole(void **state)
{
	static const struct {
		uint8_t end; /* where an option ends; between two ends the list is cut */
		uint8_t present;
	} rows[] = {
		{0, 0},
		{4, TCP_HAS_MSS},
		{6, TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED},
		{16, TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED | TCP_HAS_TS},
		{17, TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED | TCP_HAS_TS},
		{20, TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED | TCP_HAS_TS | TCP_HAS_WSCALE},
	};
	const uint8_t *opts = linux_syn4 + ETH_HLEN + IPV4_HLEN + TCP_HLEN;
	size_t row = 0;

	(void)state;
	for (size_t len = 0; len <= 20; len++) {
		struct tcp_opts o = parse(opts, len);

		if (row + 1 < N(rows) && len == rows[row + 1].end)
			row++;
		assert_int_equal(o.present, rows[row].present);
		assert_int_equal(o.malformed, len != rows[row].end);
	}
}

/* Appends a random option to @list at @len; @want learns what it means. False if it doesn't fit. */
static bool append_random(struct rng *r, uint8_t *list, size_t *len, struct tcp_opts *want)
{
	static const uint8_t kinds[] = {1, 1, 2, 3, 4, 5, 8, 30, 254};
	uint8_t kind = kinds[rng_below(r, N(kinds))];
	unsigned blocks = rng_range(r, 1, 4);
	uint8_t opt_len = kind == 2 ? 4 : kind == 3 ? 3 : kind == 4 ? 2 : kind == 8 ? 10 : 0;
	uint8_t *p = list + *len;

	if (kind == 5)
		opt_len = (uint8_t)(2 + 8 * blocks);
	if (kind > 8)
		opt_len = (uint8_t)rng_range(r, 2, 20);
	if (kind == 1)
		opt_len = 1;
	if (*len + opt_len > TCP_OPTS_MAX)
		return false;
	*len += opt_len;
	rng_fill(r, p, opt_len);
	p[0] = kind;
	if (kind != 1)
		p[1] = opt_len;
	switch (kind) {
	case 2:
		want->mss = load_be16(p + 2);
		want->present |= TCP_HAS_MSS;
		break;
	case 3:
		want->wscale = p[2] > 14 ? 14 : p[2];
		want->present |= TCP_HAS_WSCALE;
		break;
	case 4:
		want->present |= TCP_HAS_SACK_PERMITTED;
		break;
	case 5:
		want->nsack = (uint8_t)blocks;
		for (unsigned i = 0; i < blocks; i++) {
			want->sack[i].start = load_be32(p + 2 + 8 * (size_t)i);
			want->sack[i].end = load_be32(p + 6 + 8 * (size_t)i);
		}
		want->present |= TCP_HAS_SACK;
		break;
	case 8:
		want->tsval = load_be32(p + 2);
		want->tsecr = load_be32(p + 6);
		want->present |= TCP_HAS_TS;
		break;
	default:
		break;
	}
	return true;
}

static void test_random_lists_mean_what_they_were_made_of(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 11);
	for (int i = 0; i < 50000; i++) {
		uint8_t list[TCP_OPTS_MAX];
		struct tcp_opts want = {0}, o;
		size_t len = 0;

		while (append_random(&r, list, &len, &want))
			;
		o = parse(list, len);
		assert_same(&want, &o);
	}
}

static void test_syn_options_are_laid_out_as_linux_does(void **state)
{
	static const struct {
		uint8_t present;
		uint8_t bytes[20];
		size_t len;
	} rows[] = {
		{0, {0}, 0},
		{TCP_HAS_MSS, {2, 4, 5, 0xb4}, 4},
		{TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED, {2, 4, 5, 0xb4, 1, 1, 4, 2}, 8},
		{TCP_HAS_MSS | TCP_HAS_WSCALE, {2, 4, 5, 0xb4, 1, 3, 3, 7}, 8},
		{TCP_HAS_MSS | TCP_HAS_SACK_PERMITTED | TCP_HAS_WSCALE,
		 {2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7},
		 12},
		{TCP_HAS_MSS | TCP_HAS_TS,
		 {2, 4, 5, 0xb4, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2},
		 16},
		{TCP_HAS_MSS | TCP_HAS_TS | TCP_HAS_SACK_PERMITTED,
		 {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2},
		 16},
		{TCP_HAS_MSS | TCP_HAS_TS | TCP_HAS_WSCALE,
		 {2, 4, 5, 0xb4, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7},
		 20},
		{TCP_HAS_MSS | TCP_HAS_TS | TCP_HAS_SACK_PERMITTED | TCP_HAS_WSCALE,
		 {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7},
		 20},
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct tcp_opts o = {.present = rows[i].present,
				     .mss = 1460,
				     .wscale = 7,
				     .tsval = 1,
				     .tsecr = 2};
		uint64_t sum = 0;
		uint8_t buf[24];

		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(tcp_opts_syn_len(o.present), rows[i].len);
		assert_int_equal(tcp_opts_write_syn(buf, &o, &sum), rows[i].len);
		assert_memory_equal(buf, rows[i].bytes, rows[i].len);
		assert_int_equal(buf[rows[i].len], 0xee);
	}
}

static void test_syn_options_written_are_read_back(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 13);
	for (int i = 0; i < 10000; i++) {
		uint8_t buf[TCP_OPTS_SYN_MAX];
		struct tcp_opts in, out;
		uint64_t sum = 0;
		size_t len;

		random_opts(&r, &in,
			    TCP_HAS_MSS | TCP_HAS_WSCALE | TCP_HAS_SACK_PERMITTED | TCP_HAS_TS);
		len = tcp_opts_write_syn(buf, &in, &sum);
		assert_int_equal(len % 4, 0);
		assert_int_equal(len, tcp_opts_syn_len(in.present));
		assert_int_equal(csum_fold64(sum), csum_words(buf, len / 4));
		out = parse(buf, len);
		assert_same(&in, &out);
	}
}

static void test_rfc2018_3_data_options_carry_as_many_blocks_as_fit(void **state)
{
	static const uint8_t len_of[2][5] = {{0, 12, 20, 28, 36}, {12, 24, 32, 40, 40}};

	(void)state;
	for (unsigned ts = 0; ts < 2; ts++) {
		for (unsigned nsack = 0; nsack <= TCP_SACK_MAX; nsack++) {
			struct tcp_opts in = {.tsval = 5, .tsecr = 6}, out;
			uint8_t buf[TCP_OPTS_MAX];
			size_t len;

			in.present = (uint8_t)((ts ? TCP_HAS_TS : 0) | (nsack ? TCP_HAS_SACK : 0));
			in.nsack = (uint8_t)nsack;
			for (unsigned i = 0; i < nsack; i++)
				in.sack[i] = (struct tcp_sack_block){100 * i, 100 * i + 50};
			len = tcp_opts_write(buf, &in);
			assert_int_equal(len, len_of[ts][nsack]);
			assert_int_equal(len, tcp_opts_len(ts, nsack));
			if (ts && nsack == 4)
				in.nsack = TCP_SACK_MAX_WITH_TS;
			out = parse(buf, len);
			assert_same(&in, &out);
		}
	}
}

static void test_data_options_are_laid_out_as_rfc7323_appendix_a_says(void **state)
{
	static const uint8_t want[] = {1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6,
				       1, 1, 5, 10, 0, 0, 0, 7, 0, 0, 0, 8};
	struct tcp_opts in = {.present = TCP_HAS_TS | TCP_HAS_SACK,
			      .nsack = 1,
			      .tsval = 5,
			      .tsecr = 6,
			      .sack = {{7, 8}}};
	uint8_t buf[TCP_OPTS_MAX];

	(void)state;
	assert_int_equal(tcp_opts_write(buf, &in), sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
	memset(buf, 0, sizeof(buf));
	tcp_opts_write_ts(buf, 5, 6);
	assert_memory_equal(buf, want, TCP_OPTS_TS_LEN);
	assert_int_equal(buf[TCP_OPTS_TS_LEN], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_options_leave_nothing_of_an_earlier_packet),
		cmocka_unit_test(test_options_of_linux_syn_are_decoded_and_written_alike),
		cmocka_unit_test(test_rfc7323_appendix_a_layout_takes_the_short_path_and_goes_on),
		cmocka_unit_test(test_short_path_and_walk_agree_on_any_bytes),
		cmocka_unit_test(test_rfc7323_2_3_shift_above_14_is_read_as_14),
		cmocka_unit_test(test_rfc9293_3_7_1_mss_is_told_as_it_is),
		cmocka_unit_test(test_rfc2018_3_sack_has_1_to_4_blocks),
		cmocka_unit_test(test_rfc9293_must_6_unknown_options_are_skipped_by_their_length),
		cmocka_unit_test(test_rfc9293_3_2_nothing_counts_after_the_end_of_the_list),
		cmocka_unit_test(test_rfc9293_must_64_options_need_no_alignment),
		cmocka_unit_test(test_of_a_repeated_option_the_last_counts),
		cmocka_unit_test(test_rfc9293_must_7_every_wrong_length_of_every_kind),
		cmocka_unit_test(test_malformed_lists_keep_what_came_before),
		cmocka_unit_test(test_every_truncation_keeps_the_options_that_are_whole),
		cmocka_unit_test(test_random_lists_mean_what_they_were_made_of),
		cmocka_unit_test(test_syn_options_are_laid_out_as_linux_does),
		cmocka_unit_test(test_syn_options_written_are_read_back),
		cmocka_unit_test(test_rfc2018_3_data_options_carry_as_many_blocks_as_fit),
		cmocka_unit_test(test_data_options_are_laid_out_as_rfc7323_appendix_a_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
