/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP sockets: their life, addresses and ports; see udp.h. */
#include <errno.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "net/scope.h"
#include "udp/udp.h"

/* ---- the worker's part ---- */

int udp_worker_init(struct nsk_worker *w)
{
	struct udp_worker *udp = mem_zalloc_apart(w->mem, sizeof(*udp));
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
	struct nsk_worker *w = u->d.sock.worker;

	udp_table_del(w, u);
	list_del(&u->link);
	w->udp->count--;
	udp_cork_drop(u);
	dgram_fini(&u->d);
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
	dgram_init(&u->d, w, &udp_ops, domain);
	list_add_tail(&w->udp->all, &u->link);
	w->udp->count++;
	*s = &u->d.sock;
	return 0;
}

static void udp_close(struct sock *s)
{
	free_sock(udp_of(s));
}

/* ---- addresses ---- */

static int udp_bind(struct sock *s, const struct sockaddr *sa, socklen_t len)
{
	struct udp_sock *u = udp_of(s);
	struct dgram *d = &u->d;
	struct sock_end own;
	int rc = sock_addr_in(s, SOCK_ADDR_BIND, &own, sa, len);

	if (rc)
		return rc;
	if (d->flags & DGRAM_F_BOUND)
		return -EINVAL;
	rc = dgram_may_bind(s->worker, &own);
	if (rc)
		return rc;
	if (own.port == 0)
		rc = udp_table_pick(u, &own.addr, &own.addr, NULL, &own.port);
	else if (udp_table_conflict(u, &own.addr, own.port))
		rc = -EADDRINUSE;
	if (rc)
		return rc;
	dgram_set_name(d, &own);
	rc = udp_table_add(s->worker, u);
	if (rc)
		dgram_clear_name(d);
	else if (own.addr.family == AF_INET6 && !ip_addr_is_any(&own.addr))
		s->six |= SOCK_SIX_ONLY; /* as Linux: there is no IPv4 by this address */
	return rc;
}

/* The answer should come back to this worker, so the address that it will come to matters. */
static int answered_at(const struct dgram_sending *x, struct ip_addr *from)
{
	if (NSK_UNLIKELY(scope_has(&x->dst)) && x->how.iface && ip_addr_is_any(&x->d->laddr))
		return scope_source(x->d->sock.worker, x->how.iface, from);
	return dgram_route(x->d, &x->dst, x->port, from);
}

int udp_autobind(const struct dgram_sending *x)
{
	const struct sock_end peer = {.addr = x->dst, .port = x->port};
	struct dgram *d = x->d;
	struct ip_addr from = d->laddr;
	uint16_t port;
	int rc;

	if (NSK_LIKELY(d->flags & DGRAM_F_BOUND))
		return 0;
	rc = answered_at(x, &from);
	if (rc)
		return rc;
	rc = udp_table_pick(udp_of(&d->sock), &d->laddr, &from, &peer, &port);
	if (rc)
		return -EAGAIN; /* as Linux */
	d->lport = port;
	rc = udp_table_add(d->sock.worker, udp_of(&d->sock));
	if (rc)
		d->lport = 0;
	else
		d->flags |= DGRAM_F_PICKED;
	return rc;
}

/* Back to what bind() had made of it; to nothing, if its place was taken meanwhile. */
static int disconnect(struct udp_sock *u)
{
	struct nsk_worker *w = u->d.sock.worker;
	int rc;

	if (!(u->d.flags & DGRAM_F_CONNECTED))
		return 0;
	udp_table_del(w, u);
	dgram_clear_peer(&u->d);
	if (u->d.flags & DGRAM_F_PICKED) {
		u->d.flags &= (uint16_t)~DGRAM_F_PICKED;
		u->d.lport = 0;
		return 0;
	}
	rc = udp_table_add(w, u);
	if (rc)
		dgram_clear_name(&u->d);
	return rc;
}

/* Gives a socket with a way to its peer its local end and puts it into the table as connected. */
static int set_connected(struct udp_sock *u, const struct ip_addr *src, const struct sock_end *peer)
{
	struct nsk_worker *w = u->d.sock.worker;
	uint16_t port = u->d.lport;
	int rc;

	if (!port) {
		rc = udp_table_pick(u, src, src, peer, &port);
		if (rc)
			return -EAGAIN; /* as Linux */
		u->d.flags |= DGRAM_F_PICKED;
	}
	udp_table_del(w, u);
	u->d.lport = port;
	dgram_set_peer(&u->d, src, peer);
	return udp_table_add(w, u);
}

static int udp_connect(struct sock *s, const struct sockaddr *sa, socklen_t len)
{
	struct udp_sock *u = udp_of(s);
	struct sock_end peer;
	struct ip_addr src;
	int rc;

	if (dgram_names_nobody(sa, len))
		return disconnect(u);
	rc = dgram_peer_in(&u->d, &peer, sa, len);
	if (rc == 0)
		rc = disconnect(u);
	if (rc == 0)
		rc = dgram_route_later(&u->d, &peer, &src);
	return rc ? rc : set_connected(u, &src, &peer);
}

const struct sock_ops udp_ops = {
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_UDP,
	.bind = udp_bind,
	.connect = udp_connect,
	.sendmsg = udp_sendmsg,
	.recvmsg = dgram_recvmsg,
	.shutdown = dgram_shutdown,
	.close = udp_close,
	.options = &udp_options,
	.getname = dgram_getname,
	.ioctl = dgram_ioctl,
	.zc_recv = dgram_zc_recv,
	.zc_msg = dgram_zc_msg,
	.zc_queue = dgram_zc_queue,
};
