/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two queues of a listener, both bounded, full and overfull: half-open connections, with SYN
 * cookies behind them (RFC 4987), and connections that wait for accept. The rules are Linux's.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "sim/peer.h"

static struct peer peer;
static int listener;

/* A SYN with everything on it: MSS 1460, SACK-permitted, timestamps, window scale 7. */
static const uint8_t syn_opts[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};

static void begin(const char *const *settings, int backlog)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, settings);
	listener = world_listen(&peer.world, 0, 7, backlog);
}

static void finish(void)
{
	assert_int_equal(nsk_close(listener), 0);
	peer_finish(&peer, 10 * MINUTE);
}

static uint64_t drops(enum nsk_drop reason)
{
	return world_drops(&peer.world, 0, reason);
}

static uint64_t counter(enum nsk_counter c)
{
	return world_counter(&peer.world, 0, c);
}

static void send_syn(uint16_t port)
{
	peer_tcp(&peer, &(struct tcp_spec){.sport = port,
					   .dport = 7,
					   .flags = TCP_SYN,
					   .seq = 1000,
					   .opts = syn_opts,
					   .opts_len = sizeof(syn_opts)});
}

/* The last ACK of a handshake, as the answer to s. */
static void send_ack(const struct segment *s, uint32_t ack)
{
	uint8_t opts[TCP_OPTS_TS_LEN];

	tcp_opts_write_ts(opts, 2, s->opts.tsval);
	peer_tcp(&peer, &(struct tcp_spec){.sport = s->dport,
					   .dport = 7,
					   .flags = TCP_ACK,
					   .seq = 1001,
					   .ack = ack,
					   .opts = opts,
					   .opts_len = sizeof(opts)});
}

static struct segment syn_ack_of(uint16_t port)
{
	struct segment s;

	send_syn(port);
	s = peer_segment(&peer);
	assert_int_equal(s.flags, TCP_SYN | TCP_ACK);
	assert_int_equal(s.ack, 1001);
	assert_int_equal(s.dport, port);
	return s;
}

static void handshake(uint16_t port)
{
	struct segment s = syn_ack_of(port);

	send_ack(&s, s.seq + 1);
	peer_expect_silence(&peer);
}

static int accept_one(void)
{
	int fd = nsk_accept4(listener, NULL, NULL, SOCK_NONBLOCK);

	assert_true(fd >= NSK_FD_BASE);
	return fd;
}

/* Closes a connection by an abort. */
static void abort_one(int fd)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	assert_int_equal(nsk_close(fd), 0);
	peer_settle(&peer);
	assert_true(peer_segment(&peer).flags & TCP_RST);
}

/* ---- accept queue -------------------------------------------------------------------------- */

