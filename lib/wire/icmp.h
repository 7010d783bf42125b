/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP for IPv4: layout, decoder, quotes in errors, encoder. RFC 792, RFC 1122 §3.2.2, RFC 1191.
 *
 * Only the message: what to answer and how often is the IP layer's business.
 */
#ifndef NSK_WIRE_ICMP_H
#define NSK_WIRE_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netstk/drop.h>

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"

#define ICMP_HLEN      8
#define ICMP_QUOTE_MIN 8 /* bytes of the quoted payload at least (RFC 792) */
#define ICMP_QUOTE_MAX \
	548 /* quoted packet at most: the answer fits 576 bytes (RFC 1812 §4.3.2.3) */

#define ICMP_ECHO_REPLY	       0
#define ICMP_UNREACHABLE       3
#define ICMP_SOURCE_QUENCH     4
#define ICMP_REDIRECT	       5
#define ICMP_ECHO	       8
#define ICMP_TIME_EXCEEDED     11
#define ICMP_PARAMETER_PROBLEM 12

/* Codes of ICMP_UNREACHABLE. */
#define ICMP_UNREACH_NET      0
#define ICMP_UNREACH_HOST     1
#define ICMP_UNREACH_PROTO    2
#define ICMP_UNREACH_PORT     3
#define ICMP_UNREACH_NEEDFRAG 4
#define ICMP_UNREACH_SRCROUTE 5
#define ICMP_UNREACH_FILTER   13 /* RFC 1812 */

/* Codes of ICMP_TIME_EXCEEDED. */
#define ICMP_EXCEEDED_TTL	 0
#define ICMP_EXCEEDED_REASSEMBLY 1

/* The header on the wire: offsets for readers and static asserts; never dereferenced. */
struct icmp_wire {
	uint8_t type;
	uint8_t code;
	uint8_t checksum[2];
	uint8_t rest[4];
} __attribute__((packed));

_Static_assert(sizeof(struct icmp_wire) == ICMP_HLEN, "ICMP header");

/* A decoded header. What the last word holds depends on the type. */
struct icmp_view {
	uint8_t type;
	uint8_t code;
	uint32_t rest; /* host order */
};

/* Identifier and sequence number of ICMP_ECHO and ICMP_ECHO_REPLY. */
static inline uint16_t icmp_echo_id(const struct icmp_view *v)
{
	return (uint16_t)(v->rest >> 16);
}

static inline uint16_t icmp_echo_seq(const struct icmp_view *v)
{
	return (uint16_t)v->rest;
}

/* ICMP_UNREACH_NEEDFRAG: MTU of the next hop; 0 from routers older than RFC 1191. */
static inline uint16_t icmp_mtu(const struct icmp_view *v)
{
	return (uint16_t)v->rest;
}

/* True for messages that report an error and may not be answered by one (RFC 1122 §3.2.2). */
static inline bool icmp_is_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

/*
 * Decode the contiguous message of @len bytes at @p. The checksum is verified unless @flags has
 * WIRE_CSUM_DONE (for a chain, the caller has summed it up). Returns 0, NSK_DROP_ICMP_SHORT or
 * NSK_DROP_ICMP_CHECKSUM; then @out is not to be used. The message's body starts at p + ICMP_HLEN.
 */
enum nsk_drop icmp_parse(const uint8_t *p, size_t len, unsigned flags, struct icmp_view *out);

/* What an ICMP error, or one of ICMPv6's, quotes: a packet that we are said to have sent. */
struct icmp_quote {
	uint8_t src[16]; /* IPv4: the first 4 bytes, the rest is zero */
	uint8_t dst[16];
	uint16_t total_len; /* of the whole packet, as its header says */
	uint8_t proto;
	uint16_t sport; /* TCP and UDP only, else 0; host order */
	uint16_t dport;
	uint32_t seq;	   /* TCP only, else 0 */
	const uint8_t *l4; /* the quoted payload */
	size_t l4_len;	   /* that can be read, >= ICMP_QUOTE_MIN */
};

/*
 * Decode the @len bytes at @p behind the header of an ICMP error: an IPv4 header and at least
 * ICMP_QUOTE_MIN bytes of its payload, of a packet that is no later fragment. Its checksum and
 * total length are not judged, routers alter them. Returns 0 or NSK_DROP_ICMP_BAD_QUOTE; then
 * @out is not to be used.
 */
enum nsk_drop icmp_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *out);

/*
 * Write a header at @p; its checksum field is left 0, for icmp_set_checksum() once the body is
 * there.
 */
static inline void icmp_write(uint8_t *p, const struct icmp_view *v)
{
	p[offsetof(struct icmp_wire, type)] = v->type;
	p[offsetof(struct icmp_wire, code)] = v->code;
	store_be16(p + offsetof(struct icmp_wire, checksum), 0);
	store_be32(p + offsetof(struct icmp_wire, rest), v->rest);
}

/* Store @sum, a checksum as wire_checksum() or csum_finish() gives it. */
static inline void icmp_store_checksum(uint8_t *p, uint16_t sum)
{
	wire_checksum_store(p + offsetof(struct icmp_wire, checksum), sum);
}

/* Fill in the checksum of the contiguous message of @len bytes at @p, whose field is 0. */
static inline void icmp_set_checksum(uint8_t *p, size_t len)
{
	icmp_store_checksum(p, wire_checksum(p, len, 0));
}

/*
 * Turn the echo request at @p, at least ICMP_HLEN bytes that were checked, into its reply in
 * place: type and checksum change, nothing else (RFC 1122 §3.2.2.6, RFC 1624).
 */
void icmp_echo_to_reply(uint8_t *p);

#endif /* NSK_WIRE_ICMP_H */
