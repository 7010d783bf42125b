/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that are no worker's do what comes to their mind, at sockets of two stacks with two
 * workers each: connections of their own, with moves between workers in the middle, and a listener,
 * a UDP socket and a descriptor that all of them share. What each of them sends comes back to it as
 * it was; at the end nothing is open. A thread draws from a seed, which a failure prints; how they
 * meet is the kernel's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#include <netstk/epoll.h>

#include "base/rng.h"
#include "threads/crew.h"

#define ACTORS	    4
#define ROUNDS	    60
#define PORT	    1000 /* of the first actor's listener */
#define SHARED_PORT 900
#define LARGEST	    20000

struct actor {
	struct job job;
	struct crew *crew;
	struct rng rng;
	unsigned index;
	unsigned line; /* where it failed, 0: it did not */
	int listener, near, far;
	size_t got;
	char sent[LARGEST], back[LARGEST];
};

static struct actor actor[ACTORS];
static int shared_listener, shared_udp, shared_dup;

/* Notes where it went wrong; the test's thread tells. */
#define MUST(a, is)                                        \
	do {                                               \
		if (!(is)) {                               \
			(a)->job.err = errno;              \
			(a)->line = (a)->line ?: __LINE__; \
			return false;                      \
		}                                          \
	} while (0)

static bool chance(struct actor *a, uint32_t of)
{
	return rng_below(&a->rng, of) == 0;
}

/* ---- a connection ---------------------------------------------------------------------------- */

