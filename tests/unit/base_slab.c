/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/slab.c: handles, limits, reuse, and failing allocations. */
#include "base/slab.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

static void refuses_impossible_sizes(void **state)
{
	struct mem m;
	struct slab s;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(slab_init(&s, &m, 0, 8, 10, "t"), -EINVAL);
	assert_int_equal(slab_init(&s, &m, 8, 12, 10, "t"), -EINVAL);
	assert_int_equal(slab_init(&s, &m, 8, 8192, 10, "t"), -EINVAL);
	assert_int_equal(slab_init(&s, &m, 8, 8, 0, "t"), -EINVAL);
	assert_int_equal(slab_init(&s, &m, 8, 8, (UINT32_C(1) << 30) + 1, "t"), -EINVAL);
	assert_int_equal(slab_init(&s, &m, SIZE_MAX, 8, 1, "t"), -EINVAL);
	assert_int_equal(slab_init(&s, &m, 1, 1, UINT32_C(1) << 30, "t"), 0);
	assert_int_equal(slab_fini(&s), 0);
}

static void takes_no_memory_before_the_first_object(void **state)
{
	struct mem m;
	struct slab s;
	void *o;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(slab_init(&s, &m, 500, 64, 1000000, "t"), 0);
	assert_int_equal(m.total, 0);
	o = slab_alloc(&s);
	assert_non_null(o);
	assert_in_range(m.bytes, 65536, 65536 + 64);
	assert_int_equal(slab_fini(&s), 1);
	assert_int_equal(m.bytes, 0);
	/* A small pool takes what it needs, not a whole chunk. */
	assert_int_equal(slab_init(&s, &m, 64, 64, 10, "t"), 0);
	assert_non_null(slab_alloc(&s));
	assert_in_range(m.bytes, 4096, 4096 + 64);
	slab_fini(&s);
}

/* For each size: as many objects as the limit says, all apart, aligned, handles there and back. */
static void handles_and_addresses_lead_to_each_other(void **state)
{
	static const size_t sizes[] = {1, 8, 24, 64, 96, 100, 448, 512, 4000, 9000, 40000, 70000};
	struct mem m;
	struct slab s;

	(void)state;
	mem_init(&m, NULL);
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		size_t size = sizes[k], align = size >= 64 ? 64 : 8;
		uint32_t n = size > 1000 ? 50 : 3000;
		uint8_t **o = calloc(n, sizeof(*o));
		uint32_t last = 0;

		assert_non_null(o);
		assert_int_equal(slab_init(&s, &m, size, align, n, "t"), 0);
		for (uint32_t i = 0; i < n; i++) {
			o[i] = slab_alloc(&s);
			assert_non_null(o[i]);
			assert_int_equal((uintptr_t)o[i] % align, 0);
			memset(o[i], (int)(i & 0xff), size);
		}
		assert_null(slab_alloc(&s));
		assert_int_equal(s.in_use, n);
		assert_int_equal(slab_room(&s), 0);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t h = slab_index(&s, o[i]);

			assert_true(i == 0 || h > last);
			last = h;
			assert_ptr_equal(slab_at(&s, h), o[i]);
			assert_int_equal(o[i][0], i & 0xff);
			assert_int_equal(o[i][size - 1], i & 0xff);
		}
		assert_int_equal(slab_fini(&s), n);
		assert_int_equal(m.bytes, 0);
		free(o);
	}
}

static void last_freed_is_first_reused(void **state)
{
	struct mem m;
	struct slab s;
	void *a, *b, *c;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(slab_init(&s, &m, 40, 8, 3, "t"), 0);
	a = slab_alloc(&s);
	b = slab_alloc(&s);
	c = slab_alloc(&s);
	slab_free(&s, a);
	slab_free(&s, NULL);
	slab_free(&s, c);
	assert_int_equal(s.in_use, 1);
	assert_int_equal(s.peak, 3);
	assert_ptr_equal(slab_alloc(&s), c);
	assert_ptr_equal(slab_alloc(&s), a);
	assert_null(slab_alloc(&s));
	slab_free(&s, b);
	assert_ptr_equal(slab_zalloc(&s), b);
	assert_int_equal(((uint8_t *)b)[0] | ((uint8_t *)b)[39], 0);
	assert_int_equal(slab_fini(&s), 3);
}

static void random_use_keeps_objects_apart(void **state)
{
	enum {
		N = 500
	};
	uint64_t *o[N] = {NULL};
	struct mem m;
	struct slab s;
	struct rng r;
	uint32_t n = 0;

	(void)state;
	mem_init(&m, NULL);
	rng_seed(&r, 1);
	assert_int_equal(slab_init(&s, &m, 72, 8, N, "t"), 0);
	for (int i = 0; i < 300000; i++) {
		uint32_t k = rng_below(&r, N);

		if (o[k] == NULL) {
			o[k] = slab_alloc(&s);
			assert_non_null(o[k]);
			o[k][0] = k;
			o[k][8] = ~(uint64_t)k;
			n++;
		} else {
			assert_int_equal(o[k][0], k);
			assert_int_equal(o[k][8], ~(uint64_t)k);
			slab_free(&s, o[k]);
			o[k] = NULL;
			n--;
		}
		assert_int_equal(s.in_use, n);
	}
	assert_int_equal(slab_fini(&s), n);
	assert_int_equal(m.bytes, 0);
}

/* Each allocation in the life of a slab fails once: nothing leaks, the next try succeeds. */
static void survives_each_failing_allocation(void **state)
{
	bool fired = true;

	(void)state;
	for (uint64_t n = 1; fired; n++) {
		struct mem m;
		struct slab s;
		uint32_t refused = 0;

		mem_init(&m, NULL);
		m.fail_at = n;
		assert_int_equal(slab_init(&s, &m, 1000, 64, 600, "t"), 0);
		for (int i = 0; i < 600; i++)
			refused += slab_alloc(&s) == NULL;
		fired = m.fail_at == 0;
		assert_int_equal(refused, fired);
		assert_int_equal(s.in_use, 600 - refused);
		assert_int_equal(slab_fini(&s), 600 - refused);
		assert_int_equal(m.bytes, 0);
		assert_true(n < 1000);
	}
}

#if NSK_ASAN
static void free_objects_are_poisoned(void **state)
{
	struct mem m;
	struct slab s;
	uint8_t *a;

	(void)state;
	mem_init(&m, NULL);
	assert_int_equal(slab_init(&s, &m, 64, 64, 100, "t"), 0);
	a = slab_alloc(&s);
	assert_non_null(a);
	assert_false(__asan_address_is_poisoned(a));
	assert_false(__asan_address_is_poisoned(a + 63));
	assert_true(__asan_address_is_poisoned(a + 64));
	slab_free(&s, a);
	assert_true(__asan_address_is_poisoned(a));
	assert_true(__asan_address_is_poisoned(a + 63));
	assert_ptr_equal(slab_alloc(&s), a);
	assert_false(__asan_address_is_poisoned(a));
	slab_fini(&s);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_impossible_sizes),
		cmocka_unit_test(takes_no_memory_before_the_first_object),
		cmocka_unit_test(handles_and_addresses_lead_to_each_other),
		cmocka_unit_test(last_freed_is_first_reused),
		cmocka_unit_test(random_use_keeps_objects_apart),
		cmocka_unit_test(survives_each_failing_allocation),
#if NSK_ASAN
		cmocka_unit_test(free_objects_are_poisoned),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
