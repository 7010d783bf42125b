/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 6298 in microseconds; see rtt.h. */
#include "tcpalg/rtt.h"

#define RTT_SAMPLE_MAX_US (1u << 28) /* SRTT * 8 fits 32 bits */

const struct rtt_limits rtt_limits_default = {
	.min_us = RTT_MIN_US,
	.max_us = RTT_MAX_US,
	.init_us = RTT_INIT_US,
	.g_us = RTT_VAR_FLOOR_US,
};

static uint32_t clamp(uint32_t v, uint32_t low, uint32_t high)
{
	return v < low ? low : v > high ? high : v;
}

/* RFC 6298 (2.2), (2.3): RTO = SRTT + max(G, K * RTTVAR), K being 4. */
static uint32_t estimate(const struct rtt *r, const struct rtt_limits *lim)
{
	uint32_t var = r->rttvar4_us > lim->g_us ? r->rttvar4_us : lim->g_us;

	return clamp((r->srtt8_us >> 3) + var, lim->min_us, lim->max_us);
}

void rtt_init(struct rtt *r, const struct rtt_limits *lim)
{
	*r = (struct rtt){.rto_us = clamp(lim->init_us, lim->min_us, lim->max_us)};
}

void rtt_sample(struct rtt *r, const struct rtt_limits *lim, uint32_t sample_us)
{
	uint32_t m = clamp(sample_us, 1, RTT_SAMPLE_MAX_US);

	if (r->srtt8_us == 0) {
		r->srtt8_us = m << 3;
		r->rttvar4_us = m << 1;
	} else {
		uint32_t srtt = r->srtt8_us >> 3;
		uint32_t err = m > srtt ? m - srtt : srtt - m;

		/* RTTVAR first: it is about the SRTT before this sample. */
		r->rttvar4_us += err - (r->rttvar4_us >> 2);
		r->srtt8_us += m - srtt;
	}
	r->backoff = 0;
	r->rto_us = estimate(r, lim);
}

void rtt_backoff(struct rtt *r, const struct rtt_limits *lim)
{
	r->backoff++;
	r->rto_us = r->rto_us > lim->max_us / 2 ? lim->max_us : r->rto_us * 2;
}

void rtt_syn_timed_out(struct rtt *r, const struct rtt_limits *lim)
{
	if (rtt_valid(r))
		return;
	r->backoff = 0;
	r->rto_us = clamp(RTT_RESTART_US, lim->min_us, lim->max_us);
}

uint32_t rtt_from_ts(uint32_t now_ts, uint32_t tsecr, uint32_t tick_us)
{
	uint32_t ticks = now_ts - tsecr;
	uint64_t us;

	if (seq_diff(now_ts, tsecr) < 0)
		return 0;
	us = (uint64_t)(ticks != 0 ? ticks : 1) * tick_us;
	return us > RTT_SAMPLE_MAX_US ? 0 : (uint32_t)us;
}
