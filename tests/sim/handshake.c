/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How connections begin, and how they fail to: SYNs and SYN,ACKs that get lost, what the two sides
 * agree on, hosts that are not there. RFC 9293 §3.5, RFC 7323, RFC 2018, RFC 6298. The two queues
 * of a listener are in backlog.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/peer.h"
#include "sim/trace.h"
#include "wire/family.h"

static struct world world;
static struct trace trace;
static struct peer peer;

static void peer_begin(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, settings);
}

/* ---- SYNs that get lost -------------------------------------------------------------------- */

/* RFC 6298 §2.1: 1 s at first; §5.5: doubled each time. 127 s in all, more than R2 of RFC 9293
 * §3.8.3 (MUST-23: at least 3 minutes) can be had by tcp.syn_retries. */
static void syn_is_repeated_with_doubling_timeouts_rfc6298_5_5(void **state)
{
	static const uint64_t at_s[] = {0, 1, 3, 7, 15, 31, 63};
	struct segment first;
	uint64_t start;
	int fd;

	(void)state;
	peer_begin(NULL);
	start = peer.world.now_ns;
	fd = world_connect(&peer.world, 0, "10.0.0.2", 80);
	peer_run(&peer, 126 * SEC);
	for (unsigned i = 0; i < 7; i++) {
		struct segment s = peer_segment(&peer);

		if (i == 0)
			first = s;
		assert_int_equal(s.flags, TCP_SYN);
		assert_int_equal(s.seq, first.seq);
		assert_int_equal(s.sport, first.sport);
		assert_in_range(s.now_ns - start, at_s[i] * SEC, at_s[i] * SEC + 2 * MS);
	}
	assert_int_equal(world_state(&peer.world, 0, first.sport), TCPS_SYN_SENT);
	peer_run(&peer, 2 * SEC);
	peer_expect_silence(&peer);
	assert_int_equal(world_sock_error(fd), ETIMEDOUT);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_ATTEMPT_FAILS), 1);
	nsk_close(fd);
	peer_finish(&peer, 2 * HOUR);
}

static void syn_retries_are_a_setting(void **state)
{
	static const char *const settings[] = {"tcp.syn_retries=2", "tcp.rto_init_ms=500", NULL};
	int fd;

	(void)state;
	peer_begin(settings);
	fd = world_connect(&peer.world, 0, "10.0.0.2", 80);
	peer_run(&peer, 3400 * MS);
	assert_int_equal(peer.count, 3);
	assert_int_equal(world_sock_error(fd), 0);
	peer_run(&peer, 200 * MS);
	assert_int_equal(peer.count, 3);
	assert_int_equal(world_sock_error(fd), ETIMEDOUT);
	nsk_close(fd);
	peer_finish(&peer, 2 * HOUR);
}

static void connection_opens_when_the_second_syn_gets_through(void **state)
{
	struct segment s;
	int fd;

	(void)state;
	peer_begin(NULL);
	fd = world_connect(&peer.world, 0, "10.0.0.2", 80);
	peer_run(&peer, 1500 * MS);
	peer_segment(&peer);
	s = peer_segment(&peer);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 80,
					   .dport = s.sport,
					   .flags = TCP_SYN | TCP_ACK,
					   .seq = 4,
					   .ack = s.seq + 1});
	assert_int_equal(peer_segment(&peer).ack, 5);
	assert_int_equal(world_wait(&peer.world, fd, POLLOUT, SEC), POLLOUT);
	/* RFC 6298 §5.7: a SYN was lost, so the first timeout for data is 3 s. */
	world_send(&peer.world, fd, "x", 1);
	peer_run(&peer, 2900 * MS);
	assert_int_equal(peer.count, 1);
	peer_run(&peer, 200 * MS);
	assert_int_equal(peer.count, 2);
	peer_tcp(&peer,
		 &(struct tcp_spec){.sport = 80, .dport = s.sport, .flags = TCP_RST, .seq = 5});
	nsk_close(fd);
	peer_finish(&peer, 2 * HOUR);
}

