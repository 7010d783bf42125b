/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that move several messages: sendmmsg and recvmmsg. One visit to the socket's worker
 * moves as many as can be moved, and a call that blocks goes on with the message that has to wait.
 */
#include <netstk/socket.h>

#include "sock/api.h"
#include "sock/call.h"
#include "sock/wait.h"

struct batch {
	struct mmsghdr *vec;
	unsigned count;
	unsigned done;
	struct api_transfer one; /* message number done; msg is NULL: not begun */
	int flags;
	int (*try)(struct sock *s, void *arg);
	bool for_one; /* MSG_WAITFORONE */
};

static int try_one(struct sock *s, struct batch *b)
{
	struct msghdr *msg = &b->vec[b->done].msg_hdr;

	if (!b->one.msg) {
		size_t total;
		int rc = api_check_msg(msg, &total);

		if (rc)
			return rc;
		b->one = (struct api_transfer){.msg = msg, .total = total, .flags = b->flags};
	}
	return b->try(s, &b->one);
}

/* The message is done with. */
static void count_one(struct batch *b, size_t bytes)
{
	b->vec[b->done++].msg_len = (unsigned)bytes;
	api_sent(&b->one);
	b->one = (struct api_transfer){0};
}

static int try_batch(struct sock *s, void *arg)
{
	struct batch *b = arg;

	while (b->done < b->count) {
		int rc = try_one(s, b);

		if (rc == -EAGAIN && b->for_one && b->done)
			break;
		if (rc < 0)
			return rc;
		count_one(b, (size_t)rc);
	}
	return (int)b->done;
}

static void end_batch(void *arg)
{
	api_sent(&((struct batch *)arg)->one);
}

/* What came of it: an error is told only if there is nothing else to tell. */
static int result(struct batch *b, int rc)
{
	if (rc < 0 && b->one.done)
		count_one(b, b->one.done);
	return b->done ? (int)b->done : api_int(rc);
}

int nsk_sendmmsg(int fd, struct mmsghdr *vec, unsigned count, int flags)
{
	struct batch b = {
		.vec = vec,
		.count = NSK_MIN(count, (unsigned)API_IOV_MAX),
		.flags = flags,
		.try = api_try_send,
	};
	struct wait_op op = {
		.try = try_batch,
		.end = end_batch,
		.arg = &b,
		.bits = EPOLLOUT,
		.ready = EPOLLOUT,
		.dontwait = flags & MSG_DONTWAIT,
		.timeout_ns = WAIT_SNDTIMEO,
	};

	if (!vec && count)
		return api_refuse(fd, -EFAULT);
	if (flags & ~API_SEND_FLAGS)
		return api_refuse(fd, -EOPNOTSUPP);
	return result(&b, sock_wait(fd, &op));
}

/* An error behind messages that came is told by the next call. */
static int try_recv_batch(struct sock *s, void *arg)
{
	const struct batch *b = arg;
	int rc = try_batch(s, arg);

	if (rc < 0 && rc != -EAGAIN && b->done) {
		s->err = (uint8_t)-rc;
		sock_ready(s, EPOLLERR);
	}
	return rc;
}

int nsk_recvmmsg(int fd, struct mmsghdr *vec, unsigned count, int flags, struct timespec *timeout)
{
	int64_t ns = api_timeout(timeout);
	struct batch b = {
		.vec = vec,
		.count = NSK_MIN(count, (unsigned)API_IOV_MAX),
		.flags = flags & ~MSG_WAITFORONE,
		.try = api_try_recv,
		.for_one = flags & MSG_WAITFORONE,
	};
	struct wait_op op = {
		.try = try_recv_batch,
		.arg = &b,
		.bits = EPOLLIN | EPOLLRDHUP,
		.dontwait = flags & API_RECV_NOWAIT,
		.timeout_ns = timeout ? ns : WAIT_RCVTIMEO,
	};

	if (ns == API_TIMEOUT_BAD)
		return api_fail(-EINVAL);
	if (!vec && count)
		return api_refuse(fd, -EFAULT);
	if (b.flags & ~API_RECV_FLAGS)
		return api_refuse(fd, -EOPNOTSUPP);
	return result(&b, sock_wait(fd, &op));
}
