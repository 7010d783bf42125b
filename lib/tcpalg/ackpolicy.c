/* SPDX-License-Identifier: BSD-3-Clause */
/* When to acknowledge; see ackpolicy.h. */
#include "tcpalg/ackpolicy.h"

/* Before a larger segment was seen: the least that everybody may send (RFC 9293 section 3.7.1). */
#define RCV_MSS_FIRST 536

#define QUICK_AFTER_ECN 2

void ackpolicy_init(struct ackpolicy *p, enum ackpolicy_profile profile)
{
	*p = (struct ackpolicy){
		.rcv_mss = RCV_MSS_FIRST,
		.quick = profile == ACKPOLICY_LINUX ? ACKPOLICY_QUICK : 0,
		.flags = (uint8_t)(profile == ACKPOLICY_LINUX ? 0 : ACKPOLICY_F_RFC),
	};
}

/* The peer needs to hear from us soon: no delays for the next segments. */
static void be_quick(struct ackpolicy *p, uint8_t segments)
{
	if (p->flags & ACKPOLICY_F_RFC)
		return;
	if (p->quick < segments)
		p->quick = segments;
}

/* What "full-sized" means: the largest segment that this peer sent, within the MSS. */
static uint32_t full_size(struct ackpolicy *p, uint32_t len, unsigned nsegs, uint16_t mss)
{
	uint32_t seg = nsegs > 1 ? len / nsegs : len;

	if (seg > p->rcv_mss)
		p->rcv_mss = seg < mss ? (uint16_t)seg : mss;
	return p->rcv_mss < mss ? p->rcv_mss : mss;
}

enum ackpolicy_verdict ackpolicy_input(struct ackpolicy *p, uint32_t unacked, uint32_t len,
				       unsigned nsegs, uint16_t mss, unsigned events)
{
	uint32_t full;

	if (len == 0 && events == 0)
		return ACKPOLICY_NONE;
	full = full_size(p, len, nsegs, mss);
	p->flags |= ACKPOLICY_F_OWED;
	if (len != 0)
		p->flags |= ACKPOLICY_F_FRESH;

	if (__builtin_expect(events != 0, 0)) {
		if (events & (ACKPOLICY_OOO | ACKPOLICY_GAP | ACKPOLICY_DUP))
			be_quick(p, ACKPOLICY_QUICK);
		else if (events & ACKPOLICY_ECN)
			be_quick(p, QUICK_AFTER_ECN);
		return ACKPOLICY_NOW;
	}
	if (p->quick != 0) {
		p->quick = nsegs < p->quick ? (uint8_t)(p->quick - nsegs) : 0;
		return ACKPOLICY_NOW;
	}
	return unacked >= 2 * full ? ACKPOLICY_NOW : ACKPOLICY_LATER;
}

bool ackpolicy_timeout(struct ackpolicy *p)
{
	if (!ackpolicy_owed(p))
		return false;
	p->flags &= (uint8_t)~ACKPOLICY_F_FRESH;
	return true;
}
