/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the workers of a stack share beside settings and the configuration: written rarely, read
 * where no packet of an established flow comes by.
 */
#ifndef NSK_MBUF_SHARED_H
#define NSK_MBUF_SHARED_H

#include <stdint.h>

#include "base/siphash.h"

struct stack_shared {
	struct siphash_key secret; /* [C] of shared_key() */
	uint64_t cookie_ns; /* [A] when a SYN cookie was given out last, about; 0: none was */
};

/* Secrets that have to be the same on all workers, so that a flow may move. */
enum shared_secret {
	SHARED_ISN,
	SHARED_TS_OFFSET,
	SHARED_COOKIE,
};

/* The key of one purpose; nobody tells it from that of another. */
static inline struct siphash_key shared_key(const struct stack_shared *s, enum shared_secret what)
{
	const uint8_t label[2][2] = {{(uint8_t)what, 0}, {(uint8_t)what, 1}};

	return (struct siphash_key){
		.k0 = siphash24(&s->secret, label[0], sizeof(label[0])),
		.k1 = siphash24(&s->secret, label[1], sizeof(label[1])),
	};
}

#endif
