/* SPDX-License-Identifier: BSD-3-Clause */
/* ppoll, pselect, epoll_pwait and epoll_pwait2: the mask is in force while a call waits, and no
 * signal slips by before it does. */
#include "sock_fake.h"

static volatile sig_atomic_t handled;
static sigset_t none, outside;

static void handle(int number)
{
	(void)number;
	handled++;
}

/* SIGUSR1 is handled, and blocked outside of what is tested. */
static int setup(void **state)
{
	struct sigaction sa = {.sa_handler = handle};
	sigset_t usr1;

	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigaction(SIGUSR1, &sa, NULL);
	pthread_sigmask(SIG_BLOCK, &usr1, &outside);
	handled = 0;
	return world_setup(state);
}

static int teardown(void **state)
{
	pthread_sigmask(SIG_SETMASK, &outside, NULL);
	return world_teardown(state);
}

static bool usr1_blocked(void)
{
	sigset_t now;

	pthread_sigmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, SIGUSR1);
}

static int reg(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events};
	int ep = nsk_epoll_create1(0);

	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	return ep;
}

/* ---- in the thread that runs the worker ------------------------------------------------------ */

/* Each way to wait on fd for what does not come: its result. */
static int wait_by(unsigned way, int fd, const struct timespec *timeout, const sigset_t *mask)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct epoll_event ev;
	nsk_fd_set set;
	int ep, rc;

	if (way == 0)
		return nsk_ppoll(&p, 1, timeout, mask);
	nsk_fd_zero(&set);
	nsk_fd_add(fd, &set);
	if (way == 1)
		return nsk_pselect(fd + 1, &set, NULL, NULL, timeout, mask);
	ep = reg(fd, EPOLLIN);
	if (way == 2)
		rc = nsk_epoll_pwait(ep, &ev, 1, timeout ? (int)(timeout->tv_nsec / 1000000) : -1,
				     mask);
	else
		rc = nsk_epoll_pwait2(ep, &ev, 1, timeout, mask);
	nsk_close(ep);
	return rc;
}

#define WAYS 4

static void a_signal_that_came_before_ends_the_wait(void **state)
{
	int fd = stream_fd();

	(void)state;
	for (unsigned way = 0; way < WAYS; way++) {
		raise(SIGUSR1);
		assert_int_equal(handled, way);
		assert_errno(wait_by(way, fd, NULL, &none), EINTR);
		assert_int_equal(handled, way + 1);
		assert_true(usr1_blocked());
	}
}

/* As Linux: also if there was no time to wait. */
static void a_look_without_waiting_finds_it_as_well(void **state)
{
	static const struct timespec at_once = {0, 0};
	int fd = stream_fd();

	(void)state;
	for (unsigned way = 0; way < WAYS; way++) {
		assert_int_equal(wait_by(way, fd, &at_once, &none), 0);
		raise(SIGUSR1);
		assert_errno(wait_by(way, fd, &at_once, &none), EINTR);
	}
}

static void raise_at_turn_5(struct world *world)
{
	if (world->turns == 5)
		raise(SIGUSR1);
}

static void one_that_comes_meanwhile_ends_it(void **state)
{
	struct world *world = *state;
	int fd = stream_fd();

	world->on_turn = raise_at_turn_5;
	for (unsigned way = 0; way < WAYS; way++) {
		world->turns = 0;
		assert_errno(wait_by(way, fd, NULL, &none), EINTR);
		assert_in_range(world->turns, 5, 6); /* looked at each millisecond, that is turn */
	}
}

static void what_is_ready_goes_before_a_signal(void **state)
{
	int fd = stream_fd();

	(void)state;
	fake_feed(fake_at(fd), "x");
	raise(SIGUSR1);
	for (unsigned way = 0; way < WAYS; way++)
		assert_int_equal(wait_by(way, fd, NULL, &none), 1);
	assert_int_equal(handled, 0);
	assert_int_equal(nsk_ppoll(NULL, 0, &(struct timespec){0, 0}, NULL), 0);
	assert_errno(nsk_ppoll(NULL, 0, &(struct timespec){0, 0}, &none), EINTR);
}

