/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client of TCP Fast Open remembers of servers: cookies, which belong to a pair of addresses
 * (RFC 7413 §4.1.3), and failures, which belong to a port as well (§4.1.3.1). An entry is one or
 * the other; a cookie's has no port.
 *
 * A table of sets of four, a worker's own: bounded, and what was not used for longest gives way.
 */
#ifndef NSK_TCP_FASTOPEN_CACHE_H
#define NSK_TCP_FASTOPEN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"
#include "mbuf/pkt.h"
#include "wire/tcp_opts.h"

#define FASTOPEN_WAYS 4

/* With each failure in a row a pause doubles, up to so many times what it was. */
#define FASTOPEN_PAUSES 64

struct fastopen_entry {
	struct flow path;	  /* as received: src is the server; our port is 0 */
	struct tcp_cookie cookie; /* of a cookie's */
	uint8_t failures;	  /* in a row; of a failure's */
	uint16_t mss;		  /* that the server offered with the cookie */
	uint64_t used;		  /* greater: later */
	uint64_t until_ms;	  /* before, the path is not to be tried; of a failure's */
};

struct fastopen_cache {
	struct siphash_key key; /* [C] */
	uint32_t sets;		/* [C] a power of two */
	uint64_t uses;
	struct fastopen_entry entry[];
};

/* Sets for so many entries, and the memory that they take. */
uint32_t fastopen_cache_sets(uint32_t entries);
size_t fastopen_cache_bytes(uint32_t sets);

/* In memory that is all zero. */
void fastopen_cache_init(struct fastopen_cache *k, const struct siphash_key *key, uint32_t sets);

/* The cookie for the server of a flow, on whatever port; false: there is none. */
bool fastopen_recall(struct fastopen_cache *k, const struct flow *f, struct tcp_cookie *cookie,
		     uint16_t *mss);

/* A server has given a cookie: it takes the place of the one before. */
void fastopen_remember(struct fastopen_cache *k, const struct flow *f,
		       const struct tcp_cookie *cookie, uint16_t mss);

/* Fast Open failed with the server and port of a flow: not to be tried for pause_ms, or longer. */
void fastopen_failed(struct fastopen_cache *k, const struct flow *f, uint64_t now_ms,
		     uint64_t pause_ms);

/* It did not. */
void fastopen_worked(struct fastopen_cache *k, const struct flow *f);

/* Is it not to be tried now? */
bool fastopen_paused(struct fastopen_cache *k, const struct flow *f, uint64_t now_ms);

#endif
