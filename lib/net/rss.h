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
#define RSS_INPUT   36 /* octets: two IPv6 addresses and two ports */

extern const uint8_t rss_key[RSS_KEY_LEN];

/* What an octet of the input adds to the bucket, by its place; the sum is without carries. A
 * bucket is the low bits of the hash, so octets are all that there is to keep. */
struct rss {
	uint8_t adds[RSS_INPUT][256];
};
_Static_assert(RSS_BUCKETS <= 256, "a bucket is an octet");

void rss_init(struct rss *r);

/* Bucket of a flow as received (src: the peer). */
unsigned rss_bucket(const struct rss *r, const struct flow *flow);

/* Worker that owns a bucket, as the redirection table of a NIC is set up. */
static inline uint16_t rss_worker(unsigned bucket, uint16_t workers)
{
	return (uint16_t)(bucket % workers);
}

#endif
