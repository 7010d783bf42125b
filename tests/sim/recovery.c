/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss and congestion, segment by segment, and windows that grow: RFC 5681, RFC 6582, RFC 8985,
 * RFC 6928, RFC 2018, RFC 2883.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/peer.h"

#define MSS 1460

static struct peer peer;
static struct talk t;
static uint8_t data[200000];
static uint32_t base; /* number of the first octet of data */

static const uint8_t mss_only[] = {2, 4, 5, 0xb4};
static const uint8_t mss_sack[] = {2, 4, 5, 0xb4, 1, 1, 4, 2};

/* Reno's windows can be worked out in the head. */
static void open_talk(const uint8_t *opts, size_t len)
{
	static const char *const reno[] = {"tcp.congestion=reno", NULL};

	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, reno);
	talk_connect(&t, &peer, 5000, -1, opts, len);
	world_fill(data, sizeof(data), 0, 1);
	base = t.ack;
}

static void ack_at(uint32_t octets)
{
	talk_send_at(&t, TCP_ACK, t.seq, base + octets, NULL, 0);
}

/* An ACK that says of [from, to), in segments, that they have come. */
static void sack(uint32_t acked, uint32_t from, uint32_t to)
{
	talk_sack(&t, base + acked * MSS, base + from * MSS, base + to * MSS);
}

/* The next segment the stack sent must begin with segment n of the data. */
static void expect_segment(uint32_t n)
{
	struct segment s = peer_segment(&peer);

	assert_int_equal(s.len, MSS);
	assert_int_equal((s.seq - base) / MSS, n);
}

static void expect_burst(uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to; n++)
		expect_segment(n);
	peer_expect_silence(&peer);
}

static uint64_t counter(enum nsk_counter c)
{
	return world_counter(&peer.world, 0, c);
}

/* ---- what is sent at first ----------------------------------------------------------------- */

static void initial_window_is_ten_segments_and_doubles_rfc6928_rfc5681_3_1(void **state)
{
	(void)state;
	open_talk(mss_only, sizeof(mss_only));
	talk_write(&t, data, 60 * MSS);
	expect_burst(0, 10);
	/* Each ACK of two segments lets two leave and opens the window by as much. */
	ack_at(2 * MSS);
	expect_burst(10, 14);
	ack_at(10 * MSS);
	assert_in_range(peer.count, 8, 16);
	talk_end(&t);
}

/* ---- fast retransmit ----------------------------------------------------------------------- */

static void cubic_cuts_to_seven_tenths_rfc9438_4_6(void **state)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, NULL); /* the default */
	talk_connect(&t, &peer, 5000, -1, mss_sack, sizeof(mss_sack));
	world_fill(data, sizeof(data), 0, 1);
	base = t.ack;
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	sack(0, 4, 10);
	peer_forget(&peer);
	assert_int_equal(nsk_getsockopt(t.fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_snd_ssthresh, 7);
	talk_end(&t);
}

static void third_duplicate_ack_retransmits_at_once_rfc5681_3_2(void **state)
{
	(void)state;
	open_talk(mss_only, sizeof(mss_only));
	talk_write(&t, data, 20 * MSS);
	expect_burst(0, 10);
	ack_at(0);
	expect_segment(10); /* limited transmit, RFC 3042: new data, nothing is sent again */
	peer_expect_silence(&peer);
	ack_at(0);
	expect_segment(11);
	peer_expect_silence(&peer);
	assert_int_equal(counter(NSK_CNT_TCP_FAST_RETRANS), 0);
	ack_at(0);
	expect_segment(0);
	peer_expect_silence(&peer);
	assert_int_equal(counter(NSK_CNT_TCP_FAST_RETRANS), 1);
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 0);
	/* Further ones inflate the window until new data may go again. */
	for (unsigned i = 0; i < 9; i++)
		ack_at(0);
	assert_in_range(peer.count, 1, 6);
	expect_segment(12);
	peer_forget(&peer);
	/* The ACK of everything ends it; half of the flight of 12 is what remains. */
	ack_at(12 * MSS);
	assert_in_range(peer.count, 0, 7);
	talk_end(&t);
}

