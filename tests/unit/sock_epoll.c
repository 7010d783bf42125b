/* SPDX-License-Identifier: BSD-3-Clause */
/* epoll(7): registrations, level, edge, one-shot, nesting, closing. */
#include "sock_fake.h"

static int epoll_fd(void)
{
	int fd = nsk_epoll_create1(0);

	assert_true(nsk_is_fd(fd));
	return fd;
}

static int ctl(int epfd, int op, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	return nsk_epoll_ctl(epfd, op, fd, &ev);
}

static void add(int epfd, int fd, uint32_t events)
{
	assert_int_equal(ctl(epfd, EPOLL_CTL_ADD, fd, events), 0);
}

/* One turn: exactly this descriptor is reported with these events. */
#define assert_reports(epfd, want_fd, want_events)                    \
	do {                                                          \
		struct epoll_event ev_[4];                            \
		assert_int_equal(nsk_epoll_wait(epfd, ev_, 4, 0), 1); \
		assert_int_equal(ev_[0].data.fd, want_fd);            \
		assert_int_equal(ev_[0].events, want_events);         \
	} while (0)

#define assert_silent(epfd)                                           \
	do {                                                          \
		struct epoll_event ev_[4];                            \
		assert_int_equal(nsk_epoll_wait(epfd, ev_, 4, 0), 0); \
	} while (0)

static void drain(int fd)
{
	char buf[FAKE_BYTES];

	assert_true(nsk_recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0);
}

static void every_wait_is_one_turn(void **state)
{
	struct world *world = *state;
	int ep = epoll_fd();

	assert_silent(ep);
	assert_silent(ep);
	assert_int_equal(world->turns, 2);
}

static void level_is_reported_until_it_is_over(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	add(ep, fd, EPOLLIN);
	assert_silent(ep);
	fake_feed(fake_at(fd), "x");
	assert_reports(ep, fd, EPOLLIN);
	assert_reports(ep, fd, EPOLLIN);
	drain(fd);
	assert_silent(ep);
	fake_feed(fake_at(fd), "y");
	assert_reports(ep, fd, EPOLLIN);
}

static void what_is_ready_already_is_reported_after_add_and_mod(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	fake_feed(fake_at(fd), "x");
	add(ep, fd, EPOLLIN | EPOLLET);
	assert_reports(ep, fd, EPOLLIN);
	assert_silent(ep);
	assert_int_equal(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET), 0);
	assert_reports(ep, fd, EPOLLIN);
	assert_silent(ep);
}

static void edge_is_reported_once_for_each_arrival(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	add(ep, fd, EPOLLIN | EPOLLET);
	fake_feed(fake_at(fd), "x");
	fake_feed(fake_at(fd), "y");
	assert_reports(ep, fd, EPOLLIN);
	assert_silent(ep);
	fake_feed(fake_at(fd), "z"); /* not drained: new data is an edge all the same */
	assert_reports(ep, fd, EPOLLIN);
	assert_silent(ep);
}

static void an_edge_reports_all_that_is_ready(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	add(ep, fd, EPOLLIN | EPOLLOUT | EPOLLET);
	fake_feed(fake_at(fd), "x");
	assert_reports(ep, fd, EPOLLIN);
	fake_room(fake_at(fd), 1);
	assert_reports(ep, fd, EPOLLIN | EPOLLOUT);
}

static void an_edge_that_is_over_before_the_wait_is_not_reported(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	add(ep, fd, EPOLLIN | EPOLLET);
	fake_feed(fake_at(fd), "x");
	drain(fd);
	assert_silent(ep);
}

static void one_shot_is_disarmed_until_mod_even_for_errors(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	add(ep, fd, EPOLLIN | EPOLLONESHOT);
	fake_feed(fake_at(fd), "x");
	assert_reports(ep, fd, EPOLLIN);
	fake_feed(fake_at(fd), "y");
	sock_ready(&fake_at(fd)->sock, EPOLLERR);
	assert_silent(ep);
	assert_int_equal(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT), 0);
	assert_reports(ep, fd, EPOLLIN | EPOLLERR);
	assert_silent(ep);
}

