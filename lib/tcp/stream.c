/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading and writing: between the application's memory and the queues. RFC 9293 §3.10.2 (SEND),
 * §3.10.3 (RECEIVE). Errors and their order as in Linux: what was received can still be read after
 * the connection broke.
 */
#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "sock/zc_send.h"
#include "tcp/fastopen.h"
#include "tcp/rcvbuf.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/timer.h"
#include "tcp/urgent.h"

#define OPENING (TCPS_BIT(TCPS_SYN_SENT) | TCPS_BIT(TCPS_SYN_RCVD))

/* ---- sending ---- */

int tcp_send_status(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	if (NSK_LIKELY(conn_in(c, TCPS_BIT(TCPS_ESTABLISHED) | TCPS_BIT(TCPS_CLOSE_WAIT))))
		return 0;
	if (s->err)
		return sock_take_error(s);
	if (conn_in(c, OPENING) && !(c->flags & CONN_F_FIN_QUEUED))
		return fastopen_early(c) ? 0 : -EAGAIN;
	return -EPIPE;
}

void tcp_no_room(struct nsk_worker *w, struct tcp_conn *c)
{
	sock_unready(&c->sock, EPOLLOUT);
	if (sndq_full(c))
		return; /* ACKs make room */
	worker_count(w, NSK_CNT_TCP_MEM_REFUSED, 1);
	tcp_want_mem(w, c);
}

void tcp_send_done(struct nsk_worker *w, struct tcp_conn *c, bool all, bool more)
{
	if (!all || NSK_UNLIKELY(sndq_full(c)))
		tcp_no_room(w, c);
	sndq_mark_push(c);
	if (NSK_UNLIKELY(more))
		c->flags |= CONN_F_MORE;
	else
		c->flags &= ~CONN_F_MORE;
	conn_dirty(w, c);
}

/* With TCP_FASTOPEN_CONNECT it opens the connection. */
static ssize_t first_writev(struct sock *s, const struct msghdr *msg)
{
	ssize_t n = tcp_fastopen_deferred(s, msg);

	return n == -EINPROGRESS ? -EAGAIN : n;
}

/* rc is what tcp_send_status() says, and forbids. */
static NSK_NOINLINE ssize_t not_open(struct sock *s, const void *buf, size_t len, int rc)
{
	struct iovec iov = {(void *)(uintptr_t)buf, len};

	if (!fastopen_waits(conn_of_sock(s)))
		return rc;
	return first_writev(s, &(struct msghdr){.msg_iov = &iov, .msg_iovlen = 1});
}

ssize_t tcp_send(struct sock *s, const void *buf, size_t len, int flags)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	int rc = tcp_send_status(s);
	size_t taken;

	if (NSK_UNLIKELY(rc))
		return not_open(s, buf, len, rc);
	taken = sndq_write(w, c, buf, len);
	if (NSK_UNLIKELY(taken == 0)) {
		if (len == 0)
			return 0;
		tcp_no_room(w, c);
		return -EAGAIN;
	}
	tcp_send_done(w, c, taken == len, flags & MSG_MORE);
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_TX, taken);
	return (ssize_t)taken;
}

