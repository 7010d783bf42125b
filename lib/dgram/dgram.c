/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagram sockets: their beginning and end, their addresses and the way from one to another. */
#include "dgram/dgram.h"

#include <errno.h>
#include <netinet/in.h>

#include "net/scope.h"
#include "sock/zc_send.h"

static void writable(struct tx_waiter *waiter)
{
	struct dgram *d = NSK_CONTAINER_OF(waiter, struct dgram, waiter);

	sock_ready(&d->sock, EPOLLOUT | EPOLLWRBAND);
}

void dgram_init(struct dgram *d, struct nsk_worker *w, const struct sock_ops *ops, uint8_t domain)
{
	sock_init(&d->sock, w, ops, domain);
	d->laddr = ip_addr_any(domain);
	d->rcvbuf = SETTING(w->set, udp_rcvbuf);
	d->sndbuf = SETTING(w->set, udp_sndbuf);
	d->mcast_ttl = 1;  /* RFC 1112 §6.1 */
	d->mcast_hops = 1; /* RFC 3493 §5.2 */
	d->mtu_discover = IP_PMTUDISC_WANT;
	d->mtu_discover6 = IPV6_PMTUDISC_WANT;
	d->waiter.ready = writable;
	list_node_init(&d->waiter.node);
	list_init(&d->errors);
	list_init(&d->groups);
	sock_ready(&d->sock, EPOLLOUT | EPOLLWRBAND);
}

void dgram_fini(struct dgram *d)
{
	list_del(&d->waiter.node);
	dgram_queue_purge(d);
	dgram_errors_purge(d);
	dgram_groups_leave(d);
	zc_closed(d->zc);
	sock_fini(&d->sock);
}

/* ---- addresses ------------------------------------------------------------------------------- */

void dgram_row(const struct dgram *d, struct dgram_row *row)
{
	*row = (struct dgram_row){
		.type = (uint8_t)d->sock.ops->type,
		.laddr = d->laddr,
		.lport = d->lport,
		.queued_bytes = d->queued_bytes,
		.rcvbuf = d->rcvbuf,
	};
	if (d->flags & DGRAM_F_CONNECTED) {
		row->faddr = d->faddr;
		row->fport = d->fport;
	}
}

int dgram_may_bind(const struct nsk_worker *w, const struct sock_end *own)
{
	const struct ip_addr *a = &own->addr;

	if (ip_addr_is_any(a) || ip_addr_is_multicast(a) || ip_addr_is_broadcast(a))
		return 0;
	if (a->family == AF_INET)
		return local_in_use(net_local_entry(w, a->b, a->family)) ||
				       net_loopback(w, a->b, a->family)
			       ? 0
			       : -EADDRNOTAVAIL;
	return scope_bind(w, a, own->scope);
}

void dgram_set_name(struct dgram *d, const struct sock_end *own)
{
	d->laddr = own->addr;
	d->lport = own->port;
	d->route.iface = NULL;
}

void dgram_clear_name(struct dgram *d)
{
	d->laddr = ip_addr_any(d->sock.family);
	d->lport = 0;
}

bool dgram_may_send_to(const struct dgram *d, const struct ip_addr *dst)
{
	const struct local_entry *own = net_local_entry(d->sock.worker, dst->b, dst->family);

	if (NSK_LIKELY(!own) && !ip_addr_is_broadcast(dst))
		return true;
	return (own && own->kind != LOCAL_BROADCAST) || (d->sock.flags & SOCK_F_BROADCAST);
}

int dgram_find_way(const struct dgram *d, struct route_cache *rc, unsigned iface,
		   const struct ip_addr *dst, uint16_t port, struct ip_addr *src)
{
	struct nsk_worker *w = d->sock.worker;

	if (NSK_LIKELY(!iface) || !ip_addr_is_multicast(dst) || iface > w->net->snap->nifaces)
		return net_route_ports(w, rc, dst, src, htons(port), htons(d->lport));
	return net_route_link(w, rc, w->net->snap->iface[iface - 1], dst, src);
}

/* Bound to a host's address: of ours, or it was. */
static bool is_host(const struct dgram *d)
{
	const struct local_entry *own =
		net_local_entry(d->sock.worker, d->laddr.b, d->laddr.family);

	if (local_in_use(own))
		return own->kind == LOCAL_UNICAST;
	return !ip_addr_is_any(&d->laddr) && !ip_addr_is_multicast(&d->laddr) &&
	       !ip_addr_is_broadcast(&d->laddr);
}

/* Where it is sent from: bound to what is no host's address, an address of the interface's; to
 * groups, the one that IP_MULTICAST_IF named. */
static struct ip_addr source_of(const struct dgram *d, const struct ip_addr *dst)
{
	if (is_host(d))
		return d->laddr;
	if (d->mcast_addr && dst->family == AF_INET && ip_addr_is_multicast(dst))
		return ip_addr_v4((const uint8_t *)&d->mcast_addr);
	return ip_addr_any(dst->family);
}

