/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP's timers under virtual time: retransmission and giving up, keepalive, zero windows, delayed
 * acknowledgments, Nagle, user timeouts. RFC 6298, RFC 9293 §3.8, RFC 5482, RFC 6429.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/peer.h"

static struct peer peer;
static struct talk t;
static uint8_t data[100000];

static const uint8_t mss_1460[] = {2, 4, 5, 0xb4};

static void open_with(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, settings);
	talk_connect(&t, &peer, 5000, -1, mss_1460, sizeof(mss_1460));
	world_fill(data, sizeof(data), 0, 1);
}

static void open_talk(void)
{
	open_with(NULL);
}

static uint64_t counter(enum nsk_counter c)
{
	return world_counter(&peer.world, 0, c);
}

static uint64_t now_ms(void)
{
	return peer.world.now_ns / MS;
}

/* ---- retransmission ------------------------------------------------------------------------ */

static void timeouts_double_up_to_the_limit_and_end_after_r2_rfc6298_5_5(void **state)
{
	uint64_t last = 0, gap = 200, start;
	uint32_t seq;

	(void)state;
	open_talk();
	start = now_ms();
	world_send(&peer.world, t.fd, "hello", 5);
	peer_settle(&peer);
	seq = talk_expect(&t, TCP_ACK).seq;
	last = start;
	for (unsigned i = 0; i < 15; i++) {
		struct segment s;

		assert_true(peer_await(&peer, 200 * SEC));
		s = peer_segment(&peer);
		assert_int_equal(s.seq, seq);
		assert_int_equal(s.len, 5);
		assert_in_range(now_ms() - last, gap, gap + gap / 100 + 2);
		last = now_ms();
		gap = gap * 2 < 120000 ? gap * 2 : 120000;
	}
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 15);
	assert_int_equal(world_sock_error(t.fd), 0);
	peer_run(&peer, 121 * SEC);
	assert_int_equal(world_sock_error(t.fd), ETIMEDOUT);
	assert_int_equal(counter(NSK_CNT_TCP_TIMEOUTS), 1);
	assert_true(now_ms() - start >= 100000); /* RFC 9293 §3.8.3, MUST-20: R2 */
	peer_forget(&peer);			 /* its RST */
	talk_end(&t);
}

static void timeout_stays_backed_off_until_a_segment_can_be_timed_karn_rfc6298_3(void **state)
{
	(void)state;
	open_talk();
	world_send(&peer.world, t.fd, "one", 3);
	peer_run(&peer, 1500 * MS); /* 0, 200, 600, 1400 */
	assert_int_equal(peer.count, 4);
	for (unsigned i = 0; i < 4; i++)
		talk_expect(&t, TCP_ACK);
	talk_send(&t, TCP_ACK, NULL, 0);
	peer_run(&peer, 10 * SEC);
	peer_expect_silence(&peer);
	/* Nobody knows which of the four was acknowledged. */
	world_send(&peer.world, t.fd, "two", 3);
	peer_run(&peer, 1500 * MS);
	assert_int_equal(peer.count, 1);
	talk_expect(&t, TCP_ACK);
	talk_send(&t, TCP_ACK, NULL, 0);
	peer_run(&peer, 10 * SEC);
	/* That took 1.5 s, so the estimate is large; a few quick ones bring it down. */
	for (unsigned i = 0; i < 40; i++) {
		world_send(&peer.world, t.fd, "n", 1);
		peer_settle(&peer);
		talk_expect(&t, TCP_ACK);
		talk_send(&t, TCP_ACK, NULL, 0);
	}
	world_send(&peer.world, t.fd, "three", 5);
	peer_run(&peer, 250 * MS);
	assert_int_equal(peer.count, 2);
	talk_end(&t);
}

