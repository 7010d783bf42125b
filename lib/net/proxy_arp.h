/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proxy ARP, RFC 1027: a router answers for stations behind another of its links, so that hosts
 * that take them for neighbours reach them. Off by default.
 */
#ifndef NSK_NET_PROXY_ARP_H
#define NSK_NET_PROXY_ARP_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/settings.h"
#include "mbuf/worker.h"
#include "net/iface.h"
#include "wire/arp.h"

#define PROXY_ARP_RATE	1000 /* answers a second, of a worker on an interface */
#define PROXY_ARP_BURST 256

/* Interfaces that answer for others. Only a router does: what is sent to it must go on. */
static inline bool proxy_arp_on(const struct nsk_worker *w, const struct iface *ifc)
{
	return NSK_UNLIKELY(ifc->proxy_arp || SETTING(w->set, arp_proxy)) &&
	       SETTING(w->set, ip_forward);
}

/*
 * Whether a packet of a sender on the link of ifc, so no probe, is a request to be answered for an
 * address that ifc has not; then it has taken its share of the rate.
 */
bool proxy_arp_answers(struct nsk_worker *w, const struct iface *ifc, const struct arp_view *v);

#endif
