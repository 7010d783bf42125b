/* SPDX-License-Identifier: BSD-3-Clause */
/* A router of two workers between two hosts of two workers, each in a thread: connections carry
 * their bytes through it while another thread changes the routes that they take. */
#include <arpa/inet.h>
#include <stdio.h>

#include <netstk/route.h>

#include "threads/crew.h"

#define CLIENTS 4
#define PORT	80
#define OCTETS	(128 * 1024)
#define CHANGES 300

struct line {
	struct nsk_wire *wire[2];
	struct nsk_stack *stack[3]; /* host, router, host */
	bool over;		    /* [A] the connections have ended */
};

static void attach(struct nsk_config *config, struct line *line, unsigned net, unsigned end)
{
	char cidr[32];

	snprintf(cidr, sizeof(cidr), "10.0.%u.%u/24", net, end + 1);
	assert_int_equal(nsk_config_add_wire(config, line->wire[net], end), 0);
	assert_int_equal(nsk_config_add_address(config, cidr), 0);
}

static void line_start(struct line *line)
{
	static const char *const gateway[3] = {"10.0.0.2", NULL, "10.0.1.1"};

	*line = (struct line){.over = false};
	for (unsigned i = 0; i < 2; i++)
		line->wire[i] = nsk_wire_create(NULL, NULL, 1500);
	for (unsigned i = 0; i < 3; i++) {
		struct nsk_config *config = nsk_config_new();

		assert_int_equal(nsk_config_workers(config, 2), 0);
		if (i > 0)
			attach(config, line, i - 1, 1);
		if (i < 2)
			attach(config, line, i, 0);
		if (gateway[i])
			assert_int_equal(nsk_config_add_gateway(config, gateway[i]), 0);
		assert_int_equal(nsk_config_set(config, "ip.forward", i == 1 ? "1" : "0"), 0);
		if (nsk_stack_create(config, &line->stack[i]))
			fail_msg("%s", nsk_config_error(config));
		nsk_config_free(config);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(nsk_launch(line->stack[i], crew_turn, line->stack[i]), 0);
}

static void line_end(struct line *line)
{
	for (unsigned i = 0; i < 3; i++)
		nsk_stop(line->stack[i]);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(nsk_join(line->stack[i]), 0);
		assert_int_equal(nsk_stack_destroy(line->stack[i]), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		nsk_wire_destroy(line->wire[i]);
}

/* The longer prefix comes and goes: to the same place, so nothing may be lost by it. */
static void do_change(struct job *job)
{
	struct line *line = job->data;
	struct nsk_route r = {.destination = "10.0.1.0/25", .metric = 5};
	struct nsk_iface_info info;

	nsk_iface_info(job->stack, 1, &info);
	snprintf(r.iface, sizeof(r.iface), "%s", info.name);
	for (unsigned i = 0;
	     !job->rc && (i < CHANGES || !__atomic_load_n(&line->over, __ATOMIC_ACQUIRE)); i++)
		for (unsigned k = 0; k < 2 && !job->rc; k++)
			/* EAGAIN: no worker has had the core for long. */
			while (k ? nsk_route_del(job->stack, &r)
				 : nsk_route_add(job->stack, &r, false))
				if (errno != EAGAIN) {
					JOB_CALL(job, -1);
					break;
				}
}

/* Sends all of it and reads as much; what comes is what the other side sent. */
static int exchange(int fd)
{
	uint8_t piece[4096], got[4096];

	for (unsigned done = 0; done < OCTETS; done += sizeof(piece)) {
		memset(piece, (int)(done / sizeof(piece)), sizeof(piece));
		if (nsk_send(fd, piece, sizeof(piece), 0) != (ssize_t)sizeof(piece) ||
		    nsk_recv(fd, got, sizeof(got), MSG_WAITALL) != (ssize_t)sizeof(got) ||
		    memcmp(got, piece, sizeof(got)) != 0)
			return -1;
	}
	return 0;
}

static void do_server(struct job *job)
{
	int fd = nsk_accept(job->fd, NULL, NULL);

	JOB_CALL(job, fd < 0 ? -1 : exchange(fd));
	nsk_close(fd);
}

static void do_client(struct job *job)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, "10.0.1.2", &to.sin_addr);
	if (nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)))
		JOB_CALL(job, -1);
	else
		JOB_CALL(job, exchange(fd));
	nsk_close(fd);
}

static void bytes_arrive_through_a_router_whose_routes_change(void **state)
{
	struct job changer = {.fn = do_change}, server[CLIENTS], client[CLIENTS];
	static struct line line;
	int listener;

	(void)state;
	line_start(&line);
	assert_int_equal(nsk_enter(line.stack[2]), 0);
	listener = crew_listen(PORT);
	changer.stack = line.stack[1];
	changer.data = &line;
	job_start(&changer);
	for (unsigned i = 0; i < CLIENTS; i++) {
		server[i] = (struct job){.fn = do_server, .stack = line.stack[2], .fd = listener};
		client[i] = (struct job){.fn = do_client, .stack = line.stack[0]};
		job_start(&server[i]);
		job_start(&client[i]);
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		job_join(&client[i]);
		job_join(&server[i]);
		assert_job(&client[i], 0, 0);
		assert_job(&server[i], 0, 0);
	}
	__atomic_store_n(&line.over, true, __ATOMIC_RELEASE);
	job_join(&changer);
	assert_job(&changer, 0, 0);
	assert_int_equal(nsk_close(listener), 0);
	nsk_enter(NULL);
	line_end(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_through_a_router_whose_routes_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
