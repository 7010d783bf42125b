/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack of several workers behind a port with one queue: what they share, and that a flow is good
 * whichever of them it comes to.
 */
#include <errno.h>
#include <netinet/in.h>

#include "mbuf/shared.h"
#include "sim/world.h"
#include "sock/handle.h"
#include "stack/stack.h"
#include "tcp/embryo.h"
#include "tcp/output.h"
#include "tcp/way.h"
#include "tcpalg/cookie.h"

#define WORKERS 3

/* Host 0: one worker, the client. Host 1: several. */
struct many {
	struct world world;
};

static int many_up(void **state)
{
	static struct many many;
	struct world *world = &many.world;

	world_setup(state);
	world_pair(world, &(struct world_params){.seed = 1, .workers = {1, WORKERS}});
	world_settle(world);
	*state = &many;
	return 0;
}

static int many_down(void **state)
{
	struct many *many = *state;

	world_end(&many->world);
	return world_teardown(state);
}

static struct nsk_worker *worker(struct many *many, unsigned index)
{
	return &many->world.host[1]->worker[index]->w;
}

/* A listener on one of the workers. */
static int listener_on(struct many *many, unsigned index, uint16_t port)
{
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(many->world.host[1], index), 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_bind(fd,
				  (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET,
									   .sin_port = htons(port)},
				  sizeof(struct sockaddr_in)),
			 0);
	assert_int_equal(nsk_listen(fd, 64), 0);
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

/* ---- secrets ------------------------------------------------------------------------------- */

static struct pkt packet(uint8_t flags)
{
	struct pkt p = {.family = AF_INET, .tcp_flags = flags, .seq = 1000};

	store_be32(p.flow.src, HOST_A);
	store_be32(p.flow.dst, HOST_B);
	p.flow.sport_be = htons(4000);
	p.flow.dport_be = htons(80);
	p.opts.present = TCP_HAS_MSS;
	p.opts.mss = 1460;
	return p;
}

static uint32_t cookie_for(struct nsk_worker *w, const struct pkt *syn)
{
	const struct cookie_conn conn = {
		.tuple = &syn->flow, .len = sizeof(syn->flow), .peer_isn = syn->seq};
	const struct cookie_opts co = {.mss = 1460, .wscale = COOKIE_NO_WSCALE};

	return cookie_make(&w->tcp->jar, &conn, &co, NULL, w->now_ns);
}

static void a_cookie_of_one_worker_is_good_on_the_others(void **state)
{
	struct many *many = *state;
	int fd = listener_on(many, 0, 80);
	struct tcp_conn *l = conn_of_sock(handle_sock(handle_at(fd)));
	struct pkt syn = packet(TCP_SYN), ack = packet(TCP_ACK);
	struct tcp_embryo embryo;

	ack.seq = syn.seq + 1;
	ack.ack = cookie_for(worker(many, 0), &syn) + 1;
	for (unsigned i = 0; i < WORKERS; i++)
		assert_false(tcp_cookie_input(worker(many, i), &ack, &embryo)); /* none is out */
	tcp_cookie_send(worker(many, 0), l, &syn);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_true(tcp_cookie_input(worker(many, i), &ack, &embryo));
		assert_int_equal(embryo.peer_mss, 1460);
		ack.ack++;
		assert_false(tcp_cookie_input(worker(many, i), &ack, &embryo));
		ack.ack--;
	}
	assert_int_equal(nsk_close(fd), 0);
}

static void sequence_numbers_and_timestamps_are_those_of_the_stack(void **state)
{
	struct many *many = *state;
	struct pkt p = packet(TCP_SYN);
	uint32_t isn = tcp_isn(worker(many, 0), &p.flow, AF_INET);
	uint32_t offset = tcp_ts_offset(worker(many, 0), &p.flow, AF_INET);

	for (unsigned i = 1; i < WORKERS; i++) {
		assert_int_equal(tcp_isn(worker(many, i), &p.flow, AF_INET), isn);
		assert_int_equal(tcp_ts_offset(worker(many, i), &p.flow, AF_INET), offset);
	}
	/* Another stack has others, and each purpose its own. */
	assert_int_not_equal(tcp_isn(world_worker(&many->world, 0), &p.flow, AF_INET), isn);
	assert_memory_not_equal(&worker(many, 0)->tcp->isn_key, &worker(many, 0)->tcp->ts_key,
				sizeof(struct siphash_key));
}

/* ---- ports that one worker has bound ------------------------------------------------------- */

