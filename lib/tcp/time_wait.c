/* SPDX-License-Identifier: BSD-3-Clause */
/* TIME-WAIT; see time_wait.h. RFC 9293 §3.10.7.4 as far as it concerns that state. */
#include "tcp/time_wait.h"
#include "tcp/control.h"

#include "tcp/conn.h"
#include "tcp/ecn.h"
#include "tcp/input.h"
#include "tcp/moved.h"
#include "tcp/output.h"
#include "tcp/rcvbuf.h"
#include "tcp/table.h"
#include "tcp/tcp.h"
#include "tcp/timer.h"
#include "tcpalg/paws.h"
#include "tcpalg/seq.h"

/* What Linux adds to the last number of the old connection for the ISN of the next. */
#define ISS_AHEAD 65536u

/* Least age of an entry that an active open may take over. */
#define REUSE_MS 1000u

#define DSCP_SHIFT 2 /* behind the bits of ECN */

/* ---- queue ---- */

static struct tcp_time_wait *at(const struct tcp_worker *t, uint32_t index)
{
	return slab_at(&t->time_waits, index);
}

static void append(struct nsk_worker *w, struct tcp_time_wait *tw)
{
	struct tcp_worker *t = w->tcp;
	uint32_t me = slab_index(&t->time_waits, tw);

	tw->ends_ms = t->now_ms + w->set->tcp_time_wait_ms;
	tw->next = SLAB_NONE;
	tw->prev = t->tw_tail;
	if (t->tw_tail != SLAB_NONE)
		at(t, t->tw_tail)->next = me;
	else
		t->tw_head = me;
	t->tw_tail = me;
	if (!wheel_armed(&t->tw_timer))
		wheel_arm(&w->wheel, &t->tw_timer, w->now_ns + w->set->tcp_time_wait_ms * MS_NS);
}

static void take_off(struct tcp_worker *t, struct tcp_time_wait *tw)
{
	if (tw->prev != SLAB_NONE)
		at(t, tw->prev)->next = tw->next;
	else
		t->tw_head = tw->next;
	if (tw->next != SLAB_NONE)
		at(t, tw->next)->prev = tw->prev;
	else
		t->tw_tail = tw->prev;
}

void time_wait_free(struct nsk_worker *w, struct tcp_time_wait *tw)
{
	struct tcp_worker *t = w->tcp;

	take_off(t, tw);
	full_freed(&t->fulls, &tw->flow);
	table_remove(t, table_flow_hash(t, &tw->flow, tw->family),
		     table_value(TABLE_TIME_WAIT, slab_index(&t->time_waits, tw)));
	slab_free(&t->time_waits, tw);
}

/* The oldest entries whose time has come; the timer serves all of them. */
void tcp_time_wait_timer(void *ctx, struct wheel_timer *timer, uint64_t now_ns)
{
	struct nsk_worker *w = ctx;
	struct tcp_worker *t = w->tcp;
	uint32_t budget = SETTING(w->set, timer_budget);

	(void)now_ns;
	tcp_clock(w);
	while (t->tw_head != SLAB_NONE) {
		struct tcp_time_wait *tw = at(t, t->tw_head);
		int32_t left_ms = (int32_t)(tw->ends_ms - t->now_ms);

		if (left_ms > 0 || budget-- == 0) {
			wheel_arm(&w->wheel, timer,
				  w->now_ns + (uint64_t)NSK_MAX(left_ms, 0) * MS_NS);
			return;
		}
		time_wait_free(w, tw);
	}
}

/* ---- entering ---- */

/* An entry; when all are used the oldest one's time is cut short. */
static struct tcp_time_wait *obtain(struct nsk_worker *w)
{
	struct tcp_worker *t = w->tcp;

	if (slab_room(&t->time_waits) == 0 && t->tw_head != SLAB_NONE)
		time_wait_free(w, at(t, t->tw_head));
	return slab_alloc(&t->time_waits);
}

static void fill(const struct tcp_conn *c, struct tcp_time_wait *tw)
{
	*tw = (struct tcp_time_wait){
		.flow = c->flow,
		.snd_nxt = c->snd_nxt,
		.rcv_nxt = c->rcv_nxt,
		.ts_recent = c->ts_recent,
		.family = c->sock.family & 0xf,
		.dscp = c->sock.tos >> DSCP_SHIFT & 0x3f,
		.ts = !!(c->flags & CONN_F_TS),
		.wnd = (uint16_t)NSK_MIN(conn_rcv_wnd(c) >> c->win.rcv_shift, (uint32_t)UINT16_MAX),
	};
}

static void replace(struct nsk_worker *w, struct tcp_conn *c, struct tcp_time_wait *tw)
{
	struct tcp_worker *t = w->tcp;

	fill(c, tw);
	table_replace(t, conn_hash(c), table_value(TABLE_CONN, slab_index(&t->conns, c)),
		      table_value(TABLE_TIME_WAIT, slab_index(&t->time_waits, tw)));
	c->flags &= ~CONN_F_HASHED;
	append(w, tw);
}

