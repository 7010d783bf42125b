/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One bulk transfer between two stacks of one thread over the in-process wire: how many octets a
 * second, cycles and, under callgrind, instructions of one side (--toggle-collect=sending or
 * receiving) for each 1,448 octets. What the ends of the wire can do is an option: checksums,
 * segmentation, receiving what was not segmented.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <valgrind/callgrind.h>

#include <netstk/netstk.h>
#include <netstk/zerocopy.h>

#define CHUNK	 65536
#define PORT	 7
#define BURST	 64
#define UNIT	 1448.0
#define WARM_UP	 (UINT64_C(32) << 20)
#define TURN_NS	 50000
#define STUCK_NS UINT64_C(60000000000)

struct bulk {
	const char *eal;
	const char *buffer_bytes, *buffers, *sndbuf;
	uint64_t now_ns, bytes;
	uint32_t mtu;
	unsigned offloads;
	bool zero_copy;
	struct nsk_wire *wire;
	struct nsk_stack *sender, *receiver;
	int out, in, out_epoll, in_epoll;
	uint64_t sent, received;
	uint64_t send_cycles, recv_cycles;
	char chunk[CHUNK], sink[CHUNK];
};

static void die(const char *what)
{
	fprintf(stderr, "perf_bulk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t bulk_clock(void *arg)
{
	return ((struct bulk *)arg)->now_ns;
}

static struct nsk_stack *make_stack(struct bulk *b, unsigned end, const char *cidr)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack;

	nsk_config_clock(config, bulk_clock, b);
	nsk_config_seed(config, 1 + end);
	if ((b->eal && nsk_config_eal(config, b->eal)) ||
	    (b->buffer_bytes && nsk_config_set(config, "pool.buffer_bytes", b->buffer_bytes)) ||
	    nsk_config_set(config, "pool.buffers", b->buffers) ||
	    (b->sndbuf && nsk_config_set(config, "tcp.sndbuf_max", b->sndbuf)) ||
	    (b->sndbuf && nsk_config_set(config, "tcp.sndbuf", b->sndbuf)) ||
	    nsk_config_add_wire(config, b->wire, end) || nsk_config_add_address(config, cidr) ||
	    nsk_stack_create(config, &stack)) {
		fprintf(stderr, "perf_bulk: %s\n", nsk_config_error(config));
		exit(1);
	}
	nsk_config_free(config);
	return stack;
}

static void fill_zc(struct bulk *b)
{
	struct rte_mbuf *m;
	ssize_t n;

	while ((m = nsk_zc_alloc(b->out)) != NULL) {
		/* Whoever uses this has the octets there already: they are not written. */
		rte_pktmbuf_append(m, rte_pktmbuf_tailroom(m));
		n = nsk_zc_send(b->out, m);
		if (n < 0) {
			nsk_zc_free(&m, 1);
			break;
		}
		b->sent += (uint64_t)n;
	}
}

static void fill(struct bulk *b)
{
	ssize_t n;

	if (b->zero_copy) {
		fill_zc(b);
		return;
	}
	while ((n = nsk_send(b->out, b->chunk, sizeof(b->chunk), MSG_DONTWAIT)) > 0)
		b->sent += (uint64_t)n;
}

static void empty(struct bulk *b)
{
	struct rte_mbuf *bufs[BURST];
	ssize_t n;
	int count;

	if (!b->zero_copy) {
		while ((n = nsk_recv(b->in, b->sink, sizeof(b->sink), MSG_DONTWAIT)) > 0)
			b->received += (uint64_t)n;
		return;
	}
	while ((count = nsk_zc_recv(b->in, bufs, BURST)) > 0) {
		for (int i = 0; i < count; i++)
			b->received += bufs[i]->data_len;
		nsk_zc_free(bufs, (unsigned)count);
	}
}

static void watch(int *epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};

	*epoll = nsk_epoll_create1(0);
	if (*epoll < 0 || nsk_epoll_ctl(*epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll");
}

/* A turn of the worker. */
static void look(int epoll)
{
	struct epoll_event event;

	nsk_epoll_wait(epoll, &event, 1, 0);
}

__attribute__((noinline)) void sending(struct bulk *b);
__attribute__((noinline)) void sending(struct bulk *b)
{
	uint64_t begin = rte_rdtsc();

	if (nsk_attach(b->sender, 0))
		die("attach");
	look(b->out_epoll);
	fill(b);
	look(b->out_epoll);
	nsk_detach();
	b->send_cycles += rte_rdtsc() - begin;
}

__attribute__((noinline)) void receiving(struct bulk *b);
__attribute__((noinline)) void receiving(struct bulk *b)
{
	uint64_t begin = rte_rdtsc();

	if (nsk_attach(b->receiver, 0))
		die("attach");
	look(b->in_epoll);
	empty(b);
	look(b->in_epoll);
	nsk_detach();
	b->recv_cycles += rte_rdtsc() - begin;
}

static void pump(struct bulk *b, uint64_t bytes)
{
	uint64_t until = b->received + bytes, stuck = b->now_ns + STUCK_NS;

	while (b->received < until) {
		b->now_ns += TURN_NS;
		sending(b);
		receiving(b);
		if (b->now_ns > stuck)
			die("it does not get on");
	}
}

static void start(struct bulk *b)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int listener;

	b->now_ns = 1000000000;
	b->wire = nsk_wire_create(NULL, NULL, b->mtu);
	if (!b->wire || (b->offloads && nsk_wire_offload(b->wire)))
		die("wire");
	b->sender = make_stack(b, 0, "10.0.0.1/24");
	b->receiver = make_stack(b, 1, "10.0.0.2/24");
	nsk_enter(b->receiver);
	listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (nsk_bind(listener, (struct sockaddr *)&sin, sizeof(sin)) || nsk_listen(listener, 1))
		die("listen");
	nsk_enter(b->sender);
	b->out = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	inet_pton(AF_INET, "10.0.0.2", &sin.sin_addr);
	if (nsk_connect(b->out, (struct sockaddr *)&sin, sizeof(sin)) && errno != EINPROGRESS)
		die("connect");
	for (int i = 0; i < 100; i++) {
		b->now_ns += TURN_NS;
		nsk_turn(b->sender);
		nsk_turn(b->receiver);
	}
	b->in = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	if (b->in < 0)
		die("accept");
	nsk_enter(NULL);
	if (nsk_attach(b->sender, 0))
		die("attach");
	watch(&b->out_epoll, b->out);
	nsk_detach();
	if (nsk_attach(b->receiver, 0))
		die("attach");
	watch(&b->in_epoll, b->in);
	nsk_detach();
}

static void report(const struct bulk *b, uint64_t ns)
{
	double units = (double)b->bytes / UNIT;

	printf("{\"offloads\":%u,\"mtu\":%u,\"zero_copy\":%d,\"bytes\":%llu,\"gbit_per_s\":%.2f,"
	       "\"cycles_send\":%.0f,\"cycles_receive\":%.0f}\n",
	       b->offloads, b->mtu, b->zero_copy, (unsigned long long)b->bytes,
	       (double)b->bytes * 8 / (double)ns, (double)b->send_cycles / units,
	       (double)b->recv_cycles / units);
}

int main(int argc, char **argv)
{
	static struct bulk b = {.mtu = 1500, .buffers = "32767", .bytes = UINT64_C(1) << 30};
	struct timespec from, to;

	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";

		if (strcmp(argv[i], "--zero-copy") == 0)
			b.zero_copy = atoi(value);
		else if (strcmp(argv[i], "--offloads") == 0)
			b.offloads = (unsigned)atoi(value);
		else if (strcmp(argv[i], "--mtu") == 0)
			b.mtu = (uint32_t)atoi(value);
		else if (strcmp(argv[i], "--bytes") == 0)
			b.bytes = strtoull(value, NULL, 10);
		else if (strcmp(argv[i], "--buffer-bytes") == 0)
			b.buffer_bytes = value;
		else if (strcmp(argv[i], "--buffers") == 0)
			b.buffers = value;
		else if (strcmp(argv[i], "--sndbuf") == 0)
			b.sndbuf = value;
		else if (strcmp(argv[i], "--eal") == 0)
			b.eal = value;
	}
	start(&b);
	pump(&b, WARM_UP);
	b.send_cycles = b.recv_cycles = 0;
	clock_gettime(CLOCK_MONOTONIC, &from);
	CALLGRIND_START_INSTRUMENTATION;
	pump(&b, b.bytes);
	CALLGRIND_STOP_INSTRUMENTATION;
	clock_gettime(CLOCK_MONOTONIC, &to);
	report(&b, (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000 +
			   (uint64_t)(to.tv_nsec - from.tv_nsec));
	nsk_stack_destroy(b.sender);
	nsk_stack_destroy(b.receiver);
	nsk_wire_destroy(b.wire);
	return 0;
}
