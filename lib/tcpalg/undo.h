/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Taking back what a needless retransmission did to the congestion window. Three ways to know it
 * was needless: the Eifel algorithm by timestamps (RFC 3522), D-SACKs for all that was sent again
 * (RFC 3708), and after a timeout F-RTO (RFC 5682), which looks whether octets that were never sent
 * again are acknowledged. The response is Eifel's (RFC 4015).
 */
#ifndef NSK_TCPALG_UNDO_H
#define NSK_TCPALG_UNDO_H

#include "tcpalg/cc.h"
#include "tcpalg/seq.h"

struct undo {
	struct cc cc;	/* [W] as it was before the episode, the algorithm's own state included */
	uint32_t from;	/* [W] snd_una when it began */
	uint32_t until; /* [W] a D-SACK that comes with a higher ACK is about something else */
	uint32_t rxt;	/* [W] octets sent again, those included that an earlier one has in flight,
			 * and not reported as duplicates yet */
	uint32_t ts;	/* [W] timestamp of the first that was (RFC 3522 RetransmitTS) */
	bool armed;	/* [W] the above is there */
	bool any;	/* [W] ts is there: something was sent again */
	bool eifel;	/* [W] the first ACK since then has not come */
	uint8_t spare[5];
};

/*
 * A recovery begins: remembers. Within an earlier one that goes on: that one's state stands. rxt:
 * octets that an earlier one sent again and that are in flight; D-SACKs may tell of them as well.
 */
void undo_arm(struct undo *u, const struct cc *cc, uint32_t una, uint32_t rxt, bool within);

/* The recovery is over: D-SACKs may come until nxt is acknowledged. */
static inline void undo_expire(struct undo *u, uint32_t nxt)
{
	u->until = nxt;
}

static inline void undo_disarm(struct undo *u)
{
	u->armed = false;
}

/*
 * Octets were sent again, with our timestamp ts; first: SND.UNA's. Eifel is about the oldest
 * octets: if these are not the first, an earlier recovery has sent them again, and what is
 * acknowledged next answers that.
 */
void undo_sent_again(struct undo *u, uint32_t octets, uint32_t ts, bool first);

/*
 * RFC 3522 section 3.2 steps 4 and 5, for the first ACK of something new after the retransmission:
 * true if it answers what was sent before.
 */
bool undo_eifel(struct undo *u, uint32_t tsecr);

/* An ACK of una: one that comes with it, or later, may be about something else. */
static inline void undo_reached(struct undo *u, uint32_t una)
{
	if (u->armed && seq_gt(una, u->until))
		undo_disarm(u);
}

/* Is a D-SACK about something that was sent again? */
static inline bool undo_covers(const struct undo *u, struct seq_range dup)
{
	return u->armed && u->any && seq_geq(dup.start, u->from);
}

/* RFC 3708 section 2: one that is. True if with it all was reported. */
static inline bool undo_dsack(struct undo *u, struct seq_range dup)
{
	uint32_t len = seq_range_len(dup);

	u->rxt -= len < u->rxt ? len : u->rxt;
	return u->rxt == 0;
}

/*
 * RFC 4015 section 3.2 steps 5 and 6: the window as before, but no burst: pipe octets are in
 * flight, the ACK acknowledged acked, an initial window has initial_segs segments. A model of the
 * path knows itself what it was. Disarms.
 */
void undo_restore(struct undo *u, struct cc *cc, uint32_t pipe, uint32_t acked,
		  uint32_t initial_segs);

/* The same for what has only just begun, with this ACK: nothing was sent by the new window. */
void undo_at_once(struct undo *u, struct cc *cc);

/* ---- F-RTO ---- */

enum frto {
	FRTO_OFF,
	FRTO_FIRST,  /* the first octets were sent again; the next ACK comes first */
	FRTO_SECOND, /* new octets were sent instead of lost ones; the ACK after that decides */
};

enum frto_verdict {
	FRTO_UNKNOWN,
	FRTO_NEW_DATA, /* send up to two new segments */
	FRTO_GENUINE,  /* conventional recovery */
	FRTO_SPURIOUS,
};

/*
 * RFC 5682 sections 2.1 and 3.1, steps 2 and 3, for an ACK that does not reach "recover". acked:
 * octets by which snd_una moved; orig: octets acknowledged or sacked that were sent before the
 * timeout and never again; can_send: there is new data, and a window for it.
 */
enum frto_verdict frto_ack(enum frto *state, uint32_t acked, uint32_t orig, bool sack,
			   bool can_send);

#endif
