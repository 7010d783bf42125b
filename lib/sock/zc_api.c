/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that move packet buffers by reference. They never block and never leave the thread:
 * a buffer belongs to one worker's pool.
 */
#include <netstk/zerocopy.h>

#include "mbuf/pool.h"
#include "sock/api.h"
#include "sock/call.h"
#include "sock/handle.h"

/* fn(s, arg) for the description, if no other thread runs its worker; else -EPERM, -EBADF. */
static int call_own(int fd, int (*fn)(struct sock *s, void *arg), void *arg)
{
	struct sock *s = sock_direct(fd);
	struct nsk_worker *w = s ? NULL : sock_visit_fd(fd);
	bool others = w && !sock_here(w) && __atomic_load_n(&w->settled, __ATOMIC_ACQUIRE);

	if (w)
		sock_leave(w);
	if (NSK_LIKELY(s != NULL))
		return fn(s, arg);
	return others ? -EPERM : sock_call_fd_far(fd, fn, arg);
}

struct recv_arg {
	struct rte_mbuf **bufs;
	unsigned max;
};

static int recv_run(struct sock *s, void *arg)
{
	const struct recv_arg *a = arg;

	if (!s->ops->zc_recv)
		return api_missing(s);
	if (!a->bufs)
		return -EFAULT;
	return a->max ? s->ops->zc_recv(s, a->bufs, a->max) : -EINVAL;
}

int nsk_zc_recv(int fd, struct rte_mbuf **bufs, unsigned max)
{
	struct recv_arg a = {bufs, max};

	return api_int(call_own(fd, recv_run, &a));
}

struct msg_arg {
	struct rte_mbuf *buf;
	struct msghdr *msg;
};

static int msg_run(struct sock *s, void *arg)
{
	const struct msg_arg *a = arg;

	if (!s->ops->zc_msg)
		return api_missing(s);
	if (!a->buf || !a->msg)
		return -EFAULT;
	if (a->msg->msg_name && a->msg->msg_namelen > INT_MAX)
		return -EINVAL;
	s->ops->zc_msg(s, a->buf, a->msg);
	return 0;
}

int nsk_zc_msg(int fd, struct rte_mbuf *buf, struct msghdr *msg)
{
	struct msg_arg a = {buf, msg};

	return api_int(call_own(fd, msg_run, &a));
}

/* What a child made by fork() has is its parent's, in memory that both may share. */
void nsk_zc_free(struct rte_mbuf **bufs, unsigned count)
{
	if (NSK_UNLIKELY(handles.forked))
		return;
	for (unsigned i = 0; i < count; i++)
		pkt_free(bufs[i]);
}

static int alloc_run(struct sock *s, void *arg)
{
	struct rte_mbuf **m = arg;

	if (s->flags & SOCK_F_EPOLL)
		return -ENOTSOCK;
	*m = pkt_alloc(s->worker);
	return *m ? 0 : -ENOBUFS;
}

struct rte_mbuf *nsk_zc_alloc(int fd)
{
	struct rte_mbuf *m = NULL;

	api_int(call_own(fd, alloc_run, &m));
	return m;
}

static int send_run(struct sock *s, void *arg)
{
	if (!s->ops->zc_send)
		return api_missing(s);
	return arg ? (int)s->ops->zc_send(s, arg) : -EFAULT;
}

ssize_t nsk_zc_send(int fd, struct rte_mbuf *buf)
{
	return api_int(call_own(fd, send_run, buf));
}
