/* SPDX-License-Identifier: BSD-3-Clause */
/* The send queue; see sndbuf.h. */
#include "tcp/sndbuf.h"

#include <string.h>

#include "mbuf/pool.h"
#include "tcp/tally.h"
#include "tcp/timer.h"

/*
 * How full a buffer is filled: with whole segments, so that each can later go out by reference to
 * one buffer.
 */
static uint16_t fill_target(const struct tcp_conn *c, const struct rte_mbuf *m)
{
	uint32_t room = rte_pktmbuf_tailroom(m), mss = c->cc.smss;

	if (mss == 0 || mss >= room)
		return (uint16_t)room;
	return (uint16_t)(2 * mss > room ? mss : room / mss * mss);
}

static void link_tail(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	uint32_t charge = charge_of(m);

	pkt_of(m)->qnext = NULL;
	if (c->snd.tail)
		pkt_of(c->snd.tail)->qnext = m;
	else
		c->snd.head = m;
	c->snd.tail = m;
	c->snd.mem += charge;
	w->tcp->snd_mem.used += charge;
}

/*
 * Under pressure a queue may hold a quarter of what is left for all of them: the more it has, the
 * sooner it must wait, so that however many sit on what they have there is some for who has none.
 */
bool sndq_budget_slow(struct nsk_worker *w, const struct tcp_conn *c)
{
	struct budget *mem = &w->tcp->snd_mem;

	if (!tcp_mem_pressed(w, mem))
		return true;
	return mem->used < mem->high && c->snd.mem <= (mem->high - mem->used) / 4;
}

bool sndq_has_room_slow(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t least = SETTING(w->set, tcp_sndbuf_min);

	if (tcp_mem_pressed(w, &w->tcp->snd_mem) && !(c->flags & CONN_F_SNDBUF_SET) &&
	    c->snd.limit > least)
		c->snd.limit = NSK_MAX(c->snd.limit / 2, least);
	return !sndq_full(c) && sndq_budget_slow(w, c);
}

static struct rte_mbuf *new_buffer(struct nsk_worker *w, struct tcp_conn *c)
{
	struct rte_mbuf *m;
	struct pkt *p;

	if (!sndq_has_room(w, c))
		return NULL;
	m = pkt_alloc(w);
	if (!m)
		return NULL;
	p = pkt_of(m);
	p->seq = c->snd_end;
	p->pay_len = fill_target(c, m);
	p->tcp_flags = 0;
	link_tail(w, c, m);
	return m;
}

size_t sndq_write(struct nsk_worker *w, struct tcp_conn *c, const uint8_t *p, size_t len)
{
	struct rte_mbuf *m = c->snd.tail;
	size_t taken = 0;

	while (taken < len) {
		size_t n;

		if (!m || m->data_len >= pkt_of(m)->pay_len) {
			m = new_buffer(w, c);
			if (!m)
				break;
		}
		n = NSK_MIN(len - taken, (size_t)(pkt_of(m)->pay_len - m->data_len));
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len), p + taken, n);
		m->data_len = (uint16_t)(m->data_len + n);
		m->pkt_len = m->data_len;
		pkt_of(m)->tcp_flags = 0;
		c->snd_end += (uint32_t)n;
		taken += n;
	}
	return taken;
}

void sndq_push(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);

	p->seq = c->snd_end;
	p->pay_len = 0; /* others may hold the bytes: never append */
	p->tcp_flags = 0;
	link_tail(w, c, m);
	c->snd_end += m->data_len;
}

void sndq_give(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	for (struct rte_mbuf *next; m; m = next) {
		next = pkt_of(m)->qnext;
		link_tail(w, c, m);
	}
}

struct rte_mbuf *sndq_find(const struct tcp_conn *c, struct rte_mbuf *hint, uint32_t seq)
{
	struct rte_mbuf *m = hint && seq_geq(seq, pkt_of(hint)->seq) ? hint : c->snd.head;

	while (m && seq_geq(seq, pkt_of(m)->seq + m->data_len))
		m = pkt_of(m)->qnext;
	return m;
}

static void tell_room(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t limit = c->snd.limit;

	if (c->sock.ready & EPOLLOUT)
		return;
	if (!sndq_budget(w, c)) {
		tcp_want_mem(w, c);
		return;
	}
	/* As Linux: when a third is free, so that the application is not woken for crumbs. */
	if (sndq_bytes(c) <= limit / 3 * 2 && c->snd.mem <= limit / 3 * 4 &&
	    conn_in(c, TCPS_SENDING))
		sock_ready(&c->sock, EPOLLOUT);
	if (c->ext && c->ext->limit == TALLY_BUFFER && (c->sock.ready & EPOLLOUT))
		tally_limited(w, c, TALLY_FREE);
}

void sndq_acked(struct nsk_worker *w, struct tcp_conn *c)
{
	struct rte_mbuf *m = c->snd.head;

	while (m && seq_leq(pkt_of(m)->seq + m->data_len, c->snd_una)) {
		struct rte_mbuf *next = pkt_of(m)->qnext;
		uint32_t charge = charge_of(m);

		/* Filled by one write, then by the next: only a full or never again used one goes.
		 */
		c->snd.mem -= charge;
		w->tcp->snd_mem.used -= charge;
		if (c->snd.cur == m)
			c->snd.cur = NULL;
		if (NSK_UNLIKELY(c->ext != NULL) && c->ext->rxt_cur == m)
			c->ext->rxt_cur = NULL;
		pkt_put_seg(w, m);
		m = next;
	}
	c->snd.head = m;
	if (!m)
		c->snd.tail = NULL;
	tell_room(w, c);
}

void sndq_purge(struct nsk_worker *w, struct tcp_conn *c)
{
	struct rte_mbuf *m = c->snd.head;

	while (m) {
		struct rte_mbuf *next = pkt_of(m)->qnext;

		w->tcp->snd_mem.used -= charge_of(m);
		pkt_put_seg(w, m);
		m = next;
	}
	c->snd.head = NULL;
	c->snd.tail = NULL;
	c->snd.cur = NULL;
	c->snd.mem = 0;
	if (c->ext)
		c->ext->rxt_cur = NULL;
	c->snd_nxt = c->snd_una;
	c->snd_end = c->snd_una;
}

/*
 * A window in flight and one being written. Who models the path goes on at its rate while what was
 * lost is sent again, a window for each round trip that takes (as Linux's BBR).
 */
static uint64_t useful(const struct tcp_conn *c)
{
	return (uint64_t)c->cc.cwnd * (c->cc.flags & CC_MODEL ? 3 : 2);
}

void sndq_grow(struct nsk_worker *w, struct tcp_conn *c)
{
	uint64_t want = useful(c);

	if ((c->flags & CONN_F_SNDBUF_SET) || want <= c->snd.limit)
		return;
	if (!budget_calm(&w->tcp->snd_mem) && tcp_mem_pressed(w, &w->tcp->snd_mem))
		return;
	want = NSK_MIN(want, (uint64_t)SETTING(w->set, tcp_sndbuf_max));
	want = NSK_MIN(want, w->tcp->snd_mem.high / 2);
	if (want > c->snd.limit)
		c->snd.limit = (uint32_t)want;
}

void sndq_fall(struct nsk_worker *w, struct tcp_conn *c)
{
	uint64_t want = NSK_MAX((uint64_t)SETTING(w->set, tcp_sndbuf), useful(c));

	if (!(c->flags & CONN_F_SNDBUF_SET))
		c->snd.limit = (uint32_t)NSK_MIN((uint64_t)c->snd.limit, want);
}