static int udp_on(struct many *many, unsigned index, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(many->world.host[1], index), 0);
	fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

static struct sockaddr_in to_host_b(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(HOST_B)};
}

static void datagram(struct many *many, int from, uint16_t port)
{
	struct sockaddr_in to = to_host_b(port);

	assert_int_equal(nsk_sendto(from, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	world_settle(&many->world);
}

static unsigned queued(int fd)
{
	char c;
	unsigned n = 0;

	while (nsk_recv(fd, &c, 1, 0) == 1)
		n++;
	return n;
}

static uint64_t users_of(struct many *many, uint16_t port)
{
	return many->world.host[1]->shared.port_users[SHARED_UDP][port];
}

#define SOURCES 24

static void a_datagram_socket_gets_all_that_comes_to_its_port(void **state)
{
	struct many *many = *state;
	struct world *world = &many->world;
	int fd = udp_on(many, 1, 53), from[SOURCES], second;

	for (unsigned i = 0; i < SOURCES; i++) {
		from[i] = world_udp(world, 0, "10.0.0.1", (uint16_t)(2000 + i));
		datagram(many, from[i], 53);
	}
	assert_int_equal(queued(fd), SOURCES);
	/* Where there are two, each worker that has one keeps its own. */
	second = udp_on(many, 2, 53);
	for (unsigned i = 0; i < SOURCES; i++)
		datagram(many, from[i], 53);
	assert_in_range(queued(second), 1, SOURCES - 1);
	assert_in_range(queued(fd), 1, SOURCES - 1);
	/* And when the first goes, the other gets all. */
	assert_int_equal(users_of(many, 53), 1 << 1 | 1 << 2);
	assert_int_equal(nsk_close(fd), 0);
	assert_int_equal(users_of(many, 53), 1 << 2);
	for (unsigned i = 0; i < SOURCES; i++)
		datagram(many, from[i], 53);
	assert_int_equal(queued(second), SOURCES);
	assert_int_equal(nsk_close(second), 0);
	assert_int_equal(users_of(many, 53), 0);
	assert_int_equal(world_drops(world, 1, NSK_DROP_UDP_NO_SOCKET), 0);
	for (unsigned i = 0; i < SOURCES; i++)
		datagram(many, from[i], 53);
	assert_int_equal(world_drops(world, 1, NSK_DROP_UDP_NO_SOCKET), SOURCES);
}

static void an_error_finds_the_socket_of_the_port(void **state)
{
	struct many *many = *state;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(HOST_A)};

	for (uint16_t i = 0; i < SOURCES; i++) {
		int fd = udp_on(many, i % WORKERS, (uint16_t)(3000 + i));

		to.sin_port = htons((uint16_t)(9000 + i)); /* nobody */
		assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
		assert_int_equal(nsk_send(fd, "x", 1, 0), 1);
		world_settle(&many->world);
		assert_int_equal(world_sock_error(fd), ECONNREFUSED);
		assert_int_equal(nsk_close(fd), 0);
	}
}

/* Several workers have the port: who asked for errors hears of them, wherever the flow belongs. */
static void an_error_goes_round_the_users_of_the_port(void **state)
{
	struct many *many = *state;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(HOST_A)};
	int fd[WORKERS], on = 1;

	for (unsigned i = 0; i < WORKERS; i++)
		fd[i] = udp_on(many, i, 3000);
	assert_int_equal(nsk_setsockopt(fd[2], IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	for (uint16_t i = 0; i < SOURCES; i++) {
		to.sin_port = htons((uint16_t)(9000 + i)); /* nobody */
		assert_int_equal(nsk_sendto(fd[2], "x", 1, 0, (struct sockaddr *)&to, sizeof(to)),
				 1);
		world_settle(&many->world);
		assert_int_equal(world_sock_error(fd[2]), ECONNREFUSED);
	}
	assert_int_equal(world_counter(&many->world, 1, NSK_CNT_ICMP_ERRORS_RECEIVED), SOURCES);
}

/* Whatever worker its segments come to; also when the listener is gone again. */
static void one_worker_may_listen_for_all(void **state)
{
	struct many *many = *state;
	struct world *world = &many->world;
	int listener = listener_on(many, 1, 80), fd[SOURCES], peer[SOURCES];
	char c;

	for (unsigned i = 0; i < SOURCES; i++) {
		fd[i] = world_connect(world, 0, "10.0.0.2", 80);
		peer[i] = world_accept(world, listener);
	}
	assert_int_equal(world_counter(world, 1, NSK_CNT_TCP_RST_SENT), 0);
	assert_int_equal(nsk_close(listener), 0);
	for (unsigned i = 0; i < SOURCES; i++) {
		world_send(world, fd[i], "x", 1);
		world_recv(world, peer[i], &c, 1);
		world_send(world, peer[i], "y", 1);
		world_recv(world, fd[i], &c, 1);
		assert_int_equal(nsk_close(peer[i]), 0);
		world_expect_eof(world, fd[i]);
		assert_int_equal(nsk_close(fd[i]), 0);
	}
	world_run(world, 5 * MINUTE, NULL, NULL);
	assert_true(world_all_closed(world, 1));
	assert_int_equal(world_counter(world, 1, NSK_CNT_TCP_RST_SENT), 0);
}

/* A second worker listens later: what came before goes on, what comes is shared. */
static void connections_stay_when_another_worker_begins_to_listen(void **state)
{
	struct many *many = *state;
	struct world *world = &many->world;
	int first = listener_on(many, 0, 80), second, fd[SOURCES], peer[SOURCES];
	struct linger linger = {.l_onoff = 1};
	char c;

	for (unsigned i = 0; i < SOURCES; i++) {
		fd[i] = world_connect(world, 0, "10.0.0.2", 80);
		peer[i] = world_accept(world, first);
	}
	second = listener_on(many, 2, 80);
	for (unsigned i = 0; i < SOURCES; i++) {
		world_send(world, fd[i], "x", 1);
		world_recv(world, peer[i], &c, 1);
		/* A reset finds it as well. */
		assert_int_equal(
			nsk_setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
		assert_int_equal(nsk_close(fd[i]), 0);
		world_settle(world);
		assert_int_equal(world_sock_error(peer[i]), ECONNRESET);
	}
	for (unsigned i = 0; i < SOURCES; i++)
		world_connect(world, 0, "10.0.0.2", 80);
	world_settle(world);
	assert_in_range(nsk_accept(second, NULL, NULL), NSK_FD_BASE, INT32_MAX);
	assert_in_range(nsk_accept(first, NULL, NULL), NSK_FD_BASE, INT32_MAX);
}

static void a_port_that_nobody_has_is_refused_once(void **state)
{
	struct many *many = *state;
	int listener = listener_on(many, 1, 80);

	assert_int_equal(nsk_close(listener), 0);
	for (unsigned i = 0; i < SOURCES; i++) {
		int fd = world_connect(&many->world, 0, "10.0.0.2", (uint16_t)(80 + i % 2));

		world_settle(&many->world);
		assert_int_equal(world_sock_error(fd), ECONNREFUSED);
		assert_int_equal(world_counter(&many->world, 1, NSK_CNT_TCP_RST_SENT), i + 1);
	}
	/* Each segment counts once, though workers hand them over. */
	assert_in_range(world_counter(&many->world, 1, NSK_CNT_STEERED), 1, 2 * SOURCES);
	assert_int_equal(world_counter(&many->world, 1, NSK_CNT_TCP_SEGMENTS_IN),
			 world_counter(&many->world, 0, NSK_CNT_TCP_SEGMENTS_OUT));
}

static void a_connection_may_go_out_from_any_port_of_its_own(void **state)
{
	struct many *many = *state;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(HOST_A)};
	int listener = world_listen(&many->world, 0, 80, 64);

	for (uint16_t i = 0; i < SOURCES; i++) {
		struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(5000 + i)};
		int fd;

		nsk_enter(NULL);
		assert_int_equal(nsk_attach(many->world.host[1], i % WORKERS), 0);
		fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_equal(nsk_bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
		assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), -1);
		assert_int_equal(errno, EINPROGRESS);
		assert_int_equal(nsk_detach(), 0);
		world_accept(&many->world, listener);
		world_settle(&many->world);
		assert_int_equal(world_sock_error(fd), 0);
	}
	assert_int_equal(world_levels(&many->world, 1).tcp_established, SOURCES);
}

