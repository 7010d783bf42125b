/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP Fast Open between two of our stacks: on wires that lose and reorder, with workers that share
 * keys, with memory that runs out. RFC 7413; its single rules are in tests/script/fastopen.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "mbuf/pool.h"
#include "sim/pair.h"
#include "sim/trace.h"

#define PORT  7
#define CONNS 6
#define MOST  4000 /* octets of a request */

/* Large enough for whatever the wire does: nobody gives up. */
static const char *const patient[] = {
	"tcp.fastopen=3",  "tcp.syn_retries=100",	"tcp.synack_retries=100", "tcp.retries=100",
	"arp.retries=100", "tcp.fastopen_pause_ms=100", "tcp.rto_max_ms=2000",	  NULL,
};

static struct world world;
static struct mem *failing; /* whose allocation number fail_at, counted from the next call, fails */
static uint64_t fail_at;
static uint8_t data[MOST], seen[MOST];

static void begin(uint64_t seed, const char *const *settings, struct nsk_wire_params wire)
{
	memset(&world, 0, sizeof(world));
	world_repeat("NSK_SEED=%llu", (unsigned long long)seed);
	world_pair(&world,
		   &(struct world_params){.seed = seed, .wire = wire, .settings = settings});
	world_fill(data, sizeof(data), 0, 1);
}

static int server(unsigned host, int most)
{
	int fd = world_listen(&world, host, PORT, 16);

	world_setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, most);
	return fd;
}

static ssize_t open_with(int fd, size_t len)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	inet_pton(AF_INET, "10.0.0.2", &sin.sin_addr);
	return nsk_sendto(fd, data, len, MSG_FASTOPEN, (struct sockaddr *)&sin, sizeof(sin));
}

static int client(size_t len, size_t *sent)
{
	ssize_t n;
	int fd;

	world_enter(&world, 0);
	while ((fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) < 0)
		assert_int_equal(errno, ENOMEM); /* once, where memory fails */
	if (fail_at)
		failing->fail_at = fail_at;
	fail_at = 0;
	n = open_with(fd, len);
	if (n < 0)
		assert_int_equal(errno, EINPROGRESS);
	*sent = n > 0 ? (size_t)n : 0;
	return fd;
}

static uint64_t counter(unsigned host, enum nsk_counter c)
{
	return world_counter(&world, host, c);
}

static bool all_closed(void *arg)
{
	(void)arg;
	return world_all_closed(&world, 0) && world_all_closed(&world, 1);
}

static void finish(int listener)
{
	nsk_close(listener);
	assert_true(world_run(&world, 12 * HOUR, all_closed, NULL));
	pair_finish(&world);
}

/* ---- exchanges ----------------------------------------------------------------------------- */

/* A request of len octets and an answer of as many, by the connection that fd opens. */
struct exchange {
	int fd, peer;
	size_t len, sent, heard, answered, back;
};

static void send_more(int fd, size_t len, size_t *sent)
{
	ssize_t n = *sent < len ? nsk_send(fd, data + *sent, len - *sent, 0) : 0;

	if (n < 0)
		assert_int_equal(errno, EAGAIN);
	else
		*sent += (size_t)n;
}

/* What comes is compared; false at the end of the stream. */
static bool hear(int fd, size_t *heard)
{
	uint8_t got[MOST];
	ssize_t n = nsk_recv(fd, got, sizeof(got), 0);

	if (n < 0) {
		assert_int_equal(errno, EAGAIN);
		return true;
	}
	assert_true(*heard + (size_t)n <= MOST);
	assert_memory_equal(got, data + *heard, n);
	*heard += (size_t)n;
	return n > 0;
}

static void drive(struct exchange *x, size_t len)
{
	if (x->back < len) {
		send_more(x->fd, x->len, &x->sent);
		hear(x->fd, &x->back);
	}
	if (x->peer >= 0 && x->answered < len) {
		hear(x->peer, &x->heard);
		if (x->heard == len)
			send_more(x->peer, len, &x->answered);
	}
}

/* One request after another, each on its own connection, until the answer is there. */
static void exchange(int listener, size_t len)
{
	struct exchange x = {.peer = -1, .len = len};

	x.fd = client(len, &x.sent);
	for (;;) {
		if (x.peer < 0)
			x.peer = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		drive(&x, len);
		if (x.back == len)
			break;
		assert_true(world_step(&world, world.now_ns + HOUR));
	}
	assert_int_equal(x.heard, len);
	nsk_close(x.fd);
	nsk_close(x.peer);
}

