/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A token bucket for each source prefix, in a table of fixed size: four to a cache line, found by a
 * keyed hash. A prefix that is new takes the place of the one of its four that has been quiet
 * longest, with a full bucket: one source that floods stays limited, since its bucket is the one
 * that is never quiet; many sources, as forged ones are, limit nobody else. Those are what SYN
 * cookies are for.
 */
#ifndef NSK_TCPALG_SRCLIMIT_H
#define NSK_TCPALG_SRCLIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"
#include "tcpalg/limiter.h"

#define SRCLIMIT_WAYS 4
#define SRCLIMIT_SETS 4096u /* a power of two */

struct srclimit_set {
	struct limiter bucket[SRCLIMIT_WAYS];
	uint32_t tag[SRCLIMIT_WAYS]; /* 0: free */
};

struct srclimit {
	struct siphash_key key; /* [C] */
	uint64_t interval_ns;	/* [C] a token comes each */
	uint32_t burst;		/* [C] tokens that a bucket holds */
	uint8_t bits4, bits6;	/* [C] of an address, by family, that make a source */
	struct srclimit_set set[SRCLIMIT_SETS];
};

/* l is all zero. per_second and burst are at least 1. */
void srclimit_init(struct srclimit *l, const struct siphash_key *key, uint32_t per_second,
		   uint32_t burst, uint8_t bits4, uint8_t bits6);

/* May one more come from an address of len octets (4 or 16) at now_ns? */
bool srclimit_allow(struct srclimit *l, const uint8_t *addr, size_t len, uint64_t now_ns);

#endif
