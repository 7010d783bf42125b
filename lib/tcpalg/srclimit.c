/* SPDX-License-Identifier: BSD-3-Clause */
/* Token buckets of source prefixes; see srclimit.h. */
#include "tcpalg/srclimit.h"

#include <string.h>

void srclimit_init(struct srclimit *l, const struct siphash_key *key, uint32_t per_second,
		   uint32_t burst, uint8_t bits4, uint8_t bits6)
{
	l->key = *key;
	l->interval_ns = UINT64_C(1000000000) / per_second;
	l->burst = burst;
	l->bits4 = bits4;
	l->bits6 = bits6;
}

static uint64_t hash_of(const struct srclimit *l, const uint8_t *addr, size_t len)
{
	uint8_t prefix[16] = {0};
	unsigned bits = len == 4 ? l->bits4 : l->bits6, whole = bits / 8;

	memcpy(prefix, addr, whole);
	if (bits % 8)
		prefix[whole] = (uint8_t)(addr[whole] & 0xff00 >> bits % 8);
	return siphash24(&l->key, prefix, len);
}

/* The way of the tag, or of the one that has been quiet longest, which is then the tag's. */
static unsigned way_of(struct srclimit_set *s, uint32_t tag)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < SRCLIMIT_WAYS; i++) {
		if (s->tag[i] == tag)
			return i;
		if (s->bucket[i].tat_ns < s->bucket[oldest].tat_ns)
			oldest = i;
	}
	s->tag[oldest] = tag;
	s->bucket[oldest] = (struct limiter){0};
	return oldest;
}

bool srclimit_allow(struct srclimit *l, const uint8_t *addr, size_t len, uint64_t now_ns)
{
	uint64_t hash = hash_of(l, addr, len);
	struct srclimit_set *s = &l->set[hash & (SRCLIMIT_SETS - 1)];
	unsigned way = way_of(s, (uint32_t)(hash >> 32) | 1);

	return limiter_allow(&s->bucket[way], now_ns, l->interval_ns, l->burst);
}
