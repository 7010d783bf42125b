/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of a connection's life: open, request, answer, close, failure, time-outs.
 */
#include "nsk-load/lean.h"

/* At least: a timer that was set for later is found when it is looked at next. */
#define BACKOFF_TICKS 100u
/* A SYN may wait in a backlog that a request never sees (RFC 6298 §2.1 asks for a second, five of
 * our default). */
#define SYN_PATIENCE  5u
#define BACKOFF_SHIFT 6u

/* When a timer that is due then is looked at next: it may be armed for a nearer time meanwhile. */
static uint32_t ask_at(const struct lean *l, uint32_t due)
{
	uint32_t ahead = l->rto_ticks;

	if (l->o->think_ms && l->o->think_ms < ahead)
		ahead = l->o->think_ms;
	return due - l->now_tick < ahead ? due : l->now_tick + ahead;
}

void conn_arm(struct lean *l, uint32_t slot, uint32_t ticks)
{
	struct conn *c = &l->conn[slot];

	c->due = l->now_tick + ticks;
	if (c->flags & CONN_TIMED)
		return;
	c->flags |= CONN_TIMED;
	ticker_add(&l->ticker, slot, ask_at(l, c->due));
}

/* Wait doubles with each retry. */
static uint32_t backed_off(uint32_t ticks, uint32_t retries)
{
	return ticks << (retries < BACKOFF_SHIFT ? retries : BACKOFF_SHIFT);
}

/* The first wait for an answer to a SYN. */
static uint32_t syn_ticks(const struct lean *l)
{
	uint32_t ticks = SYN_PATIENCE * l->o->rto_ms;

	return ticks > l->rto_ticks ? ticks : l->rto_ticks;
}

/* True when this many retries, the first wait being so long, have taken as long as anybody wants to
 * wait. */
static bool given_up(const struct lean *l, uint32_t ticks, uint32_t retries)
{
	uint32_t doublings = retries < BACKOFF_SHIFT ? retries : BACKOFF_SHIFT;
	uint64_t waited =
		(UINT64_C(2) << doublings) - 1 + ((uint64_t)(retries - doublings) << BACKOFF_SHIFT);

	return waited * ticks >= l->o->timeout_ms || retries == UINT8_MAX;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Larger than any of the slot's connection before, so that a server that still remembers it takes
 * the new one. */
static uint32_t next_isn(struct lean *l, const struct conn *c)
{
	l->isn = l->isn * 1664525u + 1013904223u;
	return c->snd_max + 0x10000 + (l->isn >> 16);
}

void conn_open(struct lean *l, uint32_t slot, uint64_t due_ns)
{
	struct conn *c = &l->conn[slot];

	c->flags &= CONN_TIMED | CONN_PARKED;
	c->retries = 0;
	c->dupacks = 0;
	c->start_ns = due_ns;
	c->unused = 0;
	if (l->datagrams) {
		conn_established(l, slot);
		return;
	}
	c->state = CONN_SYN;
	c->snd_una = next_isn(l, c);
	c->snd_nxt = c->snd_max = c->snd_una + 1;
	c->rcv_nxt = 0;
	l->plan.handshakes++;
	tx_control(l, slot, TH_SYN, c->snd_una);
	conn_arm(l, slot, syn_ticks(l));
}

void conn_established(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (!l->datagrams) {
		l->plan.handshakes--;
		if (load_measuring(l->result))
			histogram_record(&l->result->connect, l->now_ns - c->start_ns);
	}
	result_add(&l->result->now.opened, 1);
	result_set(&l->result->open, l->result->open + 1);
	c->state = CONN_IDLE;
	c->retries = 0;
	conn_disarm(c);
	if (l->draining)
		conn_close(l, slot);
	else if (l->o->bulk)
		bulk_begin(l, slot);
	else if (l->o->short_lived)
		conn_request(l, slot, c->start_ns);
	else
		conn_next(l, slot);
}

/* ---- requests ------------------------------------------------------------------------------ */

static void park(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (c->flags & CONN_PARKED)
		return;
	c->flags |= CONN_PARKED;
	slotq_put(&l->plan.idle, slot);
}

void conn_next(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];
	uint64_t due_ns;

	c->state = CONN_IDLE;
	if (l->draining || (c->flags & CONN_PEER_FIN))
		conn_close(l, slot);
	else if (schedule_next(&l->plan, l->now_ns, &due_ns))
		conn_request(l, slot, due_ns);
	else
		park(l, slot);
}

void conn_request(struct lean *l, uint32_t slot, uint64_t due_ns)
{
	struct conn *c = &l->conn[slot];

	c->state = CONN_BUSY;
	c->start_ns = due_ns;
	c->retries = 0;
	work_expect(&l->work, &c->answer);
	l->plan.outstanding++;
	result_add(&l->result->now.sent, 1);
	if (l->datagrams) {
		c->req_seq++;
		tx_datagram(l, slot);
		conn_arm(l, slot, l->o->timeout_ms);
		return;
	}
	c->req_seq = c->snd_nxt;
	if (l->work.request_len <= c->mss && l->work.request_len <= c->snd_wnd)
		tx_request(l, slot);
	else
		tx_pump(l, slot);
	conn_arm(l, slot, l->rto_ticks);
}

/*
 * The latency that three of four answers exceed, followed in small steps: the retransmission
 * timeout is made of it. Not the mean: what was lost on the way takes a timeout longer, and must
 * not raise it, while a server that answers ever more slowly does so to everybody.
 */
