/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Active open: way, local address and port, ISN, SYN. RFC 9293 §3.10.1, RFC 6056 (ports),
 * RFC 6528 (ISN).
 */
#include <errno.h>
#include <string.h>

#include "mbuf/shared.h"
#include "net/scope.h"
#include "tcp/ecn.h"
#include "tcp/fastopen.h"
#include "tcp/listen.h"
#include "tcp/moved.h"
#include "tcp/output.h"
#include "tcp/rcvbuf.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/table.h"
#include "tcp/time_wait.h"
#include "tcp/way.h"
#include "tcpalg/seq.h"
#include "wire/bytes.h"

/* What a socket keeps from one attempt to the next. */
#define FLAGS_KEPT                                                                        \
	(CONN_F_DIRTY | CONN_F_BOUND | CONN_F_NAMED | CONN_F_PORT_SET | CONN_F_ADDR_SET | \
	 CONN_F_BIND_PORT | CONN_F_SHUT_RD | CONN_F_INHERIT)

/* Packets of this flow come to another worker. */
static bool away(struct nsk_worker *w, const struct flow *f)
{
	return w->peers > 1 && w->ops->flow_owner(w, f) != w->id;
}

/* True if nobody has the 4-tuple, or only a TIME-WAIT that gives way. */
static bool flow_free(struct nsk_worker *w, const struct tcp_conn *c, const struct flow *f,
		      uint32_t *iss_after)
{
	struct tcp_worker *t = w->tcp;
	uint32_t value;

	value = table_find(w, table_flow_hash(t, f, c->sock.family), f, c->sock.family);
	if (NSK_UNLIKELY(value != HTAB_NONE) && table_kind_of(value) == TABLE_MOVED) {
		if (!tcp_moved_clear(w, slab_at(&t->moved, table_index(value))))
			return false;
		value = table_find(w, table_flow_hash(t, f, c->sock.family), f, c->sock.family);
	}
	if (value == HTAB_NONE)
		return true;
	return table_kind_of(value) == TABLE_TIME_WAIT &&
	       time_wait_reuse(w, slab_at(&t->time_waits, table_index(value)), iss_after);
}

/* Whether a connection may have port, which f gets. */
static bool port_free(struct nsk_worker *w, const struct tcp_conn *c, struct flow *f,
		      uint16_t port_be, uint32_t *iss_after)
{
	f->dport_be = port_be;
	if (w->tcp->bound && table_port_conflict(w, c, f->dst, f->dport_be))
		return false;
	return !away(w, f) && flow_free(w, c, f, iss_after);
}

/* One of those that came free since none was. */
static int choose_freed(struct nsk_worker *w, struct tcp_full *full, const struct tcp_conn *c,
			struct flow *f, uint32_t *iss_after)
{
	while (full->n)
		if (port_free(w, c, f, full->freed_be[--full->n], iss_after))
			return 0;
	return -EADDRNOTAVAIL;
}

/* A local port towards the destination in f, which gets it. 0 or -EADDRNOTAVAIL. */
static int choose_port(struct nsk_worker *w, const struct tcp_conn *c, struct flow *f,
		       uint32_t *iss_after)
{
	struct tcp_worker *t = w->tcp;
	struct tcp_full *full;
	struct ports_iter it;
	uint16_t port;

	full = full_holds(&t->fulls, f, w->now_ns);
	if (NSK_UNLIKELY(full != NULL))
		return choose_freed(w, full, c, f, iss_after);
	/* Both addresses and the foreign port: the flow without its last two bytes. */
	ports_begin(&t->ports, &it, f, offsetof(struct flow, dport_be), (uint16_t)w->set->port_min,
		    (uint16_t)w->set->port_max);
	while (ports_next(&it, &port)) {
		if (!port_free(w, c, f, WIRE_BE16(port), iss_after))
			continue;
		ports_taken(&t->ports, &it);
		return 0;
	}
	full_note(&t->fulls, f, w->now_ns);
	return -EADDRNOTAVAIL;
}

