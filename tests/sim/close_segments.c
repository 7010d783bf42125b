/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends of connections, segment by segment: what a peer played by hand sends while the stack is in
 * each closing state. RFC 9293 §3.10.7, RFC 1337, RFC 5961.
 */
#include <errno.h>
#include <string.h>

#include "sim/peer.h"

static struct peer peer;
static struct talk t;

static void open_talk(void)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, NULL);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
}

static unsigned state_now(void)
{
	return world_state(&peer.world, 0, t.stack_port);
}

static void close_stack(void)
{
	assert_int_equal(nsk_close(t.fd), 0);
	t.fd = -1;
	peer_settle(&peer);
}

/* The stack closes first and gets to FIN-WAIT-2. */
static void to_fin_wait_2(void)
{
	close_stack();
	talk_expect(&t, TCP_FIN | TCP_ACK);
	talk_send(&t, TCP_ACK, NULL, 0);
	assert_int_equal(state_now(), TCPS_FIN_WAIT_2);
	peer_expect_silence(&peer);
}

static void to_time_wait(void)
{
	to_fin_wait_2();
	talk_send(&t, TCP_FIN | TCP_ACK, NULL, 0);
	talk_expect(&t, TCP_ACK);
	assert_int_equal(state_now(), TCPS_TIME_WAIT);
}

static void end_talk(void)
{
	if (t.fd >= 0)
		nsk_close(t.fd);
	if (t.listener >= 0)
		nsk_close(t.listener);
	peer_finish(&peer, 2 * HOUR);
}

static uint64_t drops(enum nsk_drop reason)
{
	return world_drops(&peer.world, 0, reason);
}

/* ---- TIME-WAIT ----------------------------------------------------------------------------- */

static void time_wait_ignores_rst_rfc1337(void **state)
{
	(void)state;
	open_talk();
	to_time_wait();
	talk_send_at(&t, TCP_RST, t.seq, t.ack, NULL, 0);
	talk_send_at(&t, TCP_RST | TCP_ACK, t.seq, t.ack, NULL, 0);
	peer_expect_silence(&peer);
	assert_int_equal(state_now(), TCPS_TIME_WAIT);
	assert_int_equal(drops(NSK_DROP_TCP_TIME_WAIT), 2);
	peer_run(&peer, 59 * SEC);
	assert_int_equal(state_now(), TCPS_TIME_WAIT);
	peer_run(&peer, 2 * SEC);
	assert_int_equal(state_now(), TCPS_CLOSED);
	end_talk();
}

