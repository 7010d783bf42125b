/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What TCP_INFO counts of every connection: segments and octets each way, and how long it was busy.
 * It is counted as it happens, for some instructions a segment: in lanes that lie side by side in a
 * word of the connection, so that one addition serves several. The upper bit of a lane says that it
 * is to be emptied into the extension, before anything else is added: short cuts look for these
 * bits and leave the segment to the long way, which does so.
 *
 * What can be told from other variables is not counted: info.c.
 */
#ifndef NSK_TCP_TALLY_H
#define NSK_TCP_TALLY_H

#include <stdint.h>

#include "tcp/conn.h"
#include "tcp/tcp_worker.h"

/* Lanes of tally_in: how far they are shifted, and how wide they are. */
#define TALLY_BUSY_MS	    0 /* with something in flight */
#define TALLY_BUSY_BITS	    18
#define TALLY_SEGS	    18
#define TALLY_SEGS_BITS	    10
#define TALLY_DATA_SEGS	    28 /* no more than segments: they have no upper bit of their own, */
#define TALLY_RECEIVED	    38 /* nor has how far rcv_nxt moved, 65535 a segment at most */
#define TALLY_RECEIVED_BITS 26

/* Lanes of tally_out, of 16 bits each. */
#define TALLY_OUT_SEGS	    0
#define TALLY_OUT_DATA_SEGS 16

#define TALLY_IN_FULL  0x08020000u
#define TALLY_OUT_FULL 0x80008000u

/* What holds back data that could be sent, or would be written; Linux's tcp_chrono. */
enum tally_limit {
	TALLY_FREE,   /* nothing, or the congestion window */
	TALLY_WINDOW, /* the peer's window */
	TALLY_BUFFER, /* the send buffer: all of it is in flight */
};

/* Empties the lanes. What there is no memory for is forgotten. */
void tally_fold(struct nsk_worker *w, struct tcp_conn *c);

/* May a short cut count, or must lanes be emptied first? */
static inline bool tally_in_full(const struct tcp_conn *c)
{
	return c->tally_in & TALLY_IN_FULL;
}

static inline bool tally_out_full(const struct tcp_conn *c)
{
	return c->tally_out & TALLY_OUT_FULL;
}

/* A segment came. The lanes are not full. */
static inline void tally_in_segment(struct tcp_conn *c, bool data)
{
	c->tally_in += data ? 1u << TALLY_SEGS | 1u << TALLY_DATA_SEGS : 1u << TALLY_SEGS;
}

/* The same, and len octets of payload in order. */
static inline void tally_in_data(struct tcp_conn *c, uint32_t len)
{
	c->tally_in += (uint64_t)len << TALLY_RECEIVED | 1u << TALLY_DATA_SEGS | 1u << TALLY_SEGS;
}

/* A segment leaves. The lanes are not full. */
static inline void tally_out_segment(struct tcp_conn *c, bool data)
{
	c->tally_out += data ? 1u << TALLY_OUT_SEGS | 1u << TALLY_OUT_DATA_SEGS
			     : 1u << TALLY_OUT_SEGS;
}

/* Any segment that came, whatever becomes of it. */
static inline void tally_in(struct nsk_worker *w, struct tcp_conn *c, bool data)
{
	if (tally_in_full(c))
		tally_fold(w, c);
	tally_in_segment(c, data);
}

/* Any segment that leaves. */
static inline void tally_out(struct nsk_worker *w, struct tcp_conn *c, bool data)
{
	if (tally_out_full(c))
		tally_fold(w, c);
	tally_out_segment(c, data);
}

/* The packet that came was n segments more, all with data: of some ten there is always room. */
static inline void tally_in_more(struct tcp_conn *c, uint32_t n)
{
	c->tally_in += (uint64_t)n << TALLY_DATA_SEGS | (uint64_t)n << TALLY_SEGS;
}

/* The segment that was counted last is n more, all with data: its port cuts it. n is some ten, for
 * which there is always room. */
static inline void tally_out_more(struct tcp_conn *c, uint32_t n)
{
	c->tally_out += n << TALLY_OUT_SEGS | n << TALLY_OUT_DATA_SEGS;
}

/* What no lane holds: a wait of minutes. */
void tally_busy_long(struct nsk_worker *w, struct tcp_conn *c, uint32_t ms);

/*
 * Something is in flight since data was sent last, and all of it is acknowledged now, or more is
 * sent: this time was busy. The lanes are not full.
 */
static inline void tally_busy(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t ms = w->tcp->now_ms - c->last_snd_ms;

	if (NSK_UNLIKELY(ms >> (TALLY_BUSY_BITS - 1)))
		tally_busy_long(w, c, ms);
	else
		c->tally_in += (uint64_t)ms << TALLY_BUSY_MS;
}

/* rcv_nxt moved by n. */
void tally_received(struct nsk_worker *w, struct tcp_conn *c, uint32_t n);

/* Our SYN is about to be acknowledged: alone it made nobody busy (as Linux). */
static inline void tally_syn_acked(const struct nsk_worker *w, struct tcp_conn *c)
{
	if (c->snd_nxt == c->snd_una + 1)
		c->last_snd_ms = w->tcp->now_ms;
}

/* Nothing is in flight, and data leaves or it is all over: if the peer's window was shut till now,
 * that was busy. The connection has an extension. */
void tally_window_open(struct nsk_worker *w, struct tcp_conn *c);

/* The slow half of tally_acked(). */
void tally_acked_carry(struct nsk_worker *w, struct tcp_conn *c, uint32_t n);

/* snd_una moves by n. */
static inline void tally_acked(struct nsk_worker *w, struct tcp_conn *c, uint32_t n)
{
	uint32_t sum = c->win.acked + n;

	c->win.acked = (uint16_t)sum;
	if (NSK_UNLIKELY(sum >> 16))
		tally_acked_carry(w, c, sum >> 16);
}

/* The slow half of tally_limited(). */
void tally_limit_changed(struct nsk_worker *w, struct tcp_conn *c, enum tally_limit limit);

/* From now on this holds the connection back. */
static inline void tally_limited(struct nsk_worker *w, struct tcp_conn *c, enum tally_limit limit)
{
	if (limit != (c->ext ? c->ext->limit : TALLY_FREE))
		tally_limit_changed(w, c, limit);
}

/* All begins at 0. */
void tally_clear(struct tcp_conn *c);

/* The connection as its counters are now, lanes included. */
struct tcp_counts tally_read(const struct nsk_worker *w, const struct tcp_conn *c);

#endif