static void accept_queue_holds_one_more_than_the_backlog_and_drops_syns_then(void **state)
{
	(void)state;
	begin(NULL, 2);
	handshake(101);
	handshake(102);
	handshake(103);
	send_syn(104);
	send_syn(104);
	peer_expect_silence(&peer); /* the client tries again: no reset */
	assert_int_equal(drops(NSK_DROP_TCP_ACCEPT_BACKLOG_FULL), 2);
	abort_one(accept_one());
	handshake(104);
	for (unsigned i = 0; i < 3; i++)
		abort_one(accept_one());
	assert_int_equal(nsk_accept(listener, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(counter(NSK_CNT_TCP_ACCEPTED), 4);
	finish();
}

static void last_ack_is_dropped_when_the_accept_queue_is_full_and_works_later(void **state)
{
	struct segment third, fourth;

	(void)state;
	begin(NULL, 2);
	handshake(101);
	handshake(102);
	third = syn_ack_of(103);
	fourth = syn_ack_of(104);
	send_ack(&third, third.seq + 1);
	send_ack(&fourth, fourth.seq + 1);
	peer_expect_silence(&peer);
	assert_int_equal(drops(NSK_DROP_TCP_ACCEPT_BACKLOG_FULL), 1);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 1);
	abort_one(accept_one());
	/* The SYN,ACK comes again, and the answer to it is taken. */
	assert_true(peer_await(&peer, 2 * SEC));
	assert_int_equal(peer_segment(&peer).seq, fourth.seq);
	send_ack(&fourth, fourth.seq + 1);
	for (unsigned i = 0; i < 3; i++)
		abort_one(accept_one());
	finish();
}

static void backlog_is_cut_to_the_setting(void **state)
{
	static const char *const settings[] = {"listen_backlog_max=1", NULL};

	(void)state;
	begin(settings, 1000);
	handshake(101);
	handshake(102);
	send_syn(103);
	peer_expect_silence(&peer);
	assert_int_equal(drops(NSK_DROP_TCP_ACCEPT_BACKLOG_FULL), 1);
	abort_one(accept_one());
	abort_one(accept_one());
	finish();
}

static void connection_reset_before_accept_is_accepted_with_its_error(void **state)
{
	int fd;
	char c;

	(void)state;
	begin(NULL, 2);
	handshake(101);
	peer_tcp(&peer,
		 &(struct tcp_spec){.sport = 101, .dport = 7, .flags = TCP_RST, .seq = 1001});
	fd = accept_one();
	assert_int_equal(nsk_recv(fd, &c, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	nsk_close(fd);
	finish();
}

/* ---- half-open connections ----------------------------------------------------------------- */

static void full_syn_backlog_sends_cookies_that_open_connections_rfc4987(void **state)
{
	static uint8_t much[20000];
	struct segment s[10];
	uint32_t sent = 0;
	int fd;

	(void)state;
	begin(NULL, 4);
	for (uint16_t i = 0; i < 10; i++)
		s[i] = syn_ack_of((uint16_t)(200 + i));
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 4);
	assert_int_equal(counter(NSK_CNT_TCP_COOKIES_SENT), 6);
	send_ack(&s[9], s[9].seq + 1);
	peer_expect_silence(&peer);
	assert_int_equal(counter(NSK_CNT_TCP_COOKIES_ACCEPTED), 1);
	fd = accept_one();

	/* What the timestamp carried is kept: the window is scaled by 7. */
	peer_tcp(&peer, &(struct tcp_spec){.sport = 209,
					   .dport = 7,
					   .flags = TCP_ACK | TCP_PSH,
					   .seq = 1001,
					   .ack = s[9].seq + 1,
					   .wnd = 100,
					   .data = "cookie",
					   .len = 6});
	peer_forget(&peer);
	assert_int_equal(nsk_recv(fd, much, sizeof(much), 0), 6);
	world_send(&peer.world, fd, much, sizeof(much));
	peer_settle(&peer);
	while (peer.count)
		sent += peer_segment(&peer).len;
	assert_in_range(sent, 12800 - 1448, 12800);
	abort_one(fd);
	finish();
}

/* A cookie for the client's first SYN, a place in the queue for its second. */
static struct segment cookie_and_then_an_embryo(struct segment *embryos)
{
	struct segment in_the_way = syn_ack_of(201), cookie = syn_ack_of(202);

	assert_int_equal(counter(NSK_CNT_TCP_COOKIES_SENT), 1);
	send_ack(&in_the_way, in_the_way.seq + 1);
	peer_expect_silence(&peer);
	*embryos = syn_ack_of(202);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 1);
	assert_int_not_equal(embryos->seq, cookie.seq);
	return cookie;
}

/* What the client has seen first is what it goes on from. Its answer to the other SYN,ACK says the
 * same (RFC 9293 §3.10.7.4, fourth check). */
static void cookie_that_meets_a_half_open_connection_opens_it_rfc4987(void **state)
{
	struct segment cookie, embryos;
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	int fd;

	(void)state;
	begin(NULL, 1);
	cookie = cookie_and_then_an_embryo(&embryos);
	send_ack(&cookie, cookie.seq + 2); /* neither of them */
	assert_int_equal(peer_segment(&peer).flags, TCP_RST);
	send_ack(&cookie, cookie.seq + 1);
	send_ack(&cookie, cookie.seq + 1);
	peer_expect_silence(&peer);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 0);
	assert_int_equal(counter(NSK_CNT_TCP_COOKIES_ACCEPTED), 1);
	abort_one(accept_one());
	fd = accept_one();
	assert_int_equal(nsk_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_options, TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
	assert_int_equal(nsk_send(fd, "x", 1, 0), 1);
	peer_settle(&peer);
	assert_int_equal(peer_segment(&peer).seq, cookie.seq + 1);
	abort_one(fd);
	finish();
}

/* The accept queue is full: what comes again is the SYN,ACK that the client knows. */
static void cookie_of_a_half_open_connection_waits_for_the_accept_queue(void **state)
{
	struct segment cookie, embryos;

	(void)state;
	begin(NULL, 1);
	cookie = cookie_and_then_an_embryo(&embryos);
	handshake(203);
	send_ack(&cookie, cookie.seq + 1);
	peer_expect_silence(&peer);
	assert_int_equal(drops(NSK_DROP_TCP_ACCEPT_BACKLOG_FULL), 1);
	abort_one(accept_one());
	assert_true(peer_await(&peer, 2 * SEC));
	assert_int_equal(peer_segment(&peer).seq, cookie.seq);
	send_ack(&cookie, cookie.seq + 1);
	abort_one(accept_one());
	abort_one(accept_one());
	finish();
}

/* The client began anew, with another ISN: what it has forgotten is none of the new attempt. */
static void cookie_of_an_earlier_attempt_opens_no_half_open_connection(void **state)
{
	struct segment cookie, in_the_way;

	(void)state;
	begin(NULL, 1);
	in_the_way = syn_ack_of(201);
	cookie = syn_ack_of(202);
	send_ack(&in_the_way, in_the_way.seq + 1);
	peer_tcp(&peer, &(struct tcp_spec){.sport = 202, .dport = 7, .flags = TCP_SYN, .seq = 900});
	assert_int_equal(peer_segment(&peer).ack, 901);
	send_ack(&cookie, cookie.seq + 1);
	assert_int_equal(peer_segment(&peer).flags, TCP_RST);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 1);
	abort_one(accept_one());
	finish();
}

