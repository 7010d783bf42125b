/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host says to itself: by 127.0.0.0/8, ::1, its own addresses, and the unspecified one.
 * Nothing of it is on the wire, and nothing off the wire comes in by such an address. RFC 1122
 * §3.2.1.3 (g), RFC 4291 §2.5.3.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/name.h"
#include "sim/pair.h"
#include "sim/peer.h"

#define PORT 80

/* Host 0 of a pair has both; none of these is on the wire. */
static const char *const selves[] = {
	"127.0.0.1", "127.9.8.7", "10.0.0.1", "0.0.0.0", "::1", "2001:db8::1", "::",
};

static int bound(const char *text, int type, uint16_t port)
{
	struct name n = name_of(text, port);
	int fd = name_socket(&n, type);

	assert_int_equal(nsk_bind(fd, &n.any, n.len), 0);
	return fd;
}

static int listener_at(const char *text, uint16_t port)
{
	int fd = bound(text, SOCK_STREAM, port);

	assert_int_equal(nsk_listen(fd, 16), 0);
	return fd;
}

static const char *everybody(const char *like)
{
	return strchr(like, ':') ? "::" : "0.0.0.0";
}

/* 0 or the error. */
static int connect_to(int fd, const char *text, uint16_t port)
{
	struct name n = name_of(text, port);

	return nsk_connect(fd, &n.any, n.len) == 0 ? 0 : errno;
}

static int connected_to(struct world *world, const char *text, uint16_t port)
{
	struct name n = name_of(text, port);
	int fd = name_socket(&n, SOCK_STREAM);

	assert_int_equal(connect_to(fd, text, port), EINPROGRESS);
	world_wait(world, fd, POLLOUT, MINUTE);
	assert_int_equal(world_sock_error(fd), 0);
	return fd;
}

static const char *shown(const struct name *n, char *text)
{
	const void *a = n->any.sa_family == AF_INET ? (const void *)&n->four.sin_addr
						    : (const void *)&n->six.sin6_addr;

	return inet_ntop(n->any.sa_family, a, text, INET6_ADDRSTRLEN);
}

static void assert_names(int fd, const char *own, const char *peer)
{
	struct name n = {.len = sizeof(n.six)};
	char text[INET6_ADDRSTRLEN];

	assert_int_equal(nsk_getsockname(fd, &n.any, &n.len), 0);
	assert_string_equal(shown(&n, text), own);
	n.len = sizeof(n.six);
	assert_int_equal(nsk_getpeername(fd, &n.any, &n.len), 0);
	assert_string_equal(shown(&n, text), peer);
}

struct before {
	uint64_t packets; /* host 1 has received */
	uint64_t drops;	  /* of host 0 */
};

/* Two hosts that know each other, so that what is on the wire from now on is the test's. */
static struct before start(struct world *world, unsigned workers, const char *const *settings)
{
	world_pair(world,
		   &(struct world_params){
			   .seed = 3, .settings = settings, .workers = {workers, 1}, .six = true});
	pair_acquaint(world);
	world_run(world, 10 * SEC, NULL, NULL);
	world_enter(world, 0);
	return (struct before){world_counter(world, 1, NSK_CNT_RX_PACKETS),
			       world_drops_all(world, 0)};
}

static void assert_wire_quiet(struct world *world, struct before before)
{
	assert_int_equal(world_counter(world, 1, NSK_CNT_RX_PACKETS), before.packets);
}

/* Turns with both ends of a stream until all has come. */
static void transfer(struct world *world, int from, int to, size_t total)
{
	static uint8_t out[100000], in[100000], want[100000];
	size_t sent = 0, got = 0;

	while (got < total) {
		ssize_t n;

		world_fill(out, sizeof(out), sent, 7);
		n = sent < total ? nsk_send(from, out, NSK_MIN(sizeof(out), total - sent), 0) : 0;
		sent += n > 0 ? (size_t)n : 0;
		n = nsk_recv(to, in, sizeof(in), 0);
		if (n > 0) {
			world_fill(want, (size_t)n, got, 7);
			assert_memory_equal(in, want, (size_t)n);
			got += (size_t)n;
		}
		assert_true(world_step(world, UINT64_MAX));
	}
}