static bool open_pair(struct actor *a)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	nsk_enter(a->crew->stack[0]);
	a->near = nsk_socket(AF_INET, SOCK_STREAM, 0);
	MUST(a, a->near >= 0);
	sin = crew_address(1, (uint16_t)(PORT + a->index));
	MUST(a, nsk_connect(a->near, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	a->far = nsk_accept4(a->listener, (struct sockaddr *)&sin, &len, 0);
	MUST(a, a->far >= 0);
	return true;
}

static bool send_some(struct actor *a, size_t from, size_t len)
{
	size_t half = len / 2;
	struct iovec iov[2] = {{a->sent + from, half}, {a->sent + from + half, len - half}};

	if (chance(a, 2))
		return nsk_send(a->near, a->sent + from, len, 0) == (ssize_t)len;
	return nsk_writev(a->near, iov, 2) == (ssize_t)len;
}

static bool wait_readable(struct actor *a)
{
	struct pollfd p = {.fd = a->far, .events = POLLIN};
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	int ep, rc;

	if (chance(a, 2))
		return nsk_poll(&p, 1, -1) == 1;
	nsk_enter(a->crew->stack[1]);
	ep = nsk_epoll_create1(0);
	/* An instance has sockets of its own worker. */
	rc = nsk_epoll_ctl(ep, EPOLL_CTL_ADD, a->far, &ev);
	if (rc == 0)
		rc = nsk_epoll_wait(ep, &ev, 1, -1) - 1;
	else if (errno == EXDEV)
		rc = nsk_poll(&p, 1, -1) - 1;
	return nsk_close(ep) == 0 && rc == 0;
}

static bool move_one(struct actor *a)
{
	int fd = chance(a, 2) ? a->near : a->far;

	return nsk_migrate(fd, rng_below(&a->rng, 2)) == 0;
}

/* What was sent from one end comes out of the other. */
static bool talk(struct actor *a, size_t len)
{
	size_t done = 0, got = 0;

	for (size_t i = 0; i < len; i++)
		a->sent[i] = (char)rng_below(&a->rng, 256);
	while (got < len) {
		size_t part = done < len ? 1 + rng_below(&a->rng, (uint32_t)(len - done)) : 0;
		ssize_t n;

		MUST(a, part == 0 || send_some(a, done, part));
		done += part;
		if (chance(a, 3))
			MUST(a, move_one(a));
		if (chance(a, 3))
			MUST(a, wait_readable(a));
		n = nsk_recv(a->far, a->back + got, len - got, 0);
		MUST(a, n > 0);
		got += (size_t)n;
	}
	MUST(a, memcmp(a->sent, a->back, len) == 0);
	return true;
}

static bool close_pair(struct actor *a)
{
	char byte;

	if (chance(a, 2)) {
		int twin = nsk_dup(a->near);

		MUST(a, twin >= 0 && nsk_close(a->near) == 0);
		a->near = twin;
	}
	if (chance(a, 2)) {
		MUST(a, nsk_shutdown(a->near, SHUT_WR) == 0);
		MUST(a, nsk_recv(a->far, &byte, 1, 0) == 0);
	}
	MUST(a, nsk_close(a->near) == 0);
	MUST(a, nsk_close(a->far) == 0);
	return true;
}

static bool connection(struct actor *a)
{
	return open_pair(a) && talk(a, 1 + rng_below(&a->rng, LARGEST)) && close_pair(a);
}

/* ---- what they share ------------------------------------------------------------------------- */

/* Each connects and accepts, perhaps another's connection: what comes in is sent back. */
static bool shared_connection(struct actor *a)
{
	struct sockaddr_in sin = crew_address(1, SHARED_PORT);
	char byte = 'x';
	int fd, accepted;

	nsk_enter(a->crew->stack[0]);
	fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	MUST(a, nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	MUST(a, nsk_send(fd, &byte, 1, 0) == 1);
	accepted = nsk_accept(shared_listener, NULL, NULL);
	MUST(a, accepted >= 0);
	MUST(a, nsk_recv(accepted, &byte, 1, MSG_WAITALL) == 1 && byte == 'x');
	MUST(a, nsk_send(accepted, "y", 1, 0) == 1);
	MUST(a, nsk_close(accepted) == 0);
	MUST(a, nsk_recv(fd, &byte, 1, 0) == 1 && byte == 'y');
	MUST(a, nsk_recv(fd, &byte, 1, 0) == 0);
	MUST(a, nsk_close(fd) == 0);
	return true;
}

/* A datagram each, from the one socket of all; answers go to a socket of one's own. */
static bool shared_datagram(struct actor *a)
{
	struct sockaddr_in to = crew_address(0, 0), any = {.sin_family = AF_INET};
	socklen_t len = sizeof(any);
	uint32_t word = 0;
	int fd;

	nsk_enter(a->crew->stack[0]);
	fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	MUST(a, fd >= 0 && nsk_bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
	MUST(a, nsk_getsockname(fd, (struct sockaddr *)&any, &len) == 0);
	to.sin_port = any.sin_port;
	MUST(a, nsk_sendto(shared_udp, &a->index, sizeof(a->index), 0, (struct sockaddr *)&to,
			   sizeof(to)) == sizeof(a->index));
	MUST(a, nsk_recv(fd, &word, sizeof(word), 0) == sizeof(word) && word == a->index);
	MUST(a, nsk_close(fd) == 0);
	return true;
}

/* Many give one number new meanings; it always has one, and options read as they should. */
static bool shared_number(struct actor *a)
{
	int fd, type = 0;
	socklen_t len = sizeof(type);

	nsk_enter(a->crew->stack[a->index % 2]);
	fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	MUST(a, fd >= 0);
	MUST(a, nsk_dup2(fd, shared_dup) == shared_dup || errno == EBUSY);
	MUST(a, nsk_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM);
	MUST(a, nsk_close(fd) == 0);
	return true;
}

/* ---- actors ---------------------------------------------------------------------------------- */

static void act(struct job *job)
{
	static bool (*const acts[])(struct actor * a) = {
		connection,	   connection,	    connection,
		shared_connection, shared_datagram, shared_number,
	};
	struct actor *a = job->data;
	bool well = true;

	for (unsigned i = 0; well && i < ROUNDS; i++)
		well = acts[rng_below(&a->rng, sizeof(acts) / sizeof(acts[0]))](a);
}

static uint64_t open_sockets(struct crew *crew)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct nsk_stats stats;

		assert_int_equal(nsk_stats_read(crew->stack[i], -1, &stats), 0);
		n += stats.level.tcp_connections + stats.level.tcp_listeners +
		     stats.level.udp_sockets;
	}
	return n;
}

static bool nothing_is_open(void *crew)
{
	return open_sockets(crew) == 0;
}

static void whatever_threads_do_to_sockets_each_gets_its_own_back(void **state)
{
	const char *text = getenv("NSK_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 1;
	struct crew crew;

	(void)state;
	printf("seed %llu (NSK_TEST_SEED)\n", (unsigned long long)seed);
	crew_start(&crew, 2);
	crew_enter(&crew, 1);
	shared_listener = crew_listen(SHARED_PORT);
	shared_udp = crew_udp(SHARED_PORT);
	shared_dup = crew_udp(0);
	for (unsigned i = 0; i < ACTORS; i++) {
		struct actor *a = &actor[i];

		*a = (struct actor){.crew = &crew, .index = i};
		rng_seed(&a->rng, seed * ACTORS + i);
		a->listener = crew_listen((uint16_t)(PORT + i));
		assert_true(a->listener >= 0);
		a->job = (struct job){.fn = act, .data = a};
	}
	for (unsigned i = 0; i < ACTORS; i++)
		job_start(&actor[i].job);
	for (unsigned i = 0; i < ACTORS; i++) {
		job_join(&actor[i].job);
		if (actor[i].line)
			fail_msg("seed %llu, actor %u: line %u, errno %s", (unsigned long long)seed,
				 i, actor[i].line, strerror(actor[i].job.err));
		assert_int_equal(nsk_close(actor[i].listener), 0);
	}
	assert_int_equal(nsk_close(shared_listener), 0);
	assert_int_equal(nsk_close(shared_udp), 0);
	assert_int_equal(nsk_close(shared_dup), 0);
	crew_until(nothing_is_open, &crew);
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_threads_do_to_sockets_each_gets_its_own_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
