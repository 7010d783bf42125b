/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Round-trip time and retransmission timeout: RFC 6298 in microseconds, by integer shifts.
 *
 * Samples come from flight.h, which knows when what was sent (Karn's rule: what was sent again
 * gives none); timestamps give one where that does not, through rtt_from_ts (RFC 7323 section 4).
 * No timer runs here: the caller arms one with rto_us.
 */
#ifndef NSK_TCPALG_RTT_H
#define NSK_TCPALG_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpalg/seq.h"

#define RTT_MIN_US	 200000u    /* as Linux; RFC 6298 (2.4) asks for 1 s, RFC 8961 allows it */
#define RTT_INIT_US	 1000000u   /* RFC 6298 (2.1) */
#define RTT_MAX_US	 120000000u /* RFC 6298 (2.5) asks for at least 60 s */
#define RTT_VAR_FLOOR_US 200000u    /* G: covers the peer's delayed ACK, as Linux */
#define RTT_RESTART_US	 3000000u   /* RFC 6298 (5.7) */

/* Bounds of the timeout, one per stack (settings). min <= init <= max <= 2^28 us. */
struct rtt_limits {
	uint32_t min_us;  /* [C] */
	uint32_t max_us;  /* [C] */
	uint32_t init_us; /* [C] before the first sample */
	uint32_t g_us;	  /* [C] G of RFC 6298 (2.3): least value of the 4 * RTTVAR term */
};

extern const struct rtt_limits rtt_limits_default;

struct rtt {
	uint32_t srtt8_us;   /* [W] SRTT * 8, 0: no sample yet */
	uint32_t rttvar4_us; /* [W] RTTVAR * 4 */
	uint32_t rto_us;     /* [W] timeout now in force, back-off included */
	uint32_t backoff;    /* [W] expirations in a row without an acknowledgement */
};

_Static_assert(sizeof(struct rtt) <= 16, "lives in the connection");

/* Start without a sample: RTO is the initial one. */
void rtt_init(struct rtt *r, const struct rtt_limits *lim);

/* Take in one measured round trip (RFC 6298 2.2, 2.3). Ends the back-off, and only it does (Karn).
 */
void rtt_sample(struct rtt *r, const struct rtt_limits *lim, uint32_t sample_us);

/* The timer expired: double the timeout up to the maximum (RFC 6298 5.5). */
void rtt_backoff(struct rtt *r, const struct rtt_limits *lim);

/* The SYN timed out and there is no sample: the timeout for data is 3 s (RFC 6298 5.7). */
void rtt_syn_timed_out(struct rtt *r, const struct rtt_limits *lim);

static inline bool rtt_valid(const struct rtt *r)
{
	return r->srtt8_us != 0;
}

static inline uint32_t rtt_srtt_us(const struct rtt *r)
{
	return r->srtt8_us >> 3;
}

static inline uint32_t rtt_rttvar_us(const struct rtt *r)
{
	return r->rttvar4_us >> 2;
}

/*
 * Round trip told by an echoed timestamp: now_ts and tsecr in ticks of tick_us. 0 when the echo
 * lies in the future or further back than any timeout of ours (a peer's invention: no sample).
 * At least one tick otherwise. Only for an ACK that acknowledges new data (RFC 7323 section 4.1).
 */
uint32_t rtt_from_ts(uint32_t now_ts, uint32_t tsecr, uint32_t tick_us);

#endif
