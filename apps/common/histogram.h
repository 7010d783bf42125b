/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Latency histogram, log-linear: each power of two is cut into 128 equal parts, so that a value
 * read back is within 0.4 % of what was recorded; below 256 ns it is exact. From 1 ns to 137 s in
 * 32 KB; what is longer counts as the longest.
 *
 * One thread records. Another may read at any time with histogram_copy(): counters only grow, and
 * each is read whole.
 */
#ifndef NSK_APPS_COMMON_HISTOGRAM_H
#define NSK_APPS_COMMON_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_PART_BITS 7
#define HISTOGRAM_PARTS	    (1u << HISTOGRAM_PART_BITS)
#define HISTOGRAM_MAX_BITS  37
#define HISTOGRAM_BUCKETS   ((HISTOGRAM_MAX_BITS - HISTOGRAM_PART_BITS + 1) * HISTOGRAM_PARTS)

struct histogram {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t min_ns; /* 0 when empty */
	uint64_t max_ns;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* Bucket of a value: its leading bit says which power of two, the next seven which part of it. */
static inline uint32_t histogram_index(uint64_t ns)
{
	uint32_t shift;

	if (ns < 2 * HISTOGRAM_PARTS)
		return (uint32_t)ns;
	if (ns >> HISTOGRAM_MAX_BITS)
		return HISTOGRAM_BUCKETS - 1;
	shift = 63 - (uint32_t)__builtin_clzll(ns) - HISTOGRAM_PART_BITS;
	return shift * HISTOGRAM_PARTS + (uint32_t)(ns >> shift);
}

static inline void histogram_bump(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Records one value. */
static inline void histogram_record(struct histogram *h, uint64_t ns)
{
	histogram_bump(&h->bucket[histogram_index(ns)], 1);
	histogram_bump(&h->sum_ns, ns);
	if (ns > h->max_ns)
		__atomic_store_n(&h->max_ns, ns, __ATOMIC_RELAXED);
	if (ns < h->min_ns || h->count == 0)
		__atomic_store_n(&h->min_ns, ns, __ATOMIC_RELAXED);
	histogram_bump(&h->count, 1);
}

/* Takes a reading of a histogram that another thread may be filling. */
void histogram_copy(struct histogram *to, const struct histogram *from);
/* Adds what is in another. */
void histogram_add(struct histogram *h, const struct histogram *other);
/* What was recorded between two readings; its least and greatest are those of the buckets. */
void histogram_between(struct histogram *h, const struct histogram *before,
		       const struct histogram *after);
/* The value that a fraction (0 to 1) of all are not above; 0 when empty. */
uint64_t histogram_quantile(const struct histogram *h, double fraction);
/* Mean; 0 when empty. */
double histogram_mean(const struct histogram *h);

#endif
