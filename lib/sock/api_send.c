/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that send. A blocking send on a stream ends when all was taken; where some was and
 * then an error came, the count is returned and the error left for the next call (POSIX).
 */
#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/wait.h"
#include "sock/zc_send.h"

static int try_send(struct sock *s, struct api_transfer *a)
{
	if (s->ops->type != SOCK_STREAM)
		return (int)s->ops->sendmsg(s, a->msg, a->flags);
	do {
		struct iovec iov[API_IOV_PART];
		struct msghdr part;
		size_t bytes = api_iov_part(&part, iov, a->msg, a->done, a->total - a->done);
		int more = a->done + bytes < a->total ? MSG_MORE : 0;
		ssize_t n;

		if (a->done && s->err)
			break;
		n = s->ops->sendmsg(s, &part, a->flags | more);
		if (n < 0)
			return (int)n;
		a->done += (size_t)n;
		if (n == 0)
			break;
	} while (a->done < a->total);
	return (int)a->done;
}

/* Whether the call has a number: MSG_ZEROCOPY means nothing without SO_ZEROCOPY, as in Linux. */
static bool refers(const struct sock *s, const struct api_transfer *a)
{
	return a->flags & MSG_ZEROCOPY && s->flags & SOCK_F_ZEROCOPY && a->total;
}

static int begin_referring(struct sock *s, struct api_transfer *a)
{
	if (!a->zc)
		a->zc = zc_begin(s);
	return a->zc ? 0 : -ENOBUFS;
}

/* The protocol finds the record of the call with the worker. */
static NSK_NOINLINE int try_referring(struct sock *s, struct api_transfer *a)
{
	struct nsk_worker *w = s->worker;
	int rc = begin_referring(s, a);

	if (rc)
		return rc;
	w->zc_send = a->zc;
	rc = try_send(s, a);
	w->zc_send = NULL;
	if (a->done || rc > 0)
		zc_number(a->zc);
	return rc;
}

int api_try_send(struct sock *s, void *arg)
{
	struct api_transfer *a = arg;

	if (NSK_UNLIKELY(refers(s, a)))
		return try_referring(s, a);
	return try_send(s, a);
}

void api_sent(void *arg)
{
	struct api_transfer *a = arg;

	if (NSK_UNLIKELY(a->zc != NULL))
		zc_end(a->zc);
	a->zc = NULL;
}

struct open_arg {
	struct api_transfer data;
	bool opening; /* the attempt has begun */
	bool open;
};

/* The beginning, perhaps with data in the SYN, which is copied. */
static int try_syn(struct sock *s, struct api_transfer *a)
{
	int rc = refers(s, a) ? begin_referring(s, a) : 0;
	ssize_t n = rc ? rc : s->ops->sendmsg(s, a->msg, a->flags);

	if (n < 0 && n != -EINPROGRESS)
		return (int)n;
	a->done = n > 0 ? (size_t)n : 0;
	a->flags &= ~MSG_FASTOPEN;
	if (a->done && a->zc)
		zc_number(a->zc);
	return 0;
}

/* MSG_FASTOPEN: connects, and the SYN may take some of it; goes on when the connection is open. */
static int try_open(struct sock *s, void *arg)
{
	struct open_arg *o = arg;
	struct api_transfer *a = &o->data;
	int rc;

	if (!o->opening) {
		rc = try_syn(s, a);
		if (rc)
			return rc;
		o->opening = true;
	}
	rc = o->open ? 0 : s->ops->connected(s);
	if (rc)
		return rc;
	o->open = true;
	return a->done < a->total ? api_try_send(s, a) : (int)a->done;
}

static void end_open(void *arg)
{
	api_sent(&((struct open_arg *)arg)->data);
}

/* As connect() and then send(): what fails the former is the result of both, as in Linux. */
static NSK_NOINLINE ssize_t send_opening(int fd, struct msghdr *msg, size_t total, int flags)
{
	struct open_arg o = {.data = {.msg = msg, .total = total, .flags = flags}};
	struct wait_op op = {
		.try = try_open,
		.end = end_open,
		.arg = &o,
		.bits = EPOLLOUT,
		.dontwait = flags & MSG_DONTWAIT,
		.timeout_ns = WAIT_SNDTIMEO,
	};
	int rc = sock_wait(fd, &op);

	if (rc < 0 && o.opening && (o.open || rc == -EAGAIN))
		return o.data.done ? (ssize_t)o.data.done : api_fail(o.open ? rc : -EINPROGRESS);
	return api_size(rc);
}

