/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/settings_linux.c, settings_triple.c: settings by Linux's names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "stack/settings.h"

static void test_aliases_are_in_linuxs_units(void **state)
{
	struct settings s;
	char text[32], error[SETTINGS_ERROR_MAX];

	(void)state;
	settings_defaults(&s);
	assert_true(settings_get(&s, "net.ipv4.tcp_keepalive_time", text, sizeof(text)) > 0);
	assert_string_equal(text, "7200");
	assert_int_equal(
		settings_set(&s, "net.ipv4.tcp_keepalive_time", "60", error, sizeof(error)), 0);
	assert_int_equal(s.tcp_keepalive_ms, 60000);
	assert_int_equal(settings_set(&s, "net.ipv4.tcp_rto_max_ms", "60000", error, sizeof(error)),
			 0);
	assert_int_equal(s.tcp_rto_max_ms, 60000);
	assert_int_equal(settings_set(&s, "net.ipv4.tcp_keepalive_time", "1h", error,
				      sizeof(error)),
			 -EINVAL);
	assert_int_equal(settings_set(&s, "net.ipv4.tcp_keepalive_time", "604801", error,
				      sizeof(error)),
			 -ERANGE);
	assert_int_equal(s.tcp_keepalive_ms, 60000);
}

/* Three to a name, payload being half of memory, and pages. */
static void test_linuxs_triples_set_all_three_or_none(void **state)
{
	struct settings s;
	char text[64], error[SETTINGS_ERROR_MAX];

	(void)state;
	settings_defaults(&s);
	assert_true(settings_get(&s, "net.ipv4.tcp_rmem", text, sizeof(text)) > 0);
	assert_string_equal(text, "8192\t131070\t12582912");
	assert_int_equal(settings_set(&s, "net.ipv4.tcp_rmem", "4096 131072\t6291456", error,
				      sizeof(error)),
			 0);
	assert_int_equal(s.tcp_rcvbuf_min, 2048);
	assert_int_equal(s.tcp_window, 65536);
	assert_int_equal(s.tcp_rcvbuf_max, 3145728);
	assert_int_equal(settings_set(&s, "net.ipv4.tcp_wmem", "8192 16384 4194304", error,
				      sizeof(error)),
			 0);
	assert_int_equal(s.tcp_sndbuf_min, 4096);
	assert_int_equal(s.tcp_sndbuf, 8192);
	assert_int_equal(s.tcp_sndbuf_max, 2097152);
	assert_int_equal(settings_set(&s, "net.ipv4.tcp_mem", "1 2 3", error, sizeof(error)), 0);
	assert_int_equal(s.tcp_mem_low, 4096);
	assert_int_equal(s.tcp_mem_pressure, 8192);
	assert_int_equal(s.tcp_mem_high, 12288);
	assert_true(settings_get(&s, "net.ipv4.tcp_mem", text, sizeof(text)) > 0);
	assert_string_equal(text, "1\t2\t3");
	for (unsigned i = 0; i < 5; i++) {
		static const char *const bad[] = {"8192 16384", "8192 16384 4194304 1",
						  "8192 16384 lots", "", "8192 16384 1"};

		assert_true(settings_set(&s, "net.ipv4.tcp_wmem", bad[i], error, sizeof(error)) <
			    0);
		assert_int_equal(s.tcp_sndbuf_min, 4096);
		assert_int_equal(s.tcp_sndbuf, 8192);
	}
}

static void expect_linux(const char *key, const char *text, const char *back)
{
	char error[SETTINGS_ERROR_MAX], got[32];
	struct settings s;

	settings_defaults(&s);
	if (settings_set(&s, key, text, error, sizeof(error)))
		fail_msg("%s", error);
	settings_get(&s, key, got, sizeof(got));
	assert_string_equal(got, back);
}

static void test_linux_names_have_linuxs_numbers(void **state)
{
	(void)state;
	expect_linux("net.ipv4.tcp_sack", "0", "0");
	expect_linux("net.ipv4.tcp_sack", "on", "1");
	expect_linux("net.ipv4.tcp_timestamps", "1", "1");
	expect_linux("net.ipv4.tcp_mtu_probing", "0", "0");
	expect_linux("net.ipv4.tcp_window_scaling", "1", "1");
	expect_linux("net.ipv4.tcp_ecn", "1", "1");
	expect_linux("net.ipv4.tcp_ecn", "accept", "2");
	expect_linux("net.ipv4.tcp_syncookies", "always", "2");
	expect_linux("net.ipv4.tcp_congestion_control", "reno", "reno");
	expect_linux("tcp.ecn", "1", "ask");
	expect_linux("tcp.sack", "1", "true");
}

static void test_what_linux_has_and_we_have_not_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *key, *value, *error;
	} cases[] = {
		{"net.ipv4.tcp_sack", "2",
		 "net.ipv4.tcp_sack (tcp.sack) = 2: not a value of this setting; allowed: "
		 "0 (false) or 1 (true)"},
		{"net.ipv4.tcp_syncookies", "3",
		 "net.ipv4.tcp_syncookies (tcp.syncookies) = 3: not a value of this setting; allowed: "
		 "0 (never), 1 (full) or 2 (always)"},
		{"net.ipv4.tcp_timestamps", "2",
		 "net.ipv4.tcp_timestamps (tcp.timestamps) = 2: timestamps always begin at an offset "
		 "that belongs to the pair of addresses; allowed: 0 (false) or 1 (true)"},
		{"net.ipv4.tcp_mtu_probing", "2",
		 "net.ipv4.tcp_mtu_probing (tcp.mtu_probing) = 2: no path is probed before full "
		 "segments have timed out; allowed: 0 (false) or 1 (true)"},
		{"net.ipv4.tcp_congestion_control", "2x",
		 "net.ipv4.tcp_congestion_control (tcp.congestion) = 2x: not a value of this setting; "
		 "allowed: cubic, reno, bbr or dctcp"},
	};

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		char error[SETTINGS_ERROR_MAX];
		struct settings s;

		settings_defaults(&s);
		assert_int_equal(settings_set(&s, cases[i].key, cases[i].value, error,
					      sizeof(error)),
				 -EINVAL);
		assert_string_equal(error, cases[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aliases_are_in_linuxs_units),
		cmocka_unit_test(test_linuxs_triples_set_all_three_or_none),
		cmocka_unit_test(test_linux_names_have_linuxs_numbers),
		cmocka_unit_test(test_what_linux_has_and_we_have_not_is_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
