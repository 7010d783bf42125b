/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP header: layout, decoder, encoder. RFC 9293 §3.1.
 *
 * Options are in tcp_opts.h. Whether the flags make sense together is the state machine's business.
 */
#ifndef NSK_WIRE_TCP_H
#define NSK_WIRE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netstk/drop.h>

#include "wire/bytes.h"
#include "wire/csum.h"

#define TCP_HLEN     20 /* without options */
#define TCP_HLEN_MAX 60
#define TCP_OPTS_MAX (TCP_HLEN_MAX - TCP_HLEN)

/* Control bits, and the bits above them that share the field. */
#define TCP_FIN	     0x001
#define TCP_SYN	     0x002
#define TCP_RST	     0x004
#define TCP_PSH	     0x008
#define TCP_ACK	     0x010
#define TCP_URG	     0x020
#define TCP_ECE	     0x040 /* RFC 3168 */
#define TCP_CWR	     0x080 /* RFC 3168 */
#define TCP_AE	     0x100 /* accurate ECN; reserved in RFC 9293 */
#define TCP_RESERVED 0xf00 /* ignored when received */

/* The header on the wire: offsets for readers and static asserts; never dereferenced. */
struct tcp_wire {
	uint8_t sport[2];
	uint8_t dport[2];
	uint8_t seq[4];
	uint8_t ack[4];
	uint8_t offset_flags[2];
	uint8_t window[2];
	uint8_t checksum[2];
	uint8_t urgent[2];
} __attribute__((packed));

_Static_assert(sizeof(struct tcp_wire) == TCP_HLEN, "TCP header");

/* A decoded header, all in host order. */
struct tcp_view {
	uint32_t seq;
	uint32_t ack;
	uint16_t sport;
	uint16_t dport;
	uint16_t flags; /* 12 bits: TCP_RESERVED and the control bits */
	uint16_t window;
	uint16_t urgent;
	uint8_t hdr_len; /* bytes, 20–60, a multiple of 4 */
};

/*
 * Decode the header at @p of a segment of which @len bytes can be read. Returns 0,
 * NSK_DROP_TCP_SHORT or NSK_DROP_TCP_DATA_OFFSET; then @out is not to be used.
 *
 * Upon 0: 20 <= hdr_len <= len; options lie at p + TCP_HLEN, data starts at p + hdr_len.
 */
static inline enum nsk_drop tcp_parse(const uint8_t *p, size_t len, struct tcp_view *out)
{
	uint16_t offset_flags;
	uint8_t hdr_len;

	if (len < TCP_HLEN)
		return NSK_DROP_TCP_SHORT;
	offset_flags = load_be16(p + offsetof(struct tcp_wire, offset_flags));
	hdr_len = (uint8_t)(offset_flags >> 12 << 2);
	if (hdr_len < TCP_HLEN || hdr_len > len)
		return NSK_DROP_TCP_DATA_OFFSET;
	out->hdr_len = hdr_len;
	out->flags = offset_flags & 0xfff;
	out->sport = load_be16(p + offsetof(struct tcp_wire, sport));
	out->dport = load_be16(p + offsetof(struct tcp_wire, dport));
	out->seq = load_be32(p + offsetof(struct tcp_wire, seq));
	out->ack = load_be32(p + offsetof(struct tcp_wire, ack));
	out->window = load_be16(p + offsetof(struct tcp_wire, window));
	out->urgent = load_be16(p + offsetof(struct tcp_wire, urgent));
	return NSK_DROP_NONE;
}

/*
 * Write the 20 bytes of @v at @p; hdr_len counts the options, which the caller writes behind
 * them. The checksum field is left 0: for hardware, or for tcp_set_checksum().
 */
static inline void tcp_write(uint8_t *p, const struct tcp_view *v)
{
	store_be16(p + offsetof(struct tcp_wire, sport), v->sport);
	store_be16(p + offsetof(struct tcp_wire, dport), v->dport);
	store_be32(p + offsetof(struct tcp_wire, seq), v->seq);
	store_be32(p + offsetof(struct tcp_wire, ack), v->ack);
	store_be16(p + offsetof(struct tcp_wire, offset_flags),
		   (uint16_t)(v->hdr_len >> 2 << 12 | (v->flags & 0xfff)));
	store_be16(p + offsetof(struct tcp_wire, window), v->window);
	store_be16(p + offsetof(struct tcp_wire, checksum), 0);
	store_be16(p + offsetof(struct tcp_wire, urgent), v->urgent);
}

/* Judge the checksum of the contiguous segment of @len bytes at @p; @pseudo: sum of its
 * pseudo-header. */
static inline bool tcp_checksum_ok(const uint8_t *p, size_t len, uint32_t pseudo)
{
	return wire_checksum_ok(p, len, pseudo);
}

/* Store @sum, a checksum as wire_checksum() or csum_finish() gives it. */
static inline void tcp_store_checksum(uint8_t *p, uint16_t sum)
{
	wire_checksum_store(p + offsetof(struct tcp_wire, checksum), sum);
}

/* Fill in the checksum of the contiguous segment of @len bytes at @p, whose field is 0. */
static inline void tcp_set_checksum(uint8_t *p, size_t len, uint32_t pseudo)
{
	tcp_store_checksum(p, wire_checksum(p, len, pseudo));
}

#endif /* NSK_WIRE_TCP_H */
