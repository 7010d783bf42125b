/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NewReno: RFC 5681 with appropriate byte counting (RFC 3465). Fast recovery itself (RFC 6582,
 * RFC 6675) is in recovery.c, for whatever algorithm.
 */
#include "tcpalg/cc.h"

/*
 * Segments by which one ACK may open the window in slow start. RFC 3465 proposed 2; receivers that
 * merge segments acknowledge far more at once, and RFC 9406 section 4.3 settles at 8 for senders
 * that do not pace. After a timeout ACKs may stand for octets sent long ago: 1 (RFC 3465 2.3).
 */
#define ABC_LIMIT	    8
#define ABC_LIMIT_AFTER_RTO 1

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Octets acknowledged in congestion avoidance and not yet turned into growth. */
static uint32_t *counted(struct cc *cc)
{
	return &cc->priv.u32[0];
}

/* RFC 5681 equation (4). Beyond cwnd there is limited transmit, which does not count (3.2 step 2).
 */
static uint32_t half_flight(const struct cc *cc)
{
	return max_u32(min_u32(cc->flight, cc->cwnd) / 2, 2u * cc->smss);
}

/*
 * A window that was not used tells nothing about the path (RFC 7661 section 4.2). In slow start it
 * counts as used when half of it was: it doubles each round trip.
 */
static bool window_was_used(const struct cc *cc)
{
	if (cc_in_slow_start(cc))
		return cc->flight >= cc->cwnd / 2;
	return cc->flight + cc->smss >= cc->cwnd;
}

/* Open the window by slow start; returns the octets left over for congestion avoidance. */
static uint32_t slow_start(struct cc *cc, const struct cc_ack *a)
{
	uint32_t limit = cc->flags & CC_AFTER_RTO ? ABC_LIMIT_AFTER_RTO : ABC_LIMIT;
	uint64_t most = (uint64_t)limit * a->nacks * cc->smss;
	uint32_t inc = a->acked < most ? a->acked : (uint32_t)most;
	uint32_t room = cc->ssthresh - cc->cwnd;

	if (inc < room) {
		cc->cwnd += inc;
		return 0;
	}
	cc->cwnd = cc->ssthresh;
	cc->flags &= (uint8_t)~CC_AFTER_RTO;
	return inc - room;
}

static void newreno_ack(struct cc *cc, const struct cc_ack *a)
{
	uint32_t left = a->acked, *sum = counted(cc);

	if (!window_was_used(cc))
		return;
	if (cc_in_slow_start(cc))
		left = slow_start(cc, a);
	/* One segment for each window acknowledged (RFC 5681 section 3.1, byte counting). */
	*sum += left;
	if (*sum < cc->cwnd || left == 0)
		return;
	*sum = min_u32(*sum - cc->cwnd, cc->cwnd - 1);
	cc->cwnd = min_u32(cc->cwnd + cc->smss, CC_WND_MAX);
}

static void newreno_loss(struct cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc->ssthresh = half_flight(cc);
	cc->cwnd = cc->ssthresh;
	*counted(cc) = 0;
	cc->flags &= (uint8_t)~CC_AFTER_RTO;
}

/* RFC 6582 section 3.2 step 3, first option: no burst when little is in flight. */
static void newreno_recovery_exit(struct cc *cc, uint32_t flight, uint64_t now_us)
{
	(void)now_us;
	cc->cwnd = min_u32(cc->ssthresh, max_u32(flight, cc->smss) + cc->smss);
	*counted(cc) = 0;
}

static void newreno_rto(struct cc *cc, bool first, uint64_t now_us)
{
	(void)now_us;
	if (first)
		cc->ssthresh = half_flight(cc);
	cc->cwnd = cc->smss;
	*counted(cc) = 0;
	cc->flags |= CC_AFTER_RTO;
}

/*
 * RFC 5681 section 4.1: the restart window. What the path carried is kept in ssthresh
 * (RFC 2861 section 3.1), so that slow start finds its way back.
 */
static void newreno_idle_restart(struct cc *cc, uint32_t idle_us, uint32_t rto_us)
{
	(void)idle_us;
	(void)rto_us;
	if (!cc_in_slow_start(cc))
		cc->ssthresh = max_u32(cc->ssthresh, cc->cwnd / 4 * 3);
	cc->cwnd = min_u32(cc->cwnd, cc_initial_window(cc->smss));
	*counted(cc) = 0;
}

const struct cc_algo cc_newreno = {
	.name = "reno",
	.id = CC_NEWRENO,
	.ack = newreno_ack,
	.loss = newreno_loss,
	.recovery_exit = newreno_recovery_exit,
	.rto = newreno_rto,
	.idle_restart = newreno_idle_restart,
};
