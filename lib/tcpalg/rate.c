/* SPDX-License-Identifier: BSD-3-Clause */
/* Delivery rate samples: draft-ietf-ccwg-bbr-06 section 4.1; see rate.h. */
#include "tcpalg/rate.h"

#include "tcpalg/flight.h"

void rate_init(struct rate *r, uint32_t now_us)
{
	struct rate_room *room = r->room;

	*r = (struct rate){.room = room, .delivered_us = now_us, .first_us = now_us};
	if (room)
		room->n = 0;
}

static unsigned slot(const struct rate_room *room, unsigned k)
{
	return (room->first + k) % room->cap;
}

struct rate_room *rate_attach(struct rate *r, struct rate_room *room, uint16_t cap)
{
	struct rate_room *old = r->room;

	*room = (struct rate_room){.cap = cap};
	for (unsigned k = 0; old && k < old->n; k++)
		room->s[room->n++] = old->s[slot(old, k)];
	r->room = room;
	return old;
}

/* Is the newest snapshot of this grain? */
static bool taken(const struct rate_room *room, uint32_t now_us, uint32_t grain)
{
	const struct rate_snap *last = &room->s[slot(room, room->n - 1u)];

	return flight_stamp(last->sent_us, grain) == flight_stamp(now_us, grain);
}

void rate_sent(struct rate *r, uint32_t now_us, uint32_t grain, uint32_t pipe, uint32_t octets)
{
	struct rate_room *room = r->room;

	if (pipe == 0) {
		/* Time without anything in flight is not time in which nothing was delivered. */
		r->first_us = now_us;
		r->delivered_us = now_us;
	}
	if (!room || (room->n && pipe && taken(room, now_us, grain)))
		return;
	if (pipe == 0)
		room->n = 0;
	if (room->n == room->cap)
		room->first = (uint16_t)slot(room, 1);
	else
		room->n++;
	room->s[slot(room, room->n - 1u)] = (struct rate_snap){
		.sent_us = now_us,
		.first_us = r->first_us,
		.delivered_us = r->delivered_us,
		.delivered = (uint32_t)r->delivered,
		.lost = r->lost,
		.inflight = (pipe + octets) & INT32_MAX,
		.app_limited = r->app_limited,
	};
}

const struct rate_snap *rate_at(const struct rate *r, uint32_t sent_us)
{
	const struct rate_room *room = r->room;
	unsigned low = 0, high = room ? room->n : 0;

	/* The last one that is no later. */
	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (seq_leq(room->s[slot(room, mid)].sent_us, sent_us))
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &room->s[slot(room, low - 1)] : NULL;
}

struct rate_sample rate_acked(struct rate *r, uint32_t now_us, uint32_t octets, uint32_t sent_us,
			      bool told, uint32_t min_rtt_us)
{
	const struct rate_snap *s = told ? rate_at(r, sent_us) : NULL;
	struct rate_sample out = {0};
	uint32_t sending, acking;

	r->delivered += octets;
	r->delivered_us = now_us;
	if (r->app_limited && seq_gt((uint32_t)r->delivered, r->limited_to))
		r->app_limited = false;
	if (!s)
		return out;
	out.any = true;
	out.delivered = (uint32_t)r->delivered - s->delivered;
	out.prior = s->delivered;
	out.inflight = s->inflight;
	out.lost = r->lost - s->lost;
	out.age_us = now_us - s->sent_us;
	out.app_limited = s->app_limited;
	r->first_us = s->sent_us;
	sending = s->sent_us - s->first_us;
	acking = now_us - s->delivered_us;
	out.interval_us = sending > acking ? sending : acking;
	if (out.interval_us < min_rtt_us)
		out.interval_us = 0;
	if (out.interval_us)
		rate_note(&r->last, out.delivered, out.interval_us, out.app_limited);
	return out;
}

void rate_limited(struct rate *r, uint32_t pipe)
{
	r->limited_to = (uint32_t)r->delivered + pipe;
	r->app_limited = true;
}

void rate_leapt(struct rate *r, uint32_t by_us)
{
	struct rate_room *room = r->room;

	r->delivered_us += by_us;
	r->first_us += by_us;
	for (unsigned k = 0; room && k < room->n; k++) {
		struct rate_snap *s = &room->s[slot(room, k)];

		s->sent_us += by_us;
		s->first_us += by_us;
		s->delivered_us += by_us;
	}
}
