/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The walk over IPv6 extension headers, from the fixed header to the first header that is a
 * transport's. RFC 8200 §4, RFC 5095 (routing type 0), RFC 6946 (atomic fragments), RFC 8504 §5.3
 * (limits against chains that only cost).
 *
 * Judges the chain by itself; what becomes of a fragment, and whether an ICMP error is sent about
 * what cannot be passed over, is the IP layer's business.
 */
#ifndef NSK_WIRE_IPV6_EXT_H
#define NSK_WIRE_IPV6_EXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netstk/drop.h>

#include "wire/ipv6.h"

/* Next header numbers of IPv6's own (IANA). */
#define IPV6_NEXT_HOP_BY_HOP  0
#define IPV6_NEXT_ROUTING     43
#define IPV6_NEXT_FRAGMENT    44
#define IPV6_NEXT_NONE	      59
#define IPV6_NEXT_DESTINATION 60

#define IPV6_FRAG_HLEN 8
#define IPV6_EXT_MAX   8 /* headers in a chain */
#define IPV6_OPTS_MAX  8 /* options in one header, padding not counted */
#define IPV6_PAD_MAX   7 /* bytes of padding in a row: what aligning to 8 can need */

/* What a walk found. */
struct ipv6_chain {
	uint8_t proto;	   /* number of the first header that is no extension */
	uint16_t off;	   /* where it begins, from the fixed header on; at most the packet's end */
	uint16_t proto_at; /* where its number stands, likewise */
	bool fragment;	   /* the walk ended behind a fragment header, off is what it carries */
	bool more;	   /* of a fragment: others follow */
	uint16_t frag_off; /* of a fragment: place of its data in bytes */
	uint16_t frag_at;  /* of a fragment: where its header stands */
	uint16_t named_at; /* of a fragment: where that header's number stands */
	uint32_t frag_id;
	/* Upon NSK_DROP_IP6_EXTENSIONS, if the sender is to hear of it: a Parameter Problem. */
	bool complain;
	uint8_t code;	  /* 0: a field is wrong, 1: a header is unknown here, 2: an option */
	uint16_t problem; /* the byte that is meant, from the fixed header on */
};

/*
 * Walks the chain behind the header @ip, which ipv6_parse() has decoded from the @len bytes at @p.
 * Returns 0, NSK_DROP_IP_SPLIT_HEADERS (the chain goes on behind len, and the packet as well) or
 * NSK_DROP_IP6_EXTENSIONS (malformed, over a limit, a route that has not ended, or an option that
 * may not be passed over). Upon 0, IPV6_HLEN <= off <= IPV6_HLEN + payload_len.
 */
enum nsk_drop ipv6_walk(const uint8_t *p, size_t len, const struct ipv6_view *ip,
			struct ipv6_chain *out);

/*
 * Where the transport's header begins in the @len bytes at @p, an IPv6 header and what follows it,
 * for who wants to know what a packet carries that ipv6_walk() has refused: headers are passed over
 * by their lengths, and not judged. *number becomes the transport's. 0: it is not there, or this is
 * a later fragment.
 */
size_t ipv6_find_transport(const uint8_t *p, size_t len, uint8_t *number);

#endif /* NSK_WIRE_IPV6_EXT_H */
