/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss recovery by time, as a peer sees it: RACK-TLP (RFC 8985), F-RTO (RFC 5682), Eifel
 * (RFC 3522, 4015), D-SACK (RFC 2883, 3708). A round trip takes 50 ms.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "sim/peer.h"

#define MSS 1460
#define RTT (50 * MS)

/* struct tcp_info of libc ends before these. */
struct info {
	struct tcp_info i;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	uint32_t delivered, delivered_ce;
	uint64_t bytes_sent, bytes_retrans;
	uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
};

static struct peer peer;
static struct talk t;
static uint8_t data[400000];
static uint32_t base; /* number of the first octet that is not acknowledged after warming up */

static const uint8_t mss_only[] = {2, 4, 5, 0xb4};
static const uint8_t mss_sack[] = {2, 4, 5, 0xb4, 1, 1, 4, 2};
static const uint8_t mss_sack_ts[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0};

/* A connection that knows its round trip: one segment at a time, until SRTT is near it. */
static void open_talk_with(const char *const *settings, const uint8_t *opts, size_t len)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, settings);
	talk_connect(&t, &peer, 5000, -1, opts, len);
	world_fill(data, sizeof(data), 0, 1);
	for (unsigned i = 0; i < 40; i++) {
		struct segment s;

		talk_write(&t, data, t.ts ? MSS - 12 : MSS);
		s = peer_segment(&peer);
		t.ack = s.seq + s.len;
		t.tsecr = s.opts.tsval;
		peer_run(&peer, RTT);
		talk_send_at(&t, TCP_ACK, t.seq, t.ack, NULL, 0);
	}
	peer_expect_silence(&peer);
	base = t.ack;
}

static void open_talk(const uint8_t *opts, size_t len)
{
	open_talk_with(NULL, opts, len);
}

static void ack_at(uint32_t segment)
{
	talk_send_at(&t, TCP_ACK, t.seq, base + segment * MSS, NULL, 0);
}

/* An ACK with one block, in segments. */
static void sack(uint32_t acked, uint32_t from, uint32_t to)
{
	talk_sack(&t, base + acked * MSS, base + from * MSS, base + to * MSS);
}

static uint32_t next_segment(void)
{
	return (peer_segment(&peer).seq - base) / MSS;
}

static void expect_burst(uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to; n++)
		assert_int_equal(next_segment(), n);
	peer_expect_silence(&peer);
}

static uint64_t counter(enum nsk_counter c)
{
	return world_counter(&peer.world, 0, c);
}

static struct info info(void)
{
	struct info i;
	socklen_t len = sizeof(i);

	memset(&i, 0, sizeof(i));
	assert_int_equal(nsk_getsockopt(t.fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	return i;
}

/* The last three of ten are lost. */
static void lost_tail_is_repaired_within_round_trips_rfc8985_7(void **state)
{
	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	peer_run(&peer, RTT);
	ack_at(7);
	peer_run(&peer, 2 * RTT - 5 * MS);
	peer_expect_silence(&peer);
	peer_run(&peer, 10 * MS);
	expect_burst(9, 10); /* there is nothing new: the last one again */
	assert_int_equal(counter(NSK_CNT_TCP_LOSS_PROBES), 1);
	peer_run(&peer, RTT);
	sack(7, 9, 10);
	expect_burst(7, 8);
	peer_run(&peer, RTT);
	ack_at(8);
	expect_burst(8, 9);
	peer_run(&peer, RTT);
	ack_at(10);
	peer_run(&peer, 10 * SEC);
	peer_expect_silence(&peer);
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 0);
	talk_end(&t);
}

/*
 * One segment alone, whose acknowledgment may be delayed: 200 ms more. Where round trips vary much
 * that is well before the timeout.
 */
static void lone_segment_is_probed_before_a_long_timeout_rfc8985_7_2(void **state)
{
	uint64_t due, probes;

	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	for (unsigned i = 0; i < 20; i++) {
		talk_write(&t, data, MSS);
		peer_run(&peer, i % 2 ? 10 * MS : (100 + i * 30) * MS);
		ack_at(1);
		base += MSS;
	}
	peer_forget(&peer);
	due = (2 * info().i.tcpi_rtt + 200000) * UINT64_C(1000);
	assert_true(due + 100 * MS < info().i.tcpi_rto * UINT64_C(1000));
	probes = counter(NSK_CNT_TCP_LOSS_PROBES);
	talk_write(&t, data, MSS);
	expect_burst(0, 1);
	peer_run(&peer, due - 5 * MS);
	peer_expect_silence(&peer);
	peer_run(&peer, 10 * MS);
	expect_burst(0, 1);
	assert_int_equal(counter(NSK_CNT_TCP_LOSS_PROBES), probes + 1);
	talk_end(&t);
}

static void probe_carries_new_data_if_there_is_any_rfc8985_7_3(void **state)
{
	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 80 * MSS);
	peer_forget(&peer);
	peer_run(&peer, 2 * RTT + 10 * MS);
	assert_true(next_segment() >= 10);
	peer_expect_silence(&peer);
	assert_int_equal(counter(NSK_CNT_TCP_LOSS_PROBES), 1);
	assert_int_equal(counter(NSK_CNT_TCP_RETRANS_SEGMENTS), 0);
	/* No answer to that either: the timeout. */
	peer_run(&peer, 300 * MS);
	assert_int_equal(next_segment(), 0);
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 1);
	talk_end(&t);
}

