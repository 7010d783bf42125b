/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that make connections: connect and accept, which wait for the peer.
 */
#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/handle.h"
#include "sock/item.h"
#include "sock/wait.h"

/* ---- connect --------------------------------------------------------------------------------- */

struct connect_arg {
	const struct sockaddr *addr;
	socklen_t len;
	int pending; /* -EINPROGRESS or -EALREADY once the protocol said so */
};

static int try_connect(struct sock *s, void *arg)
{
	struct connect_arg *c = arg;

	if (!c->pending) {
		int rc = s->ops->connect ? s->ops->connect(s, c->addr, c->len) : api_missing(s);

		if (rc != -EINPROGRESS && rc != -EALREADY)
			return rc;
		c->pending = rc;
	}
	return s->ops->connected(s);
}

int nsk_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct connect_arg c = {.addr = addr, .len = len};
	struct wait_op op = {
		.try = try_connect,
		.arg = &c,
		.bits = EPOLLOUT,
		.timeout_ns = WAIT_SNDTIMEO,
	};
	struct handle *h = handle_at(fd);
	int rc = h && handle_worker(h) ? api_check_addr(addr, len) : -EBADF;

	if (rc == 0)
		rc = sock_wait(fd, &op);
	if (rc == -EAGAIN && c.pending)
		rc = c.pending; /* non-blocking, or SO_SNDTIMEO is over; it goes on */
	return api_int(rc);
}

/* ---- accept ---------------------------------------------------------------------------------- */

struct accept_arg {
	struct sockaddr *addr;
	socklen_t *len;
	int flags;
};

/* The peer's name of a new connection; one that is gone already is given up. */
static int name_child(struct sock *child, int fd, const struct accept_arg *a)
{
	if (!a->addr || child->ops->getname(child, 1, a->addr, a->len) == 0)
		return fd;
	handle_free(fd);
	child->worker->sock->open--;
	sock_put(child);
	return -ECONNABORTED;
}

/* The number is taken first, so that no connection leaves the queue without getting one. */
static int try_accept(struct sock *s, void *arg)
{
	const struct accept_arg *a = arg;
	struct sock *child;
	int fd, rc;

	if (NSK_UNLIKELY(!s->ops->accept))
		return api_missing(s);
	if (NSK_UNLIKELY(!(s->flags & SOCK_F_LISTEN)))
		return -EINVAL;
	if (!(s->ready & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		return -EAGAIN;
	fd = api_reserve(s->worker);
	if (NSK_UNLIKELY(fd < 0))
		return fd;
	rc = s->ops->accept(s, &child);
	if (NSK_UNLIKELY(rc)) {
		api_unreserve(s->worker, fd);
		return rc;
	}
	if (a->flags & SOCK_NONBLOCK)
		child->flags |= SOCK_F_NONBLOCK;
	handle_install(fd, child, a->flags & SOCK_CLOEXEC);
	return name_child(child, fd, a);
}

int nsk_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	struct accept_arg a = {addr, len, flags};
	struct wait_op op = {
		.try = try_accept,
		.arg = &a,
		.bits = EPOLLIN,
		.timeout_ns = WAIT_RCVTIMEO,
	};
	struct sock *s = sock_direct(fd);
	int rc;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return api_fail(-EINVAL);
	rc = api_check_addr_out(addr, len);
	if (rc)
		return api_fail(rc);
	if (NSK_LIKELY(s != NULL)) {
		rc = try_accept(s, &a);
		if (rc != -EAGAIN || s->flags & SOCK_F_NONBLOCK)
			return api_int(rc);
	}
	return api_int(sock_wait(fd, &op));
}

int nsk_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return nsk_accept4(fd, addr, len, 0);
}
