/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On which link a link-local IPv6 address is meant (RFC 4007 §6): applications name the interface
 * by its number in sin6_scope_id (RFC 3493 §3.3), inside it is told by the source, an address of
 * that interface. IPv4 and all other addresses have no scope: 0.
 */
#ifndef NSK_NET_SCOPE_H
#define NSK_NET_SCOPE_H

#include <errno.h>

#include "net/net.h"

/* Whether it is the address of a host on one link alone. */
static inline bool scope_has(const struct ip_addr *a)
{
	return NSK_UNLIKELY(a->family == AF_INET6) && ip_addr_is_link_local(a);
}

/* The number to show with an address, which is own, ours, or one that is reached from it, by the
 * way via (NULL: not known yet). */
static inline uint32_t scope_number(const struct nsk_worker *w, const struct ip_addr *a,
				    const struct ip_addr *own, const struct iface *via)
{
	const struct iface *ifc = via;

	if (NSK_LIKELY(!scope_has(a)))
		return 0;
	if (scope_has(own))
		ifc = net_local(w, own->b, own->family);
	return ifc ? ifc->index + 1U : 0;
}

/* Whether an address of ours may be bound: by the interface that has it and, if it is the link's,
 * by that one's number. 0, -EADDRNOTAVAIL; of a link's -EINVAL: no number, -ENODEV: there is no
 * such interface. */
static inline int scope_bind(const struct nsk_worker *w, const struct ip_addr *own, uint32_t number)
{
	const struct iface *ifc = net_local(w, own->b, own->family);

	if (scope_has(own) && (!number || number > w->net->snap->nifaces))
		return number ? -ENODEV : -EINVAL;
	return ifc && (!scope_has(own) || ifc->index + 1U == number) ? 0 : -EADDRNOTAVAIL;
}

/* The link-local address of the interface with a number: 0, -ENODEV, -EADDRNOTAVAIL. */
static inline int scope_source(const struct nsk_worker *w, uint32_t number, struct ip_addr *src)
{
	const struct iface *ifc;

	if (number == 0 || number > w->net->snap->nifaces)
		return -ENODEV;
	ifc = w->net->snap->iface[number - 1];
	return net_link_local(ifc, src) ? 0 : -EADDRNOTAVAIL;
}

#endif
