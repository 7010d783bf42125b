/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/budget.h: pressure begins at one mark and ends below another. */
#include "tcpalg/budget.h"
#include "tcpalg_test.h"

static void pressure_begins_at_its_mark_and_ends_below_low(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, 10, 20, 30);
	for (b.used = 0; b.used < 20; b.used++) {
		assert_true(budget_calm(&b));
		assert_false(budget_pressed(&b, 1));
	}
	assert_false(budget_calm(&b));
	assert_true(budget_pressed(&b, 5));
	assert_int_equal(b.since_ms, 5);
	for (b.used = 30; b.used >= 10; b.used--) {
		assert_false(budget_calm(&b));
		assert_true(budget_pressed(&b, 6));
		assert_int_equal(b.since_ms, 5);
	}
	assert_true(budget_calm(&b)); /* nobody need look, but who does learns it */
	assert_true(b.pressed);
	assert_false(budget_pressed(&b, 7));
	b.used = 19;
	assert_false(budget_pressed(&b, 8));
	assert_true(budget_calm(&b));
}

static void marks_may_be_one(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, 10, 10, 10);
	b.used = 9;
	assert_false(budget_pressed(&b, 0));
	b.used = 10;
	assert_true(budget_pressed(&b, 0));
	b.used = 9;
	assert_false(budget_pressed(&b, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pressure_begins_at_its_mark_and_ends_below_low),
		cmocka_unit_test(marks_may_be_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
