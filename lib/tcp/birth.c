/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Birth: the ACK that ends a handshake makes a connection of an embryo, or of what a cookie brought
 * back, and queues it for accept(). RFC 9293 §3.10.7.4, fifth check in SYN-RECEIVED. With Fast Open
 * the SYN alone makes one (RFC 7413 §4.2.2).
 *
 * A server that is asked for one thing at a time spends much of its life here: the new connection
 * is written field by field in one go, and nothing of it is read back.
 */
#include "tcp/ecn.h"
#include "tcp/embryo.h"
#include "tcp/listen.h"
#include "tcp/output.h"
#include "tcp/pace.h"
#include "tcp/rcvbuf.h"
#include "tcp/sockcalls.h"
#include "tcp/table.h"
#include "tcp/tally.h"
#include "tcp/timer.h"
#include "tcp/way.h"

/* Does a listener's extension hold anything for a child? */
static bool passes_on(const struct tcp_ext *x)
{
	return x->keepidle_s || x->keepintvl_s || x->keepcnt || x->user_timeout_ms || x->user_mss ||
	       x->syncnt || x->pace;
}

/* What of the listener's extension a child takes over, and settings that need one. */
static NSK_NOINLINE void inherit_ext(struct nsk_worker *w, struct tcp_conn *c,
				     const struct tcp_ext *from)
{
	struct tcp_ext *x;

	if (from && !passes_on(from) && !SETTING(w->set, tcp_user_timeout_ms))
		return;
	x = conn_ext(w, c);
	if (!x)
		return;
	if (from) {
		x->keepidle_s = from->keepidle_s;
		x->keepintvl_s = from->keepintvl_s;
		x->keepcnt = from->keepcnt;
		x->syncnt = from->syncnt;
		x->user_timeout_ms = from->user_timeout_ms;
		x->user_mss = from->user_mss;
		if (from->pace)
			pace_limit(w, c, from->pace->max_rate);
	}
	if (!x->user_timeout_ms)
		x->user_timeout_ms = SETTING(w->set, tcp_user_timeout_ms);
	pace_start(w, c);
}

static inline void inherit(struct nsk_worker *w, struct tcp_conn *c, const struct tcp_conn *l,
			   uint8_t family)
{
	const uint8_t flags = SOCK_F_KEEPALIVE | SOCK_F_REUSEADDR | SOCK_F_REUSEPORT |
			      SOCK_F_ZEROCOPY | SOCK_F_BROADCAST;

	sock_init_as(&c->sock, w, &tcp_sock_ops, family, l->sock.six);
	c->sock.flags = l->sock.flags & flags;
	c->sock.linger_s = l->sock.linger_s;
	c->sock.tos = l->sock.tos;
	c->sock.ttl = l->sock.ttl;
	c->sock.rcvtimeo_ms = l->sock.rcvtimeo_ms;
	c->sock.sndtimeo_ms = l->sock.sndtimeo_ms;
	c->sock.ready = (uint16_t)sock_synonyms(EPOLLOUT);
	c->rcv.limit = l->rcv.limit;
	c->snd.limit = l->listener->snd_limit;
	c->cc.algo = l->cc.algo;
	if (NSK_UNLIKELY(l->ext || SETTING(w->set, tcp_user_timeout_ms)))
		inherit_ext(w, c, l->ext);
}

/* What the options of the two SYNs agreed on, and the window of the ACK. */
static inline void agree(struct tcp_conn *c, const struct tcp_worker *t, const struct tcp_embryo *e,
			 const struct pkt *p, bool early)
{
	if (e->agreed & AGREED_WSCALE) {
		c->win.rcv_shift = t->rcv_shift;
		c->win.snd_shift = e->snd_wscale;
	}
	if (e->agreed & AGREED_TS) {
		c->flags |= CONN_F_TS;
		/* RFC 7323 §4.3 (3): only from what continues what was acknowledged. */
		c->ts_recent = (p->opts.present & TCP_HAS_TS) && p->seq == e->irs + 1
				       ? p->opts.tsval
				       : e->ts_recent;
	}
	if (e->agreed & AGREED_SACK)
		c->flags |= CONN_F_SACK;
	window_snd_set(&c->win, p->wnd, early); /* a SYN's is not scaled */
}

static NSK_NOINLINE void born_with_ecn(struct nsk_worker *w, struct tcp_conn *c)
{
	worker_count(w, NSK_CNT_TCP_ECN_OPENS, 1);
	c->rcv.ecn = ECN_ON;
	ecn_start(c);
}

/* The round trip of the handshake, if it can be told (Karn), is the first sample. */
static inline void first_rtt(struct nsk_worker *w, struct tcp_conn *c, const struct tcp_embryo *e)
{
	const struct rtt_limits *limits = &w->tcp->rtt_limits;

	if (NSK_LIKELY(!e->retries && !e->resent && embryo_in_table(e))) {
		rtt_sample(&c->rtt, limits, embryo_age_us(w, e));
		return;
	}
	rtt_init(&c->rtt, limits);
	if (e->retries)
		rtt_syn_timed_out(&c->rtt, limits);
}

