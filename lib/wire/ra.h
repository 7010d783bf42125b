/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routers and what they say: solicitations out, advertisements in. RFC 4861 §4.1, §4.2, §4.6, §6.1;
 * preferences RFC 4191 §2.2; DNS RFC 8106 §5. Routes of RFC 4191 §2.3 are passed over.
 *
 * Only the message: what to believe of it is lib/net's business. Of what there may be many, so many
 * as there is room for are taken, in their order.
 */
#ifndef NSK_WIRE_RA_H
#define NSK_WIRE_RA_H

#include "wire/nd.h"

#define RA_LEN		16 /* advertisement without options */
#define RS_LEN		8
#define RS_MAX		(RS_LEN + ND_LLADDR_LEN)
#define RA_PREFIXES_MAX 16
#define RA_SERVERS_MAX	8
#define RA_DOMAINS_MAX	4
#define RA_DOMAIN_MAX	254 /* a name as text, and its end */

#define ND_OPT_PREFIX 3
#define ND_OPT_MTU    5
#define ND_OPT_RDNSS  25
#define ND_OPT_DNSSL  31

#define RA_FOREVER_S UINT32_MAX /* of a lifetime */

/* Flags of a prefix. */
#define RA_PREFIX_ON_LINK 0x80
#define RA_PREFIX_AUTO	  0x40

struct ra_prefix {
	uint8_t addr[IPV6_ADDR_LEN]; /* bits after the prefix are zero */
	uint8_t len;		     /* at most 128 */
	uint8_t flags;
	uint32_t valid_s, preferred_s;
};

/* A server or a domain, for so long; 0: no more. */
struct ra_server {
	uint8_t addr[IPV6_ADDR_LEN];
	uint32_t lifetime_s;
};

struct ra_domain {
	char name[RA_DOMAIN_MAX]; /* "example.com" */
	uint32_t lifetime_s;
};

struct ra_view {
	uint8_t hop_limit;   /* 0: not said, as all of the following */
	int8_t preference;   /* -1 low, 0, 1 high; 0 if it says nothing sound */
	uint16_t lifetime_s; /* as a default router; 0: it is none */
	uint32_t reachable_ms, retrans_ms, mtu;
	bool has_mac;
	uint8_t mac[ETH_MAC_LEN];
	uint8_t nprefixes, nservers, ndomains;
	struct ra_prefix prefix[RA_PREFIXES_MAX];
	struct ra_server server[RA_SERVERS_MAX];
	struct ra_domain domain[RA_DOMAINS_MAX];
};

/*
 * Decode the ICMPv6 message of @len bytes at @p, whose checksum was judged, a router advertisement
 * from @src with @hop_limit. Returns 0, or NSK_DROP_ND_MALFORMED for all that RFC 4861 §6.1.2 has
 * discarded silently.
 */
enum nsk_drop ra_parse(const uint8_t *p, size_t len, const uint8_t *src, uint8_t hop_limit,
		       struct ra_view *out);

/* Write a router solicitation at @p, with a link address unless @mac is NULL, without checksum:
 * RS_MAX bytes at most. Returns its length. */
size_t rs_write(uint8_t *p, const uint8_t *mac);

#endif /* NSK_WIRE_RA_H */
