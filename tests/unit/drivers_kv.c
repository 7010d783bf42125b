/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of key=value and numbers with units. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "drivers/kv.h"

static void pairs_come_in_order_until_the_end(void **state)
{
	const char *list = "iface=nsk0,mac=02:00:00:00:00:01,empty=";
	struct kv kv;

	(void)state;
	assert_int_equal(kv_next(&list, &kv), 1);
	assert_string_equal(kv.key, "iface");
	assert_string_equal(kv.value, "nsk0");
	assert_int_equal(kv_next(&list, &kv), 1);
	assert_string_equal(kv.key, "mac");
	assert_string_equal(kv.value, "02:00:00:00:00:01");
	assert_int_equal(kv_next(&list, &kv), 1);
	assert_string_equal(kv.key, "empty");
	assert_string_equal(kv.value, "");
	assert_int_equal(kv_next(&list, &kv), 0);
	assert_int_equal(kv_next(&list, &kv), 0);
}

static void what_is_no_pair_is_refused_and_shown(void **state)
{
	static const char *const bad[] = {"loss", "=1", "a=1,,b=2", "x,y=1"};
	char long_key[KV_KEY_MAX + 8], long_value[KV_VALUE_MAX + 8];
	struct kv kv;

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		const char *list = bad[i];
		int rc;

		while ((rc = kv_next(&list, &kv)) > 0)
			;
		assert_int_equal(rc, -EINVAL);
	}
	memset(long_key, 'k', sizeof(long_key));
	memcpy(long_key + KV_KEY_MAX, "=1", 3);
	memset(long_value, 'v', sizeof(long_value));
	memcpy(long_value, "k=", 2);
	long_value[sizeof(long_value) - 1] = '\0';
	const char *list = long_key;
	assert_int_equal(kv_next(&list, &kv), -EINVAL);
	list = long_value;
	assert_int_equal(kv_next(&list, &kv), -EINVAL);
}

static void find_matches_whole_keys_only(void **state)
{
	char value[16];

	(void)state;
	assert_int_equal(kv_find("net_tap0,xiface=a,iface=nsk0", "iface", value, sizeof(value)), 0);
	assert_string_equal(value, "nsk0");
	assert_int_equal(kv_find("net_tap0,iface", "iface", value, sizeof(value)), -ENOENT);
	assert_int_equal(kv_find("", "iface", value, sizeof(value)), -ENOENT);
	assert_int_equal(kv_find("k=0123456789abcdefXYZ", "k", value, sizeof(value)), 0);
	assert_string_equal(value, "0123456789abcde");
}

static void shares_need_a_unit_and_end_at_all(void **state)
{
	static const struct {
		const char *text;
		uint32_t ppm;
	} good[] = {{"1%", 10000},   {"0.5%", 5000}, {"100%", 1000000},	  {"0", 0},
		    {"200ppm", 200}, {"0.0001%", 1}, {"33.3333%", 333333}};
	static const char *const bad[] = {"1",	 "0.1",	 "101%", "-1%",	 "1 %",	       "%",    "",
					  "1%x", "nan%", "inf%", "0x1%", "1000001ppm", "1..2%"};
	const char *expect;
	uint32_t ppm;

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(good); i++) {
		assert_int_equal(kv_ppm(good[i].text, &ppm, &expect), 0);
		assert_int_equal(ppm, good[i].ppm);
	}
	for (size_t i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		expect = NULL;
		assert_int_equal(kv_ppm(bad[i], &ppm, &expect), -EINVAL);
		assert_non_null(expect);
	}
}

static void times_and_rates_have_units_and_limits(void **state)
{
	const char *expect;
	uint64_t v;

	(void)state;
	assert_int_equal(kv_time_ns("1.5s", &v, &expect), 0);
	assert_int_equal(v, 1500000000);
	assert_int_equal(kv_time_ns("20ms", &v, &expect), 0);
	assert_int_equal(v, 20000000);
	assert_int_equal(kv_time_ns("50ns", &v, &expect), 0);
	assert_int_equal(v, 50);
	assert_int_equal(kv_time_ns("3600s", &v, &expect), 0);
	assert_int_equal(kv_time_ns("3601s", &v, &expect), -EINVAL);
	assert_int_equal(kv_time_ns("20", &v, &expect), -EINVAL);
	assert_int_equal(kv_rate_bps("10mbit", &v, &expect), 0);
	assert_int_equal(v, 10000000);
	assert_int_equal(kv_rate_bps("0", &v, &expect), 0);
	assert_int_equal(v, 0);
	assert_int_equal(kv_rate_bps("999bit", &v, &expect), -EINVAL);
	assert_int_equal(kv_rate_bps("2000gbit", &v, &expect), -EINVAL);
}

static void numbers_keep_to_their_limit(void **state)
{
	const char *expect;
	uint64_t v;

	(void)state;
	assert_int_equal(kv_u64("18446744073709551615", UINT64_MAX, &v, &expect), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(kv_u64("18446744073709551616", UINT64_MAX, &v, &expect), -EINVAL);
	assert_int_equal(kv_u64("0x10", 16, &v, &expect), 0);
	assert_int_equal(kv_u64("17", 16, &v, &expect), -EINVAL);
	assert_int_equal(kv_u64("-1", 16, &v, &expect), -EINVAL);
	assert_int_equal(kv_u64("", 16, &v, &expect), -EINVAL);
	assert_int_equal(kv_bool("1", &v, &expect), 0);
	assert_int_equal(kv_bool("2", &v, &expect), -EINVAL);
	assert_string_equal(expect, "0 or 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_come_in_order_until_the_end),
		cmocka_unit_test(what_is_no_pair_is_refused_and_shown),
		cmocka_unit_test(find_matches_whole_keys_only),
		cmocka_unit_test(shares_need_a_unit_and_end_at_all),
		cmocka_unit_test(times_and_rates_have_units_and_limits),
		cmocka_unit_test(numbers_keep_to_their_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
