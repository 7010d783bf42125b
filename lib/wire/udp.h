/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP header: layout, decoder, encoder. RFC 768, RFC 1122 §4.1, RFC 8200 §8.1.
 *
 * The checksum is judged by udp_checksum_ok() for a contiguous datagram, by the caller for a chain.
 */
#ifndef NSK_WIRE_UDP_H
#define NSK_WIRE_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netstk/drop.h>

#include "wire/bytes.h"
#include "wire/csum.h"

#define UDP_HLEN 8

/* The header on the wire: offsets for readers and static asserts; never dereferenced. */
struct udp_wire {
	uint8_t sport[2];
	uint8_t dport[2];
	uint8_t len[2];
	uint8_t checksum[2];
} __attribute__((packed));

_Static_assert(sizeof(struct udp_wire) == UDP_HLEN, "UDP header");

/* A decoded header, all in host order. */
struct udp_view {
	uint16_t sport; /* 0: the sender wants no answer */
	uint16_t dport;
	uint16_t len;	   /* header and data; what follows it is no part of the datagram */
	bool has_checksum; /* false: the field is 0, none was computed (IPv4) or illegal (IPv6) */
};

/*
 * Decode the header at @p, of which @len bytes can be read, of an IP payload of @ip_payload bytes.
 * Returns 0, NSK_DROP_UDP_SHORT, or NSK_DROP_UDP_LENGTH; then @out is not to be used.
 *
 * Upon 0: 8 <= out->len <= ip_payload.
 */
static inline enum nsk_drop udp_parse(const uint8_t *p, size_t len, size_t ip_payload,
				      struct udp_view *out)
{
	if (len < UDP_HLEN || ip_payload < UDP_HLEN)
		return NSK_DROP_UDP_SHORT;
	out->len = load_be16(p + offsetof(struct udp_wire, len));
	if (out->len < UDP_HLEN || out->len > ip_payload)
		return NSK_DROP_UDP_LENGTH;
	out->sport = load_be16(p + offsetof(struct udp_wire, sport));
	out->dport = load_be16(p + offsetof(struct udp_wire, dport));
	out->has_checksum = load_be16(p + offsetof(struct udp_wire, checksum)) != 0;
	return NSK_DROP_NONE;
}

/*
 * Judge the checksum of the datagram of @len bytes (the length field's) at @p, given the sum of
 * its pseudo-header. RFC 768: in IPv4 (@may_be_zero) a field of 0 means that there is none.
 */
static inline bool udp_checksum_ok(const uint8_t *p, size_t len, uint32_t pseudo, bool may_be_zero)
{
	if (load_be16(p + offsetof(struct udp_wire, checksum)) == 0)
		return may_be_zero;
	return wire_checksum_ok(p, len, pseudo);
}

/*
 * Write a header at @p for a datagram of @len bytes, header included; the checksum field is left
 * 0: for hardware, udp_set_checksum(), or, in IPv4, no checksum.
 */
static inline void udp_write(uint8_t *p, uint16_t sport, uint16_t dport, uint16_t len)
{
	store_be16(p + offsetof(struct udp_wire, sport), sport);
	store_be16(p + offsetof(struct udp_wire, dport), dport);
	store_be16(p + offsetof(struct udp_wire, len), len);
	store_be16(p + offsetof(struct udp_wire, checksum), 0);
}

/*
 * Store @sum, a checksum as wire_checksum() or csum_finish() gives it. RFC 768: 0 is sent as all
 * ones, which means the same.
 */
static inline void udp_store_checksum(uint8_t *p, uint16_t sum)
{
	wire_checksum_store(p + offsetof(struct udp_wire, checksum), sum ? sum : 0xffff);
}

/* Fill in the checksum of the contiguous datagram of @len bytes at @p, whose field is 0. */
static inline void udp_set_checksum(uint8_t *p, size_t len, uint32_t pseudo)
{
	udp_store_checksum(p, wire_checksum(p, len, pseudo));
}

#endif /* NSK_WIRE_UDP_H */
