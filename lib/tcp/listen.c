/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Listening: what a SYN gets, and the accept queue. RFC 9293 §3.10.7.2; both
 * queues bounded and their overflow as in Linux: a SYN is dropped when the accept queue is full, or
 * gets a cookie when there are too many half-open connections; the last ACK of a handshake is
 * dropped when the accept queue is full, and the client's retransmission tries again.
 */
#include "tcp/listen.h"

#include <errno.h>

#include "mbuf/shared.h"
#include "tcp/close.h"
#include "tcp/embryo.h"
#include "tcp/fastopen.h"
#include "tcp/input.h"
#include "tcp/output.h"
#include "tcp/sndbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/table.h"
#include "tcp/tally.h"
#include "tcp/timer.h"
#include "tcp/way.h"
#include "tcpalg/seq.h"

/* ---- accept queue ---- */

static struct tcp_conn *listener_pop(struct nsk_worker *w, struct tcp_conn *l)
{
	struct tcp_listener *ls = l->listener;
	struct tcp_conn *c;

	if (ls->count == 0)
		return NULL;
	c = slab_at(&w->tcp->conns, ls->ready[ls->head]);
	ls->head = (ls->head + 1) & (ls->size - 1);
	ls->count--;
	if (ls->count == 0)
		sock_unready(&l->sock, EPOLLIN);
	return c;
}

/* ---- listen() and accept() ---- */

static size_t ring_bytes(uint32_t size)
{
	return size * sizeof(uint32_t);
}

static uint32_t ring_size(uint32_t backlog)
{
	uint32_t size = 2;

	while (size <= backlog)
		size *= 2;
	return size;
}

/* A ring for another backlog, with what waits in the old one. 0, -ENOMEM. */
static int resize(struct nsk_worker *w, struct tcp_listener *ls, uint32_t backlog)
{
	uint32_t size = ring_size(NSK_MAX(backlog, ls->count)), *ring;

	if (size != ls->size) {
		ring = mem_alloc(w->mem, ring_bytes(size));
		if (!ring)
			return -ENOMEM;
		for (uint32_t i = 0; i < ls->count; i++)
			ring[i] = ls->ready[(ls->head + i) & (ls->size - 1)];
		if (ls->ready)
			mem_free(w->mem, ls->ready, ring_bytes(ls->size));
		ls->ready = ring;
		ls->size = size;
		ls->head = 0;
	}
	ls->backlog = backlog;
	return 0;
}

static int start(struct nsk_worker *w, struct tcp_conn *c, uint32_t backlog)
{
	struct tcp_listener *ls;
	int rc = tcp_autobind(w, c);

	if (rc)
		return rc;
	/* SO_REUSEADDR lets sockets share a port, but only one of them listen. */
	if (table_port_conflict(w, c, c->flow.dst, c->flow.dport_be))
		return -EADDRINUSE;
	ls = mem_zalloc(w->mem, sizeof(*ls));
	if (!ls)
		return -ENOMEM;
	ls->self = slab_index(&w->tcp->conns, c);
	rc = resize(w, ls, backlog);
	if (rc) {
		mem_free(w->mem, ls, sizeof(*ls));
		return rc;
	}
	ls->snd_limit = c->snd.limit;
	c->listener = ls;
	c->flags &= ~CONN_F_SHUT_RD;
	tcp_fastopen_listen(w, c, backlog);
	conn_set_state(w, c, TCPS_LISTEN);
	w->tcp->listeners++;
	table_listeners_changed(w->tcp);
	sock_unready(&c->sock, EPOLLOUT | EPOLLHUP | EPOLLIN | EPOLLRDHUP | EPOLLERR);
	sock_untold_ready(&c->sock);
	return 0;
}

int tcp_listen(struct sock *s, int backlog)
{
	struct tcp_conn *c = conn_of_sock(s);
	struct nsk_worker *w = s->worker;
	uint32_t most = SETTING(w->set, listen_backlog_max);
	uint32_t n = backlog < 0 ? most : NSK_MIN((uint32_t)backlog, most);

	tcp_clock(w);
	if (c->state == TCPS_LISTEN)
		return resize(w, c->listener, n);
	if (c->state != TCPS_CLOSED || (c->flags & CONN_F_WAS_OPEN))
		return -EINVAL;
	return start(w, c, n);
}

int tcp_accept(struct sock *s, struct sock **child)
{
	struct tcp_conn *l = conn_of_sock(s), *c;

	if (l->state != TCPS_LISTEN)
		return -EINVAL;
	c = listener_pop(s->worker, l);
	if (!c)
		return -EAGAIN;
	worker_count(s->worker, NSK_CNT_TCP_ACCEPTED, 1);
	*child = &c->sock;
	return 0;
}

