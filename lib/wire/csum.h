/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internet checksums of contiguous pieces of packets. RFC 1071, RFC 793/9293 §3.1 and RFC 8200 §8.1
 * (pseudo-headers).
 *
 * Sums are partial sums of base/checksum.h: of 16-bit words in memory order, not folded. A
 * checksum (wire_checksum) is in memory order as well: store it by wire_checksum_store().
 */
#ifndef NSK_WIRE_CSUM_H
#define NSK_WIRE_CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/checksum.h"
#include "wire/bytes.h"

/* Flag of the decoders that judge checksums: it was verified before (by hardware). */
#define WIRE_CSUM_DONE 1u

/* Folded and complemented sum of @len bytes at @p and of @pseudo (0: none). */
static inline uint16_t wire_checksum(const uint8_t *p, size_t len, uint32_t pseudo)
{
	return (uint16_t)~csum_fold(csum_partial(p, len, pseudo));
}

/* True if @len bytes at @p, checksum field included, and @pseudo add up as they must. */
static inline bool wire_checksum_ok(const uint8_t *p, size_t len, uint32_t pseudo)
{
	return wire_checksum(p, len, pseudo) == 0;
}

static inline void wire_checksum_store(uint8_t *field, uint16_t sum)
{
	memcpy(field, &sum, sizeof(sum));
}

/* Partial sum of a 64-bit accumulator of memory-order words, ready to be added to. */
static inline uint32_t wire_sum_fold64(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)(sum + (sum >> 32));
}

/*
 * Partial sum of IPv4's pseudo-header: addresses in host order, protocol, and @len, the length of
 * the transport's header and data.
 */
static inline uint32_t ipv4_pseudo_sum(uint32_t src, uint32_t dst, uint8_t proto, uint32_t len)
{
	uint64_t sum = (uint64_t)WIRE_BE32(src) + WIRE_BE32(dst);

	return wire_sum_fold64(sum + WIRE_BE32(((uint32_t)proto << 16) + len));
}

/* The same for IPv6; the addresses are 16 bytes each. */
static inline uint32_t ipv6_pseudo_sum(const uint8_t *src, const uint8_t *dst, uint8_t proto,
				       uint32_t len)
{
	uint64_t sum = (uint64_t)WIRE_BE32(proto) + WIRE_BE32(len);

	for (unsigned i = 0; i < 16; i += 4) {
		uint32_t a, b;

		memcpy(&a, src + i, sizeof(a));
		memcpy(&b, dst + i, sizeof(b));
		sum += (uint64_t)a + b;
	}
	return wire_sum_fold64(sum);
}

#endif /* NSK_WIRE_CSUM_H */