static void peer_that_vanishes_leaves_nothing_behind(void **state)
{
	struct world w;
	int listener, fd[2];
	uint64_t start;

	(void)state;
	world_pair(&w, &(struct world_params){.seed = 3, .wire = {.delay_ns = 5 * MS}});
	world_connected(&w, 7, &listener, fd);
	nsk_wire_link(w.wire, false);
	start = w.now_ns;
	world_fill(data, sizeof(data), 0, 1);
	assert_int_equal(nsk_send(fd[0], data, sizeof(data), 0), sizeof(data));
	assert_true(world_wait(&w, fd[0], POLLIN, 2 * HOUR) & POLLERR);
	assert_true(w.now_ns - start >= 100 * SEC);
	assert_int_equal(nsk_recv(fd[0], data, 1, 0), -1);
	assert_int_equal(errno, EHOSTUNREACH); /* as Linux: its ARP has found out why */
	nsk_close(fd[0]);
	assert_true(world_all_closed(&w, 0));
	world_run(&w, MINUTE, NULL, NULL);
	world_pool_complete(&w, 0);
	world_end(&w);
}

static void link_that_comes_back_within_r2_saves_the_connection(void **state)
{
	static uint8_t got[sizeof(data)];
	struct world w;
	int listener, fd[2];

	(void)state;
	for (uint64_t away = 1; away <= 64; away *= 4) {
		world_pair(&w, &(struct world_params){.seed = away, .wire = {.delay_ns = 5 * MS}});
		world_connected(&w, 7, &listener, fd);
		world_fill(data, sizeof(data), 0, away);
		assert_int_equal(nsk_send(fd[0], data, sizeof(data), 0), sizeof(data));
		world_run(&w, 8 * MS, NULL, NULL);
		nsk_wire_link(w.wire, false);
		world_run(&w, away * SEC, NULL, NULL);
		nsk_wire_link(w.wire, true);
		world_recv(&w, fd[1], got, sizeof(got));
		assert_memory_equal(got, data, sizeof(got));
		/* Progress within two of the timeouts that have grown meanwhile. */
		nsk_close(fd[0]);
		world_expect_eof(&w, fd[1]);
		nsk_close(fd[1]);
		nsk_close(listener);
		world_run(&w, 70 * SEC, NULL, NULL);
		assert_true(world_all_closed(&w, 0) && world_all_closed(&w, 1));
		world_end(&w);
	}
}

static void user_timeout_takes_the_place_of_retries_rfc5482(void **state)
{
	uint64_t start;

	(void)state;
	open_talk();
	world_setsockopt(t.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000);
	peer_run(&peer, MINUTE); /* idle time does not count */
	start = now_ms();
	world_send(&peer.world, t.fd, "x", 1);
	while (world_state(&peer.world, 0, 7) == TCPS_ESTABLISHED)
		peer_run(&peer, 10 * MS);
	assert_in_range(now_ms() - start, 29990, 30020);
	assert_int_equal(world_sock_error(t.fd), ETIMEDOUT);
	peer_forget(&peer);
	talk_end(&t);
}

/* ---- keepalive ----------------------------------------------------------------------------- */

