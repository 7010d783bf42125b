/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of level SOL_SOCKET. */
#include <sys/time.h>

#include "sock_fake.h"

static int get_int(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(nsk_getsockopt(fd, SOL_SOCKET, name, &value, &len), 0);
	assert_int_equal(len, sizeof(value));
	return value;
}

static int set_int(int fd, int name, int value)
{
	return nsk_setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static void yes_or_no_options_are_independent(void **state)
{
	static const int name[] = {SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST};
	int fd = stream_fd();

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(name); i++) {
		assert_int_equal(set_int(fd, name[i], 7), 0);
		for (unsigned k = 0; k < NSK_ARRAY_LEN(name); k++)
			assert_int_equal(get_int(fd, name[k]), k == i);
		assert_int_equal(set_int(fd, name[i], 0), 0);
		assert_int_equal(get_int(fd, name[i]), 0);
	}
	assert_int_equal(nsk_fcntl(fd, F_GETFL), O_RDWR);
}

static void what_a_socket_is_can_be_read_and_not_set(void **state)
{
	static const int name[] = {SO_TYPE,  SO_DOMAIN,	  SO_PROTOCOL, SO_ACCEPTCONN,
				   SO_ERROR, SO_RCVLOWAT, SO_SNDLOWAT};
	int fd = stream_fd(), dgram = nsk_socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(get_int(fd, SO_TYPE), SOCK_STREAM);
	assert_int_equal(get_int(fd, SO_DOMAIN), AF_INET);
	assert_int_equal(get_int(fd, SO_PROTOCOL), IPPROTO_TCP);
	assert_int_equal(get_int(dgram, SO_PROTOCOL), IPPROTO_UDP);
	assert_int_equal(get_int(fd, SO_RCVLOWAT), 1);
	assert_int_equal(get_int(fd, SO_ACCEPTCONN), 0);
	assert_int_equal(nsk_listen(fd, 1), 0);
	assert_int_equal(get_int(fd, SO_ACCEPTCONN), 1);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(name); i++)
		assert_errno(set_int(fd, name[i], 1), ENOPROTOOPT);
}

static void an_error_is_told_once(void **state)
{
	int fd = stream_fd();

	(void)state;
	fake_at(fd)->sock.err = ECONNRESET;
	assert_int_equal(get_int(fd, SO_ERROR), ECONNRESET);
	assert_int_equal(get_int(fd, SO_ERROR), 0);
}

static void timeouts_round_up_to_milliseconds(void **state)
{
	static const struct {
		struct timeval in, out;
	} row[] = {
		{{1, 500000}, {1, 500000}}, {{0, 1}, {0, 1000}},
		{{0, 999001}, {1, 0}},	    {{0, 0}, {0, 0}},
		{{-5, 0}, {0, 0}},	    {{1 << 30, 0}, {0, 0}},
		{{-5, 999999}, {0, 0}},	    {{2147482, 0}, {2147482, 0}},
	};
	static const int name[] = {SO_RCVTIMEO, SO_SNDTIMEO};
	int fd = stream_fd();

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(row) * 2; i++) {
		struct timeval tv = {99, 99};
		socklen_t len = sizeof(tv);

		assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, name[i % 2], &row[i / 2].in, len),
				 0);
		assert_int_equal(nsk_getsockopt(fd, SOL_SOCKET, name[i % 2], &tv, &len), 0);
		assert_int_equal(len, sizeof(tv));
		assert_memory_equal(&tv, &row[i / 2].out, sizeof(tv));
	}
}

static void receive_and_send_timeouts_are_two(void **state)
{
	struct timeval tv = {1, 0};
	int fd = stream_fd();

	(void)state;
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	assert_int_equal(fake_at(fd)->sock.rcvtimeo_ms, 1000);
	assert_int_equal(fake_at(fd)->sock.sndtimeo_ms, 0);
}

static void a_timeout_of_less_than_nothing_does_not_wait(void **state)
{
	struct timeval tv = {-1, 0};
	int fd = stream_fd();
	char c;

	(void)state;
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	assert_int_equal(fake_at(fd)->sock.rcvtimeo_ms, SOCK_TIMEO_NONE);
	assert_errno(nsk_recv(fd, &c, 1, 0), EAGAIN);
}

static void a_timeout_with_bad_microseconds_is_EDOM(void **state)
{
	struct timeval much = {0, 1000000}, negative = {0, -1};
	int fd = stream_fd();

	(void)state;
	assert_errno(nsk_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &much, sizeof(much)), EDOM);
	assert_errno(nsk_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &negative, sizeof(much)), EDOM);
}

static void linger_is_off_or_a_number_of_seconds(void **state)
{
	struct linger l = {1, 0};
	socklen_t len = sizeof(l);
	int fd = stream_fd();

	(void)state;
	assert_int_equal(fake_at(fd)->sock.linger_s, -1);
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, len), 0);
	assert_int_equal(fake_at(fd)->sock.linger_s, 0);
	l = (struct linger){0, 99};
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, len), 0);
	assert_int_equal(nsk_getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len), 0);
	assert_int_equal(l.l_onoff, 0);
	assert_int_equal(l.l_linger, 0);
}

static void unknown_options_and_levels_are_ENOPROTOOPT(void **state)
{
	int fd = stream_fd(), value = 1;
	socklen_t len = sizeof(value);

	(void)state;
	assert_errno(set_int(fd, SO_DEBUG, 1), ENOPROTOOPT);
	assert_errno(set_int(fd, 9999, 1), ENOPROTOOPT);
	assert_errno(nsk_getsockopt(fd, SOL_SOCKET, 9999, &value, &len), ENOPROTOOPT);
	assert_errno(nsk_setsockopt(fd, IPPROTO_IP, SO_REUSEPORT, &value, len), ENOPROTOOPT);
	assert_errno(nsk_getsockopt(fd, IPPROTO_IP, SO_REUSEPORT, &value, &len), ENOPROTOOPT);
}

static void lengths_and_pointers_are_checked(void **state)
{
	int fd = stream_fd(), value = 0x01020304;
	socklen_t len = (socklen_t)-1;
	unsigned char part[4] = {9, 9, 9, 9};

	(void)state;
	assert_errno(nsk_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
	assert_errno(nsk_setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, 4), EINVAL);
	assert_errno(nsk_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, 4), EFAULT);
	assert_errno(nsk_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, len), EINVAL);
	assert_errno(nsk_getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len), EINVAL);
	assert_errno(nsk_getsockopt(fd, SOL_SOCKET, SO_TYPE, NULL, &len), EFAULT);
	assert_errno(nsk_getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, NULL), EFAULT);
	len = 1; /* a short buffer gets the beginning */
	assert_int_equal(nsk_getsockopt(fd, SOL_SOCKET, SO_TYPE, part, &len), 0);
	assert_int_equal(len, 1);
	assert_int_equal(part[0], SOCK_STREAM);
	assert_int_equal(part[1], 9);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(yes_or_no_options_are_independent),
		T(what_a_socket_is_can_be_read_and_not_set),
		T(an_error_is_told_once),
		T(timeouts_round_up_to_milliseconds),
		T(receive_and_send_timeouts_are_two),
		T(a_timeout_of_less_than_nothing_does_not_wait),
		T(a_timeout_with_bad_microseconds_is_EDOM),
		T(linger_is_off_or_a_number_of_seconds),
		T(unknown_options_and_levels_are_ENOPROTOOPT),
		T(lengths_and_pointers_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
