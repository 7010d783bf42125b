/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcpalg/reasm.c: the set against a model of one owner an octet, and its SACK blocks. */
#include "tcpalg/reasm.h"
#include "tcpalg_test.h"

#define CAP 8

static struct reasm *fresh(uint16_t cap)
{
	struct reasm *s = malloc(reasm_bytes(cap));

	assert_non_null(s);
	reasm_init(s, cap);
	return s;
}

/* Offer [seq, seq + len) in *nd. */
static struct reasm_result offer(struct reasm *s, uint32_t rcv_nxt, struct reasm_node *nd,
				 uint32_t seq, uint32_t len)
{
	*nd = (struct reasm_node){.seq = seq, .len = len};
	return reasm_insert(s, rcv_nxt, nd);
}

static void pieces_join_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t nxt = tcpalg_origins[i], octets;
		struct reasm *s = fresh(CAP);
		struct reasm_node nd[5], *chain;

		offer(s, nxt, &nd[2], nxt + 20, 10);
		offer(s, nxt, &nd[3], nxt + 30, 10); /* continues it */
		assert_int_equal(s->n, 1);
		offer(s, nxt, &nd[4], nxt + 50, 10);
		assert_int_equal(s->n, 2);
		offer(s, nxt, &nd[1], nxt + 10, 10); /* precedes it */
		assert_int_equal(s->n, 2);
		assert_int_equal(s->octets, 40);
		assert_null(reasm_pop(s, nxt, &octets));
		offer(s, nxt, &nd[0], nxt, 10); /* what all waited for */
		chain = reasm_pop(s, nxt, &octets);
		assert_int_equal(octets, 40);
		for (int k = 0; k < 4; k++, chain = chain->next) {
			assert_ptr_equal(chain, &nd[k]);
			assert_int_equal(chain->seq, nxt + 10 * (uint32_t)k);
		}
		assert_null(chain);
		assert_int_equal(s->n, 1);
		assert_int_equal(s->octets, 10);
		free(s);
	}
}

static void a_piece_that_fills_the_gap_joins_both_sides(void **state)
{
	struct reasm *s = fresh(CAP);
	struct reasm_node nd[3], *chain;
	uint32_t octets;

	(void)state;
	offer(s, 0, &nd[0], 10, 10);
	offer(s, 0, &nd[2], 30, 10);
	assert_int_equal(offer(s, 0, &nd[1], 20, 10).verdict, REASM_KEPT);
	assert_int_equal(s->n, 1);
	chain = reasm_pop(s, 10, &octets);
	assert_int_equal(octets, 30);
	assert_ptr_equal(chain, &nd[0]);
	assert_ptr_equal(chain->next, &nd[1]);
	assert_ptr_equal(chain->next->next, &nd[2]);
	assert_null(nd[2].next);
	assert_true(reasm_empty(s));
	free(s);
}

/* RFC 9293 section 3.10.7.4: overlaps are trimmed; what was there first stays. */
static void rfc9293_3_10_7_4_first_octets_win(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t nxt = tcpalg_origins[i] - 110;
		struct reasm *s = fresh(CAP);
		struct reasm_node held, nd;
		struct reasm_result res;

		offer(s, nxt, &held, nxt + 100, 20);
		/* over its end */
		res = offer(s, nxt, &nd, nxt + 110, 30);
		assert_int_equal(res.verdict, REASM_KEPT);
		assert_int_equal(res.front, 10);
		assert_int_equal(res.back, 0);
		assert_int_equal(res.dup.start, nxt + 110);
		assert_int_equal(res.dup.end, nxt + 120);
		assert_int_equal(nd.seq, nxt + 120);
		assert_int_equal(nd.len, 20);
		/* over its start */
		struct reasm_node nd2;
		res = offer(s, nxt, &nd2, nxt + 90, 15);
		assert_int_equal(res.verdict, REASM_KEPT);
		assert_int_equal(res.front, 0);
		assert_int_equal(res.back, 5);
		assert_int_equal(res.again, 0);
		assert_int_equal(res.dup.start, nxt + 100);
		assert_int_equal(res.dup.end, nxt + 105);
		assert_int_equal(nd2.len, 10);
		/* within */
		struct reasm_node nd3;
		res = offer(s, nxt, &nd3, nxt + 95, 40);
		assert_int_equal(res.verdict, REASM_DUP);
		assert_int_equal(res.dup.start, nxt + 95);
		assert_int_equal(res.dup.end, nxt + 135);
		/* around: what lies beyond may be offered again */
		res = offer(s, nxt, &nd3, nxt + 80, 100);
		assert_int_equal(res.verdict, REASM_KEPT);
		assert_int_equal(nd3.seq, nxt + 80);
		assert_int_equal(nd3.len, 10);
		assert_int_equal(res.back, 90);
		assert_int_equal(res.again, 40);
		assert_int_equal(s->n, 1);
		assert_int_equal(s->octets, 60);
		free(s);
	}
}

