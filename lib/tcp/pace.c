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
	if (p->rate.room)
		mem_free(w->mem, p->rate.room, rate_bytes(p->rate.room->cap));
	mem_free(w->mem, p, sizeof(*p));
	c->ext->pace = NULL;
}

uint64_t pace_rate(const struct tcp_conn *c)
{
	const struct tcp_pace *p = pace_of(c);

	return p ? p->max_rate : PACE_NO_LIMIT;
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

uint32_t pace_budget(const struct nsk_worker *w, struct tcp_conn *c, uint32_t budget)
{
	struct tcp_pace *p = c->ext->pace;
	uint64_t rate = pace_rate(c);

	p->more = false;
	pacer_set(&p->pacer, rate == PACE_NO_LIMIT ? 0 : NSK_MAX(rate, UINT64_C(1)), c->cc.smss);
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

static uint32_t pipe_of(struct nsk_worker *w, struct tcp_conn *c)
{
	struct loss_ctx x = recover_ctx(w, c);

	return loss_pipe(&x);
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

/* draft-ietf-ccwg-bbr-06 section 4.1.2.4: does the application, and nothing else, hold us back? */
static void check_application(struct nsk_worker *w, struct tcp_conn *c)
{
	struct loss_ctx x = recover_ctx(w, c);

	if (sndq_unsent(c) < c->cc.smss && loss_room(&x) != 0 && !flight_lost(x.f, x.una, x.nxt))
		rate_limited(&c->ext->pace->rate, loss_pipe(&x));
}

void pace_turn_done(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_pace *p = c->ext->pace;
	uint64_t wait_ns = pacer_wait_ns(&p->pacer, w->now_ns);

	check_application(w, c);
	if (!p->more)
		return;
	if (wait_ns)
		tcp_timer_set(w, c, TCP_T_PACE, NSK_MIN(wait_ns, TCP_DELAY_MAX_NS));
	else
		conn_dirty(w, c);
}

/* ---- acknowledgements ---- */

void pace_acked(struct nsk_worker *w, struct tcp_conn *c, uint32_t octets, uint32_t sent_us,
		bool told)
{
	struct tcp_pace *p = c->ext->pace;

	rate_acked(&p->rate, (uint32_t)w->tcp->now_us, octets, sent_us, told, c->loss.min_rtt_us);
	check_application(w, c);
}