static void errors_and_hangup_are_reported_unasked(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	add(ep, fd, 0);
	fake_feed(fake_at(fd), "x");
	assert_silent(ep);
	sock_ready(&fake_at(fd)->sock, EPOLLERR | EPOLLHUP);
	assert_reports(ep, fd, EPOLLERR | EPOLLHUP);
}

static void normal_band_conditions_are_synonyms(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	add(ep, fd, EPOLLRDNORM | EPOLLWRNORM);
	fake_feed(fake_at(fd), "x");
	assert_reports(ep, fd, EPOLLRDNORM);
	fake_room(fake_at(fd), 1);
	assert_reports(ep, fd, EPOLLRDNORM | EPOLLWRNORM);
}

static void data_comes_back_as_it_was_given(void **state)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = UINT64_C(0x0123456789abcdef)};
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	fake_feed(fake_at(fd), "x");
	ev.data.u64 = 0;
	assert_int_equal(nsk_epoll_wait(ep, &ev, 1, 0), 1);
	assert_true(ev.data.u64 == UINT64_C(0x0123456789abcdef));
}

static void a_small_max_starves_nobody(void **state)
{
	int ep = epoll_fd(), fd[5];
	unsigned seen[5] = {0};

	(void)state;
	for (int i = 0; i < 5; i++) {
		fd[i] = stream_fd();
		add(ep, fd[i], EPOLLIN);
		fake_feed(fake_at(fd[i]), "x");
	}
	for (int round = 0; round < 10; round++) {
		struct epoll_event ev[2];

		assert_int_equal(nsk_epoll_wait(ep, ev, 2, 0), 2);
		assert_int_not_equal(ev[0].data.fd, ev[1].data.fd);
		seen[ev[0].data.fd - fd[0]]++;
		seen[ev[1].data.fd - fd[0]]++;
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(seen[i], 4);
}

/* Level-triggered, edge-triggered and stale items in one list, a small max: each in its turn. */
static void a_mixed_list_keeps_its_order(void **state)
{
	static const uint32_t mode[4] = {0, EPOLLET, 0, 0};
	static const int want[] = {0, 1, 3, 0, 3, 0};
	int ep = epoll_fd(), fd[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		fd[i] = stream_fd();
		add(ep, fd[i], EPOLLIN | mode[i]);
		fake_feed(fake_at(fd[i]), "x");
	}
	drain(fd[2]);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(want); i++) {
		struct epoll_event ev;

		assert_int_equal(nsk_epoll_wait(ep, &ev, 1, 0), 1);
		assert_int_equal(ev.data.fd, fd[want[i]]);
	}
}

static void del_while_ready_is_silent_and_the_rest_is_reported(void **state)
{
	int ep = epoll_fd(), one = stream_fd(), two = stream_fd();

	(void)state;
	add(ep, one, EPOLLIN);
	add(ep, two, EPOLLIN);
	fake_feed(fake_at(one), "x");
	fake_feed(fake_at(two), "x");
	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_DEL, one, NULL), 0);
	assert_reports(ep, two, EPOLLIN);
	assert_int_equal(ctl(ep, EPOLL_CTL_DEL, one, 0), -1);
	assert_int_equal(errno, ENOENT);
	add(ep, one, EPOLLIN);
}

static void mod_to_something_else_takes_back_what_was_queued(void **state)
{
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	add(ep, fd, EPOLLIN);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLOUT), 0);
	assert_silent(ep);
	fake_room(fake_at(fd), 1);
	assert_reports(ep, fd, EPOLLOUT);
}

static void closing_takes_the_registration_away(void **state)
{
	struct world *world = *state;
	int ep = epoll_fd(), fd = stream_fd();

	add(ep, fd, EPOLLIN);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(nsk_close(fd), 0);
	assert_silent(ep);
	assert_int_equal(world->w.sock->items.in_use, 0);
	assert_int_equal(stream_fd(), fd);
	add(ep, fd, EPOLLIN); /* the same number, another socket */
}

