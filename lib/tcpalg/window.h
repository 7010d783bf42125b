/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows: what the receiver advertises and when the sender may use what it was offered
 * (RFC 9293 sections 3.7.4, 3.8.6; RFC 7323 section 2).
 */
#ifndef NSK_TCPALG_WINDOW_H
#define NSK_TCPALG_WINDOW_H

#include "tcpalg/seq.h"

#define WINDOW_SHIFT_MAX 14 /* RFC 7323 section 2.3; a peer's larger one is read as 14 */

/* Both directions' windows of one connection. */
struct window {
	uint32_t rcv_adv;  /* [W] right edge last advertised; never moves back */
	uint32_t snd_wnd;  /* [W] window the peer offers, octets from snd_una */
	uint32_t max_wnd;  /* [W] largest it ever offered (SWS avoidance, RFC 5961 section 5) */
	uint8_t rcv_shift; /* [W] scale of what we advertise */
	uint8_t snd_shift; /* [W] scale of what the peer advertises */
	uint16_t acked;	   /* [W] the caller's: what was acknowledged, modulo 2^16 */
};

_Static_assert(sizeof(struct window) <= 16, "lives in the connection");

/* Smallest shift by which a buffer of bufmax octets fits into 16 bits. */
static inline uint8_t window_shift_for(uint64_t bufmax)
{
	uint8_t shift = 0;

	while (shift < WINDOW_SHIFT_MAX && bufmax > ((uint64_t)UINT16_MAX << shift))
		shift++;
	return shift;
}

static inline uint8_t window_shift_clamp(uint8_t shift)
{
	return shift > WINDOW_SHIFT_MAX ? WINDOW_SHIFT_MAX : shift;
}

/* Octets that the peer may still send: RCV.WND of the acceptance test. */
static inline uint32_t window_rcv_wnd(const struct window *w, uint32_t rcv_nxt)
{
	return seq_gt(w->rcv_adv, rcv_nxt) ? w->rcv_adv - rcv_nxt : 0;
}

/*
 * Window to advertise, in octets from rcv_nxt, given space octets of free receive buffer out of
 * bufsize and segments of mss octets: the right edge moves only by min(bufsize / 2, mss) or more
 * (RFC 9293 section 3.8.6.2.2) and never back. Does not change *w: see window_advertise.
 */
static inline uint32_t window_select(const struct window *w, uint32_t rcv_nxt, uint32_t space,
				     uint32_t bufsize, uint32_t mss)
{
	uint32_t cur = window_rcv_wnd(w, rcv_nxt);
	uint32_t step = bufsize / 2 < mss ? bufsize / 2 : mss;
	uint32_t most = (uint32_t)UINT16_MAX << w->rcv_shift, wnd;

	if (space < cur + step) /* nearly always: what was read since is little */
		return cur;
	wnd = (space < most ? space : most) >> w->rcv_shift << w->rcv_shift;
	return wnd > cur && wnd - cur >= step ? wnd : cur;
}

/*
 * Fill the header field: chooses by window_select, remembers the new right edge and returns the
 * 16 bits to send. syn: SYN segments are never scaled.
 *
 * rcv_adv never moves back. What the field can say may: rcv_nxt moves by octets, the field by units
 * of 2^shift. The field is rounded up where the buffer has room for that, so that the edge on the
 * wire does not move back either; in a full buffer it is rounded down (RFC 7323 appendix F), else
 * octet-sized segments would push the edge on forever. Octets up to rcv_adv are accepted anyhow.
 */
static inline uint16_t window_advertise(struct window *w, uint32_t rcv_nxt, uint32_t space,
					uint32_t bufsize, uint32_t mss, bool syn)
{
	uint32_t unit = 1u << w->rcv_shift, wnd, field;

	if (syn) {
		wnd = space < UINT16_MAX ? space : UINT16_MAX;
		w->rcv_adv = seq_max(w->rcv_adv, rcv_nxt + wnd);
		return (uint16_t)wnd;
	}
	wnd = window_select(w, rcv_nxt, space, bufsize, mss);
	field = (wnd + unit - 1) >> w->rcv_shift;
	if (field << w->rcv_shift > space)
		field = wnd >> w->rcv_shift;
	if (field > UINT16_MAX)
		field = UINT16_MAX;
	w->rcv_adv = seq_max(w->rcv_adv, rcv_nxt + (field << w->rcv_shift));
	return (uint16_t)field;
}

/*
 * The application read: is the edge worth a segment of its own, without waiting for data? Yes when
 * it moves by a quarter of the buffer, or when the peer had less than two segments left.
 */
bool window_update_due(const struct window *w, uint32_t rcv_nxt, uint32_t space, uint32_t bufsize,
		       uint32_t mss);

/* The peer's ISN is known (rcv_nxt = IRS + 1): nothing beyond it was offered yet. */
static inline void window_start(struct window *w, uint32_t rcv_nxt)
{
	w->rcv_adv = rcv_nxt;
}

/* RFC 9293 section 3.10.7.4, fifth check: does this segment tell a window newer than ours? */
static inline bool window_snd_fresh(uint32_t snd_wl1, uint32_t snd_wl2, uint32_t seq, uint32_t ack)
{
	return seq_lt(snd_wl1, seq) || (snd_wl1 == seq && seq_leq(snd_wl2, ack));
}

static inline void window_snd_set(struct window *w, uint16_t field, bool syn)
{
	w->snd_wnd = syn ? field : (uint32_t)field << w->snd_shift;
	if (w->snd_wnd > w->max_wnd)
		w->max_wnd = w->snd_wnd;
}

/* Octets beyond snd_nxt that the peer's window allows: U of RFC 9293 section 3.8.6.2.1. */
static inline uint32_t window_usable(const struct window *w, uint32_t snd_una, uint32_t snd_nxt)
{
	uint32_t edge = snd_una + w->snd_wnd;

	return seq_gt(edge, snd_nxt) ? edge - snd_nxt : 0;
}

/* How the sender decides about less than a full segment. */
struct nagle {
	uint32_t queued;   /* D: octets waiting that were never sent */
	uint32_t usable;   /* U: min of the peer's window and congestion window, beyond snd_nxt */
	uint32_t mss;	   /* Eff.snd.MSS */
	uint32_t max_wnd;  /* Max(SND.WND) */
	bool unacked;	   /* data is in flight (Nagle), or a small segment is (Minshall) */
	bool nodelay;	   /* TCP_NODELAY, or FIN follows the last octet */
	bool more;	   /* the application holds more back (MSG_MORE, TCP_CORK): not pushed */
	bool override_due; /* the override timer of section 3.8.6.2.1 (4) ran out */
};

/*
 * RFC 9293 sections 3.8.6.2.1 and 3.7.4: octets to send now, a multiple of the MSS but for a tail
 * that may go on its own; 0: wait. The piece may exceed one MSS.
 */
uint32_t nagle_sendable(const struct nagle *s);

static inline bool nagle_may_send(const struct nagle *s)
{
	return nagle_sendable(s) != 0;
}

/*
 * Interval before the probe number n (0: the first) of a zero window: the RTO, doubled each time up
 * to max_us (RFC 9293 section 3.8.6.1).
 */
uint32_t window_probe_us(uint32_t rto_us, unsigned n, uint32_t max_us);

#endif
