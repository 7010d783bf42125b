/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 header: layout, strict decoder, encoder. RFC 791, RFC 1122 §3.2.1, options by RFC 7126.
 *
 * Judges the header by itself. Which addresses are ours or martian, and what becomes of
 * fragments, is the IP layer's business.
 */
#ifndef NSK_WIRE_IPV4_H
#define NSK_WIRE_IPV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netstk/drop.h>

#include "base/compiler.h"
#include "wire/bytes.h"
#include "wire/csum.h"

#define IPV4_HLEN     20 /* without options */
#define IPV4_HLEN_MAX 60
#define IPV4_MAX_LEN  65535 /* of a whole packet */
#define IPV4_MIN_MTU  576   /* every host takes datagrams of this size (RFC 791 §3.1) */
/*
 * A path's MTU is not believed below this: Linux's floor (route/min_pmtu). RFC 791 would allow 68,
 * with which a forged ICMP error could cut a connection into crumbs.
 */
#define IPV4_PMTU_FLOOR 552

/* Bits of the 16-bit field of flags and fragment offset. */
#define IPV4_FRAG_RESERVED 0x8000
#define IPV4_FRAG_DF	   0x4000
#define IPV4_FRAG_MF	   0x2000
#define IPV4_FRAG_OFFSET   0x1fff /* in units of 8 bytes */

/* Option types that mean something here. */
#define IPV4_OPT_END  0
#define IPV4_OPT_NOP  1
#define IPV4_OPT_LSRR 131
#define IPV4_OPT_SSRR 137

/* The header on the wire: offsets for readers and static asserts; never dereferenced. */
struct ipv4_wire {
	uint8_t version_ihl;
	uint8_t tos;
	uint8_t total_len[2];
	uint8_t id[2];
	uint8_t frag[2];
	uint8_t ttl;
	uint8_t proto;
	uint8_t checksum[2];
	uint8_t src[4];
	uint8_t dst[4];
} __attribute__((packed));

_Static_assert(sizeof(struct ipv4_wire) == IPV4_HLEN, "IPv4 header");

#define IPV4_SRC_OFF offsetof(struct ipv4_wire, src)
#define IPV4_DST_OFF offsetof(struct ipv4_wire, dst)

/* A decoded header, all in host order. */
struct ipv4_view {
	uint32_t src;
	uint32_t dst;
	uint16_t total_len; /* header and payload; what follows it is link padding */
	uint16_t id;
	uint16_t frag;	 /* IPV4_FRAG_* bits and offset, as on the wire */
	uint8_t hdr_len; /* bytes, 20–60 */
	uint8_t tos;	 /* DSCP and ECN */
	uint8_t ttl;
	uint8_t proto;
};

static inline uint16_t ipv4_payload_len(const struct ipv4_view *v)
{
	return (uint16_t)(v->total_len - v->hdr_len);
}

/* True for any fragment, the first one included. */
static inline bool ipv4_is_fragment(const struct ipv4_view *v)
{
	return (v->frag & (IPV4_FRAG_MF | IPV4_FRAG_OFFSET)) != 0;
}

/* Where the payload belongs in the whole datagram, in bytes. */
static inline uint32_t ipv4_frag_offset(const struct ipv4_view *v)
{
	return (uint32_t)(v->frag & IPV4_FRAG_OFFSET) * 8;
}

/*
 * Walk the @len bytes of options at @p. Returns 0, or NSK_DROP_IP_OPTIONS for a length that is
 * below 2 or past the end (RFC 791 §3.1) and for a source route (RFC 7126 §4.3, §4.4). Other
 * options are passed over: a host need not act on them (RFC 1122 §3.2.1.8).
 */
enum nsk_drop ipv4_options_check(const uint8_t *p, size_t len);

/*
 * The sum, not folded, of the header of @hdr_len bytes (a multiple of 4, at least 20) at @p. In
 * line, since every packet pays it once or twice.
 */
static inline uint64_t ipv4_header_sum(const uint8_t *p, size_t hdr_len)
{
	uint64_t sum, next;
	uint32_t word;

	memcpy(&sum, p, sizeof(sum));
	memcpy(&next, p + 8, sizeof(next));
	memcpy(&word, p + 16, sizeof(word));
	sum = csum_add64(csum_add64(sum, next), word);
	for (size_t i = IPV4_HLEN; NSK_UNLIKELY(i < hdr_len); i += 4) {
		memcpy(&word, p + i, sizeof(word));
		sum = csum_add64(sum, word);
	}
	return sum;
}

/* What ipv4_parse() does once the header's length is known; see there. */
static NSK_ALWAYS_INLINE enum nsk_drop ipv4_parse_rest(const uint8_t *p, size_t hdr_len,
						       size_t pkt_len, unsigned flags,
						       struct ipv4_view *out)
{
	size_t total_len = load_be16(p + offsetof(struct ipv4_wire, total_len));

