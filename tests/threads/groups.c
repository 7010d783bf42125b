/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers and other threads join and leave groups, and name senders, while frames to groups come: a
 * member who stays hears every datagram, and nothing is left of those who went.
 */
#include <errno.h>
#include <string.h>

#include "threads/crew.h"

#define CHURNERS 3
#define ROUNDS	 300
#define GROUPS	 12
#define HEARD	 300
#define PORT	 53
#define STAYS	 0xef010101u
#define CHURNED	 0xef020000u

static struct crew crew;

static int change(int fd, int option, uint32_t group)
{
	struct ip_mreqn m = {.imr_multiaddr.s_addr = htonl(group), .imr_ifindex = 1};

	return nsk_setsockopt(fd, IPPROTO_IP, option, &m, sizeof(m));
}

static int name(int fd, int option, uint32_t group, uint32_t sender)
{
	struct ip_mreq_source m = {.imr_multiaddr.s_addr = htonl(group)};

	m.imr_interface.s_addr = htonl(0x0a000002);
	m.imr_sourceaddr.s_addr = htonl(sender);
	return nsk_setsockopt(fd, IPPROTO_IP, option, &m, sizeof(m));
}

/* Joins and leaves, in an order of its own; between them, where it is a worker's thread, turns. */
static int churn(unsigned who, int epoll)
{
	int fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), failed = 0;
	struct epoll_event event;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t group = CHURNED + (i * 7 + who) % GROUPS;

		failed += change(fd, IP_ADD_MEMBERSHIP, group) != 0;
		failed += name(fd, IP_BLOCK_SOURCE, group, 0x0a000100 + i % 5) != 0;
		if (epoll >= 0)
			nsk_epoll_wait(epoll, &event, 1, 0);
		failed += change(fd, IP_DROP_MEMBERSHIP, group) != 0;
	}
	nsk_close(fd);
	return failed;
}

static int turn_and_churn(void *stack)
{
	int epoll = nsk_epoll_create1(0), failed = 0;

	if (stack == crew.stack[1])
		failed = churn((unsigned)nsk_worker_index(), epoll);
	nsk_close(epoll);
	return failed ? failed : crew_turn(stack);
}

static void do_churn(struct job *job)
{
	JOB_CALL(job, churn((unsigned)job->other, -1));
}

/* One datagram after the other, each heard before the next. */
static void do_send_and_hear(struct job *job)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	char byte;

	to.sin_addr.s_addr = htonl(STAYS);
	for (unsigned i = 0; i < HEARD; i++) {
		if (nsk_sendto(job->other, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1)
			job->len += nsk_recv(job->fd, &byte, 1, 0) == 1;
	}
	job->rc = 0;
}

static void who_stays_hears_all_while_others_come_and_go(void **state)
{
	struct job hear = {.fn = do_send_and_hear}, jobs[CHURNERS];

	(void)state;
	crew_start_with(&crew, 3, NULL);
	crew_enter(&crew, 1);
	hear.fd = crew_udp(PORT);
	crew_timeout(hear.fd, SO_RCVTIMEO, 20000);
	assert_int_equal(change(hear.fd, IP_ADD_MEMBERSHIP, STAYS), 0);
	crew_enter(&crew, 0);
	hear.other = crew_udp(PORT + 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(nsk_launch(crew.stack[i], turn_and_churn, crew.stack[i]), 0);
	hear.stack = crew.stack[0];
	job_start(&hear);
	for (unsigned i = 0; i < CHURNERS; i++) {
		jobs[i] = (struct job){
			.fn = do_churn, .stack = crew.stack[1], .other = (int)(10 + i)};
		job_start(&jobs[i]);
	}
	for (unsigned i = 0; i < CHURNERS; i++) {
		job_join(&jobs[i]);
		assert_job(&jobs[i], 0, 0);
	}
	job_join(&hear);
	assert_int_equal(hear.len, HEARD);
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_stays_hears_all_while_others_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
