/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 fixed header: layout, decoder, encoder. RFC 8200 §3.
 *
 * The fixed header alone: extension headers are walked elsewhere, addresses judged elsewhere.
 */
#ifndef NSK_WIRE_IPV6_H
#define NSK_WIRE_IPV6_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netstk/drop.h>

#include "wire/bytes.h"

#define IPV6_HLEN	 40
#define IPV6_ADDR_LEN	 16
#define IPV6_MAX_PAYLOAD 65535 /* no jumbograms */
#define IPV6_MIN_MTU	 1280  /* RFC 8200 §5 */

/* The header on the wire: offsets for readers and static asserts; never dereferenced. */
struct ipv6_wire {
	uint8_t version_class_label[4];
	uint8_t payload_len[2];
	uint8_t next_header;
	uint8_t hop_limit;
	uint8_t src[IPV6_ADDR_LEN];
	uint8_t dst[IPV6_ADDR_LEN];
} __attribute__((packed));

_Static_assert(sizeof(struct ipv6_wire) == IPV6_HLEN, "IPv6 header");

#define IPV6_SRC_OFF offsetof(struct ipv6_wire, src)
#define IPV6_DST_OFF offsetof(struct ipv6_wire, dst)

/* A decoded header. The addresses point into the packet (or, to write, anywhere). */
struct ipv6_view {
	const uint8_t *src;
	const uint8_t *dst;
	uint32_t flow_label;  /* 20 bits */
	uint16_t payload_len; /* what follows the fixed header, link padding excluded */
	uint8_t traffic_class;
	uint8_t next_header;
	uint8_t hop_limit;
};

/*
 * Decode the header at @p, of which @len bytes can be read, of a packet of @pkt_len bytes. Returns
 * 0 or NSK_DROP_IP_SHORT, _VERSION, _TOTAL_LEN, tested in that order; then @out is not to be used.
 *
 * Upon 0: 40 + payload_len <= pkt_len.
 */
static inline enum nsk_drop ipv6_parse(const uint8_t *p, size_t len, size_t pkt_len,
				       struct ipv6_view *out)
{
	uint32_t first;

	if (len < IPV6_HLEN)
		return NSK_DROP_IP_SHORT;
	first = load_be32(p);
	if (first >> 28 != 6)
		return NSK_DROP_IP_VERSION;
	out->payload_len = load_be16(p + offsetof(struct ipv6_wire, payload_len));
	if ((size_t)IPV6_HLEN + out->payload_len > pkt_len)
		return NSK_DROP_IP_TOTAL_LEN;
	out->traffic_class = (uint8_t)(first >> 20);
	out->flow_label = first & 0xfffff;
	out->next_header = p[offsetof(struct ipv6_wire, next_header)];
	out->hop_limit = p[offsetof(struct ipv6_wire, hop_limit)];
	out->src = p + offsetof(struct ipv6_wire, src);
	out->dst = p + offsetof(struct ipv6_wire, dst);
	return NSK_DROP_NONE;
}

/* Write the 40 bytes of @v at @p; its addresses may not overlap them. */
static inline void ipv6_write(uint8_t *p, const struct ipv6_view *v)
{
	store_be32(p, UINT32_C(6) << 28 | (uint32_t)v->traffic_class << 20 |
			      (v->flow_label & 0xfffff));
	store_be16(p + offsetof(struct ipv6_wire, payload_len), v->payload_len);
	p[offsetof(struct ipv6_wire, next_header)] = v->next_header;
	p[offsetof(struct ipv6_wire, hop_limit)] = v->hop_limit;
	memcpy(p + offsetof(struct ipv6_wire, src), v->src, IPV6_ADDR_LEN);
	memcpy(p + offsetof(struct ipv6_wire, dst), v->dst, IPV6_ADDR_LEN);
}

static inline void ipv6_set_traffic_class(uint8_t *p, uint8_t class)
{
	store_be32(p, (load_be32(p) & UINT32_C(0xf00fffff)) | (uint32_t) class << 20);
}

#endif /* NSK_WIRE_IPV6_H */