void time_wait_enter(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_time_wait *tw;

	if (c->flags & (CONN_F_ACK_NOW | CONN_F_ACK_LATER))
		tcp_send_ack(w, c);
	if (NSK_UNLIKELY(c->ext && c->ext->moved)) {
		fill(c, &c->ext->moved->tw);
		tcp_moved_waits(w, c);
	} else {
		tw = obtain(w);
		if (tw)
			replace(w, c, tw);
	}
	conn_ended(w, c, 0);
}

struct tcp_time_wait *time_wait_adopt(struct nsk_worker *w, const struct tcp_time_wait *from)
{
	struct tcp_worker *t = w->tcp;
	struct tcp_time_wait *tw = obtain(w);

	if (!tw)
		return NULL;
	*tw = *from;
	if (htab_insert(&t->table, table_flow_hash(t, &tw->flow, tw->family),
			table_value(TABLE_TIME_WAIT, slab_index(&t->time_waits, tw)))) {
		slab_free(&t->time_waits, tw);
		return NULL;
	}
	append(w, tw);
	return tw;
}

/* ---- segments ---- */

static void answer(struct nsk_worker *w, struct tcp_time_wait *tw)
{
	struct tcp_opts o = {
		.present = TCP_HAS_TS,
		.tsval = w->tcp->now_ms + tcp_ts_offset(w, &tw->flow, tw->family),
		.tsecr = tw->ts_recent,
	};
	struct tcp_control ctl = {
		.flow = &tw->flow,
		.how = {.family = tw->family, .tos = (uint8_t)(tw->dscp << DSCP_SHIFT)},
		.opts = tw->ts ? &o : NULL,
		.seq = tw->snd_nxt,
		.ack = tw->rcv_nxt,
		.flags = TCP_ACK,
		.wnd = tw->wnd,
	};

	if (tw->answers == TIME_WAIT_ANSWERS || !tcp_challenge_ok(w))
		return;
	tw->answers++;
	tcp_control_send(w, &ctl);
}

/* A SYN that cannot be an old one opens the next connection (RFC 9293 §3.10.7.4, RFC 6191). */
static bool is_next_syn(const struct tcp_time_wait *tw, const struct pkt *p)
{
	if ((p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
		return false;
	if (tw->ts && (p->opts.present & TCP_HAS_TS)) {
		if (seq_gt(p->opts.tsval, tw->ts_recent))
			return true;
		if (seq_lt(p->opts.tsval, tw->ts_recent))
			return false;
	}
	return seq_gt(p->seq, tw->rcv_nxt);
}

/* Or the SYN would only end the wait: half of all numbers, sent by anybody, are beyond the old
 * ones. Here, or perhaps on another worker. */
static bool somebody_listens(struct nsk_worker *w, const struct pkt *p, uint64_t hash)
{
	if (w->tcp->listeners && table_find_listener(w, &p->flow, p->family, hash))
		return true;
	return w->peers > 1 &&
	       shared_port_users(w->shared, SHARED_TCP, WIRE_BE16(p->flow.dport_be)) &
		       ~(UINT64_C(1) << w->id);
}

void tcp_time_wait_input(struct nsk_worker *w, struct tcp_time_wait *tw, struct rte_mbuf *m,
			 uint64_t hash)
{
	const struct pkt *p = pkt_of(m);
	uint32_t iss_after = tw->snd_nxt + ISS_AHEAD;

	if (is_next_syn(tw, p) && somebody_listens(w, p, hash)) {
		time_wait_free(w, tw);
		tcp_stranger_input(w, m, hash, iss_after ? iss_after : 1);
		return;
	}
	/* RSTs do not end the wait (RFC 1337). What takes sequence numbers is acknowledged again;
	 * a FIN that our ACK did not reach starts the wait anew. */
	if (!(p->tcp_flags & TCP_RST) && (seg_len(p) || p->seq != tw->rcv_nxt)) {
		if ((p->tcp_flags & TCP_FIN) && p->seq + seg_len(p) == tw->rcv_nxt) {
			take_off(w->tcp, tw);
			append(w, tw);
			tw->answers = 0;
		}
		answer(w, tw);
	}
	pkt_drop(w, m, NSK_DROP_TCP_TIME_WAIT);
}

bool time_wait_reuse(struct nsk_worker *w, struct tcp_time_wait *tw, uint32_t *iss_after)
{
	uint32_t age_ms = w->set->tcp_time_wait_ms - (tw->ends_ms - w->tcp->now_ms);

	if (!tw->ts || !SETTING(w->set, tcp_timestamps) || age_ms < REUSE_MS)
		return false;
	*iss_after = tw->snd_nxt + ISS_AHEAD;
	time_wait_free(w, tw);
	return true;
}
