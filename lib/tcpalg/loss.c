/* SPDX-License-Identifier: BSD-3-Clause */
/* Loss recovery: RFC 5681 section 3.2, RFC 6582, RFC 8985; see loss.h. */
#include "tcpalg/loss.h"

#define F_FORCE 0x01 /* the next retransmission does not wait for the pipe */
#define F_GUARD 0x02 /* duplicates may be echoes of the last episode: snd_una must pass recover */
#define F_DSACK \
	0x08 /* what a D-SACK means depends on how far snd_una is, which short cuts ignore */

/* Duplicates in a row that limited transmit may answer with a new segment (RFC 3042). */
#define LIMITED_TRANSMIT (RACK_DUPTHRESH - 1)

/* New segments that F-RTO sends (RFC 5682 section 2.1 step 2b). */
#define FRTO_SEGS 2

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void loss_init(struct loss *l)
{
	*l = (struct loss){0};
}

void loss_more_init(struct loss_more *m, uint32_t una)
{
	*m = (struct loss_more){.recover = una};
	rack_init(&m->rack, una);
}

void loss_news_init(const struct loss_ctx *x, struct flight_news *n)
{
	/* Nothing above is known to be delivered; and plain ACKs did not take it along. */
	if (x->m && x->l->state == LOSS_OPEN)
		x->m->rack.fack = x->una;
	flight_news_init(n, (uint32_t)x->now_us, x->m ? x->m->rack.fack : x->una);
	n->min_rtt_us = x->l->min_rtt_us;
	if (x->m && x->l->state == LOSS_RTO)
		n->mark = x->m->recover;
}

uint32_t loss_pipe(const struct loss_ctx *x)
{
	uint32_t pipe = flight_pipe(x->f, x->una, x->nxt), left = 0;

	if (x->sack)
		return pipe;
	if (x->l->state == LOSS_FAST && x->m)
		left = x->m->left;
	else if (x->l->state <= LOSS_DISORDER)
		left = min_u32(x->l->dupacks, LIMITED_TRANSMIT) * x->cc->smss;
	return pipe - min_u32(left, pipe);
}

uint32_t loss_room(const struct loss_ctx *x)
{
	uint32_t pipe = loss_pipe(x), wnd = x->cc->cwnd, room;

	if (x->l->state == LOSS_FAST && x->m && !(x->cc->flags & CC_MODEL))
		wnd = x->m->prr.cwnd;
	room = wnd > pipe ? wnd - pipe : 0;
	if (x->l->state == LOSS_RTO && x->m && room < x->m->quota)
		room = x->m->quota;
	return room;
}

bool loss_forced(const struct loss_ctx *x)
{
	return x->l->flags & F_FORCE;
}

/* ---- states ---- */

/* Until snd_una has passed what the last D-SACKs, or the last episode's, are about. */
static bool awaits_dsack(const struct loss_ctx *x)
{
	return x->m && x->sack && (x->m->undo.armed || x->m->rack.in_round);
}

/* The state outside of recovery. */
static void calm(struct loss_ctx *x)
{
	bool open = !flight_sacked(x->f) && !flight_rxt(x->f, x->una, x->nxt) &&
		    !flight_lost(x->f, x->una, x->nxt) && !x->l->dupacks &&
		    !(x->m && (x->m->tlp.out || x->m->tlp.untimed));

	x->l->state = open ? LOSS_OPEN : LOSS_DISORDER;
	x->l->flags &= (uint8_t)~F_DSACK;
	if (awaits_dsack(x))
		x->l->flags |= F_DSACK;
}

static bool recovering(const struct loss_ctx *x)
{
	return x->l->state >= LOSS_FAST;
}

/* A recovery that this one would begin within (RFC 6582 section 4). */
static bool within(const struct loss_ctx *x)
{
	return recovering(x) && seq_lt(x->una, x->m->recover);
}

