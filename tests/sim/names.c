/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sockets are called and what becomes of the names: bind() to port 0, an attempt to connect
 * that is given up, a listener that is shut down, and how packets are marked. Compared with what
 * Linux 6.18 answers to the same calls.
 */
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/ioctl.h>

#include "sim/peer.h"

#define PORT 4000

static struct peer peer;

static void start(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	peer.ip_only = true;
	peer_start(&peer, settings);
}

static int stream(void)
{
	int fd = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	return fd;
}

static int bind_to(int fd, uint32_t addr, uint16_t port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = WIRE_BE16(port),
		.sin_addr.s_addr = WIRE_BE32(addr),
	};

	return nsk_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) ? errno : 0;
}

static int connect_to(int fd, uint32_t addr)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = WIRE_BE16(PORT),
		.sin_addr.s_addr = WIRE_BE32(addr),
	};

	return nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)) ? errno : 0;
}

static int connect_peer(int fd)
{
	return connect_to(fd, HOST_B);
}

static struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	assert_int_equal(nsk_getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	return sin;
}

static short poll_all(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	assert_true(nsk_poll(&p, 1, 0) >= 0);
	return p.revents;
}

/* ---- port 0 -------------------------------------------------------------------------------- */

static void bind_to_any_address_and_port_0_chooses_a_port(void **state)
{
	struct sockaddr_in sin;
	int fd, other;

	(void)state;
	start(NULL);
	fd = stream();
	other = stream();
	assert_int_equal(name_of(fd).sin_port, 0);
	assert_int_equal(bind_to(fd, 0, 0), 0);
	sin = name_of(fd);
	assert_in_range(ntohs(sin.sin_port), 32768, 60999);
	assert_int_equal(sin.sin_addr.s_addr, 0);
	assert_int_equal(name_of(fd).sin_port, sin.sin_port);
	assert_int_equal(bind_to(other, 0, ntohs(sin.sin_port)), EADDRINUSE); /* it is taken */
	peer_end(&peer);
}

static void a_second_bind_is_EINVAL_whatever_was_asked_for(void **state)
{
	static const struct {
		uint32_t addr;
		uint16_t port;
	} names[] = {{0, 0}, {HOST_A, 0}, {0, 80}, {HOST_A, 80}};

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned k = 0; k < 4; k++) {
			int fd = stream();

			assert_int_equal(bind_to(fd, names[i].addr, names[i].port), 0);
			assert_int_equal(bind_to(fd, names[k].addr, names[k].port), EINVAL);
			assert_int_equal(nsk_close(fd), 0);
		}
	}
	peer_end(&peer);
}

/* 0: bind() itself takes the port, and says when there is none; 1: who first needs it. */
static void the_port_is_taken_when_the_option_says_so(void **state)
{
	static const char *const settings[] = {"port_min=40000", "port_max=40000", NULL};
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int holder, fd;

	(void)state;
	start(settings);
	holder = stream();
	world_setsockopt(holder, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0);
	assert_int_equal(bind_to(holder, 0, 0), 0);
	fd = stream();
	assert_int_equal(bind_to(fd, 0, 40000), EADDRINUSE);
	world_setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0);
	assert_int_equal(bind_to(fd, 0, 0), EADDRINUSE);
	world_setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	assert_int_equal(bind_to(fd, 0, 0), 0);
	assert_int_equal(nsk_getsockname(fd, (struct sockaddr *)&sin, &len), -1);
	assert_int_equal(errno, ENOBUFS);
	assert_int_equal(nsk_close(holder), 0);
	assert_int_equal(ntohs(name_of(fd).sin_port), 40000);
	peer_end(&peer);
}

/* ---- attempts and listeners that are given up ---------------------------------------------- */

