/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local addresses and ports. Port 0 is replaced by a port of our choice when one is needed: by
 * listen(), connect() or getsockname(), so that connect() can choose one that suits the peer (as
 * Linux does with IP_BIND_ADDRESS_NO_PORT); at once if IP_BIND_ADDRESS_NO_PORT is 0.
 */
#include <errno.h>
#include <string.h>

#include "net/scope.h"
#include "tcp/sockcalls.h"
#include "tcp/table.h"
#include "wire/bytes.h"

/* 0, -ENOBUFS. */
static int take_port(struct nsk_worker *w, struct tcp_conn *c, uint16_t port_be)
{
	c->flow.dport_be = port_be;
	if (table_add_port(w, c) == 0)
		return 0;
	c->flow.dport_be = 0;
	return -ENOBUFS;
}

/* Gives a socket the name that it is bound to, if nobody else has it. */
static int take_name(struct nsk_worker *w, struct tcp_conn *c, const struct sock_end *own)
{
	uint8_t family = c->sock.family;
	int rc = 0;

	c->sock.family = own->addr.family;
	memcpy(c->flow.dst, own->addr.b, 16);
	c->flow.dport_be = 0; /* an attempt before may have left one */
	if (own->port && table_port_conflict(w, c, own->addr.b, WIRE_BE16(own->port)))
		rc = -EADDRINUSE;
	else if (own->port)
		rc = take_port(w, c, WIRE_BE16(own->port));
	else if (c->flags & CONN_F_BIND_PORT)
		rc = tcp_autobind(w, c);
	if (rc) {
		c->sock.family = family;
		memset(c->flow.dst, 0, 16);
	}
	return rc;
}

int tcp_bind(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	struct sock_end own;
	int rc = sock_addr_in(s, SOCK_ADDR_BIND, &own, addr, len);
	bool any;

	if (rc)
		return rc;
	if (own.addr.family == AF_INET6 && ip_addr_is_multicast(&own.addr))
		return -EINVAL; /* as Linux, of IPv6 alone */
	if (c->state != TCPS_CLOSED || (c->flags & (CONN_F_NAMED | CONN_F_BOUND)))
		return -EINVAL;
	any = ip_addr_is_any(&own.addr);
	if (!any)
		rc = scope_bind(w, &own.addr, own.scope);
	if (rc == 0)
		rc = take_name(w, c, &own);
	if (rc)
		return rc;
	c->flags &= ~CONN_F_ADDR_SET;
	c->flags |= CONN_F_NAMED | (own.port ? CONN_F_PORT_SET : 0) | (any ? 0 : CONN_F_ADDR_SET);
	if (!any && own.addr.family == AF_INET6)
		s->six |= SOCK_SIX_ONLY; /* as Linux: there is no IPv4 by this address */
	return 0;
}

int tcp_autobind(struct nsk_worker *w, struct tcp_conn *c)
{
	struct ports_iter it;
	uint16_t port;
	int rc;

	if (c->flags & CONN_F_BOUND)
		return 0;
	ports_begin(&w->tcp->ports, &it, c->flow.dst, 16, (uint16_t)w->set->port_min,
		    (uint16_t)w->set->port_max);
	while (ports_next(&it, &port)) {
		if (table_port_conflict(w, c, c->flow.dst, WIRE_BE16(port)))
			continue;
		rc = take_port(w, c, WIRE_BE16(port));
		if (rc == 0)
			ports_taken(&w->tcp->ports, &it);
		return rc;
	}
	return -EADDRINUSE;
}

static void addr_out(const struct tcp_conn *c, const uint8_t addr[16], uint16_t port_be,
		     struct sockaddr *sa, socklen_t *len)
{
	const struct ip_addr a = ip_addr_of(c->sock.family, addr);
	const struct ip_addr own = ip_addr_of(c->sock.family, c->flow.dst);

	sock_addr_out(&c->sock, &a, WIRE_BE16(port_be),
		      scope_number(c->sock.worker, &a, &own, c->route.iface), sa, len);
}

int tcp_getname(struct sock *s, enum sock_name which, struct sockaddr *addr, socklen_t *len)
{
	struct tcp_conn *c = conn_of_sock(s);
	const uint32_t no_peer = TCPS_BIT(TCPS_CLOSED) | TCPS_BIT(TCPS_LISTEN) |
				 TCPS_BIT(TCPS_SYN_SENT);

	if (which != SOCK_NAME_OWN) {
		if (which == SOCK_NAME_PEER && conn_in(c, no_peer))
			return -ENOTCONN;
		addr_out(c, c->flow.src, c->flow.sport_be, addr, len);
		return 0;
	}
	/* Bound to port 0: now somebody wants to know. */
	if ((c->flags & CONN_F_NAMED) && !c->flow.dport_be && tcp_autobind(s->worker, c))
		return -ENOBUFS;
	addr_out(c, c->flow.dst, c->flow.dport_be, addr, len);
	return 0;
}
