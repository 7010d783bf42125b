/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/node_mem.c: alignment above all, which pools count on (base/slab.h). */
#include "stack/node_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/slab.h"

static int any_node = -1;

static void test_pieces_are_aligned_and_can_be_written(void **state)
{
	static const size_t sizes[] = {1, 24, 100, 4095, 4096, 4097, 65536, 1 << 20};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(sizes); i++) {
		for (size_t align = 16; align <= 1 << 20; align *= 2) {
			uint8_t *p = node_alloc(&any_node, sizes[i], align);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p & (align - 1), 0);
			memset(p, 0x55, sizes[i]);
			node_free(&any_node, p, sizes[i]);
		}
	}
}

static void test_a_mapping_is_clear(void **state)
{
	uint8_t *p = node_map(100000, 65536, -1);

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(p[i], 0);
	node_unmap(p, 100000);
}

static void test_a_pool_finds_its_objects(void **state)
{
	const struct mem_ops ops = {.alloc = node_alloc, .free = node_free, .arg = &any_node};
	static void *object[20000];
	struct slab slab;
	struct mem mem;

	(void)state;
	mem_init(&mem, &ops);
	assert_int_equal(slab_init(&slab, &mem, 384, 64, 20000, "objects"), 0);
	for (unsigned i = 0; i < 20000; i++) {
		object[i] = slab_alloc(&slab);
		assert_non_null(object[i]);
	}
	for (unsigned i = 0; i < 20000; i++)
		assert_ptr_equal(slab_at(&slab, slab_index(&slab, object[i])), object[i]);
	assert_int_equal(slab_fini(&slab), 20000);
	assert_int_equal(mem.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_are_aligned_and_can_be_written),
		cmocka_unit_test(test_a_mapping_is_clear),
		cmocka_unit_test(test_a_pool_finds_its_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
