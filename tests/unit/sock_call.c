/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls from a thread that does not run the worker: they are done there, and sleep until it wakes
 * them. */
#include <sys/time.h>

#include "sock/wait.h"
#include "sock_fake.h"

struct other {
	pthread_t thread;
	struct world *world;
	int fd;
	ssize_t (*fn)(struct other *o);
	ssize_t rc;
	int err;
	int done; /* [A] */
};

static void *other_main(void *arg)
{
	struct other *o = arg;

	sock_enter(o->world->place); /* as nsk_enter() does */
	errno = 0;
	o->rc = o->fn(o);
	o->err = errno;
	__atomic_store_n(&o->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void other_start(struct other *o, struct world *world, int fd, ssize_t (*fn)(struct other *))
{
	*o = (struct other){.world = world, .fd = fd, .fn = fn};
	assert_int_equal(pthread_create(&o->thread, NULL, other_main, o), 0);
}

static bool other_done(struct other *o)
{
	return __atomic_load_n(&o->done, __ATOMIC_ACQUIRE);
}

static void turn(struct world *world)
{
	world_turn(&world->w);
	sched_yield();
}

/* Turns until another thread has left a watch. */
static void until_watched(struct world *world)
{
	while (list_empty(&world->w.sock->watches))
		turn(world);
}

static void until_done(struct other *o)
{
	while (!other_done(o))
		turn(o->world);
	pthread_join(o->thread, NULL);
	assert_int_equal(o->world->w.sock->items.in_use, 0);
}

static ssize_t recv_some(struct other *o)
{
	char buf[8];

	return nsk_recv(o->fd, buf, sizeof(buf), 0);
}

static void another_thread_sleeps_until_data_comes(void **state)
{
	struct world *world = *state;
	struct other o;

	other_start(&o, world, stream_fd(), recv_some);
	until_watched(world);
	fake_feed(fake_at(o.fd), "abc");
	until_done(&o);
	assert_int_equal(o.rc, 3);
}

static void a_full_ring_of_calls_is_tried_again(void **state)
{
	struct world *world = *state;
	struct other o;

	world->refuse = 3;
	fake_feed(fake_at(stream_fd()), "abc");
	other_start(&o, world, NSK_FD_BASE, recv_some);
	until_done(&o);
	assert_int_equal(o.rc, 3);
	assert_int_equal(world->refuse, 0);
}

static void another_thread_gets_EBADF_and_EAGAIN_as_errno_of_its_own(void **state)
{
	struct world *world = *state;
	struct other o;

	other_start(&o, world, NSK_FD_BASE + 5, recv_some);
	until_done(&o);
	assert_int_equal(o.rc, -1);
	assert_int_equal(o.err, EBADF);
	other_start(&o, world, nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), recv_some);
	until_done(&o);
	assert_int_equal(o.err, EAGAIN);
}

/* Waits until a call of another thread is on its way to the worker. */
static void until_called(struct world *world)
{
	bool called = false;

	while (!called) {
		pthread_mutex_lock(&world->lock);
		called = world->mails != 0;
		pthread_mutex_unlock(&world->lock);
		sched_yield();
	}
}

static void a_call_for_a_closed_descriptor_does_not_reach_the_next_of_its_number(void **state)
{
	struct world *world = *state;
	struct other o;
	int fd = stream_fd();

	other_start(&o, world, fd, recv_some);
	until_called(world);
	assert_int_equal(nsk_close(fd), 0);
	assert_int_equal(stream_fd(), fd);
	fake_feed(fake_at(fd), "not yours");
	until_done(&o);
	assert_int_equal(o.rc, -1);
	assert_int_equal(o.err, EBADF);
	assert_int_equal(recv_some(&o), 8);
}

static void spurious_wake_ups_go_on_sleeping(void **state)
{
	struct world *world = *state;
	struct other o;

	other_start(&o, world, stream_fd(), recv_some);
	until_watched(world);
	for (int i = 0; i < 100; i++) {
		sock_ready(&fake_at(o.fd)->sock, EPOLLIN); /* but there is nothing */
		turn(world);
	}
	assert_false(other_done(&o));
	fake_feed(fake_at(o.fd), "x");
	until_done(&o);
	assert_int_equal(o.rc, 1);
}

static void on_signal(int number)
{
	(void)number;
}

static void a_signal_ends_the_sleep_with_EINTR(void **state)
{
	struct sigaction sa = {.sa_handler = on_signal}, old;
	struct world *world = *state;
	struct other o;

	sigaction(SIGUSR1, &sa, &old);
	other_start(&o, world, stream_fd(), recv_some);
	until_watched(world);
	while (!other_done(&o)) { /* one may come before it sleeps */
		pthread_kill(o.thread, SIGUSR1);
		turn(world);
	}
	until_done(&o);
	sigaction(SIGUSR1, &old, NULL);
	assert_int_equal(o.rc, -1);
	assert_int_equal(o.err, EINTR);
}

static void waking_all_tells_sleepers_that_the_stack_stops(void **state)
{
	struct world *world = *state;
	struct other o[2];
	int fd = stream_fd();

	for (int i = 0; i < 2; i++)
		other_start(&o[i], world, fd, recv_some);
	while (world->w.sock->items.in_use < 2)
		turn(world);
	__atomic_store_n(&world->stop, 1, __ATOMIC_RELEASE);
	sock_wake_all(&world->w);
	while (!other_done(&o[0]) || !other_done(&o[1]))
		turn(world);
	for (int i = 0; i < 2; i++) {
		pthread_join(o[i].thread, NULL);
		assert_int_equal(o[i].err, ESHUTDOWN);
	}
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void sleepers_see_by_themselves_that_the_stack_stops(void **state)
{
	struct world *world = *state;
	struct other o;

	other_start(&o, world, stream_fd(), recv_some);
	until_watched(world);
	__atomic_store_n(&world->stop, 1, __ATOMIC_RELEASE);
	until_done(&o);
	assert_int_equal(o.err, ESHUTDOWN);
}

static void a_sleepers_timeout_is_the_kernels(void **state)
{
	struct timeval tv = {.tv_usec = 1000};
	struct world *world = *state;
	struct other o;
	int fd = stream_fd();

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	other_start(&o, world, fd, recv_some);
	until_done(&o);
	assert_int_equal(o.rc, -1);
	assert_int_equal(o.err, EAGAIN);
}

static void room_every_turn(struct world *world)
{
	fake_room(fake_at(world->fd), 2);
}

static ssize_t send_16(struct other *o)
{
	return nsk_send(o->fd, "0123456789abcdef", 16, 0);
}

static void another_thread_sends_all_of_a_stream(void **state)
{
	struct world *world = *state;
	struct other o;

	world->fd = stream_fd();
	other_start(&o, world, world->fd, send_16);
	until_watched(world);
	world->on_turn = room_every_turn;
	until_done(&o);
	assert_int_equal(o.rc, 16);
	assert_memory_equal(fake_at(world->fd)->out, "0123456789abcdef", 16);
}

static void a_socket_closed_under_a_sleeper_lives_until_it_wakes(void **state)
{
	struct world *world = *state;
	struct other o;
	struct fake *f;

	other_start(&o, world, stream_fd(), recv_some);
	f = fake_at(o.fd);
	until_watched(world);
	assert_int_equal(nsk_close(o.fd), 0);
	assert_int_equal(fakes, 1);
	fake_feed(f, "last");
	until_done(&o);
	assert_int_equal(o.rc, 4);
	assert_int_equal(fakes, 0);
}

static ssize_t epoll_one(struct other *o)
{
	struct epoll_event ev;

	return nsk_epoll_wait(o->fd, &ev, 1, -1);
}

static void another_thread_sleeps_on_an_epoll_instance(void **state)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct world *world = *state;
	struct other o;
	int ep = nsk_epoll_create1(0), fd = stream_fd();

	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	other_start(&o, world, ep, epoll_one);
	until_watched(world);
	fake_feed(fake_at(fd), "x");
	while (!other_done(&o))
		turn(world);
	pthread_join(o.thread, NULL);
	assert_int_equal(o.rc, 1);
	assert_int_equal(world->w.sock->items.in_use, 1);
}

#define BYTES 3000

static ssize_t recv_many(struct other *o)
{
	ssize_t sum = 0;
	char c;

	for (int i = 0; i < BYTES; i++)
		sum += nsk_recv(o->fd, &c, 1, 0);
	return sum;
}

static void no_wake_up_is_lost(void **state)
{
	struct world *world = *state;
	struct other o;
	int fed = 0;

	other_start(&o, world, stream_fd(), recv_many);
	while (!other_done(&o)) {
		if (fed < BYTES && fake_at(o.fd)->in_len == 0) {
			fake_feed(fake_at(o.fd), "x");
			fed++;
		}
		turn(world);
	}
	until_done(&o);
	assert_int_equal(o.rc, BYTES);
}

/* What became of a call that is told to wait for ever. */
struct attempts {
	unsigned tries, ends;
};

static int try_in_vain(struct sock *s, void *arg)
{
	(void)s;
	((struct attempts *)arg)->tries++;
	return -EAGAIN;
}

static void count_end(void *arg)
{
	((struct attempts *)arg)->ends++;
}

static struct attempts attempts;

static ssize_t wait_in_vain(struct other *o)
{
	const struct wait_op op = {.try = try_in_vain,
				   .end = count_end,
				   .arg = &attempts,
				   .bits = EPOLLIN,
				   .timeout_ns = WAIT_FOREVER};

	return sock_wait(o->fd, &op);
}

static void a_call_that_waits_ends_once_after_its_descriptor_is_closed(void **state)
{
	struct world *world = *state;
	struct other o;

	attempts = (struct attempts){0};
	other_start(&o, world, stream_fd(), wait_in_vain);
	until_watched(world);
	assert_int_equal(nsk_close(o.fd), 0);
	assert_int_equal(attempts.ends, 0);
	__atomic_store_n(&world->stop, 1, __ATOMIC_RELEASE);
	until_done(&o);
	assert_int_equal(o.rc, -ESHUTDOWN);
	assert_int_equal(attempts.tries, 2);
	assert_int_equal(attempts.ends, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(another_thread_sleeps_until_data_comes),
		T(a_full_ring_of_calls_is_tried_again),
		T(another_thread_gets_EBADF_and_EAGAIN_as_errno_of_its_own),
		T(a_call_for_a_closed_descriptor_does_not_reach_the_next_of_its_number),
		T(spurious_wake_ups_go_on_sleeping),
		T(a_signal_ends_the_sleep_with_EINTR),
		T(waking_all_tells_sleepers_that_the_stack_stops),
		T(sleepers_see_by_themselves_that_the_stack_stops),
		T(a_sleepers_timeout_is_the_kernels),
		T(another_thread_sends_all_of_a_stream),
		T(a_socket_closed_under_a_sleeper_lives_until_it_wakes),
		T(another_thread_sleeps_on_an_epoll_instance),
		T(no_wake_up_is_lost),
		T(a_call_that_waits_ends_once_after_its_descriptor_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
