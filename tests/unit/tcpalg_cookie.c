/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/cookie.c: what comes back, for how long, and that nothing else does. */
#include "tcpalg/cookie.h"
#include "tcpalg/seq.h"
#include "tcpalg_test.h"

#define SECOND UINT64_C(1000000000)
#define START  (UINT64_C(1000) * 64 * SECOND) /* where an epoch begins */

static const struct siphash_key key = {0x0123456789abcdef, 0xfedcba9876543210};

/* Connection number n: addresses and ports as an IPv4 key would hold them. */
struct peer {
	uint32_t tuple[3];
	struct cookie_conn conn;
};

static struct cookie_conn *peer(struct peer *p, uint32_t n, bool ipv6)
{
	*p = (struct peer){.tuple = {0x0a000001, 0x0a000002 + n, n << 16 | 80}};
	p->conn = (struct cookie_conn){p->tuple, sizeof(p->tuple), n * 77 + 5, ipv6};
	return &p->conn;
}

static struct cookie_jar jar_at(uint64_t now_ns)
{
	struct cookie_jar jar;

	cookie_jar_init(&jar, &key, now_ns);
	return jar;
}

/* A cookie without timestamps made at one time and checked at another. */
static bool survives(struct cookie_jar *jar, uint64_t made_ns, uint64_t checked_ns)
{
	struct cookie_opts o = {.mss = 1460};
	struct peer p;
	uint32_t iss = cookie_make(jar, peer(&p, 1, false), &o, NULL, made_ns);

	return cookie_check(jar, &p.conn, iss, 0, 0, &o, checked_ns);
}

static void rfc4987_3_6_mss_comes_back_rounded_down(void **state)
{
	static const struct {
		bool ipv6;
		uint16_t mss, want;
	} rows[] = {
		{false, 0, 536},      {false, 536, 536},   {false, 1299, 536},	{false, 1300, 1300},
		{false, 1439, 1300},  {false, 1440, 1440}, {false, 1459, 1440}, {false, 1460, 1460},
		{false, 65535, 1460}, {true, 1220, 1220},  {true, 1399, 1340},	{true, 1400, 1400},
		{true, 1440, 1440},   {true, 65535, 1440},
	};
	struct cookie_jar jar = jar_at(START);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cookie_opts in = {.mss = rows[i].mss, .wscale = 7, .sack = true}, out = {0};
		struct peer p;
		uint32_t iss;

		peer(&p, (uint32_t)i, rows[i].ipv6);
		iss = cookie_make(&jar, &p.conn, &in, NULL, START);
		assert_true(cookie_check(&jar, &p.conn, iss, 0, 0, &out, START));
		assert_int_equal(out.mss, rows[i].want);
		/* Without timestamps the rest is given up. */
		assert_int_equal(out.wscale, COOKIE_NO_WSCALE);
		assert_false(out.sack || out.ecn);
	}
}

static void options_come_back_through_the_timestamp(void **state)
{
	struct cookie_jar jar = jar_at(START);

	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++)
		for (unsigned k = 0; k < 64; k++) {
			struct cookie_opts in = {
				.mss = 1460,
				.wscale = k & 15,
				.sack = k & 16,
				.ecn = k & 32,
				.ts = true,
			};
			struct cookie_opts out = {.ts = true};
			uint32_t clock = tcpalg_origins[i], tsval = clock, iss;
			struct peer p;

			peer(&p, k, false);
			iss = cookie_make(&jar, &p.conn, &in, &tsval, START);
			assert_in_range(clock - tsval, 0, 63);
			assert_true(cookie_check(&jar, &p.conn, iss, tsval, clock + 30, &out,
						 START + SECOND));
			assert_int_equal(out.mss, 1460);
			assert_int_equal(out.wscale, in.wscale);
			assert_int_equal(out.sack, in.sack);
			assert_int_equal(out.ecn, in.ecn);
		}
}

static void options_cannot_be_changed_on_the_way(void **state)
{
	struct cookie_opts in = {.mss = 1460, .wscale = 7, .sack = true, .ts = true}, out;
	struct cookie_jar jar = jar_at(START);
	uint32_t tsval = 5000, iss;
	struct peer p;

	(void)state;
	iss = cookie_make(&jar, peer(&p, 1, false), &in, &tsval, START);
	for (uint32_t bits = 1; bits < 64; bits++) {
		out = (struct cookie_opts){.ts = true};
		assert_false(cookie_check(&jar, &p.conn, iss, tsval ^ bits, 5000, &out, START));
	}
	/* Nor can timestamps appear or go. */
	out = (struct cookie_opts){.ts = false};
	assert_false(cookie_check(&jar, &p.conn, iss, tsval, 5000, &out, START));
	in.ts = false;
	iss = cookie_make(&jar, &p.conn, &in, NULL, START);
	out.ts = true;
	assert_false(cookie_check(&jar, &p.conn, iss, tsval, 5000, &out, START));
	/* An echo of something that we never sent, or not lately. */
	in.ts = true;
	tsval = 5000;
	iss = cookie_make(&jar, &p.conn, &in, &tsval, START);
	assert_true(cookie_check(&jar, &p.conn, iss, tsval, 5000, &out, START));
	assert_true(cookie_check(&jar, &p.conn, iss, tsval - 64, 5000, &out, START));
	assert_false(cookie_check(&jar, &p.conn, iss, tsval + 64, 5000, &out, START));
	assert_true(cookie_check(&jar, &p.conn, iss, tsval, 5000 + 128000, &out, START));
	assert_false(cookie_check(&jar, &p.conn, iss, tsval, 5000 + 128064, &out, START));
}

