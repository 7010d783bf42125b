/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces: their life and their addresses; see iface.h. */
#include "net/iface.h"

#include <errno.h>
#include <string.h>

int iface_set_state(struct iface *ifc, enum nsk_iface_state state)
{
	static const uint8_t allowed[] = {
		[NSK_IFACE_DISABLED] = 1u << NSK_IFACE_ENABLING,
		[NSK_IFACE_ENABLING] = 1u << NSK_IFACE_ENABLED | 1u << NSK_IFACE_DISABLING,
		[NSK_IFACE_ENABLED] = 1u << NSK_IFACE_DISABLING,
		[NSK_IFACE_DISABLING] = 1u << NSK_IFACE_DISABLED,
	};
	unsigned from = __atomic_load_n(&ifc->state, __ATOMIC_RELAXED);

	if ((unsigned)state >= NSK_ARRAY_LEN(allowed) || from >= NSK_ARRAY_LEN(allowed) ||
	    !(allowed[from] & 1u << state))
		return -EINVAL;
	/* Whoever sees the new state also sees what was set up before it. */
	__atomic_store_n(&ifc->state, (uint16_t)state, __ATOMIC_RELEASE);
	return 0;
}

const char *iface_state_name(enum nsk_iface_state state)
{
	static const char *const names[] = {
		[NSK_IFACE_DISABLED] = "disabled",
		[NSK_IFACE_ENABLING] = "enabling",
		[NSK_IFACE_ENABLED] = "enabled",
		[NSK_IFACE_DISABLING] = "disabling",
	};

	return (unsigned)state < NSK_ARRAY_LEN(names) ? names[state] : "invalid";
}

bool iface_host_address(const struct ip_prefix *p)
{
	struct ip_addr network = ip_prefix_network(p);
	struct ip_addr broadcast = ip_prefix_broadcast(p);

	if (ip_addr_is_any(&p->addr) || ip_addr_is_multicast(&p->addr) ||
	    ip_addr_is_broadcast(&p->addr) || ip_addr_is_reserved(&p->addr) ||
	    ip_addr_is_loopback(&p->addr))
		return false;
	/* Where there is a broadcast address, the subnet's own number is none for a host either. */
	return !broadcast.family ||
	       (!ip_addr_eq(&p->addr, &broadcast) && !ip_addr_eq(&p->addr, &network));
}

/* A place that nobody reads any more, else one that never had an address; NULL: there is none. */
static struct iface_addr *vacant_place(struct iface *ifc, uint32_t seen)
{
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		struct iface_addr *a = &ifc->addrs[i];

		if (!iface_addr_there(a) && !a->unfollowed && (int32_t)(seen - a->removed) >= 0)
			return a;
	}
	return ifc->naddrs < IFACE_ADDRS_MAX ? &ifc->addrs[ifc->naddrs] : NULL;
}

/* Whoever sees the state sees the rest; a place that was never used has the number of those that
 * were in front of it. */
static void fill_place(struct iface *ifc, struct iface_addr *a, const struct iface_addr *as,
		       const struct ip_addr *broadcast)
{
	a->addr = as->addr;
	a->broadcast = *broadcast;
	a->prefix_len = as->prefix_len;
	a->sure = false;
	__atomic_store_n(&a->flags, as->flags, __ATOMIC_RELAXED);
	__atomic_store_n(&a->preferred_ns, as->preferred_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&a->valid_ns, as->valid_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&a->serial, ++ifc->serial, __ATOMIC_RELAXED);
	__atomic_store_n(&a->state, as->state, __ATOMIC_RELEASE);
	if (a == &ifc->addrs[ifc->naddrs])
		__atomic_store_n(&ifc->naddrs, (uint16_t)(ifc->naddrs + 1), __ATOMIC_RELEASE);
}

int iface_put_addr(struct iface *ifc, const struct iface_addr *as, uint32_t seen)
{
	const struct ip_prefix prefix = {.addr = as->addr, .len = as->prefix_len};
	const struct ip_addr broadcast = ip_prefix_broadcast(&prefix);
	size_t len = ip_addr_len(&as->addr);
	struct iface_addr *a;

	if (len == 0 || prefix.len == 0 || prefix.len > 8 * len || !iface_host_address(&prefix))
		return -EINVAL;
	if (iface_have_addr(ifc, &as->addr))
		return -EEXIST;
	a = vacant_place(ifc, seen);
	if (!a)
		return -ENOSPC;
	fill_place(ifc, a, as, &broadcast);
	return 0;
}

int iface_add_addr(struct iface *ifc, const struct ip_prefix *addr)
{
	return iface_put_addr(ifc,
			      &(struct iface_addr){.addr = addr->addr, .prefix_len = addr->len}, 0);
}

struct ip_addr iface_link_local(const struct iface *ifc)
{
	const uint8_t *mac = ifc->mac.b;
	uint16_t middle = 0xfffe; /* those of one MAC must differ (RFC 4007 §6: scope.h) */

	if (ifc->same_mac)
		middle = (uint16_t)(0xfd00 + ifc->index);
	if (ifc->parent)
		middle = (uint16_t)(ifc->vlan.inner ^ ifc->vlan.outer << 4);
	return (struct ip_addr){
		.b = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2],
		      (uint8_t)(middle >> 8), (uint8_t)middle, mac[3], mac[4], mac[5]},
		.family = AF_INET6,
	};
}

void iface_add_link_local(struct iface *ifc)
{
	const struct ip_prefix own = {.addr = iface_link_local(ifc), .len = 64};
	bool wanted = ifc->automatic;

	for (unsigned i = 0; i < ifc->naddrs; i++) {
		const struct ip_addr *a = &ifc->addrs[i].addr;

		if (!iface_addr_there(&ifc->addrs[i]))
			continue;
		if (a->family == AF_INET6 && ip_addr_is_link_local(a))
			return;
		wanted |= a->family == AF_INET6;
	}
	if (wanted && ifc->ethernet)
		iface_add_addr(ifc, &own);
}

struct iface_addr *iface_have_addr(struct iface *ifc, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < iface_naddrs(ifc); i++)
		if (iface_addr_there(&ifc->addrs[i]) && ip_addr_eq(&ifc->addrs[i].addr, addr))
			return &ifc->addrs[i];
	return NULL;
}

const struct iface_addr *iface_find_addr(const struct iface *ifc, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < iface_naddrs(ifc); i++)
		if (iface_addr_usable(&ifc->addrs[i]) && ip_addr_eq(&ifc->addrs[i].addr, addr))
			return &ifc->addrs[i];
	return NULL;
}

const struct iface_addr *iface_on_link(const struct iface *ifc, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		const struct iface_addr *a = &ifc->addrs[i];
		struct ip_prefix subnet;

		if (!iface_addr_there(a))
			continue;
		subnet = (struct ip_prefix){.addr = a->addr, .len = a->prefix_len};
		if (ip_prefix_match(&subnet, addr))
			return a;
	}
	return NULL;
}

const struct ip_addr *iface_source(const struct iface *ifc, const struct ip_addr *next_hop)
{
	const struct ip_addr *first = NULL;

	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		const struct iface_addr *a = &ifc->addrs[i];
		struct ip_prefix subnet;

		if (!iface_addr_usable(a))
			continue;
		subnet = (struct ip_prefix){.addr = a->addr, .len = a->prefix_len};
		if (ip_prefix_match(&subnet, next_hop))
			return &a->addr;
		if (!first && a->addr.family == next_hop->family)
			first = &a->addr;
	}
	return first;
}
