/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port that takes nothing for a while: whoever wants to send has to wait, what was accepted
 * leaves in its order, and nothing of it is lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "sim/peer.h"
#include "wire/udp.h"

#define PORT 9
#define L4   (ETH_HLEN + IPV4_HLEN)

static struct peer peer;

static void begin(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, settings);
}

static int udp_socket(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	to.sin_addr.s_addr = htonl(HOST_B);
	assert_true(fd >= NSK_FD_BASE);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(nsk_send(fd, "", 0, 0), 0); /* the neighbour is known from now on */
	peer_settle(&peer);
	peer_forget(&peer);
	return fd;
}

static short ready(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLOUT | POLLIN};

	assert_in_range(nsk_poll(&pfd, 1, 0), 0, 1);
	return pfd.revents;
}

/* Numbered datagrams of this length until there is no room; how many. */
static uint32_t fill(int fd, uint32_t from, size_t len)
{
	uint8_t data[8000] = {0};
	uint32_t n = from;

	while (store_be32(data, n), nsk_send(fd, data, len, 0) == (ssize_t)len)
		assert_true(++n < 10000);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(ready(fd), 0);
	return n - from;
}

/* The datagrams that the stack has sent are from..to, in this order. */
static void expect_datagrams(uint32_t from, uint32_t to)
{
	for (; from < to; from++) {
		const struct kept_frame *k = peer_take(&peer);

		assert_non_null(k);
		assert_int_equal(load_be32(k->data + L4 + UDP_HLEN), from);
	}
	peer_expect_silence(&peer);
}

/* Time would stand still until the port takes what waits. */
static void turns(void)
{
	for (unsigned i = 0; i < 3; i++)
		nsk_turn(peer.world.host[0]);
}

/* By the stack, of a port whose ring stays as it is. */
static void link_seen(bool up)
{
	world_worker(&peer.world, 0)->net->snap->iface[0]->link_up = up;
}

static void accept_again(void)
{
	peer.refuse = false;
	peer_settle(&peer);
}

static void nothing_dropped(void)
{
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TX_RING_FULL), 0);
}

static void a_datagram_waits_for_room_and_none_is_lost(void **state)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
	int fd, epoll;
	uint32_t n;

	(void)state;
	begin(NULL);
	fd = udp_socket();
	epoll = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	assert_int_equal(nsk_epoll_wait(epoll, &event, 1, 0), 1);
	peer.refuse = true;
	n = fill(fd, 0, 4);
	assert_in_range(n, 64, 512);
	turns();
	assert_int_equal(ready(fd), 0);
	assert_int_equal(nsk_epoll_wait(epoll, &event, 1, 0), 0);
	accept_again();
	assert_int_equal(ready(fd), POLLOUT);
	assert_int_equal(nsk_epoll_wait(epoll, &event, 1, 0), 1);
	assert_int_equal(event.events, EPOLLOUT);
	expect_datagrams(0, n);
	nothing_dropped();
	nsk_close(epoll);
	nsk_close(fd);
	peer_finish(&peer, SEC);
}

static unsigned waiting(void)
{
	const struct list_node *n, *list = &world_worker(&peer.world, 0)->net->tx_waiters;
	unsigned count = 0;

	NSK_LIST_FOREACH(n, list)
		count++;
	return count;
}

/* Several sockets wait, one of them is closed meanwhile. */
static void all_who_wait_are_told(void **state)
{
	uint32_t n;
	int fd[3];

	(void)state;
	begin(NULL);
	for (unsigned i = 0; i < 3; i++)
		fd[i] = udp_socket();
	peer.refuse = true;
	n = fill(fd[0], 0, 4);
	for (unsigned i = 1; i < 3; i++)
		assert_int_equal(fill(fd[i], 0, 4), 0);
	assert_int_equal(waiting(), 3);
	nsk_close(fd[1]);
	assert_int_equal(waiting(), 2);
	accept_again();
	assert_int_equal(waiting(), 0);
	assert_int_equal(ready(fd[0]), POLLOUT);
	assert_int_equal(ready(fd[2]), POLLOUT);
	expect_datagrams(0, n);
	nothing_dropped();
	nsk_close(fd[0]);
	nsk_close(fd[2]);
	peer_finish(&peer, SEC);
}

