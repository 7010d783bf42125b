/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Half-open connections of listeners: SYN-RECEIVED as reached from LISTEN. RFC 9293 §3.10.7.2 and
 * what of §3.10.7.4 concerns that state.
 */
#include "tcp/embryo.h"
#include "tcp/control.h"
#include "tcp/ecn.h"
#include "tcp/fastopen.h"
#include "tcp/input.h"
#include "tcp/listen.h"
#include "tcp/output.h"
#include "tcp/rcvbuf.h"
#include "tcp/table.h"
#include "tcp/tally.h"
#include "tcp/tcp.h"
#include "tcp/timer.h"
#include "tcpalg/paws.h"
#include "tcpalg/seq.h"
#include "wire/family.h"

uint8_t embryo_agree(const struct nsk_worker *w, const struct tcp_opts *o)
{
	uint8_t agreed = o->present & (AGREED_TS | AGREED_SACK | AGREED_WSCALE | AGREED_FASTOPEN);

	if (NSK_UNLIKELY(!SETTING(w->set, tcp_timestamps)))
		agreed &= (uint8_t)~AGREED_TS;
	if (NSK_UNLIKELY(!SETTING(w->set, tcp_sack)))
		agreed &= (uint8_t)~AGREED_SACK;
	if (NSK_UNLIKELY(!w->set->tcp_wscale))
		agreed &= (uint8_t)~AGREED_WSCALE;
	return agreed;
}

uint16_t embryo_peer_mss(const struct nsk_worker *w, const struct tcp_opts *o, uint8_t family)
{
	if (!(o->present & TCP_HAS_MSS))
		return family_of(family)->default_mss;
	return NSK_MAX(o->mss, (uint16_t)SETTING(w->set, tcp_mss_min));
}

static struct tcp_conn *listener_of(const struct nsk_worker *w, const struct tcp_embryo *e)
{
	return slab_at(&w->tcp->conns, e->listener);
}

/* ---- queue ---- */

static inline void append(struct nsk_worker *w, struct tcp_embryo *e)
{
	struct tcp_worker *t = w->tcp;
	struct embryo_queue *q = &t->syn_queue[embryo_backoff(e)];

	e->due_ns = w->now_ns + embryo_rto_ns(w, e);
	e->next = NULL;
	e->prev = q->tail;
	if (q->tail)
		q->tail->next = e;
	else
		q->head = e;
	q->tail = e;
	if (NSK_UNLIKELY(!wheel_armed(&t->syn_timer)) ||
	    NSK_UNLIKELY(wheel_expires_ns(&t->syn_timer) >= e->due_ns + WHEEL_TICK_NS))
		wheel_arm(&w->wheel, &t->syn_timer, e->due_ns);
}

static inline void take_off(struct tcp_worker *t, const struct tcp_embryo *e)
{
	struct embryo_queue *q = &t->syn_queue[embryo_backoff(e)];

	if (e->prev)
		e->prev->next = e->next;
	else
		q->head = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		q->tail = e->prev;
}

/* ---- SYN,ACK ---- */

static NSK_ALWAYS_INLINE void put_syn_ack(struct nsk_worker *w, const struct tcp_embryo *e,
					  const struct tcp_conn *l, uint16_t flags,
					  const struct tcp_cookie *cookie)
{
	struct tcp_opts o = {
		.present = TCP_HAS_MSS | e->agreed,
		.mss = l->ext ? l->ext->user_mss : 0,
		.wscale = w->tcp->rcv_shift,
		.tsval = w->tcp->now_ms + e->ts_off,
		.tsecr = e->ts_recent,
	};
	struct tcp_control ctl = {
		.flow = &e->flow,
		.how = segment_manner_of(l, e->family),
		.opts = &o,
		.cookie = cookie,
		.seq = e->iss,
		.ack = e->irs + 1,
		.flags = flags,
		.wnd = rcvq_first_window(l),
	};

	control_send(w, &ctl);
}

