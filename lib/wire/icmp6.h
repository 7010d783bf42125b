/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMPv6: numbers, and what its errors quote. RFC 4443. The header's layout is ICMP's (icmp.h);
 * its checksum includes the pseudo-header, so that who decodes a message has judged it before.
 */
#ifndef NSK_WIRE_ICMP6_H
#define NSK_WIRE_ICMP6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/icmp.h"
#include "wire/ipv6.h"

#define ICMP6_UNREACHABLE	1
#define ICMP6_TOO_BIG		2
#define ICMP6_TIME_EXCEEDED	3
#define ICMP6_PARAMETER_PROBLEM 4
#define ICMP6_ECHO		128
#define ICMP6_ECHO_REPLY	129
#define ICMP6_ROUTER_SOLICIT	133 /* RFC 4861; wire/nd.h */
#define ICMP6_ROUTER_ADVERT	134
#define ICMP6_NEIGH_SOLICIT	135
#define ICMP6_NEIGH_ADVERT	136
#define ICMP6_REDIRECT		137

/* Codes of ICMP6_UNREACHABLE. */
#define ICMP6_UNREACH_ROUTE  0
#define ICMP6_UNREACH_FILTER 1
#define ICMP6_UNREACH_SCOPE  2
#define ICMP6_UNREACH_ADDR   3
#define ICMP6_UNREACH_PORT   4
#define ICMP6_UNREACH_POLICY 5
#define ICMP6_UNREACH_REJECT 6

#define ICMP6_TIME_HOPS	      0 /* codes of ICMP6_TIME_EXCEEDED */
#define ICMP6_TIME_REASSEMBLY 1
#define ICMP6_PARAM_HEADER    1 /* code of ICMP6_PARAMETER_PROBLEM: unknown next header */

/* True for messages that report an error and may not be answered by one (RFC 4443 §2.1). */
static inline bool icmp6_is_error(uint8_t type)
{
	return type < 128;
}

/*
 * Decode the @len bytes at @p behind the header of an ICMPv6 error: an IPv6 header, its extensions
 * and at least ICMP_QUOTE_MIN bytes of a transport, of a packet that is no later fragment. Returns
 * 0 or NSK_DROP_ICMP_BAD_QUOTE; then @out is not to be used.
 */
enum nsk_drop icmp6_quote_parse(const uint8_t *p, size_t len, struct icmp_quote *out);

#endif /* NSK_WIRE_ICMP6_H */
