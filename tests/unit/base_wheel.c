/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/wheel.c: each rule by itself, then millions of random calls against a plain array. */
#include "base/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define TICK	 WHEEL_TICK_NS
#define SECOND	 UINT64_C(1000000000)
#define HOUR	 (3600 * SECOND)
#define START_NS (1234567 * TICK + 99)
#define ALL	 UINT32_MAX

static struct wheel wheel;
static struct wheel_timer timer[8];
static int fired[8];
static uint64_t fired_at[8];
static int n_fired;
static int order[64];

/* What a timer of kind 1 does when it fires, once. */
static void (*on_fire)(struct wheel_timer *t, uint64_t now_ns);

static void note(void *ctx, struct wheel_timer *t, uint64_t now_ns)
{
	ptrdiff_t i = t - timer;

	assert_ptr_equal(ctx, &n_fired);
	assert_false(wheel_armed(t));
	assert_true(wheel_expires_ns(t) <= now_ns);
	fired[i]++;
	fired_at[i] = now_ns;
	if (n_fired < 64)
		order[n_fired] = (int)i;
	n_fired++;
}

static void note_and_act(void *ctx, struct wheel_timer *t, uint64_t now_ns)
{
	note(ctx, t, now_ns);
	if (on_fire != NULL)
		on_fire(t, now_ns);
}

static const wheel_fn fns[] = {note, note_and_act};

static int setup(void **state)
{
	(void)state;
	wheel_init(&wheel, START_NS, fns, 2, &n_fired);
	for (int i = 0; i < 8; i++)
		wheel_timer_init(&timer[i], 0);
	memset(fired, 0, sizeof(fired));
	n_fired = 0;
	on_fire = NULL;
	return 0;
}

static void fires_at_its_tick_and_not_before(void **state)
{
	static const uint64_t after[] = {1,	     TICK - 100,  TICK,	     TICK + 1,
					 255 * TICK, 256 * TICK,  SECOND,    5 * SECOND,
					 HOUR,	     2 * HOUR,	  19 * HOUR, 20 * HOUR,
					 30 * HOUR,  24000 * HOUR};

	(void)state;
	for (size_t k = 0; k < sizeof(after) / sizeof(after[0]); k++) {
		uint64_t when = START_NS + after[k];

		setup(NULL);
		wheel_arm(&wheel, &timer[0], when);
		assert_true(wheel_armed(&timer[0]));
		assert_in_range(wheel_expires_ns(&timer[0]), when, when + TICK - 1);
		assert_false(wheel_run(&wheel, when - 1, ALL));
		assert_int_equal(n_fired, 0);
		assert_false(wheel_run(&wheel, when + TICK, ALL));
		assert_int_equal(n_fired, 1);
		assert_int_equal(wheel_next_ns(&wheel), UINT64_MAX);
	}
}

static void a_passed_deadline_fires_at_the_next_tick(void **state)
{
	(void)state;
	wheel_arm(&wheel, &timer[0], START_NS);
	wheel_arm(&wheel, &timer[1], 0);
	wheel_arm(&wheel, &timer[2], START_NS - 5 * SECOND);
	assert_false(wheel_run(&wheel, START_NS, ALL));
	assert_int_equal(n_fired, 0);
	wheel_run(&wheel, START_NS + TICK, ALL);
	assert_int_equal(n_fired, 3);
}

static void rearming_moves_and_cancelling_disarms(void **state)
{
	(void)state;
	wheel_cancel(&wheel, &timer[0]);
	wheel_arm(&wheel, &timer[0], START_NS + SECOND);
	wheel_arm(&wheel, &timer[1], START_NS + SECOND);
	wheel_arm(&wheel, &timer[2], START_NS + SECOND);
	wheel_arm(&wheel, &timer[0], START_NS + 3 * SECOND);
	wheel_cancel(&wheel, &timer[1]);
	wheel_cancel(&wheel, &timer[1]);
	assert_false(wheel_armed(&timer[1]));
	wheel_run(&wheel, START_NS + 2 * SECOND, ALL);
	assert_int_equal(n_fired, 1);
	assert_int_equal(fired[2], 1);
	wheel_arm(&wheel, &timer[0], START_NS + 2 * SECOND + TICK);
	wheel_run(&wheel, START_NS + 2 * SECOND + 2 * TICK, ALL);
	assert_int_equal(fired[0], 1);
	wheel_run(&wheel, START_NS + 9 * SECOND, ALL);
	assert_int_equal(n_fired, 2);
}

