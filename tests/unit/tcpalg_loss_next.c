/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcpalg/loss.c: a recovery that begins while what an earlier one sent again is in flight. What
 * tells of that says nothing of the new one.
 */
#include "tcpalg_loss_world.h"

static struct sender s;
static uint32_t sent_us; /* segment 20 again */

/* What is lost first leaves again, whatever the window. */
static void again(uint32_t segment)
{
	struct loss_ctx x = sender_ctx(&s);
	struct seq_range r;

	assert_true(loss_next(&x, &r));
	assert_int_equal(r.start, s.base + segment * SMSS);
	r.end = r.start + SMSS;
	loss_sent_again(&x, r, (uint32_t)s.now, 0);
}

/*
 * Of twenty segments the first is lost, and of ten more that left in its recovery the first two.
 * Segment 20 is sent again in that recovery, segment 21 in the next one, half a round trip later.
 */
static void two_recoveries(uint32_t base)
{
	sender_start(&s, base, true);
	s.cc.cwnd = 40 * SMSS;
	sender_new(&s, 20 * SMSS);
	s.now += RTT;
	assert_int_equal(sender_sack(&s, 0, 1, 20), LOSS_EV_ENTER);
	sender_new(&s, 10 * SMSS);
	s.now += RTT / 2;
	again(0);
	s.now += RTT / 2;
	sender_sack(&s, 0, 22, 30);
	assert_int_equal(flight_lost(&s.f, s.una, s.nxt), 2 * SMSS);
	sent_us = (uint32_t)s.now;
	again(20);
	s.now += RTT / 2;
	assert_int_equal(sender_sack(&s, 20, 0, 0), LOSS_EV_EXIT | LOSS_EV_ENTER);
	again(21);
	s.now += RTT / 2;
}

/* The ACK of segment 20 echoes what is older than segment 21. */
static void rfc3522_3_2_the_echo_is_of_the_earlier_recovery(void **state)
{
	(void)state;
	for (size_t k = 0; k < TCPALG_ORIGINS; k++) {
		two_recoveries(tcpalg_origins[k]);
		assert_int_equal(sender_ack(&s, s.base + 21 * SMSS, NULL, 0, sent_us), 0);
		assert_int_equal(s.l.state, LOSS_FAST);
		sender_end(&s);
	}
}

/* Segment 20 was held already, 21 was not; or both were. */
static void rfc3708_2_what_the_earlier_recovery_sent_must_be_reported_too(void **state)
{
	(void)state;
	for (unsigned both = 0; both < 2; both++) {
		struct seq_range dup = {20 * SMSS, 21 * SMSS};

		two_recoveries(0);
		assert_int_equal(sender_ack(&s, 21 * SMSS, &dup, 1, 0), 0);
		assert_int_equal(s.l.state, LOSS_FAST);
		dup = (struct seq_range){21 * SMSS, 22 * SMSS};
		if (both)
			assert_true(sender_ack(&s, 30 * SMSS, &dup, 1, 0) & LOSS_EV_UNDO);
		sender_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3522_3_2_the_echo_is_of_the_earlier_recovery),
		cmocka_unit_test(rfc3708_2_what_the_earlier_recovery_sent_must_be_reported_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