static void every_octet_arrives_once_whatever_the_wire_does(void **state)
{
	uint64_t taken = 0, failed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct rng rng;
		int listener;

		rng_seed(&rng, seed);
		begin(seed, patient,
		      (struct nsk_wire_params){
			      .loss_ppm = rng_below(&rng, 300000),
			      .duplicate_ppm = rng_below(&rng, 50000),
			      .reorder_ppm = rng_below(&rng, 200000),
			      .reorder_ns = 5 * MS,
			      .delay_ns = rng_below(&rng, 50) * MS,
		      });
		listener = server(1, 4);
		for (unsigned i = 0; i < CONNS; i++)
			exchange(listener, 1 + rng_below(&rng, MOST));
		taken += counter(0, NSK_CNT_TCP_FASTOPEN_ACTIVE);
		failed += counter(0, NSK_CNT_TCP_FASTOPEN_ACTIVE_FAIL);
		finish(listener);
	}
	/* Both ways were gone. */
	assert_true(taken > 60);
	assert_true(failed > 20);
}

/* The answer is there a round trip after the request, not two. */
static void it_saves_a_round_trip(void **state)
{
	uint64_t took[3];
	int listener;

	(void)state;
	begin(1, patient, (struct nsk_wire_params){.delay_ns = 50 * MS});
	pair_acquaint(&world);
	listener = server(1, 4);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t start = world.now_ns;

		exchange(listener, 500);
		took[i] = world.now_ns - start;
	}
	assert_in_range(took[0], 200 * MS, 205 * MS); /* asks for a cookie */
	assert_in_range(took[1], 100 * MS, 105 * MS);
	assert_in_range(took[2], 100 * MS, 105 * MS);
	assert_int_equal(counter(0, NSK_CNT_TCP_FASTOPEN_ACTIVE), 2);
	assert_int_equal(counter(1, NSK_CNT_TCP_FASTOPEN_PASSIVE), 2);
	assert_int_equal(counter(0, NSK_CNT_TCP_RETRANS_SEGMENTS), 0);
	finish(listener);
}

/* ---- keys ---------------------------------------------------------------------------------- */

#define KEY_A "00000001-00000002-00000003-00000004"
#define KEY_B "00000005-00000006-00000007-00000008"
#define KEY_C "00000009-0000000a-0000000b-0000000c"

/* The server's key changes while it runs: with the old one behind it nobody notices; alone, once.
 */
static void keys_are_rotated_while_the_server_runs_rfc7413_4_1_2(void **state)
{
	static const struct {
		const char *key;
		uint64_t taken, failed, old;
	} steps[] = {
		{NULL, 0, 0, 0},
		{NULL, 1, 0, 0},
		{KEY_B "," KEY_A, 2, 0, 1},
		{KEY_C "," KEY_B, 3, 0, 2},
		{KEY_A, 3, 1, 2},
		{NULL, 4, 1, 2},
		{"own", 4, 2, 2},
		{NULL, 5, 2, 2},
	};
	int listener;

	(void)state;
	begin(1, patient, (struct nsk_wire_params){.delay_ns = MS});
	assert_int_equal(nsk_set(world.host[1], "tcp.fastopen_key", KEY_A), 0);
	listener = server(1, 4);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].key)
			assert_int_equal(nsk_set(world.host[1], "net.ipv4.tcp_fastopen_key",
						 steps[i].key),
					 0);
		exchange(listener, 500);
		assert_int_equal(counter(0, NSK_CNT_TCP_FASTOPEN_ACTIVE), steps[i].taken);
		assert_int_equal(counter(0, NSK_CNT_TCP_FASTOPEN_ACTIVE_FAIL), steps[i].failed);
		assert_int_equal(counter(1, NSK_CNT_TCP_FASTOPEN_PASSIVE_ALT_KEY), steps[i].old);
	}
	finish(listener);
}

