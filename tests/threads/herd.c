/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many threads that wait for the same: what comes wakes one of them, and nobody sleeps on while
 * something is left. Each round ends only when all that was sent was taken, so a wake-up that is
 * lost is a test that ends by its limit.
 */
#include <netinet/tcp.h>
#include <sched.h>

#include <netstk/epoll.h>

#include "threads/crew.h"

#define THREADS 12
#define ROUNDS	200

static struct {
	struct crew crew;
	struct job job[THREADS];
	unsigned threads; /* of job, that have begun */
	int fd, ep;
	unsigned taken; /* [A] */
	unsigned round; /* [A] */
	bool over;	/* [A] */
} herd;

static bool took(ssize_t n)
{
	if (n == 1)
		__atomic_fetch_add(&herd.taken, 1, __ATOMIC_RELEASE);
	return !__atomic_load_n(&herd.over, __ATOMIC_ACQUIRE);
}

static void do_receive(struct job *job)
{
	char c;

	(void)job;
	while (took(nsk_recv(herd.fd, &c, 1, 0)))
		;
}

/* Who has had a part leaves until the next round: what is left is for others, who must be told. */
static bool took_and_left(ssize_t n)
{
	unsigned round = __atomic_load_n(&herd.round, __ATOMIC_ACQUIRE);
	bool more = took(n);

	while (more && __atomic_load_n(&herd.round, __ATOMIC_ACQUIRE) == round) {
		sched_yield();
		more = !__atomic_load_n(&herd.over, __ATOMIC_ACQUIRE);
	}
	return more;
}

static void do_receive_one(struct job *job)
{
	char c;

	(void)job;
	while (took_and_left(nsk_recv(herd.fd, &c, 1, 0)))
		;
}

/* Does not wait, and takes what others were woken for. */
static void do_steal_one(struct job *job)
{
	char c;

	(void)job;
	do
		while (nsk_recv(herd.fd, &c, 1, MSG_DONTWAIT) != 1 &&
		       !__atomic_load_n(&herd.over, __ATOMIC_ACQUIRE))
			sched_yield();
	while (took_and_left(!__atomic_load_n(&herd.over, __ATOMIC_ACQUIRE)));
}

static void do_wait_and_receive(struct job *job)
{
	struct epoll_event ev;
	char c;

	(void)job;
	do
		nsk_epoll_wait(herd.ep, &ev, 1, -1);
	while (took(nsk_recv(herd.fd, &c, 1, MSG_DONTWAIT)));
}

static bool all_taken(void *arg)
{
	return __atomic_load_n(&herd.taken, __ATOMIC_ACQUIRE) == *(const unsigned *)arg;
}

/* Datagrams one to four at once. */
static void send_rounds(int from)
{
	unsigned sent = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned n = 0; n <= i % 4; n++, sent++)
			assert_int_equal(nsk_send(from, "x", 1, 0), 1);
		crew_until(all_taken, &sent);
	}
}

/* One event for one to four octets. */
static void send_rounds_at_once(int from)
{
	unsigned sent = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t n = 1 + i % 4;

		assert_int_equal(nsk_send(from, "four", n, 0), (ssize_t)n);
		sent += (unsigned)n;
		crew_until(all_taken, &sent);
		__atomic_fetch_add(&herd.round, 1, __ATOMIC_RELEASE);
	}
}

static void begin(void)
{
	memset(&herd, 0, sizeof(herd));
	crew_start(&herd.crew, 1);
}

