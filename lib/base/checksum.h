/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071), its incremental update (RFC 1624), and the pseudo headers of
 * IPv4 (RFC 9293 §3.1, RFC 768) and IPv6 (RFC 8200 §8.1).
 *
 * A partial sum is a 32-bit ones' complement number made of 16-bit words as they lie in memory, so
 * nothing here swaps bytes and a finished checksum is stored as it is returned. Any checksum
 * argument or result of type uint16_t is in that (network) form.
 */
#ifndef NSK_BASE_CHECKSUM_H
#define NSK_BASE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

/* Up to so many bytes a sum in line costs less than a call. */
#define CSUM_SHORT_MAX 128

/* @sum plus the words of @len bytes; an odd last byte is padded with zero. Any alignment. */
uint32_t csum_partial(const void *data, size_t len, uint32_t sum);

/* Copy @len bytes, which must not overlap, and return @sum plus their words, in one pass. */
uint32_t csum_copy(void *restrict dst, const void *restrict src, size_t len, uint32_t sum);

/* Ones' complement addition. */
static inline uint32_t csum_add(uint32_t a, uint32_t b)
{
	uint32_t s = a + b;

	return s + (s < b);
}

static inline uint64_t csum_add64(uint64_t a, uint64_t b)
{
	uint64_t s = a + b;

	return s + (s < b);
}

/*
 * A 64-bit ones' complement sum reduced to 32 bits. Adding a number to itself with its halves
 * exchanged puts the sum of both halves, with the carry that comes round, into the upper half.
 */
static inline uint32_t csum_fold64(uint64_t sum)
{
	return (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
}

/*
 * True if the words whose sum this is are intact: with their checksum they add up to a multiple of
 * 0xffff, and since 2^16 is 1 modulo 0xffff, a sum that is not folded yet tells as well. (It is 0
 * only if all words are, which no header's are.)
 */
static inline bool csum_intact(uint64_t sum)
{
	return sum % 0xffff == 0;
}

/* Adds the word at @p; what runs over is counted. */
static NSK_ALWAYS_INLINE void csum_count_word(uint64_t *sum, uint64_t *over, const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	*sum += word;
	*over += *sum < word;
}

/* csum_intact() of @len bytes, checksum field included, and of @sum; what is short, as most
 * segments and their headers are, is done in line. */
static NSK_ALWAYS_INLINE bool csum_check(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = (const uint8_t *)data, *end = p + len;
	uint64_t total = sum, over = 0;

	if (NSK_UNLIKELY(len % 8 != 0) || NSK_UNLIKELY(len > CSUM_SHORT_MAX))
		return csum_intact(csum_partial(data, len, sum));
	for (; end - p >= 32; p += 32) {
		csum_count_word(&total, &over, p);
		csum_count_word(&total, &over, p + 8);
		csum_count_word(&total, &over, p + 16);
		csum_count_word(&total, &over, p + 24);
	}
	for (; NSK_UNLIKELY(p != end); p += 8)
		csum_count_word(&total, &over, p);
	return csum_intact(csum_add64(total, over));
}

/*
 * The partial sum of a block plus @sum2, that of data which follows it at byte @offset (counted
 * from the start of the first block): after an odd number of bytes the words are shifted by one.
 */
static inline uint32_t csum_combine(uint32_t sum, uint32_t sum2, size_t offset)
{
	if (offset & 1)
		sum2 = (sum2 << 8) | (sum2 >> 24);
	return csum_add(sum, sum2);
}

/* Partial sum of @n 32-bit words, for short blocks such as an IPv4 header. Any alignment. */
static inline uint32_t csum_words(const void *data, size_t n)
{
	const uint8_t *p = (const uint8_t *)data;
	uint64_t sum = 0;

	for (; n > 0; n--, p += 4) {
		uint32_t w;

		memcpy(&w, p, 4);
		sum += w;
	}
	return csum_fold64(sum);
}

/* A partial sum reduced to 16 bits, not complemented. */
static inline uint16_t csum_fold(uint32_t sum)
{
	return (uint16_t)((sum + (sum << 16 | sum >> 16)) >> 16);
}

/* The checksum to store: complement of the folded sum. */
static inline uint16_t csum_finish(uint32_t sum)
{
	return (uint16_t)~csum_fold(sum);
}

/* The checksum of @len bytes by themselves. Over data with its checksum in it, 0 means intact. */
static inline uint16_t csum_block(const void *data, size_t len)
{
	return csum_finish(csum_partial(data, len, 0));
}

/* As csum_finish, for UDP: a computed 0 is sent as 0xffff, since 0 says "none" (RFC 768). */
static inline uint16_t csum_finish_udp(uint32_t sum)
{
	uint16_t c = csum_finish(sum);

	return c == 0 ? 0xffff : c;
}

/*
 * The checksum after a 16-bit word that it covers changed from @from to @to, both as they lie in
 * memory at an even offset (RFC 1624 eq. 3: HC' = ~(~HC + ~m + m')).
 */
static inline uint16_t csum_update16(uint16_t csum, uint16_t from, uint16_t to)
{
	uint32_t s = (uint32_t)(uint16_t)~csum + (uint16_t)~from + to;

	return csum_finish(s);
}

/* The same for a 32-bit field at an even offset. */
static inline uint16_t csum_update32(uint16_t csum, uint32_t from, uint32_t to)
{
	return csum_finish(csum_add(csum_add((uint16_t)~csum, ~from), to));
}

/* A 16-bit number of the host as the word that it is in a packet. */
static inline uint16_t csum_word(uint16_t host)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint16_t)((host << 8) | (host >> 8));
#else
	return host;
#endif
}

/*
 * Partial sum of the IPv4 pseudo header: @src and @dst point at 4 bytes as in the packet, @len is
 * the transport header and data, in host order.
 */
static inline uint32_t csum_pseudo4(const void *src, const void *dst, uint8_t proto, uint16_t len)
{
	uint32_t s, d;

	memcpy(&s, src, 4);
	memcpy(&d, dst, 4);
	return csum_add(csum_add(s, d), (uint32_t)csum_word(proto) + csum_word(len));
}

/* Partial sum of the IPv6 pseudo header; addresses of 16 bytes. */
static inline uint32_t csum_pseudo6(const void *src, const void *dst, uint8_t next, uint32_t len)
{
	uint32_t w[8];
	uint64_t sum = (uint64_t)csum_word(next) + csum_word((uint16_t)len) +
		       csum_word((uint16_t)(len >> 16));

	memcpy(w, src, 16);
	memcpy(w + 4, dst, 16);
	for (int i = 0; i < 8; i++)
		sum += w[i];
	return csum_fold64(sum);
}

#endif
