/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory, clock and timer of loss recovery; see recover.h. */
#include "tcp/recover.h"

#include "tcp/ecn.h"
#include "tcp/timer.h"

/* Ranges that the flight may have; see recover.h. */
static uint32_t ranges_most(const struct tcp_conn *c)
{
	uint32_t most = (c->snd_nxt - c->snd_una) / RECOVER_RANGE_OCTETS;

	return NSK_MIN(NSK_MAX(most, RECOVER_RANGES_MANY), RECOVER_RANGES_MAX);
}

/* Room for one more range on each side of another, as far as there is memory. */
static void grow(struct nsk_worker *w, struct tcp_conn *c, uint32_t una)
{
	struct flight_room *room = c->flight.room, *old;
	uint32_t cap = room ? room->cap * 2u : RECOVER_RANGES_MIN;

	if (!flight_tight(&c->flight) || cap > ranges_most(c))
		return;
	room = mem_alloc(w->mem, flight_bytes(cap));
	if (!room)
		return;
	old = flight_attach(&c->flight, room, (uint16_t)cap, una, c->snd_nxt);
	if (old)
		mem_free(w->mem, old, flight_bytes(old->cap));
}

void recover_prepare(struct nsk_worker *w, struct tcp_conn *c, uint32_t una)
{
	struct tcp_ext *x = conn_ext(w, c);

	if (x && !x->loss) {
		x->loss = mem_zalloc(w->mem, sizeof(*x->loss));
		if (x->loss)
			loss_more_init(x->loss, una);
	}
	grow(w, c, una);
}

void recover_send_slow(struct nsk_worker *w, struct tcp_conn *c)
{
	struct flight *f = &c->flight;
	uint32_t now_us = (uint32_t)w->tcp->now_us, grain = recover_grain(c);

	/* What leaves in one grain is one range, which needs no room. */
	if (!f->room && c->snd_una != c->snd_nxt && !f->flags &&
	    flight_stamp(f->sent_us, grain) == flight_stamp(now_us, grain))
		return;
	grow(w, c, c->snd_una);
	flight_send_slow(f, c->snd_una, c->snd_nxt, now_us, grain);
}

void recover_forget(struct nsk_worker *w, struct tcp_conn *c)
{
	struct flight_room *room = flight_detach(&c->flight);

	if (room)
		mem_free(w->mem, room, flight_bytes(room->cap));
}

void recover_end(struct nsk_worker *w, struct tcp_conn *c)
{
	recover_forget(w, c);
	if (!c->ext || !c->ext->loss)
		return;
	mem_free(w->mem, c->ext->loss, sizeof(*c->ext->loss));
	c->ext->loss = NULL;
}

void recover_timer(struct nsk_worker *w, struct tcp_conn *c, const struct loss_ctx *x, bool restart)
{
	if (c->snd_una == c->snd_nxt)
		return;
	if (x->reo_us) {
		tcp_timer_set(w, c, TCP_T_SEND, x->reo_us * US_NS);
		c->loss.reo = true;
	} else if (restart || c->loss.reo) {
		tcp_rto_restart(w, c);
	}
}

void recover_count(struct nsk_worker *w, struct tcp_conn *c, unsigned ev)
{
	if (ev & (LOSS_EV_ENTER | LOSS_EV_REPAIRED | LOSS_EV_MARKED))
		ecn_reduced(c);
	if (ev & LOSS_EV_ENTER)
		worker_count(w, NSK_CNT_TCP_FAST_RETRANS, 1);
	if (ev & LOSS_EV_UNDO)
		worker_count(w, NSK_CNT_TCP_UNDOS, 1);
	if (ev & LOSS_EV_REPAIRED)
		worker_count(w, NSK_CNT_TCP_PROBE_REPAIRS, 1);
	if (ev & LOSS_EV_MARKED)
		worker_count(w, NSK_CNT_TCP_ECN_REDUCTIONS, 1);
}
