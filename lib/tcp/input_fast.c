/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short cut for what a connection receives nearly always: the next data in order, an ACK of new
 * data, the peer's FIN behind all of it, the ACK of our own at the end; with nothing unusual about
 * it. Its result is what input_segment.c would give; whatever is not plain goes there.
 */
#include "tcp/ecn.h"
#include "tcp/input.h"
#include "tcp/rcvbuf.h"
#include "tcp/sndbuf.h"
#include "tcp/tally.h"
#include "tcp/timer.h"
#include "tcpalg/paws.h"
#include "tcpalg/seq.h"

/* Flags that are nothing special: ACK must be there; FIN and PSH may. */
#define PLAIN_MASK (TCP_SYN | TCP_RST | TCP_URG | TCP_ACK | TCP_ECE | TCP_CWR)

/* Steps 1 to 6 all pass without doing anything but take the ACK in. */
static inline bool is_plain(const struct tcp_conn *c, const struct rte_mbuf *m, const struct pkt *p)
{
	const uint32_t odd = CONN_F_FIN_KNOWN | CONN_F_PERSIST | CONN_F_SHUT_RD;
	uint32_t flight = c->snd_nxt - c->snd_una, acked = p->ack - c->snd_una;
	uint32_t len = p->pay_len + (uint32_t)(p->tcp_flags & TCP_FIN);

	if ((p->tcp_flags & PLAIN_MASK) != TCP_ACK || p->seq != c->rcv_nxt || (c->flags & odd) ||
	    m->nb_segs != 1)
		return false;
	if (p->opts.present != (c->flags & CONN_F_TS ? TCP_HAS_TS : 0))
		return false;
	if ((c->flags & CONN_F_TS) && seq_lt(p->opts.tsval, c->ts_recent))
		return false;
	if (acked > flight)
		return false;
	if (acked == 0 && flight != 0 && len == 0)
		return false; /* a duplicate, or tells a window */
	if (len > conn_rcv_wnd(c))
		return false;
	if (c->loss.unusual || tally_in_full(c))
		return false;
	return NSK_LIKELY(!c->ext) || !c->ext->ooo;
}

/* LAST-ACK and all of ours acknowledged: the end, which nothing else in the segment changes. */
static inline bool is_last(const struct tcp_conn *c, const struct pkt *p)
{
	return c->state == TCPS_LAST_ACK && (c->flags & CONN_F_FIN_SENT) && p->ack == c->snd_nxt &&
	       seg_len(p) == 0;
}

static inline void take_window(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	uint32_t before = c->win.snd_wnd;

	window_snd_set(&c->win, p->wnd, false);
	c->snd_wl1 = p->seq;
	if (NSK_UNLIKELY(c->win.snd_wnd > before) && c->snd_end != c->snd_nxt)
		conn_dirty(w, c);
}

void tcp_conn_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint32_t acked, rtt_us, len = p->pay_len;
	bool fin = p->tcp_flags & TCP_FIN;

	if (NSK_UNLIKELY(!is_plain(c, m, p))) {
		tcp_segment_input(w, c, m);
		return;
	}
	if (NSK_UNLIKELY(c->state != TCPS_ESTABLISHED)) {
		if (is_last(c, p)) {
			pkt_put(w, m);
			conn_ended(w, c, 0);
		} else {
			tcp_segment_input(w, c, m);
		}
		return;
	}
	if ((c->flags & CONN_F_TS) && seq_leq(p->seq, c->last_ack_sent))
		c->ts_recent = p->opts.tsval;
	acked = p->ack - c->snd_una;
	if (acked) {
		rtt_us = tcp_ack_plain(w, c, p->ack);
		tcp_ack_grow(w, c, acked, rtt_us);
		if (c->snd_end != c->snd_nxt)
			conn_dirty(w, c);
	}
	take_window(w, c, p);
	if (len == 0) {
		c->last_ack_ms = w->tcp->now_ms;
		tally_in_segment(c, false);
		pkt_put(w, m);
		if (fin)
			tcp_take_fin(w, c);
		return;
	}
	if (NSK_UNLIKELY(p->tos & IPTOS_ECN_MASK))
		ecn_input(w, c, p);
	m->data_off = p->pay_off;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	if (NSK_UNLIKELY(!rcvq_append(w, c, m))) {
		c->last_ack_ms = w->tcp->now_ms;
		tally_in_segment(c, true);
		pkt_drop(w, m, NSK_DROP_TCP_MEM_FULL);
		conn_ack_now(w, c);
		return;
	}
	c->last_data_ms = w->tcp->now_ms;
	c->rcv_nxt += len;
	tally_in_data(c, len);
	tcp_ack_policy(w, c, len, 0);
	sock_ready(&c->sock, EPOLLIN);
	if (NSK_UNLIKELY(fin))
		tcp_take_fin(w, c);
}
