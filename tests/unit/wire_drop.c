/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/wire/drop.c: the names in the list of drop reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include <netstk/drop.h>

#define COUNT(name, string, text)      +1
#define ENUMERATOR(name, string, text) #name,

static const char *const enumerators[] = {"NONE", NSK_DROP_LIST(ENUMERATOR)};

static void test_every_reason_is_its_enumerator_in_lower_case(void **state)
{
	(void)state;
	assert_int_equal(NSK_DROP_MAX, 1 NSK_DROP_LIST(COUNT));
	for (int i = 0; i < NSK_DROP_MAX; i++) {
		const char *name = nsk_drop_name((enum nsk_drop)i);

		assert_int_equal(strlen(name), strlen(enumerators[i]));
		for (size_t c = 0; name[c]; c++)
			assert_int_equal(name[c], tolower((unsigned char)enumerators[i][c]));
	}
}

static void test_names_are_unique(void **state)
{
	(void)state;
	for (int i = 0; i < NSK_DROP_MAX; i++)
		for (int j = i + 1; j < NSK_DROP_MAX; j++)
			assert_string_not_equal(nsk_drop_name((enum nsk_drop)i),
						nsk_drop_name((enum nsk_drop)j));
}

static void test_texts_are_whole_sentences(void **state)
{
	(void)state;
	for (int i = 0; i < NSK_DROP_MAX; i++) {
		const char *text = nsk_drop_text((enum nsk_drop)i);

		assert_true(isupper((unsigned char)text[0]));
		assert_true(strlen(text) > 10);
		assert_int_equal(text[strlen(text) - 1], '.');
	}
}

static void test_values_outside_the_list_are_answered(void **state)
{
	(void)state;
	assert_string_equal(nsk_drop_name(NSK_DROP_MAX), "invalid");
	assert_string_equal(nsk_drop_name((enum nsk_drop)(-1)), "invalid");
	assert_string_equal(nsk_drop_text((enum nsk_drop)1000), "No such reason.");
	assert_string_equal(nsk_drop_name(NSK_DROP_NONE), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reason_is_its_enumerator_in_lower_case),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_texts_are_whole_sentences),
		cmocka_unit_test(test_values_outside_the_list_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
