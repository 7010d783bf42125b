/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/sock/limit.h: one limit of open descriptors for all workers of a stack. */
#include "sock/limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define WORKERS 4

struct world {
	struct settings set;
	struct stack_shared shared;
	struct nsk_worker w[WORKERS];
	struct sock_worker sock[WORKERS];
};

static struct world world;

static void begin(uint32_t limit, unsigned workers)
{
	memset(&world, 0, sizeof(world));
	world.set.max_sockets = limit;
	limit_init(&world.shared, &world.set);
	for (unsigned i = 0; i < workers; i++) {
		world.w[i].set = &world.set;
		world.w[i].shared = &world.shared;
		world.w[i].peers = (uint16_t)workers;
		world.w[i].sock = &world.sock[i];
		limit_share(&world.w[i], &world.sock[i]);
	}
}

/* As many as it gets, no more than most. */
static uint32_t open_at(unsigned i, uint32_t most)
{
	uint32_t n = 0;

	while (n < most && limit_has(&world.w[i], 1)) {
		world.sock[i].open++;
		n++;
	}
	return n;
}

static void close_at(unsigned i, uint32_t n)
{
	while (n--)
		limit_return(&world.w[i], 1);
}

static void one_worker_has_all_of_it(void **state)
{
	(void)state;
	begin(1000, 1);
	assert_int_equal(open_at(0, 2000), 1000);
	close_at(0, 1);
	assert_int_equal(open_at(0, 2000), 1);
}

static void whoever_needs_it_gets_nearly_all(void **state)
{
	(void)state;
	begin(100000, WORKERS);
	for (unsigned i = 1; i < WORKERS; i++)
		assert_int_equal(open_at(i, 1), 1);
	/* The others keep a part each: 390 of 100,000. */
	assert_int_equal(open_at(0, 200000), 100000 - 3 * 390);
	assert_int_equal(world.shared.sockets_left, 0);
}

static void a_small_limit_is_kept_to_the_last_one(void **state)
{
	(void)state;
	begin(100, WORKERS);
	assert_int_equal(open_at(0, 200), 100);
	assert_int_equal(open_at(1, 200), 0);
	close_at(0, 10);
	/* The last two that worker 0 has no use for stay there. */
	assert_int_equal(open_at(1, 200), 8);
	assert_int_equal(open_at(0, 200), 2);
}

static void what_is_closed_is_for_all(void **state)
{
	(void)state;
	begin(64000, WORKERS);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_in_range(open_at(i, 64000 / WORKERS), 15500, 16000);
	for (unsigned i = 0; i < WORKERS; i++)
		close_at(i, world.sock[i].open);
	assert_in_range(open_at(3, 64000), 64000 - 6 * 250, 64000);
	close_at(3, world.sock[3].open);
	assert_in_range(open_at(0, 64000), 64000 - 6 * 250, 64000);
}

static void several_at_once_or_none(void **state)
{
	(void)state;
	begin(100, 2);
	assert_int_equal(open_at(0, 95), 95);
	assert_false(limit_has(&world.w[1], 6));
	assert_true(limit_has(&world.w[1], 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_worker_has_all_of_it),
		cmocka_unit_test(whoever_needs_it_gets_nearly_all),
		cmocka_unit_test(a_small_limit_is_kept_to_the_last_one),
		cmocka_unit_test(what_is_closed_is_for_all),
		cmocka_unit_test(several_at_once_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