static void time_wait_answers_so_often_until_the_fin_comes_again_rfc5961_7(void **state)
{
	(void)state;
	open_talk();
	to_time_wait();
	for (unsigned i = 0; i < 31; i++) {
		talk_send_at(&t, TCP_ACK, t.seq + 1, t.ack, NULL, 0);
		assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	}
	talk_send_at(&t, TCP_ACK, t.seq + 1, t.ack, NULL, 0);
	peer_expect_silence(&peer);
	talk_send_at(&t, TCP_FIN | TCP_ACK, t.seq - 1, t.ack, NULL, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	end_talk();
}

static void time_wait_answers_an_old_duplicate_with_an_ack_rfc9293_3_10_7_4(void **state)
{
	struct segment s;

	(void)state;
	open_talk();
	to_time_wait();
	talk_send_at(&t, TCP_ACK | TCP_PSH, t.seq - 100, t.ack, "old", 3);
	s = talk_expect(&t, TCP_ACK);
	assert_int_equal(s.ack, t.seq);
	assert_int_equal(s.len, 0);
	assert_int_equal(state_now(), TCPS_TIME_WAIT);
	end_talk();
}

static void time_wait_takes_no_old_syn_rfc9293_3_6_1(void **state)
{
	(void)state;
	open_talk();
	to_time_wait();
	talk_send_at(&t, TCP_SYN, t.seq - 5000, 0, NULL, 0);
	assert_int_equal(state_now(), TCPS_TIME_WAIT);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	end_talk();
}

static void time_wait_makes_room_for_a_syn_beyond_its_window_rfc9293_3_6_1(void **state)
{
	struct segment s;
	uint32_t old = 0;

	(void)state;
	open_talk();
	old = t.ack;
	to_time_wait();
	talk_send_at(&t, TCP_SYN, t.seq + 100000, 0, NULL, 0);
	assert_int_equal(world_levels(&peer.world, 0).tcp_time_wait, 0);
	s = talk_expect(&t, TCP_SYN | TCP_ACK);
	assert_int_equal(s.ack, t.seq + 100001);
	assert_true((int32_t)(s.seq - old) > 0); /* MAY-2: and larger than the old one's */
	talk_send_at(&t, TCP_RST, t.seq + 100001, 0, NULL, 0);
	end_talk();
}

/* ---- FIN ----------------------------------------------------------------------------------- */

static void fin_that_acknowledges_ours_leads_straight_to_time_wait(void **state)
{
	(void)state;
	open_talk();
	close_stack();
	talk_expect(&t, TCP_FIN | TCP_ACK);
	assert_int_equal(state_now(), TCPS_FIN_WAIT_1);
	talk_send(&t, TCP_FIN | TCP_ACK, NULL, 0);
	talk_expect(&t, TCP_ACK);
	assert_int_equal(state_now(), TCPS_TIME_WAIT);
	end_talk();
}

static void fin_ahead_of_its_data_waits_for_it(void **state)
{
	char data[8];

	(void)state;
	open_talk();
	talk_send_at(&t, TCP_FIN | TCP_ACK, t.seq + 4, t.ack, NULL, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	assert_int_equal(state_now(), TCPS_ESTABLISHED);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), -1);
	assert_int_equal(errno, EAGAIN);
	talk_send(&t, TCP_ACK, "data", 4);
	t.seq++;
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	assert_int_equal(state_now(), TCPS_CLOSE_WAIT);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 4);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 0);
	talk_send_at(&t, TCP_FIN | TCP_ACK, t.seq - 1, t.ack, NULL, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	close_stack();
	talk_expect(&t, TCP_FIN | TCP_ACK);
	assert_int_equal(state_now(), TCPS_LAST_ACK);
	talk_send(&t, TCP_ACK, NULL, 0);
	assert_int_equal(state_now(), TCPS_CLOSED);
	end_talk();
}

static void fin_comes_with_data_and_is_acknowledged_at_once(void **state)
{
	char data[8];

	(void)state;
	open_talk();
	talk_send(&t, TCP_FIN | TCP_ACK | TCP_PSH, "last", 4);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 4);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 0);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 0);
	assert_int_equal(state_now(), TCPS_CLOSE_WAIT);
	talk_send_at(&t, TCP_RST, t.seq, t.ack, NULL, 0);
	assert_int_equal(state_now(), TCPS_CLOSED);
	assert_int_equal(world_sock_error(t.fd), EPIPE);
	end_talk();
}

static void data_beyond_the_fin_is_not_delivered(void **state)
{
	char data[16];

	(void)state;
	open_talk();
	talk_send(&t, TCP_FIN | TCP_ACK, "end", 3);
	talk_expect(&t, TCP_ACK);
	talk_send_at(&t, TCP_ACK | TCP_PSH, t.seq, t.ack, "more", 4);
	peer_forget(&peer);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 3);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 0);
	talk_send_at(&t, TCP_RST, t.seq, t.ack, NULL, 0);
	end_talk();
}

static void half_closed_socket_gets_data_in_fin_wait_2(void **state)
{
	char data[8];

	(void)state;
	open_talk();
	assert_int_equal(nsk_shutdown(t.fd, SHUT_WR), 0);
	peer_settle(&peer);
	talk_expect(&t, TCP_FIN | TCP_ACK);
	talk_send(&t, TCP_ACK | TCP_PSH, "more", 4);
	assert_int_equal(state_now(), TCPS_FIN_WAIT_2);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 4);
	peer_run(&peer, SEC);
	peer_forget(&peer);
	talk_send(&t, TCP_FIN | TCP_ACK, NULL, 0);
	assert_int_equal(state_now(), TCPS_TIME_WAIT);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 0);
	end_talk();
}

