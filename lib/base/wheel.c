/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The half of the timer wheel that runs: finding the next occupied slot, entering it, and firing or
 * moving what it held. A slot's timers go to the pending list first and leave it one by one, so
 * that a run can stop in the middle of a crowded slot, and so that a timer's function may cancel
 * the one that would be next. The wheel's tick stands still until the list is empty.
 */
#include "base/wheel.h"

#include <string.h>

/* Moving a timer down costs a fraction of what firing it does: so many moves for one firing. */
#define WHEEL_MOVES_PER_FIRE 8

void wheel_init(struct wheel *w, uint64_t now_ns, const wheel_fn *fns, uint32_t n_kinds, void *ctx)
{
	memset(w, 0, sizeof(*w));
	w->tick = now_ns >> WHEEL_TICK_SHIFT;
	w->next_tick = UINT64_MAX;
	w->fns = fns;
	w->n_kinds = n_kinds;
	w->ctx = ctx;
}

/* The lowest occupied slot of a level, or WHEEL_SLOTS. */
static uint32_t wheel_first_slot(const struct wheel *w, uint32_t level)
{
	for (uint32_t i = 0; i < WHEEL_SLOTS / 64; i++) {
		if (w->map[level][i] != 0)
			return i * 64 + (uint32_t)__builtin_ctzll(w->map[level][i]);
	}
	return WHEEL_SLOTS;
}

/*
 * The tick at which the next occupied slot is entered, or UINT64_MAX. @list, if not NULL, becomes
 * its number: level * WHEEL_SLOTS + slot, and for the far list the number after all slots.
 */
static uint64_t wheel_find(const struct wheel *w, uint32_t *list)
{
	for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
		uint32_t shift = level * WHEEL_SLOT_BITS;
		uint32_t n = wheel_first_slot(w, level);

		if (n == WHEEL_SLOTS)
			continue;
		if (list != NULL)
			*list = level * WHEEL_SLOTS + n;
		return (w->tick >> (shift + WHEEL_SLOT_BITS) << WHEEL_SLOT_BITS | n) << shift;
	}
	if (list != NULL)
		*list = WHEEL_LEVELS * WHEEL_SLOTS;
	return w->far == NULL ? UINT64_MAX : ((w->tick >> 32) + 1) << 32;
}

/* Advance to @tick, the start of list number @list, whose timers become pending. */
static void wheel_enter(struct wheel *w, uint64_t tick, uint32_t list)
{
	struct wheel_timer **head = &w->far;

	if (list < WHEEL_LEVELS * WHEEL_SLOTS) {
		uint32_t level = list / WHEEL_SLOTS;
		uint32_t n = list % WHEEL_SLOTS;

		head = &w->slot[level][n];
		w->map[level][n / 64] &= ~(UINT64_C(1) << n % 64);
	}
	w->tick = tick;
	w->pending = *head;
	w->pending->pprev = &w->pending;
	*head = NULL;
}

/* Fire or move pending timers while @work lasts; false when some are left. */
static bool wheel_drain(struct wheel *w, uint64_t now_ns, uint64_t *work)
{
	while (w->pending != NULL) {
		struct wheel_timer *t = w->pending;
		uint64_t tick = t->due_kind >> WHEEL_TICK_SHIFT;
		uint64_t cost = tick > w->tick ? 1 : WHEEL_MOVES_PER_FIRE;

		if (*work < cost)
			return false;
		*work -= cost;
		wheel_unlink(w, t);
		if (tick > w->tick)
			wheel_link(w, t, tick);
		else
			w->fns[wheel_kind(t)](w->ctx, t, now_ns);
	}
	return true;
}

bool wheel_run_due(struct wheel *w, uint64_t now_ns, uint32_t budget)
{
	uint64_t work = (uint64_t)budget * WHEEL_MOVES_PER_FIRE;
	uint64_t target = now_ns >> WHEEL_TICK_SHIFT;
	uint64_t next;

	if (target < w->tick) {
		target = w->tick;
		now_ns = w->tick << WHEEL_TICK_SHIFT;
	}
	for (;;) {
		uint32_t list;

		if (!wheel_drain(w, now_ns, &work)) {
			w->next_tick = 0;
			return true;
		}
		next = wheel_find(w, &list);
		if (next > target)
			break;
		wheel_enter(w, next, list);
	}
	w->tick = target;
	w->next_tick = next;
	return false;
}

uint64_t wheel_next_ns(const struct wheel *w)
{
	uint64_t tick = w->pending != NULL ? w->tick : wheel_find(w, NULL);

	return tick == UINT64_MAX ? UINT64_MAX : tick << WHEEL_TICK_SHIFT;
}