static void close_all(const int *fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(nsk_close(fd[i]), 0);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static void streams_to_each_name_of_oneself_carry_octets_both_ways(void **state)
{
	struct world world;
	struct before before;

	(void)state;
	before = start(&world, 1, NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(selves); i++) {
		int fd[3];

		fd[2] = listener_at(everybody(selves[i]), PORT);
		fd[0] = connected_to(&world, selves[i], PORT);
		fd[1] = world_accept(&world, fd[2]);
		transfer(&world, fd[0], fd[1], 3000000);
		transfer(&world, fd[1], fd[0], 300000);
		close_all(fd, 3);
	}
	assert_wire_quiet(&world, before);
	assert_int_equal(world_drops_all(&world, 0), before.drops);
	pair_finish(&world);
}

/* Nothing that has to wait for a timer is in the way: a stream of 16 MB takes no virtual time. */
static void a_stream_to_oneself_does_not_wait(void **state)
{
	struct world world;
	uint64_t at_ns;
	int fd[3];

	(void)state;
	start(&world, 1, NULL);
	fd[2] = listener_at("127.0.0.1", PORT);
	fd[0] = connected_to(&world, "127.0.0.1", PORT);
	fd[1] = world_accept(&world, fd[2]);
	at_ns = world.now_ns;
	transfer(&world, fd[0], fd[1], 16000000);
	assert_in_range(world.now_ns - at_ns, 0, 50 * MS);
	close_all(fd, 3);
	pair_finish(&world);
}

static void the_source_is_the_address_that_was_meant_or_the_first_loopback(void **state)
{
	static const struct {
		const char *to, *source, *peer;
	} cases[] = {
		{"127.0.0.1", "127.0.0.1", "127.0.0.1"},
		{"127.9.8.7", "127.0.0.1", "127.9.8.7"},
		{"10.0.0.1", "10.0.0.1", "10.0.0.1"},
		{"0.0.0.0", "127.0.0.1", "127.0.0.1"},
		{"::1", "::1", "::1"},
		{"::", "::1", "::1"},
		{"2001:db8::1", "2001:db8::1", "2001:db8::1"},
	};
	struct world world;

	(void)state;
	start(&world, 1, NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		int fd[3];

		fd[2] = listener_at(everybody(cases[i].to), PORT);
		fd[0] = connected_to(&world, cases[i].to, PORT);
		fd[1] = world_accept(&world, fd[2]);
		assert_names(fd[0], cases[i].source, cases[i].peer);
		assert_names(fd[1], cases[i].peer, cases[i].source);
		close_all(fd, 3);
	}
	pair_finish(&world);
}

/* As Linux: a bound socket that connects to nobody connects to its own address. */
static void nobody_is_the_bound_address_where_there_is_one(void **state)
{
	struct world world;
	int fd[2];

	(void)state;
	start(&world, 1, NULL);
	fd[0] = listener_at("10.0.0.1", PORT);
	fd[1] = bound("10.0.0.1", SOCK_STREAM, 0);
	assert_int_equal(connect_to(fd[1], "0.0.0.0", PORT), EINPROGRESS);
	world_wait(&world, fd[1], POLLOUT, MINUTE);
	assert_names(fd[1], "10.0.0.1", "10.0.0.1");
	close_all(fd, 2);
	pair_finish(&world);
}

static void a_port_without_listener_refuses_at_once(void **state)
{
	struct world world;
	uint64_t at_ns;

	(void)state;
	start(&world, 1, NULL);
	at_ns = world.now_ns;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(selves); i++) {
		struct name n = name_of(selves[i], PORT);
		int fd = name_socket(&n, SOCK_STREAM);

		assert_int_equal(connect_to(fd, selves[i], PORT), EINPROGRESS);
		world_wait(&world, fd, POLLOUT, MINUTE);
		assert_int_equal(world_sock_error(fd), ECONNREFUSED);
		nsk_close(fd);
	}
	assert_int_equal(world.now_ns, at_ns);
	pair_finish(&world);
}

