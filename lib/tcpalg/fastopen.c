/* SPDX-License-Identifier: BSD-3-Clause */
/* Cookies of TCP Fast Open; see fastopen.h. */
#include <string.h>

#include "tcpalg/fastopen.h"

const struct fastopen_keys *fastopen_turn(struct fastopen_jar *jar,
					  const struct siphash_key *secret, uint64_t epoch)
{
	if (jar->keys.count && jar->epoch == epoch)
		return &jar->keys;
	jar->epoch = epoch;
	jar->keys.key[0] = siphash_derive(secret, epoch);
	jar->keys.key[1] = siphash_derive(secret, epoch - 1);
	jar->keys.count = 2;
	return &jar->keys;
}

void fastopen_make(const struct siphash_key *key, const void *addresses, size_t len,
		   uint8_t cookie[FASTOPEN_COOKIE_LEN])
{
	uint64_t hash = siphash24(key, addresses, len);

	for (unsigned i = 0; i < FASTOPEN_COOKIE_LEN; i++)
		cookie[i] = (uint8_t)(hash >> (8 * i));
}

enum fastopen_verdict fastopen_check(const struct fastopen_keys *keys, const void *addresses,
				     size_t len, const uint8_t *cookie, size_t n)
{
	uint8_t right[FASTOPEN_COOKIE_LEN];

	if (n != sizeof(right))
		return FASTOPEN_BAD;
	for (unsigned i = 0; i < keys->count; i++) {
		fastopen_make(&keys->key[i], addresses, len, right);
		if (memcmp(cookie, right, sizeof(right)) == 0)
			return i == 0 ? FASTOPEN_GOOD : FASTOPEN_OLD;
	}
	return FASTOPEN_BAD;
}
