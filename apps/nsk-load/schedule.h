/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When connections are opened and requests begun: closed or open loop, ramp, limits. Knows slots by
 * number and counts them; what a connection is, the engine knows.
 *
 * Where each connection is one piece of work (--short, --bytes) the opening is what is issued, else
 * the request.
 */
#ifndef NSK_APPS_NSK_LOAD_SCHEDULE_H
#define NSK_APPS_NSK_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "nsk-load/arrivals.h"
#include "nsk-load/options.h"
#include "nsk-load/slotq.h"

struct schedule {
	const struct options *o;
	uint32_t connections; /* at a time */
	struct slotq closed,
		idle; /* slots not in use; connections that wait for their next request */
	struct arrivals arrivals;
	bool open_loop, opening_issues;
	double rate;
	uint64_t begin_ns;	    /* when the first turn was; 0: not yet */
	uint64_t issued, issue_max; /* pieces of work begun, and how many may be; 0: no limit */
	uint32_t active;	    /* slots that are not closed */
	uint32_t handshakes;	    /* being opened or closed */
	uint32_t outstanding;	    /* requests */
	uint32_t in_flight;	    /* how many of them there may be; 0: no limit */
};

/* One of workers threads, with its share of connections, rate and total, over so many slots; false
 * without memory. */
bool schedule_init(struct schedule *s, const struct options *o, uint32_t slots, unsigned worker,
		   unsigned workers);
void schedule_free(struct schedule *s);
/* The share of one of several threads in a total. */
uint64_t schedule_share(uint64_t total, unsigned worker, unsigned workers);

/* At each turn before what follows; requests are due from the first turn on that has all
 * connections open. */
static inline void schedule_turn(struct schedule *s, uint64_t now_ns, bool all_open)
{
	if (!s->begin_ns)
		s->begin_ns = now_ns;
	if (s->open_loop && s->arrivals.next_ns == UINT64_MAX && (all_open || s->opening_issues))
		arrivals_start(&s->arrivals, now_ns, s->rate);
}

/* The next connection to open now, and when that was due; false: none. The caller opens it. */
bool schedule_open(struct schedule *s, uint64_t now_ns, uint32_t *slot, uint64_t *due_ns);

static inline bool schedule_may_issue(const struct schedule *s, uint64_t now_ns)
{
	return (!s->issue_max || s->issued < s->issue_max) &&
	       (!s->in_flight || s->outstanding < s->in_flight) &&
	       (!s->open_loop || arrivals_due(&s->arrivals, now_ns));
}

static inline uint64_t schedule_issue(struct schedule *s, uint64_t now_ns)
{
	s->issued++;
	return s->open_loop ? arrivals_take(&s->arrivals) : now_ns;
}

/* A connection is free: may it begin a request now, and when was that due? False: it is to wait in
 * idle. */
static inline bool schedule_next(struct schedule *s, uint64_t now_ns, uint64_t *due_ns)
{
	/* Others were here first. */
	if (s->idle.count || !schedule_may_issue(s, now_ns))
		return false;
	*due_ns = schedule_issue(s, now_ns);
	return true;
}

/* The connection that has waited longest, if there is work for it. The caller says so by
 * schedule_issue(). */
static inline bool schedule_waiting(struct schedule *s, uint64_t now_ns, uint32_t *slot)
{
	if (!s->idle.count || !schedule_may_issue(s, now_ns))
		return false;
	*slot = slotq_take(&s->idle);
	return true;
}

/* A slot is in use no more. */
static inline void schedule_closed(struct schedule *s, uint32_t slot)
{
	s->active--;
	slotq_put(&s->closed, slot);
}

/* Everything that was to be begun has been, and has ended. */
static inline bool schedule_finished(const struct schedule *s)
{
	return s->issue_max && s->issued >= s->issue_max && !s->outstanding &&
	       !(s->opening_issues && s->active);
}

#endif
