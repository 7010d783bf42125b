/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/scoreboard.c: blocks true and false, and a model of one flag an octet. */
#include "tcpalg/scoreboard.h"
#include "tcpalg_test.h"

#define CAP 8

/* A scoreboard with room for CAP ranges, freed by the caller. */
static struct scoreboard *fresh(uint16_t cap)
{
	struct scoreboard *sb = malloc(scoreboard_bytes(cap));

	assert_non_null(sb);
	scoreboard_init(sb, cap);
	return sb;
}

/* Add [start, end) relative to una, a thousand octets being in flight. */
static enum scoreboard_verdict add(struct scoreboard *sb, uint32_t una, uint32_t start,
				   uint32_t end, uint32_t *added)
{
	uint32_t unused;

	return scoreboard_add(sb, una, una + 1000, (struct seq_range){una + start, una + end},
			      added ? added : &unused);
}

static void rfc2018_5_blocks_are_kept_in_order_and_joined(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t una = tcpalg_origins[i], added;
		struct scoreboard *sb = fresh(CAP);

		assert_int_equal(add(sb, una, 300, 400, &added), SCOREBOARD_NEW);
		assert_int_equal(added, 100);
		assert_int_equal(add(sb, una, 100, 200, &added), SCOREBOARD_NEW);
		assert_int_equal(sb->n, 2);
		assert_int_equal(sb->r[0].start, una + 100);
		assert_int_equal(add(sb, una, 200, 250, &added), SCOREBOARD_NEW); /* adjacent */
		assert_int_equal(added, 50);
		assert_int_equal(sb->n, 2);
		assert_int_equal(add(sb, una, 150, 350, &added), SCOREBOARD_NEW); /* bridges */
		assert_int_equal(added, 50);
		assert_int_equal(sb->n, 1);
		assert_int_equal(sb->sacked, 300);
		assert_int_equal(add(sb, una, 100, 400, &added), SCOREBOARD_OLD);
		assert_int_equal(added, 0);
		assert_int_equal(scoreboard_high(sb, una), una + 400);
		assert_true(scoreboard_is_sacked(sb, una + 100));
		assert_true(scoreboard_is_sacked(sb, una + 399));
		assert_false(scoreboard_is_sacked(sb, una + 99));
		assert_false(scoreboard_is_sacked(sb, una + 400));
		free(sb);
	}
}

static void lies_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t una = tcpalg_origins[i];
		struct scoreboard *sb = fresh(CAP);

		assert_int_equal(add(sb, una, 100, 100, NULL), SCOREBOARD_BAD);	 /* empty */
		assert_int_equal(add(sb, una, 200, 100, NULL), SCOREBOARD_BAD);	 /* reversed */
		assert_int_equal(add(sb, una, 900, 1001, NULL), SCOREBOARD_BAD); /* never sent */
		assert_int_equal(add(sb, una, 2000, 3000, NULL), SCOREBOARD_BAD);
		assert_int_equal(add(sb, una, 0, 100, NULL), SCOREBOARD_BAD); /* holds snd_una */
		assert_int_equal(add(sb, una, (uint32_t)-50, 100, NULL), SCOREBOARD_BAD);
		assert_int_equal(add(sb, una, (uint32_t)-50, 1001, NULL), SCOREBOARD_BAD);
		assert_int_equal(add(sb, una, 0x80000001, 0, NULL), SCOREBOARD_BAD);
		assert_int_equal(add(sb, una, 0x80000000, 0x80000100, NULL), SCOREBOARD_BAD);
		assert_int_equal(add(sb, una, (uint32_t)-50, 0, NULL), SCOREBOARD_OLD);
		assert_int_equal(add(sb, una, (uint32_t)-50, (uint32_t)-20, NULL), SCOREBOARD_OLD);
		assert_true(scoreboard_empty(sb));
		assert_int_equal(sb->sacked, 0);
		assert_int_equal(add(sb, una, 1, 1000, NULL), SCOREBOARD_NEW); /* most there is */
		free(sb);
	}
}

static void rfc2883_4_duplicate_reports_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t ack = tcpalg_origins[i];
		const struct seq_range below[] = {{ack - 20, ack - 10}, {ack + 10, ack + 20}};
		const struct seq_range inside[] = {{ack + 12, ack + 15}, {ack + 10, ack + 20}};
		const struct seq_range plain[] = {{ack + 30, ack + 40}, {ack + 10, ack + 20}};
		const struct seq_range reach[] = {{ack + 12, ack + 25}, {ack + 10, ack + 20}};

		assert_false(scoreboard_is_dsack(below, 0, ack));
		assert_true(scoreboard_is_dsack(below, 1, ack));
		assert_true(scoreboard_is_dsack(below, 2, ack));
		assert_true(scoreboard_is_dsack(inside, 2, ack));
		assert_false(scoreboard_is_dsack(inside, 1, ack));
		assert_false(scoreboard_is_dsack(plain, 2, ack));
		assert_false(scoreboard_is_dsack(reach, 2, ack));
	}
}

