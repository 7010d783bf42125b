/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A budget with three marks, in the meaning of Linux's net.ipv4.tcp_mem: below low nobody has to
 * care; from pressure on, until it is below low again, its holders are to ask for less; from high
 * on nothing more is given. Who asks, and what asking for less means, is the caller's.
 */
#ifndef NSK_TCPALG_BUDGET_H
#define NSK_TCPALG_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget {
	uint64_t used;		      /* [W] the caller adds and takes away */
	uint64_t look;		      /* [W] below it there is nothing to see: see budget_calm() */
	uint64_t low, pressure, high; /* [C] */
	uint32_t since_ms;	      /* [W] when pressure began */
	bool pressed;		      /* [W] as of the last budget_pressed() */
};

/* Nothing is used; low <= pressure <= high. */
static inline void budget_init(struct budget *b, uint64_t low, uint64_t pressure, uint64_t high)
{
	*b = (struct budget){.look = pressure, .low = low, .pressure = pressure, .high = high};
}

/* No pressure, by one comparison. False: ask budget_pressed(). */
static inline bool budget_calm(const struct budget *b)
{
	return b->used < b->look;
}

/* Under pressure now? */
static inline bool budget_pressed(struct budget *b, uint32_t now_ms)
{
	bool pressed = b->used >= (b->pressed ? b->low : b->pressure);

	if (pressed != b->pressed) {
		b->pressed = pressed;
		b->look = pressed ? b->low : b->pressure;
		b->since_ms = now_ms;
	}
	return pressed;
}

#endif