/* ---- RST ----------------------------------------------------------------------------------- */

static void rst_at_rcv_nxt_ends_the_connection_rfc5961_3_2(void **state)
{
	char c;

	(void)state;
	open_talk();
	talk_send(&t, TCP_ACK | TCP_PSH, "a", 1);
	peer_forget(&peer);
	talk_send_at(&t, TCP_RST, t.seq, 0, NULL, 0);
	peer_expect_silence(&peer);
	assert_int_equal(state_now(), TCPS_CLOSED);
	/* What had come before may still be read; then the error; then the end. */
	assert_int_equal(nsk_recv(t.fd, &c, 1, 0), 1);
	assert_int_equal(nsk_recv(t.fd, &c, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(nsk_recv(t.fd, &c, 1, 0), 0);
	assert_int_equal(drops(NSK_DROP_TCP_RST_WINDOW), 0);
	end_talk();
}

static void rst_elsewhere_in_the_window_is_challenged_rfc5961_3_2(void **state)
{
	struct segment s;

	(void)state;
	open_talk();
	talk_send_at(&t, TCP_RST, t.seq + 1000, 0, NULL, 0);
	s = talk_expect(&t, TCP_ACK);
	assert_int_equal(s.ack, t.seq);
	assert_int_equal(state_now(), TCPS_ESTABLISHED);
	assert_int_equal(drops(NSK_DROP_TCP_RST_CHALLENGE), 1);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_CHALLENGE_ACKS), 1);
	/* A peer that did reset answers the challenge with an exact one. */
	talk_send_at(&t, TCP_RST, s.ack, 0, NULL, 0);
	assert_int_equal(state_now(), TCPS_CLOSED);
	end_talk();
}

static void challenge(void)
{
	talk_send_at(&t, TCP_RST, t.seq + 1000, 0, NULL, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
}

/* CVE-2016-5696: who has used up what one connection may send learns nothing of another. */
static void challenges_of_others_take_nothing_away_rfc5961_7(void **state)
{
	(void)state;
	open_talk();
	challenge();
	/* Half-open connections of a stranger, at the same instant. */
	assert_int_equal(nsk_listen(t.listener, 200), 0);
	for (uint16_t port = 1; port <= 200; port++) {
		peer_tcp(&peer, &(struct tcp_spec){
					.sport = port, .dport = 7, .flags = TCP_SYN, .seq = 500});
		assert_int_equal(peer_segment(&peer).flags, TCP_SYN | TCP_ACK);
		for (unsigned i = 0; i < 12; i++) {
			peer_tcp(&peer,
				 &(struct tcp_spec){
					 .sport = port, .dport = 7, .flags = TCP_RST, .seq = 600});
			if (i < 10)
				assert_int_equal(peer_segment(&peer).flags, TCP_ACK);
		}
		peer_expect_silence(&peer);
	}
	challenge();
	end_talk();
}

static void rst_outside_the_window_is_dropped_rfc5961_3_2(void **state)
{
	(void)state;
	open_talk();
	talk_send_at(&t, TCP_RST, t.seq - 1, 0, NULL, 0);
	talk_send_at(&t, TCP_RST, t.seq + 70000, 0, NULL, 0);
	talk_send_at(&t, TCP_RST, t.seq + 0x80000000u, 0, NULL, 0);
	peer_expect_silence(&peer);
	assert_int_equal(state_now(), TCPS_ESTABLISHED);
	assert_int_equal(drops(NSK_DROP_TCP_RST_WINDOW), 3);
	end_talk();
}

static void rst_in_syn_received_goes_back_to_listen_rfc9293_3_10_7_4(void **state)
{
	(void)state;
	open_talk();
	peer_tcp(&peer, &(struct tcp_spec){.sport = 77, .dport = 7, .flags = TCP_SYN, .seq = 500});
	assert_int_equal(peer_segment(&peer).flags, TCP_SYN | TCP_ACK);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 1);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 77, .dport = 7, .flags = TCP_RST, .seq = 501});
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 0);
	peer_expect_silence(&peer);
	assert_int_equal(nsk_accept(t.listener, NULL, NULL), -1);
	end_talk();
}

