/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "nsk-load/sum.h"

struct pattern *pattern_new(void)
{
	struct pattern *p = malloc(sizeof(*p));
	uint64_t x = 0x9e3779b97f4a7c15u;
	uint16_t word;

	if (!p)
		return NULL;
	/* xorshift64*: any full-period generator does */
	for (uint32_t i = 0; i < PATTERN_PERIOD; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		p->byte[i] = (uint8_t)((x * 0x2545f4914f6cdd1du) >> 56);
	}
	memcpy(p->byte + PATTERN_PERIOD, p->byte, PATTERN_PERIOD);
	p->sum[0] = 0;
	for (uint32_t i = 0; i < PATTERN_PERIOD; i++) {
		memcpy(&word, p->byte + 2 * i, 2);
		p->sum[i + 1] = p->sum[i] + word;
	}
	return p;
}

uint64_t pattern_sum(const struct pattern *p, uint64_t offset, uint32_t len)
{
	uint32_t at = (uint32_t)(offset % PATTERN_PERIOD);

	/* Words of the table lie at even offsets; odd pieces, the ends of transfers, are summed
	 * byte by byte. */
	if ((at | len) & 1)
		return sum_bytes(p->byte + at, len);
	return p->sum[(at + len) / 2] - p->sum[at / 2];
}