/* RFC 9293 §3.5, figure 8, with one end: as in Linux a socket can be connected to itself. */
static void a_socket_connects_to_itself(void **state)
{
	static const char *const own[] = {"127.0.0.1", "10.0.0.1", "::1"};
	struct world world;
	char text[6];

	(void)state;
	start(&world, 1, NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(own); i++) {
		int fd = bound(own[i], SOCK_STREAM, 4000);

		assert_int_equal(connect_to(fd, own[i], 4000), EINPROGRESS);
		world_wait(&world, fd, POLLOUT, MINUTE);
		assert_int_equal(world_sock_error(fd), 0);
		assert_names(fd, own[i], own[i]);
		world_send(&world, fd, "itself", 6);
		world_recv(&world, fd, text, 6);
		assert_memory_equal(text, "itself", 6);
		assert_int_equal(nsk_shutdown(fd, SHUT_WR), 0);
		world_expect_eof(&world, fd);
		nsk_close(fd);
	}
	pair_finish(&world);
}

/* RFC 1122 §3.2.1.3 (g): nothing with such a source leaves. Linux says EINVAL too. */
static void a_loopback_source_goes_nowhere_else(void **state)
{
	static const char *const pairs[][2] = {{"127.0.0.1", "10.0.0.2"}, {"::1", "2001:db8::2"}};
	struct world world;
	struct before before;

	(void)state;
	before = start(&world, 1, NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(pairs); i++) {
		struct name to = name_of(pairs[i][1], PORT);
		int tcp = bound(pairs[i][0], SOCK_STREAM, 0);
		int udp = bound(pairs[i][0], SOCK_DGRAM, 0);

		assert_int_equal(connect_to(tcp, pairs[i][1], PORT), EINVAL);
		assert_int_equal(nsk_sendto(udp, "x", 1, 0, &to.any, to.len), -1);
		assert_int_equal(errno, EINVAL);
		nsk_close(tcp);
		nsk_close(udp);
	}
	world_run(&world, SEC, NULL, NULL);
	assert_wire_quiet(&world, before);
	world_end(&world);
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static void expect_datagram(struct world *world, int fd, const void *data, size_t len)
{
	static uint8_t in[65536];

	world_wait(world, fd, POLLIN, MINUTE);
	assert_int_equal(nsk_recv(fd, in, sizeof(in), 0), len);
	assert_memory_equal(in, data, len);
}

static void datagrams_to_each_name_of_oneself_arrive(void **state)
{
	static uint8_t data[65536];
	static const size_t sizes[] = {0, 1, 1472, 20000, 65488};
	struct world world;
	struct before before;

	(void)state;
	before = start(&world, 1, NULL);
	world_fill(data, sizeof(data), 0, 3);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(selves); i++) {
		struct name to = name_of(selves[i], 7);
		int fd[2] = {bound(everybody(selves[i]), SOCK_DGRAM, 7),
			     name_socket(&to, SOCK_DGRAM)};

		for (unsigned k = 0; k < NSK_ARRAY_LEN(sizes); k++) {
			assert_int_equal(nsk_sendto(fd[1], data, sizes[k], 0, &to.any, to.len),
					 sizes[k]);
			expect_datagram(&world, fd[0], data, sizes[k]);
		}
		assert_int_equal(nsk_connect(fd[1], &to.any, to.len), 0);
		assert_int_equal(nsk_send(fd[1], data, 5, 0), 5);
		expect_datagram(&world, fd[0], data, 5);
		close_all(fd, 2);
	}
	assert_wire_quiet(&world, before);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_IP_FRAG_CREATES), 0);
	world_end(&world);
}

