/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/pair.h"

#include <arpa/inet.h>
#include <errno.h>

#include "sock/item.h"
#include "tcp/tcp_worker.h"
#include "udp/udp.h"

static struct sockaddr_in of_b(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(HOST_B)};
}

void pair_acquaint(struct world *world)
{
	int fd = world_connect(world, 0, "10.0.0.2", 1);

	world_wait(world, fd, POLLERR, SEC);
	nsk_close(fd);
}

int pair_try_connect(struct world *world, uint16_t port)
{
	struct sockaddr_in to = of_b(port);
	int fd, err;

	world_enter(world, 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS) {
		err = errno;
		nsk_close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

ssize_t pair_sendto(int fd, uint16_t port, const void *data, size_t len)
{
	struct sockaddr_in to = of_b(port);

	return nsk_sendto(fd, data, len, 0, (struct sockaddr *)&to, sizeof(to));
}

void pair_close(struct world *world, int listener, const int fd[2])
{
	nsk_close(fd[0]);
	world_expect_eof(world, fd[1]);
	nsk_close(fd[1]);
	nsk_close(listener);
}

static bool all_over(void *arg)
{
	return world_all_closed(arg, 0) && world_all_closed(arg, 1);
}

/* Every object of every table of host h has been given back. */
static void assert_tables_empty(struct world *world, unsigned h)
{
	struct nsk_worker *w = world_worker(world, h);

	assert_int_equal(w->tcp->conns.in_use, 0);
	assert_int_equal(w->tcp->embryos.in_use, 0);
	assert_int_equal(w->tcp->time_waits.in_use, 0);
	assert_int_equal(w->tcp->exts.in_use, 0);
	assert_int_equal(w->udp->socks.in_use, 0);
	assert_int_equal(w->sock->items.in_use, 0);
	assert_int_equal(w->sock->epolls.in_use, 0);
	assert_int_equal(w->sock->open, 0);
}

void pair_finish(struct world *world)
{
	assert_true(world_run(world, 24 * HOUR, all_over, world));
	world_run(world, SEC, NULL, NULL);
	for (unsigned h = 0; h < 2; h++) {
		world_pool_complete(world, h);
		assert_tables_empty(world, h);
	}
	world_end(world);
}