/* Tells why an attempt failed, or what ended the connection that came of it. */
static int tell_failure(struct nsk_worker *w, struct tcp_conn *c)
{
	int err = sock_take_error(&c->sock);

	conn_disconnect(w, c);
	return err ? err : -ECONNABORTED;
}

int tcp_connected(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	switch (c->state) {
	case TCPS_SYN_SENT:
	case TCPS_SYN_RCVD:
		return -EAGAIN;
	case TCPS_CLOSED:
		return tell_failure(s->worker, c);
	case TCPS_LISTEN: /* somebody gave up the attempt, and found another use */
		return -ECONNABORTED;
	default:
		c->flags &= ~CONN_F_ACTIVE;
		return 0;
	}
}

/* 0: an attempt can begin. What became of the one before is told first, as in Linux by connect()
 * itself; a connection that was open stays what it was. */
static int may_connect(struct nsk_worker *w, struct tcp_conn *c)
{
	switch (c->state) {
	case TCPS_CLOSED:
		if (!(c->flags & CONN_F_WAS_OPEN))
			return 0;
		return c->flags & CONN_F_ACTIVE ? tell_failure(w, c) : -EISCONN;
	case TCPS_SYN_SENT:
	case TCPS_SYN_RCVD:
		return fastopen_waits(c) ? -EISCONN : -EALREADY;
	default:
		return -EISCONN;
	}
}

/* Whom a connection may be opened to (RFC 9293 §3.9.1.1: nobody that stands for many); the
 * unspecified address is this host. */
static int destination(const struct tcp_conn *c, const struct sockaddr *addr, socklen_t len,
		       struct sock_end *to)
{
	int rc = sock_addr_in(&c->sock, SOCK_ADDR_CONNECT, to, addr, len);
	const struct ip_addr *dst = &to->addr;
	const struct local_entry *own;
	struct ip_addr bound;

	if (rc)
		return rc;
	bound = ip_addr_any(0);
	if (c->flags & CONN_F_ADDR_SET)
		bound = ip_addr_of(c->sock.family, c->flow.dst);
	net_mean_self(&to->addr, &bound);
	if (ip_addr_is_multicast(dst) || ip_addr_is_broadcast(dst))
		return -ENETUNREACH;
	own = net_local_entry(c->sock.worker, dst->b, dst->family);
	if (own && own->kind == LOCAL_BROADCAST)
		return -ENETUNREACH;
	if (NSK_UNLIKELY(dst->family != c->sock.family) && c->sock.family == AF_INET)
		return -EAFNOSUPPORT; /* bound to ::ffff:a.b.c.d */
	return to->port ? 0 : -EADDRNOTAVAIL;
}

/* Where it is sent from, as far as bind() or the destination's link says; else family 0. */
static int source(const struct tcp_conn *c, const struct sock_end *to, struct ip_addr *src)
{
	if (NSK_UNLIKELY(to->scope) && !(c->flags & CONN_F_ADDR_SET))
		return scope_source(c->sock.worker, to->scope, src);
	*src = ip_addr_any(0);
	if (c->flags & CONN_F_ADDR_SET)
		*src = ip_addr_of(c->sock.family, c->flow.dst);
	return 0;
}

/* Fills in the 4-tuple, of the socket's family. iss_after: what the ISN must exceed, or 0. */
static int fill_flow(struct nsk_worker *w, struct tcp_conn *c, const struct sock_end *to,
		     struct flow *f, uint32_t *iss_after)
{
	struct ip_addr src;
	int rc = source(c, to, &src);

