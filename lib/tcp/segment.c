/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers of a connection's segments: fields, options, checksum, and what sending a segment changes
 * (window announced, ACK no longer owed). RFC 9293 §3.1, RFC 7323 §3, RFC 2018 §4.
 */
#include "tcp/segment.h"
#include "mbuf/pool.h"
#include "tcp/ecn.h"
#include "tcp/fastopen.h"
#include "tcp/ooo.h"
#include "tcp/output.h"
#include "tcp/tally.h"
#include "tcp/urgent.h"

void tcp_segment_send(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, unsigned hlen,
		      uint32_t seq, uint16_t flags, uint32_t plen, uint32_t sum)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct ip_manner how = segment_manner(c);
	unsigned base = tcp_header_len(c);
	uint64_t total = sum;
	uint16_t urgent = 0;

	if (NSK_UNLIKELY(c->rcv.ecn & ECN_ON))
		flags |= ecn_mark(c, seq, flags, plen, &how);
	if (NSK_UNLIKELY(c->loss.urgent))
		urgent = urgent_pointer(c, seq);
	if (NSK_UNLIKELY(urgent))
		flags |= TCP_URG;
	total += segment_write(p, &c->flow, hlen, seq, c->rcv_nxt, flags | TCP_ACK,
			       segment_window(c));
	if (c->flags & CONN_F_TS)
		total += tcp_opts_write_ts(p + TCP_HLEN, conn_ts_now(w, c), c->ts_recent);
	if (NSK_UNLIKELY(urgent))
		total += segment_set_urgent(p, urgent);
	if (hlen != base)
		total += csum_words(p + base, (hlen - base) / 4);
	segment_acks(c, plen != 0);
	tally_out(w, c, plen);
	segment_out(w, &c->route, m, &c->flow, how, hlen, hlen + plen, total);
}

/* SACK blocks that fit: an interface of the least MTUs has room for fewer than the header has. */
static unsigned sack_room(const struct tcp_conn *c, const struct iface *ifc)
{
	uint32_t without =
		family_of(c->sock.family)->hdr_len + tcp_header_len(c) + TCP_OPTS_SACK_HEAD_LEN;
	uint32_t room = ifc->mtu > without ? ifc->mtu - without : 0;

	return tcp_opts_sack_fit(room / TCP_OPT_SACK_BLOCK_LEN, c->flags & CONN_F_TS);
}

/* SACK blocks that an ACK carries now. */
static unsigned sack_blocks(struct tcp_conn *c, struct seq_range *blocks)
{
	struct tcp_ext *x = c->ext;
	unsigned n;

	if (!x || !(c->flags & CONN_F_SACK))
		return 0;
	n = reasm_sack(x->ooo, &x->dsack, blocks, sack_room(c, c->route.iface));
	x->dsack = (struct seq_range){0};
	return n;
}

static bool send_bare(struct nsk_worker *w, struct tcp_conn *c, uint32_t seq, uint16_t flags)
{
	struct tcp_sack_block sack[TCP_SACK_MAX];
	struct seq_range blocks[TCP_SACK_MAX];
	unsigned n = sack_blocks(c, blocks);
	struct rte_mbuf *m = pkt_alloc_control(w);
	unsigned base = tcp_header_len(c), hlen = base;

	if (!m) {
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		tcp_starved(w, c);
		return false;
	}
	for (unsigned i = 0; i < n; i++)
		sack[i] = (struct tcp_sack_block){blocks[i].start, blocks[i].end};
	if (n)
		hlen += (unsigned)tcp_opts_write_sack(rte_pktmbuf_mtod_offset(m, uint8_t *, base),
						      sack, n);
	m->data_len = (uint16_t)hlen;
	m->pkt_len = hlen;
	tcp_segment_send(w, c, m, hlen, seq, flags, 0, 0);
	return true;
}

/*
 * The number of a segment that carries nothing: SND.NXT, but where the peer took its window back
 * from under it the window's edge, or the peer would drop it. As in Linux a window that is smaller
 * by less than a unit of its scale was only rounded.
 */
