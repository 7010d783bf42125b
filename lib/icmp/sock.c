/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP sockets: their life, addresses and identifiers; see icmp.h. */
#include <errno.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "icmp/icmp.h"

static const struct sock_ops raw_ops, ping_ops;

/* ---- the worker's part ----------------------------------------------------------------------- */

int icmp_worker_init(struct nsk_worker *w)
{
	struct icmp_worker *icmp = mem_zalloc_apart(w->mem, sizeof(*icmp));
	int rc;

	if (!icmp)
		return -ENOMEM;
	list_init(&icmp->all);
	list_init(&icmp->raw);
	for (unsigned i = 0; i < ICMP_BUCKETS; i++)
		list_init(&icmp->ping[i]);
	rc = slab_init(&icmp->socks, w->mem, sizeof(struct icmp_sock), 0, w->set->max_sockets,
		       "ICMP sockets");
	if (rc) {
		mem_free(w->mem, icmp, sizeof(*icmp));
		return rc;
	}
	w->icmp = icmp;
	return 0;
}

/* What comes in is copied to workers that have ICMP sockets. */
static void announce(struct nsk_worker *w)
{
	const uint64_t bit = UINT64_C(1) << w->id;

	if (w->icmp->count)
		__atomic_fetch_or(&w->shared->icmp_users, bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&w->shared->icmp_users, ~bit, __ATOMIC_RELAXED);
}

static void free_sock(struct icmp_sock *i)
{
	struct nsk_worker *w = i->d.sock.worker;

	list_del(&i->link);
	if (i->d.flags & DGRAM_F_BOUND)
		list_del(&i->found);
	w->icmp->count--;
	announce(w);
	dgram_fini(&i->d);
	slab_free(&w->icmp->socks, i);
}

void icmp_worker_fini(struct nsk_worker *w)
{
	struct list_node *n, *tmp;

	if (!w->icmp)
		return;
	NSK_LIST_FOREACH_SAFE(n, tmp, &w->icmp->all)
		free_sock(NSK_LIST_ENTRY(n, struct icmp_sock, link));
	slab_fini(&w->icmp->socks);
	mem_free(w->mem, w->icmp, sizeof(*w->icmp));
	w->icmp = NULL;
}

unsigned icmp_list(const struct nsk_worker *w, uint32_t *cursor, struct dgram_row *rows,
		   unsigned max)
{
	const struct list_node *n;
	uint32_t at = 0;
	unsigned got = 0;

	NSK_LIST_FOREACH(n, &w->icmp->all) {
		if (at++ < *cursor)
			continue;
		if (got == max) {
			*cursor += max;
			return max;
		}
		dgram_row(&NSK_LIST_ENTRY(n, struct icmp_sock, link)->d, &rows[got++]);
	}
	*cursor = UINT32_MAX;
	return got;
}

