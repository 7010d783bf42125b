/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-load/schedule.h"

#include <string.h>

uint64_t schedule_share(uint64_t total, unsigned worker, unsigned workers)
{
	return total / workers + (worker < total % workers ? 1 : 0);
}

bool schedule_init(struct schedule *s, const struct options *o, uint32_t slots, unsigned worker,
		   unsigned workers)
{
	memset(s, 0, sizeof(*s));
	s->o = o;
	s->connections = (uint32_t)schedule_share(o->connections, worker, workers);
	s->open_loop = o->rate > 0;
	s->rate = o->rate / workers;
	s->arrivals.next_ns = UINT64_MAX;
	s->opening_issues = o->short_lived || o->bulk_bytes;
	s->issue_max = o->bulk_bytes ? s->connections
				     : schedule_share(o->requests_total, worker, workers);
	s->in_flight = (uint32_t)schedule_share(o->in_flight, worker, workers);
	if (o->in_flight && !s->in_flight)
		s->in_flight = 1;
	if (!slotq_init(&s->closed, slots) || !slotq_init(&s->idle, slots))
		return false;
	for (uint32_t i = 0; i < slots; i++)
		slotq_put(&s->closed, i);
	return true;
}

void schedule_free(struct schedule *s)
{
	slotq_free(&s->closed);
	slotq_free(&s->idle);
}

/* How many slots may be in use by now. */
static uint32_t ramped(const struct schedule *s, uint64_t now_ns)
{
	double share;

	if (s->o->ramp_s <= 0)
		return s->connections;
	share = (double)(now_ns - s->begin_ns) / (s->o->ramp_s * 1e9);
	return share >= 1 ? s->connections : (uint32_t)(share * s->connections);
}

bool schedule_open(struct schedule *s, uint64_t now_ns, uint32_t *slot, uint64_t *due_ns)
{
	if (!s->closed.count || s->active >= ramped(s, now_ns))
		return false;
	if (!s->o->short_lived && s->handshakes >= s->o->handshakes)
		return false;
	*due_ns = now_ns;
	if (s->opening_issues) {
		if (!schedule_may_issue(s, now_ns))
			return false;
		*due_ns = schedule_issue(s, now_ns);
	}
	*slot = slotq_take(&s->closed);
	s->active++;
	return true;
}
