/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of nsk-sim by themselves: quantities and the agenda. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "nsk-sim/agenda.h"
#include "nsk-sim/quantity.h"

static void quantities_have_units(void **state)
{
	static const struct {
		enum quantity kind;
		const char *text;
		uint64_t low, high;
	} good[] = {
		{QUANTITY_TIME, "20 ms", 20000000, 20000000},
		{QUANTITY_TIME, "1.5h", 5400000000000, 5400000000000},
		{QUANTITY_TIME, "0", 0, 0},
		{QUANTITY_TIME, "1 us..2 min", 1000, 120000000000},
		{QUANTITY_RATE, "2.5 Gbit/s", 2500000000, 2500000000},
		{QUANTITY_BYTES, "17", 17, 17},
		{QUANTITY_BYTES, "1..17", 1, 17},
		{QUANTITY_BYTES, "2 KiB .. 3 KB", 2048, 3000},
		{QUANTITY_BYTES, "64K", 65536, 65536},
		{QUANTITY_BYTES, "1.5 M", 1572864, 1572864},
		{QUANTITY_SHARE, "0.1 %", 1000, 1000},
		{QUANTITY_SHARE, "100%", 1000000, 1000000},
		{QUANTITY_COUNT, "3", 3, 3},
	};
	uint64_t low, high;

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(quantity_parse(good[i].kind, good[i].text, &low, &high));
		assert_int_equal(low, good[i].low);
		assert_int_equal(high, good[i].high);
	}
}

static void what_is_no_quantity_is_refused(void **state)
{
	static const struct {
		enum quantity kind;
		const char *text;
	} bad[] = {
		{QUANTITY_TIME, ""},	     {QUANTITY_TIME, "20"},    {QUANTITY_TIME, "20 msec"},
		{QUANTITY_TIME, "-1 s"},     {QUANTITY_TIME, "nan s"}, {QUANTITY_TIME, "0x10 s"},
		{QUANTITY_TIME, "2 s..1 s"}, {QUANTITY_TIME, "1 s.."}, {QUANTITY_TIME, "1 s 2"},
		{QUANTITY_RATE, "10 Mbit"},  {QUANTITY_BYTES, "1.5"},  {QUANTITY_BYTES, "1e30 B"},
		{QUANTITY_SHARE, "101 %"},   {QUANTITY_SHARE, "0.5"},  {QUANTITY_COUNT, "3 x"},
	};
	uint64_t low, high;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (quantity_parse(bad[i].kind, bad[i].text, &low, &high))
			fail_msg("\"%s\" was taken", bad[i].text);
		else
			assert_int_equal(low > high, strcmp(bad[i].text, "2 s..1 s") == 0);
}

static void quantities_are_written_as_people_do(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(quantity_text(QUANTITY_TIME, 20000000, text, sizeof(text)), "20 ms");
	assert_string_equal(quantity_text(QUANTITY_TIME, 0, text, sizeof(text)), "0 ns");
	assert_string_equal(quantity_text(QUANTITY_BYTES, 1500000, text, sizeof(text)), "1.5 MB");
	assert_string_equal(quantity_text(QUANTITY_RATE, 956400000, text, sizeof(text)),
			    "956.4 Mbit/s");
	assert_string_equal(quantity_text(QUANTITY_COUNT, 7, text, sizeof(text)), "7");
}

static void nothing(struct sim *sim, void *arg)
{
	(void)sim;
	(void)arg;
}

static void the_agenda_goes_by_time_then_by_the_order_of_adding(void **state)
{
	struct agenda a = {0};
	uint64_t last = 0, x = 7;
	uintptr_t order = 0;

	(void)state;
	for (uintptr_t i = 0; i < 5000; i++) {
		x = x * UINT64_C(6364136223846793005) + 1;
		agenda_add(&a, x >> 54, nothing, (void *)i);
	}
	assert_int_equal(a.count, 5000);
	for (unsigned i = 0; i < 5000; i++) {
		uint64_t next = agenda_next_ns(&a);
		struct agenda_entry e = agenda_pop(&a);

		assert_int_equal(e.at_ns, next);
		assert_true(e.at_ns >= last);
		assert_true(e.at_ns > last || i == 0 || (uintptr_t)e.arg > order);
		last = e.at_ns;
		order = (uintptr_t)e.arg;
	}
	assert_true(agenda_next_ns(&a) == UINT64_MAX);
	agenda_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities_have_units),
		cmocka_unit_test(what_is_no_quantity_is_refused),
		cmocka_unit_test(quantities_are_written_as_people_do),
		cmocka_unit_test(the_agenda_goes_by_time_then_by_the_order_of_adding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
