/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packet size to try next on a path that is known to take `low` and may take as much as
 * `high` (RFC 4821 section 7.3): the largest first, since most often a narrow path has given way to
 * the usual one; then halves.
 */
#ifndef NSK_TCPALG_MTUSEARCH_H
#define NSK_TCPALG_MTUSEARCH_H

#include <stdbool.h>
#include <stdint.h>

/* Closer than that is close enough, as in Linux. */
#define MTU_SEARCH_END 8

struct mtu_search {
	uint16_t low;  /* [W] octets of a packet that gets through */
	uint16_t high; /* [W] the largest that may */
	bool halves;   /* [W] the largest was tried */
	uint8_t spare;
};

static inline void mtu_search_begin(struct mtu_search *s, uint16_t low, uint16_t high)
{
	*s = (struct mtu_search){.low = low, .high = high};
}

/* The size to try, larger than low; 0: the search is over. */
static inline uint16_t mtu_search_next(const struct mtu_search *s)
{
	if (s->high <= s->low)
		return 0;
	if (!s->halves)
		return s->high;
	if (s->high - s->low < MTU_SEARCH_END)
		return 0;
	return (uint16_t)(s->low + (s->high - s->low + 1) / 2);
}

/* size got through, or more. */
static inline void mtu_search_passed(struct mtu_search *s, uint16_t size)
{
	s->low = size;
}

/* size did not. */
static inline void mtu_search_lost(struct mtu_search *s, uint16_t size)
{
	s->high = (uint16_t)(size - 1);
	s->halves = true;
}

/* A router says what it takes (RFC 1191 section 4): that is the next to try. */
static inline void mtu_search_told(struct mtu_search *s, uint16_t mtu)
{
	if (mtu < s->high) {
		s->high = mtu;
		s->halves = false;
	}
}

#endif
