/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stack's clock: monotonic ns, the caller's or the system's. The system's is read through the
 * TSC, anchored to CLOCK_MONOTONIC again about once a second, so that a reading costs a few cycles
 * and does not drift.
 */
#ifndef NSK_STACK_CLOCK_H
#define NSK_STACK_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
	uint64_t (*fn)(void *arg); /* [C] NULL: the system's */
	void *arg;
};

struct clock_moment {
	uint64_t tsc;
	uint64_t ns; /* of the system's clock, 0: there was none yet */
};

/* A reader's own state: each worker has one, so that readers share nothing. */
struct clock_reader {
	struct clock_moment anchor;
	uint64_t ns_per_tsc_q32; /* 0: not measured yet */
};

uint64_t clock_system_ns(void);
/* From clock_system_ns() to the time since 1970, as it is now. */
uint64_t clock_wall_offset_ns(void);
/*
 * Present time by the given clock. It may be a little less than the reading before, where the two
 * clocks have drifted apart; a clock that goes back or leaps is the caller's to bear.
 */
uint64_t clock_read(const struct clock *clock, struct clock_reader *reader);

/* ---- its parts ---- */

/* The time by the TSC alone. False: it is not known how fast that runs, or the anchor is old. */
bool clock_by_tsc(const struct clock_reader *reader, uint64_t tsc, uint64_t *ns);

/*
 * Ties both clocks together at a moment, and measures how fast the TSC ran since the one before; if
 * one of them leapt or went back that is to be measured anew. Returns the moment's time.
 */
uint64_t clock_anchor(struct clock_reader *reader, struct clock_moment m);

#endif
