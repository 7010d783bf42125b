/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/settings.c, settings_table.c, settings_help.c: the one table of settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/config.h"
#include "stack/settings.h"

#define FOREACH_ROW(row)                                                                        \
	for (const struct setting *row = settings_table; row < settings_table + settings_count; \
	     row++)

static size_t width(const struct setting *row)
{
	return row->type == SETTING_KEY ? 8 * SETTING_KEY_WORDS : row->type == SETTING_U64 ? 8 : 4;
}

/* ---- the table ----------------------------------------------------------------------------- */

static void test_rows_cover_every_byte_of_the_struct_once(void **state)
{
	uint8_t covered[sizeof(struct settings)] = {0};
	size_t bytes = 0;

	(void)state;
	FOREACH_ROW(row)
	{
		assert_true(row->offset + width(row) <= sizeof(covered));
		for (size_t i = 0; i < width(row); i++) {
			assert_int_equal(covered[row->offset + i], 0);
			covered[row->offset + i] = 1;
		}
		bytes += width(row);
	}
	/* The last bytes may be padding, and only they. */
	assert_true(sizeof(covered) - bytes < 8);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(covered[i], 1);
}

/* Padding at the end could hide one more field: the header itself says how many there are. */
static void test_rows_are_as_many_as_fields_in_the_header(void **state)
{
	const char *root = getenv("NSK_SOURCE_ROOT");
	unsigned fields = 0;
	char path[4096], line[512];
	FILE *file;

	(void)state;
	if (!root)
		fail_msg("NSK_SOURCE_ROOT must name the folder of the sources");
	snprintf(path, sizeof(path), "%s/lib/base/settings.h", root);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		fields += strncmp(line, "\tuint32_t ", 10) == 0 ||
			  strncmp(line, "\tuint64_t ", 10) == 0;
	fclose(file);
	assert_int_equal(settings_count, fields);
}

static void test_names_and_aliases_are_unique(void **state)
{
	(void)state;
	FOREACH_ROW(row)
	{
		assert_ptr_equal(settings_find(row->name), row);
		if (row->alias)
			assert_ptr_equal(settings_find(row->alias), row);
	}
}

static void test_every_row_is_sound(void **state)
{
	(void)state;
	FOREACH_ROW(row)
	{
		assert_true(row->min <= row->def && row->def <= row->max);
		assert_true(row->type == SETTING_KEY ? row->max == 0 : row->min < row->max);
		assert_true(row->type == SETTING_U64 || row->max <= UINT32_MAX);
		assert_true((row->type == SETTING_ENUM) == (row->choices != NULL));
		assert_true(row->type != SETTING_BOOL || (row->min == 0 && row->max == 1));
		assert_true(strlen(row->text) > 10 && !strchr(row->text, '\n') &&
			    !strchr(row->text, '|'));
		/* libconfig's integers end here. */
		assert_true(row->max <= INT64_MAX);
		for (const char *c = row->name; *c; c++)
			assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
				    *c == '_' || *c == '.');
	}
}

/* "tcp" of "tcp.window", "" of "mtu". */
static size_t group_len(const struct setting *row)
{
	const char *dot = strchr(row->name, '.');

	return dot ? (size_t)(dot - row->name) : 0;
}

/* Samples and documents are printed in this order: a group must not begin twice. */
static void test_rows_of_a_group_stand_together(void **state)
{
	(void)state;
	FOREACH_ROW(row)
	{
		for (const struct setting *later = row + 2; later < settings_table + settings_count;
		     later++) {
			bool same = group_len(row) == group_len(later) &&
				    strncmp(row->name, later->name, group_len(row)) == 0;
			bool same_before = group_len(row) == group_len(later - 1) &&
					   strncmp(row->name, (later - 1)->name, group_len(row)) ==
						   0;

			assert_true(!same || same_before);
		}
	}
}

