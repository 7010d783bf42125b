/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker costs that has nothing to do (idle.mode = adaptive), and how long after a packet it
 * is awake: the processor time of the process while its one worker waits, and the time from a
 * datagram's sending to the return of the nsk_epoll_wait() that tells of it, each sent when the
 * worker has slept for a while.
 *
 * perf_idle wire SECONDS COUNT: the sender is another stack on the wire, which nobody runs but
 * here. perf_idle tap SECONDS COUNT: the sender is the kernel, in a network namespace of the
 * program's own (unshare -rn).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <netstk/netstk.h>

#define PORT	 7
#define PAUSE_US 3000 /* more than idle.spin_us */
#define LOOK_US	 500
#define WARM_UP	 20
#define OURS	 "10.9.0.1"
#define THEIRS	 "10.9.0.2"

static uint64_t woken_ns; /* [A] when the last datagram was told of; 0: not yet */

/* Who sends: a stack, or the kernel. */
static struct nsk_stack *peer;
static int from;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "perf_idle: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in address(const char *ip, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(ip),
	};
}

/* The worker: waits for ever, and notes when it is woken. */
static int serve(void *stack)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct sockaddr_in sin = address(OURS, PORT);
	int ep = nsk_epoll_create1(0);
	int fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	char c;

	need(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0, "bind");
	need(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0, "epoll_ctl");
	while (!nsk_stopping(stack)) {
		uint64_t now;

		if (nsk_epoll_wait(ep, &ev, 1, -1) <= 0)
			continue;
		now = now_ns();
		if (nsk_recv(fd, &c, 1, MSG_DONTWAIT) == 1)
			__atomic_store_n(&woken_ns, now, __ATOMIC_RELEASE);
	}
	return 0;
}

static struct nsk_stack *make(struct nsk_wire *wire, unsigned end, const char *cidr)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack = NULL;
	int rc;

	if (wire)
		nsk_config_add_wire(config, wire, end);
	else
		nsk_config_add_device(config, "net_tap0,iface=idle0");
	nsk_config_add_address(config, cidr);
	rc = nsk_stack_create(config, &stack);
	if (rc)
		fprintf(stderr, "perf_idle: %s\n", nsk_config_error(config));
	nsk_config_free(config);
	if (rc)
		exit(1);
	return stack;
}

/* ---- senders --------------------------------------------------------------------------------- */

static void connect_peer(void)
{
	struct sockaddr_in to = address(OURS, PORT);

	nsk_enter(peer);
	from = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	need(nsk_connect(from, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
}

static void connect_kernel(void)
{
	struct sockaddr_in to = address(OURS, PORT);

	need(system("ip addr add " THEIRS "/24 dev idle0 && ip link set idle0 up") == 0, "ip");
	from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	need(connect(from, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
}

static void send_one(void)
{
	if (peer)
		nsk_send(from, "x", 1, 0);
	else
		need(send(from, "x", 1, 0) == 1, "send");
	if (peer)
		nsk_turn(peer);
}

/* Sleeps meanwhile: the cores are the worker's and the device's. */
static uint64_t wait_until_told(uint64_t until_ns)
{
	uint64_t at;

	do {
		usleep(LOOK_US);
		if (peer)
			nsk_turn(peer); /* address resolution */
		at = __atomic_load_n(&woken_ns, __ATOMIC_ACQUIRE);
	} while (at == 0 && now_ns() < until_ns);
	return at;
}

/* ---- what is measured ------------------------------------------------------------------------ */

static double cpu_s(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static void measure_share(unsigned seconds)
{
	struct rusage before, after;
	uint64_t start;
	double took;

	sleep(1);
	getrusage(RUSAGE_SELF, &before);
	start = now_ns();
	sleep(seconds);
	getrusage(RUSAGE_SELF, &after);
	took = (double)(now_ns() - start) / 1e9;
	printf("{\"core_percent\": %.2f, \"sleeps_per_s\": %.0f",
	       (cpu_s(&after) - cpu_s(&before)) / took * 100,
	       (double)(after.ru_nvcsw - before.ru_nvcsw) / took);
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure_wakes(unsigned count)
{
	uint64_t *took = calloc(count, sizeof(*took));
	unsigned lost = 0, n = 0;

	need(took != NULL, "memory");
	for (unsigned i = 0; i < count + WARM_UP; i++) {
		uint64_t start, at;

		usleep(PAUSE_US);
		__atomic_store_n(&woken_ns, 0, __ATOMIC_RELEASE);
		start = now_ns();
		send_one();
		at = wait_until_told(start + UINT64_C(1000000000));
		if (i < WARM_UP)
			continue;
		if (at)
			took[n++] = at - start;
		else
			lost++;
	}
	need(n > 0, "no datagram arrived");
	qsort(took, n, sizeof(*took), by_time);
	printf(", \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"lost\": %u}\n",
	       (double)took[n / 2] / 1e3, (double)took[n - 1 - n / 100] / 1e3,
	       (double)took[n - 1] / 1e3, lost);
	free(took);
}

int main(int argc, char **argv)
{
	bool tap = argc == 4 && strcmp(argv[1], "tap") == 0;
	struct nsk_wire *wire = NULL;
	struct nsk_stack *stack;

	if (argc != 4) {
		fprintf(stderr, "usage: perf_idle wire|tap SECONDS COUNT\n");
		return 2;
	}
	if (!tap)
		wire = nsk_wire_create(NULL, NULL, 1500);
	stack = make(wire, 0, OURS "/24");
	if (wire)
		peer = make(wire, 1, THEIRS "/24");
	need(nsk_launch(stack, serve, stack) == 0, "launch");
	if (peer)
		connect_peer();
	else
		connect_kernel();
	measure_share((unsigned)atoi(argv[2]));
	measure_wakes((unsigned)atoi(argv[3]));
	nsk_stack_destroy(stack);
	nsk_stack_destroy(peer);
	nsk_wire_destroy(wire);
	return 0;
}
