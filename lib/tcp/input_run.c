/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run: segments of a burst that go on where the one before them ended, and say nothing else that
 * is new. They need not go through the steps of input_fast.c one by one, which would do nothing for
 * them but take their octets. It is what merging segments before TCP saves, by the rules of that,
 * but no packet is made of them: each keeps its buffer, is counted, and is taken or dropped, for
 * itself, and the connection is afterwards what it would be without.
 */
#include "tcp/ecn.h"
#include "tcp/input.h"
#include "tcp/rcvbuf.h"
#include "tcp/table.h"
#include "tcp/tally.h"

/* Data in order changes nothing else: what is_plain() of input_fast.c asks of a connection. */
static bool may_run(const struct tcp_conn *c)
{
	const uint32_t odd = CONN_F_FIN_KNOWN | CONN_F_PERSIST | CONN_F_SHUT_RD;

	return c->state == TCPS_ESTABLISHED &&
	       (c->flags & (CONN_F_HASHED | odd)) == CONN_F_HASHED && !c->loss.unusual &&
	       (!c->ext || !c->ext->ooo);
}

/*
 * Data at rcv_nxt with the ACK, the window, the options and the marks that the connection has heard
 * of already. A timestamp that is TS.Recent can neither be too old nor change it.
 */
static inline bool goes_on(const struct tcp_conn *c, const struct rte_mbuf *m, const struct pkt *p)
{
	if (p->seq != c->rcv_nxt || p->pay_len == 0 || p->ack != c->snd_una ||
	    (p->tcp_flags & ~TCP_PSH) != TCP_ACK || m->nb_segs != 1)
		return false;
	if ((uint32_t)p->wnd << c->win.snd_shift != c->win.snd_wnd || (p->tos & IPTOS_ECN_MASK))
		return false;
	if (c->flags & CONN_F_TS ? p->opts.present != TCP_HAS_TS || p->opts.tsval != c->ts_recent
				 : p->opts.present != 0)
		return false;
	return p->pay_len <= conn_rcv_wnd(c) &&
	       flow_is(&c->flow, c->sock.family, &p->flow, p->family);
}

/* False: there is no memory for it. The lanes of the tally had room before this burst, and have it
 * for all of a burst. */
static bool take(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint32_t len = p->pay_len;

	c->snd_wl1 = p->seq;
	m->data_off = p->pay_off;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	if (NSK_UNLIKELY(!rcvq_append(w, c, m))) {
		c->last_ack_ms = w->tcp->now_ms;
		tally_in_segment(c, true);
		pkt_drop(w, m, NSK_DROP_TCP_MEM_FULL);
		conn_ack_now(w, c);
		return false;
	}
	c->rcv_nxt += len;
	tally_in_data(c, len);
	tcp_ack_policy(w, c, len, 0);
	return true;
}

unsigned tcp_run_input(struct nsk_worker *w, const struct tcp_burst_seg *seg, unsigned n)
{
	struct tcp_conn *c = seg->hint_for;
	unsigned taken = 0, lost = 0;

	if (!c || table_kind_of(seg->hint) != TABLE_CONN || !may_run(c))
		return 0;
	while (taken < n && seg[taken].hash == seg->hash &&
	       goes_on(c, seg[taken].m, pkt_of(seg[taken].m))) {
		if (NSK_UNLIKELY(!take(w, c, seg[taken].m))) {
			lost = 1;
			break;
		}
		taken++;
	}
	if (taken) {
		c->last_data_ms = w->tcp->now_ms;
		sock_ready(&c->sock, EPOLLIN);
	}
	return taken + lost;
}
