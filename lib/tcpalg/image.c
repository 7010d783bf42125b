/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of the fields of this room's structures; see image.h. What later code divides by, shifts
 * by or looks up a table by is bounded here.
 */
#include "tcpalg/image.h"

#include "base/image_rows.h"
#include "tcpalg/ackpolicy.h"
#include "tcpalg/limiter.h"
#include "tcpalg/loss.h"
#include "tcpalg/mtusearch.h"
#include "tcpalg/pacer.h"
#include "tcpalg/paws.h"
#include "tcpalg/round.h"
#include "tcpalg/rtt.h"
#include "tcpalg/window.h"

#define RTO_MAX (UINT64_C(1) << 28) /* of struct rtt_limits */

static const struct image_field seq_range_rows[] = {NUMBER(seq_range, start),
						    NUMBER(seq_range, end)};
TABLE(seq_range);

static const struct image_field window_rows[] = {
	NUMBER(window, rcv_adv),
	MOST(window, snd_wnd, CC_WND_MAX),
	MOST(window, max_wnd, CC_WND_MAX),
	MOST(window, rcv_shift, WINDOW_SHIFT_MAX),
	MOST(window, snd_shift, WINDOW_SHIFT_MAX),
	NUMBER(window, acked),
};
TABLE(window);

static const struct image_field rtt_rows[] = {
	MOST(rtt, srtt8_us, UINT32_MAX >> 1),
	MOST(rtt, rttvar4_us, UINT32_MAX >> 1),
	RANGE(rtt, rto_us, 1, RTO_MAX),
	NUMBER(rtt, backoff),
};
TABLE(rtt);

static const struct image_field ackpolicy_rows[] = {
	RANGE(ackpolicy, rcv_mss, 1, UINT16_MAX),
	NUMBER(ackpolicy, quick),
	NUMBER(ackpolicy, flags),
};
TABLE(ackpolicy);

static const struct image_field paws_gap_rows[] = {
	NUMBER(paws_gap, floor),
	NUMBER(paws_gap, next),
	NUMBER(paws_gap, mark),
};
TABLE(paws_gap);

static const struct image_field limiter_rows[] = {KIND(limiter, tat_ns, IMAGE_NS_LONG)};
TABLE(limiter);

static const struct image_field pacer_rows[] = {
	NUMBER(pacer, rate),
	KIND(pacer, next_ns, IMAGE_NS_LONG),
	NUMBER(pacer, quantum),
	SPARE(pacer, spare),
};
TABLE(pacer);

static const struct image_field mtu_search_rows[] = {
	NUMBER(mtu_search, low),
	NUMBER(mtu_search, high),
	FLAG(mtu_search, halves),
	SPARE(mtu_search, spare),
};
TABLE(mtu_search);

static const struct image_field hystart_rows[] = {
	NUMBER(hystart, window_end), NUMBER(hystart, last_min), NUMBER(hystart, cur_min),
	NUMBER(hystart, baseline),   NUMBER(hystart, samples),	NUMBER(hystart, rounds),
};
TABLE(hystart);

/* ---- congestion control ---- */

static const struct image_field cc_rows[] = {
	RANGE(cc, cwnd, 1, CC_WND_MAX),
	MOST(cc, ssthresh, CC_WND_MAX),
	RANGE(cc, smss, 1, UINT16_MAX),
	MOST(cc, algo, CC_DCTCP),
	NUMBER(cc, flags),
	NUMBER(cc, flight),
	STAYS(cc, priv, "follows by the table of what it is now"),
};
TABLE(cc);

const struct image_table *cc_image_of_priv(const struct cc *cc)
{
	if (cc->flags & CC_MODEL)
		return NULL;
	return cc->flags & CC_HYSTART ? &hystart_image : cc_algos[cc->algo]->image;
}

bool cc_image_ok(const struct cc *cc)
{
	bool model = cc->flags & CC_MODEL, hystart = cc->flags & CC_HYSTART;

	return cc->algo < cc_count && model == !!cc_algos[cc->algo]->state_bytes &&
	       (!hystart || cc->algo == CC_CUBIC);
}

static const struct image_field cc_model_rows[] = {
	NUMBER(cc_model, pacing_rate),
	NUMBER(cc_model, seed),
	KIND(cc_model, now_us, IMAGE_US_LONG),
	NUMBER(cc_model, srtt_us),
	NUMBER(cc_model, delivered),
	FLAG(cc_model, limited),
	SPARE(cc_model, spare),
};
TABLE(cc_model);

/* ---- losses ---- */

static const struct image_field flight_rows[] = {
	STAYS(flight, room, "its ranges follow"),
	KIND(flight, sent_us, IMAGE_US),
	MOST(flight, flags, FLIGHT_SACKED | FLIGHT_RXT | FLIGHT_LOST | FLIGHT_COARSE),
	NUMBER(flight, behind),
	STAYS(flight, epoch, "of the clock that it was; the least round trip's time begins anew"),
};
TABLE(flight);

