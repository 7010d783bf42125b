/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/stack/offload.c: which offloads are used, and why others are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/offload.h"

#define ALL UINT32_C(0x3ff)

static int make(void **state)
{
	struct nsk_stack *stack = calloc(1, sizeof(*stack));

	if (!stack)
		return -1;
	stack->set.offload_rx = stack->set.offload_tx = stack->set.offload_sg = 1;
	stack->set.offload_tso = stack->set.offload_lro = 1;
	stack->merges = true;
	*state = stack;
	return 0;
}

static int end(void **state)
{
	free(*state);
	return 0;
}

static const struct offload_row *row_of(uint32_t bit)
{
	for (unsigned i = 0; i < offload_count; i++)
		if (offload_rows[i].bit == bit)
			return &offload_rows[i];
	fail();
	return NULL;
}

static void test_every_offload_has_its_row(void **state)
{
	uint32_t seen = 0;

	(void)state;
	for (unsigned i = 0; i < offload_count; i++) {
		assert_int_equal(seen & offload_rows[i].bit, 0);
		assert_int_equal(offload_rows[i].needs & ~seen, 0); /* stand before it */
		seen |= offload_rows[i].bit;
	}
	assert_int_equal(seen, ALL);
}

static void test_settings_take_away_and_what_needs_it_goes_too(void **state)
{
	struct nsk_stack *stack = *state;

	assert_int_equal(offloads_wanted(stack, ALL), ALL);
	assert_int_equal(offloads_wanted(stack, PORT_TX_TSO), 0);
	stack->set.offload_rx = 0;
	assert_int_equal(offloads_wanted(stack, ALL),
			 ALL & ~(uint32_t)(PORT_RX_CSUM_IPV4 | PORT_RX_CSUM_L4 | PORT_RX_LRO));
	stack->set.offload_rx = 1;
	stack->set.offload_tx = 0;
	assert_int_equal(offloads_wanted(stack, ALL),
			 ALL & ~(uint32_t)(PORT_TX_CSUM_IPV4 | PORT_TX_CSUM_L4 | PORT_TX_TSO));
	stack->set.offload_tx = 1;
	stack->set.offload_sg = 0;
	assert_int_equal(offloads_wanted(stack, ALL),
			 ALL & ~(uint32_t)(PORT_TX_MULTI_SEG | PORT_TX_INDIRECT | PORT_TX_EXTERNAL |
					   PORT_TX_TSO));
	stack->set.offload_sg = 1;
	stack->set.offload_tso = 0;
	assert_int_equal(offloads_wanted(stack, ALL), ALL & ~(uint32_t)PORT_TX_TSO);
}

static void test_why_names_what_stands_in_the_way(void **state)
{
	struct nsk_stack *stack = *state;
	const struct offload_row *tso = row_of(PORT_TX_TSO), *lro = row_of(PORT_RX_LRO);
	char why[128];

	assert_string_equal(offload_why(stack, tso, ALL, ALL, ALL, why, sizeof(why)), "");
	assert_string_equal(offload_why(stack, tso, 0, 0, 0, why, sizeof(why)),
			    "the port lacks it");
	assert_string_equal(offload_why(stack, tso, ALL, 0, 0, why, sizeof(why)),
			    "not with this driver");
	assert_string_equal(offload_why(stack, tso, ALL, ALL, 0, why, sizeof(why)),
			    "it needs tx-checksum-l4, tx-scatter-gather and tx-shared-data");
	stack->set.offload_tso = 0;
	assert_string_equal(offload_why(stack, tso, ALL, ALL, 0, why, sizeof(why)),
			    "offload.tso is off");
	assert_string_equal(offload_why(stack, row_of(PORT_RX_RSS), ALL, ALL, 0, why, sizeof(why)),
			    "one receive queue is enough, or there are too few");
	stack->merges = false;
	assert_string_equal(offload_why(stack, lro, ALL, ALL, 0, why, sizeof(why)),
			    "the stack forwards, or has a twin");
	stack->set.offload_lro = 0;
	assert_string_equal(offload_why(stack, lro, ALL, ALL, 0, why, sizeof(why)),
			    "offload.lro is off");
	assert_string_equal(offload_why(stack, row_of(PORT_RX_CSUM_L4), ALL, ALL, 0, why,
					sizeof(why)),
			    "the port is stopped");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_offload_has_its_row, make, end),
		cmocka_unit_test_setup_teardown(test_settings_take_away_and_what_needs_it_goes_too,
						make, end),
		cmocka_unit_test_setup_teardown(test_why_names_what_stands_in_the_way, make, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
