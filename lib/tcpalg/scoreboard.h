/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SACK scoreboard of the sender: which octets above snd_una the peer says it holds
 * (RFC 2018 section 5, RFC 6675 sections 3 and 4).
 *
 * Sorted, disjoint, non-adjacent ranges in one array of fixed capacity. The memory is the
 * caller's: scoreboard_bytes() tells how much, scoreboard_init() starts it, and while no octet is
 * sacked the caller need not have one at all: every query takes NULL for "nothing sacked". A
 * block costs one binary search and moves at most the array. When the array is full a block that
 * needs a range of its own is forgotten: that costs a retransmission, never correctness.
 *
 * A peer's block is believed only within (snd_una, snd_nxt].
 */
#ifndef NSK_TCPALG_SCOREBOARD_H
#define NSK_TCPALG_SCOREBOARD_H

#include <stddef.h>

#include "tcpalg/seq.h"

#define SCOREBOARD_DUPTHRESH 3 /* RFC 6675 section 2 */

struct scoreboard {
	uint32_t sacked; /* [W] octets in all ranges */
	uint16_t n;	 /* [W] ranges in use */
	uint16_t cap;	 /* [C] ranges there is room for */
	struct seq_range r[];
};

/* What a block did. */
enum scoreboard_verdict {
	SCOREBOARD_NEW,	 /* octets not known before are now sacked */
	SCOREBOARD_OLD,	 /* nothing new: known, or acknowledged (see scoreboard_is_dsack) */
	SCOREBOARD_FULL, /* new, but no room: forgotten */
	SCOREBOARD_BAD,	 /* empty, reversed, holding snd_una, or about octets never sent */
};

static inline size_t scoreboard_bytes(unsigned cap)
{
	return sizeof(struct scoreboard) + cap * sizeof(struct seq_range);
}

/* Empty scoreboard with room for cap ranges, 1 <= cap <= 65535. */
void scoreboard_init(struct scoreboard *sb, uint16_t cap);

/* Copy src into dst, which was initialised with at least src->n ranges. For growing. */
void scoreboard_copy(struct scoreboard *dst, const struct scoreboard *src);

/*
 * RFC 2883 section 4: does the first of the n blocks of a segment with this acknowledgement number
 * report a duplicate?
 */
static inline bool scoreboard_is_dsack(const struct seq_range *blk, unsigned n, uint32_t ack)
{
	if (n == 0)
		return false;
	if (seq_leq(blk[0].end, ack))
		return true;
	return n > 1 && seq_geq(blk[0].start, blk[1].start) && seq_leq(blk[0].end, blk[1].end);
}

/* Take in one SACK block; *added tells the octets newly sacked. */
enum scoreboard_verdict scoreboard_add(struct scoreboard *sb, uint32_t snd_una, uint32_t snd_nxt,
				       struct seq_range blk, uint32_t *added);

/* snd_una moved: forget what lies below it. */
void scoreboard_advance(struct scoreboard *sb, uint32_t snd_una);

/* Forget everything (retransmission timeout: the peer may have reneged, RFC 2018 section 8). */
static inline void scoreboard_reset(struct scoreboard *sb)
{
	sb->sacked = 0;
	sb->n = 0;
}

static inline bool scoreboard_empty(const struct scoreboard *sb)
{
	return !sb || sb->n == 0;
}

static inline bool scoreboard_full(const struct scoreboard *sb)
{
	return sb->n == sb->cap;
}

static inline uint32_t scoreboard_sacked(const struct scoreboard *sb)
{
	return sb ? sb->sacked : 0;
}

/* End of the highest sacked range; snd_una when there is none (HighData sacked). */
static inline uint32_t scoreboard_high(const struct scoreboard *sb, uint32_t snd_una)
{
	return scoreboard_empty(sb) ? snd_una : sb->r[sb->n - 1].end;
}

/* Is the octet at seq sacked? */
bool scoreboard_is_sacked(const struct scoreboard *sb, uint32_t seq);

/*
 * First hole at or after from and before limit: octets not sacked. False when there is none.
 * from >= snd_una as last told to scoreboard_advance.
 */
bool scoreboard_hole(const struct scoreboard *sb, uint32_t from, uint32_t limit,
		     struct seq_range *hole);

/* Octets sacked below seq. */
uint32_t scoreboard_sacked_below(const struct scoreboard *sb, uint32_t seq);

/*
 * IsLost of RFC 6675 section 4 is monotonous: there is one edge below which every octet not sacked
 * counts as lost (DupThresh ranges, or more than (DupThresh - 1) * SMSS octets, sacked above it).
 * Returns that edge; snd_una when nothing is lost. Constant time.
 */
uint32_t scoreboard_lost_edge(const struct scoreboard *sb, uint32_t snd_una, uint32_t smss);

static inline bool scoreboard_is_lost(const struct scoreboard *sb, uint32_t snd_una, uint32_t smss,
				      uint32_t seq)
{
	return seq_lt(seq, scoreboard_lost_edge(sb, snd_una, smss)) &&
	       !scoreboard_is_sacked(sb, seq);
}

#endif
