/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of a bulk transfer: a fixed pseudo-random pattern that repeats every 64 KiB, so that
 * any piece of a stream can be made, checked and summed from its offset alone.
 */
#ifndef NSK_APPS_NSK_LOAD_PATTERN_H
#define NSK_APPS_NSK_LOAD_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_PERIOD 65536u

struct pattern {
	uint8_t byte[2 * PATTERN_PERIOD]; /* twice, so that pieces of up to a period need no wrap */
	uint64_t sum[PATTERN_PERIOD + 1]; /* of the 16-bit words before byte 2 i */
};

/* NULL without memory; free() ends it. */
struct pattern *pattern_new(void);

/* Up to PATTERN_PERIOD bytes from a stream's offset on. */
static inline const uint8_t *pattern_at(const struct pattern *p, uint64_t offset)
{
	return p->byte + (offset % PATTERN_PERIOD);
}

/* Checksum piece (sum.h) of such bytes. */
uint64_t pattern_sum(const struct pattern *p, uint64_t offset, uint32_t len);

#endif
