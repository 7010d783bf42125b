/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world for tests: stacks on in-process wires under one virtual clock, all on this thread. Time
 * moves only from one deadline to the next, so an hour of keepalive takes milliseconds, and the
 * same seed gives the same packets.
 *
 * Every helper asserts (cmocka) what it needs. A test that fails, or that a sanitizer ends, says
 * which command repeats it (world_teardown()). An error in the log of a stack, such as a packet
 * buffer or memory that was not given back, fails the test in world_end().
 */
#ifndef NSK_TESTS_SIM_WORLD_H
#define NSK_TESTS_SIM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netstk/netstk.h>

#include "mbuf/worker.h"
#include "tcp/conn.h"
#include "tcp/tcp.h"

#define WORLD_HOSTS 4
#define MS	    UINT64_C(1000000)
#define SEC	    UINT64_C(1000000000)
#define MINUTE	    (60 * SEC)
#define HOUR	    (60 * MINUTE)

/* Addresses of the pair, host order. */
#define HOST_A UINT32_C(0x0a000001)
#define HOST_B UINT32_C(0x0a000002)

struct world {
	uint64_t now_ns;
	uint64_t seed;
	uint64_t turns; /* at this instant: time that stands still is an endless loop */
	unsigned nhosts;
	unsigned errors; /* lines of level ERR in the logs */
	bool errors_expected;
	bool stopped[WORLD_HOSTS]; /* does not turn */
	uint64_t least_step_ns;	   /* for a host that tries again until its port takes something */
	struct nsk_stack *host[WORLD_HOSTS];
	struct nsk_wire *wire; /* host 0 is on end 0, host 1 on end 1 */
};

/* How world_pair() makes its two hosts; all zero: defaults. */
struct world_params {
	uint64_t seed;
	struct nsk_wire_params wire;   /* both directions; their seeds are derived from seed */
	uint32_t mtu;		       /* 0: 1500 */
	const char *const *settings;   /* "key=value" …, NULL-terminated, for both hosts */
	const char *const *settings_b; /* the same, for host 1 alone, after the others */
	unsigned workers[2];	       /* of each host, 0: one */
	const char *gateway;	       /* of host 0, NULL: none */
	bool nic;		       /* the wire's ends do what NICs do: nsk_wire_offload() */
	bool six;		       /* they are 2001:db8::1/64 and 2001:db8::2/64 as well */
};

/* An empty world, its clock at one second. */
void world_init(struct world *world, uint64_t seed);
/* Two hosts, 10.0.0.1/24 and 10.0.0.2/24, on a wire. */
void world_pair(struct world *world, const struct world_params *params);
/* Ends stacks and wire; nothing may be left behind. */
void world_end(struct world *world);

/* A configuration with the world's clock and a seed of its own. */
struct nsk_config *world_config(struct world *world, const char *const *settings);
/* Adds a host made from a configuration (which is freed); returns its index. */
unsigned world_add(struct world *world, struct nsk_config *config);

/* Calls without a descriptor act on this host from now on. */
void world_enter(struct world *world, unsigned host);
/* Moves the clock to the next deadline, which may be now, but not past limit_ns, and runs one turn
 * of each host. False when nothing is pending. */
bool world_step(struct world *world, uint64_t limit_ns);
/* Turns until done(arg) is true or the clock passed now + ns; true if done. done may be NULL: just
 * that long. */
bool world_run(struct world *world, uint64_t ns, bool (*done)(void *arg), void *arg);
/* Turns until nothing more happens at this instant. */
void world_settle(struct world *world);

/* Sockets on host h, all non-blocking, asserting success. */
int world_listen(struct world *world, unsigned h, uint16_t port, int backlog);
int world_connect(struct world *world, unsigned h, const char *addr, uint16_t port);
/* The same from a port of our own choice, SO_REUSEADDR on. */
int world_connect_from(struct world *world, unsigned h, uint16_t sport, const char *addr,
		       uint16_t port);
int world_udp(struct world *world, unsigned h, const char *addr, uint16_t port);
/* Waits until accept gives a connection. */
int world_accept(struct world *world, int listener);
/* A connected pair: fd[0] on host 0 (active), fd[1] on host 1 (passive, port). The listener stays
 * in *listener. */
void world_connected(struct world *world, uint16_t port, int *listener, int fd[2]);
/* Waits until any of the poll bits are ready; returns the ready ones, fails the test after limit.
 */
short world_wait(struct world *world, int fd, short events, uint64_t limit_ns);
/* Waits until send has taken, or recv has given, all of it. */
void world_send(struct world *world, int fd, const void *data, size_t len);
void world_recv(struct world *world, int fd, void *data, size_t len);
/* Waits for the end of the stream, which must come without a byte before it. */
void world_expect_eof(struct world *world, int fd);
int world_getsockopt(int fd, int level, int name);
/* SO_ERROR, which reading clears. */
int world_sock_error(int fd);
void world_setsockopt(int fd, int level, int name, int value);

/* n bytes that anybody can tell by their position. */
void world_fill(uint8_t *data, size_t n, uint64_t offset, uint64_t key);

struct nsk_levels world_levels(struct world *world, unsigned h);
uint64_t world_drops(struct world *world, unsigned h, enum nsk_drop reason);
uint64_t world_drops_all(struct world *world, unsigned h);
uint64_t world_counter(struct world *world, unsigned h, enum nsk_counter counter);
/* True when host h has neither connections nor half-open ones nor ones in TIME_WAIT. */
bool world_all_closed(struct world *world, unsigned h);
/* Asserts that every packet buffer of host h is in its pool. */
void world_pool_complete(struct world *world, unsigned h);

/* Inside of a host. */
struct nsk_worker *world_worker(struct world *world, unsigned h);
/* The state (enum tcp_state) of the one connection on host h with this local port, TIME_WAIT and
 * half-open included; TCPS_CLOSED if there is none. */
unsigned world_state(struct world *world, unsigned h, uint16_t port);

/* What repeats the run when the test fails from now on, beside the test's own name: "NSK_SEED=17".
 */
void world_repeat(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Of every test: prints how to repeat it if it did not come to its end. */
int world_setup(void **state);
int world_teardown(void **state);
/* Runs a group; NSK_TEST=PATTERN chooses tests. */
#define world_main(tests) \
	(world_prepare(), \
	 cmocka_run_group_tests_name(program_invocation_short_name, tests, NULL, NULL))
#define world_test(fn)                                                                    \
	{                                                                                 \
		.name = #fn, .test_func = fn, .setup_func = world_setup,                  \
		.teardown_func = world_teardown, .initial_state = (void *)(uintptr_t) #fn \
	}
void world_prepare(void);

#endif
