/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcpalg/flight.c against a model that keeps the state of every octet by itself: random
 * sequences of everything that can happen to a flight, with room enough (then both agree on every
 * octet) and with too little (then the ranges know no more than the model, and count what they
 * know).
 */
#include "base/compiler.h"
#include "tcpalg/flight.h"
#include "tcpalg_test.h"

#define OCTETS 3000u
#define STEPS  400
#define ROUNDS 300

struct octet {
	uint32_t sent_us;
	bool sacked, lost, rxt;
};

struct model {
	struct rng rng;
	struct flight f;
	struct octet o[OCTETS]; /* by distance from base */
	uint32_t base, una, nxt, now, cap;
	uint32_t last_us; /* what left last, if anything did */
	bool any, last_again;
	bool exact;
};

static uint32_t below(struct model *m, uint32_t n)
{
	return n ? rng_below(&m->rng, n) : 0;
}

static struct octet *at(struct model *m, uint32_t seq)
{
	return &m->o[seq - m->base];
}

/* The send time of what leaves now: what is sent again after new data of this moment is later. */
static uint32_t leave(struct model *m, bool again)
{
	uint32_t us = m->now;

	if (m->any && seq_leq(us, m->last_us))
		us = m->last_us + (again && !m->last_again);
	m->any = true;
	m->last_us = us;
	m->last_again = again;
	return us;
}

static void new_data(struct model *m)
{
	uint32_t len = 1 + below(m, 60), end = m->base + OCTETS, us;

	if (m->nxt + len - m->base > OCTETS)
		len = end - m->nxt;
	if (len == 0)
		return;
	if (!flight_send(&m->f, m->una, m->nxt, m->now))
		flight_send_slow(&m->f, m->una, m->nxt, m->now, 0);
	us = leave(m, false);
	for (uint32_t k = 0; k < len; k++)
		*at(m, m->nxt + k) = (struct octet){.sent_us = us};
	m->nxt += len;
}

/* What the model has to say to the octets delivered; *news as flight.c should fill it in. */
static void model_deliver(struct model *m, uint32_t seq, struct flight_news *n)
{
	struct octet *o = at(m, seq);
	struct flight_edge e = {o->sent_us, seq + 1};

	if (o->sacked)
		return;
	n->octets++;
	if (o->rxt)
		n->rxt = true;
	else if (seq_lt(seq, n->mark))
		n->orig++;
	if (!o->rxt && seq_lt(seq + 1, n->fack))
		n->reordered = NSK_MAX(n->reordered, n->fack - seq);
	if (!n->any || flight_sent_after(e, n->newest))
		n->newest = e;
	n->any = true;
}

static void compare_news(const struct flight_news *a, const struct flight_news *b)
{
	assert_int_equal(a->octets, b->octets);
	assert_int_equal(a->orig, b->orig);
	assert_int_equal(a->any, b->any);
	assert_int_equal(a->rxt, b->rxt);
	assert_int_equal(a->reordered, b->reordered);
	if (a->any) {
		assert_int_equal(a->newest.sent_us, b->newest.sent_us);
		assert_int_equal(a->newest.end, b->newest.end);
	}
}

static uint32_t highest(struct model *m)
{
	for (uint32_t seq = m->nxt; seq != m->una; seq--)
		if (at(m, seq - 1)->sacked)
			return seq;
	return m->una;
}

static void sack(struct model *m)
{
	struct flight_news got, want;
	uint32_t out = m->nxt - m->una;
	struct seq_range b;
	enum flight_verdict v;

	b.start = m->una + below(m, out + 2);
	b.end = b.start + below(m, 80);
	flight_news_init(&got, m->now, highest(m));
	got.mark = m->una + below(m, out + 1);
	want = got;
	v = flight_sack(&m->f, m->una, m->nxt, b, &got);
	if (b.start == b.end || seq_gt(b.end, m->nxt) || seq_leq(b.start, m->una)) {
		assert_true(v == FLIGHT_BAD || v == FLIGHT_OLD);
		return;
	}
	if (v == FLIGHT_FULL) {
		assert_false(m->exact);
		return;
	}
	for (uint32_t seq = b.start; seq != b.end; seq++)
		model_deliver(m, seq, &want);
	for (uint32_t seq = b.start; seq != b.end; seq++)
		*at(m, seq) = (struct octet){.sacked = true};
	if (m->exact)
		compare_news(&got, &want);
}

