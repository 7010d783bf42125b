/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The per-second table of a running stack, in the manner of testpmd: packets, requests,
 * connections, share of the time in turns with work, and every drop with its reason; the same as
 * JSON.
 */
#ifndef NSK_APPS_COMMON_REPORT_H
#define NSK_APPS_COMMON_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/netstk.h>

struct report {
	struct nsk_stack *stack;
	bool json;
	bool router;	/* it counts packets sent on, not requests; set after report_start() */
	unsigned lines; /* printed, for the heading */
	struct nsk_stats first, last;
	uint64_t first_requests, last_requests;
};

/* Time begins now; packets count from the start of the stack. */
void report_start(struct report *report, struct nsk_stack *stack, bool json, uint64_t requests);
/* One line (or one JSON object) for the time since the line before. requests: total of the
 * application. */
void report_line(struct report *report, uint64_t requests);
/* Totals and averages since the start. */
void report_summary(struct report *report, uint64_t requests);

/* When lines come, and when all is over. */
struct report_times {
	double interval_s, duration_s; /* duration 0: until the program ends */
	bool quiet;		       /* the summary alone */
};

/*
 * A line an interval until the program or the stack ends or the time is over, then the summary.
 * Signals are caught. requests: total of the application, NULL where there are none; false: it has
 * failed and said why, and there is no more to be told.
 */
void report_until_end(struct report *report, const struct report_times *times,
		      bool (*requests)(void *arg, uint64_t *total), void *arg);

/* Name, device, address and link of each interface. */
void report_interfaces(struct nsk_stack *stack);

#endif