static void take_rtt(struct lean *l, uint64_t latency)
{
	uint64_t step = (l->quick_ns >> 7) + 1000;

	if (latency > l->quick_ns)
		l->quick_ns += step;
	else
		l->quick_ns -= l->quick_ns < 3 * step ? l->quick_ns : 3 * step;
}

void conn_answered(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];
	uint64_t latency = l->now_ns > c->start_ns ? l->now_ns - c->start_ns : 0;

	l->plan.outstanding--;
	result_add(&l->result->now.answers, 1);
	if (load_measuring(l->result))
		result_latency(l->result, latency);
	take_rtt(l, latency);
	conn_disarm(c);
	if (l->o->short_lived) {
		c->state = CONN_IDLE;
		conn_close(l, slot);
	} else if (l->o->think_ms && !l->draining) {
		c->state = CONN_THINK;
		conn_arm(l, slot, l->o->think_ms);
	} else {
		conn_next(l, slot);
	}
}

/* ---- closing ------------------------------------------------------------------------------- */

static void leave_open(struct lean *l)
{
	result_set(&l->result->open, l->result->open - 1);
}

static void to_closed(struct lean *l, uint32_t slot)
{
	l->conn[slot].state = CONN_CLOSED;
	conn_disarm(&l->conn[slot]);
	schedule_closed(&l->plan, slot);
}

void conn_close(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (l->datagrams) {
		leave_open(l);
		result_add(&l->result->now.closed, 1);
		to_closed(l, slot);
		return;
	}
	c->state = CONN_FIN;
	c->retries = 0;
	c->snd_nxt = c->snd_max;
	tx_control(l, slot, TH_FIN | TH_ACK, c->snd_max);
	c->snd_nxt = ++c->snd_max;
	l->plan.handshakes++;
	conn_arm(l, slot, l->rto_ticks);
}

void conn_closed(struct lean *l, uint32_t slot)
{
	l->plan.handshakes--;
	leave_open(l);
	result_add(&l->result->now.closed, 1);
	to_closed(l, slot);
}

void conn_failed(struct lean *l, uint32_t slot, enum load_error error, bool reset)
{
	struct conn *c = &l->conn[slot];

	result_error(l->result, error);
	if (c->state == CONN_BUSY && !l->o->bulk)
		l->plan.outstanding--;
	if (c->state == CONN_SYN || c->state == CONN_FIN)
		l->plan.handshakes--;
	if (c->state != CONN_SYN)
		leave_open(l);
	if (reset)
		tx_cut(l, slot);
	c->flags &= CONN_TIMED | CONN_PARKED;
	c->state = CONN_BACKOFF;
	conn_arm(l, slot, BACKOFF_TICKS);
}

/* ---- time-outs ----------------------------------------------------------------------------- */

static void syn_timeout(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (given_up(l, syn_ticks(l), c->retries)) {
		conn_failed(l, slot, LOAD_ERR_CONNECT_TIMEOUT, false);
		return;
	}
	c->retries++;
	result_add(&l->result->now.retransmits, 1);
	tx_control(l, slot, TH_SYN, c->snd_una);
	c->due = l->now_tick + backed_off(syn_ticks(l), c->retries);
}

/* A request is unacknowledged, or its answer has not come. */
static void busy_timeout(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (l->datagrams || given_up(l, l->rto_ticks, c->retries)) {
		conn_failed(l, slot, LOAD_ERR_TIMEOUT, !l->datagrams);
		return;
	}
	c->retries++;
	c->due = l->now_tick + backed_off(l->rto_ticks, c->retries);
	if (l->o->bulk) {
		bulk_timeout(l, slot);
		return;
	}
	/* Go back to what is not acknowledged. */
	c->snd_nxt = c->snd_una;
	if (c->snd_wnd == 0 && seq_lt(c->snd_una, c->req_seq + l->work.request_len))
		tx_probe(l, slot);
	else
		tx_pump(l, slot);
}

static void fin_timeout(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (given_up(l, l->rto_ticks, c->retries)) {
		conn_failed(l, slot, LOAD_ERR_CLOSE_TIMEOUT, true);
		return;
	}
	c->retries++;
	c->due = l->now_tick + backed_off(l->rto_ticks, c->retries);
	if (c->snd_una == c->snd_max)
		return;
	result_add(&l->result->now.retransmits, 1);
	tx_control(l, slot, TH_FIN | TH_ACK, c->snd_max - 1);
}

static void expired(struct lean *l, uint32_t slot)
{
	switch (l->conn[slot].state) {
	case CONN_BACKOFF:
		to_closed(l, slot);
		break;
	case CONN_SYN:
		syn_timeout(l, slot);
		break;
	case CONN_BUSY:
		busy_timeout(l, slot);
		break;
	case CONN_THINK:
		conn_next(l, slot);
		break;
	case CONN_FIN:
		fin_timeout(l, slot);
		break;
	default:
		break;
	}
}

uint32_t conn_timeout(void *lean, uint32_t slot)
{
	struct lean *l = lean;
	struct conn *c = &l->conn[slot];

	if (c->due != TICKER_NONE && (int32_t)(c->due - l->now_tick) <= 0) {
		conn_disarm(c);
		expired(l, slot);
	}
	if (c->due == TICKER_NONE) {
		c->flags &= (uint8_t)~CONN_TIMED;
		return TICKER_NONE;
	}
	return ask_at(l, c->due);
}
