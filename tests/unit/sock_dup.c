/* SPDX-License-Identifier: BSD-3-Clause */
/* More descriptors for one description: dup, dup2, dup3, F_DUPFD. */
#include "sock_fake.h"

#define NO_FD (NSK_FD_BASE + 99)

static void dup_shares_the_description(void **state)
{
	int fd = stream_fd(), copy = nsk_dup(fd);

	(void)state;
	assert_int_equal(copy, fd + 1);
	assert_int_equal(nsk_fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(nsk_fcntl(copy, F_GETFL), O_RDWR | O_NONBLOCK);
	assert_int_equal(nsk_fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(nsk_fcntl(copy, F_GETFD), 0); /* of the descriptor, not shared */
	assert_int_equal(nsk_close(fd), 0);
	assert_int_equal(fakes, 1);
	assert_int_equal(nsk_close(copy), 0);
	assert_int_equal(fakes, 0);
}

static void dup2_takes_the_number_that_it_is_given(void **state)
{
	int fd = stream_fd(), far = NSK_FD_BASE + 20000;

	(void)state;
	assert_int_equal(nsk_dup2(fd, far), far);
	assert_int_equal(fakes, 1);
	assert_int_equal(nsk_dup2(fd, fd), fd);
	assert_int_equal(nsk_dup3(fd, far + 1, O_CLOEXEC), far + 1);
	assert_int_equal(nsk_fcntl(far + 1, F_GETFD), FD_CLOEXEC);
	assert_int_equal(nsk_fcntl(far, F_GETFD), 0);
	assert_int_equal(stream_fd(), fd + 1); /* still the lowest free one */
	assert_int_equal(nsk_close(fd), 0);
	assert_int_equal(nsk_fcntl(far, F_GETFL), O_RDWR);
}

static void dup2_closes_what_had_the_number(void **state)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct world *world = *state;
	int fd = stream_fd(), old = stream_fd(), ep = nsk_epoll_create1(0);
	uint32_t open = world->w.sock->open;

	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, old, &ev), 0);
	assert_int_equal(nsk_dup2(fd, old), old);
	assert_int_equal(fakes, 1);
	assert_int_equal(world->w.sock->open, open);
	assert_int_equal(world->w.sock->items.in_use, 0);
	assert_errno(nsk_epoll_ctl(ep, EPOLL_CTL_MOD, old, &ev), ENOENT);
	assert_ptr_equal(fake_at(old), fake_at(fd));
}

static void dup2_says_what_is_wrong(void **state)
{
	struct world *world = *state;
	int fd = stream_fd(), held = handle_reserve();

	assert_errno(nsk_dup2(NO_FD, fd), EBADF);
	assert_errno(nsk_dup2(NO_FD, NO_FD), EBADF);
	assert_errno(nsk_dup2(fd, 5), EBADF); /* a kernel descriptor's */
	assert_errno(nsk_dup2(fd, NSK_FD_BASE + (int)HANDLE_MAX), EBADF);
	assert_errno(nsk_dup3(fd, fd, 0), EINVAL);
	assert_errno(nsk_dup3(fd, NO_FD, O_NONBLOCK), EINVAL);
	assert_errno(nsk_dup2(fd, held), EBUSY);
	handle_unreserve(held);
	world->w.sock->open_max = 1;
	assert_errno(nsk_dup2(fd, NO_FD), ENFILE);
	world->w.sock->open_max = 2;
	assert_int_equal(nsk_dup2(fd, NO_FD), NO_FD);
}

static void dupfd_takes_the_lowest_free_number_from_one_on(void **state)
{
	struct world *world = *state;
	int fd = stream_fd();

	assert_int_equal(nsk_fcntl(fd, F_DUPFD, 0), fd + 1);
	assert_int_equal(nsk_fcntl(fd, F_DUPFD, NO_FD), NO_FD);
	assert_int_equal(nsk_fcntl(fd, F_DUPFD_CLOEXEC, NO_FD), NO_FD + 1);
	assert_int_equal(nsk_fcntl(NO_FD + 1, F_GETFD), FD_CLOEXEC);
	assert_int_equal(nsk_fcntl(fd, F_DUPFD, NSK_FD_BASE + 8191), NSK_FD_BASE + 8191);
	assert_int_equal(nsk_fcntl(fd, F_DUPFD, NSK_FD_BASE + 8191), NSK_FD_BASE + 8192);
	assert_errno(nsk_fcntl(fd, F_DUPFD, -1), EINVAL);
	assert_errno(nsk_fcntl(fd, F_DUPFD, NSK_FD_BASE + (int)HANDLE_MAX), EINVAL);
	assert_int_equal(nsk_fcntl(fd, F_DUPFD, NSK_FD_BASE + (int)HANDLE_MAX - 1),
			 NSK_FD_BASE + (int)HANDLE_MAX - 1);
	assert_errno(nsk_fcntl(fd, F_DUPFD, NSK_FD_BASE + (int)HANDLE_MAX - 1), EMFILE);
	world->w.sock->open_max = world->w.sock->open;
	assert_errno(nsk_fcntl(fd, F_DUPFD, 0), ENFILE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(dup_shares_the_description),
		T(dup2_takes_the_number_that_it_is_given),
		T(dup2_closes_what_had_the_number),
		T(dup2_says_what_is_wrong),
		T(dupfd_takes_the_lowest_free_number_from_one_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
