/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Initial sequence numbers and timestamp offsets that nobody off the path can guess
 * (RFC 9293 section 3.4.1, RFC 6528; RFC 7323 section 5.4 and section 7.1).
 */
#ifndef NSK_TCPALG_ISN_H
#define NSK_TCPALG_ISN_H

#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

#define ISN_TICK_NS 4000u /* RFC 9293 section 3.4.1: a clock of 4 us */

/*
 * ISN = M + F(tuple). tuple: addresses and ports in any fixed encoding, len octets; key: secret,
 * drawn once per start; now_ns: monotonic. Numbers of one tuple ascend with the clock.
 */
uint32_t isn_make(const struct siphash_key *key, const void *tuple, size_t len, uint64_t now_ns);

/* The same for a tuple of 12 octets, an IPv4 connection's, as the words that lie in memory. */
static inline uint32_t isn_make_12(const struct siphash_key *key, uint64_t addrs, uint32_t ports,
				   uint64_t now_ns)
{
	return (uint32_t)(now_ns / ISN_TICK_NS) + (uint32_t)siphash24_12b(key, addrs, ports);
}

/*
 * What is added to our timestamp clock towards one peer: a function of the two addresses alone, so
 * that a new connection of the same pair goes on where the old one was (PAWS of TIME-WAIT), and
 * another pair learns nothing. pair: the two addresses, len octets.
 */
uint32_t isn_ts_offset(const struct siphash_key *key, const void *pair, size_t len);

#endif
