/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public calls that move packet buffers by reference. They never block and never leave the thread:
 * a buffer belongs to one worker's pool.
 */
#include <netstk/zerocopy.h>

#include "mbuf/pool.h"
#include "sock/api.h"
#include "sock/call.h"

/* The description, if its worker is the calling thread's: else NULL and -EBADF or -EPERM. */
static struct sock *own_sock(int fd, int *err)
{
	struct handle *h = handle_at(fd);

	*err = h && handle_worker(h) ? -EPERM : -EBADF;
	return sock_direct_or_idle(fd);
}

int nsk_zc_recv(int fd, struct rte_mbuf **bufs, unsigned max)
{
	int err;
	struct sock *s = own_sock(fd, &err);

	if (!s)
		return api_fail(err);
	if (!s->ops->zc_recv)
		return api_fail(api_missing(s));
	if (!bufs)
		return api_fail(-EFAULT);
	if (max == 0)
		return api_fail(-EINVAL);
	return api_int(s->ops->zc_recv(s, bufs, max));
}

void nsk_zc_free(struct rte_mbuf **bufs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pkt_free(bufs[i]);
}

struct rte_mbuf *nsk_zc_alloc(int fd)
{
	int err;
	struct sock *s = own_sock(fd, &err);
	struct rte_mbuf *m = NULL;

	if (s) {
		m = s->flags & SOCK_F_EPOLL ? NULL : pkt_alloc(s->worker);
		err = s->flags & SOCK_F_EPOLL ? -ENOTSOCK : -ENOBUFS;
	}
	if (!m)
		api_fail(err);
	return m;
}

ssize_t nsk_zc_send(int fd, struct rte_mbuf *buf)
{
	int err;
	struct sock *s = own_sock(fd, &err);

	if (!s)
		return api_fail(err);
	if (!s->ops->zc_send)
		return api_fail(api_missing(s));
	if (!buf)
		return api_fail(-EFAULT);
	return api_size(s->ops->zc_send(s, buf));
}
