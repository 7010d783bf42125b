/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unaligned loads and stores in network byte order.
 *
 * Every field of a packet is read and written through these: no packed struct is ever
 * dereferenced, so alignment and aliasing are the compiler's business, and each compiles to one
 * move and one byte swap. Values on the C side are always in host order.
 */
#ifndef NSK_WIRE_BYTES_H
#define NSK_WIRE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE_BE16(x) __builtin_bswap16(x)
#define WIRE_BE32(x) __builtin_bswap32(x)
#define WIRE_BE64(x) __builtin_bswap64(x)
#else
#define WIRE_BE16(x) ((uint16_t)(x))
#define WIRE_BE32(x) ((uint32_t)(x))
#define WIRE_BE64(x) ((uint64_t)(x))
#endif

static inline uint16_t load_be16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return WIRE_BE16(v);
}

static inline uint32_t load_be32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return WIRE_BE32(v);
}

static inline uint64_t load_be64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return WIRE_BE64(v);
}

static inline void store_be16(void *p, uint16_t v)
{
	v = WIRE_BE16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void store_be32(void *p, uint32_t v)
{
	v = WIRE_BE32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void store_be64(void *p, uint64_t v)
{
	v = WIRE_BE64(v);
	memcpy(p, &v, sizeof(v));
}

#endif /* NSK_WIRE_BYTES_H */
