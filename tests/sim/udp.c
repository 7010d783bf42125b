/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP on the wire and at sockets: datagrams of every size, checksums and lengths that are wrong or
 * absent, who receives what, what is cut or lost, and refusals. RFC 768, RFC 1122 §4.1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <netstk/route.h>
#include <netstk/zerocopy.h>
#include <rte_mbuf.h>

#include "sim/pair.h"
#include "sim/peer.h"
#include "wire/family.h"
#include "wire/udp.h"

#define L4	(ETH_HLEN + IPV4_HLEN)
#define PAYLOAD (ETH_HLEN + IPV4_HLEN + UDP_HLEN)
#define PORT	9

static struct peer peer;
static struct world world;
static uint8_t f[PEER_FRAME_MAX], data[PEER_FRAME_MAX], got[PEER_FRAME_MAX];

static void begin(void)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, NULL);
	world_fill(data, sizeof(data), 0, 1);
}

static void begin_pair(const char *const *settings)
{
	world_pair(&world, &(struct world_params){.seed = 1, .settings = settings});
	world_fill(data, sizeof(data), 0, 1);
}

static struct sockaddr_in address(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
}

static int connect_to(int fd, uint32_t addr, uint16_t port)
{
	struct sockaddr_in to = address(addr, port);

	return nsk_connect(fd, (struct sockaddr *)&to, sizeof(to));
}

static void expect_nothing(int fd)
{
	assert_int_equal(nsk_recv(fd, got, sizeof(got), 0), -1);
	assert_int_equal(errno, EAGAIN);
}

/* The next datagram is these bytes. */
static void expect_data(int fd, const void *want, size_t len)
{
	memset(got, 0xee, sizeof(got));
	assert_int_equal(nsk_recv(fd, got, sizeof(got), 0), len);
	assert_memory_equal(got, want, len);
}

/* The peer's port 5000 to ours, in f; returns the length of the frame. */
static size_t datagram(const void *payload, size_t len)
{
	return frame_udp(
		f, &(struct udp_spec){.sport = 5000, .dport = PORT, .data = payload, .len = len});
}

static void hand_in(size_t len)
{
	peer_input(&peer, f, len);
	peer_settle(&peer);
}

static uint64_t drops(enum nsk_drop reason)
{
	return world_drops(&peer.world, 0, reason);
}

/* ---- datagrams ----------------------------------------------------------------------------- */

static void datagrams_of_every_size_up_to_the_mtu_arrive_whole(void **state)
{
	struct sockaddr_in from;
	socklen_t len;
	int a, b;

	(void)state;
	begin_pair(NULL);
	a = world_udp(&world, 0, "0.0.0.0", 1000);
	b = world_udp(&world, 1, "0.0.0.0", PORT);
	for (size_t n = 0; n <= 1500 - IPV4_HLEN - UDP_HLEN; n++) {
		assert_int_equal(pair_sendto(a, PORT, data + n, n), n);
		world_settle(&world);
		len = sizeof(from);
		assert_int_equal(
			nsk_recvfrom(b, got, sizeof(got), 0, (struct sockaddr *)&from, &len), n);
		assert_memory_equal(got, data + n, n);
		assert_int_equal(ntohl(from.sin_addr.s_addr), HOST_A);
		assert_int_equal(ntohs(from.sin_port), 1000);
	}
	assert_int_equal(pair_sendto(a, PORT, data, 0), 0); /* and it goes on */
	world_settle(&world);
	expect_data(b, "", 0);
	expect_nothing(b);
	nsk_close(a);
	nsk_close(b);
	pair_finish(&world);
}

static void empty_datagram_is_one(void **state)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd;

	(void)state;
	begin();
	fd = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	hand_in(datagram(NULL, 0));
	assert_int_equal(world_wait(&peer.world, fd, POLLIN, 0), POLLIN);
	assert_int_equal(nsk_recvfrom(fd, got, 1, 0, (struct sockaddr *)&from, &len), 0);
	assert_int_equal(ntohl(from.sin_addr.s_addr), HOST_B);
	assert_int_equal(ntohs(from.sin_port), 5000);
	expect_nothing(fd);
	/* One that we send has header and checksum. */
	assert_int_equal(nsk_sendto(fd, NULL, 0, 0, (struct sockaddr *)&from, sizeof(from)), 0);
	peer_settle(&peer);
	assert_int_equal(peer_take(&peer)->len, PAYLOAD);
	nsk_close(fd);
	peer_finish(&peer, MINUTE);
}

