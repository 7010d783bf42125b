/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of neighbour discovery; see nd.h. */
#include "wire/nd.h"

#include "wire/icmp6.h"

#define TARGET_OFF 8

static bool is_any(const uint8_t *addr)
{
	return (load_be64(addr) | load_be64(addr + 8)) == 0;
}

/* Passes over options, each of a length in units of 8 bytes that may not be 0 (§4.6), and takes the
 * link address of one type. *named: there is one, be it of another kind of link. */
static bool read_options(const uint8_t *p, size_t len, uint8_t type, struct nd_view *out,
			 bool *named)
{
	*named = false;
	while (len) {
		size_t n = len >= 8 ? (size_t)p[1] * 8 : 0;

		if (n == 0 || n > len)
			return false;
		*named |= p[0] == type;
		if (p[0] == type && n == ND_LLADDR_LEN && !out->has_mac) {
			memcpy(out->mac, p + 2, ETH_MAC_LEN);
			out->has_mac = true;
		}
		p += n;
		len -= n;
	}
	return !out->has_mac || (!eth_is_multicast(out->mac) && !eth_is_zero(out->mac));
}

/* §7.1.1: who has no address asks the group and names no link address. */
static bool solicit_ok(bool named, const uint8_t *src, const uint8_t *dst)
{
	return !is_any(src) || (!named && nd_is_solicited_node(dst));
}

/* §7.1.2: what is sent to many is no answer to one. */
static bool advert_ok(const struct nd_view *v, const uint8_t *dst)
{
	return dst[0] != 0xff || !(v->flags & ND_F_SOLICITED);
}

enum nsk_drop nd_neigh_parse(const uint8_t *p, size_t len, const uint8_t *src, const uint8_t *dst,
			     uint8_t hop_limit, struct nd_view *out)
{
	bool solicits, named;

	if (len < ND_NEIGH_LEN || hop_limit != ND_HOP_LIMIT || p[1] != 0)
		return NSK_DROP_ND_MALFORMED;
	*out = (struct nd_view){.type = p[0], .flags = p[4]};
	memcpy(out->target, p + TARGET_OFF, IPV6_ADDR_LEN);
	solicits = out->type == ICMP6_NEIGH_SOLICIT;
	if (out->target[0] == 0xff || is_any(out->target) ||
	    !read_options(p + ND_NEIGH_LEN, len - ND_NEIGH_LEN,
			  solicits ? ND_OPT_SOURCE_LLADDR : ND_OPT_TARGET_LLADDR, out, &named))
		return NSK_DROP_ND_MALFORMED;
	return (solicits ? solicit_ok(named, src, dst) : advert_ok(out, dst))
		       ? NSK_DROP_NONE
		       : NSK_DROP_ND_MALFORMED;
}

size_t nd_neigh_write(uint8_t *p, const struct nd_view *v)
{
	bool solicits = v->type == ICMP6_NEIGH_SOLICIT;

	memset(p, 0, TARGET_OFF);
	p[0] = v->type;
	p[4] = solicits ? 0 : v->flags;
	memcpy(p + TARGET_OFF, v->target, IPV6_ADDR_LEN);
	if (!v->has_mac)
		return ND_NEIGH_LEN;
	p[ND_NEIGH_LEN] = solicits ? ND_OPT_SOURCE_LLADDR : ND_OPT_TARGET_LLADDR;
	p[ND_NEIGH_LEN + 1] = 1;
	memcpy(p + ND_NEIGH_LEN + 2, v->mac, ETH_MAC_LEN);
	return ND_NEIGH_MAX;
}
