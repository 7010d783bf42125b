/* SPDX-License-Identifier: BSD-3-Clause */
/* SEGMENT ARRIVES in SYN-SENT: RFC 9293 §3.10.7.3. */
#include <errno.h>

#include "tcp/ecn.h"
#include "tcp/embryo.h"
#include "tcp/fastopen.h"
#include "tcp/input.h"
#include "tcp/output.h"
#include "tcp/rcvbuf.h"
#include "tcp/tally.h"
#include "tcp/timer.h"
#include "tcp/urgent.h"
#include "tcpalg/seq.h"

/* Takes up what both SYNs offer. */
static void agree(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	uint8_t agreed = embryo_agree(w, &p->opts);

	ecn_agree(c, p);
	c->rcv.peer_mss = embryo_peer_mss(w, &p->opts, c->sock.family);
	if (agreed & AGREED_TS) {
		c->flags |= CONN_F_TS;
		c->ts_recent = p->opts.tsval;
	}
	if (agreed & AGREED_SACK)
		c->flags |= CONN_F_SACK;
	if (agreed & AGREED_WSCALE)
		c->win.snd_shift = p->opts.wscale;
	else
		c->win.rcv_shift = 0;
}

/* First: the ACK, if there is one, is of our SYN, and of data in it if it had any. */
static bool step1_ack(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);

	if (!(p->tcp_flags & TCP_ACK) ||
	    (seq_gt(p->ack, c->snd_una) && seq_leq(p->ack, c->snd_nxt)))
		return true;
	tcp_refuse(w, m, NSK_DROP_TCP_BAD_ACK);
	return false;
}

/* Second: RST counts with an acceptable ACK only. */
static bool step2_rst(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);

	if (!(p->tcp_flags & TCP_RST))
		return true;
	if (!(p->tcp_flags & TCP_ACK)) {
		pkt_drop(w, m, NSK_DROP_TCP_RST_WINDOW);
		return false;
	}
	pkt_put(w, m);
	conn_ended(w, c, ECONNREFUSED);
	return false;
}

void tcp_syn_sent_input(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);

	tally_in(w, c, p->pay_len);
	if (!step1_ack(w, c, m) || !step2_rst(w, c, m))
		return;
	/* Third: security; not used. Fourth: SYN. */
	if (!(p->tcp_flags & TCP_SYN)) {
		pkt_drop(w, m, NSK_DROP_TCP_BAD_FLAGS);
		return;
	}
	agree(w, c, p);
	c->rcv_nxt = p->seq + 1;
	c->last_ack_sent = c->rcv_nxt;
	window_start(&c->win, c->rcv_nxt);
	window_snd_set(&c->win, p->wnd, true);
	c->snd_wl1 = p->seq;
	c->last_ack_ms = w->tcp->now_ms;
	if (p->tcp_flags & TCP_ACK) {
		/* Our SYN offered a window without scale: so much the peer may have sent. */
		c->win.rcv_adv = c->rcv_nxt + rcvq_first_window(c);
		if (c->ext && c->ext->fastopen)
			tcp_fastopen_opened(w, c, p);
		tally_syn_acked(w, c);
		tcp_ack_plain(w, c, p->ack);
		tcp_established(w, c);
		conn_ack_now(w, c);
		/* Fifth: the rest of the segment, if it carries more. */
		if (p->tcp_flags & TCP_URG)
			urgent_input(w, c, m);
		p->seq++;
		p->tcp_flags &= (uint8_t)~TCP_SYN;
		tcp_text_input(w, c, m);
		return;
	}
	/* Simultaneous open (§3.5 figure 7): the same SYN again, now with an ACK. What else the
	 * segment carries comes again (as Linux). */
	pkt_put(w, m);
	if (c->ext && c->ext->fastopen)
		tcp_fastopen_crossed(w, c);
	conn_set_state(w, c, TCPS_SYN_RCVD);
	c->retries = 0;
	tcp_timer_stop(c, TCP_T_SEND);
	conn_ack_now(w, c);
}
