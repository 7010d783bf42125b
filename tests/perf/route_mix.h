/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes as the internet has them, drawn from a seed, and addresses that they lead to.
 *
 * The IPv4 mix is that of the internet's table by lengths, 0.9 % longer than 24 bits; IPv6's is
 * half /48, a third /32 and the rest between. Prefixes are drawn from 1.0.0.0 to 223.255.255.255
 * without networks that are nobody's there, and from 2000::/8.
 */
#ifndef NSK_TESTS_PERF_ROUTE_MIX_H
#define NSK_TESTS_PERF_ROUTE_MIX_H

#include <stdint.h>

struct mix {
	uint64_t state;
	int family; /* AF_INET, AF_INET6 */
};

struct mix_prefix {
	uint8_t addr[16]; /* IPv4: the first 4 bytes */
	uint8_t len;	  /* bits; the others are 0 */
};

void mix_seed(struct mix *mix, int family);
/* Below n, which is not 0. */
uint32_t mix_below(struct mix *mix, uint32_t n);
/* Anything that a prefix may begin with, and whatever behind. */
void mix_addr(struct mix *mix, uint8_t addr[16]);
struct mix_prefix mix_prefix(struct mix *mix);
/* An address of the prefix. */
void mix_within(struct mix *mix, const struct mix_prefix *prefix, uint8_t addr[16]);

#endif
