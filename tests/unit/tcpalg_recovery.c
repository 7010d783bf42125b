/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/recovery.c: episodes step by step, and SetPipe by the letter. */
#include "tcpalg_world.h"

#define ALL UINT32_MAX

/* A duplicate ACK without SACK. */
static unsigned dup(struct world *w)
{
	return tell(w, 0, 0, true);
}

/* An ACK of acked octets. */
static unsigned ack(struct world *w, uint32_t acked)
{
	w->una += acked;
	scoreboard_advance(w->sb, w->una);
	return tell(w, acked, 0, false);
}

/* An ACK that sacks the segments [from, to), counted from iss + 1. */
static unsigned sack(struct world *w, uint32_t from, uint32_t to)
{
	uint32_t base = w->iss + 1, added;

	scoreboard_add(w->sb, w->una, w->nxt,
		       (struct seq_range){base + from * SMSS, base + to * SMSS}, &added);
	return tell(w, 0, added, true);
}

/* The next retransmission is [from, to) in octets from iss + 1; take it as sent. */
static void expect_send(struct world *w, uint32_t max, uint32_t from, uint32_t to)
{
	struct seq_range out;

	assert_int_equal(next(w, max, false, &out), RECOVERY_RETRANSMIT);
	assert_int_equal(out.start - w->iss - 1, from);
	assert_int_equal(out.end - w->iss - 1, to);
	recovery_sent(&w->r, out, RECOVERY_RETRANSMIT);
}

static void expect_nothing(const struct world *w, bool idle)
{
	struct seq_range out;

	assert_int_equal(next(w, ALL, idle, &out), RECOVERY_NOTHING);
}

/* Run a test from every origin, so that each crosses the wrap somewhere. */
static void from_everywhere(bool sack_on, void (*test)(struct world *w))
{
	for (size_t i = 0; i < TCPALG_ORIGINS; i++)
		for (uint32_t back = 0; back < 3; back++) {
			struct world w = setup_world(tcpalg_origins[i] - back * 500, sack_on);

			test(&w);
			free(w.sb);
		}
}

static void rfc5681_2_what_a_duplicate_is(void **state)
{
	(void)state;
	assert_true(recovery_is_dup(5, true, 5, 0, false, 100, 100));
	assert_false(recovery_is_dup(5, false, 5, 0, false, 100, 100)); /* nothing outstanding */
	assert_false(recovery_is_dup(5, true, 6, 0, false, 100, 100));	/* new */
	assert_false(recovery_is_dup(5, true, 4, 0, false, 100, 100));	/* old */
	assert_false(recovery_is_dup(5, true, 5, 1, false, 100, 100));	/* data */
	assert_false(recovery_is_dup(5, true, 5, 0, true, 100, 100));	/* FIN */
	assert_false(recovery_is_dup(5, true, 5, 0, false, 101, 100));	/* window update */
}

static void third_duplicate(struct world *w)
{
	assert_int_equal(pipe_of(w), 10 * SMSS);
	assert_int_equal(dup(w), RECOVERY_EV_DUP);
	/* RFC 3042: each of the first two makes room for one new segment. */
	assert_int_equal(pipe_of(w), 9 * SMSS);
	assert_int_equal(dup(w), RECOVERY_EV_DUP);
	assert_int_equal(pipe_of(w), 8 * SMSS);
	expect_nothing(w, true);
	assert_false(recovery_active(&w->r));
	assert_int_equal(dup(w), RECOVERY_EV_DUP | RECOVERY_EV_ENTER);
	assert_true(recovery_active(&w->r));
	assert_true(recovery_forced(&w->r));
	expect_send(w, ALL, 0, SMSS);
	assert_false(recovery_forced(&w->r));
	expect_nothing(w, true);
	/* RFC 6582 step 2: ssthresh + 3 * SMSS; step 3: one more for each further duplicate. */
	assert_int_equal(pipe_of(w), 7 * SMSS);
	assert_int_equal(dup(w), RECOVERY_EV_DUP);
	assert_int_equal(pipe_of(w), 6 * SMSS);
	for (int k = 0; k < 300; k++)
		dup(w);
	assert_int_equal(pipe_of(w), 0);
}