static void peers_without_sack_are_not_probed_rfc8985_7_2(void **state)
{
	(void)state;
	open_talk(mss_only, sizeof(mss_only));
	talk_write(&t, data, 5 * MSS);
	expect_burst(0, 5);
	peer_run(&peer, RTT);
	ack_at(3);
	peer_run(&peer, 300 * MS);
	assert_int_equal(next_segment(), 3);
	assert_int_equal(counter(NSK_CNT_TCP_LOSS_PROBES), 0);
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 1);
	talk_end(&t);
}

/* The application writes on while a probe would be due: what was just sent is given its time. */
static void writing_on_puts_the_probe_off_rfc8985_7_2(void **state)
{
	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 3 * MSS);
	peer_run(&peer, 2 * RTT - 5 * MS);
	talk_write(&t, data, 2 * MSS);
	expect_burst(0, 5);
	peer_run(&peer, RTT);
	peer_expect_silence(&peer);
	ack_at(5);
	peer_run(&peer, SEC);
	peer_expect_silence(&peer);
	talk_end(&t);
}

static void two_in_flight_are_enough_for_early_retransmit_rfc8985(void **state)
{
	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 2 * MSS);
	expect_burst(0, 2);
	peer_run(&peer, RTT);
	sack(0, 1, 2);
	peer_run(&peer, RTT / 4 - MS);
	peer_expect_silence(&peer);
	peer_run(&peer, 2 * MS);
	expect_burst(0, 1);
	assert_int_equal(info().i.tcpi_ca_state, TCP_CA_Recovery);
	peer_run(&peer, RTT);
	ack_at(2);
	peer_run(&peer, 10 * SEC);
	peer_expect_silence(&peer);
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 0);
	talk_end(&t);
}

/* Once the path was seen to reorder, DupThresh is no sign of loss. */
static void reordering_by_three_is_learnt_rfc8985_6_2(void **state)
{
	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 4 * MSS);
	expect_burst(0, 4);
	peer_run(&peer, RTT);
	sack(0, 1, 3);
	peer_run(&peer, 2 * MS);
	ack_at(4); /* late, but there */
	assert_int_equal(info().reord_seen, 1);
	base += 4 * MSS;
	for (unsigned round = 0; round < 3; round++) {
		talk_write(&t, data, 6 * MSS);
		expect_burst(0, 6);
		peer_run(&peer, RTT);
		sack(0, 1, 2);
		sack(0, 1, 3);
		sack(0, 1, 4);
		peer_run(&peer, 5 * MS);
		peer_expect_silence(&peer);
		ack_at(6);
		base += 6 * MSS;
	}
	assert_int_equal(counter(NSK_CNT_TCP_RETRANS_SEGMENTS), 0);
	assert_in_range(info().i.tcpi_reordering, 3, 6);
	talk_end(&t);
}

