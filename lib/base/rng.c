/* SPDX-License-Identifier: BSD-3-Clause */
/* Seeding and bulk output of the random source; one number at a time is inline in the header. */
#include "base/rng.h"

#include <string.h>

/* One step of splitmix64, which spreads any seed over the whole state. */
static uint64_t rng_splitmix64(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed)
{
	/* Four consecutive outputs of a bijection are never all zero, the one state to avoid. */
	for (int i = 0; i < 4; i++)
		r->s[i] = rng_splitmix64(&seed);
}

void rng_fill(struct rng *r, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len > 0) {
		uint64_t x = rng_u64(r);
		size_t n = len < sizeof(x) ? len : sizeof(x);

		memcpy(p, &x, n);
		p += n;
		len -= n;
	}
}