static void full_keeps_one_place_for_what_is_next(void **state)
{
	struct reasm *s = fresh(3), *more = fresh(5);
	struct reasm_node nd[6], *chain;
	uint32_t octets;

	(void)state;
	assert_int_equal(offer(s, 0, &nd[0], 100, 10).verdict, REASM_KEPT);
	assert_int_equal(offer(s, 0, &nd[1], 200, 10).verdict, REASM_KEPT);
	assert_true(reasm_full(s));
	assert_int_equal(offer(s, 0, &nd[2], 300, 10).verdict, REASM_FULL);
	assert_int_equal(nd[2].seq, 300);
	assert_int_equal(s->octets, 20);
	/* Joining needs no place. */
	assert_int_equal(offer(s, 0, &nd[3], 210, 10).verdict, REASM_KEPT);
	/* What is at rcv_nxt always finds one. */
	assert_int_equal(offer(s, 0, &nd[4], 0, 10).verdict, REASM_KEPT);
	chain = reasm_pop(s, 0, &octets);
	assert_ptr_equal(chain, &nd[4]);
	assert_int_equal(octets, 10);

	reasm_move(more, s);
	assert_true(reasm_empty(s));
	assert_int_equal(more->octets, 30);
	assert_int_equal(offer(more, 10, &nd[2], 300, 10).verdict, REASM_KEPT);
	free(s);
	free(more);
}

static void memory_is_given_back_from_the_top(void **state)
{
	struct reasm *s = fresh(CAP);
	struct reasm_node nd[3];

	(void)state;
	offer(s, 0, &nd[0], 10, 5);
	offer(s, 0, &nd[1], 30, 5);
	offer(s, 0, &nd[2], 35, 5);
	assert_ptr_equal(reasm_drop_last(s), &nd[1]);
	assert_ptr_equal(nd[1].next, &nd[2]);
	assert_int_equal(s->octets, 5);
	assert_ptr_equal(reasm_drop_last(s), &nd[0]);
	assert_null(reasm_drop_last(s));
	assert_int_equal(s->octets, 0);
	free(s);
}

static void expect_blocks(const struct reasm *s, const struct seq_range *dup, unsigned max,
			  const struct seq_range *want, unsigned n)
{
	struct seq_range out[8];

	assert_int_equal(reasm_sack(s, dup, out, max), n);
	for (unsigned k = 0; k < n; k++) {
		assert_int_equal(out[k].start, want[k].start);
		assert_int_equal(out[k].end, want[k].end);
	}
}

#define EXPECT(s, dup, max, ...)                                                  \
	do {                                                                      \
		const struct seq_range want[] = {__VA_ARGS__};                    \
		expect_blocks(s, dup, max, want, sizeof(want) / sizeof(want[0])); \
	} while (0)

