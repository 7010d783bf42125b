/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/args.c: the options that all programs share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "stack/config.h"

/* A command line of words, "prog" in front. */
struct line {
	char *argv[40];
	int argc;
	struct nsk_config *config;
};

static int take(struct line *l, const char *const *words)
{
	l->config = nsk_config_new();
	l->argv[0] = (char *)"prog";
	for (l->argc = 1; words[l->argc - 1]; l->argc++)
		l->argv[l->argc] = (char *)words[l->argc - 1];
	l->argv[l->argc] = NULL;
	return nsk_config_args(l->config, &l->argc, l->argv);
}

#define TAKE(l, ...) take(l, (const char *const[]){__VA_ARGS__, NULL})

static void expect_left(const struct line *l, const char *const *words)
{
	int n = 0;

	assert_string_equal(l->argv[0], "prog");
	for (; words[n]; n++)
		assert_string_equal(l->argv[n + 1], words[n]);
	assert_int_equal(l->argc, n + 1);
	assert_null(l->argv[l->argc]);
}

#define EXPECT_LEFT(l, ...) expect_left(l, (const char *const[]){__VA_ARGS__, NULL})

/* ---- options that are taken ---------------------------------------------------------------- */

static void expect_all_applied(const struct nsk_config *c)
{
	assert_int_equal(c->ndevices, 2);
	assert_string_equal(c->device[0].devargs, "net_tap0,iface=nsk0");
	assert_string_equal(c->device[1].devargs, "net_ring0");
	assert_int_equal(c->device[0].naddrs, 2);
	assert_int_equal(c->device[1].naddrs, 1);
	assert_int_equal(c->route[0].gateway.b[3], 1);
	assert_int_equal(c->set.tcp_retries, 8);
	assert_int_equal(c->set.tcp_sack, 0);
	assert_true(c->no_huge);
	assert_string_equal(c->eal_args, "-m 64");
	assert_string_equal(c->control, "/run/x.sock");
	assert_int_equal(c->log_level, NSK_LOG_INFO);
}

static void test_short_options_with_values_of_their_own(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(TAKE(&l, "-d", "net_tap0,iface=nsk0", "-a", "10.0.0.2/24", "-a",
			      "10.0.1.2/24", "-d", "net_ring0", "-a", "10.0.2.2/24", "-g",
			      "10.0.0.1", "-o", "tcp.retries=8", "-o", "tcp.sack=off", "--no-huge",
			      "--eal", "-m 64", "--control", "/run/x.sock", "--log", "info"),
			 0);
	EXPECT_LEFT(&l, NULL);
	expect_all_applied(l.config);
	nsk_config_free(l.config);
}

static void test_values_in_the_same_word(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(TAKE(&l, "-dnet_tap0,iface=nsk0", "-a10.0.0.2/24", "--address=10.0.1.2/24",
			      "--device=net_ring0", "-a10.0.2.2/24", "--gateway=10.0.0.1",
			      "-otcp.retries=8", "--option=tcp.sack=off", "--no-huge",
			      "--eal=-m 64", "--control=/run/x.sock", "--log=info"),
			 0);
	EXPECT_LEFT(&l, NULL);
	expect_all_applied(l.config);
	nsk_config_free(l.config);
}

static void test_cores_are_taken(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(TAKE(&l, "--lcores", "9999"), -1);
	assert_non_null(strstr(nsk_config_error(l.config),
			       "--lcores: core 9999 is not there for this process"));
	nsk_config_free(l.config);
}

static void test_workers_without_cores_and_cores_take_each_others_place(void **state)
{
	cpu_set_t usable;
	char first[16];
	struct line l;
	int core = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(usable), &usable), 0);
	while (!CPU_ISSET(core, &usable))
		core++;
	snprintf(first, sizeof(first), "%d", core);
	assert_int_equal(TAKE(&l, "-l", first, "--workers", "3"), 0);
	assert_int_equal(nsk_config_worker_count(l.config), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(l.config->cpu[i], -1);
	assert_true(nsk_config_given(l.config, "workers"));
	nsk_config_free(l.config);
	assert_int_equal(TAKE(&l, "--workers=64", "-l", first), 0);
	assert_int_equal(nsk_config_worker_count(l.config), 1);
	assert_int_equal(l.config->cpu[0], core);
	nsk_config_free(l.config);
}