static void different_ticks_fire_in_order_after_a_jump(void **state)
{
	(void)state;
	wheel_arm(&wheel, &timer[0], START_NS + 40 * HOUR);
	wheel_arm(&wheel, &timer[1], START_NS + 3 * SECOND);
	wheel_arm(&wheel, &timer[2], START_NS + 2 * TICK);
	wheel_arm(&wheel, &timer[3], START_NS + 2 * HOUR);
	wheel_arm(&wheel, &timer[4], START_NS + TICK);
	wheel_arm(&wheel, &timer[5], START_NS + 3 * SECOND + TICK);
	assert_false(wheel_run(&wheel, START_NS + 100 * HOUR, ALL));
	assert_int_equal(n_fired, 6);
	assert_memory_equal(order, ((int[]){4, 2, 1, 5, 3, 0}), 6 * sizeof(int));
}

/* 300 years are 6e14 ticks: only skipping what is empty gets through them. */
static void a_jump_over_centuries_is_not_walked(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		wheel_arm(&wheel, &timer[i], START_NS + (UINT64_C(1) << (20 + 5 * i)));
	assert_false(wheel_run(&wheel, START_NS + 300 * 365 * 24 * HOUR, ALL));
	assert_int_equal(n_fired, 8);
}

static void the_last_deadline_of_all_can_be_armed(void **state)
{
	(void)state;
	wheel_arm(&wheel, &timer[0], UINT64_MAX);
	wheel_arm(&wheel, &timer[1], UINT64_MAX - 5 * SECOND);
	assert_false(wheel_run(&wheel, UINT64_MAX - 6 * SECOND, ALL));
	assert_int_equal(n_fired, 0);
	assert_false(wheel_run(&wheel, UINT64_MAX - 4 * SECOND, ALL));
	assert_int_equal(fired[1], 1);
	assert_int_equal(fired[0], 0);
	wheel_run(&wheel, UINT64_MAX, ALL);
	assert_int_equal(fired[0], 1);
}

static void a_clock_that_goes_back_is_ignored(void **state)
{
	(void)state;
	assert_false(wheel_run(&wheel, START_NS + SECOND, ALL));
	assert_false(wheel_run(&wheel, START_NS, ALL));
	wheel_arm(&wheel, &timer[0], START_NS + 2 * SECOND);
	assert_false(wheel_run(&wheel, 0, ALL));
	assert_int_equal(n_fired, 0);
	wheel_run(&wheel, START_NS + 2 * SECOND + TICK, ALL);
	assert_int_equal(n_fired, 1);
}

static void the_budget_bounds_a_run(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		wheel_arm(&wheel, &timer[i], START_NS + SECOND);
	wheel_arm(&wheel, &timer[5], START_NS + SECOND + 3 * TICK);
	wheel_run(&wheel, START_NS + SECOND - TICK, 1000);
	assert_true(wheel_run(&wheel, START_NS + 2 * SECOND, 2));
	assert_int_equal(n_fired, 2);
	assert_true(wheel_next_ns(&wheel) <= START_NS + SECOND + TICK);
	/* A clock that goes back does not hold up what is due already. */
	assert_true(wheel_run(&wheel, START_NS, 2));
	assert_int_equal(n_fired, 4);
	assert_true(wheel_run(&wheel, START_NS + 2 * SECOND, 1));
	assert_int_equal(n_fired, 5);
	assert_false(wheel_run(&wheel, START_NS + 2 * SECOND, 2));
	assert_int_equal(n_fired, 6);
}

