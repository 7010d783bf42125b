/* SPDX-License-Identifier: BSD-3-Clause */
/* The receive queue; see rcvbuf.h. */
#include "tcp/rcvbuf.h"

#include <string.h>

#include "tcp/ooo.h"

/* After so many octets the speed of reading is watched. A power of two. */
#define GROW_WATCH 16384u
/* A buffer that nobody reads from for so long is larger than it need be. */
#define IDLE_US 10000000u
/* Least interval over which reading is measured. */
#define GROW_MIN_US 1000u

static void link_tail(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	uint32_t charge = charge_of(m);

	pkt_of(m)->qnext = NULL;
	if (c->rcv.tail)
		pkt_of(c->rcv.tail)->qnext = m;
	else
		c->rcv.head = m;
	c->rcv.tail = m;
	c->rcv.bytes += m->data_len;
	c->rcv.mem += charge;
	w->tcp->rcv_mem.used += charge;
}

/* Moves up to len octets from the front of m behind the tail; returns how many. */
static uint32_t fill_tail(struct tcp_conn *c, struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *tail = c->rcv.tail;
	uint32_t n = NSK_MIN(len, (uint32_t)rte_pktmbuf_tailroom(tail));

	if (n == 0 || !rcvq_may_append(tail))
		return 0;
	memcpy(rte_pktmbuf_mtod_offset(tail, uint8_t *, tail->data_len),
	       rte_pktmbuf_mtod(m, uint8_t *), n);
	tail->data_len = (uint16_t)(tail->data_len + n);
	tail->pkt_len = tail->data_len;
	c->rcv.bytes += n;
	m->data_off = (uint16_t)(m->data_off + n);
	m->data_len = (uint16_t)(m->data_len - n);
	m->pkt_len = m->data_len;
	return n;
}

void rcvq_yield(const struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t least = SETTING(w->set, tcp_rcvbuf_min);

	if (!(c->flags & CONN_F_RCVBUF_SET) && c->rcv.limit > least)
		c->rcv.limit = NSK_MAX(c->rcv.limit / 2, least);
}

/* Memory of the worker is short, or the connection has had its part. */
static bool pressed(struct nsk_worker *w, struct tcp_conn *c)
{
	if (budget_calm(&w->tcp->rcv_mem) || !tcp_mem_pressed(w, &w->tcp->rcv_mem))
		return rcvq_mem(c) >= c->rcv.limit;
	rcvq_yield(w, c);
	return true;
}

/* The worker's budget is used up; a connection that holds nothing gets a little more. */
static bool over_budget(const struct nsk_worker *w, const struct tcp_conn *c)
{
	uint64_t most = w->tcp->rcv_mem.high;

	if (!c->rcv.mem)
		most += most / 3;
	return w->tcp->rcv_mem.used >= most;
}

