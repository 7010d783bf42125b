/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN cookies; see cookie.h. */
#include <string.h>

#include "tcpalg/cookie.h"

/*
 * The number:     31 .. 3  hash | 2  parity of the epoch | 1 .. 0  MSS
 * The timestamp:  31 .. 6  clock | 5  ECN | 4  SACK | 3 .. 0  window scale
 */
#define MSS_MASK     3u
#define EPOCH_SHIFT  2
#define HASH_MASK    (~7u)
#define TS_OPTS_MASK 63u
#define TS_SACK	     0x10u
#define TS_ECN	     0x20u
#define OPTS_NONE    0xffu /* no timestamps; differs from every set of six bits */

#define EPOCH_MS ((uint32_t)(COOKIE_EPOCH_NS / 1000000))

/*
 * Per family, ascending. The least is the default that everybody must take (RFC 9293 section
 * 3.7.1), so that it stands for smaller ones too; the others are Ethernet with and without tunnels.
 */
static const uint16_t mss_table[2][4] = {
	{536, 1300, 1440, 1460},
	{1220, 1340, 1400, 1440},
};

static void make_secrets(struct cookie_jar *jar, uint64_t epoch)
{
	jar->epoch = epoch;
	jar->secret[epoch & 1] = siphash_derive(&jar->master, epoch);
	jar->secret[~epoch & 1] = siphash_derive(&jar->master, epoch - 1);
}

/* Bring the jar to the epoch of now. */
static inline void turn(struct cookie_jar *jar, uint64_t now_ns)
{
	uint64_t epoch = now_ns / COOKIE_EPOCH_NS;

	if (__builtin_expect(epoch != jar->epoch, 0))
		make_secrets(jar, epoch);
}

void cookie_jar_init(struct cookie_jar *jar, const struct siphash_key *key, uint64_t now_ns)
{
	jar->master = *key;
	make_secrets(jar, now_ns / COOKIE_EPOCH_NS);
}

/* The number for this connection; low: its lower three bits; opts: the timestamp's six. */
static uint32_t number(const struct cookie_jar *jar, const struct cookie_conn *c, uint32_t low,
		       uint32_t opts)
{
	uint32_t fixed[2] = {c->peer_isn, low | opts << 3};
	uint8_t in[COOKIE_TUPLE_MAX + sizeof(fixed)];
	size_t len = c->len < COOKIE_TUPLE_MAX ? c->len : COOKIE_TUPLE_MAX;
	uint64_t h;

	memcpy(in, fixed, sizeof(fixed));
	memcpy(in + sizeof(fixed), c->tuple, len);
	h = siphash24(&jar->secret[low >> EPOCH_SHIFT & 1], in, sizeof(fixed) + len);
	return ((uint32_t)h & HASH_MASK) | low;
}

static uint32_t mss_index(uint16_t mss, bool ipv6)
{
	uint32_t i = MSS_MASK;

	while (i > 0 && mss_table[ipv6][i] > mss)
		i--;
	return i;
}

static uint32_t pack_opts(const struct cookie_opts *o)
{
	uint32_t wscale = o->wscale < COOKIE_NO_WSCALE ? o->wscale : COOKIE_NO_WSCALE;

	return wscale | (o->sack ? TS_SACK : 0) | (o->ecn ? TS_ECN : 0);
}

uint32_t cookie_make(struct cookie_jar *jar, const struct cookie_conn *c,
		     const struct cookie_opts *o, uint32_t *tsval, uint64_t now_ns)
{
	uint32_t low = mss_index(o->mss, c->ipv6), opts = OPTS_NONE;

	turn(jar, now_ns);
	low |= (uint32_t)(jar->epoch & 1) << EPOCH_SHIFT;
	if (o->ts) {
		opts = pack_opts(o);
		/* Never ahead of the clock: later segments must not look older (PAWS). */
		*tsval -= (*tsval - opts) & TS_OPTS_MASK;
	}
	return number(jar, c, low, opts);
}

bool cookie_check(struct cookie_jar *jar, const struct cookie_conn *c, uint32_t iss, uint32_t tsecr,
		  uint32_t now_ts, struct cookie_opts *o, uint64_t now_ns)
{
	uint32_t opts = o->ts ? tsecr & TS_OPTS_MASK : OPTS_NONE;

	turn(jar, now_ns);
	if (o->ts && now_ts - tsecr > 2 * EPOCH_MS + TS_OPTS_MASK)
		return false;
	if (iss != number(jar, c, iss & ~HASH_MASK, opts))
		return false;

	o->mss = mss_table[c->ipv6][iss & MSS_MASK];
	o->wscale = o->ts ? (uint8_t)(opts & 15) : COOKIE_NO_WSCALE;
	o->sack = o->ts && (opts & TS_SACK);
	o->ecn = o->ts && (opts & TS_ECN);
	return true;
}
