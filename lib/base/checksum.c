/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum over memory (RFC 1071). Sums are kept in 64-bit lanes that take 32-bit
 * words, so carries wait in the upper halves and are added once at the end; the compiler's vector
 * types make 64 bytes a turn of the loop on any processor.
 */
#include "base/checksum.h"

#include <stdbool.h>

typedef uint64_t csum_lanes __attribute__((vector_size(16)));

#define CSUM_STEP 64

/* A 64-bit ones' complement sum reduced to 32 bits. */
static uint32_t csum_fold64(uint64_t s)
{
	s = (s & UINT32_MAX) + (s >> 32);
	s = (s & UINT32_MAX) + (s >> 32);
	return (uint32_t)s;
}

/* Both halves of a word. */
static inline uint64_t csum_halves(uint64_t w)
{
	return (w & UINT32_MAX) + (w >> 32);
}

/* What is left after whole steps: fewer than CSUM_STEP bytes. */
static NSK_ALWAYS_INLINE uint64_t csum_tail(uint8_t *d, const uint8_t *p, size_t len, bool copy)
{
	uint64_t sum = 0, w;
	uint8_t last[8] = {0};

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&w, p, 8);
		sum += csum_halves(w);
		if (copy) {
			memcpy(d, &w, 8);
			d += 8;
		}
	}
	for (size_t i = 0; i < len; i++) {
		last[i] = p[i];
		if (copy)
			d[i] = p[i];
	}
	memcpy(&w, last, 8);
	return sum + csum_halves(w);
}

/* Sum of @len bytes at @p, copied to @d on the way if @copy, a constant of the caller, says so. */
static NSK_ALWAYS_INLINE uint64_t csum_run(uint8_t *d, const uint8_t *p, size_t len, bool copy)
{
	const csum_lanes low = {UINT32_MAX, UINT32_MAX};
	csum_lanes a = {0, 0}, b = {0, 0}, v[4];

	for (; len >= CSUM_STEP; len -= CSUM_STEP, p += CSUM_STEP) {
		memcpy(v, p, CSUM_STEP);
		a += (v[0] & low) + (v[1] & low);
		b += (v[0] >> 32) + (v[1] >> 32);
		a += (v[2] & low) + (v[3] & low);
		b += (v[2] >> 32) + (v[3] >> 32);
		if (copy) {
			memcpy(d, v, CSUM_STEP);
			d += CSUM_STEP;
		}
	}
	a += b;
	return csum_halves(a[0]) + csum_halves(a[1]) + csum_tail(d, p, len, copy);
}

uint32_t csum_partial(const void *data, size_t len, uint32_t sum)
{
	return csum_fold64(csum_run(NULL, data, len, false) + sum);
}

uint32_t csum_copy(void *restrict dst, const void *restrict src, size_t len, uint32_t sum)
{
	return csum_fold64(csum_run(dst, src, len, true) + sum);
}
