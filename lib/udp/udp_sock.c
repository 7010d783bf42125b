/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP sockets: their life, addresses and ports; see udp.h. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "udp/udp.h"

static struct udp_sock *udp_of(struct sock *s)
{
	return NSK_CONTAINER_OF(s, struct udp_sock, sock);
}

/* ---- the worker's part ---- */

int udp_worker_init(struct nsk_worker *w)
{
	struct udp_worker *udp = mem_zalloc(w->mem, sizeof(*udp));
	struct siphash_key key;
	int rc;

	if (!udp)
		return -ENOMEM;
	w->udp = udp;
	list_init(&udp->all);
	rng_fill(&w->rng, &key, sizeof(key));
	ports_init(&udp->ports, &key);
	rc = slab_init(&udp->socks, w->mem, sizeof(struct udp_sock), 0, w->set->max_sockets,
		       "UDP sockets");
	if (rc)
		goto free_udp;
	rc = udp_table_init(w);
	if (rc)
		goto free_slab;
	return 0;

free_slab:
	slab_fini(&udp->socks);
free_udp:
	mem_free(w->mem, udp, sizeof(*udp));
	w->udp = NULL;
	return rc;
}

static void free_sock(struct udp_sock *u)
{
	struct nsk_worker *w = u->sock.worker;

	udp_table_del(w, u);
	udp_queue_purge(u);
	udp_errors_purge(u);
	list_del(&u->link);
	w->udp->count--;
	sock_fini(&u->sock);
	slab_free(&w->udp->socks, u);
}

void udp_worker_fini(struct nsk_worker *w)
{
	struct list_node *n, *tmp;

	if (!w->udp)
		return;
	NSK_LIST_FOREACH_SAFE(n, tmp, &w->udp->all)
		free_sock(NSK_LIST_ENTRY(n, struct udp_sock, link));
	udp_table_fini(w);
	slab_fini(&w->udp->socks);
	mem_free(w->mem, w->udp, sizeof(*w->udp));
	w->udp = NULL;
}

void udp_levels(const struct nsk_worker *w, struct nsk_levels *levels)
{
	levels->udp_sockets += w->udp->count;
}

/* ---- life ---- */

int udp_create(struct nsk_worker *w, uint8_t domain, struct sock **s)
{
	struct udp_sock *u = slab_zalloc(&w->udp->socks);

	if (!u)
		return -ENOBUFS;
	sock_init(&u->sock, w, &udp_ops, domain);
	u->laddr = ip_addr_any(domain);
	u->rcvbuf = SETTING(w->set, udp_rcvbuf);
	u->sndbuf = SETTING(w->set, udp_sndbuf);
	u->mcast_ttl = 1; /* RFC 1112 §6.1 */
	list_init(&u->errors);
	list_add_tail(&w->udp->all, &u->link);
	w->udp->count++;
	sock_ready(&u->sock, EPOLLOUT | EPOLLWRBAND);
	*s = &u->sock;
	return 0;
}

static void udp_close(struct sock *s)
{
	free_sock(udp_of(s));
}

/* ---- addresses ---- */

/* A host's own address, any, or an address that many listen to. */
static bool may_bind(const struct nsk_worker *w, const struct ip_addr *a)
{
	return ip_addr_is_any(a) || ip_addr_is_multicast(a) || ip_addr_is_broadcast(a) ||
	       net_local_entry(w, a->b, a->family);
}

static int udp_bind(struct sock *s, const struct sockaddr *sa, socklen_t len)
{
	struct udp_sock *u = udp_of(s);
	struct ip_addr addr;
	uint16_t port;
	int rc = sock_addr_in(s, SOCK_ADDR_BIND, &addr, &port, sa, len);

	if (rc)
		return rc;
	if (u->flags & UDP_F_BOUND)
		return -EINVAL;
	if (!may_bind(s->worker, &addr))
		return -EADDRNOTAVAIL;
	if (port == 0)
		rc = udp_table_pick(s->worker, &addr, &addr, NULL, 0, &port);
	else if (udp_table_conflict(s->worker, u, &addr, port))
		rc = -EADDRINUSE;
	if (rc)
		return rc;
	u->laddr = addr;
	u->lport = port;
	u->route.iface = NULL;
	rc = udp_table_add(s->worker, u);
	if (rc) {
		u->laddr = ip_addr_any(s->family);
		u->lport = 0;
	}
	return rc;
}

int udp_autobind(struct udp_sock *u, const struct ip_addr *faddr, uint16_t fport)
{
	struct nsk_worker *w = u->sock.worker;
	struct ip_addr from = u->laddr;
	uint16_t port;
	int rc;

	if (u->flags & UDP_F_BOUND)
		return 0;
	/* The answer should come back to this worker, so the address that it will come to matters.
	 */
	rc = udp_route(u, faddr, &from);
	if (rc)
		return rc;
	rc = udp_table_pick(w, &u->laddr, &from, faddr, fport, &port);
	if (rc)
		return -EAGAIN; /* as Linux */
	u->lport = port;
	rc = udp_table_add(w, u);
	if (rc)
		u->lport = 0;
	else
		u->flags |= UDP_F_PICKED;
	return rc;
}

