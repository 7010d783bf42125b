/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cookies of TCP Fast Open as a server makes them (RFC 7413 section 4.1.2): a keyed hash of both
 * addresses. They are Linux's, octet for octet, so that servers of both kinds that share a key take
 * each other's.
 *
 * There are two keys: cookies are made with the first, those of the second are good as well. Either
 * somebody has told them, or they are made from a secret, a key an epoch: then a cookie expires at
 * the end of the epoch after its own.
 */
#ifndef NSK_TCPALG_FASTOPEN_H
#define NSK_TCPALG_FASTOPEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

#define FASTOPEN_COOKIE_LEN 8
#define FASTOPEN_KEY_LEN    16 /* octets of a key, as it is told */

struct fastopen_keys {
	struct siphash_key key[2]; /* the present one, the one before */
	uint32_t count;		   /* 0 to 2 */
};

/* Keys of two epochs. */
struct fastopen_jar {
	struct fastopen_keys keys;
	uint64_t epoch; /* the newer one */
};

enum fastopen_verdict {
	FASTOPEN_BAD,
	FASTOPEN_GOOD,
	FASTOPEN_OLD, /* made with the key before: the client should have a new one */
};

/* The keys of this epoch and the one before. */
const struct fastopen_keys *fastopen_turn(struct fastopen_jar *jar,
					  const struct siphash_key *secret, uint64_t epoch);

/* The cookie of len octets of addresses, the client's and the server's as they are on the wire. */
void fastopen_make(const struct siphash_key *key, const void *addresses, size_t len,
		   uint8_t cookie[FASTOPEN_COOKIE_LEN]);

/* Is a cookie of n octets one of theirs? */
enum fastopen_verdict fastopen_check(const struct fastopen_keys *keys, const void *addresses,
				     size_t len, const uint8_t *cookie, size_t n);

#endif
