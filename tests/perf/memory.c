/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What connections cost in memory: a stack gets so many of them on a callback port from a peer that
 * is only arithmetic, and the process is asked how much it has grown. All that belongs to a
 * connection is in it: its socket, its descriptor, its place in the tables, its watch in an epoll
 * instance. Time stands still, so that none times out.
 *
 *   perf_memory idle|embryonic|time-wait [CONNECTIONS [LIMIT]]
 *
 * Above LIMIT bytes each it fails.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <netstk/netstk.h>

#include "base/checksum.h"
#include "wire/bytes.h"

#define NOW_NS	  UINT64_C(1000000000)
#define WAVE	  256
#define PORT	  7
#define ISN	  1000u
#define PORTS	  60000u /* of an address of the peer, from 1024 on; each has a listener of its own */
#define ADDRESSES 70
#define PACKET	  128
#define WARM	  4096
#define FIN_FLAG  0x01
#define SYN_FLAG  0x02
#define ACK_FLAG  0x10

static uint8_t answers[4 * WAVE][PACKET]; /* wait for the turn to end */
static unsigned nanswers, lengths[4 * WAVE];
static struct nsk_callback_port *port;
static struct nsk_stack *stack;
static int listener[ADDRESSES], epoll;

static void die(const char *what)
{
	fprintf(stderr, "perf_memory: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t still(void *arg)
{
	(void)arg;
	return NOW_NS;
}

/* ---- the peer ------------------------------------------------------------------------------ */

/* A segment to the stack, with the options of Linux's; returns its length. */
static unsigned segment(uint8_t *p, uint32_t address, unsigned from, unsigned to, uint32_t seq,
			uint32_t ack, unsigned flags)
{
	static const uint8_t syn[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
				      0, 1, 0, 0,   0, 0, 1, 3,	 3, 7};
	static const uint8_t later[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
	uint16_t sum;
	unsigned nopts = flags & SYN_FLAG ? sizeof(syn) : sizeof(later), len = 40 + nopts;

	memset(p, 0, len);
	p[0] = 0x45;
	store_be16(p + 2, (uint16_t)len);
	p[8] = 64;
	p[9] = IPPROTO_TCP;
	store_be32(p + 12, address);
	store_be32(p + 16, 0x0a000001);
	sum = csum_finish(csum_partial(p, 20, 0));
	memcpy(p + 10, &sum, sizeof(sum));
	store_be16(p + 20, (uint16_t)from);
	store_be16(p + 22, (uint16_t)to);
	store_be32(p + 24, seq);
	store_be32(p + 28, ack);
	p[32] = (uint8_t)((20 + nopts) / 4 << 4);
	p[33] = (uint8_t)flags;
	store_be16(p + 34, 65535);
	memcpy(p + 40, flags & SYN_FLAG ? syn : later, nopts);
	sum = csum_finish(csum_partial(
		p + 20, len - 20, csum_pseudo4(p + 12, p + 16, IPPROTO_TCP, (uint16_t)(len - 20))));
	memcpy(p + 36, &sum, sizeof(sum));
	return len;
}

/* Completes handshakes, and answers a FIN with FIN and ACK. */
static bool peer(void *arg, const void *packet, size_t len)
{
	const uint8_t *p = packet;
	unsigned flags = p[33], mine = ACK_FLAG;
	uint32_t seq = load_be32(p + 24);

	if (!*(bool *)arg || len < 40 || !(flags & (SYN_FLAG | FIN_FLAG)))
		return true;
	if (flags & FIN_FLAG)
		mine |= FIN_FLAG;
	lengths[nanswers] = segment(answers[nanswers], load_be32(p + 16), load_be16(p + 22),
				    load_be16(p + 20), ISN + 1, seq + 1, mine);
	nanswers++;
	return true;
}

/* Turns until nothing is left to do. */
static void settle(void)
{
	while (nsk_turn(stack) <= NOW_NS)
		;
}

static void turn(void)
{
	unsigned n;

	settle();
	n = nanswers;
	nanswers = 0;
	for (unsigned i = 0; i < n; i++)
		if (nsk_callback_input(port, answers[i], lengths[i]))
			die("input");
	settle();
}

/* ---- the server ---------------------------------------------------------------------------- */

static int listen_on(unsigned to)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to)};
	struct epoll_event event = {.events = EPOLLIN};
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || nsk_listen(fd, 65535) ||
	    nsk_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("listen");
	return fd;
}

