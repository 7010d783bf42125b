/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long it takes to find a packet's connection among so many: each look-up by itself, from the
 * flow to the handle (hash, bucket, comparison with the flow in the connection), in an order that
 * no cache follows. In the burst of a worker's turn they overlap: that is perf_growth's to show.
 *
 *   perf_lookup [CONNECTIONS [LOOKUPS]]
 *
 * Prints ticks of the time-stamp counter, less what reading it takes: median, 99 of 100, 999 of
 * 1,000. Longer ones are interrupts.
 */
#include <errno.h>
#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "perf/crowd.h"
#include "stack/stack.h"
#include "tcp/table.h"

#define LOOKUPS	    1000000u
#define LOOKUPS_MAX 100000000u

static struct crowd crowd;

static unsigned number(const char *text, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n == 0 || n > max) {
		fprintf(stderr, "perf_lookup: \"%s\" is no number from 1 to %u\n", text, max);
		exit(2);
	}
	return (unsigned)n;
}

/* Nothing before begins later, nothing behind begins earlier. */
static inline uint64_t ticks(void)
{
	uint64_t now;

	rte_mb();
	now = rte_rdtsc();
	rte_mb();
	return now;
}

static int ascending(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint32_t least_of_nothing(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 1000; i++) {
		uint64_t begin = ticks(), took = ticks() - begin;

		least = NSK_MIN(least, took);
	}
	return (uint32_t)least;
}

static uint32_t look_up(struct nsk_worker *w, const struct flow *flow)
{
	uint64_t begin = ticks(), took;
	uint32_t found = table_find(w, table_flow_hash(w->tcp, flow, AF_INET), flow, AF_INET);

	took = ticks() - begin;
	if (found == HTAB_NONE || table_kind_of(found) != TABLE_CONN)
		crowd_die("a connection is not found");
	return (uint32_t)NSK_MIN(took, (uint64_t)UINT32_MAX);
}

int main(int argc, char **argv)
{
	unsigned connections = argc > 1 ? number(argv[1], CROWD_MAX) : 1000;
	unsigned lookups = argc > 2 ? number(argv[2], LOOKUPS_MAX) : LOOKUPS;
	uint32_t *took = malloc(lookups * sizeof(*took)), nothing;
	struct nsk_worker *w;
	struct rng rng;

	if (!took)
		crowd_die("memory");
	crowd_start(&crowd, connections, 8191);
	if (crowd_come(&crowd, 0, connections, false) != connections) {
		fprintf(stderr, "perf_lookup: not all connections came\n");
		return 1;
	}
	w = &crowd.stack->worker[0]->w;
	rng_seed(&rng, 1);
	nothing = least_of_nothing();
	for (unsigned i = 0; i < lookups; i++) {
		struct flow flow = crowd_flow(rng_below(&rng, connections));
		uint32_t all = look_up(w, &flow);

		took[i] = all - NSK_MIN(all, nothing);
	}
	qsort(took, lookups, sizeof(*took), ascending);
	printf("{\"connections\":%u,\"lookups\":%u,\"p50\":%u,\"p99\":%u,\"p999\":%u}\n",
	       connections, lookups, took[lookups / 2], took[(uint64_t)lookups * 99 / 100],
	       took[(uint64_t)lookups * 999 / 1000]);
	free(took);
	crowd_end(&crowd);
	return 0;
}
