/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Work for callgrind: a server and its clients on two stacks over the in-process wire, in one
 * thread under virtual time. Only serve() is counted: from the rx burst to the tx burst, epoll and
 * socket calls included. The clients' stack, the wire between and the start-up stay out.
 *
 *   valgrind --tool=callgrind --instr-atstart=no --collect-atstart=no --toggle-collect=serve \
 *       perf_instructions request --connections 32 --count 10000
 *
 * Valgrind 3.19 knows no AVX-512, which EAL would choose: --eal --force-max-simd-bitwidth=256.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/callgrind.h>

#include <netstk/netstk.h>

#define MESSAGE 64
#define EVENTS	256
#define PORT	7
#define CLIENTS 1024

struct bench {
	const char *eal; /* further arguments for EAL, NULL: none */
	uint64_t now_ns;
	struct nsk_stack *client, *server;
	struct nsk_wire *wire;
	int listener, epoll;
	unsigned connections;
	uint64_t count;	 /* requests or connections to do */
	uint64_t served; /* requests answered */
	uint64_t ended;	 /* connections that the server saw end */
	int fd[CLIENTS];
	char buffer[2048];
};

static void die(const char *what)
{
	fprintf(stderr, "perf_instructions: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t bench_clock(void *arg)
{
	return ((struct bench *)arg)->now_ns;
}

static struct nsk_stack *make_stack(struct bench *b, unsigned end, const char *cidr)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack;

	nsk_config_clock(config, bench_clock, b);
	nsk_config_seed(config, 1 + end);
	if ((b->eal && nsk_config_eal(config, b->eal)) ||
	    nsk_config_set(config, "pool.buffers", "8191") ||
	    nsk_config_set(config, "rx_ring", "1024") ||
	    nsk_config_set(config, "tx_ring", "1024") ||
	    nsk_config_set(config, "tcp.time_wait_ms", "1000") ||
	    nsk_config_add_wire(config, b->wire, end) || nsk_config_add_address(config, cidr) ||
	    nsk_stack_create(config, &stack)) {
		fprintf(stderr, "perf_instructions: %s\n", nsk_config_error(config));
		exit(1);
	}
	nsk_config_free(config);
	return stack;
}

/* ---- the server: what is counted ----------------------------------------------------------- */

static void watch(struct bench *b, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	nsk_epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void answer(struct bench *b, int fd)
{
	ssize_t n = nsk_recv(fd, b->buffer, sizeof(b->buffer), 0);

	if (n > 0) {
		nsk_send(fd, b->buffer, (size_t)n, 0);
		b->served++;
	} else if (n == 0 || errno != EAGAIN) {
		nsk_close(fd);
		b->ended++;
	}
}

/* One look at what came: an ordinary epoll server's loop body. */
__attribute__((noinline)) void serve(struct bench *b);
__attribute__((noinline)) void serve(struct bench *b)
{
	struct epoll_event events[EVENTS];
	int n = nsk_epoll_wait(b->epoll, events, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;

		if (fd != b->listener) {
			answer(b, fd);
			continue;
		}
		while ((fd = nsk_accept4(b->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
			watch(b, fd);
			answer(b, fd);
		}
	}
}

/* ---- the clients: not counted -------------------------------------------------------------- */

static int connect_one(struct bench *b)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd;

	inet_pton(AF_INET, "10.0.0.2", &sin.sin_addr);
	nsk_detach();
	nsk_enter(b->client);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    (nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)) && errno != EINPROGRESS))
		die("connect");
	nsk_enter(NULL);
	if (nsk_attach(b->server, 0))
		die("attach");
	return fd;
}

/* One exchange of turns; 100 µs go by. */
static void pump(struct bench *b)
{
	b->now_ns += 100000;
	nsk_turn(b->client);
	serve(b);
	serve(b);
	nsk_turn(b->client);
}

/* Not nsk_poll(): that would turn the server's loop, uncounted. */
static bool connected(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (nsk_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		die("getsockopt");
	return info.tcpi_state == TCP_ESTABLISHED;
}

static void start(struct bench *b)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	b->now_ns = 1000000000;
	b->wire = nsk_wire_create(NULL, NULL, 1500);
	if (!b->wire)
		die("wire");
	b->client = make_stack(b, 0, "10.0.0.1/24");
	b->server = make_stack(b, 1, "10.0.0.2/24");
	if (nsk_attach(b->server, 0))
		die("attach");
	b->listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	b->epoll = nsk_epoll_create1(0);
	if (nsk_bind(b->listener, (struct sockaddr *)&sin, sizeof(sin)) ||
	    nsk_listen(b->listener, 1024))
		die("listen");
	watch(b, b->listener);
}

