/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/ackpolicy.c: two profiles, and what ends them for a while. */
#include "tcpalg/ackpolicy.h"
#include "tcpalg_test.h"

#define MSS 1448

/* Octets since the last ACK: the caller's to count. */
static uint32_t unacked;

static struct ackpolicy start(enum ackpolicy_profile profile)
{
	struct ackpolicy p;

	unacked = 0;
	ackpolicy_init(&p, profile);
	return p;
}

static enum ackpolicy_verdict input(struct ackpolicy *p, uint32_t len, unsigned nsegs, uint16_t mss,
				    unsigned events)
{
	unacked += len;
	return ackpolicy_input(p, unacked, len, nsegs, mss, events);
}

static enum ackpolicy_verdict data(struct ackpolicy *p, uint32_t len)
{
	return input(p, len, 1, MSS, 0);
}

static void sent(struct ackpolicy *p, bool data_too)
{
	unacked = 0;
	ackpolicy_sent(p, data_too);
}

/* Past its quick start. */
static struct ackpolicy settled(void)
{
	struct ackpolicy p = start(ACKPOLICY_LINUX);

	for (int i = 0; i < ACKPOLICY_QUICK; i++) {
		data(&p, MSS);
		sent(&p, false);
	}
	return p;
}

static void nothing_is_owed_for_pure_acks(void **state)
{
	struct ackpolicy p = start(ACKPOLICY_LINUX);

	(void)state;
	assert_int_equal(data(&p, 0), ACKPOLICY_NONE);
	assert_false(ackpolicy_owed(&p));
	assert_false(ackpolicy_timeout(&p));
}

static void rfc5681_4_2_every_second_full_segment(void **state)
{
	struct ackpolicy p = start(ACKPOLICY_RFC);

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(data(&p, MSS), ACKPOLICY_LATER);
		assert_int_equal(data(&p, MSS), ACKPOLICY_NOW);
		assert_true(ackpolicy_owed(&p));
		sent(&p, false);
		assert_false(ackpolicy_owed(&p));
	}
	/* A merged run of two or more is that many. */
	assert_int_equal(input(&p, 2 * MSS, 2, MSS, 0), ACKPOLICY_NOW);
}

static void rfc9293_3_8_6_3_others_wait_for_the_delay(void **state)
{
	struct ackpolicy p = start(ACKPOLICY_RFC);

	(void)state;
	assert_int_equal(data(&p, MSS), ACKPOLICY_LATER);
	assert_int_equal(data(&p, 100), ACKPOLICY_LATER);
	assert_int_equal(data(&p, 100), ACKPOLICY_LATER);
	assert_true(ackpolicy_timeout(&p));
	sent(&p, false);
	assert_false(ackpolicy_timeout(&p));
	assert_int_equal(data(&p, MSS), ACKPOLICY_LATER);
}

static void full_sized_is_what_the_peer_sends(void **state)
{
	struct ackpolicy p = start(ACKPOLICY_RFC);

	(void)state;
	/* Small ones to begin with: 536 is the least that counts as full. */
	assert_int_equal(data(&p, 300), ACKPOLICY_LATER);
	assert_int_equal(data(&p, 300), ACKPOLICY_LATER);
	assert_int_equal(data(&p, 471), ACKPOLICY_LATER);
	assert_int_equal(data(&p, 1), ACKPOLICY_NOW);
	sent(&p, false);
	/* Timestamps make them 1436, never our 1448: still every second. */
	assert_int_equal(data(&p, 1436), ACKPOLICY_LATER);
	assert_int_equal(data(&p, 1436), ACKPOLICY_NOW);
	sent(&p, false);
	/* Of a run the mean counts; an impossible length counts as the MSS. */
	assert_int_equal(input(&p, 5 * 1440, 5, MSS, 0), ACKPOLICY_NOW);
	assert_int_equal(p.rcv_mss, 1440);
	input(&p, 60000, 1, MSS, 0);
	assert_int_equal(p.rcv_mss, MSS);
	/* A small MSS of ours is full for its peer. */
	p = start(ACKPOLICY_RFC);
	assert_int_equal(input(&p, 100, 1, 100, 0), ACKPOLICY_LATER);
	assert_int_equal(input(&p, 100, 1, 100, 0), ACKPOLICY_NOW);
}