/* That of IPv6 is longer than lo takes: as in Linux it goes in fragments. */
static void the_longest_datagrams_arrive(void **state)
{
	static uint8_t data[65527];
	struct name to = name_of("::1", 7);
	struct world world;
	int fd[2];

	(void)state;
	start(&world, 1, NULL);
	fd[0] = bound("::", SOCK_DGRAM, 7);
	fd[1] = name_socket(&to, SOCK_DGRAM);
	world_fill(data, sizeof(data), 0, 3);
	assert_int_equal(nsk_sendto(fd[1], data, sizeof(data), 0, &to.any, to.len), sizeof(data));
	expect_datagram(&world, fd[0], data, sizeof(data));
	to = name_of("127.0.0.1", 7);
	nsk_close(fd[1]);
	fd[1] = name_socket(&to, SOCK_DGRAM);
	assert_int_equal(nsk_sendto(fd[1], data, 65507, 0, &to.any, to.len), 65507);
	expect_datagram(&world, fd[0], data, 65507);
	close_all(fd, 2);
	world_end(&world);
}

static void datagrams_to_a_port_without_socket_are_refused(void **state)
{
	struct world world;

	(void)state;
	start(&world, 1, NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(selves); i++) {
		struct name to = name_of(selves[i], 9);
		int fd = name_socket(&to, SOCK_DGRAM);

		assert_int_equal(nsk_connect(fd, &to.any, to.len), 0);
		assert_int_equal(nsk_send(fd, "x", 1, 0), 1);
		world_wait(&world, fd, POLLERR, MINUTE);
		assert_int_equal(world_sock_error(fd), ECONNREFUSED);
		nsk_close(fd);
	}
	world_end(&world);
}

static void one_can_ping_oneself(void **state)
{
	static const char *const own[] = {"127.0.0.1", "127.9.8.7", "10.0.0.1", "0.0.0.0"};
	struct icmphdr echo = {.type = ICMP_ECHO, .un.echo.sequence = 5}, reply;
	struct world world;

	(void)state;
	start(&world, 1, NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(own); i++) {
		struct name to = name_of(own[i], 0);
		int fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_ICMP);

		assert_int_equal(nsk_sendto(fd, &echo, sizeof(echo), 0, &to.any, to.len),
				 sizeof(echo));
		world_wait(&world, fd, POLLIN, MINUTE);
		assert_int_equal(nsk_recv(fd, &reply, sizeof(reply), 0), sizeof(reply));
		assert_int_equal(reply.type, ICMP_ECHOREPLY);
		assert_int_equal(reply.un.echo.sequence, 5);
		nsk_close(fd);
	}
	world_end(&world);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* What one turn sends to itself is bounded: more has to wait for the next one. */
static void too_many_at_once_have_to_wait(void **state)
{
	struct name to = name_of("127.0.0.1", 7);
	unsigned got = 0, sent = 0;
	struct before before;
	struct world world;
	uint8_t byte;
	int fd[2];

	(void)state;
	before = start(&world, 1, (const char *const[]){"pool.buffers=8191", NULL});
	fd[0] = bound("127.0.0.1", SOCK_DGRAM, 7);
	fd[1] = name_socket(&to, SOCK_DGRAM);
	world_setsockopt(fd[0], SOL_SOCKET, SO_RCVBUF, 1 << 22);
	while (nsk_sendto(fd[1], "x", 1, 0, &to.any, to.len) == 1)
		assert_true(++sent < 1000);
	assert_int_equal(errno, EAGAIN);
	world_wait(&world, fd[1], POLLOUT, SEC);
	assert_int_equal(nsk_sendto(fd[1], "x", 1, 0, &to.any, to.len), 1);
	world_settle(&world);
	while (nsk_recv(fd[0], &byte, 1, 0) == 1)
		got++;
	assert_in_range(sent, 64, 999);
	assert_int_equal(got, sent + 1);
	assert_int_equal(world_drops_all(&world, 0), before.drops);
	close_all(fd, 2);
	world_end(&world);
}

/* A worker that has something for itself has work: nobody waits for a packet from outside. */
static void a_turn_says_that_it_is_to_go_on(void **state)
{
	struct name to = name_of("127.0.0.1", 7);
	struct world world;
	int fd[2];

	(void)state;
	start(&world, 1, NULL);
	world_settle(&world);
	fd[0] = bound("127.0.0.1", SOCK_DGRAM, 7);
	fd[1] = name_socket(&to, SOCK_DGRAM);
	assert_int_equal(nsk_sendto(fd[1], "x", 1, 0, &to.any, to.len), 1);
	assert_true(nsk_turn(world.host[0]) <= world.now_ns); /* it has left */
	assert_true(nsk_turn(world.host[0]) > world.now_ns);  /* it has come */
	expect_datagram(&world, fd[0], "x", 1);
	close_all(fd, 2);
	world_end(&world);
}