static void full_forgets_blocks_that_need_a_range_and_joins_others(void **state)
{
	struct scoreboard *sb = fresh(3), *more = fresh(4);
	uint32_t added;

	(void)state;
	for (uint32_t k = 0; k < 3; k++)
		assert_int_equal(add(sb, 5, 100 + 20 * k, 110 + 20 * k, NULL), SCOREBOARD_NEW);
	assert_true(scoreboard_full(sb));
	assert_int_equal(add(sb, 5, 500, 600, &added), SCOREBOARD_FULL);
	assert_int_equal(added, 0);
	assert_int_equal(sb->sacked, 30);
	assert_int_equal(add(sb, 5, 150, 155, &added), SCOREBOARD_NEW);
	assert_int_equal(added, 5);
	/* Grown into a larger one nothing is lost. */
	scoreboard_copy(more, sb);
	assert_int_equal(more->sacked, 35);
	assert_int_equal(add(more, 5, 500, 600, &added), SCOREBOARD_NEW);
	assert_int_equal(more->n, 4);
	free(sb);
	free(more);
}

static void advance_forgets_what_is_acknowledged(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t una = tcpalg_origins[i];
		struct scoreboard *sb = fresh(CAP);

		add(sb, una, 100, 200, NULL);
		add(sb, una, 300, 400, NULL);
		add(sb, una, 500, 600, NULL);
		scoreboard_advance(sb, una + 99);
		assert_int_equal(sb->n, 3);
		scoreboard_advance(sb, una + 250);
		assert_int_equal(sb->n, 2);
		assert_int_equal(sb->sacked, 200);
		/* In the middle of what was sacked: the peer contradicts itself. */
		scoreboard_advance(sb, una + 350);
		assert_int_equal(sb->n, 1);
		assert_int_equal(sb->sacked, 100);
		scoreboard_advance(sb, una + 1000);
		assert_true(scoreboard_empty(sb));
		assert_int_equal(sb->sacked, 0);
		free(sb);
	}
}

static void rfc2018_8_timeout_forgets_everything(void **state)
{
	struct scoreboard *sb = fresh(CAP);

	(void)state;
	add(sb, 0, 100, 200, NULL);
	scoreboard_reset(sb);
	assert_true(scoreboard_empty(sb));
	assert_int_equal(scoreboard_sacked(sb), 0);
	assert_false(scoreboard_is_sacked(sb, 150));
	free(sb);
}

static void without_memory_nothing_is_sacked(void **state)
{
	struct seq_range hole;

	(void)state;
	assert_true(scoreboard_empty(NULL));
	assert_int_equal(scoreboard_sacked(NULL), 0);
	assert_int_equal(scoreboard_high(NULL, 7), 7);
	assert_int_equal(scoreboard_sacked_below(NULL, 7), 0);
	assert_int_equal(scoreboard_lost_edge(NULL, 7, 1000), 7);
	assert_false(scoreboard_is_sacked(NULL, 7));
	assert_true(scoreboard_hole(NULL, 7, 9, &hole));
	assert_int_equal(hole.start, 7);
	assert_int_equal(hole.end, 9);
	assert_false(scoreboard_hole(NULL, 9, 9, &hole));
}

static void rfc6675_4_lost_by_ranges_or_by_octets(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t una = tcpalg_origins[i];
		struct scoreboard *sb = fresh(CAP);

		/* Three segments' worth in one range: more than (DupThresh - 1) * SMSS. */
		add(sb, una, 100, 300, NULL);
		assert_int_equal(scoreboard_lost_edge(sb, una, 100), una);
		add(sb, una, 300, 301, NULL);
		assert_int_equal(scoreboard_lost_edge(sb, una, 100), una + 100);
		assert_true(scoreboard_is_lost(sb, una, 100, una + 99));
		assert_false(scoreboard_is_lost(sb, una, 100, una + 100));
		/* Three ranges however small. */
		scoreboard_reset(sb);
		add(sb, una, 100, 101, NULL);
		add(sb, una, 200, 201, NULL);
		assert_int_equal(scoreboard_lost_edge(sb, una, 100), una);
		add(sb, una, 300, 301, NULL);
		assert_int_equal(scoreboard_lost_edge(sb, una, 100), una + 100);
		assert_false(scoreboard_is_lost(sb, una, 100, una + 150));
		free(sb);
	}
}

/* ---- against a flag for each octet ---------------------------------------------------------- */

#define SPAN 400

struct model {
	uint32_t una;	   /* all numbers */
	uint32_t nxt;	   /* una + in flight */
	bool sacked[SPAN]; /* from una on */
};

static void model_advance(struct model *m, uint32_t by)
{
	memmove(m->sacked, m->sacked + by, SPAN - by);
	memset(m->sacked + SPAN - by, 0, by);
	m->una += by;
	/* What begins at snd_una, or was cut by it, is forgotten. */
	for (uint32_t k = 0; k < SPAN && m->sacked[k]; k++)
		m->sacked[k] = false;
}

