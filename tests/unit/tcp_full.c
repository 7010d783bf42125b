/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/full.h: the destination whose ports are all in use. */
#include "tcp/full.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW UINT64_C(5000000000)

static struct flow to(uint8_t host, uint16_t port_be)
{
	struct flow f = {.sport_be = 80, .dport_be = port_be};

	f.src[15] = host;
	return f;
}

static void it_holds_for_one_destination_and_a_while(void **state)
{
	struct tcp_full full = {0};
	struct flow here = to(1, 0), other = to(2, 0);

	(void)state;
	assert_false(full_holds(&full, &here, NOW));
	full_note(&full, &here, NOW);
	here.dport_be = 77; /* of no interest */
	assert_true(full_holds(&full, &here, NOW));
	assert_true(full_holds(&full, &here, NOW + FULL_NS - 1));
	assert_false(full_holds(&full, &other, NOW));
	assert_false(full_holds(&full, &here, NOW + FULL_NS));
	assert_false(full_holds(&full, &here, NOW));
}

static void ports_that_come_free_there_are_noted(void **state)
{
	struct tcp_full full = {0};
	struct flow here = to(1, 0), freed = to(1, 4000), other = to(2, 5000);

	(void)state;
	full_freed(&full, &freed);
	assert_int_equal(full.n, 0); /* nothing is known to be full */
	full_note(&full, &here, NOW);
	full_freed(&full, &other);
	assert_int_equal(full.n, 0);
	full_freed(&full, &freed);
	assert_int_equal(full.n, 1);
	assert_int_equal(full.freed_be[0], 4000);
	full_note(&full, &here, NOW);
	assert_int_equal(full.n, 0);
}

static void with_many_free_it_is_full_no_more(void **state)
{
	struct tcp_full full = {0};
	struct flow here = to(1, 0);

	(void)state;
	full_note(&full, &here, NOW);
	for (unsigned i = 0; i < FULL_FREED_MAX; i++)
		full_freed(&full, &here);
	assert_true(full_holds(&full, &here, NOW));
	full_freed(&full, &here);
	assert_false(full_holds(&full, &here, NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_for_one_destination_and_a_while),
		cmocka_unit_test(ports_that_come_free_there_are_noted),
		cmocka_unit_test(with_many_free_it_is_full_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
