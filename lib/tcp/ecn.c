/* SPDX-License-Identifier: BSD-3-Clause */
/* Negotiation, and the receiver's side of ECN; see ecn.h. */
#include "tcp/ecn.h"

#include "tcp/input.h"
#include "tcp/output.h"

static bool is_ect(const struct pkt *p)
{
	return p->tos & IPTOS_ECN_MASK;
}

bool ecn_accepts(const struct nsk_worker *w, const struct tcp_conn *l, const struct pkt *p)
{
	if (cc_algos[l->cc.algo]->all_ect)
		return true;
	return SETTING(w->set, tcp_ecn) != ECN_OFF && !is_ect(p);
}

void ecn_ask(const struct nsk_worker *w, struct tcp_conn *c)
{
	ecn_end(c);
	c->rcv.ecn = 0;
	if (SETTING(w->set, tcp_ecn) == ECN_ASK || cc_algos[c->cc.algo]->all_ect)
		c->rcv.ecn = ECN_ASKED;
}

void ecn_agree(struct tcp_conn *c, const struct pkt *p)
{
	bool yes = p->tcp_flags & TCP_ACK ? ecn_is_setup_syn_ack(p) : ecn_is_setup_syn(p);

	if (yes && (c->rcv.ecn & ECN_ASKED))
		c->rcv.ecn |= ECN_ON;
	else
		c->rcv.ecn = 0;
}

void ecn_start(struct tcp_conn *c)
{
	ecn_end(c);
	if ((c->rcv.ecn & ECN_ON) && cc_algos[c->cc.algo]->mark)
		c->sock.tos |= IPTOS_ECN_ECT0;
}

/*
 * RFC 3168 §6.1.3: marks are echoed until CWR comes. Who sends CWR may have a window of one segment
 * left, so that is acknowledged at once as well (as Linux).
 */
static void echo_until_cwr(struct nsk_worker *w, struct tcp_conn *c, bool cwr, bool ce)
{
	bool news = cwr || (ce && !c->loss.ece);

	c->loss.ece = ce || (c->loss.ece && !cwr);
	if (news)
		tcp_ack_policy(w, c, 0, ACKPOLICY_ECN);
}

/*
 * RFC 8257 §3.2: ACKs say which octets were marked, so that one that is owed goes before the next
 * octets tell another thing, and the new state is told at once.
 */
static void echo_each(struct nsk_worker *w, struct tcp_conn *c, bool ce)
{
	if (ce == c->loss.ece)
		return;
	if (c->flags & (CONN_F_ACK_LATER | CONN_F_ACK_NOW))
		tcp_send_ack(w, c);
	c->loss.ece = ce;
	tcp_ack_policy(w, c, 0, ACKPOLICY_ECN);
}

/* Something came that was not Not-ECT. */
static void count_ect(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p, bool ce)
{
	struct tcp_ext *x = conn_ext(w, c);

	c->rcv.ecn |= ECN_SEEN;
	if (!x)
		return;
	x->count.received_ce += ce;
	x->count.ecn_octets[(p->tos & IPTOS_ECN_MASK) - 1] += p->pay_len;
}

void ecn_input(struct nsk_worker *w, struct tcp_conn *c, const struct pkt *p)
{
	bool ce = (p->tos & IPTOS_ECN_MASK) == IPTOS_ECN_CE;

	if (!(c->rcv.ecn & ECN_ON))
		return;
	if (is_ect(p))
		count_ect(w, c, p, ce);
	if (ce)
		worker_count(w, NSK_CNT_TCP_CE_RECEIVED, 1);
	if (!cc_algos[c->cc.algo]->all_ect)
		echo_until_cwr(w, c, p->tcp_flags & TCP_CWR, ce);
	else if (is_ect(p))
		echo_each(w, c, ce);
}
