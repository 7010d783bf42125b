/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open loop: the times at which requests are due, at a steady rate, whether or not anybody is free
 * to send them. Latency is counted from the time a request was due, so that a stall of the server
 * is seen by every request that it made wait (coordinated omission).
 */
#ifndef NSK_APPS_NSK_LOAD_ARRIVALS_H
#define NSK_APPS_NSK_LOAD_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

struct arrivals {
	uint64_t next_ns;  /* when the next one is due */
	uint32_t fraction; /* of a ns, in 2^-32 */
	uint64_t step_ns;
	uint32_t step_fraction;
};

/* per_s > 0 */
static inline void arrivals_start(struct arrivals *a, uint64_t now_ns, double per_s)
{
	double step = 1e9 / per_s;

	*a = (struct arrivals){.next_ns = now_ns, .step_ns = (uint64_t)step};
	a->step_fraction = (uint32_t)((step - (double)a->step_ns) * 4294967296.0);
}

static inline bool arrivals_due(const struct arrivals *a, uint64_t now_ns)
{
	return a->next_ns <= now_ns;
}

/* Takes the oldest one; returns when it was due. */
static inline uint64_t arrivals_take(struct arrivals *a)
{
	uint64_t due = a->next_ns;
	uint64_t fraction = (uint64_t)a->fraction + a->step_fraction;

	a->next_ns += a->step_ns + (fraction >> 32);
	a->fraction = (uint32_t)fraction;
	return due;
}

/* How many are due and not taken. */
static inline uint64_t arrivals_waiting(const struct arrivals *a, uint64_t now_ns)
{
	double step = (double)a->step_ns + (double)a->step_fraction / 4294967296.0;

	return arrivals_due(a, now_ns) ? (uint64_t)((double)(now_ns - a->next_ns) / step) + 1 : 0;
}

#endif
