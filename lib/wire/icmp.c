/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP messages and what they quote; see icmp.h. */
#include "wire/icmp.h"

#include "wire/family.h"
#include "wire/icmp6.h"
#include "wire/ipv6_ext.h"
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

/* What stands in the quoted transport's header, of which len bytes are there. */
static enum nsk_drop quote_transport(const uint8_t *l4, size_t len, struct icmp_quote *out)
{
	if (len < ICMP_QUOTE_MIN)
		return NSK_DROP_ICMP_BAD_QUOTE;
	out->l4 = l4;
	out->l4_len = len;
	if (out->proto == IP_PROTO_TCP || out->proto == IP_PROTO_UDP) {
		out->sport = load_be16(l4 + offsetof(struct tcp_wire, sport));
		out->dport = load_be16(l4 + offsetof(struct tcp_wire, dport));
	}
	if (out->proto == IP_PROTO_TCP)
		out->seq = load_be32(l4 + offsetof(struct tcp_wire, seq));
	return NSK_DROP_NONE;
}

enum nsk_drop icmp_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *out)
{
	struct ipv4_view ip;
	size_t l4_len;

	/* A quote is cut short, so the packet is taken to be as long as it says. */
	if (ipv4_parse(p, len, IPV4_MAX_LEN, WIRE_CSUM_DONE, &ip) || ipv4_frag_offset(&ip) != 0)
		return NSK_DROP_ICMP_BAD_QUOTE;
	*out = (struct icmp_quote){.total_len = ip.total_len, .proto = ip.proto};
	memcpy(out->src, p + IPV4_SRC_OFF, 4);
	memcpy(out->dst, p + IPV4_DST_OFF, 4);
	l4_len = len - ip.hdr_len;
	if (l4_len > ipv4_payload_len(&ip))
		l4_len = ipv4_payload_len(&ip);
	return quote_transport(p + ip.hdr_len, l4_len, out);
}

enum nsk_drop icmp6_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *out)
{
	struct ipv6_chain chain;
	struct ipv6_view ip;
	size_t l4_len;

	if (ipv6_parse(p, len, SIZE_MAX, &ip) || ipv6_walk(p, len, &ip, &chain) ||
	    chain.frag_off != 0)
		return NSK_DROP_ICMP_BAD_QUOTE;
	*out = (struct icmp_quote){
		.total_len = (uint16_t)NSK_MIN(IPV6_HLEN + (unsigned)ip.payload_len, 65535u),
		.proto = chain.proto,
	};
	memcpy(out->src, ip.src, 16);
	memcpy(out->dst, ip.dst, 16);
	l4_len = len - chain.off;
	if (l4_len > (size_t)IPV6_HLEN + ip.payload_len - chain.off)
		l4_len = (size_t)IPV6_HLEN + ip.payload_len - chain.off;
	return quote_transport(p + chain.off, l4_len, out);
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