static void rfc2018_4_the_newest_block_comes_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCPALG_ORIGINS; i++) {
		uint32_t n = tcpalg_origins[i] - 300;
		struct reasm *s = fresh(CAP);
		struct reasm_node nd[8];

		offer(s, n, &nd[0], n + 100, 10);
		EXPECT(s, NULL, 3, {n + 100, n + 110});
		offer(s, n, &nd[1], n + 300, 10);
		EXPECT(s, NULL, 3, {n + 300, n + 310}, {n + 100, n + 110});
		offer(s, n, &nd[2], n + 200, 10);
		offer(s, n, &nd[3], n + 400, 10);
		EXPECT(s, NULL, 3, {n + 400, n + 410}, {n + 200, n + 210}, {n + 300, n + 310});
		/* Touched again it moves to the front, with its new extent, and only once. */
		offer(s, n, &nd[4], n + 110, 10);
		EXPECT(s, NULL, 4, {n + 100, n + 120}, {n + 400, n + 410}, {n + 200, n + 210},
		       {n + 300, n + 310});
		/* Two joined are one. */
		offer(s, n, &nd[5], n + 310, 90);
		EXPECT(s, NULL, 4, {n + 300, n + 410}, {n + 100, n + 120}, {n + 200, n + 210});
		EXPECT(s, NULL, 1, {n + 300, n + 410});
		assert_int_equal(reasm_sack(s, NULL, NULL, 0), 0);
		/* What is gone is not reported. */
		reasm_drop_last(s);
		EXPECT(s, NULL, 4, {n + 100, n + 120}, {n + 200, n + 210});
		free(s);
	}
}

static void rfc2018_4_as_many_blocks_as_fit(void **state)
{
	struct reasm *s = fresh(CAP);
	struct reasm_node nd[6];

	(void)state;
	for (uint32_t k = 0; k < 6; k++)
		offer(s, 0, &nd[k], 100 * (k + 1), 10);
	EXPECT(s, NULL, 6, {600, 610}, {500, 510}, {400, 410}, {300, 310}, {100, 110}, {200, 210});
	free(s);
}

static void rfc2883_4_the_duplicate_comes_before_the_blocks(void **state)
{
	struct reasm *s = fresh(CAP);
	struct reasm_node nd[3];
	struct seq_range dup = {50, 60}, none = {0, 0};
	struct reasm_result res;

	(void)state;
	EXPECT(NULL, &dup, 3, {50, 60});
	assert_int_equal(reasm_sack(NULL, &none, NULL, 3), 0);
	offer(s, 80, &nd[0], 100, 20);
	offer(s, 80, &nd[1], 200, 20);
	EXPECT(s, &dup, 3, {50, 60}, {200, 220}, {100, 120});
	EXPECT(s, &dup, 1, {50, 60});
	/* A duplicate within a range: the second block is that range. */
	res = offer(s, 80, &nd[2], 105, 5);
	EXPECT(s, &res.dup, 3, {105, 110}, {100, 120}, {200, 220});
	free(s);
}

/* ---- against an owner for each octet -------------------------------------------------------- */

#define SPAN   600
#define PIECES 400

struct model {
	uint32_t nxt;
	int owner[SPAN]; /* from nxt on: the piece whose octet it is, -1: none */
};

/* Octets [a, b) are the next that nobody owns among [from, to), or a == to. */
static void model_free_run(const struct model *m, uint32_t from, uint32_t to, uint32_t *a,
			   uint32_t *b)
{
	for (*a = from; *a < to && m->owner[*a] >= 0; ++*a)
		;
	for (*b = *a; *b < to && m->owner[*b] < 0; ++*b)
		;
}

/* Offer one random piece, and what is left beyond a range again, as a caller may. */
static int random_piece(struct rng *rng, struct reasm *s, struct model *m, struct reasm_node *nd,
			int id)
{
	uint32_t from = rng_below(rng, 8) == 0 ? 0 : rng_below(rng, SPAN - 61);
	uint32_t to = from + 1 + rng_below(rng, 60), a, b;

	for (;;) {
		struct reasm_result res = offer(s, m->nxt, &nd[id], m->nxt + from, to - from);

		model_free_run(m, from, to, &a, &b);
		if (res.verdict == REASM_DUP) {
			assert_int_equal(a, to);
			assert_int_equal(seq_range_len(res.dup), to - from);
			return id;
		}
		assert_true(a < to);
		if (res.verdict == REASM_FULL) {
			assert_true(a == from && b == to && reasm_full(s));
			assert_true(a == 0 || m->owner[a - 1] < 0);
			assert_true(m->owner[b] < 0);
			return id;
		}
		assert_int_equal(res.front, a - from);
		assert_int_equal(res.back, to - b);
		assert_int_equal(nd[id].seq, m->nxt + a);
		assert_int_equal(nd[id].len, b - a);
		assert_int_equal(seq_range_len(res.dup) != 0, b - a != to - from);
		for (uint32_t k = a; k < b; k++)
			m->owner[k] = id;
		id++;
		if (res.again == 0 || id == PIECES)
			return id;
		from = to - res.again;
	}
}