static ssize_t receive(int fd, size_t room, int flags, int *told)
{
	struct iovec iov = {.iov_base = got, .iov_len = room};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n = nsk_recvmsg(fd, &msg, flags);

	*told = msg.msg_flags;
	return n;
}

static void datagram_that_is_longer_than_the_buffer_is_cut_and_that_is_told(void **state)
{
	int fd, told, waiting;

	(void)state;
	begin();
	fd = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	for (unsigned i = 0; i < 4; i++)
		hand_in(datagram(data, 1000));
	assert_int_equal(nsk_ioctl(fd, FIONREAD, &waiting), 0);
	assert_int_equal(waiting, 1000);
	assert_int_equal(receive(fd, 1000, 0, &told), 1000);
	assert_int_equal(told, 0);
	memset(got, 0xee, sizeof(got));
	assert_int_equal(receive(fd, 999, 0, &told), 999);
	assert_int_equal(told, MSG_TRUNC);
	assert_memory_equal(got, data, 999);
	assert_int_equal(got[999], 0xee);
	/* Asked for, its whole length is told; looked at, it stays. */
	assert_int_equal(receive(fd, 0, MSG_PEEK | MSG_TRUNC, &told), 1000);
	assert_int_equal(told, MSG_TRUNC);
	assert_int_equal(receive(fd, 10, MSG_TRUNC, &told), 1000);
	/* The rest of a cut one is gone. */
	expect_data(fd, data, 1000);
	expect_nothing(fd);
	nsk_close(fd);
	peer_finish(&peer, MINUTE);
}

/* ---- checksum and length ------------------------------------------------------------------- */

static void datagram_without_a_checksum_is_taken_rfc768(void **state)
{
	size_t len;
	int fd;

	(void)state;
	begin();
	fd = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	for (size_t n = 0; n < 100; n++) {
		len = datagram(data, n);
		store_be16(f + L4 + 6, 0);
		hand_in(len);
		expect_data(fd, data, n);
	}
	assert_int_equal(world_drops_all(&peer.world, 0), 0);
	nsk_close(fd);
	peer_finish(&peer, MINUTE);
}

static void checksum_of_zero_is_sent_as_all_ones_rfc768(void **state)
{
	uint8_t payload[2] = {0, 0};
	const struct kept_frame *k;
	int fd;

	(void)state;
	begin();
	fd = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	assert_int_equal(connect_to(fd, HOST_B, 5000), 0);
	assert_int_equal(nsk_send(fd, payload, 2, 0), 2);
	peer_settle(&peer);
	k = peer_take(&peer);
	assert_non_null(k);
	/* With its own checksum as payload a datagram sums up to all ones. */
	memcpy(payload, k->data + L4 + 6, 2);
	assert_int_equal(nsk_send(fd, payload, 2, 0), 2);
	peer_settle(&peer);
	k = peer_take(&peer);
	assert_non_null(k);
	assert_int_equal(load_be16(k->data + L4 + 6), 0xffff);
	nsk_close(fd);
	peer_finish(&peer, MINUTE);
}

