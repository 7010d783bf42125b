/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that came out of order: kept by reference in a reassembly set (tcpalg/reasm.h), bounded
 * in ranges and, together with the receive queue, in memory.
 */
#ifndef NSK_TCP_OOO_H
#define NSK_TCP_OOO_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/conn.h"
#include "tcpalg/reasm.h"

/*
 * Keeps the payload of m (trimmed, may be a chain) that starts at seq, at or above rcv_nxt and
 * within the window. Consumes m. What is not kept counts its reason. True if any of it is new.
 */
bool ooo_add(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, uint32_t seq);

/* Moves what continues rcv_nxt into the receive queue and advances rcv_nxt. Returns octets. */
uint32_t ooo_deliver(struct nsk_worker *w, struct tcp_conn *c);

/*
 * Gives the highest ranges up until more octets of memory fit twice the limit of the receive buffer
 * (RFC 2018 section 8 allows it, SACK or not: the sender keeps them until they are acknowledged).
 */
void ooo_prune(struct nsk_worker *w, struct tcp_conn *c, uint32_t more);

/* Drops everything. */
void ooo_free(struct nsk_worker *w, struct tcp_conn *c);

/* ---- for one who takes the connection over ---- */

/* The buffers of a range, in order; NULL at the end. */
struct rte_mbuf *ooo_first(const struct reasm_range *r);
struct rte_mbuf *ooo_next(struct rte_mbuf *m);

/* Takes out all, a chain by qnext in order; what else is known of it stays. */
struct rte_mbuf *ooo_take(struct nsk_worker *w, struct tcp_conn *c);

/* Memory for so many ranges, for a connection that has none. False: there is none. */
bool ooo_begin(struct nsk_worker *w, struct tcp_conn *c, unsigned ranges);

/* This buffer's payload starts at seq. */
void ooo_place(struct rte_mbuf *m, uint32_t seq);

/* Puts in a chain by qnext of placed buffers, in order and apart; there is memory for its ranges.
 */
void ooo_give(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

#endif