/* With ECN, or a cookie, which it has only once (RFC 7413 §4.2.2). */
static NSK_NOINLINE void write_syn_ack_rare(struct nsk_worker *w, struct tcp_embryo *e,
					    const struct tcp_conn *l)
{
	uint16_t ece = e->agreed & AGREED_ECN ? TCP_ECE : 0;
	bool asked = e->agreed & AGREED_FASTOPEN, given;
	struct tcp_cookie cookie;

	e->agreed &= (uint8_t)~AGREED_FASTOPEN;
	given = asked && tcp_fastopen_cookie(w, l, &e->flow, e->family, &cookie);
	put_syn_ack(w, e, l, TCP_SYN | TCP_ACK | ece, given ? &cookie : NULL);
}

/* What is usual is known when it is compiled. */
static inline void write_syn_ack(struct nsk_worker *w, struct tcp_embryo *e,
				 const struct tcp_conn *l)
{
	if (NSK_UNLIKELY(e->agreed & (AGREED_ECN | AGREED_FASTOPEN)))
		write_syn_ack_rare(w, e, l);
	else
		put_syn_ack(w, e, l, TCP_SYN | TCP_ACK, NULL);
}

static void send_syn_ack(struct nsk_worker *w, struct tcp_embryo *e)
{
	write_syn_ack(w, e, listener_of(w, e));
}

/* ---- timer ---- */

static uint32_t most_retries(struct nsk_worker *w, const struct tcp_embryo *e)
{
	const struct tcp_ext *x = listener_of(w, e)->ext;

	return x && x->syncnt ? x->syncnt : SETTING(w->set, tcp_synack_retries);
}

static void due(struct nsk_worker *w, struct tcp_embryo *e)
{
	if (e->retries >= most_retries(w, e)) {
		worker_count(w, NSK_CNT_TCP_ATTEMPT_FAILS, 1);
		embryo_free(w, e);
		return;
	}
	take_off(w->tcp, e);
	e->retries++;
	e->resent &= (uint8_t)~RESENT_NOW;
	e->challenged = 0;
	worker_count(w, NSK_CNT_TCP_RETRANS_SEGMENTS, 1);
	send_syn_ack(w, e);
	append(w, e);
}

/* Those whose time has come; the timer serves all of them. It may find nothing to do. */
void tcp_syn_timer(void *ctx, struct wheel_timer *timer, uint64_t now_ns)
{
	struct nsk_worker *w = ctx;
	struct tcp_worker *t = w->tcp;
	uint32_t budget = SETTING(w->set, timer_budget);
	uint64_t next_ns = UINT64_MAX;

	tcp_clock(w);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(t->syn_queue); i++) {
		struct tcp_embryo *e;

		while ((e = t->syn_queue[i].head) && e->due_ns <= now_ns && budget) {
			budget--;
			due(w, e);
		}
		if (e)
			next_ns = NSK_MIN(next_ns, e->due_ns);
	}
	if (next_ns != UINT64_MAX)
		wheel_arm(&w->wheel, timer, next_ns);
}

/* ---- life ---- */

/* All that a SYN says. */
static NSK_ALWAYS_INLINE void fill(struct nsk_worker *w, const struct tcp_conn *l,
				   const struct pkt *p, uint32_t iss, struct tcp_embryo *e)
{
	e->flow = p->flow;
	e->family = p->family;
	e->agreed = embryo_agree(w, &p->opts);
	if (NSK_UNLIKELY(ecn_is_setup_syn(p)) && ecn_accepts(w, l, p))
		e->agreed |= AGREED_ECN;
	e->snd_wscale = p->opts.wscale;
	e->retries = 0;
	e->resent = 0;
	e->challenged = 0;
	e->ts_off = e->agreed & AGREED_TS ? tcp_ts_offset(w, &p->flow, p->family) : 0;
	e->iss = iss;
	e->irs = p->seq;
	e->ts_recent = p->opts.present & TCP_HAS_TS ? p->opts.tsval : 0;
	e->peer_mss = embryo_peer_mss(w, &p->opts, p->family);
}

void embryo_of_syn(struct nsk_worker *w, const struct tcp_conn *l, const struct pkt *p,
		   uint32_t iss, struct tcp_embryo *e)
{
	fill(w, l, p, iss, e);
	e->listener = SLAB_NONE;
}

