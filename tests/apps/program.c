/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals, as every program takes them; by a clock of the test's own. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/program.h"

static uint64_t now_ns = UINT64_C(5000000000);

/* In place of the C library's. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = (time_t)(now_ns / 1000000000u);
	ts->tv_nsec = (long)(now_ns % 1000000000u);
	return 0;
}

/* What becomes of a process that gets one signal, and another so much later. */
static int ends(int first, int second, uint64_t later_ns)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		program_catch_signals(NULL);
		raise(first);
		if (!program_ended())
			_exit(1);
		now_ns += later_ns;
		raise(second);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void a_signal_on_top_of_another_is_the_same(void **state)
{
	(void)state;
	assert_int_equal(ends(SIGINT, SIGINT, 0), 0);
	assert_int_equal(ends(SIGINT, SIGTERM, 999999999), 0);
	assert_int_equal(ends(SIGHUP, SIGINT, 5000), 0);
}

static void one_that_comes_a_second_later_kills(void **state)
{
	int status = ends(SIGINT, SIGINT, 1000000000);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	status = ends(SIGINT, SIGTERM, 2000000000);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void a_hangup_that_is_ignored_stays_ignored(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(WEXITSTATUS(ends(SIGHUP, SIGHUP, 0)), 1);
	signal(SIGHUP, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_on_top_of_another_is_the_same),
		cmocka_unit_test(one_that_comes_a_second_later_kills),
		cmocka_unit_test(a_hangup_that_is_ignored_stays_ignored),
	};

	signal(SIGHUP, SIG_DFL); /* nohup leaves it ignored */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
