/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive queue: octets in order that the application has not read, in the buffers that they
 * came in, trimmed to payload. What arrives small is copied behind what is there, so that memory
 * stays in proportion to octets (CVE-2018-5390).
 */
#ifndef NSK_TCP_RCVBUF_H
#define NSK_TCP_RCVBUF_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/charge.h"
#include "tcp/conn.h"

/* Payload up to this is copied behind the last buffer rather than kept in its own. */
#define RCVQ_COPY_MAX 256

/* Octets that may still come in order: what the window is made from. */
static inline uint32_t rcvq_space(const struct tcp_conn *c)
{
	return c->rcv.bytes < c->rcv.limit ? c->rcv.limit - c->rcv.bytes : 0;
}

/* The window of a SYN or SYN,ACK, which is never scaled, and with which a connection begins. */
static inline uint16_t rcvq_first_window(const struct tcp_conn *c)
{
	return (uint16_t)NSK_MIN(c->rcv.limit, (uint32_t)UINT16_MAX);
}

/* Memory in both queues of a connection. */
static inline uint32_t rcvq_mem(const struct tcp_conn *c)
{
	return c->rcv.mem + (c->ext ? c->ext->ooo_mem : 0);
}

/* Payload may be written behind the last octet of a buffer: nobody else sees it. */
static inline bool rcvq_may_append(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

/* Slow half of rcvq_append(): under pressure, buffers are packed full. */
bool rcvq_append_slow(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

/*
 * Puts one buffer, trimmed to payload (data_len > 0, a single segment), at the end. False: there is
 * no memory for it under the limits, m is still the caller's.
 */
static inline bool rcvq_append(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	struct rte_mbuf *tail = c->rcv.tail;
	uint32_t charge;

	if (tail || NSK_UNLIKELY(!budget_calm(&w->tcp->rcv_mem)))
		return rcvq_append_slow(w, c, m);
	charge = charge_of(m);
	pkt_of(m)->qnext = NULL;
	c->rcv.head = m;
	c->rcv.tail = m;
	c->rcv.bytes = m->data_len;
	c->rcv.mem = charge;
	w->tcp->rcv_mem.used += charge;
	return true;
}

/* Drops len octets, at most rcv.bytes, off the front. */
void rcvq_consume(struct nsk_worker *w, struct tcp_conn *c, uint32_t len);

/* Takes the first buffer out; NULL when empty. */
struct rte_mbuf *rcvq_pop(struct nsk_worker *w, struct tcp_conn *c);

void rcvq_purge(struct nsk_worker *w, struct tcp_conn *c);

/* Puts in a chain by qnext of buffers that were in such a queue. */
void rcvq_give(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m);

/*
 * The worker's memory is under pressure: the buffer, unless SO_RCVBUF fixed it, falls by half
 * towards tcp.rcvbuf_min. What it holds stays, and what was offered is still taken: the window's
 * edge waits where it is.
 */
void rcvq_yield(const struct nsk_worker *w, struct tcp_conn *c);

/*
 * The application has read len octets: the buffer grows with the speed at which it reads (a form
 * of dynamic right-sizing), and falls again when it was idle or memory is short; a window worth
 * announcing is announced.
 */
void rcvq_read_done(struct nsk_worker *w, struct tcp_conn *c, uint32_t len);

#endif