static void syn_in_a_live_connection_is_challenged_rfc5961_4_2(void **state)
{
	(void)state;
	open_talk();
	talk_send_at(&t, TCP_SYN, t.seq, 0, NULL, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	talk_send_at(&t, TCP_SYN, t.seq + 0x40000000u, 0, NULL, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	assert_int_equal(state_now(), TCPS_ESTABLISHED);
	assert_int_equal(drops(NSK_DROP_TCP_SYN_CHALLENGE), 2);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_CHALLENGE_ACKS), 2);
	end_talk();
}

/* The stack begins another connection; its SYN. */
static int connect_to_99(struct segment *syn)
{
	int fd = world_connect(&peer.world, 0, "10.0.0.2", 99);

	peer_settle(&peer);
	*syn = peer_segment(&peer);
	return fd;
}

static void rst_refuses_a_connection_only_if_it_acknowledges_the_syn_rfc9293_3_10_7_3(void **state)
{
	struct segment s;
	int fd;

	(void)state;
	open_talk();
	fd = connect_to_99(&s);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 99,
					   .dport = s.sport,
					   .flags = TCP_RST | TCP_ACK,
					   .ack = s.seq + 2});
	peer_tcp(&peer, &(struct tcp_spec){.sport = 99, .dport = s.sport, .flags = TCP_RST});
	assert_int_equal(world_state(&peer.world, 0, s.sport), TCPS_SYN_SENT);
	peer_forget(&peer);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 99,
					   .dport = s.sport,
					   .flags = TCP_RST | TCP_ACK,
					   .ack = s.seq + 1});
	assert_int_equal(world_state(&peer.world, 0, s.sport), TCPS_CLOSED);
	assert_int_equal(world_sock_error(fd), ECONNREFUSED);
	nsk_close(fd);
	end_talk();
}

static void syn_ack_for_another_syn_is_reset_rfc9293_3_10_7_3(void **state)
{
	struct segment s;
	int fd;

	(void)state;
	open_talk();
	fd = connect_to_99(&s);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 99,
					   .dport = s.sport,
					   .flags = TCP_SYN | TCP_ACK,
					   .seq = 9,
					   .ack = s.seq + 1000});
	assert_int_equal(peer_segment(&peer).seq, s.seq + 1000);
	assert_int_equal(world_state(&peer.world, 0, s.sport), TCPS_SYN_SENT);
	nsk_close(fd);
	end_talk();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(time_wait_ignores_rst_rfc1337),
		world_test(time_wait_answers_so_often_until_the_fin_comes_again_rfc5961_7),
		world_test(time_wait_answers_an_old_duplicate_with_an_ack_rfc9293_3_10_7_4),
		world_test(time_wait_takes_no_old_syn_rfc9293_3_6_1),
		world_test(time_wait_makes_room_for_a_syn_beyond_its_window_rfc9293_3_6_1),
		world_test(fin_that_acknowledges_ours_leads_straight_to_time_wait),
		world_test(fin_ahead_of_its_data_waits_for_it),
		world_test(fin_comes_with_data_and_is_acknowledged_at_once),
		world_test(data_beyond_the_fin_is_not_delivered),
		world_test(half_closed_socket_gets_data_in_fin_wait_2),
		world_test(rst_at_rcv_nxt_ends_the_connection_rfc5961_3_2),
		world_test(rst_elsewhere_in_the_window_is_challenged_rfc5961_3_2),
		world_test(challenges_of_others_take_nothing_away_rfc5961_7),
		world_test(rst_outside_the_window_is_dropped_rfc5961_3_2),
		world_test(rst_in_syn_received_goes_back_to_listen_rfc9293_3_10_7_4),
		world_test(syn_in_a_live_connection_is_challenged_rfc5961_4_2),
		world_test(
			rst_refuses_a_connection_only_if_it_acknowledges_the_syn_rfc9293_3_10_7_3),
		world_test(syn_ack_for_another_syn_is_reset_rfc9293_3_10_7_3),
	};

	return world_main(tests);
}