static void what_lives_on_after_close_reports_nothing(void **state)
{
	struct world *world = *state;
	int ep = epoll_fd(), fd = stream_fd();
	struct fake *f = fake_at(fd);

	add(ep, fd, EPOLLIN);
	f->lingers = true;
	assert_int_equal(nsk_close(fd), 0);
	assert_int_equal(world->w.sock->items.in_use, 0);
	fake_feed(f, "x");
	assert_silent(ep);
	f->lingers = false;
	fake_close(&f->sock);
}

static void a_dup_keeps_the_registration_alive(void **state)
{
	int ep = epoll_fd(), fd = stream_fd(), copy = nsk_dup(fd);

	(void)state;
	add(ep, fd, EPOLLIN);
	add(ep, copy, EPOLLOUT); /* registered by its own number, as in Linux */
	assert_int_equal(nsk_close(fd), 0);
	fake_feed(fake_at(copy), "x");
	assert_reports(ep, fd, EPOLLIN);
	assert_int_equal(nsk_close(copy), 0);
	assert_silent(ep);
}

static void closing_an_instance_leaves_the_sockets_usable(void **state)
{
	struct world *world = *state;
	int ep = epoll_fd(), two = epoll_fd(), fd = stream_fd();

	add(ep, fd, EPOLLIN);
	add(two, fd, EPOLLIN);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(nsk_close(ep), 0);
	assert_int_equal(world->w.sock->items.in_use, 1);
	assert_reports(two, fd, EPOLLIN);
	drain(fd);
}

static void a_socket_may_be_in_several_instances(void **state)
{
	int one = epoll_fd(), two = epoll_fd(), fd = stream_fd();

	(void)state;
	add(one, fd, EPOLLIN | EPOLLET);
	add(two, fd, EPOLLIN | EPOLLET);
	fake_feed(fake_at(fd), "x");
	assert_reports(one, fd, EPOLLIN);
	assert_reports(two, fd, EPOLLIN);
	assert_silent(one);
}

static void an_instance_in_an_instance_is_readable_while_it_has_events(void **state)
{
	int outer = epoll_fd(), inner = epoll_fd(), fd = stream_fd();

	(void)state;
	add(outer, inner, EPOLLIN);
	add(inner, fd, EPOLLIN);
	assert_silent(outer);
	fake_feed(fake_at(fd), "x");
	assert_reports(outer, inner, EPOLLIN);
	assert_reports(inner, fd, EPOLLIN);
	assert_reports(outer, inner, EPOLLIN);
	drain(fd); /* the inner list still has the item; it is not ready any more */
	assert_silent(outer);
}

static void nesting_has_a_depth_and_no_loops(void **state)
{
	int ep[EPOLL_DEPTH_MAX + 1];

	(void)state;
	for (int i = 0; i <= EPOLL_DEPTH_MAX; i++)
		ep[i] = epoll_fd();
	for (int i = 0; i + 1 < EPOLL_DEPTH_MAX; i++)
		add(ep[i], ep[i + 1], EPOLLIN);
	assert_errno(ctl(ep[EPOLL_DEPTH_MAX - 1], EPOLL_CTL_ADD, ep[EPOLL_DEPTH_MAX], EPOLLIN),
		     ELOOP);
	assert_errno(ctl(ep[EPOLL_DEPTH_MAX], EPOLL_CTL_ADD, ep[0], EPOLLIN), ELOOP);
	assert_errno(ctl(ep[1], EPOLL_CTL_ADD, ep[0], EPOLLIN), ELOOP);
	assert_errno(ctl(ep[3], EPOLL_CTL_ADD, ep[0], EPOLLIN), ELOOP);
	assert_errno(ctl(ep[0], EPOLL_CTL_ADD, ep[0], EPOLLIN), EINVAL);
}

