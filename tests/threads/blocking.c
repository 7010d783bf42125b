/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocking calls of threads that are no worker's: they travel to the worker, sleep, and come back
 * with exactly what POSIX says. Each test has a worker a stack unless it says more.
 */
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <netstk/epoll.h>

#include "threads/crew.h"

/* ---- data ---------------------------------------------------------------------------------- */

#define STREAM_BYTES (1u << 20)

static void do_send_all(struct job *job)
{
	uint8_t *data = job->data;
	size_t at = 0;

	for (size_t piece = 1; at < job->len; piece = piece * 7 % 40009 + 1) {
		size_t n = piece < job->len - at ? piece : job->len - at;

		JOB_CALL(job, nsk_send(job->fd, data + at, n, 0));
		if (job->rc != (ssize_t)n)
			return;
		at += n;
	}
	JOB_CALL(job, nsk_shutdown(job->fd, SHUT_WR));
}

static void do_recv_all(struct job *job)
{
	uint8_t *data = job->data;
	size_t at = 0;

	do {
		JOB_CALL(job, nsk_recv(job->fd, data + at, job->len - at, 0));
		at += job->rc > 0 ? (size_t)job->rc : 0;
	} while (job->rc > 0);
	job->len = at;
}

/* Two threads a socket: one sends, one receives, at both ends at once. */
static void threads_send_and_receive_at_both_ends_at_once(void **state)
{
	static uint8_t sent[2][STREAM_BYTES], got[2][STREAM_BYTES + 1];
	struct job send[2], recv[2];
	struct crew crew;
	int listener, fd[2];

	(void)state;
	crew_start(&crew, 1);
	crew_connected(&crew, 80, &listener, fd);
	memset(got, 0, sizeof(got));
	for (unsigned i = 0; i < 2; i++) {
		for (size_t k = 0; k < STREAM_BYTES; k++)
			sent[i][k] = (uint8_t)(k * 31 + (k >> 8) * 7 + i);
		send[i] = (struct job){
			.fn = do_send_all, .fd = fd[i], .data = sent[i], .len = STREAM_BYTES};
		recv[i] = (struct job){
			.fn = do_recv_all, .fd = fd[i], .data = got[i], .len = STREAM_BYTES + 1};
		job_start(&recv[i]);
		job_start(&send[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		job_join(&send[i]);
		job_join(&recv[i]);
		assert_job(&send[i], 0, 0);
		assert_job(&recv[i], 0, 0);
		assert_int_equal(recv[i].len, STREAM_BYTES);
		assert_memory_equal(got[i], sent[1 - i], STREAM_BYTES);
		assert_int_equal(nsk_close(fd[i]), 0);
	}
	assert_int_equal(nsk_close(listener), 0);
	crew_end(&crew);
}

/* ---- receive ------------------------------------------------------------------------------- */

static void a_receive_sleeps_until_data_comes(void **state)
{
	struct pair *pair = *state;

	pair_sleep_in(pair, &pair->job);
	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	job_join(&pair->job);
	assert_job(&pair->job, 3, 0);
	assert_string_equal(pair->buf, "abc");
	crew_waiting(pair->crew.stack[1], 0);
}

static void a_receive_sleeps_until_the_stream_ends(void **state)
{
	struct pair *pair = *state;

	pair_sleep_in(pair, &pair->job);
	assert_int_equal(nsk_close(pair->fd[0]), 0);
	job_join(&pair->job);
	assert_job(&pair->job, 0, 0);
}

static void a_receive_ends_when_the_peer_resets(void **state)
{
	struct linger linger = {.l_onoff = 1};
	struct pair *pair = *state;

	pair_sleep_in(pair, &pair->job);
	assert_int_equal(
		nsk_setsockopt(pair->fd[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	assert_int_equal(nsk_close(pair->fd[0]), 0);
	job_join(&pair->job);
	assert_job(&pair->job, -1, ECONNRESET);
}

static void a_receive_ends_when_another_thread_shuts_down(void **state)
{
	struct pair *pair = *state;

	pair_sleep_in(pair, &pair->job);
	assert_int_equal(nsk_shutdown(pair->fd[1], SHUT_RD), 0);
	job_join(&pair->job);
	assert_job(&pair->job, 0, 0);
}

static bool all_acknowledged(void *arg)
{
	int queued;

	assert_int_equal(nsk_ioctl(*(int *)arg, SIOCOUTQ, &queued), 0);
	return queued == 0;
}

/* What came was taken, and the call sleeps on, until the third piece. */
static void waitall_sleeps_until_the_buffer_is_full(void **state)
{
	struct pair *pair = *state;

	pair->job.len = 9;
	pair->job.flags = MSG_WAITALL;
	pair_sleep_in(pair, &pair->job);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
		crew_until(all_acknowledged, &pair->fd[0]);
		crew_waiting(pair->crew.stack[1], i < 2);
	}
	job_join(&pair->job);
	assert_job(&pair->job, 9, 0);
	assert_string_equal(pair->buf, "abcabcabc");
}

static void a_waitall_that_times_out_returns_what_came(void **state)
{
	struct pair *pair = *state;

	crew_timeout(pair->fd[1], SO_RCVTIMEO, 30);
	assert_int_equal(nsk_send(pair->fd[0], "abcd", 4, 0), 4);
	crew_until_readable(pair->fd[1]);
	pair->job.flags = MSG_WAITALL;
	job_start(&pair->job);
	job_join(&pair->job);
	assert_job(&pair->job, 4, 0);
	assert_true(pair->job.took_ns >= 30000000);
}

/* ---- timeouts ------------------------------------------------------------------------------ */

static void a_receive_timeout_is_counted_in_real_time(void **state)
{
	struct pair *pair = *state;

	crew_timeout(pair->fd[1], SO_RCVTIMEO, 30);
	job_start(&pair->job);
	job_join(&pair->job);
	assert_job(&pair->job, -1, EAGAIN);
	assert_true(pair->job.took_ns >= 30000000);
	crew_waiting(pair->crew.stack[1], 0);
}

static void accept_has_the_receive_timeout(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = job_accept, .fd = pair->listener};

	crew_timeout(pair->listener, SO_RCVTIMEO, 30);
	job_start(&job);
	job_join(&job);
	assert_job(&job, -1, EAGAIN);
	assert_true(job.took_ns >= 30000000);
}

/* The buffers of both ends fill up: what went is told, then nothing goes any more. */
static void a_send_timeout_ends_a_send_that_the_peer_does_not_read(void **state)
{
	static uint8_t data[32u << 20];
	struct pair *pair = *state;
	struct job job = {.fn = job_send, .fd = pair->fd[0], .data = data, .len = sizeof(data)};

	crew_timeout(pair->fd[0], SO_SNDTIMEO, 200);
	job_start(&job);
	job_join(&job);
	assert_int_equal(job.err, 0);
	assert_in_range(job.rc, 1, sizeof(data) - 1);
	assert_true(job.took_ns >= 200000000);
	do {
		job_start(&job);
		job_join(&job);
	} while (job.rc > 0);
	assert_job(&job, -1, EAGAIN);
}

static void do_connect(struct job *job)
{
	struct sockaddr_in sin = crew_address((unsigned)job->other, 80);

	JOB_CALL(job, nsk_connect(job->fd, (struct sockaddr *)&sin, sizeof(sin)));
}

/* Nobody has 10.0.0.9; it goes on without the caller, as in Linux. */
static void connect_has_the_send_timeout(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = do_connect, .other = 8};

	job.fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	crew_timeout(job.fd, SO_SNDTIMEO, 30);
	job_start(&job);
	job_join(&job);
	assert_job(&job, -1, EINPROGRESS);
	crew_waiting(pair->crew.stack[0], 0);
	job_start(&job);
	job_join(&job);
	assert_job(&job, -1, EALREADY);
}

static void connect_sleeps_until_the_peer_refuses(void **state)
{
	struct sockaddr_in sin = crew_address(1, 81);
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	(void)state;
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	/* Told is told: the socket is as before. */
	assert_int_equal(nsk_poll(&p, 1, 0), 1);
	assert_int_equal(p.revents, POLLOUT | POLLHUP);
}

/* The attempt is over, and the thread that waits for it learns that: as in Linux. */
static void connect_ends_when_another_thread_shuts_down(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = do_connect, .other = 8};

	for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
		job.fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
		job_start(&job);
		crew_waiting(pair->crew.stack[0], 1);
		assert_int_equal(nsk_shutdown(job.fd, how), 0);
		job_join(&job);
		assert_job(&job, -1, ECONNRESET);
		crew_waiting(pair->crew.stack[0], 0);
		assert_int_equal(nsk_close(job.fd), 0);
	}
}

