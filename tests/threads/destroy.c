/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack is destroyed while threads are in it: asleep in calls, in calls one after the other,
 * attached, entered. What they get, and that nothing is freed under them (which the sanitizers'
 * trees would tell).
 */
#include <rte_lcore.h>

#include <netstk/epoll.h>

#include "sock/call.h"
#include "stack/stack.h"
#include "threads/crew.h"

#define ROUNDS	 8
#define SLEEPERS 6

/* Stack 1 goes first, then the other with the wire. */
static void end_other(struct crew *crew)
{
	nsk_enter(NULL);
	assert_int_equal(nsk_stack_destroy(crew->stack[0]), 0);
	nsk_wire_destroy(crew->wire);
	assert_int_equal(crew->errors, 0);
}

/* ---- sleepers ------------------------------------------------------------------------------ */

/* What a program does that is told so: flags becomes what close said. */
static void then_close(struct job *job)
{
	job->flags = nsk_close(job->fd) ? errno : 0;
}

static void do_accept(struct job *job)
{
	job_accept(job);
	then_close(job);
}

static void do_recv(struct job *job)
{
	job_recv(job);
	then_close(job);
}

static void do_poll(struct job *job)
{
	job_poll(job);
	then_close(job);
}

static void do_epoll_wait(struct job *job)
{
	job_epoll_wait(job);
	then_close(job);
}

/* Nobody has 10.0.0.9. */
static void do_connect(struct job *job)
{
	struct sockaddr_in sin = crew_address(8, 80);

	JOB_CALL(job, nsk_connect(job->fd, (struct sockaddr *)&sin, sizeof(sin)));
	then_close(job);
}

/* Two in accept(), so that one listener has more than one sleeper. */
static void start_sleepers(struct crew *crew, struct job job[SLEEPERS])
{
	static char buf[16];
	struct epoll_event ev = {.events = EPOLLIN};
	int ep, udp;

	crew_enter(crew, 1);
	ep = nsk_epoll_create1(0);
	udp = crew_udp(1000);
	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, udp, &ev), 0);
	job[0] = (struct job){.fn = do_accept, .fd = crew_listen(80)};
	job[1] = (struct job){.fn = do_accept, .fd = job[0].fd};
	job[2] = (struct job){.fn = do_recv, .fd = udp, .data = buf, .len = sizeof(buf)};
	job[3] = (struct job){.fn = do_poll, .fd = crew_udp(1001), .other = crew_udp(1002)};
	job[4] = (struct job){.fn = do_epoll_wait, .fd = ep};
	job[5] = (struct job){.fn = do_connect, .fd = nsk_socket(AF_INET, SOCK_STREAM, 0)};
	for (unsigned i = 0; i < SLEEPERS; i++) {
		assert_true(job[i].fd >= 0);
		job_start(&job[i]);
	}
	crew_waiting(crew->stack[1], SLEEPERS + 1); /* poll has one a descriptor */
}

static void sleepers_are_let_out(unsigned workers, int (*fn)(void *stack))
{
	struct job job[SLEEPERS];
	struct crew crew;

	crew_start_with(&crew, workers, fn);
	start_sleepers(&crew, job);
	assert_int_equal(nsk_stack_destroy(crew.stack[1]), 0);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		job_join(&job[i]);
		assert_job(&job[i], -1, ESHUTDOWN);
		assert_true(job[i].flags == 0 || job[i].flags == EBADF);
	}
	end_other(&crew);
}

static void sleepers_get_ESHUTDOWN(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++)
		sleepers_are_let_out(1 + i % 2, crew_turn);
}

static bool is_visited(void *worker)
{
	return sock_visited(worker);
}

/* Its first attempt is the caller's alone, all else is done in turns. */
static void sleepers_of_a_stack_that_nobody_turns_get_ESHUTDOWN(void **state)
{
	struct job job = {.fn = do_accept};
	struct crew crew;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		crew_start_with(&crew, 1, NULL);
		crew_enter(&crew, 1);
		job.fd = crew_listen(80);
		job_start(&job);
		crew_until(is_visited, &crew.stack[1]->worker[0]->w);
		crew_waiting(crew.stack[1], 1);
		assert_int_equal(nsk_stack_destroy(crew.stack[1]), 0);
		job_join(&job);
		assert_job(&job, -1, ESHUTDOWN);
		end_other(&crew);
	}
}

