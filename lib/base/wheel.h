/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hierarchical timer wheel: arming, re-arming and cancelling are O(1), running costs what expires.
 *
 * Time is cut into ticks of 2^14 ns (16.4 us). Four levels of 256 slots: level 0 has a slot for
 * each tick, level 1 one for 256 ticks, and so on. A timer's level is the highest byte in which its
 * tick differs from the wheel's, so everything on a level is due before everything on the next
 * one, no slot lies behind the wheel, and the first occupied slot of the first occupied level is
 * what comes next. When the wheel enters a slot of a higher level, that slot's timers move down.
 * The four levels cover blocks of 2^32 ticks (19.5 hours); timers of a later block wait on a list
 * of their own that is sorted in when the next block begins. A bitmap per level lets a jump in time
 * skip what is empty.
 *
 * Deadlines are rounded up to a tick: a timer never fires early, and less than one tick late when
 * the wheel is run often. A deadline that has passed already is due at the next tick. Timers of
 * different ticks fire in the order of their ticks, those of one tick in any order, though always
 * the same for the same calls.
 *
 * A timer has no function of its own but a kind, which picks from the table given to wheel_init.
 */
#ifndef NSK_BASE_WHEEL_H
#define NSK_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define WHEEL_TICK_SHIFT 14
#define WHEEL_TICK_NS	 (UINT64_C(1) << WHEEL_TICK_SHIFT)
#define WHEEL_LEVELS	 4
#define WHEEL_SLOT_BITS	 8
#define WHEEL_SLOTS	 (1U << WHEEL_SLOT_BITS)

struct wheel_timer {
	struct wheel_timer *next;
	struct wheel_timer **pprev; /* what points at this timer; NULL when not armed */
	uint64_t due_kind;	    /* deadline in ns, a multiple of the tick; below it the kind */
};

_Static_assert(sizeof(struct wheel_timer) <= 32, "a timer lives in every connection");

/* What a timer of some kind does; it is not armed any more and may be armed again or freed. */
typedef void (*wheel_fn)(void *ctx, struct wheel_timer *t, uint64_t now_ns);

struct wheel {
	uint64_t tick;		     /* [W] everything up to this tick was moved or fired */
	uint64_t next_tick;	     /* [W] no later than the next tick with work */
	struct wheel_timer *pending; /* [W] taken from the slot of @tick, still to fire or move */
	const wheel_fn *fns;	     /* [C] by kind */
	void *ctx;		     /* [C] */
	struct wheel_timer *far;     /* [W] beyond the top level */
	uint32_t n_kinds;	     /* [C] */
	uint64_t map[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* [W] occupied slots */
	struct wheel_timer *slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

/*
 * An empty wheel at @now_ns. A timer of kind k calls fns[k](ctx, ...); the table is kept by
 * pointer and has @n_kinds (at most 256) entries.
 */
void wheel_init(struct wheel *w, uint64_t now_ns, const wheel_fn *fns, uint32_t n_kinds, void *ctx);

/* The slow half of wheel_run. */
bool wheel_run_due(struct wheel *w, uint64_t now_ns, uint32_t budget);

/*
 * A time before which nothing is due: the earliest deadline itself when it lies in the wheel's
 * block of 256 ticks, else the start of its slot on a higher level; a run at that time brings it
 * closer. Never later than the earliest deadline (as rounded to the tick). UINT64_MAX when no timer
 * is armed.
 */
uint64_t wheel_next_ns(const struct wheel *w);

/* Prepare a timer, not armed, of a kind below n_kinds. */
static inline void wheel_timer_init(struct wheel_timer *t, uint8_t kind)
{
	t->next = NULL;
	t->pprev = NULL;
	t->due_kind = kind;
}

static inline bool wheel_armed(const struct wheel_timer *t)
{
	return t->pprev != NULL;
}

/* The deadline as rounded up; meaningful while armed and while the timer's function runs. */
static inline uint64_t wheel_expires_ns(const struct wheel_timer *t)
{
	return t->due_kind & ~(WHEEL_TICK_NS - 1);
}

static inline uint8_t wheel_kind(const struct wheel_timer *t)
{
	return (uint8_t)t->due_kind;
}

/* Take an armed timer off its list, and off the bitmap when its slot becomes empty. */
static inline void wheel_unlink(struct wheel *w, struct wheel_timer *t)
{
	struct wheel_timer **pprev = t->pprev;
	uintptr_t at = (uintptr_t)pprev - (uintptr_t)w->slot;

	*pprev = t->next;
	if (t->next != NULL) {
		t->next->pprev = pprev;
	} else if (at < sizeof(w->slot)) {
		size_t n = at / sizeof(w->slot[0][0]);

		w->map[n / WHEEL_SLOTS][n % WHEEL_SLOTS / 64] &= ~(UINT64_C(1) << n % 64);
	}
	t->pprev = NULL;
}

/* Put a timer that is on no list where its tick, later than the wheel's, belongs. */
static inline void wheel_link(struct wheel *w, struct wheel_timer *t, uint64_t tick)
{
	uint32_t level = (63U - (uint32_t)__builtin_clzll(tick ^ w->tick)) / WHEEL_SLOT_BITS;
	struct wheel_timer **head;
	uint64_t enter;

	if (NSK_LIKELY(level < WHEEL_LEVELS)) {
		uint32_t shift = level * WHEEL_SLOT_BITS;
		uint32_t n = (uint32_t)(tick >> shift) % WHEEL_SLOTS;

		head = &w->slot[level][n];
		w->map[level][n / 64] |= UINT64_C(1) << n % 64;
		enter = tick >> shift << shift;
	} else {
		head = &w->far;
		enter = ((w->tick >> 32) + 1) << 32;
	}
	t->next = *head;
	t->pprev = head;
	if (t->next != NULL)
		t->next->pprev = &t->next;
	*head = t;
	if (enter < w->next_tick)
		w->next_tick = enter;
}

/* Arm for @expires_ns, or move there when armed already. */
static NSK_ALWAYS_INLINE void wheel_arm(struct wheel *w, struct wheel_timer *t, uint64_t expires_ns)
{
	uint64_t up, tick;

	if (NSK_UNLIKELY(__builtin_add_overflow(expires_ns, WHEEL_TICK_NS - 1, &up)))
		up = UINT64_MAX;
	tick = up >> WHEEL_TICK_SHIFT;
	if (tick <= w->tick)
		tick = w->tick + 1;
	if (wheel_armed(t))
		wheel_unlink(w, t);
	t->due_kind = tick << WHEEL_TICK_SHIFT | (t->due_kind & 0xff);
	wheel_link(w, t, tick);
}

/* Disarm; harmless when not armed. */
static inline void wheel_cancel(struct wheel *w, struct wheel_timer *t)
{
	if (wheel_armed(t))
		wheel_unlink(w, t);
}

/*
 * Fire what is due at @now_ns, at most @budget timers (moving eight timers between levels counts
 * as firing one), and say whether more is due; the rest goes on in the next run. A time before an
 * earlier run's is ignored. A timer's function may arm, cancel and free any timer.
 */
static inline bool wheel_run(struct wheel *w, uint64_t now_ns, uint32_t budget)
{
	uint64_t tick = now_ns >> WHEEL_TICK_SHIFT;

	if (NSK_UNLIKELY(tick >= w->next_tick))
		return wheel_run_due(w, now_ns, budget);
	if (tick > w->tick)
		w->tick = tick;
	return false;
}

#endif
