/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss recovery: when to enter and leave it, what to send again, and how much is in the pipe.
 * Fast retransmit and fast recovery without SACK (RFC 5681 section 3.2, RFC 6582), with SACK
 * (RFC 6675), and go-back after a timeout (RFC 5681 section 3.1, RFC 6675 section 5.1).
 *
 * How TCP uses it:
 *	on each ACK	 feed SACK blocks to the scoreboard, advance snd_una and the scoreboard,
 *then ev = recovery_ack(); ENTER -> cc_loss(); EXIT -> cc_recovery_exit(); GROW -> cc_ack() on the
 *RTO	 scoreboard_reset(); recovery_rto(); cc_rto()
 *	when sending	 pipe = recovery_pipe(); while pipe < cwnd, or recovery_forced():
 *			 send recovery_next(), recovery_sent(), pipe += len; then new data;
 *			 then cc_sent()
 * Finding losses by time (RACK-TLP, RFC 8985) is a module of its own beside this one: it will
 * move the edge below which octets are lost, and leave the rest as it is.
 *
 * The window is never inflated: what left the network is taken off the pipe instead, which permits
 * the same sends and leaves cwnd to congestion control alone. Limited transmit (RFC 3042) follows
 * from that by itself: each of the first two duplicates takes one segment off the pipe.
 */
#ifndef NSK_TCPALG_RECOVERY_H
#define NSK_TCPALG_RECOVERY_H

#include "tcpalg/scoreboard.h"
#include "tcpalg/seq.h"

enum recovery_state {
	RECOVERY_OPEN, /* nothing known to be lost; up to DupThresh duplicate ACKs are counted */
	RECOVERY_FAST, /* fast recovery */
	RECOVERY_LOSS, /* after a timeout */
};

struct recovery {
	uint32_t recover;  /* [W] snd_nxt when the episode began (RFC 6582 recover + 1) */
	uint32_t high_rxt; /* [W] what is not sacked below it was sent again in this episode */
	uint32_t aux;	   /* [W] FAST: with SACK, lost whatever the scoreboard says below it;
			    *	  without, octets that duplicate ACKs say have left the network */
	uint8_t state;	   /* [W] enum recovery_state */
	uint8_t dupacks;   /* [W] saturates */
	uint8_t flags;	   /* [W] private */
	uint8_t pad;
};

_Static_assert(sizeof(struct recovery) <= 16, "lives in the connection");

/* Events of recovery_ack(), or-ed. EXIT comes before ENTER when one ACK brings both. */
#define RECOVERY_EV_ENTER 0x01u /* fast recovery begins: tell congestion control of the loss */
#define RECOVERY_EV_EXIT  0x02u /* fast recovery ends: all that was out is acknowledged */
#define RECOVERY_EV_GROW  0x04u /* congestion control may count this ACK as ordinary progress */
#define RECOVERY_EV_DUP	  0x08u /* counted as a duplicate */

/* One ACK, after snd_una and the scoreboard took it in. */
struct recovery_ack {
	uint32_t snd_una;
	uint32_t snd_nxt; /* highest sent, never pulled back */
	uint32_t acked;	  /* octets by which snd_una moved */
	uint32_t sacked;  /* octets newly sacked by its blocks */
	uint32_t smss;
	bool dup;  /* recovery_is_dup() said so; not read when sack is set */
	bool sack; /* SACK was negotiated (sb may still be NULL: nothing sacked) */
};

void recovery_init(struct recovery *r, uint32_t iss);

/*
 * RFC 5681 section 2: is the segment a duplicate acknowledgement? outstanding: there is data in
 * flight; len: payload; synfin: it carries SYN or FIN; wnd: its window, scaled.
 */
static inline bool recovery_is_dup(uint32_t snd_una, bool outstanding, uint32_t ack, uint32_t len,
				   bool synfin, uint32_t wnd, uint32_t snd_wnd)
{
	return ack == snd_una && outstanding && len == 0 && !synfin && wnd == snd_wnd;
}

/* The part of recovery_ack() for ACKs that are not plain progress. */
unsigned recovery_ack_slow(struct recovery *r, const struct scoreboard *sb,
			   const struct recovery_ack *a);

/* Take in one ACK; returns RECOVERY_EV_*. sb may be NULL. */
static inline unsigned recovery_ack(struct recovery *r, const struct scoreboard *sb,
				    const struct recovery_ack *a)
{
	if (__builtin_expect(!(r->state | r->dupacks | r->flags) && !a->dup && a->sacked == 0, 1))
		return a->acked ? RECOVERY_EV_GROW : 0;
	return recovery_ack_slow(r, sb, a);
}

/* The retransmission timer expired: everything outstanding counts as lost. */
void recovery_rto(struct recovery *r, uint32_t snd_una, uint32_t snd_nxt);

enum recovery_send {
	RECOVERY_NOTHING,    /* nothing to send again */
	RECOVERY_RETRANSMIT, /* a hole */
	RECOVERY_RESCUE,     /* the last octets sent, once per episode (RFC 6675 NextSeg rule 4) */
};

/*
 * What to send again next: *out, never longer than max octets (which may be many segments, to be
 * split at the port). idle: there is no new data that could be sent instead (NextSeg rules 3, 4).
 */
enum recovery_send recovery_next(const struct recovery *r, const struct scoreboard *sb,
				 uint32_t snd_una, uint32_t snd_nxt, uint32_t smss, uint32_t max,
				 bool idle, struct seq_range *out);

/* piece, or its front, was sent as recovery_next() had said. */
void recovery_sent(struct recovery *r, struct seq_range piece, enum recovery_send kind);

/* The next retransmission goes out even if the pipe is full (RFC 6582 step 2, RFC 6675 4.3). */
bool recovery_forced(const struct recovery *r);

/* Octets thought to be in the network (RFC 6675 SetPipe); what new sends are held against. */
uint32_t recovery_pipe(const struct recovery *r, const struct scoreboard *sb, uint32_t snd_una,
		       uint32_t snd_nxt, uint32_t smss);

static inline bool recovery_active(const struct recovery *r)
{
	return r->state != RECOVERY_OPEN;
}

#endif