/* It polls descriptors of both stacks: the end of one ends the call. */
static void a_poll_over_two_stacks_ends_with_either(void **state)
{
	struct job job = {.fn = job_poll};
	struct crew crew;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		crew_start(&crew, 1);
		crew_enter(&crew, i % 2);
		job.fd = crew_udp(1000);
		crew_enter(&crew, 1 - i % 2);
		job.other = crew_udp(1000);
		job_start(&job);
		crew_waiting(crew.stack[0], 1);
		crew_waiting(crew.stack[1], 1);
		assert_int_equal(nsk_stack_destroy(crew.stack[1]), 0);
		job_join(&job);
		assert_job(&job, -1, ESHUTDOWN);
		end_other(&crew);
	}
}

/* ---- calls that never sleep ---------------------------------------------------------------- */

/* len [A] counts what went well. */
static void do_ask_until_it_fails(struct job *job)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	do {
		JOB_CALL(job, nsk_getsockname(job->fd, (struct sockaddr *)&sin, &len));
		__atomic_fetch_add(&job->len, 1, __ATOMIC_RELAXED);
	} while (job->rc == 0);
}

static void do_create_until_it_fails(struct job *job)
{
	do {
		JOB_CALL(job, nsk_socket(AF_INET, SOCK_DGRAM, 0));
		nsk_close((int)job->rc);
		__atomic_fetch_add(&job->len, 1, __ATOMIC_RELAXED);
	} while (job->rc >= 0);
}

static bool has_begun(void *arg)
{
	return __atomic_load_n(&((struct job *)arg)->len, __ATOMIC_RELAXED) > 0;
}

static void calls_that_never_end_get_EBADF_and_ENXIO(void **state)
{
	struct job job[4];
	struct crew crew;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		crew_start(&crew, 1 + i % 2);
		crew_enter(&crew, 1);
		for (unsigned k = 0; k < 4; k++) {
			job[k] = (struct job){.fn = k % 2 ? do_ask_until_it_fails
							  : do_create_until_it_fails,
					      .stack = crew.stack[1],
					      .fd = crew_udp((uint16_t)(1000 + k))};
			job_start(&job[k]);
		}
		for (unsigned k = 0; k < 4; k++)
			crew_until(has_begun, &job[k]);
		assert_int_equal(nsk_stack_destroy(crew.stack[1]), 0);
		for (unsigned k = 0; k < 4; k++) {
			job_join(&job[k]);
			assert_job(&job[k], -1, k % 2 ? EBADF : ENXIO);
		}
		end_other(&crew);
	}
}

/* ---- what a thread knows of a stack -------------------------------------------------------- */

