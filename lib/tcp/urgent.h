/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Urgent data: RFC 9293 §3.8.5, RFC 6093; what the application sees of it is Linux's.
 *
 * The pointer of a segment says where the urgent data ends. As in every system with sockets only
 * the last octet before that is made something of: out of line, it is no part of the stream and
 * recv(MSG_OOB) gives it; with SO_OOBINLINE it stays where it is. Either way its place is a mark,
 * at which a read ends that has given something. A pointer that goes further takes the mark along,
 * and what was urgent before is ordinary data.
 *
 * What is known of either direction is in the connection's extension. While there is anything,
 * loss.urgent keeps all segments off the short cuts, and while there is a mark the socket has
 * operations that look for it; so who sends and receives nothing urgent pays nothing.
 */
#ifndef NSK_TCP_URGENT_H
#define NSK_TCP_URGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/conn.h"
#include "tcpalg/seq.h"

enum urgent_mark {
	URGENT_NONE,	/* no pointer, or the application has read beyond it */
	URGENT_AWAITED, /* the octet has not come yet */
	URGENT_HERE,	/* it came */
	URGENT_TAKEN,	/* recv(MSG_OOB) gave it */
};

/* ---- urgent.c: the protocol ---- */

/* What was just queued is urgent to its end: SND.UP. The extension is there. */
void urgent_queued(struct tcp_conn *c);

/* Something that we called urgent is not acknowledged. */
static inline bool urgent_sends(const struct tcp_conn *c)
{
	return NSK_UNLIKELY(c->loss.urgent) && c->ext->urgent.sends;
}

/* The pointer of a segment of ours from seq on; 0: it has none. */
uint16_t urgent_pointer(const struct tcp_conn *c, uint32_t seq);

/*
 * RFC 9293 §3.10.7.4, sixth check, of a segment that has URG or comes while loss.urgent. The ACK
 * has been taken in, the payload has not.
 */
void urgent_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

/* There is no peer any more: no mark, nothing to be sent. */
void urgent_forget(struct tcp_conn *c);

/* ---- urgent_recv.c: the application's side ---- */

/* Octets were received in order, or SO_OOBINLINE has changed: is there anything to read? */
void urgent_tell(struct tcp_conn *c);

/* The number of the first octet that the application has not read. */
static inline uint32_t urgent_unread(const struct tcp_conn *c)
{
	return c->rcv_nxt - !!(c->flags & CONN_F_FIN_RCVD) - c->rcv.bytes;
}

/* The mark is ahead octets further on than what was read. */
static inline bool urgent_at_mark(const struct tcp_conn *c, uint32_t ahead)
{
	return NSK_UNLIKELY(c->loss.urgent) && c->ext->urgent.mark &&
	       c->ext->urgent.rcv_up == urgent_unread(c) + ahead;
}

/* The next octet to read is urgent, is here, and is no part of the stream. */
bool urgent_is_next(const struct tcp_conn *c);

/* Drops that octet. */
void urgent_skip(struct nsk_worker *w, struct tcp_conn *c);

/* The mark moved, went, or became one: whose operations, and which ways, are the connection's? */
void urgent_settle(struct tcp_conn *c);

#endif