static void ctl_says_what_is_wrong(void **state)
{
	struct world *world = *state;
	struct world other;
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = epoll_fd(), fd = stream_fd(), foreign;

	assert_errno(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, NULL), EFAULT);
	assert_errno(nsk_epoll_ctl(NSK_FD_BASE + 99, EPOLL_CTL_ADD, fd, &ev), EBADF);
	assert_errno(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, NSK_FD_BASE + 99, &ev), EBADF);
	assert_errno(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, -1, &ev), EBADF);
	assert_errno(nsk_epoll_ctl(fd, EPOLL_CTL_ADD, fd, &ev), EINVAL);
	assert_errno(nsk_epoll_ctl(ep, 77, fd, &ev), EINVAL);
	assert_errno(nsk_epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev), ENOENT);
	assert_errno(nsk_epoll_ctl(ep, EPOLL_CTL_DEL, fd, &ev), ENOENT);
	add(ep, fd, EPOLLIN);
	assert_errno(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), EEXIST);
	world_init(&other, true);
	foreign = stream_fd();
	assert_errno(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, foreign, &ev), EXDEV);
	nsk_close(foreign);
	sock_worker_fini(&other.w);
	world_switch(world);
}

static void exclusive_goes_with_few_others(void **state)
{
	int ep = epoll_fd(), inner = epoll_fd(), fd = stream_fd();

	(void)state;
	assert_errno(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLEXCLUSIVE | EPOLLONESHOT), EINVAL);
	assert_errno(ctl(ep, EPOLL_CTL_ADD, inner, EPOLLEXCLUSIVE | EPOLLIN), EINVAL);
	add(ep, fd, EPOLLEXCLUSIVE | EPOLLIN | EPOLLET);
	assert_errno(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN), EINVAL);
	fake_feed(fake_at(fd), "x");
	assert_reports(ep, fd, EPOLLIN);
}

static void wait_says_what_is_wrong(void **state)
{
	struct epoll_event ev;
	int ep = epoll_fd(), fd = stream_fd();

	(void)state;
	assert_errno(nsk_epoll_wait(ep, &ev, 0, 0), EINVAL);
	assert_errno(nsk_epoll_wait(ep, &ev, -1, 0), EINVAL);
	assert_errno(nsk_epoll_wait(ep, &ev, INT32_MAX, 0), EINVAL);
	assert_errno(nsk_epoll_wait(ep, NULL, 1, 0), EFAULT);
	assert_errno(nsk_epoll_wait(fd, &ev, 1, 0), EINVAL);
	assert_errno(nsk_epoll_wait(NSK_FD_BASE + 99, &ev, 1, 0), EBADF);
}

static void create_says_what_is_wrong(void **state)
{
	struct world *world = *state;

	assert_errno(nsk_epoll_create1(1), EINVAL);
	world_switch(NULL);
	assert_errno(nsk_epoll_create1(0), ENXIO);
	world_switch(world);
	assert_int_equal(nsk_fcntl(nsk_epoll_create1(EPOLL_CLOEXEC), F_GETFD), FD_CLOEXEC);
	for (uint32_t i = 1; i < world->set.max_epolls; i++)
		epoll_fd();
	assert_errno(nsk_epoll_create1(0), EMFILE);
}

static void a_timeout_is_counted_on_the_workers_clock(void **state)
{
	struct world *world = *state;
	struct epoll_event ev;

	assert_int_equal(nsk_epoll_wait(epoll_fd(), &ev, 1, 5), 0);
	assert_int_equal(world->turns, 6); /* one at once, then five of a millisecond */
}

static void feed_at_turn_7(struct world *world)
{
	if (world->turns == 7)
		fake_feed(fake_at(world->fd), "x");
}

static void an_endless_wait_turns_until_something_comes(void **state)
{
	struct world *world = *state;
	struct epoll_event ev;
	int ep = epoll_fd(), fd = stream_fd();

	add(ep, fd, EPOLLIN);
	world->fd = fd;
	world->on_turn = feed_at_turn_7;
	assert_int_equal(nsk_epoll_wait(ep, &ev, 1, -1), 1);
	assert_int_equal(world->turns, 7);
}

