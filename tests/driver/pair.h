/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two processes, a port in each: one sends frames of all lengths and checks that they come back as
 * they were, the other sends back what it gets.
 */
#ifndef NSK_TESTS_DRIVER_PAIR_H
#define NSK_TESTS_DRIVER_PAIR_H

#include <poll.h>
#include <sys/wait.h>

#include "ports.h"

#define PAIR_WINDOW 16
#define PAIR_FRAMES 3000

struct pair {
	const char *reflector; /* opened first */
	const char *sender;
	uint32_t mtu;
	bool restart; /* the sender stops and starts in between */
	bool sleeps;  /* the sender sleeps until frames come back */
};

/* Says what is wrong and ends the sender's process. */
#define PAIR_CHECK(what)                                                               \
	do {                                                                           \
		if (!(what)) {                                                         \
			fprintf(stderr, "sender: %s failed: %s\n", #what, test_error); \
			_exit(1);                                                      \
		}                                                                      \
	} while (0)

static inline bool link_is_up(struct port *port)
{
	struct port_link link;

	port->ops->link(port, &link);
	return link.up;
}

/* Takes what came back; returns false for a frame that is not the next one, or not whole. */
static inline bool pair_take(struct port *port, uint32_t *back)
{
	struct rte_mbuf *m;
	bool good = true;

	while (good && (m = frame_recv(port, clock_ns())) != NULL) {
		if (frame_is_ours(m)) {
			good = frame_number(m) == *back && frame_bad_bytes(m) == 0;
			(*back)++;
		}
		rte_pktmbuf_free(m);
	}
	return good;
}

/* As a worker without work does: what came before is polled, what comes later ends the sleep. */
static inline void pair_sleep(struct port *port)
{
	struct pollfd p = {.fd = port->ops->rx_fd(port, 0), .events = POLLIN};

	PAIR_CHECK(p.fd >= 0);
	if (!port->ops->rx_arm(port, 0))
		return;
	PAIR_CHECK(poll(&p, 1, PATIENCE_NS / 1000000) == 1);
	port->ops->rx_disarm(port, 0);
}

static inline void pair_send(struct port *port, struct pkt_pool *pool, const struct pair *pair,
			     uint32_t frames)
{
	uint32_t mtu = pair->mtu, was;
	uint64_t deadline = clock_ns() + PATIENCE_NS;
	uint32_t sent = 0, back = 0;
	struct port_stats st;

	while (!link_is_up(port))
		PAIR_CHECK(clock_ns() < deadline);
	while (back < frames) {
		uint32_t len = 60 + sent * 37 % (mtu + 14 - 60 + 1);

		if (sent < frames && sent - back < PAIR_WINDOW &&
		    frame_send(port, pool, clock_ns(), sent, len))
			sent++;
		was = back;
		PAIR_CHECK(pair_take(port, &back));
		if (pair->sleeps && back == was && (sent == frames || sent - back == PAIR_WINDOW))
			pair_sleep(port);
		PAIR_CHECK(clock_ns() < deadline);
	}
	port->ops->stats(port, &st);
	PAIR_CHECK(st.tx_packets >= frames && st.rx_packets >= frames);
}

static inline void pair_sender(const struct pair *p, int ready)
{
	struct pkt_pool *pool;
	struct port *port;
	char go;

	PAIR_CHECK(eal_start_for(&p->sender, 1) == 0);
	PAIR_CHECK(read(ready, &go, 1) == 1);
	PAIR_CHECK(port_open_named(p->sender, &port) == 0);
	pool = pool_new("sender", 2048, 2048, true);
	PAIR_CHECK(pool != NULL);
	PAIR_CHECK(port_start_with(port, pool, p->mtu) == 0);
	pair_send(port, pool, p, PAIR_FRAMES);
	if (p->restart) {
		port->ops->stop(port);
		PAIR_CHECK(port_start_with(port, pool, p->mtu) == 0);
		pair_send(port, pool, p, 100);
	}
	port->ops->stop(port);
	port->ops->close(port);
	PAIR_CHECK(pkt_pool_destroy(pool) == 0);
	_exit(0);
}

/* Sends back what comes until the other process ends; its exit status, or -1 when it does not end.
 */
static inline int pair_reflect(struct port *port, pid_t child)
{
	uint64_t deadline = clock_ns() + 2 * PATIENCE_NS;
	int status;

	while (clock_ns() < deadline) {
		struct rte_mbuf *bufs[32];
		uint16_t n = port->ops->rx_burst(port, 0, clock_ns(), bufs, 32), sent = 0;

		for (unsigned tries = 0; sent < n && tries < 100000; tries++)
			sent += port->ops->tx_burst(port, 0, clock_ns(), bufs + sent, n - sent);
		rte_pktmbuf_free_bulk(bufs + sent, n - sent);
		if (n == 0 && waitpid(child, &status, WNOHANG) == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	}
	return -1;
}

/* The whole test; EAL must not run yet in this process. */
static inline void pair_run(const struct pair *p)
{
	struct pkt_pool *pool;
	struct port *port;
	int ready[2];
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ready[1]);
		pair_sender(p, ready[0]);
	}
	close(ready[0]);
	assert_int_equal(eal_start_for(&p->reflector, 1), 0);
	if (port_open_named(p->reflector, &port))
		fail_msg("%s", test_error);
	pool = pool_new("reflector", 2048, 2048, true);
	assert_non_null(pool);
	if (port_start_with(port, pool, p->mtu))
		fail_msg("%s", port->error);
	assert_int_equal(write(ready[1], "!", 1), 1);
	close(ready[1]);
	assert_int_equal(pair_reflect(port, child), 0);
	port->ops->stop(port);
	port->ops->close(port);
	assert_int_equal(pkt_pool_destroy(pool), 0);
}

#endif
