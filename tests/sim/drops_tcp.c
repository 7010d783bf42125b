/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of TCP; see drops.h. */
#include <errno.h>
#include <string.h>

#include "mbuf/pool.h"
#include "sim/drops.h"
#include "stack/stack.h"
#include "wire/family.h"

#define L4 (ETH_HLEN + IPV4_HLEN)

static uint8_t f[PEER_FRAME_MAX];
static struct talk t;
static uint8_t data[4096];
static uint32_t step; /* how often provoke was called */

static const uint8_t mss_only[] = {2, 4, 5, 0xb4};
static const uint8_t mss_ts[] = {2, 4, 5, 0xb4, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};

static void hand_in(struct peer *p, size_t len)
{
	peer_input(p, f, len);
	peer_settle(p);
	peer_forget(p);
}

static void connected(struct peer *p)
{
	talk_connect(&t, p, 5000, -1, mss_only, sizeof(mss_only));
	step = 0;
}

static void connected_ts(struct peer *p)
{
	talk_connect(&t, p, 5000, -1, mss_ts, sizeof(mss_ts));
	t.tsval = 1000;
	talk_send(&t, TCP_ACK | TCP_PSH, "x", 1);
	peer_forget(p);
}

static void listening(struct peer *p)
{
	t = (struct talk){.p = p, .fd = -1, .port = 5000, .stack_port = 7};
	t.listener = world_listen(&p->world, 0, 7, 1);
	step = 0;
}

static void finish(struct peer *p)
{
	if (t.fd >= 0)
		nsk_close(t.fd);
	if (t.listener >= 0)
		nsk_close(t.listener);
	peer_settle(p);
}

static void segment(struct peer *p, uint16_t flags, uint32_t seq, uint32_t ack, size_t len)
{
	(void)p;
	talk_send_at(&t, flags, seq, ack, data, len);
	peer_forget(t.p);
}

/* A SYN from a port that differs each time. */
static void new_syn(struct peer *p)
{
	peer_tcp(p, &(struct tcp_spec){.sport = (uint16_t)(100 + step++),
				       .dport = 7,
				       .flags = TCP_SYN,
				       .seq = 5000});
}

/* The whole handshake of one. */
static void new_connection(struct peer *p)
{
	struct segment s;

	new_syn(p);
	s = peer_segment(p);
	peer_tcp(p, &(struct tcp_spec){.sport = s.dport,
				       .dport = 7,
				       .flags = TCP_ACK,
				       .seq = 5001,
				       .ack = s.seq + 1});
}

/* ---- what is no segment ---- */

static size_t ack_frame(void)
{
	return frame_tcp(f, &(struct tcp_spec){.sport = 5, .dport = 7, .flags = TCP_ACK});
}

static void tcp_of_19_octets(struct peer *p)
{
	hand_in(p, frame_ip(f, &(struct ip_spec){.proto = IP_PROTO_TCP}, data, 19));
}

static void data_offset_of_4(struct peer *p)
{
	size_t n = ack_frame();

	f[L4 + 12] = 0x40;
	hand_in(p, n);
}

static void data_offset_past_the_end(struct peer *p)
{
	size_t n = ack_frame();

	f[L4 + 12] = 0x60;
	hand_in(p, n);
}

static void tcp_bad_checksum(struct peer *p)
{
	size_t n = ack_frame();

	f[L4 + 4] ^= 1;
	hand_in(p, n);
}

static void syn_to_broadcast(struct peer *p)
{
	hand_in(p, frame_tcp(f, &(struct tcp_spec){.ip = {.dst = 0x0a0000ff, .dst_mac = bcast_mac},
						   .sport = 5,
						   .dport = 7,
						   .flags = TCP_SYN}));
}

/* ---- strangers and listeners ---- */

static void syn_to_a_closed_port(struct peer *p)
{
	peer_tcp(p, &(struct tcp_spec){.sport = 5, .dport = 99, .flags = TCP_SYN, .seq = 70});
	assert_int_equal(peer_segment(p).ack, 71);
}