static void window_updates_and_data_are_no_duplicate_acks_rfc5681_2(void **state)
{
	(void)state;
	open_talk(mss_only, sizeof(mss_only));
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	for (uint16_t i = 1; i <= 5; i++) {
		t.wnd = (uint16_t)(65535 - i);
		ack_at(0);
	}
	for (unsigned i = 0; i < 5; i++)
		talk_send_at(&t, TCP_ACK | TCP_PSH, t.seq + i, base, "x", 1);
	assert_int_equal(counter(NSK_CNT_TCP_FAST_RETRANS), 0);
	peer_forget(&peer);
	t.seq += 5;
	talk_end(&t);
}

static void partial_ack_retransmits_the_next_hole_rfc6582_3_2(void **state)
{
	(void)state;
	open_talk(mss_only, sizeof(mss_only));
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	for (unsigned i = 0; i < 3; i++)
		ack_at(0);
	expect_segment(0);
	peer_expect_silence(&peer);
	ack_at(4 * MSS); /* 4 is missing too */
	expect_segment(4);
	peer_expect_silence(&peer);
	ack_at(7 * MSS);
	expect_segment(7);
	ack_at(10 * MSS);
	peer_run(&peer, 10 * SEC);
	peer_expect_silence(&peer);
	assert_int_equal(counter(NSK_CNT_TCP_FAST_RETRANS), 1);
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 0);
	talk_end(&t);
}

/* Counts how often each of the ten segments was sent again. */
static void count_again(unsigned count[10])
{
	peer_settle(&peer);
	while (peer.count) {
		uint32_t n = (peer_segment(&peer).seq - base) / MSS;

		assert_in_range(n, 0, 9);
		count[n]++;
	}
}

static void sack_retransmits_the_holes_and_nothing_else_rfc8985(void **state)
{
	static const unsigned expected[9] = {1, 0, 0, 0, 1};
	unsigned count[10] = {0};

	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	sack(0, 1, 2);
	sack(0, 1, 3);
	peer_expect_silence(&peer);
	sack(0, 1, 4);
	count_again(count);
	assert_int_equal(count[0], 1);
	assert_int_equal(count[4], 0);
	sack(0, 5, 8); /* 4 is missing as well: three segments beyond it tell */
	sack(0, 5, 9);
	sack(0, 5, 10);
	count_again(count);
	assert_memory_equal(count, expected, sizeof(expected));
	assert_in_range(count[9], 0, 1); /* the rescue of §4, NextSeg (4) */
	ack_at(4 * MSS);
	ack_at(10 * MSS);
	peer_run(&peer, 10 * SEC);
	peer_expect_silence(&peer);
	talk_end(&t);
}

static void sack_blocks_that_lie_change_nothing(void **state)
{
	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	sack(0, 20, 30); /* never sent */
	sack(0, 9, 3);	 /* backwards */
	sack(0, 0x80000, 0x90000);
	sack(0, 5, 5);
	peer_expect_silence(&peer);
	assert_int_equal(counter(NSK_CNT_TCP_FAST_RETRANS), 0);
	ack_at(10 * MSS);
	peer_run(&peer, 10 * SEC);
	peer_expect_silence(&peer);
	talk_end(&t);
}

