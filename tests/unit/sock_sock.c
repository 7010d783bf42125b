/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is woken by what happens at a socket: one of those that wait for the same, and who comes
 * next. */
#include "sock/wait.h"
#include "sock_fake.h"

/* A thread in a blocking call, or in poll. */
struct waits {
	struct waiter waiter;
	struct epoll_item *watch;
};

static void begin(struct waits *w, struct sock *s, uint32_t bits, bool polls)
{
	waiter_init(&w->waiter, NULL);
	w->waiter.turns = NULL; /* it sleeps */
	w->waiter.follows = !polls;
	w->watch = watch_add(s, bits, &w->waiter);
	assert_non_null(w->watch);
}

static void begin_all(struct waits *w, unsigned n, struct sock *s)
{
	for (unsigned i = 0; i < n; i++)
		begin(&w[i], s, EPOLLIN | EPOLLRDHUP, false);
}

static void end_all(struct waits *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		watch_del(w[i].watch);
}

/* It comes to the worker and tries. */
static void tries(struct waits *w)
{
	waiter_clear(&w->waiter);
	watch_pass_on(w->watch);
}

/* Which of them are woken, the first one as the lowest bit. */
static unsigned woken(const struct waits *w, unsigned n)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (unsigned)waiter_fired(&w[i].waiter) << i;
	return bits;
}

static void each_event_wakes_the_one_that_has_waited_longest(void **state)
{
	struct sock *s = &fake_at(stream_fd())->sock;
	struct waits w[3];

	(void)state;
	begin_all(w, 3, s);
	sock_ready(s, EPOLLIN);
	assert_int_equal(woken(w, 3), 1);
	sock_ready(s, EPOLLIN);
	assert_int_equal(woken(w, 3), 3);
	sock_ready(s, EPOLLIN);
	sock_ready(s, EPOLLIN);
	assert_int_equal(woken(w, 3), 7);
	end_all(w, 3);
}

static void what_is_left_is_passed_on_to_the_next(void **state)
{
	struct sock *s = &fake_at(stream_fd())->sock;
	struct waits w[3];

	(void)state;
	begin_all(w, 3, s);
	sock_ready(s, EPOLLIN);
	tries(&w[0]); /* and has not taken all, or none */
	assert_int_equal(woken(w, 3), 2);
	tries(&w[1]);
	assert_int_equal(woken(w, 3), 4);
	tries(&w[2]);
	assert_int_equal(woken(w, 3), 0); /* all have tried */
	sock_ready(s, EPOLLIN);
	sock_unready(s, EPOLLIN);
	tries(&w[0]); /* and has taken it all */
	assert_int_equal(woken(w, 3), 0);
	end_all(w, 3);
}

static void who_was_woken_and_has_not_tried_passes_it_on(void **state)
{
	struct sock *s = &fake_at(stream_fd())->sock;
	struct waits w[4];

	(void)state;
	begin_all(w, 4, s);
	sock_ready(s, EPOLLIN);
	sock_ready(s, EPOLLIN);
	tries(&w[0]); /* the second one is on its way */
	assert_int_equal(woken(w, 4), 2);
	sock_ready(s, EPOLLIN); /* the first one waits again */
	assert_int_equal(woken(w, 4), 3);
	tries(&w[1]); /* the first one is on its way */
	assert_int_equal(woken(w, 4), 1);
	tries(&w[0]);
	assert_int_equal(woken(w, 4), 2);
	tries(&w[1]);
	assert_int_equal(woken(w, 4), 4);
	end_all(w, 4);
}

static void ends_and_errors_wake_all(void **state)
{
	static const uint32_t ends[] = {EPOLLHUP, EPOLLERR, EPOLLIN | EPOLLRDHUP,
					EPOLLERR | EPOLLOUT};
	struct sock *s = &fake_at(stream_fd())->sock;
	struct waits w[3];

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(ends); i++) {
		begin_all(w, 3, s);
		sock_ready(s, ends[i]);
		assert_int_equal(woken(w, 3), 7);
		end_all(w, 3);
	}
}

