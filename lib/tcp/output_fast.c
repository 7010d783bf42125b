/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short cut for what a server sends nearly always: one answer that fits one segment, or the FIN
 * behind it, or both, on a connection where nothing else is going on. Its result is what output.c
 * and split.c would give; whatever is not plain goes there.
 */
#include "mbuf/pool.h"
#include "net/tx.h"
#include "tcp/ecn.h"
#include "tcp/output.h"
#include "tcp/recover.h"
#include "tcp/segment.h"
#include "tcp/sndbuf.h"
#include "tcp/tally.h"
#include "tcp/timer.h"

/* Nothing hangs off the connection that sending has to look at; counters of the receiver may. */
static inline bool plain_ext(const struct tcp_ext *x)
{
	return NSK_LIKELY(!x) ||
	       (!((uintptr_t)x->loss | (uintptr_t)x->ooo | (uintptr_t)x->zc) &&
		!x->user_timeout_ms && !x->limit && x->dsack.start == x->dsack.end);
}

/* Does the short cut apply? len octets are not sent yet; from: the last buffer; fin: 0 or 1. The
 * transmit queue with room for it, else NULL. */
static inline struct tx_queue *plain_way(const struct nsk_worker *w, const struct tcp_conn *c,
					 uint32_t len, const struct rte_mbuf *from, uint32_t fin)
{
	const uint32_t odd = CONN_F_FIN_SENT | CONN_F_CORK | CONN_F_MORE | CONN_F_FORCE;
	uint32_t flight = c->snd_nxt - c->snd_una;

	if (!conn_in(c, TCPS_SENDING) || (c->flags & odd) || !plain_ext(c->ext))
		return NULL;
	if (c->loss.unusual | c->rcv.dupacks)
		return NULL;
	if (len + fin - 1 >= TCP_COPY_MAX || len > c->cc.smss)
		return NULL;
	if (len ? !from || len > from->data_len : ecn_sends_ect(c)) /* a bare FIN is not ECT */
		return NULL;
	if (flight ? (!(c->flags & CONN_F_NODELAY) && !fin) || tally_in_full(c)
		   : w->tcp->now_ms - c->last_snd_ms > c->rtt.rto_us / 1024)
		return NULL;
	if (flight + len + fin > NSK_MIN(c->cc.cwnd, c->win.snd_wnd))
		return NULL;
	if (!net_route_valid(w, &c->route) || tally_out_full(c))
		return NULL;
	return ip_queue(w, &c->route);
}

/* What was not sent is the end of the queue: it ends the last buffer. Their sum, if we sum. */
static inline uint32_t copy_octets(const struct tcp_conn *c, uint8_t *to,
				   const struct rte_mbuf *from, uint32_t len)
{
	const uint8_t *octets =
		rte_pktmbuf_mtod_offset(from, const uint8_t *, from->data_len - len);

	if (!tcp_csum_by_port(c))
		return csum_copy(to, octets, len, 0);
	memcpy(to, octets, len);
	return 0;
}

bool tcp_output_plain(struct nsk_worker *w, struct tcp_conn *c)
{
	uint32_t len = c->snd_end - c->snd_nxt;
	struct rte_mbuf *from = c->snd.tail, *m;
	unsigned hlen = tcp_header_len(c);
	uint32_t fin = (c->flags & CONN_F_FIN_QUEUED) != 0;
	uint32_t tally = 1u << TALLY_OUT_SEGS;
	uint16_t flags = TCP_ACK;
	struct tx_queue *q;
	uint64_t sum = 0;
	uint8_t *p;
	bool first;

	q = plain_way(w, c, len, from, fin);
	if (!q)
		return false;
	m = pkt_alloc(w);
	if (NSK_UNLIKELY(!m))
		return false;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	if (NSK_LIKELY(len != 0)) {
		sum = copy_octets(c, p + hlen, from, len);
		flags |= TCP_PSH;
		c->snd.cur = from;
		tally |= 1u << TALLY_OUT_DATA_SEGS;
	}
	c->tally_out += tally;
	if (fin) {
		flags |= TCP_FIN;
		c->flags |= CONN_F_FIN_SENT;
	}
	sum += segment_write(p, &c->flow, hlen, c->snd_nxt, c->rcv_nxt, flags, segment_window(c));
	if (c->flags & CONN_F_TS)
		sum += tcp_opts_write_ts(p + TCP_HLEN, conn_ts_now(w, c), c->ts_recent);
	segment_acks(c, len != 0);
	first = c->snd_una == c->snd_nxt;
	if (!first)
		tally_busy(w, c);
	recover_send(w, c);
	c->snd_nxt += len + fin;
	if (len != c->cc.smss)
		c->flags |= CONN_F_SMALL;
	cc_sent(&c->cc, c->snd_nxt - c->snd_una);
	c->last_snd_ms = w->tcp->now_ms;
	if (first || !tcp_timer_running(c, TCP_T_SEND))
		tcp_rto_restart(w, c);
	segment_out_fresh(w, &c->route, q, m, &c->flow, segment_manner(c), hlen, hlen + len, sum);
	return true;
}
