/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/base/pieces.c against a model that knows of each octet whether it is there. */
#include "base/pieces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/rng.h"

#define WHOLE_MAX 40 /* octets */
#define KEPT_MAX  64

/* ---- the model ---- */

struct range {
	uint32_t off, end;
	bool last;
};

struct model {
	bool there[WHOLE_MAX];
	struct range kept[KEPT_MAX];
	unsigned n;
};

static enum pieces_verdict model_judge(const struct model *m, const struct range *r)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->kept[i].off == r->off && m->kept[i].end == r->end &&
		    m->kept[i].last == r->last)
			return PIECES_DUPLICATE;
	for (uint32_t at = r->off; at < r->end; at++)
		if (m->there[at])
			return PIECES_CONFLICT;
	for (unsigned i = 0; i < m->n; i++) {
		const struct range *k = &m->kept[i];

		if ((k->last && r->end > k->end) || (r->last && k->end > r->end))
			return PIECES_CONFLICT;
	}
	return PIECES_ADDED;
}

static void model_keep(struct model *m, const struct range *r)
{
	for (uint32_t at = r->off; at < r->end; at++)
		m->there[at] = true;
	m->kept[m->n++] = *r;
}

static bool model_whole(const struct model *m)
{
	uint32_t end = 0;

	for (unsigned i = 0; i < m->n; i++)
		if (m->kept[i].last)
			end = m->kept[i].end;
	for (uint32_t at = 0; at < end; at++)
		if (!m->there[at])
			return false;
	return end > 0;
}

/* ---- both ---- */

struct both {
	struct pieces set;
	struct model model;
	struct piece node[KEPT_MAX];
	unsigned nodes;
};

/* They are in order, and say what they say of themselves. */
static void check(const struct both *b)
{
	uint32_t have = 0, at = 0, count = 0;
	const struct piece *last = NULL;

	for (const struct piece *p = b->set.head; p; p = p->next) {
		assert_true(p->off >= at);
		at = p->end;
		have += p->end - p->off;
		count++;
		last = p;
	}
	assert_int_equal(have, b->set.have);
	assert_int_equal(count, b->set.count);
	assert_int_equal(count, b->model.n);
	assert_ptr_equal(last, b->set.tail);
	assert_int_equal(pieces_whole(&b->set), model_whole(&b->model));
}

static enum pieces_verdict offer(struct both *b, struct range r)
{
	struct piece *p = &b->node[b->nodes];
	enum pieces_verdict verdict, wanted = model_judge(&b->model, &r);

	*p = (struct piece){.off = r.off, .end = r.end};
	verdict = pieces_add(&b->set, p, r.last);
	assert_int_equal(verdict, wanted);
	if (verdict == PIECES_ADDED) {
		b->nodes++;
		model_keep(&b->model, &r);
	}
	check(b);
	return verdict;
}

/* ---- tests ---- */

static void test_any_pieces_at_all_are_judged_as_the_model_does(void **state)
{
	unsigned seen[3] = {0}, whole = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 11);
	for (unsigned round = 0; round < 60000; round++) {
		uint32_t size = rng_range(&rng, 1, WHOLE_MAX), most = rng_range(&rng, 1, size);
		struct both b = {0};

		for (unsigned i = 0; i < 30 && !pieces_whole(&b.set); i++) {
			struct range r;

			r.off = rng_below(&rng, size);
			r.end = r.off + rng_range(&rng, 1, NSK_MIN(most, size - r.off));
			r.last = r.end == size || rng_chance(&rng, 20000);
			if (b.model.n && rng_chance(&rng, 100000))
				r = b.model.kept[rng_below(&rng, b.model.n)];
			seen[offer(&b, r)]++;
		}
		whole += pieces_whole(&b.set);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_true(seen[i] > 10000);
	assert_true(whole > 1000);
}

#define CUTS 6

/* The pieces of a whole in the order of one permutation; what is wrong among them is offered before
 * piece at. */
static void in_order(const unsigned *order, int wrong, unsigned at, bool duplicate)
{
	static const uint32_t cut[CUTS + 1] = {0, 3, 4, 9, 11, 12, 17};
	struct both b = {0};

	for (unsigned i = 0; i < CUTS; i++) {
		struct range r = {cut[order[i]], cut[order[i] + 1], order[i] == CUTS - 1};

		if (i == at && wrong >= 0) {
			struct range bad = b.model.kept[wrong];

			if (!duplicate) {
				bad.off = bad.off ? bad.off - 1 : 0;
				bad.end += !bad.last;
			}
			assert_int_equal(offer(&b, bad),
					 duplicate ? PIECES_DUPLICATE : PIECES_CONFLICT);
		}
		assert_int_equal(offer(&b, r), PIECES_ADDED);
		assert_int_equal(pieces_whole(&b.set), i == CUTS - 1);
	}
}

/* Each permutation once, with each of those there twice, and overlapped, at each moment. */
static void permute(unsigned *order, unsigned n)
{
	if (n == CUTS) {
		in_order(order, -1, 0, false);
		for (unsigned at = 1; at < CUTS; at++)
			for (int wrong = 0; wrong < (int)at; wrong++) {
				in_order(order, wrong, at, true);
				in_order(order, wrong, at, false);
			}
		return;
	}
	for (unsigned i = n; i < CUTS; i++) {
		unsigned a = order[n];

		order[n] = order[i];
		order[i] = a;
		permute(order, n + 1);
		order[i] = order[n];
		order[n] = a;
	}
}

static void test_every_order_with_every_duplicate_and_overlap(void **state)
{
	unsigned order[CUTS] = {0, 1, 2, 3, 4, 5};

	(void)state;
	permute(order, 0);
}

static void test_no_two_ends(void **state)
{
	struct both b = {0};

	(void)state;
	offer(&b, (struct range){8, 16, false});
	assert_int_equal(offer(&b, (struct range){0, 8, true}), PIECES_CONFLICT); /* before it */
	offer(&b, (struct range){24, 30, true});
	assert_int_equal(offer(&b, (struct range){30, 32, true}), PIECES_CONFLICT); /* behind it */
	assert_int_equal(offer(&b, (struct range){30, 32, false}), PIECES_CONFLICT);
	assert_int_equal(offer(&b, (struct range){16, 24, true}), PIECES_CONFLICT);
	assert_int_equal(offer(&b, (struct range){24, 30, false}), PIECES_CONFLICT);
	assert_int_equal(offer(&b, (struct range){24, 30, true}), PIECES_DUPLICATE);
	offer(&b, (struct range){0, 8, false});
	offer(&b, (struct range){16, 24, false});
	assert_true(pieces_whole(&b.set));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_pieces_at_all_are_judged_as_the_model_does),
		cmocka_unit_test(test_every_order_with_every_duplicate_and_overlap),
		cmocka_unit_test(test_no_two_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
