/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One description, many: threads that share a socket, descriptors that are closed or dup'ed while
 * calls wait in them, threads that end, waiting for many sockets at once, stacks that stop.
 */
#include <netstk/epoll.h>

#include "threads/crew.h"

/* ---- descriptors --------------------------------------------------------------------------- */

/* As in Linux: the call under way holds the connection; it ends with the call. */
static void closing_a_descriptor_leaves_the_call_that_waits_in_it(void **state)
{
	struct pair *pair = *state;

	pair_sleep_in(pair, &pair->job);
	assert_int_equal(nsk_close(pair->fd[1]), 0);
	assert_int_equal(nsk_recv(pair->fd[1], pair->buf, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EBADF);
	crew_waiting(pair->crew.stack[1], 1);
	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	job_join(&pair->job);
	assert_job(&pair->job, 3, 0);
	assert_int_equal(nsk_recv(pair->fd[0], pair->buf, 1, 0), 0);
}

static void closing_a_listener_leaves_the_accept_that_waits_in_it(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = job_accept, .fd = pair->listener};

	pair_sleep_in(pair, &job);
	assert_int_equal(nsk_close(pair->listener), 0);
	crew_enter(&pair->crew, 0);
	assert_true(crew_connect(1, 80) >= 0);
	job_join(&job);
	assert_true(job.rc >= NSK_FD_BASE);
}

static void a_dup_goes_on_when_the_first_descriptor_is_closed(void **state)
{
	struct pair *pair = *state;
	int dup = nsk_dup(pair->fd[1]);
	struct job second = pair->job;
	char buf[16] = {0};

	assert_true(dup >= NSK_FD_BASE && dup != pair->fd[1]);
	pair_sleep_in(pair, &pair->job);
	second.fd = dup;
	second.data = buf;
	job_start(&second);
	crew_waiting(pair->crew.stack[1], 2);
	assert_int_equal(nsk_close(pair->fd[1]), 0);
	assert_int_equal(nsk_send(pair->fd[0], "a", 1, 0), 1);
	crew_waiting(pair->crew.stack[1], 1); /* one of them got it */
	assert_int_equal(nsk_send(pair->fd[0], "b", 1, 0), 1);
	job_join(&pair->job);
	job_join(&second);
	assert_job(&pair->job, 1, 0);
	assert_job(&second, 1, 0);
	assert_int_equal(pair->buf[0] + buf[0], 'a' + 'b');
	assert_int_equal(nsk_send(dup, "c", 1, 0), 1);
	assert_int_equal(nsk_recv(pair->fd[0], buf, 16, 0), 1);
	assert_int_equal(nsk_close(dup), 0);
	assert_int_equal(nsk_recv(pair->fd[0], buf, 16, 0), 0);
}

static void do_connect_and_end(struct job *job)
{
	JOB_CALL(job, crew_connect(1, 80));
}

static void a_socket_outlives_the_thread_that_made_it(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = do_connect_and_end, .stack = pair->crew.stack[0]};
	int fd;

	job_start(&job);
	job_join(&job);
	assert_true(job.rc >= NSK_FD_BASE);
	fd = nsk_accept(pair->listener, NULL, NULL);
	assert_true(fd >= NSK_FD_BASE);
	assert_int_equal(nsk_send((int)job.rc, "abc", 3, 0), 3);
	assert_int_equal(nsk_recv(fd, pair->buf, 16, 0), 3);
}

static void a_thread_that_entered_no_stack_makes_no_socket(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = do_connect_and_end};

	(void)pair;
	job_start(&job);
	job_join(&job);
	assert_job(&job, -1, ENXIO);
}

/* ---- several threads on one socket --------------------------------------------------------- */

#define ACCEPTORS 4

static void each_connection_wakes_one_acceptor(void **state)
{
	struct pair *pair = *state;
	struct job job[ACCEPTORS];

	for (unsigned i = 0; i < ACCEPTORS; i++) {
		job[i] = (struct job){.fn = job_accept, .fd = pair->listener};
		job_start(&job[i]);
	}
	crew_waiting(pair->crew.stack[1], ACCEPTORS);
	for (unsigned i = 0; i < ACCEPTORS; i++) {
		assert_true(crew_connect(1, 80) >= 0);
		crew_waiting(pair->crew.stack[1], ACCEPTORS - 1 - i);
	}
	for (unsigned i = 0; i < ACCEPTORS; i++) {
		job_join(&job[i]);
		assert_true(job[i].rc >= NSK_FD_BASE);
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(job[i].rc, job[k].rc);
	}
}

#define READERS	  3
#define DATAGRAMS 600

/* Counts what it gets by number, until it gets the empty one. */
static void do_count_datagrams(struct job *job)
{
	unsigned *seen = job->data;
	uint32_t number;

	for (;;) {
		JOB_CALL(job, nsk_recv(job->fd, &number, sizeof(number), 0));
		if (job->rc != sizeof(number))
			return;
		__atomic_fetch_add(&seen[number], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&seen[DATAGRAMS], 1, __ATOMIC_RELAXED);
	}
}

static bool all_came(void *arg)
{
	struct job *job = arg;

	return __atomic_load_n(&((unsigned *)job->data)[DATAGRAMS], __ATOMIC_RELAXED) >= job->len;
}