static unsigned enter_fast(struct loss_ctx *x, const struct loss_ack *a)
{
	uint32_t smss = x->cc->smss, flight = x->nxt - x->una;
	uint32_t newly = a ? a->news->sacked : 0, acked = a ? a->acked : 0;
	struct loss_more *m = x->m;
	/* Once a window, whatever tells of congestion (RFC 3168 section 6.1.2); but if marks count
	 * one by one, a loss is another thing (RFC 8257 section 3.4). */
	bool reduced = loss_answered_mark(x->l) && !cc_algos[x->cc->algo]->all_ect;

	undo_arm(&m->undo, x->cc, x->una, flight_rxt(x->f, x->una, x->nxt), false);
	m->recover = x->nxt;
	m->frto = FRTO_OFF;
	m->fast = true;
	m->left = x->sack ? 0 : min_u32(x->l->dupacks * smss, flight);
	x->l->state = LOSS_FAST;
	x->l->flags = 0;
	x->l->dupacks = 0;
	if (!reduced)
		cc_loss(x->cc, x->now_us);
	if (x->sack)
		prr_start(&m->prr, x->cc->ssthresh, flight, acked, flight_sacked(x->f), newly);
	else
		prr_start(&m->prr, x->cc->ssthresh, flight, acked, m->left, min_u32(smss, m->left));
	return LOSS_EV_ENTER;
}

/* The episode is over. Without SACK a duplicate does not tell what it is a duplicate of. */
static unsigned leave(struct loss_ctx *x)
{
	bool fast = x->l->state == LOSS_FAST;

	x->l->flags = x->sack ? 0 : F_GUARD;
	x->l->dupacks = 0;
	if (x->m) {
		x->m->frto = FRTO_OFF;
		x->m->quota = 0;
		x->m->left = 0;
		undo_expire(&x->m->undo, x->nxt);
		rack_recovered(&x->m->rack);
	}
	calm(x);
	if (fast)
		cc_recovery_exit(x->cc, x->nxt - x->una, x->now_us);
	return LOSS_EV_EXIT;
}

/* It was needless (RFC 4015 section 3.2). */
static unsigned take_back(struct loss_ctx *x, uint32_t acked)
{
	flight_unmark(x->f, x->nxt);
	x->l->flags = 0;
	x->l->dupacks = 0;
	x->m->frto = FRTO_OFF;
	x->m->quota = 0;
	x->m->left = 0;
	undo_restore(&x->m->undo, x->cc, flight_pipe(x->f, x->una, x->nxt), acked, x->initial_segs);
	calm(x);
	return LOSS_EV_UNDO | LOSS_EV_EXIT;
}

/* ---- losses ---- */

/*
 * RFC 8985 section 6.2 steps 4 and 5; octets newly lost. With very many ranges an ACK that is not
 * to look leaves that to the next ones, or to the timer, within the grain of send times.
 */
static uint32_t detect(struct loss_ctx *x, bool timer)
{
	const struct rack *r = &x->m->rack;
	bool dupthresh = x->l->dupacks >= RACK_DUPTHRESH ||
			 flight_sacked(x->f) > (RACK_DUPTHRESH - 1u) * x->cc->smss;
	uint32_t wait, lost;

	x->reo_us = 0;
	if (!x->sack || !r->any)
		return 0;
	if (!timer && !flight_may_look(x->f)) {
		x->reo_us = flight_grain(x->srtt_us) + 1;
		return 0;
	}
	wait = rack_reo_wnd_us(r, recovering(x), dupthresh, x->l->min_rtt_us, x->srtt_us);
	x->reo_us = flight_detect(x->f, x->una, x->nxt, r->newest, r->rtt_us + wait,
				  (uint32_t)x->now_us, &lost);
	return lost;
}

/* RFC 6582 section 3.2 steps 1 and 3: the first segment is lost, if it was not sent again. */
static bool lose_first(struct loss_ctx *x)
{
	if (x->una == x->nxt || (flight_at(x->f, x->una, x->una).flags & FLIGHT_RXT))
		return false;
	flight_mark(x->f, x->una, x->nxt, seq_min(x->una + x->cc->smss, x->nxt));
	return true;
}

