/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocking calls of the thread that runs the worker, against a peer that says nothing any more:
 * what a connection ends in is told by the call that waits, and told once. The clock moves by a
 * millisecond each time somebody looks at it while a call blocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "sim/peer.h"

#define PORT 4000

static struct peer peer;
static bool ticking;

static uint64_t tick(void *arg)
{
	(void)arg;
	if (ticking)
		peer.world.now_ns += MS;
	return peer.world.now_ns;
}

static void with_ticks(struct nsk_config *config)
{
	nsk_config_clock(config, tick, NULL);
}

/* IP packets alone: a peer that falls silent would else be missed by ARP first. */
static void start(const char *const *settings)
{
	ticking = false;
	memset(&peer, 0, sizeof(peer));
	peer.ip_only = true;
	peer.configure = with_ticks;
	peer_start(&peer, settings);
}

/* The thread runs the worker, and time goes on by itself, in between. */
static void blocking_begin(void)
{
	assert_int_equal(nsk_attach(peer.world.host[0], 0), 0);
	ticking = true;
}

static void blocking_end(void)
{
	ticking = false;
	assert_int_equal(nsk_detach(), 0);
	world_enter(&peer.world, 0);
}

static void set_blocking(int fd)
{
	int flags = nsk_fcntl(fd, F_GETFL);

	assert_int_equal(nsk_fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), 0);
}

static const struct sockaddr_in to_peer = {
	.sin_family = AF_INET,
	.sin_port = WIRE_BE16(PORT),
	.sin_addr.s_addr = WIRE_BE32(HOST_B),
};

static int connect_peer(int fd)
{
	return nsk_connect(fd, (const struct sockaddr *)&to_peer, sizeof(to_peer));
}

static short poll_all(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	assert_true(nsk_poll(&p, 1, 0) >= 0);
	return p.revents;
}

/* A socket that never was connected: what Linux says of one whose connect() has told its failure.
 */