static void connect_all(struct bench *b)
{
	for (unsigned i = 0; i < b->connections; i++)
		b->fd[i] = connect_one(b);
	for (unsigned i = 0, tries = 0; i < b->connections; tries++) {
		if (tries > 100000)
			die("handshakes do not end");
		if (connected(b->fd[i]))
			i++;
		else
			pump(b);
	}
}

static void open_all(struct bench *b)
{
	connect_all(b);
	/* Delayed acknowledgments and window updates of the start are over after this. */
	for (unsigned i = 0; i < 100; i++) {
		b->now_ns += 1000000;
		pump(b);
	}
}

/* Every connection sends a request; the round ends when every answer is there. */
static void request_round(struct bench *b)
{
	char message[MESSAGE] = {'q'};
	unsigned missing = b->connections;

	for (unsigned i = 0; i < b->connections; i++)
		if (nsk_send(b->fd[i], message, sizeof(message), 0) != MESSAGE)
			die("send");
	for (unsigned tries = 0; missing; tries++) {
		if (tries > 1000)
			die("answers do not come");
		pump(b);
		for (unsigned i = 0; i < b->connections; i++)
			missing -= nsk_recv(b->fd[i], message, sizeof(message), 0) == MESSAGE;
	}
}

static uint64_t run_requests(struct bench *b)
{
	uint64_t before;

	open_all(b);
	for (unsigned i = 0; i < 20; i++)
		request_round(b);
	before = b->served;
	CALLGRIND_START_INSTRUMENTATION;
	while (b->served - before < b->count)
		request_round(b);
	CALLGRIND_STOP_INSTRUMENTATION;
	return b->served - before;
}

/* A batch of connections: SYN, request, answer, the client closes. */
static void connection_batch(struct bench *b)
{
	uint64_t ended = b->ended + b->connections;

	connect_all(b);
	request_round(b);
	for (unsigned i = 0; i < b->connections; i++)
		nsk_close(b->fd[i]);
	for (unsigned tries = 0; b->ended < ended; tries++) {
		if (tries > 1000)
			die("connections do not end");
		pump(b);
	}
	/* The last segments are exchanged before time goes by: otherwise FINs are sent again. */
	for (unsigned i = 0; i < 3; i++)
		pump(b);
	/* The last ACKs and the clients' TIME_WAIT are part of a connection's life, but ports must
	 * come free. */
	for (unsigned i = 0; i < 8; i++) {
		b->now_ns += 250000000;
		pump(b);
	}
}

static uint64_t run_connections(struct bench *b)
{
	uint64_t before;

	for (unsigned i = 0; i < 4; i++)
		connection_batch(b);
	before = b->ended;
	CALLGRIND_START_INSTRUMENTATION;
	while (b->ended - before < b->count)
		connection_batch(b);
	CALLGRIND_STOP_INSTRUMENTATION;
	return b->ended - before;
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n == 0 || n > max) {
		fprintf(stderr, "perf_instructions: \"%s\" is no number from 1 to %lu\n", text,
			max);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct bench bench = {.connections = 32, .count = 10000};
	uint64_t done;

	for (int i = 2; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--connections") == 0)
			bench.connections = (unsigned)number(argv[i + 1], CLIENTS);
		else if (strcmp(argv[i], "--count") == 0)
			bench.count = number(argv[i + 1], 100000000);
		else if (strcmp(argv[i], "--eal") == 0)
			bench.eal = argv[i + 1];
	}
	if (argc < 2 || (strcmp(argv[1], "request") != 0 && strcmp(argv[1], "connection") != 0)) {
		fprintf(stderr,
			"usage: perf_instructions request|connection [--connections N] [--count N] [--eal ARGS]\n");
		return 2;
	}
	start(&bench);
	done = argv[1][0] == 'r' ? run_requests(&bench) : run_connections(&bench);
	printf("{\"work\":\"%s\",\"connections\":%u,\"done\":%llu}\n", argv[1], bench.connections,
	       (unsigned long long)done);
	nsk_detach();
	nsk_stack_destroy(bench.client);
	nsk_stack_destroy(bench.server);
	nsk_wire_destroy(bench.wire);
	return 0;
}
