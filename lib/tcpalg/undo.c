/* SPDX-License-Identifier: BSD-3-Clause */
/* Needless retransmissions: RFC 3522, 3708, 4015, 5682; see undo.h. */
#include "tcpalg/undo.h"

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

void undo_arm(struct undo *u, const struct cc *cc, uint32_t una, uint32_t rxt, bool within)
{
	if (within)
		return;
	*u = (struct undo){
		.cc = *cc,
		.from = una,
		.until = una + CC_WND_MAX,
		.rxt = rxt,
		.armed = true,
	};
}

void undo_sent_again(struct undo *u, uint32_t octets, uint32_t ts, bool first)
{
	if (!u->armed)
		return;
	u->rxt += octets;
	if (u->any)
		return;
	u->any = true;
	u->eifel = first;
	u->ts = ts;
}

bool undo_eifel(struct undo *u, uint32_t tsecr)
{
	if (!u->armed || !u->eifel)
		return false;
	u->eifel = false;
	return seq_lt(tsecr, u->ts);
}

void undo_restore(struct undo *u, struct cc *cc, uint32_t pipe, uint32_t acked,
		  uint32_t initial_segs)
{
	const struct cc now = *cc;
	uint32_t most = pipe + min_u32(acked, cc_initial_window(now.smss, initial_segs));

	if (cc->flags & CC_MODEL) {
		cc_algos[cc->algo]->undo(cc);
		undo_disarm(u);
		return;
	}
	*cc = u->cc;
	cc_set_smss(cc, now.smss);
	cc->flight = max_u32(cc->flight, now.flight);
	cc->ssthresh = max_u32(cc->ssthresh, now.ssthresh);
	if (cc->cwnd > most) {
		/* Slow start leads back. */
		cc->ssthresh = max_u32(cc->ssthresh, cc->cwnd);
		cc->cwnd = most;
	}
	cc->cwnd = max_u32(cc->cwnd, now.cwnd);
	undo_disarm(u);
}

void undo_at_once(struct undo *u, struct cc *cc)
{
	if (cc->flags & CC_MODEL)
		cc_algos[cc->algo]->undo(cc);
	else
		*cc = u->cc;
	undo_disarm(u);
}

enum frto_verdict frto_ack(enum frto *state, uint32_t acked, uint32_t orig, bool sack,
			   bool can_send)
{
	switch (*state) {
	case FRTO_FIRST:
		/* Section 3.1 step 2: with SACK a duplicate may be about anything; wait. */
		if (acked == 0 && sack)
			return FRTO_UNKNOWN;
		if (acked == 0 || !can_send)
			break;
		*state = FRTO_SECOND;
		return FRTO_NEW_DATA;
	case FRTO_SECOND:
		if (orig == 0 || (acked == 0 && !sack))
			break;
		*state = FRTO_OFF;
		return FRTO_SPURIOUS;
	default:
		return FRTO_UNKNOWN;
	}
	*state = FRTO_OFF;
	return FRTO_GENUINE;
}
