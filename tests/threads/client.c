/* SPDX-License-Identifier: BSD-3-Clause */
/* Connecting within a time, names through the host's resolver, connections that are used again. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <netstk/client.h>
#include <netstk/epoll.h>

#include "threads/crew.h"

static int setup(void **state)
{
	static struct crew crew;

	crew_start(&crew, 1);
	crew_enter(&crew, 0);
	*state = &crew;
	return 0;
}

static int teardown(void **state)
{
	crew_end(*state);
	return 0;
}

static int listener_of(struct crew *crew, uint16_t port)
{
	int fd;

	crew_enter(crew, 1);
	fd = crew_listen(port);
	crew_enter(crew, 0);
	return fd;
}

#define assert_fails(call, error)               \
	do {                                    \
		errno = 0;                      \
		assert_int_equal((call), -1);   \
		assert_int_equal(errno, error); \
	} while (0)

/* ---- connecting within a time ---------------------------------------------------------------- */

static int connect_within(int fd, unsigned which, uint16_t port, int ms)
{
	struct sockaddr_in sin = crew_address(which, port);

	return nsk_connect_timeout(fd, (struct sockaddr *)&sin, sizeof(sin), ms);
}

static void a_connection_is_made_refused_or_late(void **state)
{
	int listener = listener_of(*state, 80);
	int fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	int other = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(connect_within(fd, 1, 80, -1), 0);
	assert_int_equal(nsk_fcntl(fd, F_GETFL), O_RDWR);
	assert_fails(connect_within(fd, 1, 80, -1), EISCONN);
	assert_fails(connect_within(other, 1, 81, 60000), ECONNREFUSED);
	assert_int_equal(nsk_fcntl(other, F_GETFL), O_RDWR | O_NONBLOCK);
	assert_fails(connect_within(other, 8, 80, 20), ETIMEDOUT); /* nobody has 10.0.0.9 */
	assert_int_equal(nsk_fcntl(other, F_GETFL), O_RDWR | O_NONBLOCK);
	assert_fails(connect_within(5, 1, 80, 20), EBADF);
	nsk_close(fd);
	nsk_close(other);
	nsk_close(listener);
}

/* ---- names ----------------------------------------------------------------------------------- */

static const struct addrinfo numeric = {
	.ai_flags = AI_NUMERICHOST,
	.ai_family = AF_INET,
	.ai_socktype = SOCK_STREAM,
};

static void assert_answer(struct addrinfo *found)
{
	const struct sockaddr_in *sin = (const void *)found->ai_addr;

	assert_int_equal(sin->sin_addr.s_addr, htonl(0x0a000002));
	assert_int_equal(sin->sin_port, htons(80));
	assert_null(found->ai_next);
	freeaddrinfo(found);
}

static void names_are_asked_for_as_ever(void **state)
{
	struct addrinfo *found = NULL;

	(void)state;
	assert_int_equal(nsk_getaddrinfo("10.0.0.2", "80", &numeric, &found), 0);
	assert_answer(found);
	assert_int_equal(nsk_getaddrinfo("no number", "80", &numeric, &found), EAI_NONAME);
	assert_int_equal(nsk_getaddrinfo(NULL, NULL, NULL, &found), EAI_NONAME);
}

static void an_answer_is_waited_for_with_everything_else(void **state)
{
	struct nsk_lookup *l = nsk_lookup_begin("10.0.0.2", "80", &numeric);
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 77};
	int ep = nsk_epoll_create1(0);
	struct addrinfo *found = NULL;

	(void)state;
	assert_non_null(l);
	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, nsk_lookup_fd(l), &ev), 0);
	ev.data.u64 = 0;
	assert_int_equal(nsk_epoll_wait(ep, &ev, 1, -1), 1);
	assert_int_equal(ev.data.u64, 77);
	assert_int_equal(nsk_lookup_end(l, &found), 0);
	assert_answer(found);
	nsk_close(ep);
}

/* Whether it was answered by then or not: the sanitizers tell what is not freed. Who asks faster
 * than 64 threads are answered is told so. */
static void a_question_may_be_given_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct nsk_lookup *l = nsk_lookup_begin("10.0.0.2", "80", &numeric);

		if (l)
			assert_int_equal(nsk_lookup_end(l, NULL), EAI_AGAIN);
		else
			assert_int_equal(errno, EAGAIN);
	}
}

/* ---- the pool -------------------------------------------------------------------------------- */

static int get_from(struct nsk_pool *pool, uint16_t port)
{
	struct sockaddr_in sin = crew_address(1, port);

	return nsk_pool_get(pool, (struct sockaddr *)&sin, sizeof(sin), -1);
}