/* Octets to the start of the buffer: what comes next finds all the room behind them. */
static void move_to_front(struct rte_mbuf *m)
{
	if (!rcvq_may_append(m))
		return;
	memmove(m->buf_addr, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
	m->data_off = 0;
}

bool rcvq_append_slow(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	struct rte_mbuf *tail = c->rcv.tail;
	uint32_t len = m->data_len;

	if (tail && len <= RCVQ_COPY_MAX && rte_pktmbuf_tailroom(tail) >= len &&
	    fill_tail(c, m, len)) {
		pkt_put_seg(w, m);
		return true;
	}
	if (NSK_UNLIKELY(pressed(w, c))) {
		ooo_prune(w, c, charge_of(m));
		if (over_budget(w, c) && (!tail || rte_pktmbuf_tailroom(tail) < len))
			return false;
		if (tail)
			len -= fill_tail(c, m, len);
		if (len == 0) {
			pkt_put_seg(w, m);
			return true;
		}
		move_to_front(m);
	}
	link_tail(w, c, m);
	return true;
}

struct rte_mbuf *rcvq_pop(struct nsk_worker *w, struct tcp_conn *c)
{
	struct rte_mbuf *m = c->rcv.head;
	uint32_t charge;

	if (!m)
		return NULL;
	charge = charge_of(m);
	c->rcv.head = pkt_of(m)->qnext;
	if (!c->rcv.head)
		c->rcv.tail = NULL;
	c->rcv.bytes -= m->data_len;
	c->rcv.mem -= charge;
	w->tcp->rcv_mem.used -= charge;
	return m;
}

void rcvq_consume(struct nsk_worker *w, struct tcp_conn *c, uint32_t len)
{
	while (len) {
		struct rte_mbuf *m = c->rcv.head;

		if (len < m->data_len) {
			m->data_off = (uint16_t)(m->data_off + len);
			m->data_len = (uint16_t)(m->data_len - len);
			m->pkt_len = m->data_len;
			c->rcv.bytes -= len;
			return;
		}
		len -= m->data_len;
		pkt_put_seg(w, rcvq_pop(w, c));
	}
}

void rcvq_purge(struct nsk_worker *w, struct tcp_conn *c)
{
	struct rte_mbuf *m;

	while ((m = rcvq_pop(w, c)))
		pkt_put_seg(w, m);
}

void rcvq_give(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	for (struct rte_mbuf *next; m; m = next) {
		next = pkt_of(m)->qnext;
		link_tail(w, c, m);
	}
}

/* What had grown falls by half for each IDLE_US that it lay idle, down to where it began. */
static void fall_idle(const struct nsk_worker *w, struct tcp_conn *c, uint32_t idle_us)
{
	uint32_t usual = SETTING(w->set, tcp_window);

	for (; idle_us >= IDLE_US && c->rcv.limit > usual; idle_us -= IDLE_US)
		c->rcv.limit = NSK_MAX(c->rcv.limit / 2, usual);
}

/* Towards what could be used, or away from it where memory is short. */
static void fit(struct nsk_worker *w, struct tcp_conn *c, uint64_t want)
{
	uint64_t most = NSK_MIN((uint64_t)w->set->tcp_rcvbuf_max, w->tcp->rcv_mem.high / 4);

	if (!budget_calm(&w->tcp->rcv_mem) && tcp_mem_pressed(w, &w->tcp->rcv_mem))
		rcvq_yield(w, c);
	else
		c->rcv.limit = NSK_MAX(c->rcv.limit, (uint32_t)NSK_MIN(want, most));
}

/*
 * How long what the application takes is counted: two round trips. The one we know is that of an
 * empty path if we only receive, and a queue doubles it; and where something is missing, as much
 * comes again until it is there, and may not be held back by what waits behind the gap.
 */
static uint32_t period_us(const struct tcp_conn *c)
{
	return NSK_MAX(2 * rtt_srtt_us(&c->rtt), GROW_MIN_US);
}

/*
 * What the application could use in the next such time: twice what it took in this one, since the
 * sender may double its window. Of what a paced sender sends, part came by the window of the round
 * trip before: by that alone windows would grow by half each round trip, and hold its slow start
 * back. So what is taken more than before counts four times again; where that doubles, the buffer
 * is of six times what is taken, as Linux's.
 */
static uint64_t usable(const struct tcp_ext *x)
{
	uint64_t took = x->grow_bytes, before = x->grow_before;

	return 2 * (took > before ? took + 4 * (took - before) : took);
}

/* Counts what is taken. */
static void measure(struct nsk_worker *w, struct tcp_conn *c, uint32_t len)
{
	struct tcp_ext *x = conn_ext(w, c);
	uint32_t now = (uint32_t)w->tcp->now_us, age_us;

	if (!x)
		return;
	x->grow_bytes += len;
	if (x->grow_bytes > c->rcv.limit / 2 || !budget_calm(&w->tcp->rcv_mem))
		fit(w, c, usable(x));
	age_us = now - x->grow_since_us;
	if (age_us < period_us(c))
		return;
	if (NSK_UNLIKELY(age_us >= IDLE_US))
		fall_idle(w, c, age_us);
	x->grow_before = x->grow_bytes;
	x->grow_bytes = 0;
	x->grow_since_us = now;
}

/*
 * Much at once, or much altogether: an application that reads each segment as it comes never has
 * much at once. What is counted needs an extension, so those that talk little are not watched.
 */
static bool is_watched(const struct tcp_conn *c, uint32_t len)
{
	uint32_t read = c->rcv_nxt - c->rcv.bytes;

	return c->ext || len + c->rcv.bytes >= NSK_MIN(GROW_WATCH, c->rcv.limit / 2) ||
	       (read ^ (read - len)) >= GROW_WATCH;
}

void rcvq_read_done(struct nsk_worker *w, struct tcp_conn *c, uint32_t len)
{
	if (!conn_in(c, TCPS_RECEIVING))
		return;
	if (NSK_UNLIKELY(is_watched(c, len)) && !(c->flags & CONN_F_RCVBUF_SET))
		measure(w, c, len);
	/* As Linux: no update while more than half of the buffer is on offer. */
	if (NSK_LIKELY(conn_rcv_wnd(c) > c->rcv.limit / 2))
		return;
	if (NSK_UNLIKELY(window_update_due(&c->win, c->rcv_nxt, rcvq_space(c), c->rcv.limit,
					   c->ack.rcv_mss)))
		conn_ack_now(w, c);
}
