/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory, clock and timer of rate samples and pacing; see pace.h. */
#include "tcp/pace.h"

#include <errno.h>

#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/timer.h"

struct tcp_pace *pace_get(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = conn_ext(w, c);

	if (!x || x->pace)
		return x ? x->pace : NULL;
	x->pace = mem_zalloc(w->mem, sizeof(*x->pace));
	if (x->pace) {
		x->pace->max_rate = PACE_NO_LIMIT;
		pace_start(w, c);
	}
	return x->pace;
}

void pace_start(const struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_pace *p = c->ext->pace;

	if (!p)
		return;
	c->loss.watched = true;
	rate_init(&p->rate, (uint32_t)w->tcp->now_us);
	/* Until it is known better: what is in flight now was not watched. */
	rate_limited(&p->rate, c->snd_nxt - c->snd_una);
}

void pace_free(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_pace *p = pace_of(c);

	if (!p)
		return;
	tcp_timer_stop(c, TCP_T_PACE);
	pace_end_model(w, c);
	if (p->rate.room)
		mem_free(w->mem, p->rate.room, rate_bytes(p->rate.room->cap));
	mem_free(w->mem, p, sizeof(*p));
	c->ext->pace = NULL;
}

/* ---- congestion control ---- */

void pace_end_model(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_pace *p = pace_of(c);

	if (!p || !p->model)
		return;
	mem_free(w->mem, p->model, p->model_bytes);
	p->model = NULL;
}

/* Zeroed memory for the state; an earlier connection of the socket may have left some. */
static struct cc_model *get_state(struct nsk_worker *w, struct tcp_conn *c, size_t bytes)
{
	struct tcp_pace *p = pace_get(w, c);

	if (!p)
		return NULL;
	pace_end_model(w, c);
	p->model = mem_zalloc(w->mem, bytes);
	p->model_bytes = (uint32_t)bytes;
	return p->model;
}

bool pace_model(struct nsk_worker *w, struct tcp_conn *c)
{
	struct cc_model *m = get_state(w, c, cc_algos[c->cc.algo]->state_bytes);
	uint32_t cwnd = c->cc.cwnd;

	if (!m) {
		cc_init(&c->cc, &cc_cubic, c->cc.smss, w->set->tcp_initcwnd);
		c->cc.cwnd = cwnd;
		return false;
	}
	m->seed = rng_u64(&w->rng);
	m->now_us = w->tcp->now_us;
	m->srtt_us = rtt_srtt_us(&c->rtt);
	m->delivered = (uint32_t)c->ext->pace->rate.delivered;
	cc_give_state(&c->cc, m);
	return true;
}

uint64_t pace_rate(const struct tcp_conn *c)
{
	const struct tcp_pace *p = pace_of(c);
	uint64_t most;

	if (!p)
		return PACE_NO_LIMIT;
	most = p->max_rate ? p->max_rate : PACE_NO_LIMIT;
	return p->model ? NSK_MIN(p->model->pacing_rate, most) : most;
}

int pace_limit(struct nsk_worker *w, struct tcp_conn *c, uint64_t rate)
{
	struct tcp_pace *p = pace_of(c);

	if (!p && rate == PACE_NO_LIMIT)
		return 0;
	p = pace_get(w, c);
	if (!p)
		return -ENOBUFS;
	p->max_rate = rate;
	if (conn_in(c, TCPS_SENDING))
		conn_dirty(w, c); /* what waits may wait no longer */
	return 0;
}

/* ---- sending ---- */

/* What was found lost since we looked last. */
static void tell_losses(struct nsk_worker *w, struct tcp_conn *c)
{
	struct flight_losses lost = flight_take_lost(&c->flight);
	struct rate *r = &c->ext->pace->rate;
	const struct rate_snap *s;
	struct cc_lost l;

	if (!lost.ranges)
		return;
	rate_lost(r, lost.octets);
	if (!cc_model(&c->cc))
		return;
	s = rate_at(r, lost.sent_us);
	l = (struct cc_lost){
		.now_us = w->tcp->now_us,
		.octets = lost.octets,
		.ranges = lost.ranges,
		.delivered = (uint32_t)r->delivered,
		.inflight = s ? s->inflight : 0,
		.since_sent = s ? r->lost - s->lost : 0,
		.app_limited = s && s->app_limited,
		.sack = c->flags & CONN_F_SACK,
	};
	cc_algos[c->cc.algo]->lost(&c->cc, &l);
}

static uint32_t pipe_of(struct nsk_worker *w, struct tcp_conn *c)
{
	struct loss_ctx x = recover_ctx(w, c);

	return loss_pipe(&x);
}