static void accept_ends_when_another_thread_shuts_down(void **state)
{
	struct pair *pair = *state;
	struct job job = {.fn = job_accept, .fd = pair->listener};

	pair_sleep_in(pair, &job);
	assert_int_equal(nsk_shutdown(pair->listener, SHUT_RD), 0);
	job_join(&job);
	assert_job(&job, -1, EINVAL);
}

/* ---- signals ------------------------------------------------------------------------------- */

static void a_signal_interrupts(struct pair *pair, struct job *job)
{
	pair_sleep_in(pair, job);
	job_interrupt(job);
	assert_job(job, -1, EINTR);
	crew_waiting(pair->crew.stack[1], 0);
}

static void a_signal_interrupts_receive_accept_poll_and_epoll(void **state)
{
	struct pair *pair = *state;
	struct job accept = {.fn = job_accept, .fd = pair->listener};
	struct job poll = {.fn = job_poll, .fd = pair->fd[1], .other = -1};
	struct epoll_event ev = {.events = EPOLLIN};
	struct job epoll = {.fn = job_epoll_wait};

	crew_enter(&pair->crew, 1);
	epoll.fd = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(epoll.fd, EPOLL_CTL_ADD, pair->fd[1], &ev), 0);
	a_signal_interrupts(pair, &pair->job);
	a_signal_interrupts(pair, &accept);
	a_signal_interrupts(pair, &poll);
	a_signal_interrupts(pair, &epoll);
	/* Nothing was lost by it. */
	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	assert_int_equal(nsk_recv(pair->fd[1], pair->buf, 16, 0), 3);
}

