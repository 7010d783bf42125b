/* SPDX-License-Identifier: BSD-3-Clause */
/* poll(2) and select(2): what is reported, waiting, several workers, other threads. */
#include <sys/time.h>

#include "sock_fake.h"

static void ready_descriptors_are_reported_and_counted(void **state)
{
	int fd = stream_fd(), idle = stream_fd();
	struct pollfd p[4] = {
		{.fd = fd, .events = POLLIN | POLLRDNORM | POLLOUT},
		{.fd = idle, .events = POLLIN, .revents = 77},
		{.fd = -1, .events = POLLIN, .revents = 77},
		{.fd = fd, .events = 0},
	};

	(void)state;
	fake_feed(fake_at(fd), "x");
	assert_int_equal(nsk_poll(p, 4, 0), 1);
	assert_int_equal(p[0].revents, POLLIN | POLLRDNORM);
	assert_int_equal(p[1].revents, 0);
	assert_int_equal(p[2].revents, 0);
	assert_int_equal(p[3].revents, 0);
	sock_ready(&fake_at(fd)->sock, EPOLLERR | EPOLLHUP | EPOLLRDHUP);
	assert_int_equal(nsk_poll(p, 4, 0), 2);
	assert_int_equal(p[3].revents, POLLERR | POLLHUP);
}

static void what_is_no_descriptor_is_POLLNVAL(void **state)
{
	struct pollfd p[3] = {
		{.fd = 1000000, .events = POLLIN}, /* one that the kernel does not know */
		{.fd = NSK_FD_BASE + 99, .events = POLLIN},
		{.fd = stream_fd(), .events = POLLIN},
	};

	(void)state;
	assert_int_equal(nsk_poll(p, 3, -1), 2);
	assert_int_equal(p[0].revents, POLLNVAL);
	assert_int_equal(p[1].revents, POLLNVAL);
	assert_int_equal(p[2].revents, 0);
}

static void arguments_are_checked(void **state)
{
	struct pollfd p = {0};

	(void)state;
	assert_errno(nsk_poll(NULL, 1, 0), EFAULT);
	assert_errno(nsk_poll(&p, (nfds_t)-1, 0), EINVAL);
	assert_int_equal(nsk_poll(NULL, 0, 0), 0);
}

static void every_poll_is_at_least_one_turn(void **state)
{
	struct world *world = *state;
	struct pollfd p = {.fd = stream_fd(), .events = POLLIN};

	fake_feed(fake_at(p.fd), "x");
	assert_int_equal(nsk_poll(&p, 1, 0), 1);
	assert_int_equal(nsk_poll(&p, 1, -1), 1);
	assert_int_equal(world->turns, 2);
}