/* A crowded slot of a higher level moves down in pieces too. */
static void the_budget_bounds_moves(void **state)
{
	enum {
		N = 1000
	};
	struct wheel_timer *many = calloc(N, sizeof(*many));
	int runs = 0;

	(void)state;
	assert_non_null(many);
	for (int i = 0; i < N; i++) {
		wheel_timer_init(&many[i], 0);
		wheel_arm(&wheel, &many[i], START_NS + HOUR);
	}
	while (wheel_run(&wheel, START_NS + HOUR - 2 * TICK, 10))
		runs++;
	/* Three levels down, 1,000 timers, 80 moves a run. */
	assert_in_range(runs, 2 * N / 80, 3 * N / 80);
	for (int i = 0; i < N; i++) {
		assert_true(wheel_armed(&many[i]));
		wheel_cancel(&wheel, &many[i]);
	}
	assert_int_equal(wheel_next_ns(&wheel), UINT64_MAX);
	assert_int_equal(n_fired, 0);
	free(many);
}

static void what_a_stopped_run_left_can_be_cancelled_and_moved(void **state)
{
	int left[2], n = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		wheel_arm(&wheel, &timer[i], START_NS + TICK);
	assert_true(wheel_run(&wheel, START_NS + 5 * TICK, 1));
	for (int i = 0; i < 3; i++) {
		if (!fired[i])
			left[n++] = i;
	}
	assert_int_equal(n, 2);
	wheel_cancel(&wheel, &timer[left[0]]);
	wheel_arm(&wheel, &timer[left[1]], START_NS + SECOND);
	assert_false(wheel_run(&wheel, START_NS + 5 * TICK, ALL));
	assert_int_equal(n_fired, 1);
	wheel_run(&wheel, START_NS + SECOND + TICK, ALL);
	assert_int_equal(fired[left[0]], 0);
	assert_int_equal(fired[left[1]], 1);
}

static void cancel_others(struct wheel_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	for (int i = 0; i < 8; i++) {
		if (&timer[i] != t)
			wheel_cancel(&wheel, &timer[i]);
	}
}

static void a_function_may_cancel_the_next_of_its_slot(void **state)
{
	(void)state;
	on_fire = cancel_others;
	for (int i = 0; i < 8; i++) {
		wheel_timer_init(&timer[i], 1);
		wheel_arm(&wheel, &timer[i], START_NS + TICK);
	}
	assert_false(wheel_run(&wheel, START_NS + 3 * TICK, ALL));
	assert_int_equal(n_fired, 1);
	assert_int_equal(wheel_next_ns(&wheel), UINT64_MAX);
}

static void rearm_at_once(struct wheel_timer *t, uint64_t now_ns)
{
	wheel_arm(&wheel, t, now_ns);
}

/* With no budget at all to stop it. */
static void a_timer_that_rearms_for_now_does_not_hold_the_run(void **state)
{
	(void)state;
	on_fire = rearm_at_once;
	wheel_timer_init(&timer[0], 1);
	wheel_arm(&wheel, &timer[0], START_NS + TICK);
	assert_false(wheel_run(&wheel, START_NS + SECOND, ALL));
	assert_in_range(n_fired, 1, 2);
	n_fired = 0;
	assert_false(wheel_run(&wheel, START_NS + SECOND, ALL));
	assert_int_equal(n_fired, 0);
	assert_false(wheel_run(&wheel, START_NS + SECOND + TICK, ALL));
	assert_int_equal(n_fired, 1);
}

