/* SPDX-License-Identifier: BSD-3-Clause */
/* Reassembly set of the receiver; see reasm.h. */
#include <string.h>

#include "tcpalg/reasm.h"

/* First range that ends at or after seq, hence touches or follows it; n when there is none. */
static unsigned first_ending_from(const struct reasm *s, uint32_t seq)
{
	unsigned low = 0, high = s->n;

	/* What continues the last range, or follows it, is what comes most. */
	if (high != 0 && seq_geq(seq, s->r[high - 1].start))
		return seq_lt(s->r[high - 1].end, seq) ? high : high - 1;
	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (seq_lt(s->r[mid].end, seq))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Range i has just been touched at seq: it comes first in the next ACK. */
static void remember(struct reasm *s, unsigned i, uint32_t seq)
{
	const struct reasm_range *r = &s->r[i];
	uint32_t kept = 1, old[REASM_RECENT];

	if (s->nrecent != 0 && seq_between(r->start, s->recent[0], r->end - 1)) {
		s->recent[0] = seq;
		return;
	}
	memcpy(old, s->recent, sizeof(old));
	for (uint32_t k = 0; k < s->nrecent && kept < REASM_RECENT; k++)
		if (!seq_between(r->start, old[k], r->end - 1))
			s->recent[kept++] = old[k];
	s->recent[0] = seq;
	s->nrecent = kept;
}

static void remove_range(struct reasm *s, unsigned i)
{
	s->n--;
	memmove(&s->r[i], &s->r[i + 1], (s->n - i) * sizeof(s->r[0]));
}

static bool insert_range(struct reasm *s, unsigned i, uint32_t rcv_nxt, struct reasm_node *nd)
{
	if (nd->seq == rcv_nxt ? s->n >= s->cap : reasm_full(s))
		return false;
	memmove(&s->r[i + 1], &s->r[i], (s->n - i) * sizeof(s->r[0]));
	s->n++;
	nd->next = NULL;
	s->r[i] = (struct reasm_range){
		.start = nd->seq,
		.end = nd->seq + nd->len,
		.head = nd,
		.tail = nd,
	};
	return true;
}

/* Put nd, trimmed to [seq, seq + len), behind range i; it may close the gap to the next one. */
static void append(struct reasm *s, unsigned i, struct reasm_node *nd)
{
	struct reasm_range *r = &s->r[i];

	nd->next = NULL;
	r->tail->next = nd;
	r->tail = nd;
	r->end += nd->len;
	if (i + 1u == s->n || r[1].start != r->end)
		return;
	nd->next = r[1].head;
	r->tail = r[1].tail;
	r->end = r[1].end;
	remove_range(s, i + 1);
}

static void prepend(struct reasm *s, unsigned i, struct reasm_node *nd)
{
	struct reasm_range *r = &s->r[i];

	nd->next = r->head;
	r->head = nd;
	r->start = nd->seq;
}

void reasm_init(struct reasm *s, uint16_t cap)
{
	s->n = 0;
	s->cap = cap;
	s->octets = 0;
	s->nrecent = 0;
}

void reasm_move(struct reasm *dst, struct reasm *src)
{
	dst->n = src->n;
	dst->octets = src->octets;
	dst->nrecent = src->nrecent;
	memcpy(dst->recent, src->recent, sizeof(src->recent));
	memcpy(dst->r, src->r, src->n * sizeof(src->r[0]));
	reasm_init(src, src->cap);
}

/*
 * Cut the end of a piece down to what comes before range k, and say in res what was cut. The piece
 * begins before range k does.
 */
static void trim_back(const struct reasm *s, unsigned k, uint32_t *end, struct reasm_result *res)
{
	const struct reasm_range *r = &s->r[k];

	if (k == s->n || seq_leq(*end, r->start))
		return;
	res->back = *end - r->start;
	if (seq_gt(*end, r->end))
		res->again = *end - r->end;
	if (seq_range_len(res->dup) == 0)
		res->dup = (struct seq_range){r->start, seq_min(*end, r->end)};
	*end = r->start;
}

struct reasm_result reasm_insert(struct reasm *s, uint32_t rcv_nxt, struct reasm_node *nd)
{
	struct reasm_result res = {.verdict = REASM_KEPT};
	uint32_t seq = nd->seq, end = nd->seq + nd->len;
	unsigned i = first_ending_from(s, seq);
	bool follows = i < s->n && seq_leq(s->r[i].start, seq); /* touches range i from within */

	if (follows && seq_leq(end, s->r[i].end)) {
		res.verdict = REASM_DUP;
		res.dup = (struct seq_range){seq, end};
		remember(s, i, seq);
		return res;
	}
	if (follows && s->r[i].end != seq) {
		res.front = s->r[i].end - seq;
		res.dup = (struct seq_range){seq, s->r[i].end};
		seq = s->r[i].end;
	}
	trim_back(s, follows ? i + 1 : i, &end, &res);
	nd->seq = seq;
	nd->len = end - seq;

	if (follows) {
		append(s, i, nd);
	} else if (i < s->n && s->r[i].start == end) {
		prepend(s, i, nd);
	} else if (!insert_range(s, i, rcv_nxt, nd)) {
		res.verdict = REASM_FULL;
		return res;
	}
	s->octets += end - seq;
	remember(s, i, seq);
	return res;
}

void reasm_extend(struct reasm *s, unsigned i, uint32_t len)
{
	struct reasm_range *r = &s->r[i];
	uint32_t seq = r->end;

	r->tail->len += len;
	r->end += len;
	s->octets += len;
	remember(s, i, seq);
}

/* Take range i out of the set. */
static struct reasm_node *take(struct reasm *s, unsigned i, uint32_t *octets)
{
	struct reasm_node *head = s->r[i].head;

	*octets = s->r[i].end - s->r[i].start;
	s->octets -= *octets;
	remove_range(s, i);
	if (s->n == 0)
		s->nrecent = 0;
	return head;
}

struct reasm_node *reasm_pop(struct reasm *s, uint32_t rcv_nxt, uint32_t *octets)
{
	*octets = 0;
	if (s->n == 0 || s->r[0].start != rcv_nxt)
		return NULL;
	return take(s, 0, octets);
}

struct reasm_node *reasm_drop_last(struct reasm *s)
{
	uint32_t octets;

	return s->n == 0 ? NULL : take(s, s->n - 1u, &octets);
}

/* Append range r to the blocks unless it is among those from first on. */
static unsigned add_block(struct seq_range *out, unsigned first, unsigned m,
			  const struct reasm_range *r)
{
	for (unsigned k = first; k < m; k++)
		if (out[k].start == r->start)
			return m;
	out[m] = (struct seq_range){r->start, r->end};
	return m + 1;
}

unsigned reasm_sack(const struct reasm *s, const struct seq_range *dup, struct seq_range *out,
		    unsigned max)
{
	unsigned m = 0, first;

	if (dup && dup->start != dup->end && max != 0)
		out[m++] = *dup;
	first = m;
	if (!s)
		return m;
	for (uint32_t k = 0; k < s->nrecent && m < max; k++) {
		unsigned i = first_ending_from(s, s->recent[k] + 1);

		/* A range remembered may be gone: popped, or dropped for want of memory. */
		if (i < s->n && seq_leq(s->r[i].start, s->recent[k]))
			m = add_block(out, first, m, &s->r[i]);
	}
	/* Room left: older ranges from the lowest on (RFC 2018 section 4: as many as fit). */
	for (unsigned i = 0; i < s->n && m < max; i++)
		m = add_block(out, first, m, &s->r[i]);
	return m;
}