int udp_route(struct udp_sock *u, const struct ip_addr *dst, struct ip_addr *src)
{
	struct nsk_worker *w = u->sock.worker;
	int rc;

	if (NSK_LIKELY(net_route_valid(w, &u->route)) && ip_addr_eq(&u->route_dst, dst)) {
		*src = u->route_src;
		return 0;
	}
	/* Bound to what is no host's address: send from the interface's own. */
	*src = net_local(w, u->laddr.b, u->laddr.family) ? u->laddr : ip_addr_any(dst->family);
	rc = net_route(w, &u->route, dst, src);
	if (rc)
		return rc;
	u->route_dst = *dst;
	u->route_src = *src;
	return 0;
}

/* Back to what bind() had made of it. */
static int disconnect(struct udp_sock *u)
{
	struct nsk_worker *w = u->sock.worker;

	if (!(u->flags & UDP_F_CONNECTED))
		return 0;
	udp_table_del(w, u);
	u->flags &= (uint8_t)~UDP_F_CONNECTED;
	u->fport = 0;
	if (u->flags & UDP_F_ADDR_PICKED)
		u->laddr = ip_addr_any(u->sock.family);
	u->flags &= (uint8_t)~UDP_F_ADDR_PICKED;
	u->route.iface = NULL;
	if (u->flags & UDP_F_PICKED) {
		u->flags &= (uint8_t)~UDP_F_PICKED;
		u->lport = 0;
		return 0;
	}
	return udp_table_add(w, u);
}

bool udp_may_send_to(const struct udp_sock *u, const struct ip_addr *dst)
{
	const struct local_entry *own = net_local_entry(u->sock.worker, dst->b, dst->family);

	if (NSK_LIKELY(!own) && !ip_addr_is_broadcast(dst))
		return true;
	return (own && own->kind != LOCAL_BROADCAST) || (u->sock.flags & SOCK_F_BROADCAST);
}

/* Gives a socket with a way to faddr its local end and puts it into the table as connected. */
static int set_connected(struct udp_sock *u, const struct ip_addr *src, const struct ip_addr *faddr,
			 uint16_t fport)
{
	struct nsk_worker *w = u->sock.worker;
	uint16_t port = u->lport;
	int rc;

	if (!port) {
		rc = udp_table_pick(w, src, src, faddr, fport, &port);
		if (rc)
			return -EAGAIN; /* as Linux */
		u->flags |= UDP_F_PICKED;
	}
	udp_table_del(w, u);
	if (ip_addr_is_any(&u->laddr)) {
		u->laddr = *src;
		u->flags |= UDP_F_ADDR_PICKED;
	}
	u->lport = port;
	u->faddr = *faddr;
	u->fport = fport;
	u->flags |= UDP_F_CONNECTED;
	return udp_table_add(w, u);
}

static int udp_connect(struct sock *s, const struct sockaddr *sa, socklen_t len)
{
	struct udp_sock *u = udp_of(s);
	struct ip_addr faddr, src;
	uint16_t fport;
	int rc;

	if (len >= (socklen_t)sizeof(sa->sa_family) && sa->sa_family == AF_UNSPEC)
		return disconnect(u);
	rc = sock_addr_in(s, SOCK_ADDR_CONNECT, &faddr, &fport, sa, len);
	if (rc)
		return rc;
	if (!udp_may_send_to(u, &faddr))
		return -EACCES;
	rc = disconnect(u);
	if (rc)
		return rc;
	rc = udp_route(u, &faddr, &src);
	/* Nothing is sent yet: a next hop that was silent a moment ago may answer when something
	 * is.
	 */
	if (rc && rc != -EHOSTUNREACH)
		return rc;
	return set_connected(u, &src, &faddr, fport);
}

static int udp_shutdown(struct sock *s, int how)
{
	struct udp_sock *u = udp_of(s);

	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	if (!(u->flags & UDP_F_CONNECTED))
		return -ENOTCONN;
	if (how != SHUT_WR)
		u->flags |= UDP_F_SHUT_RD;
	if (how != SHUT_RD)
		u->flags |= UDP_F_SHUT_WR;
	if (how != SHUT_WR)
		sock_ready(s, EPOLLIN | EPOLLRDHUP);
	if ((u->flags & UDP_F_SHUT_RD) && (u->flags & UDP_F_SHUT_WR))
		sock_ready(s, EPOLLHUP);
	return 0;
}

static int udp_getname(struct sock *s, enum sock_name which, struct sockaddr *sa, socklen_t *len)
{
	struct udp_sock *u = udp_of(s);

	if (which == SOCK_NAME_OWN) {
		ip_addr_to_sockaddr(&u->laddr, u->lport, 0, sa, len);
		return 0;
	}
	if (!(u->flags & UDP_F_CONNECTED))
		return -ENOTCONN;
	ip_addr_to_sockaddr(&u->faddr, u->fport, 0, sa, len);
	return 0;
}

const struct sock_ops udp_ops = {
	.type = SOCK_DGRAM,
	.bind = udp_bind,
	.connect = udp_connect,
	.sendmsg = udp_sendmsg,
	.recvmsg = udp_recvmsg,
	.shutdown = udp_shutdown,
	.close = udp_close,
	.getsockopt = udp_getsockopt,
	.setsockopt = udp_setsockopt,
	.getname = udp_getname,
	.ioctl = udp_ioctl,
	.zc_recv = udp_zc_recv,
};