void listener_stop(struct nsk_worker *w, struct tcp_conn *l)
{
	struct tcp_listener *ls = l->listener;
	uint32_t snd_limit = ls->snd_limit;
	struct tcp_conn *c;

	embryo_free_all(w, ls);
	tcp_fastopen_stop(w, l);
	while ((c = listener_pop(w, l)))
		tcp_discard(w, c);
	mem_free(w->mem, ls->ready, ring_bytes(ls->size));
	mem_free(w->mem, ls, sizeof(*ls));
	l->snd = (struct tcp_sndq){.limit = snd_limit};
	w->tcp->listeners--;
	table_listeners_changed(w->tcp);
	conn_set_state(w, l, TCPS_CLOSED);
	l->sock.flags &= (uint8_t)~SOCK_F_LISTEN;
}

/* ---- segments ---- */

/* Room for another embryo: Linux's rule, so many as the backlog. */
static bool syn_room(const struct nsk_worker *w, const struct tcp_listener *ls)
{
	return SETTING(w->set, tcp_syncookies) < 2 && ls->embryos < NSK_MAX(ls->backlog, 1u);
}

static uint32_t choose_iss(struct nsk_worker *w, const struct pkt *p, uint32_t iss_after)
{
	uint32_t iss = tcp_isn(w, &p->flow, p->family);

	if (iss_after && seq_leq(iss, iss_after))
		iss = iss_after + 1;
	return iss;
}

/* The source of the SYN has not had its share of this second. */
static NSK_NOINLINE bool source_may(struct nsk_worker *w, const struct pkt *p)
{
	return srclimit_allow(w->tcp->syn_limit, p->flow.src, p->family == AF_INET ? 4 : 16,
			      w->now_ns);
}

/* Third: SYN. */
static void take_syn(struct nsk_worker *w, struct tcp_conn *l, struct rte_mbuf *m, uint64_t hash,
		     uint32_t iss_after)
{
	const struct pkt *p = pkt_of(m);
	struct tcp_listener *ls = l->listener;

	if (NSK_UNLIKELY(w->tcp->syn_limit != NULL) && !source_may(w, p)) {
		pkt_drop(w, m, NSK_DROP_TCP_SYN_LIMIT);
		return;
	}
	if (listener_full(ls)) {
		pkt_drop(w, m, NSK_DROP_TCP_ACCEPT_BACKLOG_FULL);
		return;
	}
	if (syn_room(w, ls)) {
		uint32_t iss = choose_iss(w, p, iss_after);

		if (NSK_UNLIKELY(l->ext != NULL) && tcp_fastopen_syn(w, l, m, hash, iss))
			return;
		if (embryo_new(w, l, p, hash, iss)) {
			pkt_put(w, m);
			return;
		}
		/* As Linux: a cookie would be for a connection that there is no memory for either,
		 * and would not be sent again if the ACK that brings it back finds none. */
		if (slab_room(&w->tcp->embryos)) {
			pkt_drop(w, m, NSK_DROP_TCP_NO_MEMORY);
			return;
		}
	}
	if (!SETTING(w->set, tcp_syncookies)) {
		pkt_drop(w, m, NSK_DROP_TCP_SYN_BACKLOG_FULL);
		return;
	}
	tcp_cookie_send(w, l, p);
	pkt_put(w, m);
}

/* A connection was opened while only another worker listened, and may live there still. */
static bool stray(struct nsk_worker *w, struct rte_mbuf *m)
{
	return __atomic_load_n(&w->shared->strays, __ATOMIC_RELAXED) && tcp_ask_others(w, m);
}

/* Second: an ACK opens nothing, unless it brings a cookie back. */
static void take_ack(struct nsk_worker *w, struct tcp_conn *l, struct rte_mbuf *m, uint64_t hash)
{
	const struct pkt *p = pkt_of(m);
	bool judged = !(p->tcp_flags & TCP_SYN) && tcp_cookies_expected(w);
	struct tcp_embryo e;
	enum nsk_drop reason;
	struct tcp_conn *c;

	if (!judged || !tcp_cookie_input(w, p, &e)) {
		if (!stray(w, m))
			tcp_refuse(w, m,
				   judged ? NSK_DROP_TCP_BAD_COOKIE : NSK_DROP_TCP_NO_CONNECTION);
		return;
	}
	c = tcp_birth(w, l, &e, hash, p, &reason);
	if (!c) {
		pkt_drop(w, m, reason);
		return;
	}
	worker_count(w, NSK_CNT_TCP_COOKIES_ACCEPTED, 1);
	c->tally_in -= 1u << TALLY_SEGS; /* it will be counted */
	tcp_conn_input(w, c, m);
}

void tcp_listen_input(struct nsk_worker *w, struct tcp_conn *l, struct rte_mbuf *m, uint64_t hash,
		      uint32_t iss_after)
{
	uint8_t flags = pkt_of(m)->tcp_flags;

	if (flags & TCP_RST) { /* first */
		if (!stray(w, m))
			pkt_drop(w, m, NSK_DROP_TCP_NO_CONNECTION);
	} else if (flags & TCP_ACK)
		take_ack(w, l, m, hash);
	else if ((flags & (TCP_SYN | TCP_FIN)) == TCP_SYN)
		take_syn(w, l, m, hash, iss_after);
	else
		pkt_drop(w, m, NSK_DROP_TCP_BAD_FLAGS);
}