ssize_t tcp_sendmsg(struct sock *s, const struct msghdr *msg, int flags)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	size_t taken = 0, copied = 0;
	bool all = true;
	int rc;

	if (NSK_UNLIKELY(flags & MSG_FASTOPEN))
		return tcp_fastopen_sendmsg(s, msg);
	rc = tcp_send_status(s);
	if (rc)
		return fastopen_waits(c) ? first_writev(s, msg) : rc;
	if (NSK_UNLIKELY(msg->msg_controllen != 0)) {
		rc = sock_control_check(msg);
		if (rc)
			return rc;
	}
	if (NSK_UNLIKELY(flags & MSG_OOB) && !conn_ext(w, c))
		return -ENOBUFS;
	for (size_t i = 0; i < msg->msg_iovlen && all; i++) {
		const struct iovec *v = &msg->msg_iov[i];
		size_t n = NSK_UNLIKELY(w->zc_send != NULL)
				   ? tcp_zc_write(w, c, v->iov_base, v->iov_len, &copied)
				   : sndq_write(w, c, v->iov_base, v->iov_len);

		all = n == v->iov_len;
		taken += n;
	}
	if (taken == 0 && !all) {
		tcp_no_room(w, c);
		return -EAGAIN;
	}
	if (NSK_UNLIKELY(flags & MSG_OOB) && taken)
		urgent_queued(c);
	if (taken)
		tcp_send_done(w, c, all, flags & MSG_MORE);
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_TX, w->zc_send ? copied : taken);
	return (ssize_t)taken;
}

/* ---- receiving ---- */

/* Of the same type as those who return it: nothing is kept over it. */
static NSK_NOINLINE ssize_t broken(struct sock *s)
{
	return sock_take_error(s);
}

ssize_t tcp_recv_status(struct sock *s)
{
	struct tcp_conn *c = conn_of_sock(s);

	if (NSK_UNLIKELY(s->err))
		return broken(s);
	if (c->flags & (CONN_F_FIN_RCVD | CONN_F_SHUT_RD))
		return 0;
	if (c->state == TCPS_CLOSED)
		return c->flags & CONN_F_WAS_OPEN ? 0 : -ENOTCONN;
	return c->state == TCPS_LISTEN ? -ENOTCONN : -EAGAIN;
}

void tcp_recv_done(struct nsk_worker *w, struct tcp_conn *c, uint32_t len)
{
	if (c->rcv.bytes == 0 && !(c->flags & (CONN_F_FIN_RCVD | CONN_F_SHUT_RD)) &&
	    c->state != TCPS_CLOSED)
		sock_unready(&c->sock, EPOLLIN);
	rcvq_read_done(w, c, len);
}

/* There is something to give. */
static NSK_NOINLINE ssize_t take(struct nsk_worker *w, struct tcp_conn *c, void *buf, size_t room)
{
	uint32_t len = (uint32_t)NSK_MIN(room, (size_t)c->rcv.bytes), done = 0;

	do {
		struct rte_mbuf *m = c->rcv.head;
		uint32_t n = NSK_MIN(len - done, (uint32_t)m->data_len);

		memcpy((uint8_t *)buf + done, rte_pktmbuf_mtod(m, const uint8_t *), n);
		rcvq_consume(w, c, n);
		done += n;
	} while (NSK_UNLIKELY(done < len));
	worker_count(w, NSK_CNT_PAYLOAD_COPIED_RX, len);
	tcp_recv_done(w, c, len);
	return len;
}

ssize_t tcp_recv(struct sock *s, void *buf, size_t room)
{
	struct tcp_conn *c = conn_of_sock(s);

	if (NSK_UNLIKELY(room == 0))
		return c->rcv.bytes ? 0 : tcp_recv_status(s);
	return c->rcv.bytes ? take(s->worker, c, buf, room) : tcp_recv_status(s);
}

/* A position in the application's buffers. */
struct sink {
	const struct iovec *v;
	size_t nv;
	size_t off; /* in v[0] */
};

/* Puts n octets where the sink stands; they fit. */
static void sink_put(struct sink *k, const uint8_t *p, size_t n)
{
	while (n) {
		size_t room = k->v->iov_len - k->off, step = NSK_MIN(room, n);

		if (step) /* an empty piece may have no memory */
			memcpy((uint8_t *)k->v->iov_base + k->off, p, step);
		p += step;
		n -= step;
		k->off += step;
		if (k->off == k->v->iov_len && k->nv > 1) {
			k->v++;
			k->nv--;
			k->off = 0;
		}
	}
}

void tcp_msg_put(const struct msghdr *msg, const uint8_t *p, size_t n)
{
	struct sink k = {msg->msg_iov, msg->msg_iovlen, 0};

	sink_put(&k, p, n);
}

