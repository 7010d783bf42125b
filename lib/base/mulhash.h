/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multilinear hashing (Lemire, Kaser: "Strongly universal string hashing is fast"), for tables
 * whose keys are a few 32-bit words, all of one length, and whose hashes nobody outside sees: the
 * sum of the words, each times a 64-bit number drawn at start. Whatever two keys somebody chooses
 * without knowing the numbers, the upper half of the sum is the same for both with a chance of
 * 2^-32. Its lower half is good for nothing.
 *
 * Not for what leaves the machine (ISN, cookies, ports): there SipHash hides the key.
 */
#ifndef NSK_BASE_MULHASH_H
#define NSK_BASE_MULHASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define MULHASH_WORDS 10

/* Filled from the random source. */
struct mulhash_key {
	uint64_t k[MULHASH_WORDS + 1];
};

/* Hash of three words: an IPv4 connection. */
static NSK_ALWAYS_INLINE uint64_t mulhash_3(const struct mulhash_key *key, uint32_t a, uint32_t b,
					    uint32_t c)
{
	return key->k[0] + key->k[1] * a + key->k[2] * b + key->k[3] * c;
}

/* Hash of @n words, MULHASH_WORDS at most. Between keys of different lengths nothing is promised.
 */
static inline uint64_t mulhash(const struct mulhash_key *key, const uint32_t *words, size_t n)
{
	uint64_t sum = key->k[0];

	for (size_t i = 0; i < n; i++)
		sum += key->k[i + 1] * words[i];
	return sum;
}

#endif
