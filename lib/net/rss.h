/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow hash that decides which worker owns a flow: Toeplitz, with the key and the input that
 * NICs use for RSS over TCP and UDP ports, so that hardware and software agree.
 */
#ifndef NSK_NET_RSS_H
#define NSK_NET_RSS_H

#include <stdint.h>

#include "mbuf/pkt.h"

#define RSS_KEY_LEN 40
#define RSS_BUCKETS 128

extern const uint8_t rss_key[RSS_KEY_LEN];

/* Hash of a flow as received (src: the peer). */
uint32_t rss_hash(const struct flow *flow);

/* Worker that owns a bucket, as the redirection table of a NIC is set up. */
static inline uint16_t rss_worker(uint32_t hash, uint16_t workers)
{
	return (uint16_t)(hash % RSS_BUCKETS % workers);
}

#endif
