/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/pacer.c: draft-ietf-ccwg-bbr-06 sections 5.6.2 and 5.6.3. */
#include "tcpalg/pacer.h"

#include "tcpalg_test.h"

#define SMSS 1000u
#define MS   UINT64_C(1000000)
#define SEC  UINT64_C(1000000000)

/* Sends all that may leave until the end, looking every so often; octets sent. */
static uint64_t send_until(struct pacer *p, uint64_t from_ns, uint64_t end_ns, uint64_t every_ns)
{
	uint64_t sum = 0;

	for (uint64_t now = from_ns; now < end_ns; now += every_ns) {
		for (uint32_t n; (n = pacer_room(p, now)) != 0; sum += n)
			pacer_sent(p, n, now);
	}
	return sum;
}

static void without_a_rate_everything_may_leave(void **state)
{
	struct pacer p = {0};

	(void)state;
	assert_int_equal(pacer_room(&p, 0), UINT32_MAX);
	pacer_sent(&p, 1000000, 0);
	assert_int_equal(pacer_room(&p, 0), UINT32_MAX);
	assert_int_equal(pacer_wait_ns(&p, 0), 0);
}

static void section_5_6_3_a_quantum_is_a_quarter_of_a_millisecond(void **state)
{
	struct pacer p = {0};

	(void)state;
	pacer_set(&p, 50000000, SMSS);
	assert_int_equal(p.quantum, 12 * SMSS); /* whole segments */
	pacer_set(&p, UINT64_C(12500000000), SMSS);
	assert_int_equal(p.quantum, 65 * SMSS); /* 64 KB */
	pacer_set(&p, 1000000, SMSS);
	assert_int_equal(p.quantum, 2 * SMSS); /* two segments at least */
	pacer_set(&p, 100000, SMSS);
	assert_int_equal(p.quantum, SMSS); /* which would take 20 ms */
	pacer_set(&p, 1, 60000);
	assert_int_equal(p.quantum, 60000);
	pacer_set(&p, 0, SMSS);
	assert_int_equal(pacer_room(&p, 0), UINT32_MAX);
}

static void section_5_6_2_quanta_are_as_far_apart_as_they_take(void **state)
{
	struct pacer p = {0};

	(void)state;
	pacer_set(&p, 16000000, SMSS);
	p.next_ns = SEC;
	assert_int_equal(pacer_room(&p, SEC), 4 * SMSS);
	pacer_sent(&p, 4 * SMSS, SEC);
	assert_int_equal(pacer_room(&p, SEC + MS / 4 - 1), 0);
	assert_int_equal(pacer_wait_ns(&p, SEC), MS / 4);
	assert_int_equal(pacer_room(&p, SEC + MS / 4), 4 * SMSS);
	/* Half of it goes: half of the time. */
	pacer_sent(&p, 2 * SMSS, SEC + MS / 4);
	assert_int_equal(pacer_wait_ns(&p, SEC + MS / 4), MS / 8);
}

/* Whoever looks only now and then keeps the rate. */
static void lateness_does_not_lower_the_rate(void **state)
{
	static const uint64_t every_ns[] = {1000, 16384, 70000, 230001};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pacer p = {.next_ns = SEC};
		uint64_t sent;

		pacer_set(&p, 50000000, SMSS);
		sent = send_until(&p, SEC, 2 * SEC, every_ns[i]);
		assert_in_range(sent, 50000000 - 2 * p.quantum, 50000000 + 2 * p.quantum);
	}
	for (unsigned i = 0; i < 3; i++) {
		struct pacer p = {.next_ns = SEC};
		uint64_t sent;

		pacer_set(&p, UINT64_C(12500000000), SMSS);
		sent = send_until(&p, SEC, SEC + 10 * MS, every_ns[i]);
		assert_in_range(sent, 124000000, 127000000);
	}
}

static void the_end_of_an_idle_spell_is_no_burst(void **state)
{
	struct pacer p = {.next_ns = SEC};

	(void)state;
	pacer_set(&p, 50000000, SMSS);
	/* A quantum, and what was missed in the time of one. */
	assert_int_equal(send_until(&p, 100 * SEC, 100 * SEC + 1, 1), 2 * p.quantum);
	assert_in_range(pacer_wait_ns(&p, 100 * SEC), MS / 5, MS / 4);
}

static void a_rate_changes_from_the_next_quantum_on(void **state)
{
	struct pacer p = {.next_ns = SEC};

	(void)state;
	pacer_set(&p, 1000000, SMSS);
	pacer_sent(&p, 2 * SMSS, SEC);
	pacer_set(&p, 10000000, SMSS);
	assert_int_equal(pacer_wait_ns(&p, SEC), 2 * MS);
	pacer_sent(&p, 10 * SMSS, SEC + 2 * MS);
	assert_int_equal(pacer_wait_ns(&p, SEC + 2 * MS), MS);
}

static void the_highest_of_rates_overflows_nothing(void **state)
{
	struct pacer p = {.next_ns = SEC};

	(void)state;
	pacer_set(&p, UINT64_MAX, SMSS);
	pacer_sent(&p, UINT32_MAX, SEC);
	assert_in_range(pacer_wait_ns(&p, SEC), 3 * MS, 4 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rate_everything_may_leave),
		cmocka_unit_test(section_5_6_3_a_quantum_is_a_quarter_of_a_millisecond),
		cmocka_unit_test(section_5_6_2_quanta_are_as_far_apart_as_they_take),
		cmocka_unit_test(lateness_does_not_lower_the_rate),
		cmocka_unit_test(the_end_of_an_idle_spell_is_no_burst),
		cmocka_unit_test(a_rate_changes_from_the_next_quantum_on),
		cmocka_unit_test(the_highest_of_rates_overflows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