static void test_a_file_counts_where_it_stands(void **state)
{
	char path[] = "/tmp/nsk-args-XXXXXX";
	int fd = mkstemp(path);
	struct line l;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "mtu = 1400;\nburst = 7;\n", 23), 23);
	close(fd);
	assert_int_equal(TAKE(&l, "-o", "mtu=1300", "-c", path, "-o", "burst=8"), 0);
	assert_int_equal(l.config->set.mtu, 1400);
	assert_int_equal(l.config->set.burst, 8);
	nsk_config_free(l.config);
	unlink(path);
}

/* ---- words that are left ------------------------------------------------------------------- */

static void test_what_is_unknown_stays_in_its_order(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(TAKE(&l, "--tcp", "7", "-d", "net_tap0", "-v", "file", "--no-huge",
			      "--help", "-x=1", "--devicex=1", "--dev", "y", "-"),
			 0);
	EXPECT_LEFT(&l, "--tcp", "7", "-v", "file", "--help", "-x=1", "--devicex=1", "--dev", "y",
		    "-");
	assert_int_equal(l.config->ndevices, 1);
	nsk_config_free(l.config);
}

static void test_all_behind_two_dashes_is_left_alone(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(TAKE(&l, "-d", "net_tap0", "a", "--", "-d", "net_ring0", "--no-huge"), 0);
	EXPECT_LEFT(&l, "a", "--", "-d", "net_ring0", "--no-huge");
	assert_int_equal(l.config->ndevices, 1);
	assert_false(l.config->no_huge);
	assert_false(nsk_config_given(l.config, "no-huge"));
	nsk_config_free(l.config);
}

static void test_what_was_given_can_be_asked(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(TAKE(&l, "-dnet_tap0", "--address=10.0.0.2/24", "--tcp", "7"), 0);
	assert_true(nsk_config_given(l.config, NULL));
	assert_true(nsk_config_given(l.config, "device"));
	assert_true(nsk_config_given(l.config, "address"));
	assert_false(nsk_config_given(l.config, "gateway"));
	assert_false(nsk_config_given(l.config, "tcp"));
	assert_int_equal(nsk_config_worker_count(l.config), 1);
	nsk_config_free(l.config);
	assert_int_equal(TAKE(&l, "--tcp", "7"), 0);
	assert_false(nsk_config_given(l.config, NULL));
	nsk_config_free(l.config);
}

static void test_an_empty_command_line_stays_empty(void **state)
{
	struct nsk_config *config = nsk_config_new();
	char *argv[] = {NULL};
	int argc = 0;
	struct line l;

	(void)state;
	assert_int_equal(nsk_config_args(config, &argc, argv), 0);
	assert_int_equal(argc, 0);
	nsk_config_free(config);
	assert_int_equal(TAKE(&l, NULL), 0);
	EXPECT_LEFT(&l, NULL);
	nsk_config_free(l.config);
	assert_int_equal(nsk_config_args(NULL, &argc, argv), -1);
	assert_int_equal(errno, EINVAL);
}

/* ---- errors -------------------------------------------------------------------------------- */