/* Any single bit of header and payload. */
static void damaged_datagram_is_dropped_rfc1122_4_1_3_4(void **state)
{
	size_t len = PAYLOAD + 20;
	unsigned damaged = 0;
	int fd;

	(void)state;
	begin();
	fd = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	for (unsigned bit = 8 * L4; bit < 8 * (PAYLOAD + 20); bit++) {
		datagram(data, 20);
		f[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		if (load_be16(f + L4 + 4) != 28) /* another length: another reason */
			continue;
		hand_in(len);
		damaged++;
	}
	assert_int_equal(drops(NSK_DROP_UDP_CHECKSUM), damaged);
	assert_int_equal(world_drops_all(&peer.world, 0), damaged);
	expect_nothing(fd);
	peer_expect_silence(&peer);
	nsk_close(fd);
	peer_finish(&peer, MINUTE);
}

/* The length may be less than IP's, then the rest is not ours; it may not be more. */
static void length_is_that_of_the_datagram_not_of_the_packet(void **state)
{
	size_t len;
	int fd;

	(void)state;
	begin();
	fd = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	for (uint16_t said = 0; said <= 40; said++) {
		len = datagram(data, 20);
		store_be16(f + L4 + 4, said);
		store_be16(f + L4 + 6, 0);
		hand_in(len);
		if (said >= 8 && said <= 28)
			expect_data(fd, data, said - 8u);
		expect_nothing(fd);
	}
	assert_int_equal(drops(NSK_DROP_UDP_LENGTH), 41 - 21);
	for (size_t n = 0; n < UDP_HLEN; n++)
		hand_in(frame_ip(f, &(struct ip_spec){.proto = IP_PROTO_UDP}, data, n));
	assert_int_equal(drops(NSK_DROP_UDP_SHORT), 8);
	expect_nothing(fd);
	peer_expect_silence(&peer);
	nsk_close(fd);
	peer_finish(&peer, MINUTE);
}

/* ---- who receives -------------------------------------------------------------------------- */

static void letter_from(uint32_t src, uint16_t sport, uint32_t dst, const char *letter)
{
	hand_in(frame_udp(f, &(struct udp_spec){.ip = {.src = src,
						       .dst = dst,
						       .dst_mac = dst == HOST_A ? NULL : bcast_mac},
						.sport = sport,
						.dport = PORT,
						.data = letter,
						.len = 1}));
}

/* nsk_zc_msg(): who sent a buffer that was taken by reference, so that it can be answered. */
static void buffer_by_reference_has_its_sender(void **state)
{
	struct sockaddr_in from;
	struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof(from)};
	struct rte_mbuf *m;
	int a, b;

	(void)state;
	begin_pair(NULL);
	a = world_udp(&world, 0, "0.0.0.0", 1000);
	b = world_udp(&world, 1, "0.0.0.0", PORT);
	assert_int_equal(pair_sendto(a, PORT, "ask", 3), 3);
	world_settle(&world);
	assert_int_equal(nsk_zc_recv(b, &m, 1), 1);
	assert_int_equal(nsk_zc_msg(b, m, &msg), 0);
	assert_int_equal(ntohl(from.sin_addr.s_addr), HOST_A);
	assert_int_equal(
		nsk_sendto(b, rte_pktmbuf_mtod(m, char *), 3, 0, msg.msg_name, msg.msg_namelen), 3);
	nsk_zc_free(&m, 1);
	world_settle(&world);
	expect_data(a, "ask", 3);
	assert_int_equal(nsk_zc_recv(b, &m, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(nsk_zc_msg(b, NULL, &msg), -1);
	assert_int_equal(errno, EFAULT);
	nsk_close(a);
	nsk_close(b);
	pair_finish(&world);
}

static void connected_socket_is_found_before_a_bound_one_before_any(void **state)
{
	int any, bound, connected;

	(void)state;
	begin();
	any = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	bound = world_udp(&peer.world, 0, "10.0.0.1", PORT);
	connected = world_udp(&peer.world, 0, "10.0.0.1", PORT);
	assert_int_equal(connect_to(connected, HOST_B, 5000), 0);
	letter_from(HOST_B, 5000, HOST_A, "c");
	letter_from(HOST_B, 5001, HOST_A, "b");
	letter_from(HOST_B + 1, 5000, HOST_A, "b");
	letter_from(HOST_B, 5000, 0x0a0000ff, "a"); /* broadcast */
	letter_from(HOST_B, 5000, UINT32_MAX, "a");
	expect_data(connected, "c", 1);
	expect_nothing(connected);
	expect_data(bound, "b", 1);
	expect_data(bound, "b", 1);
	expect_nothing(bound);
	expect_data(any, "a", 1);
	expect_data(any, "a", 1);
	expect_nothing(any);
	/* Each takes the place of the one that goes. */
	nsk_close(connected);
	letter_from(HOST_B, 5000, HOST_A, "b");
	expect_data(bound, "b", 1);
	nsk_close(bound);
	letter_from(HOST_B, 5000, HOST_A, "a");
	expect_data(any, "a", 1);
	nsk_close(any);
	letter_from(HOST_B, 5000, HOST_A, "-");
	assert_int_equal(drops(NSK_DROP_UDP_NO_SOCKET), 1);
	peer_finish(&peer, MINUTE);
}

/* As in Linux, with and without an address of the socket's own. */
static void connect_hears_of_a_route_that_refuses(void **state)
{
	static const struct {
		enum nsk_route_type type;
		int err;
	} rows[] = {
		{NSK_ROUTE_BLACKHOLE, EINVAL},
		{NSK_ROUTE_UNREACHABLE, EHOSTUNREACH},
		{NSK_ROUTE_PROHIBIT, EACCES},
	};
	static const char *const own[] = {"0.0.0.0", "10.0.0.1"};

	(void)state;
	begin();
	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		const struct nsk_route r = {.destination = "10.50.0.0/16", .type = rows[i].type};

		assert_int_equal(nsk_route_add(peer.world.host[0], &r, false), 0);
		for (unsigned k = 0; k < NSK_ARRAY_LEN(own); k++) {
			int fd = world_udp(&peer.world, 0, own[k], PORT);

			assert_int_equal(connect_to(fd, 0x0a320001, 5000), -1);
			assert_int_equal(errno, rows[i].err);
			nsk_close(fd);
		}
		assert_int_equal(nsk_route_del(peer.world.host[0], &r), 0);
	}
	peer_finish(&peer, MINUTE);
}

static void connected_socket_hears_its_peer_alone(void **state)
{
	struct sockaddr unspec = {.sa_family = AF_UNSPEC};
	int fd;

	(void)state;
	begin();
	fd = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	assert_int_equal(connect_to(fd, HOST_B, 5000), 0);
	letter_from(HOST_B, 5001, HOST_A, "x");
	letter_from(HOST_B + 1, 5000, HOST_A, "x");
	letter_from(HOST_B, 5000, UINT32_MAX, "x");
	letter_from(HOST_B, 5000, HOST_A, "y");
	expect_data(fd, "y", 1);
	expect_nothing(fd);
	assert_int_equal(drops(NSK_DROP_UDP_NO_SOCKET), 3);
	assert_int_equal(nsk_connect(fd, &unspec, sizeof(unspec)), 0);
	letter_from(HOST_B, 5001, HOST_A, "z");
	expect_data(fd, "z", 1);
	nsk_close(fd);
	peer_finish(&peer, MINUTE);
}

/* ---- loss and refusal ---------------------------------------------------------------------- */

static void full_receive_buffer_loses_datagrams_and_takes_new_ones_when_read(void **state)
{
	static const char *const settings[] = {"udp.rcvbuf=20000", NULL};
	unsigned n = 0;
	int a, b;

	(void)state;
	begin_pair(settings);
	a = world_udp(&world, 0, "0.0.0.0", PORT);
	b = world_udp(&world, 1, "0.0.0.0", PORT);
	for (uint8_t i = 0; i < 100; i++) {
		assert_int_equal(pair_sendto(a, PORT, &i, 1), 1);
		world_settle(&world);
	}
	while (nsk_recv(b, got, sizeof(got), 0) == 1)
		assert_int_equal(got[0], n++); /* those that came first */
	assert_in_range(n, 2, 20);
	assert_int_equal(world_drops(&world, 1, NSK_DROP_UDP_RCVBUF_FULL), 100 - n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(pair_sendto(a, PORT, data, 10), 10);
	world_settle(&world);
	for (unsigned i = 0; i < n; i++)
		expect_data(b, data, 10);
	assert_int_equal(world_drops(&world, 1, NSK_DROP_UDP_RCVBUF_FULL), 100 - n);
	/* A larger one holds more. */
	world_setsockopt(b, SOL_SOCKET, SO_RCVBUF, 40000);
	for (uint8_t i = 0; i < 100; i++) {
		pair_sendto(a, PORT, &i, 1);
		world_settle(&world);
	}
	for (unsigned i = 0; i < 2 * n; i++)
		expect_data(b, (uint8_t[]){(uint8_t)i}, 1);
	nsk_close(a);
	nsk_close(b); /* with datagrams that nobody has read */
	pair_finish(&world);
}

static void refused_port_is_told_to_the_connected_socket_rfc1122_4_1_3_3(void **state)
{
	int connected, other;

	(void)state;
	begin_pair(NULL);
	connected = world_udp(&world, 0, "0.0.0.0", 1000);
	other = world_udp(&world, 0, "0.0.0.0", 1001);
	assert_int_equal(connect_to(connected, HOST_B, PORT), 0);
	assert_int_equal(nsk_send(connected, "x", 1, 0), 1);
	assert_int_equal(pair_sendto(other, PORT, "x", 1), 1);
	world_settle(&world);
	assert_true(world_wait(&world, connected, POLLIN, 0) & POLLERR);
	assert_int_equal(nsk_recv(connected, got, 1, 0), -1);
	assert_int_equal(errno, ECONNREFUSED);
	expect_nothing(connected); /* told once */
	expect_nothing(other);	   /* could not tell which datagram was refused */
	/* The next call hears of it whatever it is, and the one after that goes through. */
	assert_int_equal(nsk_send(connected, "x", 1, 0), 1);
	world_settle(&world);
	assert_int_equal(nsk_send(connected, "x", 1, 0), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(nsk_send(connected, "x", 1, 0), 1);
	world_settle(&world);
	assert_int_equal(world_sock_error(connected), ECONNREFUSED);
	assert_int_equal(world_counter(&world, 1, NSK_CNT_ICMP_ERRORS_SENT), 4);
	nsk_close(connected);
	nsk_close(other);
	pair_finish(&world);
}

/* An error that quotes this datagram of ours. */
static void unreachable(uint16_t sport, uint32_t dst, uint16_t dport)
{
	uint8_t quote[IPV4_HLEN + UDP_HLEN];
	struct ipv4_view ip = {
		.src = HOST_A, .dst = dst, .total_len = 100, .ttl = 60, .proto = IP_PROTO_UDP};

	ipv4_write(quote, &ip);
	ipv4_set_checksum(quote, IPV4_HLEN);
	udp_write(quote + IPV4_HLEN, sport, dport, 80);
	hand_in(frame_icmp(f, &(struct ip_spec){0}, ICMP_UNREACHABLE, ICMP_UNREACH_PORT, 0, quote,
			   sizeof(quote)));
}

static void error_about_what_the_socket_cannot_have_sent_is_not_told(void **state)
{
	int fd;

	(void)state;
	begin();
	fd = world_udp(&peer.world, 0, "0.0.0.0", PORT);
	assert_int_equal(connect_to(fd, HOST_B, 5000), 0);
	unreachable(PORT + 1, HOST_B, 5000);
	unreachable(PORT, HOST_B, 5001);
	unreachable(PORT, HOST_B + 1, 5000);
	expect_nothing(fd);
	unreachable(PORT, HOST_B, 5000);
	assert_int_equal(nsk_recv(fd, got, 1, 0), -1);
	assert_int_equal(errno, ECONNREFUSED);
	nsk_close(fd);
	peer_finish(&peer, MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(datagrams_of_every_size_up_to_the_mtu_arrive_whole),
		world_test(empty_datagram_is_one),
		world_test(datagram_that_is_longer_than_the_buffer_is_cut_and_that_is_told),
		world_test(datagram_without_a_checksum_is_taken_rfc768),
		world_test(checksum_of_zero_is_sent_as_all_ones_rfc768),
		world_test(damaged_datagram_is_dropped_rfc1122_4_1_3_4),
		world_test(length_is_that_of_the_datagram_not_of_the_packet),
		world_test(buffer_by_reference_has_its_sender),
		world_test(connected_socket_is_found_before_a_bound_one_before_any),
		world_test(connect_hears_of_a_route_that_refuses),
		world_test(connected_socket_hears_its_peer_alone),
		world_test(full_receive_buffer_loses_datagrams_and_takes_new_ones_when_read),
		world_test(refused_port_is_told_to_the_connected_socket_rfc1122_4_1_3_3),
		world_test(error_about_what_the_socket_cannot_have_sent_is_not_told),
	};

	return world_main(tests);
}
