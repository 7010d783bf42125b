/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run: what the thread that reports and the threads that load share.
 *
 * The reporting thread moves the run from phase to phase; the loading threads look once a turn and
 * note the time by their own clock. A thread that has seen PHASE_DRAIN starts nothing new, waits
 * for what is outstanding, closes and ends.
 */
#ifndef NSK_APPS_NSK_LOAD_LOAD_H
#define NSK_APPS_NSK_LOAD_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "nsk-load/options.h"
#include "nsk-load/result.h"

#define LOAD_WORKERS 64

enum phase {
	PHASE_OPEN,
	PHASE_WARM,
	PHASE_MEASURE,
	PHASE_DRAIN,
	PHASE_QUIT
};

struct load {
	const struct program *program;
	const struct options *options;
	struct nsk_config *config;
	int phase;
	unsigned workers;
	struct result *result[LOAD_WORKERS];
	struct nsk_stack *stack; /* of engine stack, NULL: another engine, or it is gone */
	struct nsk_stats *stats; /* its counters at the end */
	bool given_up;		 /* nothing came for as long as anybody wants to wait */
	bool failed;		 /* why is in failure */
	char failure[512];
	int status; /* to exit with then */
};

/* A way to make load. */
struct engine {
	const char *name;
	/* Before any thread: sets load->workers. Exits after a message if it cannot work. */
	void (*prepare)(struct load *load);
	/* One loading thread, from its start to its end; NULL: launch starts the threads, and they
	 * set their result's done. */
	void (*run)(struct load *load, unsigned worker);
	void (*launch)(struct load *load);
	/* After the threads' end; NULL: nothing to do. */
	void (*finish)(struct load *load);
};

extern const struct engine lean_engine, raw_engine, stack_engine, kernel_engine;

static inline enum phase load_phase(const struct load *load)
{
	return (enum phase)__atomic_load_n(&load->phase, __ATOMIC_RELAXED);
}

/* The run ends when so much is done, not when the time is over. */
static inline bool load_by_count(const struct options *o)
{
	return o->requests_total || o->bulk_bytes;
}

/* The loading thread cannot go on: the first reason is kept, the run ends. */
void load_fail(struct load *load, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What a loading thread does at each turn with the phase: notes the measured time. Returns the
 * phase. */
static inline enum phase load_turn(const struct load *load, struct result *r, uint64_t now_ns)
{
	enum phase phase = load_phase(load);

	if (phase >= PHASE_MEASURE && !r->measure_start_ns)
		result_begin(r, now_ns);
	if (phase >= PHASE_DRAIN && !r->measure_end_ns)
		result_end(r, now_ns);
	return phase;
}

static inline bool load_measuring(const struct result *r)
{
	return r->measure_start_ns && !r->measure_end_ns;
}

#endif
