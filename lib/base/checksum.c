/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum over memory (RFC 1071). The compiler's vector types take 16 bytes at a time
 * on any processor, in two lanes of 64 bits: in each lane the 64-bit words are added up as they
 * are, and beside them their upper halves. What is lost when the first sum runs over is known at
 * the end: the sum of the lower halves is (sum of words) - 2^32 (sum of upper halves) modulo 2^64,
 * and it cannot itself run over before 2^32 words. So a step is a load, two additions and a shift.
 *
 * Most calls are for a segment of some hundred bytes or for its header: what is no whole step is
 * taken by halves, without a loop.
 */
#include "base/checksum.h"

#include <stdbool.h>

typedef uint64_t csum_lanes __attribute__((vector_size(16)));

struct csum_run {
	csum_lanes words; /* sum of 64-bit words, modulo 2^64 */
	csum_lanes upper; /* sum of their upper halves */
};

/* Both halves of a word. */
static inline uint64_t csum_halves(uint64_t w)
{
	return (w & UINT32_MAX) + (w >> 32);
}

/* 16 bytes, at any alignment. */
static NSK_ALWAYS_INLINE void csum_step(struct csum_run *r, uint8_t *d, const uint8_t *p, bool copy)
{
	csum_lanes v;

	memcpy(&v, p, sizeof(v));
	r->words += v;
	r->upper += v >> 32;
	if (copy)
		memcpy(d, &v, sizeof(v));
}

static NSK_ALWAYS_INLINE void csum_two_steps(struct csum_run *r, uint8_t *d, const uint8_t *p,
					     bool copy)
{
	csum_step(r, d, p, copy);
	csum_step(r, d + (copy ? 16 : 0), p + 16, copy);
}

/* The two sums of each lane, and of both lanes, in one number. */
static NSK_ALWAYS_INLINE uint64_t csum_total(const struct csum_run *r)
{
	csum_lanes both = r->words - (r->upper << 32) + r->upper;

	return both[0] + both[1];
}

/* The last bytes, fewer than 8, as a word padded with zeros. */
static NSK_ALWAYS_INLINE uint64_t csum_rest(uint8_t *d, const uint8_t *p, size_t len, bool copy)
{
	uint64_t sum = 0;
	uint32_t w4;
	uint16_t w2;

	if (len & 4) {
		memcpy(&w4, p, 4);
		sum += w4;
		if (copy)
			memcpy(d, &w4, 4);
		p += 4;
		d += copy ? 4 : 0;
	}
	if (len & 2) {
		memcpy(&w2, p, 2);
		sum += w2;
		if (copy)
			memcpy(d, &w2, 2);
		p += 2;
		d += copy ? 2 : 0;
	}
	if (len & 1) {
		w2 = 0;
		memcpy(&w2, p, 1);
		sum += w2;
		if (copy)
			*d = *p;
	}
	return sum;
}

/* Sum of @len bytes at @p, copied to @d on the way if @copy, a constant of the caller, says so. */
static NSK_ALWAYS_INLINE uint64_t csum_run(uint8_t *d, const uint8_t *p, size_t len, bool copy)
{
	struct csum_run r = {{0, 0}, {0, 0}};
	uint64_t w, sum;

	for (; len >= 64; len -= 64, p += 64, d += copy ? 64 : 0) {
		csum_two_steps(&r, d, p, copy);
		csum_two_steps(&r, d + (copy ? 32 : 0), p + 32, copy);
	}
	if (len & 32) {
		csum_two_steps(&r, d, p, copy);
		p += 32;
		d += copy ? 32 : 0;
	}
	if (len & 16) {
		csum_step(&r, d, p, copy);
		p += 16;
		d += copy ? 16 : 0;
	}
	len &= 15;
	sum = csum_total(&r);
	if (NSK_LIKELY(len == 0))
		return sum;
	if (len & 8) {
		memcpy(&w, p, 8);
		sum += csum_halves(w);
		if (copy)
			memcpy(d, &w, 8);
		p += 8;
		d += copy ? 8 : 0;
	}
	return sum + csum_rest(d, p, len, copy);
}

uint32_t csum_partial(const void *data, size_t len, uint32_t sum)
{
	uint8_t nowhere; /* never written, but a null pointer may not even be moved by 0 */

	return csum_fold64(csum_run(&nowhere, data, len, false) + sum);
}

uint32_t csum_copy(void *restrict dst, const void *restrict src, size_t len, uint32_t sum)
{
	return csum_fold64(csum_run(dst, src, len, true) + sum);
}