static void compare(const struct reasm *s, const struct model *m)
{
	uint32_t k = 0, octets = 0;
	struct seq_range out[4];
	unsigned blocks;

	for (unsigned i = 0; i < s->n; i++) {
		const struct reasm_range *r = &s->r[i];
		uint32_t at = r->start;

		for (; k < r->start - m->nxt; k++)
			assert_int_equal(m->owner[k], -1);
		for (const struct reasm_node *nd = r->head; nd; nd = nd->next) {
			assert_int_equal(nd->seq, at);
			at += nd->len;
			if (!nd->next)
				assert_ptr_equal(nd, r->tail);
		}
		assert_int_equal(at, r->end);
		for (; k < r->end - m->nxt; k++)
			assert_true(m->owner[k] >= 0);
		octets += r->end - r->start;
	}
	for (; k < SPAN; k++)
		assert_int_equal(m->owner[k], -1);
	assert_int_equal(s->octets, octets);

	blocks = reasm_sack(s, NULL, out, 4);
	assert_int_equal(blocks, s->n < 4 ? s->n : 4);
	for (unsigned i = 0; i < blocks; i++) {
		for (uint32_t at = out[i].start; at != out[i].end; at++)
			assert_true(m->owner[at - m->nxt] >= 0);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(out[i].start, out[j].start);
	}
}

/* Deliver what has become in order: each octet from the piece that brought it first. */
static void deliver(struct reasm *s, struct model *m, const struct reasm_node *base)
{
	uint32_t octets, k = 0;
	const struct reasm_node *nd = reasm_pop(s, m->nxt, &octets);

	for (; nd; nd = nd->next)
		for (uint32_t end = k + nd->len; k < end; k++)
			assert_int_equal(m->owner[k], nd - base);
	assert_int_equal(k, octets);
	assert_int_equal(m->owner[k], -1);
	memmove(m->owner, m->owner + k, (SPAN - k) * sizeof(m->owner[0]));
	for (uint32_t i = SPAN - k; i < SPAN; i++)
		m->owner[i] = -1;
	m->nxt += k;
}

static void any_pieces_match_an_owner_for_each_octet(void **state)
{
	static struct reasm_node nd[PIECES];
	struct rng rng;

	(void)state;
	tcpalg_seed(&rng, 4);
	for (int round = 0; round < 300; round++) {
		struct reasm *s = fresh((uint16_t)rng_range(&rng, 2, 20));
		struct model m = {.nxt = tcpalg_origins[rng_below(&rng, TCPALG_ORIGINS)]};
		int id = 0;

		m.nxt -= rng_below(&rng, 1000);
		for (int k = 0; k < SPAN; k++)
			m.owner[k] = -1;
		for (int op = 0; op < 150 && id < PIECES; op++) {
			id = random_piece(&rng, s, &m, nd, id);
			compare(s, &m);
			deliver(s, &m, nd);
			compare(s, &m);
		}
		while (reasm_drop_last(s))
			;
		assert_int_equal(s->octets, 0);
		free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_join_in_order),
		cmocka_unit_test(a_piece_that_fills_the_gap_joins_both_sides),
		cmocka_unit_test(rfc9293_3_10_7_4_first_octets_win),
		cmocka_unit_test(full_keeps_one_place_for_what_is_next),
		cmocka_unit_test(memory_is_given_back_from_the_top),
		cmocka_unit_test(rfc2018_4_the_newest_block_comes_first),
		cmocka_unit_test(rfc2018_4_as_many_blocks_as_fit),
		cmocka_unit_test(rfc2883_4_the_duplicate_comes_before_the_blocks),
		cmocka_unit_test(any_pieces_match_an_owner_for_each_octet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