static void next_is_exact_within_256_ticks_and_never_late(void **state)
{
	uint64_t base = 1 << 22; /* in ticks: the start of a slot on level 2 */

	(void)state;
	assert_int_equal(wheel_next_ns(&wheel), UINT64_MAX);
	wheel_init(&wheel, base * TICK, fns, 2, &n_fired);
	wheel_arm(&wheel, &timer[0], (base + 5) * TICK);
	assert_int_equal(wheel_next_ns(&wheel), (base + 5) * TICK);
	wheel_arm(&wheel, &timer[1], (base + 3) * TICK - 1);
	assert_int_equal(wheel_next_ns(&wheel), (base + 3) * TICK);
	wheel_cancel(&wheel, &timer[1]);
	assert_int_equal(wheel_next_ns(&wheel), (base + 5) * TICK);
	wheel_cancel(&wheel, &timer[0]);
	wheel_arm(&wheel, &timer[0], (base + 1000) * TICK);
	assert_int_equal(wheel_next_ns(&wheel), (base + 768) * TICK);
	assert_false(wheel_run(&wheel, (base + 768) * TICK, ALL));
	assert_int_equal(wheel_next_ns(&wheel), (base + 1000) * TICK);
}

/* From any deadline, following wheel_next_ns arrives there in at most one stop per level. */
static void following_next_arrives_exactly(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	for (int i = 0; i < 20000; i++) {
		uint64_t now = rng_u64(&r) >> rng_range(&r, 2, 40);
		uint64_t when = now + (rng_u64(&r) >> rng_range(&r, 17, 60));
		int stops = 0;

		wheel_init(&wheel, now, fns, 2, &n_fired);
		n_fired = 0;
		wheel_arm(&wheel, &timer[0], when);
		while (n_fired == 0) {
			uint64_t next = wheel_next_ns(&wheel);

			assert_true(next <= wheel_expires_ns(&timer[0]));
			assert_true(next > now);
			now = next;
			wheel_run(&wheel, now, ALL);
			assert_true(++stops <= WHEEL_LEVELS + 1 + 1);
		}
		assert_int_equal(now, wheel_expires_ns(&timer[0]));
	}
}

/* ---- the wheel against an array ------------------------------------------------------------ */

#define MODEL_TIMERS 96

struct model {
	struct wheel wheel;
	struct wheel_timer timer[MODEL_TIMERS];
	uint64_t due[MODEL_TIMERS]; /* UINT64_MAX: not armed */
	uint64_t now;
	uint64_t last_due; /* of the timer fired last */
	uint64_t idle;	   /* when nothing was left to do */
	uint32_t fired;
	uint64_t total;
	struct rng rng;
};

/* Any order of magnitude, so that all levels and the far list come up. */
static uint64_t model_delay(struct model *m)
{
	return rng_u64(&m->rng) >> rng_range(&m->rng, 12, 60);
}

static void model_arm(struct model *m, uint32_t i)
{
	uint64_t back = rng_chance(&m->rng, 50000) ? rng_below(&m->rng, 1 << 30) : 0;
	uint64_t when = m->now + (back != 0 ? 0 : model_delay(m));
	uint64_t due;

	when -= NSK_MIN(back, when);
	wheel_arm(&m->wheel, &m->timer[i], when);
	due = wheel_expires_ns(&m->timer[i]);
	assert_true(due >= when);
	assert_true(due < NSK_MAX(when, m->now) + 2 * TICK);
	assert_true(when <= m->now || due < when + TICK);
	m->due[i] = due;
}

static void model_change(struct model *m)
{
	uint32_t i = rng_below(&m->rng, MODEL_TIMERS);

	if (rng_chance(&m->rng, 600000)) {
		model_arm(m, i);
	} else {
		wheel_cancel(&m->wheel, &m->timer[i]);
		m->due[i] = UINT64_MAX;
	}
}

static void model_fired(void *ctx, struct wheel_timer *t, uint64_t now_ns)
{
	struct model *m = ctx;
	ptrdiff_t i = t - m->timer;

	assert_int_equal(m->due[i], wheel_expires_ns(t));
	assert_int_equal(wheel_kind(t), i % 2);
	assert_true(m->due[i] <= now_ns);
	assert_true(m->due[i] >= m->last_due);
	m->last_due = m->due[i];
	m->due[i] = UINT64_MAX;
	m->fired++;
	for (uint32_t n = rng_below(&m->rng, 4); n > 0; n--)
		model_change(m);
}

