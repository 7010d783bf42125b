/* SPDX-License-Identifier: BSD-3-Clause */
/* Ephemeral ports; see ports.h. */
#include "tcpalg/ports.h"

#include <string.h>

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t t = a % b;

		a = b;
		b = t;
	}
	return a;
}

/* A number in [1, range) that has no divisor in common with range, chosen by seed. */
static uint32_t choose_stride(uint32_t seed, uint32_t range)
{
	uint32_t stride;

	if (range < 3)
		return 1;
	stride = 1 + seed % (range - 1);
	while (gcd(stride, range) != 1)
		stride = stride + 1 < range ? stride + 1 : 1;
	return stride;
}

void ports_init(struct ports *p, const struct siphash_key *key)
{
	p->key = *key;
	memset(p->counter, 0, sizeof(p->counter));
}

void ports_begin(const struct ports *p, struct ports_iter *it, const void *dest, size_t len,
		 uint16_t min, uint16_t max)
{
	uint64_t h = siphash24(&p->key, dest, len);
	uint32_t range = (uint32_t)max - min + 1;
	uint16_t slot = (uint16_t)(h >> 32 & (PORTS_COUNTERS - 1));

	/* Independent bits of one hash stand for the RFC's F and G, and for the stride. */
	*it = (struct ports_iter){
		.pos = p->counter[slot] % range,
		.offset = (uint32_t)(((h & UINT32_MAX) * range) >> 32),
		.stride = choose_stride((uint32_t)(h >> 40), range),
		.range = range,
		.left = range,
		.min = min,
		.slot = slot,
	};
}

bool ports_next(struct ports_iter *it, uint16_t *port)
{
	uint64_t place;

	if (it->left == 0)
		return false;
	it->left--;
	place = (it->offset + (uint64_t)it->pos * it->stride) % it->range;
	*port = (uint16_t)(it->min + place);
	it->pos = it->pos + 1 < it->range ? it->pos + 1 : 0;
	return true;
}

void ports_taken(struct ports *p, const struct ports_iter *it)
{
	p->counter[it->slot] += it->range - it->left;
}
