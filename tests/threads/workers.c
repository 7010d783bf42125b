/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What crosses from core to core beside blocking calls: workers that call each other, calls while
 * workers start and after they ended, settings that change, counters that are read and interfaces
 * that go down and up while everything runs.
 */
#include <stdio.h>

#include <netstk/counters.h>
#include <netstk/epoll.h>

#include "sock/item.h"
#include "stack/settings.h"
#include "stack/stack.h"
#include "threads/crew.h"

/* ---- workers call each other --------------------------------------------------------------- */

#define CALLS 500

static struct {
	struct nsk_stack *stack; /* [A] whose two workers meet */
	int fd[2];		 /* [A] 0: not there yet */
	int asked[2];		 /* [W] of each */
} meeting;

/* Answers to questions about the other's socket, which are all of them if each serves the other
 * while it waits itself. */
static int ask(int other, uint16_t port)
{
	int good = 0, on = 1;

	for (unsigned i = 0; i < CALLS; i++) {
		struct sockaddr_in sin;
		socklen_t len = sizeof(sin);

		good += nsk_getsockname(other, (struct sockaddr *)&sin, &len) == 0 &&
			sin.sin_port == htons(port) &&
			nsk_setsockopt(other, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) == 0;
	}
	return good;
}

static int meet(void *stack)
{
	int me = nsk_worker_index(), ep, other;
	struct epoll_event ev;

	if (stack != __atomic_load_n(&meeting.stack, __ATOMIC_ACQUIRE))
		return crew_turn(stack);
	ep = nsk_epoll_create1(0);
	__atomic_store_n(&meeting.fd[me], crew_udp((uint16_t)(1000 + me)), __ATOMIC_RELEASE);
	while (!(other = __atomic_load_n(&meeting.fd[1 - me], __ATOMIC_ACQUIRE)))
		nsk_epoll_wait(ep, &ev, 1, 0);
	meeting.asked[me] = ask(other, (uint16_t)(1001 - me));
	nsk_close(ep);
	return crew_turn(stack);
}

static void two_workers_call_each_other_without_a_deadlock(void **state)
{
	struct crew crew;

	(void)state;
	memset(&meeting, 0, sizeof(meeting));
	crew_start_with(&crew, 2, NULL);
	__atomic_store_n(&meeting.stack, crew.stack[0], __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(nsk_launch(crew.stack[i], meet, crew.stack[i]), 0);
	crew_end(&crew);
	assert_int_equal(meeting.asked[0], CALLS);
	assert_int_equal(meeting.asked[1], CALLS);
}

/* One has taken a place and lost its core: the others fill the ring, and are told that it is full.
 */
static void others_fill(struct rte_ring *ring)
{
	unsigned filled = 0;
	static char thing;

	assert_int_equal(rte_ring_get_prod_sync_type(ring), RTE_RING_SYNC_MT_RTS);
	ring->rts_prod.head.val.pos++;
	ring->rts_prod.head.val.cnt++;
	while (rte_ring_enqueue(ring, &thing) == 0)
		filled++;
	assert_int_equal(filled, rte_ring_get_capacity(ring) - 1);
	assert_int_equal(rte_ring_count(ring), 0); /* until that one has filled its place */
	rte_ring_reset(ring);
}

static void rings_do_not_wait_for_a_producer_that_lost_its_core(void **state)
{
	struct crew crew;

	(void)state;
	crew_start_with(&crew, 2, NULL);
	for (unsigned i = 0; i < 2; i++) {
		const struct run_worker *r = crew.stack[0]->worker[i];

		others_fill(r->call_ring);
		others_fill(r->steer_ring);
		others_fill(r->tx_ring);
	}
	crew_end(&crew);
}

/* ---- long datagrams ------------------------------------------------------------------------ */

#define LONG	8000
#define SENDERS 3
#define TIMES	40

/* Until this one arrives; others were thought to be lost, and were late. */
static bool arrives(int fd, const uint8_t *data, uint8_t *buf)
{
	while (nsk_recv(fd, buf, LONG + 1, 0) == LONG)
		if (memcmp(data, buf, LONG) == 0)
			return true;
	return false;
}

/* As many arrive, from the other stack. What is lost on the way, for rings are short, goes again.
 */
static void do_long_datagrams(struct job *job)
{
	static uint8_t data[SENDERS][LONG], buf[SENDERS][LONG + 1];
	struct sockaddr_in to = crew_address(1, (uint16_t)job->len);
	unsigned me = (unsigned)job->flags;

	job->rc = 0;
	for (unsigned i = 0; i < 100 * TIMES && job->rc < TIMES; i++) {
		memset(data[me], (int)i, LONG);
		if (nsk_sendto(job->fd, data[me], LONG, 0, (struct sockaddr *)&to, sizeof(to)) ==
		    LONG)
			job->rc += arrives(job->other, data[me], buf[me]);
	}
}

/* Their fragments meet on one worker, and what is whole goes to another; and back in pieces. */
static void long_datagrams_cross_from_worker_to_worker(void **state)
{
	struct job job[SENDERS] = {{NULL}};
	struct nsk_stats stats;
	struct crew crew;

	(void)state;
	crew_start(&crew, 2);
	for (int i = 0; i < SENDERS; i++) {
		crew_enter(&crew, 0);
		job[i] = (struct job){.fn = do_long_datagrams,
				      .stack = crew.stack[0],
				      .fd = crew_udp((uint16_t)(1000 + i)),
				      .len = (size_t)(2000 + i),
				      .flags = i};
		crew_enter(&crew, 1);
		job[i].other = crew_udp((uint16_t)(2000 + i));
		crew_timeout(job[i].other, SO_RCVTIMEO, 500);
		job_start(&job[i]);
	}
	for (unsigned i = 0; i < SENDERS; i++) {
		job_join(&job[i]);
		assert_int_equal(job[i].rc, TIMES);
	}
	assert_int_equal(nsk_stats_read(crew.stack[1], -1, &stats), 0);
	assert_true(stats.counter[NSK_CNT_IP_REASM_OKS] >= SENDERS * TIMES);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nsk_stats_read(crew.stack[1], i, &stats), 0);
		assert_true(stats.counter[NSK_CNT_IP_REASM_OKS] > 0);
	}
	crew_end(&crew);
}