static void lost_retransmission_is_found_without_a_timeout_rfc8985(void **state)
{
	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, 10 * MSS);
	expect_burst(0, 10);
	peer_run(&peer, RTT);
	sack(0, 1, 4);
	expect_burst(0, 1);
	peer_run(&peer, 5 * MS);
	talk_write(&t, data, 4 * MSS);
	sack(0, 1, 10);
	expect_burst(10, 14);
	peer_run(&peer, RTT);
	sack(0, 1, 12); /* sent after the retransmission, and here */
	expect_burst(0, 1);
	assert_int_equal(info().i.tcpi_retrans, 1);
	peer_run(&peer, RTT);
	ack_at(14);
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 0);
	assert_int_equal(counter(NSK_CNT_TCP_FAST_RETRANS), 1);
	talk_end(&t);
}

/* No ACK for a while, then all of them: nothing was lost. */
static void needless_timeout_is_undone_rfc5682(void **state)
{
	static const struct {
		const uint8_t *opts;
		size_t len;
	} peers[] = {{mss_only, sizeof(mss_only)}, {mss_sack, sizeof(mss_sack)}};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		uint32_t cwnd;

		open_talk(peers[i].opts, peers[i].len);
		cwnd = info().i.tcpi_snd_cwnd;
		talk_write(&t, data, 80 * MSS);
		peer_run(&peer, 450 * MS);
		peer_forget(&peer);
		assert_int_equal(counter(NSK_CNT_TCP_RTO), 1);
		assert_int_equal(info().i.tcpi_snd_cwnd, 1);
		ack_at(2);
		assert_int_equal(peer.count, 2);
		assert_true(next_segment() >= cwnd);
		assert_int_equal(counter(NSK_CNT_TCP_UNDOS), 0);
		ack_at(4);
		assert_int_equal(counter(NSK_CNT_TCP_UNDOS), 1);
		assert_int_equal(info().i.tcpi_ca_state, TCP_CA_Open);
		assert_true(info().i.tcpi_snd_cwnd >= cwnd);
		talk_end(&t);
	}
}

static void needless_timeout_is_undone_by_the_first_timestamp_rfc3522(void **state)
{
	uint32_t cwnd;

	(void)state;
	open_talk(mss_sack_ts, sizeof(mss_sack_ts));
	cwnd = info().i.tcpi_snd_cwnd;
	talk_write(&t, data, 9 * (MSS - 12));
	t.tsecr = peer_segment(&peer).opts.tsval;
	peer_run(&peer, 450 * MS);
	assert_int_equal(counter(NSK_CNT_TCP_RTO), 1);
	peer_forget(&peer);
	talk_send_at(&t, TCP_ACK, t.seq, base + MSS - 12, NULL, 0);
	assert_int_equal(counter(NSK_CNT_TCP_UNDOS), 1);
	peer_expect_silence(&peer);
	assert_true(info().i.tcpi_snd_cwnd >= cwnd);
	talk_end(&t);
}

/* All that was in flight is acknowledged at once: an initial window may leave. */
static void undo_gives_back_an_initial_window_as_it_is_set_rfc4015_3_2(void **state)
{
	static const uint32_t segs[] = {5, 10, 20, 30};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const uint32_t smss = MSS - 12;
		char text[32];

		snprintf(text, sizeof(text), "tcp.initcwnd=%u", segs[i]);
		open_talk_with((const char *const[]){text, NULL}, mss_sack_ts, sizeof(mss_sack_ts));
		assert_int_equal(info().i.tcpi_snd_cwnd, segs[i]);
		talk_write(&t, data, segs[i] * smss);
		t.tsecr = peer_segment(&peer).opts.tsval;
		peer_run(&peer, 450 * MS);
		assert_int_equal(counter(NSK_CNT_TCP_RTO), 1);
		talk_send_at(&t, TCP_ACK, t.seq, base + segs[i] * smss, NULL, 0);
		assert_int_equal(counter(NSK_CNT_TCP_UNDOS), 1);
		/* The ACK itself is one of slow start, which takes 8 segments of it (RFC 3465). */
		assert_int_equal(info().i.tcpi_snd_cwnd, segs[i] + NSK_MIN(segs[i], 8u));
		talk_end(&t);
	}
}

