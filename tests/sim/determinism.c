/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same seed sends the same packets at the same times: again in the same process, beside another
 * world, and in another process, whose memory lies elsewhere. Another seed sends others. What is
 * run is a crowd of clients and an echo server, both epoll loops that do things at random, and
 * datagrams, over a wire that loses, reorders, duplicates and corrupts.
 *
 * usage: sim_determinism           the tests
 *        sim_determinism SEED      the hash of one run
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "sim/pair.h"
#include "sim/trace.h"

#define PORT	7
#define CLIENTS 12
#define SERVERS 64
#define EVENTS	16
#define LENGTH	(20 * SEC)
#define SEEDS	8

/* Who an event is for. */
#define IS_LISTENER 1000
#define IS_UDP	    1001

struct run {
	struct world world;
	struct trace trace;
	struct rng rng; /* of the applications */
	uint64_t end_ns;
	int ep[2]; /* of host A, of host B */
	int udp[2];
	int listener;
	int client[CLIENTS];
	int server[SERVERS];
};

struct outcome {
	uint64_t hash;
	uint64_t frames;
	uint64_t drops[2];
};

static struct run one, two;
static uint8_t data[4000];

static void watch(struct run *r, unsigned host, int fd, uint32_t who, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u32 = who};

	assert_int_equal(nsk_epoll_ctl(r->ep[host], EPOLL_CTL_ADD, fd, &event), 0);
}

/* ---- host A: clients ---- */

static void open_client(struct run *r, uint32_t slot)
{
	r->client[slot] = world_connect(&r->world, 0, "10.0.0.2", PORT);
	watch(r, 0, r->client[slot], slot, EPOLLIN | EPOLLOUT);
}

static void client_does(struct run *r, uint32_t slot, uint32_t events)
{
	int fd = r->client[slot];
	bool over = events & (EPOLLERR | EPOLLHUP);

	if (events & EPOLLIN)
		over |= nsk_recv(fd, data, 1 + rng_below(&r->rng, sizeof(data)), 0) == 0;
	if (events & EPOLLOUT && rng_below(&r->rng, 2))
		nsk_send(fd, data, rng_below(&r->rng, sizeof(data)), MSG_NOSIGNAL);
	if (!over && rng_below(&r->rng, 100))
		return;
	nsk_close(fd);
	open_client(r, slot);
}

static void host_a(struct run *r)
{
	struct epoll_event event[EVENTS];
	int n;

	world_enter(&r->world, 0);
	n = nsk_epoll_wait(r->ep[0], event, EVENTS, 0);
	for (int i = 0; i < n; i++)
		client_does(r, event[i].data.u32, event[i].events);
	if (rng_below(&r->rng, 10) == 0)
		pair_sendto(r->udp[0], PORT, data, rng_below(&r->rng, 1473));
}

/* ---- host B: echo ---- */

static void accept_all(struct run *r)
{
	for (uint32_t slot = 0; slot < SERVERS; slot++) {
		if (r->server[slot] >= 0)
			continue;
		r->server[slot] = nsk_accept4(r->listener, NULL, NULL, SOCK_NONBLOCK);
		if (r->server[slot] < 0)
			return;
		watch(r, 1, r->server[slot], slot, EPOLLIN);
	}
}

static void echo(struct run *r, uint32_t slot)
{
	int fd = r->server[slot];
	ssize_t n = nsk_recv(fd, data, 1 + rng_below(&r->rng, sizeof(data)), 0);

	if (n > 0) {
		nsk_send(fd, data, (size_t)n, MSG_NOSIGNAL);
	} else if (n == 0 || errno != EAGAIN) {
		nsk_close(fd);
		r->server[slot] = -1;
	}
}

static void echo_datagram(struct run *r)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = nsk_recvfrom(r->udp[1], data, sizeof(data), 0, (struct sockaddr *)&from, &len);

	if (n >= 0)
		nsk_sendto(r->udp[1], data, (size_t)n, 0, (struct sockaddr *)&from, len);
}

static void host_b(struct run *r)
{
	struct epoll_event event[EVENTS];
	int n;

	world_enter(&r->world, 1);
	n = nsk_epoll_wait(r->ep[1], event, EVENTS, 0);
	for (int i = 0; i < n; i++) {
		uint32_t who = event[i].data.u32;

		if (who == IS_LISTENER)
			accept_all(r);
		else if (who == IS_UDP)
			echo_datagram(r);
		else
			echo(r, who);
	}
}

/* ---- runs ---- */

