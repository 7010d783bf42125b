/* SPDX-License-Identifier: BSD-3-Clause */
/* A crowd of connections; see crowd.h. */
#include "perf/crowd.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "wire/bytes.h"

#define PORT	      7
#define ISN	      1000u
#define ADDRESS	      0x0a010001u
#define STACK_ADDRESS 0x0a000001u
#define FIRST	      1024u

void crowd_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

static uint64_t crowd_clock(void *arg)
{
	return ((const struct crowd *)arg)->now_ns;
}

/* ---- the peer ------------------------------------------------------------------------------ */

/* A segment to the stack, with the options of Linux's and len octets of payload; its length. */
static unsigned segment(uint8_t *p, unsigned connection, uint32_t seq, uint32_t ack, unsigned flags,
			unsigned len)
{
	static const uint8_t syn[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
				      0, 1, 0, 0,   0, 0, 1, 3,	 3, 7};
	static const uint8_t later[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
	unsigned nopts = flags & CROWD_SYN ? sizeof(syn) : sizeof(later), all = 40 + nopts + len;
	uint16_t sum;

	memset(p, 0, all);
	p[0] = 0x45;
	store_be16(p + 2, (uint16_t)all);
	p[8] = 64;
	p[9] = IPPROTO_TCP;
	store_be32(p + 12, ADDRESS + connection / CROWD_PORTS);
	store_be32(p + 16, STACK_ADDRESS);
	sum = csum_finish(csum_partial(p, 20, 0));
	memcpy(p + 10, &sum, sizeof(sum));
	store_be16(p + 20, (uint16_t)(FIRST + connection % CROWD_PORTS));
	store_be16(p + 22, (uint16_t)(PORT + connection / CROWD_PORTS));
	store_be32(p + 24, seq);
	store_be32(p + 28, ack);
	p[32] = (uint8_t)((20 + nopts) / 4 << 4);
	p[33] = (uint8_t)flags;
	store_be16(p + 34, 65535);
	memcpy(p + 40, flags & CROWD_SYN ? syn : later, nopts);
	sum = csum_finish(csum_partial(
		p + 20, all - 20, csum_pseudo4(p + 12, p + 16, IPPROTO_TCP, (uint16_t)(all - 20))));
	memcpy(p + 36, &sum, sizeof(sum));
	return all;
}

/* Completes handshakes, and answers a FIN with FIN and ACK. */
static bool peer(void *arg, const void *packet, size_t len)
{
	struct crowd *crowd = arg;
	const uint8_t *p = packet;
	unsigned flags = p[33], mine = CROWD_ACK, connection;
	uint32_t seq = load_be32(p + 24);

	if (crowd->mute || len < 40 || !(flags & (CROWD_SYN | CROWD_FIN)))
		return true;
	connection = (load_be32(p + 16) - ADDRESS) * CROWD_PORTS + load_be16(p + 22) - FIRST;
	if (flags & CROWD_FIN)
		mine |= CROWD_FIN;
	else
		crowd->iss[connection] = seq;
	crowd->lengths[crowd->nanswers] =
		segment(crowd->answers[crowd->nanswers], connection, ISN + 1, seq + 1, mine, 0);
	crowd->nanswers++;
	return true;
}

static void input(struct crowd *crowd, const uint8_t *packet, unsigned len)
{
	if (nsk_callback_input(crowd->port, packet, len))
		crowd_die("input");
}

struct flow crowd_flow(unsigned connection)
{
	struct flow flow = {0};

	store_be32(flow.src, ADDRESS + connection / CROWD_PORTS);
	store_be32(flow.dst, STACK_ADDRESS);
	store_be16(&flow.sport_be, (uint16_t)(FIRST + connection % CROWD_PORTS));
	store_be16(&flow.dport_be, (uint16_t)(PORT + connection / CROWD_PORTS));
	return flow;
}

void crowd_send(struct crowd *crowd, unsigned connection, uint32_t sent, uint32_t received,
		unsigned len)
{
	uint8_t packet[CROWD_PACKET];

	input(crowd, packet,
	      segment(packet, connection, ISN + 1 + sent, crowd->iss[connection] + 1 + received,
		      len ? CROWD_ACK | CROWD_PSH : CROWD_ACK, len));
}

void crowd_settle(struct crowd *crowd)
{
	while (nsk_turn(crowd->stack) <= crowd->now_ns)
		;
}

static void turn(struct crowd *crowd)
{
	unsigned n;

	crowd_settle(crowd);
	n = crowd->nanswers;
	crowd->nanswers = 0;
	for (unsigned i = 0; i < n; i++)
		input(crowd, crowd->answers[i], crowd->lengths[i]);
	crowd_settle(crowd);
}

/* ---- the server ---------------------------------------------------------------------------- */

static int listen_on(const struct crowd *crowd, unsigned to)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to)};
	struct epoll_event event = {.events = EPOLLIN, .data.fd = -1};
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || nsk_listen(fd, 65535) ||
	    nsk_epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event))
		crowd_die("listen");
	return fd;
}

