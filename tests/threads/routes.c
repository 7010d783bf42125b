/* SPDX-License-Identifier: BSD-3-Clause */
/* Several threads change routes while two workers look ways up as fast as they can: nobody reads
 * what was freed, and nothing is lost. */
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

static bool six; /* which family it is about */

/* The i-th of a few prefixes that nest and branch, of every level of the index. */
static void name(char *destination, size_t size, unsigned number, unsigned i)
{
	static const unsigned len[] = {12, 20, 28}, len6[] = {34, 41, 60};
	unsigned k = i % 3;

	if (six)
		snprintf(destination, size, "2001:db8:%x:%x::/%u", 0x4000 * number + (k ? 0x80 : 0),
			 k == 2 ? 0x10 : 0, len6[k]);
	else
		snprintf(destination, size, "10.%u.%u.%u/%u", 32 * number, k ? 64 : 0,
			 k == 2 ? 16 : 0, len[k]);
}

/* Back to where it was, too. */
static int change(struct nsk_stack *stack, const struct who *who)
{
	struct nsk_route r = {.metric = 5};

	snprintf(r.iface, sizeof(r.iface), "%s", who->iface);
	for (unsigned i = 0; i < CHANGES; i++) {
		name(r.destination, sizeof(r.destination), who->number, i);
		/* EAGAIN: no worker has had the core for so long that nothing more can be freed. */
		while (nsk_route_add(stack, &r, false))
			if (errno != EAGAIN)
				return errno;
		while (nsk_route_del(stack, &r))
			if (errno != EAGAIN)
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
			job->other += strncmp(list[k].destination, six ? "2001:" : "10.", 3) != 0;
	}
	job->rc = 0;
}

static void send_to(int fd, uint32_t n)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct sockaddr_in6 to6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(9),
		.sin6_addr.s6_addr = {0x20, 1, 0x0d, 0xb8, n << 6 & 0xc0, n << 5 & 0x80, 0,
				      n & 0x10, [15] = 9},
	};

	to.sin_addr.s_addr = htonl(0x0a000000 | (n * 0x4321 & 0x60fffff) | 0x5001);
	if (six)
		(void)nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&to6, sizeof(to6));
	else
		(void)nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

/* Each datagram to another address has its way looked up. */
static int send_all_over(void *stack)
{
	int fd = nsk_socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0),
	    ep = nsk_epoll_create1(0);
	struct epoll_event event;
	uint32_t n = 0;

	while (!nsk_stopping(stack)) {
		for (unsigned i = 0; i < 8; i++)
			send_to(fd, n++);
		nsk_epoll_wait(ep, &event, 1, 0);
	}
	nsk_close(ep);
	nsk_close(fd);
	return 0;
}

static void change_while_looking(const char *address)
{
	struct bustle b = {.config = nsk_config_new()};
	struct who who[CHANGERS];
	void *data[CHANGERS];
	struct nsk_route list[8];
	uint64_t cursor = 0;

	bustle_start(&b, send_all_over);
	assert_int_equal(nsk_addr_add(b.stack, b.iface, address, NSK_FOREVER, NSK_FOREVER), 0);
	for (unsigned i = 0; i < CHANGERS; i++) {
		who[i].number = i;
		snprintf(who[i].iface, sizeof(who[i].iface), "%s", b.iface);
		data[i] = &who[i];
	}
	bustle_run(&b, do_change, data, CHANGERS, do_look);
	assert_int_equal(nsk_route_list(b.stack, &cursor, list, 8), 1);
	bustle_end(&b);
}

static void routes_change_while_ways_are_looked_up(void **state)
{
	(void)state;
	six = false;
	change_while_looking("10.0.0.1/8");
}

static void the_same_of_ipv6(void **state)
{
	(void)state;
	six = true;
	change_while_looking("2001:db8::1/32");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_change_while_ways_are_looked_up),
		cmocka_unit_test(the_same_of_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
