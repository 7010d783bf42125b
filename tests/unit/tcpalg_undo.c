/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/undo.c: RFC 3522, 3708, 4015, 5682. */
#include "tcpalg/undo.h"
#include "tcpalg_test.h"

#define SMSS 1000

static struct undo u;
static struct cc cc;

static void begin(void)
{
	cc_init(&cc, &cc_newreno, SMSS, CC_INITIAL_SEGS);
	cc.cwnd = 40 * SMSS;
	cc.ssthresh = 30 * SMSS;
	cc.flight = 40 * SMSS;
	cc.priv.u32[0] = 77;
	memset(&u, 0, sizeof(u));
	undo_arm(&u, &cc, 5000, 0, false);
	cc_rto(&cc, true, 0);
}

static void rfc3522_3_2_echo_of_the_original_is_spurious(void **state)
{
	(void)state;
	begin();
	undo_sent_again(&u, SMSS, 100, true);
	undo_sent_again(&u, SMSS, 110, true);
	assert_true(undo_eifel(&u, 99));
	begin();
	undo_sent_again(&u, SMSS, 100, true);
	assert_false(undo_eifel(&u, 100));
	assert_false(undo_eifel(&u, 99)); /* the first ACK alone decides */
	begin();
	assert_false(undo_eifel(&u, 99)); /* nothing was sent again */
	begin();
	undo_sent_again(&u, SMSS, 100, false); /* an earlier recovery has sent the first ones */
	undo_sent_again(&u, SMSS, 110, true);
	assert_false(undo_eifel(&u, 99));
}

/* A D-SACK that comes with an ACK of una. */
static bool reported(uint32_t from, uint32_t to, uint32_t una)
{
	const struct seq_range dup = {from, to};

	undo_reached(&u, una);
	return undo_covers(&u, dup) && undo_dsack(&u, dup);
}

static void rfc3708_2_all_that_was_sent_again_must_be_reported(void **state)
{
	(void)state;
	begin();
	undo_sent_again(&u, 2 * SMSS, 100, true);
	assert_false(reported(5000, 6000, 9000));
	assert_false(reported(3000, 5000, 9000)); /* before the episode */
	assert_true(reported(6000, 7000, 9000));
	begin();
	assert_false(reported(5000, 6000, 9000));
	begin();
	undo_arm(&u, &cc, 5000, SMSS, false); /* octets that an earlier recovery sent again */
	undo_sent_again(&u, SMSS, 100, true);
	assert_false(reported(6000, 7000, 9000));
	assert_true(reported(5000, 6000, 9000));
}

static void rfc3708_reports_after_the_episode_expire(void **state)
{
	(void)state;
	begin();
	undo_sent_again(&u, SMSS, 100, true);
	undo_expire(&u, 20000);
	assert_false(reported(5000, 6000, 20001));
	assert_false(reported(5000, 6000, 20000));
	begin();
	undo_sent_again(&u, SMSS, 100, true);
	undo_expire(&u, 20000);
	assert_true(reported(5000, 6000, 20000));
}

static void an_episode_within_an_episode_keeps_the_first_state(void **state)
{
	(void)state;
	begin();
	undo_arm(&u, &cc, 6000, 0, true);
	assert_int_equal(u.cc.cwnd, 40 * SMSS);
	assert_int_equal(u.from, 5000);
}

static void rfc4015_3_2_step_6_window_is_back_without_a_burst(void **state)
{
	(void)state;
	begin();
	undo_restore(&u, &cc, 38 * SMSS, 2 * SMSS, 10);
	assert_int_equal(cc.cwnd, 40 * SMSS);
	assert_int_equal(cc.ssthresh, 30 * SMSS);
	assert_int_equal(cc.priv.u32[0], 77);
	assert_int_equal(cc.flags & CC_AFTER_RTO, 0);
	/* Little is in flight: slow start leads back to where it was. */
	begin();
	undo_restore(&u, &cc, 3 * SMSS, 35 * SMSS, 10);
	assert_int_equal(cc.cwnd, 13 * SMSS);
	assert_int_equal(cc.ssthresh, 40 * SMSS);
	assert_false(u.armed);
	begin();
	undo_restore(&u, &cc, 3 * SMSS, 35 * SMSS, 20);
	assert_int_equal(cc.cwnd, 23 * SMSS);
	begin();
	undo_restore(&u, &cc, 3 * SMSS, 2 * SMSS, 20);
	assert_int_equal(cc.cwnd, 5 * SMSS);
}

static void undoing_never_lowers_the_window(void **state)
{
	(void)state;
	begin();
	cc.cwnd = 60 * SMSS;
	cc_set_smss(&cc, SMSS / 2);
	undo_restore(&u, &cc, 0, 0, 10);
	assert_int_equal(cc.cwnd, 30 * SMSS); /* as many segments */
	assert_int_equal(cc.smss, SMSS / 2);
}

static void rfc5682_3_1_second_ack_of_originals_is_spurious(void **state)
{
	enum frto f = FRTO_FIRST;

	(void)state;
	assert_int_equal(frto_ack(&f, SMSS, 0, true, true), FRTO_NEW_DATA);
	assert_int_equal(frto_ack(&f, SMSS, SMSS, true, true), FRTO_SPURIOUS);
	assert_int_equal(f, FRTO_OFF);
	assert_int_equal(frto_ack(&f, SMSS, SMSS, true, true), FRTO_UNKNOWN);
	/* By SACK as well. */
	f = FRTO_FIRST;
	assert_int_equal(frto_ack(&f, 0, 0, true, true), FRTO_UNKNOWN);
	assert_int_equal(frto_ack(&f, SMSS, 0, true, true), FRTO_NEW_DATA);
	assert_int_equal(frto_ack(&f, 0, SMSS, true, true), FRTO_SPURIOUS);
}

static void rfc5682_2_1_genuine_losses_go_the_usual_way(void **state)
{
	enum frto f = FRTO_FIRST;

	(void)state;
	assert_int_equal(frto_ack(&f, 0, 0, false, true), FRTO_GENUINE); /* step 2a */
	f = FRTO_FIRST;
	assert_int_equal(frto_ack(&f, SMSS, 0, false, false), FRTO_GENUINE); /* nothing new */
	f = FRTO_FIRST;
	frto_ack(&f, SMSS, 0, false, true);
	assert_int_equal(frto_ack(&f, 0, 0, false, true), FRTO_GENUINE); /* step 3a */
	f = FRTO_FIRST;
	frto_ack(&f, SMSS, 0, true, true);
	assert_int_equal(frto_ack(&f, 0, 0, true, true), FRTO_GENUINE); /* new data was sacked */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3522_3_2_echo_of_the_original_is_spurious),
		cmocka_unit_test(rfc3708_2_all_that_was_sent_again_must_be_reported),
		cmocka_unit_test(rfc3708_reports_after_the_episode_expire),
		cmocka_unit_test(an_episode_within_an_episode_keeps_the_first_state),
		cmocka_unit_test(rfc4015_3_2_step_6_window_is_back_without_a_burst),
		cmocka_unit_test(undoing_never_lowers_the_window),
		cmocka_unit_test(rfc5682_3_1_second_ack_of_originals_is_spurious),
		cmocka_unit_test(rfc5682_2_1_genuine_losses_go_the_usual_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
