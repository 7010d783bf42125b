/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums of contiguous pieces of packets, in the words of the decoders. RFC 1071.
 *
 * The arithmetic and the pseudo-headers are in base/checksum.h, and so is the form of sums and
 * checksums: words in memory order. Chains of buffers are summed up by those who own them.
 */
#ifndef NSK_WIRE_CSUM_H
#define NSK_WIRE_CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/checksum.h"

/* Flag of the decoders that judge checksums: it was verified before (by hardware). */
#define WIRE_CSUM_DONE 1u

/* The checksum of @len bytes at @p and of the pseudo-header whose partial sum is @pseudo (0: none).
 */
static inline uint16_t wire_checksum(const uint8_t *p, size_t len, uint32_t pseudo)
{
	return csum_finish(csum_partial(p, len, pseudo));
}

/* True if @len bytes at @p, checksum field included, and @pseudo add up as they must. */
static inline bool wire_checksum_ok(const uint8_t *p, size_t len, uint32_t pseudo)
{
	return wire_checksum(p, len, pseudo) == 0;
}

/* Store a checksum into a field of a header. */
static inline void wire_checksum_store(uint8_t *field, uint16_t sum)
{
	memcpy(field, &sum, sizeof(sum));
}

#endif /* NSK_WIRE_CSUM_H */
