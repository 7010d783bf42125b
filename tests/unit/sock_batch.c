/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls that move more than one thing: sendmmsg, recvmmsg, sendfile. */
#include <unistd.h>

#include "sock_fake.h"

static int dgram_fd(void)
{
	return nsk_socket(AF_INET, SOCK_DGRAM, 0);
}

#define MESSAGES 4

/* Messages of three octets each, or room for them. */
struct messages {
	char text[MESSAGES][3];
	struct iovec iov[MESSAGES];
	struct mmsghdr vec[MESSAGES];
};

static void make_messages(struct messages *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < MESSAGES; i++) {
		memcpy(m->text[i], "ab", 2);
		m->text[i][2] = (char)('0' + i);
		m->iov[i] = (struct iovec){m->text[i], 3};
		m->vec[i].msg_hdr.msg_iov = &m->iov[i];
		m->vec[i].msg_hdr.msg_iovlen = 1;
	}
}

/* ---- sendmmsg -------------------------------------------------------------------------------- */

static void all_messages_go_in_one_call(void **state)
{
	int fd = dgram_fd();
	struct messages m;

	(void)state;
	make_messages(&m);
	fake_room(fake_at(fd), 100);
	assert_int_equal(nsk_sendmmsg(fd, m.vec, MESSAGES, 0), MESSAGES);
	assert_memory_equal(fake_at(fd)->out, "ab0ab1ab2ab3", 12);
	for (unsigned i = 0; i < MESSAGES; i++)
		assert_int_equal(m.vec[i].msg_len, 3);
	assert_int_equal(nsk_sendmmsg(fd, m.vec, 0, 0), 0);
}

static void without_waiting_those_that_fit_go(void **state)
{
	int fd = dgram_fd();
	struct messages m;

	(void)state;
	make_messages(&m);
	fake_room(fake_at(fd), 6);
	assert_int_equal(nsk_sendmmsg(fd, m.vec, MESSAGES, MSG_DONTWAIT), 2);
	assert_errno(nsk_sendmmsg(fd, m.vec + 2, 2, MSG_DONTWAIT), EAGAIN);
}

static void three_more_each_turn(struct world *world)
{
	fake_room(fake_at(world->fd), 3);
}

static void a_call_that_blocks_waits_for_the_room_of_each(void **state)
{
	struct world *world = *state;
	struct messages m;

	make_messages(&m);
	world->fd = dgram_fd();
	world->on_turn = three_more_each_turn;
	assert_int_equal(nsk_sendmmsg(world->fd, m.vec, MESSAGES, 0), MESSAGES);
	assert_int_equal(world->turns, MESSAGES);
}

/* A stream takes parts: a call that blocks goes on until all of each message is gone. */
static void a_stream_is_given_every_octet(void **state)
{
	struct world *world = *state;
	struct messages m;

	make_messages(&m);
	world->fd = stream_fd();
	world->on_turn = three_more_each_turn;
	fake_room(fake_at(world->fd), 2);
	assert_int_equal(nsk_sendmmsg(world->fd, m.vec, MESSAGES, 0), MESSAGES);
	assert_memory_equal(fake_at(world->fd)->out, "ab0ab1ab2ab3", 12);
	fake_at(world->fd)->room = 4;
	world->on_turn = NULL;
	assert_int_equal(nsk_sendmmsg(world->fd, m.vec, MESSAGES, MSG_DONTWAIT), 2);
	assert_int_equal(m.vec[0].msg_len, 3);
	assert_int_equal(m.vec[1].msg_len, 1);
}

static void an_error_is_told_if_nothing_went_before(void **state)
{
	int fd = dgram_fd();
	struct messages m;

	(void)state;
	make_messages(&m);
	fake_room(fake_at(fd), 100);
	m.vec[1].msg_hdr.msg_iovlen = 1025;
	assert_int_equal(nsk_sendmmsg(fd, m.vec, MESSAGES, 0), 1);
	assert_errno(nsk_sendmmsg(fd, m.vec + 1, 1, 0), EMSGSIZE);
	assert_errno(nsk_sendmmsg(fd, NULL, 1, 0), EFAULT);
	assert_errno(nsk_sendmmsg(fd, m.vec, 1, 1 << 30), EOPNOTSUPP);
	assert_errno(nsk_sendmmsg(1, m.vec, 1, 0), EBADF);
	assert_errno(nsk_sendmmsg(nsk_epoll_create1(0), m.vec, 1, 0), ENOTSOCK);
}

/* ---- recvmmsg -------------------------------------------------------------------------------- */

/* The fake does not keep messages apart: what is there is cut into threes. */
static void feed_one_each_turn(struct world *world)
{
	if (world->turns <= MESSAGES)
		fake_feed(fake_at(world->fd), "xyz");
}

static void a_call_waits_for_all_its_messages(void **state)
{
	struct world *world = *state;
	struct messages m;

	make_messages(&m);
	world->fd = dgram_fd();
	world->on_turn = feed_one_each_turn;
	assert_int_equal(nsk_recvmmsg(world->fd, m.vec, MESSAGES, 0, NULL), MESSAGES);
	assert_int_equal(world->turns, MESSAGES);
	for (unsigned i = 0; i < MESSAGES; i++) {
		assert_int_equal(m.vec[i].msg_len, 3);
		assert_memory_equal(m.text[i], "xyz", 3);
	}
}

