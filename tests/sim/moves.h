/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection whose ends have stacks of two and three workers, to be moved about. */
#ifndef NSK_TESTS_SIM_MOVES_H
#define NSK_TESTS_SIM_MOVES_H

#include <string.h>
#include <sys/epoll.h>

#include <netstk/epoll.h>

#include "sim/world.h"
#include "stack/stack.h"

#define WORKERS 3
#define PORT	80

struct moves {
	struct world world;
	int listener, fd[2];
};

static inline void up(struct moves *m, uint64_t seed, const struct nsk_wire_params *wire)
{
	world_pair(&m->world,
		   &(struct world_params){.seed = seed, .wire = *wire, .workers = {2, WORKERS}});
	world_connected(&m->world, PORT, &m->listener, m->fd);
}

static inline void down(struct moves *m)
{
	for (unsigned i = 0; i < 2; i++)
		if (m->fd[i] >= 0)
			nsk_close(m->fd[i]);
	nsk_close(m->listener);
	world_run(&m->world, 3 * MINUTE, NULL, NULL);
	for (unsigned h = 0; h < 2; h++) {
		assert_true(world_all_closed(&m->world, h));
		world_pool_complete(&m->world, h);
	}
	world_end(&m->world);
}

static inline struct moves *quiet_of(uint64_t seed)
{
	static struct moves m;

	memset(&m, 0, sizeof(m));
	up(&m, seed, &(struct nsk_wire_params){0});
	return &m;
}

static inline struct moves *quiet(void)
{
	return quiet_of(1);
}

static inline struct tcp_worker *tcp_of(struct moves *m, unsigned worker)
{
	return m->world.host[1]->worker[worker]->w.tcp;
}

static inline unsigned other_than(int worker)
{
	return ((unsigned)worker + 1) % WORKERS;
}

/* One worker of host 1 has a turn, the others have none. */
static inline void turn_one(struct moves *m, unsigned worker)
{
	struct epoll_event none;
	int epfd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(m->world.host[1], worker), 0);
	epfd = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_wait(epfd, &none, 1, 0), 0);
	nsk_close(epfd);
	assert_int_equal(nsk_detach(), 0);
}

static inline void exchange(struct moves *m)
{
	char buf[16];

	world_send(&m->world, m->fd[0], "question", 8);
	world_recv(&m->world, m->fd[1], buf, 8);
	assert_memory_equal(buf, "question", 8);
	world_send(&m->world, m->fd[1], "answer", 6);
	world_recv(&m->world, m->fd[0], buf, 6);
	assert_memory_equal(buf, "answer", 6);
}

#endif