static void assert_as_fresh(int fd)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	char octet;

	assert_int_equal(world_sock_error(fd), 0);
	assert_int_equal(poll_all(fd), POLLOUT | POLLHUP);
	assert_int_equal(nsk_recv(fd, &octet, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(nsk_getsockname(fd, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(name.sin_port, 0);
	assert_int_equal(name.sin_addr.s_addr, 0);
}

/* ---- ETIMEDOUT ----------------------------------------------------------------------------- */

static void connect_to_a_silent_host_ends_in_ETIMEDOUT(void **state)
{
	static const char *const settings[] = {"tcp.syn_retries=1", NULL};
	uint64_t began;
	int fd;

	(void)state;
	start(settings);
	began = peer.world.now_ns;
	fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	blocking_begin();
	assert_int_equal(connect_peer(fd), -1);
	assert_int_equal(errno, ETIMEDOUT);
	blocking_end();
	assert_in_range(peer.world.now_ns - began, 3 * SEC, 4 * SEC); /* 1 s, 2 s */
	assert_as_fresh(fd);
	assert_int_equal(nsk_close(fd), 0);
	peer_end(&peer);
}

/* The other side of it: only the time of the call is over. */
static void a_connect_whose_own_time_is_over_goes_on(void **state)
{
	struct timeval tv = {.tv_sec = 1};
	int fd;

	(void)state;
	start(NULL);
	fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	blocking_begin();
	assert_int_equal(connect_peer(fd), -1);
	assert_int_equal(errno, EINPROGRESS);
	blocking_end();
	assert_int_equal(poll_all(fd), 0);
	assert_int_equal(nsk_close(fd), 0);
	peer_end(&peer);
}

/* A connection that the peer has accepted, and some data for which it will send no ACK. */
static void forsaken(struct talk *t, size_t len)
{
	static const char *const settings[] = {"tcp.retries=1", NULL};
	static uint8_t data[1 << 20];
	ssize_t n;

	start(settings);
	talk_accept(t, &peer, PORT, NULL, 0);
	n = nsk_send(t->fd, data, len, 0);
	assert_in_range(n, 1, len);
	set_blocking(t->fd);
}

static void recv_from_a_peer_that_vanished_ends_in_ETIMEDOUT_and_then_the_stream(void **state)
{
	struct talk t;
	char octet;

	(void)state;
	forsaken(&t, 5);
	blocking_begin();
	assert_int_equal(nsk_recv(t.fd, &octet, 1, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(nsk_recv(t.fd, &octet, 1, 0), 0);
	blocking_end();
	assert_int_equal(poll_all(t.fd) & POLLERR, 0);
	assert_int_equal(nsk_close(t.fd), 0);
	peer_end(&peer);
}

static void send_to_a_peer_that_vanished_ends_in_ETIMEDOUT_and_then_EPIPE(void **state)
{
	struct talk t;

	(void)state;
	forsaken(&t, 1 << 20); /* more than there is room for */
	blocking_begin();
	assert_int_equal(nsk_send(t.fd, "x", 1, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(nsk_send(t.fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPIPE);
	blocking_end();
	assert_int_equal(nsk_close(t.fd), 0);
	peer_end(&peer);
}

/* ---- datagrams ----------------------------------------------------------------------------- */

/* Nothing that could be waited for brings a port back: Linux tells at once. */
static void a_datagram_without_a_free_port_is_EAGAIN_at_once(void **state)
{
	static const char *const settings[] = {"port_min=40000", "port_max=40000", NULL};
	uint64_t began;
	int fd[2];

	(void)state;
	start(settings);
	for (unsigned i = 0; i < 2; i++)
		fd[i] = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	blocking_begin();
	assert_int_equal(nsk_sendto(fd[0], "x", 1, 0, (const struct sockaddr *)&to_peer,
				    sizeof(to_peer)),
			 1);
	began = peer.world.now_ns;
	assert_int_equal(nsk_sendto(fd[1], "x", 1, 0, (const struct sockaddr *)&to_peer,
				    sizeof(to_peer)),
			 -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(peer.world.now_ns, began);
	assert_int_equal(nsk_close(fd[0]), 0);
	assert_int_equal(nsk_sendto(fd[1], "x", 1, 0, (const struct sockaddr *)&to_peer,
				    sizeof(to_peer)),
			 1);
	blocking_end();
	assert_int_equal(nsk_close(fd[1]), 0);
	peer_end(&peer);
}

/* Nobody else turns the worker: to wait would be to wait for ever. */
static void a_thread_that_turns_the_worker_itself_is_not_made_to_wait(void **state)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = WIRE_BE16(PORT)};
	struct pollfd p = {.events = POLLIN};
	char byte;
	int ep;

	(void)state;
	start(NULL);
	p.fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(nsk_bind(p.fd, (struct sockaddr *)&any, sizeof(any)), 0);
	ep = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(ep, EPOLL_CTL_ADD, p.fd, &event), 0);
	peer_settle(&peer);
	assert_int_equal(nsk_recv(p.fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EDEADLK);
	assert_int_equal(nsk_poll(&p, 1, 1000), -1);
	assert_int_equal(errno, EDEADLK);
	assert_int_equal(nsk_epoll_wait(ep, &event, 1, -1), -1);
	assert_int_equal(errno, EDEADLK);
	assert_int_equal(nsk_recv(p.fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(nsk_poll(&p, 1, 0), 0);
	assert_int_equal(nsk_epoll_wait(ep, &event, 1, 0), 0);
	assert_int_equal(nsk_close(p.fd), 0);
	assert_int_equal(nsk_close(ep), 0);
	peer_end(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(connect_to_a_silent_host_ends_in_ETIMEDOUT),
		world_test(a_connect_whose_own_time_is_over_goes_on),
		world_test(recv_from_a_peer_that_vanished_ends_in_ETIMEDOUT_and_then_the_stream),
		world_test(send_to_a_peer_that_vanished_ends_in_ETIMEDOUT_and_then_EPIPE),
		world_test(a_datagram_without_a_free_port_is_EAGAIN_at_once),
		world_test(a_thread_that_turns_the_worker_itself_is_not_made_to_wait),
	};

	return world_main(tests);
}