static void waitforone_waits_for_one(void **state)
{
	struct world *world = *state;
	struct messages m;

	make_messages(&m);
	world->fd = dgram_fd();
	world->on_turn = feed_one_each_turn;
	assert_int_equal(nsk_recvmmsg(world->fd, m.vec, MESSAGES, MSG_WAITFORONE, NULL), 1);
	assert_int_equal(world->turns, 1);
	assert_errno(nsk_recvmmsg(world->fd, m.vec, 1, MSG_WAITFORONE | MSG_DONTWAIT, NULL),
		     EAGAIN);
}

static void feed_once(struct world *world)
{
	if (world->turns == 2)
		fake_feed(fake_at(world->fd), "xyz");
}

static void the_timeout_bounds_the_whole_call(void **state)
{
	static struct timespec ms10 = {0, 10000000};
	struct world *world = *state;
	struct messages m;

	make_messages(&m);
	world->fd = dgram_fd();
	world->on_turn = feed_once;
	assert_int_equal(nsk_recvmmsg(world->fd, m.vec, MESSAGES, 0, &ms10), 1);
	assert_int_equal(world->turns, 10);
	assert_errno(nsk_recvmmsg(world->fd, m.vec, MESSAGES, 0, &ms10), EAGAIN);
	assert_errno(nsk_recvmmsg(world->fd, m.vec, MESSAGES, 0, &(struct timespec){0, -1}),
		     EINVAL);
}

static void an_error_behind_messages_is_told_next(void **state)
{
	int fd = dgram_fd();
	struct messages m;

	(void)state;
	make_messages(&m);
	fake_feed(fake_at(fd), "xyz");
	fake_at(fd)->sock.err = ECONNREFUSED;
	assert_int_equal(nsk_recvmmsg(fd, m.vec, MESSAGES, 0, NULL), 1);
	assert_errno(nsk_recvmmsg(fd, m.vec, MESSAGES, 0, NULL), ECONNREFUSED);
	assert_errno(nsk_recvmmsg(fd, m.vec, MESSAGES, MSG_DONTWAIT, NULL), EAGAIN);
	assert_errno(nsk_recvmmsg(fd, NULL, 1, 0, NULL), EFAULT);
	assert_errno(nsk_recvmmsg(fd, m.vec, 1, 1 << 27, NULL), EOPNOTSUPP);
}

/* ---- sendfile -------------------------------------------------------------------------------- */

static int file_of(const char *text)
{
	char path[] = "/tmp/netstk-sendfile-XXXXXX";
	int file = mkstemp(path);

	assert_true(file >= 0);
	unlink(path);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	return file;
}

static void a_file_goes_from_its_position_on(void **state)
{
	int fd = stream_fd(), file = file_of("0123456789");

	(void)state;
	fake_room(fake_at(fd), 100);
	assert_int_equal(nsk_sendfile(fd, file, NULL, 4), 4);
	assert_false(fake_at(fd)->last_flags & MSG_MORE);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 4);
	assert_int_equal(nsk_sendfile(fd, file, NULL, 100), 6);
	assert_int_equal(nsk_sendfile(fd, file, NULL, 100), 0);
	assert_memory_equal(fake_at(fd)->out, "0123456789", 10);
	close(file);
}

static void an_offset_moves_instead_of_the_position(void **state)
{
	int fd = stream_fd(), file = file_of("0123456789");
	off_t at = 7;

	(void)state;
	fake_room(fake_at(fd), 100);
	assert_int_equal(nsk_sendfile(fd, file, &at, 2), 2);
	assert_int_equal(at, 9);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 0);
	assert_memory_equal(fake_at(fd)->out, "78", 2);
	at = 20;
	assert_int_equal(nsk_sendfile(fd, file, &at, 2), 0);
	close(file);
}

static void what_was_not_taken_is_not_passed_over(void **state)
{
	int fd = stream_fd(), file = file_of("0123456789");

	(void)state;
	nsk_fcntl(fd, F_SETFL, O_NONBLOCK);
	fake_room(fake_at(fd), 3);
	assert_int_equal(nsk_sendfile(fd, file, NULL, 10), 3);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 3);
	assert_errno(nsk_sendfile(fd, file, NULL, 10), EAGAIN);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 3);
	close(file);
}

static void what_cannot_be_sent_is_refused(void **state)
{
	int fd = stream_fd(), file = file_of("0123456789"), ends[2];
	off_t before = -1;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_errno(nsk_sendfile(1, file, NULL, 1), EBADF);
	assert_errno(nsk_sendfile(fd, -1, NULL, 1), EBADF);
	assert_errno(nsk_sendfile(fd, ends[0], NULL, 1), EINVAL);
	assert_errno(nsk_sendfile(fd, file, &before, 1), EINVAL);
	assert_errno(nsk_sendfile(dgram_fd(), file, NULL, 1), EINVAL);
	assert_errno(nsk_sendfile(nsk_epoll_create1(0), file, NULL, 1), EINVAL);
	close(ends[0]);
	close(ends[1]);
	close(file);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_messages_go_in_one_call),
		T(without_waiting_those_that_fit_go),
		T(a_call_that_blocks_waits_for_the_room_of_each),
		T(a_stream_is_given_every_octet),
		T(an_error_is_told_if_nothing_went_before),
		T(a_call_waits_for_all_its_messages),
		T(waitforone_waits_for_one),
		T(the_timeout_bounds_the_whole_call),
		T(an_error_behind_messages_is_told_next),
		T(a_file_goes_from_its_position_on),
		T(an_offset_moves_instead_of_the_position),
		T(what_was_not_taken_is_not_passed_over),
		T(what_cannot_be_sent_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