static void who_has_entered_a_destroyed_stack_is_in_none(void **state)
{
	struct crew crew;
	struct nsk_stack *other;

	(void)state;
	crew_start_with(&crew, 1, NULL);
	crew_enter(&crew, 1);
	assert_true(crew_udp(1000) >= 0);
	assert_int_equal(nsk_stack_destroy(crew.stack[1]), 0);
	assert_int_equal(nsk_socket(AF_INET, SOCK_STREAM, 0), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(nsk_epoll_create1(0), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(nsk_worker_index(), -1);
	end_other(&crew);
	/* Not in one either that takes its place. */
	crew_start_with(&crew, 1, NULL);
	assert_int_equal(nsk_socket(AF_INET, SOCK_STREAM, 0), -1);
	assert_int_equal(errno, ENXIO);
	other = crew.stack[1];
	assert_int_equal(nsk_enter(other), 0);
	assert_true(nsk_socket(AF_INET, SOCK_STREAM, 0) >= 0);
	crew_end(&crew);
}

/* Each line of what holds sets a bit. */
static void do_attach_and_destroy(struct job *job)
{
	unsigned before = rte_lcore_id();

	job->flags = nsk_attach(job->stack, 1) == 0;
	job->flags |= (nsk_worker_index() == 1) << 1;
	job->flags |= (rte_lcore_id() != LCORE_ID_ANY) << 2;
	job->flags |= (crew_udp(1000) >= 0) << 3;
	job->flags |= (nsk_stack_destroy(job->stack) == 0) << 4;
	job->flags |= (rte_lcore_id() == before) << 5;
	job->flags |= (nsk_worker_index() == -1 && nsk_detach() == -1) << 6;
	job->flags |= (nsk_socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == ENXIO) << 7;
}

/* The threads that EAL can know are few: each gives its place there back. */
static void a_thread_may_destroy_the_stack_whose_worker_it_is(void **state)
{
	struct job job = {.fn = do_attach_and_destroy};
	struct crew crew;

	(void)state;
	for (unsigned i = 0; i < RTE_MAX_LCORE + 8; i++) {
		crew_start_with(&crew, 2, NULL);
		job.stack = crew.stack[1];
		job_start(&job);
		job_join(&job);
		assert_int_equal(job.flags, 0xff);
		end_other(&crew);
	}
}

/* other: 1 attached, 2 let go. */
static void do_attach(struct job *job)
{
	JOB_CALL(job, nsk_attach(job->stack, 1));
	__atomic_store_n(&job->other, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&job->other, __ATOMIC_ACQUIRE) != 2)
		nsk_poll(NULL, 0, 1);
	nsk_detach();
}

static bool is_attached(void *arg)
{
	return __atomic_load_n(&((struct job *)arg)->other, __ATOMIC_ACQUIRE) == 1;
}

static void a_stack_is_not_destroyed_under_an_attached_thread(void **state)
{
	struct job job = {.fn = do_attach};
	struct crew crew;
	int fd;

	(void)state;
	crew_start_with(&crew, 2, NULL);
	job.stack = crew.stack[1];
	job_start(&job);
	crew_until(is_attached, &job);
	assert_job(&job, 0, 0);
	assert_int_equal(nsk_attach(crew.stack[1], 0), 0);
	assert_int_equal(nsk_stack_destroy(crew.stack[1]), -1);
	assert_int_equal(errno, EBUSY);
	/* It lives, and so does its caller's worker. */
	assert_int_equal(nsk_worker_index(), 0);
	assert_false(nsk_stopping(crew.stack[1]));
	fd = crew_udp(1000);
	assert_int_equal(nsk_close(fd), 0);
	assert_int_equal(nsk_detach(), 0);
	assert_int_equal(nsk_stack_destroy(crew.stack[1]), -1);
	assert_int_equal(errno, EBUSY);
	assert_true(nsk_turn(crew.stack[1]) > 0); /* worker 0 is nobody's again */
	__atomic_store_n(&job.other, 2, __ATOMIC_RELEASE);
	job_join(&job);
	crew_end(&crew);
}

static int destroy_it(void *stack)
{
	return nsk_stack_destroy(stack) ? errno : 0;
}

static int join_it(void *stack)
{
	return nsk_join(stack) ? errno : 0;
}

static void a_launched_function_cannot_wait_for_its_own_end(void **state)
{
	struct crew crew;

	(void)state;
	crew_start_with(&crew, 1, NULL);
	assert_int_equal(nsk_launch(crew.stack[1], join_it, crew.stack[1]), 0);
	assert_int_equal(nsk_join(crew.stack[1]), EDEADLK);
	crew_end(&crew);
}

static void a_launched_function_cannot_destroy_its_stack(void **state)
{
	struct crew crew;

	(void)state;
	crew_start_with(&crew, 1, NULL);
	assert_int_equal(nsk_launch(crew.stack[1], destroy_it, crew.stack[1]), 0);
	assert_int_equal(nsk_join(crew.stack[1]), EBUSY);
	assert_false(nsk_stopping(crew.stack[1]));
	/* Another's is a matter of course. */
	assert_int_equal(nsk_launch(crew.stack[0], destroy_it, crew.stack[1]), 0);
	assert_int_equal(nsk_join(crew.stack[0]), 0);
	end_other(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleepers_get_ESHUTDOWN),
		cmocka_unit_test(sleepers_of_a_stack_that_nobody_turns_get_ESHUTDOWN),
		cmocka_unit_test(a_poll_over_two_stacks_ends_with_either),
		cmocka_unit_test(calls_that_never_end_get_EBADF_and_ENXIO),
		cmocka_unit_test(who_has_entered_a_destroyed_stack_is_in_none),
		cmocka_unit_test(a_thread_may_destroy_the_stack_whose_worker_it_is),
		cmocka_unit_test(a_stack_is_not_destroyed_under_an_attached_thread),
		cmocka_unit_test(a_launched_function_cannot_wait_for_its_own_end),
		cmocka_unit_test(a_launched_function_cannot_destroy_its_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
