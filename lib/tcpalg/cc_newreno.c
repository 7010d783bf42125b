/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NewReno: RFC 5681 with appropriate byte counting (RFC 3465). Fast recovery itself (RFC 6582,
 * RFC 8985) is in loss.c, for whatever algorithm.
 */
#include "base/image_rows.h"
#include "tcpalg/cc_window.h"

/* Octets acknowledged in congestion avoidance and not yet turned into growth. */
static uint32_t *counted(struct cc *cc)
{
	return &cc->priv.u32[0];
}

static void newreno_ack(struct cc *cc, const struct cc_ack *a)
{
	uint32_t left = a->acked, *sum = counted(cc);

	if (!cc_window_was_used(cc))
		return;
	if (cc_in_slow_start(cc))
		left = cc_slow_start(cc, a);
	/* One segment for each window acknowledged (RFC 5681 section 3.1, byte counting). */
	*sum += left;
	if (*sum < cc->cwnd || left == 0)
		return;
	*sum = cc_min(*sum - cc->cwnd, cc->cwnd - 1);
	cc->cwnd = cc_min(cc->cwnd + cc->smss, CC_WND_MAX);
}

static void newreno_loss(struct cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc_cut(cc, 1, 2); /* RFC 5681 equation (4) */
	*counted(cc) = 0;
}

static void newreno_mark(struct cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc_cut(cc, 4, 5); /* RFC 8511 section 3.1 */
	*counted(cc) = 0;
}

static void newreno_recovery_exit(struct cc *cc, uint32_t flight, uint64_t now_us)
{
	(void)now_us;
	cc_leave_recovery(cc, flight);
	*counted(cc) = 0;
}

static void newreno_rto(struct cc *cc, bool first, uint64_t now_us)
{
	(void)now_us;
	cc_collapse(cc, first, 1, 2);
	*counted(cc) = 0;
}

static void newreno_idle_restart(struct cc *cc, uint32_t segs)
{
	cc_restart_window(cc, segs);
	*counted(cc) = 0;
}

/* priv as one who counts sees it. */
struct counting {
	uint32_t octets; /* counted() */
};
static const struct image_field counting_rows[] = {MOST(counting, octets, CC_WND_MAX)};
static TABLE(counting);

const struct cc_algo cc_newreno = {
	.name = "reno",
	.id = CC_NEWRENO,
	.image = &counting_image,
	.ack = newreno_ack,
	.loss = newreno_loss,
	.recovery_exit = newreno_recovery_exit,
	.rto = newreno_rto,
	.idle_restart = newreno_idle_restart,
	.mark = newreno_mark,
};
