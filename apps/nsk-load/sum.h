/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071), in pieces that add up, and loads and stores in network order.
 *
 * A piece is the sum of 16-bit words as they lie in memory: such sums do not care for the byte
 * order, and 32-bit words may be added as they are. Pieces start at even offsets.
 */
#ifndef NSK_APPS_NSK_LOAD_SUM_H
#define NSK_APPS_NSK_LOAD_SUM_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return ntohs(v);
}

static inline uint32_t load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

static inline void store16(void *p, uint16_t v)
{
	v = htons(v);
	memcpy(p, &v, 2);
}

static inline void store32(void *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

/* The sum of len bytes, of which fewer than 16 GB may be added up before a fold. */
static inline uint64_t sum_bytes(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t a = 0, b = 0;
	uint32_t v[4];

	for (; len >= 16; len -= 16, p += 16) {
		memcpy(v, p, 16);
		a += (uint64_t)v[0] + v[1];
		b += (uint64_t)v[2] + v[3];
	}
	for (; len >= 4; len -= 4, p += 4) {
		memcpy(v, p, 4);
		a += v[0];
	}
	if (len) {
		v[0] = 0;
		memcpy(v, p, len);
		b += v[0];
	}
	return a + b;
}

/* One 16- or 32-bit value that will lie in network order. */
static inline uint64_t sum_u16(uint16_t v)
{
	return htons(v);
}

static inline uint64_t sum_u32(uint32_t v)
{
	return htonl(v);
}

/* 16 bits, as they lie in memory. */
static inline uint16_t sum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (uint16_t)sum;
	sum = (sum >> 16) + (uint16_t)sum;
	return (uint16_t)sum;
}

/* Puts the complement of a sum at p, a checksum field. */
static inline void sum_store(void *p, uint64_t sum)
{
	uint16_t v = (uint16_t)~sum_fold(sum);

	memcpy(p, &v, 2);
}

#endif