bool embryo_new(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p, uint64_t hash,
		uint32_t iss)
{
	struct tcp_worker *t = w->tcp;
	struct tcp_embryo *e = slab_alloc(&t->embryos);
	uint32_t me;

	if (!e)
		return false;
	me = slab_index(&t->embryos, e);
	fill(w, l, p, iss, e);
	e->listener = l->listener->self;
	if (htab_insert(&t->table, hash, table_value(TABLE_EMBRYO, me))) {
		slab_free(&t->embryos, e);
		return false;
	}
	l->listener->embryos++;
	send_syn_ack(w, e);
	append(w, e);
	return true;
}

/* All but the table lets go of it. */
static inline void leave(struct nsk_worker *w, struct tcp_embryo *e, struct tcp_listener *ls)
{
	take_off(w->tcp, e);
	ls->embryos--;
	slab_free(&w->tcp->embryos, e);
}

void embryo_free(struct nsk_worker *w, struct tcp_embryo *e)
{
	struct tcp_worker *t = w->tcp;

	table_remove(t, table_flow_hash(t, &e->flow, e->family),
		     table_value(TABLE_EMBRYO, slab_index(&t->embryos, e)));
	leave(w, e, listener_of(w, e)->listener);
}

void embryo_free_all(struct nsk_worker *w, const struct tcp_listener *ls)
{
	struct tcp_worker *t = w->tcp;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(t->syn_queue) && ls->embryos; i++) {
		struct tcp_embryo *next;

		for (struct tcp_embryo *e = t->syn_queue[i].head; e; e = next) {
			next = e->next;
			if (e->listener == ls->self)
				embryo_free(w, e);
		}
	}
}

bool embryo_error(struct nsk_worker *w, struct tcp_embryo *e, uint32_t seq, bool hard)
{
	if (seq != e->iss)
		return false;
	if (hard) {
		worker_count(w, NSK_CNT_TCP_ATTEMPT_FAILS, 1);
		embryo_free(w, e);
	}
	return true;
}

/* ---- segments ---- */

/* An ACK that says where we stand; few, since whoever sends us this may be anybody. */
static void challenge(struct nsk_worker *w, struct tcp_embryo *e)
{
	struct tcp_control ctl = {
		.flow = &e->flow,
		.how = segment_manner_of(listener_of(w, e), e->family),
		.seq = e->iss + 1,
		.ack = e->irs + 1,
		.flags = TCP_ACK,
		.wnd = (uint16_t)(rcvq_first_window(listener_of(w, e)) >>
				  (e->agreed & AGREED_WSCALE ? w->tcp->rcv_shift : 0)),
	};
	struct tcp_opts o = {0};

	if (e->challenged == CHALLENGES_MAX || !tcp_challenge_ok(w))
		return;
	e->challenged++;
	if (e->agreed & AGREED_TS) {
		o.present = TCP_HAS_TS;
		o.tsval = w->tcp->now_ms + e->ts_off;
		o.tsecr = e->ts_recent;
		ctl.opts = &o;
	}
	worker_count(w, NSK_CNT_TCP_CHALLENGE_ACKS, 1);
	tcp_control_send(w, &ctl);
}

