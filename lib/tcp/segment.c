/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers of a connection's segments: fields, options, checksum, and what sending a segment changes
 * (window announced, ACK no longer owed). RFC 9293 §3.1, RFC 7323 §3, RFC 2018 §4.
 */
#include <string.h>

#include "ip/ip.h"
#include "mbuf/pool.h"
#include "tcp/ooo.h"
#include "tcp/output.h"
#include "tcp/rcvbuf.h"
#include "wire/bytes.h"
#include "wire/family.h"

/* Ports, both at once, as we send them. */
static uint32_t ports_out(const struct flow *in)
{
	uint32_t ports;

	memcpy(&ports, &in->sport_be, sizeof(ports));
	return ports << 16 | ports >> 16;
}

static void write_fixed(uint8_t *p, const struct tcp_conn *c, unsigned hlen, uint32_t seq,
			uint32_t ack, uint16_t flags, uint16_t wnd)
{
	uint32_t ports = ports_out(&c->flow);

	memcpy(p, &ports, sizeof(ports));
	store_be32(p + 4, seq);
	store_be32(p + 8, ack);
	store_be32(p + 12, (uint32_t)hlen << 26 | (uint32_t)flags << 16 | wnd);
	memset(p + 16, 0, 4); /* checksum, urgent pointer */
}

/* Checksum, by us or by the port, and out. */
static void send_out(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, unsigned hlen,
		     uint32_t plen, uint32_t sum)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct ip_out out = {
		.src = c->flow.dst,
		.dst = c->flow.src,
		.family = c->sock.family,
		.proto = IP_PROTO_TCP,
		.df = true,
	};
	uint32_t pseudo =
		ip_pseudo_sum(c->sock.family, out.src, out.dst, IP_PROTO_TCP, hlen + plen);

	if (ip_l4_csum_offload(&c->route, m, IP_PROTO_TCP)) {
		m->l4_len = hlen;
		tcp_store_checksum(p, csum_fold(pseudo));
	} else {
		sum = csum_add(csum_partial(p, hlen, pseudo), sum);
		tcp_store_checksum(p, csum_finish(sum));
	}
	worker_count(w, NSK_CNT_TCP_SEGMENTS_OUT, 1);
	ip_output(w, &c->route, m, &out);
}

void tcp_segment_send(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, unsigned hlen,
		      uint32_t seq, uint16_t flags, uint32_t plen, uint32_t sum)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t wnd = window_advertise(&c->win, c->rcv_nxt, rcvq_space(c), c->rcv.limit,
					c->ack.rcv_mss, false);

	write_fixed(p, c, hlen, seq, c->rcv_nxt, flags | TCP_ACK, wnd);
	if (c->flags & CONN_F_TS)
		tcp_opts_write_ts(p + TCP_HLEN, conn_ts_now(w, c), c->ts_recent);
	c->last_ack_sent = c->rcv_nxt;
	c->flags &= ~(CONN_F_ACK_NOW | CONN_F_ACK_LATER);
	c->timers &= (uint8_t) ~(1u << TCP_T_DELACK);
	ackpolicy_sent(&c->ack, plen != 0);
	send_out(w, c, m, hlen, plen, sum);
}

/* SACK blocks that an ACK carries now. */
static unsigned sack_blocks(struct tcp_conn *c, struct seq_range *blocks)
{
	struct tcp_ext *x = c->ext;
	unsigned n, max = c->flags & CONN_F_TS ? TCP_SACK_MAX_WITH_TS : TCP_SACK_MAX;

	if (!x || !(c->flags & CONN_F_SACK))
		return 0;
	n = reasm_sack(x->ooo, &x->dsack, blocks, max);
	x->dsack = (struct seq_range){ 0 };
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
		return false;
	}
	for (unsigned i = 0; i < n; i++)
		sack[i] = (struct tcp_sack_block){ blocks[i].start, blocks[i].end };
	if (n)
		hlen += (unsigned)tcp_opts_write_sack(rte_pktmbuf_mtod_offset(m, uint8_t *, base),
						      sack, n);
	m->data_len = (uint16_t)hlen;
	m->pkt_len = hlen;
	tcp_segment_send(w, c, m, hlen, seq, flags, 0, 0);
	return true;
}

bool tcp_send_ack(struct nsk_worker *w, struct tcp_conn *c)
{
	return conn_route(w, c) == 0 && send_bare(w, c, c->snd_nxt, 0);
}

void tcp_send_probe(struct nsk_worker *w, struct tcp_conn *c)
{
	if (conn_route(w, c) == 0)
		send_bare(w, c, c->snd_una - 1, 0);
}

void tcp_send_reset(struct nsk_worker *w, struct tcp_conn *c)
{
	if (conn_route(w, c) != 0)
		return;
	worker_count(w, NSK_CNT_TCP_RST_SENT, 1);
	send_bare(w, c, c->snd_nxt, TCP_RST);
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
	if (reply ? c->flags & CONN_F_TS : w->set->tcp_timestamps)
		o->present |= TCP_HAS_TS;
	if (reply ? c->flags & CONN_F_SACK : w->set->tcp_sack)
		o->present |= TCP_HAS_SACK_PERMITTED;
	if (reply ? c->win.rcv_shift != 0 : w->set->tcp_wscale)
		o->present |= TCP_HAS_WSCALE;
}

void tcp_send_syn(struct nsk_worker *w, struct tcp_conn *c)
{
	struct rte_mbuf *m = pkt_alloc_control(w);
	uint16_t flags = c->state == TCPS_SYN_RCVD ? TCP_SYN | TCP_ACK : TCP_SYN;
	struct tcp_opts o;
	unsigned hlen;
	uint16_t wnd;
	uint8_t *p;

	if (!m) {
		worker_count_drop(w, NSK_DROP_TX_NO_BUFFER, 1);
		return;
	}
	p = rte_pktmbuf_mtod(m, uint8_t *);
	syn_options(w, c, &o);
	hlen = TCP_HLEN + (unsigned)tcp_opts_write_syn(p + TCP_HLEN, &o);
	wnd = (uint16_t)NSK_MIN(rcvq_space(c), (uint32_t)UINT16_MAX);
	if (c->state == TCPS_SYN_RCVD) {
		c->win.rcv_adv = seq_max(c->win.rcv_adv, c->rcv_nxt + wnd);
		c->last_ack_sent = c->rcv_nxt;
	}
	write_fixed(p, c, hlen, c->snd_una, flags & TCP_ACK ? c->rcv_nxt : 0, flags, wnd);
	m->data_len = (uint16_t)hlen;
	m->pkt_len = hlen;
	c->flags &= ~(CONN_F_ACK_NOW | CONN_F_ACK_LATER);
	send_out(w, c, m, hlen, 0, 0);
}