static void a_timeout_is_counted_on_the_workers_clock(void **state)
{
	struct world *world = *state;
	struct pollfd p = {.fd = stream_fd(), .events = POLLIN};

	assert_int_equal(nsk_poll(&p, 1, 5), 0);
	assert_int_equal(world->turns, 6);
	assert_int_equal(nsk_poll(NULL, 0, 5), 0);
	assert_int_equal(world->turns, 12);
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void feed_at_turn_4(struct world *world)
{
	if (world->turns == 4)
		fake_feed(fake_at(world->fd), "x");
}

static void an_endless_poll_turns_until_something_comes(void **state)
{
	struct world *world = *state;
	int idle = stream_fd();
	struct pollfd p[2] = {{.fd = idle, .events = POLLIN}, {.events = POLLIN}};

	p[1].fd = world->fd = stream_fd();
	world->on_turn = feed_at_turn_4;
	assert_int_equal(nsk_poll(p, 2, -1), 1);
	assert_int_equal(p[1].revents, POLLIN);
	assert_int_equal(world->turns, 4);
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void an_event_that_was_not_asked_for_does_not_end_it(void **state)
{
	struct world *world = *state;
	struct pollfd p = {.events = POLLOUT};

	p.fd = world->fd = stream_fd();
	world->on_turn = feed_at_turn_4;
	assert_int_equal(nsk_poll(&p, 1, 9), 0);
	assert_int_equal(world->turns, 10);
}

static void there_and_gone_again(struct world *world)
{
	fake_feed(fake_at(world->fd), "x");
	fake_at(world->fd)->in_len = 0;
	sock_unready(&fake_at(world->fd)->sock, EPOLLIN);
}

static void an_event_that_is_over_again_does_not_end_it(void **state)
{
	struct world *world = *state;
	struct pollfd p = {.events = POLLIN};

	p.fd = world->fd = stream_fd();
	world->on_turn = there_and_gone_again;
	assert_int_equal(nsk_poll(&p, 1, 9), 0);
	assert_int_equal(world->turns, 10);
}

static void an_epoll_instance_is_readable_while_it_has_events(void **state)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = nsk_epoll_create1(0), fd = stream_fd();
	struct pollfd p = {.fd = ep, .events = POLLIN};
	char c;

	(void)state;
	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	assert_int_equal(nsk_poll(&p, 1, 0), 0);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(nsk_poll(&p, 1, 0), 1);
	assert_int_equal(nsk_recv(fd, &c, 1, 0), 1);
	assert_int_equal(nsk_poll(&p, 1, 0), 0);
}

static void stop_at_turn_3(struct world *world)
{
	if (world->turns == 3)
		world->stop = 1;
}

static void stopping_ends_a_poll(void **state)
{
	struct world *world = *state;
	struct pollfd p = {.fd = stream_fd(), .events = POLLIN};

	world->on_turn = stop_at_turn_3;
	assert_errno(nsk_poll(&p, 1, -1), ESHUTDOWN);
	assert_int_equal(world->turns, 3);
	assert_errno(nsk_poll(&p, 1, 0), ESHUTDOWN);
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void without_memory_it_fails_and_leaves_nothing(void **state)
{
	struct world *world = *state;
	struct pollfd p[2] = {{.fd = stream_fd(), .events = POLLIN}};

	p[1] = (struct pollfd){.fd = stream_fd(), .events = POLLIN};
	world->mem.fail_at = 2;
	assert_errno(nsk_poll(p, 2, -1), ENOMEM);
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void a_poll_inside_a_turn_is_refused(void **state)
{
	struct world *world = *state;

	world->w.in_turn = true;
	assert_errno(nsk_poll(NULL, 0, 0), EDEADLK);
	world->w.in_turn = false;
}

static struct world second;

static void descriptors_of_two_workers_may_be_mixed(void **state)
{
	struct world *world = *state;
	struct pollfd p[2] = {{.fd = stream_fd(), .events = POLLIN}, {.events = POLLIN}};

	world_init(&second, true);
	p[1].fd = world->fd = stream_fd();
	world_switch(world);
	world->on_turn = feed_at_turn_4;
	assert_int_equal(nsk_poll(p, 2, -1), 1);
	assert_int_equal(p[0].revents, 0);
	assert_int_equal(p[1].revents, POLLIN);
	assert_int_equal(world->turns, 4);
	assert_int_equal(second.w.sock->items.in_use, 0);
	sock_worker_fini(&second.w);
}

/* ---- select -------------------------------------------------------------------------------- */

static void select_keeps_what_is_ready_and_counts_bits(void **state)
{
	struct timeval now = {0, 0};
	int fd = stream_fd(), idle = stream_fd();
	nsk_fd_set r, w;

	(void)state;
	nsk_fd_zero(&r);
	nsk_fd_zero(&w);
	nsk_fd_add(fd, &r);
	nsk_fd_add(idle, &r);
	nsk_fd_add(fd, &w);
	fake_feed(fake_at(fd), "x");
	fake_room(fake_at(fd), 1);
	assert_int_equal(nsk_select(idle + 1, &r, &w, NULL, &now), 2);
	assert_true(nsk_fd_isset(fd, &r));
	assert_false(nsk_fd_isset(idle, &r));
	assert_true(nsk_fd_isset(fd, &w));
}

static void select_takes_hangup_as_readable_and_error_as_both(void **state)
{
	int hung = stream_fd(), broken = stream_fd();
	nsk_fd_set r, w, e;

	(void)state;
	nsk_fd_zero(&r);
	nsk_fd_add(hung, &r);
	nsk_fd_add(broken, &r);
	w = e = r;
	sock_ready(&fake_at(hung)->sock, EPOLLHUP);
	sock_ready(&fake_at(broken)->sock, EPOLLERR);
	assert_int_equal(nsk_select(broken + 1, &r, &w, &e, NULL), 3);
	assert_true(nsk_fd_isset(hung, &r) && nsk_fd_isset(broken, &r));
	assert_true(!nsk_fd_isset(hung, &w) && nsk_fd_isset(broken, &w));
	assert_true(!nsk_fd_isset(hung, &e) && !nsk_fd_isset(broken, &e));
}

static void select_looks_only_below_nfds(void **state)
{
	struct timeval now = {0, 0};
	int fd = stream_fd();
	nsk_fd_set r;

	(void)state;
	nsk_fd_zero(&r);
	nsk_fd_add(fd, &r);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(nsk_select(fd, &r, NULL, NULL, &now), 0);
	assert_int_equal(nsk_select(0, &r, NULL, NULL, &now), 0);
	assert_int_equal(nsk_select(INT32_MAX, &r, NULL, NULL, &now), 1);
}

static void select_says_what_is_wrong(void **state)
{
	struct timeval bad[3] = {{-1, 0}, {0, -1}, {0, 1000000}};
	nsk_fd_set r;

	(void)state;
	nsk_fd_zero(&r);
	nsk_fd_add(NSK_FD_BASE + 5, &r);
	assert_errno(nsk_select(NSK_FD_BASE + 6, &r, NULL, NULL, NULL), EBADF);
	assert_errno(nsk_select(-1, NULL, NULL, NULL, NULL), EINVAL);
	for (int i = 0; i < 3; i++)
		assert_errno(nsk_select(0, NULL, NULL, NULL, &bad[i]), EINVAL);
}

static void select_times_out(void **state)
{
	struct world *world = *state;
	struct timeval tv = {0, 2500};
	int fd = stream_fd();
	nsk_fd_set r;

	nsk_fd_zero(&r);
	nsk_fd_add(fd, &r);
	assert_int_equal(nsk_select(fd + 1, &r, NULL, NULL, &tv), 0);
	assert_false(nsk_fd_isset(fd, &r));
	assert_int_equal(world->turns, 4); /* one at once, then three until 2.5 ms are over */
}

static void a_set_holds_its_range_and_ignores_the_rest(void **state)
{
	nsk_fd_set s;

	(void)state;
	nsk_fd_zero(&s);
	nsk_fd_add(NSK_FD_BASE + NSK_FD_SETSIZE - 1, &s);
	nsk_fd_add(NSK_FD_BASE + NSK_FD_SETSIZE, &s);
	nsk_fd_add(5, &s);
	assert_true(nsk_fd_isset(NSK_FD_BASE + NSK_FD_SETSIZE - 1, &s));
	assert_false(nsk_fd_isset(NSK_FD_BASE + NSK_FD_SETSIZE, &s));
	assert_false(nsk_fd_isset(5, &s));
	nsk_fd_clr(NSK_FD_BASE + NSK_FD_SETSIZE - 1, &s);
	assert_false(nsk_fd_isset(NSK_FD_BASE + NSK_FD_SETSIZE - 1, &s));
}

/* ---- another thread ------------------------------------------------------------------------ */

struct sleeper {
	struct pollfd p[2];
	int rc;
	int done; /* [A] */
};

static void *sleeper_main(void *arg)
{
	struct sleeper *s = arg;

	s->rc = nsk_poll(s->p, 2, -1);
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void another_thread_sleeps_on_descriptors_of_two_workers(void **state)
{
	struct world *world = *state;
	struct sleeper s = {.p = {{.events = POLLIN}, {.events = POLLIN}}};
	pthread_t t;

	s.p[0].fd = stream_fd();
	world_init(&second, true);
	s.p[1].fd = stream_fd();
	world_switch(world);
	pthread_create(&t, NULL, sleeper_main, &s);
	while (list_empty(&second.w.sock->watches)) {
		world_turn(&world->w);
		world_turn(&second.w);
		sched_yield();
	}
	fake_feed(fake_at(s.p[1].fd), "x");
	while (!__atomic_load_n(&s.done, __ATOMIC_ACQUIRE)) {
		world_turn(&world->w);
		world_turn(&second.w);
		sched_yield();
	}
	pthread_join(t, NULL);
	assert_int_equal(s.rc, 1);
	assert_int_equal(s.p[0].revents, 0);
	assert_int_equal(s.p[1].revents, POLLIN);
	assert_int_equal(world->w.sock->items.in_use, 0);
	assert_int_equal(second.w.sock->items.in_use, 0);
	sock_worker_fini(&second.w);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ready_descriptors_are_reported_and_counted),
		T(what_is_no_descriptor_is_POLLNVAL),
		T(arguments_are_checked),
		T(every_poll_is_at_least_one_turn),
		T(a_timeout_is_counted_on_the_workers_clock),
		T(an_endless_poll_turns_until_something_comes),
		T(an_event_that_was_not_asked_for_does_not_end_it),
		T(an_event_that_is_over_again_does_not_end_it),
		T(an_epoll_instance_is_readable_while_it_has_events),
		T(stopping_ends_a_poll),
		T(without_memory_it_fails_and_leaves_nothing),
		T(a_poll_inside_a_turn_is_refused),
		T(descriptors_of_two_workers_may_be_mixed),
		T(select_keeps_what_is_ready_and_counts_bits),
		T(select_takes_hangup_as_readable_and_error_as_both),
		T(select_looks_only_below_nfds),
		T(select_says_what_is_wrong),
		T(select_times_out),
		T(a_set_holds_its_range_and_ignores_the_rest),
		T(another_thread_sleeps_on_descriptors_of_two_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
