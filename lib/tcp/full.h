/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Destinations towards which no port was free: to find that out takes the whole range of ports,
 * milliseconds of a worker's turn. So it is remembered of some, together with the ports that come
 * free meanwhile as their connections end, and the range is gone through again only after a while:
 * a TIME-WAIT may have become old enough to be used again (RFC 6191), a bound socket may be gone.
 */
#ifndef NSK_TCP_FULL_H
#define NSK_TCP_FULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "mbuf/pkt.h"

#define FULL_FREED_MAX 64
#define FULL_NS	       UINT64_C(1000000000)

struct tcp_full {
	uint64_t until_ns; /* 0: no destination */
	struct flow dest;  /* addresses and foreign port of packets from there */
	uint16_t n;	   /* of freed_be */
	uint16_t freed_be[FULL_FREED_MAX];
};

#define FULL_PLACES 8

struct tcp_fulls {
	bool any; /* has been noted ever */
	struct tcp_full at[FULL_PLACES];
};

/* Where f's destination has its place, alone or in turns with others. */
static inline struct tcp_full *full_place(struct tcp_fulls *fulls, const struct flow *f)
{
	uint32_t sum = (uint32_t)f->src[15] + f->dst[15] + f->sport_be + (f->sport_be >> 8);

	return &fulls->at[sum % FULL_PLACES];
}

/* Whether f goes to that destination; its local port is not looked at. */
static inline bool full_is(const struct tcp_full *full, const struct flow *f)
{
	return memcmp(&full->dest, f, offsetof(struct flow, dport_be)) == 0;
}

/* All ports towards f's destination are in use. */
static inline void full_note(struct tcp_fulls *fulls, const struct flow *f, uint64_t now_ns)
{
	struct tcp_full *full = full_place(fulls, f);

	fulls->any = true;
	full->dest = *f;
	full->until_ns = now_ns + FULL_NS;
	full->n = 0;
}

/* A flow has ended. With many ports free the next search is short again. */
static NSK_ALWAYS_INLINE void full_freed(struct tcp_fulls *fulls, const struct flow *f)
{
	struct tcp_full *full;

	if (NSK_LIKELY(!fulls->any))
		return;
	full = full_place(fulls, f);
	if (!full->until_ns || !full_is(full, f))
		return;
	if (full->n < FULL_FREED_MAX)
		full->freed_be[full->n++] = f->dport_be;
	else
		full->until_ns = 0;
}

/* Where only the ports that came free need be tried, as it was not long ago; else NULL. */
static inline struct tcp_full *full_holds(struct tcp_fulls *fulls, const struct flow *f,
					  uint64_t now_ns)
{
	struct tcp_full *full = full_place(fulls, f);

	if (NSK_LIKELY(!fulls->any))
		return NULL;
	if (now_ns >= full->until_ns)
		full->until_ns = 0;
	return full->until_ns && full_is(full, f) ? full : NULL;
}

#endif
