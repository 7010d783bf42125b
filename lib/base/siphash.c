/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash over bytes. The number of rounds is a constant of each caller, so both loops unroll. */
#include "base/siphash.h"

#include <string.h>

/* Eight bytes as a little-endian word. */
static uint64_t siphash_load(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

/* Four bytes as one half of it. */
static uint32_t siphash_load_half(const uint8_t *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap32(w);
#endif
	return w;
}

/* The last word: the 0 to 7 bytes that are left, and the length's low byte on top. */
static uint64_t siphash_last(const uint8_t *p, size_t left, size_t len)
{
	uint64_t w = (uint64_t)len << 56;
	size_t i = 0;

	if (left & 4) {
		w |= (uint64_t)siphash_load_half(p);
		i = 4;
	}
	for (; i < left; i++)
		w |= (uint64_t)p[i] << (8 * i);
	return w;
}

static NSK_ALWAYS_INLINE void siphash_absorb(struct siphash_state *s, uint64_t word, int rounds)
{
	s->v3 ^= word;
	for (int i = 0; i < rounds; i++)
		siphash_round(s);
	s->v0 ^= word;
}

static NSK_ALWAYS_INLINE uint64_t siphash_bytes(const struct siphash_key *key, const void *data,
						size_t len, int c, int d)
{
	const uint8_t *p = data;
	size_t left = len;
	struct siphash_state s;

	siphash_start(&s, key);
	for (; left >= 8; left -= 8, p += 8)
		siphash_absorb(&s, siphash_load(p), c);
	siphash_absorb(&s, siphash_last(p, left, len), c);
	s.v2 ^= 0xff;
	for (int i = 0; i < d; i++)
		siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash24(const struct siphash_key *key, const void *data, size_t len)
{
	return siphash_bytes(key, data, len, 2, 4);
}

uint64_t siphash13(const struct siphash_key *key, const void *data, size_t len)
{
	return siphash_bytes(key, data, len, 1, 3);
}
