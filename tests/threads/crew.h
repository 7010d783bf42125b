/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks whose workers run in threads of their own, in real time, and jobs: threads that are no
 * worker's and do one thing each. Nothing sleeps in the hope that something happened meanwhile:
 * crew_until() looks again and again and fails the test when the time is over, and
 * crew_waiting() tells how many threads wait in blocking calls.
 *
 * cmocka's assertions belong to the test's thread: a job only notes what its call returned.
 */
#ifndef NSK_TESTS_THREADS_CREW_H
#define NSK_TESTS_THREADS_CREW_H

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <netstk/netstk.h>

#define CREW_LIMIT_S 60 /* for anything, however slow the machine and the sanitizer */

/* Two stacks, 10.0.0.1/24 and 10.0.0.2/24, on a wire. */
struct crew {
	struct nsk_wire *wire;
	struct nsk_stack *stack[2];
	unsigned errors; /* [A] lines of level ERR in the logs */
};

/* Builds the stacks with so many workers each and lets them run. */
void crew_start(struct crew *crew, unsigned workers);
/* The same with another function for the workers' threads; NULL: nobody runs them yet. */
void crew_start_with(struct crew *crew, unsigned workers, int (*fn)(void *stack));
/* What a worker's thread does by default: turns until the stack stops. Its argument is the stack.
 */
int crew_turn(void *stack);
/* Stops, joins, destroys; the logs must be free of errors. */
void crew_end(struct crew *crew);

/* Looks until done(arg) is true. */
void crew_until(bool (*done)(void *arg), void *arg);
/* Waits until exactly n threads wait in blocking calls on the stack's sockets. */
void crew_waiting(struct nsk_stack *stack, unsigned n);

/* Calls without a descriptor act on this stack from now on, in the calling thread. */
void crew_enter(struct crew *crew, unsigned which);
/* Sockets, blocking, made in the calling thread's stack. They return a descriptor or -1. */
int crew_listen(uint16_t port);
int crew_udp(uint16_t port);
int crew_connect(unsigned which, uint16_t port);
struct sockaddr_in crew_address(unsigned which, uint16_t port);
/* A connected pair: fd[0] on stack 0, fd[1] on stack 1 (accepted). For the test's thread. */
void crew_connected(struct crew *crew, uint16_t port, int *listener, int fd[2]);
void crew_timeout(int fd, int option, unsigned ms);

/* A thread that runs fn(job) in a stack, or in none. */
struct job {
	void (*fn)(struct job *job);
	struct nsk_stack *stack;
	int fd, other; /* for fn */
	size_t len;
	int flags;
	void *data;
	ssize_t rc; /* what the call returned */
	int err;    /* errno, if that was -1 */
	uint64_t took_ns;
	pthread_t thread;
	bool done; /* [A] */
};

void job_start(struct job *job);
void job_join(struct job *job);
/* Notes the result of a call in its job. */
#define JOB_CALL(job, call)                             \
	do {                                            \
		(job)->rc = (call);                     \
		(job)->err = (job)->rc < 0 ? errno : 0; \
	} while (0)
#define assert_job(job, value, error)                \
	do {                                         \
		assert_int_equal((job)->rc, value);  \
		assert_int_equal((job)->err, error); \
	} while (0)

/* Sends signals that interrupt (SIGUSR1, a handler that does nothing, SA_RESTART) until the job
 * is done: one that comes between the look and the sleep is lost, as with any blocking call. */
void job_interrupt(struct job *job);
/* Sends so many signals, each after the one before was handled. */
void job_signal(struct job *job, unsigned times);

/* A stack of two workers on a wire, which threads change while others look at it. */
struct bustle {
	struct nsk_wire *wire;
	struct nsk_config *config;
	struct nsk_stack *stack;
	char iface[32]; /* its name */
};

/* config may hold an address or a callback by now; turn is what its workers run. */
void bustle_start(struct bustle *b, int (*turn)(void *stack));
/* Runs a thread of change for each of n data, and one of look, to their ends, and the stack to its:
 * their results must be 0, as must what look has in its job.other. */
void bustle_run(struct bustle *b, void (*change)(struct job *job), void *const data[], unsigned n,
		void (*look)(struct job *job));
void bustle_end(struct bustle *b);

/* Keeps the first worker of a stack from serving calls. */
struct hold {
	struct job job;
	bool held; /* [A] */
};

void hold_start(struct hold *hold, struct nsk_stack *stack);
/* Waits until a call is on its way to the worker. */
void hold_until_called(struct hold *hold);
void hold_end(struct hold *hold);

/* What jobs do: one call on fd with data, len and flags. */
void job_recv(struct job *job);
void job_send(struct job *job);
void job_accept(struct job *job);
/* Polls fd and other for POLLIN; revents go into flags, those of other 16 bits up. */
void job_poll(struct job *job);
/* One event of instance fd: events go into flags, data into other. */
void job_epoll_wait(struct job *job);

/* Most tests': a connected pair, and a job that receives at its passive end. */
struct pair {
	struct crew crew;
	int listener, fd[2];
	char buf[16];
	struct job job; /* on fd[1], receives into buf */
};

int pair_up(void **state);
int pair_down(void **state);
/* Starts a job and waits until it sleeps in a call on the passive end's stack. */
void pair_sleep_in(struct pair *pair, struct job *job);
void crew_until_readable(int fd);
#define pair_test(fn) cmocka_unit_test_setup_teardown(fn, pair_up, pair_down)

#endif
