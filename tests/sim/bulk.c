/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/bulk.h"

#include <string.h>

void bulk_open(struct bulk *b, struct world *world, uint16_t port, const char *control)
{
	*b = (struct bulk){.world = world};
	world_connected(world, port, &b->listener, b->fd);
	if (control)
		assert_int_equal(nsk_setsockopt(b->fd[0], IPPROTO_TCP, TCP_CONGESTION, control,
						(socklen_t)strlen(control)),
				 0);
}

/* Moves what can be moved at this instant. */
static void pump(struct bulk *b)
{
	static uint8_t data[65536];
	ssize_t n;

	while (!b->quiet && nsk_send(b->fd[0], data, sizeof(data), 0) > 0)
		;
	while ((n = nsk_recv(b->fd[1], data, sizeof(data), 0)) > 0)
		b->received += (uint64_t)n;
}

void bulk_run(struct bulk *b, unsigned n, uint64_t ns)
{
	struct world *world = b->world;
	uint64_t end = world->now_ns + ns;

	while (world->now_ns < end) {
		for (unsigned i = 0; i < n; i++)
			pump(&b[i]);
		if (!world_step(world, end))
			world->now_ns = end;
	}
}

uint64_t bulk_bps(struct bulk *b, unsigned n, uint64_t ns)
{
	uint64_t before = b->received;

	bulk_run(b, n, ns);
	return (b->received - before) * 8 * SEC / ns;
}

struct tcp_info bulk_info(const struct bulk *b)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	memset(&i, 0, sizeof(i));
	assert_int_equal(nsk_getsockopt(b->fd[0], IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	return i;
}

void bulk_close(struct bulk *b)
{
	for (unsigned k = 0; k < 2; k++) {
		const struct linger now = {.l_onoff = 1};

		assert_int_equal(nsk_setsockopt(b->fd[k], SOL_SOCKET, SO_LINGER, &now, sizeof(now)),
				 0);
		nsk_close(b->fd[k]);
	}
	nsk_close(b->listener);
}