/* len octets that lie skip octets in. */
static void copy_out(const struct tcp_conn *c, const struct msghdr *msg, uint32_t skip,
		     uint32_t len)
{
	struct sink k = {msg->msg_iov, msg->msg_iovlen, 0};

	if (NSK_LIKELY(msg->msg_iovlen == 1 && skip + len <= c->rcv.head->data_len)) {
		memcpy(k.v->iov_base, rte_pktmbuf_mtod_offset(c->rcv.head, const uint8_t *, skip),
		       len);
		return;
	}
	for (struct rte_mbuf *m = c->rcv.head; len; m = pkt_of(m)->qnext) {
		uint32_t off = NSK_MIN(skip, (uint32_t)m->data_len);
		uint32_t n = NSK_MIN(len, m->data_len - off);

		sink_put(&k, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
		skip -= off;
		len -= n;
	}
}

size_t tcp_msg_room(const struct msghdr *msg)
{
	size_t sum = 0;

	if (NSK_LIKELY(msg->msg_iovlen == 1))
		return msg->msg_iov->iov_len;
	for (size_t i = 0; i < msg->msg_iovlen; i++)
		sum += msg->msg_iov[i].iov_len;
	return sum;
}

ssize_t tcp_stream_recvmsg(struct sock *s, struct msghdr *msg, int flags, uint32_t skip,
			   uint32_t most)
{
	struct tcp_conn *c = conn_of_sock(s);
	size_t room = tcp_msg_room(msg);
	uint32_t len;

	if (flags & MSG_ERRQUEUE)
		return zc_told(s, c->ext ? c->ext->zc : NULL, msg);
	if (msg->msg_name)
		msg->msg_namelen = 0;
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	if (NSK_UNLIKELY(flags & MSG_OOB))
		return tcp_recv_urgent(s, msg, flags);
	if (c->rcv.bytes <= skip)
		return tcp_recv_status(s);
	if (room == 0)
		return 0;
	len = (uint32_t)NSK_MIN(room, (size_t)NSK_MIN(most, c->rcv.bytes - skip));
	if (!(flags & MSG_TRUNC)) {
		copy_out(c, msg, skip, len);
		worker_count(s->worker, NSK_CNT_PAYLOAD_COPIED_RX, len);
	}
	if (!(flags & MSG_PEEK)) {
		rcvq_consume(s->worker, c, len);
		tcp_recv_done(s->worker, c, len);
	}
	return len;
}

ssize_t tcp_recvmsg(struct sock *s, struct msghdr *msg, int flags)
{
	return tcp_stream_recvmsg(s, msg, flags, 0, UINT32_MAX);
}

/* ---- how much ---- */

/* Octets from number a to number b, FIN included, as an int. */
static int distance(uint32_t a, uint32_t b)
{
	return seq_gt(b, a) ? (int)NSK_MIN(b - a, (uint32_t)INT_MAX) : 0;
}

int tcp_ioctl(struct sock *s, unsigned long request, int *value)
{
	struct tcp_conn *c = conn_of_sock(s);
	uint32_t end = c->snd_end + !!(c->flags & CONN_F_FIN_QUEUED);
	bool quiet = !conn_in(c, TCPS_SYNCHRONIZED);

	if (request == SIOCATMARK) {
		*value = urgent_at_mark(c, 0);
		return 0;
	}
	if (c->state == TCPS_LISTEN)
		return -EINVAL;
	switch (request) {
	case SIOCINQ:
		*value = (int)tcp_readable_octets(c);
		return 0;
	case SIOCOUTQ:
		*value = quiet ? 0 : distance(c->snd_una, end);
		return 0;
	case SIOCOUTQNSD:
		*value = quiet ? 0 : distance(c->snd_nxt, end);
		return 0;
	default:
		return -ENOTTY;
	}
}
