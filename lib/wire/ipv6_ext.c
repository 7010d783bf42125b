/* SPDX-License-Identifier: BSD-3-Clause */
/* The walk over IPv6 extension headers; see ipv6_ext.h. */
#include "wire/ipv6_ext.h"

#define OPT_PAD1 0
#define OPT_PADN 1

/* RFC 8200 §4.2: what to do with an option that is unknown. */
#define OPT_ACTION(type) ((type) >> 6)
#define ACTION_SKIP	 0
#define ACTION_DISCARD	 1
#define ACTION_NOT_GROUP 3 /* 2: complain always, 3: unless it was sent to a group */

/* Places from the fixed header on. */
struct walk {
	const uint8_t *p;
	size_t readable; /* bytes at p */
	size_t end;	 /* of the packet */
	bool to_group;
	struct ipv6_chain *out;
};

static enum nsk_drop refuse(const struct walk *k)
{
	k->out->complain = false;
	return NSK_DROP_IP6_EXTENSIONS;
}

static enum nsk_drop complain(const struct walk *k, uint8_t code, size_t problem)
{
	k->out->complain = true;
	k->out->code = code;
	k->out->problem = (uint16_t)problem;
	return NSK_DROP_IP6_EXTENSIONS;
}

/* True if n bytes can be read at a place; else *why says what is wrong. */
static bool has(const struct walk *k, size_t at, size_t n, enum nsk_drop *why)
{
	if (at + n <= k->end && at + n <= k->readable)
		return true;
	*why = at + n > k->end ? refuse(k) : NSK_DROP_IP_SPLIT_HEADERS;
	return false;
}

/* An option that means nothing here. */
static enum nsk_drop unknown_option(const struct walk *k, size_t at)
{
	unsigned action = OPT_ACTION(k->p[at]);

	if (action == ACTION_SKIP)
		return NSK_DROP_NONE;
	if (action == ACTION_DISCARD || (action == ACTION_NOT_GROUP && k->to_group))
		return refuse(k);
	return complain(k, 2, at);
}

/* The options from at to end; each turn moves on by at least one byte. */
static enum nsk_drop walk_options(const struct walk *k, size_t at, size_t end)
{
	unsigned options = 0, padding = 0;

	while (at < end) {
		size_t n = k->p[at] == OPT_PAD1 ? 1 : at + 1 < end ? 2u + k->p[at + 1] : 0;

		if (n == 0 || n > end - at)
			return refuse(k);
		if (k->p[at] == OPT_PAD1 || k->p[at] == OPT_PADN) {
			padding += (unsigned)n;
			if (padding > IPV6_PAD_MAX)
				return refuse(k);
		} else {
			enum nsk_drop bad = unknown_option(k, at);

			if (bad)
				return bad;
			padding = 0;
			if (++options > IPV6_OPTS_MAX)
				return refuse(k);
		}
		at += n;
	}
	return NSK_DROP_NONE;
}

/* Of a routing header nothing is left to do, or it is refused: we are no such router, and type 0 is
 * no more (RFC 5095). */
static enum nsk_drop check_route(const struct walk *k, size_t at)
{
	return k->p[at + 3] == 0 ? NSK_DROP_NONE : complain(k, 0, at + 2);
}

/* An extension header at a place, of a kind that has a length; *len becomes that. */
static enum nsk_drop walk_header(const struct walk *k, uint8_t number, size_t at, size_t *len)
{
	enum nsk_drop bad;

	if (!has(k, at, 8, &bad))
		return bad;
	*len = ((size_t)k->p[at + 1] + 1) * 8;
	if (!has(k, at, *len, &bad))
		return bad;
	return number == IPV6_NEXT_ROUTING ? check_route(k, at)
					   : walk_options(k, at + 2, at + *len);
}

/* A fragment header; one that is the whole packet is passed over (RFC 6946). */
static enum nsk_drop take_fragment(const struct walk *k, size_t at, size_t number_at)
{
	enum nsk_drop bad;
	uint16_t field;

	if (!has(k, at, IPV6_FRAG_HLEN, &bad))
		return bad;
	field = load_be16(k->p + at + 2);
	k->out->more = field & 1;
	k->out->frag_off = field & 0xfff8;
	k->out->frag_id = load_be32(k->p + at + 4);
	k->out->frag_at = (uint16_t)at;
	k->out->named_at = (uint16_t)number_at;
	k->out->fragment = k->out->more || k->out->frag_off;
	return NSK_DROP_NONE;
}

static bool has_options_or_route(uint8_t number)
{
	return number == IPV6_NEXT_HOP_BY_HOP || number == IPV6_NEXT_ROUTING ||
	       number == IPV6_NEXT_DESTINATION;
}

enum nsk_drop ipv6_walk(const uint8_t *p, size_t len, const struct ipv6_view *ip,
			struct ipv6_chain *out)
{
	const struct walk k = {
		.p = p,
		.readable = len,
		.end = (size_t)IPV6_HLEN + ip->payload_len,
		.to_group = ip->dst[0] == 0xff,
		.out = out,
	};
	size_t at = IPV6_HLEN, number_at = offsetof(struct ipv6_wire, next_header), n;
	uint8_t number = ip->next_header;

	*out = (struct ipv6_chain){0};
	for (unsigned i = 0; has_options_or_route(number) || number == IPV6_NEXT_FRAGMENT; i++) {
		enum nsk_drop bad;

		if (i == IPV6_EXT_MAX)
			return refuse(&k);
		/* §4: hop-by-hop options stand first; elsewhere their number is an unknown one. */
		if (number == IPV6_NEXT_HOP_BY_HOP && at != IPV6_HLEN)
			return complain(&k, 1, number_at);
		n = IPV6_FRAG_HLEN;
		bad = number == IPV6_NEXT_FRAGMENT ? take_fragment(&k, at, number_at)
						   : walk_header(&k, number, at, &n);
		if (bad)
			return bad;
		number = p[at];
		number_at = at;
		at += n;
		if (out->fragment)
			break;
	}
	out->proto = number;
	out->proto_at = (uint16_t)number_at;
	out->off = (uint16_t)at;
	return NSK_DROP_NONE;
}

size_t ipv6_find_transport(const uint8_t *p, size_t len, uint8_t *number)
{
	size_t at = IPV6_HLEN;

	if (len < IPV6_HLEN)
		return 0;
	*number = p[offsetof(struct ipv6_wire, next_header)];
	while (has_options_or_route(*number) || *number == IPV6_NEXT_FRAGMENT) {
		bool fragment = *number == IPV6_NEXT_FRAGMENT;

		if (at + 8 > len || (fragment && load_be16(p + at + 2) & 0xfff8))
			return 0;
		*number = p[at];
		at += fragment ? IPV6_FRAG_HLEN : ((size_t)p[at + 1] + 1) * 8;
	}
	return at < len ? at : 0;
}
