/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of addresses; see addr.h. RFC 4862 §5.4, RFC 4291 §2.8. */
#include "net/addr.h"

#include <errno.h>
#include <pthread.h>

#include <rte_pause.h>

#include "mbuf/shared.h"
#include "net/net.h"
#include "net/route.h"
#include "wire/ipv6.h"

#define LOCK_LOOKS 300 /* of a worker in its turn: some 15 us */
#define SOON_NS	   UINT64_C(1000000)
#define LATER_NS   UINT64_C(5000000000)
#define NS_PER_SEC UINT64_C(1000000000)

/* A worker waits in its turn for other threads no longer than a turn may last. */
static bool lock_in_turn(struct nsk_worker *w)
{
	for (unsigned i = 0; i < LOCK_LOOKS; i++) {
		if (pthread_mutex_trylock(&w->shared->addr_lock) == 0)
			return true;
		rte_pause();
	}
	return false;
}

/* False: within a turn others have it for too long. */
static bool lock(struct nsk_worker *w, enum addr_caller caller)
{
	if (caller == ADDR_IN_TURN)
		return lock_in_turn(w);
	pthread_mutex_lock(&w->shared->addr_lock);
	return true;
}

static void unlock(struct nsk_worker *w)
{
	pthread_mutex_unlock(&w->shared->addr_lock);
}

/* The number of changes that every worker has seen. Workers change addresses and look at them
 * meanwhile: one that is ahead of the number read here is not behind. */
static uint32_t seen_by_all(struct nsk_worker *w)
{
	uint32_t now = __atomic_load_n(&w->net->snap->addresses, __ATOMIC_ACQUIRE);
	int32_t behind = 0;

	for (unsigned i = 0; i < w->peers; i++) {
		struct nsk_worker *other = w->peers > 1 ? w->ops->worker_at(w, i) : w;
		uint32_t seen = __atomic_load_n(&other->net->addresses, __ATOMIC_ACQUIRE);

		behind = NSK_MAX(behind, (int32_t)(now - seen));
	}
	return now - (uint32_t)behind;
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

/* ---- subnets --------------------------------------------------------------------------------- */

static struct ip_prefix subnet_of(const struct ip_addr *addr, uint8_t len)
{
	const struct ip_prefix p = {.addr = *addr, .len = len};

	return (struct ip_prefix){.addr = ip_prefix_network(&p), .len = len};
}

/* Whether one of the interface's addresses makes a subnet on-link. Under the lock. */
static bool has_subnet(const struct iface *ifc, const struct ip_prefix *net)
{
	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		const struct iface_addr *a = &ifc->addrs[i];
		struct ip_prefix own;

		if (!iface_addr_there(a) || iface_addr_flags(a) & IFACE_ADDR_AUTO)
			continue;
		own = subnet_of(&a->addr, a->prefix_len);
		if (ip_prefix_eq(&own, net))
			return true;
	}
	return false;
}

static int wants_route(struct nsk_worker *w, const struct iface *ifc, const struct ip_prefix *net,
		       enum addr_caller caller, bool *wants)
{
	if (!lock(w, caller))
		return -EAGAIN;
	*wants = has_subnet(ifc, net);
	unlock(w);
	return 0;
}

/*
 * The route of a subnet comes or goes with its addresses, whoever else changes them meanwhile; one
 * that somebody else has added stays. Not under the lock: who changes routes may have to wait. 0,
 * -EAGAIN or what the table says.
 */
static int follow(struct nsk_worker *w, struct iface *ifc, const struct ip_prefix *net,
		  enum addr_caller caller)
{
	const struct route route = {.dst = *net, .iface = ifc->index, .origin = ROUTE_FROM_KERNEL};
	bool wants = false, then;
	int rc;

	if (!w->ops->route || ifc->loopback ||
	    (net->addr.family == AF_INET6 && ip_addr_is_link_local(&net->addr)))
		return 0;
	rc = wants_route(w, ifc, net, caller, &then);
	while (rc == 0) {
		wants = then;
		rc = w->ops->route(w, &route, wants);
		if (rc && rc != -EEXIST && rc != -ESRCH)
			return rc;
		rc = wants_route(w, ifc, net, caller, &then);
		if (rc == 0 && then == wants)
			return 0;
	}
	return rc;
}

/* Under the lock: the route of its subnet is not as it should be. Returns what says so. */
static uint64_t unfollowed(struct iface *ifc, struct iface_addr *a)
{
	a->unfollowed = ++ifc->follows;
	__atomic_store_n(&ifc->unfollowed, true, __ATOMIC_RELEASE);
	return a->unfollowed;
}

/* Now it is, unless something has changed since. */
static void followed(struct nsk_worker *w, struct iface_addr *a, uint64_t mark,
		     enum addr_caller caller)
{
	if (!lock(w, caller)) /* worker 0 does it again */
		return;
	if (a->unfollowed == mark)
		a->unfollowed = 0;
	unlock(w);
}

/* What cannot be done now, worker 0 does in one of its next turns. */
static void follow_address(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a,
			   const struct ip_prefix *p, uint64_t mark, enum addr_caller caller)
{
	const struct ip_prefix net = subnet_of(&p->addr, p->len);
	char text[IP_PREFIX_STRLEN];
	int rc = follow(w, ifc, &net, caller);

	if (rc == 0)
		followed(w, a, mark, caller);
	else if (rc != -EAGAIN)
		LOG_WARN(w->log, "route",
			 "%s: no place for the route to %s: ip.routes is full; tried again",
			 ifc->name, ip_prefix_format(&net, text, sizeof(text)));
}

