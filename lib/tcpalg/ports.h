/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Choice of ephemeral ports: RFC 6056 section 3.3.4 (double hash), with a stride per destination
 * instead of steps of one. Towards one destination every port comes once before any comes again;
 * nobody who sees the ports used towards one can tell those towards another.
 *
 * The chooser proposes; whether a port is free and belongs to this worker, the caller tests.
 */
#ifndef NSK_TCPALG_PORTS_H
#define NSK_TCPALG_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

#define PORTS_COUNTERS 256 /* table of RFC 6056 section 3.3.4 */

struct ports {
	struct siphash_key key;		  /* [C] */
	uint32_t counter[PORTS_COUNTERS]; /* [W] */
};

struct ports_iter {
	uint32_t pos;	 /* place of the next candidate in the order, 0 .. range - 1 */
	uint32_t offset; /* where the order begins */
	uint32_t stride; /* prime to range: each port comes once */
	uint32_t range;
	uint32_t left; /* candidates not yet proposed */
	uint16_t min;
	uint16_t slot; /* counter */
};

void ports_init(struct ports *p, const struct siphash_key *key);

/*
 * Begin proposing ports of [min, max] for a connection; dest: local address, foreign address and
 * foreign port in any fixed encoding. min <= max.
 */
void ports_begin(const struct ports *p, struct ports_iter *it, const void *dest, size_t len,
		 uint16_t min, uint16_t max);

/* Next candidate, in host order; false when all were proposed. */
bool ports_next(struct ports_iter *it, uint16_t *port);

/* The last candidate was taken: the next connection of this kind begins after it. */
void ports_taken(struct ports *p, const struct ports_iter *it);

#endif