int dgram_route(struct dgram *d, const struct ip_addr *dst, uint16_t port, struct ip_addr *src)
{
	struct nsk_worker *w = d->sock.worker;
	int rc;

	if (NSK_LIKELY(net_route_valid(w, &d->route)) && ip_addr_eq(&d->route_dst, dst) &&
	    NSK_LIKELY(!d->route_several || d->route_port == port)) {
		*src = d->route_src;
		return 0;
	}
	*src = source_of(d, dst);
	if (NSK_UNLIKELY(src->family != dst->family))
		return -EAFNOSUPPORT; /* as Linux */
	rc = dgram_find_way(d, &d->route,
			    dst->family == AF_INET6 ? d->mcast_iface6 : d->mcast_iface, dst, port,
			    src);
	if (rc) /* an address that is not ours any more leads nowhere, as in Linux */
		return rc == -EADDRNOTAVAIL && !ip_addr_is_any(src) ? -ENETUNREACH : rc;
	d->route_dst = *dst;
	d->route_src = *src;
	d->route_several = net_route_several(w);
	d->route_port = port;
	return 0;
}

/* A link-local peer's link is remembered by the source that is bound to it from now on. */
static int route_to_link(struct dgram *d, const struct sock_end *to, struct ip_addr *src)
{
	struct nsk_worker *w = d->sock.worker;
	int rc = 0;

	*src = d->laddr;
	if (ip_addr_is_any(src))
		rc = scope_source(w, to->scope, src);
	if (rc == 0)
		rc = dgram_find_way(d, &d->route, to->scope, &to->addr, to->port, src);
	if (rc == 0 && d->route.iface->index + 1U != to->scope)
		rc = -EINVAL; /* as Linux */
	if (rc)
		return rc;
	d->route_dst = to->addr;
	d->route_src = *src;
	d->route_several = false;
	return 0;
}

/* Not for want of a neighbour that answers, which may be there when something is sent. */
static bool refused_by_route(const struct dgram *d, const struct ip_addr *dst)
{
	struct ip_addr next;
	struct iface *ifc;

	return net_next_hop(d->sock.worker, dst, NULL, &ifc, &next) == -EHOSTUNREACH;
}

int dgram_route_later(struct dgram *d, const struct sock_end *to, struct ip_addr *src)
{
	int rc = NSK_UNLIKELY(to->scope) ? route_to_link(d, to, src)
					 : dgram_route(d, &to->addr, to->port, src);

	return rc == -EHOSTUNREACH && !refused_by_route(d, &to->addr) ? 0 : rc;
}

bool dgram_names_nobody(const struct sockaddr *sa, socklen_t len)
{
	return len >= (socklen_t)sizeof(sa->sa_family) && sa->sa_family == AF_UNSPEC;
}

int dgram_peer_in(const struct dgram *d, struct sock_end *peer, const struct sockaddr *sa,
		  socklen_t len)
{
	int rc = sock_addr_in(&d->sock, SOCK_ADDR_CONNECT, peer, sa, len);

	if (rc == 0)
		net_mean_self(&peer->addr, &d->laddr);
	if (rc == 0 && NSK_UNLIKELY(peer->addr.family == AF_INET6) && d->laddr.family == AF_INET)
		rc = -EAFNOSUPPORT; /* as Linux */
	if (rc == 0 && !dgram_may_send_to(d, &peer->addr))
		rc = -EACCES;
	return rc;
}

void dgram_set_peer(struct dgram *d, const struct ip_addr *src, const struct sock_end *peer)
{
	if (ip_addr_is_any(&d->laddr)) {
		d->laddr = *src;
		d->flags |= DGRAM_F_ADDR_PICKED;
	}
	d->faddr = peer->addr;
	d->fport = peer->port;
	d->flags |= DGRAM_F_CONNECTED;
}

void dgram_clear_peer(struct dgram *d)
{
	if (d->flags & DGRAM_F_ADDR_PICKED)
		d->laddr = ip_addr_any(d->sock.family);
	d->flags &= (uint16_t) ~(DGRAM_F_CONNECTED | DGRAM_F_ADDR_PICKED);
	d->fport = 0;
	d->route.iface = NULL;
}

/* ---- rows of sock_ops ------------------------------------------------------------------------ */

/*
 * As Linux: one without a peer is told so, and it holds nevertheless, so that who waits is woken.
 * What comes is still received; nobody waits for it any more.
 */
int dgram_shutdown(struct sock *s, int how)
{
	struct dgram *d = dgram_of(s);

	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	if (how != SHUT_WR)
		d->flags |= DGRAM_F_SHUT_RD;
	if (how != SHUT_RD)
		d->flags |= DGRAM_F_SHUT_WR;
	if (how != SHUT_WR)
		sock_ready(s, EPOLLIN | EPOLLRDHUP);
	if ((d->flags & DGRAM_F_SHUT_RD) && (d->flags & DGRAM_F_SHUT_WR))
		sock_ready(s, EPOLLHUP);
	return d->flags & DGRAM_F_CONNECTED ? 0 : -ENOTCONN;
}

static void name_out(const struct dgram *d, const struct ip_addr *a, uint16_t port,
		     struct sockaddr *sa, socklen_t *len)
{
	uint32_t scope = scope_number(d->sock.worker, a, &d->laddr, d->route.iface);

	sock_addr_out(&d->sock, a, port, scope, sa, len);
}

int dgram_getname(struct sock *s, enum sock_name which, struct sockaddr *sa, socklen_t *len)
{
	struct dgram *d = dgram_of(s);

	if (which == SOCK_NAME_OWN) {
		name_out(d, &d->laddr, d->lport, sa, len);
		return 0;
	}
	if (!(d->flags & DGRAM_F_CONNECTED) || !d->fport)
		return -ENOTCONN;
	name_out(d, &d->faddr, d->fport, sa, len);
	return 0;
}

struct zc_queue **dgram_zc_queue(struct sock *s, bool make)
{
	(void)make;
	return &dgram_of(s)->zc;
}