static void without_a_mask_signals_are_as_they_are(void **state)
{
	static const struct timespec ms3 = {0, 3000000};
	struct world *world = *state;
	int fd = stream_fd();

	raise(SIGUSR1);
	for (unsigned way = 0; way < WAYS; way++) {
		world->turns = 0;
		assert_int_equal(wait_by(way, fd, &ms3, NULL), 0);
		assert_in_range(world->turns, 3, 4); /* the timeout is counted to the nanosecond */
	}
	assert_int_equal(handled, 0);
	assert_errno(nsk_ppoll(NULL, 0, &ms3, &none), EINTR);
}

static void timeouts_are_checked(void **state)
{
	static const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}};
	int fd = stream_fd();

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		assert_errno(wait_by(0, fd, &bad[i], NULL), EINVAL);
		assert_errno(wait_by(1, fd, &bad[i], NULL), EINVAL);
		assert_errno(wait_by(3, fd, &bad[i], NULL), EINVAL);
	}
}

/* ---- in another thread ----------------------------------------------------------------------- */

struct sleeper {
	unsigned way;
	int fd;
	int tid; /* [A] */
	int rc, err;
	bool blocked_after;
	bool over; /* [A] */
};

static void *sleeper_main(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	struct epoll_event ev;

	__atomic_store_n(&s->tid, sock_tid(), __ATOMIC_RELEASE);
	s->rc = s->way ? nsk_epoll_pwait2(s->fd, &ev, 1, NULL, &none)
		       : nsk_ppoll(&p, 1, NULL, &none);
	s->err = errno;
	s->blocked_after = usr1_blocked();
	__atomic_store_n(&s->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static void turn_until_over(struct world *world, const struct sleeper *s)
{
	while (!__atomic_load_n(&s->over, __ATOMIC_ACQUIRE)) {
		world->w.ops->turn(&world->w);
		sched_yield();
	}
}

static void turn_until_watched(struct world *world)
{
	while (list_empty(&world->w.sock->watches)) {
		world->w.ops->turn(&world->w);
		sched_yield();
	}
}

static void a_sleeper_is_ended_by_a_signal(void **state)
{
	struct world *world = *state;
	int fd = stream_fd();

	for (unsigned way = 0; way < 2; way++) {
		struct sleeper s = {.way = way, .fd = way ? reg(fd, EPOLLIN) : fd};
		pthread_t t;

		pthread_create(&t, NULL, sleeper_main, &s);
		turn_until_watched(world);
		pthread_kill(t, SIGUSR1);
		turn_until_over(world, &s);
		pthread_join(t, NULL);
		assert_int_equal(s.rc, -1);
		assert_int_equal(s.err, EINTR);
		assert_int_equal(handled, way + 1);
		assert_true(s.blocked_after);
	}
}

static void a_sleeper_is_woken_by_its_event(void **state)
{
	struct world *world = *state;
	int fd = stream_fd();

	for (unsigned way = 0; way < 2; way++) {
		struct sleeper s = {.way = way, .fd = way ? reg(fd, EPOLLIN) : fd};
		pthread_t t;

		pthread_create(&t, NULL, sleeper_main, &s);
		turn_until_watched(world);
		fake_feed(fake_at(fd), "x");
		turn_until_over(world, &s);
		pthread_join(t, NULL);
		assert_int_equal(s.rc, 1);
		assert_int_equal(nsk_recv(fd, &(char){0}, 1, 0), 1);
	}
	assert_int_equal(handled, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_signal_that_came_before_ends_the_wait),
		T(a_look_without_waiting_finds_it_as_well),
		T(one_that_comes_meanwhile_ends_it),
		T(what_is_ready_goes_before_a_signal),
		T(without_a_mask_signals_are_as_they_are),
		T(timeouts_are_checked),
		T(a_sleeper_is_ended_by_a_signal),
		T(a_sleeper_is_woken_by_its_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
