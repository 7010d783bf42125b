/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a run prints: a line now and then, and the table at the end; as text or as JSON.
 */
#ifndef NSK_APPS_NSK_LOAD_SUMMARY_H
#define NSK_APPS_NSK_LOAD_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "nsk-load/load.h"

struct summary {
	const struct load *load;
	unsigned lines;
	uint64_t start_ns, last_ns;
	struct counters last;
	uint64_t last_errors;
	struct histogram latency, interval, now; /* of the last line, since then, and at present */
};

void summary_start(struct summary *s, const struct load *load, uint64_t now_ns);
/* A line for the time since the line before. */
void summary_line(struct summary *s, uint64_t now_ns);
/* The table. All loading threads have ended. Returns the exit status. */
int summary_end(struct summary *s);

#endif
