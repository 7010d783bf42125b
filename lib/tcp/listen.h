/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a listening socket has and others do not: its embryos and its accept queue, both bounded by
 * the backlog as in Linux.
 */
#ifndef NSK_TCP_LISTEN_H
#define NSK_TCP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/conn.h"

struct tcp_listener {
	uint32_t self;	      /* [C] handle of the connection that listens */
	uint32_t backlog;     /* as listen() said, cut to listen_backlog_max */
	uint32_t embryos;     /* half-open connections */
	uint32_t head, count; /* of ready[] */
	uint32_t size;	      /* places in ready[], a power of two > backlog */
	uint32_t *ready;      /* handles of connections for accept() */
	uint32_t snd_limit;   /* of children: the listener itself has no send queue */
};

/* As Linux: one more than the backlog says. */
static inline bool listener_full(const struct tcp_listener *ls)
{
	return ls->count > ls->backlog;
}

/* Appends an established connection; there is room. */
static inline void listener_push(struct nsk_worker *w, struct tcp_conn *l, const struct tcp_conn *c)
{
	struct tcp_listener *ls = l->listener;

	ls->ready[(ls->head + ls->count) & (ls->size - 1)] = slab_index(&w->tcp->conns, c);
	ls->count++;
	sock_ready(&l->sock, EPOLLIN);
}

/* Ends listening: embryos forgotten, connections not accepted reset; the state is CLOSED then. */
void listener_stop(struct nsk_worker *w, struct tcp_conn *l);

/* Rows of sock_ops. */
int tcp_listen(struct sock *s, int backlog);
int tcp_accept(struct sock *s, struct sock **child);

#endif