/* Workers share the keys: a cookie is good wherever the next connection comes. */
static void cookies_are_good_at_every_worker(void **state)
{
	int listener;

	(void)state;
	memset(&world, 0, sizeof(world));
	world_pair(&world, &(struct world_params){.settings = patient, .workers = {1, 4}});
	world_fill(data, sizeof(data), 0, 1);
	listener = server(1, 16);
	for (unsigned i = 0; i < 20; i++)
		exchange(listener, 500);
	assert_int_equal(counter(0, NSK_CNT_TCP_FASTOPEN_ACTIVE), 19);
	finish(listener);
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Fails the nth allocation of a host in two connections; false: there are not so many. The first
 * gets a cookie, or goes without. */
static bool with_failure(unsigned host, uint64_t n)
{
	bool asked;
	int listener;

	begin(n, patient, (struct nsk_wire_params){.delay_ns = MS});
	listener = server(1, 4);
	failing = world_worker(&world, host)->mem;
	fail_at = n;
	for (unsigned i = 0; i < 3; i++)
		exchange(listener, 3000);
	/* No cookie was bad. */
	assert_int_equal(counter(1, NSK_CNT_TCP_FASTOPEN_PASSIVE_FAIL), 0);
	asked = failing->fail_at == 0;
	failing->fail_at = 0;
	finish(listener);
	return asked;
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	for (unsigned host = 0; host < 2; host++) {
		uint64_t n = 1;

		while (with_failure(host, n))
			n++;
		assert_true(n > 3);
	}
}

/* No buffer for the SYN, and the other side opens as well: the SYN,ACK has neither cookie nor data,
 * which leaves when both are open (RFC 9293 §3.5). */
static void syn_that_could_not_leave_is_crossed_rfc7413_4_2_2(void **state)
{
	static const char *const no_cookie[] = {"tcp.fastopen=5", NULL};
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct rte_mbuf *hoard[8192];
	struct trace trace;
	socklen_t len = sizeof(sin);
	unsigned n = 0;
	size_t sent;
	int fd[2];

	(void)state;
	begin(1, no_cookie, (struct nsk_wire_params){.delay_ns = 5 * MS});
	pair_acquaint(&world);
	trace_start(&trace, &world);
	while ((hoard[n] = pkt_alloc_control(world_worker(&world, 0))) != NULL)
		assert_true(++n < 8192);
	rte_pktmbuf_free(hoard[--n]); /* for the data */
	fd[0] = client(400, &sent);
	assert_int_equal(sent, 400);
	assert_int_equal(nsk_getsockname(fd[0], (struct sockaddr *)&sin, &len), 0);
	world_run(&world, MS, NULL, NULL);
	assert_int_equal(world_drops(&world, 0, NSK_DROP_TX_NO_BUFFER), 1);
	while (n)
		rte_pktmbuf_free(hoard[--n]);
	world_enter(&world, 1);
	fd[1] = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_bind(fd[1],
				  (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET,
									   .sin_port = htons(PORT)},
				  sizeof(sin)),
			 0);
	assert_int_equal(nsk_connect(fd[1], (struct sockaddr *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, EINPROGRESS);
	world_recv(&world, fd[1], seen, 400);
	assert_memory_equal(seen, data, 400);
	assert_int_equal(trace_nth(&trace, FROM_A, TCP_SYN, 0)->len, 0);
	assert_false(trace_nth(&trace, FROM_A, TCP_SYN, 0)->opts.present & TCP_HAS_FASTOPEN);
	trace_end(&trace);
	assert_int_equal(counter(0, NSK_CNT_TCP_FASTOPEN_ACTIVE), 0);
	assert_int_equal(counter(0, NSK_CNT_TCP_RETRANS_SEGMENTS), 0);
	world_send(&world, fd[1], data, 400);
	world_recv(&world, fd[0], seen, 400);
	nsk_close(fd[0]);
	finish(fd[1]);
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* Stacks that end while connections wait for their handshake or for their SYN give all back. */
static void stack_ends_in_the_middle(void **state)
{
	size_t sent;
	int fd;

	(void)state;
	begin(1, patient, (struct nsk_wire_params){.delay_ns = 50 * MS});
	pair_acquaint(&world);
	fd = server(1, 4);
	exchange(fd, 500);
	client(500, &sent);
	assert_int_equal(sent, 500);
	world_run(&world, 60 * MS, NULL, NULL); /* the SYN,ACK is on its way */
	assert_int_equal(counter(1, NSK_CNT_TCP_FASTOPEN_PASSIVE), 1);
	client(700, &sent);
	assert_int_equal(sent, 700);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	world_setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(every_octet_arrives_once_whatever_the_wire_does),
		world_test(it_saves_a_round_trip),
		world_test(keys_are_rotated_while_the_server_runs_rfc7413_4_1_2),
		world_test(cookies_are_good_at_every_worker),
		world_test(any_allocation_may_fail),
		world_test(syn_that_could_not_leave_is_crossed_rfc7413_4_2_2),
		world_test(stack_ends_in_the_middle),
	};

	return world_main(tests);
}