/* ---- acknowledgements ---- */

/*
 * RFC 3168 section 6.1.2: the echo of a mark is answered as a loss is, once a window: not again
 * before something is acknowledged that was sent after that. Without memory each echo counts. An
 * echo that comes while nothing is in flight was answered, or has nothing to slow down.
 */
static unsigned take_mark(struct loss_ctx *x, const struct loss_ack *a)
{
	struct loss_more *m = x->m;

	if (loss_answered_mark(x->l) || (a->acked == 0 && x->una == x->nxt))
		return 0;
	cc_mark(x->cc, x->now_us);
	if (m) {
		undo_disarm(&m->undo);
		m->marked = x->nxt;
		x->l->flags |= LOSS_F_MARKED;
	}
	return LOSS_EV_MARKED;
}

/* OPEN and DISORDER, losses alone. */
static unsigned find_losses(struct loss_ctx *x, const struct loss_ack *a)
{
	bool told = x->sack ? a->news->sacked != 0 : a->is_dup;
	unsigned ev = a->acked ? LOSS_EV_GROW : 0;

	if (a->acked)
		x->l->dupacks = 0; /* RFC 6675 section 5 */
	if (told && x->l->dupacks < UINT8_MAX)
		x->l->dupacks++;
	if (!x->m) {
		calm(x);
		return ev;
	}
	if (a->acked && seq_gt(x->una, x->m->recover))
		x->l->flags &= (uint8_t)~F_GUARD;
	detect(x, false);
	if (!x->sack && x->l->dupacks >= RACK_DUPTHRESH && !(x->l->flags & F_GUARD))
		lose_first(x);
	if (flight_lost(x->f, x->una, x->nxt))
		return enter_fast(x, a);
	calm(x);
	return ev;
}

/* OPEN and DISORDER. */
static unsigned ack_calm(struct loss_ctx *x, const struct loss_ack *a)
{
	unsigned ev;

	if (x->m && seq_gt(x->una, x->m->marked))
		x->l->flags &= (uint8_t)~LOSS_F_MARKED;
	ev = find_losses(x, a);
	if (a->ece && !recovering(x))
		ev = (ev & ~LOSS_EV_GROW) | take_mark(x, a);
	return ev;
}

/* Octets that an ACK without SACK delivers (RFC 9937 section 6.1). */
static uint32_t delivered_without_sack(struct loss_ctx *x, const struct loss_ack *a)
{
	uint32_t smss = x->cc->smss, most, taken;
	struct loss_more *m = x->m;

	if (a->acked == 0) {
		most = x->nxt - x->una;
		taken = a->is_dup && m->left + smss <= most ? smss : 0;
		m->left += taken;
		return taken;
	}
	/* The first of them was sent again; duplicates told of the others. */
	taken = min_u32(m->left, a->acked > smss ? a->acked - smss : 0);
	m->left -= taken;
	return a->acked - taken;
}

/* FAST; fresh: this ACK began it. */
static unsigned ack_fast(struct loss_ctx *x, const struct loss_ack *a, bool fresh)
{
	uint32_t delivered = a->news->octets;
	bool safe = a->acked && !fresh;

	if (!fresh && a->acked && a->ts && undo_eifel(&x->m->undo, a->tsecr)) {
		rack_late(&x->m->rack);
		return take_back(x, a->acked);
	}
	if (seq_geq(x->una, x->m->recover)) {
		unsigned ev = leave(x);

		/* This ACK was about the episode: no growth by it, and no mark. */
		return ev | (find_losses(x, a) & ~LOSS_EV_GROW);
	}
	if (!fresh) {
		safe = detect(x, false) == 0 && !flight_found(x->f) && safe;
		if (!x->sack) {
			delivered = delivered_without_sack(x, a);
			/* It leaves at once, whatever is in flight. */
			if (a->acked && lose_first(x))
				x->l->flags |= F_FORCE;
		}
	} else if (!x->sack) {
		delivered = min_u32(x->cc->smss, x->m->left);
	}
	prr_ack(&x->m->prr, delivered, loss_pipe(x), safe, x->cc->smss);
	return 0;
}

