/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive-side reassembly: the out-of-order octets above rcv_nxt (RFC 9293 section 3.10.7.4,
 * seventh check) and the SACK blocks that report them (RFC 2018 section 4, RFC 2883).
 *
 * A set is an array of disjoint, non-adjacent ranges in order; each range owns a chain of nodes,
 * one per piece, contiguous and without overlap. A node is embedded in whatever carries the octets
 * (the packet descriptor): the set never looks at payload. Finding a place costs one binary
 * search, or nothing when the piece continues the last range; joining ranges links chains. The
 * memory of the set is the caller's, as with what is in flight; a set is only needed while
 * something is out of order. What the pieces weigh is counted by the caller too.
 *
 * Octets that came first win: a piece is trimmed to what is not there yet. So an in-order piece
 * that meets a set with something in it goes through the set as well (insert, then pop), and what
 * was once reported by SACK never changes.
 */
#ifndef NSK_TCPALG_REASM_H
#define NSK_TCPALG_REASM_H

#include <stddef.h>

#include "tcpalg/seq.h"

#define REASM_RECENT 4 /* ranges remembered for the order of SACK blocks */

/* One piece, linked in ascending order within its range. */
struct reasm_node {
	struct reasm_node *next;
	uint32_t seq;
	uint32_t len;
};

struct reasm_range {
	uint32_t start;
	uint32_t end;
	struct reasm_node *head;
	struct reasm_node *tail;
};

struct reasm {
	uint16_t n;		       /* [W] ranges in use */
	uint16_t cap;		       /* [C] room, one of it kept for the range at rcv_nxt */
	uint32_t octets;	       /* [W] payload held */
	uint32_t nrecent;	       /* [W] */
	uint32_t recent[REASM_RECENT]; /* [W] a number in each range touched last, newest first */
	struct reasm_range r[];
};

enum reasm_verdict {
	REASM_KEPT, /* the node is linked: trim its carrier by front and back */
	REASM_DUP,  /* every octet is there already: the carrier is the caller's to free */
	REASM_FULL, /* no range free: likewise */
};

/* The piece offered was [seq, seq + len). */
struct reasm_result {
	enum reasm_verdict verdict;
	uint32_t front;	      /* octets to cut off the front */
	uint32_t back;	      /* octets to cut off the back */
	uint32_t again;	      /* of those, the last so many are new beyond a range already held:
			       * they may be offered again in a carrier of their own */
	struct seq_range dup; /* first octets offered that were held already (D-SACK); or empty */
};

static inline size_t reasm_bytes(unsigned cap)
{
	return sizeof(struct reasm) + cap * sizeof(struct reasm_range);
}

/* Empty set with room for cap ranges, 2 <= cap <= 65535. */
void reasm_init(struct reasm *s, uint16_t cap);

/* Move everything from src to dst, which was initialised with at least src->n + 1 ranges. */
void reasm_move(struct reasm *dst, struct reasm *src);

/*
 * Offer the piece described by nd (seq, len > 0), which lies at or above rcv_nxt and within the
 * window (less than 2^31 octets). When kept, nd->seq and nd->len are those of what was kept.
 */
struct reasm_result reasm_insert(struct reasm *s, uint32_t rcv_nxt, struct reasm_node *nd);

/* The last piece of range i has grown by len octets, which reach no other range. */
void reasm_extend(struct reasm *s, unsigned i, uint32_t len);

/*
 * Take out the range that starts at rcv_nxt: its chain (NULL: there is none), *octets long. The
 * caller advances rcv_nxt by *octets. FIN is none of the set's business.
 */
struct reasm_node *reasm_pop(struct reasm *s, uint32_t rcv_nxt, uint32_t *octets);

/*
 * Take out the highest range, to give memory back (octets only reported by SACK may be dropped,
 * RFC 2018 section 8). Also the way to empty a set at the end. NULL when empty.
 */
struct reasm_node *reasm_drop_last(struct reasm *s);

static inline bool reasm_empty(const struct reasm *s)
{
	return !s || s->n == 0;
}

/* One beyond the highest octet of a set that is not empty. */
static inline uint32_t reasm_end(const struct reasm *s)
{
	return s->r[s->n - 1].end;
}

/* Is there room for a range that joins no other? */
static inline bool reasm_full(const struct reasm *s)
{
	return s->n + 1 >= s->cap;
}

/*
 * Write at most max SACK blocks for an ACK: first the duplicate if there is one (dup not NULL and
 * not empty), then ranges, the one touched last first. s may be NULL. Returns how many.
 */
unsigned reasm_sack(const struct reasm *s, const struct seq_range *dup, struct seq_range *out,
		    unsigned max);

#endif