static void ack(struct model *m)
{
	struct flight_news got, want;
	uint32_t to = m->una + below(m, NSK_MIN(m->nxt - m->una, 150u) + 1);

	if (to == m->una)
		return;
	flight_news_init(&got, m->now, seq_max(highest(m), m->una));
	got.mark = m->una + below(m, m->nxt - m->una + 1);
	want = got;
	for (uint32_t seq = m->una; seq != to; seq++)
		model_deliver(m, seq, &want);
	flight_ack(&m->f, m->una, to, m->nxt, &got);
	m->una = to;
	if (m->exact) {
		compare_news(&got, &want);
		assert_int_equal(got.reneged, to != m->nxt && at(m, to)->sacked);
	}
	for (uint32_t seq = to; m->exact && seq != m->nxt && at(m, seq)->sacked; seq++)
		*at(m, seq) = (struct octet){.lost = true, .rxt = true};
}

static void detect(struct model *m)
{
	uint32_t wait = below(m, 60), lost, sum = 0, longest = 0, left;
	struct flight_edge e = {m->now - below(m, 50), m->una + below(m, m->nxt - m->una + 1)};

	/* The end of a delivery is always the end of a range. */
	while (e.end != m->nxt && !at(m, e.end)->sacked)
		e.end++;
	left = flight_detect(&m->f, m->una, m->nxt, e, wait, m->now, &lost);
	for (uint32_t seq = m->una, to; seq != m->nxt; seq = to) {
		struct octet *o = at(m, seq);
		bool before;

		/* Octets in one state are one range. */
		for (to = seq + 1; to != m->nxt && memcmp(at(m, to), o, sizeof(*o)) == 0; to++)
			;
		before = flight_sent_after(e, (struct flight_edge){o->sent_us, to});
		if (o->sacked || o->lost || !before)
			continue;
		if (seq_diff(o->sent_us + wait, m->now) > 0) {
			longest = NSK_MAX(longest, o->sent_us + wait - m->now);
			continue;
		}
		sum += to - seq;
		if (m->exact)
			for (uint32_t k = seq; k != to; k++)
				at(m, k)->lost = true;
	}
	if (m->exact) {
		assert_int_equal(lost, sum);
		assert_int_equal(left, longest);
	}
}

static void mark(struct model *m)
{
	uint32_t upto = m->una + below(m, m->nxt - m->una + 1);
	uint32_t sum = flight_mark(&m->f, m->una, m->nxt, upto);

	for (uint32_t seq = m->una; m->exact && seq != upto; seq++)
		if (!at(m, seq)->sacked && !at(m, seq)->lost) {
			at(m, seq)->lost = true;
			sum--;
		}
	if (m->exact)
		assert_int_equal(sum, 0);
}

static void resend(struct model *m)
{
	struct seq_range r;
	uint32_t us;

	if (!flight_next_lost(&m->f, m->una, m->nxt, &r)) {
		for (uint32_t seq = m->una; m->exact && seq != m->nxt; seq++)
			assert_false(at(m, seq)->lost);
		return;
	}
	for (uint32_t seq = m->una; m->exact && seq != r.start; seq++)
		assert_false(at(m, seq)->lost);
	for (uint32_t seq = r.start; m->exact && seq != r.end; seq++)
		assert_true(at(m, seq)->lost);
	if (m->exact && r.end != m->nxt)
		assert_false(at(m, r.end)->lost);
	r.end = r.start + 1 + below(m, seq_range_len(r));
	flight_send_again(&m->f, m->nxt, r, m->now, 0);
	us = leave(m, true);
	for (uint32_t seq = r.start; seq != r.end; seq++) {
		at(m, seq)->sent_us = us;
		at(m, seq)->lost = false;
		at(m, seq)->rxt = true;
	}
}

