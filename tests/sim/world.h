/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world for tests: stacks on in-process wires under one virtual clock, all on this thread. Time moves only from one
 * deadline to the next, so an hour of keepalive takes milliseconds, and the same seed gives the same packets.
 *
 * Every helper asserts (cmocka) what it needs; a failing test prints the seed by world_context().
 */
#ifndef NSK_TESTS_SIM_WORLD_H
#define NSK_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/netstk.h>

#define WORLD_HOSTS 4
#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)

struct world {
	uint64_t now_ns;
	uint64_t seed;
	unsigned nhosts;
	struct nsk_stack *host[WORLD_HOSTS];
	struct nsk_wire *wire; /* host 0 is on end 0, host 1 on end 1 */
};

/* How world_pair() makes its two hosts; all zero: defaults. */
struct world_params {
	uint64_t seed;
	struct nsk_wire_params wire;      /* both directions; their seeds are derived from seed */
	uint32_t mtu;                     /* 0: 1500 */
	const char *const *settings;      /* "key=value" …, NULL-terminated, for both hosts */
	const char *const *settings_b;    /* the same, for host 1 alone, after the others */
	bool no_wire;                     /* hosts 10.0.0.1 and 10.0.0.2 are added by the test itself */
};

/* Two hosts, 10.0.0.1/24 and 10.0.0.2/24, on a wire. */
void world_pair(struct world *world, const struct world_params *params);
/* Ends stacks and wire; checks that no packet buffer is out. */
void world_end(struct world *world);

/* A configuration with the world's clock and a seed of its own. */
struct nsk_config *world_config(struct world *world, const char *const *settings);
/* Adds a host made from a configuration (which is freed); returns its index. */
unsigned world_add(struct world *world, struct nsk_config *config);

/* Calls without a descriptor act on this host from now on. */
void world_enter(struct world *world, unsigned host);
/* One turn of each host; moves the clock to the next deadline, but not past limit_ns. False when nothing is pending. */
bool world_step(struct world *world, uint64_t limit_ns);
/* Turns until done(arg) is true or the clock passed now + ns; true if done. done may be NULL: just that long. */
bool world_run(struct world *world, uint64_t ns, bool (*done)(void *arg), void *arg);

/* Sockets on host h, all non-blocking, asserting success. */
int world_listen(struct world *world, unsigned h, uint16_t port, int backlog);
int world_connect(struct world *world, unsigned h, const char *addr, uint16_t port);
int world_udp(struct world *world, unsigned h, const char *addr, uint16_t port);
/* Waits until accept gives a connection. */
int world_accept(struct world *world, int listener);
/* A connected pair: fd[0] on host 0 (active), fd[1] on host 1 (passive, port). The listener stays in *listener. */
void world_connected(struct world *world, uint16_t port, int *listener, int fd[2]);
/* Waits until any of the poll bits are ready; returns the ready ones, fails the test after limit. */
short world_wait(struct world *world, int fd, short events, uint64_t limit_ns);

uint64_t world_drops(struct world *world, unsigned h, enum nsk_drop reason);
uint64_t world_counter(struct world *world, unsigned h, enum nsk_counter counter);
/* Prints seed and command that repeats the run when the test fails afterwards. */
void world_context(const struct world *world, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
