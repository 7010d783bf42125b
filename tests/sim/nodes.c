/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two nodes with one secret: the SYN cookie that the first gives out opens a connection on the
 * second, with all that was agreed upon, as behind a balancer that sends the last ACK elsewhere.
 */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/peer.h"

static const uint8_t syn_opts[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
static const char *const always[] = {"tcp.syncookies=always", NULL};

static struct peer node[2];
static int listener[2];
static const char *const digits[2] = {"000102030405060708090a0b0c0d0e0f",
				      "000102030405060708090a0b0c0d0e1f"};
static unsigned secret[2]; /* which of these each node has */
static unsigned making;

static void with_secret(struct nsk_config *config)
{
	char path[] = "/tmp/nsk-nodes-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, digits[secret[making]], 32), 32);
	close(fd);
	if (nsk_config_secret_file(config, path))
		fail_msg("%s", nsk_config_error(config));
	unlink(path);
	nsk_config_seed(config, 100 + making); /* each has other secrets of its own */
}

/* The second node's clock is ahead by so much. */
static void begin(unsigned first, unsigned second, uint64_t ahead_ns)
{
	secret[0] = first;
	secret[1] = second;
	for (making = 0; making < 2; making++) {
		memset(&node[making], 0, sizeof(node[making]));
		node[making].configure = with_secret;
		peer_start(&node[making], always);
		listener[making] = world_listen(&node[making].world, 0, 7, 4);
	}
	peer_run(&node[0], SEC);
	peer_run(&node[1], SEC + ahead_ns);
}

static void abort_one(int fd)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	assert_true(fd >= 0);
	assert_int_equal(nsk_setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	assert_int_equal(nsk_close(fd), 0);
	peer_settle(&node[1]);
	peer_forget(&node[1]);
}

static void finish(void)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(nsk_close(listener[i]), 0);
		peer_finish(&node[i], 10 * MINUTE);
	}
}

/* The SYN goes to the first node, what is in the last ACK comes of its answer. */
static struct segment cookie(void)
{
	struct segment s;

	peer_tcp(&node[0], &(struct tcp_spec){.sport = 300,
					      .dport = 7,
					      .flags = TCP_SYN,
					      .seq = 1000,
					      .opts = syn_opts,
					      .opts_len = sizeof(syn_opts)});
	s = peer_segment(&node[0]);
	assert_int_equal(s.flags, TCP_SYN | TCP_ACK);
	return s;
}

static void bring_back(const struct segment *s, const char *text)
{
	uint8_t opts[TCP_OPTS_TS_LEN];

	tcp_opts_write_ts(opts, 2, s->opts.tsval);
	peer_tcp(&node[1], &(struct tcp_spec){.sport = 300,
					      .dport = 7,
					      .flags = TCP_ACK | TCP_PSH,
					      .seq = 1001,
					      .ack = s->seq + 1,
					      .opts = opts,
					      .opts_len = sizeof(opts),
					      .data = text,
					      .len = strlen(text)});
}

static void cookie_of_one_node_opens_a_connection_on_another(void **state)
{
	static const uint64_t ahead_ns[] = {0, 700 * MS, 10 * SEC};
	struct tcp_info info;
	struct segment s, ack;
	socklen_t len;
	char text[8];
	int fd;

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(ahead_ns); i++) {
		begin(0, 0, ahead_ns[i]);
		s = cookie();
		bring_back(&s, "hello");
		ack = peer_segment(&node[1]);
		assert_int_equal(ack.flags, TCP_ACK);
		assert_int_equal(ack.ack, 1006);
		/* The peer would drop a timestamp from before the cookie's (RFC 7323 section 5). */
		assert_true((int32_t)(ack.opts.tsval - s.opts.tsval) >= 0);
		fd = nsk_accept(listener[1], NULL, NULL);
		assert_true(fd >= 0);
		assert_int_equal(nsk_recv(fd, text, sizeof(text), 0), 5);
		len = sizeof(info);
		assert_int_equal(nsk_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
		assert_int_equal(info.tcpi_options,
				 TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
		assert_int_equal(info.tcpi_snd_wscale, 7);
		abort_one(fd);
		finish();
	}
}

static void clock_that_is_behind_a_little_is_forgiven(void **state)
{
	struct segment s;

	(void)state;
	begin(0, 0, 0);
	peer_run(&node[0], 700 * MS); /* now the first is ahead */
	s = cookie();
	bring_back(&s, "hello");
	assert_int_equal(peer_segment(&node[1]).flags, TCP_ACK);
	abort_one(nsk_accept(listener[1], NULL, NULL));
	finish();
}

static void cookie_of_a_node_with_another_secret_is_refused(void **state)
{
	struct segment s;

	(void)state;
	begin(0, 1, 0);
	s = cookie();
	bring_back(&s, "hello");
	assert_int_equal(peer_segment(&node[1]).flags, TCP_RST);
	assert_int_equal(world_drops(&node[1].world, 0, NSK_DROP_TCP_BAD_COOKIE), 1);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(cookie_of_one_node_opens_a_connection_on_another),
		world_test(clock_that_is_behind_a_little_is_forgiven),
		world_test(cookie_of_a_node_with_another_secret_is_refused),
	};

	return world_main(tests);
}