/* Steps 1, 2 and 4 for an embryo. */
static bool acceptable(struct nsk_worker *w, struct tcp_embryo *e, struct rte_mbuf *m)
{
	const struct pkt *p = pkt_of(m);
	uint32_t rcv_nxt = e->irs + 1, wnd = rcvq_first_window(listener_of(w, e));

	/* The client's SYN again: our SYN,ACK was lost, or is on its way. */
	if ((p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && p->seq == e->irs) {
		if (!ecn_is_setup_syn(p))
			e->agreed &= (uint8_t)~AGREED_ECN; /* it asks no more (§6.1.1) */
		if (!(e->resent & RESENT_NOW) &&
		    embryo_age_us(w, e) >= w->set->tcp_rto_min_ms * 1000) {
			send_syn_ack(w, e);
			e->resent = RESENT_EVER | RESENT_NOW;
		}
		pkt_put(w, m);
		return false;
	}
	if ((e->agreed & AGREED_TS) && (p->opts.present & TCP_HAS_TS) &&
	    !(p->tcp_flags & TCP_RST) && paws_reject(e->ts_recent, p->opts.tsval, 0)) {
		challenge(w, e);
		pkt_drop(w, m, NSK_DROP_TCP_PAWS);
		return false;
	}
	if (!seq_acceptable(rcv_nxt, wnd, p->seq, seg_len(p))) {
		if (!(p->tcp_flags & TCP_RST))
			challenge(w, e);
		pkt_drop(w, m,
			 p->tcp_flags & TCP_RST ? NSK_DROP_TCP_RST_WINDOW
						: NSK_DROP_TCP_BAD_SEQUENCE);
		return false;
	}
	if (p->tcp_flags & TCP_RST) {
		if (p->seq != rcv_nxt) {
			challenge(w, e);
			pkt_drop(w, m, NSK_DROP_TCP_RST_CHALLENGE);
			return false;
		}
		worker_count(w, NSK_CNT_TCP_ATTEMPT_FAILS, 1);
		embryo_free(w, e);
		pkt_put(w, m);
		return false;
	}
	if (p->tcp_flags & TCP_SYN) {
		challenge(w, e);
		pkt_drop(w, m, NSK_DROP_TCP_SYN_CHALLENGE);
		return false;
	}
	return true;
}

/*
 * There was no room for the client's SYN, which got a cookie; when it came again there was, and
 * this embryo was made of it, with a number of its own; now the cookie comes back. The client has
 * taken that SYN,ACK and no other: the embryo becomes what the cookie remembers. As Linux, which
 * hands such an ACK to the listener. A cookie of another attempt of the client, with another ISN,
 * is none.
 */
static NSK_NOINLINE bool becomes_cookies(struct nsk_worker *w, struct tcp_embryo *e,
					 const struct pkt *p)
{
	struct tcp_embryo told;

	if (p->seq != e->irs + 1 || !tcp_cookies_expected(w) || !tcp_cookie_input(w, p, &told))
		return false;
	e->iss = told.iss;
	e->agreed = told.agreed;
	e->snd_wscale = told.snd_wscale;
	e->ts_off = told.ts_off;
	e->ts_recent = told.ts_recent;
	e->peer_mss = told.peer_mss;
	e->resent |= RESENT_EVER;
	worker_count(w, NSK_CNT_TCP_COOKIES_ACCEPTED, 1);
	return true;
}

/* The ACK that nearly every handshake ends with: steps 1 to 4 pass. */
static inline bool is_plain(const struct tcp_embryo *e, const struct pkt *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_RST | TCP_FIN)) == 0 && p->seq == e->irs + 1 &&
	       p->pay_len == 0 &&
	       (!(p->opts.present & TCP_HAS_TS) || seq_geq(p->opts.tsval, e->ts_recent));
}

void tcp_embryo_input(struct nsk_worker *w, struct tcp_embryo *e, struct rte_mbuf *m, uint64_t hash)
{
	const struct pkt *p = pkt_of(m);
	struct tcp_conn *c, *l = listener_of(w, e);
	enum nsk_drop reason;
	bool plain;

	plain = is_plain(e, p);
	if (NSK_UNLIKELY(!plain) && !acceptable(w, e, m))
		return;
	if (!(p->tcp_flags & TCP_ACK)) {
		pkt_drop(w, m, NSK_DROP_TCP_BAD_FLAGS);
		return;
	}
	if (NSK_UNLIKELY(p->ack != e->iss + 1) && !becomes_cookies(w, e, p)) {
		tcp_refuse(w, m, NSK_DROP_TCP_BAD_ACK);
		return;
	}
	c = tcp_birth(w, l, e, hash, p, &reason);
	if (NSK_UNLIKELY(!c)) {
		pkt_drop(w, m, reason);
		return;
	}
	leave(w, e, l->listener);
	if (NSK_LIKELY(plain)) {
		pkt_put(w, m); /* the birth has taken all of it in */
		return;
	}
	c->tally_in -= 1u << TALLY_SEGS; /* it will be counted */
	tcp_conn_input(w, c, m);
}