static uint16_t own_port(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	assert_int_equal(nsk_getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	return sin.sin_port;
}

static uint16_t own_port6(int fd)
{
	struct sockaddr_in6 sin6;
	socklen_t len = sizeof(sin6);

	assert_int_equal(nsk_getsockname(fd, (struct sockaddr *)&sin6, &len), 0);
	assert_int_equal(sin6.sin6_family, AF_INET6);
	return sin6.sin6_port;
}

static void connections_are_used_again_by_their_address(void **state)
{
	int a = listener_of(*state, 80), b = listener_of(*state, 81);
	struct nsk_pool *pool = nsk_pool_new(8, -1);
	int one = get_from(pool, 80), two = get_from(pool, 80), other = get_from(pool, 81);
	uint16_t port_one = own_port(one), port_two = own_port(two), port_other = own_port(other);

	nsk_pool_put(pool, one);
	nsk_pool_put(pool, two);
	nsk_pool_put(pool, other);
	two = get_from(pool, 80);
	one = get_from(pool, 80);
	other = get_from(pool, 81);
	assert_int_equal(own_port(two), port_two); /* the last first */
	assert_int_equal(own_port(one), port_one);
	assert_int_equal(own_port(other), port_other);
	nsk_pool_put(pool, one);
	nsk_pool_free(pool);
	assert_fails(nsk_fcntl(one, F_GETFL), EBADF);
	nsk_close(two);
	nsk_close(other);
	nsk_close(a);
	nsk_close(b);
}

/* Of an IPv6 address flow label and interface mean nothing; here it is IPv4's in mapped form. */
static void an_ipv6_address_is_the_same_whatever_stands_beside_it(void **state)
{
	struct sockaddr_in6 plain = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(80),
		.sin6_addr = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 2}}},
	};
	int listener = listener_of(*state, 80), fd;
	struct nsk_pool *pool = nsk_pool_new(8, -1);
	struct sockaddr_in6 odd = plain;
	uint16_t port;

	odd.sin6_flowinfo = htonl(5);
	odd.sin6_scope_id = 7;
	fd = nsk_pool_get(pool, (struct sockaddr *)&odd, sizeof(odd), -1);
	port = own_port6(fd);
	nsk_pool_put(pool, fd);
	fd = nsk_pool_get(pool, (struct sockaddr *)&plain, sizeof(plain), -1);
	assert_int_equal(own_port6(fd), port);
	nsk_pool_put(pool, fd);
	fd = nsk_pool_get(pool, (struct sockaddr *)&odd, sizeof(odd), -1);
	assert_int_equal(own_port6(fd), port);
	nsk_close(fd);
	nsk_pool_free(pool);
	nsk_close(listener);
}

static void what_is_over_or_has_something_unread_is_not_used_again(void **state)
{
	int listener = listener_of(*state, 80);
	struct nsk_pool *pool = nsk_pool_new(8, -1);
	int fd[2], child[2];

	for (unsigned i = 0; i < 2; i++) {
		fd[i] = get_from(pool, 80);
		child[i] = nsk_accept(listener, NULL, NULL);
	}
	nsk_pool_put(pool, fd[0]);
	nsk_pool_put(pool, fd[1]);
	nsk_close(child[0]);
	assert_int_equal(nsk_send(child[1], "x", 1, 0), 1);
	crew_until_readable(fd[0]);
	crew_until_readable(fd[1]);
	assert_true(get_from(pool, 80) >= 0);
	nsk_close(nsk_accept(listener, NULL, NULL)); /* a new one has come */
	nsk_pool_put(pool, 12345);		     /* no descriptor at all */
	nsk_pool_free(pool);
	nsk_close(listener);
}

static void a_pool_has_limits(void **state)
{
	int listener = listener_of(*state, 80);
	struct nsk_pool *pool = nsk_pool_new(1, 0);
	int one = get_from(pool, 80), two = get_from(pool, 80);
	struct sockaddr_in nobody = crew_address(8, 80);

	assert_fails(nsk_pool_get(pool, (struct sockaddr *)&nobody, sizeof(nobody), 20), ETIMEDOUT);
	assert_fails(nsk_pool_get(pool, NULL, 0, 20), EFAULT);
	nsk_pool_put(pool, one);
	nsk_pool_put(pool, two);
	assert_fails(nsk_fcntl(one, F_GETFL), EBADF);
	one = get_from(pool, 80); /* none may wait at all */
	assert_fails(nsk_fcntl(two == one ? -1 : two, F_GETFL), EBADF);
	nsk_close(one);
	nsk_pool_free(pool);
	nsk_pool_free(NULL);
	errno = 0;
	assert_null(nsk_pool_new(0, -1));
	assert_int_equal(errno, EINVAL);
	nsk_close(listener);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_connection_is_made_refused_or_late),
		T(names_are_asked_for_as_ever),
		T(an_answer_is_waited_for_with_everything_else),
		T(a_question_may_be_given_up),
		T(connections_are_used_again_by_their_address),
		T(an_ipv6_address_is_the_same_whatever_stands_beside_it),
		T(what_is_over_or_has_something_unread_is_not_used_again),
		T(a_pool_has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
