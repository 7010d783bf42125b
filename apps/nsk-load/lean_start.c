/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What begins of its own accord: connections, as the ramp allows; requests that wait for their
 * turn; and at the end, closing. A burst of each a turn, so that receiving is never far away.
 */
#include "nsk-load/lean.h"

static void request_some(struct lean *l)
{
	uint32_t slot;

	for (unsigned n = 0; n < WIRE_BURST && schedule_waiting(&l->plan, l->now_ns, &slot); n++) {
		l->conn[slot].flags &= (uint8_t)~CONN_PARKED;
		/* It may have ended while it waited. */
		if (l->conn[slot].state == CONN_IDLE)
			conn_request(l, slot, schedule_issue(&l->plan, l->now_ns));
	}
}

void lean_start(struct lean *l)
{
	uint32_t slot;
	uint64_t due_ns;

	schedule_turn(&l->plan, l->now_ns, load_phase(l->load) != PHASE_OPEN);
	for (unsigned n = 0; n < WIRE_BURST && schedule_open(&l->plan, l->now_ns, &slot, &due_ns);
	     n++)
		conn_open(l, slot, due_ns);
	request_some(l);
	if (l->plan.open_loop)
		result_set(&l->result->waiting, arrivals_waiting(&l->plan.arrivals, l->now_ns));
}

/* ---- the end ------------------------------------------------------------------------------- */

#define ANSWER_PATIENCE_NS UINT64_C(1000000000)
#define CLOSE_PATIENCE_NS  UINT64_C(10000)

static void begin_drain(struct lean *l)
{
	uint64_t patience = ANSWER_PATIENCE_NS + l->plan.active * CLOSE_PATIENCE_NS;

	if (l->quick_ns * 4 > ANSWER_PATIENCE_NS)
		patience += l->quick_ns * 4;
	l->draining = true;
	l->drain_until_ns = l->now_ns + patience;
}

/* Ends what a slot is doing without waiting for anybody. */
static void abort_slot(struct lean *l, uint32_t slot)
{
	struct conn *c = &l->conn[slot];

	if (c->state > CONN_SYN && !l->datagrams)
		tx_cut(l, slot);
	if (c->state > CONN_SYN)
		result_set(&l->result->open, l->result->open - 1);
	if (c->state == CONN_SYN || c->state == CONN_FIN)
		l->plan.handshakes--;
	c->state = CONN_CLOSED;
	conn_disarm(c);
	l->plan.active--;
}

/* Closes what is idle; what waits for an answer closes by itself when that has come. Endless
 * transfers are cut off. */
static void sweep(struct lean *l)
{
	for (unsigned n = 0; n < 4 * WIRE_BURST && l->sweep < l->nslots; n++) {
		struct conn *c = &l->conn[l->sweep];

		if (!l->aborting && l->plan.handshakes >= l->o->handshakes && c->state > CONN_SYN)
			return;
		if (c->state != CONN_CLOSED &&
		    (l->aborting || c->state == CONN_BACKOFF || c->state == CONN_SYN ||
		     (l->o->bulk && c->state == CONN_BUSY)))
			abort_slot(l, l->sweep);
		else if (c->state == CONN_IDLE || c->state == CONN_THINK)
			conn_close(l, l->sweep);
		l->sweep++;
	}
}

bool lean_drain(struct lean *l)
{
	if (!l->draining)
		begin_drain(l);
	if (!l->aborting && (l->now_ns >= l->drain_until_ns || load_phase(l->load) == PHASE_QUIT)) {
		l->aborting = true;
		l->sweep = 0;
	}
	sweep(l);
	return l->plan.active == 0 || (l->aborting && l->sweep == l->nslots);
}
