/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/cc_dctcp.c: RFC 8257. */
#include "tcpalg/cc.h"
#include "tcpalg_test.h"

#define SMSS 1000u
#define ONE  32768u /* alpha = 1 */

/* Sequence numbers that wrap on the way. */
#define FIRST UINT32_C(0xfffff000)

static struct cc start(uint32_t cwnd, uint32_t ssthresh)
{
	return tcpalg_cc(&cc_dctcp, SMSS, cwnd, ssthresh);
}

/* An ACK up to una, nxt being sent so far. */
static void ack(struct cc *cc, uint32_t acked, uint32_t una, uint32_t nxt, bool marked)
{
	const struct cc_ack a = {.acked = acked, .snd_una = una, .snd_nxt = nxt, .nacks = 1};

	if (marked)
		cc_marked(cc, &a);
	else
		cc_ack(cc, &a);
}

/* One window of ten segments, so many of which are marked. */
static void window(struct cc *cc, uint32_t *una, unsigned marked)
{
	uint32_t nxt = *una + 10 * SMSS;

	for (unsigned i = 0; i < 10; i++) {
		*una += SMSS;
		ack(cc, SMSS, *una, nxt + (i + 1) * SMSS, i < marked);
	}
}

static void rfc8257_4_2_alpha_begins_at_one(void **state)
{
	struct cc cc = start(10 * SMSS, 10 * SMSS);

	(void)state;
	assert_int_equal(cc.priv.dctcp.alpha, ONE);
	cc_mark(&cc, 0);
	assert_int_equal(cc.cwnd, 5 * SMSS);
	assert_int_equal(cc.ssthresh, 5 * SMSS);
}

static void rfc8257_3_3_first_window_ends_with_its_first_ack(void **state)
{
	struct cc cc = start(10 * SMSS, 10 * SMSS);

	(void)state;
	ack(&cc, SMSS, FIRST + SMSS, FIRST + 10 * SMSS, false);
	assert_int_equal(cc.priv.dctcp.alpha, ONE - ONE / 16);
	ack(&cc, SMSS, FIRST + 2 * SMSS, FIRST + 11 * SMSS, false);
	assert_int_equal(cc.priv.dctcp.alpha, ONE - ONE / 16);
	/* All of the window is acknowledged: one more octet ends it. */
	ack(&cc, 8 * SMSS, FIRST + 10 * SMSS, FIRST + 12 * SMSS, false);
	assert_int_equal(cc.priv.dctcp.alpha, ONE - ONE / 16);
	ack(&cc, 1, FIRST + 10 * SMSS + 1, FIRST + 20 * SMSS, false);
	assert_int_equal(cc.priv.dctcp.alpha, 30720 - 30720 / 16);
}

static void rfc8257_3_3_alpha_is_a_moving_average_of_the_share(void **state)
{
	struct cc cc = start(10 * SMSS, 10 * SMSS);

	(void)state;
	ack(&cc, SMSS, FIRST, FIRST + SMSS, false); /* ends the first window */
	assert_int_equal(cc.priv.dctcp.alpha, 30720);
	/* 2000 of 5000 octets: 15/16 * 30720 + 1/16 * 0.4 * 32768. */
	ack(&cc, SMSS, FIRST + SMSS, FIRST + 9 * SMSS, true);
	ack(&cc, 3 * SMSS, FIRST + SMSS, FIRST + 9 * SMSS, false);
	ack(&cc, SMSS, FIRST + SMSS + 1, FIRST + 9 * SMSS, true);
	assert_int_equal(cc.priv.dctcp.alpha, 28800 + 819);
	assert_int_equal(cc.priv.dctcp.acked, 0);
	assert_int_equal(cc.priv.dctcp.marked, 0);
}

static void rfc8257_3_3_alpha_comes_to_the_share(void **state)
{
	struct cc cc = start(10 * SMSS, 10 * SMSS);
	uint32_t una = FIRST;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		window(&cc, &una, 3);
	assert_in_range(cc.priv.dctcp.alpha, ONE * 29 / 100, ONE * 31 / 100);
	for (unsigned i = 0; i < 200; i++)
		window(&cc, &una, 10);
	assert_in_range(cc.priv.dctcp.alpha, ONE - 16, ONE);
	for (unsigned i = 0; i < 300; i++)
		window(&cc, &una, 0);
	assert_in_range(cc.priv.dctcp.alpha, 0, 15);
}

static void rfc8257_3_3_window_comes_down_by_half_of_alpha(void **state)
{
	struct cc cc = start(100 * SMSS, 100 * SMSS);

	(void)state;
	cc.priv.dctcp.alpha = ONE / 8;
	cc_mark(&cc, 0);
	assert_int_equal(cc.cwnd, 93750);
	assert_int_equal(cc.ssthresh, 93750);
	cc = start(2 * SMSS, 2 * SMSS);
	cc_mark(&cc, 0);
	assert_int_equal(cc.cwnd, 2 * SMSS);
}

static void rfc8257_3_4_a_loss_halves(void **state)
{
	struct cc cc = start(100 * SMSS, 100 * SMSS);

	(void)state;
	cc.priv.dctcp.alpha = 0;
	cc_loss(&cc, 0);
	assert_int_equal(cc.cwnd, 50 * SMSS);
	cc = start(100 * SMSS, 100 * SMSS);
	cc_rto(&cc, true, 0);
	assert_int_equal(cc.cwnd, SMSS);
	assert_int_equal(cc.ssthresh, 50 * SMSS);
}

/* Without marks it is NewReno. */
static void rfc5681_3_1_growth(void **state)
{
	struct cc cc = start(10 * SMSS, CC_WND_MAX);

	(void)state;
	ack(&cc, SMSS, FIRST, FIRST + SMSS, false);
	assert_int_equal(cc.cwnd, 11 * SMSS);
	cc = start(10 * SMSS, 10 * SMSS);
	for (uint32_t i = 0, left = 10 * SMSS; i < 10; i++) {
		cc_sent(&cc, cc.cwnd);
		ack(&cc, SMSS, FIRST + i, FIRST + left, false);
	}
	assert_in_range(cc.cwnd, 10 * SMSS + 900, 11 * SMSS);
	/* An ACK that echoes a mark is no reason to grow. */
	cc = start(10 * SMSS, CC_WND_MAX);
	ack(&cc, SMSS, FIRST, FIRST + SMSS, true);
	assert_int_equal(cc.cwnd, 10 * SMSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8257_4_2_alpha_begins_at_one),
		cmocka_unit_test(rfc8257_3_3_first_window_ends_with_its_first_ack),
		cmocka_unit_test(rfc8257_3_3_alpha_is_a_moving_average_of_the_share),
		cmocka_unit_test(rfc8257_3_3_alpha_comes_to_the_share),
		cmocka_unit_test(rfc8257_3_3_window_comes_down_by_half_of_alpha),
		cmocka_unit_test(rfc8257_3_4_a_loss_halves),
		cmocka_unit_test(rfc5681_3_1_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
