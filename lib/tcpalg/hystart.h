/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HyStart++ (RFC 9406): leaving slow start when round trips become longer, before the queue runs
 * over. A round is what is sent in one round trip. A rise of the least round-trip time from one
 * round to the next leads to conservative slow start, where the window grows a quarter as fast; if
 * the rise was a false alarm slow start goes on, and after five rounds it is over.
 *
 * Times are kept in units of 64 us, which is fine enough beside thresholds of 4 ms and more.
 */
#ifndef NSK_TCPALG_HYSTART_H
#define NSK_TCPALG_HYSTART_H

#include <stdbool.h>
#include <stdint.h>

/* RFC 9406 section 4.3. */
#define HYSTART_MIN_THRESH_US 4000u
#define HYSTART_MAX_THRESH_US 16000u
#define HYSTART_RTT_DIVISOR   8u
#define HYSTART_SAMPLES	      8u /* N_RTT_SAMPLE */
#define HYSTART_CSS_DIVISOR   4u /* CSS_GROWTH_DIVISOR */
#define HYSTART_CSS_ROUNDS    5u

struct hystart {
	uint32_t window_end; /* the round is over when this is acknowledged */
	uint16_t last_min;   /* least round-trip times, in 64 us; HYSTART_NONE: none */
	uint16_t cur_min;
	uint16_t baseline; /* of the round that led to conservative slow start, or HYSTART_NONE */
	uint8_t samples;   /* of this round, saturates */
	uint8_t rounds;	   /* of conservative slow start */
};

#define HYSTART_NONE UINT16_MAX

/* The first round begins with the first ACK. */
void hystart_init(struct hystart *h);

/* In conservative slow start? */
static inline bool hystart_css(const struct hystart *h)
{
	return h->baseline != HYSTART_NONE;
}

/*
 * One ACK during slow start, after which these are snd_una and snd_nxt; rtt_us: what it measured,
 * 0: nothing. True: slow start is over.
 */
bool hystart_ack(struct hystart *h, uint32_t rtt_us, uint32_t snd_una, uint32_t snd_nxt);

#endif
