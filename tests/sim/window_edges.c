/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments at the edges of our receive window, which RFC 9293 §3.10.7.4 is strict or kind about.
 */
#include <string.h>

#include "sim/peer.h"

#define WINDOW 65535u

static struct peer peer;
static struct talk t;
static uint8_t data[1000];

static void begin(void)
{
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, NULL);
	talk_connect(&t, &peer, 5000, -1, NULL, 0);
}

static void finish(uint32_t rcv_nxt)
{
	talk_send_at(&t, TCP_RST, rcv_nxt, 0, NULL, 0);
	nsk_close(t.fd);
	nsk_close(t.listener);
	peer_finish(&peer, 2 * HOUR);
}

/* The stack sends an octet, and so the peer has something to acknowledge. */
static void send_one(void)
{
	world_send(&peer.world, t.fd, "x", 1);
	peer_settle(&peer);
	assert_int_equal(talk_expect(&t, TCP_ACK).len, 1);
}

static void ack_from_a_peer_that_used_the_window_up_counts(void **state)
{
	(void)state;
	begin();
	/* The last octets of the window came, the first did not. */
	talk_send_at(&t, TCP_ACK, t.seq + WINDOW - sizeof(data), t.ack, data, sizeof(data));
	peer_forget(&peer);
	send_one();
	talk_send_at(&t, TCP_ACK, t.seq + WINDOW, t.ack, NULL, 0);
	peer_run(&peer, 5 * SEC);
	peer_expect_silence(&peer); /* not sent again */
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_BAD_SEQUENCE), 0);
	finish(t.seq);
}

static void ack_beyond_the_window_does_not_count(void **state)
{
	(void)state;
	begin();
	send_one();
	talk_send_at(&t, TCP_ACK, t.seq + WINDOW + 1, t.ack, NULL, 0);
	assert_int_equal(talk_expect(&t, TCP_ACK).len, 0); /* says where we are */
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_BAD_SEQUENCE), 1);
	peer_run(&peer, SEC);
	assert_int_equal(peer_segment(&peer).len, 1); /* sent again */
	peer_forget(&peer);
	finish(t.seq);
}

static void ack_on_a_probe_of_our_zero_window_counts_and_its_octet_does_not(void **state)
{
	uint32_t sent = 0;

	(void)state;
	begin();
	while (sent < WINDOW) {
		uint32_t n = NSK_MIN((uint32_t)sizeof(data), WINDOW - sent);

		talk_send(&t, TCP_ACK, data, n);
		sent += n;
	}
	peer_run(&peer, SEC);
	peer_forget(&peer);
	send_one();
	talk_send_at(&t, TCP_ACK, t.seq, t.ack, "y", 1);
	assert_int_equal(talk_expect(&t, TCP_ACK).wnd, 0);
	peer_run(&peer, 5 * SEC);
	peer_expect_silence(&peer);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_TCP_RCVBUF_FULL), 1);
	finish(t.seq);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(ack_from_a_peer_that_used_the_window_up_counts),
		world_test(ack_beyond_the_window_does_not_count),
		world_test(ack_on_a_probe_of_our_zero_window_counts_and_its_octet_does_not),
	};

	return world_main(tests);
}
