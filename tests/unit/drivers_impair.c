/* SPDX-License-Identifier: BSD-3-Clause */
/* The fate of packets on a bad line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/impair.h"

#define MS UINT64_C(1000000)

static void a_perfect_line_delivers_at_once(void **state)
{
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, NULL);
	assert_false(i.any);
	assert_false(i.timed);
	impair_decide(&i, 5 * MS, 1500, 14, &f);
	assert_int_equal(f.due_ns, 5 * MS);
	assert_false(f.lost || f.duplicated || f.corrupted || f.held);
}

static void delay_is_exact(void **state)
{
	struct nsk_wire_params p = {.delay_ns = 20 * MS};
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (uint64_t now = 0; now < 100; now++) {
		impair_decide(&i, now, 100, 14, &f);
		assert_int_equal(f.due_ns, now + 20 * MS);
	}
}

static void rate_spaces_packets_by_their_bits(void **state)
{
	struct nsk_wire_params p = {.rate_bps = 8000000}; /* 1 byte a microsecond */
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	impair_decide(&i, 0, 1000, 14, &f);
	assert_int_equal(f.due_ns, 1 * MS);
	impair_decide(&i, 0, 500, 14, &f);
	assert_int_equal(f.due_ns, 1 * MS + MS / 2);
	/* An idle transmitter starts at once. */
	impair_decide(&i, 10 * MS, 1000, 14, &f);
	assert_int_equal(f.due_ns, 11 * MS);
}

static void rate_is_exact_in_the_long_run(void **state)
{
	struct nsk_wire_params p = {.rate_bps = 7000003};
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (unsigned n = 0; n < 7000003; n++)
		impair_decide(&i, 0, 1, 14, &f);
	/* 7,000,003 bytes at 7,000,003 bit/s: 8 s to the nanosecond. */
	assert_int_equal(f.due_ns, UINT64_C(8000000000));
}

static void a_lost_packet_has_occupied_the_transmitter(void **state)
{
	struct nsk_wire_params p = {.rate_bps = 8000000, .loss_ppm = 1000000};
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (unsigned n = 0; n < 3; n++) {
		impair_decide(&i, 0, 1000, 14, &f);
		assert_true(f.lost);
	}
	assert_int_equal(i.busy_ns, 3 * MS);
}

static void jitter_stays_in_range_and_keeps_order(void **state)
{
	struct nsk_wire_params p = {.delay_ns = MS, .jitter_ns = 5 * MS, .seed = 3};
	uint64_t last = 0, least = UINT64_MAX, most = 0;
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (uint64_t n = 0; n < 2000; n++) {
		uint64_t now = n * 10 * MS, late;

		impair_decide(&i, now, 100, 14, &f);
		late = f.due_ns - now;
		assert_true(late >= MS && late < 6 * MS);
		least = late < least ? late : least;
		most = late > most ? late : most;
	}
	assert_true(least < MS + MS / 20);
	assert_true(most > 6 * MS - MS / 20);
	for (unsigned n = 0; n < 2000; n++) {
		impair_decide(&i, 0, 100, 14, &f);
		assert_true(f.due_ns >= last);
		last = f.due_ns;
	}
}

static void a_held_packet_is_late_by_exactly_reorder_ns(void **state)
{
	struct nsk_wire_params p = {.delay_ns = MS, .reorder_ppm = 1000000, .reorder_ns = 3 * MS};
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	impair_decide(&i, 0, 100, 14, &f);
	assert_true(f.held);
	assert_int_equal(f.due_ns, 4 * MS);
	p.reorder_ns = 0;
	impair_init(&i, &p);
	impair_decide(&i, 0, 100, 14, &f);
	assert_int_equal(f.due_ns, MS + IMPAIR_REORDER_NS);
}

static void both_queues_are_sorted_by_time(void **state)
{
	struct nsk_wire_params p = {
		.delay_ns = MS, .jitter_ns = 2 * MS, .reorder_ppm = 300000, .seed = 9};
	uint64_t last[2] = {0, 0};
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (uint64_t n = 0; n < 5000; n++) {
		impair_decide(&i, n * 1000, 100, 14, &f);
		assert_true(f.due_ns >= last[f.held]);
		last[f.held] = f.due_ns;
	}
}

