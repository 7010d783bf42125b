/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a second worker brings: requests per second of a stack with one worker or two, each on a
 * core of its own. A worker's core also runs its clients, a stack of their own on an in-process
 * wire, so that cores share nothing but the stack that is measured.
 *
 *   perf_workers WORKERS SECONDS FIRST_CORE [steered]
 *
 * Connections are those whose packets come to the worker that owns them, as a port with RSS
 * delivers them; with "steered" those that the other worker's port brings, so that each packet is
 * handed over between workers, both ways.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netstk/netstk.h>

#define WORKERS	    2
#define CONNECTIONS 32 /* of each core, kept of TRIED */
#define TRIED	    256
#define MESSAGE	    64
#define EVENTS	    64
#define PORT	    7

/* Two lines apart: processors fetch pairs of them. */
struct core {
	_Alignas(128) pthread_t thread;
	unsigned index;
	struct nsk_wire *wire;
	struct nsk_stack *clients;
	int epoll, listener;	     /* of the server's worker */
	int client_epoll, fd[TRIED]; /* of the clients' stack */
	uint64_t answers;
};

static struct core core[WORKERS];
static struct nsk_stack *server;
static unsigned workers, seconds, first_core;
static bool steered;
static bool go, stop;			/* [A] */
static unsigned listening, ready, over; /* [A] cores that are so far */

static void die(const char *what)
{
	fprintf(stderr, "perf_workers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void must(int rc, const char *what)
{
	if (rc < 0)
		die(what);
}

static struct nsk_stack *make(struct nsk_config *config)
{
	struct nsk_stack *stack;

	if (nsk_config_set(config, "pool.buffers", "8191") ||
	    nsk_config_set(config, "rx_ring", "1024") ||
	    nsk_config_set(config, "tx_ring", "1024") ||
	    nsk_config_set(config, "idle.mode", "busy") || nsk_stack_create(config, &stack)) {
		fprintf(stderr, "perf_workers: %s\n", nsk_config_error(config));
		exit(1);
	}
	nsk_config_free(config);
	return stack;
}

static void add_end(struct nsk_config *config, unsigned i, unsigned end)
{
	char cidr[32];

	snprintf(cidr, sizeof(cidr), "10.0.%u.%u/24", i, end + 1);
	if (nsk_config_add_wire(config, core[i].wire, end) || nsk_config_add_address(config, cidr))
		die("wire");
}

static void build(void)
{
	struct nsk_config *config = nsk_config_new();

	for (unsigned i = 0; i < workers; i++) {
		struct nsk_config *clients = nsk_config_new();

		core[i].index = i;
		core[i].wire = nsk_wire_create(NULL, NULL, 1500);
		add_end(clients, i, 0);
		core[i].clients = make(clients);
		add_end(config, i, 1);
	}
	must(nsk_config_workers(config, workers), "workers");
	server = make(config);
}

/* ---- the server ---------------------------------------------------------------------------- */

static void answer(int fd)
{
	char buf[2 * MESSAGE];
	ssize_t n = nsk_recv(fd, buf, sizeof(buf), 0);

	if (n > 0)
		nsk_send(fd, buf, (size_t)n, 0);
	else if (n == 0 || errno != EAGAIN)
		nsk_close(fd);
}

/* The next connection whose clients' wire is this worker's own, or with "steered" is not; the
 * others are closed. */
static int accept_wanted(const struct core *c)
{
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		int fd = nsk_accept4(c->listener, (struct sockaddr *)&from, &len, SOCK_NONBLOCK);

		if (fd < 0 || ((ntohl(from.sin_addr.s_addr) >> 8 & 0xff) == c->index) != steered)
			return fd;
		nsk_close(fd);
	}
}

static void serve(struct core *c)
{
	struct epoll_event events[EVENTS], event = {.events = EPOLLIN};
	int n = nsk_epoll_wait(c->epoll, events, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd != c->listener) {
			answer(events[i].data.fd);
			continue;
		}
		while ((event.data.fd = accept_wanted(c)) >= 0)
			must(nsk_epoll_ctl(c->epoll, EPOLL_CTL_ADD, event.data.fd, &event),
			     "epoll");
	}
}

static void serve_start(struct core *c)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct epoll_event event = {.events = EPOLLIN};

	must(nsk_attach(server, c->index), "attach");
	c->listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	c->epoll = nsk_epoll_create1(0);
	event.data.fd = c->listener;
	must(nsk_bind(c->listener, (struct sockaddr *)&sin, sizeof(sin)), "bind");
	must(nsk_listen(c->listener, 1024), "listen");
	must(nsk_epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->listener, &event), "epoll");
}

/* ---- the clients --------------------------------------------------------------------------- */

static const char message[MESSAGE] = {'q'};

static void ask(int fd)
{
	if (nsk_send(fd, message, sizeof(message), 0) != MESSAGE)
		die("send");
}

