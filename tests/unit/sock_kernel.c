/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors of the stack and of the kernel in one wait, whichever side waits. */
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sock_fake.h"

#define STACK_DATA  7
#define KERNEL_DATA 80

/* A pipe whose reading end is in an instance. */
struct pipe_in {
	int ep, r, w;
};

static int try_ctl(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return nsk_epoll_ctl(ep, op, fd, &ev);
}

static struct pipe_in pipe_in(int ep)
{
	struct pipe_in p = {.ep = ep};
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	p.r = ends[0];
	p.w = ends[1];
	assert_int_equal(try_ctl(ep, EPOLL_CTL_ADD, p.r, EPOLLIN, KERNEL_DATA), 0);
	return p;
}

static void close_pipe(struct pipe_in p)
{
	close(p.r);
	close(p.w);
}

static void feed_pipe(struct pipe_in p)
{
	assert_int_equal(write(p.w, "x", 1), 1);
}

/* ---- the kernel's in an instance of ours ----------------------------------------------------- */

static void both_kinds_are_reported_by_one_wait(void **state)
{
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));
	struct epoll_event ev[4];
	int fd = stream_fd();

	(void)state;
	assert_int_equal(try_ctl(p.ep, EPOLL_CTL_ADD, fd, EPOLLIN, STACK_DATA), 0);
	assert_int_equal(nsk_epoll_wait(p.ep, ev, 4, 0), 0);
	feed_pipe(p);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(nsk_epoll_wait(p.ep, ev, 4, 0), 2);
	assert_int_equal(ev[0].data.u64 + ev[1].data.u64, STACK_DATA + KERNEL_DATA);
	assert_int_equal(ev[0].events, EPOLLIN);
	assert_int_equal(ev[1].events, EPOLLIN);
	/* Neither keeps the other out where there is room for one alone. */
	assert_int_equal(nsk_epoll_wait(p.ep, &ev[0], 1, 0), 1);
	assert_int_equal(nsk_epoll_wait(p.ep, &ev[1], 1, 0), 1);
	assert_int_equal(ev[0].data.u64 + ev[1].data.u64, STACK_DATA + KERNEL_DATA);
	close_pipe(p);
}

static int the_pipe;

static void feed_the_pipe_at_turn_3(struct world *world)
{
	if (world->turns == 3)
		assert_int_equal(write(the_pipe, "x", 1), 1);
}

static void a_loop_that_waits_sees_the_kernels(void **state)
{
	struct world *world = *state;
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));
	struct epoll_event ev;

	the_pipe = p.w;
	world->on_turn = feed_the_pipe_at_turn_3;
	assert_int_equal(nsk_epoll_wait(p.ep, &ev, 1, -1), 1);
	assert_int_equal(ev.data.u64, KERNEL_DATA);
	assert_int_equal(world->turns, 3);
	close_pipe(p);
}

static void the_kernels_are_changed_and_taken_away(void **state)
{
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));
	struct epoll_event ev;

	(void)state;
	feed_pipe(p);
	assert_errno(try_ctl(p.ep, EPOLL_CTL_ADD, p.r, EPOLLIN, 0), EEXIST);
	assert_int_equal(try_ctl(p.ep, EPOLL_CTL_MOD, p.r, EPOLLIN | EPOLLONESHOT, 5), 0);
	assert_int_equal(nsk_epoll_wait(p.ep, &ev, 1, 0), 1);
	assert_int_equal(ev.data.u64, 5);
	assert_int_equal(nsk_epoll_wait(p.ep, &ev, 1, 0), 0);
	assert_int_equal(nsk_epoll_ctl(p.ep, EPOLL_CTL_DEL, p.r, NULL), 0);
	assert_errno(try_ctl(p.ep, EPOLL_CTL_MOD, p.r, EPOLLIN, 0), ENOENT);
	assert_errno(try_ctl(p.ep, EPOLL_CTL_ADD, 1000000, EPOLLIN, 0), EBADF);
	assert_errno(try_ctl(nsk_epoll_create1(0), EPOLL_CTL_DEL, p.r, 0, 0), ENOENT);
	assert_errno(try_ctl(stream_fd(), EPOLL_CTL_ADD, p.r, EPOLLIN, 0), EINVAL);
	close_pipe(p);
}