static void syn_ack_is_repeated_and_given_up(void **state)
{
	static const uint64_t at_s[] = {0, 1, 3, 7, 15, 31};
	uint64_t start;
	int listener;

	(void)state;
	peer_begin(NULL);
	listener = world_listen(&peer.world, 0, 7, 16);
	start = peer.world.now_ns;
	peer_tcp(&peer, &(struct tcp_spec){.sport = 5, .dport = 7, .flags = TCP_SYN, .seq = 100});
	peer_run(&peer, 62 * SEC);
	for (unsigned i = 0; i < 6; i++) {
		struct segment s = peer_segment(&peer);

		assert_int_equal(s.flags, TCP_SYN | TCP_ACK);
		assert_int_equal(s.ack, 101);
		assert_in_range(s.now_ns - start, at_s[i] * SEC, at_s[i] * SEC + 2 * MS);
	}
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 1);
	peer_run(&peer, 2 * SEC);
	peer_expect_silence(&peer);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 0);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_ATTEMPT_FAILS), 1);
	assert_int_equal(world_counter(&peer.world, 0, NSK_CNT_TCP_RETRANS_SEGMENTS), 5);
	nsk_close(listener);
	peer_finish(&peer, 2 * HOUR);
}

static void repeated_syn_is_answered_by_the_same_syn_ack(void **state)
{
	struct tcp_spec syn = {.sport = 5, .dport = 7, .flags = TCP_SYN, .seq = 100};
	struct segment s;
	int listener;

	(void)state;
	peer_begin(NULL);
	listener = world_listen(&peer.world, 0, 7, 16);
	peer_tcp(&peer, &syn);
	s = peer_segment(&peer);
	peer_run(&peer, 700 * MS);
	peer_tcp(&peer, &syn);
	assert_int_equal(peer_segment(&peer).seq, s.seq);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 1);
	nsk_close(listener);
	peer_finish(&peer, 2 * HOUR);
}

static void data_on_the_last_ack_of_the_handshake_is_delivered(void **state)
{
	struct segment s;
	char data[8];
	int listener, fd;

	(void)state;
	peer_begin(NULL);
	listener = world_listen(&peer.world, 0, 7, 16);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 5, .dport = 7, .flags = TCP_SYN, .seq = 100});
	s = peer_segment(&peer);
	/* The ACK itself got lost; the data behind it says the same. */
	peer_tcp(&peer, &(struct tcp_spec){.sport = 5,
					   .dport = 7,
					   .flags = TCP_ACK | TCP_PSH,
					   .seq = 101,
					   .ack = s.seq + 1,
					   .data = "hello",
					   .len = 5});
	fd = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fd >= NSK_FD_BASE);
	assert_int_equal(nsk_recv(fd, data, sizeof(data), 0), 5);
	assert_memory_equal(data, "hello", 5);
	nsk_close(fd);
	nsk_close(listener);
	peer_finish(&peer, 2 * HOUR);
}

/* The first of them ends the handshake: what the others were told by the table is no longer so. */
static void segments_of_one_burst_find_the_connection_that_the_first_of_them_made(void **state)
{
	static uint8_t f[3][PEER_FRAME_MAX];
	struct tcp_spec spec = {.sport = 5, .dport = 7, .flags = TCP_SYN, .seq = 100};
	char data[8];
	size_t len[3];
	int listener, fd;

	(void)state;
	peer_begin(NULL);
	listener = world_listen(&peer.world, 0, 7, 16);
	peer_tcp(&peer, &spec);
	spec = (struct tcp_spec){.sport = 5,
				 .dport = 7,
				 .flags = TCP_ACK,
				 .seq = 101,
				 .ack = peer_segment(&peer).seq + 1};
	len[0] = frame_tcp(f[0], &spec);
	for (int i = 1; i < 3; i++) {
		spec.data = i == 1 ? "abc" : "def";
		spec.len = 3;
		len[i] = frame_tcp(f[i], &spec);
		spec.seq += 3;
	}
	for (int i = 0; i < 3; i++)
		peer_input(&peer, f[i], len[i]);
	peer_settle(&peer);
	fd = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fd >= NSK_FD_BASE);
	assert_int_equal(nsk_recv(fd, data, sizeof(data), 0), 6);
	assert_memory_equal(data, "abcdef", 6);
	assert_int_equal(nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK), -1);
	nsk_close(fd);
	nsk_close(listener);
	peer_finish(&peer, 2 * HOUR);
}