static const struct image_field flight_range_rows[] = {
	NUMBER(flight_range, start),
	KIND(flight_range, sent_us, IMAGE_US),
	MOST(flight_range, flags, FLIGHT_SACKED | FLIGHT_RXT | FLIGHT_LOST | FLIGHT_COARSE),
};
TABLE(flight_range);

static const struct image_field flight_losses_rows[] = {
	NUMBER(flight_losses, octets),
	MOST(flight_losses, ranges, UINT16_MAX),
	KIND(flight_losses, sent_us, IMAGE_US),
};
TABLE(flight_losses);

/* Bits that have no address. */
#define LOSS_BITS 0x7f
static const struct image_field loss_rows[] = {
	NUMBER(loss, min_rtt_us),
	MOST(loss, state, LOSS_RTO),
	NUMBER(loss, dupacks),
	NUMBER(loss, flags),
	{
		.name = "reo, watched, ece, cwr, mtu, urgent, hold",
		.at = offsetof(struct loss, flags) + 1,
		.size = 1,
		.width = 1,
		.kind = IMAGE_NUMBER,
		.most = LOSS_BITS,
	},
};
TABLE(loss);

static const struct image_field flight_edge_rows[] = {
	KIND(flight_edge, sent_us, IMAGE_US),
	NUMBER(flight_edge, end),
};
static TABLE(flight_edge);

static const struct image_field rack_rows[] = {
	PART(rack, newest, flight_edge_image),
	NUMBER(rack, rtt_us),
	NUMBER(rack, fack),
	NUMBER(rack, dsack_round),
	NUMBER(rack, mult),
	NUMBER(rack, persist),
	FLAG(rack, any),
	FLAG(rack, reordering_seen),
	FLAG(rack, in_round),
	SPARE(rack, spare),
	NUMBER(rack, reordering),
};
static TABLE(rack);

static const struct image_field tlp_rows[] = {
	NUMBER(tlp, end), FLAG(tlp, out), FLAG(tlp, again), FLAG(tlp, untimed), SPARE(tlp, spare),
};
static TABLE(tlp);

static const struct image_field prr_rows[] = {
	NUMBER(prr, ssthresh), NUMBER(prr, recover_fs), NUMBER(prr, delivered),
	NUMBER(prr, out),      NUMBER(prr, cwnd),
};
static TABLE(prr);

static const struct image_field undo_rows[] = {
	STAYS(undo, cc, "follows if armed"),
	NUMBER(undo, from),
	NUMBER(undo, until),
	NUMBER(undo, rxt),
	NUMBER(undo, ts),
	FLAG(undo, armed),
	FLAG(undo, any),
	FLAG(undo, eifel),
	SPARE(undo, spare),
};
static TABLE(undo);

static const struct image_field loss_more_rows[] = {
	PART(loss_more, rack, rack_image),
	PART(loss_more, tlp, tlp_image),
	PART(loss_more, prr, prr_image),
	NUMBER(loss_more, recover),
	PART(loss_more, undo, undo_image),
	NUMBER(loss_more, marked),
	NUMBER(loss_more, left),
	NUMBER(loss_more, quota),
	MOST(loss_more, frto, FRTO_SECOND),
	FLAG(loss_more, fast),
	FLAG(loss_more, forgiven),
	SPARE(loss_more, spare),
};
TABLE(loss_more);

/* ---- rates ---- */

static const struct image_field rate_last_rows[] = {
	NUMBER(rate_last, octets),
	NUMBER(rate_last, us),
	FLAG(rate_last, limited),
	SPARE(rate_last, spare),
};
static TABLE(rate_last);

static const struct image_field rate_rows[] = {
	STAYS(rate, room, "its snapshots follow"),
	NUMBER(rate, delivered),
	NUMBER(rate, lost),
	KIND(rate, delivered_us, IMAGE_US),
	KIND(rate, first_us, IMAGE_US),
	NUMBER(rate, limited_to),
	FLAG(rate, app_limited),
	SPARE(rate, spare),
	PART(rate, last, rate_last_image),
};
TABLE(rate);

static const struct image_field round_rows[] = {
	NUMBER(round, from),
	KIND(round, since_us, IMAGE_US),
	NUMBER(round, end),
	FLAG(round, on),
	FLAG(round, limited),
	SPARE(round, spare),
	PART(round, last, rate_last_image),
};
TABLE(round);

static const struct image_field rate_snap_rows[] = {
	KIND(rate_snap, sent_us, IMAGE_US),
	KIND(rate_snap, first_us, IMAGE_US),
	KIND(rate_snap, delivered_us, IMAGE_US),
	NUMBER(rate_snap, delivered),
	NUMBER(rate_snap, lost),
	{
		.name = "inflight, app_limited",
		.at = offsetof(struct rate_snap, lost) + 4,
		.size = 4,
		.width = 4,
		.kind = IMAGE_NUMBER,
	},
};
TABLE(rate_snap);
