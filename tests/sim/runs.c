/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that go on where the one before them in the burst ended are taken as a run
 * (lib/tcp/input_run.c). Whatever a peer sends, the stack answers, reads and counts the same when
 * there are no runs, because a segment of somebody else stands between each two: random bursts,
 * each played both ways.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <string.h>

#include "base/rng.h"
#include "sim/peer.h"

#define SEEDS  300
#define ROUNDS 80
#define BURST  16 /* and as many of somebody else's make one burst of the worker's */
#define PORT   5000
#define OTHER  6000
#define LOG    (2 << 20)

static struct peer peer;
static struct talk other;

/* All that came of it. */
struct record {
	size_t len;
	uint8_t bytes[LOG];
};
static struct record records[2];

static void note(struct record *log, const void *data, size_t len)
{
	assert_true(log->len + len <= sizeof(log->bytes));
	memcpy(log->bytes + log->len, data, len);
	log->len += len;
}

struct line {
	struct rng rng;
	struct talk talk;
	uint32_t sent; /* the stack: the number after the last that it sent */
	int epoll;
	uint8_t frame[BURST][PEER_FRAME_MAX];
	size_t len[BURST];
};

static const uint8_t syn_opts[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};

static size_t segment(uint8_t *f, const struct talk *t, uint16_t flags, uint8_t tos, uint32_t seq,
		      uint32_t len, bool sack)
{
	const struct tcp_sack_block block = {.start = t->ack + 10, .end = t->ack + 20};
	uint8_t opts[TCP_OPTS_TS_LEN + TCP_OPTS_SACK_HEAD_LEN + TCP_OPT_SACK_BLOCK_LEN];
	static uint8_t data[1448];
	size_t opts_len = t->ts ? TCP_OPTS_TS_LEN : 0;

	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)((seq + i) * 2654435761u >> 24);
	tcp_opts_write_ts(opts, t->tsval, t->tsecr);
	if (sack)
		opts_len += tcp_opts_write_sack(opts + opts_len, &block, 1);
	return frame_tcp(f, &(struct tcp_spec){.ip.tos = tos,
					       .sport = t->port,
					       .dport = t->stack_port,
					       .flags = flags,
					       .seq = seq,
					       .ack = t->ack,
					       .wnd = t->wnd,
					       .zero_wnd = true,
					       .opts = opts,
					       .opts_len = opts_len,
					       .data = data,
					       .len = len});
}

/* The peer and the stack agree on ECN, and on the options or on none. */
static void open_conn(struct talk *t, bool options, uint32_t rcvbuf)
{
	*t = (struct talk){.p = &peer,
			   .port = PORT,
			   .stack_port = 7,
			   .seq = 1000,
			   .wnd = 5000,
			   .tsval = 1,
			   .fd = -1,
			   .ts = options};
	t->listener = world_listen(&peer.world, 0, 7, 16);
	assert_int_equal(
		nsk_setsockopt(t->listener, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)), 0);
	peer_tcp(&peer, &(struct tcp_spec){.sport = PORT,
					   .dport = 7,
					   .flags = TCP_SYN | TCP_ECE | TCP_CWR,
					   .seq = t->seq++,
					   .opts = options ? syn_opts : NULL,
					   .opts_len = options ? sizeof(syn_opts) : 0});
	t->syn = talk_expect(t, TCP_SYN | TCP_ACK | TCP_ECE);
	talk_send(t, TCP_ACK, NULL, 0);
	t->fd = nsk_accept4(t->listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(t->fd >= NSK_FD_BASE);
}

/* Mostly the next data, as senders send it, and all that can be otherwise about a segment. */
static size_t next_segment(struct line *l, uint8_t *f)
{
	static const uint16_t lens[] = {1, 100, 536, 1448, 1448, 1448, 1448};
	struct talk *t = &l->talk;
	uint16_t flags = TCP_ACK;
	uint32_t len = lens[rng_below(&l->rng, NSK_ARRAY_LEN(lens))];
	uint32_t seq = t->seq, odd = rng_below(&l->rng, 100);
	bool sack = false;
	uint16_t wnd = t->wnd;
	uint8_t tos = 0;
	size_t size;

	if (rng_chance(&l->rng, 200000))
		flags |= TCP_PSH;
	if (odd < 3) {
		seq -= rng_below(&l->rng, 3000); /* in part or all of it again, and late */
		if (rng_chance(&l->rng, 300000))
			t->wnd = (uint16_t)rng_below(&l->rng, 6000);
	} else if (odd < 6)
		seq += rng_below(&l->rng, 3000); /* something is missing */
	else if (odd < 8)
		len = 0;
	else if (odd < 12)
		tos = (uint8_t)rng_below(&l->rng, 4);
	else if (odd < 14)
		flags |= rng_chance(&l->rng, 500000) ? TCP_CWR : TCP_ECE;
	else if (odd < 16)
		t->wnd = wnd = (uint16_t)rng_below(&l->rng, 6000);
	else if (odd < 20)
		t->tsval += rng_below(&l->rng, 3);
	else if (odd < 21)
		t->tsval -= 1;
	else if (odd < 22)
		flags |= TCP_URG;
	else if (odd < 26 && t->ack != l->sent)
		t->ack += 1 + rng_below(&l->rng, l->sent - t->ack);
	else if (odd < 27)
		sack = len <= 536;
	else if (odd < 28)
		flags = rng_chance(&l->rng, 500000) ? TCP_SYN : TCP_PSH;
	if (seq == t->seq && (flags & TCP_ACK) && rng_chance(&l->rng, 2000))
		flags |= TCP_FIN;
	if (seq == t->seq && (flags & TCP_ACK))
		t->seq += len + (flags & TCP_FIN);
	size = segment(f, t, flags, tos, seq, len, sack);
	t->wnd = wnd;
	return size;
}

