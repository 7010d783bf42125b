/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/rss.h"

#include <string.h>

#include "wire/bytes.h"

/* The key of Microsoft's RSS specification, which most PMDs take as their default. */
const uint8_t rss_key[RSS_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* The low bits of the hash of a lone bit of the input: the window of 32 bits of the key that begins
 * there. */
static uint8_t of_bit(unsigned place)
{
	uint64_t key = 0;

	for (unsigned i = 0; i < 5; i++)
		key = key << 8 | rss_key[place / 8 + i];
	return (uint8_t)(key >> (8 - place % 8)) % RSS_BUCKETS;
}

void rss_init(struct rss *r)
{
	for (unsigned place = 0; place < RSS_INPUT; place++) {
		uint8_t *adds = r->adds[place];

		adds[0] = 0;
		for (unsigned v = 1; v < 256; v++) {
			unsigned lowest = (unsigned)__builtin_ctz(v);

			adds[v] = adds[v & (v - 1)] ^ of_bit(8 * place + 7 - lowest);
		}
	}
}

/*
 * A flow does not say its family. Both addresses with nothing behind their first four bytes are
 * taken as IPv4; an IPv6 flow that looks like this is hashed otherwise than a NIC would, always the
 * same way, and so is steered in software.
 */
static int looks_ipv4(const struct flow *f)
{
	static const uint8_t zero[12];

	return memcmp(f->src + 4, zero, 12) == 0 && memcmp(f->dst + 4, zero, 12) == 0;
}

unsigned rss_bucket(const struct rss *r, const struct flow *f)
{
	const uint8_t *ports = (const uint8_t *)&f->sport_be;
	unsigned n = looks_ipv4(f) ? 4 : 16, bucket = 0;

	for (unsigned i = 0; i < n; i++)
		bucket ^= r->adds[i][f->src[i]] ^ r->adds[n + i][f->dst[i]];
	for (unsigned i = 0; i < 4; i++)
		bucket ^= r->adds[2 * n + i][ports[i]];
	return bucket;
}
