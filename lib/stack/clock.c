/* SPDX-License-Identifier: BSD-3-Clause */
#include "stack/clock.h"

#include <time.h>

#include <rte_cycles.h>

#include "base/compiler.h"

#define ANCHOR_NS   UINT64_C(1000000000)
#define MEASURE_NS  UINT64_C(10000000) /* the first measurement of the rate takes that long */
#define TRIES	    8
#define QUICK_TICKS 2000 /* a try that took no longer was not interrupted */

uint64_t clock_system_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_wall_offset_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec - clock_system_ns();
}

static uint64_t tsc_to_ns(uint64_t tsc, uint64_t factor_q32)
{
	return (uint64_t)(((unsigned __int128)tsc * factor_q32) >> 32);
}

/*
 * Both clocks at one moment: the quickest of some tries, since the thread may lose its core between
 * the two.
 */
static uint64_t read_both(uint64_t *tsc)
{
	uint64_t least = UINT64_MAX, ns = 0;

	for (unsigned i = 0; i < TRIES && least > QUICK_TICKS; i++) {
		uint64_t before = rte_rdtsc();
		uint64_t now_ns = clock_system_ns();
		uint64_t took = rte_rdtsc() - before;

		if (took >= least)
			continue;
		least = took;
		ns = now_ns;
		*tsc = before + took / 2;
	}
	return ns;
}

/* Ties TSC and system time together and measures how many ns a TSC tick is since the anchor before.
 */
static uint64_t anchor(struct clock_reader *r)
{
	uint64_t tsc = 0, ns = read_both(&tsc);
	uint64_t ticks = tsc - r->anchor_tsc;

	if (r->anchor_ns && ticks && ns > r->anchor_ns)
		r->ns_per_tsc_q32 =
			(uint64_t)(((unsigned __int128)(ns - r->anchor_ns) << 32) / ticks);
	r->anchor_tsc = tsc;
	r->anchor_ns = ns;
	return ns;
}

static uint64_t system_read(struct clock_reader *r)
{
	uint64_t tsc = rte_rdtsc();
	uint64_t since = tsc_to_ns(tsc - r->anchor_tsc, r->ns_per_tsc_q32);

	/* Until the rate is known, and when the anchor is old, ask the system. */
	if (NSK_UNLIKELY(!r->ns_per_tsc_q32 || since > ANCHOR_NS)) {
		if (r->anchor_ns && !r->ns_per_tsc_q32) {
			uint64_t ns = clock_system_ns();

			return ns - r->anchor_ns > MEASURE_NS ? anchor(r) : ns;
		}
		return anchor(r);
	}
	return r->anchor_ns + since;
}

uint64_t clock_read(const struct clock *clock, struct clock_reader *r)
{
	uint64_t ns = clock->fn ? clock->fn(clock->arg) : system_read(r);

	if (NSK_UNLIKELY(ns < r->last_ns))
		return r->last_ns;
	r->last_ns = ns;
	return ns;
}