/* A datagram socket that all wait at, and one that sends to it, which is returned. */
static int begin_with_datagrams(void)
{
	struct sockaddr_in to = crew_address(1, 1000);
	int fd;

	begin();
	crew_enter(&herd.crew, 1);
	herd.fd = crew_udp(1000);
	herd.ep = nsk_epoll_create1(0);
	crew_enter(&herd.crew, 0);
	fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* The same with a stream: octets in a row. */
static int begin_with_stream(void)
{
	static const int on = 1;
	int listener, fd[2];

	begin();
	crew_connected(&herd.crew, 1000, &listener, fd);
	herd.fd = fd[1];
	assert_int_equal(nsk_setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	return fd[0];
}

static void next_job(struct job job)
{
	struct job *j = &herd.job[herd.threads++];

	job.stack = herd.crew.stack[1];
	*j = job;
	job_start(j);
}

static void run(unsigned n, void (*fn)(struct job *job))
{
	while (n--)
		next_job((struct job){.fn = fn, .fd = herd.fd});
}

static void finish(void)
{
	for (unsigned i = 0; i < herd.threads; i++)
		job_join(&herd.job[i]);
	crew_end(&herd.crew);
}

/* All leave: their waits end with the stack. */
static void stop_and_finish(void)
{
	__atomic_store_n(&herd.over, true, __ATOMIC_RELEASE);
	nsk_stop(herd.crew.stack[1]);
	finish();
}

static void each_datagram_is_taken(void **state)
{
	int from = begin_with_datagrams();

	(void)state;
	run(THREADS, do_receive);
	crew_waiting(herd.crew.stack[1], THREADS);
	send_rounds(from);
	crew_waiting(herd.crew.stack[1], THREADS);
	stop_and_finish();
}

static void who_only_looks_passes_it_on(void **state)
{
	int from = begin_with_datagrams();
	char buf[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		next_job((struct job){.fn = job_recv,
				      .fd = herd.fd,
				      .data = &buf[i],
				      .len = 1,
				      .flags = i < 2 ? MSG_PEEK : 0});
		crew_waiting(herd.crew.stack[1], i + 1);
	}
	assert_int_equal(nsk_send(from, "x", 1, 0), 1);
	finish();
	for (unsigned i = 0; i < 3; i++)
		assert_job(&herd.job[i], 1, 0);
}

/* None of those who wait has a timeout, so a wake-up that is lost is found by nobody later. */
static void nothing_is_left_behind_by_those_who_leave(void **state)
{
	int from = begin_with_stream();

	(void)state;
	run(THREADS - 1, do_receive_one);
	run(1, do_steal_one);
	send_rounds_at_once(from);
	stop_and_finish();
}

/* With timeouts that end in the middle of it. Those who come back would find what was left. */
static void timeouts_that_end_meanwhile_do_no_harm(void **state)
{
	int from = begin_with_datagrams();

	(void)state;
	crew_timeout(herd.fd, SO_RCVTIMEO, 1);
	run(THREADS, do_receive);
	send_rounds(from);
	stop_and_finish();
}

static void an_instance_with_many_waiters_loses_nothing(void **state)
{
	static const uint32_t modes[] = {EPOLLIN, EPOLLIN | EPOLLEXCLUSIVE};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct epoll_event ev = {.events = modes[i]};
		int from = begin_with_datagrams();

		assert_int_equal(nsk_epoll_ctl(herd.ep, EPOLL_CTL_ADD, herd.fd, &ev), 0);
		run(THREADS, do_wait_and_receive);
		send_rounds(from);
		stop_and_finish();
	}
}

/* ---- listeners ------------------------------------------------------------------------------- */

static void do_accept_all(struct job *job)
{
	int fd;

	while ((fd = nsk_accept(job->fd, NULL, NULL)) >= 0) {
		__atomic_fetch_add(&herd.taken, 1, __ATOMIC_RELEASE);
		nsk_close(fd);
	}
}

static void each_connection_is_accepted_by_one(void **state)
{
	(void)state;
	begin();
	crew_enter(&herd.crew, 1);
	herd.fd = crew_listen(80);
	run(THREADS, do_accept_all);
	crew_enter(&herd.crew, 0);
	for (unsigned i = 1; i <= 50; i++) {
		int fd = crew_connect(1, 80);

		assert_true(fd > 0);
		crew_until(all_taken, &i);
		assert_int_equal(nsk_close(fd), 0);
	}
	assert_int_equal(nsk_shutdown(herd.fd, SHUT_RDWR), 0); /* which all are told */
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_datagram_is_taken),
		cmocka_unit_test(who_only_looks_passes_it_on),
		cmocka_unit_test(nothing_is_left_behind_by_those_who_leave),
		cmocka_unit_test(timeouts_that_end_meanwhile_do_no_harm),
		cmocka_unit_test(an_instance_with_many_waiters_loses_nothing),
		cmocka_unit_test(each_connection_is_accepted_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