static void rst_to_a_closed_port(struct peer *p)
{
	peer_tcp(p, &(struct tcp_spec){.sport = 5, .dport = 99, .flags = TCP_RST, .seq = 70});
	peer_expect_silence(p);
}

static const char *const no_cookies[] = {"tcp.syncookies=never", NULL};
static const char *const all_cookies[] = {"tcp.syncookies=always", NULL};
static const char *const one_syn[] = {"tcp.syn_rate=1", "tcp.syn_burst=1", NULL};
static const char *const one_conn[] = {"tcp.max_conns=1", NULL};

static void one_half_open(struct peer *p)
{
	listening(p);
	new_syn(p);
	peer_segment(p);
}

static void two_wait_for_accept(struct peer *p)
{
	listening(p);
	new_connection(p);
	new_connection(p);
}

static void ack_to_a_listener(struct peer *p)
{
	peer_tcp(p, &(struct tcp_spec){.sport = 5, .dport = 7, .flags = TCP_ACK, .ack = 1234});
	assert_int_equal(peer_segment(p).flags, TCP_RST);
}

static void syn_ack_to_a_listener(struct peer *p)
{
	peer_tcp(p, &(struct tcp_spec){.sport = 5, .dport = 7, .flags = TCP_SYN | TCP_ACK});
	assert_int_equal(peer_segment(p).flags, TCP_RST);
}

static void cookie_is_out(struct peer *p)
{
	one_half_open(p);
	new_syn(p);
	assert_int_equal(world_counter(&p->world, 0, NSK_CNT_TCP_COOKIES_SENT), 1);
	peer_forget(p);
}

static void cookies_were_out(struct peer *p)
{
	cookie_is_out(p);
	peer_run(p, 3 * MINUTE); /* two epochs of the secret, and more */
	peer_forget(p);
}

static void fin_to_a_listener(struct peer *p)
{
	peer_tcp(p, &(struct tcp_spec){.sport = 5, .dport = 7, .flags = TCP_FIN});
	peer_expect_silence(p);
}

static void rst_to_a_listener(struct peer *p)
{
	peer_tcp(p, &(struct tcp_spec){.sport = 5, .dport = 7, .flags = TCP_RST});
	peer_expect_silence(p);
}

static void connection_beyond_the_limit(struct peer *p)
{
	new_connection(p);
}

static void *taken[4096];

/* Connections need memory that there is none of. */
static void no_more_memory(struct peer *p)
{
	struct nsk_worker *w = world_worker(&p->world, 0);
	unsigned n = 0;

	listening(p);
	slab_free(&w->tcp->embryos, slab_alloc(&w->tcp->embryos)); /* the SYN has its own */
	w->mem->limit = w->mem->bytes;
	while ((taken[n] = slab_alloc(&w->tcp->conns)) != NULL)
		assert_true(++n < 4095);
}

static void no_memory_at_all(struct peer *p)
{
	struct nsk_worker *w = world_worker(&p->world, 0);

	listening(p);
	w->mem->limit = w->mem->bytes;
}

static void memory_again(struct peer *p)
{
	struct nsk_worker *w = world_worker(&p->world, 0);

	for (unsigned n = 0; taken[n]; n++) {
		slab_free(&w->tcp->conns, taken[n]);
		taken[n] = NULL;
	}
	w->mem->limit = SIZE_MAX;
	finish(p);
}

/* ---- connections ---- */

static void segment_ahead_of_the_window(struct peer *p)
{
	segment(p, TCP_ACK, t.seq + 100000, t.ack, 10);
}

static void ack_of_what_was_never_sent(struct peer *p)
{
	segment(p, TCP_ACK, t.seq, t.ack + 1000, 0);
}

static void ack_that_is_far_too_old(struct peer *p)
{
	segment(p, TCP_ACK, t.seq, t.ack - 1000000, 0);
}

