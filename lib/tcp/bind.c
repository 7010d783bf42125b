/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local addresses and ports. Port 0 is replaced by a port of our choice when one is needed: by
 * listen(), connect() or getsockname(), so that connect() can choose one that suits the peer (as
 * Linux does with IP_BIND_ADDRESS_NO_PORT); at once if IP_BIND_ADDRESS_NO_PORT is 0.
 */
#include <errno.h>
#include <string.h>

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

int tcp_bind(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	struct ip_addr a;
	uint16_t port;
	int rc = sock_addr_in(s, SOCK_ADDR_BIND, &a, &port, addr, len);

	if (rc)
		return rc;
	if (c->state != TCPS_CLOSED || (c->flags & (CONN_F_NAMED | CONN_F_BOUND)))
		return -EINVAL;
	if (!ip_addr_is_any(&a) && !net_local(w, a.b, a.family))
		return -EADDRNOTAVAIL;
	if (port && table_port_conflict(w, c, a.b, WIRE_BE16(port)))
		return -EADDRINUSE;
	memcpy(c->flow.dst, a.b, 16);
	c->flow.dport_be = 0; /* an attempt before may have left one */
	if (port)
		rc = take_port(w, c, WIRE_BE16(port));
	else if (c->flags & CONN_F_BIND_PORT)
		rc = tcp_autobind(w, c);
	if (rc) {
		memset(c->flow.dst, 0, 16);
		return rc;
	}
	c->flags &= ~CONN_F_ADDR_SET;
	c->flags |= CONN_F_NAMED | (port ? CONN_F_PORT_SET : 0) |
		    (ip_addr_is_any(&a) ? 0 : CONN_F_ADDR_SET);
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
	struct ip_addr a = {.family = c->sock.family};

	memcpy(a.b, addr, 16);
	ip_addr_to_sockaddr(&a, WIRE_BE16(port_be), 0, sa, len);
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
