/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings of a stack that exists: which change, and what the others say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <netstk/netstk.h>

struct world {
	struct nsk_callback_port *port;
	struct nsk_stack *stack;
	char said[256]; /* the last line of the log */
};

static bool swallow(void *arg, const void *packet, size_t len)
{
	(void)arg;
	(void)packet;
	(void)len;
	return true;
}

static void hear(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	struct world *w = arg;

	(void)level;
	(void)module;
	strncpy(w->said, text, sizeof(w->said) - 1);
}

static int up(void **state)
{
	static struct world w;
	const struct nsk_callback_params params = {.output = swallow};
	struct nsk_config *config = nsk_config_new();

	memset(&w, 0, sizeof(w));
	w.port = nsk_callback_create(&params);
	nsk_config_log(config, hear, &w, NSK_LOG_ERR);
	assert_int_equal(nsk_config_add_callback(config, w.port), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.1/24"), 0);
	if (nsk_stack_create(config, &w.stack))
		fail_msg("%s", nsk_config_error(config));
	nsk_config_free(config);
	*state = &w;
	return 0;
}

static int down(void **state)
{
	struct world *w = *state;

	nsk_stack_destroy(w->stack);
	nsk_callback_destroy(w->port);
	return 0;
}

static void assert_is(struct world *w, const char *key, const char *want)
{
	char value[64];

	assert_int_equal(nsk_get(w->stack, key, value, sizeof(value)), strlen(want));
	assert_string_equal(value, want);
}

static void assert_refused(struct world *w, const char *key, const char *value, int error,
			   const char *text)
{
	w->said[0] = '\0';
	assert_int_equal(nsk_set(w->stack, key, value), -1);
	assert_int_equal(errno, error);
	if (!strstr(w->said, text))
		fail_msg("\"%s\" does not say \"%s\"", w->said, text);
}

static void test_live_ones_change_by_either_name(void **state)
{
	struct world *w = *state;

	assert_int_equal(nsk_set(w->stack, "tcp.retries", "7"), 0);
	assert_is(w, "tcp.retries", "7");
	assert_is(w, "net.ipv4.tcp_retries2", "7");
	assert_int_equal(nsk_set(w->stack, "net.ipv4.tcp_keepalive_time", "60"), 0);
	assert_is(w, "tcp.keepalive_ms", "60000");
}

static void test_others_are_refused_and_stay(void **state)
{
	struct world *w = *state;

	assert_refused(w, "tcp.max_conns", "5", EPERM,
		       "tcp.max_conns is read when the stack is made");
	assert_is(w, "tcp.max_conns", "1048576");
	assert_refused(w, "tcp.max_conns", "1048576", EPERM, "tcp.max_conns is read");
	assert_refused(w, "tcp.retries", "no", EINVAL, "tcp.retries");
	assert_refused(w, "tcp.retries", "1000000", ERANGE, "tcp.retries");
	assert_refused(w, "tcp.retrise", "5", ENOENT, "tcp.retries");
	assert_is(w, "tcp.retries", "15");
}

/* Of Linux's three numbers those that may change do, if the others stay. */
static void test_a_number_of_three_that_must_stay_is_told_with_its_value(void **state)
{
	struct world *w = *state;

	assert_refused(w, "net.ipv4.tcp_rmem", "4096 131072 6291456", EPERM,
		       "net.ipv4.tcp_rmem: the third number, tcp.rcvbuf_max, is read when the "
		       "stack is made; while it runs it must stay 12582912");
	assert_is(w, "tcp.window", "65535");
	assert_int_equal(nsk_set(w->stack, "net.ipv4.tcp_rmem", "4096 131072 12582912"), 0);
	assert_is(w, "net.ipv4.tcp_rmem", "4096\t131072\t12582912");
	assert_is(w, "tcp.window", "65536");
	assert_refused(w, "net.ipv4.tcp_mem", "1 2 3", EPERM,
		       "net.ipv4.tcp_mem: the first number, tcp.mem_low, is read when the stack is "
		       "made; while it runs it must stay 0");
}

static void test_contradictions_are_refused(void **state)
{
	struct world *w = *state;

	assert_refused(w, "port_min", "61000", EINVAL, "port_max");
	assert_is(w, "port_min", "32768");
}

static void test_a_keys_length_is_told_whatever_fits(void **state)
{
	static const char two[] = "00000001-00000002-00000003-00000004,"
				  "00000005-00000006-00000007-00000008";
	struct world *w = *state;
	char value[72];

	assert_is(w, "tcp.fastopen_key", "own");
	assert_int_equal(nsk_set(w->stack, "tcp.fastopen_key", two), 0);
	assert_int_equal(nsk_get(w->stack, "tcp.fastopen_key", NULL, 0), 71);
	assert_int_equal(nsk_get(w->stack, "tcp.fastopen_key", value, 10), 71);
	assert_string_equal(value, "00000001-");
	assert_int_equal(nsk_get(w->stack, "tcp.fastopen_key", value, 36), 71);
	assert_int_equal(nsk_get(w->stack, "tcp.fastopen_key", value, sizeof(value)), 71);
	assert_string_equal(value, two);
}

/* One that has found EAL running, with other arguments, had right ones. */
static void test_what_no_argument_is_to_blame_for_has_no_place(void **state)
{
	char *argv[] = {(char[]){"x"}, (char[]){"--eal=-m 64"}, NULL};
	struct world *w = *state;
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack;
	int argc = 2;

	assert_int_equal(nsk_config_args(config, &argc, argv), 0);
	assert_int_equal(nsk_config_add_callback(config, w->port), 0);
	assert_int_equal(nsk_stack_create(config, &stack), -1);
	assert_int_equal(errno, EBUSY);
	assert_ptr_equal(strstr(nsk_config_error(config), "EAL already runs in this process"),
			 nsk_config_error(config));
	nsk_config_free(config);
}

static void test_wrong_arguments(void **state)
{
	struct world *w = *state;

	assert_int_equal(nsk_set(NULL, "tcp.retries", "5"), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(nsk_set(w->stack, NULL, "5"), -1);
	assert_int_equal(nsk_set(w->stack, "tcp.retries", NULL), -1);
	assert_int_equal(nsk_get(w->stack, "tcp.nothing", NULL, 0), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(nsk_get(w->stack, "tcp.retries", NULL, 5), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(nsk_get(w->stack, "tcp.retries", NULL, 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_live_ones_change_by_either_name, up, down),
		cmocka_unit_test_setup_teardown(test_others_are_refused_and_stay, up, down),
		cmocka_unit_test_setup_teardown(
			test_a_number_of_three_that_must_stay_is_told_with_its_value, up, down),
		cmocka_unit_test_setup_teardown(test_contradictions_are_refused, up, down),
		cmocka_unit_test_setup_teardown(test_a_keys_length_is_told_whatever_fits, up, down),
		cmocka_unit_test_setup_teardown(test_what_no_argument_is_to_blame_for_has_no_place,
						up, down),
		cmocka_unit_test_setup_teardown(test_wrong_arguments, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
