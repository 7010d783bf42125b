/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sequence numbers that loss recovery keeps, after plain ACKs, which tell it nothing: the stream
 * goes on by so much that they would be compared wrongly.
 */
#include "base/compiler.h"
#include "tcpalg_loss_world.h"

static struct sender s;

static const uint32_t far[] = {0x7fffff00u, 0x80000000u, 0x90000000u, 0xfffff000u, 0xffffffffu};

/* Ten segments leave, from where base then is, and a round trip passes. */
static void send_ten(void)
{
	s.base = s.una;
	sender_new(&s, 10 * SMSS);
	s.now += RTT;
}

/* Plain ACKs of so many octets, some time later. Short cuts were to be taken. */
static void plain_acks(uint32_t octets)
{
	assert_int_equal(s.l.unusual, 0);
	assert_int_equal(s.una, s.nxt);
	s.una += octets;
	s.nxt = s.una;
	s.now += 60000000;
}

static void rfc8985_6_2_step_3_what_was_passed_long_ago_was_not_overtaken(void **state)
{
	(void)state;
	for (size_t k = 0; k < NSK_ARRAY_LEN(far); k++) {
		sender_start(&s, 1, true);
		plain_acks(far[k]);
		send_ten();
		assert_int_equal(sender_sack(&s, 0, 1, 2), 0);
		assert_int_equal(sender_sack(&s, 0, 1, 3), 0);
		assert_int_equal(sender_sack(&s, 0, 1, 4), LOSS_EV_ENTER);
		assert_false(s.m.rack.reordering_seen);
		assert_int_equal(s.m.rack.reordering, 0);
		sender_end(&s);
	}
}

/* The first of ten segments is sent again by fast recovery, and all are acknowledged. */
static void one_recovery(void)
{
	struct seq_range r;

	send_ten();
	sender_sack(&s, 0, 1, 10);
	assert_int_equal(s.l.state, LOSS_FAST);
	assert_true(sender_again(&s, &r));
	s.now += RTT;
	assert_true(sender_sack(&s, 10, 0, 0) & LOSS_EV_EXIT);
}

/* An ACK of all that brings a D-SACK for the segment before base. */
static unsigned late_dsack(uint32_t before)
{
	const struct seq_range dup = {s.base - before, s.base - before + SMSS};

	return sender_ack(&s, s.una, &dup, 1, 0);
}

static void rfc8985_6_2_step_4_a_round_of_long_ago_is_over(void **state)
{
	(void)state;
	for (size_t k = 0; k < NSK_ARRAY_LEN(far); k++) {
		sender_start(&s, 1, true);
		one_recovery();
		send_ten();
		late_dsack(10 * SMSS);
		assert_int_equal(s.m.rack.mult, 2);
		late_dsack(10 * SMSS); /* in the same round */
		assert_int_equal(s.m.rack.mult, 2);
		assert_int_equal(s.l.state, LOSS_OPEN);
		assert_int_not_equal(s.l.unusual, 0); /* who ends the round if not ACKs? */
		sender_sack(&s, 10, 0, 0);
		plain_acks(far[k]);
		send_ten();
		late_dsack(10 * SMSS);
		assert_int_equal(s.m.rack.mult, 3);
		sender_end(&s);
	}
}

static void rfc3708_2_an_episode_of_long_ago_is_not_taken_back(void **state)
{
	(void)state;
	for (size_t k = 0; k < NSK_ARRAY_LEN(far); k++) {
		sender_start(&s, 1, true);
		one_recovery();
		assert_int_equal(s.l.state, LOSS_OPEN);
		assert_true(s.m.undo.armed);
		assert_int_not_equal(s.l.unusual, 0);
		send_ten();
		sender_sack(&s, 10, 0, 0);
		assert_false(s.m.undo.armed);
		plain_acks(far[k]);
		send_ten();
		assert_int_equal(late_dsack(SMSS), 0);
		sender_end(&s);
	}
}

/* Without SACK nobody tells of duplicates: nothing to wait for. */
static void without_sack_short_cuts_come_back_at_once(void **state)
{
	struct seq_range r;

	(void)state;
	sender_start(&s, 1, false);
	send_ten();
	for (unsigned i = 0; i < 3; i++)
		sender_sack(&s, 0, 0, 0);
	assert_true(sender_again(&s, &r));
	s.now += RTT;
	sender_sack(&s, 10, 0, 0);
	send_ten();
	sender_sack(&s, 10, 0, 0);
	plain_acks(SMSS);
	sender_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8985_6_2_step_3_what_was_passed_long_ago_was_not_overtaken),
		cmocka_unit_test(rfc8985_6_2_step_4_a_round_of_long_ago_is_over),
		cmocka_unit_test(rfc3708_2_an_episode_of_long_ago_is_not_taken_back),
		cmocka_unit_test(without_sack_short_cuts_come_back_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
