/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP messages and what they quote; see icmp.h. */
#include "wire/icmp.h"

#include "wire/family.h"
#include "wire/tcp.h"
#include "wire/udp.h"

enum nsk_drop icmp_parse(const uint8_t *p, size_t len, unsigned flags, struct icmp_view *out)
{
	if (len < ICMP_HLEN)
		return NSK_DROP_ICMP_SHORT;
	if (!(flags & WIRE_CSUM_DONE) && !wire_checksum_ok(p, len, 0))
		return NSK_DROP_ICMP_CHECKSUM;
	out->type = p[offsetof(struct icmp_wire, type)];
	out->code = p[offsetof(struct icmp_wire, code)];
	out->rest = load_be32(p + offsetof(struct icmp_wire, rest));
	return NSK_DROP_NONE;
}

enum nsk_drop icmp_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *out)
{
	/* A quote is cut short, so the packet is taken to be as long as it says. */
	if (ipv4_parse(p, len, IPV4_MAX_LEN, WIRE_CSUM_DONE, &out->ip))
		return NSK_DROP_ICMP_BAD_QUOTE;
	if (ipv4_frag_offset(&out->ip) != 0)
		return NSK_DROP_ICMP_BAD_QUOTE;
	out->l4 = p + out->ip.hdr_len;
	out->l4_len = len - out->ip.hdr_len;
	if (out->l4_len > ipv4_payload_len(&out->ip))
		out->l4_len = ipv4_payload_len(&out->ip);
	if (out->l4_len < ICMP_QUOTE_MIN)
		return NSK_DROP_ICMP_BAD_QUOTE;

	out->sport = 0;
	out->dport = 0;
	out->seq = 0;
	if (out->ip.proto == IP_PROTO_TCP || out->ip.proto == IP_PROTO_UDP) {
		out->sport = load_be16(out->l4 + offsetof(struct tcp_wire, sport));
		out->dport = load_be16(out->l4 + offsetof(struct tcp_wire, dport));
	}
	if (out->ip.proto == IP_PROTO_TCP)
		out->seq = load_be32(out->l4 + offsetof(struct tcp_wire, seq));
	return NSK_DROP_NONE;
}

void icmp_echo_to_reply(uint8_t *p)
{
	uint8_t *field = p + offsetof(struct icmp_wire, checksum);
	uint32_t sum = load_be16(field);

	/* The word of type and code fell by 0x0800, so its complement rises by as much. */
	sum += (ICMP_ECHO - ICMP_ECHO_REPLY) << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	store_be16(field, (uint16_t)sum);
	p[offsetof(struct icmp_wire, type)] = ICMP_ECHO_REPLY;
}
