/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss recovery: when to enter and leave it, what to send again, and how much.
 *
 * A small state machine over parts that each know one thing: flight.h (what is in flight), rack.h
 * (which of it is lost, RFC 8985), prr.h (how much to send in fast recovery, RFC 9937), undo.h
 * (was it needless, RFC 3522, 3708, 4015, 5682) and cc.h. Without SACK: RFC 6582.
 *
 *	OPEN	 nothing unusual: ACKs take the short cut, flight_ack_plain()
 *	DISORDER something is sacked, or duplicate ACKs came, or a probe is out, or no round trip
 *		 was measured since; nothing is lost
 *	FAST	 fast recovery, until all that was in flight when it began is acknowledged
 *	RTO	 after a timeout, likewise
 *
 * The window is never inflated: what left the network is taken off the pipe instead, which permits
 * the same sends. Limited transmit (RFC 3042) follows by itself: each of the first duplicates takes
 * something off the pipe.
 *
 * struct loss is in every connection, struct loss_more in those that ever missed something. Without
 * memory for it only timeouts recover, by going back to snd_una.
 *
 * No timers run here. The caller has one for a connection, and asks which: reo_us after each call,
 * else a probe (loss_may_probe) or the timeout.
 */
#ifndef NSK_TCPALG_LOSS_H
#define NSK_TCPALG_LOSS_H

#include "tcpalg/cc.h"
#include "tcpalg/flight.h"
#include "tcpalg/prr.h"
#include "tcpalg/rack.h"
#include "tcpalg/undo.h"

enum loss_state {
	LOSS_OPEN,
	LOSS_DISORDER,
	LOSS_FAST,
	LOSS_RTO
};

struct loss {
	uint32_t min_rtt_us; /* [W] least round trip so far, 0: none */
	union {
		struct {
			uint8_t state;	  /* [W] enum loss_state */
			uint8_t dupacks;  /* [W] ACKs in a row that told of gaps; saturates */
			uint8_t flags;	  /* [W] private */
			bool reo : 1;	  /* [W] the caller's: its timer is the reordering timer */
			bool watched : 1; /* [W] the caller's: somebody wants to know of each ACK */
			bool ece : 1;	  /* [W] the caller's: what we send echoes a mark */
			bool cwr : 1;	  /* [W] the caller's: new data says that we reduced */
			bool mtu : 1;	  /* [W] the caller's: its path's MTU is being probed */
			bool urgent : 1;  /* [W] the caller's: either side has urgent data */
			bool hold : 1;	  /* [W] the caller's: its timer holds new data back */
		};
		uint32_t unusual; /* 0: none of it, in OPEN: short cuts may be taken */
	};
};

_Static_assert(sizeof(struct loss) <= 8, "lives in the connection");

struct loss_more {
	struct rack rack;
	struct tlp tlp;
	struct prr prr;
	uint32_t recover; /* [W] snd_nxt when the episode began (RFC 6582 recover + 1) */
	struct undo undo;
	uint32_t marked; /* [W] snd_nxt when a mark was answered */
	uint32_t left;	 /* [W] without SACK: octets that duplicates say have left the network */
	uint32_t quota;	 /* [W] new octets that F-RTO wants to see out */
	enum frto frto;	 /* [W] */
	bool fast;	 /* [W] the last episode is or was fast recovery */
	bool forgiven;	 /* [W] what began the episode was no sign of congestion */
	uint8_t spare[6];
};

/* A connection, for one call. una and nxt are SND.UNA and SND.NXT, after the ACK if there is one.
 */
struct loss_ctx {
	struct loss *l;
	struct loss_more *m; /* NULL: no memory, or nothing unusual so far */
	struct flight *f;
	struct cc *cc;
	uint32_t una, nxt;
	uint64_t now_us;
	uint32_t srtt_us;
	uint32_t initial_segs; /* of an initial window */
	bool sack;	       /* negotiated */
	uint32_t reo_us;       /* out: the reordering timer is to run for this long; 0: is not */
};

/* One ACK. */
struct loss_ack {
	struct flight_news *news; /* flight_ack() and flight_sack() filled it in */
	uint32_t acked;		  /* octets by which snd_una moved */
	struct seq_range dup;	  /* D-SACK; empty: none */
	uint32_t tsecr;
	bool ts;       /* tsecr is there */
	bool ece;      /* it echoes a congestion mark (RFC 3168) */
	bool is_dup;   /* a duplicate (RFC 5681 section 2): loss_is_dup() */
	bool can_send; /* there is new data, and a window for it */
	bool timed;    /* a round trip was measured */
};

