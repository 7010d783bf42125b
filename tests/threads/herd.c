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

static int from_to(struct crew *crew, uint16_t port)
{
	struct sockaddr_in to = crew_address(1, port);
	int fd;

	memset(&herd, 0, sizeof(herd));
	crew_enter(crew, 1);
	herd.fd = crew_udp(port);
	herd.ep = nsk_epoll_create1(0);
	crew_enter(crew, 0);
	fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Octets in a row. */
static int stream_to(struct crew *crew, uint16_t port)
{
	static const int on = 1;
	int listener, fd[2];

	memset(&herd, 0, sizeof(herd));
	crew_connected(crew, port, &listener, fd);
	herd.fd = fd[1];
	assert_int_equal(nsk_setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	return fd[0];
}

static void run(struct crew *crew, struct job *job, unsigned n, void (*fn)(struct job *job))
{
	for (unsigned i = 0; i < n; i++) {
		job[i] = (struct job){.fn = fn, .stack = crew->stack[1]};
		job_start(&job[i]);
	}
}

/* All leave: their waits end with the socket's. */
static void end(struct crew *crew, struct job *job, unsigned n)
{
	__atomic_store_n(&herd.over, true, __ATOMIC_RELEASE);
	nsk_stop(crew->stack[1]);
	for (unsigned i = 0; i < n; i++)
		job_join(&job[i]);
	crew_end(crew);
}

static void each_datagram_is_taken(void **state)
{
	struct job job[THREADS];
	struct crew crew;
	int from;

	(void)state;
	crew_start(&crew, 1);
	from = from_to(&crew, 1000);
	run(&crew, job, THREADS, do_receive);
	crew_waiting(crew.stack[1], THREADS);
	send_rounds(from);
	crew_waiting(crew.stack[1], THREADS);
	end(&crew, job, THREADS);
}

static void who_only_looks_passes_it_on(void **state)
{
	struct job job[3];
	struct crew crew;
	char buf[3];
	int from;

	(void)state;
	crew_start(&crew, 1);
	from = from_to(&crew, 1000);
	for (unsigned i = 0; i < 3; i++) {
		job[i] = (struct job){.fn = job_recv,
				      .stack = crew.stack[1],
				      .fd = herd.fd,
				      .data = &buf[i],
				      .len = 1,
				      .flags = i < 2 ? MSG_PEEK : 0};
		job_start(&job[i]);
		crew_waiting(crew.stack[1], i + 1);
	}
	assert_int_equal(nsk_send(from, "x", 1, 0), 1);
	for (unsigned i = 0; i < 3; i++) {
		job_join(&job[i]);
		assert_job(&job[i], 1, 0);
	}
	crew_end(&crew);
}

/* None of those who wait has a timeout, so a wake-up that is lost is found by nobody later. */
static void nothing_is_left_behind_by_those_who_leave(void **state)
{
	struct job job[THREADS];
	struct crew crew;
	int from;

	(void)state;
	crew_start(&crew, 1);
	from = stream_to(&crew, 1000);
	run(&crew, job, THREADS - 1, do_receive_one);
	run(&crew, &job[THREADS - 1], 1, do_steal_one);
	send_rounds_at_once(from);
	end(&crew, job, THREADS);
}

/* With timeouts that end in the middle of it. Those who come back would find what was left. */
static void timeouts_that_end_meanwhile_do_no_harm(void **state)
{
	struct job job[THREADS];
	struct crew crew;
	int from;

	(void)state;
	crew_start(&crew, 1);
	from = from_to(&crew, 1000);
	crew_timeout(herd.fd, SO_RCVTIMEO, 1);
	run(&crew, job, THREADS, do_receive);
	send_rounds(from);
	end(&crew, job, THREADS);
}

static void an_instance_with_many_waiters_loses_nothing(void **state)
{
	static const uint32_t modes[] = {EPOLLIN, EPOLLIN | EPOLLEXCLUSIVE};
	struct job job[THREADS];
	struct crew crew;
	int from;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct epoll_event ev = {.events = modes[i]};

		crew_start(&crew, 1);
		from = from_to(&crew, 1000);
		assert_int_equal(nsk_epoll_ctl(herd.ep, EPOLL_CTL_ADD, herd.fd, &ev), 0);
		run(&crew, job, THREADS, do_wait_and_receive);
		send_rounds(from);
		end(&crew, job, THREADS);
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
	struct job job[THREADS];
	struct crew crew;
	int listener;

	(void)state;
	crew_start(&crew, 1);
	memset(&herd, 0, sizeof(herd));
	crew_enter(&crew, 1);
	listener = crew_listen(80);
	for (unsigned i = 0; i < THREADS; i++) {
		job[i] = (struct job){.fn = do_accept_all, .stack = crew.stack[1], .fd = listener};
		job_start(&job[i]);
	}
	crew_enter(&crew, 0);
	for (unsigned i = 1; i <= 50; i++) {
		int fd = crew_connect(1, 80);

		assert_true(fd > 0);
		crew_until(all_taken, &i);
		assert_int_equal(nsk_close(fd), 0);
	}
	assert_int_equal(nsk_shutdown(listener, SHUT_RDWR), 0); /* which all are told */
	for (unsigned i = 0; i < THREADS; i++)
		job_join(&job[i]);
	crew_end(&crew);
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
