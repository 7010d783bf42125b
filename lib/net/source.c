/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address to send from, of those that an interface has. IPv4: one of the next hop's subnet (RFC
 * 1122 §3.3.4.3), see iface_source(). IPv6: RFC 6724 §5 with the default policy table (§2.1), of
 * whose rules the one about home addresses has nothing to decide here.
 */
#include <string.h>

#include "base/compiler.h"
#include "net/net.h"

/* Labels of the policy table, by the longest prefix. */
static const struct label {
	uint8_t prefix[12], len, label;
} labels[] = {
	{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 4}, /* ::ffff:0:0/96 */
	{{0}, 96, 3},					     /* ::/96 */
	{{0x20, 0x01, 0, 0}, 32, 5},			     /* 2001::/32, Teredo */
	{{0x20, 0x02}, 16, 2},				     /* 2002::/16, 6to4 */
	{{0x3f, 0xfe}, 16, 12},				     /* 3ffe::/16 */
	{{0xfe, 0xc0}, 10, 11},				     /* fec0::/10 */
	{{0xfc}, 7, 13},				     /* fc00::/7 */
	{{0}, 0, 1},					     /* ::/0 */
};

/* Leading bits that are the same, at most max. */
static unsigned common_bits(const uint8_t *a, const uint8_t *b, unsigned max)
{
	unsigned n = 0;

	while (n < max && !((a[n / 8] ^ b[n / 8]) & (0x80 >> n % 8)))
		n++;
	return n;
}

static unsigned label_of(const struct ip_addr *a)
{
	unsigned i = 0;

	while (common_bits(a->b, labels[i].prefix, labels[i].len) < labels[i].len)
		i++;
	return labels[i].label;
}

/* RFC 4007 §4, RFC 6724 §3.1: 2 link-local, 5 site-local, 14 global; of a group what it says. */
static unsigned scope_of(const struct ip_addr *a)
{
	if (a->b[0] == 0xff)
		return a->b[1] & 15;
	if (ip_addr_is_link_local(a))
		return 2;
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0 ? 5 : 14;
}

/* Rule 2: of different scopes the smaller one, if it is large enough for the destination. */
static int by_scope(const struct ip_addr *a, const struct ip_addr *b, const struct ip_addr *dst)
{
	unsigned sa = scope_of(a), sb = scope_of(b), sd = scope_of(dst);

	if (sa == sb)
		return 0;
	return sa < sb ? (sa < sd ? -1 : 1) : (sb < sd ? 1 : -1);
}

static bool preferred(const struct iface_addr *a)
{
	return iface_addr_valid(a) && !(iface_addr_flags(a) & IFACE_ADDR_DEPRECATED);
}

static bool temporary(const struct iface_addr *a)
{
	return iface_addr_flags(a) & IFACE_ADDR_TEMPORARY;
}

/* More than 0: a is better than b. */
static int compare(const struct iface_addr *a, const struct iface_addr *b,
		   const struct ip_addr *dst)
{
	int by = (int)ip_addr_eq(&a->addr, dst) - (int)ip_addr_eq(&b->addr, dst); /* rule 1 */

	if (!by)
		by = by_scope(&a->addr, &b->addr, dst);
	if (!by) /* rule 3; an optimistic one counts as deprecated (RFC 4429 §2.1) */
		by = (int)preferred(a) - (int)preferred(b);
	if (!by) /* rule 6 */
		by = (int)(label_of(&a->addr) == label_of(dst)) -
		     (int)(label_of(&b->addr) == label_of(dst));
	if (!by) /* rule 7 */
		by = (int)temporary(a) - (int)temporary(b);
	if (!by) /* rule 8 */
		by = (int)common_bits(a->addr.b, dst->b, a->prefix_len) -
		     (int)common_bits(b->addr.b, dst->b, b->prefix_len);
	return by;
}

const struct ip_addr *net_source(const struct iface *ifc, const struct ip_addr *dst)
{
	const struct iface_addr *best = NULL;

	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		const struct iface_addr *a = &ifc->addrs[i];

		if (iface_addr_usable(a) && a->addr.family == AF_INET6 &&
		    (!best || compare(a, best, dst) > 0))
			best = a;
	}
	return best ? &best->addr : NULL;
}

bool net_link_local(const struct iface *ifc, struct ip_addr *addr)
{
	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		const struct iface_addr *a = &ifc->addrs[i];

		if (!iface_addr_usable(a) || a->addr.family != AF_INET6 ||
		    !ip_addr_is_link_local(&a->addr))
			continue;
		*addr = a->addr;
		return true;
	}
	return false;
}
