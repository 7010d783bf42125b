/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line that EAL is started with. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/compiler.h"
#include "stack/eal.h"
#include "stack/eal_args.h"

static char error[256];

/* The whole command line but argv[0]. */
static const char *line_of(const struct eal_args *a)
{
	static char text[1024];
	size_t len = 0;

	text[0] = '\0';
	for (int i = 1; i < a->argc; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 1 ? " " : "",
					a->argv[i]);
	return text;
}

static const char *made(const struct eal_plan *plan, const char *user_text)
{
	static struct eal_args args, user;

	assert_int_equal(eal_args_split(&user, user_text, error, sizeof(error)), 0);
	assert_int_equal(eal_args_make(&args, plan, &user, error, sizeof(error)), 0);
	assert_null(args.argv[args.argc]);
	return line_of(&args);
}

static void without_devices_eal_is_small(void **state)
{
	struct eal_plan plan = {.pid = 7, .cpus = "0-1", .no_huge = true};

	(void)state;
	assert_string_equal(
		made(&plan, ""),
		"--file-prefix=nsk-7 --lcores=0@(0-1) --no-shconf --no-telemetry --no-pci "
		"--no-huge -m256");
}

static void with_devices_and_hugepages_nothing_is_left_behind(void **state)
{
	struct eal_plan plan = {.pid = 7, .cpus = "0", .devices = true, .telemetry = true};

	(void)state;
	assert_string_equal(made(&plan, NULL),
			    "--file-prefix=nsk-7 --lcores=0@(0) --no-shconf --no-pci "
			    "--in-memory --single-file-segments");
	plan.no_in_memory = true;
	assert_string_equal(
		made(&plan, NULL),
		"--file-prefix=nsk-7 --lcores=0@(0) --no-shconf --no-pci --huge-unlink=always");
	plan.no_huge = true;
	assert_string_equal(
		made(&plan, NULL),
		"--file-prefix=nsk-7 --lcores=0@(0) --no-shconf --no-pci --no-huge -m1024");
}

static void pci_devices_are_allowed_by_name(void **state)
{
	struct eal_plan plan = {.pid = 7,
				.cpus = "0",
				.devices = true,
				.telemetry = true,
				.pci = {"0000:00:08.0", "00:09.0,x=1"},
				.npci = 2};

	(void)state;
	assert_string_equal(made(&plan, NULL), "--file-prefix=nsk-7 --lcores=0@(0) --no-shconf "
					       "-a0000:00:08.0 -a00:09.0,x=1 --in-memory "
					       "--single-file-segments");
	/* -a and -b exclude each other: the user's list stands alone. */
	assert_string_equal(made(&plan, "-b 00:01.0"),
			    "--file-prefix=nsk-7 --lcores=0@(0) --no-shconf "
			    "--in-memory --single-file-segments -b 00:01.0");
}

static void the_user_has_the_last_word(void **state)
{
	struct eal_plan plan = {.pid = 7, .cpus = "0", .no_huge = true};

	(void)state;
	assert_string_equal(
		made(&plan, "-m 64 -l 1 --file-prefix=mine --no-pci --no-huge --telemetry"),
		"--no-shconf -m 64 -l 1 --file-prefix=mine --no-pci --no-huge --telemetry");
}

static void arguments_are_split_as_a_shell_would(void **state)
{
	struct eal_args a;

	(void)state;
	assert_int_equal(
		eal_args_split(&a, "  --vdev 'net_tap0,iface=a b'  --log-level=\"pmd:8\" -d a\\ b ",
			       error, sizeof(error)),
		0);
	assert_int_equal(a.argc, 5);
	assert_string_equal(a.argv[1], "net_tap0,iface=a b");
	assert_string_equal(a.argv[2], "--log-level=pmd:8");
	assert_string_equal(a.argv[4], "a b");
	assert_true(eal_args_have(&a, "--log-level"));
	assert_false(eal_args_have(&a, "--log"));
}

static void what_would_end_or_print_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"--help", "EAL has no option '--help' for a library"},
		{"-h", "EAL has no option '-h' for a library"},
		{"--version", "EAL has no option '--version' for a library"},
		{"--bogus=1", "EAL has no option '--bogus=1' for a library"},
		{"stray", "EAL has no option 'stray' for a library"},
		{"-m", "-m wants a value"},
		{"-m x", "-m of EAL wants a number, not \"x\""},
		{"-m=64", "-m of EAL wants a number, not \"=64\""},
		{"--main-lcore=", "--main-lcore of EAL wants a number, not \"\""},
		{"-l 'open", "a quote or a backslash is open, or an argument is too long"},
		{"--proc-type=secondary",
		 "secondary processes are not supported (--proc-type=secondary)"},
		{"--proc-type auto", "secondary processes are not supported (--proc-type)"},
		{"--no-huge --in-memory",
		 "EAL refuses --no-huge together with --in-memory: leave one out"},
	};
	struct eal_args a;

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		assert_int_equal(eal_args_split(&a, bad[i].text, error, sizeof(error)), -EINVAL);
		assert_string_equal(error, bad[i].says);
	}
	assert_int_equal(eal_args_split(&a, "--proc-type=primary", error, sizeof(error)), 0);
	assert_int_equal(eal_args_split(&a, "--proc-type primary", error, sizeof(error)), 0);
}

static void too_many_arguments_are_refused(void **state)
{
	char text[4 * EAL_ARGS_MAX + 8] = "";
	struct eal_args a;

	(void)state;
	for (unsigned i = 0; i < EAL_ARGS_MAX + 1; i++)
		strcat(text, "-m1 ");
	assert_int_equal(eal_args_split(&a, text, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "too many arguments");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_devices_eal_is_small),
		cmocka_unit_test(with_devices_and_hugepages_nothing_is_left_behind),
		cmocka_unit_test(pci_devices_are_allowed_by_name),
		cmocka_unit_test(the_user_has_the_last_word),
		cmocka_unit_test(arguments_are_split_as_a_shell_would),
		cmocka_unit_test(what_would_end_or_print_is_refused_with_a_reason),
		cmocka_unit_test(too_many_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
