/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run that is over: the work of all threads together, and, where it came to nothing, why.
 */
#ifndef NSK_APPS_NSK_LOAD_TOTALS_H
#define NSK_APPS_NSK_LOAD_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nsk-load/load.h"

struct totals {
	double seconds;	     /* measured */
	struct counters c;   /* of the measured time */
	struct counters all; /* of the whole run */
	uint64_t error[LOAD_ERR_MAX], errors;
	uint64_t waiting, socket_errno;
	struct histogram latency, connect;
};

void totals_add_up(struct totals *t, const struct load *load);

/* So many things of the measured time, a second. */
static inline double totals_rate(const struct totals *t, uint64_t n)
{
	return per_second((double)n, t->seconds);
}

/*
 * Why a run is none that was wanted: what was seen, and what to do about it. False: it is, and text
 * is empty.
 */
bool totals_failed(const struct totals *t, const struct load *load, char *text, size_t size);

#endif