static int follow_one(struct nsk_worker *w, struct iface *ifc, struct iface_addr *a)
{
	struct ip_prefix net;
	uint64_t mark;
	int rc;

	if (!lock(w, ADDR_IN_TURN))
		return -EAGAIN;
	mark = a->unfollowed;
	net = subnet_of(&a->addr, a->prefix_len);
	unlock(w);
	if (!mark)
		return 0;
	rc = follow(w, ifc, &net, ADDR_IN_TURN);
	if (rc == 0)
		followed(w, a, mark, ADDR_IN_TURN);
	return rc;
}

uint64_t addr_follow_subnets(struct nsk_worker *w, struct iface *ifc)
{
	uint64_t next = UINT64_MAX;

	if (NSK_LIKELY(!__atomic_load_n(&ifc->unfollowed, __ATOMIC_ACQUIRE)))
		return UINT64_MAX;
	__atomic_store_n(&ifc->unfollowed, false, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < iface_naddrs(ifc); i++) {
		int rc = follow_one(w, ifc, &ifc->addrs[i]);

		if (rc)
			next = NSK_MIN(next, w->now_ns + (rc == -EAGAIN ? SOON_NS : LATER_NS));
	}
	if (next != UINT64_MAX)
		__atomic_store_n(&ifc->unfollowed, true, __ATOMIC_RELAXED);
	return next;
}

/* ---- changes --------------------------------------------------------------------------------- */

void addr_wake_workers(struct nsk_worker *w)
{
	for (unsigned i = 0; w->ops->wake && i < w->peers; i++)
		w->ops->wake(w->peers > 1 ? w->ops->worker_at(w, i) : w);
}

int addr_add(struct nsk_worker *w, struct iface *ifc, const struct addr_spec *spec,
	     enum addr_caller caller)
{
	bool six = spec->prefix.addr.family == AF_INET6;
	bool routed = !(spec->flags & IFACE_ADDR_AUTO);
	struct iface_addr *a = NULL;
	uint64_t mark = 0;
	int rc;

	if (six && ifc->mtu < IPV6_MIN_MTU)
		return -EINVAL;
	if (!lock(w, caller))
		return -EAGAIN;
	rc = put(w, ifc, spec);
	if (rc == 0) {
		a = iface_have_addr(ifc, &spec->prefix.addr);
		if (routed)
			mark = unfollowed(ifc, a);
		if (six)
			put_link_local(w, ifc);
		net_addresses_changed(w);
	}
	unlock(w);
	if (rc)
		return rc;
	if (routed)
		follow_address(w, ifc, a, &spec->prefix, mark, caller);
	addr_wake_workers(w);
	return 0;
}

int addr_del(struct nsk_worker *w, struct iface *ifc, const struct ip_prefix *prefix,
	     enum addr_caller caller)
{
	bool found, routed = false;
	struct iface_addr *a;
	uint64_t mark = 0;

	if (!lock(w, caller))
		return -EAGAIN;
	a = iface_have_addr(ifc, &prefix->addr);
	found = a && a->prefix_len == prefix->len;
	if (found) {
		routed = !(iface_addr_flags(a) & IFACE_ADDR_AUTO);
		if (routed)
			mark = unfollowed(ifc, a);
		__atomic_store_n(&a->state, IFACE_ADDR_REMOVED, __ATOMIC_RELEASE);
		net_addresses_changed(w);
		a->removed = __atomic_load_n(&w->net->snap->addresses, __ATOMIC_RELAXED);
	}
	unlock(w);
	if (!found)
		return -EADDRNOTAVAIL;
	if (routed)
		follow_address(w, ifc, a, prefix, mark, caller);
	addr_wake_workers(w);
	return 0;
}

/* Without the lock: while worker 0 is in its turn no place becomes another address's (put()). */
int addr_set_lifetimes(struct iface *ifc, const struct ip_addr *addr, uint64_t preferred_ns,
		       uint64_t valid_ns)
{
	struct iface_addr *a = iface_have_addr(ifc, addr);

	if (!a)
		return -EADDRNOTAVAIL;
	__atomic_store_n(&a->preferred_ns, preferred_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&a->valid_ns, valid_ns, __ATOMIC_RELAXED);
	return 0;
}

static bool is_near(uint64_t a_ns, uint64_t b_ns)
{
	if (!a_ns || !b_ns)
		return a_ns == b_ns;
	return (a_ns > b_ns ? a_ns - b_ns : b_ns - a_ns) <= NS_PER_SEC;
}

int addr_change_lifetimes(struct nsk_worker *w, struct iface *ifc, const struct addr_spec *spec)
{
	bool changes = false;
	struct iface_addr *a;

	lock(w, ADDR_WAITS);
	a = iface_have_addr(ifc, &spec->prefix.addr);
	if (a && a->prefix_len != spec->prefix.len)
		a = NULL;
	changes = a && !(is_near(a->preferred_ns, spec->preferred_ns) &&
			 is_near(a->valid_ns, spec->valid_ns));
	if (changes) {
		addr_set_lifetimes(ifc, &a->addr, spec->preferred_ns, spec->valid_ns);
		__atomic_fetch_and(&a->flags, (uint8_t)~IFACE_ADDR_DYNAMIC, __ATOMIC_RELAXED);
		__atomic_fetch_or(&a->flags, spec->flags, __ATOMIC_RELAXED);
		net_addresses_changed(w);
	}
	unlock(w);
	if (changes)
		addr_wake_workers(w);
	return a ? 0 : -EADDRNOTAVAIL;
}

int addr_get(struct nsk_worker *w, const struct iface *ifc, unsigned place, struct iface_addr *as)
{
	const struct iface_addr *a = &ifc->addrs[place];
	int rc = -ENOENT;

	lock(w, ADDR_WAITS);
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