static uint32_t bare_seq(const struct tcp_conn *c)
{
	uint32_t edge = c->snd_una + c->win.snd_wnd;

	if (NSK_LIKELY((int32_t)(c->snd_nxt - edge) < 1 << c->win.snd_shift) ||
	    !conn_in(c, TCPS_SYNCHRONIZED)) /* our SYN is in no window */
		return c->snd_nxt;
	return edge;
}

bool tcp_send_ack(struct nsk_worker *w, struct tcp_conn *c)
{
	return conn_route(w, c) == 0 && send_bare(w, c, bare_seq(c), 0);
}

void tcp_send_probe(struct nsk_worker *w, struct tcp_conn *c)
{
	if (conn_route(w, c) != 0)
		return;
	/* The probe itself is not acceptable, so that its pointer counts for nothing. */
	if (NSK_UNLIKELY(c->loss.urgent) && urgent_pointer(c, c->snd_una))
		send_bare(w, c, c->snd_una, 0);
	send_bare(w, c, c->snd_una - 1, 0);
}

void tcp_send_reset(struct nsk_worker *w, struct tcp_conn *c)
{
	if (conn_route(w, c) != 0)
		return;
	worker_count(w, NSK_CNT_TCP_RST_SENT, 1);
	send_bare(w, c, bare_seq(c), TCP_RST);
}

/* What our SYN offers, or our SYN,ACK takes up. */
static void syn_options(struct nsk_worker *w, const struct tcp_conn *c, struct tcp_opts *o)
{
	bool reply = c->state == TCPS_SYN_RCVD;

	*o = (struct tcp_opts){
		.present = TCP_HAS_MSS,
		.mss = conn_mss_announced(c, c->route.iface),
		.wscale = c->win.rcv_shift,
		.tsval = conn_ts_now(w, c),
		.tsecr = reply ? c->ts_recent : 0,
	};
	if (reply ? c->flags & CONN_F_TS : SETTING(w->set, tcp_timestamps))
		o->present |= TCP_HAS_TS;
	if (reply ? c->flags & CONN_F_SACK : SETTING(w->set, tcp_sack))
		o->present |= TCP_HAS_SACK_PERMITTED;
	if (reply ? c->win.rcv_shift || c->win.snd_shift : w->set->tcp_wscale)
		o->present |= TCP_HAS_WSCALE;
}

void tcp_send_syn(struct nsk_worker *w, struct tcp_conn *c)
{
	struct rte_mbuf *m = pkt_alloc_control(w);
	uint16_t flags = TCP_SYN;
	struct tcp_opts o;
	uint64_t sum = 0;
	uint32_t len = 0;
	unsigned hlen;
	uint16_t wnd;
	uint8_t *p;

	if (!m) {
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return;
	}
	p = rte_pktmbuf_mtod(m, uint8_t *);
	syn_options(w, c, &o);
	hlen = TCP_HLEN + (unsigned)tcp_opts_write_syn(p + TCP_HLEN, &o, &sum);
	if (c->ext)
		hlen += tcp_fastopen_write(w, c, p + hlen, &len, &sum);
	wnd = (uint16_t)NSK_MIN(rcvq_space(c), (uint32_t)UINT16_MAX);
	if (c->rcv.ecn)
		flags |= c->state == TCPS_SYN_RCVD ? TCP_ECE : ECN_SYN_BITS;
	if (c->state == TCPS_SYN_RCVD) {
		flags |= TCP_ACK;
		c->win.rcv_adv = seq_max(c->win.rcv_adv, c->rcv_nxt + wnd);
		c->last_ack_sent = c->rcv_nxt;
	}
	sum += segment_write(p, &c->flow, hlen, c->snd_una, flags & TCP_ACK ? c->rcv_nxt : 0, flags,
			     wnd);
	m->data_len = (uint16_t)(hlen + len);
	m->pkt_len = hlen + len;
	c->flags &= ~(CONN_F_ACK_NOW | CONN_F_ACK_LATER);
	if (c->flags & CONN_F_OPENER)
		tally_out(w, c, len);
	segment_out(w, &c->route, m, &c->flow, segment_manner(c), hlen, hlen + len, sum);
}
