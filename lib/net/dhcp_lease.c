/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lease: whether it can be believed, and the interface as it says: address, routes, MTU. RFC 2131
 * §4.4.1, §4.4.5, RFC 2132, RFC 3442. What others keep from being done is done soon, what has no
 * place later; what somebody else has added stays his.
 */
#include <errno.h>
#include <string.h>

#include "mbuf/shared.h"
#include "net/addr.h"
#include "net/dhcp.h"
#include "net/net.h"
#include "wire/ipv6.h"

#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)
#define FUZZ	   32 /* T1 and T2 are up to a 32nd part earlier: not all clients at once */

/* ---- what is believed ------------------------------------------------------------------------ */

/* Of a server that says none (RFC 791 §3.2). */
static uint8_t class_len(uint32_t addr)
{
	return addr >> 31 == 0 ? 8 : addr >> 30 == 2 ? 16 : 24;
}

static bool is_station(uint32_t addr)
{
	const struct ip_prefix p = {.addr = ip_addr_from_host32(addr), .len = 32};

	return addr >> 24 && iface_host_address(&p); /* 0/8: RFC 1122 §3.2.1.3 */
}

/* §4.4.5: half and seven eighths of it, unless the server says what is as good. */
static void set_times(struct nsk_worker *w, const struct dhcp_view *v, uint64_t sent_ns,
		      struct dhcp_lease *as)
{
	uint64_t lease_ns = v->lease_s * NS_PER_SEC, t1_ns = lease_ns / 2, t2_ns = lease_ns / 8 * 7;
	uint32_t fuzz;

	if (v->lease_s == DHCP_FOREVER_S)
		return;
	if (v->t1_s && v->t1_s < v->t2_s && v->t2_s < v->lease_s) {
		t1_ns = v->t1_s * NS_PER_SEC;
		t2_ns = v->t2_s * NS_PER_SEC;
	}
	fuzz = rng_below(&w->rng, 1000);
	as->t1_ns = sent_ns + t1_ns - t1_ns / FUZZ * fuzz / 1000;
	as->t2_ns = sent_ns + t2_ns - t2_ns / FUZZ * fuzz / 1000;
	as->end_ns = sent_ns + lease_ns;
}

bool dhcp_read_lease(struct nsk_worker *w, const struct iface *ifc, const struct dhcp_view *v,
		     uint64_t sent_ns, struct dhcp_lease *as)
{
	const struct ip_prefix prefix = {
		.addr = ip_addr_from_host32(v->addr),
		.len = v->prefix_len ? v->prefix_len : class_len(v->addr),
	};
	const struct iface *own = net_local(w, prefix.addr.b, AF_INET);

	if (!iface_host_address(&prefix) || !is_station(v->addr) || !is_station(v->server) ||
	    v->server == v->addr || (own && own != ifc) || v->lease_s == 0)
		return false;
	*as = (struct dhcp_lease){
		.prefix = prefix,
		.server = v->server,
		.lease_s = v->lease_s,
		.mtu = v->mtu,
		.ndns = v->ndns,
	};
	memcpy(as->dns, v->dns, sizeof(as->dns));
	set_times(w, v, sent_ns, as);
	return true;
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* RFC 3442: a gateway of 0 means that it is on-link. What no host can be sent to is passed over. */
static bool read_path(const struct dhcp_view *v, const struct dhcp_route *r, struct dhcp_path *p)
{
	const struct ip_addr dst = ip_addr_from_host32(r->dst);

	if (ip_addr_is_multicast(&dst) || ip_addr_is_loopback(&dst) || ip_addr_is_reserved(&dst) ||
	    (r->gateway && (!is_station(r->gateway) || r->gateway == v->addr)) ||
	    (!r->gateway && !r->len))
		return false;
	*p = (struct dhcp_path){.dst = {.addr = dst, .len = r->len}, .wanted = true};
	if (r->gateway)
		p->gateway = ip_addr_from_host32(r->gateway);
	return true;
}

/* Its place: the one that it has, or a vacant one; NULL: what is on its way out has all. */
static struct dhcp_path *place_for(struct dhcp *d, const struct dhcp_path *like)
{
	struct dhcp_path *vacant = NULL;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(d->path); i++) {
		struct dhcp_path *p = &d->path[i];

		if ((p->wanted || p->there) && ip_prefix_eq(&p->dst, &like->dst) &&
		    ip_addr_eq(&p->gateway, &like->gateway))
			return p;
		if (!vacant && !p->wanted && !p->there)
			vacant = p;
	}
	return vacant;
}

void dhcp_set_routes(struct dhcp *d, const struct dhcp_view *v)
{
	for (unsigned i = 0; i < NSK_ARRAY_LEN(d->path); i++)
		d->path[i].wanted = false;
	for (unsigned i = 0; v && i < v->nroutes; i++) {
		struct dhcp_path like, *p;

		if (!read_path(v, &v->route[i], &like))
			continue;
		p = place_for(d, &like);
		if (!p)
			return;
		like.there = p->there;
		*p = like;
	}
}

/* There is no place for something. Said once. */
static void no_room(struct nsk_worker *w, const struct iface *ifc, struct dhcp *d, const char *what)
{
	d->full_ns = w->now_ns + DHCP_FULL_MS * NS_PER_MS;
	if (!d->told_full)
		LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "dhcp",
			 "%s: no place for %s of the lease; tried again every %d s", ifc->name,
			 what, DHCP_FULL_MS / 1000);
	d->told_full = true;
}

static void change_route(struct nsk_worker *w, struct iface *ifc, struct dhcp *d,
			 struct dhcp_path *p)
{
	const struct route route = {
		.dst = p->dst,
		.gateway = p->gateway,
		.iface = ifc->index,
		.origin = ROUTE_FROM_DHCP,
		.metric = DHCP_ROUTE_METRIC,
	};
	int rc;