	if (NSK_UNLIKELY(total_len < hdr_len || total_len > pkt_len))
		return NSK_DROP_IP_TOTAL_LEN;
	if (!(flags & WIRE_CSUM_DONE) && NSK_UNLIKELY(!csum_intact(ipv4_header_sum(p, hdr_len))))
		return NSK_DROP_IP_CHECKSUM;
	if (NSK_UNLIKELY(hdr_len > IPV4_HLEN)) {
		enum nsk_drop bad = ipv4_options_check(p + IPV4_HLEN, hdr_len - IPV4_HLEN);

		if (bad)
			return bad;
	}
	out->src = load_be32(p + IPV4_SRC_OFF);
	out->dst = load_be32(p + IPV4_DST_OFF);
	out->total_len = (uint16_t)total_len;
	out->id = load_be16(p + offsetof(struct ipv4_wire, id));
	out->frag = load_be16(p + offsetof(struct ipv4_wire, frag));
	out->hdr_len = (uint8_t)hdr_len;
	out->tos = p[offsetof(struct ipv4_wire, tos)];
	out->ttl = p[offsetof(struct ipv4_wire, ttl)];
	out->proto = p[offsetof(struct ipv4_wire, proto)];
	return NSK_DROP_NONE;
}

/*
 * Decode the header at @p, of which @len bytes can be read, of a packet of @pkt_len bytes
 * (@pkt_len = @len unless the packet is a chain of buffers; link padding may be included in both).
 * The header's checksum is verified unless @flags has WIRE_CSUM_DONE. Returns 0 or
 * NSK_DROP_IP_SHORT, _VERSION, _HEADER_LEN, _TOTAL_LEN, _CHECKSUM, _OPTIONS, tested in that
 * order; then @out is not to be used.
 *
 * Upon 0: 20 <= hdr_len <= len and hdr_len <= total_len <= pkt_len.
 */
static inline enum nsk_drop ipv4_parse(const uint8_t *p, size_t len, size_t pkt_len, unsigned flags,
				       struct ipv4_view *out)
{
	size_t hdr_len;

	if (len < IPV4_HLEN)
		return NSK_DROP_IP_SHORT;
	if (p[0] >> 4 != 4)
		return NSK_DROP_IP_VERSION;
	hdr_len = (size_t)(p[0] & 15) * 4;
	if (hdr_len < IPV4_HLEN || hdr_len > len)
		return NSK_DROP_IP_HEADER_LEN;
	return ipv4_parse_rest(p, hdr_len, pkt_len, flags, out);
}

/* No options and no fragment, seen from the 20 bytes at @p. */
static inline bool ipv4_is_plain(const uint8_t *p)
{
	uint16_t frag;

	memcpy(&frag, p + offsetof(struct ipv4_wire, frag), sizeof(frag));
	return p[0] == 0x45 && !(frag & WIRE_BE16(IPV4_FRAG_MF | IPV4_FRAG_OFFSET));
}

/* The same as ipv4_parse() for a packet in one piece with a plain header. */
static NSK_ALWAYS_INLINE enum nsk_drop ipv4_parse_plain(const uint8_t *p, size_t len,
							unsigned flags, struct ipv4_view *out)
{
	return ipv4_parse_rest(p, IPV4_HLEN, len, flags, out);
}

/*
 * Write the 20 bytes of a header without options at @p, from every field of @v except hdr_len.
 * The checksum field is left 0: for hardware, or for ipv4_set_checksum(). Returns the sum of what
 * was written, made of the words while they are at hand.
 */
static inline uint64_t ipv4_write(uint8_t *p, const struct ipv4_view *v)
{
	uint32_t w0 = WIRE_BE32(UINT32_C(0x45) << 24 | (uint32_t)v->tos << 16 | v->total_len);
	uint32_t w1 = WIRE_BE32((uint32_t)v->id << 16 | v->frag);
	uint32_t w2 = WIRE_BE32((uint32_t)v->ttl << 24 | (uint32_t)v->proto << 16);
	uint32_t w3 = WIRE_BE32(v->src);
	uint32_t w4 = WIRE_BE32(v->dst);

	memcpy(p, &w0, 4);
	memcpy(p + 4, &w1, 4);
	memcpy(p + 8, &w2, 4);
	memcpy(p + IPV4_SRC_OFF, &w3, 4);
	memcpy(p + IPV4_DST_OFF, &w4, 4);
	return (uint64_t)w0 + w1 + w2 + w3 + w4;
}

/* The same with the checksum. */
static inline void ipv4_write_summed(uint8_t *p, const struct ipv4_view *v)
{
	uint64_t sum = ipv4_write(p, v);

	wire_checksum_store(p + offsetof(struct ipv4_wire, checksum),
			    csum_finish(csum_fold64(sum)));
}

/* Fill in the checksum of the header of @hdr_len bytes at @p, whose checksum field is 0. */
static inline void ipv4_set_checksum(uint8_t *p, size_t hdr_len)
{
	wire_checksum_store(p + offsetof(struct ipv4_wire, checksum),
			    csum_finish(csum_fold64(ipv4_header_sum(p, hdr_len))));
}

#endif /* NSK_WIRE_IPV4_H */