/* RFC 2018 §8: the receiver may drop what it has reported; the sender must keep it. */
static void receiver_that_reneges_gets_everything_in_the_end_rfc2018_8(void **state)
{
	uint32_t acked = 0;

	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	sack(0, 1, 10);
	sack(0, 1, 10);
	sack(0, 1, 10);
	peer_forget(&peer);
	/* It dropped all but what it acknowledges: one segment after the other. */
	for (unsigned i = 0; acked < 10 * MSS; i++) {
		assert_true(i < 200);
		if (!peer_await(&peer, 130 * SEC))
			fail_msg("nothing comes, %u octets acknowledged", acked);
		while (peer.count) {
			struct segment s = peer_segment(&peer);

			if (s.len && s.seq == base + acked)
				acked += s.len;
		}
		ack_at(acked);
	}
	talk_end(&t);
}

static void timeout_begins_with_one_segment_again_rfc5681_3_1(void **state)
{
	(void)state;
	open_talk(mss_only, sizeof(mss_only));
	talk_write(&t, data, 20 * MSS);
	expect_burst(0, 10);
	peer_run(&peer, 250 * MS);
	expect_burst(0, 1);
	/* F-RTO, RFC 5682: new segments show whether it was needless. The ACK says it was not. */
	ack_at(MSS);
	expect_burst(10, 12);
	ack_at(MSS);
	expect_burst(1, 2);
	ack_at(3 * MSS);
	expect_segment(3);
	peer_forget(&peer);
	talk_end(&t);
}

/* ---- what a receiver says ------------------------------------------------------------------ */

static void out_of_order_data_is_acknowledged_at_once_with_its_block_rfc2018_4(void **state)
{
	struct segment s;

	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_send_at(&t, TCP_ACK, t.seq + 1000, t.ack, data + 1000, 500);
	s = talk_expect(&t, TCP_ACK);
	assert_int_equal(s.ack, t.seq);
	assert_int_equal(s.opts.nsack, 1);
	assert_int_equal(s.opts.sack[0].start, t.seq + 1000);
	assert_int_equal(s.opts.sack[0].end, t.seq + 1500);
	/* The block that came last stands first. */
	talk_send_at(&t, TCP_ACK, t.seq + 3000, t.ack, data + 3000, 500);
	s = talk_expect(&t, TCP_ACK);
	assert_int_equal(s.opts.nsack, 2);
	assert_int_equal(s.opts.sack[0].start, t.seq + 3000);
	assert_int_equal(s.opts.sack[1].start, t.seq + 1000);
	/* The gap is filled: everything up to the next one is acknowledged, and delivered. */
	talk_send_at(&t, TCP_ACK, t.seq, t.ack, data, 1000);
	s = talk_expect(&t, TCP_ACK);
	assert_int_equal(s.ack, t.seq + 1500);
	assert_int_equal(s.opts.nsack, 1);
	assert_int_equal(nsk_recv(t.fd, data, sizeof(data), 0), 1500);
	t.seq += 1500;
	talk_end(&t);
}

static void duplicate_data_is_reported_rfc2883(void **state)
{
	struct segment s;

	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_send(&t, TCP_ACK, data, 1000);
	peer_forget(&peer);
	talk_send_at(&t, TCP_ACK, t.seq - 1000, t.ack, data, 1000);
	s = talk_expect(&t, TCP_ACK);
	assert_int_equal(s.ack, t.seq);
	assert_int_equal(s.opts.nsack, 1);
	assert_int_equal(s.opts.sack[0].start, t.seq - 1000);
	assert_int_equal(s.opts.sack[0].end, t.seq);
	talk_end(&t);
}

static void octets_that_came_first_stay_whatever_comes_later(void **state)
{
	static uint8_t got[4000], other[4000];

	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	memset(other, 'x', sizeof(other));
	talk_send_at(&t, TCP_ACK, t.seq + 1000, t.ack, data + 1000, 1000);
	talk_send_at(&t, TCP_ACK, t.seq + 500, t.ack, other, 1400); /* overlaps all of it but 100 */
	talk_send_at(&t, TCP_ACK, t.seq, t.ack, data, 1460);
	peer_forget(&peer);
	assert_int_equal(nsk_recv(t.fd, got, sizeof(got), 0), 2000);
	assert_memory_equal(got, data, 500);
	assert_memory_equal(got + 500, other, 500);
	assert_memory_equal(got + 1000, data + 1000, 1000);
	t.seq += 2000;
	talk_end(&t);
}