static void rfc6582_3_2_third_duplicate_enters(void **state)
{
	(void)state;
	from_everywhere(false, third_duplicate);
}

static void interrupted(struct world *w)
{
	dup(w);
	dup(w);
	assert_int_equal(ack(w, SMSS), RECOVERY_EV_GROW);
	assert_int_equal(dup(w), RECOVERY_EV_DUP);
	assert_int_equal(dup(w), RECOVERY_EV_DUP);
	assert_int_equal(dup(w), RECOVERY_EV_DUP | RECOVERY_EV_ENTER);
}

static void rfc5681_3_2_progress_starts_the_count_again(void **state)
{
	(void)state;
	from_everywhere(false, interrupted);
}

static void partial(struct world *w)
{
	for (int k = 0; k < 9; k++)
		dup(w);
	expect_send(w, ALL, 0, SMSS);
	assert_int_equal(pipe_of(w), SMSS);
	/* The segments up to 4 arrive: number 4 is lost as well. */
	assert_int_equal(ack(w, 4 * SMSS), 0);
	assert_true(recovery_forced(&w->r));
	/* 10 - 4 in flight, 9 - 4 + 1 of them gone (RFC 6582: deflate, add one segment back) */
	assert_int_equal(pipe_of(w), 0);
	expect_send(w, ALL, 4 * SMSS, 5 * SMSS);
	expect_nothing(w, true);
	assert_int_equal(ack(w, 6 * SMSS), RECOVERY_EV_EXIT);
	assert_false(recovery_active(&w->r));
	assert_int_equal(pipe_of(w), 0);
}

static void rfc6582_3_2_partial_ack_sends_the_next_hole(void **state)
{
	(void)state;
	from_everywhere(false, partial);
}

static void small_partial(struct world *w)
{
	dup(w), dup(w), dup(w);
	expect_send(w, ALL, 0, SMSS);
	/* Less than a segment: nothing is added back, and the rest of it is on its way. */
	assert_int_equal(ack(w, 30), 0);
	assert_int_equal(pipe_of(w), 10 * SMSS - 30 - (3 * SMSS - 30));
	expect_send(w, ALL, SMSS, SMSS + 30);
}

static void rfc6582_3_2_part_of_a_segment_acknowledged(void **state)
{
	(void)state;
	from_everywhere(false, small_partial);
}

static void guarded(struct world *w)
{
	dup(w), dup(w), dup(w);
	w->nxt += 3 * SMSS; /* sent by inflation, not part of the episode */
	assert_int_equal(ack(w, 10 * SMSS), RECOVERY_EV_EXIT);
	/* These may be echoes of what was sent twice. */
	for (int k = 0; k < 10; k++)
		assert_int_equal(dup(w), RECOVERY_EV_DUP);
	/* Limited transmit is for two of them, no more (RFC 3042). */
	assert_int_equal(pipe_of(w), SMSS);
	assert_int_equal(ack(w, SMSS), RECOVERY_EV_GROW);
	dup(w), dup(w);
	assert_int_equal(dup(w), RECOVERY_EV_DUP | RECOVERY_EV_ENTER);
}

static void rfc6582_3_2_no_second_episode_before_recover_is_passed(void **state)
{
	(void)state;
	from_everywhere(false, guarded);
}

static void nothing_outstanding(struct world *w)
{
	ack(w, 10 * SMSS);
	for (int k = 0; k < 5; k++)
		assert_int_equal(dup(w), RECOVERY_EV_DUP);
	assert_false(recovery_active(&w->r));
}

static void never_enters_without_data_in_flight(void **state)
{
	(void)state;
	from_everywhere(false, nothing_outstanding);
}