/* What an outer instance would never be told of is refused. */
static void they_do_not_go_with_nesting(void **state)
{
	int outer = nsk_epoll_create1(0), inner = nsk_epoll_create1(0);
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));

	(void)state;
	assert_errno(try_ctl(outer, EPOLL_CTL_ADD, p.ep, EPOLLIN, 0), ELOOP);
	assert_int_equal(try_ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 0), 0);
	assert_errno(try_ctl(inner, EPOLL_CTL_ADD, p.r, EPOLLIN, 0), EINVAL);
	assert_errno(nsk_epoll_fd(p.ep), EINVAL);
	close_pipe(p);
}

static void without_the_last_of_them_an_instance_nests_again(void **state)
{
	int outer = nsk_epoll_create1(0), next = eventfd(0, 0);
	struct pipe_in p = pipe_in(nsk_epoll_create1(0)), q;

	(void)state;
	close(next);
	q = pipe_in(p.ep);
	assert_int_equal(try_ctl(p.ep, EPOLL_CTL_DEL, p.r, 0, 0), 0);
	assert_errno(try_ctl(p.ep, EPOLL_CTL_DEL, p.r, 0, 0), ENOENT);
	assert_errno(try_ctl(outer, EPOLL_CTL_ADD, p.ep, EPOLLIN, 0), ELOOP);
	assert_int_equal(try_ctl(p.ep, EPOLL_CTL_DEL, q.r, 0, 0), 0);
	assert_int_equal(try_ctl(outer, EPOLL_CTL_ADD, p.ep, EPOLLIN, 0), 0);
	assert_int_equal(try_ctl(outer, EPOLL_CTL_DEL, p.ep, 0, 0), 0);
	assert_int_equal(try_ctl(p.ep, EPOLL_CTL_ADD, p.r, EPOLLIN, 0), 0);
	assert_errno(try_ctl(outer, EPOLL_CTL_ADD, p.ep, EPOLLIN, 0), ELOOP);
	assert_int_equal(nsk_close(p.ep), 0);
	close_pipe(q);
	close_pipe(p);
	assert_int_equal(eventfd(0, 0), next);
	close(next);
}

static void an_instance_closes_what_it_has_of_the_kernels(void **state)
{
	int next = eventfd(0, 0);
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));
	int with_bell = nsk_epoll_create1(0);

	(void)state;
	assert_true(nsk_epoll_fd(with_bell) > 0);
	assert_int_equal(nsk_close(with_bell), 0);
	assert_int_equal(nsk_close(p.ep), 0);
	close_pipe(p);
	close(next);
	assert_int_equal(eventfd(0, 0), next); /* all numbers are free again */
	close(next);
}

/* ---- in nsk_poll() --------------------------------------------------------------------------- */

static void poll_mixes_them(void **state)
{
	struct world *world = *state;
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));
	struct pollfd fds[4] = {
		{.fd = stream_fd(), .events = POLLIN},
		{.fd = p.r, .events = POLLIN},
		{.fd = p.ep, .events = POLLIN}, /* by what of the kernel's is in it */
		{.fd = p.w, .events = POLLOUT},
	};

	assert_int_equal(nsk_poll(fds, 3, 0), 0);
	assert_int_equal(nsk_poll(fds, 4, 0), 1);
	assert_int_equal(fds[3].revents, POLLOUT);
	the_pipe = p.w;
	world->turns = 0;
	world->on_turn = feed_the_pipe_at_turn_3;
	assert_int_equal(nsk_poll(fds, 3, -1), 2);
	assert_int_equal(world->turns, 3);
	assert_int_equal(fds[0].revents, 0);
	assert_int_equal(fds[1].revents, POLLIN);
	assert_int_equal(fds[2].revents, POLLIN);
	assert_int_equal(world->w.sock->items.in_use, 0);
	close_pipe(p);
}