/* Events, or-ed. */
#define LOSS_EV_ENTER	 0x01u /* fast recovery began */
#define LOSS_EV_EXIT	 0x02u /* recovery is over */
#define LOSS_EV_GROW	 0x04u /* congestion control may count this ACK as ordinary progress */
#define LOSS_EV_UNDO	 0x08u /* it was needless and was taken back */
#define LOSS_EV_REPAIRED 0x10u /* a probe repaired a loss */
#define LOSS_EV_MARKED	 0x20u /* the window was reduced because of a mark */

void loss_init(struct loss *l);

/* Gets a zeroed loss_more ready. */
void loss_more_init(struct loss_more *m, uint32_t una);

/*
 * RFC 5681 section 2: is the segment a duplicate acknowledgement? outstanding: there is data in
 * flight; len: payload; synfin: it carries SYN or FIN; wnd: its window, scaled.
 */
static inline bool loss_is_dup(uint32_t snd_una, bool outstanding, uint32_t ack, uint32_t len,
			       bool synfin, uint32_t wnd, uint32_t snd_wnd)
{
	return ack == snd_una && outstanding && len == 0 && !synfin && wnd == snd_wnd;
}

#define LOSS_F_MARKED 0x04 /* of flags: see loss_answered_mark() */

/* The window was reduced because of a mark, and nothing that was sent since is acknowledged. */
static inline bool loss_answered_mark(const struct loss *l)
{
	return l->flags & LOSS_F_MARKED;
}

/* A round trip was measured. */
static inline void loss_rtt(struct loss *l, uint32_t sample_us)
{
	if (l->min_rtt_us - 1 >= sample_us)
		l->min_rtt_us = sample_us ? sample_us : 1;
}

/* Gets the news of an ACK ready for flight_ack(). */
void loss_news_init(const struct loss_ctx *x, struct flight_news *n);

/* One ACK; returns LOSS_EV_*. Calls congestion control, but for GROW. */
unsigned loss_ack(struct loss_ctx *x, const struct loss_ack *a);

/* The reordering timer ran out (RFC 8985 section 6.3, RACK_reo_timer). Returns LOSS_EV_*. */
unsigned loss_reo_timeout(struct loss_ctx *x);

/* The retransmission timer ran out (RFC 6298 section 5, RFC 8985 section 6.3). first: cc_rto(). */
void loss_rto(struct loss_ctx *x, bool first);

/* Congestion control begins anew: there is nothing to take back to. */
static inline void loss_new_control(struct loss_more *m)
{
	undo_disarm(&m->undo);
	m->frto = FRTO_OFF;
}

/*
 * Everything in flight is to be sent again, in segments of another size. Not a sign of congestion.
 */
void loss_go_back(struct loss_ctx *x);

/*
 * What was just found lost, up to end, was too large for the path, which is no sign of congestion
 * (RFC 4821 section 7.5): it is sent again, and the window is as before.
 */
void loss_forgive(struct loss_ctx *x, uint32_t end);

/*
 * RFC 8985 sections 7.2 and 7.3: may a probe be sent when the timer runs out? Only OPEN is there
 * none out, and a round trip measured since the last; the first one is measured if srtt_us is.
 */
static inline bool loss_may_probe(const struct loss_ctx *x)
{
	return x->l->state == LOSS_OPEN && x->sack && x->srtt_us && x->una != x->nxt;
}

/* The probe has left, being r; again: it was sent before. */
void loss_probed(struct loss_ctx *x, struct seq_range r, bool again, uint32_t grain);

/* What is to be sent again next; not while F-RTO sends new data. False: nothing. */
bool loss_next(struct loss_ctx *x, struct seq_range *out);

/* r was sent again, with our timestamp ts. */
void loss_sent_again(struct loss_ctx *x, struct seq_range r, uint32_t ts, uint32_t grain);

/* Octets were sent for the first time. */
static inline void loss_sent_new(struct loss_ctx *x, uint32_t octets)
{
	if (x->l->state < LOSS_FAST || !x->m)
		return;
	prr_sent(&x->m->prr, octets);
	x->m->quota -= octets < x->m->quota ? octets : x->m->quota;
}

/* The next retransmission goes out even if the pipe is full: the one of a timeout. */
bool loss_forced(const struct loss_ctx *x);

/* Octets thought to be in the network. */
uint32_t loss_pipe(const struct loss_ctx *x);

/* Octets that may leave now, first time or again. */
uint32_t loss_room(const struct loss_ctx *x);

#endif
