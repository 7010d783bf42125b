/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of faults given with fault:...: and nsk_config_add_fault(). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "drivers/fault.h"

#define MS UINT64_C(1000000)

static char error[256];

static void keys_count_for_both_directions(void **state)
{
	struct fault_params p;

	(void)state;
	assert_int_equal(
		fault_parse("loss=1%,dup=2%,corrupt=3%,reorder=4%,reorder_by=5ms,delay=6ms,"
			    "jitter=7ms,rate=8mbit,queue=9,queue_bytes=3000,ecn_threshold=10000",
			    &p, error, sizeof(error)),
		0);
	for (int side = 0; side < FAULT_SIDES; side++) {
		assert_int_equal(p.line[side].loss_ppm, 10000);
		assert_int_equal(p.line[side].duplicate_ppm, 20000);
		assert_int_equal(p.line[side].corrupt_ppm, 30000);
		assert_int_equal(p.line[side].reorder_ppm, 40000);
		assert_int_equal(p.line[side].reorder_ns, 5 * MS);
		assert_int_equal(p.line[side].delay_ns, 6 * MS);
		assert_int_equal(p.line[side].jitter_ns, 7 * MS);
		assert_int_equal(p.line[side].rate_bps, 8000000);
		assert_int_equal(p.line[side].queue_packets, 9);
		assert_int_equal(p.line[side].queue_bytes, 3000);
		assert_int_equal(p.line[side].ecn_threshold, 10000);
	}
}

static void a_prefix_names_one_direction(void **state)
{
	struct fault_params p;

	(void)state;
	assert_int_equal(fault_parse("loss=1%,tx.loss=5%,rx.delay=2ms", &p, error, sizeof(error)),
			 0);
	assert_int_equal(p.line[FAULT_RX].loss_ppm, 10000);
	assert_int_equal(p.line[FAULT_TX].loss_ppm, 50000);
	assert_int_equal(p.line[FAULT_RX].delay_ns, 2 * MS);
	assert_int_equal(p.line[FAULT_TX].delay_ns, 0);
}

static void one_seed_makes_two_different_ones(void **state)
{
	struct fault_params p;

	(void)state;
	assert_int_equal(fault_parse("seed=7", &p, error, sizeof(error)), 0);
	assert_int_equal(p.line[FAULT_RX].seed, 7);
	assert_int_not_equal(p.line[FAULT_TX].seed, 7);
	assert_int_equal(fault_parse("tx.seed=7", &p, error, sizeof(error)), 0);
	assert_int_equal(p.line[FAULT_TX].seed, 7);
}

static void faults_of_the_port_are_read(void **state)
{
	struct fault_params p;

	(void)state;
	assert_int_equal(fault_parse("rxfail=1%,txfull=2%,txpart=3%,down_every=10s,down_for=1s", &p,
				     error, sizeof(error)),
			 0);
	assert_int_equal(p.rxfail_ppm, 10000);
	assert_int_equal(p.txfull_ppm, 20000);
	assert_int_equal(p.txpart_ppm, 30000);
	assert_int_equal(p.down_every_ns, 10000 * MS);
	assert_int_equal(p.down_for_ns, 1000 * MS);
	assert_int_equal(fault_parse("", &p, error, sizeof(error)), 0);
}

static void each_error_names_the_item_and_what_would_do(void **state)
{
	static const struct {
		const char *list, *says;
	} bad[] = {
		{"loss=1", "fault: loss=1: give a share such as 1%, 0.5% or 200ppm, at most 100%"},
		{"loss=200%",
		 "fault: loss=200%: give a share such as 1%, 0.5% or 200ppm, at most 100%"},
		{"delay=20",
		 "fault: delay=20: give a time such as 20ms, 1.5s, 100us or 50ns, at most 3600s"},
		{"queue=x", "fault: queue=x: give a number"},
		{"queue=99999999999", "fault: queue=99999999999: give a smaller number"},
		{"loss", "fault: 'loss' is not of the form FAULT=VALUE"},
		{"tx.ecn_threshold=15000",
		 "fault: ecn_threshold needs a rate: without one nothing waits"},
		{"down_for=1s",
		 "fault: down_for must be shorter than down_every: down_every=10s,down_for=1s"},
		{"down_every=1s,down_for=1s",
		 "fault: down_for must be shorter than down_every: down_every=10s,down_for=1s"},
	};
	struct fault_params p;

	(void)state;
	for (size_t i = 0; i < NSK_ARRAY_LEN(bad); i++) {
		assert_int_equal(fault_parse(bad[i].list, &p, error, sizeof(error)), -EINVAL);
		assert_string_equal(error, bad[i].says);
	}
	assert_int_equal(fault_parse("los=1%", &p, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "no fault 'los'; there are: loss dup "));
	assert_int_equal(fault_parse("tx.txfull=1%", &p, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "no fault 'tx.txfull'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_count_for_both_directions),
		cmocka_unit_test(a_prefix_names_one_direction),
		cmocka_unit_test(one_seed_makes_two_different_ones),
		cmocka_unit_test(faults_of_the_port_are_read),
		cmocka_unit_test(each_error_names_the_item_and_what_would_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