static void test_defaults_are_those_that_the_project_promises(void **state)
{
	const struct setting *about[2];
	struct settings s;
	char error[SETTINGS_ERROR_MAX];

	(void)state;
	memset(&s, 0xff, sizeof(s));
	settings_defaults(&s);
	assert_int_equal(s.rx_ring, 256);
	assert_int_equal(s.tx_ring, 128);
	assert_int_equal(s.mtu, 1500);
	assert_int_equal(s.tcp_window, 65535);
	assert_int_equal(s.tcp_retries, 15);
	assert_int_equal(s.tcp_keepalive_ms, 7200000);
	assert_int_equal(s.tcp_syncookies, 1);
	assert_int_equal(s.mem_limit, 0);
	assert_int_equal(settings_check(&s, about, error, sizeof(error)), 0);
}

/* ---- text in and out ----------------------------------------------------------------------- */

static void expect_round_trip(const struct setting *row, uint64_t value)
{
	char text[32], back[32], error[SETTINGS_ERROR_MAX];
	struct settings s;

	settings_defaults(&s);
	settings_format(row, value, text, sizeof(text));
	assert_int_equal(settings_set(&s, row->name, text, error, sizeof(error)), 0);
	assert_int_equal(settings_value(&s, row), value);
	assert_int_equal(settings_get(&s, row->name, back, sizeof(back)), strlen(text));
	assert_string_equal(back, text);
}

/* A value that is refused changes nothing, and the text says what is allowed. */
static void expect_refused(const struct setting *row, const char *text, int err)
{
	char error[SETTINGS_ERROR_MAX], range[128];
	struct settings s, before;

	settings_defaults(&s);
	before = s;
	assert_int_equal(settings_set(&s, row->name, text, error, sizeof(error)), err);
	assert_memory_equal(&s, &before, sizeof(s));
	assert_non_null(strstr(error, row->name));
	assert_non_null(strstr(error, text));
	assert_non_null(strstr(error, settings_range(row, range, sizeof(range))));
	if (row->unit[0])
		assert_non_null(strstr(error, row->unit));
}

static void test_no_acknowledgment_may_wait_half_a_second_RFC9293_MUST_40(void **state)
{
	(void)state;
	FOREACH_ROW(row)
	{
		if (strcmp(row->name, "tcp.delack_ms") == 0)
			assert_int_equal(row->max, 499);
	}
}

static void test_every_setting_takes_its_least_its_most_and_its_default(void **state)
{
	(void)state;
	FOREACH_ROW(row)
	{
		expect_round_trip(row, row->min);
		expect_round_trip(row, row->max);
		expect_round_trip(row, row->def);
	}
}

static void test_every_setting_refuses_one_less_and_one_more(void **state)
{
	char text[32];

	(void)state;
	FOREACH_ROW(row)
	{
		int err = row->choices || row->type == SETTING_BOOL ? -EINVAL : -ERANGE;

		if (row->type == SETTING_KEY)
			continue;
		snprintf(text, sizeof(text), "%" PRIu64, row->max + 1);
		expect_refused(row, text, err);
		snprintf(text, sizeof(text), "%" PRId64, (int64_t)row->min - 1);
		expect_refused(row, text, err);
	}
}