static void linux_first_sixteen_segments_at_once(void **state)
{
	struct ackpolicy p = start(ACKPOLICY_LINUX);

	(void)state;
	for (int i = 0; i < 16; i++) {
		assert_int_equal(data(&p, 100), ACKPOLICY_NOW);
		sent(&p, false);
	}
	assert_int_equal(data(&p, 100), ACKPOLICY_LATER);
	/* Runs use them up by segments. */
	p = start(ACKPOLICY_LINUX);
	assert_int_equal(input(&p, 500, 20, MSS, 0), ACKPOLICY_NOW);
	sent(&p, false);
	assert_int_equal(data(&p, 100), ACKPOLICY_LATER);
}

static void answers_carry_the_acks_of_requests(void **state)
{
	struct ackpolicy p = start(ACKPOLICY_LINUX);

	(void)state;
	assert_int_equal(data(&p, 64), ACKPOLICY_NOW);
	sent(&p, false); /* an ACK of its own: the first answer comes too late */
	sent(&p, true);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(data(&p, 64), ACKPOLICY_LATER);
		sent(&p, true);
		assert_false(ackpolicy_owed(&p));
	}
	/* Bulk is still acknowledged at every second segment. */
	data(&p, MSS);
	assert_int_equal(data(&p, MSS), ACKPOLICY_NOW);
	/* Data of ours that answers nothing says nothing. */
	p = start(ACKPOLICY_LINUX);
	sent(&p, true);
	assert_int_equal(data(&p, 64), ACKPOLICY_NOW);
}

static void data_after_the_delay_is_no_answer(void **state)
{
	struct ackpolicy p = settled();

	(void)state;
	data(&p, 64);
	assert_true(ackpolicy_timeout(&p));
	sent(&p, false);
	input(&p, 0, 1, MSS, ACKPOLICY_OOO); /* quick from here */
	sent(&p, true);
	assert_int_equal(data(&p, 64), ACKPOLICY_NOW);
	/* An answer in time is one. */
	sent(&p, true);
	assert_int_equal(data(&p, 64), ACKPOLICY_LATER);
}

static void rfc5681_4_2_trouble_is_reported_at_once(void **state)
{
	static const unsigned events[] = {
		ACKPOLICY_OOO, ACKPOLICY_GAP,	ACKPOLICY_DUP,
		ACKPOLICY_FIN, ACKPOLICY_PROBE, ACKPOLICY_ECN,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct ackpolicy p = start(ACKPOLICY_RFC);

		assert_int_equal(input(&p, 0, 1, MSS, events[i]), ACKPOLICY_NOW);
		assert_true(ackpolicy_owed(&p));
		sent(&p, false);
		assert_int_equal(input(&p, 10, 1, MSS, events[i]), ACKPOLICY_NOW);
		sent(&p, false);
		/* Plain delayed ACKs go on as before. */
		assert_int_equal(data(&p, 10), ACKPOLICY_LATER);
	}
}

static void linux_sixteen_segments_after_trouble(void **state)
{
	static const struct {
		unsigned event;
		int quick;
	} rows[] = {
		{ACKPOLICY_OOO, 16}, {ACKPOLICY_GAP, 16},  {ACKPOLICY_DUP, 16},
		{ACKPOLICY_FIN, 0},  {ACKPOLICY_PROBE, 0}, {ACKPOLICY_ECN, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ackpolicy p = settled();

		data(&p, 64);
		sent(&p, true);
		input(&p, 10, 1, MSS, rows[i].event);
		sent(&p, false);
		for (int k = 0; k < rows[i].quick; k++) {
			assert_int_equal(data(&p, 10), ACKPOLICY_NOW);
			sent(&p, false);
		}
		assert_int_equal(data(&p, 10), ACKPOLICY_LATER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_owed_for_pure_acks),
		cmocka_unit_test(rfc5681_4_2_every_second_full_segment),
		cmocka_unit_test(rfc9293_3_8_6_3_others_wait_for_the_delay),
		cmocka_unit_test(full_sized_is_what_the_peer_sends),
		cmocka_unit_test(linux_first_sixteen_segments_at_once),
		cmocka_unit_test(answers_carry_the_acks_of_requests),
		cmocka_unit_test(data_after_the_delay_is_no_answer),
		cmocka_unit_test(rfc5681_4_2_trouble_is_reported_at_once),
		cmocka_unit_test(linux_sixteen_segments_after_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