static void a_flipped_bit_lies_behind_the_link_header(void **state)
{
	struct nsk_wire_params p = {.corrupt_ppm = 1000000, .seed = 4};
	uint32_t most = 0;
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (unsigned n = 0; n < 20000; n++) {
		impair_decide(&i, 0, 114, 14, &f);
		assert_true(f.corrupted);
		assert_true(f.bit < 100 * 8);
		most = f.bit > most ? f.bit : most;
	}
	assert_int_equal(most, 799);
	/* Nothing but a link header: nothing to flip. */
	impair_decide(&i, 0, 14, 14, &f);
	assert_false(f.corrupted);
}

/* Shares of 100,000 packets within half a percent of the packets of what was asked for. */
static void shares_are_as_asked(void **state)
{
	struct nsk_wire_params p = {.loss_ppm = 100000,
				    .duplicate_ppm = 50000,
				    .corrupt_ppm = 20000,
				    .reorder_ppm = 30000,
				    .seed = 5};
	unsigned lost = 0, dup = 0, bad = 0, held = 0;
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (unsigned n = 0; n < 100000; n++) {
		impair_decide(&i, 0, 100, 14, &f);
		lost += f.lost;
		dup += f.duplicated;
		bad += f.corrupted;
		held += f.held;
	}
	assert_in_range(lost, 9500, 10500);
	assert_in_range(dup, 4000, 5000);
	assert_in_range(bad, 1500, 2100);
	assert_in_range(held, 2400, 3000);
}

static void the_same_seed_gives_the_same_fates(void **state)
{
	struct nsk_wire_params p = {.loss_ppm = 100000,
				    .duplicate_ppm = 50000,
				    .corrupt_ppm = 20000,
				    .reorder_ppm = 30000,
				    .jitter_ns = MS,
				    .seed = 77};
	struct impair a, b, c;
	unsigned differ = 0;

	(void)state;
	impair_init(&a, &p);
	impair_init(&b, &p);
	p.seed = 78;
	impair_init(&c, &p);
	for (uint64_t n = 0; n < 10000; n++) {
		struct fate fa, fb, fc;

		impair_decide(&a, n, 100, 14, &fa);
		impair_decide(&b, n, 100, 14, &fb);
		impair_decide(&c, n, 100, 14, &fc);
		assert_memory_equal(&fa, &fb, sizeof(fa));
		differ += memcmp(&fa, &fc, sizeof(fa)) != 0;
	}
	assert_true(differ > 5000);
}

/* In the bad state all is lost; bursts are as long on average as asked for, gaps as rare. */
static void losses_come_in_bursts(void **state)
{
	struct nsk_wire_params p = {.burst_ppm = 10000, .burst_packets = 5, .seed = 6};
	unsigned lost = 0, bursts = 0;
	bool before = false;
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (unsigned n = 0; n < 200000; n++) {
		impair_decide(&i, 0, 100, 14, &f);
		lost += f.lost;
		bursts += f.lost && !before;
		before = f.lost;
	}
	/* 1 in 100 packets of the good state begins one: 1 / (100 + 5) of all, less those that
	 * begin right behind another. */
	assert_in_range(bursts, 1800, 2000);
	assert_in_range(lost * 10 / bursts, 48, 53);
	p.burst_loss_ppm = 500000;
	impair_init(&i, &p);
	lost = 0;
	for (unsigned n = 0; n < 200000; n++) {
		impair_decide(&i, 0, 100, 14, &f);
		lost += f.lost;
	}
	assert_in_range(lost, 4300, 5200);
}

static void what_is_longer_than_the_mtu_is_lost(void **state)
{
	struct nsk_wire_params p = {.mtu = 1400};
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	assert_true(i.any);
	impair_decide(&i, 0, 1414, 14, &f);
	assert_false(f.lost);
	impair_decide(&i, 0, 1415, 14, &f);
	assert_true(f.lost && f.too_long);
}