/* Linux's form, the words little endian; a secret that is wrong is not repeated in the message. */
static void test_keys_are_written_as_linux_writes_them(void **state)
{
	static const char key[] = "00112233-44556677-8899aabb-ccddeeff";
	static const char two[] =
		"a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4,00000001-00000000-00000000-00000000";
	static const char *const bad[] = {
		"",
		"0",
		"told",
		"00112233445566778899aabbccddeeff",
		"00112233-44556677-8899aabb-ccddeef",
		"00112233-44556677-8899aabb-ccddeefg",
		"00112233-44556677-8899aabb-ccddeeff,",
		"00112233-44556677-8899aabb-ccddeeff,own",
		"00112233-44556677-8899aabb-ccddeeff 00112233-44556677-8899aabb-ccddeeff",
	};
	const struct setting *row = settings_find("net.ipv4.tcp_fastopen_key");
	char text[80], error[SETTINGS_ERROR_MAX];
	struct settings s, t;

	(void)state;
	settings_defaults(&s);
	assert_int_equal(settings_value(&s, row), 0);
	assert_int_equal(settings_set(&s, row->alias, key, error, sizeof(error)), 0);
	assert_int_equal(s.tcp_fastopen_key[0], 0x4455667700112233);
	assert_int_equal(s.tcp_fastopen_key[1], 0xccddeeff8899aabb);
	assert_int_equal(s.tcp_fastopen_key[2] | s.tcp_fastopen_key[3], 0);
	assert_int_equal(settings_get(&s, row->name, text, sizeof(text)), strlen(key));
	assert_string_equal(text, key);
	t = s;
	assert_int_equal(settings_set(&s, row->name, two, error, sizeof(error)), 0);
	assert_int_equal(s.tcp_fastopen_key[2], 1);
	assert_int_equal(settings_get(&s, row->name, text, sizeof(text)), strlen(two));
	assert_string_equal(text, two);
	assert_int_equal(settings_value(&s, row), 1);
	for (size_t i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		assert_int_equal(settings_set(&t, row->name, bad[i], error, sizeof(error)),
				 -EINVAL);
		assert_null(strstr(error, "0011"));
		assert_int_equal(t.tcp_fastopen_key[0], 0x4455667700112233);
	}
	assert_false(settings_same(&s, &t, row));
	settings_copy(&t, &s, row);
	assert_true(settings_same(&s, &t, row));
	assert_int_equal(settings_set(&s, row->name, "own", error, sizeof(error)), 0);
	assert_int_equal(settings_value(&s, row), 0);
	assert_int_equal(s.tcp_fastopen_key[2], 0);
}

static void test_a_store_touches_no_other_setting(void **state)
{
	(void)state;
	FOREACH_ROW(row)
	{
		struct settings s;

		memset(&s, 0xa5, sizeof(s));
		settings_store(&s, row, 0);
		for (size_t i = 0; i < sizeof(s); i++) {
			bool own = i >= row->offset && i < row->offset + width(row);

			assert_int_equal(((uint8_t *)&s)[i], own ? 0 : 0xa5);
		}
	}
}

static void test_numbers_are_decimal_hexadecimal_or_bytes_with_a_suffix(void **state)
{
	static const struct {
		const char *key, *text;
		int rc;
		uint64_t value;
	} cases[] = {
		{"tcp.window", "65535", 0, 65535},
		{"tcp.window", "0xffff", 0, 65535},
		{"tcp.window", "0010000", 0, 10000},
		{"tcp.window", "64k", 0, 65536},
		{"tcp.window", "64K", 0, 65536},
		{"tcp.window", "4M", 0, 4194304},
		{"mem_limit", "3g", 0, UINT64_C(3) << 30},
		{"mem_limit", "17592186044416M", -ERANGE, 0},
		{"mem_limit", "18446744073709551615", -ERANGE, 0},
		{"mem_limit", "18446744073709551616", -ERANGE, 0},
		{"mem_limit", "99999999999999999999999", -ERANGE, 0},
		{"tcp.window", "64 KB", 0, 64000},
		{"tcp.window", "64KiB", 0, 65536},
		{"tcp.window", "2MB", 0, 2000000},
		{"tcp.window", "5000 B", 0, 5000},
		{"mem_limit", "2 GiB", 0, UINT64_C(2) << 30},
		{"tcp.window", "64  KB", -EINVAL, 0},
		{"tcp.window", "64 Kb", -EINVAL, 0},
		{"tcp.window", "64 KBs", -EINVAL, 0},
		{"tcp.window", "64T", -EINVAL, 0},
		{"tcp.retries", "8 B", -EINVAL, 0},
		{"tcp.window", "k", -EINVAL, 0},
		{"tcp.window", "", -EINVAL, 0},
		{"tcp.window", " 65535", -EINVAL, 0},
		{"tcp.window", "65535 ", -EINVAL, 0},
		{"tcp.window", "+65535", -EINVAL, 0},
		{"tcp.window", "1e5", -EINVAL, 0},
		{"tcp.window", "1.5", -EINVAL, 0},
		{"tcp.window", "0x", -EINVAL, 0},
		{"tcp.window", "-1", -ERANGE, 0},
		{"tcp.window", "-", -EINVAL, 0},
		{"tcp.window", "true", -EINVAL, 0},
		{"tcp.retries", "8k", -EINVAL, 0}, /* not bytes */
	};

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		const struct setting *row = settings_find(cases[i].key);
		char error[SETTINGS_ERROR_MAX];
		uint64_t value = 0;
		int rc = settings_parse(row, cases[i].text, &value, error, sizeof(error));

		if (rc != cases[i].rc || (rc == 0 && value != cases[i].value))
			fail_msg("%s = \"%s\": %d, %" PRIu64, cases[i].key, cases[i].text, rc,
				 value);
	}
}

