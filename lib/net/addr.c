/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of addresses; see addr.h. RFC 4862 §5.4, RFC 4291 §2.8. */
#include "net/addr.h"

#include <errno.h>
#include <pthread.h>

#include "mbuf/shared.h"
#include "net/net.h"
#include "wire/ipv6.h"

static void lock(struct nsk_worker *w)
{
	pthread_mutex_lock(&w->shared->addr_lock);
}

static void unlock(struct nsk_worker *w)
{
	pthread_mutex_unlock(&w->shared->addr_lock);
}

/* The number of changes that every worker has seen. */
static uint32_t seen_by_all(struct nsk_worker *w)
{
	uint32_t now = __atomic_load_n(&w->net->snap->addresses, __ATOMIC_ACQUIRE), behind = 0;

	for (unsigned i = 0; i < w->peers; i++) {
		struct nsk_worker *other = w->peers > 1 ? w->ops->worker_at(w, i) : w;

		behind = NSK_MAX(behind,
				 now - __atomic_load_n(&other->net->addresses, __ATOMIC_ACQUIRE));
	}
	return now - behind;
}

/* What a new address begins as: one that others may have is used before it is known (RFC 4429), or,
 * of IPv4, not before. */
static uint8_t first_state(const struct nsk_worker *w, const struct iface *ifc, uint8_t family)
{
	if (!ifc->ethernet)
		return IFACE_ADDR_VALID;
	if (family == AF_INET6)
		return SETTING(w->set, ipv6_dad) ? IFACE_ADDR_OPTIMISTIC : IFACE_ADDR_VALID;
	return SETTING(w->set, ipv4_dad) ? IFACE_ADDR_TENTATIVE : IFACE_ADDR_VALID;
}

static int put(struct nsk_worker *w, struct iface *ifc, const struct addr_spec *spec)
{
	const struct iface_addr as = {
		.addr = spec->prefix.addr,
		.prefix_len = spec->prefix.len,
		.state = first_state(w, ifc, spec->prefix.addr.family),
		.flags = spec->flags,
		.preferred_ns = spec->preferred_ns,
		.valid_ns = spec->valid_ns,
	};
	int rc = iface_put_addr(ifc, &as, seen_by_all(w));

	return rc == -ENOSPC ? -ENOBUFS : rc;
}

static bool has_link_local(const struct iface *ifc)
{
	for (unsigned i = 0; i < iface_naddrs(ifc); i++)
		if (iface_addr_there(&ifc->addrs[i]) && ifc->addrs[i].addr.family == AF_INET6 &&
		    ip_addr_is_link_local(&ifc->addrs[i].addr))
			return true;
	return false;
}

/* Without one there is no speaking with neighbours; that it fails shows there, and in lists. */
static void put_link_local(struct nsk_worker *w, struct iface *ifc)
{
	struct addr_spec own = {.prefix = {.len = 64}};

	if (!ifc->ethernet || has_link_local(ifc))
		return;
	own.prefix.addr = iface_link_local(ifc);
	put(w, ifc, &own);
}

/* The subnet that an address is in is on-link while there is one. */
static void connect_subnet(struct nsk_worker *w, struct iface *ifc, const struct ip_prefix *p,
			   bool on)
{
	struct ip_prefix net = {.addr = ip_prefix_network(p), .len = p->len};

	if (!w->ops->connected || (net.addr.family == AF_INET6 && ip_addr_is_link_local(&net.addr)))
		return;
	for (unsigned i = 0; !on && i < iface_naddrs(ifc); i++) {
		const struct iface_addr *a = &ifc->addrs[i];
		struct ip_prefix other = {.addr = a->addr, .len = a->prefix_len};

		if (!iface_addr_there(a) || a->flags & IFACE_ADDR_AUTO || other.len != net.len)
			continue;
		other.addr = ip_prefix_network(&other);
		if (ip_prefix_eq(&other, &net))
			return;
	}
	w->ops->connected(w, ifc, &net, on);
}

void addr_wake_workers(struct nsk_worker *w)
{
	for (unsigned i = 0; w->ops->wake && i < w->peers; i++)
		w->ops->wake(w->peers > 1 ? w->ops->worker_at(w, i) : w);
}

int addr_add(struct nsk_worker *w, struct iface *ifc, const struct addr_spec *spec)
{
	bool six = spec->prefix.addr.family == AF_INET6;
	int rc;

	if (six && ifc->mtu < IPV6_MIN_MTU)
		return -EINVAL;
	lock(w);
	rc = put(w, ifc, spec);
	if (rc == 0) {
		if (six)
			put_link_local(w, ifc);
		if (spec->routed)
			connect_subnet(w, ifc, &spec->prefix, true);
		net_addresses_changed(w);
	}
	unlock(w);
	if (rc == 0)
		addr_wake_workers(w);
	return rc;
}

int addr_del(struct nsk_worker *w, struct iface *ifc, const struct ip_prefix *prefix)
{
	struct iface_addr *a;
	int rc = -EADDRNOTAVAIL;

	lock(w);
	a = iface_have_addr(ifc, &prefix->addr);
	if (a && a->prefix_len == prefix->len) {
		bool routed = !(iface_addr_flags(a) & IFACE_ADDR_AUTO);

		__atomic_store_n(&a->state, IFACE_ADDR_REMOVED, __ATOMIC_RELEASE);
		net_addresses_changed(w);
		a->removed = __atomic_load_n(&w->net->snap->addresses, __ATOMIC_RELAXED);
		if (routed)
			connect_subnet(w, ifc, prefix, false);
		rc = 0;
	}
	unlock(w);
	if (rc == 0)
		addr_wake_workers(w);
	return rc;
}

int addr_set_lifetimes(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		       uint64_t preferred_ns, uint64_t valid_ns)
{
	struct iface_addr *a;

	lock(w);
	a = iface_have_addr(ifc, addr);
	if (a) {
		__atomic_store_n(&a->preferred_ns, preferred_ns, __ATOMIC_RELAXED);
		__atomic_store_n(&a->valid_ns, valid_ns, __ATOMIC_RELAXED);
	}
	unlock(w);
	return a ? 0 : -EADDRNOTAVAIL;
}

int addr_get(struct nsk_worker *w, const struct iface *ifc, unsigned place, struct iface_addr *as)
{
	const struct iface_addr *a = &ifc->addrs[place];
	int rc = -ENOENT;

	lock(w);
	if (place < iface_naddrs(ifc) && iface_addr_there(a)) {
		*as = (struct iface_addr){
			.addr = a->addr,
			.broadcast = a->broadcast,
			.prefix_len = a->prefix_len,
			.state = iface_addr_state(a),
			.flags = iface_addr_flags(a),
			.preferred_ns = __atomic_load_n(&a->preferred_ns, __ATOMIC_RELAXED),
			.valid_ns = __atomic_load_n(&a->valid_ns, __ATOMIC_RELAXED),
		};
		rc = 0;
	}
	unlock(w);
	return rc;
}
