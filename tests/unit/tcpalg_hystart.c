/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/hystart.c: HyStart++, RFC 9406. */
#include "tcpalg/hystart.h"
#include "tcpalg_test.h"

#define MSS 1000u

/* A sender whose rounds are of so many segments, each of which is acknowledged alone. */
struct sender {
	struct hystart h;
	uint32_t una;
};

static void start(struct sender *s, uint32_t una)
{
	hystart_init(&s->h);
	s->una = una;
}

/* A round of n ACKs, all with that round trip; the next one follows. True: slow start is over. */
static bool round_of(struct sender *s, unsigned n, uint32_t rtt_us)
{
	uint32_t end = s->una + n * MSS;
	bool over = false;

	for (unsigned i = 0; i < n && !over; i++) {
		s->una += MSS;
		over = hystart_ack(&s->h, rtt_us, s->una, end + (i + 1) * MSS);
	}
	return over;
}

/* The first ACK begins the first round with what was sent until then. */
static void first_round(struct sender *s, uint32_t rtt_us)
{
	s->una += MSS;
	assert_false(hystart_ack(&s->h, rtt_us, s->una, s->una + 10 * MSS));
	s->una += 10 * MSS;
	for (unsigned i = 0; i < 10; i++)
		assert_false(hystart_ack(&s->h, rtt_us, s->una, s->una + 20 * MSS));
}

static void rfc9406_4_2_steady_round_trips_change_nothing(void **state)
{
	struct sender s;

	(void)state;
	start(&s, 1);
	first_round(&s, 50000);
	for (unsigned i = 0; i < 20; i++) {
		assert_false(round_of(&s, 20, 50000 + i % 3 * 1000));
		assert_false(hystart_css(&s.h));
	}
}

static void rfc9406_4_2_a_rise_leads_to_css_and_five_rounds_end_it(void **state)
{
	struct sender s;
	unsigned rounds = 0;

	(void)state;
	start(&s, 1);
	first_round(&s, 50000);
	assert_false(round_of(&s, 20, 50000));
	assert_false(hystart_css(&s.h));
	/* An eighth of 50 ms is 6.25 ms. */
	assert_false(round_of(&s, 20, 60000));
	assert_true(hystart_css(&s.h));
	while (!round_of(&s, 20, 61000))
		rounds++;
	assert_int_equal(rounds, 3); /* the one in which it rose and the last one are not counted */
}

/* The window is not used for so long, and nobody asks, that the end of the round lies ahead again.
 */
static void rfc9406_4_2_a_round_of_long_ago_is_over(void **state)
{
	struct sender s;

	(void)state;
	start(&s, 1);
	first_round(&s, 50000);
	assert_false(round_of(&s, 20, 50000));
	s.una += 0x90000000u;
	assert_false(round_of(&s, 20, 50000));
	assert_false(round_of(&s, 20, 60000));
	assert_true(hystart_css(&s.h));
}

static void rfc9406_4_2_a_false_alarm_resumes_slow_start(void **state)
{
	struct sender s;

	(void)state;
	start(&s, 1);
	first_round(&s, 50000);
	assert_false(round_of(&s, 20, 50000));
	assert_false(round_of(&s, 20, 60000));
	assert_true(hystart_css(&s.h));
	assert_false(round_of(&s, 20, 50000));
	assert_false(hystart_css(&s.h));
	for (unsigned i = 0; i < 10; i++)
		assert_false(round_of(&s, 20, 50000));
}

static void rfc9406_4_3_threshold_between_4_and_16_ms(void **state)
{
	const struct {
		uint32_t base_us, below_us, above_us;
	} row[] = {
		{1000, 4900, 5100},	     /* never below 4 ms */
		{80000, 89700, 90200},	     /* an eighth */
		{400000, 415700, 416200},    /* never above 16 ms */
		{5000000, 5000000, 5000000}, /* beyond what is kept: never */
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sender s;

		start(&s, 1);
		first_round(&s, row[i].base_us);
		round_of(&s, 20, row[i].base_us);
		round_of(&s, 20, row[i].below_us);
		assert_false(hystart_css(&s.h));
		start(&s, 1);
		first_round(&s, row[i].base_us);
		round_of(&s, 20, row[i].base_us);
		round_of(&s, 20, row[i].above_us);
		assert_int_equal(hystart_css(&s.h), i < 3);
	}
}

static void rfc9406_4_3_eight_samples_are_needed(void **state)
{
	struct sender s;

	(void)state;
	start(&s, 1);
	first_round(&s, 50000);
	assert_false(round_of(&s, 20, 50000));
	assert_false(round_of(&s, 7, 90000));
	assert_false(hystart_css(&s.h));
	assert_false(round_of(&s, 20, 0)); /* ACKs that measure nothing are no samples */
	assert_false(hystart_css(&s.h));
}

static void sequence_numbers_wrap(void **state)
{
	struct sender s;

	(void)state;
	start(&s, UINT32_MAX - 15 * MSS);
	first_round(&s, 50000);
	assert_false(round_of(&s, 20, 50000));
	assert_false(round_of(&s, 20, 60000));
	assert_true(hystart_css(&s.h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc9406_4_2_steady_round_trips_change_nothing),
		cmocka_unit_test(rfc9406_4_2_a_rise_leads_to_css_and_five_rounds_end_it),
		cmocka_unit_test(rfc9406_4_2_a_round_of_long_ago_is_over),
		cmocka_unit_test(rfc9406_4_2_a_false_alarm_resumes_slow_start),
		cmocka_unit_test(rfc9406_4_3_threshold_between_4_and_16_ms),
		cmocka_unit_test(rfc9406_4_3_eight_samples_are_needed),
		cmocka_unit_test(sequence_numbers_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
