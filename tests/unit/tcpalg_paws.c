/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/paws.h: what is too old, and what sets TS.Recent. */
#include "tcpalg/paws.h"
#include "tcpalg_test.h"

static void rfc7323_5_3_r1_older_timestamps_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t recent = tcpalg_origins[i];

		assert_false(paws_reject(recent, recent, 0));
		assert_false(paws_reject(recent, recent + 1, 0));
		assert_false(paws_reject(recent, recent + 0x7fffffff, 0));
		assert_true(paws_reject(recent, recent - 1, 0));
		assert_true(paws_reject(recent, recent - 0x7fffffff, 0));
	}
}

static void rfc7323_5_5_after_24_days_anything_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t recent = tcpalg_origins[i];

		assert_true(paws_reject(recent, recent - 1, PAWS_IDLE_MAX_S - 1));
		assert_false(paws_reject(recent, recent - 1, PAWS_IDLE_MAX_S));
		assert_true(paws_updates(recent, recent - 1, 5, 5, PAWS_IDLE_MAX_S));
		assert_false(paws_updates(recent, recent - 1, 5, 5, PAWS_IDLE_MAX_S - 1));
		/* Beyond a gap as well, or what fills it would be held against the old one. */
		assert_true(paws_updates(recent, recent - 1, 6, 5, PAWS_IDLE_MAX_S));
		assert_true(paws_updates(recent, recent + 1, 6, 5, PAWS_IDLE_MAX_S));
		assert_false(paws_updates(recent, recent + 1, 6, 5, PAWS_IDLE_MAX_S - 1));
	}
}

static void rfc7323_4_3_only_what_reaches_the_last_ack_sets_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++)
		for (size_t k = 0; k < TCPALG_ORIGINS; k++) {
			uint32_t recent = tcpalg_origins[i], last_ack = tcpalg_origins[k];

			assert_true(paws_updates(recent, recent, last_ack, last_ack, 0));
			assert_true(paws_updates(recent, recent + 7, last_ack - 9, last_ack, 0));
			/* out of order: beyond what was acknowledged */
			assert_false(paws_updates(recent, recent + 7, last_ack + 1, last_ack, 0));
			assert_false(paws_updates(recent, recent - 1, last_ack, last_ack, 0));
		}
}

/*
 * Section 5.3's unlikely case: 0 is lost, 100 is late, what came since waits for them. 0 is sent
 * again and sets TS.Recent; 100 comes after it.
 */
static void rfc7323_5_3_what_is_overtaken_while_gaps_last_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t ts = tcpalg_origins[i];
		struct paws_gap g;

		paws_gap_begin(&g, ts, 300);
		paws_gap_moved(&g, 100, ts + 50, 300);
		assert_true(paws_reject(ts + 50, ts + 10, 0));
		assert_true(paws_gap_takes(&g, ts + 10));
		assert_true(paws_gap_takes(&g, ts));
		assert_false(paws_gap_takes(&g, ts - 1));
	}
}

/* Gaps without end: no timestamp is taken that is older than two windows. */
static void the_oldest_that_is_taken_follows(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t ts = tcpalg_origins[i], seq = tcpalg_origins[TCPALG_ORIGINS - 1 - i];
		struct paws_gap g;

		paws_gap_begin(&g, ts, seq + 300);
		for (uint32_t k = 1; k < 100; k++) {
			paws_gap_moved(&g, seq + 300 * k - 1, ts + 10 * k - 5, seq + 300 * k + 290);
			paws_gap_moved(&g, seq + 300 * k, ts + 10 * k, seq + 300 * (k + 1));
			assert_true(paws_gap_takes(&g, ts + 10 * (k - 1)));
			assert_false(paws_gap_takes(&g, ts + 10 * (k - 1) - 1));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7323_5_3_what_is_overtaken_while_gaps_last_is_taken),
		cmocka_unit_test(the_oldest_that_is_taken_follows),
		cmocka_unit_test(rfc7323_5_3_r1_older_timestamps_are_refused),
		cmocka_unit_test(rfc7323_5_5_after_24_days_anything_goes),
		cmocka_unit_test(rfc7323_4_3_only_what_reaches_the_last_ack_sets_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