static void start(struct run *r, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	world_pair(&r->world, &(struct world_params){.seed = seed,
						     .wire = {
							     .loss_ppm = 30000,
							     .reorder_ppm = 50000,
							     .reorder_ns = 3 * MS,
							     .duplicate_ppm = 10000,
							     .corrupt_ppm = 10000,
							     .delay_ns = 5 * MS,
							     .jitter_ns = MS / 2,
							     .rate_bps = 20000000,
							     .queue_packets = 100,
						     }});
	trace_start(&r->trace, &r->world);
	rng_seed(&r->rng, seed);
	r->end_ns = r->world.now_ns + LENGTH;
	for (unsigned host = 0; host < 2; host++) {
		r->udp[host] = world_udp(&r->world, host, "0.0.0.0", PORT);
		r->ep[host] = nsk_epoll_create1(0);
		assert_true(r->ep[host] >= NSK_FD_BASE);
	}
	watch(r, 1, r->udp[1], IS_UDP, EPOLLIN);
	r->listener = world_listen(&r->world, 1, PORT, 16);
	watch(r, 1, r->listener, IS_LISTENER, EPOLLIN);
	memset(r->server, -1, sizeof(r->server));
	for (uint32_t slot = 0; slot < CLIENTS; slot++)
		open_client(r, slot);
}

/* False when the run is over. */
static bool step(struct run *r)
{
	if (r->world.now_ns >= r->end_ns)
		return false;
	world_step(&r->world, r->end_ns);
	host_a(r);
	host_b(r);
	return true;
}

static struct outcome end(struct run *r)
{
	struct outcome out;

	for (unsigned slot = 0; slot < CLIENTS; slot++)
		nsk_close(r->client[slot]);
	for (unsigned slot = 0; slot < SERVERS; slot++)
		if (r->server[slot] >= 0)
			nsk_close(r->server[slot]);
	nsk_close(r->listener);
	for (unsigned host = 0; host < 2; host++) {
		nsk_close(r->udp[host]);
		nsk_close(r->ep[host]);
	}
	world_run(&r->world, 10 * MINUTE, NULL, NULL);
	out = (struct outcome){
		.hash = r->trace.hash,
		.frames = r->trace.frames,
		.drops = {world_drops_all(&r->world, 0), world_drops_all(&r->world, 1)},
	};
	trace_end(&r->trace);
	pair_finish(&r->world);
	return out;
}

static struct outcome whole(uint64_t seed)
{
	world_repeat("NSK_SEED=%" PRIu64, seed);
	start(&one, seed);
	while (step(&one))
		;
	return end(&one);
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->frames, b->frames);
	assert_int_equal(a->hash, b->hash);
	assert_int_equal(a->drops[0], b->drops[0]);
	assert_int_equal(a->drops[1], b->drops[1]);
}

/* ---- tests ---- */

static void same_seed_sends_the_same_packets_and_another_seed_others(void **state)
{
	struct outcome first[SEEDS], again;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		first[seed] = whole(seed + 1);
		assert_true(first[seed].frames > 5000); /* it was no idle run */
		assert_true(first[seed].drops[0] > 0 && first[seed].drops[1] > 0);
	}
	for (uint64_t seed = SEEDS; seed-- > 0;) {
		again = whole(seed + 1);
		assert_same(&first[seed], &again);
		for (uint64_t other = 0; other < seed; other++)
			assert_int_not_equal(first[seed].hash, first[other].hash);
	}
}

/* Nothing is shared: neither what another world does nor when. */
static void world_beside_another_sends_what_it_sends_alone(void **state)
{
	struct outcome alone[2] = {whole(1), whole(2)}, beside[2];
	bool more[2];

	(void)state;
	start(&one, 1);
	start(&two, 2);
	do {
		more[0] = step(&one);
		more[1] = step(&two);
	} while (more[0] || more[1]);
	beside[1] = end(&two);
	beside[0] = end(&one);
	assert_same(&alone[0], &beside[0]);
	assert_same(&alone[1], &beside[1]);
}

static void another_process_sends_the_same_packets(void **state)
{
	struct outcome here = whole(3);
	char path[PATH_MAX], command[PATH_MAX + 16], line[64] = "", want[64];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	FILE *child;

	(void)state;
	assert_true(n > 0);
	path[n] = '\0';
	snprintf(want, sizeof(want), "%016" PRIx64 " %" PRIu64 "\n", here.hash, here.frames);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(command, sizeof(command), "'%s' 3", path);
		child = popen(command, "r");
		assert_non_null(child);
		assert_non_null(fgets(line, sizeof(line), child));
		assert_int_equal(pclose(child), 0);
		assert_string_equal(line, want);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		world_test(same_seed_sends_the_same_packets_and_another_seed_others),
		world_test(world_beside_another_sends_what_it_sends_alone),
		world_test(another_process_sends_the_same_packets),
	};
	struct outcome out;

	if (argc != 2)
		return world_main(tests);
	out = whole(strtoull(argv[1], NULL, 0));
	printf("%016" PRIx64 " %" PRIu64 "\n", out.hash, out.frames);
	return 0;
}