uint32_t pace_turn(struct nsk_worker *w, struct tcp_conn *c, uint32_t budget)
{
	struct tcp_pace *p = c->ext->pace;
	uint64_t rate, before;

	tell_losses(w, c);
	if (cc_model(&c->cc) && p->rate.app_limited && sndq_unsent(c) && pipe_of(w, c) == 0)
		cc_algos[c->cc.algo]->restart(&c->cc, w->tcp->now_us);
	rate = pace_rate(c);
	before = p->pacer.rate;
	pacer_set(&p->pacer, rate == PACE_NO_LIMIT ? 0 : NSK_MAX(rate, UINT64_C(1)), c->cc.smss);
	if (p->pacer.rate > before)
		pacer_hurry(&p->pacer, w->now_ns);
	p->more = false;
	return NSK_MIN(budget, pacer_room(&p->pacer, w->now_ns));
}

/* Room for one more snapshot, as far as there is memory. */
static void grow(struct nsk_worker *w, struct rate *r)
{
	uint32_t cap = r->room ? r->room->cap * 2u : RATE_CAP_MIN;
	struct rate_room *room, *old;

	if (cap > RATE_CAP_MAX)
		return;
	room = mem_alloc(w->mem, rate_bytes(cap));
	if (!room)
		return;
	old = rate_attach(r, room, (uint16_t)cap);
	if (old)
		mem_free(w->mem, old, rate_bytes(old->cap));
}

void pace_sent(struct nsk_worker *w, struct tcp_conn *c, uint32_t octets)
{
	struct tcp_pace *p = c->ext->pace;
	uint32_t pipe = pipe_of(w, c);

	if (rate_tight(&p->rate, pipe != 0))
		grow(w, &p->rate);
	rate_sent(&p->rate, (uint32_t)w->tcp->now_us, recover_grain(c), pipe, octets);
	pacer_sent(&p->pacer, octets, w->now_ns);
}

/*
 * Does the congestion window hold something back? If not, and nothing lost waits either, the path
 * is not the limit: the application has nothing more to send (draft-ietf-ccwg-bbr-06
 * section 4.1.2.4), or the peer's window is full because of a hole in what it holds. The draft does
 * not speak of that, but a window that opens late must not pass for a path that carries no more.
 */
static void note_limit(struct nsk_worker *w, struct tcp_conn *c)
{
	struct loss_ctx x = recover_ctx(w, c);
	uint32_t room = loss_room(&x), unsent = sndq_unsent(c), ready = unsent;
	struct tcp_pace *p = c->ext->pace;

	p->cwnd_limited = unsent != 0 && room < c->cc.smss;
	if (flight_sacked(x.f))
		ready = NSK_MIN(ready, window_usable(&c->win, x.una, x.nxt));
	if (ready < c->cc.smss && room != 0 && !flight_lost(x.f, x.una, x.nxt))
		rate_limited(&p->rate, loss_pipe(&x));
}

void pace_turn_done(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_pace *p = c->ext->pace;
	uint64_t wait_ns = pacer_wait_ns(&p->pacer, w->now_ns);

	note_limit(w, c);
	if (!p->more)
		return;
	if (wait_ns)
		tcp_timer_set(w, c, TCP_T_PACE, NSK_MIN(wait_ns, TCP_DELAY_MAX_NS));
	else
		conn_dirty(w, c);
}

/* ---- acknowledgements ---- */

/* A model learns of an ACK. */
static void tell_model(struct nsk_worker *w, struct tcp_conn *c, const struct rate_sample *rs,
		       uint32_t octets, uint32_t rtt_us)
{
	struct tcp_pace *p = c->ext->pace;
	const struct cc_sample s = {
		.now_us = w->tcp->now_us,
		.rs = *rs,
		.acked = octets,
		.delivered = (uint32_t)p->rate.delivered,
		.pipe = pipe_of(w, c),
		/* Flight's times are rounded up; of too long a time the least is right. */
		.rtt_us = rtt_us && rs->any ? NSK_MAX(rs->age_us, 1u) : rtt_us,
		.srtt_us = rtt_srtt_us(&c->rtt),
		.recovering = c->loss.state >= LOSS_FAST,
		.cwnd_limited = p->cwnd_limited,
		.sack = c->flags & CONN_F_SACK,
	};

	cc_algos[c->cc.algo]->sample(&c->cc, &s);
	if (p->model->limited)
		rate_limited(&p->rate, s.pipe);
}

void pace_acked(struct nsk_worker *w, struct tcp_conn *c, const struct flight_news *news,
		uint32_t rtt_us)
{
	struct tcp_pace *p = c->ext->pace;
	struct rate_sample rs;

	tell_losses(w, c);
	if (!news->octets)
		return;
	rs = rate_acked(&p->rate, (uint32_t)w->tcp->now_us, news->octets, news->newest.sent_us,
			news->any, c->loss.min_rtt_us);
	if (cc_model(&c->cc)) {
		tell_model(w, c, &rs, news->octets, rtt_us);
		sndq_grow(w, c);
	}
	if (sndq_unsent(c) < c->cc.smss)
		note_limit(w, c);
}
