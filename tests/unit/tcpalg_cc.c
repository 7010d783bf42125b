/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/cc.c: the table and what all algorithms share. */
#include "tcpalg/cc.h"
#include "tcpalg_test.h"

static void every_row_is_complete_and_found_by_its_name(void **state)
{
	(void)state;
	assert_true(cc_count >= 1);
	for (unsigned i = 0; i < cc_count; i++) {
		const struct cc_algo *a = cc_algos[i];

		assert_int_equal(a->id, i);
		assert_ptr_equal(cc_find(a->name), a);
		assert_true(a->ack && a->loss && a->recovery_exit && a->rto);
	}
	assert_ptr_equal(cc_find("reno"), &cc_newreno);
	assert_ptr_equal(cc_find("cubic"), &cc_cubic);
}

static void unknown_names_are_not_found(void **state)
{
	(void)state;
	assert_null(cc_find(""));
	assert_null(cc_find("ren"));
	assert_null(cc_find("renoo"));
	assert_null(cc_find_n("reno", 3));
	assert_ptr_equal(cc_find_n("reno+", 4), &cc_newreno);
}

static void rfc6928_2_initial_window(void **state)
{
	(void)state;
	assert_int_equal(cc_initial_window(536, 10), 5360);
	assert_int_equal(cc_initial_window(1448, 10), 14480);
	assert_int_equal(cc_initial_window(1460, 10), 14600);
	assert_int_equal(cc_initial_window(4000, 10), 14600);
	assert_int_equal(cc_initial_window(8948, 10), 17896);
}

static void rfc5681_3_1_one_segment_after_a_lost_syn(void **state)
{
	struct cc cc;

	(void)state;
	cc_init(&cc, &cc_newreno, 1460, 1);
	assert_int_equal(cc.cwnd, 1460);
	assert_true(cc_in_slow_start(&cc));
	cc_init(&cc, &cc_newreno, 1460, 10);
	assert_int_equal(cc.cwnd, 14600);
	assert_int_equal(cc.ssthresh, CC_WND_MAX);
}

/* As Linux's tcp_reinit_congestion_control(). */
static void another_algorithm_takes_the_window_over(void **state)
{
	const struct cc_algo *reno = cc_find("reno"), *cubic = cc_find("cubic");
	struct cc cc = tcpalg_cc(cubic, 1000, 30000, 20000);

	(void)state;
	cc_loss(&cc, 0);
	assert_int_not_equal(cc.priv.cubic.w_max, 0);
	cc_change(&cc, reno);
	assert_int_equal(cc.algo, CC_NEWRENO);
	assert_int_equal(cc.cwnd, 21000);
	assert_int_equal(cc.ssthresh, 21000);
	assert_int_equal(cc.flight, 30000);
	assert_int_equal(cc.priv.u64[0] | cc.priv.u64[1], 0);
	cc_change(&cc, cubic);
	assert_true(cc.flags & CC_HYSTART);
	assert_int_equal(cc.cwnd, 21000);
	/* A model of the path knows no threshold. */
	cc_change(&cc, cc_find("bbr"));
	assert_true(cc.flags & CC_MODEL);
	assert_int_equal(cc.cwnd, 21000);
	assert_int_equal(cc.ssthresh, CC_WND_MAX);
}

static void window_holds_a_segment_after_mss_changed(void **state)
{
	struct cc cc;

	(void)state;
	cc_init(&cc, &cc_newreno, 536, 1);
	cc_set_smss(&cc, 1460);
	assert_int_equal(cc.cwnd, 1460);
	cc_set_smss(&cc, 536);
	assert_int_equal(cc.cwnd, 536);
	assert_int_equal(cc.smss, 536);
}

static void rfc5681_3_1_smaller_segments_leave_in_no_larger_bursts(void **state)
{
	struct cc cc;

	(void)state;
	cc_init(&cc, &cc_newreno, 1460, 10);
	cc_set_smss(&cc, 512);
	assert_int_equal(cc.cwnd, 5120);
	cc_set_smss(&cc, 1460);
	assert_int_equal(cc.cwnd, 5120);
	cc.cwnd = CC_WND_MAX;
	cc_set_smss(&cc, 730);
	assert_int_equal(cc.cwnd, CC_WND_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_complete_and_found_by_its_name),
		cmocka_unit_test(unknown_names_are_not_found),
		cmocka_unit_test(rfc6928_2_initial_window),
		cmocka_unit_test(rfc5681_3_1_one_segment_after_a_lost_syn),
		cmocka_unit_test(another_algorithm_takes_the_window_over),
		cmocka_unit_test(window_holds_a_segment_after_mss_changed),
		cmocka_unit_test(rfc5681_3_1_smaller_segments_leave_in_no_larger_bursts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