/* ---- before and after the workers' threads ------------------------------------------------- */

#define CALLERS 3

static void do_open_and_close(struct job *job)
{
	for (size_t i = 0; i < job->len; i++) {
		int fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);

		JOB_CALL(job, nsk_close(fd));
		if (job->rc)
			return;
	}
}

static int end_at_once(void *stack)
{
	(void)stack;
	return 0;
}

/* The workers' functions return at once, so that calls find them starting, running and ended. */
static void calls_come_before_the_threads_run_and_after_they_ended(void **state)
{
	struct job job[CALLERS];
	struct crew crew;

	(void)state;
	crew_start_with(&crew, 1, NULL);
	assert_int_equal(nsk_launch(crew.stack[0], end_at_once, NULL), 0);
	assert_int_equal(nsk_launch(crew.stack[1], crew_turn, NULL), 0);
	for (unsigned i = 0; i < CALLERS; i++) {
		job[i] = (struct job){.fn = do_open_and_close, .stack = crew.stack[0], .len = 2000};
		job_start(&job[i]);
	}
	for (unsigned i = 0; i < CALLERS; i++) {
		job_join(&job[i]);
		assert_job(&job[i], 0, 0);
	}
	assert_int_equal(nsk_launch(crew.stack[0], end_at_once, NULL), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(nsk_join(crew.stack[0]), 0);
	assert_int_equal(crew.stack[0]->worker[0]->w.sock->open, 0);
	/* Nobody's again: it can be turned, and launched once more. */
	assert_true(nsk_turn(crew.stack[0]) != 0);
	assert_int_equal(nsk_launch(crew.stack[0], crew_turn, NULL), 0);
	crew_end(&crew);
}

/* ---- while everything runs ----------------------------------------------------------------- */

/* Echoes the stream until it ends. */
static void do_echo(struct job *job)
{
	char buf[4096];

	for (;;) {
		ssize_t n = nsk_recv(job->fd, buf, sizeof(buf), 0);

		if (n <= 0) {
			job->rc = n;
			return;
		}
		JOB_CALL(job, nsk_send(job->fd, buf, (size_t)n, 0));
		if (job->rc != n)
			return;
	}
}

/* Rounds of request and response until it is told to stop; len [A] becomes their number. */
static void do_ask(struct job *job)
{
	char buf[1000] = {0};

	while (!__atomic_load_n((bool *)job->data, __ATOMIC_ACQUIRE)) {
		JOB_CALL(job, nsk_send(job->fd, buf, sizeof(buf), 0));
		JOB_CALL(job, nsk_recv(job->fd, buf, sizeof(buf), MSG_WAITALL));
		if (job->rc != sizeof(buf))
			return;
		__atomic_fetch_add(&job->len, 1, __ATOMIC_RELAXED);
	}
}

static bool has_asked(void *arg)
{
	return __atomic_load_n(&((struct job *)arg)->len, __ATOMIC_RELAXED) >= 20;
}

static void change_settings(struct nsk_stack *stack, unsigned round)
{
	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];

		if (row->live)
			settings_store(&stack->set, row,
				       round % 2 ? row->def : NSK_MIN(row->def + 1, row->max));
	}
}

