/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that have moved to another worker: while one lives elsewhere, the worker that its
 * segments come to has an entry for it, which says where they go. So this is the only table of
 * exceptions, and it is looked at where no connection is found.
 *
 * The connection's worker tells by the entry that it is over, or that its time in TIME-WAIT has
 * begun, which is then spent where the segments come. Nobody waits for that to be read: entries
 * that are over go when a segment comes for them, or when others are made.
 */
#ifndef NSK_TCP_MOVED_H
#define NSK_TCP_MOVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "tcp/conn.h"
#include "tcp/time_wait.h"

enum moved_state {
	MOVED_LIVES,
	MOVED_OVER,
	MOVED_WAITS, /* in TIME-WAIT, as tw says */
};

struct tcp_moved {
	struct flow flow;	 /* [C] */
	uint8_t family;		 /* [C] */
	uint8_t state;		 /* [A] enum moved_state; the connection's worker ends it */
	uint16_t worker;	 /* [A] where it lives; written by whoever moves it */
	struct list_node node;	 /* [W] of all, those that were looked at last at the end */
	struct tcp_time_wait tw; /* written by the connection's worker before MOVED_WAITS */
	uint64_t since_ns;	 /* likewise: when that began */
};

/* An entry for the flow of a connection, in no table yet. NULL without memory. */
struct tcp_moved *tcp_moved_new(struct nsk_worker *w, const struct flow *flow, uint8_t family);

/* It goes into the table, 0 or -ENOMEM; into the place of the connection that it is for. */
int tcp_moved_enter(struct nsk_worker *w, struct tcp_moved *mv);
void tcp_moved_take_place(struct nsk_worker *w, struct tcp_moved *mv, struct tcp_conn *c);

/* Gives back one that is in no table; takes an entry out of everything. */
void tcp_moved_drop(struct nsk_worker *w, struct tcp_moved *mv);
void tcp_moved_free(struct nsk_worker *w, struct tcp_moved *mv);

/* The entry is no use any more: true, and it is gone, or TIME-WAIT has taken its place. */
bool tcp_moved_clear(struct nsk_worker *w, struct tcp_moved *mv);

/* A segment for an entry. Consumes m. */
void tcp_moved_input(struct nsk_worker *w, struct tcp_moved *mv, struct rte_mbuf *m, uint64_t hash);

static inline uint16_t tcp_moved_worker(const struct tcp_moved *mv)
{
	return __atomic_load_n(&mv->worker, __ATOMIC_RELAXED);
}

static inline void tcp_moved_to(struct tcp_moved *mv, const struct nsk_worker *w)
{
	__atomic_store_n(&mv->worker, w->id, __ATOMIC_RELAXED);
}

/* ---- for the connection's worker ---- */

/* It has ended; harmless where it has no such entry. It has an extension. */
static inline void tcp_moved_over(struct tcp_conn *c)
{
	if (!c->ext->moved)
		return;
	__atomic_store_n(&c->ext->moved->state, MOVED_OVER, __ATOMIC_RELEASE);
	c->ext->moved = NULL;
}

/* It has reached TIME-WAIT, and the entry's tw is written. */
void tcp_moved_waits(struct nsk_worker *w, struct tcp_conn *c);

/*
 * A segment has found nobody here. True: it goes to where it came first, since its connection has
 * moved and may just have ended, or moved on.
 */
bool tcp_moved_back(struct nsk_worker *w, struct rte_mbuf *m);

#endif
