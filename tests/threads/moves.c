/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections move between two workers that run in threads of their own (nsk_migrate()), while
 * other threads send, receive, wait and look: everybody reaches them, wherever they are.
 */
#include <sched.h>
#include <sys/epoll.h>

#include <netstk/epoll.h>

#include "threads/crew.h"

#define OCTETS (256u << 10)

static int two_up(void **state)
{
	static struct pair pair;

	crew_start(&pair.crew, 2);
	crew_connected(&pair.crew, 80, &pair.listener, pair.fd);
	memset(pair.buf, 0, sizeof(pair.buf));
	pair.job = (struct job){
		.fn = job_recv, .fd = pair.fd[1], .data = pair.buf, .len = sizeof(pair.buf)};
	*state = &pair;
	return 0;
}

static void move(int fd)
{
	assert_int_equal(nsk_migrate(fd, !nsk_worker_of(fd)), 0);
}

static void a_call_that_waits_goes_along(void **state)
{
	struct pair *pair = *state;

	pair_sleep_in(pair, &pair->job);
	for (unsigned i = 0; i < 5; i++)
		move(pair->fd[1]);
	crew_waiting(pair->crew.stack[1], 1);
	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	job_join(&pair->job);
	assert_job(&pair->job, 3, 0);
	assert_memory_equal(pair->buf, "abc", 3);
}

static void a_call_that_waits_ends_with_its_timeout(void **state)
{
	struct pair *pair = *state;

	crew_timeout(pair->fd[1], SO_RCVTIMEO, 300);
	pair_sleep_in(pair, &pair->job);
	move(pair->fd[1]);
	job_join(&pair->job);
	assert_job(&pair->job, -1, EAGAIN);
}

static void who_polls_looks_where_it_is(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = job_poll, .fd = pair->fd[1], .other = -1};

	pair_sleep_in(pair, &job);
	move(pair->fd[1]);
	move(pair->fd[1]);
	move(pair->fd[1]);
	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	job_join(&job);
	assert_job(&job, 1, 0);
	assert_int_equal(job.flags, POLLIN);
}

/* However often they move, a poll watches each of its descriptors once. */
static void a_poll_leaves_one_watch_at_each(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = job_poll, .fd = pair->fd[1]};

	crew_enter(&pair->crew, 1);
	job.other = crew_udp(1000);
	job_start(&job);
	for (unsigned i = 0; i < 100; i++) {
		crew_waiting(pair->crew.stack[1], 2);
		move(pair->fd[1]);
	}
	crew_waiting(pair->crew.stack[1], 2);
	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	job_join(&job);
	assert_job(&job, 1, 0);
	crew_waiting(pair->crew.stack[1], 0);
}

/* Who waits for different things at one connection: one has a part of it already. */
static void sleepers_go_along_both_ways(void **state)
{
	static char much[8 << 20], part[64 << 10], whole[8];
	struct pair *pair = *state;
	struct job in = {
		.fn = job_recv, .fd = pair->fd[1], .data = whole, .len = 8, .flags = MSG_WAITALL};
	struct job out = {.fn = job_send, .fd = pair->fd[1], .data = much, .len = sizeof(much)};
	ssize_t n;

	job_start(&in);
	job_start(&out);
	crew_waiting(pair->crew.stack[1], 2);
	for (unsigned i = 0; i < 3; i++)
		move(pair->fd[1]);
	assert_int_equal(nsk_send(pair->fd[0], "abcd", 4, 0), 4);
	for (unsigned i = 0; i < 20; i++)
		move(pair->fd[1]);
	assert_int_equal(nsk_send(pair->fd[0], "efgh", 4, 0), 4);
	job_join(&in);
	assert_job(&in, 8, 0);
	assert_memory_equal(whole, "abcdefgh", 8);
	for (size_t got = 0; got < sizeof(much); got += (size_t)n) {
		n = nsk_recv(pair->fd[0], part, sizeof(part), 0);
		assert_true(n > 0);
	}
	job_join(&out);
	assert_job(&out, (ssize_t)sizeof(much), 0);
}

/* ---- all at once ----------------------------------------------------------------------------- */

static uint8_t octet(uint32_t at)
{
	return (uint8_t)(at * 2654435761u >> 24);
}

static void do_send_all(struct job *job)
{
	uint8_t data[1000];

	for (uint32_t at = 0; at < OCTETS;) {
		size_t len = OCTETS - at < sizeof(data) ? OCTETS - at : sizeof(data);

		for (size_t i = 0; i < len; i++)
			data[i] = octet(at + (uint32_t)i);
		JOB_CALL(job, nsk_send(job->fd, data, len, 0));
		if (job->rc <= 0)
			return;
		at += (uint32_t)job->rc;
	}
}

/* rc: octets, as long as they are the right ones. */
static void do_receive_all(struct job *job)
{
	uint8_t data[3000];
	uint32_t at = 0;

	while (at < OCTETS) {
		ssize_t n = nsk_recv(job->fd, data, sizeof(data), 0);

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			if (data[i] != octet(at++))
				return;
	}
	job->rc = at;
}

static bool is_done(struct job *job)
{
	return __atomic_load_n(&job->done, __ATOMIC_ACQUIRE);
}

static void do_move_about(struct job *job)
{
	struct job *receivers = job->data;

	while (!is_done(&receivers[0]) || !is_done(&receivers[1])) {
		int at = nsk_worker_of(job->fd);

		JOB_CALL(job, nsk_migrate(job->fd, !at));
		if (job->rc)
			return;
	}
}

