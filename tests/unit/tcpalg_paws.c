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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7323_5_3_r1_older_timestamps_are_refused),
		cmocka_unit_test(rfc7323_5_5_after_24_days_anything_goes),
		cmocka_unit_test(rfc7323_4_3_only_what_reaches_the_last_ack_sets_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