static void expect_stored(const char *key, const char *text, uint64_t value)
{
	char error[SETTINGS_ERROR_MAX];
	struct settings s;

	settings_defaults(&s);
	settings_store(&s, settings_find(key), !value);
	assert_int_equal(settings_set(&s, key, text, error, sizeof(error)), 0);
	assert_int_equal(settings_value(&s, settings_find(key)), value);
}

static void test_truth_has_four_words_and_choices_have_names_and_numbers(void **state)
{
	static const char *const words[2][4] = {{"0", "false", "no", "OFF"},
						{"1", "True", "yes", "on"}};
	static const char *const cookies[] = {"never", "full", "always"};

	(void)state;
	for (unsigned v = 0; v < 2; v++)
		for (unsigned i = 0; i < 4; i++)
			expect_stored("tcp.sack", words[v][i], v);
	for (unsigned v = 0; v < 3; v++) {
		char number[2] = {(char)('0' + v)};

		expect_stored("tcp.syncookies", cookies[v], v);
		expect_stored("tcp.syncookies", number, v);
	}
	expect_refused(settings_find("tcp.sack"), "maybe", -EINVAL);
	expect_refused(settings_find("tcp.syncookies"), "sometimes", -EINVAL);
}

static void test_linux_names_reach_the_same_rows(void **state)
{
	(void)state;
	expect_stored("net.ipv4.tcp_retries2", "8", 8);
	assert_string_equal(settings_find("net.ipv4.ip_default_ttl")->name, "ip.ttl");
}

static void test_errors_read_as_promised(void **state)
{
	static const struct {
		const char *key, *value, *error;
	} cases[] = {
		{"tcp.window", "70",
		 "tcp.window = 70: out of range; allowed: 1024 to 1073725440 bytes"},
		{"tcp.retries", "often",
		 "tcp.retries = often: not a value of this setting; allowed: 1 to 100 times"},
		{"tcp.sack", "2",
		 "tcp.sack = 2: not a value of this setting; allowed: true or false"},
		{"tcp.syncookies", "x",
		 "tcp.syncookies = x: not a value of this setting; allowed: never, full or always"},
		{"port_min", "0", "port_min = 0: out of range; allowed: 1 to 65535"},
		{"tcp.windw", "1",
		 "there is no setting \"tcp.windw\"; did you mean \"tcp.window\"?"},
		{"rxring", "1", "there is no setting \"rxring\"; did you mean \"rx_ring\"?"},
		{"quite another", "1", "there is no setting \"quite another\""},
		{"", "1", "there is no setting \"\""},
	};

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		char error[SETTINGS_ERROR_MAX];
		struct settings s;

		settings_defaults(&s);
		assert_true(settings_set(&s, cases[i].key, cases[i].value, error, sizeof(error)) <
			    0);
		assert_string_equal(error, cases[i].error);
	}
}

static void test_overlong_names_and_values_are_cut_in_errors(void **state)
{
	char error[SETTINGS_ERROR_MAX], word[5000];
	struct settings s;

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	settings_defaults(&s);
	assert_int_equal(settings_set(&s, word, "1", error, sizeof(error)), -ENOENT);
	assert_true(strlen(error) < 120);
	assert_int_equal(settings_set(&s, "mtu", word, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "allowed: 68 to 65535 bytes"));
}

static void test_groups_are_the_names_before_the_dot(void **state)
{
	(void)state;
	assert_true(settings_is_group("tcp"));
	assert_true(settings_is_group("pool"));
	assert_false(settings_is_group("tc"));
	assert_false(settings_is_group("tcp.window"));
	assert_false(settings_is_group("mtu"));
	assert_false(settings_is_group(""));
}

