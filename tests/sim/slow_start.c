/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slow start over a long path, 1 Gbit/s and 100 ms: what is in flight doubles each round trip
 * (RFC 5681 section 3.1), in bursts or paced, since the receiver's window grows ahead of it.
 */
#include "sim/bulk.h"
#include "sim/pair.h"

#define RTT (100 * MS)

static const char *const settings[] = {"pool.buffers=65535", "tcp.rcvbuf_max=67108864",
				       "tcp.sndbuf_max=67108864", NULL};

static struct world world;
static struct bulk b;

/* least: octets that arrive within ten round trips of the handshake. */
static void window_keeps_ahead(const char *control, uint64_t least)
{
	uint64_t first, second;

	world_pair(&world,
		   &(struct world_params){.seed = 1,
					  .settings = settings,
					  .wire = {.delay_ns = RTT / 2, .rate_bps = 1000000000}});
	bulk_open(&b, &world, 5001, control);
	bulk_run(&b, 1, 7 * RTT);
	first = bulk_bps(&b, 1, RTT);
	second = bulk_bps(&b, 1, RTT);
	assert_in_range(second, first / 10 * 16, first / 10 * 21);
	bulk_run(&b, 1, RTT);
	assert_true(b.received > least);
	bulk_close(&b);
	pair_finish(&world);
}

static void receive_window_keeps_ahead_of_cubic(void **state)
{
	(void)state;
	window_keeps_ahead("cubic", 10000000);
}

static void receive_window_keeps_ahead_of_bbr(void **state)
{
	(void)state;
	window_keeps_ahead("bbr", 4000000);
}

/* So many holes at once, from least to most, are repaired without a timeout by what both ends
 * remember of them: little else is sent again. */
static void holes_are_repaired(const char *control, const char *const *with,
			       const struct nsk_wire_params *wire, uint64_t ns, unsigned least,
			       unsigned most)
{
	struct nsk_wire_stats stats;
	struct tcp_info i;

	world_pair(&world, &(struct world_params){.seed = 1, .settings = with, .wire = *wire});
	bulk_open(&b, &world, 5001, control);
	bulk_run(&b, 1, ns);
	i = bulk_info(&b);
	nsk_wire_stats(world.wire, 0, &stats);
	assert_in_range(i.tcpi_total_retrans, least, most);
	assert_true(i.tcpi_total_retrans <= stats.queue_full + stats.queue_full / 4);
	assert_int_equal(world_counter(&world, 0, NSK_CNT_TCP_RTO), 0);
	assert_int_equal(world_drops(&world, 1, NSK_DROP_TCP_OOO_FULL), 0);
	bulk_close(&b);
	pair_finish(&world);
}

/* BBR's overshoot over a queue of one BDP loses one segment of three for a while. */
static void hundreds_of_holes_are_repaired_without_a_timeout(void **state)
{
	const struct nsk_wire_params wire = {
		.delay_ns = 150 * MS, .rate_bps = 100000000, .queue_bytes = 3750000};

	(void)state;
	holes_are_repaired("bbr", settings, &wire, 8 * SEC, 300, 1000);
}

/* CUBIC's, where nothing held it back before: every second segment of what fills path and queue. */
static void thousands_of_holes_are_repaired_without_a_timeout(void **state)
{
	static const char *const many[] = {"pool.buffers=131071", "tcp.rcvbuf_max=67108864",
					   "tcp.sndbuf_max=67108864", NULL};
	const struct nsk_wire_params wire = {
		.delay_ns = RTT / 2, .rate_bps = 500000000, .queue_bytes = 6250000};

	(void)state;
	holes_are_repaired("cubic", many, &wire, 4 * SEC, 5000, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(receive_window_keeps_ahead_of_cubic),
		world_test(receive_window_keeps_ahead_of_bbr),
		world_test(hundreds_of_holes_are_repaired_without_a_timeout),
		world_test(thousands_of_holes_are_repaired_without_a_timeout),
	};

	return world_main(tests);
}
