/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CUBIC: RFC 9438, with HyStart++ (RFC 9406) in the first slow start. The default.
 *
 * The window follows W_cubic(t) = C (t - K)^3 + W_max, t since the epoch began; it climbs fast far
 * from W_max, where the last loss was, and slowly near it. All of it is kept in octets, times in
 * milliseconds. The state fits the connection: HyStart++ needs it first, the curve when slow start
 * is over.
 *
 * An epoch ends when the window was not used (section 5.8: time in which the application has
 * nothing to send must not count); the next one starts from the window as it is.
 */
#include "base/image_rows.h"
#include "tcpalg/cc_window.h"

/* C = 0.4 segments/s^3, beta = 0.7, alpha = 3 (1 - beta) / (1 + beta) = 9/17. */
#define C_NUM	  2u
#define C_DEN	  5u
#define BETA_NUM  7u
#define BETA_DEN  10u
#define ALPHA_NUM 9u
#define ALPHA_DEN 17u

#define K_UNIT_MS     8u       /* K is kept in these */
#define K_UNITS_CUBED 1953125u /* (1000 / K_UNIT_MS)^3: per s^3 */
#define OFFSET_MAX_MS 524288   /* beyond any K: 2^30 octets of window give 122 s */

/* The largest integer whose cube is no larger than x, bit by bit. */
static uint32_t cube_root(uint64_t x)
{
	uint64_t root = 0;

	for (int shift = 63; shift >= 0; shift -= 3) {
		uint64_t next;

		root <<= 1;
		next = 3 * root * (root + 1) + 1;
		if (x >> shift >= next) {
			x -= next << shift;
			root++;
		}
	}
	return (uint32_t)root;
}

/* ---- the curve ---- */

/* RFC 9438 section 4.2: the epoch begins with the window as it is. */
static void start_epoch(struct cc *cc, struct cubic *q, uint32_t now_ms)
{
	uint64_t missing;
	uint32_t k = 0;

	if (q->w_max > cc->cwnd) {
		missing = q->w_max - cc->cwnd;
		k = cube_root(missing * C_DEN * K_UNITS_CUBED / C_NUM / cc->smss);
	} else {
		q->w_max = cc->cwnd; /* sections 4.8, 4.10 */
		cc->flags &= (uint8_t)~CC_CONVERGED;
	}
	q->k = (uint16_t)cc_min(k, UINT16_MAX);
	q->w_est = cc->cwnd;
	q->est_frac = 0;
	q->epoch_ms = now_ms ? now_ms : 1;
}

/* W_cubic so many milliseconds after the epoch began, in octets; never negative. */
static uint32_t w_cubic(const struct cc *cc, const struct cubic *q, uint32_t t_ms)
{
	int64_t offset = (int64_t)t_ms - (int64_t)q->k * K_UNIT_MS, w;

	if (offset > OFFSET_MAX_MS)
		offset = OFFSET_MAX_MS;
	/* offset >= -2^19; the cube fits 58 bits, and with the segment's octets 55. */
	w = offset * offset * offset / 1000000 * cc->smss * (int64_t)C_NUM / (int64_t)C_DEN / 1000;
	w += q->w_max;
	if (w < 0)
		return 0;
	return w < CC_WND_MAX ? (uint32_t)w : CC_WND_MAX;
}

/* cwnd_prior: fast convergence has taken w_max below it. */
static uint32_t window_before(const struct cc *cc, const struct cubic *q)
{
	if (!(cc->flags & CC_CONVERGED))
		return q->w_max;
	return (uint32_t)((uint64_t)q->w_max * (2 * BETA_DEN) / (BETA_DEN + BETA_NUM));
}

/* Section 4.3: what Reno would do with the same beta. */
static void grow_estimate(struct cc *cc, struct cubic *q, uint32_t acked)
{
	uint64_t inc = ((uint64_t)acked * cc->smss << 16) / cc->cwnd;

	if (q->w_est < window_before(cc, q))
		inc = inc * ALPHA_NUM / ALPHA_DEN;
	inc += q->est_frac;
	q->est_frac = (uint16_t)inc;
	inc = (inc >> 16) + q->w_est;
	q->w_est = inc < CC_WND_MAX ? (uint32_t)inc : CC_WND_MAX;
}

/* Sections 4.3 to 4.5. */
static void avoid_congestion(struct cc *cc, struct cubic *q, const struct cc_ack *a, uint32_t acked)
{
	uint32_t now_ms = (uint32_t)(a->now_us / 1000), t_ms, target;

	if (q->epoch_ms == 0)
		start_epoch(cc, q, now_ms);
	t_ms = now_ms - q->epoch_ms;
	grow_estimate(cc, q, acked);
	if (w_cubic(cc, q, t_ms) < q->w_est) {
		cc->cwnd = cc_max(cc->cwnd, q->w_est);
		return;
	}
	target = w_cubic(cc, q, t_ms + a->srtt_us / 1000);
	target = cc_min(target, cc->cwnd + cc->cwnd / 2);
	if (target > cc->cwnd)
		cc->cwnd += (uint32_t)((uint64_t)(target - cc->cwnd) * cc_min(acked, cc->cwnd) /
				       cc->cwnd);
}