static void poll_of_the_kernels_alone_turns_the_loop_meanwhile(void **state)
{
	struct world *world = *state;
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));
	struct pollfd fds[100];

	for (unsigned i = 0; i < NSK_ARRAY_LEN(fds); i++)
		fds[i] = (struct pollfd){.fd = p.r, .events = POLLIN};
	the_pipe = p.w;
	world->on_turn = feed_the_pipe_at_turn_3;
	assert_int_equal(nsk_poll(fds, NSK_ARRAY_LEN(fds), -1), NSK_ARRAY_LEN(fds));
	close_pipe(p);
}

/* The kernel is asked for as many descriptors as are its own: RLIMIT_NOFILE bounds those. */
static void ours_do_not_count_against_the_kernels_limit(void **state)
{
	struct rlimit was, few;
	struct world *world = *state;
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));
	struct pollfd fds[200];
	int rc;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(fds); i++)
		fds[i] = (struct pollfd){.fd = i == 150 ? p.r : stream_fd(), .events = POLLIN};
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = was;
	few.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	the_pipe = p.w;
	world->on_turn = feed_the_pipe_at_turn_3;
	rc = nsk_poll(fds, NSK_ARRAY_LEN(fds), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(rc, 1);
	assert_int_equal(fds[150].revents, POLLIN);
	assert_int_equal(fds[149].revents, 0);
	close_pipe(p);
}

static struct pipe_in the_member;

static void take_it_out_at_turn_3(struct world *world)
{
	if (world->turns != 3)
		return;
	assert_int_equal(try_ctl(the_member.ep, EPOLL_CTL_DEL, the_member.r, 0, 0), 0);
	feed_pipe(the_member);
}

static void poll_forgets_what_an_instance_no_longer_has(void **state)
{
	struct world *world = *state;
	struct pollfd fds = {.events = POLLIN};

	the_member = pipe_in(nsk_epoll_create1(0));
	fds.fd = the_member.ep;
	world->on_turn = take_it_out_at_turn_3;
	assert_int_equal(nsk_poll(&fds, 1, 10), 0);
	assert_int_equal(fds.revents, 0);
	close_pipe(the_member);
}

/* ---- a thread that sleeps -------------------------------------------------------------------- */

struct sleeper {
	int fd, other;
	bool polls;
	int rc;
	uint64_t data;
	bool over; /* [A] */
};