/* One that is fragmented goes whole or not at all, and so do the datagrams of UDP_SEGMENT. */
static void what_needs_several_frames_waits_for_all_of_them(void **state)
{
	static uint8_t data[8000];
	uint32_t n, frames = 0;
	int fd, size = 100;

	(void)state;
	begin((const char *const[]){"tx_ring=64", NULL});
	fd = udp_socket();
	peer.refuse = true;
	n = fill(fd, 0, 8000);
	assert_in_range(n, 1, 64 / 6);
	assert_int_equal(nsk_send(fd, "1234", 4, 0), 4); /* there is room for that */
	accept_again();
	for (const struct kept_frame *k; (k = peer_take(&peer));)
		frames++;
	assert_int_equal(frames, n * 6 + 1);

	assert_int_equal(nsk_setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	peer.refuse = true;
	assert_int_equal(nsk_send(fd, data, 4000, 0), 4000);
	assert_int_equal(nsk_send(fd, data, 4000, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(nsk_send(fd, data, 2400, 0), 2400);
	accept_again();
	for (frames = 0; peer_take(&peer);)
		frames++;
	assert_int_equal(frames, 64);
	/* More than ever find room at once are not refused for ever. */
	assert_int_equal(nsk_send(fd, data, 8000, 0), 8000);
	peer_settle(&peer);
	peer_forget(&peer);
	nothing_dropped();
	nsk_close(fd);
	peer_finish(&peer, SEC);
}

/* What was taken with MSG_MORE is kept for the rest of its datagram. */
static void parts_of_a_datagram_wait_too(void **state)
{
	const struct kept_frame *k;
	uint32_t n;
	int fd;

	(void)state;
	begin(NULL);
	fd = udp_socket();
	peer.refuse = true;
	n = fill(fd, 0, 4);
	assert_int_equal(nsk_send(fd, "12", 2, MSG_MORE), 2);
	assert_int_equal(nsk_send(fd, "34", 2, 0), -1);
	assert_int_equal(errno, EAGAIN);
	accept_again();
	expect_datagrams(0, n);
	assert_int_equal(nsk_send(fd, "34", 2, 0), 2);
	peer_settle(&peer);
	k = peer_take(&peer);
	assert_non_null(k);
	assert_memory_equal(k->data + L4 + UDP_HLEN, "1234", 4);
	nsk_close(fd);
	peer_finish(&peer, SEC);
}

/* Nobody waits for a port that may go nowhere, and nothing goes on waiting for it: that is lost,
 * and counted. */
static void nothing_waits_for_a_link_that_went_down(void **state)
{
	uint32_t n;
	int fd;

	(void)state;
	begin(NULL);
	fd = udp_socket();
	peer.refuse = true;
	n = fill(fd, 0, 4);
	link_seen(false);
	peer_settle(&peer); /* time would stand still if frames waited */
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TX_LINK_DOWN), n);
	assert_int_equal(ready(fd), POLLOUT);
	assert_int_equal(nsk_send(fd, "x", 1, 0), 1);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TX_LINK_DOWN), n + 1);
	link_seen(true);
	accept_again();
	peer_expect_silence(&peer);
	nsk_close(fd);
	peer_finish(&peer, SEC);
}

static void icmp_waits_as_well(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	const uint8_t echo[8] = {ICMP_ECHO};
	int fd, ping;

	(void)state;
	begin(NULL);
	fd = udp_socket();
	ping = nsk_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_ICMP);
	to.sin_addr.s_addr = htonl(HOST_B);
	assert_int_equal(nsk_connect(ping, (struct sockaddr *)&to, sizeof(to)), 0);
	peer.refuse = true;
	fill(fd, 0, 4);
	assert_int_equal(nsk_send(ping, echo, sizeof(echo), 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(ready(ping), 0);
	accept_again();
	peer_forget(&peer);
	assert_int_equal(nsk_send(ping, echo, sizeof(echo), 0), sizeof(echo));
	peer_settle(&peer);
	assert_non_null(peer_take(&peer));
	nothing_dropped();
	nsk_close(ping);
	nsk_close(fd);
	peer_finish(&peer, SEC);
}

static void data_comes(const struct talk *t, uint32_t seq)
{
	static uint8_t f[PEER_FRAME_MAX], data[1000];

	peer_input(&peer, f,
		   frame_tcp(f, &(struct tcp_spec){.sport = t->port,
						   .dport = t->stack_port,
						   .flags = TCP_ACK,
						   .seq = seq,
						   .ack = t->ack,
						   .data = data,
						   .len = sizeof(data)}));
}

/* Data and ACKs of TCP wait in the connection, duplicate ACKs (RFC 5681 §4.2) among them. */
static void tcp_loses_neither_data_nor_acks(void **state)
{
	static uint8_t data[200000];
	struct talk t;
	uint32_t n;
	int fd;

	(void)state;
	begin(NULL);
	fd = udp_socket();
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
	peer.refuse = true;
	n = fill(fd, 0, 4);
	data_comes(&t, t.seq);
	data_comes(&t, t.seq += 2000);
	data_comes(&t, t.seq += 1000);
	turns();
	assert_int_equal(nsk_send(t.fd, data, 5000, 0), 5000);
	turns();
	nothing_dropped();
	peer.refuse = false;
	peer_settle(&peer);
	for (uint32_t i = 0; i < n; i++)
		assert_non_null(peer_take(&peer));
	for (unsigned i = 0; i < 2; i++) { /* duplicate ACKs */
		struct segment s = talk_expect(&t, TCP_ACK);

		assert_int_equal(s.len, 0);
		assert_int_equal(s.ack, t.seq - 2000);
	}
	for (uint32_t got = 1460; got < 5000; got += 1460)
		assert_true(talk_expect(&t, TCP_ACK).len > 0);
	nothing_dropped();
	nsk_close(fd);
	talk_end(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		world_test(a_datagram_waits_for_room_and_none_is_lost),
		world_test(all_who_wait_are_told),
		world_test(what_needs_several_frames_waits_for_all_of_them),
		world_test(parts_of_a_datagram_wait_too),
		world_test(nothing_waits_for_a_link_that_went_down),
		world_test(icmp_waits_as_well),
		world_test(tcp_loses_neither_data_nor_acks),
	};

	return world_main(tests);
}