static void shutdown_gives_an_attempt_up(int how)
{
	struct segment syn;
	int fd = stream();
	char octet;

	assert_int_equal(connect_peer(fd), EINPROGRESS);
	peer_settle(&peer);
	syn = peer_segment(&peer);
	assert_int_equal(poll_all(fd), 0);
	assert_int_equal(nsk_shutdown(fd, how), 0);
	assert_int_equal(poll_all(fd), POLLOUT | POLLERR | POLLHUP);
	/* Nobody is there for the answer. */
	peer_tcp(&peer, &(struct tcp_spec){.sport = PORT,
					   .dport = syn.sport,
					   .flags = TCP_SYN | TCP_ACK,
					   .seq = 1,
					   .ack = syn.seq + 1});
	assert_int_equal(peer_segment(&peer).flags, TCP_RST);
	assert_int_equal(nsk_shutdown(fd, how), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(nsk_recv(fd, &octet, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	/* The second one held, although it was ENOTCONN. */
	errno = ENOTCONN;
	assert_int_equal(nsk_recv(fd, &octet, 1, 0), how == SHUT_WR ? -1 : 0);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(nsk_send(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(poll_all(fd),
			 POLLOUT | POLLHUP | (how == SHUT_WR ? 0 : POLLIN | POLLRDHUP));
	assert_int_equal(bind_to(fd, HOST_A, 0), 0);
	assert_int_equal(nsk_close(fd), 0);
}

static void shutdown_while_connecting_disconnects(void **state)
{
	(void)state;
	start(NULL);
	shutdown_gives_an_attempt_up(SHUT_RD);
	shutdown_gives_an_attempt_up(SHUT_WR);
	shutdown_gives_an_attempt_up(SHUT_RDWR);
	peer_end(&peer);
}

static void connect_after_such_a_shutdown_begins_anew(void **state)
{
	struct segment syn;
	int fd;

	(void)state;
	start(NULL);
	fd = stream();
	assert_int_equal(connect_peer(fd), EINPROGRESS);
	peer_settle(&peer);
	peer_forget(&peer);
	assert_int_equal(nsk_shutdown(fd, SHUT_RDWR), 0);
	assert_int_equal(connect_peer(fd), EINPROGRESS);
	assert_int_equal(connect_peer(fd), EALREADY);
	assert_int_equal(poll_all(fd), 0);
	peer_settle(&peer);
	syn = peer_segment(&peer);
	peer_tcp(&peer, &(struct tcp_spec){.sport = PORT,
					   .dport = syn.sport,
					   .flags = TCP_SYN | TCP_ACK,
					   .seq = 1,
					   .ack = syn.seq + 1});
	assert_int_equal(world_sock_error(fd), 0);
	assert_int_equal(connect_peer(fd), 0);
	assert_int_equal(connect_peer(fd), EISCONN);
	peer_end(&peer);
}

static void a_listener_that_is_shut_down_listens_no_more(void **state)
{
	int fd;

	(void)state;
	start(NULL);
	fd = stream();
	assert_int_equal(bind_to(fd, 0, 80), 0);
	assert_int_equal(world_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
	assert_int_equal(nsk_listen(fd, 1), 0);
	assert_int_equal(world_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	assert_int_equal(nsk_shutdown(fd, SHUT_WR), 0); /* means nothing */
	assert_int_equal(world_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	assert_int_equal(nsk_shutdown(fd, SHUT_RD), 0);
	assert_int_equal(world_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
	assert_int_equal(poll_all(fd), POLLOUT | POLLHUP);
	assert_int_equal(nsk_accept(fd, NULL, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(nsk_listen(fd, 1), 0); /* and its name stays */
	assert_int_equal(world_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	assert_int_equal(ntohs(name_of(fd).sin_port), 80);
	peer_end(&peer);
}

/* ---- IP_TOS, IP_TTL, SIOCOUTQNSD ----------------------------------------------------------- */

static void assert_marks(struct segment s, uint16_t flags, uint8_t tos, uint8_t ttl)
{
	assert_int_equal(s.flags & (TCP_SYN | TCP_FIN | TCP_RST), flags);
	assert_int_equal(s.tos, tos);
	assert_int_equal(s.ttl, ttl);
}

static void tos_and_ttl_are_in_everything_that_an_active_connection_sends(void **state)
{
	struct segment syn;
	struct talk t;
	int fd;

	(void)state;
	start(NULL);
	fd = stream();
	world_setsockopt(fd, IPPROTO_IP, IP_TOS, IPTOS_LOWDELAY);
	world_setsockopt(fd, IPPROTO_IP, IP_TTL, 255);
	assert_int_equal(connect_peer(fd), EINPROGRESS);
	peer_settle(&peer);
	syn = peer_segment(&peer);
	assert_marks(syn, TCP_SYN, IPTOS_LOWDELAY, 255);
	t = (struct talk){.p = &peer,
			  .fd = fd,
			  .port = PORT,
			  .stack_port = syn.sport,
			  .seq = 100,
			  .ack = syn.seq + 1,
			  .wnd = 65535};
	talk_send(&t, TCP_SYN | TCP_ACK, NULL, 0);
	assert_marks(peer_segment(&peer), 0, IPTOS_LOWDELAY, 255);
	assert_int_equal(nsk_send(fd, "abc", 3, 0), 3);
	peer_settle(&peer);
	assert_marks(peer_segment(&peer), 0, IPTOS_LOWDELAY, 255);
	t.ack += 3;
	talk_send(&t, TCP_ACK, NULL, 0);
	/* From now on. */
	world_setsockopt(fd, IPPROTO_IP, IP_TOS, IPTOS_THROUGHPUT);
	world_setsockopt(fd, IPPROTO_IP, IP_TTL, -1);
	assert_int_equal(nsk_shutdown(fd, SHUT_WR), 0);
	peer_settle(&peer);
	assert_marks(peer_segment(&peer), TCP_FIN, IPTOS_THROUGHPUT, 64);
	t.ack++;
	talk_send(&t, TCP_FIN | TCP_ACK, NULL, 0);
	assert_marks(peer_segment(&peer), 0, IPTOS_THROUGHPUT, 64);
	/* TIME-WAIT keeps the type of service. */
	t.seq--;
	talk_send(&t, TCP_FIN | TCP_ACK, NULL, 0);
	assert_marks(peer_segment(&peer), 0, IPTOS_THROUGHPUT, 64);
	peer_end(&peer);
}

/* None of them is one host: no SYN leaves (Linux: ENETUNREACH). */
static void connections_to_many_are_refused_rfc9293_3_9_1_1(void **state)
{
	static const uint32_t to[] = {
		0x0a0000ff, /* the broadcast address of our network */
		UINT32_MAX,
		0xe0000001,
		0xf0000001,
	};
	int fd;

	(void)state;
	start(NULL);
	fd = stream();
	for (unsigned i = 0; i < NSK_ARRAY_LEN(to); i++)
		assert_int_equal(connect_to(fd, to[i]), ENETUNREACH);
	peer_settle(&peer);
	peer_expect_silence(&peer);
	assert_int_equal(connect_peer(fd), EINPROGRESS);
	nsk_close(fd);
	peer_end(&peer);
}

static void marked_listener(const char *const *settings)
{
	struct segment s;
	struct talk t;
	int fd;

	start(settings);
	fd = world_listen(&peer.world, 0, 80, 4);
	world_setsockopt(fd, IPPROTO_IP, IP_TOS, IPTOS_LOWDELAY);
	world_setsockopt(fd, IPPROTO_IP, IP_TTL, 3);
	t = (struct talk){.p = &peer, .port = PORT, .stack_port = 80, .seq = 100, .wnd = 65535};
	talk_send(&t, TCP_SYN, NULL, 0);
	s = peer_segment(&peer);
	assert_marks(s, TCP_SYN, IPTOS_LOWDELAY, 3);
	t.ack = s.seq + 1;
	talk_send(&t, TCP_ACK, NULL, 0);
	t.fd = world_accept(&peer.world, fd);
	assert_int_equal(world_getsockopt(t.fd, IPPROTO_IP, IP_TOS), IPTOS_LOWDELAY);
	assert_int_equal(world_getsockopt(t.fd, IPPROTO_IP, IP_TTL), 3);
	assert_int_equal(nsk_send(t.fd, "abc", 3, 0), 3);
	peer_settle(&peer);
	assert_marks(peer_segment(&peer), 0, IPTOS_LOWDELAY, 3);
	peer_end(&peer);
}

static void tos_and_ttl_of_a_listener_are_its_connections(void **state)
{
	static const char *const cookies[] = {"tcp.syncookies=2", NULL};

	(void)state;
	marked_listener(NULL);
	marked_listener(cookies);
}

static int set_bytes(int fd, int name, int value, socklen_t len)
{
	return nsk_setsockopt(fd, IPPROTO_IP, name, &value, len) ? errno : 0;
}

static void tos_and_ttl_have_the_ranges_and_lengths_of_linux(void **state)
{
	int type[2] = {SOCK_STREAM, SOCK_DGRAM};
	uint8_t bytes[8];
	socklen_t len;

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < 2; i++) {
		int fd = nsk_socket(AF_INET, type[i], 0);

		assert_int_equal(world_getsockopt(fd, IPPROTO_IP, IP_TOS), 0);
		assert_int_equal(world_getsockopt(fd, IPPROTO_IP, IP_TTL), 64);
		/* A stream's ECN is not the application's. */
		assert_int_equal(set_bytes(fd, IP_TOS, 0x13, 4), 0);
		assert_int_equal(world_getsockopt(fd, IPPROTO_IP, IP_TOS), i ? 0x13 : 0x10);
		assert_int_equal(set_bytes(fd, IP_TOS, 300, 4), 0);
		assert_int_equal(world_getsockopt(fd, IPPROTO_IP, IP_TOS), 300 & 0xff);
		assert_int_equal(set_bytes(fd, IP_TTL, 0, 4), EINVAL);
		assert_int_equal(set_bytes(fd, IP_TTL, 256, 4), EINVAL);
		assert_int_equal(set_bytes(fd, IP_TTL, -2, 4), EINVAL);
		assert_int_equal(set_bytes(fd, IP_TTL, 9, 0), EINVAL);
		assert_int_equal(set_bytes(fd, IP_TTL, 0x0105, 2), 0); /* one byte is read */
		assert_int_equal(world_getsockopt(fd, IPPROTO_IP, IP_TTL), 5);
		len = 2;
		assert_int_equal(nsk_getsockopt(fd, IPPROTO_IP, IP_TTL, bytes, &len), 0);
		assert_int_equal(len, 1);
		assert_int_equal(bytes[0], 5);
		len = 8;
		assert_int_equal(nsk_getsockopt(fd, IPPROTO_IP, IP_TTL, bytes, &len), 0);
		assert_int_equal(len, 4);
		assert_int_equal(set_bytes(fd, IP_TTL, -1, 4), 0);
		assert_int_equal(world_getsockopt(fd, IPPROTO_IP, IP_TTL), 64);
		assert_int_equal(nsk_close(fd), 0);
	}
	peer_end(&peer);
}

static int outq(int fd, unsigned long request)
{
	int value = -1;

	return nsk_ioctl(fd, request, &value) ? -errno : value;
}

static void siocoutqnsd_counts_what_was_not_sent(void **state)
{
	static uint8_t data[50000];
	struct talk t;
	int fd;

	(void)state;
	start(NULL);
	fd = world_listen(&peer.world, 0, 81, 1);
	assert_int_equal(outq(fd, SIOCOUTQNSD), -EINVAL);
	talk_accept(&t, &peer, PORT, NULL, 0);
	assert_int_equal(outq(t.fd, SIOCOUTQNSD), 0);
	assert_int_equal(nsk_send(t.fd, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(outq(t.fd, SIOCOUTQNSD), sizeof(data));
	peer_settle(&peer);
	assert_int_equal(outq(t.fd, SIOCOUTQ), sizeof(data));
	assert_int_equal(outq(t.fd, SIOCOUTQNSD), sizeof(data) - 10 * 536); /* initial window */
	fd = nsk_socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(outq(fd, SIOCOUTQNSD), -ENOTTY);
	peer_end(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(bind_to_any_address_and_port_0_chooses_a_port),
		world_test(a_second_bind_is_EINVAL_whatever_was_asked_for),
		world_test(the_port_is_taken_when_the_option_says_so),
		world_test(shutdown_while_connecting_disconnects),
		world_test(connect_after_such_a_shutdown_begins_anew),
		world_test(a_listener_that_is_shut_down_listens_no_more),
		world_test(connections_to_many_are_refused_rfc9293_3_9_1_1),
		world_test(tos_and_ttl_are_in_everything_that_an_active_connection_sends),
		world_test(tos_and_ttl_of_a_listener_are_its_connections),
		world_test(tos_and_ttl_have_the_ranges_and_lengths_of_linux),
		world_test(siocoutqnsd_counts_what_was_not_sent),
	};

	return world_main(tests);
}
