/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a stream with a mark in it: what is different from stream.c and zc.c. Linux's rules: a
 * read ends at the mark if it has given something; one that begins there goes beyond it, over the
 * urgent octet if that is out of line. recv(MSG_OOB) never waits.
 */
#include "tcp/urgent.h"

#include <errno.h>
#include <string.h>

#include "mbuf/pool.h"
#include "tcp/rcvbuf.h"
#include "tcp/sockcalls.h"

/* No more octets will come. */
static bool at_end(const struct tcp_conn *c)
{
	return (c->flags & (CONN_F_FIN_RCVD | CONN_F_SHUT_RD)) || c->state == TCPS_CLOSED;
}

static bool in_line(const struct tcp_conn *c)
{
	return c->flags & CONN_F_OOBINLINE;
}

bool urgent_is_next(const struct tcp_conn *c)
{
	return c->rcv.bytes && !in_line(c) && urgent_at_mark(c, 0);
}

/* If the application has read beyond the mark, there is none. */
static void pass_mark(struct tcp_conn *c)
{
	struct tcp_urgent *u = &c->ext->urgent;

	if (!u->mark || seq_leq(urgent_unread(c), u->rcv_up))
		return;
	u->mark = URGENT_NONE;
	sock_unready(&c->sock, EPOLLPRI);
	urgent_settle(c);
}

/* Octets are left to be read, apart from the urgent one. */
static bool is_readable(const struct tcp_conn *c)
{
	return c->rcv.bytes > urgent_is_next(c) || at_end(c);
}

void urgent_tell(struct tcp_conn *c)
{
	if (is_readable(c))
		sock_ready(&c->sock, EPOLLIN);
	else
		sock_unready(&c->sock, EPOLLIN);
}

void urgent_skip(struct nsk_worker *w, struct tcp_conn *c)
{
	rcvq_consume(w, c, 1);
	tcp_recv_done(w, c, 1);
	pass_mark(c);
}

/* Octets from what was read to the mark, if there is one and it is ahead. */
static uint32_t until_mark(const struct tcp_conn *c)
{
	const struct tcp_urgent *u = &c->ext->urgent;

	return u->mark && !urgent_at_mark(c, 0) ? u->rcv_up - urgent_unread(c) : UINT32_MAX;
}

/* The application has taken octets. */
static void read_done(struct tcp_conn *c)
{
	pass_mark(c);
	if (!is_readable(c))
		sock_unready(&c->sock, EPOLLIN);
}

ssize_t tcp_marked_recvmsg(struct sock *s, struct msghdr *msg, int flags)
{
	struct tcp_conn *c = conn_of_sock(s);
	bool next = urgent_is_next(c);
	ssize_t n;

	if ((flags & (MSG_OOB | MSG_ERRQUEUE)) || tcp_msg_room(msg) == 0)
		return tcp_recvmsg(s, msg, flags);
	if (flags & MSG_PEEK)
		return tcp_stream_recvmsg(s, msg, flags, next, until_mark(c));
	if (next)
		urgent_skip(s->worker, c);
	n = tcp_stream_recvmsg(s, msg, flags, 0, until_mark(c));
	read_done(c);
	return n;
}

ssize_t tcp_recv_urgent(struct sock *s, struct msghdr *msg, int flags)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct tcp_urgent *u;
	bool room;

	if (c->state == TCPS_LISTEN)
		return -ENOTCONN;
	u = c->ext ? &c->ext->urgent : NULL;
	if (!u || in_line(c) || u->mark == URGENT_NONE || u->mark == URGENT_TAKEN)
		return -EINVAL;
	if (c->state == TCPS_CLOSED && !(c->flags & CONN_F_FIN_RCVD))
		return -ENOTCONN;
	if (u->mark == URGENT_AWAITED)
		return at_end(c) ? 0 : -EAGAIN;
	room = tcp_msg_room(msg) != 0;
	msg->msg_flags = room ? MSG_OOB : MSG_OOB | MSG_TRUNC;
	if (room && !(flags & MSG_TRUNC))
		tcp_msg_put(msg, &u->octet, 1);
	if (!(flags & MSG_PEEK)) {
		u->mark = URGENT_TAKEN;
		sock_unready(&c->sock, EPOLLPRI);
	}
	return room;
}

/* The first buffer; if the mark is in it, a copy of what is before that, as far as a buffer holds.
 * NULL: there is none. */
static struct rte_mbuf *pop_until(struct nsk_worker *w, struct tcp_conn *c, uint32_t most)
{
	struct rte_mbuf *m = c->rcv.head, *copy;
	uint32_t len;

	if (m->data_len <= most)
		return rcvq_pop(w, c);
	copy = pkt_alloc(w);
	if (!copy)
		return NULL;
	len = NSK_MIN(most, (uint32_t)rte_pktmbuf_tailroom(copy));
	memcpy(rte_pktmbuf_append(copy, (uint16_t)len), rte_pktmbuf_mtod(m, void *), len);
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_RX, len);
	rcvq_consume(w, c, len);
	return copy;
}

int tcp_marked_zc_recv(struct sock *s, struct rte_mbuf **bufs, unsigned max)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	uint32_t most, len = 0;
	unsigned n = 0;

	if (urgent_is_next(c))
		urgent_skip(w, c);
	if (c->rcv.bytes == 0)
		return tcp_recv_status(s);
	most = until_mark(c);
	while (n < max && len < most && c->rcv.head) {
		bufs[n] = pop_until(w, c, most - len);
		if (!bufs[n])
			break;
		len += bufs[n++]->data_len;
	}
	if (n == 0)
		return -ENOBUFS;
	tcp_recv_done(w, c, len);
	read_done(c);
	return (int)n;
}

bool tcp_at_mark(struct sock *s, size_t ahead)
{
	return urgent_at_mark(conn_of_sock(s), (uint32_t)ahead);
}

uint32_t tcp_readable_octets(const struct tcp_conn *c)
{
	if (NSK_LIKELY(!c->loss.urgent) || in_line(c))
		return c->rcv.bytes;
	return urgent_is_next(c) ? 0 : NSK_MIN(until_mark(c), c->rcv.bytes);
}
