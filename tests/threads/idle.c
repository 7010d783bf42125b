/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers that sleep (idle.mode): whoever gives them work wakes them. The longest sleep is set to
 * an hour, so that a wake-up that is lost is a test that ends by its limit.
 */
#include <netstk/epoll.h>

#include "mbuf/pool.h"
#include "sock/call.h"
#include "stack/stack.h"
#include "threads/crew.h"

#define HOUR_US 3600000000U
#define ROUNDS	300

/* What a server does: its worker's thread waits in an epoll that has nothing. */
static int serve(void *arg)
{
	struct nsk_stack *stack = arg;
	struct epoll_event ev;
	int ep = nsk_epoll_create1(0);

	while (!nsk_stopping(stack))
		nsk_epoll_wait(ep, &ev, 1, -1);
	return 0;
}

static struct nsk_stack *sleepy_with(struct crew *crew, unsigned workers, int (*fn)(void *stack))
{
	struct nsk_stack *stack;

	crew_start_with(crew, workers, NULL);
	stack = crew->stack[0];
	assert_int_equal(nsk_set(stack, "idle.mode", "sleep"), 0);
	stack->set.idle_sleep_us = HOUR_US; /* more than may be set */
	for (unsigned i = 0; i < workers; i++)
		stack->worker[i]->idle.longest_ns = HOUR_US * UINT64_C(1000);
	assert_int_equal(nsk_launch(stack, fn, stack), 0);
	assert_int_equal(nsk_launch(crew->stack[1], crew_turn, crew->stack[1]), 0);
	crew_enter(crew, 0);
	return stack;
}

static struct nsk_stack *sleepy(struct crew *crew, unsigned workers)
{
	return sleepy_with(crew, workers, serve);
}

static bool asleep(void *arg)
{
	const struct nsk_stack *stack = arg;

	for (unsigned i = 0; i < stack->nworkers; i++)
		if (!__atomic_load_n(&stack->worker[i]->idle.asleep, __ATOMIC_SEQ_CST))
			return false;
	return true;
}

static void a_call_wakes_its_worker(void **state)
{
	struct crew crew;
	struct nsk_stack *stack = sleepy(&crew, 1);

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		int fd;

		if (i % 2) /* asleep, or on the way there */
			crew_until(asleep, stack);
		fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
		assert_true(fd > 0);
		assert_int_equal(nsk_close(fd), 0);
	}
	crew_end(&crew);
}

static void stopping_wakes_all(void **state)
{
	struct crew crew;
	struct nsk_stack *stack;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		stack = sleepy(&crew, 2);
		crew_until(asleep, stack);
		nsk_stop(stack);
		assert_int_equal(nsk_join(stack), 0);
		crew_end(&crew);
	}
}

/* Runs on one worker: gives the other a packet, which it will not know. */
static int steer_one(void *arg)
{
	struct nsk_worker *w = arg;
	struct rte_mbuf *m = pkt_alloc(w);

	if (!m || !rte_pktmbuf_append(m, 64))
		return -ENOMEM;
	*pkt_of(m) = (struct pkt){.family = AF_INET, .proto = 254, .flags = PKT_F_IP_BCAST};
	steer_packet(w, 1, m);
	return 0;
}

static uint64_t dropped(struct nsk_stack *stack)
{
	return __atomic_load_n(&stack->worker[1]->w.drop[NSK_DROP_IP_UNKNOWN_PROTO],
			       __ATOMIC_RELAXED);
}

struct until {
	struct nsk_stack *stack;
	uint64_t dropped;
};

static bool dropped_so_many(void *arg)
{
	const struct until *u = arg;

	return dropped(u->stack) == u->dropped;
}

static void a_packet_from_another_worker_wakes(void **state)
{
	struct crew crew;
	struct nsk_stack *stack = sleepy(&crew, 2);
	struct until u = {.stack = stack};

	(void)state;
	for (u.dropped = 1; u.dropped <= ROUNDS; u.dropped++) {
		if (u.dropped % 2)
			crew_until(asleep, stack);
		assert_int_equal(sock_call(&stack->worker[0]->w, steer_one, &stack->worker[0]->w),
				 0);
		crew_until(dropped_so_many, &u);
	}
	crew_end(&crew);
}

/* ---- what comes over a wire --------------------------------------------------------------------
 */

static unsigned arrived; /* [A] datagrams */

/* Receives on port 7 of all addresses. */
static int receive(void *arg)
{
	char c;
	int fd = crew_udp(7);

	while (!nsk_stopping(arg))
		if (nsk_recv(fd, &c, 1, 0) == 1)
			__atomic_fetch_add(&arrived, 1, __ATOMIC_RELEASE);
	return 0;
}

static bool so_many_arrived(void *arg)
{
	return __atomic_load_n(&arrived, __ATOMIC_ACQUIRE) == *(unsigned *)arg;
}