/* Two movers, one for each end, cross each other's way besides. */
static void octets_are_the_same_both_ways(void **state)
{
	struct pair *pair = *state;
	struct job receive[2], send[2], mover[2];

	for (unsigned i = 0; i < 2; i++) {
		receive[i] = (struct job){.fn = do_receive_all, .fd = pair->fd[i]};
		send[i] = (struct job){.fn = do_send_all, .fd = pair->fd[i]};
		mover[i] = (struct job){.fn = do_move_about, .fd = pair->fd[i], .data = receive};
	}
	for (unsigned i = 0; i < 2; i++) {
		job_start(&receive[i]);
		job_start(&send[i]);
		job_start(&mover[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		job_join(&send[i]);
		job_join(&receive[i]);
		job_join(&mover[i]);
		assert_int_equal(receive[i].rc, OCTETS);
		assert_job(&mover[i], 0, 0);
	}
}

/* Movers that pull at one connection from both sides end up with one that is somewhere. */
static void do_pull(struct job *job)
{
	for (unsigned i = 0; i < 200; i++) {
		JOB_CALL(job, nsk_migrate(job->fd, (unsigned)job->other));
		if (job->rc)
			return;
	}
}

static void many_may_want_it(void **state)
{
	struct pair *pair = *state;
	struct job job[3];

	for (unsigned i = 0; i < 3; i++) {
		job[i] = (struct job){.fn = do_pull, .fd = pair->fd[1], .other = (int)i % 2};
		job_start(&job[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		job_join(&job[i]);
		assert_job(&job[i], 0, 0);
	}
	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	assert_int_equal(nsk_recv(pair->fd[1], pair->buf, 3, MSG_WAITALL), 3);
}

/* The descriptor may be closed meanwhile: one of the two comes first. */
static void closing_and_moving_cross(void **state)
{
	struct pair *pair = *state;

	for (unsigned i = 0; i < 50; i++) {
		struct job job = {.fn = do_pull, .other = (int)i % 2};

		crew_enter(&pair->crew, 0);
		job.fd = crew_connect(1, 80);
		assert_true(job.fd >= 0);
		assert_int_equal(nsk_close(nsk_accept(pair->listener, NULL, NULL)), 0);
		job_start(&job);
		assert_int_equal(nsk_close(job.fd), 0);
		job_join(&job);
		assert_true(job.rc == 0 || job.err == EBADF || job.err == ENOTCONN);
	}
}

/* ---- the end of the stack -------------------------------------------------------------------- */

/* flags [A] counts moves. */
static void do_move_until_it_fails(struct job *job)
{
	do {
		JOB_CALL(job, nsk_migrate(job->fd, (unsigned)job->flags++ % 2));
		__atomic_fetch_add(&job->len, 1, __ATOMIC_RELAXED);
	} while (job->rc == 0 || job->err == EAGAIN);
}

static bool has_moved(void *arg)
{
	return __atomic_load_n(&((struct job *)arg)->len, __ATOMIC_RELAXED) > 2;
}

static bool leave; /* [A] */

static bool must_leave(void)
{
	return __atomic_load_n(&leave, __ATOMIC_RELAXED);
}

static int turn_until_told(void *stack)
{
	int ep = nsk_epoll_create1(0);
	struct epoll_event ev;

	(void)stack;
	while (!must_leave() && nsk_epoll_wait(ep, &ev, 1, 0) >= 0)
		sched_yield();
	return 0;
}

static void destroyed_while_they_move(struct pair *pair, bool threads, unsigned which)
{
	struct job mover[3];

	__atomic_store_n(&leave, false, __ATOMIC_RELAXED);
	crew_start_with(&pair->crew, 2, turn_until_told);
	crew_connected(&pair->crew, 80, &pair->listener, pair->fd);
	pair->job = (struct job){.fn = job_recv, .fd = pair->fd[1], .data = pair->buf, .len = 1};
	pair_sleep_in(pair, &pair->job);
	if (!threads) {
		__atomic_store_n(&leave, true, __ATOMIC_RELAXED);
		assert_int_equal(nsk_join(pair->crew.stack[1]), 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		mover[i] = (struct job){.fn = do_move_until_it_fails, .fd = pair->fd[1]};
		job_start(&mover[i]);
	}
	crew_until(has_moved, &mover[which]);
	assert_int_equal(nsk_stack_destroy(pair->crew.stack[1]), 0);
	job_join(&pair->job);
	assert_job(&pair->job, -1, ESHUTDOWN);
	for (unsigned i = 0; i < 3; i++) {
		job_join(&mover[i]);
		assert_true(mover[i].err == ESHUTDOWN || mover[i].err == EBADF);
	}
	__atomic_store_n(&leave, true, __ATOMIC_RELAXED);
	nsk_enter(NULL);
	assert_int_equal(nsk_stack_destroy(pair->crew.stack[0]), 0);
	nsk_wire_destroy(pair->crew.wire);
	assert_int_equal(pair->crew.errors, 0);
}

/* Whether threads run its workers, or none does any more and whoever calls takes their place. */
static void a_stack_is_destroyed_while_they_move(void **state)
{
	static struct pair pair;

	(void)state;
	for (unsigned round = 0; round < 12; round++)
		destroyed_while_they_move(&pair, round & 1, round % 3);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, two_up, pair_down)
	const struct CMUnitTest tests[] = {
		T(a_call_that_waits_goes_along),
		T(a_call_that_waits_ends_with_its_timeout),
		T(who_polls_looks_where_it_is),
		T(a_poll_leaves_one_watch_at_each),
		T(sleepers_go_along_both_ways),
		T(octets_are_the_same_both_ways),
		T(many_may_want_it),
		T(closing_and_moving_cross),
		cmocka_unit_test(a_stack_is_destroyed_while_they_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