static void after_timeout(struct world *w)
{
	dup(w);
	scoreboard_reset(w->sb);
	recovery_rto(&w->r, w->una, w->nxt);
	assert_int_equal(pipe_of(w), 0);
	expect_send(w, SMSS, 0, SMSS);
	assert_int_equal(pipe_of(w), SMSS);
	/* The receiver held segments 1 to 3. */
	assert_int_equal(ack(w, 4 * SMSS), RECOVERY_EV_GROW);
	assert_int_equal(pipe_of(w), 0);
	expect_send(w, ALL, 4 * SMSS, 10 * SMSS); /* as long as it is: split at the port */
	expect_nothing(w, true);
	assert_int_equal(pipe_of(w), 6 * SMSS);
	w->nxt += SMSS;
	assert_int_equal(pipe_of(w), 7 * SMSS);
	for (int k = 0; k < 5; k++)
		assert_int_equal(dup(w), w->sack ? 0 : RECOVERY_EV_DUP);
	/* Lost again: from the start, all of it. */
	recovery_rto(&w->r, w->una, w->nxt);
	expect_send(w, ALL, 4 * SMSS, 11 * SMSS);
	assert_int_equal(ack(w, 7 * SMSS), RECOVERY_EV_GROW);
	assert_false(recovery_active(&w->r));
}

static void rfc5681_3_1_timeout_sends_everything_again(void **state)
{
	(void)state;
	from_everywhere(false, after_timeout);
	from_everywhere(true, after_timeout);
}

static void sack_after_timeout(struct world *w)
{
	scoreboard_reset(w->sb);
	recovery_rto(&w->r, w->una, w->nxt);
	expect_send(w, SMSS, 0, SMSS);
	/* What the peer sacks from now on is used (RFC 6675 section 5.1). */
	sack(w, 2, 4);
	assert_int_equal(w->r.state, RECOVERY_LOSS);
	assert_int_equal(pipe_of(w), SMSS);
	expect_send(w, ALL, SMSS, 2 * SMSS);
	expect_send(w, ALL, 4 * SMSS, 10 * SMSS);
	assert_int_equal(pipe_of(w), 8 * SMSS);
}

static void rfc6675_5_1_timeout_then_sack(void **state)
{
	(void)state;
	from_everywhere(true, sack_after_timeout);
}

static void sack_episode(struct world *w)
{
	/* 0, 4 and 5 are lost. */
	assert_int_equal(sack(w, 1, 2), RECOVERY_EV_DUP);
	assert_int_equal(pipe_of(w), 9 * SMSS);
	assert_int_equal(sack(w, 1, 3), RECOVERY_EV_DUP);
	assert_int_equal(sack(w, 1, 3), 0); /* nothing new: no duplicate in the sense of RFC 6675 */
	assert_int_equal(sack(w, 1, 4), RECOVERY_EV_DUP | RECOVERY_EV_ENTER);
	assert_true(recovery_forced(&w->r));
	assert_int_equal(pipe_of(w), 6 * SMSS); /* ten, less one lost, less three sacked */
	expect_send(w, ALL, 0, SMSS);
	assert_int_equal(pipe_of(w), 7 * SMSS);
	expect_nothing(w, false);
	sack(w, 6, 7);
	sack(w, 6, 8);
	expect_nothing(w, false);
	assert_int_equal(pipe_of(w), 5 * SMSS);
	sack(w, 6, 9); /* more than two segments above 4 and 5 */
	assert_int_equal(pipe_of(w), 2 * SMSS);
	expect_send(w, SMSS, 4 * SMSS, 5 * SMSS);
	assert_int_equal(pipe_of(w), 3 * SMSS);
	expect_send(w, ALL, 5 * SMSS, 6 * SMSS);
	expect_nothing(w, false);
	assert_int_equal(ack(w, 4 * SMSS), 0);
	assert_false(recovery_forced(&w->r));
	expect_nothing(w, false);
	assert_int_equal(pipe_of(w), 3 * SMSS);
	assert_int_equal(ack(w, 6 * SMSS), RECOVERY_EV_EXIT);
}

