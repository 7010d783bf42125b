/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ranges of a flight as a map: sorted, without gaps, each in one state, and the octets of each
 * state counted. A stretch is painted over with another state, whatever ranges it cuts or covers.
 * What the states mean is flight.h's; only flight.c includes this.
 */
#ifndef NSK_TCPALG_FLIGHT_MAP_H
#define NSK_TCPALG_FLIGHT_MAP_H

#include "tcpalg/flight.h"

static inline struct flight_range *map_at(struct flight_room *room, unsigned k)
{
	return &room->r[room->first + k];
}

static inline uint32_t map_end_of(const struct flight_room *room, unsigned k, uint32_t nxt)
{
	return k + 1 < room->n ? room->r[room->first + k + 1].start : nxt;
}

/* Does one state describe both? */
static inline bool map_same(const struct flight_range *a, const struct flight_range *b)
{
	return a->flags == b->flags && ((a->flags & FLIGHT_SACKED) || a->sent_us == b->sent_us);
}

/* The range that holds seq; the first one for what lies before, the last for what lies behind. */
unsigned map_find(const struct flight_room *room, uint32_t seq);

/* Counts len octets of such a state, or takes them off the count. */
void map_count(struct flight_room *room, uint32_t flags, uint32_t len, bool on);

/* Ranges [i, j) become the m of with; m <= j - i, or the difference is free. */
void map_replace(struct flight_room *room, unsigned i, unsigned j, const struct flight_range *with,
		 unsigned m);

/* Makes one of each two neighbours of one kind; the later time stands for both. */
void map_squeeze(struct flight_room *room);

/* Makes one of those that need not be two. */
void map_join(struct flight_room *room);

/* Ranges [i, j) give way to the m of with. */
struct map_plan {
	unsigned i, j, m;
	struct flight_range with[3];
};

/*
 * How [p.start, end) becomes one range in p's state, joined with neighbours in the same state;
 * pieces of ranges that it cuts stay what they are. False: no room for that.
 */
bool map_plan(struct flight_room *room, const struct flight_range *p, uint32_t end, uint32_t nxt,
	      struct map_plan *pl);

/* The same, with room made if need be. */
bool map_plan_hard(struct flight_room *room, const struct flight_range *p, uint32_t end,
		   uint32_t nxt, struct map_plan *pl);

/* Does as planned. */
void map_paint(struct flight_room *room, const struct flight_range *p, uint32_t end, uint32_t nxt,
	       const struct map_plan *pl);

#endif
