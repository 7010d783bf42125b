/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams and datagrams of both families through whole stacks: loss, cookies, several workers,
 * connections that move, a socket that speaks first one family and then the other.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/world.h"

#define PORT	80
#define WORKERS 3

static const char *const server[] = {"::ffff:10.0.0.2", "2001:db8::2"};

static struct sockaddr_in6 address(const char *text, uint16_t port)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	assert_int_equal(inet_pton(AF_INET6, text, &sin6.sin6_addr), 1);
	return sin6;
}

static int fresh(int type)
{
	int fd = nsk_socket(AF_INET6, type | SOCK_NONBLOCK, 0);

	assert_true(fd >= NSK_FD_BASE);
	return fd;
}

/* Bound to [::] where the thread is. */
static int bound(int type, uint16_t port)
{
	struct sockaddr_in6 any = address("::", port);
	int fd = fresh(type);

	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	return fd;
}

static int listener(struct world *world)
{
	int fd;

	world_enter(world, 1);
	fd = bound(SOCK_STREAM, PORT);
	assert_int_equal(nsk_listen(fd, 64), 0);
	return fd;
}

static void begin(int fd, const char *to)
{
	struct sockaddr_in6 sin6 = address(to, PORT);

	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)), -1);
	assert_int_equal(errno, EINPROGRESS);
}

static void finish(struct world *world, int fd)
{
	world_wait(world, fd, POLLOUT, MINUTE);
	assert_int_equal(world_sock_error(fd), 0);
}

static void expect_peer(int fd, const char *text)
{
	struct sockaddr_in6 sin6;
	socklen_t len = sizeof(sin6);
	char name[INET6_ADDRSTRLEN];

	assert_int_equal(nsk_getpeername(fd, (struct sockaddr *)&sin6, &len), 0);
	assert_int_equal(len, sizeof(sin6));
	assert_string_equal(inet_ntop(AF_INET6, &sin6.sin6_addr, name, sizeof(name)), text);
}

static void over(struct world *world)
{
	world_run(world, 3 * MINUTE, NULL, NULL);
	for (unsigned h = 0; h < 2; h++) {
		assert_true(world_all_closed(world, h));
		world_pool_complete(world, h);
	}
	world_end(world);
}

/* So many octets from fd[0] to fd[1], one step at a time. */
static void transfer(struct world *world, const int fd[2], size_t total)
{
	static uint8_t out[65536], in[65536];

	for (size_t done = 0; done < total; done += sizeof(out)) {
		world_fill(out, sizeof(out), done, 7);
		world_send(world, fd[0], out, sizeof(out));
		world_recv(world, fd[1], in, sizeof(in));
		assert_memory_equal(in, out, sizeof(in));
	}
}

/* A connection to a listener of both families, by IPv4 (0) or by IPv6. */
static void connect_by(struct world *world, int l, int six, int fd[2])
{
	world_enter(world, 0);
	fd[0] = fresh(SOCK_STREAM);
	begin(fd[0], server[six]);
	finish(world, fd[0]);
	fd[1] = world_accept(world, l);
	expect_peer(fd[1], six ? "2001:db8::1" : "::ffff:10.0.0.1");
}

/* ---- one worker ---- */

static void both_families_carry_what_they_lose_on_the_way(void **state)
{
	struct world world;
	int l;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 3,
						  .six = true,
						  .wire = {.delay_ns = MS, .loss_ppm = 20000}});
	l = listener(&world);
	for (int i = 0; i < 2; i++) {
		int fd[2];

		connect_by(&world, l, i, fd);
		transfer(&world, fd, 1 << 20);
		assert_int_equal(world_getsockopt(fd[0], IPPROTO_TCP, TCP_MAXSEG),
				 1500 - (i ? 40 : 20) - 20 - 12);
		nsk_close(fd[0]);
		nsk_close(fd[1]);
	}
	nsk_close(l);
	over(&world);
}

static void a_cookie_brings_back_either_family(void **state)
{
	static const char *const settings[] = {"tcp.syncookies=2", NULL};
	struct world world;
	int l;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 4, .six = true, .settings = settings});
	l = listener(&world);
	for (int i = 0; i < 2; i++) {
		int fd[2];

		connect_by(&world, l, i, fd);
		transfer(&world, fd, 65536);
		nsk_close(fd[0]);
		nsk_close(fd[1]);
	}
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_COOKIES_ACCEPTED), 2);
	nsk_close(l);
	over(&world);
}

