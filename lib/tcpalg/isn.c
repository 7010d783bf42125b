/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial sequence numbers and timestamp offsets; see isn.h. */
#include "tcpalg/isn.h"

uint32_t isn_make(const struct siphash_key *key, const void *tuple, size_t len, uint64_t now_ns)
{
	return (uint32_t)(now_ns / ISN_TICK_NS) + (uint32_t)siphash24(key, tuple, len);
}

uint32_t isn_ts_offset(const struct siphash_key *key, const void *pair, size_t len)
{
	return (uint32_t)(siphash24(key, pair, len) >> 32);
}