/* ---- settings that depend on each other ---------------------------------------------------- */

static void expect_conflict(const char *key, uint64_t value, const char *expected)
{
	char error[SETTINGS_ERROR_MAX] = "";
	const struct setting *about[2];
	struct settings s;

	settings_defaults(&s);
	settings_store(&s, settings_find(key), value);
	assert_int_equal(settings_check(&s, about, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, expected);
}

static void test_settings_that_contradict_each_other_are_found(void **state)
{
	(void)state;
	expect_conflict("port_min", 61000,
			"port_min = 61000 is above port_max = 60999: lower one or raise the other");
	expect_conflict(
		"tcp.rcvbuf_max", 4096,
		"tcp.window = 65535 is above tcp.rcvbuf_max = 4096: lower one or raise the other");
	expect_conflict(
		"tcp.sndbuf_max", 4096,
		"tcp.sndbuf = 262144 is above tcp.sndbuf_max = 4096: lower one or raise the other");
	expect_conflict(
		"tcp.rto_min_ms", 1001,
		"tcp.rto_min_ms = 1001 is above tcp.rto_init_ms = 1000: lower one or raise the other");
	expect_conflict(
		"tcp.rto_init_ms", 120001,
		"tcp.rto_init_ms = 120001 is above tcp.rto_max_ms = 120000: lower one or raise the other");
	expect_conflict("pool.buffers", 63,
			"pool.buffers = 63: 0 (as many as the ports ask for), or at least 64");
}

/* ---- help ---------------------------------------------------------------------------------- */

static void test_help_has_a_line_for_each_setting(void **state)
{
	char *text = NULL;
	size_t size, lines = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	nsk_config_settings_help(out);
	fclose(out);
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, settings_count);
	FOREACH_ROW(row)
	{
		char name[64];

		snprintf(name, sizeof(name), "  %s ", row->name);
		assert_non_null(strstr(text, name));
		assert_non_null(strstr(text, row->text));
	}
	free(text);
}

static void test_info_tells_the_rows_one_by_one(void **state)
{
	struct nsk_setting_info info;
	unsigned n = 0;

	(void)state;
	for (; nsk_setting_info(n, &info) == 0; n++) {
		assert_string_equal(info.name, settings_table[n].name);
		assert_ptr_equal(info.alias, settings_table[n].alias);
		assert_true(strlen(info.range) > 0 && strlen(info.def) > 0);
	}
	assert_int_equal(errno, ENOENT);
	assert_int_equal(n, settings_count);
	assert_int_equal(nsk_setting_info(0, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_cover_every_byte_of_the_struct_once),
		cmocka_unit_test(test_rows_are_as_many_as_fields_in_the_header),
		cmocka_unit_test(test_names_and_aliases_are_unique),
		cmocka_unit_test(test_every_row_is_sound),
		cmocka_unit_test(test_rows_of_a_group_stand_together),
		cmocka_unit_test(test_defaults_are_those_that_the_project_promises),
		cmocka_unit_test(test_no_acknowledgment_may_wait_half_a_second_RFC9293_MUST_40),
		cmocka_unit_test(test_every_setting_takes_its_least_its_most_and_its_default),
		cmocka_unit_test(test_every_setting_refuses_one_less_and_one_more),
		cmocka_unit_test(test_keys_are_written_as_linux_writes_them),
		cmocka_unit_test(test_a_store_touches_no_other_setting),
		cmocka_unit_test(test_numbers_are_decimal_hexadecimal_or_bytes_with_a_suffix),
		cmocka_unit_test(test_truth_has_four_words_and_choices_have_names_and_numbers),
		cmocka_unit_test(test_linux_names_reach_the_same_rows),
		cmocka_unit_test(test_errors_read_as_promised),
		cmocka_unit_test(test_overlong_names_and_values_are_cut_in_errors),
		cmocka_unit_test(test_groups_are_the_names_before_the_dot),
		cmocka_unit_test(test_settings_that_contradict_each_other_are_found),
		cmocka_unit_test(test_help_has_a_line_for_each_setting),
		cmocka_unit_test(test_info_tells_the_rows_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