static void readers_and_writers_do_not_wait_for_the_same(void **state)
{
	struct sock *s = &fake_at(stream_fd())->sock;
	struct waits w[5];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		begin(&w[i], s, i < 2 ? EPOLLOUT : EPOLLIN, false);
	begin(&w[4], s, EPOLLIN | EPOLLOUT, true);
	sock_ready(s, EPOLLIN);
	assert_int_equal(woken(w, 5), 4 | 16);
	sock_ready(s, EPOLLOUT);
	assert_int_equal(woken(w, 5), 1 | 4 | 16);
	tries(&w[2]);
	assert_int_equal(woken(w, 5), 1 | 8 | 16);
	tries(&w[0]);
	assert_int_equal(woken(w, 5), 2 | 8 | 16);
	tries(&w[1]);
	assert_int_equal(woken(w, 5), 8 | 16);
	end_all(w, 5);
}

static void who_polls_is_always_told(void **state)
{
	struct sock *s = &fake_at(stream_fd())->sock;
	struct waits w[3];

	(void)state;
	begin(&w[0], s, EPOLLIN, true);
	begin(&w[1], s, EPOLLIN, false);
	begin(&w[2], s, EPOLLIN, true);
	sock_ready(s, EPOLLIN);
	assert_int_equal(woken(w, 3), 7);
	end_all(w, 3);
}

/* ---- instances ------------------------------------------------------------------------------- */

static struct sock *instance_with(int *ep, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events};

	*ep = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(*ep, EPOLL_CTL_ADD, fd, &ev), 0);
	return handle_sock(handle_at(*ep));
}

static int take(int ep)
{
	struct epoll_event ev[4];

	return nsk_epoll_wait(ep, ev, 4, 0);
}

static void an_instance_wakes_one_for_an_event_and_more_if_more_is_left(void **state)
{
	int fd = stream_fd(), ep;
	struct sock *s = instance_with(&ep, fd, EPOLLIN);
	struct waits w[3];
	char c;

	(void)state;
	begin_all(w, 3, s);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(woken(w, 3), 1);
	assert_int_equal(take(ep), 1);
	tries(&w[0]); /* level-triggered: it is still there */
	assert_int_equal(woken(w, 3), 2);
	assert_int_equal(nsk_recv(fd, &c, 1, 0), 1);
	assert_int_equal(take(ep), 0);
	tries(&w[1]);
	assert_int_equal(woken(w, 3), 0);
	end_all(w, 3);
}

static void each_instance_is_told(void **state)
{
	int fd = stream_fd(), ep[2];
	struct waits w[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		begin_all(&w[i], 1, instance_with(&ep[i], fd, EPOLLIN));
	fake_feed(fake_at(fd), "x");
	assert_int_equal(woken(w, 2), 3);
	end_all(w, 2);
}

static void of_exclusive_ones_the_first_that_is_waited_for(void **state)
{
	int fd = stream_fd(), ep[4];
	struct sock *s[4];
	struct waits w[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		s[i] = instance_with(&ep[i], fd, EPOLLIN | EPOLLEXCLUSIVE);
	begin_all(&w[1], 1, s[1]);
	begin_all(&w[2], 1, s[2]);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(woken(&w[1], 2), 1);
	assert_int_equal(s[0]->ready & EPOLLIN, EPOLLIN);
	assert_int_equal(s[2]->ready | s[3]->ready, 0);
	fake_feed(fake_at(fd), "x");
	assert_int_equal(woken(&w[1], 2), 3);
	assert_int_equal(s[3]->ready, 0);
	fake_feed(fake_at(fd), "x"); /* nobody waits: all know */
	assert_int_equal(take(ep[3]), 1);
	end_all(&w[1], 2);
}

static void an_end_concerns_exclusive_ones_as_well(void **state)
{
	int fd = stream_fd(), ep[2];
	struct waits w[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		begin_all(&w[i], 1, instance_with(&ep[i], fd, EPOLLIN | EPOLLEXCLUSIVE));
	sock_ready(&fake_at(fd)->sock, EPOLLIN | EPOLLHUP);
	assert_int_equal(woken(w, 2), 3);
	end_all(w, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_event_wakes_the_one_that_has_waited_longest),
		T(what_is_left_is_passed_on_to_the_next),
		T(who_was_woken_and_has_not_tried_passes_it_on),
		T(ends_and_errors_wake_all),
		T(readers_and_writers_do_not_wait_for_the_same),
		T(who_polls_is_always_told),
		T(an_instance_wakes_one_for_an_event_and_more_if_more_is_left),
		T(each_instance_is_told),
		T(of_exclusive_ones_the_first_that_is_waited_for),
		T(an_end_concerns_exclusive_ones_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
