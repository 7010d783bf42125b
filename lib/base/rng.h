/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seeded random numbers: xoshiro256** (Blackman, Vigna), started by splitmix64. The same seed
 * gives the same sequence, which is what makes a simulation repeatable. Not for secrets: keys come
 * from the operating system through the stack's configuration.
 */
#ifndef NSK_BASE_RNG_H
#define NSK_BASE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* Start the sequence that belongs to @seed; every seed, 0 too, is good. */
void rng_seed(struct rng *r, uint64_t seed);

/* Fill @len bytes at @buf. */
void rng_fill(struct rng *r, void *buf, size_t len);

static inline uint64_t rng_rotl(uint64_t x, unsigned int n)
{
	return (x << n) | (x >> (64 - n));
}

/* Next 64 bits. */
static inline uint64_t rng_u64(struct rng *r)
{
	uint64_t out = rng_rotl(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rng_rotl(r->s[3], 45);
	return out;
}

static inline uint32_t rng_u32(struct rng *r)
{
	return (uint32_t)(rng_u64(r) >> 32);
}

/* Uniform in [0, n), without bias; 0 when n is 0. */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	uint64_t m = (uint64_t)rng_u32(r) * n;

	/* Lemire: the low half tells whether this draw falls into the uneven remainder. */
	if ((uint32_t)m < n) {
		uint32_t uneven = (0U - n) % n;

		while ((uint32_t)m < uneven)
			m = (uint64_t)rng_u32(r) * n;
	}
	return (uint32_t)(m >> 32);
}

/* Uniform in [lo, hi], both included; lo <= hi. */
static inline uint32_t rng_range(struct rng *r, uint32_t lo, uint32_t hi)
{
	uint32_t span = hi - lo + 1;

	return span == 0 ? rng_u32(r) : lo + rng_below(r, span);
}

/* True @ppm times in a million; never for 0 and always from 1,000,000 on. */
static inline bool rng_chance(struct rng *r, uint32_t ppm)
{
	return ppm != 0 && rng_below(r, 1000000) < ppm;
}

#endif
