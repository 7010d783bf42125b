/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection moves to another worker of the stack. Up to three meet for it, and each waits while
 * the next one works, serving what others want of it:
 *
 *	home	the worker that its segments come to, if the connection is not there
 *	from	where it lives: first takes all that home has handed over
 *	to	makes it again of its image
 *
 * Since home stands still meanwhile, and from has nothing left, the next segment that comes goes to
 * the new place behind all that came before it: none is lost, and none overtakes another. Likewise
 * what from has sent is out, or waits before what the new place will send.
 *
 * It is the same connection as before until the new worker has taken it; where that fails nothing
 * has happened.
 */
#include <errno.h>

#include "mbuf/shared.h"
#include "sock/call.h"
#include "sock/move.h"
#include "tcp/image.h"
#include "tcp/moved.h"
#include "tcp/sockcalls.h"
#include "tcp/table.h"

struct move {
	struct tcp_conn *c;
	struct nsk_worker *from, *to, *home;
	struct sock_journey *journey;
	struct tcp_moved *entry; /* home's; NULL: home is the new place, and had none */
	uint8_t *image;
	size_t len;
	uint64_t taken_ns;
	struct conn_queues q;
};

/* ---- at the new worker ---- */

/* It is here, but cannot stay. */
static int refuse(struct move *m, struct tcp_conn *c, int rc)
{
	conn_queues_take(m->to, c, &m->q);
	if (!(c->flags & CONN_F_ORPHAN))
		conn_orphan(m->to, c);
	conn_free(m->to, c);
	return rc;
}

static int arrive(void *arg)
{
	struct move *m = arg;
	struct nsk_worker *w = m->to;
	struct tcp_conn *c;
	uint64_t gone_ns;
	int rc;

	w->ops->flush(w);      /* it may be the one that sends what the old one has made */
	w->ops->read_clock(w); /* it may have slept, and all times are by its clock from here on */
	gone_ns = w->now_ns > m->taken_ns ? w->now_ns - m->taken_ns : 0;
	rc = conn_import(w, m->image, m->len, gone_ns, &m->q, &c);
	if (rc)
		return rc;
	if (m->home != w && !conn_ext(w, c))
		return refuse(m, c, -ENOBUFS);
	rc = sock_arrives(m->journey, &c->sock);
	if (rc)
		return refuse(m, c, rc);
	/* From here on it may end at any time, and with it the entry. */
	if (m->home != w) {
		tcp_moved_to(m->entry, w);
		c->ext->moved = m->entry;
	} else if (m->entry) {
		tcp_moved_free(w, m->entry);
	}
	worker_count(w, NSK_CNT_TCP_MOVES, 1);
	return 0;
}

/* ---- where it lives ---- */

static int send_image(struct move *m)
{
	struct nsk_worker *w = m->from;
	int rc;

	m->len = conn_export(w, m->c, NULL, 0);
	m->image = mem_alloc(w->mem, m->len);
	if (!m->image)
		return -ENOBUFS;
	conn_export(w, m->c, m->image, m->len);
	m->taken_ns = w->now_ns;
	conn_queues_take(w, m->c, &m->q);
	rc = sock_call(m->to, arrive, m);
	if (rc)
		conn_queues_return(w, m->c, &m->q);
	mem_free(w->mem, m->image, m->len);
	return rc;
}

static int hand_over(struct move *m)
{
	struct nsk_worker *w = m->from;
	struct tcp_conn *c = m->c;
	int rc = conn_exportable(c);

	if (rc)
		return rc;
	w->ops->flush(w);
	w->ops->read_clock(w);
	tcp_clock(w);
	if (m->home == w) {
		m->entry = tcp_moved_new(w, &c->flow, c->sock.family);
		if (!m->entry)
			return -ENOBUFS;
	}
	rc = send_image(m);
	if (rc) {
		if (m->home == w)
			tcp_moved_drop(w, m->entry);
		return rc;
	}
	if (m->home == w)
		tcp_moved_take_place(w, m->entry, c);
	if (c->ext)
		c->ext->moved = NULL;
	table_del_conn(w, c);
	sock_departs(m->journey);
	conn_free(w, c);
	return 0;
}

/* Home waits: what it has handed over is all there will be. */
static int take_rest(void *arg)
{
	struct move *m = arg;

	m->from->ops->drain(m->from);
	return hand_over(m);
}

/* ---- at home, where the connection is not ---- */

/* One whose port is bound on another worker alone was found by asking so far. */
static int make_entry(struct move *m)
{
	m->entry = tcp_moved_new(m->home, &m->c->flow, m->c->sock.family);
	if (!m->entry)
		return -ENOBUFS;
	tcp_moved_to(m->entry, m->from);
	if (tcp_moved_enter(m->home, m->entry) == 0)
		return 0;
	tcp_moved_drop(m->home, m->entry);
	return -ENOBUFS;
}

static int at_home(void *arg)
{
	struct move *m = arg;
	struct tcp_ext *x = m->c->ext; /* its worker waits for us */
	bool made = !(x && x->moved) && m->home != m->to;
	int rc = 0;

	m->entry = x ? x->moved : NULL;
	if (made)
		rc = make_entry(m);
	if (rc)
		return rc;
	m->home->ops->flush(m->home);
	rc = sock_call(m->from, take_rest, m);
	if (rc && made)
		tcp_moved_free(m->home, m->entry);
	return rc;
}

int tcp_move(struct sock *s, struct nsk_worker *to, struct sock_journey *journey)
{
	struct move m = {
		.c = conn_of_sock(s),
		.from = s->worker,
		.to = to,
		.journey = journey,
	};
	struct nsk_worker *w = s->worker;
	int rc = conn_exportable(m.c);

	if (rc)
		return rc;
	m.home = w->ops->worker_at(w, w->ops->flow_owner(w, &m.c->flow));
	__atomic_store_n(&w->shared->moves, true, __ATOMIC_RELAXED);
	return m.home == w ? hand_over(&m) : sock_call(m.home, at_home, &m);
}