static void *sleeper_main(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->other, .events = POLLIN}};
	struct epoll_event ev = {.data.u64 = 0};

	s->rc = s->polls ? nsk_poll(p, 2, -1) : nsk_epoll_wait(s->fd, &ev, 1, -1);
	s->data = ev.data.u64;
	__atomic_store_n(&s->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static pthread_t go_to_sleep(struct world *world, struct sleeper *s)
{
	pthread_t t;

	pthread_create(&t, NULL, sleeper_main, s);
	while (list_empty(&world->w.sock->watches)) {
		world->w.ops->turn(&world->w);
		sched_yield();
	}
	return t;
}

static void wake(struct world *world, const struct sleeper *s, pthread_t t)
{
	while (!__atomic_load_n(&s->over, __ATOMIC_ACQUIRE)) {
		world->w.ops->turn(&world->w);
		sched_yield();
	}
	pthread_join(t, NULL);
	assert_int_equal(s->rc, 1);
}

static void a_sleeper_is_woken_by_either(void **state)
{
	struct world *world = *state;
	struct pipe_in p = pipe_in(nsk_epoll_create1(0));
	int fd = stream_fd();
	char c;

	assert_int_equal(try_ctl(p.ep, EPOLL_CTL_ADD, fd, EPOLLIN, STACK_DATA), 0);
	for (unsigned i = 0; i < 4; i++) {
		bool polls = i & 1, by_kernel = i & 2;
		struct sleeper s = {.polls = polls, .fd = polls ? fd : p.ep, .other = p.r};
		pthread_t t = go_to_sleep(world, &s);

		if (by_kernel)
			feed_pipe(p);
		else
			fake_feed(fake_at(fd), "x");
		wake(world, &s, t);
		if (!polls)
			assert_int_equal(s.data, by_kernel ? KERNEL_DATA : STACK_DATA);
		if (by_kernel)
			assert_int_equal(read(p.r, &c, 1), 1);
		else
			assert_int_equal(nsk_recv(fd, &c, 1, 0), 1);
	}
	close_pipe(p);
}

/* It fell asleep before the instance had anything of the kernel's. */
static void a_sleeper_learns_of_a_descriptor_that_is_added(void **state)
{
	struct world *world = *state;
	struct sleeper s = {.fd = nsk_epoll_create1(0)};
	pthread_t t = go_to_sleep(world, &s);
	struct pipe_in p = pipe_in(s.fd);

	feed_pipe(p);
	wake(world, &s, t);
	assert_int_equal(s.data, KERNEL_DATA);
	close_pipe(p);
}

/* ---- ours in the kernel's -------------------------------------------------------------------- */

static bool rings(int bell)
{
	struct pollfd p = {.fd = bell, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void a_bell_rings_from_the_first_event_to_the_wait_that_leaves_none(void **state)
{
	int ep = nsk_epoll_create1(0), fd = stream_fd(), bell = nsk_epoll_fd(ep);
	struct epoll_event ev;
	char c;

	(void)state;
	assert_true(bell > 0);
	assert_int_equal(nsk_epoll_fd(ep), bell);
	assert_false(rings(bell));
	assert_int_equal(try_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN, STACK_DATA), 0);
	for (unsigned i = 0; i < 3; i++) {
		fake_feed(fake_at(fd), "xy");
		assert_true(rings(bell));
		assert_int_equal(nsk_epoll_wait(ep, &ev, 1, 0), 1);
		assert_true(rings(bell)); /* level-triggered, not read yet */
		assert_int_equal(nsk_recv(fd, &c, 1, 0), 1);
		assert_int_equal(nsk_epoll_wait(ep, &ev, 1, 0), 1);
		assert_int_equal(nsk_recv(fd, &c, 1, 0), 1);
		assert_int_equal(nsk_epoll_wait(ep, &ev, 1, 0), 0);
		assert_false(rings(bell));
	}
	fake_feed(fake_at(fd), "x");
	assert_int_equal(nsk_close(fd), 0); /* with its registration */
	assert_true(rings(bell));
	assert_int_equal(nsk_epoll_wait(ep, &ev, 1, 0), 0);
	assert_false(rings(bell));
	assert_errno(nsk_epoll_fd(stream_fd()), EINVAL);
	assert_errno(nsk_epoll_fd(5), EBADF);
}

static void a_bell_that_is_asked_for_late_rings_at_once(void **state)
{
	int ep = nsk_epoll_create1(0), fd = stream_fd();

	(void)state;
	assert_int_equal(try_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN, STACK_DATA), 0);
	fake_feed(fake_at(fd), "x");
	assert_true(rings(nsk_epoll_fd(ep)));
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(both_kinds_are_reported_by_one_wait),
		T(a_loop_that_waits_sees_the_kernels),
		T(the_kernels_are_changed_and_taken_away),
		T(they_do_not_go_with_nesting),
		T(without_the_last_of_them_an_instance_nests_again),
		T(an_instance_closes_what_it_has_of_the_kernels),
		T(poll_mixes_them),
		T(poll_of_the_kernels_alone_turns_the_loop_meanwhile),
		T(ours_do_not_count_against_the_kernels_limit),
		T(poll_forgets_what_an_instance_no_longer_has),
		T(a_sleeper_is_woken_by_either),
		T(a_sleeper_learns_of_a_descriptor_that_is_added),
		T(a_bell_rings_from_the_first_event_to_the_wait_that_leaves_none),
		T(a_bell_that_is_asked_for_late_rings_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