static void unmark(struct model *m)
{
	flight_unmark(&m->f, m->nxt);
	for (uint32_t seq = m->una; seq != m->nxt; seq++)
		at(m, seq)->lost = false;
}

static void grow(struct model *m)
{
	uint32_t cap = m->cap * 2;

	if (!m->exact && m->cap)
		return;
	if (m->f.room && !flight_tight(&m->f))
		return;
	if (cap == 0)
		cap = m->exact ? 64 : FLIGHT_CAP_MIN + below(m, 20);
	free(flight_attach(&m->f, malloc(flight_bytes(cap)), (uint16_t)cap, m->una, m->nxt));
	m->cap = cap;
}

/* The ranges say of each octet what the model says; their counts are of what they say. */
static void compare(struct model *m)
{
	uint32_t sacked = 0, lost = 0, rxt = 0;

	for (uint32_t seq = m->una; seq != m->nxt; seq++) {
		const struct octet *o = at(m, seq);
		struct flight_range r = flight_at(&m->f, m->una, seq);
		bool is_sacked = r.flags & FLIGHT_SACKED, is_lost = r.flags & FLIGHT_LOST;

		sacked += is_sacked;
		lost += is_lost;
		rxt += !is_sacked && !is_lost && (r.flags & FLIGHT_RXT);
		assert_true(seq_leq(r.start, seq));
		assert_true(!is_sacked || o->sacked); /* never what was not told */
		if (!m->exact)
			continue;
		assert_int_equal(is_sacked, o->sacked);
		assert_int_equal(is_lost, o->lost);
		if (o->sacked)
			continue;
		assert_int_equal(!!(r.flags & FLIGHT_RXT), o->rxt);
		if (!o->lost)
			assert_int_equal(r.sent_us, o->sent_us);
	}
	assert_int_equal(flight_sacked(&m->f), sacked);
	assert_int_equal(flight_lost(&m->f, m->una, m->nxt), lost);
	assert_int_equal(flight_rxt(&m->f, m->una, m->nxt), rxt);
	if (m->f.room)
		assert_true(m->f.room->n <= m->f.room->cap);
}

static void run(struct model *m, uint64_t seed, bool exact)
{
	static void (*const what[])(struct model *) = {new_data, sack,	 sack,	 ack,
						       detect,	 resend, resend, mark};

	memset(m, 0, sizeof(*m));
	rng_seed(&m->rng, seed);
	m->base = tcpalg_origins[seed % TCPALG_ORIGINS] - below(m, 500);
	m->una = m->base;
	m->nxt = m->base;
	m->now = 0xfffffff0u + below(m, 100);
	m->exact = exact;
	grow(m);
	for (int k = 0; k < STEPS; k++) {
		uint32_t i = below(m, 9);

		m->now += below(m, 3) * below(m, 20);
		if (exact)
			grow(m);
		if (i == 8)
			i = below(m, 20) == 0 ? 8 : 0;
		if (i == 8)
			unmark(m);
		else if (i != 7 || below(m, 8) == 0)
			what[i](m);
		compare(m);
	}
	free(flight_detach(&m->f));
}

static void ranges_are_what_octets_would_be(void **state)
{
	struct model *m = malloc(sizeof(*m));
	struct rng rng;

	(void)state;
	assert_non_null(m);
	tcpalg_seed(&rng, 8);
	for (int k = 0; k < ROUNDS; k++)
		run(m, rng_u64(&rng), true);
	free(m);
}

static void full_ranges_know_less_and_never_more(void **state)
{
	struct model *m = malloc(sizeof(*m));
	struct rng rng;

	(void)state;
	assert_non_null(m);
	tcpalg_seed(&rng, 9);
	for (int k = 0; k < ROUNDS; k++)
		run(m, rng_u64(&rng), false);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_what_octets_would_be),
		cmocka_unit_test(full_ranges_know_less_and_never_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