static void cookies_never_means_that_syns_beyond_the_backlog_are_dropped(void **state)
{
	static const char *const settings[] = {"tcp.syncookies=never", NULL};

	(void)state;
	begin(settings, 4);
	for (uint16_t i = 0; i < 4; i++)
		syn_ack_of((uint16_t)(200 + i));
	for (uint16_t i = 4; i < 10; i++)
		send_syn((uint16_t)(200 + i));
	peer_expect_silence(&peer);
	assert_int_equal(drops(NSK_DROP_TCP_SYN_BACKLOG_FULL), 6);
	assert_int_equal(counter(NSK_CNT_TCP_COOKIES_SENT), 0);
	finish();
}

static void cookies_always_means_that_no_syn_is_remembered(void **state)
{
	static const char *const settings[] = {"tcp.syncookies=always", NULL};

	(void)state;
	begin(settings, 100);
	for (uint16_t i = 0; i < 20; i++)
		handshake((uint16_t)(200 + i));
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 0);
	assert_int_equal(counter(NSK_CNT_TCP_COOKIES_ACCEPTED), 20);
	for (unsigned i = 0; i < 20; i++)
		abort_one(accept_one());
	finish();
}

static void guessed_cookie_is_refused(void **state)
{
	static const char *const settings[] = {"tcp.syncookies=always", NULL};
	struct segment s, other;

	(void)state;
	begin(settings, 4);
	s = syn_ack_of(300);
	for (uint32_t i = 1; i <= 100; i++) {
		send_ack(&s, s.seq + 1 + i * 0x01234567u);
		assert_int_equal(peer_segment(&peer).flags, TCP_RST);
	}
	/* The right number of another connection. */
	other = s;
	other.dport = 301;
	send_ack(&other, s.seq + 1);
	assert_int_equal(peer_segment(&peer).flags, TCP_RST);
	assert_int_equal(drops(NSK_DROP_TCP_BAD_COOKIE), 101);
	assert_int_equal(nsk_accept(listener, NULL, NULL), -1);
	assert_int_equal(counter(NSK_CNT_TCP_COOKIES_ACCEPTED), 0);
	finish();
}

static void cookie_is_good_for_a_minute_and_not_for_three(void **state)
{
	static const char *const settings[] = {"tcp.syncookies=always", NULL};
	struct segment s;

	(void)state;
	begin(settings, 4);
	s = syn_ack_of(300);
	peer_run(&peer, MINUTE);
	send_ack(&s, s.seq + 1);
	peer_expect_silence(&peer);
	abort_one(accept_one());
	s = syn_ack_of(301);
	peer_run(&peer, 3 * MINUTE);
	syn_ack_of(302); /* so that cookies are about */
	send_ack(&s, s.seq + 1);
	assert_int_equal(peer_segment(&peer).flags, TCP_RST);
	assert_int_equal(drops(NSK_DROP_TCP_BAD_COOKIE), 1);
	finish();
}