/* The peer takes back what the stack has not acknowledged, now and then: else gaps stay for ever.
 */
static void take_answers(struct line *l, struct record *log)
{
	const struct kept_frame *k;
	uint32_t acked = l->talk.seq;

	while ((k = peer_take(&peer))) {
		struct segment s;

		assert_true(segment_parse(&s, k->data + ETH_HLEN, k->len - ETH_HLEN));
		if (s.dport != PORT)
			continue;
		note(log, k->data, k->len);
		acked = s.ack;
		if (s.len && seq_gt(s.seq + s.len, l->sent))
			l->sent = s.seq + s.len;
	}
	if (rng_chance(&l->rng, 500000))
		l->talk.seq = acked;
}

static void use(struct line *l, struct record *log)
{
	static const uint8_t zeros[4000];
	static uint8_t data[65536];
	struct epoll_event news = {0};
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	ssize_t n;

	nsk_epoll_wait(l->epoll, &news, 1, 0);
	note(log, &news.events, sizeof(news.events));
	if (rng_chance(&l->rng, 300000)) {
		n = nsk_send(l->talk.fd, zeros, 1 + rng_below(&l->rng, sizeof(zeros)), 0);
		note(log, &n, sizeof(n));
	}
	if (rng_chance(&l->rng, 600000)) {
		n = nsk_recv(l->talk.fd, data, 1 + rng_below(&l->rng, sizeof(data)), 0);
		note(log, &n, sizeof(n));
		if (n > 0)
			note(log, data, (size_t)n);
	}
	if (rng_chance(&l->rng, 3000))
		nsk_shutdown(l->talk.fd, (int)rng_below(&l->rng, 2));
	assert_int_equal(nsk_getsockopt(l->talk.fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	note(log, &info, sizeof(info));
}

static void reset(int fd)
{
	struct linger now = {.l_onoff = 1};

	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	nsk_close(fd);
}

static void play(uint64_t seed, bool runs, struct record *log)
{
	static struct line l;
	static uint8_t between[PEER_FRAME_MAX];
	static const char *const settings[] = {"burst=64", "tcp.ecn=1", NULL};
	static const char *const little[] = {"burst=64", "tcp.ecn=1", "tcp.mem_high=60000", NULL};
	struct epoll_event all = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	uint64_t drops[NSK_DROP_MAX];
	size_t len;

	log->len = 0;
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, seed % 3 ? settings : little);
	rng_seed(&l.rng, seed);
	open_conn(&l.talk, seed % 4 != 0, 2048u << rng_below(&l.rng, 7));
	l.sent = l.talk.ack;
	l.epoll = nsk_epoll_create1(0);
	assert_int_equal(nsk_epoll_ctl(l.epoll, EPOLL_CTL_ADD, l.talk.fd, &all), 0);
	talk_connect(&other, &peer, OTHER, l.talk.listener, NULL, 0);
	peer_forget(&peer);
	len = segment(between, &other, TCP_ACK, 0, other.seq, 0, false);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned n = 1 + rng_below(&l.rng, BURST);

		for (unsigned i = 0; i < n; i++) {
			l.len[i] = next_segment(&l, l.frame[i]);
			peer_input(&peer, l.frame[i], l.len[i]);
			if (!runs)
				peer_input(&peer, between, len);
		}
		for (unsigned i = 0; runs && i < n; i++)
			peer_input(&peer, between, len);
		peer_settle(&peer);
		take_answers(&l, log);
		use(&l, log);
		peer_run(&peer, rng_chance(&l.rng, 20000) ? SEC : rng_below(&l.rng, 3) * MS);
		take_answers(&l, log);
	}
	for (unsigned i = 0; i < NSK_DROP_MAX; i++)
		drops[i] = world_drops(&peer.world, 0, (enum nsk_drop)i);
	note(log, drops, sizeof(drops));
	reset(other.fd);
	reset(l.talk.fd);
	nsk_close(l.epoll);
	nsk_close(l.talk.listener);
	peer_finish(&peer, SEC);
}

static void a_run_is_what_its_segments_are(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		world_repeat("seed %llu", (unsigned long long)seed);
		play(seed, true, &records[0]);
		play(seed, false, &records[1]);
		assert_int_equal(records[0].len, records[1].len);
		assert_memory_equal(records[0].bytes, records[1].bytes, records[0].len);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		world_test(a_run_is_what_its_segments_are),
	};

	return world_main(tests);
}
