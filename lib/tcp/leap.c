/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock has leapt: the process was stopped, the machine slept, or the loop was not run for long
 * though timers were due. What connections keep in 32 bits tells times apart that are not too far
 * from each other: 35 minutes of microseconds, nine hours of ticks. So that it goes on to, send
 * times move along with the leap, as if it had not been: no round trip is measured from it, nothing
 * is lost by it. Deadlines that came within it are due now.
 *
 * Two things stay as they are in Linux, whose clocks leap with a virtual machine's. After leaps
 * that 32 bits of milliseconds take for steps back (24.8 to 49.7 days, and so on) what was in
 * flight looks newer than what follows, which PAWS then refuses (RFC 7323 section 5.2): a
 * connection with data under way may end. And the least round trip, which is that of some minutes,
 * begins anew with the smoothed one.
 *
 * What has 64 bits needs none of it. Nor have milliseconds: of them is only asked how long ago they
 * were, which 49 days can tell, and what is older is taken for younger, which puts a probe off.
 * This is not done for a worker that slept because nothing was due.
 */
#include "tcp/embryo.h"
#include "tcp/table.h"
#include "tcp/tcp.h"
#include "tcp/time_wait.h"
#include "tcp/timer.h"

struct leap {
	struct nsk_worker *w;
	uint64_t from_ns, by_ns;
};

/* A deadline that was so far away then has come: of those that lie behind, none is far. */
static bool has_come(int32_t left, uint64_t gone)
{
	return left < 0 || (uint32_t)left <= gone;
}

static void move_deadlines(const struct leap *l, struct tcp_conn *c)
{
	uint64_t from = l->from_ns >> WHEEL_TICK_SHIFT, to = l->w->now_ns >> WHEEL_TICK_SHIFT;

	for (int id = 0; id < TCP_TIMERS; id++) {
		uint32_t *due;

		if (!tcp_timer_running(c, (enum tcp_timer_id)id))
			continue;
		due = tcp_deadline(c, (enum tcp_timer_id)id);
		if (has_come((int32_t)(*due - (uint32_t)from), to - from))
			*due = (uint32_t)to;
	}
}

static void move_conn(const struct leap *l, struct tcp_conn *c)
{
	uint32_t by_us = (uint32_t)(l->by_ns / 1000);

	if (c->state == TCPS_LISTEN)
		return;
	move_deadlines(l, c);
	flight_leapt(&c->flight, by_us);
	if (!c->ext)
		return;
	c->ext->grow_since_us += by_us;
	c->ext->round.since_us += by_us;
	if (c->ext->loss)
		c->ext->loss->rack.newest.sent_us += by_us;
	if (c->ext->pace)
		rate_leapt(&c->ext->pace->rate, by_us);
}

static void move_time_wait(const struct leap *l, struct tcp_time_wait *tw)
{
	uint64_t from_ms = l->from_ns / MS_NS, now_ms = l->w->now_ns / MS_NS;

	if (has_come((int32_t)(tw->ends_ms - (uint32_t)from_ms), now_ms - from_ms))
		tw->ends_ms = (uint32_t)now_ms;
}

static void move_value(void *arg, uint32_t value)
{
	const struct leap *l = arg;
	struct tcp_worker *t = l->w->tcp;
	uint32_t index = table_index(value);
	struct tcp_embryo *e;

	switch (table_kind_of(value)) {
	case TABLE_CONN:
		move_conn(l, slab_at(&t->conns, index));
		break;
	case TABLE_EMBRYO: /* all of them, so that their queues stay in order */
		e = slab_at(&t->embryos, index);
		e->due_ns += l->by_ns;
		break;
	case TABLE_TIME_WAIT:
		move_time_wait(l, slab_at(&t->time_waits, index));
		break;
	default: /* what is only bound has no times */
		break;
	}
}

void tcp_leapt(struct nsk_worker *w, uint64_t from_ns, uint64_t by_ns)
{
	struct leap l = {.w = w, .from_ns = from_ns, .by_ns = by_ns};

	if (w->tcp)
		htab_walk(&w->tcp->table, move_value, &l);
}
