/* SPDX-License-Identifier: BSD-3-Clause */
/* Painting over ranges; see flight_map.h. */
#include "tcpalg/flight_map.h"

#include <string.h>

/* A squeeze looks at all ranges: if it frees less than this part of them, as many changes are to go
 * by until the next one, so that each pays for a few ranges alone. */
#define SQUEEZE_SHARE 16

unsigned map_find(const struct flight_room *room, uint32_t seq)
{
	const struct flight_range *r = &room->r[room->first];
	unsigned low = 0, high = room->n;

	while (high - low > 1) {
		unsigned mid = (low + high) / 2;

		if (seq_leq(r[mid].start, seq))
			low = mid;
		else
			high = mid;
	}
	return low;
}

void map_count(struct flight_room *room, uint32_t flags, uint32_t len, bool on)
{
	uint32_t d = on ? len : 0u - len;

	if (flags & FLIGHT_SACKED)
		room->sacked += d;
	else if (flags & FLIGHT_LOST)
		room->lost += d;
	else if (flags & FLIGHT_RXT)
		room->rxt += d;
}

void map_replace(struct flight_room *room, unsigned i, unsigned j, const struct flight_range *with,
		 unsigned m)
{
	unsigned behind = room->n - j;
	int grow = (int)m - (int)(j - i);

	if (room->rest)
		room->rest--;
	if (room->first + room->n + grow > room->cap) {
		memmove(room->r, map_at(room, 0), room->n * sizeof(room->r[0]));
		room->first = 0;
	}
	if (grow != 0 && room->first >= grow && i < behind) {
		memmove(map_at(room, 0) - grow, map_at(room, 0), i * sizeof(room->r[0]));
		room->first = (uint16_t)(room->first - grow);
	} else if (grow != 0) {
		memmove(map_at(room, i + m), map_at(room, j), behind * sizeof(room->r[0]));
	}
	room->n = (uint16_t)(room->n + grow);
	memcpy(map_at(room, i), with, m * sizeof(*with));
}

void map_squeeze(struct flight_room *room)
{
	struct flight_range *r = map_at(room, 0);
	unsigned n = room->n, to = 0;

	if (room->rest)
		return;
	for (unsigned k = 0; k < room->n; to++) {
		struct flight_range one = r[k++];

		if (k < room->n && !((r[k].flags ^ one.flags) & ~FLIGHT_COARSE)) {
			one.sent_us = seq_max(one.sent_us, r[k++].sent_us);
			one.flags |= FLIGHT_COARSE;
		}
		r[to] = one;
	}
	room->n = (uint16_t)to;
	if (n - to < n / SQUEEZE_SHARE)
		room->rest = (uint16_t)(n / SQUEEZE_SHARE);
}

void map_join(struct flight_room *room)
{
	struct flight_range *r = map_at(room, 0);
	unsigned to = 0;

	for (unsigned k = 1; k < room->n; k++) {
		if (!map_same(&r[to], &r[k]))
			r[++to] = r[k];
	}
	if (room->n)
		room->n = (uint16_t)(to + 1);
}

/* Takes what is known of [s, e) off the counts. */
static void uncount(struct flight_room *room, uint32_t s, uint32_t e, uint32_t nxt)
{
	for (unsigned k = map_find(room, s); k < room->n && seq_lt(map_at(room, k)->start, e);
	     k++) {
		uint32_t from = seq_max(map_at(room, k)->start, s);
		uint32_t to = seq_min(map_end_of(room, k, nxt), e);

		map_count(room, map_at(room, k)->flags, to - from, false);
	}
}

/* Adds a range to the plan, or to the last range of it. */
static void plan_add(struct map_plan *pl, const struct flight_range *r)
{
	if (!pl->m || !map_same(&pl->with[pl->m - 1], r))
		pl->with[pl->m++] = *r;
}

bool map_plan(struct flight_room *room, const struct flight_range *p, uint32_t end, uint32_t nxt,
	      struct map_plan *pl)
{
	struct flight_range rest;

	pl->i = map_find(room, p->start);
	pl->j = map_find(room, end - 1);
	pl->m = 0;
	rest = *map_at(room, pl->j);
	rest.start = end;
	if (map_at(room, pl->i)->start != p->start)
		plan_add(pl, map_at(room, pl->i));
	else if (pl->i > 0 && map_same(map_at(room, pl->i - 1), p))
		plan_add(pl, map_at(room, --pl->i));
	plan_add(pl, p);
	if (map_end_of(room, pl->j++, nxt) != end)
		plan_add(pl, &rest);
	else if (pl->j < room->n && map_same(map_at(room, pl->j), p))
		plan_add(pl, map_at(room, pl->j++));
	return room->n - (pl->j - pl->i) + pl->m <= room->cap;
}

bool map_plan_hard(struct flight_room *room, const struct flight_range *p, uint32_t end,
		   uint32_t nxt, struct map_plan *pl)
{
	if (map_plan(room, p, end, nxt, pl))
		return true;
	map_squeeze(room);
	return map_plan(room, p, end, nxt, pl);
}

void map_paint(struct flight_room *room, const struct flight_range *p, uint32_t end, uint32_t nxt,
	       const struct map_plan *pl)
{
	uncount(room, p->start, end, nxt);
	map_replace(room, pl->i, pl->j, pl->with, pl->m);
	map_count(room, p->flags, end - p->start, true);
}
