/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of frames between two threads. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "base/rng.h"
#include "drivers/frameq.h"

#define FRAME_MAX 1518

/* Length and contents of the n-th frame are functions of n. */
static uint32_t length_of(uint64_t n)
{
	return (uint32_t)(n * 2654435761U % FRAME_MAX) + 1;
}

static bool put(struct frameq *q, uint64_t n)
{
	uint32_t len = length_of(n);
	struct frame *f = frameq_reserve(q, len);

	if (!f)
		return false;
	f->due_ns = n;
	memset(f->data, (int)(n & 0xff), len);
	frameq_commit(q, f);
	return true;
}

/* True if the frame is the n-th, first to last byte. */
static bool is_nth(const struct frame *f, uint64_t n)
{
	return f->due_ns == n && f->len == length_of(n) && f->data[0] == (n & 0xff) &&
	       f->data[f->len / 2] == (n & 0xff) && f->data[f->len - 1] == (n & 0xff);
}

static void frames_come_out_as_they_went_in(void **state)
{
	struct frameq q;
	uint64_t in = 0, out = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	assert_int_equal(frameq_init(&q, FRAME_MAX), 0);
	while (out < 20000) {
		for (uint32_t i = rng_below(&rng, 200); i > 0; i--)
			assert_true(put(&q, in++));
		frameq_publish(&q);
		for (uint32_t i = rng_below(&rng, 200); i > 0 && frameq_ready(&q, 1); i--) {
			struct frame *f = frameq_peek(&q);

			assert_true(is_nth(f, out++));
			frameq_pop(&q, f);
		}
		frameq_release(&q);
		assert_int_equal(frameq_in_flight(&q, 0), in - out);
	}
	frameq_fini(&q);
}

static void nothing_is_ready_before_it_is_published(void **state)
{
	struct frameq q;

	(void)state;
	assert_int_equal(frameq_init(&q, FRAME_MAX), 0);
	assert_true(put(&q, 1));
	assert_true(put(&q, 2));
	assert_int_equal(frameq_ready(&q, 1), 0);
	frameq_publish(&q);
	assert_int_equal(frameq_ready(&q, 1), 2);
	frameq_fini(&q);
}

static void a_reserved_frame_that_is_not_committed_leaves_no_trace(void **state)
{
	struct frameq q;

	(void)state;
	assert_int_equal(frameq_init(&q, FRAME_MAX), 0);
	for (unsigned i = 0; i < 100; i++)
		memset(frameq_reserve(&q, FRAME_MAX)->data, 0xee, FRAME_MAX);
	assert_true(put(&q, 7));
	frameq_publish(&q);
	assert_int_equal(frameq_ready(&q, 100), 1);
	assert_true(is_nth(frameq_peek(&q), 7));
	frameq_fini(&q);
}

static void room_counts_again_only_when_released(void **state)
{
	struct frameq q;
	struct frame *f;

	(void)state;
	assert_int_equal(frameq_init(&q, FRAME_MAX), 0);
	assert_true(put(&q, 1));
	frameq_publish(&q);
	assert_int_equal(frameq_ready(&q, 1), 1);
	f = frameq_peek(&q);
	frameq_pop(&q, f);
	assert_int_equal(frameq_in_flight(&q, 1), 1);
	frameq_release(&q);
	assert_int_equal(frameq_in_flight(&q, 1), 0);
	frameq_fini(&q);
}

static void the_largest_frame_fits(void **state)
{
	struct frameq q;
	struct frame *f;

	(void)state;
	assert_int_equal(frameq_init(&q, 65553), 0);
	for (unsigned i = 0; i < 50; i++) {
		f = frameq_reserve(&q, 65553);
		assert_non_null(f);
		f->data[0] = f->data[65552] = (uint8_t)i;
		frameq_commit(&q, f);
	}
	frameq_publish(&q);
	for (unsigned i = 0; i < 50; i++) {
		assert_true(frameq_ready(&q, 1) > 0);
		f = frameq_peek(&q);
		assert_int_equal(f->data[0], i);
		assert_int_equal(f->data[65552], i);
		frameq_pop(&q, f);
	}
	frameq_fini(&q);
}

static unsigned blocks_of(const struct frameq *q)
{
	unsigned n = 0;

	for (const struct frameq_block *b = q->head; b; b = b->next)
		n++;
	for (const struct frameq_block *b = q->spare; b; b = b->next)
		n++;
	for (const struct frameq_block *b = q->returned; b; b = b->next)
		n++;
	return n;
}

static void steady_use_takes_no_more_than_three_blocks(void **state)
{
	struct frameq q;

	(void)state;
	assert_int_equal(frameq_init(&q, FRAME_MAX), 0);
	for (uint64_t n = 0; n < 10000; n++) {
		assert_true(put(&q, n));
		frameq_publish(&q);
		assert_true(frameq_ready(&q, 1));
		frameq_pop(&q, frameq_peek(&q));
		frameq_release(&q);
	}
	assert_in_range(blocks_of(&q), 1, 3);
	frameq_fini(&q);
}

static void memory_of_a_peak_is_given_back(void **state)
{
	struct frameq q;
	uint64_t in = 0, out = 0;

	(void)state;
	assert_int_equal(frameq_init(&q, FRAME_MAX), 0);
	while (in < 100000)
		assert_true(put(&q, in++));
	frameq_publish(&q);
	assert_true(blocks_of(&q) > 1000);
	for (; out < in; out++) {
		assert_true(frameq_ready(&q, 1));
		frameq_pop(&q, frameq_peek(&q));
	}
	frameq_release(&q);
	/* The producer finds them when it next changes blocks. */
	for (unsigned i = 0; i < 50; i++)
		assert_true(put(&q, in++));
	assert_in_range(blocks_of(&q), 1, FRAMEQ_SPARE + 8);
	frameq_fini(&q);
}

#define THREADED 300000

static void *produce(void *arg)
{
	struct frameq *q = arg;

	for (uint64_t n = 0; n < THREADED;) {
		if (frameq_in_flight(q, 512) >= 512) {
			sched_yield();
			continue;
		}
		for (unsigned i = 0; i < 16 && n < THREADED; i++)
			if (!put(q, n++))
				return NULL;
		frameq_publish(q);
	}
	return NULL;
}

static void two_threads_lose_and_mix_up_nothing(void **state)
{
	pthread_t thread;
	struct frameq q;
	uint64_t out = 0;

	(void)state;
	assert_int_equal(frameq_init(&q, FRAME_MAX), 0);
	assert_int_equal(pthread_create(&thread, NULL, produce, &q), 0);
	while (out < THREADED) {
		uint64_t ready = frameq_ready(&q, 32);

		if (ready == 0)
			sched_yield();
		for (; ready > 0; ready--) {
			struct frame *f = frameq_peek(&q);

			if (!is_nth(f, out))
				fail_msg("frame %llu is not what was sent",
					 (unsigned long long)out);
			out++;
			frameq_pop(&q, f);
		}
		frameq_release(&q);
	}
	pthread_join(thread, NULL);
	assert_int_equal(frameq_ready(&q, 1), 0);
	frameq_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_out_as_they_went_in),
		cmocka_unit_test(nothing_is_ready_before_it_is_published),
		cmocka_unit_test(a_reserved_frame_that_is_not_committed_leaves_no_trace),
		cmocka_unit_test(room_counts_again_only_when_released),
		cmocka_unit_test(the_largest_frame_fits),
		cmocka_unit_test(steady_use_takes_no_more_than_three_blocks),
		cmocka_unit_test(memory_of_a_peak_is_given_back),
		cmocka_unit_test(two_threads_lose_and_mix_up_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