/* One window reduction, and no recovery with it. */
static void reduce(struct loss_ctx *x)
{
	cc_loss(x->cc, x->now_us);
	cc_recovery_exit(x->cc, x->nxt - x->una, x->now_us);
}

/* Octets newly lost after an episode has begun; the first of them count if what began it did not.
 */
static uint32_t lose_more(struct loss_ctx *x, bool timer)
{
	uint32_t lost = detect(x, timer);

	if (lost && x->m->forgiven) {
		x->m->forgiven = false;
		reduce(x);
	}
	return lost;
}

static unsigned ack_rto(struct loss_ctx *x, const struct loss_ack *a)
{
	unsigned ev = a->acked ? LOSS_EV_GROW : 0;
	struct loss_more *m = x->m;

	if (!m) {
		if (x->una == x->nxt || !(flight_at(x->f, x->una, x->una).flags))
			ev |= leave(x);
		return ev;
	}
	if (a->acked && a->ts && undo_eifel(&m->undo, a->tsecr))
		return ev | take_back(x, a->acked);
	if (seq_geq(x->una, m->recover)) {
		ev |= leave(x);
		return ev | find_losses(x, a);
	}
	switch (frto_ack(&m->frto, a->acked, a->news->orig, x->sack, a->can_send)) {
	case FRTO_NEW_DATA:
		m->quota = FRTO_SEGS * x->cc->smss;
		break;
	case FRTO_SPURIOUS:
		return ev | take_back(x, a->acked);
	case FRTO_GENUINE:
		m->quota = 0;
		x->l->flags |= F_FORCE; /* step 3a leaves room for one more segment */
		break;
	default:
		break;
	}
	lose_more(x, false);
	return ev;
}

/* D-SACK: RFC 8985 section 6.2 step 4, section 7.4; RFC 3708. */
static unsigned take_dsack(struct loss_ctx *x, const struct loss_ack *a)
{
	bool dsack = a->dup.start != a->dup.end;
	struct loss_more *m = x->m;
	unsigned ev = 0;
	bool probe = dsack && m->tlp.out && m->tlp.again && a->dup.end == m->tlp.end;
	bool plain = a->acked == 0 && a->is_dup && a->news->sacked == 0 && !dsack;

	rack_dsack(&m->rack, x->una, x->nxt, dsack && !probe);
	if (tlp_ack(&m->tlp, x->una, probe, plain) && !recovering(x)) {
		/* Section 7.4.2: one window reduction, and nothing to repair. */
		reduce(x);
		ev |= LOSS_EV_REPAIRED;
	}
	if (!dsack || probe || !undo_covers(&m->undo, a->dup))
		return ev;
	if (m->fast)
		rack_late(&m->rack);
	if (undo_dsack(&m->undo, a->dup))
		ev |= take_back(x, a->acked);
	return ev;
}

unsigned loss_ack(struct loss_ctx *x, const struct loss_ack *a)
{
	unsigned ev = 0;

	x->reo_us = 0;
	if (x->m) {
		if (x->l->state == LOSS_OPEN)
			x->m->rack.any = false; /* plain ACKs did not tell it */
		rack_update(&x->m->rack, a->news, x->una);
		undo_reached(&x->m->undo, x->una);
		if (a->timed)
			x->m->tlp.untimed = false;
		ev |= take_dsack(x, a);
	}
	switch (x->l->state) {
	case LOSS_FAST:
		return ev | ack_fast(x, a, false);
	case LOSS_RTO:
		return ev | ack_rto(x, a);
	default:
		ev |= ack_calm(x, a);
		if (x->l->state == LOSS_FAST)
			ev = (ev & ~LOSS_EV_GROW) | ack_fast(x, a, true);
		return ev;
	}
}

/* ---- timers ---- */

