/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a request costs among so many connections: each of them sends one after the other, in an
 * order that no cache follows, 32 at once. A request is 64 bytes, their answer, and the
 * acknowledgment of that; serve() is what is measured: from the rx burst to the tx burst, epoll and
 * socket calls included.
 *
 *   perf_growth [CONNECTIONS [REQUESTS]]
 *
 * Prints ticks of the time-stamp counter a request; callgrind counts the instructions of serve*.
 */
#include <errno.h>
#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>

#include <valgrind/callgrind.h>

#include "perf/crowd.h"

#define MESSAGE 64
#define BURST	32

static struct crowd crowd;
static unsigned connections, place, step;
static unsigned served;

/* What an epoll server does. */
__attribute__((noinline)) void serve(void);
__attribute__((noinline)) void serve(void)
{
	struct epoll_event events[BURST];
	int n = nsk_epoll_wait(crowd.epoll, events, BURST, 0);
	uint8_t buf[256];

	for (int i = 0; i < n; i++) {
		ssize_t len = nsk_recv(events[i].data.fd, buf, sizeof(buf), 0);

		if (len > 0 && nsk_send(events[i].data.fd, buf, (size_t)len, 0) == len)
			served++;
	}
}

static uint64_t measure(void)
{
	uint64_t begin = rte_rdtsc();

	serve(); /* takes it in */
	serve(); /* sends what the application wrote */
	return rte_rdtsc() - begin;
}

static unsigned greatest_divisor(unsigned a, unsigned b)
{
	return b ? greatest_divisor(b, a % b) : a;
}

/* A round visits each connection once: place goes on by a step that shares no divisor with their
 * number. */
static uint64_t burst(uint32_t round)
{
	uint32_t sent = round * MESSAGE;
	unsigned from = place;
	uint64_t ticks;

	for (unsigned i = 0; i < BURST; i++, place = (place + step) % connections)
		crowd_send(&crowd, place, sent, sent, MESSAGE);
	ticks = measure();
	for (unsigned i = 0; i < BURST; i++, from = (from + step) % connections)
		crowd_send(&crowd, from, sent + MESSAGE, sent + MESSAGE, 0);
	crowd.now_ns += 1000;
	return ticks + measure();
}

static unsigned number(const char *text, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n == 0 || n > max) {
		fprintf(stderr, "perf_growth: \"%s\" is no number from 1 to %u\n", text, max);
		exit(2);
	}
	return (unsigned)n;
}

int main(int argc, char **argv)
{
	unsigned requests = argc > 2 ? number(argv[2], 1u << 30) : 1000000, done = 0;
	uint64_t ticks = 0;
	uint32_t round = 0;

	connections = argc > 1 ? number(argv[1], CROWD_MAX) : 1000;
	connections = (connections + BURST - 1) / BURST * BURST;
	for (step = connections / 8 * 5 + 1; greatest_divisor(connections, step) != 1; step++)
		;
	crowd_start(&crowd, connections, 8191);
	if (crowd_come(&crowd, 0, connections, false) != connections) {
		fprintf(stderr, "perf_growth: not all connections came\n");
		return 1;
	}
	if (nsk_attach(crowd.stack, 0))
		crowd_die("attach");
	for (unsigned i = 0; i < connections; i += BURST) /* so that each has been used once */
		burst(0);
	round++;
	served = 0;
	CALLGRIND_START_INSTRUMENTATION;
	while (done < requests) {
		for (unsigned i = 0; i < connections && done < requests; i += BURST, done += BURST)
			ticks += burst(round);
		round++;
	}
	CALLGRIND_STOP_INSTRUMENTATION;
	if (served != done) {
		fprintf(stderr, "perf_growth: %u of %u requests were answered\n", served, done);
		return 1;
	}
	printf("{\"connections\":%u,\"requests\":%u,\"ticks_each\":%.1f}\n", connections, done,
	       (double)ticks / done);
	nsk_detach();
	crowd_end(&crowd);
	return 0;
}
