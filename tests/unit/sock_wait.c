/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocking calls in a worker's own thread, which turns the loop; and the word that a thread waits
 * on. */
#include <stdio.h>
#include <sys/time.h>

#include "sock/wait.h"
#include "sock_fake.h"

/* ---- in the thread that runs the worker ---------------------------------------------------- */

static void feed_at_turn_5(struct world *world)
{
	if (world->turns == 5)
		fake_feed(fake_at(world->fd), "hello");
}

static void a_blocking_recv_turns_the_loop(void **state)
{
	struct world *world = *state;
	char buf[8];

	world->fd = stream_fd();
	world->on_turn = feed_at_turn_5;
	assert_int_equal(nsk_recv(world->fd, buf, sizeof(buf), 0), 5);
	assert_int_equal(world->turns, 5);
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void the_name_of_a_datagram_that_was_waited_for_is_told(void **state)
{
	struct world *world = *state;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char buf[8];

	world->fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	world->on_turn = feed_at_turn_5;
	assert_int_equal(nsk_recvfrom(world->fd, buf, 8, 0, (struct sockaddr *)&from, &len), 5);
	assert_int_equal(len, sizeof(sa_family_t));
}

static void a_receive_timeout_is_counted_on_the_workers_clock(void **state)
{
	struct timeval tv = {.tv_usec = 3000};
	struct world *world = *state;
	int fd = stream_fd();
	char buf[8];

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	assert_errno(nsk_recv(fd, buf, sizeof(buf), 0), EAGAIN);
	assert_int_equal(world->turns, 3);
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void time_out_at_turn_2(struct world *world)
{
	struct fake *f = fake_at(world->fd);

	if (world->turns == 2) {
		f->sock.err = ETIMEDOUT;
		sock_ready(&f->sock, EPOLLERR | EPOLLHUP);
	}
}

static void a_connection_that_timed_out_is_not_a_wait_that_did(void **state)
{
	struct timeval tv = {.tv_sec = 1};
	struct world *world = *state;
	char buf[8];

	world->fd = stream_fd();
	world->on_turn = time_out_at_turn_2;
	assert_errno(nsk_recv(world->fd, buf, sizeof(buf), 0), ETIMEDOUT);
	/* Nor if the wait has its own limit. */
	world->turns = 0;
	assert_int_equal(nsk_setsockopt(world->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	assert_errno(nsk_send(world->fd, "abc", 3, 0), ETIMEDOUT);
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void a_datagram_that_lacks_no_room_is_not_waited_for(void **state)
{
	struct world *world = *state;
	int fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);

	sock_ready(&fake_at(fd)->sock, EPOLLOUT); /* yet the protocol says EAGAIN */
	assert_errno(nsk_send(fd, "abc", 3, 0), EAGAIN);
	assert_int_equal(world->turns, 0);
}

static void a_send_timeout_is_its_own(void **state)
{
	struct timeval tv = {.tv_usec = 2000};
	struct world *world = *state;
	int fd = stream_fd();

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	assert_errno(nsk_send(fd, "abc", 3, 0), EAGAIN);
	assert_int_equal(world->turns, 2);
}

static void room_every_turn(struct world *world)
{
	fake_room(fake_at(world->fd), 2);
}

static void a_blocking_send_on_a_stream_ends_when_all_was_taken(void **state)
{
	struct world *world = *state;
	struct iovec iov[3] = {
		{(void *)(uintptr_t) "ab", 2}, {NULL, 0}, {(void *)(uintptr_t) "cdefg", 5}};

	world->fd = stream_fd();
	fake_room(fake_at(world->fd), 1);
	world->on_turn = room_every_turn;
	assert_int_equal(nsk_writev(world->fd, iov, 3), 7);
	assert_int_equal(world->turns, 3);
	assert_memory_equal(fake_at(world->fd)->out, "abcdefg", 7);
}

static void fail_at_turn_2(struct world *world)
{
	struct fake *f = fake_at(world->fd);

	if (world->turns == 1)
		fake_room(f, 2);
	if (world->turns == 2) {
		f->sock.err = ECONNRESET;
		sock_ready(&f->sock, EPOLLERR | EPOLLHUP);
	}
}

static void a_part_that_was_sent_is_told_before_the_error(void **state)
{
	struct world *world = *state;

	world->fd = stream_fd();
	world->on_turn = fail_at_turn_2;
	assert_int_equal(nsk_send(world->fd, "abcd", 4, 0), 2);
	assert_errno(nsk_send(world->fd, "cd", 2, 0), ECONNRESET);
}

static void feed_every_turn(struct world *world)
{
	if (world->turns <= 3)
		fake_feed(fake_at(world->fd), "xy");
	else
		fake_at(world->fd)->eof = true, sock_ready(&fake_at(world->fd)->sock, EPOLLRDHUP);
}

static void waitall_goes_on_until_the_buffers_are_full(void **state)
{
	struct world *world = *state;
	char one[2], two[3];
	struct iovec iov[2] = {{one, 2}, {two, 3}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

	world->fd = stream_fd();
	world->on_turn = feed_every_turn;
	assert_int_equal(nsk_recvmsg(world->fd, &msg, MSG_WAITALL), 5);
	assert_int_equal(world->turns, 3);
	assert_memory_equal(one, "xy", 2);
	assert_memory_equal(two, "xyx", 3);
	assert_int_equal(fake_at(world->fd)->in_len, 1);
}

static void waitall_ends_at_the_end_of_the_stream(void **state)
{
	struct world *world = *state;
	char buf[32];

	world->fd = stream_fd();
	world->on_turn = feed_every_turn;
	assert_int_equal(nsk_recv(world->fd, buf, sizeof(buf), MSG_WAITALL), 6);
	assert_int_equal(world->turns, 4);
}

static void waitall_ends_at_the_urgent_mark(void **state)
{
	struct fake *f = fake_at(stream_fd());
	char buf[8];

	(void)state;
	fake_feed(f, "abcdef");
	f->marked = true;
	f->mark = 4;
	assert_int_equal(nsk_recv(f->sock.fd, buf, 6, MSG_WAITALL | MSG_PEEK), 4);
	assert_int_equal(nsk_recv(f->sock.fd, buf, 6, MSG_WAITALL), 4);
	assert_int_equal(nsk_recv(f->sock.fd, buf, 2, MSG_WAITALL), 2);
	assert_memory_equal(buf, "ef", 2);
}

/* What is next becomes urgent while the call waits for more. */
static void feed_then_mark(struct world *world)
{
	struct fake *f = fake_at(world->fd);

	if (world->turns == 1) {
		fake_feed(f, "xy");
	} else {
		f->marked = true;
		f->mark = 0;
		fake_feed(f, "z");
	}
}

static void waitall_ends_at_a_mark_that_comes_meanwhile(void **state)
{
	struct world *world = *state;
	char buf[8];

	world->fd = stream_fd();
	world->on_turn = feed_then_mark;
	assert_int_equal(nsk_recv(world->fd, buf, 8, MSG_WAITALL), 2);
	assert_int_equal(fake_at(world->fd)->in_len, 1);
}

/* MSG_OOB never waits, whatever else is asked. */
static void urgent_bytes_are_not_waited_for(void **state)
{
	struct world *world = *state;
	char buf[8];

	world->fd = stream_fd();
	assert_errno(nsk_recv(world->fd, buf, 8, MSG_OOB), EAGAIN);
	fake_feed(fake_at(world->fd), "ab");
	assert_int_equal(nsk_recv(world->fd, buf, 8, MSG_OOB | MSG_WAITALL), 2);
	assert_int_equal(world->turns, 0);
}

static void waitall_with_peek_waits_and_takes_nothing(void **state)
{
	struct world *world = *state;
	char buf[5];

	world->fd = stream_fd();
	world->on_turn = feed_every_turn;
	assert_int_equal(nsk_recv(world->fd, buf, 5, MSG_WAITALL | MSG_PEEK), 5);
	assert_memory_equal(buf, "xyxyx", 5);
	assert_int_equal(fake_at(world->fd)->in_len, 6);
}

static void waitall_with_peek_ends_at_the_end_of_the_stream(void **state)
{
	int fd = stream_fd();
	char buf[5];

	(void)state;
	fake_feed(fake_at(fd), "ab");
	sock_ready(&fake_at(fd)->sock, EPOLLRDHUP);
	assert_int_equal(nsk_recv(fd, buf, 5, MSG_WAITALL | MSG_PEEK), 2);
}

static void waitall_without_waiting_gives_what_is_there(void **state)
{
	int fd = stream_fd();
	char buf[8];

	(void)state;
	assert_errno(nsk_recv(fd, buf, 8, MSG_WAITALL | MSG_DONTWAIT), EAGAIN);
	fake_feed(fake_at(fd), "abc");
	assert_int_equal(nsk_recv(fd, buf, 8, MSG_WAITALL | MSG_DONTWAIT), 3);
}

static void arrive_at_turn_2(struct world *world)
{
	if (world->turns == 2)
		fake_arrive(fake_at(world->fd));
}

static void a_blocking_accept_waits_for_a_connection(void **state)
{
	struct world *world = *state;

	world->fd = stream_fd();
	assert_int_equal(nsk_listen(world->fd, 1), 0);
	world->on_turn = arrive_at_turn_2;
	assert_int_equal(nsk_accept(world->fd, NULL, NULL), world->fd + 1);
	assert_int_equal(world->turns, 2);
}

static void connected_at_turn_2(struct world *world)
{
	if (world->turns == 2)
		sock_ready(&fake_at(world->fd)->sock, EPOLLOUT);
}

static void refused_at_turn_2(struct world *world)
{
	if (world->turns == 2) {
		fake_at(world->fd)->sock.err = ECONNREFUSED;
		sock_ready(&fake_at(world->fd)->sock, EPOLLOUT | EPOLLERR | EPOLLHUP);
	}
}

static const struct sockaddr_in peer = {.sin_family = AF_INET};

static int connect_peer(int fd)
{
	return nsk_connect(fd, (const struct sockaddr *)&peer, sizeof(peer));
}

static void a_blocking_connect_waits_for_the_result(void **state)
{
	struct world *world = *state;
	int err;
	socklen_t len = sizeof(err);

	world->fd = stream_fd();
	fake_at(world->fd)->connect_rc = -EINPROGRESS;
	world->on_turn = connected_at_turn_2;
	assert_int_equal(connect_peer(world->fd), 0);
	world->fd = stream_fd();
	fake_at(world->fd)->connect_rc = -EINPROGRESS;
	world->turns = 0;
	world->on_turn = refused_at_turn_2;
	assert_errno(connect_peer(world->fd), ECONNREFUSED);
	assert_int_equal(nsk_getsockopt(world->fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	assert_int_equal(err, 0); /* told once */
}

static void a_blocking_connect_joins_one_that_goes_on(void **state)
{
	struct world *world = *state;

	world->fd = stream_fd();
	fake_at(world->fd)->connect_rc = -EALREADY;
	world->on_turn = connected_at_turn_2;
	assert_int_equal(connect_peer(world->fd), 0);
}

static void a_connect_that_times_out_goes_on(void **state)
{
	struct timeval tv = {.tv_usec = 2000};
	struct world *world = *state;
	int fd = stream_fd();

	fake_at(fd)->connect_rc = -EINPROGRESS;
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	assert_errno(connect_peer(fd), EINPROGRESS);
	assert_int_equal(world->turns, 2);
}

/* A socket whose opening is under way after the first call, which takes so many octets. */
static int opening_fd(size_t taken)
{
	int fd = stream_fd();

	fake_at(fd)->room = taken;
	if (!taken)
		fake_at(fd)->sock.err = EINPROGRESS; /* what sendmsg says then */
	return fd;
}

static ssize_t open_with(int fd, int flags)
{
	return nsk_sendto(fd, "abcd", 4, MSG_FASTOPEN | flags, (const struct sockaddr *)&peer,
			  sizeof(peer));
}

static void room_at_turn_2(struct world *world)
{
	if (world->turns == 2)
		fake_room(fake_at(world->fd), 2);
}

static void a_blocking_fast_open_is_connect_and_send(void **state)
{
	struct world *world = *state;

	world->fd = opening_fd(2);
	world->on_turn = room_at_turn_2;
	assert_int_equal(open_with(world->fd, 0), 4);
	assert_int_equal(world->turns, 2);
	assert_memory_equal(fake_at(world->fd)->out, "abcd", 4);
	assert_false(fake_at(world->fd)->last_flags & MSG_FASTOPEN);
	/* What fails the connection fails the call, whatever the SYN had taken. */
	world->fd = opening_fd(2);
	world->turns = 0;
	world->on_turn = refused_at_turn_2;
	assert_errno(open_with(world->fd, 0), ECONNREFUSED);
}

static void a_fast_open_that_does_not_wait_tells_what_the_syn_took(void **state)
{
	struct timeval tv = {.tv_usec = 2000};
	int fd = opening_fd(2);

	(void)state;
	assert_int_equal(open_with(fd, MSG_DONTWAIT), 2);
	assert_true(fake_at(fd)->last_flags & MSG_FASTOPEN);
	assert_errno(open_with(opening_fd(0), MSG_DONTWAIT), EINPROGRESS);
	fd = opening_fd(3);
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	assert_int_equal(open_with(fd, 0), 3);
	fd = opening_fd(0);
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	assert_errno(open_with(fd, 0), EINPROGRESS);
	fake_at(fd)->sock.err = EISCONN;
	assert_errno(open_with(fd, 0), EISCONN);
}

static void stop_at_turn_3(struct world *world)
{
	if (world->turns == 3)
		world->stop = 1;
}

static void stopping_ends_a_blocking_call(void **state)
{
	struct world *world = *state;
	int fd = stream_fd();
	char buf[8];

	world->on_turn = stop_at_turn_3;
	assert_errno(nsk_recv(fd, buf, sizeof(buf), 0), ESHUTDOWN);
	assert_int_equal(world->turns, 3);
	assert_errno(nsk_recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

static void blocking_inside_a_turn_is_refused(void **state)
{
	struct world *world = *state;
	int fd = stream_fd();
	char buf[8];

	world->w.in_turn = true;
	assert_errno(nsk_recv(fd, buf, sizeof(buf), 0), EDEADLK);
	world->w.in_turn = false;
	assert_int_equal(world->w.sock->items.in_use, 0);
}

static void no_memory_for_a_watch_is_ENOBUFS(void **state)
{
	struct world *world = *state;
	int fd = stream_fd();
	char buf[8];

	world->mem.fail_at = 1;
	assert_errno(nsk_recv(fd, buf, sizeof(buf), 0), ENOBUFS);
}

static void close_at_turn_2(struct world *world)
{
	if (world->turns == 2)
		nsk_close(world->fd);
	if (world->turns == 4) {
		struct epoll_item *it =
			NSK_LIST_ENTRY(world->w.sock->watches.next, struct epoll_item, ready);

		fake_feed(fake_of(it->sock), "late");
	}
}

static void a_socket_closed_under_a_blocking_call_lives_until_it_returns(void **state)
{
	struct world *world = *state;
	char buf[8];

	world->fd = stream_fd();
	world->on_turn = close_at_turn_2;
	assert_int_equal(nsk_recv(world->fd, buf, sizeof(buf), 0), 4);
	assert_int_equal(world->turns, 4);
	assert_int_equal(fakes, 0);
}

/* ---- one worker waiting for another -------------------------------------------------------- */

static void a_worker_turns_its_own_loop_while_it_waits_for_anothers_socket(void **state)
{
	struct world *world = *state;
	struct world other;
	char buf[8];

	world_init(&other, true);
	world->fd = stream_fd(); /* lives on other */
	world_switch(world);
	world->on_turn = feed_at_turn_5;
	assert_int_equal(nsk_recv(world->fd, buf, sizeof(buf), 0), 5);
	assert_int_equal(world->turns, 5);
	assert_int_equal(world->woken, 1); /* it might have gone to sleep */
	assert_int_equal(other.turns, 0);
	sock_worker_fini(&other.w);
}

static struct world second;

static void stop_the_second_at_turn_3(struct world *world)
{
	if (world->turns == 3) {
		second.stop = 1;
		sock_wake_all(&second.w);
	}
}

static void a_worker_sees_that_the_sockets_stack_stops(void **state)
{
	struct world *world = *state;
	char buf[8];
	int fd;

	world_init(&second, true);
	fd = stream_fd();
	world_switch(world);
	world->on_turn = stop_the_second_at_turn_3;
	assert_errno(nsk_recv(fd, buf, sizeof(buf), 0), ESHUTDOWN);
	assert_int_equal(world->turns, 3);
	sock_worker_fini(&second.w);
}

/* ---- the word ------------------------------------------------------------------------------ */

struct bare_sleeper {
	struct waiter waiter;
	int tid; /* [A] */
	int rc;
};

static void *bare_sleeper_main(void *arg)
{
	struct bare_sleeper *b = arg;

	waiter_init(&b->waiter, NULL);
	__atomic_store_n(&b->tid, sock_tid(), __ATOMIC_RELEASE);
	b->rc = waiter_wait(&b->waiter, NULL);
	return NULL;
}

/* The kernel's letter for a thread of this process: 'S' once it sleeps. */
static char thread_state(int tid)
{
	char path[64], line[256] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	end = strrchr(line, ')');
	return end ? end[2] : '?';
}

/* Without anybody to look for, the sleeper sleeps until it is woken and no longer. */
static void firing_wakes_a_thread_that_sleeps(void **state)
{
	struct bare_sleeper b = {.rc = 1};
	pthread_t t;

	(void)state;
	pthread_create(&t, NULL, bare_sleeper_main, &b);
	while (__atomic_load_n(&b.tid, __ATOMIC_ACQUIRE) == 0 || thread_state(b.tid) != 'S')
		sched_yield();
	waiter_fire(&b.waiter);
	pthread_join(t, NULL);
	assert_int_equal(b.rc, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_blocking_recv_turns_the_loop),
		T(the_name_of_a_datagram_that_was_waited_for_is_told),
		T(a_receive_timeout_is_counted_on_the_workers_clock),
		T(a_connection_that_timed_out_is_not_a_wait_that_did),
		T(a_datagram_that_lacks_no_room_is_not_waited_for),
		T(a_send_timeout_is_its_own),
		T(a_blocking_send_on_a_stream_ends_when_all_was_taken),
		T(a_part_that_was_sent_is_told_before_the_error),
		T(waitall_goes_on_until_the_buffers_are_full),
		T(waitall_ends_at_the_end_of_the_stream),
		T(waitall_ends_at_the_urgent_mark),
		T(waitall_ends_at_a_mark_that_comes_meanwhile),
		T(urgent_bytes_are_not_waited_for),
		T(waitall_with_peek_waits_and_takes_nothing),
		T(waitall_with_peek_ends_at_the_end_of_the_stream),
		T(waitall_without_waiting_gives_what_is_there),
		T(a_blocking_accept_waits_for_a_connection),
		T(a_blocking_connect_waits_for_the_result),
		T(a_blocking_connect_joins_one_that_goes_on),
		T(a_connect_that_times_out_goes_on),
		T(a_blocking_fast_open_is_connect_and_send),
		T(a_fast_open_that_does_not_wait_tells_what_the_syn_took),
		T(stopping_ends_a_blocking_call),
		T(blocking_inside_a_turn_is_refused),
		T(no_memory_for_a_watch_is_ENOBUFS),
		T(a_socket_closed_under_a_blocking_call_lives_until_it_returns),
		T(a_worker_sees_that_the_sockets_stack_stops),
		T(firing_wakes_a_thread_that_sleeps),
		T(a_worker_turns_its_own_loop_while_it_waits_for_anothers_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
