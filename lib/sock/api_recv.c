/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that receive. MSG_WAITALL goes on until the buffers are full, the stream ends or the
 * wait does; what came until then is returned.
 */
#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/wait.h"

/* The protocol's recvmsg; a failed one leaves msg as it was, for the next try and for the caller
 * who uses it again. */
static inline ssize_t recv_once(struct sock *s, struct msghdr *msg, int flags)
{
	socklen_t name_room = msg->msg_namelen;
	size_t control_room = msg->msg_controllen;
	int told = msg->msg_flags;
	ssize_t n = s->ops->recvmsg(s, msg, flags);

	if (NSK_UNLIKELY(n < 0)) {
		msg->msg_namelen = name_room;
		msg->msg_controllen = control_room;
		msg->msg_flags = told;
	}
	return n;
}

/* A stream's reads end there, if they have given something. */
static bool is_at_mark(struct sock *s, size_t ahead)
{
	return s->ops->at_mark && s->ops->at_mark(s, ahead);
}

/* MSG_PEEK takes nothing, so that each try sees all again. */
static int try_peek_all(struct sock *s, struct api_transfer *a)
{
	struct msghdr try = *a->msg;
	ssize_t n = s->ops->recvmsg(s, &try, a->flags);

	if (n > 0)
		a->done = (size_t)n;
	if (n > 0 && (size_t)n < a->total && !s->err && !(s->ready & (EPOLLRDHUP | EPOLLHUP)) &&
	    !is_at_mark(s, (size_t)n))
		return -EAGAIN;
	if (n >= 0)
		*a->msg = try;
	return (int)n;
}

static int try_recv_all(struct sock *s, struct api_transfer *a)
{
	do {
		struct iovec iov[API_IOV_PART];
		struct msghdr part;
		ssize_t n;

		if (a->done && (s->err || is_at_mark(s, 0)))
			break; /* for the next call */
		api_iov_part(&part, iov, a->msg, a->done, a->total - a->done);
		n = s->ops->recvmsg(s, &part, a->flags);
		if (n < 0)
			return (int)n;
		a->msg->msg_flags = part.msg_flags;
		a->msg->msg_namelen = part.msg_namelen;
		a->msg->msg_controllen = part.msg_controllen;
		a->done += (size_t)n;
		if (n == 0)
			break;
	} while (a->done < a->total);
	return (int)a->done;
}

int api_try_recv(struct sock *s, void *arg)
{
	struct api_transfer *a = arg;

	if ((a->flags & (MSG_WAITALL | MSG_OOB)) != MSG_WAITALL || s->ops->type != SOCK_STREAM ||
	    a->total == 0)
		return (int)recv_once(s, a->msg, a->flags);
	return a->flags & MSG_PEEK ? try_peek_all(s, a) : try_recv_all(s, a);
}

static NSK_NOINLINE ssize_t recv_waiting(int fd, struct msghdr *msg, size_t total, int flags)
{
	struct api_transfer a = {.msg = msg, .total = total, .flags = flags};
	struct wait_op op = {
		.try = api_try_recv,
		.arg = &a,
		.bits = EPOLLIN | EPOLLRDHUP,
		.dontwait = flags & API_RECV_NOWAIT,
		.timeout_ns = WAIT_RCVTIMEO,
	};
	int rc = sock_wait(fd, &op);

	return rc < 0 && a.done ? (ssize_t)a.done : api_size(rc);
}

static NSK_ALWAYS_INLINE ssize_t recv_msg(int fd, struct msghdr *msg, size_t total, int flags)
{
	struct sock *s = sock_direct(fd);
	ssize_t n;

	if (NSK_UNLIKELY(flags & ~API_RECV_FLAGS))
		return api_refuse(fd, -EOPNOTSUPP);
	if (NSK_LIKELY(s && !(flags & MSG_WAITALL))) {
		n = recv_once(s, msg, flags);
		if (NSK_LIKELY(n != -EAGAIN))
			return api_size(n);
		if (flags & API_RECV_NOWAIT || s->flags & SOCK_F_NONBLOCK)
			return api_fail(-EAGAIN);
	}
	return recv_waiting(fd, msg, total, flags);
}

/* MSG_TRUNC throws a stream's bytes away and needs no memory for them. A datagram does: the
 * protocol says so. */
static NSK_NOINLINE ssize_t recv_one(int fd, void *buf, size_t len, int flags)
{
	struct iovec iov = {buf, NSK_MIN(len, API_BYTES_MAX)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (NSK_UNLIKELY(!buf && len && !(flags & MSG_TRUNC)))
		return api_refuse(fd, -EFAULT);
	return recv_msg(fd, &msg, iov.iov_len, flags);
}

static NSK_NOINLINE ssize_t recv_blocking(int fd, struct sock *s, void *buf, size_t len)
{
	ssize_t n = s->ops->recv(s, buf, len);

	return NSK_LIKELY(n != -EAGAIN) ? api_size(n) : recv_one(fd, buf, len, 0);
}

/* Of a call that does not wait nothing is kept over the attempt. */
ssize_t nsk_recv(int fd, void *buf, size_t len, int flags)
{
	struct sock *s = sock_direct(fd);

	if (NSK_UNLIKELY(!s || !s->ops->recv || !buf || len > API_BYTES_MAX ||
			 flags & ~MSG_DONTWAIT))
		return recv_one(fd, buf, len, flags);
	if (s->flags & SOCK_F_NONBLOCK || flags & MSG_DONTWAIT)
		return api_size(s->ops->recv(s, buf, len));
	return recv_blocking(fd, s, buf, len);
}

ssize_t nsk_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
		     socklen_t *addr_len)
{
	struct iovec iov = {buf, NSK_MIN(len, API_BYTES_MAX)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int rc = api_check_addr_out(addr, addr_len);
	ssize_t n;

	if (rc)
		return api_refuse(fd, rc);
	if (!buf && len && !(flags & MSG_TRUNC))
		return api_refuse(fd, -EFAULT);
	if (addr) {
		msg.msg_name = addr;
		msg.msg_namelen = *addr_len;
	}
	n = recv_msg(fd, &msg, iov.iov_len, flags);
	if (addr && n >= 0)
		*addr_len = msg.msg_namelen;
	return n;
}

ssize_t nsk_recvmsg(int fd, struct msghdr *msg, int flags)
{
	size_t total;
	int rc = api_check_msg(msg, &total);

	return rc ? api_refuse(fd, rc) : recv_msg(fd, msg, total, flags);
}

ssize_t nsk_read(int fd, void *buf, size_t len)
{
	if (NSK_UNLIKELY(len == 0))
		return api_move_nothing(fd);
	return api_as_file(nsk_recv(fd, buf, len, 0));
}

ssize_t nsk_readv(int fd, const struct iovec *iov, int count)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov};
	size_t total;
	int rc;

	if (count < 0 || count > API_IOV_MAX)
		return api_refuse(fd, -EINVAL);
	msg.msg_iovlen = (size_t)count;
	rc = api_iov_total(iov, msg.msg_iovlen, &total);
	if (rc)
		return api_refuse(fd, rc);
	if (total == 0)
		return api_move_nothing(fd);
	return api_as_file(recv_msg(fd, &msg, total, 0));
}