	if (rc == 0)
		rc = net_route(w, &c->route, &to->addr, &src);
	if (rc == 0 && NSK_UNLIKELY(to->scope) && c->route.iface->index + 1U != to->scope)
		rc = -EINVAL; /* bound to another link's address */
	if (rc == -EADDRNOTAVAIL && c->flags & CONN_F_ADDR_SET)
		rc = -ENETUNREACH; /* as Linux: bound to an address that is not ours any more */
	if (rc)
		return rc;
	memcpy(f->src, to->addr.b, 16);
	memcpy(f->dst, src.b, 16);
	f->sport_be = WIRE_BE16(to->port);
	if (!(c->flags & CONN_F_BOUND))
		return choose_port(w, c, f, iss_after);
	f->dport_be = c->flow.dport_be;
	if (!flow_free(w, c, f, iss_after))
		return -EADDRNOTAVAIL;
	if (away(w, f)) /* as the port is given: who gets its packets asks us */
		__atomic_store_n(&w->shared->strays, true, __ATOMIC_RELAXED);
	return 0;
}

/* The same; of several paths the one is taken that is the flow's, now that it has its ports. */
static int choose_flow(struct nsk_worker *w, struct tcp_conn *c, const struct sock_end *to,
		       struct flow *f, uint32_t *iss_after)
{
	int rc = fill_flow(w, c, to, f, iss_after);

	if (rc == 0 && NSK_UNLIKELY(net_route_several(w)))
		rc = tcp_route(w, &c->route, f, c->sock.family);
	return rc;
}

int tcp_open(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	uint32_t iss, iss_after = 0;
	struct flow f = {0}, bound = c->flow;
	uint8_t family = s->family;
	struct sock_end to;
	int rc;

	rc = may_connect(w, c);
	if (rc == 0)
		rc = destination(c, addr, len, &to);
	if (rc)
		return rc;
	tcp_clock(w);
	s->family = to.addr.family;
	rc = choose_flow(w, c, &to, &f, &iss_after);
	if (rc)
		goto fail;
	c->flow = f;
	if (table_add_conn(w, c, table_flow_hash(w->tcp, &f, s->family))) {
		c->flow = bound;
		rc = -ENOBUFS;
		goto fail;
	}
	rcvq_purge(w, c);
	c->flags = (c->flags & (FLAGS_KEPT | CONN_F_HASHED)) | CONN_F_ACTIVE | CONN_F_OPENER;
	iss = tcp_isn(w, &f, s->family);
	if (iss_after && seq_leq(iss, iss_after))
		iss = iss_after + 1;
	conn_start(w, c, iss);
	c->ts_off = tcp_ts_offset(w, &f, s->family);
	ecn_ask(w, c);
	conn_set_state(w, c, TCPS_SYN_SENT);
	worker_count(w, NSK_CNT_TCP_ACTIVE_OPENS, 1);
	s->err = 0;
	sock_unready(s, EPOLLOUT | EPOLLERR | EPOLLHUP);
	if (NSK_LIKELY(!(c->flags & CONN_F_SHUT_RD)))
		sock_unready(s, EPOLLIN | EPOLLRDHUP);
	sock_untold_ready(s);
	return 0;

fail:
	s->family = family;
	return rc;
}

/* connect() to AF_UNSPEC: there is no peer any more (as Linux's tcp_disconnect()). */
static int leave_peer(struct nsk_worker *w, struct tcp_conn *c)
{
	tcp_clock(w);
	if (c->state == TCPS_LISTEN)
		listener_stop(w, c);
	else
		conn_abort(w, c, ECONNRESET);
	conn_disconnect(w, c);
	return 0;
}

int tcp_connect(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct tcp_conn *c = conn_of_sock(s);
	int rc;

	if (len >= (socklen_t)sizeof(addr->sa_family) && addr->sa_family == AF_UNSPEC)
		return leave_peer(s->worker, c);
	if (conn_in(c, TCPS_SYNCHRONIZED) && (c->flags & CONN_F_ACTIVE))
		return tcp_connected(s); /* as Linux: the first call after the opening says so */
	rc = tcp_open(s, addr, len);
	if (rc)
		return rc;
	if (c->ext && (c->ext->fastopen_bits & FASTOPEN_CONNECT))
		return tcp_fastopen_connect(s->worker, c);
	conn_ack_now(s->worker, c);
	return -EINPROGRESS;
}