static void keepalive_probes_after_two_hours_and_gives_up_after_nine_rfc9293_3_8_4(void **state)
{
	uint64_t start, last;

	(void)state;
	open_talk();
	world_setsockopt(t.fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	start = now_ms();
	assert_false(peer_await(&peer, 2 * HOUR - 10 * SEC));
	for (unsigned i = 0; i < 9; i++) {
		struct segment s;

		assert_true(peer_await(&peer, 100 * SEC));
		if (i == 0)
			assert_in_range(now_ms() - start, 7200000, 7201100);
		else
			assert_in_range(now_ms() - last, 75000, 75010);
		last = now_ms();
		s = peer_segment(&peer);
		assert_int_equal(s.flags, TCP_ACK);
		assert_int_equal(s.seq, t.ack - 1); /* an octet that was acknowledged */
		assert_int_equal(s.len, 0);
	}
	assert_int_equal(counter(NSK_CNT_TCP_KEEPALIVES), 9);
	assert_int_equal(world_sock_error(t.fd), 0);
	peer_run(&peer, 76 * SEC);
	assert_int_equal(world_sock_error(t.fd), ETIMEDOUT);
	assert_int_equal(peer_segment(&peer).flags & TCP_RST, TCP_RST);
	talk_end(&t);
}

static void answered_keepalive_goes_on_for_ever(void **state)
{
	(void)state;
	open_talk();
	world_setsockopt(t.fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	for (unsigned i = 0; i < 20; i++) {
		assert_false(peer_await(&peer, 2 * HOUR - 2 * SEC));
		assert_true(peer_await(&peer, 4 * SEC));
		peer_segment(&peer);
		talk_send(&t, TCP_ACK, NULL, 0);
		peer_expect_silence(&peer);
	}
	assert_int_equal(world_sock_error(t.fd), 0);
	assert_int_equal(counter(NSK_CNT_TCP_KEEPALIVES), 20);
	talk_end(&t);
}

static void keepalive_is_off_unless_asked_for_rfc9293_3_8_4(void **state)
{
	(void)state;
	open_talk();
	assert_false(peer_await(&peer, 48 * HOUR));
	assert_int_equal(world_state(&peer.world, 0, 7), TCPS_ESTABLISHED);
	talk_end(&t);
}

static void keepalive_times_are_options_of_the_socket(void **state)
{
	uint64_t start;

	(void)state;
	open_talk();
	world_setsockopt(t.fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
	world_setsockopt(t.fd, IPPROTO_TCP, TCP_KEEPINTVL, 2);
	world_setsockopt(t.fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	world_setsockopt(t.fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	start = now_ms();
	while (world_state(&peer.world, 0, 7) == TCPS_ESTABLISHED)
		peer_run(&peer, 10 * MS);
	assert_in_range(now_ms() - start, 15990, 17100); /* 10 + 3 × 2 */
	assert_int_equal(counter(NSK_CNT_TCP_KEEPALIVES), 3);
	peer_forget(&peer);
	talk_end(&t);
}

/* A peer's keepalive, with or without the one octet of garbage, is answered and not delivered. */
static void peers_keepalive_is_answered_and_never_delivered(void **state)
{
	char c;

	(void)state;
	open_talk();
	talk_send_at(&t, TCP_ACK, t.seq - 1, t.ack, NULL, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	talk_send_at(&t, TCP_ACK, t.seq - 1, t.ack, "z", 1);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	assert_int_equal(nsk_recv(t.fd, &c, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	talk_end(&t);
}

/* ---- zero windows -------------------------------------------------------------------------- */

static void closed_window_is_probed_for_an_hour_and_nothing_is_lost_rfc9293_3_8_6_1(void **state)
{
	uint64_t last, gap = 0;
	unsigned probes = 0;
	uint32_t end;

	(void)state;
	open_talk();
	t.wnd = 0;
	talk_send(&t, TCP_ACK, NULL, 0);
	end = t.ack;
	world_send(&peer.world, t.fd, data, 5000);
	last = now_ms();
	for (uint64_t stop = now_ms() + 3600000; now_ms() < stop;) {
		struct segment s;

		if (!peer_await(&peer, 130 * SEC))
			fail_msg("no probe within 130 s");
		s = peer_segment(&peer);
		assert_in_range(s.len, 0, 1);
		assert_true(s.seq == end || s.seq == end - 1);
		/* Each wait is no shorter than the one before, and none longer than 120 s. */
		assert_in_range(now_ms() - last + 2, gap, 120100);
		gap = now_ms() - last;
		last = now_ms();
		probes++;
		talk_send_at(&t, TCP_ACK, t.seq, end, NULL, 0);
	}
	assert_in_range(probes, 30, 60);
	assert_int_equal(counter(NSK_CNT_TCP_ZERO_WINDOW_PROBES), probes);
	assert_int_equal(world_sock_error(t.fd), 0);

	t.wnd = 65535;
	talk_send_at(&t, TCP_ACK, t.seq, end, NULL, 0);
	peer_settle(&peer);
	for (uint32_t got = 0; got < 5000;) {
		struct segment s = peer_segment(&peer);

		assert_int_equal(s.seq, end + got);
		got += s.len;
	}
	t.ack = end + 5000;
	talk_send(&t, TCP_ACK, NULL, 0);
	peer_expect_silence(&peer);
	talk_end(&t);
}

static void probes_without_answer_end_the_connection_rfc6429(void **state)
{
	uint64_t start;

	(void)state;
	open_talk();
	t.wnd = 0;
	talk_send(&t, TCP_ACK, NULL, 0);
	world_send(&peer.world, t.fd, data, 5000);
	start = now_ms();
	while (world_state(&peer.world, 0, 7) == TCPS_ESTABLISHED) {
		peer_run(&peer, SEC);
		peer_forget(&peer);
	}
	assert_in_range(now_ms() - start, 100000, 3600000);
	assert_int_equal(world_sock_error(t.fd), ETIMEDOUT);
	talk_end(&t);
}

static void reader_that_stops_closes_the_window_and_opens_it_again(void **state)
{
	static uint8_t got[sizeof(data)];
	static const char *const settings[] = {"tcp.window=16384", "tcp.rcvbuf_max=16384", NULL};
	size_t sent = 0, read = 0;

	(void)state;
	open_with(settings);
	while (sent < 16384) { /* the peer fills the window, and not an octet more is taken */
		size_t n = 16384 - sent < 1024 ? 16384 - sent : 1024;

		talk_send(&t, TCP_ACK, data + sent, n);
		sent += n;
		peer_forget(&peer);
	}
	talk_send_at(&t, TCP_ACK, t.seq, t.ack, data + sent, 1);
	assert_int_equal(talk_expect(&t, TCP_ACK).wnd, 0);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_RCVBUF_FULL), 1);
	/* Reading a little moves nothing (silly window, RFC 9293 §3.8.6.2.2) … */
	assert_int_equal(nsk_recv(t.fd, got, 100, 0), 100);
	peer_expect_silence(&peer);
	/* … reading much does, without being asked. */
	for (read = 100; read < 16384;)
		read += (size_t)nsk_recv(t.fd, got + read, 16384 - read, 0);
	peer_settle(&peer);
	assert_true(peer_segment(&peer).wnd > 4096);
	assert_memory_equal(got + 100, data + 100, 16284);
	peer_forget(&peer);
	talk_end(&t);
}

/* ---- acknowledgments ----------------------------------------------------------------------- */

/* The first segments of a connection, and those after trouble, are acknowledged at once. */
static void past_quick_acks(void)
{
	for (unsigned i = 0; i < 20; i++) {
		talk_send(&t, TCP_ACK | TCP_PSH, data, 100);
		peer_run(&peer, 100 * MS);
	}
	peer_forget(&peer);
}

static void lone_segment_is_acknowledged_within_40_ms_rfc9293_3_8_6_3(void **state)
{
	uint64_t start, delayed;

	(void)state;
	open_talk();
	past_quick_acks();
	delayed = counter(NSK_CNT_TCP_DELAYED_ACKS);
	start = now_ms();
	talk_send(&t, TCP_ACK | TCP_PSH, data, 100);
	peer_expect_silence(&peer);
	assert_true(peer_await(&peer, SEC));
	assert_in_range(now_ms() - start, 30, 41);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	assert_int_equal(counter(NSK_CNT_TCP_DELAYED_ACKS), delayed + 1);
	talk_end(&t);
}

static void every_second_full_segment_is_acknowledged_at_once_rfc5681_4_2(void **state)
{
	(void)state;
	open_talk();
	past_quick_acks();
	for (unsigned i = 0; i < 10; i++) {
		talk_send(&t, TCP_ACK, data, 1460);
		if (i % 2)
			assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
		else
			peer_expect_silence(&peer);
		assert_int_equal(nsk_recv(t.fd, data, 1460, 0), 1460);
	}
	talk_end(&t);
}

/* What has come is looked at first, all of it; then one ACK says so. */
static void segments_of_one_burst_have_one_acknowledgment_rfc9293_3_10_7(void **state)
{
	static uint8_t f[PEER_FRAME_MAX];

	(void)state;
	open_talk();
	past_quick_acks();
	for (unsigned i = 0; i < 4; i++) {
		const struct tcp_spec spec = {.sport = t.port,
					      .dport = t.stack_port,
					      .flags = TCP_ACK,
					      .seq = t.seq,
					      .ack = t.ack,
					      .data = data,
					      .len = 1460};

		peer_input(&peer, f, frame_tcp(f, &spec));
		t.seq += 1460;
	}
	peer_settle(&peer);
	assert_int_equal(talk_expect(&t, TCP_ACK).ack, t.seq);
	peer_expect_silence(&peer);
	talk_end(&t);
}

static void answer_carries_the_acknowledgment(void **state)
{
	struct segment s;

	(void)state;
	open_talk();
	past_quick_acks();
	talk_send(&t, TCP_ACK | TCP_PSH, data, 100);
	peer_expect_silence(&peer);
	world_send(&peer.world, t.fd, "answer", 6);
	peer_settle(&peer);
	s = talk_expect(&t, TCP_ACK);
	assert_int_equal(s.len, 6);
	assert_int_equal(s.ack, t.seq);
	talk_send(&t, TCP_ACK, NULL, 0);
	peer_run(&peer, 100 * MS);
	peer_expect_silence(&peer);
	talk_end(&t);
}

/* ---- Nagle --------------------------------------------------------------------------------- */

static void small_writes_wait_while_something_is_in_flight_rfc9293_3_7_4(void **state)
{
	struct segment s;

	(void)state;
	open_talk();
	world_send(&peer.world, t.fd, "1", 1);
	peer_settle(&peer);
	assert_int_equal(talk_expect(&t, TCP_ACK).len, 1); /* nothing was in flight */
	for (unsigned i = 0; i < 9; i++) {
		world_send(&peer.world, t.fd, "2", 1);
		peer_settle(&peer);
	}
	peer_expect_silence(&peer);
	talk_send(&t, TCP_ACK, NULL, 0);
	s = talk_expect(&t, TCP_ACK);
	assert_int_equal(s.len, 9);
	/* Full segments do not wait. */
	world_send(&peer.world, t.fd, data, 1460 * 2 + 10);
	peer_settle(&peer);
	assert_int_equal(talk_expect(&t, TCP_ACK).len, 1460);
	assert_int_equal(talk_expect(&t, TCP_ACK).len, 1460);
	peer_expect_silence(&peer);
	talk_end(&t);
}

static void nodelay_sends_at_once(void **state)
{
	(void)state;
	open_talk();
	world_setsockopt(t.fd, IPPROTO_TCP, TCP_NODELAY, 1);
	for (unsigned i = 0; i < 5; i++) {
		world_send(&peer.world, t.fd, "x", 1);
		peer_settle(&peer);
		assert_int_equal(talk_expect(&t, TCP_ACK).len, 1);
	}
	talk_end(&t);
}

static void cork_waits_for_a_full_segment_or_its_end(void **state)
{
	(void)state;
	open_talk();
	world_setsockopt(t.fd, IPPROTO_TCP, TCP_CORK, 1);
	world_send(&peer.world, t.fd, data, 100);
	peer_expect_silence(&peer);
	world_send(&peer.world, t.fd, data, 1400);
	peer_settle(&peer);
	assert_int_equal(talk_expect(&t, TCP_ACK).len, 1460);
	peer_expect_silence(&peer);
	world_setsockopt(t.fd, IPPROTO_TCP, TCP_CORK, 0);
	peer_settle(&peer);
	assert_int_equal(talk_expect(&t, TCP_ACK).len, 40);
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(timeouts_double_up_to_the_limit_and_end_after_r2_rfc6298_5_5),
		world_test(timeout_stays_backed_off_until_a_segment_can_be_timed_karn_rfc6298_3),
		world_test(peer_that_vanishes_leaves_nothing_behind),
		world_test(link_that_comes_back_within_r2_saves_the_connection),
		world_test(user_timeout_takes_the_place_of_retries_rfc5482),
		world_test(keepalive_probes_after_two_hours_and_gives_up_after_nine_rfc9293_3_8_4),
		world_test(answered_keepalive_goes_on_for_ever),
		world_test(keepalive_is_off_unless_asked_for_rfc9293_3_8_4),
		world_test(keepalive_times_are_options_of_the_socket),
		world_test(peers_keepalive_is_answered_and_never_delivered),
		world_test(closed_window_is_probed_for_an_hour_and_nothing_is_lost_rfc9293_3_8_6_1),
		world_test(probes_without_answer_end_the_connection_rfc6429),
		world_test(reader_that_stops_closes_the_window_and_opens_it_again),
		world_test(lone_segment_is_acknowledged_within_40_ms_rfc9293_3_8_6_3),
		world_test(every_second_full_segment_is_acknowledged_at_once_rfc5681_4_2),
		world_test(segments_of_one_burst_have_one_acknowledgment_rfc9293_3_10_7),
		world_test(answer_carries_the_acknowledgment),
		world_test(small_writes_wait_while_something_is_in_flight_rfc9293_3_7_4),
		world_test(nodelay_sends_at_once),
		world_test(cork_waits_for_a_full_segment_or_its_end),
	};

	return world_main(tests);
}