static void an_interface_that_is_down_carries_nothing(void **state)
{
	struct name to = name_of("127.0.0.1", 7);
	struct world world;
	int fd[2];

	(void)state;
	start(&world, 1, NULL);
	fd[0] = bound("127.0.0.1", SOCK_DGRAM, 7);
	fd[1] = name_socket(&to, SOCK_DGRAM);
	assert_int_equal(nsk_sendto(fd[1], "x", 1, 0, &to.any, to.len), 1);
	nsk_turn(world.host[0]); /* on its way */
	assert_int_equal(nsk_iface_set(world.host[0], "lo", false), 0);
	assert_int_equal(world_drops(&world, 0, NSK_DROP_RX_IFACE_DOWN), 1);
	assert_int_equal(nsk_sendto(fd[1], "y", 1, 0, &to.any, to.len), -1);
	assert_int_equal(errno, ENETDOWN);
	assert_int_equal(nsk_iface_set(world.host[0], "lo", true), 0);
	assert_int_equal(nsk_sendto(fd[1], "z", 1, 0, &to.any, to.len), 1);
	expect_datagram(&world, fd[0], "z", 1);
	close_all(fd, 2);
	world_end(&world);
}

/* ---- addresses of its own, others ------------------------------------------------------------ */

/* An address that is to be reached whatever becomes of a link. */
static void an_address_may_be_lo_s_and_others_reach_it(void **state)
{
	const struct nsk_route via = {.destination = "192.0.2.1/32", .gateway = "10.0.0.1"};
	struct world world;
	int fd[3];

	(void)state;
	start(&world, 1, NULL);
	assert_int_equal(
		nsk_addr_add(world.host[0], "lo", "192.0.2.1/24", NSK_FOREVER, NSK_FOREVER), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(
		nsk_addr_add(world.host[0], "lo", "192.0.2.1/32", NSK_FOREVER, NSK_FOREVER), 0);
	assert_int_equal(nsk_route_add(world.host[1], &via, false), 0);
	fd[2] = listener_at("192.0.2.1", PORT);
	world_enter(&world, 1);
	fd[0] = connected_to(&world, "192.0.2.1", PORT);
	fd[1] = world_accept(&world, fd[2]);
	transfer(&world, fd[0], fd[1], 100000);
	assert_names(fd[1], "192.0.2.1", "10.0.0.2");
	close_all(fd, 3);
	assert_int_equal(nsk_addr_del(world.host[0], "lo", "192.0.2.1/32"), 0);
	assert_int_equal(nsk_addr_del(world.host[0], "lo", "127.0.0.1/8"), -1);
	assert_int_equal(errno, EINVAL);
	pair_finish(&world);
}

static void routes_to_lo_are_none_but_look_ups_name_it(void **state)
{
	const struct nsk_route bad = {.destination = "192.0.2.0/24", .iface = "lo"};
	struct nsk_route r;
	struct world world;

	(void)state;
	start(&world, 1, NULL);
	assert_int_equal(nsk_route_add(world.host[0], &bad, false), -1);
	assert_int_equal(errno, EINVAL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(selves); i++) {
		if (strcmp(selves[i], everybody(selves[i])) == 0)
			continue;
		assert_int_equal(nsk_route_get(world.host[0], selves[i], &r), 0);
		assert_string_equal(r.iface, "lo");
	}
	world_end(&world);
}

/* Even where 127.0.0.1 is the only address there is, and the host a router. */
static void what_comes_for_loopback_off_the_wire_is_dropped(void **state)
{
	static struct peer peer;
	uint8_t byte;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		int fd;

		peer = (struct peer){.ip_only = i};
		peer_start(&peer, (const char *const[]){"ip.forward=true", NULL});
		world_enter(&peer.world, 0);
		fd = bound("127.0.0.1", SOCK_DGRAM, 9);
		assert_int_equal(nsk_addr_del(peer.world.host[0], "callback0", "10.0.0.1/24"), 0);
		peer_udp(&peer, &(struct udp_spec){.ip.dst = 0x7f000001, .dport = 9});
		peer_udp(&peer, &(struct udp_spec){.ip.dst = 0x7f090807, .dport = 9});
		assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_IP_MARTIAN_DEST), 2);
		peer_udp(&peer, &(struct udp_spec){.ip = {.src = 0x7f000001, .dst = 0x7f000001},
						   .dport = 9});
		assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_IP_MARTIAN_SOURCE), 1);
		assert_int_equal(nsk_recv(fd, &byte, 1, 0), -1);
		peer_expect_silence(&peer);
		nsk_close(fd);
		peer_end(&peer);
	}
}

