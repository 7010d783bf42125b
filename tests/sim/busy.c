/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time that the loop counts: all of it, and what went into turns with work, each up to the next.
 */
#include <string.h>

#include "sim/peer.h"

static struct peer peer;

static uint64_t count(enum nsk_counter counter)
{
	return world_counter(&peer.world, 0, counter);
}

/* A turn begins, and so long passes. */
static void turn_of(uint64_t ns)
{
	nsk_turn(peer.world.host[0]);
	peer.world.now_ns += ns;
}

static void time_counts_as_busy_in_turns_with_work(void **state)
{
	uint8_t frame[PEER_FRAME_MAX];
	uint64_t all, busy;
	size_t len;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer_start(&peer, NULL);
	peer_settle(&peer);
	turn_of(1000);
	turn_of(0);
	all = count(NSK_CNT_LOOP_NS);
	busy = count(NSK_CNT_LOOP_BUSY_NS);
	turn_of(7000);
	turn_of(0);
	assert_int_equal(count(NSK_CNT_LOOP_NS), all + 7000);
	assert_int_equal(count(NSK_CNT_LOOP_BUSY_NS), busy);
	len = frame_icmp(frame, &(struct ip_spec){0}, 8, 0, 1, "ping", 4);
	peer_input(&peer, frame, len);
	turn_of(5000);
	turn_of(3000);
	turn_of(0);
	assert_int_equal(count(NSK_CNT_LOOP_NS), all + 15000);
	assert_int_equal(count(NSK_CNT_LOOP_BUSY_NS), busy + 5000);
	peer_end(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_counts_as_busy_in_turns_with_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