static void stop_at_turn_3(struct world *world)
{
	if (world->turns == 3)
		world->stop = 1;
}

static void stopping_ends_the_wait_when_nothing_is_ready(void **state)
{
	struct world *world = *state;
	struct epoll_event ev;
	int ep = epoll_fd(), fd = stream_fd();

	add(ep, fd, EPOLLIN);
	world->on_turn = stop_at_turn_3;
	assert_errno(nsk_epoll_wait(ep, &ev, 1, -1), ESHUTDOWN);
	assert_int_equal(world->turns, 3);
	assert_errno(nsk_epoll_wait(ep, &ev, 1, 0), ESHUTDOWN);
	fake_feed(fake_at(fd), "x");
	assert_reports(ep, fd, EPOLLIN);
}

static void a_wait_inside_a_turn_is_refused(void **state)
{
	struct world *world = *state;
	struct epoll_event ev;
	int ep = epoll_fd();

	world->w.in_turn = true;
	assert_errno(nsk_epoll_wait(ep, &ev, 1, 0), EDEADLK);
	world->w.in_turn = false;
}

static void a_worker_without_thread_is_not_turned(void **state)
{
	struct world *world = *state;
	int ep = epoll_fd(), fd = stream_fd();

	world_give_back(world);
	add(ep, fd, EPOLLIN);
	assert_silent(ep);
	fake_feed(fake_at(fd), "x");
	assert_reports(ep, fd, EPOLLIN);
	assert_int_equal(world->turns, 0);
	drain(fd);
	world->stop = 1;
	assert_errno(nsk_epoll_wait(ep, (struct epoll_event[1]){{0}}, 1, 0), ESHUTDOWN);
}

static void registrations_have_a_limit(void **state)
{
	struct world *world = *state;
	int ep = epoll_fd(), fd = stream_fd(), next = fd;

	world->w.sock->items.max_objs = 1;
	add(ep, fd, EPOLLIN);
	next = stream_fd();
	assert_errno(ctl(ep, EPOLL_CTL_ADD, next, EPOLLIN), ENOSPC);
	world->w.sock->items.max_objs = 2;
	world->mem.fail_at = 1;
	assert_errno(ctl(ep, EPOLL_CTL_ADD, next, EPOLLIN), ENOMEM);
	add(ep, next, EPOLLIN);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_wait_is_one_turn),
		T(level_is_reported_until_it_is_over),
		T(what_is_ready_already_is_reported_after_add_and_mod),
		T(edge_is_reported_once_for_each_arrival),
		T(an_edge_reports_all_that_is_ready),
		T(an_edge_that_is_over_before_the_wait_is_not_reported),
		T(one_shot_is_disarmed_until_mod_even_for_errors),
		T(errors_and_hangup_are_reported_unasked),
		T(normal_band_conditions_are_synonyms),
		T(data_comes_back_as_it_was_given),
		T(a_small_max_starves_nobody),
		T(a_mixed_list_keeps_its_order),
		T(del_while_ready_is_silent_and_the_rest_is_reported),
		T(mod_to_something_else_takes_back_what_was_queued),
		T(closing_takes_the_registration_away),
		T(what_lives_on_after_close_reports_nothing),
		T(a_dup_keeps_the_registration_alive),
		T(closing_an_instance_leaves_the_sockets_usable),
		T(a_socket_may_be_in_several_instances),
		T(an_instance_in_an_instance_is_readable_while_it_has_events),
		T(nesting_has_a_depth_and_no_loops),
		T(ctl_says_what_is_wrong),
		T(exclusive_goes_with_few_others),
		T(wait_says_what_is_wrong),
		T(create_says_what_is_wrong),
		T(a_timeout_is_counted_on_the_workers_clock),
		T(an_endless_wait_turns_until_something_comes),
		T(stopping_ends_the_wait_when_nothing_is_ready),
		T(a_wait_inside_a_turn_is_refused),
		T(a_worker_without_thread_is_not_turned),
		T(registrations_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