static void test_each_misuse_names_its_option(void **state)
{
	static const struct {
		const char *words[6];
		const char *error;
	} cases[] = {
		{{"-a", "10.0.0.2/24"},
		 "-a: address \"10.0.0.2/24\" without a device before: it belongs to one"},
		{{"--address=10.0.0.2/24", "-d", "net_tap0"},
		 "--address: address \"10.0.0.2/24\" without a device before: it belongs to one"},
		{{"-d"}, "-d: lacks its value (-d DEVARGS)"},
		{{"-d", "-a", "10.0.0.2/24"}, "-d: \"-a\" looks like an option, not like a device"},
		{{"-d", ""}, "-d: the device has no name"},
		{{"--device="}, "--device: the device has no name"},
		{{"-d", "net_tap0", "--device", "net_tap0"},
		 "--device: device \"net_tap0\" is there already"},
		{{"-d", "net_tap0", "-a", "10.0.0.0/24"},
		 "-a: address \"10.0.0.0/24\" is the subnet's own number, not a station in it"},
		{{"--gateway", "x"},
		 "--gateway: gateway \"x\" is malformed: write an address such as 10.0.0.1"},
		{{"-g"}, "-g: lacks its value (-g ADDR)"},
		{{"-l", "one"},
		 "-l: cores \"one\": numbers and ranges with commas between, such as 1-3,5"},
		{{"--workers", "0"}, "--workers: 0 workers: 1 to 64 are possible"},
		{{"--workers", "65"}, "--workers: 65 workers: 1 to 64 are possible"},
		{{"--workers", "4294967297"}, "--workers: \"4294967297\" is no number of workers"},
		{{"--workers", "two"}, "--workers: \"two\" is no number of workers"},
		{{"--workers", "-1"}, "--workers: \"-1\" is no number of workers"},
		{{"--workers=2x"}, "--workers: \"2x\" is no number of workers"},
		{{"--workers"}, "--workers: lacks its value (--workers COUNT)"},
		{{"-c", "/nowhere/x.conf"}, "-c: /nowhere/x.conf: No such file or directory"},
		{{"-o", "mtu"}, "-o: \"mtu\" is not KEY=VALUE, such as tcp.retries=8"},
		{{"-o", "=5"}, "-o: \"=5\" is not KEY=VALUE, such as tcp.retries=8"},
		{{"-o", "mtu="},
		 "-o: mtu = nothing: not a value of this setting; allowed: 68 to 65535 bytes"},
		{{"-o", "mtu=1"}, "-o: mtu = 1: out of range; allowed: 68 to 65535 bytes"},
		{{"-o", "mtv=1"}, "-o: there is no setting \"mtv\"; did you mean \"mtu\"?"},
		{{"-o", "0123456789012345678901234567890123456789012345678901234567890123456789=1"},
		 "-o: there is no setting \"012345678901234567890123456789012345678901234567890123456789...\""},
		{{"--option"}, "--option: lacks its value (--option KEY=VALUE)"},
		{{"--no-huge=1"}, "--no-huge: takes no value (--no-huge)"},
		{{"--eal", "'"},
		 "--eal: a quote or a backslash is open, or an argument is too long"},
		{{"--eal"}, "--eal: lacks its value (--eal ARGS)"},
		{{"--log", "loud"},
		 "--log: log level \"loud\": none, error, warning, info or debug"},
		{{"--control"}, "--control: lacks its value (--control PATH)"},
	};

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		struct line l;

		errno = 0;
		assert_int_equal(take(&l, cases[i].words), -1);
		assert_int_not_equal(errno, 0);
		assert_string_equal(nsk_config_error(l.config), cases[i].error);
		nsk_config_free(l.config);
	}
}

/* ---- help ---------------------------------------------------------------------------------- */

static void test_help_names_every_option(void **state)
{
	static const char *const options[] = {
		"  -d, --device DEVARGS", "  -a, --address CIDR",  "  -g, --gateway ADDR",
		"  -l, --lcores LIST",	  "  -c, --config FILE",   "  -o, --option KEY=VALUE",
		"      --no-huge",	  "      --eal ARGS",	   "      --control PATH",
		"      --log LEVEL",	  "      --workers COUNT",
	};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	nsk_config_args_help(out, NULL);
	fclose(out);
	for (size_t i = 0; i < NSK_ARRAY_LEN(options); i++)
		assert_non_null(strstr(text, options[i]));
	/* Lines fit a terminal. */
	for (char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	free(text);
}

static void test_help_leaves_out_what_does_nothing(void **state)
{
	static const char *const without[] = {"gateway", "control", NULL};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	nsk_config_args_help(out, without);
	fclose(out);
	assert_null(strstr(text, "--gateway"));
	assert_null(strstr(text, "--control"));
	assert_non_null(strstr(text, "--address"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_options_with_values_of_their_own),
		cmocka_unit_test(test_values_in_the_same_word),
		cmocka_unit_test(test_cores_are_taken),
		cmocka_unit_test(test_workers_without_cores_and_cores_take_each_others_place),
		cmocka_unit_test(test_a_file_counts_where_it_stands),
		cmocka_unit_test(test_what_is_unknown_stays_in_its_order),
		cmocka_unit_test(test_all_behind_two_dashes_is_left_alone),
		cmocka_unit_test(test_what_was_given_can_be_asked),
		cmocka_unit_test(test_an_empty_command_line_stays_empty),
		cmocka_unit_test(test_each_misuse_names_its_option),
		cmocka_unit_test(test_help_names_every_option),
		cmocka_unit_test(test_help_leaves_out_what_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
