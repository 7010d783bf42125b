/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How to test an application of your own on a bad network, as fast as the machine goes and the same
 * each time: client and server in one process, each on a stack of its own, a wire in between that
 * loses and reorders, one clock that this program moves, and a seed of which everything follows.
 *
 *   virtual_time [FIRST [COUNT]]      runs COUNT seeds (20) from FIRST (1) on
 *
 * The application stands in the first half and knows nothing of all this: it would run like this on
 * any stack. Here the client uploads numbers, the server adds them up and answers with the sum.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/netstk.h>

#define SECOND UINT64_C(1000000000)
#define COUNT  50000u

/* ---- the application ----------------------------------------------------------------------- */

struct server {
	int listener, fd;
	uint64_t sum;
	uint8_t part[8]; /* of a number that has come in part */
	size_t have;
	bool complete; /* the answer is due */
};

struct client {
	int fd;
	uint64_t sent; /* bytes */
	uint64_t answer;
	bool done;
};

static struct sockaddr_in server_address(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(7777)};

	inet_pton(AF_INET, "10.0.0.2", &sin.sin_addr);
	return sin;
}

static void server_open(struct server *s)
{
	struct sockaddr_in sin = server_address();

	*s = (struct server){.fd = -1};
	s->listener = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	nsk_bind(s->listener, (struct sockaddr *)&sin, sizeof(sin));
	nsk_listen(s->listener, 1);
}

static void server_read(struct server *s)
{
	ssize_t n;

	while (!s->complete &&
	       (n = nsk_recv(s->fd, s->part + s->have, sizeof(s->part) - s->have, 0)) >= 0) {
		uint64_t number;

		s->have += (size_t)n;
		s->complete = n == 0;
		if (s->have == sizeof(s->part)) {
			memcpy(&number, s->part, sizeof(number));
			s->sum += number;
			s->have = 0;
		}
	}
}

/* Does what can be done now. A send may fail as well, for want of a buffer: then it is made again.
 */
static void server_step(struct server *s)
{
	if (s->fd < 0 && !s->complete)
		s->fd = nsk_accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);
	if (s->fd < 0)
		return;
	server_read(s);
	if (s->complete && nsk_send(s->fd, &s->sum, sizeof(s->sum), 0) == sizeof(s->sum)) {
		nsk_close(s->fd);
		nsk_close(s->listener);
		s->fd = -1;
	}
}

static void client_open(struct client *c)
{
	struct sockaddr_in sin = server_address();

	*c = (struct client){.fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
	nsk_connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)); /* EINPROGRESS */
}

static void client_step(struct client *c)
{
	ssize_t n = 1;

	while (n > 0 && c->sent < COUNT * sizeof(uint64_t)) {
		uint64_t number = c->sent / sizeof(number);
		size_t from = c->sent % sizeof(number);

		n = nsk_send(c->fd, (char *)&number + from, sizeof(number) - from, 0);
		c->sent += n > 0 ? (uint64_t)n : 0;
		if (c->sent == COUNT * sizeof(number))
			nsk_shutdown(c->fd, SHUT_WR);
	}
	if (!c->done && nsk_recv(c->fd, &c->answer, sizeof(c->answer), 0) == sizeof(c->answer)) {
		c->done = true;
		nsk_close(c->fd);
	}
}

/* ---- the network under it ------------------------------------------------------------------ */

static uint64_t now_ns;

static uint64_t read_clock(void *arg)
{
	return *(uint64_t *)arg;
}

static struct nsk_stack *make_stack(struct nsk_wire *wire, unsigned end, uint64_t seed)
{
	struct nsk_config *config = nsk_config_new();
	struct nsk_stack *stack = NULL;

	nsk_config_clock(config, read_clock, &now_ns);
	nsk_config_seed(config, 2 * seed + end);
	/* A link that goes down is a warning; here it does so on purpose, for each seed. */
	nsk_config_log(config, NULL, NULL, NSK_LOG_ERR);
	if (nsk_config_add_wire(config, wire, end) ||
	    nsk_config_add_address(config, end ? "10.0.0.2/24" : "10.0.0.1/24") ||
	    nsk_stack_create(config, &stack)) {
		fprintf(stderr, "%s\n", nsk_config_error(config));
		exit(1);
	}
	nsk_config_free(config);
	return stack;
}

/* A turn of each stack; returns when one of them has something to do next. */
static uint64_t turn(struct nsk_stack *stack[2])
{
	uint64_t a = nsk_turn(stack[0]), b = nsk_turn(stack[1]);

	return a < b ? a : b;
}

/*
 * What has come goes to the application, what it sends goes out, until nobody has anything to do
 * now; then time goes on to the next deadline, of which a stack knows once what was sent to it is
 * on the wire: hence the third turn. The link is down for a second.
 */
static void run(struct nsk_wire *wire, struct nsk_stack *stack[2], struct client *c,
		struct server *s)
{
	uint64_t next;

	nsk_wire_link(wire, now_ns < 2 * SECOND || now_ns > 3 * SECOND);
	do {
		turn(stack);
		client_step(c);
		server_step(s);
		turn(stack);
		next = turn(stack);
	} while (next <= now_ns);
	now_ns = next;
}

/* All that was taken is given back. */
static bool nothing_left(struct nsk_stack *stack)
{
	struct nsk_stats st;

	nsk_stats_read(stack, -1, &st);
	return st.level.tcp_connections == 0 && st.level.buffers_free == st.level.buffers_total;
}

static bool run_seed(uint64_t seed)
{
	struct nsk_wire_params bad = {.rate_bps = 10000000,
				      .delay_ns = 20000000,
				      .loss_ppm = 20000,
				      .reorder_ppm = 10000,
				      .seed = seed};
	struct nsk_wire *wire = nsk_wire_create(&bad, &bad, 1500);
	struct nsk_stack *stack[2];
	struct server server;
	struct client client;
	bool good;

	now_ns = SECOND; /* before there are stacks: to them time only goes on */
	for (unsigned i = 0; i < 2; i++)
		stack[i] = make_stack(wire, i, seed);
	nsk_enter(stack[1]);
	server_open(&server);
	nsk_enter(stack[0]);
	client_open(&client);
	nsk_starve(stack[1], &(struct nsk_shortage){.buffer_at = 20, .buffer_every = 20});
	while (!client.done && now_ns < 600 * SECOND)
		run(wire, stack, &client, &server);
	printf("seed %llu: the sum is %llu after %.3f s\n", (unsigned long long)seed,
	       (unsigned long long)client.answer, (double)(now_ns - SECOND) / 1e9);
	good = client.done && client.answer == (uint64_t)COUNT * (COUNT - 1) / 2;
	nsk_starve(stack[1], &(struct nsk_shortage){0});
	while (now_ns < 1200 * SECOND)
		run(wire, stack, &client, &server);
	good = good && nothing_left(stack[0]) && nothing_left(stack[1]);
	for (unsigned i = 0; i < 2; i++)
		nsk_stack_destroy(stack[i]);
	nsk_wire_destroy(wire);
	return good;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 20;

	for (uint64_t seed = first; seed < first + count; seed++)
		if (!run_seed(seed)) {
			fprintf(stderr, "FAILED; again: %s %llu 1\n", argv[0],
				(unsigned long long)seed);
			return 1;
		}
	return 0;
}