	if (p->wanted && w->now_ns < d->full_ns)
		return;
	rc = w->ops->route ? w->ops->route(w, &route, p->wanted) : 0;
	if (rc == 0 || rc == -EEXIST || rc == -ESRCH)
		p->there = p->wanted;
	else if (rc == -EAGAIN)
		d->again = true;
	else
		no_room(w, ifc, d, "a route (ip.routes is full)");
}

/* Routes come after the address, to be sent from it, and go before it. */
static void change_routes(struct nsk_worker *w, struct iface *ifc, struct dhcp *d, bool wanted)
{
	for (unsigned i = 0; i < NSK_ARRAY_LEN(d->path); i++)
		if (d->path[i].wanted == wanted && d->path[i].wanted != d->path[i].there)
			change_route(w, ifc, d, &d->path[i]);
}

/* ---- the address ----------------------------------------------------------------------------- */

static void take_address(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	int rc = d->foreign ? 0 : addr_del(w, ifc, &d->given, ADDR_IN_TURN);

	if (rc == -EAGAIN) {
		d->again = true;
	} else {
		d->given.addr.family = 0;
		d->unshown = true;
	}
}

static void give_address(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	const struct addr_spec spec = {
		.prefix = d->lease.prefix,
		.flags = IFACE_ADDR_DYNAMIC,
		.preferred_ns = d->lease.end_ns,
		.valid_ns = d->lease.end_ns,
	};
	int rc;

	if (w->now_ns < d->full_ns)
		return;
	rc = addr_add(w, ifc, &spec, ADDR_IN_TURN);
	if (rc == -EAGAIN) {
		d->again = true;
	} else if (rc && rc != -EEXIST) {
		no_room(w, ifc, d, "the address");
	} else {
		d->given = d->lease.prefix;
		d->foreign = rc == -EEXIST;
		d->unshown = true;
	}
}

/* ---- the MTU --------------------------------------------------------------------------------- */

static bool has_ipv6(const struct iface *ifc)
{
	for (unsigned i = 0; i < iface_naddrs(ifc); i++)
		if (iface_addr_there(&ifc->addrs[i]) && ifc->addrs[i].addr.family == AF_INET6)
			return true;
	return false;
}

/* The next interface on a VLAN of this one, from the place *i on; NULL: no more. */
static struct iface *next_child(const struct nsk_worker *w, const struct iface *ifc, unsigned *i)
{
	const struct net_snapshot *snap = w->net->snap;

	while (*i < snap->nifaces) {
		struct iface *child = snap->iface[(*i)++];

		if (child->parent == ifc)
			return child;
	}
	return NULL;
}

static uint32_t least_mtu(const struct nsk_worker *w, const struct iface *ifc)
{
	bool six = has_ipv6(ifc);
	const struct iface *child;
	unsigned i = 0;

	while ((child = next_child(w, ifc, &i)))
		six |= has_ipv6(child);
	return six ? IPV6_MIN_MTU : DHCP_MTU_LEAST;
}

/* Less than the interface has, not more, nor more than the one whose VLAN it is on; not so little
 * that it is of no use. */
static uint32_t wanted_mtu(const struct nsk_worker *w, const struct iface *ifc,
			   const struct dhcp *d)
{
	uint32_t link = ifc->port->mtu ? ifc->port->mtu : UINT32_MAX;
	uint32_t most = ifc->parent ? NSK_MIN(link, ifc->parent->mtu) : link;
	uint32_t own = NSK_MIN(d->mtu_before ? d->mtu_before : ifc->mtu, most);
	uint32_t least = least_mtu(w, ifc);

	return d->lease.mtu >= least ? NSK_MIN(own, (uint32_t)d->lease.mtu) : own;
}

/* Those on its VLANs can do no more than it. They stay so when it can do more again, as Linux's. */
static void cut_children(const struct nsk_worker *w, const struct iface *ifc, uint32_t mtu)
{
	struct iface *child;
	unsigned i = 0;

	while ((child = next_child(w, ifc, &i)))
		if (child->mtu > mtu)
			__atomic_store_n(&child->mtu, mtu, __ATOMIC_RELAXED);
}

static void change_mtu(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	uint32_t want = wanted_mtu(w, ifc, d);

	if (want == ifc->mtu)
		return;
	if (!d->mtu_before)
		d->mtu_before = ifc->mtu;
	if (want == d->mtu_before)
		d->mtu_before = 0;
	__atomic_store_n(&ifc->mtu, want, __ATOMIC_RELAXED);
	cut_children(w, ifc, want);
	net_snapshot_touch(w->net->snap);
}

/* ---- all of it ------------------------------------------------------------------------------- */

uint64_t dhcp_apply(struct nsk_worker *w, struct iface *ifc, struct dhcp *d)
{
	const struct ip_prefix *want = &d->lease.prefix;
	bool has;

	d->again = false;
	change_routes(w, ifc, d, false);
	if (d->given.addr.family && !(want->addr.family && ip_prefix_same(&d->given, want)))
		take_address(w, ifc, d);
	if (want->addr.family && !d->given.addr.family)
		give_address(w, ifc, d);
	has = want->addr.family && d->given.addr.family && ip_prefix_same(&d->given, want);
	if (has && !d->foreign)
		addr_set_lifetimes(ifc, &want->addr, d->lease.end_ns, d->lease.end_ns);
	if (has)
		change_routes(w, ifc, d, true);
	change_mtu(w, ifc, d);
	if (d->again)
		return w->now_ns + NS_PER_MS;
	return d->full_ns > w->now_ns ? d->full_ns : UINT64_MAX;
}