static void rfc6675_5_episode(void **state)
{
	(void)state;
	from_everywhere(true, sack_episode);
}

static void one_ack_enters(struct world *w)
{
	/* Merged or first of many: IsLost decides, not the count (step 2). */
	assert_int_equal(sack(w, 1, 5), RECOVERY_EV_DUP | RECOVERY_EV_ENTER);
	expect_send(w, ALL, 0, SMSS);
}

static void rfc6675_5_step_2_enters_by_the_scoreboard(void **state)
{
	(void)state;
	from_everywhere(true, one_ack_enters);
}

static void small_segments(struct world *w)
{
	uint32_t added;

	/* Three tiny pieces sacked one by one as one range: the count decides (step 1). */
	for (uint32_t k = 1; k <= 3; k++) {
		scoreboard_add(w->sb, w->una, w->nxt,
			       (struct seq_range){w->una + 100, w->una + 100 + k}, &added);
		assert_int_equal(tell(w, 0, added, true),
				 k < 3 ? RECOVERY_EV_DUP : RECOVERY_EV_DUP | RECOVERY_EV_ENTER);
	}
	expect_send(w, ALL, 0, SMSS); /* although IsLost says no */
}

static void rfc6675_5_step_1_enters_by_the_count(void **state)
{
	(void)state;
	from_everywhere(true, small_segments);
}

static void rule_3_then_4(struct world *w)
{
	struct seq_range out;

	sack(w, 1, 4);
	expect_send(w, ALL, 0, SMSS);
	sack(w, 6, 7);
	expect_nothing(w, false); /* 4 and 5 are not lost by the rules */
	for (uint32_t k = 4; k < 6; k++) {
		assert_int_equal(next(w, ALL, true, &out), RECOVERY_RETRANSMIT);
		assert_int_equal(out.start - w->una, k * SMSS);
		assert_int_equal(seq_range_len(out), SMSS);
		recovery_sent(&w->r, out, RECOVERY_RETRANSMIT);
	}
	assert_int_equal(next(w, ALL, true, &out), RECOVERY_RESCUE);
	assert_int_equal(out.start - w->una, 9 * SMSS);
	assert_int_equal(out.end, w->nxt);
	recovery_sent(&w->r, out, RECOVERY_RESCUE);
	expect_nothing(w, true); /* once per episode */
	/* The rescue did not count as retransmission of what lies before it. */
	sack(w, 9, 10);
	sack(w, 7, 8);
	expect_nothing(w, false);
	w->nxt += 3 * SMSS;
	sack(w, 10, 13);
	expect_send(w, ALL, 8 * SMSS, 9 * SMSS);
}

static void rfc6675_4_nextseg_rules_3_and_4(void **state)
{
	(void)state;
	from_everywhere(true, rule_3_then_4);
}

static void sacked_to_the_end(struct world *w)
{
	sack(w, 1, 10);
	expect_send(w, ALL, 0, SMSS);
	expect_nothing(w, true);
	assert_int_equal(pipe_of(w), SMSS);
}

static void rfc6675_4_no_rescue_of_what_is_sacked(void **state)
{
	(void)state;
	from_everywhere(true, sacked_to_the_end);
}

static void emptied(struct world *w)
{
	sack(w, 1, 4);
	expect_send(w, ALL, 0, SMSS);
	/* All that was sacked is acknowledged, recover is not: the next one is missing. */
	assert_int_equal(ack(w, 4 * SMSS), 0);
	assert_true(recovery_forced(&w->r));
	expect_send(w, ALL, 4 * SMSS, 5 * SMSS);
}

static void partial_ack_with_an_empty_scoreboard(void **state)
{
	(void)state;
	from_everywhere(true, emptied);
}