static void segment_without_ack(struct peer *p)
{
	segment(p, TCP_PSH, t.seq, 0, 10);
}

static void rst_outside_of_the_window(struct peer *p)
{
	segment(p, TCP_RST, t.seq - 1, 0, 0);
}

static void rst_within_the_window(struct peer *p)
{
	segment(p, TCP_RST, t.seq + 1, 0, 0);
}

static void syn_in_a_connection(struct peer *p)
{
	segment(p, TCP_SYN, t.seq, 0, 0);
}

static void timestamp_of_yesterday(struct peer *p)
{
	t.tsval = 999;
	segment(p, TCP_ACK, t.seq, t.ack, 10);
}

static void data_twice(struct peer *p)
{
	segment(p, TCP_ACK, t.seq - 10, t.ack, 10);
}

static void ten_octets_had(struct peer *p)
{
	connected(p);
	talk_send(&t, TCP_ACK, data, 10);
	peer_forget(p);
}

static const char *const small_window[] = {"tcp.window=8192", "tcp.rcvbuf_max=8192", NULL};

/* Islands of one octet each, until no more buffers are granted to them. */
static void one_more_island(struct peer *p)
{
	segment(p, TCP_ACK, t.seq + 10 + 2 * step++, t.ack, 1);
}

static void full_of_islands(struct peer *p)
{
	connected(p);
	while (world_drops(&p->world, 0, NSK_DROP_TCP_OOO_FULL) == 0)
		one_more_island(p);
}

static void octet_beyond_a_full_buffer(struct peer *p)
{
	segment(p, TCP_ACK, t.seq, t.ack, 1);
}

/* A connection with so many segments of so many octets that nobody reads. */
static void unread(struct peer *p, unsigned segments, size_t len)
{
	connected(p);
	for (unsigned i = 0; i < segments; i++)
		talk_send(&t, TCP_ACK, data, len);
	peer_forget(p);
}

static void full_buffer(struct peer *p)
{
	unread(p, 8, 1024);
}

static const char *const little_memory[] = {"tcp.mem_high=8K", NULL};

static void segment_beyond_all_memory(struct peer *p)
{
	segment(p, TCP_ACK, t.seq, t.ack, 1000);
}

static void two_buffers_held(struct peer *p)
{
	unread(p, 2, 1400);
}

static void many_connections_closed(struct peer *p)
{
	listening(p);
}

/* One packet can only end one connection, so each time it is another one. */
static void data_after_close(struct peer *p)
{
	struct talk one;

	talk_connect(&one, p, (uint16_t)(6000 + step++), t.listener, mss_only, sizeof(mss_only));
	nsk_close(one.fd);
	peer_settle(p);
	talk_expect(&one, TCP_FIN | TCP_ACK);
	talk_send(&one, TCP_ACK | TCP_PSH, "late", 4);
	assert_true(peer_segment(p).flags & TCP_RST);
}

static void rst_in_time_wait(struct peer *p)
{
	segment(p, TCP_RST, t.seq, t.ack, 0);
}

static void data_in_time_wait(struct peer *p)
{
	segment(p, TCP_ACK, t.seq, t.ack, 10);
}

static void in_time_wait(struct peer *p)
{
	connected(p);
	nsk_close(t.fd);
	t.fd = -1;
	peer_settle(p);
	talk_expect(&t, TCP_FIN | TCP_ACK);
	talk_send(&t, TCP_FIN | TCP_ACK, NULL, 0);
	peer_forget(p);
	assert_int_equal(world_state(&p->world, 0, 7), TCPS_TIME_WAIT);
}

#define CASE(why, fn, ...)                                                        \
	{                                                                         \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, __VA_ARGS__ \
	}
#define CONNECTED .prepare = connected, .finish = finish

