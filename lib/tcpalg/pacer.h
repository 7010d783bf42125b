/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pacing: when the next octets may leave, and how many at once. draft-ietf-ccwg-bbr-06 sections
 * 5.6.2 and 5.6.3.
 *
 * A quantum leaves at a time and moves the time of the next one by what it takes at the rate. The
 * draft's is a millisecond's worth, for senders whose ports cut segments; ours is smaller, since
 * it also is what a queue at the bottleneck gets in one go. Who wakes up late catches up: time is
 * credited up to a bound, so that a timer's grain does not lower the rate, and so that the end of
 * an idle spell is no burst.
 */
#ifndef NSK_TCPALG_PACER_H
#define NSK_TCPALG_PACER_H

#include <stdbool.h>
#include <stdint.h>

/* A quantum is what the rate carries in so long, and no more octets than that. */
#define PACER_QUANTUM_US  250u
#define PACER_QUANTUM_MAX 65536u

/* Lateness made up for: a few ticks of a timer wheel, or a quantum if that takes longer. */
#define PACER_LATE_NS 100000u

struct pacer {
	uint64_t rate;	  /* [W] octets a second, 0: no pacing */
	uint64_t next_ns; /* [W] when the next quantum may leave */
	uint32_t quantum; /* [W] octets, whole segments */
	uint32_t spare;
};

/* Octets that leave at a time: at least two segments, or one where even that takes long. */
uint32_t pacer_quantum(uint64_t rate, uint32_t smss);

/* From now on at so many octets a second; 0: no pacing. smss is at least 1. */
void pacer_set(struct pacer *p, uint64_t rate, uint32_t smss);

/* The rate was raised: what waits does so no longer than a quantum takes now. */
void pacer_hurry(struct pacer *p, uint64_t now_ns);

/* Octets that may leave now: none or a quantum. */
static inline uint32_t pacer_room(const struct pacer *p, uint64_t now_ns)
{
	if (!p->rate)
		return UINT32_MAX;
	return now_ns < p->next_ns ? 0 : p->quantum;
}

/* Nanoseconds until something may leave; 0: it may. */
static inline uint64_t pacer_wait_ns(const struct pacer *p, uint64_t now_ns)
{
	return p->rate && now_ns < p->next_ns ? p->next_ns - now_ns : 0;
}

/* Octets have left. */
void pacer_sent(struct pacer *p, uint32_t octets, uint64_t now_ns);

#endif