static void data_in_a_syn_is_not_delivered_before_the_handshake_is_done(void **state)
{
	struct segment s;
	char data[8];
	int listener, fd;

	(void)state;
	peer_begin(NULL);
	listener = world_listen(&peer.world, 0, 7, 16);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 5,
					   .dport = 7,
					   .flags = TCP_SYN,
					   .seq = 100,
					   .data = "early",
					   .len = 5});
	s = peer_segment(&peer);
	assert_int_equal(s.ack, 101); /* not taken: it will come again */
	peer_tcp(&peer, &(struct tcp_spec){.sport = 5,
					   .dport = 7,
					   .flags = TCP_ACK | TCP_PSH,
					   .seq = 101,
					   .ack = s.seq + 1,
					   .data = "early",
					   .len = 5});
	fd = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_int_equal(nsk_recv(fd, data, sizeof(data), 0), 5);
	nsk_close(fd);
	nsk_close(listener);
	peer_finish(&peer, 2 * HOUR);
}

static void bad_ack_in_syn_received_is_reset_rfc9293_3_10_7_4(void **state)
{
	struct segment s, rst;
	int listener;

	(void)state;
	peer_begin(NULL);
	listener = world_listen(&peer.world, 0, 7, 16);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 5, .dport = 7, .flags = TCP_SYN, .seq = 100});
	s = peer_segment(&peer);
	peer_tcp(&peer,
		 &(struct tcp_spec){
			 .sport = 5, .dport = 7, .flags = TCP_ACK, .seq = 101, .ack = s.seq + 77});
	rst = peer_segment(&peer);
	assert_int_equal(rst.flags, TCP_RST);
	assert_int_equal(rst.seq, s.seq + 77);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_BAD_ACK), 1);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 1);
	nsk_close(listener);
	peer_finish(&peer, 2 * HOUR);
}

/* ---- nobody there -------------------------------------------------------------------------- */

static void closed_port_refuses(void **state)
{
	int fd;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 1, .wire = {.delay_ns = MS}});
	fd = world_connect(&world, 0, "10.0.0.2", 9);
	assert_true(world_wait(&world, fd, POLLOUT, SEC) & POLLERR);
	assert_int_equal(world_sock_error(fd), ECONNREFUSED);
	assert_int_equal(world_counter(&world, 1, NSK_CNT_TCP_RST_SENT), 1);
	assert_int_equal(world_drops(&world, 1, NSK_DROP_TCP_NO_LISTENER), 1);
	nsk_close(fd);
	assert_true(world_all_closed(&world, 0));
	world_end(&world);
}

static void host_that_does_not_answer_arp_is_unreachable(void **state)
{
	uint64_t start;
	int fd;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 1});
	start = world.now_ns;
	fd = world_connect(&world, 0, "10.0.0.77", 9);
	assert_true(world_wait(&world, fd, POLLOUT, MINUTE) & POLLERR);
	assert_in_range(world.now_ns - start, 3 * SEC,
			3100 * MS); /* three requests, a second apart */
	assert_int_equal(world_sock_error(fd), EHOSTUNREACH);
	assert_int_equal(world_drops(&world, 0, NSK_DROP_ARP_UNRESOLVED),
			 3); /* the SYN, again after 1 s and after 3 s */
	nsk_close(fd);
	world_run(&world, MINUTE, NULL, NULL);
	world_pool_complete(&world, 0);
	world_end(&world);
}

