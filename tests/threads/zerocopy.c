/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending out of the application's memory by a thread that is no worker's: blocking calls longer
 * than the send buffer, the end of each learnt by poll(), memory registered and taken back by
 * others meanwhile.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>

#include <linux/errqueue.h>

#include <netstk/zerocopy.h>

#include "threads/crew.h"

#define CALLS 60
#define BYTES 700000
#define PARTS 3

static uint8_t room[PARTS][BYTES];

static uint8_t octet(unsigned call, size_t at)
{
	return (uint8_t)(call * 31 + at % 251);
}

struct receiver {
	struct job job;
	unsigned wrong;
};

static void do_receive(struct job *job)
{
	struct receiver *r = job->data;
	static uint8_t buf[65536];
	size_t total = 0;

	do {
		JOB_CALL(job, nsk_recv(job->fd, buf, sizeof(buf), 0));
		for (ssize_t i = 0; i < job->rc; i++, total++)
			r->wrong += buf[i] != octet((unsigned)(total / BYTES), total % BYTES);
	} while (job->rc > 0);
	job->len = total;
}

/* Memory comes and goes beside that which is in use. */
static void do_register(struct job *job)
{
	static uint8_t other[4][64];
	unsigned i = 0;

	for (; !__atomic_load_n(&job->flags, __ATOMIC_RELAXED); i++) {
		JOB_CALL(job, nsk_zc_register(job->stack, other[i % 4], 64));
		if (job->rc == 0)
			JOB_CALL(job, nsk_zc_unregister(job->stack, other[i % 4]));
		if (job->rc)
			return;
	}
}

/* How many calls are over; waits until one is. */
static unsigned wait_over(int fd)
{
	uint8_t control[128];
	struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};
	struct pollfd p = {.fd = fd};
	struct sock_extended_err err;

	assert_int_equal(nsk_poll(&p, 1, CREW_LIMIT_S * 1000), 1);
	assert_int_equal(p.revents & POLLERR, POLLERR);
	assert_int_equal(nsk_recvmsg(fd, &msg, MSG_ERRQUEUE), 0);
	memcpy(&err, CMSG_DATA((struct cmsghdr *)control), sizeof(err));
	assert_int_equal(err.ee_code, 0);
	return err.ee_data + 1;
}

/* Registers the memory, and has a socket refer to it. */
static void set_zerocopy(struct crew *crew, int fd)
{
	int on = 1;

	assert_int_equal(nsk_zc_register(crew->stack[0], room, sizeof(room)), 0);
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)), 0);
}

static void blocking_calls_go_by_reference(void **state)
{
	struct pair *pair = *state;
	struct receiver r = {.job = {.fn = do_receive, .fd = pair->fd[1], .data = &r}};
	struct job reg = {.fn = do_register, .stack = pair->crew.stack[0]};
	unsigned over = 0;

	set_zerocopy(&pair->crew, pair->fd[0]);
	job_start(&r.job);
	job_start(&reg);
	for (unsigned call = 0; call < CALLS; call++) {
		while (call - over >= PARTS)
			over = wait_over(pair->fd[0]);
		for (size_t at = 0; at < BYTES; at++)
			room[call % PARTS][at] = octet(call, at);
		assert_int_equal(nsk_send(pair->fd[0], room[call % PARTS], BYTES, MSG_ZEROCOPY),
				 BYTES);
	}
	while (over < CALLS)
		over = wait_over(pair->fd[0]);
	assert_int_equal(nsk_shutdown(pair->fd[0], SHUT_WR), 0);
	job_join(&r.job);
	assert_int_equal(r.job.len, (size_t)CALLS * BYTES);
	assert_int_equal(r.wrong, 0);
	__atomic_store_n(&reg.flags, 1, __ATOMIC_RELAXED);
	job_join(&reg);
	assert_job(&reg, 0, 0);
	assert_int_equal(nsk_zc_unregister(pair->crew.stack[0], room), 0);
}

/* A call by reference that finds no room, and waits. */
static void send_and_wait(struct pair *pair, struct job *job)
{
	*job = (struct job){.fn = job_send,
			    .fd = pair->fd[0],
			    .data = room,
			    .len = sizeof(room),
			    .flags = MSG_ZEROCOPY};
	set_zerocopy(&pair->crew, pair->fd[0]);
	job_start(job);
	crew_waiting(pair->crew.stack[0], 1);
}

/* The call still waits for room when the stack goes. */
static void a_stack_that_stops_ends_the_call(void **state)
{
	struct pair *pair = *state;
	struct job job;

	send_and_wait(pair, &job);
	nsk_stop(pair->crew.stack[0]);
	job_join(&job);
	assert_true(job.rc > 0 && job.rc < (ssize_t)sizeof(room));
}

static bool is_unregistered(void *stack)
{
	return nsk_zc_unregister(stack, room) == 0;
}

/* It has tried and found no room; all of it arrives, and nobody is told. */
static void a_call_that_waits_outlives_its_descriptor(void **state)
{
	struct pair *pair = *state;
	struct receiver r = {.job = {.fn = do_receive, .fd = pair->fd[1], .data = &r}};
	struct job job;

	send_and_wait(pair, &job);
	assert_int_equal(nsk_close(pair->fd[0]), 0);
	job_start(&r.job);
	job_join(&job);
	assert_job(&job, (ssize_t)sizeof(room), 0);
	job_join(&r.job);
	assert_int_equal(r.job.len, sizeof(room));
	crew_until(is_unregistered, pair->crew.stack[0]);
	pair->fd[0] = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		pair_test(blocking_calls_go_by_reference),
		pair_test(a_stack_that_stops_ends_the_call),
		pair_test(a_call_that_waits_outlives_its_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
