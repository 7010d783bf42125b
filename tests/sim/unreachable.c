/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What those hear who send to a next hop that does not answer: at once, after a while, or nothing.
 * RFC 1122 §2.3.2.1, §4.1.3.3, §4.2.3.9.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sim/peer.h"

static const char *const quick[] = {"arp.timeout_ms=5000", NULL};

static struct peer peer;

static struct sockaddr_in to_b(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(HOST_B)};
}

/* A stack that has made its announcements and knows nobody; nobody answers but the test. Returns a
 * UDP socket. */
static int begin(void)
{
	memset(&peer, 0, sizeof(peer));
	peer.no_arp = true;
	peer_start(&peer, NULL);
	peer_run(&peer, 3 * SEC);
	peer_forget(&peer);
	return world_udp(&peer.world, 0, "0.0.0.0", 9);
}

static ssize_t send_datagram(int fd)
{
	struct sockaddr_in to = to_b(9);

	return nsk_sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static uint64_t expect_question(void)
{
	peer_settle(&peer);
	return peer_expect_arp(&peer, ARP_OP_REQUEST, bcast_mac, HOST_A, HOST_B);
}

static uint64_t given_up(void)
{
	return world_drops(&peer.world, 0, NSK_DROP_ARP_UNRESOLVED);
}

static void silence_is_asked_thrice_then_unreachable_rfc1122_2_3_2_1(void **state)
{
	uint64_t at[3];
	int fd = begin();

	(void)state;
	assert_int_equal(send_datagram(fd), 1);
	assert_int_equal(send_datagram(fd), 1);
	peer_run(&peer, 2900 * MS);
	for (unsigned i = 0; i < 3; i++)
		at[i] = expect_question();
	assert_in_range(at[1] - at[0], SEC, SEC + MS);
	assert_in_range(at[2] - at[1], SEC, SEC + MS);
	assert_int_equal(given_up(), 0);
	peer_run(&peer, 200 * MS);
	assert_int_equal(given_up(), 2);
	/* For a second it is known to be silent, then it is asked again. */
	assert_int_equal(send_datagram(fd), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	peer_expect_silence(&peer);
	peer_run(&peer, SEC);
	assert_int_equal(send_datagram(fd), 1);
	expect_question();
	peer_arp(&peer, ARP_OP_REPLY, peer_mac, HOST_B, HOST_A);
	assert_int_equal(peer.count, 1);
	assert_int_equal(given_up(), 2);
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

static void who_asks_for_errors_hears_of_a_silent_next_hop_once_rfc1122_4_1_3_3(void **state)
{
	struct sockaddr_in to = to_b(9);
	int fd = begin();
	char c;

	(void)state;
	world_setsockopt(fd, IPPROTO_IP, IP_RECVERR, 1);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(nsk_send(fd, "x", 1, 0), 1);
	peer_run(&peer, 2900 * MS);
	assert_int_equal(nsk_recv(fd, &c, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(world_wait(&peer.world, fd, POLLIN, 200 * MS) & POLLERR);
	assert_int_equal(nsk_recv(fd, &c, 1, 0), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	assert_int_equal(nsk_recv(fd, &c, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	nsk_close(fd);
	peer_finish(&peer, 3 * MINUTE);
}

static void open_fails_when_the_next_hop_is_silent_and_at_once_just_after(void **state)
{
	struct sockaddr_in to = to_b(80);
	int fd[2], udp = begin();

	(void)state;
	fd[0] = world_connect(&peer.world, 0, "10.0.0.2", 80);
	peer_run(&peer, 2900 * MS);
	assert_int_equal(world_sock_error(fd[0]), 0);
	assert_true(world_wait(&peer.world, fd[0], POLLOUT, 200 * MS) & POLLERR);
	assert_int_equal(world_sock_error(fd[0]), EHOSTUNREACH);
	peer_forget(&peer);
	fd[1] = nsk_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(nsk_connect(fd[1], (struct sockaddr *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	peer_expect_silence(&peer);
	nsk_close(fd[0]);
	nsk_close(fd[1]);
	nsk_close(udp);
	peer_finish(&peer, 3 * MINUTE);
}

static void connection_outlives_a_silent_next_hop_rfc1122_4_2_3_9(void **state)
{
	struct segment s;
	struct talk t;
	uint32_t end;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, quick);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
	peer_run(&peer, MINUTE); /* the entry is gone */
	peer_forget(&peer);
	peer.no_arp = true;
	for (unsigned i = 0; i < 60; i++) {
		assert_int_equal(nsk_send(t.fd, "x", 1, 0), 1);
		peer_run(&peer, 500 * MS);
	}
	assert_true(given_up() > 0);
	assert_int_equal(world_state(&peer.world, 0, 7), TCPS_ESTABLISHED);
	peer.no_arp = false;
	end = t.ack + 60;
	for (unsigned i = 0; i < 60 && t.ack != end; i++) {
		peer_run(&peer, SEC);
		while (peer.count) { /* what comes up to now is acknowledged */
			s = peer_segment(&peer);
			t.ack = s.seq == t.ack ? s.seq + s.len : t.ack;
			talk_send(&t, TCP_ACK, NULL, 0);
		}
	}
	assert_int_equal(t.ack, end);
	talk_send_at(&t, TCP_RST, t.seq, 0, NULL, 0);
	nsk_close(t.fd);
	nsk_close(t.listener);
	peer_finish(&peer, 3 * MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(silence_is_asked_thrice_then_unreachable_rfc1122_2_3_2_1),
		world_test(who_asks_for_errors_hears_of_a_silent_next_hop_once_rfc1122_4_1_3_3),
		world_test(open_fails_when_the_next_hop_is_silent_and_at_once_just_after),
		world_test(connection_outlives_a_silent_next_hop_rfc1122_4_2_3_9),
	};

	return world_main(tests);
}