static int open_one(const struct core *c)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	sin.sin_addr.s_addr = htonl(0x0a000002 + (c->index << 8));
	must(fd, "socket");
	if (nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)) && errno != EINPROGRESS)
		die("connect");
	return fd;
}

/* An answer came, and is followed by the next request: 1; the server closed it: -1; else 0. */
static int go_on(int fd)
{
	char buf[2 * MESSAGE];
	ssize_t n = nsk_recv(fd, buf, sizeof(buf), 0);

	if (n == MESSAGE) {
		ask(fd);
		return 1;
	}
	return n < 0 && errno == EAGAIN ? 0 : -1;
}

static void both(struct core *c)
{
	nsk_turn(c->clients);
	serve(c);
	nsk_turn(c->clients);
}

/* Of many connections those stay that the server keeps, and no more than wanted. */
static void choose(struct core *c)
{
	struct epoll_event event = {.events = EPOLLIN};
	unsigned kept = 0;

	for (unsigned i = 0; i < TRIED; i++) {
		struct pollfd p = {.fd = c->fd[i], .events = POLLOUT};

		while (!(nsk_poll(&p, 1, 0) == 1))
			both(c);
	}
	for (unsigned i = 0; i < TRIED; i++)
		if (nsk_send(c->fd[i], message, MESSAGE, 0) != MESSAGE)
			c->fd[i] = -1; /* closed already */
	for (unsigned i = 0; i < TRIED; i++) {
		int rc = 0;

		while (c->fd[i] >= 0 && (rc = go_on(c->fd[i])) == 0)
			both(c);
		event.data.fd = c->fd[i];
		if (rc > 0 && kept++ < CONNECTIONS)
			must(nsk_epoll_ctl(c->client_epoll, EPOLL_CTL_ADD, c->fd[i], &event),
			     "epoll");
	}
	if (kept < CONNECTIONS) {
		fprintf(stderr, "perf_workers: %u connections of %u are of use\n", kept, TRIED);
		exit(1);
	}
}

static void load(struct core *c)
{
	struct epoll_event events[EVENTS];
	int n = nsk_epoll_wait(c->client_epoll, events, EVENTS, 0);

	for (int i = 0; i < n; i++)
		c->answers += go_on(events[i].data.fd) > 0;
}

static void pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set))
		die("affinity");
}

/* Whoever is early goes on serving: the others' connections may come by here. */
static void wait_for_all(struct core *c, unsigned *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < workers)
		both(c);
}

static void *run(void *arg)
{
	struct core *c = arg;

	pin(first_core + c->index);
	must(nsk_enter(c->clients), "enter");
	c->client_epoll = nsk_epoll_create1(0);
	for (unsigned i = 0; i < TRIED; i++)
		c->fd[i] = open_one(c); /* the SYNs leave with the first turn */
	nsk_enter(NULL);
	serve_start(c);
	wait_for_all(c, &listening);
	choose(c);
	wait_for_all(c, &ready);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		both(c);
	c->answers = 0;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		both(c);
		load(c);
	}
	wait_for_all(c, &over);
	nsk_detach();
	return NULL;
}

static unsigned number(const char *text, unsigned least, unsigned most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n < least || n > most) {
		fprintf(stderr, "perf_workers: \"%s\" is no number from %u to %u\n", text, least,
			most);
		exit(2);
	}
	return (unsigned)n;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The time in which cores answer. */
static double measure(void)
{
	uint64_t begin;

	while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < workers)
		usleep(1000);
	begin = now_ns();
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
	sleep(seconds);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	return (double)(now_ns() - begin) / 1e9;
}

int main(int argc, char **argv)
{
	uint64_t answers = 0;
	double took;

	if (argc < 4 || argc > 5 || (argc == 5 && strcmp(argv[4], "steered") != 0)) {
		fprintf(stderr, "usage: perf_workers WORKERS SECONDS FIRST_CORE [steered]\n");
		return 2;
	}
	workers = number(argv[1], 1, WORKERS);
	seconds = number(argv[2], 1, 3600);
	first_core = number(argv[3], 0, 1023);
	steered = argc == 5;
	build();
	for (unsigned i = 0; i < workers; i++)
		if (pthread_create(&core[i].thread, NULL, run, &core[i]))
			die("thread");
	took = measure();
	for (unsigned i = 0; i < workers; i++) {
		pthread_join(core[i].thread, NULL);
		answers += core[i].answers;
	}
	printf("{\"workers\":%u,\"steered\":%s,\"requests_per_s\":%.0f}\n", workers,
	       steered ? "true" : "false", (double)answers / took);
	nsk_stack_destroy(server);
	for (unsigned i = 0; i < workers; i++) {
		nsk_stack_destroy(core[i].clients);
		nsk_wire_destroy(core[i].wire);
	}
	return 0;
}
