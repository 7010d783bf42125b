/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of the fields of this room's structures; see image.h. What later code divides by, shifts
 * by or looks up a table by is bounded here.
 */
#include "tcpalg/image.h"

#include "tcpalg/ackpolicy.h"
#include "tcpalg/limiter.h"
#include "tcpalg/loss.h"
#include "tcpalg/mtusearch.h"
#include "tcpalg/pacer.h"
#include "tcpalg/paws.h"
#include "tcpalg/rtt.h"
#include "tcpalg/window.h"

#define N(S, f)		  IMAGE_ROW(S, f, IMAGE_NUMBER)
#define FLAG(S, f)	  IMAGE_ROW_MOST(S, f, 1)
#define MOST(S, f, n)	  IMAGE_ROW_MOST(S, f, n)
#define SPARE(S, f)	  IMAGE_ROW_STAYS(S, f, "holds nothing")
#define STAYS(S, f, why)  IMAGE_ROW_STAYS(S, f, why)
#define PART(S, f, table) IMAGE_ROW_PART(S, f, table)
#define RANGE(S, f, a, b) IMAGE_ROW_RANGE(S, f, a, b)
#define TABLE(S, rows)	  const struct image_table S##_image = IMAGE_TABLE(S, rows)

#define RTO_MAX (UINT64_C(1) << 28) /* of struct rtt_limits */

static const struct image_field seq_range_rows[] = {N(seq_range, start), N(seq_range, end)};
TABLE(seq_range, seq_range_rows);

static const struct image_field window_rows[] = {
	N(window, rcv_adv),
	MOST(window, snd_wnd, CC_WND_MAX),
	MOST(window, max_wnd, CC_WND_MAX),
	MOST(window, rcv_shift, WINDOW_SHIFT_MAX),
	MOST(window, snd_shift, WINDOW_SHIFT_MAX),
	N(window, acked),
};
TABLE(window, window_rows);

static const struct image_field rtt_rows[] = {
	MOST(rtt, srtt8_us, UINT32_MAX >> 1),
	MOST(rtt, rttvar4_us, UINT32_MAX >> 1),
	RANGE(rtt, rto_us, 1, RTO_MAX),
	N(rtt, backoff),
};
TABLE(rtt, rtt_rows);

static const struct image_field ackpolicy_rows[] = {
	N(ackpolicy, unacked),
	RANGE(ackpolicy, rcv_mss, 1, UINT16_MAX),
	N(ackpolicy, quick),
	N(ackpolicy, flags),
};
TABLE(ackpolicy, ackpolicy_rows);

static const struct image_field paws_gap_rows[] = {
	N(paws_gap, floor),
	N(paws_gap, next),
	N(paws_gap, mark),
};
TABLE(paws_gap, paws_gap_rows);

static const struct image_field limiter_rows[] = {IMAGE_ROW(limiter, tat_ns, IMAGE_NS_LONG)};
TABLE(limiter, limiter_rows);

static const struct image_field pacer_rows[] = {
	N(pacer, rate),
	IMAGE_ROW(pacer, next_ns, IMAGE_NS_LONG),
	N(pacer, quantum),
	SPARE(pacer, spare),
};
TABLE(pacer, pacer_rows);

static const struct image_field mtu_search_rows[] = {
	N(mtu_search, low),
	N(mtu_search, high),
	FLAG(mtu_search, halves),
	SPARE(mtu_search, spare),
};
TABLE(mtu_search, mtu_search_rows);

static const struct image_field hystart_rows[] = {
	N(hystart, window_end), N(hystart, last_min), N(hystart, cur_min),
	N(hystart, baseline),	N(hystart, samples),  N(hystart, rounds),
};
TABLE(hystart, hystart_rows);

/* ---- congestion control ---- */

static const struct image_field cc_rows[] = {
	RANGE(cc, cwnd, 1, CC_WND_MAX),
	MOST(cc, ssthresh, CC_WND_MAX),
	RANGE(cc, smss, 1, UINT16_MAX),
	MOST(cc, algo, CC_DCTCP),
	N(cc, flags),
	N(cc, flight),
	STAYS(cc, priv, "follows by the table of what it is now"),
};
TABLE(cc, cc_rows);

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
	N(cc_model, pacing_rate),
	N(cc_model, seed),
	IMAGE_ROW(cc_model, now_us, IMAGE_US_LONG),
	N(cc_model, srtt_us),
	N(cc_model, delivered),
	FLAG(cc_model, limited),
	SPARE(cc_model, spare),
};
TABLE(cc_model, cc_model_rows);

/* ---- losses ---- */

