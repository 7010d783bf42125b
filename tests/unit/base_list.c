/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/list.h and the type-safe macros of lib/base/compiler.h. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
	int id;
	struct list_node link;
};

static void check(const struct list_node *head, const int *ids, size_t n)
{
	const struct list_node *node;
	size_t i = 0;

	NSK_LIST_FOREACH(node, head) {
		assert_true(i < n);
		assert_int_equal(NSK_LIST_ENTRY(node, struct item, link)->id, ids[i++]);
		assert_ptr_equal(node->next->prev, node);
	}
	assert_int_equal(i, n);
	assert_int_equal(list_empty(head), n == 0);
}

static void keeps_order(void **state)
{
	struct item it[4] = {{.id = 0}, {.id = 1}, {.id = 2}, {.id = 3}};
	struct list_node head;

	(void)state;
	list_init(&head);
	check(&head, NULL, 0);
	assert_null(list_first(&head));
	assert_null(list_last(&head));
	list_add_tail(&head, &it[1].link);
	list_add_tail(&head, &it[2].link);
	list_add_head(&head, &it[0].link);
	list_add_tail(&head, &it[3].link);
	check(&head, (int[]){0, 1, 2, 3}, 4);
	assert_ptr_equal(list_first(&head), &it[0].link);
	assert_ptr_equal(list_last(&head), &it[3].link);
	list_del(&it[2].link);
	check(&head, (int[]){0, 1, 3}, 3);
	assert_ptr_equal(list_pop(&head), &it[0].link);
	assert_ptr_equal(list_pop(&head), &it[1].link);
	assert_ptr_equal(list_pop(&head), &it[3].link);
	assert_null(list_pop(&head));
}

static void a_second_del_is_harmless(void **state)
{
	struct item a = {.id = 1}, b = {.id = 2};
	struct list_node head;

	(void)state;
	list_init(&head);
	list_node_init(&a.link);
	assert_false(list_linked(&a.link));
	list_del(&a.link);
	list_add_tail(&head, &a.link);
	list_add_tail(&head, &b.link);
	assert_true(list_linked(&a.link));
	list_del(&a.link);
	list_del(&a.link);
	assert_false(list_linked(&a.link));
	check(&head, (int[]){2}, 1);
}

static void safe_walk_may_remove_the_current(void **state)
{
	struct item it[5] = {{.id = 0}, {.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}};
	struct list_node head, *n, *tmp;

	(void)state;
	list_init(&head);
	for (int i = 0; i < 5; i++)
		list_add_tail(&head, &it[i].link);
	NSK_LIST_FOREACH_SAFE(n, tmp, &head) {
		if (NSK_LIST_ENTRY(n, struct item, link)->id % 2 == 0)
			list_del(n);
	}
	check(&head, (int[]){1, 3}, 2);
}

static void splice_moves_all_in_order(void **state)
{
	struct item it[4] = {{.id = 0}, {.id = 1}, {.id = 2}, {.id = 3}};
	struct list_node a, b;

	(void)state;
	list_init(&a);
	list_init(&b);
	list_splice_tail(&a, &b);
	check(&a, NULL, 0);
	list_add_tail(&a, &it[0].link);
	list_add_tail(&b, &it[1].link);
	list_add_tail(&b, &it[2].link);
	list_splice_tail(&a, &b);
	check(&a, (int[]){0, 1, 2}, 3);
	check(&b, NULL, 0);
	list_add_tail(&b, &it[3].link);
	check(&b, (int[]){3}, 1);
}

static void macros_evaluate_once(void **state)
{
	int n = 0;
	uint32_t x = 13;

	(void)state;
	assert_int_equal(NSK_MIN(n++, 5), 0);
	assert_int_equal(NSK_MAX(n++, 0), 1);
	assert_int_equal(n, 2);
	assert_int_equal(NSK_MIN(-1, 1), -1);
	assert_int_equal(NSK_MAX(1, NSK_MIN(NSK_MAX(2, 9), 5)), 5);
	assert_int_equal(NSK_MAX(x, 14U), 14);
	assert_int_equal(NSK_ROUND_UP(x, 8U), 16);
	assert_int_equal(NSK_ROUND_UP((uint64_t)UINT32_MAX, 64U), UINT64_C(0x100000000));
	assert_int_equal(NSK_ROUND_UP(16U, 8U), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order),
		cmocka_unit_test(a_second_del_is_harmless),
		cmocka_unit_test(safe_walk_may_remove_the_current),
		cmocka_unit_test(splice_moves_all_in_order),
		cmocka_unit_test(macros_evaluate_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
