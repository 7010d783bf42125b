/* SPDX-License-Identifier: BSD-3-Clause */
/* Zero-copy calls: who may call, what is passed on. The buffers themselves are the protocols'
 * tests. */
#include <netstk/zerocopy.h>

#include "mbuf/pool.h"
#include "sock_fake.h"

static struct rte_mbuf bufs[2];

static int give_two(struct sock *s, struct rte_mbuf **out, unsigned max)
{
	(void)s;
	if (max < 2)
		return -EAGAIN;
	out[0] = &bufs[0];
	out[1] = &bufs[1];
	return 2;
}

static ssize_t take_one(struct sock *s, struct rte_mbuf *buf)
{
	(void)s;
	return buf == &bufs[1] ? 77 : -EPIPE;
}

/* A stream that can do it. */
static int zc_fd(void)
{
	static struct sock_ops ops;
	int fd = stream_fd();

	ops = fake_stream_ops;
	ops.zc_recv = give_two;
	ops.zc_send = take_one;
	fake_at(fd)->sock.ops = &ops;
	return fd;
}

static void calls_reach_the_protocol(void **state)
{
	struct rte_mbuf *out[2];
	int fd = zc_fd();

	(void)state;
	assert_int_equal(nsk_zc_recv(fd, out, 2), 2);
	assert_ptr_equal(out[1], &bufs[1]);
	assert_errno(nsk_zc_recv(fd, out, 1), EAGAIN);
	assert_int_equal(nsk_zc_send(fd, &bufs[1]), 77);
	assert_errno(nsk_zc_send(fd, &bufs[0]), EPIPE);
}

static void arguments_are_checked(void **state)
{
	struct rte_mbuf *out[2];
	int fd = zc_fd(), plain = stream_fd(), ep = nsk_epoll_create1(0);

	(void)state;
	assert_errno(nsk_zc_recv(fd, NULL, 2), EFAULT);
	assert_errno(nsk_zc_recv(fd, out, 0), EINVAL);
	assert_errno(nsk_zc_send(fd, NULL), EFAULT);
	assert_errno(nsk_zc_recv(NSK_FD_BASE + 99, out, 2), EBADF);
	assert_errno(nsk_zc_send(-1, &bufs[0]), EBADF);
	assert_errno(nsk_zc_recv(plain, out, 2), EOPNOTSUPP);
	assert_errno(nsk_zc_send(plain, &bufs[0]), EOPNOTSUPP);
	assert_errno(nsk_zc_recv(ep, out, 2), ENOTSOCK);
	assert_errno(nsk_zc_msg(ep, &bufs[0], &(struct msghdr){0}), ENOTSOCK);
	assert_errno(nsk_zc_msg(fd, &bufs[0], &(struct msghdr){0}), EOPNOTSUPP);
	assert_errno(nsk_zc_msg(-1, &bufs[0], &(struct msghdr){0}), EBADF);
	assert_errno(nsk_zc_send(ep, &bufs[0]), ENOTSOCK);
}

static void only_the_workers_thread_may_call(void **state)
{
	struct world *world = *state;
	struct rte_mbuf *out[2];
	int fd = zc_fd();

	world->w.owner_tid = sock_tid() + 1;
	world->w.settled = true;
	world_switch(world);
	assert_errno(nsk_zc_recv(fd, out, 2), EPERM);
	assert_errno(nsk_zc_send(fd, &bufs[1]), EPERM);
	errno = 0;
	assert_null(nsk_zc_alloc(fd));
	assert_int_equal(errno, EPERM);
	world_give_back(world); /* whoever turns it */
	assert_int_equal(nsk_zc_recv(fd, out, 2), 2);
}

static void an_empty_pool_is_ENOBUFS(void **state)
{
	struct world *world = *state;
	struct pkt_pool pool = {.fail_at = 1};
	int fd = stream_fd(), ep = nsk_epoll_create1(0);

	world->w.pool = &pool;
	errno = 0;
	assert_null(nsk_zc_alloc(fd));
	assert_int_equal(errno, ENOBUFS);
	errno = 0;
	assert_null(nsk_zc_alloc(ep));
	assert_int_equal(errno, ENOTSOCK);
	errno = 0;
	assert_null(nsk_zc_alloc(-1));
	assert_int_equal(errno, EBADF);
	nsk_zc_free(NULL, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(calls_reach_the_protocol),
		T(arguments_are_checked),
		T(only_the_workers_thread_may_call),
		T(an_empty_pool_is_ENOBUFS),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