static const struct image_field flight_rows[] = {
	STAYS(flight, room, "its ranges follow"),
	IMAGE_ROW(flight, sent_us, IMAGE_US),
	MOST(flight, flags, FLIGHT_SACKED | FLIGHT_RXT | FLIGHT_LOST | FLIGHT_COARSE),
	SPARE(flight, spare),
	STAYS(flight, epoch, "of the clock that it was; the least round trip's time begins anew"),
};
TABLE(flight, flight_rows);

static const struct image_field flight_range_rows[] = {
	N(flight_range, start),
	IMAGE_ROW(flight_range, sent_us, IMAGE_US),
	MOST(flight_range, flags, FLIGHT_SACKED | FLIGHT_RXT | FLIGHT_LOST | FLIGHT_COARSE),
};
TABLE(flight_range, flight_range_rows);

static const struct image_field flight_losses_rows[] = {
	N(flight_losses, octets),
	MOST(flight_losses, ranges, UINT16_MAX),
	IMAGE_ROW(flight_losses, sent_us, IMAGE_US),
};
TABLE(flight_losses, flight_losses_rows);

/* Bits that have no address. */
#define LOSS_BITS 0x3f
static const struct image_field loss_rows[] = {
	N(loss, min_rtt_us),
	MOST(loss, state, LOSS_RTO),
	N(loss, dupacks),
	N(loss, flags),
	{
		.name = "reo, watched, ece, cwr, mtu, urgent",
		.at = offsetof(struct loss, flags) + 1,
		.size = 1,
		.width = 1,
		.kind = IMAGE_NUMBER,
		.most = LOSS_BITS,
	},
};
TABLE(loss, loss_rows);

static const struct image_field flight_edge_rows[] = {
	IMAGE_ROW(flight_edge, sent_us, IMAGE_US),
	N(flight_edge, end),
};
static TABLE(flight_edge, flight_edge_rows);

static const struct image_field rack_rows[] = {
	PART(rack, newest, flight_edge_image),
	N(rack, rtt_us),
	N(rack, fack),
	N(rack, dsack_round),
	N(rack, mult),
	N(rack, persist),
	FLAG(rack, any),
	FLAG(rack, reordering_seen),
	FLAG(rack, in_round),
	SPARE(rack, spare),
	N(rack, reordering),
};
static TABLE(rack, rack_rows);

static const struct image_field tlp_rows[] = {
	N(tlp, end),
	FLAG(tlp, out),
	FLAG(tlp, again),
	SPARE(tlp, spare),
};
static TABLE(tlp, tlp_rows);

static const struct image_field prr_rows[] = {
	N(prr, ssthresh), N(prr, recover_fs), N(prr, delivered), N(prr, out), N(prr, cwnd),
};
static TABLE(prr, prr_rows);

static const struct image_field undo_rows[] = {
	STAYS(undo, cc, "follows if armed"),
	N(undo, from),
	N(undo, until),
	N(undo, rxt),
	N(undo, ts),
	FLAG(undo, armed),
	FLAG(undo, any),
	FLAG(undo, eifel),
	SPARE(undo, spare),
};
static TABLE(undo, undo_rows);

static const struct image_field loss_more_rows[] = {
	PART(loss_more, rack, rack_image),
	PART(loss_more, tlp, tlp_image),
	PART(loss_more, prr, prr_image),
	N(loss_more, recover),
	PART(loss_more, undo, undo_image),
	N(loss_more, marked),
	N(loss_more, left),
	N(loss_more, quota),
	MOST(loss_more, frto, FRTO_SECOND),
	FLAG(loss_more, fast),
	FLAG(loss_more, forgiven),
	SPARE(loss_more, spare),
};
TABLE(loss_more, loss_more_rows);

/* ---- rates ---- */

static const struct image_field rate_rows[] = {
	STAYS(rate, room, "its snapshots follow"),
	N(rate, delivered),
	N(rate, lost),
	IMAGE_ROW(rate, delivered_us, IMAGE_US),
	IMAGE_ROW(rate, first_us, IMAGE_US),
	N(rate, limited_to),
	FLAG(rate, app_limited),
	FLAG(rate, last_limited),
	SPARE(rate, spare),
	N(rate, last_octets),
	N(rate, last_us),
	SPARE(rate, spare_too),
};
TABLE(rate, rate_rows);

static const struct image_field rate_snap_rows[] = {
	IMAGE_ROW(rate_snap, sent_us, IMAGE_US),
	IMAGE_ROW(rate_snap, first_us, IMAGE_US),
	IMAGE_ROW(rate_snap, delivered_us, IMAGE_US),
	N(rate_snap, delivered),
	N(rate_snap, lost),
	{
		.name = "inflight, app_limited",
		.at = offsetof(struct rate_snap, lost) + 4,
		.size = 4,
		.width = 4,
		.kind = IMAGE_NUMBER,
	},
};
TABLE(rate_snap, rate_snap_rows);
