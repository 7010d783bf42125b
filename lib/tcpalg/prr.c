/* SPDX-License-Identifier: BSD-3-Clause */
/* Proportional rate reduction, RFC 9937 section 6; see prr.h. */
#include "tcpalg/prr.h"

static int64_t max_i64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t min_i64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void prr_start(struct prr *p, uint32_t ssthresh, uint32_t flight, uint32_t acked, uint32_t sacked,
	       uint32_t newly)
{
	/* What was sacked before cannot be delivered again; what this ACK tells is delivered. */
	uint32_t fs = flight + acked - (sacked - newly);

	*p = (struct prr){.ssthresh = ssthresh, .recover_fs = fs ? fs : 1};
}

static void set_cwnd(struct prr *p, int64_t sndcnt, uint32_t pipe, uint32_t smss)
{
	if (sndcnt < 0)
		sndcnt = 0;
	/* Force a fast retransmit on entering recovery. */
	if (p->out == 0 && sndcnt < smss)
		sndcnt = smss;
	p->cwnd = pipe + (uint32_t)sndcnt;
}

void prr_ack(struct prr *p, uint32_t delivered, uint32_t pipe, bool safe, uint32_t smss)
{
	int64_t sndcnt;

	if (delivered == 0)
		return;
	p->delivered += delivered;
	if (pipe > p->ssthresh) {
		/* Proportional: ceil(prr_delivered * ssthresh / RecoverFS). */
		uint64_t due =
			((uint64_t)p->delivered * p->ssthresh + p->recover_fs - 1) / p->recover_fs;

		sndcnt = (int64_t)due - p->out;
	} else {
		/* Conservative reduction bound; with a safe ACK slow start's (PRR-SSRB). */
		sndcnt = max_i64((int64_t)p->delivered - p->out, delivered);
		if (safe)
			sndcnt += smss;
		sndcnt = min_i64((int64_t)p->ssthresh - pipe, sndcnt);
	}
	set_cwnd(p, sndcnt, pipe, smss);
}

void prr_kick(struct prr *p, uint32_t pipe, uint32_t smss)
{
	if (p->cwnd < pipe + smss && p->out == 0)
		set_cwnd(p, 0, pipe, smss);
}