static void start(unsigned connections, bool *answering)
{
	const struct nsk_callback_params params = {.output = peer, .arg = answering};
	struct nsk_config *config = nsk_config_new();
	char most[16];

	snprintf(most, sizeof(most), "%u", connections + WARM + ADDRESSES);
	port = nsk_callback_create(&params);
	nsk_config_clock(config, still, NULL);
	if (!port || nsk_config_set(config, "pool.buffers", "4095") ||
	    nsk_config_set(config, "tcp.max_conns", most) ||
	    nsk_config_set(config, "tcp.max_syn", most) ||
	    nsk_config_set(config, "tcp.max_time_wait", most) ||
	    nsk_config_set(config, "listen_backlog_max", "65535") ||
	    nsk_config_add_callback(config, port) || nsk_config_add_address(config, "10.0.0.1/8") ||
	    nsk_stack_create(config, &stack)) {
		fprintf(stderr, "perf_memory: %s\n", nsk_config_error(config));
		exit(1);
	}
	nsk_config_free(config);
	nsk_enter(stack);
	epoll = nsk_epoll_create1(0);
	for (unsigned i = 0; i < ADDRESSES; i++)
		listener[i] = listen_on(PORT + i);
}

/* What comes is accepted, and watched or closed. */
static unsigned accept_all(unsigned which, bool close)
{
	struct epoll_event event = {.events = EPOLLIN};
	unsigned n = 0;
	int fd;

	while ((fd = nsk_accept4(listener[which], NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		if (close ? nsk_close(fd) : nsk_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
			die(close ? "close" : "epoll_ctl");
		n++;
	}
	return n;
}

static void knock(unsigned i)
{
	uint8_t packet[PACKET];
	unsigned len = segment(packet, 0x0a010001 + i / PORTS, 1024 + i % PORTS, PORT + i / PORTS,
			       ISN, 0, SYN_FLAG);

	if (nsk_callback_input(port, packet, len))
		die("input");
}

/* Connections first to last of the peer come; those accepted. */
static unsigned come(unsigned first, unsigned last, bool close)
{
	unsigned n = 0;

	for (unsigned i = first; i < last; i += WAVE) {
		for (unsigned k = i; k < i + WAVE && k < last; k++)
			knock(k);
		turn();
		for (unsigned k = i / PORTS; k <= (i + WAVE) / PORTS; k++)
			n += accept_all(k, close);
		if (close)
			turn();
	}
	return n;
}

static uint64_t resident(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long long all, here;

	if (!statm || fscanf(statm, "%llu %llu", &all, &here) != 2)
		die("/proc/self/statm");
	fclose(statm);
	return here * (uint64_t)sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {"idle", "embryonic", "time-wait"};
	unsigned connections = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000000;
	unsigned kind = 0, came;
	bool answering;
	double limit = argc > 3 ? strtod(argv[3], NULL) : 0, each;
	uint64_t before;

	while (kind < 3 && (argc < 2 || strcmp(argv[1], kinds[kind]) != 0))
		kind++;
	if (kind == 3 || connections == 0 || connections > 4000000) {
		fprintf(stderr,
			"usage: perf_memory idle|embryonic|time-wait [CONNECTIONS [LIMIT]]\n");
		return 2;
	}
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* what nobody has touched is not to count */
	answering = kind != 1;
	start(connections, &answering);
	came = come(0, WARM, kind == 2);
	before = resident();
	came += come(WARM, WARM + connections, kind == 2);
	if (came != (answering ? WARM + connections : 0)) {
		fprintf(stderr, "perf_memory: %u connections, not %u\n", came, WARM + connections);
		return 1;
	}
	each = (double)(resident() - before) / connections;
	printf("{\"kind\":\"%s\",\"connections\":%u,\"bytes_each\":%.1f}\n", kinds[kind],
	       connections, each);
	nsk_stack_destroy(stack);
	nsk_callback_destroy(port);
	if (limit > 0 && each > limit)
		fprintf(stderr, "perf_memory: more than %.0f bytes each\n", limit);
	return limit > 0 && each > limit;
}
