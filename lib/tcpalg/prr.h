/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proportional rate reduction (RFC 9937): how much may be sent during fast recovery, so that what
 * is in flight comes down to ssthresh smoothly, and not below it.
 *
 * cwnd is what RFC 9937 section 6 sets it to; it lives here and not in struct cc, which keeps the
 * window that recovery is heading for.
 */
#ifndef NSK_TCPALG_PRR_H
#define NSK_TCPALG_PRR_H

#include <stdbool.h>
#include <stdint.h>

struct prr {
	uint32_t ssthresh;   /* [W] target */
	uint32_t recover_fs; /* [W] RecoverFS, > 0 */
	uint32_t delivered;  /* [W] prr_delivered */
	uint32_t out;	     /* [W] prr_out */
	uint32_t cwnd;	     /* [W] what may be in flight now */
};

/*
 * Fast recovery begins. flight: snd_nxt - snd_una after the ACK that began it; acked, newly: octets
 * that it acknowledged and newly sacked; sacked: all that is sacked now.
 */
void prr_start(struct prr *p, uint32_t ssthresh, uint32_t flight, uint32_t acked, uint32_t sacked,
	       uint32_t newly);

/*
 * An ACK during fast recovery, the one that began it included. delivered: octets it acknowledged or
 * sacked for the first time; pipe: in flight now; safe: snd_una moved and nothing more was found
 * lost.
 */
void prr_ack(struct prr *p, uint32_t delivered, uint32_t pipe, bool safe, uint32_t smss);

/* Losses were found without an ACK, by a timer: one segment may go if none has. */
void prr_kick(struct prr *p, uint32_t pipe, uint32_t smss);

/* Octets left, for the first time or again. */
static inline void prr_sent(struct prr *p, uint32_t octets)
{
	p->out += octets;
}

#endif
