/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/mem.c: what is counted, what is refused, and where memory comes from. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void counts_bytes_and_allocations(void **state)
{
	struct mem m;
	void *a, *b;

	(void)state;
	mem_init(&m, NULL);
	a = mem_alloc(&m, 100);
	b = mem_zalloc(&m, 50);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(m.bytes, 150);
	assert_int_equal(m.live, 2);
	mem_free(&m, a, 100);
	mem_free(&m, NULL, 77);
	assert_int_equal(m.bytes, 50);
	mem_free(&m, b, 50);
	assert_int_equal(m.bytes, 0);
	assert_int_equal(m.live, 0);
	assert_int_equal(m.peak, 150);
	assert_int_equal(m.total, 2);
	assert_int_equal(m.failed, 0);
}

static void zeroes_and_aligns(void **state)
{
	static const uint8_t zero[333];
	struct mem m;

	(void)state;
	mem_init(&m, NULL);
	for (size_t align = 16; align <= 65536; align *= 2) {
		void *p = mem_alloc_aligned(&m, 333, align);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % align, 0);
		memset(p, 0xa5, 333);
		mem_free(&m, p, 333);
		p = mem_zalloc(&m, 333);
		assert_memory_equal(p, zero, 333);
		mem_free(&m, p, 333);
	}
	assert_int_equal(m.bytes, 0);
}

static uintptr_t line_of(const void *p)
{
	return (uintptr_t)p / NSK_APART;
}

/* What one thread writes all the time lies in lines of its own. */
static void blocks_do_not_meet_in_a_line(void **state)
{
	enum {
		SIZE = NSK_APART + 8
	};
	struct mem m;
	char *p[8];

	(void)state;
	mem_init(&m, NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(p); i++)
		p[i] = i % 2 ? mem_zalloc_apart(&m, SIZE) : mem_apart(SIZE);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(p); i++) {
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % NSK_APART, 0);
		assert_true(p[i][0] == 0 && p[i][SIZE - 1] == 0);
		for (unsigned k = 0; k < i; k++)
			assert_true(line_of(p[k] + SIZE - 1) < line_of(p[i]) ||
				    line_of(p[i] + SIZE - 1) < line_of(p[k]));
	}
	for (unsigned i = 0; i < NSK_ARRAY_LEN(p); i++) {
		if (i % 2)
			mem_free(&m, p[i], SIZE);
		else
			free(p[i]);
	}
	assert_int_equal(m.bytes, 0);
}

static void the_nth_allocation_fails_once(void **state)
{
	struct mem m;

	(void)state;
	for (uint64_t n = 1; n <= 5; n++) {
		void *p[5];

		mem_init(&m, NULL);
		m.fail_at = n;
		for (uint64_t i = 0; i < 5; i++) {
			p[i] = mem_alloc(&m, 8);
			assert_int_equal(p[i] == NULL, i + 1 == n);
		}
		assert_int_equal(m.failed, 1);
		assert_int_equal(m.fail_at, 0);
		for (int i = 0; i < 5; i++)
			mem_free(&m, p[i], 8);
		assert_int_equal(m.bytes, 0);
	}
	m.fail_at = 3;
	mem_free(&m, mem_alloc(&m, 8), 8);
	assert_int_equal(m.fail_at, 2);
}

static void each_so_many_after_it_may_fail_too(void **state)
{
	struct mem m;

	(void)state;
	mem_init(&m, NULL);
	m.fail_at = 2;
	m.fail_every = 3;
	for (uint64_t i = 1; i <= 11; i++) {
		void *p = mem_alloc(&m, 8);

		assert_int_equal(p == NULL, i % 3 == 2);
		mem_free(&m, p, 8);
	}
	assert_int_equal(m.failed, 4);
}

static void the_limit_holds(void **state)
{
	struct mem m;
	void *p;

	(void)state;
	mem_init(&m, NULL);
	m.limit = 100;
	p = mem_alloc(&m, 60);
	assert_non_null(p);
	assert_null(mem_alloc(&m, 41));
	assert_null(mem_alloc(&m, SIZE_MAX));
	assert_int_equal(m.failed, 2);
	assert_int_equal(m.bytes, 60);
	mem_free(&m, p, 60);
	p = mem_alloc(&m, 100);
	assert_non_null(p);
	mem_free(&m, p, 100);
	assert_null(mem_alloc(&m, 0));
}

static void refuses_alignments_that_overflow(void **state)
{
	volatile size_t huge = SIZE_MAX;
	struct mem m;

	(void)state;
	mem_init(&m, NULL);
	assert_null(mem_alloc_aligned(&m, huge - 10, 4096));
	assert_int_equal(m.failed, 1);
}

