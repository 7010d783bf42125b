/* SPDX-License-Identifier: BSD-3-Clause */
#include "stack/clock.h"

#include <time.h>

#include <rte_cycles.h>

#include "base/compiler.h"

#define ANCHOR_NS   UINT64_C(1000000000)
#define MEASURE_NS  UINT64_C(10000000)	/* the first measurement of the rate takes that long */
#define RATE_LEAST  (UINT64_C(1) << 28) /* 16 ticks a ns */
#define RATE_MOST   (UINT64_C(1) << 42) /* one a us */
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

/*
 * Both clocks at one moment: the quickest of some tries, since the thread may lose its core between
 * the two.
 */
static struct clock_moment read_both(void)
{
	struct clock_moment m = {0};
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < TRIES && least > QUICK_TICKS; i++) {
		uint64_t before = rte_rdtsc();
		uint64_t now_ns = clock_system_ns();
		uint64_t took = rte_rdtsc() - before;

		if (took >= least)
			continue;
		least = took;
		m = (struct clock_moment){.tsc = before + took / 2, .ns = now_ns};
	}
	return m;
}

/* Unless one of the clocks leapt meanwhile: as it was, within a factor of two. */
static bool plausible(uint64_t rate, uint64_t before)
{
	if (!before)
		return rate >= RATE_LEAST && rate <= RATE_MOST;
	return rate >= before / 2 && rate / 2 <= before;
}

uint64_t clock_anchor(struct clock_reader *r, struct clock_moment m)
{
	uint64_t ticks = m.tsc - r->anchor.tsc, ns = m.ns - r->anchor.ns, rate = 0;

	if (r->anchor.ns && !r->ns_per_tsc_q32 && ns <= MEASURE_NS)
		return m.ns;
	if (r->anchor.ns && ticks)
		rate = (uint64_t)(((unsigned __int128)ns << 32) / ticks);
	r->ns_per_tsc_q32 = plausible(rate, r->ns_per_tsc_q32) ? rate : 0;
	r->anchor = m;
	return m.ns;
}

bool clock_by_tsc(const struct clock_reader *r, uint64_t tsc, uint64_t *ns)
{
	uint64_t ticks = tsc - r->anchor.tsc;
	uint64_t since = (uint64_t)(((unsigned __int128)ticks * r->ns_per_tsc_q32) >> 32);

	*ns = r->anchor.ns + since;
	return r->ns_per_tsc_q32 && since <= ANCHOR_NS;
}

uint64_t clock_read(const struct clock *clock, struct clock_reader *r)
{
	uint64_t ns;

	if (clock->fn)
		return clock->fn(clock->arg);
	if (NSK_LIKELY(clock_by_tsc(r, rte_rdtsc(), &ns)))
		return ns;
	return clock_anchor(r, read_both());
}
