/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random transfers over bad wires. Each seed is a world of its own: how bad the wire is, what the
 * stacks offer each other, their congestion controls, ECN, SYN cookies and Fast Open, how many
 * connections there are, with what socket options, how much goes each way, in what pieces and with
 * what pauses it is written and read, who closes first or aborts (transfer_choose.c), and what
 * fails beside (transfer_faults.c): memory, packet buffers, the port's ring, the link, the clock, a
 * host for a while or for ever; somebody who slips in segments, blind or on the path
 * (transfer_path.c). Whatever the seed: every byte arrives once, unaltered and in order; every
 * connection ends, and by an error only where the seed has a reason for that one (may_end() in
 * transfer_apps.c); no packet buffer is lost; each packet is counted; no segment breaks the rules
 * of trace_audit(); the same seed sends the same packets.
 *
 * usage: sim_transfer [FIRST COUNT]; NSK_SEED and NSK_SEEDS take their place.
 */
#include <errno.h>
#include <stdlib.h>

#include "sim/transfer.h"

#define PATIENCE (12 * HOUR)

static struct transfer run;
static uint64_t first = 1, count = 20;
static struct {
	uint64_t bytes, frames, lost, corrupted, reordered, duplicated;
} sum;

/* ---- one seed ------------------------------------------------------------------------------ */

/* When it must be over. */
static uint64_t deadline(uint64_t began)
{
	uint64_t leap = transfer_had(&run, FAULT_CLOCK) ? run.fault[FAULT_CLOCK].amount : 0;

	return began + PATIENCE + leap * SEC;
}

/* Writing and reading start at once: both must say EAGAIN until the handshake is done. */
static void transfer_all(void)
{
	uint64_t began = run.world.now_ns, wake;

	while ((wake = transfer_apps(&run, deadline(began))) != 0) {
		assert_true(run.world.now_ns < deadline(began));
		world_step(&run.world, transfer_faults(&run, wake));
		transfer_check(&run);
	}
}

static bool all_over(void *arg)
{
	bool over = true;

	(void)arg;
	for (unsigned host = 0; host < 2; host++)
		over &= transfer_gone(&run, host) || world_all_closed(&run.world, host);
	return over;
}

static void add_up(void)
{
	for (unsigned i = 0; i < 2 * TRANSFER_CONNS; i++)
		sum.bytes += run.end[i / TRANSFER_CONNS][i % TRANSFER_CONNS].got;
	for (unsigned dir = 0; dir < 2; dir++) {
		struct nsk_wire_stats stats;

		nsk_wire_stats(run.world.wire, dir, &stats);
		sum.frames += stats.packets;
		sum.lost += stats.lost + stats.queue_full;
		sum.corrupted += stats.corrupted;
		sum.reordered += stats.reordered;
		sum.duplicated += stats.duplicated;
	}
}

/* Somebody has given up, or is gone: what still waited for a link address may do so until nobody
 * asks for it any more.
 */
static bool left_waiting(void)
{
	bool left = transfer_had(&run, FAULT_VANISH);

	for (unsigned i = 0; i < 2 * TRANSFER_CONNS; i++)
		left |= run.end[i / TRANSFER_CONNS][i % TRANSFER_CONNS].error == ETIMEDOUT;
	return left;
}

/* Returns the hash of all packets. */
static uint64_t run_seed(uint64_t seed)
{
	uint64_t hash;

	world_repeat("NSK_SEED=%llu NSK_SEEDS=1", (unsigned long long)seed);
	transfer_choose(&run, seed);
	transfer_listen(&run);
	transfer_all();
	transfer_end_faults(&run);
	transfer_bury(&run);
	assert_true(world_run(&run.world, PATIENCE, all_over, NULL));
	world_run(&run.world, left_waiting() ? 2 * MINUTE : SEC, NULL, NULL);
	for (unsigned host = 0; host < 2; host++)
		if (!transfer_gone(&run, host)) {
			world_pool_complete(&run.world, host);
			transfer_check_counts(&run, host);
		}
	/* Two connections of the same addresses are one to it; of one that somebody else talked
	 * into it has seen half. */
	if (!run.ghosts && !run.spoiled_ns)
		trace_audit(&run.trace);
	hash = run.trace.hash;
	add_up();
	trace_end(&run.trace);
	world_end(&run.world);
	return hash;
}

static void every_byte_arrives_once_in_order_whatever_the_wire_does(void **state)
{
	(void)state;
	for (uint64_t seed = first; seed < first + count; seed++)
		run_seed(seed);
	print_message("%llu seeds from %llu: %llu bytes in %llu frames, of which %llu lost, %llu "
		      "corrupted, %llu reordered, %llu duplicated\n",
		      (unsigned long long)count, (unsigned long long)first,
		      (unsigned long long)sum.bytes, (unsigned long long)sum.frames,
		      (unsigned long long)sum.lost, (unsigned long long)sum.corrupted,
		      (unsigned long long)sum.reordered, (unsigned long long)sum.duplicated);
}

static void same_seed_sends_the_same_packets(void **state)
{
	(void)state;
	for (uint64_t seed = first; seed < first + count; seed += 25) {
		uint64_t hash = run_seed(seed);

		assert_int_equal(run_seed(seed), hash);
		assert_int_not_equal(run_seed(seed + 1), hash);
	}
}

/* So many times the seeds with ./dev test --all: 50,000; under sanitizers, which are slow, 8,000.
 */
#ifdef __SANITIZE_ADDRESS__
#define MANY 4
#else
#define MANY 25
#endif

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		world_test(every_byte_arrives_once_in_order_whatever_the_wire_does),
		world_test(same_seed_sends_the_same_packets),
	};
	const char *seed = getenv("NSK_SEED"), *seeds = getenv("NSK_SEEDS");

	if (argc > 2) {
		first = strtoull(argv[1], NULL, 0);
		count = strtoull(argv[2], NULL, 0);
	}
	if (getenv("NSK_TEST_ALL")) {
		first *= 100;
		count *= MANY;
	}
	if (seed)
		first = strtoull(seed, NULL, 0);
	if (seeds)
		count = strtoull(seeds, NULL, 0);
	return world_main(tests);
}
