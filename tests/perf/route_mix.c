/* SPDX-License-Identifier: BSD-3-Clause */
#include "route_mix.h"

#include <string.h>
#include <sys/socket.h>

#define SEED UINT64_C(88172645463325252)

/* Per mille of prefixes, by lengths. */
struct share {
	uint8_t len;
	uint16_t share;
};

static const struct share mix4[] = {
	{24, 607}, {22, 120}, {23, 100}, {21, 50}, {20, 45}, {19, 26}, {18, 14}, {16, 14},
	{17, 9},   {28, 3},   {29, 3},	 {32, 3},  {15, 2},  {14, 2},  {13, 1},	 {12, 1},
};
static const struct share mix6[] = {
	{48, 500}, {32, 300}, {44, 80}, {40, 60}, {36, 40}, {29, 20},
};

void mix_seed(struct mix *mix, int family)
{
	*mix = (struct mix){.state = SEED, .family = family};
}

/* Marsaglia's xorshift64*. */
static uint32_t draw(struct mix *mix)
{
	mix->state ^= mix->state >> 12;
	mix->state ^= mix->state << 25;
	mix->state ^= mix->state >> 27;
	return (uint32_t)((mix->state * UINT64_C(2685821657736338717)) >> 32);
}

uint32_t mix_below(struct mix *mix, uint32_t n)
{
	return (uint32_t)((uint64_t)draw(mix) * n >> 32);
}

/* Private networks, loopback, link-local addresses, documentation. */
static int is_nobodys(uint8_t first)
{
	return first == 10 || first == 127 || first == 169 || first == 172 || first == 192;
}

void mix_addr(struct mix *mix, uint8_t addr[16])
{
	for (unsigned i = 0; i < 4; i++) {
		uint32_t r = draw(mix);

		memcpy(addr + 4 * (size_t)i, &r, 4);
	}
	if (mix->family == AF_INET6) {
		addr[0] = 0x20;
		return;
	}
	do
		addr[0] = (uint8_t)(mix_below(mix, 223) + 1);
	while (is_nobodys(addr[0]));
}

static uint8_t draw_len(struct mix *mix)
{
	const struct share *row = mix->family == AF_INET6 ? mix6 : mix4;
	uint32_t n = mix_below(mix, 1000);

	while (n >= row->share)
		n -= row++->share;
	return row->len;
}

/* The bits of addr behind the first len become those of other. */
static void join(uint8_t addr[16], const uint8_t other[16], unsigned len)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = len > 8 * i ? len - 8 * i : 0;
		uint8_t mask = bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);

		addr[i] = (uint8_t)((addr[i] & mask) | (other[i] & ~mask));
	}
}

struct mix_prefix mix_prefix(struct mix *mix)
{
	static const uint8_t zero[16];
	struct mix_prefix p;

	mix_addr(mix, p.addr);
	p.len = draw_len(mix);
	join(p.addr, zero, p.len);
	return p;
}

void mix_within(struct mix *mix, const struct mix_prefix *prefix, uint8_t addr[16])
{
	uint8_t any[16];

	mix_addr(mix, any);
	memcpy(addr, prefix->addr, 16);
	join(addr, any, prefix->len);
}