/* The signal comes while the call has not even been looked at. */
static void a_signal_on_the_way_interrupts(struct pair *pair, struct job *job)
{
	struct hold hold;

	hold_start(&hold, pair->crew.stack[1]);
	job_start(job);
	hold_until_called(&hold);
	job_signal(job, 20);
	hold_end(&hold);
	job_join(job);
	assert_job(job, -1, EINTR);
}

static void a_signal_while_the_worker_is_busy_is_not_lost(void **state)
{
	struct pair *pair = *state;
	struct job poll = {.fn = job_poll, .fd = pair->fd[1], .other = -1};

	a_signal_on_the_way_interrupts(pair, &pair->job);
	a_signal_on_the_way_interrupts(pair, &poll);
	crew_waiting(pair->crew.stack[1], 0);
}

static void a_result_is_worth_more_than_a_signal(void **state)
{
	struct pair *pair = *state;
	struct hold hold;

	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	crew_until_readable(pair->fd[1]);
	hold_start(&hold, pair->crew.stack[1]);
	job_start(&pair->job);
	hold_until_called(&hold);
	job_signal(&pair->job, 20);
	hold_end(&hold);
	job_join(&pair->job);
	assert_job(&pair->job, 3, 0);
}

static void what_came_before_the_signal_is_returned(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(nsk_send(pair->fd[0], "abc", 3, 0), 3);
	crew_until_readable(pair->fd[1]);
	pair->job.flags = MSG_WAITALL;
	pair_sleep_in(pair, &pair->job);
	job_interrupt(&pair->job);
	assert_job(&pair->job, 3, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_send_and_receive_at_both_ends_at_once),
		pair_test(a_receive_sleeps_until_data_comes),
		pair_test(a_receive_sleeps_until_the_stream_ends),
		pair_test(a_receive_ends_when_the_peer_resets),
		pair_test(a_receive_ends_when_another_thread_shuts_down),
		pair_test(waitall_sleeps_until_the_buffer_is_full),
		pair_test(a_waitall_that_times_out_returns_what_came),
		pair_test(a_receive_timeout_is_counted_in_real_time),
		pair_test(accept_has_the_receive_timeout),
		pair_test(a_send_timeout_ends_a_send_that_the_peer_does_not_read),
		pair_test(connect_has_the_send_timeout),
		pair_test(connect_sleeps_until_the_peer_refuses),
		pair_test(connect_ends_when_another_thread_shuts_down),
		pair_test(accept_ends_when_another_thread_shuts_down),
		pair_test(a_signal_interrupts_receive_accept_poll_and_epoll),
		pair_test(a_signal_while_the_worker_is_busy_is_not_lost),
		pair_test(a_result_is_worth_more_than_a_signal),
		pair_test(what_came_before_the_signal_is_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
