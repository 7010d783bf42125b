/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion marks in whole connections: a queue that marks what is ECT and drops the rest. RFC
 * 3168, RFC 8257. 100 Mbit/s, a round trip of 2 ms: a BDP of 25 kB.
 */
#include "sim/bulk.h"
#include "sim/pair.h"

#define RATE	  100000000u
#define PAYLOAD	  (RATE / 1514.0 * 1448) /* of full segments with timestamps */
#define SHARE(x)  ((uint64_t)(PAYLOAD * (x)))
#define RTT_US	  2000u
#define THRESHOLD 15140u /* ten packets, 1.2 ms */

static struct world world;
static struct bulk b[2];

static void link_with(const char *ecn, const char *congestion)
{
	const char *const settings[] = {"pool.buffers=16384", ecn, congestion, NULL};

	world_pair(&world, &(struct world_params){.seed = 3,
						  .settings = settings,
						  .wire = {.delay_ns = RTT_US * 500,
							   .rate_bps = RATE,
							   .ecn_threshold = THRESHOLD}});
}

static struct nsk_wire_stats stats(void)
{
	struct nsk_wire_stats s;

	nsk_wire_stats(world.wire, 0, &s);
	return s;
}

static void end(unsigned flows)
{
	for (unsigned i = 0; i < flows; i++)
		bulk_close(&b[i]);
	pair_finish(&world);
}

static void marks_take_the_place_of_losses_rfc3168(void **state)
{
	(void)state;
	link_with("tcp.ecn=ask", "tcp.congestion=cubic");
	bulk_open(&b[0], &world, 5001, NULL);
	bulk_run(b, 1, 2 * SEC);
	assert_in_range(bulk_bps(b, 1, 10 * SEC), SHARE(0.85), SHARE(1.001));
	assert_int_equal(bulk_info(&b[0]).tcpi_total_retrans, 0);
	assert_int_equal(stats().queue_full, 0);
	assert_true(stats().marked > 10);
	assert_true(bulk_info(&b[0]).tcpi_options & TCPI_OPT_ECN);
	end(1);
}

/* The same link and nobody who asks: what would be marked is lost. */
static void without_ecn_packets_are_dropped(void **state)
{
	(void)state;
	link_with("tcp.ecn=accept", "tcp.congestion=cubic");
	bulk_open(&b[0], &world, 5001, NULL);
	bulk_run(b, 1, 12 * SEC);
	assert_true(bulk_info(&b[0]).tcpi_total_retrans > 10);
	assert_true(stats().queue_full > 10);
	assert_int_equal(stats().marked, 0);
	end(1);
}

/* DCTCP's queue stands at the threshold and the link is full. */
static void dctcp_keeps_the_queue_at_the_threshold_rfc8257(void **state)
{
	uint64_t sum = 0;

	(void)state;
	link_with("tcp.ecn=accept", "tcp.congestion=dctcp");
	bulk_open(&b[0], &world, 5001, NULL);
	bulk_run(b, 1, 2 * SEC);
	assert_in_range(bulk_bps(b, 1, 10 * SEC), SHARE(0.95), SHARE(1.001));
	for (unsigned i = 0; i < 200; i++) {
		bulk_run(b, 1, 10 * MS);
		sum += bulk_info(&b[0]).tcpi_rtt;
	}
	assert_in_range(sum / 200, RTT_US + 500, RTT_US + 1500);
	assert_int_equal(bulk_info(&b[0]).tcpi_total_retrans, 0);
	assert_int_equal(stats().queue_full, 0);
	end(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(marks_take_the_place_of_losses_rfc3168),
		world_test(without_ecn_packets_are_dropped),
		world_test(dctcp_keeps_the_queue_at_the_threshold_rfc8257),
	};

	return world_main(tests);
}