static void source_prefix_is_held_to_its_rate_of_syns(void **state)
{
	static const char *const settings[] = {"tcp.syn_rate=10", "tcp.syn_burst=2", NULL};
	struct tcp_spec syn = {.dport = 7, .flags = TCP_SYN, .seq = 1000};

	(void)state;
	begin(settings, 100);
	for (uint16_t i = 0; i < 10; i++) {
		syn.sport = (uint16_t)(200 + i);
		peer_tcp(&peer, &syn);
	}
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 2);
	assert_int_equal(drops(NSK_DROP_TCP_SYN_LIMIT), 8);
	peer_run(&peer, 100 * MS);
	peer_tcp(&peer, &syn);
	syn.sport++;
	peer_tcp(&peer, &syn);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 3);
	assert_int_equal(drops(NSK_DROP_TCP_SYN_LIMIT), 9);
	/* Another prefix has its own. */
	syn.ip.src = 0x0a000102;
	peer_tcp(&peer, &syn);
	assert_int_equal(world_levels(&peer.world, 0).tcp_embryonic, 4);
	assert_int_equal(drops(NSK_DROP_TCP_SYN_LIMIT), 9);
	peer_forget(&peer);
	assert_int_equal(nsk_close(listener), 0);
	peer_run(&peer, 10 * MINUTE);
	peer_forget(&peer);
	peer_finish(&peer, 0);
}

/* CVE-2008-4609 in small: peers that never finish do not keep others out. */
static void newcomers_are_served_while_the_backlog_is_full_of_stuck_ones(void **state)
{
	(void)state;
	begin(NULL, 8);
	for (uint16_t i = 0; i < 200; i++)
		syn_ack_of((uint16_t)(1000 + i));
	for (uint16_t i = 0; i < 5; i++)
		handshake((uint16_t)(2000 + i));
	for (unsigned i = 0; i < 5; i++)
		abort_one(accept_one());
	finish();
}

/* The SYN came again without options, as some do that: the cookie's timestamps go on all the same.
 */
static void cookies_timestamps_go_on_from_where_they_began(void **state)
{
	struct segment in_the_way, cookie, data;
	int fd;

	(void)state;
	begin(NULL, 1);
	in_the_way = syn_ack_of(201);
	cookie = syn_ack_of(202);
	send_ack(&in_the_way, in_the_way.seq + 1);
	peer_tcp(&peer,
		 &(struct tcp_spec){.sport = 202, .dport = 7, .flags = TCP_SYN, .seq = 1000});
	assert_int_equal(peer_segment(&peer).ack, 1001);
	send_ack(&cookie, cookie.seq + 1);
	abort_one(accept_one());
	fd = accept_one();
	assert_int_equal(nsk_send(fd, "x", 1, 0), 1);
	peer_settle(&peer);
	data = peer_segment(&peer);
	while (!data.len && peer_await(&peer, SEC))
		data = peer_segment(&peer);
	assert_in_range(data.opts.tsval - cookie.opts.tsval, 0, 60000);
	abort_one(fd);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(accept_queue_holds_one_more_than_the_backlog_and_drops_syns_then),
		world_test(last_ack_is_dropped_when_the_accept_queue_is_full_and_works_later),
		world_test(backlog_is_cut_to_the_setting),
		world_test(connection_reset_before_accept_is_accepted_with_its_error),
		world_test(full_syn_backlog_sends_cookies_that_open_connections_rfc4987),
		world_test(cookie_that_meets_a_half_open_connection_opens_it_rfc4987),
		world_test(cookie_of_a_half_open_connection_waits_for_the_accept_queue),
		world_test(cookies_timestamps_go_on_from_where_they_began),
		world_test(cookie_of_an_earlier_attempt_opens_no_half_open_connection),
		world_test(cookies_never_means_that_syns_beyond_the_backlog_are_dropped),
		world_test(cookies_always_means_that_no_syn_is_remembered),
		world_test(guessed_cookie_is_refused),
		world_test(cookie_is_good_for_a_minute_and_not_for_three),
		world_test(source_prefix_is_held_to_its_rate_of_syns),
		world_test(newcomers_are_served_while_the_backlog_is_full_of_stuck_ones),
	};

	return world_main(tests);
}
