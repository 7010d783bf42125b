/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/seq.h: comparison across the wrap, and the acceptance test. */
#include "tcpalg/seq.h"
#include "tcpalg_test.h"

static void rfc9293_3_4_order_holds_across_the_wrap(void **state)
{
	static const uint32_t dist[] = {1, 2, 1460, 65535, 1u << 30, 0x7fffffff};

	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t a = tcpalg_origins[i];

		assert_true(seq_leq(a, a) && seq_geq(a, a));
		assert_false(seq_lt(a, a) || seq_gt(a, a));
		for (size_t k = 0; k < sizeof(dist) / sizeof(dist[0]); k++) {
			uint32_t b = a + dist[k];

			assert_true(seq_lt(a, b) && seq_leq(a, b));
			assert_true(seq_gt(b, a) && seq_geq(b, a));
			assert_false(seq_lt(b, a) || seq_leq(b, a));
			assert_false(seq_gt(a, b) || seq_geq(a, b));
			assert_int_equal(seq_diff(b, a), (int32_t)dist[k]);
			assert_int_equal(seq_diff(a, b), -(int32_t)dist[k]);
			assert_int_equal(seq_max(a, b), b);
			assert_int_equal(seq_max(b, a), b);
			assert_int_equal(seq_min(a, b), a);
			assert_int_equal(seq_min(b, a), a);
		}
	}
}

static void between_includes_both_ends_at_any_distance(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t a = tcpalg_origins[i];

		assert_true(seq_between(a, a, a));
		assert_true(seq_between(a, a + 5, a + 5));
		assert_false(seq_between(a, a + 6, a + 5));
		assert_false(seq_between(a, a - 1, a + 5));
		assert_true(seq_between(a, a + 0xf0000000, a + 0xf0000001));
	}
}

static void window_of_nothing_holds_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t a = tcpalg_origins[i];

		assert_false(seq_in_window(a, a, 0));
		assert_true(seq_in_window(a, a, 1));
		assert_false(seq_in_window(a + 1, a, 1));
		assert_false(seq_in_window(a - 1, a, 65535));
		assert_true(seq_in_window(a + 65534, a, 65535));
	}
}

/* One row a case of the table in section 3.10.7.4, and its edges. */
static void rfc9293_3_10_7_4_acceptance(void **state)
{
	static const struct {
		uint32_t wnd;
		int32_t seq; /* from rcv_nxt */
		uint32_t len;
		bool ok;
	} rows[] = {
		/* no length, no window: SEG.SEQ = RCV.NXT */
		{0, 0, 0, true},
		{0, 1, 0, false},
		{0, -1, 0, false},
		/* no length, window */
		{10, 0, 0, true},
		{10, 9, 0, true},
		{10, 10, 0, false},
		{10, -1, 0, false},
		/* length, no window: never */
		{0, 0, 1, false},
		{0, -1, 1, false},
		{0, -5, 100, false},
		/* length, window: its first or its last octet within */
		{10, 0, 1, true},
		{10, 9, 1, true},
		{10, 9, 100, true},
		{10, 10, 1, false},
		{10, -1, 1, false},
		{10, -5, 5, false},
		{10, -5, 6, true},
		{10, -5, 15, true},
		/* octets on both sides of the window: the RFC's test refuses it */
		{10, -5, 16, false},
	};

	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++)
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			uint32_t nxt = tcpalg_origins[i];

			if (seq_acceptable(nxt, rows[k].wnd, nxt + (uint32_t)rows[k].seq,
					   rows[k].len) != rows[k].ok)
				fail_msg("rcv_nxt %u, row %zu", nxt, k);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc9293_3_4_order_holds_across_the_wrap),
		cmocka_unit_test(between_includes_both_ends_at_any_distance),
		cmocka_unit_test(window_of_nothing_holds_nothing),
		cmocka_unit_test(rfc9293_3_10_7_4_acceptance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
