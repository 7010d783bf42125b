/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As a conformance suite drives a stack: memory locked, real-time scheduling, no thread of the
 * stack's own. One thread turns the stacks and makes calls, another sleeps in a blocking call
 * meanwhile; who of them may go on is told by the kernel, which says whether a thread sleeps.
 * Needs the right to do so (root): else skipped.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <netstk/epoll.h>

#include "threads/crew.h"

#define SKIPPED	 77
#define PRIORITY 10
#define HOLD_NS	 UINT64_C(300000000)

static pid_t tid; /* [A] the job's thread, 0: not known yet */
static void (*call)(struct job *job);

static void note_and_call(struct job *job)
{
	__atomic_store_n(&tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	call(job);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* The state is behind the name, which is in brackets. */
static bool sleeps(void *arg)
{
	pid_t thread = __atomic_load_n(&tid, __ATOMIC_ACQUIRE);
	char path[64], text[512] = "", *end;
	int fd;

	(void)arg;
	if (!thread)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'S';
}

/* The call sleeps when this returns, after its first look at the socket. */
static void start_and_sleep(struct job *job, void (*fn)(struct job *job))
{
	call = fn;
	job->fn = note_and_call;
	__atomic_store_n(&tid, 0, __ATOMIC_RELEASE);
	job_start(job);
	crew_until(sleeps, NULL);
}

struct drive {
	struct crew *crew;
	struct job *job;
};

static bool turned_until_done(void *arg)
{
	struct drive *drive = arg;

	for (unsigned i = 0; i < 2; i++)
		nsk_turn(drive->crew->stack[i]);
	return __atomic_load_n(&drive->job->done, __ATOMIC_ACQUIRE);
}

static void turn_until_done(struct crew *crew, struct job *job)
{
	struct drive drive = {crew, job};

	crew_until(turned_until_done, &drive);
	job_join(job);
}

static void connect_by_name(struct job *job)
{
	struct sockaddr_in sin = crew_address(1, 80);

	JOB_CALL(job, nsk_connect(job->fd, (struct sockaddr *)&sin, sizeof(sin)));
}

static bool held_long_enough(void *arg)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (*(uint64_t *)arg == 0)
		*(uint64_t *)arg = now;
	return now - *(uint64_t *)arg > HOLD_NS;
}

static void calls_sleep_while_another_thread_turns(void **state)
{
	struct job job = {0};
	uint64_t since = 0, used_ns;
	clockid_t used;
	struct crew crew;
	char buf[8] = "";
	int listener, fd;

	(void)state;
	crew_start_with(&crew, 1, NULL);
	crew_enter(&crew, 1);
	listener = crew_listen(80);
	crew_enter(&crew, 0);
	job.fd = fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	start_and_sleep(&job, connect_by_name);
	turn_until_done(&crew, &job);
	assert_job(&job, 0, 0);

	job = (struct job){.fd = nsk_accept(listener, NULL, NULL), .data = buf, .len = sizeof(buf)};
	assert_true(job.fd >= 0);
	start_and_sleep(&job, job_recv);
	assert_int_equal(pthread_getcpuclockid(job.thread, &used), 0);
	used_ns = clock_ns(used);
	crew_until(held_long_enough, &since); /* and nobody turns */
	/* Asleep, not looking again and again. */
	assert_true(clock_ns(used) - used_ns < HOLD_NS / 3);
	assert_int_equal(nsk_send(fd, "abc", 3, 0), 3);
	turn_until_done(&crew, &job);
	assert_job(&job, 3, 0);
	assert_string_equal(buf, "abc");

	assert_int_equal(nsk_close(job.fd), 0);
	assert_int_equal(nsk_close(fd), 0);
	assert_int_equal(nsk_close(listener), 0);
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_sleep_while_another_thread_turns),
	};
	const struct sched_param param = {.sched_priority = PRIORITY};

	if (mlockall(MCL_CURRENT | MCL_FUTURE) || sched_setscheduler(0, SCHED_RR, &param)) {
		printf("skipped: needs the right to lock memory and to SCHED_RR\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