/* ---- several workers ------------------------------------------------------------------------- */

static int on_worker(struct world *world, unsigned index, int (*make)(const char *, uint16_t),
		     const char *text)
{
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(world->host[0], index), 0);
	fd = make(text, PORT);
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

static int client_to(const char *text, uint16_t port)
{
	struct name n = name_of(text, port);
	int fd = name_socket(&n, SOCK_STREAM);

	assert_int_equal(connect_to(fd, text, port), EINPROGRESS);
	return fd;
}

static int udp_at(const char *text, uint16_t port)
{
	return bound(text, SOCK_DGRAM, port);
}

static void workers_speak_with_each_other(void **state)
{
	static const char *const own[] = {"127.0.0.1", "10.0.0.1", "::1"};
	struct world world;
	struct before before;

	(void)state;
	before = start(&world, 3, NULL);
	for (unsigned i = 0; i < 9; i++) {
		const char *to = own[i / 3];
		int fd[3];

		fd[2] = on_worker(&world, 1, listener_at, everybody(to));
		fd[0] = on_worker(&world, i % 3, client_to, to);
		world_wait(&world, fd[0], POLLOUT, MINUTE);
		assert_int_equal(world_sock_error(fd[0]), 0);
		fd[1] = world_accept(&world, fd[2]);
		transfer(&world, fd[0], fd[1], 1000000);
		transfer(&world, fd[1], fd[0], 100000);
		close_all(fd, 3);
	}
	for (unsigned i = 0; i < 3; i++) {
		struct name n = name_of("127.0.0.1", PORT);
		int fd[2];

		fd[0] = on_worker(&world, 2, udp_at, "0.0.0.0");
		nsk_enter(NULL);
		assert_int_equal(nsk_attach(world.host[0], i), 0);
		fd[1] = name_socket(&n, SOCK_DGRAM);
		assert_int_equal(nsk_detach(), 0);
		assert_int_equal(nsk_sendto(fd[1], "across", 6, 0, &n.any, n.len), 6);
		expect_datagram(&world, fd[0], "across", 6);
		close_all(fd, 2);
	}
	assert_wire_quiet(&world, before);
	assert_int_equal(world_drops_all(&world, 0), before.drops);
	pair_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(streams_to_each_name_of_oneself_carry_octets_both_ways),
		world_test(a_stream_to_oneself_does_not_wait),
		world_test(the_source_is_the_address_that_was_meant_or_the_first_loopback),
		world_test(nobody_is_the_bound_address_where_there_is_one),
		world_test(a_port_without_listener_refuses_at_once),
		world_test(a_socket_connects_to_itself),
		world_test(a_loopback_source_goes_nowhere_else),
		world_test(datagrams_to_each_name_of_oneself_arrive),
		world_test(the_longest_datagrams_arrive),
		world_test(datagrams_to_a_port_without_socket_are_refused),
		world_test(one_can_ping_oneself),
		world_test(too_many_at_once_have_to_wait),
		world_test(a_turn_says_that_it_is_to_go_on),
		world_test(an_interface_that_is_down_carries_nothing),
		world_test(an_address_may_be_lo_s_and_others_reach_it),
		world_test(routes_to_lo_are_none_but_look_ups_name_it),
		world_test(what_comes_for_loopback_off_the_wire_is_dropped),
		world_test(workers_speak_with_each_other),
	};

	return world_main(tests);
}
