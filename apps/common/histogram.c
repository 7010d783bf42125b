/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/histogram.h"

#include <string.h>

/* Lowest value of a bucket, and how many values are in it. */
static uint64_t bucket_low(uint32_t index, uint64_t *width)
{
	uint32_t shift = index / HISTOGRAM_PARTS;

	if (shift < 2) {
		*width = 1;
		return index;
	}
	shift--;
	*width = UINT64_C(1) << shift;
	return (uint64_t)(index - shift * HISTOGRAM_PARTS) << shift;
}

static uint64_t bucket_middle(uint32_t index)
{
	uint64_t width, low = bucket_low(index, &width);

	return low + (width - 1) / 2;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

void histogram_copy(struct histogram *to, const struct histogram *from)
{
	to->count = 0;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		to->bucket[i] = __atomic_load_n(&from->bucket[i], __ATOMIC_RELAXED);
		to->count += to->bucket[i];
	}
	to->sum_ns = __atomic_load_n(&from->sum_ns, __ATOMIC_RELAXED);
	to->min_ns = __atomic_load_n(&from->min_ns, __ATOMIC_RELAXED);
	to->max_ns = __atomic_load_n(&from->max_ns, __ATOMIC_RELAXED);
}

void histogram_add(struct histogram *h, const struct histogram *other)
{
	if (!other->count)
		return;
	if (!h->count || other->min_ns < h->min_ns)
		h->min_ns = other->min_ns;
	if (other->max_ns > h->max_ns)
		h->max_ns = other->max_ns;
	h->count += other->count;
	h->sum_ns += other->sum_ns;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->bucket[i] += other->bucket[i];
}

void histogram_between(struct histogram *h, const struct histogram *before,
		       const struct histogram *after)
{
	uint64_t width;

	memset(h, 0, sizeof(*h));
	h->sum_ns = after->sum_ns - before->sum_ns;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		h->bucket[i] = after->bucket[i] - before->bucket[i];
		if (!h->bucket[i])
			continue;
		if (!h->count)
			h->min_ns = bucket_low(i, &width);
		h->max_ns = bucket_low(i, &width);
		h->max_ns = clamp(h->max_ns + width - 1, 0, after->max_ns);
		h->count += h->bucket[i];
	}
}

uint64_t histogram_quantile(const struct histogram *h, double fraction)
{
	uint64_t rank = (uint64_t)(fraction * (double)h->count), seen = 0;

	if (!h->count)
		return 0;
	/* The value of the smallest rank that covers the fraction, counted from 1. */
	if ((double)rank < fraction * (double)h->count || rank == 0)
		rank++;
	if (rank >= h->count)
		return h->max_ns;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			return clamp(bucket_middle(i), h->min_ns, h->max_ns);
	}
	return h->max_ns;
}

double histogram_mean(const struct histogram *h)
{
	return h->count ? (double)h->sum_ns / (double)h->count : 0;
}