/* What the retransmission of an old segment says of the window is news if it acknowledges news. */
static void window_is_that_of_the_segment_with_the_newest_ack(void **state)
{
	uint32_t edge = 0;

	(void)state;
	open_talk(mss_only, sizeof(mss_only));
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	talk_send_at(&t, TCP_ACK, t.seq + 100, base, data, 100); /* SND.WL1 is this one */
	peer_forget(&peer);
	t.wnd = 2 * MSS;
	talk_send_at(&t, TCP_ACK, t.seq, base + 10 * MSS, data, 100);
	peer_forget(&peer);
	talk_write(&t, data, 10 * MSS);
	while (peer.count) {
		struct segment s = peer_segment(&peer);

		edge = s.seq + s.len - base;
	}
	assert_int_equal(edge, 12 * MSS);
	t.seq += 200;
	talk_end(&t);
}

/* ---- windows that grow --------------------------------------------------------------------- */

static void receive_window_grows_with_the_reader_up_to_the_limit(void **state)
{
	static const char *const settings[] = {"tcp.window=16384", "tcp.rcvbuf_max=400000",
					       "pool.buffers=4095", NULL};
	static uint8_t got[sizeof(data)];
	uint32_t largest = 0;
	struct trace trace;
	struct world w;
	int listener, fd[2];

	(void)state;
	world_pair(&w, &(struct world_params){
			       .seed = 1, .wire = {.delay_ns = 20 * MS}, .settings = settings});
	trace_start(&trace, &w);
	world_connected(&w, 7, &listener, fd);
	world_fill(data, sizeof(data), 0, 4);
	for (unsigned i = 0; i < 20; i++) {
		world_send(&w, fd[0], data, sizeof(data));
		world_recv(&w, fd[1], got, sizeof(got));
		assert_memory_equal(got, data, sizeof(got));
	}
	trace_audit(&trace);
	for (size_t i = 0; i < trace.count; i++) {
		const struct segment *s = &trace.segment[i];
		uint32_t wnd = (uint32_t)s->wnd
			       << trace_nth(&trace, FROM_B, TCP_SYN, 0)->opts.wscale;

		if (s->from == FROM_B && !(s->flags & TCP_SYN) && wnd > largest)
			largest = wnd;
	}
	assert_in_range(largest, 100000, 400000);
	nsk_close(fd[0]);
	world_expect_eof(&w, fd[1]);
	nsk_close(fd[1]);
	nsk_close(listener);
	trace_end(&trace);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(initial_window_is_ten_segments_and_doubles_rfc6928_rfc5681_3_1),
		world_test(cubic_cuts_to_seven_tenths_rfc9438_4_6),
		world_test(third_duplicate_ack_retransmits_at_once_rfc5681_3_2),
		world_test(window_updates_and_data_are_no_duplicate_acks_rfc5681_2),
		world_test(partial_ack_retransmits_the_next_hole_rfc6582_3_2),
		world_test(sack_retransmits_the_holes_and_nothing_else_rfc8985),
		world_test(sack_blocks_that_lie_change_nothing),
		world_test(receiver_that_reneges_gets_everything_in_the_end_rfc2018_8),
		world_test(timeout_begins_with_one_segment_again_rfc5681_3_1),
		world_test(out_of_order_data_is_acknowledged_at_once_with_its_block_rfc2018_4),
		world_test(duplicate_data_is_reported_rfc2883),
		world_test(octets_that_came_first_stay_whatever_comes_later),
		world_test(window_is_that_of_the_segment_with_the_newest_ack),
		world_test(receive_window_grows_with_the_reader_up_to_the_limit),
	};

	return world_main(tests);
}
