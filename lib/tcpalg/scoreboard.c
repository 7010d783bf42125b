/* SPDX-License-Identifier: BSD-3-Clause */
/* SACK scoreboard: RFC 2018 section 5, RFC 6675 sections 3 and 4; see scoreboard.h. */
#include <string.h>

#include "tcpalg/scoreboard.h"

/* No window is larger than this (RFC 7323 section 2.3): older blocks are inventions. */
#define WINDOW_MAX (1u << 30)

/* First range that ends at or after seq, hence touches or follows it; n when there is none. */
static unsigned first_ending_from(const struct scoreboard *sb, uint32_t seq)
{
	unsigned low = 0, high = sb->n;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (seq_lt(sb->r[mid].end, seq))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Replace the ranges [i, j) by none. */
static void remove_ranges(struct scoreboard *sb, unsigned i, unsigned j)
{
	memmove(&sb->r[i], &sb->r[j], (sb->n - j) * sizeof(sb->r[0]));
	sb->n = (uint16_t)(sb->n - (j - i));
}

void scoreboard_init(struct scoreboard *sb, uint16_t cap)
{
	sb->sacked = 0;
	sb->n = 0;
	sb->cap = cap;
}

void scoreboard_copy(struct scoreboard *dst, const struct scoreboard *src)
{
	dst->sacked = src->sacked;
	dst->n = src->n;
	memcpy(dst->r, src->r, src->n * sizeof(src->r[0]));
}

static enum scoreboard_verdict insert_range(struct scoreboard *sb, unsigned i, struct seq_range blk)
{
	if (sb->n == sb->cap)
		return SCOREBOARD_FULL;
	memmove(&sb->r[i + 1], &sb->r[i], (sb->n - i) * sizeof(sb->r[0]));
	sb->r[i] = blk;
	sb->n++;
	sb->sacked += seq_range_len(blk);
	return SCOREBOARD_NEW;
}

/* Make one range of blk and the ranges [i, j) that it touches; returns the octets that were new. */
static uint32_t merge_ranges(struct scoreboard *sb, unsigned i, unsigned j, struct seq_range blk)
{
	uint32_t held = 0, added;

	for (unsigned k = i; k < j; k++)
		held += seq_range_len(sb->r[k]);
	blk.start = seq_min(blk.start, sb->r[i].start);
	blk.end = seq_max(blk.end, sb->r[j - 1].end);
	added = seq_range_len(blk) - held;
	sb->r[i] = blk;
	remove_ranges(sb, i + 1, j);
	sb->sacked += added;
	return added;
}

enum scoreboard_verdict scoreboard_add(struct scoreboard *sb, uint32_t snd_una, uint32_t snd_nxt,
				       struct seq_range blk, uint32_t *added)
{
	enum scoreboard_verdict v;
	unsigned i, j;

	*added = 0;
	if (seq_geq(blk.start, blk.end) || seq_gt(blk.end, snd_nxt))
		return SCOREBOARD_BAD;
	if (seq_leq(blk.end, snd_una))
		return snd_una - blk.start > WINDOW_MAX ? SCOREBOARD_BAD : SCOREBOARD_OLD;
	/* Who holds the octet at snd_una would have acknowledged it. */
	if (seq_leq(blk.start, snd_una))
		return SCOREBOARD_BAD;

	i = first_ending_from(sb, blk.start);
	for (j = i; j < sb->n && seq_leq(sb->r[j].start, blk.end); j++)
		;
	if (i == j) {
		v = insert_range(sb, i, blk);
		if (v == SCOREBOARD_NEW)
			*added = seq_range_len(blk);
		return v;
	}
	*added = merge_ranges(sb, i, j, blk);
	return *added != 0 ? SCOREBOARD_NEW : SCOREBOARD_OLD;
}

void scoreboard_advance(struct scoreboard *sb, uint32_t snd_una)
{
	unsigned i;

	/*
	 * A range that begins at or below snd_una and reaches beyond contradicts the
	 * acknowledgement: the peer has dropped it (reneged), or lied. It is forgotten as well.
	 */
	for (i = 0; i < sb->n && seq_leq(sb->r[i].start, snd_una); i++)
		sb->sacked -= seq_range_len(sb->r[i]);
	if (i != 0)
		remove_ranges(sb, 0, i);
}

bool scoreboard_is_sacked(const struct scoreboard *sb, uint32_t seq)
{
	unsigned i;

	if (scoreboard_empty(sb))
		return false;
	i = first_ending_from(sb, seq + 1);
	return i < sb->n && seq_leq(sb->r[i].start, seq);
}

bool scoreboard_hole(const struct scoreboard *sb, uint32_t from, uint32_t limit,
		     struct seq_range *hole)
{
	unsigned i = 0, n = sb ? sb->n : 0;

	if (n != 0) {
		i = first_ending_from(sb, from + 1);
		if (i < n && seq_leq(sb->r[i].start, from))
			from = sb->r[i++].end;
	}
	if (seq_geq(from, limit))
		return false;
	hole->start = from;
	hole->end = i < n ? seq_min(sb->r[i].start, limit) : limit;
	return true;
}

uint32_t scoreboard_sacked_below(const struct scoreboard *sb, uint32_t seq)
{
	uint32_t sum = 0;

	if (!sb)
		return 0;
	for (unsigned i = 0; i < sb->n && seq_lt(sb->r[i].start, seq); i++)
		sum += seq_min(sb->r[i].end, seq) - sb->r[i].start;
	return sum;
}

uint32_t scoreboard_lost_edge(const struct scoreboard *sb, uint32_t snd_una, uint32_t smss)
{
	uint32_t above = 0;
	unsigned n = sb ? sb->n : 0;

	/* From the top: at most DupThresh ranges decide. */
	for (unsigned k = 1; k <= n; k++) {
		const struct seq_range *r = &sb->r[n - k];

		above += seq_range_len(*r);
		if (k >= SCOREBOARD_DUPTHRESH || above > (SCOREBOARD_DUPTHRESH - 1) * smss)
			return r->start;
	}
	return snd_una;
}
