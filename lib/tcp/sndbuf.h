/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The send queue: octets from snd_una (or what follows our SYN) to snd_end, in buffers that stay
 * until acknowledged. No buffer of it is ever at a port: see split.c.
 *
 * In a queued buffer's descriptor: seq is its first octet's number, pay_len how many octets it is
 * to be filled up to, tcp_flags has TCP_PSH when a write ended with its last octet.
 */
#ifndef NSK_TCP_SNDBUF_H
#define NSK_TCP_SNDBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcp/charge.h"
#include "tcp/conn.h"
#include "tcpalg/seq.h"

/* Octets that were never sent, FIN not counted. */
static inline uint32_t sndq_unsent(const struct tcp_conn *c)
{
	return c->flags & CONN_F_FIN_SENT ? 0 : c->snd_end - c->snd_nxt;
}

/* Our FIN was asked for, and has not been sent yet. */
static inline bool sndq_fin_unsent(const struct tcp_conn *c)
{
	return (c->flags & (CONN_F_FIN_QUEUED | CONN_F_FIN_SENT)) == CONN_F_FIN_QUEUED;
}

/* Octets in the queue that are not acknowledged. */
static inline uint32_t sndq_bytes(const struct tcp_conn *c)
{
	return c->snd.head ? c->snd_end - c->snd_una : 0;
}

/* The connection's own limits, of octets and of memory, are reached. */
static inline bool sndq_full(const struct tcp_conn *c)
{
	return c->snd.mem >= 2 * c->snd.limit || sndq_bytes(c) >= c->snd.limit;
}

/* Slow half of sndq_budget(). */
bool sndq_budget_slow(struct nsk_worker *w, const struct tcp_conn *c);

/* The worker's budget has something left for one that holds so much. */
static inline bool sndq_budget(struct nsk_worker *w, const struct tcp_conn *c)
{
	return NSK_LIKELY(budget_calm(&w->tcp->snd_mem)) || sndq_budget_slow(w, c);
}

/* Slow half of sndq_has_room(). */
bool sndq_has_room_slow(struct nsk_worker *w, struct tcp_conn *c);

/*
 * True when another buffer may be queued. Under pressure the buffer, unless SO_SNDBUF fixed it,
 * falls by half towards tcp.sndbuf_min each time that this is asked.
 */
static inline bool sndq_has_room(struct nsk_worker *w, struct tcp_conn *c)
{
	return NSK_LIKELY(budget_calm(&w->tcp->snd_mem)) ? !sndq_full(c) : sndq_has_room_slow(w, c);
}

/* Copies as much of len octets at p as there is room for to the end. Returns octets taken. */
size_t sndq_write(struct nsk_worker *w, struct tcp_conn *c, const uint8_t *p, size_t len);

/* Puts a buffer of the caller's at the end, by reference. */
void sndq_push(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

/* Puts a chain by qnext at the end of an empty queue: octets that are queued already. */
void sndq_give(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

/* The write is over: marks where it ended. */
static inline void sndq_mark_push(struct tcp_conn *c)
{
	if (c->snd.tail)
		pkt_of(c->snd.tail)->tcp_flags |= TCP_PSH;
}

/* The buffer that holds the octet seq; hint: a buffer not behind it, or NULL. NULL if none does. */
struct rte_mbuf *sndq_find(const struct tcp_conn *c, struct rte_mbuf *hint, uint32_t seq);

/* Frees what lies below snd_una; tells the application of room. */
void sndq_acked(struct nsk_worker *w, struct tcp_conn *c);

/* Frees everything; snd_una, snd_nxt and snd_end become one. */
void sndq_purge(struct nsk_worker *w, struct tcp_conn *c);

/* Lets the buffer grow with the congestion window, unless SO_SNDBUF fixed it or memory is short. */
void sndq_grow(struct nsk_worker *w, struct tcp_conn *c);

/* The congestion window fell because the connection was idle: the buffer follows it. */
void sndq_fall(struct nsk_worker *w, struct tcp_conn *c);

#endif
