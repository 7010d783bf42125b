/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links that hold some of their packets back (RFC 8985 section 6.2, RFC 7323 section 5.3): no
 * collapse of goodput, and what is late is not taken for lost. 100 Mbit/s, a queue of a BDP.
 */
#include "sim/bulk.h"
#include "sim/pair.h"

#define RATE	100000000u
#define PAYLOAD (RATE / 1514.0 * 1448) /* of full segments with timestamps */
#define SEEDS	3

static const char *const settings[] = {"pool.buffers=16384", NULL};
static const char *const controls[] = {"cubic", "reno", "bbr"};

static struct world world;
static struct bulk b;

/* A link that holds that share back by a tenth of its round trip. */
static void link_with(uint32_t rtt_us, uint32_t reorder_ppm, uint64_t seed)
{
	const struct nsk_wire_params wire = {
		.delay_ns = rtt_us * 500u,
		.rate_bps = RATE,
		.reorder_ppm = reorder_ppm,
		.reorder_ns = rtt_us * 100u,
		.queue_bytes = (uint64_t)RATE / 8 * rtt_us / 1000000,
		.seed = seed,
	};

	world_pair(&world,
		   &(struct world_params){.seed = seed, .settings = settings, .wire = wire});
}

/* Goodput over ten seconds, after five; *again: segments that were sent twice in vain. */
static uint64_t goodput(const char *control, uint32_t *again)
{
	uint64_t bps;

	bulk_open(&b, &world, 5001, control);
	bulk_run(&b, 1, 5 * SEC);
	bps = bulk_bps(&b, 1, 10 * SEC);
	*again = bulk_info(&b).tcpi_dsack_dups;
	bulk_close(&b);
	pair_finish(&world);
	return bps;
}

static void goodput_does_not_collapse(void **state)
{
	static const uint32_t shares[] = {30000, 100000};
	uint32_t again;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		for (size_t i = 0; i < NSK_ARRAY_LEN(shares); i++)
			for (size_t k = 0; k < NSK_ARRAY_LEN(controls); k++) {
				link_with(50000, shares[i], seed);
				assert_true(goodput(controls[k], &again) > PAYLOAD * 0.90);
			}
}

/* Some 3,700 segments are late here. */
static void what_is_late_is_not_sent_again(void **state)
{
	uint32_t again;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		for (size_t k = 0; k < NSK_ARRAY_LEN(controls); k++) {
			link_with(10000, 30000, seed);
			assert_true(goodput(controls[k], &again) > PAYLOAD * 0.95);
			assert_in_range(again, 0, 20);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(goodput_does_not_collapse),
		world_test(what_is_late_is_not_sent_again),
	};

	return world_main(tests);
}
