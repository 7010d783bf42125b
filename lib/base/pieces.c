/* SPDX-License-Identifier: BSD-3-Clause */
/* Pieces of one thing; see pieces.h. */
#include "base/pieces.h"

#include <stddef.h>

/* What is known of the end by now does not allow this piece. */
static bool wrong_end(const struct pieces *s, const struct piece *p, bool last)
{
	if (s->total)
		return p->end > s->total || last != (p->end == s->total);
	return last && s->tail && s->tail->end > p->end;
}

static void insert(struct pieces *s, struct piece *p, struct piece *before, bool last)
{
	struct piece **link = before ? &before->next : &s->head;

	p->next = *link;
	*link = p;
	if (!p->next)
		s->tail = p;
	s->have += p->end - p->off;
	s->count++;
	if (last)
		s->total = p->end;
}

enum pieces_verdict pieces_add(struct pieces *s, struct piece *p, bool last)
{
	struct piece *before = NULL, *after = s->head;

	if (wrong_end(s, p, last))
		return PIECES_CONFLICT;
	if (s->tail && s->tail->end <= p->off) {
		/* In order, as they mostly come: nobody looks at the others. */
		before = s->tail;
		after = NULL;
	}
	while (after && after->off < p->off) {
		before = after;
		after = after->next;
	}
	if (after && after->off == p->off && after->end == p->end && last == (s->total == p->end))
		return PIECES_DUPLICATE;
	if ((before && before->end > p->off) || (after && after->off < p->end))
		return PIECES_CONFLICT;
	insert(s, p, before, last);
	return PIECES_ADDED;
}
