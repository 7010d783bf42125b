/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/rack.c: RFC 8985 rule by rule. */
#include "tcpalg/rack.h"
#include "tcpalg_test.h"

static struct flight_news delivered(uint32_t sent_us, uint32_t end, uint32_t now)
{
	return (struct flight_news){.now_us = now,
				    .octets = 100,
				    .high = end,
				    .newest = {sent_us, end},
				    .any = true,
				    .sample_us = now - sent_us};
}

static void rfc8985_6_2_step_2_newest_transmission_counts(void **state)
{
	struct flight_news n;
	struct rack r;

	(void)state;
	rack_init(&r, 1000);
	n = delivered(500, 1200, 900);
	rack_update(&r, &n, 1000);
	assert_int_equal(r.newest.sent_us, 500);
	assert_int_equal(r.rtt_us, 400);
	n = delivered(400, 1100, 950); /* sent before it: only the round trip is news */
	rack_update(&r, &n, 1000);
	assert_int_equal(r.newest.end, 1200);
	assert_int_equal(r.rtt_us, 550);
	n = delivered(500, 1300, 950); /* at the same time, but higher */
	rack_update(&r, &n, 1000);
	assert_int_equal(r.newest.end, 1300);
	assert_int_equal(r.fack, 1300);
}

static void rfc8985_6_2_step_4_window_opens_after_dupthresh_only_with_reordering(void **state)
{
	struct flight_news n = {.reordered = 200};
	struct rack r;

	(void)state;
	rack_init(&r, 0);
	assert_int_equal(rack_reo_wnd_us(&r, false, false, 8000, 9000), 2000);
	assert_int_equal(rack_reo_wnd_us(&r, false, true, 8000, 9000), 0);
	assert_int_equal(rack_reo_wnd_us(&r, true, false, 8000, 9000), 0);
	rack_update(&r, &n, 0);
	assert_int_equal(rack_reo_wnd_us(&r, false, true, 8000, 9000), 2000);
	assert_int_equal(rack_reo_wnd_us(&r, true, false, 8000, 9000), 2000);
}

static void rfc8985_6_2_step_4_dsack_widens_once_a_round(void **state)
{
	struct rack r;

	(void)state;
	rack_init(&r, 0xfffffff0u);
	r.reordering_seen = true;
	rack_dsack(&r, 0xfffffff0u, 100, true);
	assert_int_equal(rack_reo_wnd_us(&r, true, true, 8000, 90000), 4000);
	rack_dsack(&r, 50, 200, true); /* the same round */
	assert_int_equal(rack_reo_wnd_us(&r, true, true, 8000, 90000), 4000);
	rack_dsack(&r, 100, 300, true);
	assert_int_equal(rack_reo_wnd_us(&r, true, true, 8000, 90000), 6000);
	/* Never wider than SRTT. */
	assert_int_equal(rack_reo_wnd_us(&r, true, true, 8000, 5000), 5000);
	/* 16 recoveries without. */
	for (int k = 0; k < 15; k++)
		rack_recovered(&r);
	assert_int_equal(rack_reo_wnd_us(&r, true, true, 8000, 90000), 6000);
	rack_recovered(&r);
	assert_int_equal(rack_reo_wnd_us(&r, true, true, 8000, 90000), 2000);
	rack_recovered(&r);
	assert_int_equal(r.mult, 1);
}

static void the_window_is_bounded_whatever_a_peer_reports(void **state)
{
	struct rack r;

	(void)state;
	rack_init(&r, 0);
	r.reordering_seen = true;
	for (uint32_t k = 0; k < 1000; k++)
		rack_dsack(&r, k, k, true);
	assert_int_equal(r.mult, RACK_MULT_MAX);
	assert_int_equal(rack_reo_wnd_us(&r, true, true, 1u << 28, 1u << 28), 1u << 28);
}

static void rfc8985_7_2_probe_timeout(void **state)
{
	(void)state;
	assert_int_equal(tlp_pto_us(50000, false, 300000), 100000 + TLP_FLOOR_US);
	assert_int_equal(tlp_pto_us(50000, true, 400000), 300000);
	assert_int_equal(tlp_pto_us(50000, true, 250000), 250000); /* not behind the timeout */
	assert_int_equal(tlp_pto_us(0, false, 3000000), 3000000);  /* section 7.3: no probe yet */
}

static void rfc8985_7_4_new_data_as_probe_tells_nothing_of_loss(void **state)
{
	struct tlp t;

	(void)state;
	tlp_sent(&t, 1000, false);
	assert_false(tlp_ack(&t, 900, false, false));
	assert_true(t.out);
	assert_false(tlp_ack(&t, 1000, false, false));
	assert_false(t.out);
}

static void rfc8985_7_4_1_both_arrived_no_loss(void **state)
{
	struct tlp t;

	(void)state;
	tlp_sent(&t, 1000, true);
	assert_false(tlp_ack(&t, 1000, false, false)); /* one of them */
	assert_true(t.out);
	assert_false(tlp_ack(&t, 1000, true, false)); /* the other, by D-SACK */
	assert_false(t.out);
	tlp_sent(&t, 1000, true);
	tlp_ack(&t, 1000, false, false);
	assert_false(tlp_ack(&t, 1000, false, true)); /* by an ACK with nothing new */
	assert_false(t.out);
	assert_false(tlp_ack(&t, 2000, false, false));
}

static void rfc8985_7_4_2_probe_repaired_a_loss(void **state)
{
	struct tlp t;

	(void)state;
	tlp_sent(&t, 0xffffffffu, true);
	assert_false(tlp_ack(&t, 0xffffffffu, false, false));
	assert_true(tlp_ack(&t, 100, false, false)); /* later data: no D-SACK will come */
	assert_false(t.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8985_6_2_step_2_newest_transmission_counts),
		cmocka_unit_test(
			rfc8985_6_2_step_4_window_opens_after_dupthresh_only_with_reordering),
		cmocka_unit_test(rfc8985_6_2_step_4_dsack_widens_once_a_round),
		cmocka_unit_test(the_window_is_bounded_whatever_a_peer_reports),
		cmocka_unit_test(rfc8985_7_2_probe_timeout),
		cmocka_unit_test(rfc8985_7_4_new_data_as_probe_tells_nothing_of_loss),
		cmocka_unit_test(rfc8985_7_4_1_both_arrived_no_loss),
		cmocka_unit_test(rfc8985_7_4_2_probe_repaired_a_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