/* The other family after a refusal, and after a peer was left. */
static void one_socket_speaks_one_family_after_the_other(void **state)
{
	struct sockaddr_in6 sin6;
	struct world world;
	int l, fd[2];

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 5, .six = true});
	world_enter(&world, 0);
	fd[0] = fresh(SOCK_STREAM);
	for (int i = 0; i < 4; i++) {
		begin(fd[0], server[i % 2]);
		world_wait(&world, fd[0], POLLOUT, MINUTE);
		sin6 = address(server[i % 2], PORT);
		assert_int_equal(nsk_connect(fd[0], (struct sockaddr *)&sin6, sizeof(sin6)), -1);
		assert_int_equal(errno, ECONNREFUSED);
	}
	l = listener(&world);
	for (int i = 0; i < 4; i++) {
		begin(fd[0], server[i % 2]);
		finish(&world, fd[0]);
		fd[1] = world_accept(&world, l);
		expect_peer(fd[0], server[i % 2]);
		transfer(&world, fd, 65536);
		assert_int_equal(nsk_connect(fd[0], &(struct sockaddr){.sa_family = AF_UNSPEC},
					     sizeof(struct sockaddr)),
				 0);
		nsk_close(fd[1]);
	}
	nsk_close(fd[0]);
	nsk_close(l);
	over(&world);
}

/* ---- several workers ---- */

static int on_worker(struct world *world, unsigned h, unsigned index, int (*make)(void))
{
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(world->host[h], index), 0);
	fd = make();
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

static int make_stream(void)
{
	return fresh(SOCK_STREAM);
}

static int make_listener(void)
{
	int fd = fresh(SOCK_STREAM), one = 1;
	struct sockaddr_in6 any = address("::", PORT);

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(nsk_listen(fd, 64), 0);
	return fd;
}

/* The worker whose listener has one. */
static int accept_any(struct world *world, const int l[WORKERS])
{
	struct pollfd p[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		p[i] = (struct pollfd){.fd = l[i], .events = POLLIN};
	for (uint64_t end = world->now_ns + MINUTE; nsk_poll(p, WORKERS, 0) == 0;) {
		assert_true(world->now_ns < end);
		world_step(world, end);
	}
	for (int i = 0; i < WORKERS; i++)
		if (p[i].revents)
			return nsk_accept4(l[i], NULL, NULL, SOCK_NONBLOCK);
	return -1;
}

/* An active open's port brings its answers to the worker that opens: none is handed on. */
static void a_port_leads_back_to_its_worker(void **state)
{
	struct world world;
	int l[WORKERS];

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 6, .six = true, .workers = {3, WORKERS}});
	for (unsigned i = 0; i < WORKERS; i++)
		l[i] = on_worker(&world, 1, i, make_listener);
	for (unsigned i = 0; i < 30; i++) {
		int fd[2];

		fd[0] = on_worker(&world, 0, i % 3, make_stream);
		begin(fd[0], server[1]);
		finish(&world, fd[0]);
		fd[1] = accept_any(&world, l);
		assert_int_equal(nsk_worker_of(fd[0]), i % 3);
		transfer(&world, fd, 65536);
		/* And when one of them lives elsewhere. */
		assert_int_equal(nsk_migrate(fd[1], (unsigned)(nsk_worker_of(fd[1]) + 1) % WORKERS),
				 0);
		assert_int_equal(nsk_migrate(fd[0], (i + 1) % 3), 0);
		expect_peer(fd[0], "2001:db8::2");
		transfer(&world, fd, 65536);
		nsk_close(fd[0]);
		nsk_close(fd[1]);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		nsk_close(l[i]);
	over(&world);
}

static int make_datagrams(void)
{
	return fresh(SOCK_DGRAM);
}

static int make_bound(void)
{
	return bound(SOCK_DGRAM, PORT);
}

/* Connected datagram sockets of all workers and both families to one that lives on one worker. */
static void datagrams_find_their_worker(void **state)
{
	struct world world;
	int at;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 7, .six = true, .workers = {3, WORKERS}});
	at = on_worker(&world, 1, 2, make_bound);
	for (unsigned i = 0; i < 12; i++) {
		int fd = on_worker(&world, 0, i % 3, make_datagrams);
		struct sockaddr_in6 to = address(server[i / 3 % 2], PORT), from;
		socklen_t len = sizeof(from);
		char byte = (char)i;

		assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
		assert_int_equal(nsk_send(fd, &byte, 1, 0), 1);
		world_wait(&world, at, POLLIN, MINUTE);
		assert_int_equal(nsk_recvfrom(at, &byte, 1, 0, (struct sockaddr *)&from, &len), 1);
		assert_int_equal(byte, i);
		assert_int_equal(nsk_sendto(at, &byte, 1, 0, (struct sockaddr *)&from, len), 1);
		world_wait(&world, fd, POLLIN, MINUTE);
		assert_int_equal(nsk_recv(fd, &byte, 1, 0), 1);
		nsk_close(fd);
	}
	nsk_close(at);
	over(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(both_families_carry_what_they_lose_on_the_way),
		world_test(a_cookie_brings_back_either_family),
		world_test(one_socket_speaks_one_family_after_the_other),
		world_test(a_port_leads_back_to_its_worker),
		world_test(datagrams_find_their_worker),
	};

	return world_main(tests);
}
