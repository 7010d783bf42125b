/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies: a listener without room answers SYNs without remembering them, and recognises the
 * ACKs that come of it. RFC 4987 §3.6; the cookie itself is in tcpalg/cookie.h.
 */
#include "mbuf/shared.h"
#include "tcp/conn.h"
#include "tcp/control.h"
#include "tcp/ecn.h"
#include "tcp/embryo.h"
#include "tcp/output.h"
#include "tcp/rcvbuf.h"
#include "tcpalg/cookie.h"

#define NOTE_NS UINT64_C(1000000000)
/* So far the clock of the node that made a cookie may be ahead of ours. */
#define SKEW_MS 1000u

static struct cookie_conn cookie_of(const struct pkt *p, uint32_t peer_isn)
{
	return (struct cookie_conn){
		.tuple = &p->flow,
		.len = sizeof(p->flow),
		.peer_isn = peer_isn,
		.ipv6 = p->family == AF_INET6,
	};
}

/* The line is every worker's: a flood of SYNs writes it once in a while. */
static void note_cookie(struct nsk_worker *w)
{
	uint64_t *last = &w->shared->cookie_ns;
	uint64_t last_ns = __atomic_load_n(last, __ATOMIC_RELAXED);

	if (last_ns == 0 || w->now_ns > last_ns + NOTE_NS)
		__atomic_store_n(last, w->now_ns, __ATOMIC_RELAXED);
}

/* What the epochs of cookies are counted by. */
static uint64_t epoch_clock_ns(const struct nsk_worker *w)
{
	return w->now_ns + w->shared->wall_ns;
}

/* None can be good while no worker gave one out, and no other node might have: no chance for
 * guesses. */
static bool cookies_out(const struct nsk_worker *w)
{
	uint64_t last_ns = __atomic_load_n(&w->shared->cookie_ns, __ATOMIC_RELAXED);

	return w->shared->clustered ||
	       (last_ns && w->now_ns < last_ns + NOTE_NS + 2 * COOKIE_EPOCH_NS);
}

/* As Linux, which counts a failed cookie only where it has lately sent some. Who always sends
 * cookies knows no other ACK to a listener. */
bool tcp_cookies_expected(const struct nsk_worker *w)
{
	uint32_t mode = SETTING(w->set, tcp_syncookies);

	return mode > 1 || (mode && cookies_out(w));
}

void tcp_cookie_send(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p)
{
	struct tcp_worker *t = w->tcp;
	struct cookie_conn conn = cookie_of(p, p->seq);
	uint8_t agreed = embryo_agree(w, &p->opts);
	struct cookie_opts co = {
		.mss = embryo_peer_mss(w, &p->opts, p->family),
		.wscale = agreed & AGREED_WSCALE ? p->opts.wscale : COOKIE_NO_WSCALE,
		.sack = agreed & AGREED_SACK,
		.ts = agreed & AGREED_TS,
		.ecn = ecn_is_setup_syn(p) && ecn_accepts(w, l, p),
	};
	struct tcp_opts o = {
		.present = TCP_HAS_MSS,
		.mss = l->ext ? l->ext->user_mss : 0,
		.wscale = t->rcv_shift,
		.tsecr = p->opts.tsval,
	};
	struct tcp_control ctl = {
		.flow = &p->flow,
		.how = segment_manner_of(l, p->family),
		.opts = &o,
		.ack = p->seq + 1,
		.flags = TCP_SYN | TCP_ACK,
		.wnd = rcvq_first_window(l),
	};

	/* What the timestamp cannot carry is not taken up. */
	if (co.ts) {
		o.present |= TCP_HAS_TS;
		o.tsval = t->now_ms + tcp_ts_offset(w, &p->flow, p->family);
		if (co.sack)
			o.present |= TCP_HAS_SACK_PERMITTED;
		if (co.wscale != COOKIE_NO_WSCALE)
			o.present |= TCP_HAS_WSCALE;
		if (co.ecn)
			ctl.flags |= TCP_ECE;
	}
	ctl.seq = cookie_make(&t->jar, &conn, &co, &o.tsval, epoch_clock_ns(w));
	note_cookie(w);
	worker_count(w, NSK_CNT_TCP_COOKIES_SENT, 1);
	tcp_control_send(w, &ctl);
}

bool tcp_cookie_input(struct nsk_worker *w, const struct pkt *p, struct tcp_embryo *e)
{
	struct tcp_worker *t = w->tcp;
	struct cookie_conn conn = cookie_of(p, p->seq - 1);
	struct cookie_opts co = {.ts = p->opts.present & TCP_HAS_TS};
	uint32_t ts_off, now_ts;

	if (!cookies_out(w))
		return false;
	ts_off = tcp_ts_offset(w, &p->flow, p->family);
	now_ts = t->now_ms + ts_off + (w->shared->clustered ? SKEW_MS : 0);
	if (!cookie_check(&t->jar, &conn, p->ack - 1, p->opts.tsecr, now_ts, &co,
			  epoch_clock_ns(w)))
		return false;
	*e = (struct tcp_embryo){
		.flow = p->flow,
		.family = p->family,
		.iss = p->ack - 1,
		.irs = p->seq - 1,
		.ts_recent = co.ts ? p->opts.tsval : 0,
		.ts_off = ts_off,
		.listener = SLAB_NONE,
		.peer_mss = NSK_MAX(co.mss, (uint16_t)SETTING(w->set, tcp_mss_min)),
	};
	if (co.ts) {
		e->agreed = AGREED_TS;
		if (co.sack)
			e->agreed |= AGREED_SACK;
		if (co.ecn)
			e->agreed |= AGREED_ECN;
		if (co.wscale != COOKIE_NO_WSCALE) {
			e->agreed |= AGREED_WSCALE;
			e->snd_wscale = co.wscale;
		}
	}
	return true;
}