/* The connection's variables as the handshake left them, or, early, as the SYN did. */
static NSK_ALWAYS_INLINE void initiate(struct nsk_worker *w, struct tcp_conn *c,
				       const struct tcp_embryo *e, const struct pkt *p, bool early)
{
	const struct tcp_worker *t = w->tcp;

	c->flow = e->flow;
	c->snd_una = e->iss + !early;
	c->snd_nxt = e->iss + !early;
	c->snd_end = e->iss + 1;
	c->rcv_nxt = e->irs + 1;
	c->last_ack_sent = e->irs + 1;
	c->win.rcv_adv = e->irs + 1 + rcvq_first_window(c);
	c->snd_wl1 = p->seq;
	c->ts_off = e->ts_off;
	/* The SYN, and what ended the handshake. As Linux, our answer is not counted. */
	c->tally_in = (early ? 1u : 2u) << TALLY_SEGS;
	c->rcv.peer_mss = e->peer_mss;
	agree(c, t, e, p, early);
	first_rtt(w, c, e);
	ackpolicy_init(&c->ack, (enum ackpolicy_profile)SETTING(w->set, tcp_ack_policy));
}

/* Puts c into the table, in the embryo's place if that was there. */
static inline int enter_table(struct nsk_worker *w, struct tcp_conn *c, const struct tcp_embryo *e,
			      uint64_t hash)
{
	struct tcp_worker *t = w->tcp;

	if (NSK_UNLIKELY(!embryo_in_table(e)))
		return table_add_conn(w, c, hash);
	c->hash_upper = (uint32_t)(hash >> 32);
	c->flags |= CONN_F_HASHED;
	return table_replace(t, hash, table_value(TABLE_EMBRYO, slab_index(&t->embryos, e)),
			     table_value(TABLE_CONN, slab_index(&t->conns, c)));
}

/* A connection in the table that is open, or early, as far as its SYN has brought it. */
static NSK_ALWAYS_INLINE struct tcp_conn *make(struct nsk_worker *w, struct tcp_conn *l,
					       const struct tcp_embryo *e, uint64_t hash,
					       const struct pkt *p, bool early,
					       enum nsk_drop *reason)
{
	struct tcp_conn *c = conn_alloc(w);

	if (NSK_UNLIKELY(!c)) {
		*reason = slab_room(&w->tcp->conns) ? NSK_DROP_TCP_NO_MEMORY
						    : NSK_DROP_TCP_TABLE_FULL;
		return NULL;
	}
	c->flags = l->flags & CONN_F_INHERIT;
	inherit(w, c, l, e->family);
	initiate(w, c, e, p, early);
	if (NSK_UNLIKELY(enter_table(w, c, e, hash) != 0)) {
		*reason = NSK_DROP_TCP_NO_MEMORY;
		c->flags &= ~CONN_F_HASHED;
		conn_free(w, c);
		return NULL;
	}
	/* The segment size depends on it; without one, output tries again. */
	tcp_route(w, &c->route, &c->flow, c->sock.family);
	conn_set_state(w, c, early ? TCPS_SYN_RCVD : TCPS_ESTABLISHED);
	conn_open(w, c, e->retries);
	return c;
}

struct tcp_conn *tcp_birth(struct nsk_worker *w, struct tcp_conn *l, const struct tcp_embryo *e,
			   uint64_t hash, const struct pkt *p, enum nsk_drop *reason)
{
	struct tcp_conn *c;

	if (NSK_UNLIKELY(listener_full(l->listener))) {
		*reason = NSK_DROP_TCP_ACCEPT_BACKLOG_FULL;
		return NULL;
	}
	c = make(w, l, e, hash, p, false, reason);
	if (NSK_UNLIKELY(!c))
		return NULL;
	if (NSK_UNLIKELY(e->agreed & AGREED_ECN))
		born_with_ecn(w, c);
	if (NSK_UNLIKELY(c->sock.flags & SOCK_F_KEEPALIVE))
		tcp_keepalive_update(w, c);
	worker_count(w, NSK_CNT_TCP_PASSIVE_OPENS, 1);
	listener_push(w, l, c);
	return c;
}

struct tcp_conn *tcp_birth_early(struct nsk_worker *w, struct tcp_conn *l, const struct pkt *p,
				 uint64_t hash, uint32_t iss)
{
	enum nsk_drop reason;
	struct tcp_embryo e;
	struct tcp_conn *c;

	embryo_of_syn(w, l, p, iss, &e);
	c = make(w, l, &e, hash, p, true, &reason);
	if (!c)
		return NULL;
	if (!conn_ext(w, c)) {
		conn_free(w, c);
		return NULL;
	}
	/* One less than nothing: as Linux, of a listener's connections the SYN is not counted. */
	c->ext->count.acked = -1;
	if (e.agreed & AGREED_ECN)
		c->rcv.ecn = ECN_ON; /* counts once both SYNs are acknowledged */
	worker_count(w, NSK_CNT_TCP_PASSIVE_OPENS, 1);
	return c;
}
