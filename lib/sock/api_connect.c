/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that make connections: connect and accept, which wait for the peer.
 */
#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"
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

static NSK_NOINLINE int name_child(struct sock *child, int fd, const struct accept_arg *a)
{
	child->ops->getname(child, SOCK_NAME_ACCEPTED, a->addr, a->len);
	return fd;
}

/* The number is taken first, so that no connection leaves the queue without getting one. */
static NSK_ALWAYS_INLINE int accept_now(struct sock *s, const struct accept_arg *a)
{
	struct sock *child;
	int fd, rc;

	if (NSK_UNLIKELY(!(s->flags & SOCK_F_LISTEN)))
		return s->ops->accept ? -EINVAL : api_missing(s);
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
	return NSK_LIKELY(!a->addr) ? fd : name_child(child, fd, a);
}

static int try_accept(struct sock *s, void *arg)
{
	return accept_now(s, arg);
}

static NSK_NOINLINE int accept_waiting(int fd, struct accept_arg *a)
{
	struct wait_op op = {
		.try = try_accept,
		.arg = a,
		.bits = EPOLLIN,
		.timeout_ns = WAIT_RCVTIMEO,
	};

	return api_int(sock_wait(fd, &op));
}

int nsk_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	struct accept_arg a = {addr, len, flags};
	struct sock *s = sock_direct(fd);
	int rc = api_check_addr_out(addr, len);

	if (NSK_UNLIKELY(flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)))
		rc = -EINVAL;
	if (NSK_UNLIKELY(rc))
		return (int)api_refuse(fd, rc);
	if (NSK_LIKELY(s && s->flags & SOCK_F_NONBLOCK))
		return api_int(accept_now(s, &a));
	return accept_waiting(fd, &a);
}

int nsk_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return nsk_accept4(fd, addr, len, 0);
}
