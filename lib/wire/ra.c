/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of routers; see ra.h. */
#include "wire/ra.h"

#include "wire/icmp6.h"

#define PREFIX_LEN  32
#define MTU_LEN	    8
#define RDNSS_HEAD  8
#define LABEL_MAX   63
#define LINK_LOCAL  0xfe80
#define LINK_MASK   0xffc0
#define PREF_SHIFT  3
#define PREF_BITS   3
#define PREF_HIGH   1
#define PREF_LOW    3
#define DNSSL_LEAST 16

/* ---- options --------------------------------------------------------------------------------- */

/* Bits behind a prefix are whatever they are (§4.6.2). */
static void clear_behind(uint8_t *addr, unsigned len)
{
	for (unsigned i = 0; i < IPV6_ADDR_LEN; i++) {
		unsigned keep = len > 8 * i ? len - 8 * i : 0;

		addr[i] &= keep >= 8 ? 0xff : (uint8_t)(0xff00u >> keep);
	}
}

static void read_prefix(const uint8_t *p, size_t len, struct ra_view *out)
{
	struct ra_prefix *x = &out->prefix[out->nprefixes];

	if (len != PREFIX_LEN || p[2] > 128 || out->nprefixes == RA_PREFIXES_MAX)
		return;
	x->len = p[2];
	x->flags = p[3];
	x->valid_s = load_be32(p + 4);
	x->preferred_s = load_be32(p + 8);
	memcpy(x->addr, p + 16, IPV6_ADDR_LEN);
	clear_behind(x->addr, x->len);
	out->nprefixes++;
}

/* RFC 8106 §5.1: a number of addresses. */
static void read_servers(const uint8_t *p, size_t len, struct ra_view *out)
{
	for (size_t off = RDNSS_HEAD; off + IPV6_ADDR_LEN <= len; off += IPV6_ADDR_LEN) {
		struct ra_server *x = &out->server[out->nservers];

		if (out->nservers == RA_SERVERS_MAX)
			return;
		memcpy(x->addr, p + off, IPV6_ADDR_LEN);
		x->lifetime_s = load_be32(p + 4);
		out->nservers++;
	}
}

/* What may stand in the text of a name without being taken for something else. */
static bool is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_';
}

/* One name of labels as text. Returns what it took of the len bytes, 0: it is none. */
static size_t read_name(const uint8_t *p, size_t len, char *name)
{
	size_t at = 0, n = 0;

	while (at < len && p[at]) {
		size_t label = p[at++];

		if (label > LABEL_MAX || label > len - at || n + label + 2 > RA_DOMAIN_MAX)
			return 0;
		if (n)
			name[n++] = '.';
		for (size_t i = 0; i < label; i++, at++) {
			if (!is_plain(p[at]))
				return 0;
			name[n++] = (char)p[at];
		}
	}
	name[n] = '\0';
	return at < len && n ? at + 1 : 0;
}

/* RFC 8106 §5.2: names one after the other, then zeros. */
static void read_domains(const uint8_t *p, size_t len, struct ra_view *out)
{
	size_t off = RDNSS_HEAD, n = 1;

	if (len < DNSSL_LEAST)
		return;
	for (; n && off < len && out->ndomains < RA_DOMAINS_MAX; off += n) {
		struct ra_domain *x = &out->domain[out->ndomains];

		n = read_name(p + off, len - off, x->name);
		if (n == 0)
			return;
		x->lifetime_s = load_be32(p + 4);
		out->ndomains++;
	}
}

static void read_option(const uint8_t *p, size_t len, struct ra_view *out)
{
	switch (p[0]) {
	case ND_OPT_SOURCE_LLADDR:
		if (len != ND_LLADDR_LEN || eth_is_multicast(p + 2) || eth_is_zero(p + 2))
			return;
		memcpy(out->mac, p + 2, ETH_MAC_LEN);
		out->has_mac = true;
		return;
	case ND_OPT_PREFIX:
		read_prefix(p, len, out);
		return;
	case ND_OPT_MTU:
		if (len == MTU_LEN)
			out->mtu = load_be32(p + 4);
		return;
	case ND_OPT_RDNSS:
		read_servers(p, len, out);
		return;
	case ND_OPT_DNSSL:
		read_domains(p, len, out);
		return;
	default: /* §6.1.2: others are passed over */
		return;
	}
}

/* ---- messages -------------------------------------------------------------------------------- */

/* RFC 4191 §2.2: the reserved value is medium. */
static int8_t preference_of(uint8_t flags)
{
	switch (flags >> PREF_SHIFT & PREF_BITS) {
	case PREF_HIGH:
		return 1;
	case PREF_LOW:
		return -1;
	default:
		return 0;
	}
}

enum nsk_drop ra_parse(const uint8_t *p, size_t len, const uint8_t *src, uint8_t hop_limit,
		       struct ra_view *out)
{
	size_t off = RA_LEN;

	if (len < RA_LEN || hop_limit != ND_HOP_LIMIT || p[0] != ICMP6_ROUTER_ADVERT || p[1] != 0 ||
	    (load_be16(src) & LINK_MASK) != LINK_LOCAL)
		return NSK_DROP_ND_MALFORMED;
	memset(out, 0, sizeof(*out));
	out->hop_limit = p[4];
	out->preference = preference_of(p[5]);
	out->lifetime_s = load_be16(p + 6);
	out->reachable_ms = load_be32(p + 8);
	out->retrans_ms = load_be32(p + 12);
	for (size_t n; off < len; off += n) {
		n = len - off >= 8 ? (size_t)p[off + 1] * 8 : 0;
		if (n == 0 || n > len - off)
			return NSK_DROP_ND_MALFORMED;
		read_option(p + off, n, out);
	}
	return NSK_DROP_NONE;
}

size_t rs_write(uint8_t *p, const uint8_t *mac)
{
	memset(p, 0, RS_LEN);
	p[0] = ICMP6_ROUTER_SOLICIT;
	if (!mac)
		return RS_LEN;
	p[RS_LEN] = ND_OPT_SOURCE_LLADDR;
	p[RS_LEN + 1] = 1;
	memcpy(p + RS_LEN + 2, mac, ETH_MAC_LEN);
	return RS_MAX;
}
