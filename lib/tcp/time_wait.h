/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME-WAIT: 64 bytes a connection, in a bounded pool and a queue ordered by age, since all stay
 * equally long. When the pool is full the oldest one goes. RFC 9293 §3.4.2, RFC 1337, RFC 6191.
 */
#ifndef NSK_TCP_TIME_WAIT_H
#define NSK_TCP_TIME_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "mbuf/pkt.h"
#include "tcp/tcp_worker.h"

struct tcp_conn;

/* More than a peer sends that has not heard our last ACK, which begins the wait anew. */
#define TIME_WAIT_ANSWERS 31

struct tcp_time_wait {
	struct flow flow;
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent;
	uint32_t next, prev; /* SLAB_NONE at the ends */
	uint32_t ends_ms;    /* modulo 2^32 */
	uint16_t family : 4;
	uint16_t ts : 1;      /* timestamps negotiated */
	uint16_t answers : 5; /* since the wait began; no more than TIME_WAIT_ANSWERS */
	uint16_t dscp : 6;    /* of IP_TOS; IP_TTL is forgotten, as in Linux */
	uint16_t wnd;	      /* as announced last */
};
_Static_assert(sizeof(struct tcp_time_wait) <= 64, "a TIME-WAIT entry is 64 bytes");

/* The connection has reached TIME-WAIT: an entry takes its place in the table and c ends. */
void time_wait_enter(struct nsk_worker *w, struct tcp_conn *c);

/* What another worker's connection has come to, whose segments come here: NULL without room. */
struct tcp_time_wait *time_wait_adopt(struct nsk_worker *w, const struct tcp_time_wait *from);

/* Takes an entry out of table and queue, and frees it. */
void time_wait_free(struct nsk_worker *w, struct tcp_time_wait *tw);

/* A segment for an entry. Consumes m. */
void tcp_time_wait_input(struct nsk_worker *w, struct tcp_time_wait *tw, struct rte_mbuf *m,
			 uint64_t hash);

/*
 * May an active open take over the 4-tuple (as Linux's tcp_tw_reuse: timestamps, and older than a
 * second)? Then the entry is gone, *iss_after is what our ISN must exceed.
 */
bool time_wait_reuse(struct nsk_worker *w, struct tcp_time_wait *tw, uint32_t *iss_after);

#endif
