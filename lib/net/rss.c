/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/rss.h"

#include <string.h>

#include <rte_thash.h>

#include "wire/bytes.h"

/* The key of Microsoft's RSS specification, which most PMDs take as their default. */
const uint8_t rss_key[RSS_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

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

uint32_t rss_hash(const struct flow *f)
{
	uint32_t words[9];
	uint32_t n = looks_ipv4(f) ? 1 : 4;

	for (uint32_t i = 0; i < n; i++) {
		words[i] = load_be32(f->src + 4 * i);
		words[n + i] = load_be32(f->dst + 4 * i);
	}
	words[2 * n] = load_be32(&f->sport_be);
	return rte_softrss(words, 2 * n + 1, rss_key);
}
