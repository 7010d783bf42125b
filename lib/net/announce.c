/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an interface says of its addresses when its link comes up, and once more a little later. Of
 * IPv4: whose they are, twice (RFC 5227 §2.3). Of IPv6: first whether they are somebody else's
 * (RFC 4862 §5.4), then whose they are (RFC 4861 §7.2.6). In between they are optimistic (RFC
 * 4429): in use, but nobody is told to prefer us to somebody else. Two seconds are longer than the
 * one that an answer has; there is no random delay in front, which would keep the first packet
 * waiting.
 */
#include "net/arp.h"
#include "net/nd.h"
#include "net/net.h"

#define NS_PER_MS UINT64_C(1000000)

/* Asks about an address of IPv6. One that was found to be ours is not put in doubt by a link that
 * was lost for a moment; one that was another's may be free by now. */
static void ask(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a)
{
	uint8_t state = __atomic_load_n(&a->state, __ATOMIC_RELAXED);

	if (!SETTING(w->set, ipv6_dad) || a->sure) {
		if (iface_addr_usable(a))
			nd_announce(w, ifc, &a->addr);
		return;
	}
	if (state != IFACE_ADDR_OPTIMISTIC)
		__atomic_compare_exchange_n(&a->state, &state, IFACE_ADDR_OPTIMISTIC, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	if (state == IFACE_ADDR_DUPLICATE)
		net_addresses_changed(w);
	nd_probe(w, ifc, &a->addr);
}

/* Unless somebody has answered, it is ours. */
static void settle(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a)
{
	uint8_t optimistic = IFACE_ADDR_OPTIMISTIC;

	if (__atomic_compare_exchange_n(&a->state, &optimistic, IFACE_ADDR_VALID, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		a->sure = true;
	if (iface_addr_usable(a))
		nd_announce(w, ifc, &a->addr);
}

/* For whichever interface is next: each has its whole time, however often its link flaps and
 * whatever others do. */
static void arm(struct nsk_worker *w)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < IFACE_MAX; i++)
		if (w->net->announce_ns[i])
			next = NSK_MIN(next, w->net->announce_ns[i]);
	if (next != UINT64_MAX)
		wheel_arm(&w->wheel, &w->net->announce, next);
}

void net_announce(struct nsk_worker *w, struct iface *ifc)
{
	if (!ifc->ethernet)
		return;
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		struct iface_addr *a = &ifc->addrs[i];

		if (a->addr.family == AF_INET)
			arp_announce(w, ifc, &a->addr);
		else
			ask(w, ifc, a);
	}
	w->net->announce_ns[ifc->index] = w->now_ns + ARP_ANNOUNCE_INTERVAL_MS * NS_PER_MS;
	arm(w);
}

static void announce_again(struct nsk_worker *w, struct iface *ifc)
{
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		struct iface_addr *a = &ifc->addrs[i];

		if (a->addr.family == AF_INET)
			arp_announce(w, ifc, &a->addr);
		else
			settle(w, ifc, a);
	}
}

void net_announce_again(struct nsk_worker *w)
{
	const struct net_snapshot *snap = w->net->snap;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		struct iface *ifc = snap->iface[i];
		uint64_t *at = &w->net->announce_ns[ifc->index];

		if (!*at || w->now_ns < *at)
			continue;
		*at = 0;
		if (iface_running(ifc))
			announce_again(w, ifc);
	}
	arm(w);
}