static NSK_NOINLINE ssize_t send_waiting(int fd, struct msghdr *msg, size_t total, int flags,
					 size_t done)
{
	struct api_transfer a = {.msg = msg, .total = total, .done = done, .flags = flags};
	struct wait_op op = {
		.try = api_try_send,
		.end = api_sent,
		.arg = &a,
		.bits = EPOLLOUT,
		.ready = EPOLLOUT,
		.dontwait = flags & MSG_DONTWAIT,
		.timeout_ns = WAIT_SNDTIMEO,
	};
	int rc = sock_wait(fd, &op);

	return rc < 0 && a.done ? (ssize_t)a.done : api_size(rc);
}

/* The first attempt, whose result is n, did not take all: the end, or the beginning of a wait. */
static ssize_t send_rest(int fd, const struct sock *s, struct msghdr *msg, size_t total, int flags,
			 ssize_t n)
{
	if (n < 0 && n != -EAGAIN)
		return api_fail((int)n);
	if (flags & MSG_DONTWAIT || s->flags & SOCK_F_NONBLOCK ||
	    (n >= 0 && s->ops->type != SOCK_STREAM))
		return api_size(n);
	if (n < 0 && s->ready & EPOLLOUT)
		return api_fail((int)n); /* not for want of room: waiting would not help */
	return send_waiting(fd, msg, total, flags, n > 0 ? (size_t)n : 0);
}

static NSK_ALWAYS_INLINE ssize_t send_msg(int fd, struct msghdr *msg, size_t total, int flags)
{
	struct sock *s = sock_direct(fd);
	ssize_t n;

	if (NSK_UNLIKELY(flags & ~(API_SEND_FLAGS | MSG_FASTOPEN)))
		return api_refuse(fd, -EOPNOTSUPP);
	if (NSK_UNLIKELY(flags & MSG_FASTOPEN))
		return send_opening(fd, msg, total, flags);
	if (NSK_UNLIKELY(!s || flags & MSG_ZEROCOPY))
		return send_waiting(fd, msg, total, flags, 0);
	n = s->ops->sendmsg(s, msg, flags);
	return NSK_LIKELY(n == (ssize_t)total) ? n : send_rest(fd, s, msg, total, flags, n);
}

ssize_t nsk_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
		   socklen_t addr_len)
{
	struct iovec iov = {(void *)(uintptr_t)buf, NSK_MIN(len, API_BYTES_MAX)};
	struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)addr,
		.msg_namelen = addr ? addr_len : 0,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};

	if (NSK_UNLIKELY(!buf && len))
		return api_refuse(fd, -EFAULT);
	if (NSK_UNLIKELY(msg.msg_namelen > sizeof(struct sockaddr_storage)))
		return api_refuse(fd, -EINVAL);
	return send_msg(fd, &msg, iov.iov_len, flags);
}

static NSK_NOINLINE ssize_t send_one(int fd, const void *buf, size_t len, int flags)
{
	struct iovec iov = {(void *)(uintptr_t)buf, NSK_MIN(len, API_BYTES_MAX)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (NSK_UNLIKELY(!buf && len))
		return api_refuse(fd, -EFAULT);
	return send_msg(fd, &msg, iov.iov_len, flags);
}

static NSK_NOINLINE ssize_t send_blocking(int fd, struct sock *s, const void *buf, size_t len,
					  int flags)
{
	struct iovec iov = {(void *)(uintptr_t)buf, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n = s->ops->send(s, buf, len, flags);

	return NSK_LIKELY(n == (ssize_t)len) ? n : send_rest(fd, s, &msg, len, flags, n);
}

/* Of a call that does not wait nothing is kept over the attempt. */
ssize_t nsk_send(int fd, const void *buf, size_t len, int flags)
{
	struct sock *s = sock_direct(fd);

	if (NSK_UNLIKELY(!s || !s->ops->send || !buf || len > API_BYTES_MAX ||
			 flags & ~API_SEND_PLAIN))
		return send_one(fd, buf, len, flags);
	if (s->flags & SOCK_F_NONBLOCK || flags & MSG_DONTWAIT)
		return api_size(s->ops->send(s, buf, len, flags));
	return send_blocking(fd, s, buf, len, flags);
}

ssize_t nsk_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	size_t total;
	int rc = api_check_msg(msg, &total);

	return rc ? api_refuse(fd, rc)
		  : send_msg(fd, (struct msghdr *)(uintptr_t)msg, total, flags);
}

ssize_t nsk_write(int fd, const void *buf, size_t len)
{
	return api_as_file(nsk_send(fd, buf, len, 0));
}

ssize_t nsk_writev(int fd, const struct iovec *iov, int count)
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
	if (NSK_UNLIKELY(total == 0))
		return api_move_nothing(fd);
	return api_as_file(send_msg(fd, &msg, total, 0));
}