static const wheel_fn model_fns[] = {model_fired, model_fired};

static uint64_t model_earliest(const struct model *m)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < MODEL_TIMERS; i++) {
		assert_int_equal(wheel_armed(&m->timer[i]), m->due[i] != UINT64_MAX);
		first = NSK_MIN(first, m->due[i]);
	}
	return first;
}

static void model_run(struct model *m)
{
	uint32_t budget = rng_chance(&m->rng, 500000) ? ALL : rng_range(&m->rng, 1, 20);
	uint64_t at, next, first;
	bool more;

	m->now += rng_chance(&m->rng, 300000) ? model_delay(m) : rng_below(&m->rng, 1 << 20);
	at = m->now;
	if (rng_chance(&m->rng, 100000))
		at -= rng_u64(&m->rng) % (at + 1);
	m->fired = 0;
	more = wheel_run(&m->wheel, at, budget);
	assert_true(m->fired <= budget);
	m->total += m->fired;
	first = model_earliest(m);
	if (!more)
		assert_true(first > at);
	next = wheel_next_ns(&m->wheel);
	assert_true(next <= first);
	assert_int_equal(next == UINT64_MAX, first == UINT64_MAX && !more);
	if (!more && first >> (WHEEL_TICK_SHIFT + 8) == at >> (WHEEL_TICK_SHIFT + 8))
		assert_int_equal(next, first);
	assert_true(more || next > at);
	if (!more && at == m->now)
		m->idle = m->now;
	assert_true(first > m->idle);
}

static void agrees_with_an_array(void **state)
{
	struct model *m = calloc(1, sizeof(*m));

	(void)state;
	assert_non_null(m);
	for (uint64_t seed = 0; seed < 20; seed++) {
		memset(m, 0, sizeof(*m));
		rng_seed(&m->rng, seed);
		m->now = rng_u64(&m->rng) >> rng_range(&m->rng, 14, 40);
		wheel_init(&m->wheel, m->now, model_fns, 2, m);
		for (uint32_t i = 0; i < MODEL_TIMERS; i++) {
			wheel_timer_init(&m->timer[i], i % 2);
			m->due[i] = UINT64_MAX;
		}
		for (int i = 0; i < 150000; i++) {
			if (rng_chance(&m->rng, 150000))
				model_run(m);
			else
				model_change(m);
			if (m->now > UINT64_MAX / 2)
				break;
		}
		assert_true(m->total > 100);
	}
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fires_at_its_tick_and_not_before, setup),
		cmocka_unit_test_setup(a_passed_deadline_fires_at_the_next_tick, setup),
		cmocka_unit_test_setup(rearming_moves_and_cancelling_disarms, setup),
		cmocka_unit_test_setup(different_ticks_fire_in_order_after_a_jump, setup),
		cmocka_unit_test_setup(a_jump_over_centuries_is_not_walked, setup),
		cmocka_unit_test_setup(the_last_deadline_of_all_can_be_armed, setup),
		cmocka_unit_test_setup(a_clock_that_goes_back_is_ignored, setup),
		cmocka_unit_test_setup(the_budget_bounds_a_run, setup),
		cmocka_unit_test_setup(the_budget_bounds_moves, setup),
		cmocka_unit_test_setup(what_a_stopped_run_left_can_be_cancelled_and_moved, setup),
		cmocka_unit_test_setup(a_function_may_cancel_the_next_of_its_slot, setup),
		cmocka_unit_test_setup(a_timer_that_rearms_for_now_does_not_hold_the_run, setup),
		cmocka_unit_test_setup(next_is_exact_within_256_ticks_and_never_late, setup),
		cmocka_unit_test_setup(following_next_arrives_exactly, setup),
		cmocka_unit_test(agrees_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