static void the_queue_before_the_transmitter_has_a_limit_in_bytes(void **state)
{
	struct nsk_wire_params p = {.rate_bps = 8000000, .queue_bytes = 3000}; /* 1 byte a us */
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (unsigned n = 0; n < 3; n++) {
		assert_false(impair_full(&i, 0, 1000));
		impair_decide(&i, 0, 1000, 14, &f);
	}
	assert_true(impair_full(&i, 0, 1000));
	assert_true(impair_full(&i, 0, 1));
	assert_false(impair_full(&i, MS, 1000));
	assert_true(impair_full(&i, MS, 1001));
}

static void marks_begin_above_the_threshold(void **state)
{
	struct nsk_wire_params p = {.rate_bps = 8000000, .ecn_threshold = 2000}; /* 1 byte a us */
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	for (unsigned n = 0; n < 3; n++) {
		assert_false(impair_congested(&i, 0));
		impair_decide(&i, 0, 1000, 14, &f);
	}
	assert_true(impair_congested(&i, 0));
	assert_false(impair_congested(&i, MS));
	p = (struct nsk_wire_params){.ecn_threshold = 1};
	assert_non_null(impair_check(&p));
}

/* A line in use gets another rate: what was sent before still occupies the transmitter. */
static void a_change_forgets_nothing_that_is_on_its_way(void **state)
{
	struct nsk_wire_params p = {.rate_bps = 8000000, .delay_ns = 10 * MS};
	struct impair i;
	struct fate f;

	(void)state;
	impair_init(&i, &p);
	impair_decide(&i, 0, 1000, 14, &f);
	assert_int_equal(f.due_ns, 11 * MS);
	p.delay_ns = 0;
	p.rate_bps = 80000000;
	impair_change(&i, &p);
	impair_decide(&i, 0, 1000, 14, &f);
	assert_int_equal(f.due_ns, 11 * MS);
	assert_int_equal(i.busy_ns, MS + MS / 10);
}

static void nonsense_is_refused(void **state)
{
	struct nsk_wire_params p = {0};

	(void)state;
	assert_null(impair_check(&p));
	p.burst_ppm = 1000001;
	assert_non_null(impair_check(&p));
	p = (struct nsk_wire_params){.queue_bytes = 1000};
	assert_non_null(impair_check(&p));
	p = (struct nsk_wire_params){.loss_ppm = 1000001};
	assert_non_null(impair_check(&p));
	p = (struct nsk_wire_params){.rate_bps = 999};
	assert_non_null(impair_check(&p));
	p = (struct nsk_wire_params){.queue_packets = IMPAIR_QUEUE_MAX + 1};
	assert_non_null(impair_check(&p));
	p = (struct nsk_wire_params){.delay_ns = UINT64_C(3600000000001)};
	assert_non_null(impair_check(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perfect_line_delivers_at_once),
		cmocka_unit_test(delay_is_exact),
		cmocka_unit_test(rate_spaces_packets_by_their_bits),
		cmocka_unit_test(rate_is_exact_in_the_long_run),
		cmocka_unit_test(a_lost_packet_has_occupied_the_transmitter),
		cmocka_unit_test(jitter_stays_in_range_and_keeps_order),
		cmocka_unit_test(a_held_packet_is_late_by_exactly_reorder_ns),
		cmocka_unit_test(both_queues_are_sorted_by_time),
		cmocka_unit_test(a_flipped_bit_lies_behind_the_link_header),
		cmocka_unit_test(shares_are_as_asked),
		cmocka_unit_test(the_same_seed_gives_the_same_fates),
		cmocka_unit_test(losses_come_in_bursts),
		cmocka_unit_test(what_is_longer_than_the_mtu_is_lost),
		cmocka_unit_test(the_queue_before_the_transmitter_has_a_limit_in_bytes),
		cmocka_unit_test(marks_begin_above_the_threshold),
		cmocka_unit_test(a_change_forgets_nothing_that_is_on_its_way),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