/* RFC 6675 section 4, IsLost, by the letter. */
static bool model_is_lost(const struct model *m, uint32_t at, uint32_t smss)
{
	uint32_t octets = 0, ranges = 0;

	if (m->sacked[at])
		return false;
	for (uint32_t k = at + 1; k < SPAN; k++) {
		octets += m->sacked[k];
		ranges += m->sacked[k] && !m->sacked[k - 1];
	}
	return ranges >= 3 || octets > 2 * smss;
}

static void compare(const struct scoreboard *sb, const struct model *m, uint32_t smss)
{
	uint32_t sum = 0, ranges = 0, k, from;
	struct seq_range hole;

	for (k = 0; k < SPAN; k++) {
		assert_int_equal(scoreboard_is_sacked(sb, m->una + k), m->sacked[k]);
		assert_int_equal(scoreboard_sacked_below(sb, m->una + k), sum);
		sum += m->sacked[k];
		ranges += m->sacked[k] && (k == 0 || !m->sacked[k - 1]);
		if (k < m->nxt - m->una)
			assert_int_equal(scoreboard_is_lost(sb, m->una, smss, m->una + k),
					 model_is_lost(m, k, smss));
	}
	assert_int_equal(sb->sacked, sum);
	assert_int_equal(sb->n, ranges);
	/* Walking the holes visits exactly the octets that are not sacked. */
	for (from = m->una, k = 0; scoreboard_hole(sb, from, m->nxt, &hole); from = hole.end) {
		for (; k < hole.start - m->una; k++)
			assert_true(m->sacked[k]);
		for (; k < hole.end - m->una; k++)
			assert_false(m->sacked[k]);
	}
	for (; k < m->nxt - m->una; k++)
		assert_true(m->sacked[k]);
}

/* One random block, often a lie, into both. */
static void random_block(struct rng *rng, struct scoreboard *sb, struct model *m)
{
	uint32_t flight = m->nxt - m->una, before = sb->sacked, n = sb->n, added;
	int32_t a = (int32_t)rng_range(rng, 0, flight + 20) - 10;
	int32_t b = a + (int32_t)rng_range(rng, 0, 42) - 2;
	bool good = a > 0 && b > a && (uint32_t)b <= flight;
	enum scoreboard_verdict v;

	v = scoreboard_add(sb, m->una, m->nxt,
			   (struct seq_range){m->una + (uint32_t)a, m->una + (uint32_t)b}, &added);
	assert_int_equal(sb->sacked, before + added);
	if (v == SCOREBOARD_FULL) {
		assert_true(good && n == sb->cap);
		for (int32_t k = a - 1; k <= b; k++)
			assert_false(m->sacked[k]);
	}
	if (v == SCOREBOARD_BAD)
		assert_false(good);
	if (good && v != SCOREBOARD_FULL) {
		assert_int_equal(v, added ? SCOREBOARD_NEW : SCOREBOARD_OLD);
		memset(m->sacked + a, true, (size_t)(b - a));
	}
}

static void any_blocks_match_a_flag_for_each_octet(void **state)
{
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 3);
	for (int round = 0; round < 300; round++) {
		uint16_t cap = (uint16_t)rng_range(&rng, 1, 20);
		struct scoreboard *sb = fresh(cap);
		struct model m = {.una = tcpalg_origins[rng_below(&rng, TCPALG_ORIGINS)]};

		m.una -= rng_below(&rng, 300);
		m.nxt = m.una;
		for (int op = 0; op < 120; op++) {
			if (rng_below(&rng, 8) == 0) {
				uint32_t by = rng_below(&rng, (m.nxt - m.una) / 2 + 1);

				if (by != 0) {
					model_advance(&m, by);
					scoreboard_advance(sb, m.una);
				}
			} else if (rng_below(&rng, 100) == 0) {
				scoreboard_reset(sb);
				memset(m.sacked, 0, sizeof(m.sacked));
			} else {
				random_block(&rng, sb, &m);
			}
			m.nxt += rng_below(&rng, SPAN - (m.nxt - m.una)) / 8;
			compare(sb, &m, rng_range(&rng, 1, 60));
		}
		free(sb);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc2018_5_blocks_are_kept_in_order_and_joined),
		cmocka_unit_test(lies_change_nothing),
		cmocka_unit_test(rfc2883_4_duplicate_reports_are_told_apart),
		cmocka_unit_test(full_forgets_blocks_that_need_a_range_and_joins_others),
		cmocka_unit_test(advance_forgets_what_is_acknowledged),
		cmocka_unit_test(rfc2018_8_timeout_forgets_everything),
		cmocka_unit_test(without_memory_nothing_is_sacked),
		cmocka_unit_test(rfc6675_4_lost_by_ranges_or_by_octets),
		cmocka_unit_test(any_blocks_match_a_flag_for_each_octet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
