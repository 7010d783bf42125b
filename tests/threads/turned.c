/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers that no thread runs: one thread turns the stacks and makes calls, others block in calls
 * of their own. Those wake up at moments that nobody chooses and go on with what they were about,
 * so that a turn, a call and a sleeper that wakes meet at one worker all the time.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "threads/crew.h"

#define SLEEPERS 4
#define ROUNDS	 500
#define PORT	 80

struct talk {
	struct crew crew;
	struct job job[SLEEPERS]; /* they echo at stack 1 */
	int listener;
	int near[SLEEPERS], far[SLEEPERS];
	unsigned sent[SLEEPERS], back[SLEEPERS];
};

/* Sends back each octet until the peer has closed. */
static void echo(struct job *job)
{
	char byte;

	while ((job->rc = nsk_recv(job->fd, &byte, 1, 0)) == 1) {
		JOB_CALL(job, nsk_send(job->fd, &byte, 1, 0));
		if (job->rc != 1)
			return;
	}
	job->err = job->rc < 0 ? errno : 0;
}

static void turn(struct talk *talk)
{
	nsk_turn(talk->crew.stack[0]);
	nsk_turn(talk->crew.stack[1]);
}

static bool accepted(void *arg)
{
	struct talk *talk = arg;
	int fd;

	turn(talk);
	fd = nsk_accept4(talk->listener, NULL, NULL, SOCK_NONBLOCK);
	if (fd >= 0)
		talk->job[talk->job[0].other++].fd = fd;
	return talk->job[0].other == SLEEPERS;
}

static void start(struct talk *talk)
{
	struct sockaddr_in sin = crew_address(1, PORT);

	memset(talk, 0, sizeof(*talk));
	crew_start_with(&talk->crew, 1, NULL);
	crew_enter(&talk->crew, 1);
	talk->listener = crew_listen(PORT);
	assert_int_equal(nsk_fcntl(talk->listener, F_SETFL, O_NONBLOCK), 0);
	crew_enter(&talk->crew, 0);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		talk->near[i] = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_equal(nsk_connect(talk->near[i], (struct sockaddr *)&sin, sizeof(sin)),
				 -1);
		assert_int_equal(errno, EINPROGRESS);
	}
	crew_until(accepted, talk);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		talk->job[i].fn = echo;
		talk->far[i] = talk->job[i].fd;
		assert_int_equal(nsk_fcntl(talk->far[i], F_SETFL, 0), 0);
		job_start(&talk->job[i]);
	}
}

/* One octet on its way at each connection, calls of this thread on the sleepers' sockets between.
 */
static bool all_came_back(void *arg)
{
	struct talk *talk = arg;
	unsigned back = 0;
	char byte = 'x';
	int len;

	turn(talk);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		if (talk->sent[i] == talk->back[i] && talk->sent[i] < ROUNDS &&
		    nsk_send(talk->near[i], &byte, 1, 0) == 1)
			talk->sent[i]++;
		if (nsk_recv(talk->near[i], &byte, 1, 0) == 1)
			talk->back[i]++;
		if (nsk_ioctl(talk->far[i], FIONREAD, &len) != 0)
			return false;
		back += talk->back[i];
	}
	return back == SLEEPERS * ROUNDS;
}

static bool all_ended(void *arg)
{
	struct talk *talk = arg;

	turn(talk);
	for (unsigned i = 0; i < SLEEPERS; i++)
		if (!__atomic_load_n(&talk->job[i].done, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static void a_turn_a_call_and_a_sleeper_that_wakes_meet_at_one_worker(void **state)
{
	struct talk talk;

	(void)state;
	start(&talk);
	crew_until(all_came_back, &talk);
	for (unsigned i = 0; i < SLEEPERS; i++)
		assert_int_equal(nsk_close(talk.near[i]), 0);
	crew_until(all_ended, &talk);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		job_join(&talk.job[i]);
		assert_job(&talk.job[i], 0, 0);
		assert_int_equal(nsk_close(talk.far[i]), 0);
	}
	assert_int_equal(nsk_close(talk.listener), 0);
	crew_end(&talk.crew);
}

/* What a sleeper does when it wakes needs no further turn, so that who turned may wait for it. */
static void who_turned_may_wait_for_the_sleeper(void **state)
{
	struct talk talk;

	(void)state;
	start(&talk);
	for (unsigned i = 0; i < SLEEPERS; i++)
		assert_int_equal(nsk_shutdown(talk.far[i], SHUT_RD), 0);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		job_join(&talk.job[i]);
		assert_job(&talk.job[i], 0, 0);
		assert_int_equal(nsk_close(talk.near[i]), 0);
		assert_int_equal(nsk_close(talk.far[i]), 0);
	}
	assert_int_equal(nsk_close(talk.listener), 0);
	crew_end(&talk.crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_a_call_and_a_sleeper_that_wakes_meet_at_one_worker),
		cmocka_unit_test(who_turned_may_wait_for_the_sleeper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
