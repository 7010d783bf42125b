/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket calls: results, errno, flags, limits. */
#include <limits.h>
#include <sys/ioctl.h>

#include <linux/sockios.h>

#include "sock/api.h"
#include "sock_fake.h"

#define NO_FD (NSK_FD_BASE + 99)

static const struct sockaddr_in inet = {.sin_family = AF_INET};
static const struct sockaddr *const addr = (const struct sockaddr *)&inet;
static const socklen_t addr_len = sizeof(inet);

static int nonblocking_fd(void)
{
	return nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int listener_fd(void)
{
	int fd = nonblocking_fd();

	assert_int_equal(nsk_listen(fd, 4), 0);
	return fd;
}

/* ---- socket, close ------------------------------------------------------------------------- */

static void socket_chooses_by_domain_type_and_protocol(void **state)
{
	int value;
	socklen_t len = sizeof(value);

	(void)state;
	assert_int_equal(nsk_socket(AF_INET, SOCK_STREAM, 0), NSK_FD_BASE);
	assert_int_equal(nsk_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP), NSK_FD_BASE + 1);
	assert_int_equal(nsk_getsockopt(NSK_FD_BASE + 1, SOL_SOCKET, SO_TYPE, &value, &len), 0);
	assert_int_equal(value, SOCK_DGRAM);
	assert_errno(nsk_socket(AF_INET6, SOCK_STREAM, 0), EAFNOSUPPORT);
	assert_errno(nsk_socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
	assert_errno(nsk_socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	assert_errno(nsk_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	assert_errno(nsk_socket(AF_INET, 77, 0), EINVAL);
	assert_errno(nsk_socket(AF_INET, SOCK_STREAM | 1 << 30, 0), EINVAL);
	assert_errno(nsk_socket(AF_INET, SOCK_STREAM, -1), EINVAL);
	assert_errno(nsk_socket(AF_INET, SOCK_STREAM, 1000), EINVAL);
}

static void socket_without_a_stack_is_ENXIO(void **state)
{
	struct world *world = *state;

	world_switch(NULL);
	assert_errno(nsk_socket(AF_INET, SOCK_STREAM, 0), ENXIO);
	world_switch(world);
}

static void type_flags_set_nonblock_and_cloexec(void **state)
{
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int plain = stream_fd();

	(void)state;
	assert_int_equal(nsk_fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	assert_int_equal(nsk_fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(nsk_fcntl(plain, F_GETFL), O_RDWR);
	assert_int_equal(nsk_fcntl(plain, F_GETFD), 0);
}

static void the_stacks_limit_is_ENFILE_and_leaves_nothing_behind(void **state)
{
	struct world *world = *state;

	world->shared.sockets_left = 2;
	stream_fd();
	stream_fd();
	assert_errno(nsk_socket(AF_INET, SOCK_STREAM, 0), ENFILE);
	assert_errno(nsk_dup(NSK_FD_BASE), ENFILE);
	assert_errno(nsk_epoll_create1(0), ENFILE);
	assert_int_equal(fakes, 2);
	assert_int_equal(world->w.sock->epolls.in_use, 0);
	assert_int_equal(nsk_close(NSK_FD_BASE), 0);
	assert_int_equal(stream_fd(), NSK_FD_BASE);
}

static void a_full_table_is_EMFILE(void **state)
{
	unsigned held = 0;

	(void)state;
	while (handle_reserve() >= 0)
		held++;
	assert_errno(nsk_socket(AF_INET, SOCK_STREAM, 0), EMFILE);
	assert_int_equal(fakes, 0);
	while (held)
		handle_unreserve(NSK_FD_BASE + (int)--held);
}

static void close_frees_number_and_socket(void **state)
{
	int fd = stream_fd();

	(void)state;
	assert_int_equal(nsk_close(fd), 0);
	assert_int_equal(fakes, 0);
	assert_errno(nsk_close(fd), EBADF);
	assert_errno(nsk_close(-1), EBADF);
	assert_errno(nsk_close(0), EBADF);
	assert_int_equal(stream_fd(), fd);
}

static void a_worker_that_ends_closes_what_is_open(void **state)
{
	struct world *world = *state;
	struct epoll_event ev = {.events = EPOLLIN};
	int fd = stream_fd(), ep = nsk_epoll_create1(0), l = listener_fd();

	assert_true(nsk_dup(fd) > 0);
	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	fake_arrive(fake_at(l));
	sock_worker_close_all(&world->w);
	assert_int_equal(fakes, 0);
	assert_int_equal(world->w.sock->items.in_use, 0);
	assert_int_equal(world->w.sock->epolls.in_use, 0);
	assert_errno(nsk_fcntl(fd, F_GETFL), EBADF);
}

/* ---- a bad descriptor, an epoll instance, a protocol that cannot --------------------------- */

static void every_call_on_a_bad_descriptor_is_EBADF(void **state)
{
	static const int bad[] = {-1, 0, NSK_FD_BASE - 1, NO_FD, INT_MAX};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct iovec iov = {&ss, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int value = 0;

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		int fd = bad[i];

		assert_errno(nsk_bind(fd, addr, addr_len), EBADF);
		assert_errno(nsk_listen(fd, 1), EBADF);
		assert_errno(nsk_accept(fd, NULL, NULL), EBADF);
		assert_errno(nsk_connect(fd, addr, addr_len), EBADF);
		assert_errno(nsk_shutdown(fd, SHUT_WR), EBADF);
		assert_errno(nsk_dup(fd), EBADF);
		assert_errno(nsk_send(fd, "x", 1, 0), EBADF);
		assert_errno(nsk_sendto(fd, "x", 1, 0, addr, addr_len), EBADF);
		assert_errno(nsk_sendmsg(fd, &msg, 0), EBADF);
		assert_errno(nsk_write(fd, "x", 1), EBADF);
		assert_errno(nsk_writev(fd, &iov, 1), EBADF);
		assert_errno(nsk_recv(fd, &ss, 1, 0), EBADF);
		assert_errno(nsk_recvfrom(fd, &ss, 1, 0, NULL, NULL), EBADF);
		assert_errno(nsk_recvmsg(fd, &msg, 0), EBADF);
		assert_errno(nsk_read(fd, &ss, 1), EBADF);
		assert_errno(nsk_read(fd, &ss, 0), EBADF);
		assert_errno(nsk_readv(fd, &iov, 1), EBADF);
		assert_errno(nsk_getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len), EBADF);
		assert_errno(nsk_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, 4), EBADF);
		assert_errno(nsk_getsockname(fd, (struct sockaddr *)&ss, &len), EBADF);
		assert_errno(nsk_getpeername(fd, (struct sockaddr *)&ss, &len), EBADF);
		assert_errno(nsk_fcntl(fd, F_GETFL), EBADF);
		assert_errno(nsk_ioctl(fd, FIONREAD, &value), EBADF);
	}
}

static void socket_calls_on_an_epoll_instance_are_ENOTSOCK(void **state)
{
	int ep = nsk_epoll_create1(0), value = 0;
	socklen_t len = sizeof(value);
	struct iovec iov = {&value, 1};
	char c;

	(void)state;
	assert_errno(nsk_bind(ep, addr, addr_len), ENOTSOCK);
	assert_errno(nsk_listen(ep, 1), ENOTSOCK);
	assert_errno(nsk_accept(ep, NULL, NULL), ENOTSOCK);
	assert_errno(nsk_connect(ep, addr, addr_len), ENOTSOCK);
	assert_errno(nsk_shutdown(ep, SHUT_WR), ENOTSOCK);
	assert_errno(nsk_shutdown(ep, 9), ENOTSOCK);
	assert_errno(nsk_send(ep, "x", 1, 0), ENOTSOCK);
	assert_errno(nsk_recv(ep, &c, 1, 0), ENOTSOCK);
	assert_errno(nsk_getsockopt(ep, SOL_SOCKET, SO_ERROR, &value, &len), ENOTSOCK);
	assert_errno(nsk_setsockopt(ep, SOL_SOCKET, SO_KEEPALIVE, &value, 4), ENOTSOCK);
	assert_errno(nsk_getsockname(ep, NULL, NULL), ENOTSOCK);
	assert_errno(nsk_write(ep, "x", 1), EINVAL);
	assert_errno(nsk_writev(ep, &iov, 1), EINVAL);
	assert_errno(nsk_read(ep, &c, 1), EINVAL);
	assert_errno(nsk_read(ep, &c, 0), EINVAL);
	assert_errno(nsk_readv(ep, &iov, 1), EINVAL);
	assert_errno(nsk_ioctl(ep, FIONREAD, &value), ENOTTY);
	assert_int_equal(nsk_close(nsk_dup(ep)), 0);
}

static void what_a_protocol_cannot_do_is_EOPNOTSUPP(void **state)
{
	int fd = nsk_socket(AF_INET, SOCK_DGRAM, 0), value = 1;
	socklen_t len = sizeof(value);

	(void)state;
	assert_errno(nsk_bind(fd, addr, addr_len), EOPNOTSUPP);
	assert_errno(nsk_listen(fd, 1), EOPNOTSUPP);
	assert_errno(nsk_accept(fd, NULL, NULL), EOPNOTSUPP);
	assert_errno(nsk_connect(fd, addr, addr_len), EOPNOTSUPP);
	assert_errno(nsk_shutdown(fd, SHUT_WR), EOPNOTSUPP);
	assert_errno(nsk_ioctl(fd, FIONREAD, &value), ENOTTY);
	assert_int_equal(nsk_getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len), 0);
}

/* ---- arguments ----------------------------------------------------------------------------- */

static void addresses_are_checked(void **state)
{
	int fd = stream_fd();
	struct sockaddr_storage ss = {.ss_family = AF_UNIX};
	socklen_t len = (socklen_t)-1;

	(void)state;
	assert_errno(nsk_bind(fd, NULL, addr_len), EFAULT);
	assert_errno(nsk_bind(fd, addr, 1), EINVAL);
	assert_errno(nsk_bind(fd, addr, sizeof(ss) + 1), EINVAL);
	assert_errno(nsk_bind(fd, (struct sockaddr *)&ss, sizeof(ss)), EAFNOSUPPORT);
	assert_errno(nsk_connect(fd, NULL, addr_len), EFAULT);
	assert_errno(nsk_connect(fd, addr, (socklen_t)-1), EINVAL);
	assert_errno(nsk_getsockname(fd, NULL, &len), EFAULT);
	assert_errno(nsk_getsockname(fd, (struct sockaddr *)&ss, NULL), EFAULT);
	assert_errno(nsk_getsockname(fd, (struct sockaddr *)&ss, &len), EINVAL);
	assert_errno(nsk_sendto(fd, "x", 1, 0, addr, (socklen_t)-1), EINVAL);
	assert_errno(nsk_recvfrom(fd, &ss, 1, 0, (struct sockaddr *)&ss, NULL), EFAULT);
	assert_errno(nsk_recvfrom(fd, &ss, 1, 0, (struct sockaddr *)&ss, &len), EINVAL);
}

static void names_are_cut_and_tell_their_length(void **state)
{
	struct sockaddr_in sin = {0};
	socklen_t len = 4;
	int fd = stream_fd();

	(void)state;
	assert_int_equal(nsk_getpeername(fd, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(len, sizeof(sin));
	assert_int_equal(sin.sin_port, htons(2));
	fake_at(fd)->nameless = true;
	assert_errno(nsk_getpeername(fd, (struct sockaddr *)&sin, &len), ENOTCONN);
}

static void buffers_are_checked(void **state)
{
	int fd = nonblocking_fd();
	char c = 'x';
	struct iovec hole[2] = {{&c, 1}, {NULL, 1}};
	struct iovec huge[2] = {{&c, SSIZE_MAX}, {&c, 1}};
	struct iovec empty = {NULL, 0};
	struct msghdr msg = {.msg_iov = hole, .msg_iovlen = API_IOV_MAX + 1};

	(void)state;
	assert_errno(nsk_send(fd, NULL, 1, 0), EFAULT);
	assert_errno(nsk_recv(fd, NULL, 1, 0), EFAULT);
	assert_errno(nsk_recvfrom(fd, NULL, 1, 0, NULL, NULL), EFAULT);
	assert_errno(nsk_sendmsg(fd, NULL, 0), EFAULT);
	assert_errno(nsk_recvmsg(fd, NULL, 0), EFAULT);
	assert_errno(nsk_sendmsg(fd, &msg, 0), EMSGSIZE);
	assert_errno(nsk_recvmsg(fd, &msg, 0), EMSGSIZE);
	assert_errno(nsk_writev(fd, hole, 2), EFAULT);
	assert_errno(nsk_readv(fd, hole, 2), EFAULT);
	assert_errno(nsk_writev(fd, NULL, 1), EFAULT);
	assert_errno(nsk_writev(fd, huge, 2), EINVAL);
	assert_errno(nsk_readv(fd, huge, 2), EINVAL);
	assert_errno(nsk_writev(fd, hole, -1), EINVAL);
	assert_errno(nsk_readv(fd, hole, API_IOV_MAX + 1), EINVAL);
	assert_int_equal(nsk_writev(fd, &empty, 1), 0);
	assert_int_equal(nsk_readv(fd, &empty, 1), 0);
	assert_int_equal(nsk_read(fd, NULL, 0), 0);
	assert_int_equal(nsk_send(fd, NULL, 0, 0), 0);
	assert_errno(nsk_recv(fd, NULL, 0, 0), EAGAIN);
}

static void unknown_flags_are_refused(void **state)
{
	int fd = nonblocking_fd();
	char c;

	(void)state;
	assert_errno(nsk_send(fd, "x", 1, MSG_ERRQUEUE), EOPNOTSUPP);
	assert_errno(nsk_recv(fd, &c, 1, MSG_CONFIRM), EOPNOTSUPP);
	assert_errno(nsk_recv(fd, &c, 1, MSG_MORE), EOPNOTSUPP);
	assert_errno(nsk_accept4(fd, NULL, NULL, 1), EINVAL);
	assert_errno(nsk_shutdown(fd, 3), EINVAL);
	assert_errno(nsk_shutdown(fd, -1), EINVAL);
}

/* ---- sending and receiving ----------------------------------------------------------------- */

static void send_passes_data_and_flags(void **state)
{
	struct iovec iov[2] = {{(void *)(uintptr_t) "cd", 2}, {(void *)(uintptr_t) "ef", 2}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	int fd = nonblocking_fd();
	struct fake *f = fake_at(fd);

	(void)state;
	assert_errno(nsk_send(fd, "ab", 2, 0), EAGAIN);
	fake_room(f, 9);
	assert_int_equal(nsk_send(fd, "ab", 2, MSG_MORE | MSG_NOSIGNAL), 2);
	assert_true(f->last_flags & MSG_MORE);
	assert_int_equal(nsk_sendmsg(fd, &msg, 0), 4);
	assert_int_equal(nsk_write(fd, "g", 1), 1);
	assert_int_equal(nsk_sendto(fd, "hij", 3, 0, NULL, 0), 2); /* part: non-blocking */
	assert_memory_equal(f->out, "abcdefghi", 9);
	assert_errno(nsk_send(fd, "j", 1, 0), EAGAIN);
}

static void dontwait_makes_one_call_nonblocking(void **state)
{
	struct world *world = *state;
	int fd = stream_fd();
	char c;

	fake_room(fake_at(fd), 1);
	assert_int_equal(nsk_send(fd, "ab", 2, MSG_DONTWAIT), 1);
	assert_errno(nsk_send(fd, "b", 1, MSG_DONTWAIT), EAGAIN);
	assert_errno(nsk_recv(fd, &c, 1, MSG_DONTWAIT), EAGAIN);
	assert_int_equal(world->turns, 0);
}

static void a_broken_pipe_is_an_errno_and_no_signal(void **state)
{
	int fd = stream_fd();

	(void)state;
	fake_at(fd)->sock.err = EPIPE;
	assert_errno(nsk_send(fd, "x", 1, 0), EPIPE);
}

static void recv_takes_peek_leaves(void **state)
{
	int fd = nonblocking_fd();
	char one[2], two[4];
	struct iovec iov[2] = {{one, 2}, {two, 4}};
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	(void)state;
	fake_feed(fake_at(fd), "abcdef");
	assert_int_equal(nsk_recv(fd, two, 4, MSG_PEEK), 4);
	assert_memory_equal(two, "abcd", 4);
	assert_int_equal(nsk_readv(fd, iov, 2), 6);
	assert_memory_equal(one, "ab", 2);
	assert_memory_equal(two, "cdef", 4);
	fake_feed(fake_at(fd), "gh");
	assert_int_equal(nsk_recvfrom(fd, two, 1, 0, (struct sockaddr *)&from, &len), 1);
	assert_int_equal(len, 0); /* a stream has no name to tell */
	assert_int_equal(nsk_read(fd, two, 4), 1);
	fake_at(fd)->eof = true;
	assert_int_equal(nsk_recv(fd, two, 4, 0), 0);
}

static void a_failed_recvmsg_leaves_the_message_as_it_was(void **state)
{
	char c, name[16], control[32];
	struct iovec iov = {&c, 1};
	struct msghdr msg = {name, sizeof(name), &iov, 1, control, sizeof(control), 0};
	int fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)state;
	assert_errno(nsk_recvmsg(fd, &msg, 0), EAGAIN);
	assert_int_equal(msg.msg_namelen, sizeof(name));
	assert_int_equal(msg.msg_controllen, sizeof(control));
}

static void a_part_of_a_vector_begins_anywhere(void **state)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";
	struct iovec all[12], iov[API_IOV_PART];
	struct msghdr msg = {.msg_iov = all, .msg_iovlen = 12, .msg_flags = 77}, part;

	(void)state;
	for (int i = 0; i < 12; i++)
		all[i] = (struct iovec){(void *)(uintptr_t)(text + 2 * i), i == 3 ? 0 : 2};
	assert_int_equal(api_iov_part(&part, iov, &msg, 0, SIZE_MAX), 16);
	assert_int_equal(part.msg_iovlen, 8);
	assert_int_equal(part.msg_flags, 77);
	assert_int_equal(api_iov_part(&part, iov, &msg, 3, 4), 4);
	assert_int_equal(part.msg_iovlen, 3);
	assert_memory_equal(iov[0].iov_base, "d", 1);
	assert_memory_equal(iov[1].iov_base, "ef", 2);
	assert_memory_equal(iov[2].iov_base, "i", 1);
	assert_int_equal(iov[2].iov_len, 1);
	assert_int_equal(api_iov_part(&part, iov, &msg, 22, SIZE_MAX), 0);
}

/* ---- accept, connect ----------------------------------------------------------------------- */

static void accept_gives_descriptor_and_name(void **state)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int l = listener_fd(), fd;

	(void)state;
	assert_errno(nsk_accept(l, NULL, NULL), EAGAIN);
	fake_arrive(fake_at(l));
	fake_arrive(fake_at(l));
	fd = nsk_accept4(l, (struct sockaddr *)&sin, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_int_equal(fd, l + 1);
	assert_int_equal(sin.sin_port, htons(2));
	assert_int_equal(nsk_fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	assert_int_equal(nsk_fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd = nsk_accept(l, NULL, NULL);
	assert_int_equal(nsk_fcntl(fd, F_GETFL), O_RDWR); /* not inherited */
	assert_errno(nsk_accept(l, NULL, NULL), EAGAIN);
	assert_errno(nsk_accept(l, (struct sockaddr *)&sin, NULL), EFAULT);
	assert_errno(nsk_accept(fd, NULL, NULL), EINVAL);
}

static void a_connection_stays_in_the_queue_when_there_is_no_descriptor(void **state)
{
	struct world *world = *state;
	int l = listener_fd();

	fake_arrive(fake_at(l));
	world->w.sock->open_max = 1;
	assert_errno(nsk_accept(l, NULL, NULL), ENFILE);
	assert_int_equal(fake_at(l)->queued, 1);
	world->w.sock->open_max = 2;
	assert_int_equal(nsk_accept(l, NULL, NULL), l + 1);
}

static void a_connection_that_is_over_is_accepted_with_its_name(void **state)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int l = listener_fd();

	(void)state;
	fake_arrive(fake_at(l))->nameless = true;
	assert_int_equal(nsk_accept(l, (struct sockaddr *)&sin, &len), l + 1);
	assert_int_equal(sin.sin_port, htons(2));
	len = sizeof(sin);
	assert_errno(nsk_getpeername(l + 1, (struct sockaddr *)&sin, &len), ENOTCONN);
}

static void connect_passes_on_what_the_protocol_says(void **state)
{
	int fd = nonblocking_fd();
	struct fake *f = fake_at(fd);

	(void)state;
	assert_int_equal(nsk_connect(fd, addr, addr_len), 0);
	f->connect_rc = -EINPROGRESS;
	assert_errno(nsk_connect(fd, addr, addr_len), EINPROGRESS);
	f->connect_rc = -EALREADY;
	assert_errno(nsk_connect(fd, addr, addr_len), EALREADY);
	f->connect_rc = -EISCONN;
	assert_errno(nsk_connect(fd, addr, addr_len), EISCONN);
	f->connect_rc = -ENETUNREACH;
	assert_errno(nsk_connect(fd, addr, addr_len), ENETUNREACH);
}

/* ---- fcntl, ioctl -------------------------------------------------------------------------- */

static void fcntl_and_ioctl_know_a_few_requests(void **state)
{
	int fd = stream_fd(), value = 1;

	(void)state;
	assert_int_equal(nsk_ioctl(fd, FIONBIO, &value), 0);
	assert_int_equal(nsk_fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	assert_int_equal(nsk_fcntl(fd, F_SETFL, O_APPEND), 0); /* other flags are ignored */
	assert_int_equal(nsk_fcntl(fd, F_GETFL), O_RDWR);
	assert_int_equal(nsk_fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(nsk_fcntl(fd, F_SETFD, 0), 0);
	assert_int_equal(nsk_fcntl(fd, F_GETFD), 0);
	assert_errno(nsk_fcntl(fd, F_GETLK, NULL), EINVAL);
	fake_feed(fake_at(fd), "abc");
	assert_int_equal(nsk_ioctl(fd, FIONREAD, &value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(nsk_ioctl(fd, SIOCOUTQ, &value), 0);
	assert_errno(nsk_ioctl(fd, FIONREAD, NULL), EFAULT);
	assert_errno(nsk_ioctl(fd, TIOCGWINSZ, &value), ENOTTY);
}

/* ---- worker -------------------------------------------------------------------------------- */

static void a_worker_without_memory_says_ENOMEM(void **state)
{
	struct nsk_worker w = {.peers = 1};
	struct settings set = {.max_sockets = 10, .max_epolls = 1};
	struct mem mem;

	(void)state;
	mem_init(&mem, NULL);
	w.mem = &mem;
	w.set = &set;
	mem.fail_at = 1;
	assert_int_equal(sock_worker_init(&w, NULL, 0), -ENOMEM);
	assert_null(w.sock);
	sock_worker_fini(&w); /* harmless */
	assert_int_equal(mem.live, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(socket_chooses_by_domain_type_and_protocol),
		T(socket_without_a_stack_is_ENXIO),
		T(type_flags_set_nonblock_and_cloexec),
		T(the_stacks_limit_is_ENFILE_and_leaves_nothing_behind),
		T(close_frees_number_and_socket),
		T(a_worker_that_ends_closes_what_is_open),
		T(every_call_on_a_bad_descriptor_is_EBADF),
		T(socket_calls_on_an_epoll_instance_are_ENOTSOCK),
		T(what_a_protocol_cannot_do_is_EOPNOTSUPP),
		T(addresses_are_checked),
		T(names_are_cut_and_tell_their_length),
		T(buffers_are_checked),
		T(unknown_flags_are_refused),
		T(send_passes_data_and_flags),
		T(dontwait_makes_one_call_nonblocking),
		T(a_broken_pipe_is_an_errno_and_no_signal),
		T(recv_takes_peek_leaves),
		T(a_failed_recvmsg_leaves_the_message_as_it_was),
		T(a_part_of_a_vector_begins_anywhere),
		T(accept_gives_descriptor_and_name),
		T(a_connection_stays_in_the_queue_when_there_is_no_descriptor),
		T(a_connection_that_is_over_is_accepted_with_its_name),
		T(connect_passes_on_what_the_protocol_says),
		T(fcntl_and_ioctl_know_a_few_requests),
		T(a_worker_without_memory_says_ENOMEM),
		T(a_full_table_is_EMFILE),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
