/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mbuf/extmem.h"

#define LINE 64

static struct extmem x;
static char memory[4096];

static int begin(void **state)
{
	(void)state;
	extmem_init(&x);
	return extmem_add(&x, memory, sizeof(memory));
}

static int end(void **state)
{
	(void)state;
	extmem_fini(&x);
	return 0;
}

static void test_a_region_is_kept_while_any_worker_holds_it(void **state)
{
	static const unsigned workers[] = {0, 1, EXTMEM_WORKERS - 1};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct extmem_region *r = extmem_hold(&x, workers[i], memory + 10, 100);

		assert_non_null(r);
		assert_ptr_equal(extmem_hold(&x, workers[i], memory, sizeof(memory)), r);
		extmem_put(&x, workers[i], r);
		assert_int_equal(extmem_remove(&x, memory), -EBUSY);
		extmem_put(&x, workers[i], r);
	}
	assert_int_equal(extmem_remove(&x, memory), 0);
	assert_null(extmem_hold(&x, 0, memory, 1));
	assert_int_equal(extmem_remove(&x, memory), -ENOENT);
}

static void test_only_what_lies_within_is_found(void **state)
{
	(void)state;
	assert_null(extmem_hold(&x, 0, memory + 1, sizeof(memory)));
	assert_null(extmem_hold(&x, 0, (char *)((uintptr_t)memory - 1), 2));
	assert_null(extmem_hold(&x, 0, (char *)((uintptr_t)memory + sizeof(memory)), 1));
	assert_int_equal(extmem_remove(&x, memory), 0); /* nothing was held for them */
}

/* Nothing hot is shared: neither by two workers, nor with the bounds that all of them read. */
static void test_workers_count_on_lines_of_their_own(void **state)
{
	struct extmem_region *r;

	(void)state;
	r = extmem_hold(&x, 3, memory, 1);
	assert_int_equal(x.users[3].of[r - x.region], 1);
	assert_int_equal(x.users[2].of[r - x.region], 0);
	extmem_put(&x, 3, r);
	assert_in_range((char *)&x.users[3].of[0] - (char *)&x.users[2].of[0], 2 * LINE, 1024);
	assert_in_range((char *)&x.users[0].of[0] - (char *)&x.region[0], 2 * LINE, SIZE_MAX);
}

#define ROW(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_a_region_is_kept_while_any_worker_holds_it),
		ROW(test_only_what_lies_within_is_found),
		ROW(test_workers_count_on_lines_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