static void flap(struct nsk_stack *stack)
{
	struct nsk_iface_info info;

	assert_int_equal(nsk_iface_info(stack, 0, &info), 0);
	assert_int_equal(nsk_iface_set(stack, info.name, false), 0);
	assert_int_equal(nsk_iface_info(stack, 0, &info), 0);
	assert_int_equal(info.state, NSK_IFACE_DISABLED);
	assert_int_equal(nsk_iface_set(stack, info.name, true), 0);
}

static void settings_counters_and_interfaces_change_while_data_flows(void **state)
{
	struct pair *pair = *state;
	bool stop = false;
	struct job echo = {.fn = do_echo, .fd = pair->fd[1]};
	struct job asking = {.fn = do_ask, .fd = pair->fd[0], .data = &stop};
	struct nsk_stats stats, before = {0};

	job_start(&echo);
	job_start(&asking);
	crew_until(has_asked, &asking);
	for (unsigned round = 0; round < 50; round++) {
		change_settings(pair->crew.stack[round % 2], round / 2);
		assert_int_equal(nsk_stats_read(pair->crew.stack[0], -1, &stats), 0);
		for (unsigned i = 0; i < NSK_CNT_MAX; i++)
			assert_true(stats.counter[i] >= before.counter[i]);
		before = stats;
		if (round % 10 == 5)
			flap(pair->crew.stack[round / 10 % 2]);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	job_join(&asking);
	assert_job(&asking, 1000, 0);
	assert_int_equal(nsk_close(pair->fd[0]), 0);
	job_join(&echo);
	assert_job(&echo, 0, 0);
}

/* ---- several workers ----------------------------------------------------------------------- */

#define ECHOES 6

/* The listener lives on one of three workers; connections go out from three as well. */
static void a_foreign_server_serves_whatever_worker_packets_come_to(void **state)
{
	struct job echo[ECHOES], ask_it[ECHOES];
	bool stop = false;
	struct crew crew;
	int listener;

	(void)state;
	crew_start(&crew, 3);
	crew_enter(&crew, 1);
	listener = crew_listen(80);
	assert_true(listener >= 0);
	crew_enter(&crew, 0);
	for (unsigned i = 0; i < ECHOES; i++) {
		ask_it[i] = (struct job){.fn = do_ask, .fd = crew_connect(1, 80), .data = &stop};
		echo[i] = (struct job){.fn = do_echo, .fd = nsk_accept(listener, NULL, NULL)};
		assert_true(ask_it[i].fd >= 0 && echo[i].fd >= 0);
		job_start(&echo[i]);
		job_start(&ask_it[i]);
	}
	for (unsigned i = 0; i < ECHOES; i++)
		crew_until(has_asked, &ask_it[i]);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < ECHOES; i++) {
		job_join(&ask_it[i]);
		assert_job(&ask_it[i], 1000, 0);
		assert_int_equal(nsk_close(ask_it[i].fd), 0);
		job_join(&echo[i]);
		assert_job(&echo[i], 0, 0);
		assert_int_equal(nsk_close(echo[i].fd), 0);
	}
	assert_int_equal(nsk_close(listener), 0);
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_workers_call_each_other_without_a_deadlock),
		cmocka_unit_test(rings_do_not_wait_for_a_producer_that_lost_its_core),
		cmocka_unit_test(long_datagrams_cross_from_worker_to_worker),
		cmocka_unit_test(calls_come_before_the_threads_run_and_after_they_ended),
		pair_test(settings_counters_and_interfaces_change_while_data_flows),
		cmocka_unit_test(a_foreign_server_serves_whatever_worker_packets_come_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