unsigned loss_reo_timeout(struct loss_ctx *x)
{
	unsigned ev = 0;

	x->reo_us = 0;
	if (!x->m || !lose_more(x, true))
		return 0;
	if (!recovering(x))
		ev = enter_fast(x, NULL);
	if (x->l->state == LOSS_FAST)
		prr_kick(&x->m->prr, loss_pipe(x), x->cc->smss);
	return ev;
}

/* Until all that is in flight now is acknowledged. */
static void enter_rto(struct loss_ctx *x, enum frto frto)
{
	x->reo_us = 0;
	x->l->state = LOSS_RTO;
	x->l->flags = F_FORCE;
	x->l->dupacks = 0;
	if (!x->m)
		return;
	x->m->frto = frto;
	x->m->quota = 0;
	x->m->left = 0;
	x->m->tlp.out = false;
	x->m->recover = x->nxt;
	x->m->fast = false;
	x->m->forgiven = false;
}

void loss_rto(struct loss_ctx *x, bool first)
{
	struct loss_more *m = x->m;
	/* RFC 5682 section 2.1 step 1: not within a recovery. */
	bool old = m && within(x);

	if (m)
		undo_arm(&m->undo, x->cc, x->una, flight_rxt(x->f, x->una, x->nxt), old);
	if (m && x->sack && x->srtt_us) {
		/* RFC 8985 section 6.3: the first segment, and what is as old as that. */
		const struct flight_edge now = {(uint32_t)x->now_us, x->nxt};
		uint32_t lost, wait;

		wait = rack_reo_wnd_us(&m->rack, true, true, x->l->min_rtt_us, x->srtt_us);
		wait += m->rack.any && m->rack.rtt_us > x->srtt_us ? m->rack.rtt_us : x->srtt_us;
		flight_mark(x->f, x->una, x->nxt, seq_min(x->una + x->cc->smss, x->nxt));
		flight_detect(x->f, x->una, x->nxt, now, wait, (uint32_t)x->now_us, &lost);
	}
	/* Without times, or without room for a part: everything. */
	if (!(flight_at(x->f, x->una, x->una).flags & FLIGHT_LOST))
		flight_mark(x->f, x->una, x->nxt, x->nxt);
	enter_rto(x, old ? FRTO_OFF : FRTO_FIRST);
	cc_rto(x->cc, first, x->now_us);
}

void loss_go_back(struct loss_ctx *x)
{
	if (x->m)
		undo_disarm(&x->m->undo);
	flight_mark(x->f, x->una, x->nxt, x->nxt);
	enter_rto(x, FRTO_OFF);
}

void loss_forgive(struct loss_ctx *x, uint32_t end)
{
	if (!x->sack)
		flight_mark(x->f, x->una, x->nxt, end);
	undo_at_once(&x->m->undo, x->cc);
	flight_take_lost(x->f); /* nor does a model of the path hear of it */
	enter_rto(x, FRTO_OFF);
	x->m->forgiven = true;
}

/* ---- sending ---- */

void loss_probed(struct loss_ctx *x, struct seq_range r, bool again, uint32_t grain)
{
	tlp_sent(&x->m->tlp, x->nxt, again);
	if (again)
		flight_send_again(x->f, x->nxt, r, (uint32_t)x->now_us, grain);
	calm(x);
}

bool loss_next(struct loss_ctx *x, struct seq_range *out)
{
	if (!recovering(x) || (x->m && x->m->frto == FRTO_SECOND))
		return false;
	return flight_next_lost(x->f, x->una, x->nxt, out);
}

void loss_sent_again(struct loss_ctx *x, struct seq_range r, uint32_t ts, uint32_t grain)
{
	x->l->flags &= (uint8_t)~F_FORCE;
	flight_send_again(x->f, x->nxt, r, (uint32_t)x->now_us, grain);
	if (!x->m)
		return;
	undo_sent_again(&x->m->undo, seq_range_len(r), ts, r.start == x->una);
	prr_sent(&x->m->prr, seq_range_len(r));
}
