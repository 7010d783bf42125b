/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between IPv4 and IPv6, one row a family: so that TCP and UDP are written once.
 *
 * RFC 9293 §3.7.1 (MSS), RFC 791, RFC 8200.
 */
#ifndef NSK_WIRE_FAMILY_H
#define NSK_WIRE_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "wire/csum.h"

/* Protocol numbers, the same in both families (IANA). */
#define IP_PROTO_ICMP	1
#define IP_PROTO_TCP	6
#define IP_PROTO_UDP	17
#define IP_PROTO_ICMPV6 58

struct family {
	uint8_t af;	    /* AF_INET, AF_INET6 */
	uint8_t addr_len;   /* bytes */
	uint8_t hdr_len;    /* IP header without options or extensions */
	uint8_t icmp_proto; /* protocol number of its ICMP */
	uint16_t ethertype;
	uint16_t default_mss; /* if the peer names none: least reassembled size - headers */
	uint16_t
		min_mtu; /* what every link carries (IPv4: every host takes, as far as TCP cares) */
	uint16_t max_payload; /* bytes behind the IP header */
	bool udp_zero_ok;     /* a UDP checksum field of 0 means none */
	/* Partial sum of the pseudo-header, @len being the transport's header and data. */
	uint32_t (*pseudo)(const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto,
			   uint32_t len);
};

/* The row of @af, or NULL if it is none of ours. */
const struct family *family_of(uint8_t af);

/* TCP's MSS for a link of @mtu bytes: what fits behind IP and TCP headers without options. */
static inline uint16_t family_mss(const struct family *f, uint16_t mtu)
{
	uint16_t headers = (uint16_t)(f->hdr_len + 20);

	return mtu > headers ? (uint16_t)(mtu - headers) : 0;
}

#endif /* NSK_WIRE_FAMILY_H */