static void readers_of_a_datagram_socket_share_what_comes(void **state)
{
	struct sockaddr_in to = crew_address(1, 53);
	unsigned seen[DATAGRAMS + 1] = {0};
	struct pair *pair = *state;
	struct job job[READERS];
	int fd, from;

	crew_enter(&pair->crew, 1);
	fd = crew_udp(53);
	crew_enter(&pair->crew, 0);
	from = crew_udp(0);
	for (unsigned i = 0; i < READERS; i++) {
		job[i] = (struct job){.fn = do_count_datagrams, .fd = fd, .data = seen};
		job_start(&job[i]);
	}
	crew_waiting(pair->crew.stack[1], READERS);
	for (uint32_t n = 0; n < DATAGRAMS; n++) {
		assert_int_equal(nsk_sendto(from, &n, sizeof(n), 0, (struct sockaddr *)&to,
					    sizeof(to)),
				 sizeof(n));
		job[0].len = n + 1;
		crew_until(all_came, &job[0]); /* no buffer is to overflow */
	}
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(nsk_sendto(from, NULL, 0, 0, (struct sockaddr *)&to, sizeof(to)),
				 0);
	for (unsigned i = 0; i < READERS; i++) {
		job_join(&job[i]);
		assert_job(&job[i], 0, 0);
	}
	for (unsigned n = 0; n < DATAGRAMS; n++)
		assert_int_equal(seen[n], 1);
}

/* ---- poll and epoll ------------------------------------------------------------------------ */

static void poll_sleeps_over_sockets_of_two_stacks(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = job_poll, .fd = pair->fd[0], .other = pair->fd[1]};

	pair_sleep_in(pair, &job);
	crew_waiting(pair->crew.stack[0], 1);
	assert_int_equal(nsk_send(pair->fd[0], "a", 1, 0), 1);
	job_join(&job);
	assert_job(&job, 1, 0);
	assert_int_equal(job.flags, POLLIN << 16);
	assert_int_equal(nsk_recv(pair->fd[1], pair->buf, 16, 0), 1);
	pair_sleep_in(pair, &job);
	assert_int_equal(nsk_send(pair->fd[1], "b", 1, 0), 1);
	job_join(&job);
	assert_job(&job, 1, 0);
	assert_int_equal(job.flags, POLLIN);
	crew_waiting(pair->crew.stack[0], 0);
	crew_waiting(pair->crew.stack[1], 0);
}

static void poll_and_epoll_time_out(void **state)
{
	struct pair *pair = *state;
	struct pollfd pfd = {.fd = pair->fd[1], .events = POLLIN};
	struct epoll_event ev = {.events = EPOLLIN};
	int ep;

	crew_enter(&pair->crew, 1);
	ep = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, pair->fd[1], &ev), 0);
	assert_int_equal(nsk_poll(&pfd, 1, 0), 0);
	assert_int_equal(nsk_poll(&pfd, 1, 10), 0);
	assert_int_equal(nsk_epoll_wait(ep, &ev, 1, 0), 0);
	assert_int_equal(nsk_epoll_wait(ep, &ev, 1, 10), 0);
	crew_waiting(pair->crew.stack[1], 0);
}

static void epoll_wait_sleeps_until_a_socket_of_its_worker_is_ready(void **state)
{
	struct pair *pair = *state;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u32 = 77};
	struct job job = {.fn = job_epoll_wait};

	crew_enter(&pair->crew, 1);
	job.fd = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(job.fd, EPOLL_CTL_ADD, pair->fd[1], &ev), 0);
	for (unsigned i = 0; i < 3; i++) {
		pair_sleep_in(pair, &job);
		assert_int_equal(nsk_send(pair->fd[0], "a", 1, 0), 1);
		job_join(&job);
		assert_job(&job, 1, 0);
		assert_int_equal(job.flags, EPOLLIN);
		assert_int_equal(job.other, 77);
	}
}

/* ---- the end ------------------------------------------------------------------------------- */

static void a_stack_that_stops_wakes_everybody(void **state)
{
	struct pair *pair = *state;
	struct job job[4] = {
		pair->job,
		{.fn = job_accept, .fd = pair->listener},
		{.fn = job_poll, .fd = pair->fd[1], .other = -1},
		{.fn = job_epoll_wait},
	};
	struct epoll_event ev = {.events = EPOLLIN};

	crew_enter(&pair->crew, 1);
	job[3].fd = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(job[3].fd, EPOLL_CTL_ADD, pair->fd[1], &ev), 0);
	for (unsigned i = 0; i < 4; i++)
		job_start(&job[i]);
	crew_waiting(pair->crew.stack[1], 4);
	nsk_stop(pair->crew.stack[1]);
	for (unsigned i = 0; i < 4; i++) {
		job_join(&job[i]);
		assert_job(&job[i], -1, ESHUTDOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		pair_test(closing_a_descriptor_leaves_the_call_that_waits_in_it),
		pair_test(closing_a_listener_leaves_the_accept_that_waits_in_it),
		pair_test(a_dup_goes_on_when_the_first_descriptor_is_closed),
		pair_test(a_socket_outlives_the_thread_that_made_it),
		pair_test(a_thread_that_entered_no_stack_makes_no_socket),
		pair_test(each_connection_wakes_one_acceptor),
		pair_test(readers_of_a_datagram_socket_share_what_comes),
		pair_test(poll_sleeps_over_sockets_of_two_stacks),
		pair_test(poll_and_epoll_time_out),
		pair_test(epoll_wait_sleeps_until_a_socket_of_its_worker_is_ready),
		pair_test(a_stack_that_stops_wakes_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