static void without_a_route_connect_fails_at_once(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd;

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 1});
	inet_pton(AF_INET, "192.0.2.1", &sin.sin_addr);
	world_enter(&world, 0);
	fd = nsk_socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(nsk_connect(fd, (struct sockaddr *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, ENETUNREACH);
	nsk_close(fd);
	world_end(&world);
}

/* ---- what both agree on -------------------------------------------------------------------- */

static const struct {
	uint8_t bit;
	const char *on, *off;
} options[] = {
	{TCP_HAS_TS, "tcp.timestamps=1", "tcp.timestamps=0"},
	{TCP_HAS_SACK_PERMITTED, "tcp.sack=1", "tcp.sack=0"},
	{TCP_HAS_WSCALE, "tcp.wscale=1", "tcp.wscale=0"},
};

static uint8_t offer(const char *settings[4], unsigned mask)
{
	uint8_t present = TCP_HAS_MSS;

	for (unsigned i = 0; i < 3; i++) {
		settings[i] = mask >> i & 1 ? options[i].on : options[i].off;
		present |= (uint8_t)(mask >> i & 1 ? options[i].bit : 0);
	}
	settings[3] = NULL;
	return present;
}

static void check_agreement(unsigned a, unsigned b)
{
	const char *set_a[4], *set_b[4];
	uint8_t offer_a = offer(set_a, a), offer_b = offer(set_b, b), both = offer_a & offer_b;
	int listener, fd[2];
	char c;

	world_pair(&world, &(struct world_params){
				   .seed = 1 + a * 8 + b,
				   .settings = set_a,
				   .settings_b = set_b,
			   });
	trace_start(&trace, &world);
	world_connected(&world, 7, &listener, fd);
	world_send(&world, fd[0], "x", 1);
	world_recv(&world, fd[1], &c, 1);
	assert_int_equal(trace_nth(&trace, FROM_A, TCP_SYN, 0)->opts.present, offer_a);
	assert_int_equal(trace_nth(&trace, FROM_B, TCP_SYN, 0)->opts.present, both);
	for (size_t i = 0; i < trace.count; i++)
		if (!(trace.segment[i].flags & TCP_SYN))
			assert_int_equal(trace.segment[i].opts.present, both & TCP_HAS_TS);
	for (unsigned i = 0; i < 2; i++)
		nsk_close(fd[i]);
	nsk_close(listener);
	trace_end(&trace);
	world_end(&world);
}

static void options_are_used_when_both_offer_them_rfc7323_rfc2018(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 8; a++)
		for (unsigned b = 0; b < 8; b++)
			check_agreement(a, b);
}

static void mss_is_that_of_the_mtu_and_the_smaller_one_counts_rfc9293_3_7_1(void **state)
{
	static const char *const plain[] = {"tcp.timestamps=0", NULL};
	static uint8_t data[20000];
	int listener, fd[2];

	(void)state;
	world_pair(&world, &(struct world_params){.seed = 1, .settings = plain});
	trace_start(&trace, &world);
	listener = world_listen(&world, 1, 7, 16);
	world_setsockopt(listener, IPPROTO_TCP, TCP_MAXSEG, 560);
	fd[0] = world_connect(&world, 0, "10.0.0.2", 7);
	fd[1] = world_accept(&world, listener);
	assert_int_equal(trace_nth(&trace, FROM_A, TCP_SYN, 0)->opts.mss, 1460);
	assert_int_equal(trace_nth(&trace, FROM_B, TCP_SYN, 0)->opts.mss, 560);
	world_send(&world, fd[0], data, sizeof(data));
	world_send(&world, fd[1], data, sizeof(data));
	world_recv(&world, fd[1], data, sizeof(data));
	world_recv(&world, fd[0], data, sizeof(data));
	for (size_t i = 0; i < trace.count; i++)
		assert_in_range(trace.segment[i].len, 0, 560);
	assert_int_equal(trace_nth(&trace, FROM_A, TCP_PSH, 0)->len, 560);
	nsk_close(fd[0]);
	nsk_close(fd[1]);
	nsk_close(listener);
	trace_end(&trace);
	world_end(&world);
}

/* Length of the first segment of many octets, to a peer whose SYN has these options. */
static uint32_t first_len(const uint8_t *opts, size_t len)
{
	static uint8_t data[3000];
	struct talk t;
	uint32_t first;

	peer_begin(NULL);
	talk_connect(&t, &peer, 5000, -1, opts, len);
	talk_write(&t, data, sizeof(data));
	first = peer_segment(&peer).len;
	talk_end(&t);
	return first;
}

static void without_an_mss_option_segments_carry_536_rfc9293_3_7_1(void **state)
{
	(void)state;
	assert_int_equal(first_len(NULL, 0), 536);
}

