/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pieces of one thing, which come in any order: where each belongs, what of it was there
 * already, and when it is whole. RFC 8200 §4.5 and RFC 5722 in their strictest reading: two pieces
 * that both have an octet make all of them worthless, unless they are the same piece twice. A piece
 * is a node of its owner's; no memory is taken here.
 *
 * Not for a stream, where what was there before is simply cut off: that is tcpalg/reasm.h.
 */
#ifndef NSK_BASE_PIECES_H
#define NSK_BASE_PIECES_H

#include <stdbool.h>
#include <stdint.h>

/* [off, end) of the whole. */
struct piece {
	struct piece *next;
	uint32_t off, end;
};

/* All zero: none. */
struct pieces {
	struct piece *head, *tail; /* by place */
	uint32_t have;		   /* octets in them */
	uint32_t total;		   /* of the whole; 0: the last piece is not there */
	uint32_t count;
};

enum pieces_verdict {
	PIECES_ADDED,
	PIECES_DUPLICATE, /* the very same was there already */
	PIECES_CONFLICT,  /* it overlaps another one, or they do not agree on where the end is */
};

/* Adds p, of which off < end are set; last: nothing comes behind it. It is kept only if it was
 * added. */
enum pieces_verdict pieces_add(struct pieces *s, struct piece *p, bool last);

static inline bool pieces_whole(const struct pieces *s)
{
	return s->total != 0 && s->have == s->total;
}

#endif
