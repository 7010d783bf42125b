/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), 64-bit output: 2-4 for what
 * must hold against an attacker who sees outputs (cookies, ISN), 1-3 for table keys. The word
 * variants hash whole 64-bit words and equal siphash13 over the same words stored little endian.
 */
#ifndef NSK_BASE_SIPHASH_H
#define NSK_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct siphash_key {
	uint64_t k0;
	uint64_t k1;
};

/* SipHash-2-4 of @len bytes. */
uint64_t siphash24(const struct siphash_key *key, const void *data, size_t len);

/* SipHash-1-3 of @len bytes. */
uint64_t siphash13(const struct siphash_key *key, const void *data, size_t len);

/* The @n-th key of one purpose, made from a secret; who knows others does not know it. */
static inline struct siphash_key siphash_derive(const struct siphash_key *secret, uint64_t n)
{
	const uint64_t in[2][2] = {{n, 0}, {n, 1}};

	return (struct siphash_key){
		.k0 = siphash24(secret, in[0], sizeof(in[0])),
		.k1 = siphash24(secret, in[1], sizeof(in[1])),
	};
}

struct siphash_state {
	uint64_t v0, v1, v2, v3;
};

static NSK_ALWAYS_INLINE uint64_t siphash_rotl(uint64_t x, unsigned int n)
{
	return (x << n) | (x >> (64 - n));
}

static NSK_ALWAYS_INLINE void siphash_start(struct siphash_state *s, const struct siphash_key *key)
{
	s->v0 = key->k0 ^ UINT64_C(0x736f6d6570736575);
	s->v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d);
	s->v2 = key->k0 ^ UINT64_C(0x6c7967656e657261);
	s->v3 = key->k1 ^ UINT64_C(0x7465646279746573);
}

static NSK_ALWAYS_INLINE void siphash_round(struct siphash_state *s)
{
	s->v0 += s->v1;
	s->v1 = siphash_rotl(s->v1, 13) ^ s->v0;
	s->v0 = siphash_rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = siphash_rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = siphash_rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = siphash_rotl(s->v1, 17) ^ s->v2;
	s->v2 = siphash_rotl(s->v2, 32);
}

/* Absorb one word with one round, as 1-3 does. */
static NSK_ALWAYS_INLINE void siphash13_absorb(struct siphash_state *s, uint64_t word)
{
	s->v3 ^= word;
	siphash_round(s);
	s->v0 ^= word;
}

/* Absorb the word of the length in bytes and of the bytes left over, and finish, as 1-3 does. */
static NSK_ALWAYS_INLINE uint64_t siphash13_last(struct siphash_state *s, uint64_t word)
{
	siphash13_absorb(s, word);
	s->v2 ^= 0xff;
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* The same after @n whole words. */
static NSK_ALWAYS_INLINE uint64_t siphash13_end(struct siphash_state *s, size_t n)
{
	return siphash13_last(s, (uint64_t)n << 59);
}

/* SipHash-1-3 of @n words; with a constant @n the loop unrolls. */
static inline uint64_t siphash13_words(const struct siphash_key *key, const uint64_t *words,
				       size_t n)
{
	struct siphash_state s;

	siphash_start(&s, key);
	for (size_t i = 0; i < n; i++)
		siphash13_absorb(&s, words[i]);
	return siphash13_end(&s, n);
}

/* SipHash-1-3 of one word, two and five: small keys, IPv4 and IPv6 connections. */
static inline uint64_t siphash13_1w(const struct siphash_key *key, uint64_t a)
{
	struct siphash_state s;

	siphash_start(&s, key);
	siphash13_absorb(&s, a);
	return siphash13_end(&s, 1);
}

/* SipHash-2-4 of 12 bytes, a word and a half: an IPv4 connection. */
static inline uint64_t siphash24_12b(const struct siphash_key *key, uint64_t a, uint32_t b)
{
	uint64_t last = (uint64_t)12 << 56 | b;
	struct siphash_state s;

	siphash_start(&s, key);
	s.v3 ^= a;
	siphash_round(&s);
	siphash_round(&s);
	s.v0 ^= a;
	s.v3 ^= last;
	siphash_round(&s);
	siphash_round(&s);
	s.v0 ^= last;
	s.v2 ^= 0xff;
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static inline uint64_t siphash13_2w(const struct siphash_key *key, uint64_t a, uint64_t b)
{
	struct siphash_state s;

	siphash_start(&s, key);
	siphash13_absorb(&s, a);
	siphash13_absorb(&s, b);
	return siphash13_end(&s, 2);
}

static inline uint64_t siphash13_5w(const struct siphash_key *key, uint64_t a, uint64_t b,
				    uint64_t c, uint64_t d, uint64_t e)
{
	struct siphash_state s;

	siphash_start(&s, key);
	siphash13_absorb(&s, a);
	siphash13_absorb(&s, b);
	siphash13_absorb(&s, c);
	siphash13_absorb(&s, d);
	siphash13_absorb(&s, e);
	return siphash13_end(&s, 5);
}

#endif