/* ---- events ---- */

static void cubic_init(struct cc *cc)
{
	cc->flags |= CC_HYSTART;
	hystart_init(&cc->priv.hystart);
}

/* The first slow start is over, whatever ended it: the state becomes the curve's. */
static void leave_hystart(struct cc *cc)
{
	if (!(cc->flags & CC_HYSTART))
		return;
	cc->flags &= (uint8_t)~CC_HYSTART;
	cc->priv.cubic = (struct cubic){0};
}

static void first_slow_start(struct cc *cc, const struct cc_ack *a)
{
	struct hystart *h = &cc->priv.hystart;
	uint32_t step = cc_slow_start_step(cc, a);

	if (hystart_ack(h, a->rtt_us, a->snd_una, a->snd_nxt)) {
		cc->ssthresh = cc->cwnd;
		leave_hystart(cc);
		return;
	}
	if (hystart_css(h))
		step /= HYSTART_CSS_DIVISOR;
	cc->cwnd = cc_min(cc->cwnd + step, CC_WND_MAX);
}

static void cubic_ack(struct cc *cc, const struct cc_ack *a)
{
	uint32_t left = a->acked;

	if (!cc_window_was_used(cc)) {
		if (!(cc->flags & CC_HYSTART))
			cc->priv.cubic.epoch_ms = 0;
		return;
	}
	if (cc->flags & CC_HYSTART && cc_in_slow_start(cc)) {
		first_slow_start(cc, a);
		return;
	}
	leave_hystart(cc);
	if (cc_in_slow_start(cc))
		left = cc_slow_start(cc, a);
	if (left)
		avoid_congestion(cc, &cc->priv.cubic, a, left);
}

/* Section 4.7: W_max, lower when losses come ever earlier. */
static void end_epoch(struct cc *cc)
{
	struct cubic *q = &cc->priv.cubic;
	uint32_t w_max = cc->cwnd;

	leave_hystart(cc);
	cc->flags &= (uint8_t)~CC_CONVERGED;
	if (w_max < q->w_max) {
		w_max = w_max / (2 * BETA_DEN) * (BETA_DEN + BETA_NUM);
		cc->flags |= CC_CONVERGED;
	}
	q->w_max = w_max;
	q->epoch_ms = 0;
}

static void cubic_loss(struct cc *cc, uint64_t now_us)
{
	(void)now_us;
	end_epoch(cc);
	cc_cut(cc, BETA_NUM, BETA_DEN); /* section 4.6 */
}

static void cubic_mark(struct cc *cc, uint64_t now_us)
{
	(void)now_us;
	end_epoch(cc);
	cc_cut(cc, 17, 20); /* RFC 8511 section 3.1 */
}

static void cubic_recovery_exit(struct cc *cc, uint32_t flight, uint64_t now_us)
{
	(void)now_us;
	cc_leave_recovery(cc, flight);
	cc->priv.cubic.epoch_ms = 0;
}

/* Section 4.8. */
static void cubic_rto(struct cc *cc, bool first, uint64_t now_us)
{
	(void)now_us;
	if (first)
		end_epoch(cc);
	cc_collapse(cc, first, BETA_NUM, BETA_DEN);
	leave_hystart(cc);
	cc->priv.cubic.w_max = 0;
	cc->priv.cubic.epoch_ms = 0;
}

static void cubic_idle_restart(struct cc *cc, uint32_t segs)
{
	cc_restart_window(cc, segs);
	if (!(cc->flags & CC_HYSTART))
		cc->priv.cubic.epoch_ms = 0;
}

static const struct image_field cubic_rows[] = {
	MOST(cubic, w_max, CC_WND_MAX),
	MOST(cubic, w_est, CC_WND_MAX),
	KIND(cubic, epoch_ms, IMAGE_MS_OR_0),
	NUMBER(cubic, k),
	NUMBER(cubic, est_frac),
};
static TABLE(cubic);

const struct cc_algo cc_cubic = {
	.name = "cubic",
	.id = CC_CUBIC,
	.image = &cubic_image,
	.init = cubic_init,
	.ack = cubic_ack,
	.loss = cubic_loss,
	.recovery_exit = cubic_recovery_exit,
	.rto = cubic_rto,
	.idle_restart = cubic_idle_restart,
	.mark = cubic_mark,
};
