/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between IPv4 and IPv6, one row a family: so that TCP and UDP are written once.
 *
 * RFC 9293 §3.7.1 (MSS), RFC 791, RFC 8200. Addresses are handed over as 16 bytes in network
 * order, of which IPv4 uses the first four.
 */
#ifndef NSK_WIRE_FAMILY_H
#define NSK_WIRE_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "wire/tcp.h"

/* Protocol numbers, the same in both families (IANA). */
#define IP_PROTO_ICMP	  1
#define IP_PROTO_IGMP	  2
#define IP_PROTO_TCP	  6
#define IP_PROTO_UDP	  17
#define IP_PROTO_FRAGMENT 44 /* IPv6's header of a fragment */
#define IP_PROTO_ICMPV6	  58

struct family {
	uint8_t af;	      /* AF_INET, AF_INET6 */
	uint8_t addr_len;     /* bytes */
	uint8_t hdr_len;      /* IP header without options or extensions */
	uint8_t icmp_proto;   /* protocol number of its ICMP */
	uint16_t ethertype;   /* host order */
	uint16_t default_mss; /* to assume if the peer names none (RFC 9293 MUST-15) */
	uint16_t min_mtu;     /* below which a path's MTU is not believed */
	uint16_t max_payload; /* bytes behind the IP header at most */
	bool udp_zero_ok;     /* a UDP checksum field of 0 means that there is none */
	/* Partial sum (base/checksum.h) of the pseudo-header; @len: the transport's header and
	 * data. */
	uint32_t (*pseudo)(const uint8_t *src, const uint8_t *dst, uint8_t proto, uint32_t len);
};

extern const struct family family_ipv4, family_ipv6;

/* The row of @af, or NULL if it is none of ours. */
static inline const struct family *family_of(uint8_t af)
{
	if (NSK_LIKELY(af == AF_INET))
		return &family_ipv4;
	return af == AF_INET6 ? &family_ipv6 : NULL;
}

/* TCP's MSS for an MTU: what fits behind IP and TCP headers without options (RFC 9293 §3.7.1). */
static inline uint16_t family_mss(const struct family *f, uint16_t mtu)
{
	unsigned headers = (unsigned)f->hdr_len + TCP_HLEN;

	return (uint16_t)(mtu > headers ? mtu - headers : 0);
}

#endif /* NSK_WIRE_FAMILY_H */