void icmp_levels(const struct nsk_worker *w, struct nsk_levels *levels)
{
	levels->icmp_sockets += w->icmp->count;
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct icmp_sock *create(struct nsk_worker *w, uint8_t domain, const struct sock_ops *ops)
{
	struct icmp_sock *i = slab_zalloc(&w->icmp->socks);

	if (!i)
		return NULL;
	dgram_init(&i->d, w, ops, domain);
	i->d.sock.flags |= SOCK_F_REUSEADDR; /* as in Linux, so that programs may choose alike */
	list_add_tail(&w->icmp->all, &i->link);
	w->icmp->count++;
	announce(w);
	return i;
}

/* As in Linux its port is the protocol's number. */
int icmp_create_raw(struct nsk_worker *w, uint8_t domain, struct sock **s)
{
	struct icmp_sock *i = create(w, domain, &raw_ops);

	if (!i)
		return -ENOBUFS;
	i->d.lport = IPPROTO_ICMP;
	i->d.flags |= DGRAM_F_BOUND;
	list_add_tail(&w->icmp->raw, &i->found);
	*s = &i->d.sock;
	return 0;
}

int icmp_create_ping(struct nsk_worker *w, uint8_t domain, struct sock **s)
{
	struct icmp_sock *i = create(w, domain, &ping_ops);

	if (!i)
		return -ENOBUFS;
	*s = &i->d.sock;
	return 0;
}

static void icmp_close(struct sock *s)
{
	free_sock(icmp_sock_of(s));
}

/* ---- identifiers ----------------------------------------------------------------------------- */

/* Whether another socket keeps i from an identifier: two may have it if both say so. */
static bool taken(const struct icmp_sock *i, uint16_t id, bool share)
{
	struct list_node *n;

	NSK_LIST_FOREACH(n, &i->d.sock.worker->icmp->ping[id % ICMP_BUCKETS]) {
		const struct dgram *d = &NSK_LIST_ENTRY(n, struct icmp_sock, found)->d;

		if (d->lport == id &&
		    !(share && i->d.sock.flags & d->sock.flags & SOCK_F_REUSEADDR))
			return true;
	}
	return false;
}

static void take(struct icmp_sock *i, uint16_t id)
{
	i->d.lport = id;
	i->d.flags |= DGRAM_F_BOUND;
	list_add_tail(&i->d.sock.worker->icmp->ping[id % ICMP_BUCKETS], &i->found);
}

/* Each worker chooses among its own, so that two do not choose the same. */
int icmp_autobind(struct icmp_sock *i)
{
	struct nsk_worker *w = i->d.sock.worker;
	uint32_t first = rng_u32(&w->rng) & UINT16_MAX;

	if (i->d.flags & DGRAM_F_BOUND)
		return 0;
	for (uint32_t k = 0; k <= UINT16_MAX; k++) {
		uint16_t id = (uint16_t)(first + k);

		if (id == 0 || id % w->peers != w->id || taken(i, id, false))
			continue;
		take(i, id);
		return 0;
	}
	return -EAGAIN;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static int raw_bind(struct sock *s, const struct sockaddr *sa, socklen_t len)
{
	struct dgram *d = dgram_of(s);
	struct sock_end own;
	int rc = sock_addr_in(s, SOCK_ADDR_BIND, &own, sa, len);

	if (rc)
		return rc;
	if (d->flags & DGRAM_F_CONNECTED)
		return -EINVAL;
	rc = dgram_may_bind(s->worker, &own);
	if (rc)
		return rc;
	d->laddr = own.addr;
	d->route.iface = NULL;
	return 0;
}

static int ping_bind(struct sock *s, const struct sockaddr *sa, socklen_t len)
{
	struct icmp_sock *i = icmp_sock_of(s);
	struct sock_end own;
	int rc = sock_addr_in(s, SOCK_ADDR_BIND, &own, sa, len);

	if (rc)
		return rc;
	if (!ip_addr_is_any(&own.addr) && !net_local(s->worker, own.addr.b, own.addr.family))
		return -EADDRNOTAVAIL;
	if (i->d.flags & DGRAM_F_BOUND)
		return -EINVAL;
	if (own.port && taken(i, own.port, true))
		return -EADDRINUSE;
	if (own.port)
		take(i, own.port);
	else if (icmp_autobind(i))
		return -EADDRINUSE;
	i->d.laddr = own.addr;
	return 0;
}

static int icmp_connect(struct sock *s, const struct sockaddr *sa, socklen_t len)
{
	struct icmp_sock *i = icmp_sock_of(s);
	struct sock_end peer;
	struct ip_addr src;
	int rc = icmp_autobind(i);

	if (rc)
		return rc;
	if (dgram_names_nobody(sa, len)) {
		dgram_clear_peer(&i->d);
		return 0;
	}
	rc = dgram_peer_in(&i->d, &peer, sa, len);
	if (rc)
		return rc;
	dgram_clear_peer(&i->d);
	rc = dgram_route_later(&i->d, &peer, &src);
	if (rc)
		return rc;
	dgram_set_peer(&i->d, &src, &peer);
	return 0;
}

/* ---- operations ------------------------------------------------------------------------------ */

#define ICMP_OPS                                                                     \
	.protocol = IPPROTO_ICMP, .connect = icmp_connect, .recvmsg = dgram_recvmsg, \
	.shutdown = dgram_shutdown, .close = icmp_close, .getname = dgram_getname,   \
	.ioctl = dgram_ioctl, .zc_recv = dgram_zc_recv, .zc_msg = dgram_zc_msg

static const struct sock_ops raw_ops = {
	ICMP_OPS,
	.type = SOCK_RAW,
	.options = &icmp_raw_options,
	.bind = raw_bind,
	.sendmsg = icmp_raw_sendmsg,
};

static const struct sock_ops ping_ops = {
	ICMP_OPS,	   .type = SOCK_DGRAM,		 .options = &dgram_options,
	.bind = ping_bind, .sendmsg = icmp_ping_sendmsg,
};
