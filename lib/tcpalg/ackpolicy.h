/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When to acknowledge (RFC 9293 section 3.8.6.3, RFC 5681 section 4.2).
 *
 * Two profiles. RFC: every second full-sized segment, others after a delay. LINUX: besides, the
 * first 16 segments, and 16 after trouble, are acknowledged at once so that a peer in slow start
 * is not slowed, unless the connection turned out to be request and response, where the answer
 * carries the ACK. The policy says what; timers and segments are the caller's.
 */
#ifndef NSK_TCPALG_ACKPOLICY_H
#define NSK_TCPALG_ACKPOLICY_H

#include <stdbool.h>
#include <stdint.h>

#define ACKPOLICY_DELAY_US 40000u /* at most 500 ms (RFC 9293 MUST-58); Linux's minimum */
#define ACKPOLICY_QUICK	   16	  /* as Linux's TCP_MAX_QUICKACKS */

enum ackpolicy_profile {
	ACKPOLICY_LINUX,
	ACKPOLICY_RFC,
};

enum ackpolicy_verdict {
	ACKPOLICY_NONE,	 /* nothing owed */
	ACKPOLICY_LATER, /* owed: arm the delay timer if it is not running */
	ACKPOLICY_NOW,	 /* owed in this turn */
};

/* What the segment was, or-ed. */
#define ACKPOLICY_OOO	0x01u /* out of order: a duplicate ACK, at once */
#define ACKPOLICY_GAP	0x02u /* filled a gap, or part of one */
#define ACKPOLICY_DUP	0x04u /* held already, or outside of the window */
#define ACKPOLICY_FIN	0x08u
#define ACKPOLICY_PROBE 0x10u /* keepalive or window probe, or a challenge is owed */
#define ACKPOLICY_ECN	0x20u /* the CE mark changed (RFC 3168, RFC 8257) */

struct ackpolicy {
	uint16_t rcv_mss; /* [W] largest segment seen: what "full-sized" means for this peer */
	uint8_t quick;	  /* [W] segments still to be acknowledged at once */
	uint8_t flags;	  /* [W] private */
};

_Static_assert(sizeof(struct ackpolicy) <= 4, "lives in the connection");

#define ACKPOLICY_F_RFC	  0x01u
#define ACKPOLICY_F_OWED  0x02u
#define ACKPOLICY_F_FRESH 0x04u /* data came lately, and we have sent none since */

void ackpolicy_init(struct ackpolicy *p, enum ackpolicy_profile profile);

/*
 * A segment, or a merged run of nsegs, came in with len octets; mss is the most that the peer may
 * put into one segment; unacked: octets received since the last ACK went out, with these. events:
 * ACKPOLICY_* above, 0 for data in order.
 */
enum ackpolicy_verdict ackpolicy_input(struct ackpolicy *p, uint32_t unacked, uint32_t len,
				       unsigned nsegs, uint16_t mss, unsigned events);

/* A segment with an ACK left. data: it carries octets of ours. */
static inline void ackpolicy_sent(struct ackpolicy *p, bool data)
{
	/* Our data follows theirs soon: the next answer will take the ACK along as well. */
	if (data) {
		if (p->flags & ACKPOLICY_F_FRESH)
			p->quick = 0;
		p->flags &= (uint8_t)~ACKPOLICY_F_FRESH;
	}
	p->flags &= (uint8_t)~ACKPOLICY_F_OWED;
}

/* The delay ran out: true when an ACK is owed and must go now. No answer came in time. */
bool ackpolicy_timeout(struct ackpolicy *p);

static inline bool ackpolicy_owed(const struct ackpolicy *p)
{
	return p->flags & ACKPOLICY_F_OWED;
}

#endif
