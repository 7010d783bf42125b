/* SPDX-License-Identifier: BSD-3-Clause */
/* Several threads, a worker's own among them, change routes while two workers look ways up as fast
 * as they can: nobody reads what was freed, and nothing is lost. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "threads/crew.h"

#define CHANGERS 3
#define CHANGES	 2000

struct who {
	unsigned number;
	char iface[32];
};

/* Prefixes that nest and branch, of every level of the index; and back to where it was. */
static int change(struct nsk_stack *stack, const struct who *who)
{
	struct nsk_route r = {.metric = 5};

	snprintf(r.iface, sizeof(r.iface), "%s", who->iface);
	for (unsigned i = 0; i < CHANGES; i++) {
		snprintf(r.destination, sizeof(r.destination), "10.%u.%u.%u/%u", 32 * who->number,
			 i % 3 ? 64 : 0, i % 3 == 2 ? 16 : 0,
			 i % 3 == 2 ? 28
			 : i % 3    ? 20
				    : 12);
		if (nsk_route_add(stack, &r, false))
			return errno;
		if (nsk_route_del(stack, &r))
			return errno;
	}
	return 0;
}

static void do_change(struct job *job)
{
	JOB_CALL(job, change(job->stack, job->data));
}

static void do_look(struct job *job)
{
	struct nsk_route list[32];

	for (unsigned i = 0; i < CHANGES; i++) {
		uint64_t cursor = 0;

		JOB_CALL(job, nsk_route_list(job->stack, &cursor, list, 32));
		for (int k = 0; k < job->rc; k++)
			job->other += strncmp(list[k].destination, "10.", 3) != 0;
	}
	job->rc = 0;
}

/* Each datagram to another address has its way looked up. */
static int send_all_over(void *stack)
{
	int fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), ep = nsk_epoll_create1(0);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct epoll_event event;
	uint32_t n = 0;

	while (!nsk_stopping(stack)) {
		for (unsigned i = 0; i < 8; i++, n++) {
			to.sin_addr.s_addr = htonl(0x0a000000 | (n * 0x4321 & 0x60fffff) | 0x5001);
			(void)nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
		}
		nsk_epoll_wait(ep, &event, 1, 0);
	}
	nsk_close(ep);
	nsk_close(fd);
	return 0;
}

static void routes_change_while_ways_are_looked_up(void **state)
{
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_config *config = nsk_config_new();
	struct job changer[CHANGERS], look;
	struct who who[CHANGERS];
	struct nsk_iface_info info;
	struct nsk_route list[8];
	struct nsk_stack *stack;
	uint64_t cursor = 0;

	(void)state;
	nsk_config_log(config, NULL, NULL, NSK_LOG_ERR);
	assert_int_equal(nsk_config_workers(config, 2), 0);
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.1/8"), 0);
	assert_int_equal(nsk_stack_create(config, &stack), 0);
	assert_int_equal(nsk_iface_info(stack, 0, &info), 0);
	assert_int_equal(nsk_launch(stack, send_all_over, stack), 0);
	look = (struct job){.fn = do_look, .stack = stack};
	job_start(&look);
	for (unsigned i = 0; i < CHANGERS; i++) {
		who[i].number = i;
		snprintf(who[i].iface, sizeof(who[i].iface), "%s", info.name);
		changer[i] = (struct job){.fn = do_change, .stack = stack, .data = &who[i]};
		job_start(&changer[i]);
	}
	for (unsigned i = 0; i < CHANGERS; i++) {
		job_join(&changer[i]);
		assert_job(&changer[i], 0, 0);
	}
	job_join(&look);
	assert_int_equal(look.other, 0);
	nsk_stop(stack);
	assert_int_equal(nsk_join(stack), 0);
	assert_int_equal(nsk_route_list(stack, &cursor, list, 8), 1);
	assert_int_equal(nsk_stack_destroy(stack), 0);
	nsk_config_free(config);
	nsk_wire_destroy(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_change_while_ways_are_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
