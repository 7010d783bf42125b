/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/full.h: destinations towards which all ports are in use. */
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
	struct tcp_fulls full = {0};
	struct flow here = to(1, 0), other = to(2, 0);

	(void)state;
	assert_null(full_holds(&full, &here, NOW));
	full_note(&full, &here, NOW);
	here.dport_be = 77; /* of no interest */
	assert_non_null(full_holds(&full, &here, NOW));
	assert_non_null(full_holds(&full, &here, NOW + FULL_NS - 1));
	assert_null(full_holds(&full, &other, NOW));
	assert_null(full_holds(&full, &here, NOW + FULL_NS));
	assert_null(full_holds(&full, &here, NOW));
}

static void ports_that_come_free_there_are_noted(void **state)
{
	struct tcp_fulls full = {0};
	struct flow here = to(1, 0), freed = to(1, 4000), other = to(2, 5000);

	(void)state;
	full_freed(&full, &freed);
	assert_int_equal(full_place(&full, &here)->n, 0); /* nothing is known to be full */
	full_note(&full, &here, NOW);
	full_freed(&full, &other);
	assert_int_equal(full_place(&full, &here)->n, 0);
	full_freed(&full, &freed);
	assert_int_equal(full_place(&full, &here)->n, 1);
	assert_int_equal(full_place(&full, &here)->freed_be[0], 4000);
	full_note(&full, &here, NOW);
	assert_int_equal(full_place(&full, &here)->n, 0);
}

static void with_many_free_it_is_full_no_more(void **state)
{
	struct tcp_fulls full = {0};
	struct flow here = to(1, 0);

	(void)state;
	full_note(&full, &here, NOW);
	for (unsigned i = 0; i < FULL_FREED_MAX; i++)
		full_freed(&full, &here);
	assert_non_null(full_holds(&full, &here, NOW));
	full_freed(&full, &here);
	assert_null(full_holds(&full, &here, NOW));
}

static void several_destinations_are_remembered(void **state)
{
	struct tcp_fulls full = {0};
	struct flow a = to(1, 0), b = to(2, 0), same_place = to(1 + FULL_PLACES, 0);

	(void)state;
	full_note(&full, &a, NOW);
	full_note(&full, &b, NOW);
	assert_non_null(full_holds(&full, &a, NOW));
	assert_non_null(full_holds(&full, &b, NOW));
	full_note(&full, &same_place, NOW);
	assert_null(full_holds(&full, &a, NOW));
	assert_non_null(full_holds(&full, &same_place, NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_for_one_destination_and_a_while),
		cmocka_unit_test(ports_that_come_free_there_are_noted),
		cmocka_unit_test(with_many_free_it_is_full_no_more),
		cmocka_unit_test(several_destinations_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