/* CVE-2019-11479: a tiny MSS makes headers of all our bandwidth. */
static void tiny_mss_is_not_believed(void **state)
{
	static const uint8_t tiny[] = {2, 4, 0, 1};

	(void)state;
	assert_in_range(first_len(tiny, sizeof(tiny)), 36, 88);
}

static void window_of_a_syn_is_not_scaled_and_a_shift_above_14_is_14_rfc7323_2_2_2_3(void **state)
{
	static const char *const settings[] = {"tcp.initcwnd=100", NULL};
	static const uint8_t scale[] = {2, 4, 5, 0xb4, 1, 3, 3, 77};
	static uint8_t data[40000];
	struct talk t;
	size_t sent = 0;

	(void)state;
	peer_begin(settings);
	talk_connect(&t, &peer, 5000, -1, scale, sizeof(scale));
	/* 65535 of the SYN is not shifted, but 1 of the ACK is: 16 KiB, although one says 77. */
	t.wnd = 1;
	talk_send(&t, TCP_ACK, NULL, 0);
	world_send(&peer.world, t.fd, data, sizeof(data));
	peer_settle(&peer);
	for (size_t n = peer.count; n > 0; n--)
		sent += peer_segment(&peer).len;
	assert_in_range(sent, 16384 - 1460, 16384);
	talk_end(&t);
}

/* RFC 6528: nobody who sees some of our ISNs can tell the others. */
static void initial_sequence_numbers_are_far_apart_rfc6528(void **state)
{
	uint32_t seen[64];
	struct peer *p = &peer;

	(void)state;
	peer_begin(NULL);
	for (unsigned i = 0; i < 64; i++) {
		int fd = world_connect(&p->world, 0, "10.0.0.2", (uint16_t)(100 + i));

		peer_settle(p);
		seen[i] = peer_segment(p).seq;
		for (unsigned k = 0; k < i; k++)
			assert_true(seen[i] - seen[k] > 1000 && seen[k] - seen[i] > 1000);
		nsk_close(fd);
	}
	peer_finish(&peer, 2 * HOUR);
}

static void source_ports_are_not_taken_in_a_row_rfc6056(void **state)
{
	unsigned in_a_row = 0, last = 0;

	(void)state;
	peer_begin(NULL);
	for (unsigned i = 0; i < 64; i++) {
		int fd = world_connect(&peer.world, 0, "10.0.0.2", 80);
		struct segment s;

		peer_settle(&peer);
		s = peer_segment(&peer);
		assert_in_range(s.sport, 32768, 60999);
		in_a_row += s.sport == last + 1 || s.sport + 1u == last;
		last = s.sport;
		nsk_close(fd);
	}
	assert_in_range(in_a_row, 0, 20);
	peer_finish(&peer, 2 * HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(syn_is_repeated_with_doubling_timeouts_rfc6298_5_5),
		world_test(syn_retries_are_a_setting),
		world_test(connection_opens_when_the_second_syn_gets_through),
		world_test(syn_ack_is_repeated_and_given_up),
		world_test(repeated_syn_is_answered_by_the_same_syn_ack),
		world_test(data_on_the_last_ack_of_the_handshake_is_delivered),
		world_test(segments_of_one_burst_find_the_connection_that_the_first_of_them_made),
		world_test(data_in_a_syn_is_not_delivered_before_the_handshake_is_done),
		world_test(bad_ack_in_syn_received_is_reset_rfc9293_3_10_7_4),
		world_test(closed_port_refuses),
		world_test(host_that_does_not_answer_arp_is_unreachable),
		world_test(without_a_route_connect_fails_at_once),
		world_test(options_are_used_when_both_offer_them_rfc7323_rfc2018),
		world_test(mss_is_that_of_the_mtu_and_the_smaller_one_counts_rfc9293_3_7_1),
		world_test(without_an_mss_option_segments_carry_536_rfc9293_3_7_1),
		world_test(tiny_mss_is_not_believed),
		world_test(
			window_of_a_syn_is_not_scaled_and_a_shift_above_14_is_14_rfc7323_2_2_2_3),
		world_test(initial_sequence_numbers_are_far_apart_rfc6528),
		world_test(source_ports_are_not_taken_in_a_row_rfc6056),
	};

	return world_main(tests);
}