static void cookies_last_for_their_epoch_and_the_next(void **state)
{
	struct cookie_jar jar = jar_at(START);

	(void)state;
	assert_true(survives(&jar, START, START));
	assert_true(survives(&jar, START, START + 64 * SECOND));
	jar = jar_at(START);
	assert_true(survives(&jar, START, START + 128 * SECOND - 1));
	jar = jar_at(START);
	assert_false(survives(&jar, START, START + 128 * SECOND));
	jar = jar_at(START);
	assert_true(survives(&jar, START + 64 * SECOND - 1, START + 64 * SECOND));
	jar = jar_at(START);
	assert_false(survives(&jar, START + 64 * SECOND - 1, START + 3600 * SECOND));
	/* The first epoch of all has one before it as well. */
	jar = jar_at(0);
	assert_true(survives(&jar, 0, 64 * SECOND));
}

static void only_the_same_connection_may_use_it(void **state)
{
	struct cookie_opts o = {.mss = 1460};
	struct cookie_jar jar = jar_at(START);
	struct peer p, q;
	uint32_t iss = cookie_make(&jar, peer(&p, 1, false), &o, NULL, START);

	(void)state;
	assert_true(cookie_check(&jar, peer(&q, 1, false), iss, 0, 0, &o, START));
	q.tuple[2]++;
	assert_false(cookie_check(&jar, &q.conn, iss, 0, 0, &o, START));
	peer(&q, 1, false);
	q.conn.peer_isn++;
	assert_false(cookie_check(&jar, &q.conn, iss, 0, 0, &o, START));
	for (unsigned bit = 0; bit < 32; bit++)
		assert_false(cookie_check(&jar, &p.conn, iss ^ 1u << bit, 0, 0, &o, START));
}

static void a_restart_refuses_old_cookies_and_workers_share_theirs(void **state)
{
	const struct siphash_key fresh = {1, 2};
	struct cookie_opts o = {.mss = 1460};
	struct cookie_jar jar = jar_at(START), other = jar_at(START - 64 * SECOND), restarted;
	struct peer p;
	uint32_t iss = cookie_make(&jar, peer(&p, 1, false), &o, NULL, START);

	(void)state;
	assert_true(cookie_check(&other, &p.conn, iss, 0, 0, &o, START + SECOND));
	/* One that has not looked at the clock for long, or begins now. */
	other = jar_at(0);
	assert_true(cookie_check(&other, &p.conn, iss, 0, 0, &o, START + 64 * SECOND));
	other = jar_at(START + 64 * SECOND);
	assert_true(cookie_check(&other, &p.conn, iss, 0, 0, &o, START + 64 * SECOND));
	cookie_jar_init(&restarted, &fresh, START);
	assert_false(cookie_check(&restarted, &p.conn, iss, 0, 0, &o, START));
}

/* BEHAVIOUR: a guessed cookie never opens a connection. Eight of 2^32 numbers are good. */
static void guesses_fail(void **state)
{
	struct cookie_jar jar = jar_at(START);
	struct cookie_opts o = {0};
	uint32_t good = 0, with_ts = 0;
	struct rng rng;
	struct peer p;

	(void)state;
	tcpalg_seed(&rng, 7);
	for (int i = 0; i < 1000000; i++) {
		peer(&p, rng_u32(&rng), false);
		o.ts = false;
		good += cookie_check(&jar, &p.conn, rng_u32(&rng), 0, 0, &o, START);
		o.ts = true;
		with_ts +=
			cookie_check(&jar, &p.conn, rng_u32(&rng), rng_u32(&rng), 5000, &o, START);
	}
	assert_int_equal(good, 0);
	assert_int_equal(with_ts, 0);
}

/*
 * How many of 2^32 there are cannot be counted by guessing; but a number differs from a good one
 * with the same lower three bits in 29 bits of hash, which must look random: each bit set half of
 * the time, over neighbours.
 */
static void numbers_look_random(void **state)
{
	struct cookie_jar jar = jar_at(START);
	struct cookie_opts o = {.mss = 1460};
	uint32_t ones[32] = {0}, flips[32] = {0}, last = 0;
	struct peer p;

	(void)state;
	for (uint32_t n = 0; n < 10000; n++) {
		uint32_t iss = cookie_make(&jar, peer(&p, n, false), &o, NULL, START);

		for (unsigned bit = 0; bit < 32; bit++) {
			ones[bit] += iss >> bit & 1;
			flips[bit] += (iss ^ last) >> bit & 1;
		}
		last = iss;
	}
	for (unsigned bit = 3; bit < 32; bit++) {
		assert_in_range(ones[bit], 4700, 5300);
		assert_in_range(flips[bit], 4700, 5300);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4987_3_6_mss_comes_back_rounded_down),
		cmocka_unit_test(options_come_back_through_the_timestamp),
		cmocka_unit_test(options_cannot_be_changed_on_the_way),
		cmocka_unit_test(cookies_last_for_their_epoch_and_the_next),
		cmocka_unit_test(only_the_same_connection_may_use_it),
		cmocka_unit_test(a_restart_refuses_old_cookies_and_workers_share_theirs),
		cmocka_unit_test(guesses_fail),
		cmocka_unit_test(numbers_look_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