static void exit_and_enter(struct world *w)
{
	sack(w, 1, 10);
	expect_send(w, ALL, 0, SMSS);
	w->nxt += 5 * SMSS;
	sack(w, 11, 14); /* 10 is lost: new data of this episode */
	assert_int_equal(ack(w, 10 * SMSS), RECOVERY_EV_EXIT | RECOVERY_EV_ENTER);
	assert_true(recovery_active(&w->r));
	expect_send(w, ALL, 10 * SMSS, 11 * SMSS);
}

static void rfc6675_5_a_new_loss_is_a_new_episode(void **state)
{
	(void)state;
	from_everywhere(true, exit_and_enter);
}

/* ---- SetPipe by the letter ------------------------------------------------------------------ */

static uint32_t pipe_by_the_letter(const struct world *w)
{
	uint32_t pipe = 0;

	for (uint32_t s = w->una; s != w->nxt; s++) {
		bool lost = scoreboard_is_lost(w->sb, w->una, SMSS, s);

		if (w->r.state == RECOVERY_LOSS)
			lost = seq_lt(s, w->r.recover);
		else if (seq_lt(s, w->r.aux))
			lost = true;
		if (scoreboard_is_sacked(w->sb, s))
			continue;
		pipe += !lost;
		pipe += seq_lt(s, w->r.high_rxt);
	}
	return pipe;
}

static void rfc6675_4_setpipe_octet_by_octet(void **state)
{
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 5);
	for (int round = 0; round < 300; round++) {
		struct world w = setup_world(rng_u32(&rng), true);
		struct seq_range out;

		if (rng_below(&rng, 2))
			w.iss = w.una - 1;
		for (int op = 0; op < 40; op++) {
			uint32_t base = (w.una - w.iss) / SMSS;
			uint32_t flight = (w.nxt - w.una) / SMSS, at;

			switch (rng_below(&rng, 8)) {
			case 0:
				ack(&w, rng_below(&rng, flight + 1) * SMSS);
				break;
			case 1:
				if (rng_below(&rng, 4) == 0) {
					scoreboard_reset(w.sb);
					recovery_rto(&w.r, w.una, w.nxt);
				}
				break;
			case 2:
				w.nxt += SMSS * rng_below(&rng, 3);
				break;
			case 3:
			case 4:
				if (next(&w, 1 + rng_below(&rng, 3 * SMSS), false, &out))
					recovery_sent(&w.r, out, RECOVERY_RETRANSMIT);
				break;
			default:
				at = base + rng_below(&rng, flight + 1);
				sack(&w, at, at + 1 + rng_below(&rng, 3));
			}
			if (w.r.state != RECOVERY_OPEN)
				assert_int_equal(pipe_of(&w), pipe_by_the_letter(&w));
		}
		free(w.sb);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc5681_2_what_a_duplicate_is),
		cmocka_unit_test(rfc6582_3_2_third_duplicate_enters),
		cmocka_unit_test(rfc5681_3_2_progress_starts_the_count_again),
		cmocka_unit_test(rfc6582_3_2_partial_ack_sends_the_next_hole),
		cmocka_unit_test(rfc6582_3_2_part_of_a_segment_acknowledged),
		cmocka_unit_test(rfc6582_3_2_no_second_episode_before_recover_is_passed),
		cmocka_unit_test(never_enters_without_data_in_flight),
		cmocka_unit_test(rfc5681_3_1_timeout_sends_everything_again),
		cmocka_unit_test(rfc6675_5_1_timeout_then_sack),
		cmocka_unit_test(rfc6675_5_episode),
		cmocka_unit_test(rfc6675_5_step_2_enters_by_the_scoreboard),
		cmocka_unit_test(rfc6675_5_step_1_enters_by_the_count),
		cmocka_unit_test(rfc6675_4_nextseg_rules_3_and_4),
		cmocka_unit_test(rfc6675_4_no_rescue_of_what_is_sacked),
		cmocka_unit_test(partial_ack_with_an_empty_scoreboard),
		cmocka_unit_test(rfc6675_5_a_new_loss_is_a_new_episode),
		cmocka_unit_test(rfc6675_4_setpipe_octet_by_octet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
