/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DCTCP: RFC 8257. For data centres, whose switches mark above a short queue: the window comes down
 * by as much as marks say, not by half. Everything else is NewReno's, so that is what a connection
 * whose peer does not speak ECN has.
 *
 * The receiver's side (section 3.2) is in tcp/ecn.c. ACKs of fast recovery are not counted: what
 * they say about marks is mixed with what was sent again.
 */
#include "base/image_rows.h"
#include "tcpalg/cc_window.h"
#include "tcpalg/seq.h"

#define ALPHA_ONE 32768u /* alpha is kept in 2^-15 */
#define G_SHIFT	  4	 /* g = 1/16, section 4.2 */

static void dctcp_init(struct cc *cc)
{
	cc->priv.dctcp.alpha = ALPHA_ONE; /* section 4.2: conservative at first */
}

/* Section 3.3, steps 1 to 8: alpha, once an observation window. */
static void estimate(struct cc *cc, const struct cc_ack *a, bool marked)
{
	struct dctcp *d = &cc->priv.dctcp;
	uint32_t share;

	d->acked += a->acked;
	if (marked)
		d->marked += a->acked;
	if ((cc->flags & CC_OBSERVING) && seq_leq(a->snd_una, d->window_end))
		return;
	share = (uint32_t)((uint64_t)d->marked * ALPHA_ONE / d->acked);
	d->alpha = (uint16_t)(d->alpha - (d->alpha >> G_SHIFT) + (share >> G_SHIFT));
	d->window_end = a->snd_nxt;
	d->acked = 0;
	d->marked = 0;
	cc->flags |= CC_OBSERVING;
}

static void dctcp_ack(struct cc *cc, const struct cc_ack *a)
{
	struct dctcp *d = &cc->priv.dctcp;
	uint32_t left = a->acked;
	uint64_t inc;

	estimate(cc, a, false);
	if (!cc_window_was_used(cc))
		return;
	if (cc_in_slow_start(cc))
		left = cc_slow_start(cc, a);
	/* One segment for each window acknowledged, fractions kept. */
	inc = ((uint64_t)left * cc->smss << 16) / cc->cwnd + d->frac;
	d->frac = (uint16_t)inc;
	inc = (inc >> 16) + cc->cwnd;
	cc->cwnd = inc < CC_WND_MAX ? (uint32_t)inc : CC_WND_MAX;
}

static void dctcp_marked(struct cc *cc, const struct cc_ack *a)
{
	estimate(cc, a, true);
}

/* Section 3.3 step 9: cwnd = cwnd * (1 - alpha / 2). */
static void dctcp_mark(struct cc *cc, uint64_t now_us)
{
	uint32_t less = (uint32_t)((uint64_t)cc->cwnd * cc->priv.dctcp.alpha / (2 * ALPHA_ONE));

	(void)now_us;
	cc->ssthresh = cc_max(cc->cwnd - less, 2u * cc->smss);
	cc->cwnd = cc_min(cc->cwnd, cc->ssthresh);
	cc->flags &= (uint8_t)~CC_AFTER_RTO;
}

/* Section 3.4: a loss is answered as everybody does. */
static void dctcp_loss(struct cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc_cut(cc, 1, 2);
}

static void dctcp_recovery_exit(struct cc *cc, uint32_t flight, uint64_t now_us)
{
	(void)now_us;
	cc_leave_recovery(cc, flight);
}

static void dctcp_rto(struct cc *cc, bool first, uint64_t now_us)
{
	(void)now_us;
	cc_collapse(cc, first, 1, 2);
}

/* A window of so many octets cannot be passed between two looks at it. */
static const struct image_field dctcp_rows[] = {
	NUMBER(dctcp, window_end),
	MOST(dctcp, acked, CC_WND_MAX),
	MOST(dctcp, marked, CC_WND_MAX),
	MOST(dctcp, alpha, ALPHA_ONE),
	NUMBER(dctcp, frac),
};
static TABLE(dctcp);

const struct cc_algo cc_dctcp = {
	.name = "dctcp",
	.id = CC_DCTCP,
	.image = &dctcp_image,
	.init = dctcp_init,
	.ack = dctcp_ack,
	.loss = dctcp_loss,
	.recovery_exit = dctcp_recovery_exit,
	.rto = dctcp_rto,
	.idle_restart = cc_restart_window,
	.mark = dctcp_mark,
	.marked = dctcp_marked,
	.all_ect = true,
};