static void a_packet_on_the_wire_wakes(void **state)
{
	struct sockaddr_in to = crew_address(0, 7);
	struct crew crew;
	struct nsk_stack *stack;
	int fd;

	(void)state;
	__atomic_store_n(&arrived, 0, __ATOMIC_RELAXED);
	stack = sleepy_with(&crew, 1, receive);
	crew_until(asleep, stack);
	nsk_close(nsk_socket(AF_INET, SOCK_DGRAM, 0)); /* the first sleep is not on the bell */
	crew_enter(&crew, 1);
	fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	for (unsigned i = 1; i <= ROUNDS; i++) {
		if (i % 2)
			crew_until(asleep, stack);
		assert_int_equal(nsk_send(fd, "x", 1, 0), 1);
		crew_until(so_many_arrived, &i);
	}
	crew_end(&crew);
}

/* ---- a worker waits for another's socket ------------------------------------------------------
 */

static struct {
	int fd;	       /* [A] what the second worker is to wait for next; 0: nothing yet */
	bool polls;    /* [W] of the test's thread before fd */
	ssize_t rc;    /* what its call returned */
	unsigned done; /* [A] such calls */
} neighbour;

static void wait_for_the_neighbours(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char c;

	neighbour.rc = neighbour.polls ? nsk_poll(&pfd, 1, -1) : nsk_recv(fd, &c, 1, 0);
	__atomic_store_n(&neighbour.fd, 0, __ATOMIC_RELAXED);
	__atomic_fetch_add(&neighbour.done, 1, __ATOMIC_RELEASE);
}

/* The first worker serves, the second waits for sockets of the first. */
static int serve_or_wait(void *arg)
{
	struct nsk_stack *stack = arg;
	struct epoll_event ev;
	int ep, fd;

	if (nsk_worker_index() == 0)
		return serve(arg);
	ep = nsk_epoll_create1(0);
	while (!nsk_stopping(stack)) {
		fd = __atomic_load_n(&neighbour.fd, __ATOMIC_ACQUIRE);
		if (fd)
			wait_for_the_neighbours(fd);
		else
			nsk_epoll_wait(ep, &ev, 1, 0);
	}
	return 0;
}

static bool came_back(void *arg)
{
	return __atomic_load_n(&neighbour.done, __ATOMIC_ACQUIRE) == *(unsigned *)arg;
}

/* The socket is the first worker's, on which this thread's calls act. */
static int connected_udp(void)
{
	struct sockaddr_in to = crew_address(1, 7);
	int fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd > 0);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void a_socket_of_another_worker_wakes_who_waits_for_it(void **state)
{
	struct crew crew;
	struct nsk_stack *stack = sleepy_with(&crew, 2, serve_or_wait);

	(void)state;
	memset(&neighbour, 0, sizeof(neighbour));
	for (unsigned i = 1; i <= ROUNDS; i++) {
		int fd = connected_udp();

		neighbour.polls = i % 4 >= 2;
		__atomic_store_n(&neighbour.fd, fd, __ATOMIC_RELEASE);
		crew_waiting(stack, 1);
		if (i % 2)
			crew_until(asleep, stack);
		assert_int_equal(nsk_shutdown(fd, SHUT_RD), 0);
		crew_until(came_back, &i);
		assert_int_equal(neighbour.rc, neighbour.polls);
		assert_int_equal(nsk_close(fd), 0);
	}
	crew_end(&crew);
}

/* Busy is what it says, and so is adaptive while there is work. */
static void who_is_to_be_busy_does_not_sleep(void **state)
{
	struct crew crew;
	struct nsk_stack *stack = sleepy(&crew, 1);
	struct run_worker *r = stack->worker[0];
	uint64_t turns;

	(void)state;
	crew_until(asleep, stack);
	assert_int_equal(nsk_set(stack, "idle.mode", "busy"), 0);
	nsk_close(nsk_socket(AF_INET, SOCK_STREAM, 0)); /* it wakes, and sees the setting */
	for (unsigned i = 0; i < 3; i++) {
		turns = __atomic_load_n(&r->w.cnt[NSK_CNT_TURNS], __ATOMIC_RELAXED);
		while (__atomic_load_n(&r->w.cnt[NSK_CNT_TURNS], __ATOMIC_RELAXED) < turns + 1000)
			assert_false(asleep(stack));
	}
	crew_end(&crew);
}

static bool let_go(void *arg)
{
	struct crew *crew = arg;
	struct sockaddr_in to = crew_address(1, 1000);
	int fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(nsk_close(fd), 0);
	nsk_turn(crew->stack[0]);
	nsk_turn(crew->stack[1]);
	return !crew->stack[1]->worker[0]->idle.armed;
}

/* One that never waits again, since there is always work. */
static void ports_do_not_stay_armed_while_there_is_work(void **state)
{
	struct crew crew;

	(void)state;
	crew_start_with(&crew, 1, NULL);
	crew_enter(&crew, 0);
	crew.stack[1]->worker[0]->idle.armed = true;
	crew_until(let_go, &crew);
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_wakes_its_worker),
		cmocka_unit_test(stopping_wakes_all),
		cmocka_unit_test(a_packet_from_another_worker_wakes),
		cmocka_unit_test(a_packet_on_the_wire_wakes),
		cmocka_unit_test(a_socket_of_another_worker_wakes_who_waits_for_it),
		cmocka_unit_test(who_is_to_be_busy_does_not_sleep),
		cmocka_unit_test(ports_do_not_stay_armed_while_there_is_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