/* ---- datagrams for many -----------------------------------------------------------------------
 */

#define GROUP 0xefc80101u

static int member_on(struct many *many, unsigned index, uint32_t group)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct ip_mreq m = {.imr_multiaddr = {htonl(group)}};
	int fd, on = 1;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(many->world.host[1], index), 0);
	fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	nsk_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	if (group)
		assert_int_equal(nsk_setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)),
				 0);
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

static void expect_each(const int *fd, unsigned n)
{
	for (unsigned i = 0; i < 2 * WORKERS; i++)
		assert_int_equal(queued(fd[i]), n);
}

/* Each socket hears each datagram once: two on each worker, whatever worker it comes to. */
static void everybody_hears_what_is_for_many_once_rfc1112_7_2(void **state)
{
	struct many *many = *state;
	struct world *world = &many->world;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(GROUP)};
	int fd[2 * WORKERS], from[SOURCES], on = 1;

	/* Only the first has joined: the others hear what the host hears, as in Linux. */
	for (unsigned i = 0; i < 2 * WORKERS; i++)
		fd[i] = member_on(many, i % WORKERS, i ? 0 : GROUP);
	for (uint16_t i = 0; i < SOURCES; i++) {
		from[i] = world_udp(world, 0, "10.0.0.1", (uint16_t)(2000 + i));
		nsk_setsockopt(from[i], SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
		assert_int_equal(nsk_sendto(from[i], "x", 1, 0, (struct sockaddr *)&to, sizeof(to)),
				 1);
		world_settle(world);
		expect_each(fd, 1);
	}
	to.sin_addr.s_addr = htonl(HOST_B | 0xff);
	for (uint16_t i = 0; i < SOURCES; i++)
		nsk_sendto(from[i], "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	world_settle(world);
	expect_each(fd, SOURCES);
	/* What one of them sends to the group the others hear as well, and it itself. */
	to.sin_addr.s_addr = htonl(GROUP);
	assert_int_equal(nsk_sendto(fd[4], "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	world_settle(world);
	expect_each(fd, 1);
	/* The group ends with its last member. */
	assert_int_equal(nsk_close(fd[0]), 0);
	fd[0] = member_on(many, 0, 0);
	assert_int_equal(nsk_sendto(from[0], "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	world_settle(world);
	expect_each(fd, 0);
	assert_int_equal(world_drops(world, 1, NSK_DROP_UDP_NO_SOCKET), 0);
	assert_int_equal(world_drops(world, 1, NSK_DROP_ETH_OTHER_MAC), 1);
}

/* Sockets of all workers are asked, none of them hears strangers, and one worker counts it. */
static void what_nobody_wants_of_it_is_counted_once(void **state)
{
	struct many *many = *state;
	struct world *world = &many->world;
	struct sockaddr_in friend = {.sin_family = AF_INET, .sin_port = htons(1999)};
	struct sockaddr_in to = friend;
	uint64_t before = world_drops_all(world, 1);
	int on = 1, from, fd;

	friend.sin_addr.s_addr = htonl(HOST_A);
	to.sin_addr.s_addr = htonl(HOST_B | 0xff);
	to.sin_port = htons(53);
	for (unsigned i = 1; i < WORKERS; i++) {
		fd = member_on(many, i, 0);
		assert_int_equal(nsk_connect(fd, (struct sockaddr *)&friend, sizeof(friend)), 0);
	}
	for (uint16_t i = 0; i < SOURCES; i++) {
		from = world_udp(world, 0, "10.0.0.1", (uint16_t)(2000 + i));
		nsk_setsockopt(from, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
		nsk_sendto(from, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
		world_settle(world);
		assert_int_equal(world_drops(world, 1, NSK_DROP_UDP_NO_SOCKET), i + 1);
	}
	assert_int_equal(world_drops_all(world, 1), before + SOURCES);
}

/* ---- ICMP sockets ---------------------------------------------------------------------------- */

static int icmp_on(struct many *many, unsigned index, int type)
{
	int fd;

	nsk_enter(NULL);
	assert_int_equal(nsk_attach(many->world.host[1], index), 0);
	fd = nsk_socket(AF_INET, type | SOCK_NONBLOCK, IPPROTO_ICMP);
	assert_true(nsk_is_fd(fd));
	assert_int_equal(nsk_detach(), 0);
	return fd;
}

/* Replies all come to one worker, those that asked live on any. */
static void a_reply_finds_who_asked_on_whatever_worker(void **state)
{
	struct many *many = *state;
	struct world *world = &many->world;
	const uint8_t request[8] = {8, 0};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(HOST_A)};
	int ping[SOURCES], raw = icmp_on(many, 2, SOCK_RAW);

	for (unsigned i = 0; i < SOURCES; i++)
		ping[i] = icmp_on(many, i % WORKERS, SOCK_DGRAM);
	for (unsigned i = 0; i < SOURCES; i++) {
		assert_int_equal(nsk_sendto(ping[i], request, sizeof(request), 0,
					    (struct sockaddr *)&to, sizeof(to)),
				 sizeof(request));
		world_settle(world);
		for (unsigned k = 0; k < SOURCES; k++)
			assert_int_equal(queued(ping[k]), k == i);
	}
	assert_int_equal(queued(raw), SOURCES);
	for (unsigned i = 0; i < SOURCES; i++)
		assert_int_equal(nsk_close(ping[i]), 0);
	assert_int_equal(many->world.host[1]->shared.icmp_users, 1 << 2);
	assert_int_equal(world_drops(world, 1, NSK_DROP_ICMP_UNKNOWN_TYPE), 0);
	/* A request is answered once, however many listen. */
	ping[0] = icmp_on(many, 0, SOCK_RAW);
	nsk_enter(world->host[0]);
	ping[1] = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_ICMP);
	to.sin_addr.s_addr = htonl(HOST_B);
	assert_int_equal(nsk_sendto(ping[1], request, sizeof(request), 0, (struct sockaddr *)&to,
				    sizeof(to)),
			 sizeof(request));
	world_settle(world);
	assert_int_equal(queued(ping[0]), 1);
	assert_int_equal(queued(raw), 1);
	assert_int_equal(queued(ping[1]), 1);
}

/* Nobody has asked for it, though each worker has a socket that might have. */
static void a_reply_that_nobody_wants_is_counted_once(void **state)
{
	struct many *many = *state;
	struct world *world = &many->world;
	const uint8_t reply[8] = {0, 0, 0xff, 0xff};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(HOST_B)};
	uint64_t before = world_drops_all(world, 1);
	int raw;

	for (unsigned i = 1; i < WORKERS; i++)
		icmp_on(many, i, SOCK_DGRAM);
	nsk_enter(world->host[0]);
	raw = nsk_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	for (unsigned i = 0; i < SOURCES; i++) {
		assert_int_equal(nsk_sendto(raw, reply, sizeof(reply), 0, (struct sockaddr *)&to,
					    sizeof(to)),
				 sizeof(reply));
		world_settle(world);
		assert_int_equal(world_drops(world, 1, NSK_DROP_ICMP_UNKNOWN_TYPE), i + 1);
	}
	assert_int_equal(world_drops_all(world, 1), before + SOURCES);
}

/* The error goes on to the worker whose datagram it is about, but not to raw sockets again. */
static void an_error_comes_to_each_raw_socket_once(void **state)
{
	struct many *many = *state;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(HOST_A)};
	int raw[WORKERS], fd;

	for (unsigned i = 0; i < WORKERS; i++)
		raw[i] = icmp_on(many, i, SOCK_RAW);
	for (unsigned i = 0; i < WORKERS; i++) {
		nsk_enter(NULL);
		assert_int_equal(nsk_attach(many->world.host[1], i), 0);
		fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
		assert_int_equal(nsk_send(fd, "x", 1, 0), 1);
		assert_int_equal(nsk_detach(), 0);
		world_run(&many->world, SEC, NULL, NULL);
		assert_int_equal(world_sock_error(fd), ECONNREFUSED);
		for (unsigned k = 0; k < WORKERS; k++)
			assert_int_equal(queued(raw[k]), 1);
	}
}

#define many_test(fn) \
	cmocka_unit_test_prestate_setup_teardown(fn, many_up, many_down, (void *)(uintptr_t) #fn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		many_test(a_cookie_of_one_worker_is_good_on_the_others),
		many_test(sequence_numbers_and_timestamps_are_those_of_the_stack),
		many_test(a_datagram_socket_gets_all_that_comes_to_its_port),
		many_test(an_error_finds_the_socket_of_the_port),
		many_test(an_error_goes_round_the_users_of_the_port),
		many_test(everybody_hears_what_is_for_many_once_rfc1112_7_2),
		many_test(what_nobody_wants_of_it_is_counted_once),
		many_test(a_reply_finds_who_asked_on_whatever_worker),
		many_test(a_reply_that_nobody_wants_is_counted_once),
		many_test(one_worker_may_listen_for_all),
		many_test(connections_stay_when_another_worker_begins_to_listen),
		many_test(a_port_that_nobody_has_is_refused_once),
		many_test(a_connection_may_go_out_from_any_port_of_its_own),
		many_test(an_error_comes_to_each_raw_socket_once),
	};

	return world_main(tests);
}
