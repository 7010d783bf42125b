/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (RFC 4987 section 3.6): what a listener must remember of a SYN, kept in the sequence
 * number of its SYN-ACK, and, when the peer does timestamps, in the timestamp.
 *
 * The number holds 29 bits of a keyed hash over the connection, the peer's ISN, the options and the
 * epoch; one bit of the epoch; two bits of MSS. Epochs last COOKIE_EPOCH_NS; the cookies of this
 * and the last one are good, so eight of 2^32 numbers are: a guess succeeds once in 2^29, with
 * timestamps once in about 2^43. Each epoch has a secret of its own, made from one key: all workers
 * that share the key accept each other's cookies without sharing anything that changes.
 *
 * Without timestamps window scaling, SACK and ECN are given up, as everywhere.
 */
#ifndef NSK_TCPALG_COOKIE_H
#define NSK_TCPALG_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

#define COOKIE_EPOCH_NS	 64000000000ull
#define COOKIE_TUPLE_MAX 48
#define COOKIE_NO_WSCALE 15 /* in cookie_opts.wscale: the peer does not scale windows */

/* Secrets of two epochs. */
struct cookie_jar {
	struct siphash_key master;    /* [C] */
	struct siphash_key secret[2]; /* [W] by parity of the epoch */
	uint64_t epoch;		      /* [W] the newer of the two */
};

/* What a cookie remembers. */
struct cookie_opts {
	uint16_t mss;	/* of the peer; comes back rounded down to a table, at least the default */
	uint8_t wscale; /* 0..14, or COOKIE_NO_WSCALE */
	bool sack;
	bool ecn;
	bool ts; /* the SYN carried timestamps: the three above are kept */
};

/* One connection as the cookie sees it. */
struct cookie_conn {
	const void *tuple; /* addresses and ports in any fixed encoding */
	size_t len;	   /* at most COOKIE_TUPLE_MAX */
	uint32_t peer_isn; /* SEG.SEQ of the SYN */
	bool ipv6;
};

void cookie_jar_init(struct cookie_jar *jar, const struct siphash_key *key, uint64_t now_ns);

/*
 * Our ISN for the SYN-ACK. With o->ts, *tsval is our timestamp clock on entry (ticks of 1 ms,
 * offset included) and what to send on return: at most 63 ticks earlier. tsval may be NULL without.
 */
uint32_t cookie_make(struct cookie_jar *jar, const struct cookie_conn *c,
		     const struct cookie_opts *o, uint32_t *tsval, uint64_t now_ns);

/*
 * The ACK of a SYN-ACK: iss = SEG.ACK - 1, c->peer_isn = SEG.SEQ - 1. o->ts tells whether it
 * carries timestamps, tsecr the echo, now_ts our timestamp clock as for cookie_make. On success
 * true and the rest of *o filled in.
 */
bool cookie_check(struct cookie_jar *jar, const struct cookie_conn *c, uint32_t iss, uint32_t tsecr,
		  uint32_t now_ts, struct cookie_opts *o, uint64_t now_ns);

#endif