/* RFC 3708; and the next time more reordering is borne (RFC 8985 §6.2 step 4). */
static void dsack_undoes_and_widens_the_window_rfc3708_rfc8985_6_2(void **state)
{
	uint32_t cwnd;

	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	cwnd = info().i.tcpi_snd_cwnd;
	talk_write(&t, data, 8 * MSS);
	expect_burst(0, 8);
	peer_run(&peer, RTT);
	sack(0, 1, 5);
	expect_burst(0, 1);
	peer_run(&peer, MS);
	ack_at(8);
	peer_run(&peer, RTT);
	sack(8, 0, 1);
	assert_int_equal(counter(NSK_CNT_TCP_UNDOS), 1);
	assert_int_equal(counter(NSK_CNT_TCP_DSACKS), 1);
	assert_int_equal(info().dsack_dups, 1);
	assert_true(info().i.tcpi_snd_ssthresh >= cwnd); /* by slow start, without a burst */
	/* Half a round trip now, not a quarter. */
	base += 8 * MSS;
	talk_write(&t, data, 2 * MSS);
	expect_burst(0, 2);
	peer_run(&peer, RTT);
	sack(0, 1, 2);
	peer_run(&peer, RTT / 2 - 2 * MS);
	peer_expect_silence(&peer);
	peer_run(&peer, 4 * MS);
	expect_burst(0, 1);
	talk_end(&t);
}

static void segments_out_of_order_are_counted(void **state)
{
	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	assert_int_equal(info().rcv_ooopack, 0);
	talk_send_at(&t, TCP_ACK, t.seq + 100, t.ack, data, 100);
	talk_send_at(&t, TCP_ACK, t.seq + 300, t.ack, data, 100);
	talk_send_at(&t, TCP_ACK, t.seq, t.ack, data, 100);
	assert_int_equal(info().rcv_ooopack, 2);
	assert_in_range(info().min_rtt, RTT / 1000, RTT / 1000 + 1000);
	t.seq += 200;
	peer_forget(&peer);
	talk_end(&t);
}

/* Rows of timeouts, how many they were, how long they lasted, and what they sent again. */
static void timeouts_are_counted_in_tcp_info(void **state)
{
	struct nsk_tcp_info i;
	socklen_t len = sizeof(i);
	uint64_t since_ns;

	(void)state;
	open_talk(mss_sack, sizeof(mss_sack));
	talk_write(&t, data, MSS);
	while (counter(NSK_CNT_TCP_RTO) == 0)
		assert_true(world_step(&peer.world, UINT64_MAX));
	since_ns = peer.world.now_ns;
	while (counter(NSK_CNT_TCP_RTO) < 3)
		assert_true(world_step(&peer.world, UINT64_MAX));
	assert_int_equal(nsk_getsockopt(t.fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	assert_int_equal(i.tcpi_total_rto, 3);
	assert_int_equal(i.tcpi_total_rto_recoveries, 1);
	assert_int_equal(i.tcpi_total_rto_time, 0);
	assert_int_equal(i.tcpi_total_retrans,
			 4); /* a probe too; the third in part: the window is one */
	assert_int_equal(i.tcpi_bytes_retrans, 3 * MSS + 1024);
	peer_forget(&peer);
	peer_run(&peer, 100 * MS);
	ack_at(1);
	assert_int_equal(nsk_getsockopt(t.fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	assert_int_equal(i.tcpi_total_rto_time, peer.world.now_ns / MS - since_ns / MS);
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(lost_tail_is_repaired_within_round_trips_rfc8985_7),
		world_test(lone_segment_is_probed_before_a_long_timeout_rfc8985_7_2),
		world_test(probe_carries_new_data_if_there_is_any_rfc8985_7_3),
		world_test(peers_without_sack_are_not_probed_rfc8985_7_2),
		world_test(writing_on_puts_the_probe_off_rfc8985_7_2),
		world_test(two_in_flight_are_enough_for_early_retransmit_rfc8985),
		world_test(reordering_by_three_is_learnt_rfc8985_6_2),
		world_test(lost_retransmission_is_found_without_a_timeout_rfc8985),
		world_test(needless_timeout_is_undone_rfc5682),
		world_test(needless_timeout_is_undone_by_the_first_timestamp_rfc3522),
		world_test(undo_gives_back_an_initial_window_as_it_is_set_rfc4015_3_2),
		world_test(dsack_undoes_and_widens_the_window_rfc3708_rfc8985_6_2),
		world_test(segments_out_of_order_are_counted),
		world_test(timeouts_are_counted_in_tcp_info),
	};

	return world_main(tests);
}