static void resize_keeps_the_contents(void **state)
{
	struct mem m;
	char *s, *t;

	(void)state;
	mem_init(&m, NULL);
	s = mem_alloc(&m, 13);
	assert_non_null(s);
	memcpy(s, "hello, world", 13);
	assert_int_equal(m.bytes, 13);
	m.fail_at = 1;
	assert_null(mem_resize(&m, s, 13, 100));
	assert_string_equal(s, "hello, world");
	t = mem_resize(&m, s, 13, 100);
	assert_non_null(t);
	assert_string_equal(t, "hello, world");
	s = mem_resize(&m, t, 100, 5);
	assert_non_null(s);
	assert_memory_equal(s, "hello", 5);
	assert_int_equal(m.bytes, 5);
	mem_free(&m, s, 5);
	s = mem_resize(&m, NULL, 0, 7);
	assert_non_null(s);
	assert_int_equal(m.bytes, 7);
	mem_free(&m, s, 7);
	assert_int_equal(m.live, 0);
}

struct source {
	size_t out;
	size_t align;
};

static void *source_alloc(void *arg, size_t size, size_t align)
{
	struct source *s = arg;
	void *p = NULL;

	if (posix_memalign(&p, align, size) != 0)
		return NULL;
	s->out += size;
	s->align = align;
	return memset(p, 0xee, size);
}

static void source_free(void *arg, void *p, size_t size)
{
	((struct source *)arg)->out -= size;
	free(p);
}

static void takes_memory_from_the_given_source(void **state)
{
	struct source src = {0};
	const struct mem_ops ops = {source_alloc, source_free, &src};
	struct mem m;
	uint8_t *p, *q;

	(void)state;
	mem_init(&m, &ops);
	p = mem_alloc_aligned(&m, 1000, 256);
	assert_non_null(p);
	assert_int_equal(src.out, 1000);
	assert_int_equal(src.align, 256);
	q = mem_zalloc(&m, 10);
	assert_non_null(q);
	assert_int_equal(q[0] | q[9], 0);
	mem_free(&m, q, 10);
	mem_free(&m, p, 1000);
	assert_int_equal(src.out, 0);
}

/* Pages that were never written to are not there. */
static void reserves_what_may_stay_empty(void **state)
{
	const size_t size = (size_t)1 << 30, page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char there[2];
	struct mem m;
	uint8_t *p;

	(void)state;
	mem_init(&m, NULL);
	p = mem_reserve(&m, size);
	assert_non_null(p);
	assert_int_equal(m.bytes, size);
	assert_int_equal(p[size - 1], 0);
	p[0] = 1;
	assert_int_equal(mincore(p, page, &there[0]), 0);
	assert_int_equal(mincore(p + size / 2, page, &there[1]), 0);
	assert_int_equal(there[0] & 1, 1);
	assert_int_equal(there[1] & 1, 0);
	mem_unreserve(&m, p, size);
	mem_unreserve(&m, NULL, size);
	assert_int_equal(m.bytes | m.live, 0);
	m.limit = size - 1;
	assert_null(mem_reserve(&m, size));
	m.fail_at = 1;
	assert_null(mem_reserve(&m, page));
	assert_int_equal(m.failed, 2);
	assert_int_equal(m.bytes | m.live, 0);
}

/* Locked is what was written to. */
static void what_is_reserved_under_mlockall_stays_empty_too(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 64;
	unsigned char there[64] = {0};
	unsigned n = 0;
	struct mem m;
	char *p;

	(void)state;
	mem_init(&m, NULL);
	if (mlockall(MCL_FUTURE) != 0)
		skip(); /* no right to */
	p = mem_reserve(&m, pages * page);
	assert_int_equal(munlockall(), 0);
	assert_non_null(p);
	p[5 * page] = 1;
	assert_int_equal(mincore(p, pages * page, there), 0);
	for (size_t i = 0; i < pages; i++)
		n += there[i] & 1;
	assert_int_equal(n, 1);
	mem_unreserve(&m, p, pages * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_bytes_and_allocations),
		cmocka_unit_test(zeroes_and_aligns),
		cmocka_unit_test(blocks_do_not_meet_in_a_line),
		cmocka_unit_test(the_nth_allocation_fails_once),
		cmocka_unit_test(each_so_many_after_it_may_fail_too),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(refuses_alignments_that_overflow),
		cmocka_unit_test(resize_keeps_the_contents),
		cmocka_unit_test(takes_memory_from_the_given_source),
		cmocka_unit_test(reserves_what_may_stay_empty),
		cmocka_unit_test(what_is_reserved_under_mlockall_stays_empty_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
