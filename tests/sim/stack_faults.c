/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the system refuses: random numbers when a stack is made, threads when it is launched. The
 * calls are wrapped by the linker (meson.build), so that the library meets the refusal itself.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include <netstk/netstk.h>

ssize_t __real_getrandom(void *buf, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);

/* Which call from now on is refused, 0: none. */
static unsigned refuse_random, refuse_thread;

ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags)
{
	if (refuse_random == 0 || --refuse_random)
		return __real_getrandom(buf, len, flags);
	errno = ENOSYS;
	return -1;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg)
{
	if (refuse_thread == 0 || --refuse_thread)
		return __real_pthread_create(thread, attr, fn, arg);
	return EAGAIN;
}

static void quiet_log(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg, (void)level, (void)module, (void)text;
}

struct life {
	struct nsk_wire *wire;
	struct nsk_config *config;
	struct nsk_stack *stack;
};

static int setup(void **state)
{
	static struct life life;

	life.wire = nsk_wire_create(NULL, NULL, 1500);
	life.config = nsk_config_new();
	life.stack = NULL;
	nsk_config_log(life.config, quiet_log, NULL, NSK_LOG_ERR);
	assert_int_equal(nsk_config_workers(life.config, 4), 0);
	assert_int_equal(nsk_config_add_wire(life.config, life.wire, 0), 0);
	assert_int_equal(nsk_config_add_address(life.config, "10.0.0.1/24"), 0);
	*state = &life;
	return 0;
}

static int teardown(void **state)
{
	struct life *life = *state;

	refuse_random = refuse_thread = 0;
	assert_int_equal(nsk_stack_destroy(life->stack), 0);
	nsk_config_free(life->config);
	nsk_wire_destroy(life->wire);
	return 0;
}

/* ---- random numbers ------------------------------------------------------------------------ */

static void no_stack_without_random_numbers(void **state)
{
	struct life *life = *state;

	for (unsigned i = 1; i <= 2; i++) {
		refuse_random = i;
		assert_int_equal(nsk_stack_create(life->config, &life->stack), -1);
		assert_int_equal(errno, EIO);
		assert_non_null(strstr(nsk_config_error(life->config), "getrandom"));
		assert_int_equal(refuse_random, 0);
	}
	assert_int_equal(nsk_stack_create(life->config, &life->stack), 0);
}

static void a_seed_needs_no_random_numbers(void **state)
{
	struct life *life = *state;

	nsk_config_seed(life->config, 7);
	refuse_random = 1;
	assert_int_equal(nsk_stack_create(life->config, &life->stack), 0);
	assert_int_equal(refuse_random, 1);
}

/* ---- threads ------------------------------------------------------------------------------- */

static unsigned begun; /* [A] */

/* Waits for the end of the stack, which a sibling that cannot be made brings about. */
static int wait_for_the_end(void *stack)
{
	(void)stack;
	__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	return nsk_poll(NULL, 0, -1) < 0 && errno == ESHUTDOWN ? 0 : 1;
}

static int index_of(void *stack)
{
	(void)stack;
	return nsk_poll(NULL, 0, 0) < 0 ? errno : 100 + nsk_worker_index();
}

static void a_launch_that_fails_midway_leaves_the_stack_as_it_was(void **state)
{
	struct life *life = *state;

	assert_int_equal(nsk_stack_create(life->config, &life->stack), 0);
	for (unsigned nth = 1; nth <= 4; nth++) {
		begun = 0;
		refuse_thread = nth;
		assert_int_equal(nsk_launch(life->stack, wait_for_the_end, life->stack), -1);
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(begun, nth - 1);
		assert_false(nsk_stopping(life->stack));
		/* Turned, attached, launched. */
		assert_true(nsk_turn(life->stack) > 0);
		assert_int_equal(nsk_attach(life->stack, 3), 0);
		assert_int_equal(nsk_poll(NULL, 0, 0), 0);
		assert_int_equal(nsk_detach(), 0);
		assert_int_equal(nsk_launch(life->stack, index_of, life->stack), 0);
		assert_int_equal(nsk_join(life->stack), 100);
	}
}

static void a_stack_that_was_stopped_stays_so_when_its_launch_fails(void **state)
{
	struct life *life = *state;

	assert_int_equal(nsk_stack_create(life->config, &life->stack), 0);
	nsk_stop(life->stack);
	refuse_thread = 2;
	assert_int_equal(nsk_launch(life->stack, wait_for_the_end, life->stack), -1);
	assert_true(nsk_stopping(life->stack));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_stack_without_random_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(a_seed_needs_no_random_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_launch_that_fails_midway_leaves_the_stack_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stack_that_was_stopped_stays_so_when_its_launch_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