const struct drop_test drops_tcp[] = {
	CASE(TCP_SHORT, tcp_of_19_octets),
	CASE(TCP_DATA_OFFSET, data_offset_of_4),
	CASE(TCP_DATA_OFFSET, data_offset_past_the_end),
	CASE(TCP_CHECKSUM, tcp_bad_checksum),
	CASE(TCP_BCAST, syn_to_broadcast),
	CASE(TCP_NO_LISTENER, syn_to_a_closed_port),
	CASE(TCP_NO_LISTENER, rst_to_a_closed_port),
	CASE(TCP_SYN_BACKLOG_FULL, new_syn, .settings = no_cookies, .prepare = one_half_open,
	     .finish = finish),
	CASE(TCP_ACCEPT_BACKLOG_FULL, new_syn, .prepare = two_wait_for_accept, .finish = finish),
	CASE(TCP_SYN_LIMIT, new_syn, .settings = one_syn, .prepare = one_half_open,
	     .finish = finish),
	CASE(TCP_BAD_COOKIE, ack_to_a_listener, .settings = all_cookies, .prepare = listening,
	     .finish = finish),
	CASE(TCP_BAD_COOKIE, ack_to_a_listener, .prepare = cookie_is_out, .finish = finish),
	CASE(TCP_NO_CONNECTION, ack_to_a_listener, .prepare = listening, .finish = finish),
	CASE(TCP_NO_CONNECTION, ack_to_a_listener, .settings = no_cookies, .prepare = listening,
	     .finish = finish),
	CASE(TCP_NO_CONNECTION, ack_to_a_listener, .prepare = cookies_were_out, .finish = finish),
	CASE(TCP_NO_CONNECTION, syn_ack_to_a_listener, .prepare = cookie_is_out, .finish = finish),
	CASE(TCP_BAD_FLAGS, fin_to_a_listener, .prepare = listening, .finish = finish),
	CASE(TCP_NO_CONNECTION, rst_to_a_listener, .prepare = listening, .finish = finish),
	CASE(TCP_TABLE_FULL, connection_beyond_the_limit, .settings = one_conn,
	     .prepare = listening, .finish = finish),
	CASE(TCP_NO_MEMORY, connection_beyond_the_limit, .prepare = no_more_memory,
	     .finish = memory_again),
	CASE(TCP_NO_MEMORY, new_syn, .prepare = no_memory_at_all, .finish = memory_again),
	CASE(TCP_BAD_SEQUENCE, segment_ahead_of_the_window, CONNECTED),
	CASE(TCP_BAD_ACK, ack_of_what_was_never_sent, CONNECTED),
	CASE(TCP_BAD_ACK, ack_that_is_far_too_old, CONNECTED),
	CASE(TCP_BAD_FLAGS, segment_without_ack, CONNECTED),
	CASE(TCP_RST_WINDOW, rst_outside_of_the_window, CONNECTED),
	CASE(TCP_RST_CHALLENGE, rst_within_the_window, CONNECTED),
	CASE(TCP_SYN_CHALLENGE, syn_in_a_connection, CONNECTED),
	CASE(TCP_PAWS, timestamp_of_yesterday, .prepare = connected_ts, .finish = finish),
	CASE(TCP_DUPLICATE, data_twice, .prepare = ten_octets_had, .finish = finish),
	CASE(TCP_OOO_FULL, one_more_island, .settings = small_window, .prepare = full_of_islands,
	     .finish = finish),
	CASE(TCP_RCVBUF_FULL, octet_beyond_a_full_buffer, .settings = small_window,
	     .prepare = full_buffer, .finish = finish),
	CASE(TCP_MEM_FULL, segment_beyond_all_memory, .settings = little_memory,
	     .prepare = two_buffers_held, .finish = finish),
	CASE(TCP_AFTER_CLOSE, data_after_close, .prepare = many_connections_closed,
	     .finish = finish),
	CASE(TCP_TIME_WAIT, rst_in_time_wait, .prepare = in_time_wait, .finish = finish),
	CASE(TCP_TIME_WAIT, data_in_time_wait, .prepare = in_time_wait, .finish = finish),
};
const unsigned drops_tcp_count = NSK_ARRAY_LEN(drops_tcp);
