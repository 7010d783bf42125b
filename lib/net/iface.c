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

/* True if a host can have this address within its prefix. */
static bool host_address(const struct ip_prefix *p)
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

int iface_add_addr(struct iface *ifc, const struct ip_prefix *addr)
{
	size_t len = ip_addr_len(&addr->addr);

	if (len == 0 || addr->len == 0 || addr->len > 8 * len || !host_address(addr))
		return -EINVAL;
	if (iface_find_addr(ifc, &addr->addr))
		return -EEXIST;
	if (ifc->naddrs >= IFACE_ADDRS_MAX)
		return -ENOSPC;
	ifc->addrs[ifc->naddrs++] = (struct iface_addr){
		.addr = addr->addr,
		.broadcast = ip_prefix_broadcast(addr),
		.prefix_len = addr->len,
	};
	return 0;
}

void iface_add_link_local(struct iface *ifc)
{
	const uint8_t *mac = ifc->mac.b;
	const struct ip_prefix own = {
		.addr = {.b = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe,
			       mac[3], mac[4], mac[5]},
			 .family = AF_INET6},
		.len = 64,
	};
	bool wanted = false;

	for (unsigned i = 0; i < ifc->naddrs; i++) {
		const struct ip_addr *a = &ifc->addrs[i].addr;

		if (a->family == AF_INET6 && ip_addr_is_link_local(a))
			return;
		wanted |= a->family == AF_INET6;
	}
	if (wanted && ifc->ethernet)
		iface_add_addr(ifc, &own);
}

int iface_del_addr(struct iface *ifc, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		if (!ip_addr_eq(&ifc->addrs[i].addr, addr))
			continue;
		ifc->naddrs--;
		memmove(&ifc->addrs[i], &ifc->addrs[i + 1],
			(ifc->naddrs - i) * sizeof(ifc->addrs[0]));
		return 0;
	}
	return -ENOENT;
}

const struct iface_addr *iface_find_addr(const struct iface *ifc, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ip_addr_eq(&ifc->addrs[i].addr, addr) && iface_addr_usable(&ifc->addrs[i]))
			return &ifc->addrs[i];
	return NULL;
}

const struct iface_addr *iface_on_link(const struct iface *ifc, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		const struct iface_addr *a = &ifc->addrs[i];
		struct ip_prefix subnet = {.addr = a->addr, .len = a->prefix_len};

		if (ip_prefix_match(&subnet, addr))
			return a;
	}
	return NULL;
}

const struct ip_addr *iface_source(const struct iface *ifc, const struct ip_addr *next_hop)
{
	const struct iface_addr *near = iface_on_link(ifc, next_hop);

	if (near)
		return &near->addr;
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ifc->addrs[i].addr.family == next_hop->family)
			return &ifc->addrs[i].addr;
	return NULL;
}
