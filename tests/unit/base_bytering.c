/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/bytering.c: what is put comes out, in order and whole, and no more than there is room
 * for. */
#include "base/bytering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#define SIZE 1024

static _Alignas(16) uint8_t data[SIZE];
static struct bytering ring;

static void put(size_t len, uint8_t first, uint64_t number)
{
	uint8_t *room = bytering_room(&ring, len);

	assert_non_null(room);
	for (size_t i = 0; i < len; i++)
		room[i] = (uint8_t)(first + i);
	bytering_publish(&ring, bytering_put(&ring, len, number));
}

static void take(size_t len, uint8_t first, uint64_t number)
{
	const uint8_t *at;
	uint64_t n;
	size_t have;

	at = bytering_look(&ring, &have, &n);
	assert_non_null(at);
	assert_int_equal(have, len);
	assert_int_equal(n, number);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(at[i], (uint8_t)(first + i));
	bytering_take(&ring);
}

static void assert_empty(void)
{
	uint64_t n;
	size_t len;

	assert_null(bytering_look(&ring, &len, &n));
}

static void test_items_come_out_in_order(void **state)
{
	(void)state;
	bytering_init(&ring, data, sizeof(data));
	assert_empty();
	put(3, 7, 100);
	put(0, 0, 101);
	put(100, 9, 102);
	take(3, 7, 100);
	take(0, 0, 101);
	take(100, 9, 102);
	assert_empty();
}

static void test_a_full_ring_takes_no_more(void **state)
{
	unsigned n = 0;

	(void)state;
	bytering_init(&ring, data, sizeof(data));
	assert_null(bytering_room(&ring, SIZE));
	assert_null(bytering_room(&ring, SIZE_MAX));
	while (bytering_room(&ring, 48))
		put(48, (uint8_t)n, n), n++;
	assert_int_equal(n, SIZE / 64);
	take(48, 0, 0);
	assert_null(bytering_room(&ring, 49));
	put(48, 1, n);
}

static void test_what_is_not_published_never_was(void **state)
{
	uint64_t end, n;
	size_t len;

	(void)state;
	bytering_init(&ring, data, sizeof(data));
	assert_non_null(bytering_room(&ring, 10));
	assert_int_equal(bytering_end(&ring), 0);
	memset(bytering_room(&ring, 10), 1, 10);
	end = bytering_put(&ring, 10, 1);
	assert_empty();
	assert_non_null(bytering_room(&ring, 10));
	bytering_put(&ring, 10, 2);
	bytering_publish(&ring, end);
	memset(bytering_room(&ring, 4), 5, 4);
	bytering_publish(&ring, bytering_put(&ring, 4, 3));
	for (unsigned i = 0; i < 2; i++) { /* the first and the third */
		assert_non_null(bytering_look(&ring, &len, &n));
		assert_int_equal(n, 1 + 2 * i);
		bytering_take(&ring);
	}
	assert_empty();
}

struct item {
	size_t len;
	uint8_t first;
};

static void test_any_lengths_against_a_queue(void **state)
{
	static struct item queue[SIZE];
	struct rng rng;
	unsigned head = 0, tail = 0;

	(void)state;
	rng_seed(&rng, 5);
	bytering_init(&ring, data, sizeof(data));
	for (unsigned i = 0; i < 200000; i++) {
		struct item it = {rng_below(&rng, 300), (uint8_t)i};

		if (rng_below(&rng, 2) && bytering_room(&ring, it.len)) {
			put(it.len, it.first, tail);
			queue[tail++ % SIZE] = it;
		} else if (head != tail) {
			take(queue[head % SIZE].len, queue[head % SIZE].first, head);
			head++;
		} else {
			assert_empty();
		}
	}
}

#define ITEMS 100000

static void *write_items(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ITEMS;) {
		uint8_t *room = bytering_room(&ring, i % 200);

		if (!room) {
			sched_yield();
			continue;
		}
		memset(room, (int)i, i % 200);
		bytering_publish(&ring, bytering_put(&ring, i % 200, i));
		i++;
	}
	return NULL;
}

static void test_two_threads(void **state)
{
	pthread_t writer;

	(void)state;
	bytering_init(&ring, data, sizeof(data));
	assert_int_equal(pthread_create(&writer, NULL, write_items, NULL), 0);
	for (unsigned i = 0; i < ITEMS;) {
		uint64_t number;
		size_t len;
		const uint8_t *at = bytering_look(&ring, &len, &number);

		if (!at) {
			sched_yield();
			continue;
		}
		assert_int_equal(number, i);
		assert_int_equal(len, i % 200);
		for (size_t k = 0; k < len; k++)
			assert_int_equal(at[k], (uint8_t)i);
		bytering_take(&ring);
		i++;
	}
	pthread_join(writer, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_come_out_in_order),
		cmocka_unit_test(test_a_full_ring_takes_no_more),
		cmocka_unit_test(test_what_is_not_published_never_was),
		cmocka_unit_test(test_any_lengths_against_a_queue),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
