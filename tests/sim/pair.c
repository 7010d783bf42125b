/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/pair.h"

#include <arpa/inet.h>
#include <errno.h>

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

void pair_finish(struct world *world)
{
	assert_true(world_run(world, 24 * HOUR, all_over, world));
	world_run(world, SEC, NULL, NULL);
	world_pool_complete(world, 0);
	world_pool_complete(world, 1);
	world_end(world);
}
