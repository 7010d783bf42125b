/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stack's clock: monotonic ns, the caller's or the system's. The system's is read through the
 * TSC, anchored to CLOCK_MONOTONIC again about once a second, so that a reading costs a few cycles
 * and does not drift.
 */
#ifndef NSK_STACK_CLOCK_H
#define NSK_STACK_CLOCK_H

#include <stdint.h>

struct clock {
	uint64_t (*fn)(void *arg); /* [C] NULL: the system's */
	void *arg;
};

/* A reader's own state: each worker has one, so that readers share nothing. */
struct clock_reader {
	uint64_t anchor_tsc;
	uint64_t anchor_ns;
	uint64_t last_ns;	 /* readings never go back */
	uint64_t ns_per_tsc_q32; /* 0: not measured yet */
};

uint64_t clock_system_ns(void);
/* From clock_system_ns() to the time since 1970, as it is now. */
uint64_t clock_wall_offset_ns(void);
/* Present time by the given clock; never less than the reading before. */
uint64_t clock_read(const struct clock *clock, struct clock_reader *reader);

#endif