void crowd_start(struct crowd *crowd, unsigned connections, unsigned buffers)
{
	const struct nsk_callback_params params = {.output = peer, .arg = crowd};
	struct nsk_config *config = nsk_config_new();
	char most[16], pool[16];

	crowd->now_ns = 1000000000;
	crowd->iss = malloc(connections * sizeof(*crowd->iss));
	crowd->port = nsk_callback_create(&params);
	if (!crowd->iss || !crowd->port)
		crowd_die("memory");
	memset(crowd->iss, 1, connections * sizeof(*crowd->iss)); /* ours, not the stack's */
	snprintf(most, sizeof(most), "%u", connections + CROWD_LISTENERS);
	snprintf(pool, sizeof(pool), "%u", buffers);
	nsk_config_clock(config, crowd_clock, crowd);
	if (nsk_config_set(config, "pool.buffers", pool) ||
	    nsk_config_set(config, "tcp.max_conns", most) ||
	    nsk_config_set(config, "tcp.max_syn", most) ||
	    nsk_config_set(config, "tcp.max_time_wait", most) ||
	    nsk_config_set(config, "listen_backlog_max", "65535") ||
	    nsk_config_add_callback(config, crowd->port) ||
	    nsk_config_add_address(config, "10.0.0.1/8") ||
	    nsk_stack_create(config, &crowd->stack)) {
		fprintf(stderr, "%s: %s\n", program_invocation_short_name,
			nsk_config_error(config));
		exit(1);
	}
	nsk_config_free(config);
	nsk_enter(crowd->stack);
	crowd->epoll = nsk_epoll_create1(0);
	for (unsigned i = 0; i < CROWD_LISTENERS; i++)
		crowd->listener[i] = listen_on(crowd, PORT + i);
}

void crowd_end(struct crowd *crowd)
{
	nsk_stack_destroy(crowd->stack);
	nsk_callback_destroy(crowd->port);
	free(crowd->iss);
}

/* What comes is accepted, and watched or closed. */
static unsigned accept_all(const struct crowd *crowd, unsigned which, bool close)
{
	struct epoll_event event = {.events = EPOLLIN};
	unsigned n = 0;
	int fd;

	while ((fd = nsk_accept4(crowd->listener[which], NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		event.data.fd = fd;
		if (close ? nsk_close(fd) : nsk_epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event))
			crowd_die(close ? "close" : "epoll_ctl");
		n++;
	}
	return n;
}

static void knock(struct crowd *crowd, unsigned connection)
{
	uint8_t packet[CROWD_PACKET];

	input(crowd, packet, segment(packet, connection, ISN, 0, CROWD_SYN, 0));
}

unsigned crowd_come(struct crowd *crowd, unsigned first, unsigned last, bool close)
{
	unsigned n = 0;

	for (unsigned i = first; i < last; i += CROWD_WAVE) {
		for (unsigned k = i; k < i + CROWD_WAVE && k < last; k++)
			knock(crowd, k);
		turn(crowd);
		for (unsigned k = i / CROWD_PORTS; k <= (i + CROWD_WAVE) / CROWD_PORTS; k++)
			n += accept_all(crowd, k, close);
		if (close)
			turn(crowd);
	}
	return n;
}
