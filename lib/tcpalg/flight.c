/* SPDX-License-Identifier: BSD-3-Clause */
/* What is in flight, in ranges: RFC 8985 sections 5.1 and 6.2, RFC 2018 section 5; see flight.h. */
#include <string.h>

#include "tcpalg/flight_map.h"

/* No window is larger than this (RFC 7323 section 2.3): older blocks are inventions. */
#define WINDOW_MAX (1u << 30)

/* What has the latest of the send times. */
enum {
	STAMPED_NOTHING,
	STAMPED_NEW,   /* octets that left for the first time */
	STAMPED_AGAIN, /* octets that left again */
};

/* ---- the room ---- */

struct flight_room *flight_attach(struct flight *f, struct flight_room *room, uint16_t cap,
				  uint32_t una, uint32_t nxt)
{
	struct flight_room *old = f->room;

	*room = (struct flight_room){.cap = cap, .lost_from = una};
	if (old) {
		room->sacked = old->sacked;
		room->lost = old->lost;
		room->rxt = old->rxt;
		room->lost_from = old->lost_from;
		room->lost_new = old->lost_new;
		room->lost_us = old->lost_us;
		room->nlost = old->nlost;
		room->stamp_us = old->stamp_us;
		room->stamped = old->stamped;
		room->n = old->n;
		memcpy(room->r, map_at(old, 0), old->n * sizeof(old->r[0]));
	} else if (una != nxt) {
		room->n = 1;
		room->r[0] = (struct flight_range){una, f->sent_us, f->flags};
		room->stamp_us = f->sent_us;
		room->stamped = f->flags & FLIGHT_RXT ? STAMPED_AGAIN : STAMPED_NEW;
		map_count(room, f->flags, nxt - una, true);
	}
	f->room = room;
	f->flags = 0;
	return old;
}

void flight_begin(struct flight *f, struct flight_room *room, uint16_t cap, uint32_t una,
		  const struct flight_losses *losses)
{
	*room = (struct flight_room){
		.cap = cap,
		.lost_from = una,
		.lost_new = losses->octets,
		.lost_us = losses->sent_us,
		.nlost = (uint16_t)losses->ranges,
	};
	f->room = room;
}

void flight_know(struct flight *f, unsigned n, uint32_t nxt)
{
	struct flight_room *room = f->room;

	room->n = (uint16_t)n;
	for (unsigned k = 0; k < n; k++) {
		const struct flight_range *r = map_at(room, k);

		map_count(room, r->flags, map_end_of(room, k, nxt) - r->start, true);
		if (r->flags & FLIGHT_SACKED)
			continue;
		if (room->stamped == STAMPED_NOTHING || seq_geq(r->sent_us, room->stamp_us)) {
			room->stamp_us = r->sent_us;
			room->stamped = r->flags & FLIGHT_RXT ? STAMPED_AGAIN : STAMPED_NEW;
		}
	}
}

/* ---- sending ---- */

/*
 * The send time of what leaves now, in the grain. Within one grain the order must not be lost in
 * which octets leave for the first time and again, or a delivery of the ones would make others
 * look overtaken that left after them: each change from first to again is a microsecond. What
 * leaves for the first time has the higher numbers, which is order enough.
 */
static uint32_t stamp(struct flight_room *room, uint32_t now_us, uint32_t grain, uint8_t what)
{
	uint32_t us = flight_stamp(now_us, grain);

	if (room->stamped != STAMPED_NOTHING && seq_leq(us, room->stamp_us)) {
		us = room->stamp_us;
		us += what == STAMPED_AGAIN && room->stamped == STAMPED_NEW;
	}
	room->stamp_us = us;
	room->stamped = what;
	return us;
}

/* The room is full: the last range takes them in, as if all of it were sent now. */
static void append_to_last(struct flight_room *room, uint32_t nxt, uint32_t sent_us)
{
	struct flight_range *last = map_at(room, room->n - 1u);

	map_count(room, last->flags, nxt - last->start, false);
	last->flags = FLIGHT_COARSE;
	last->sent_us = seq_max(last->sent_us, sent_us);
}

void flight_send_slow(struct flight *f, uint32_t una, uint32_t nxt, uint32_t now_us, uint32_t grain)
{
	struct flight_room *room = f->room;
	struct flight_range p = {.start = nxt};

	if (flight_send(f, una, nxt, now_us))
		return;
	if (!room) {
		f->flags &= FLIGHT_RXT | FLIGHT_COARSE;
		if (f->sent_us != now_us)
			f->flags |= FLIGHT_COARSE;
		f->sent_us = seq_max(f->sent_us, now_us);
		return;
	}
	p.sent_us = stamp(room, now_us, grain, STAMPED_NEW);
	if (room->n && map_same(map_at(room, room->n - 1u), &p))
		return; /* it ends where the flight does: longer by itself */
	if (room->n == room->cap)
		map_squeeze(room);
	if (room->n < room->cap)
		map_replace(room, room->n, room->n, &p, 1);
	else
		append_to_last(room, nxt, p.sent_us);
}

void flight_send_again(struct flight *f, uint32_t nxt, struct seq_range r, uint32_t now_us,
		       uint32_t grain)
{
	struct flight_range p = {.start = r.start, .flags = FLIGHT_RXT};
	struct flight_room *room = f->room;
	struct map_plan pl;

	if (!room) {
		f->flags = FLIGHT_RXT;
		f->sent_us = flight_stamp(now_us, grain);
		return;
	}
	p.sent_us = stamp(room, now_us, grain, STAMPED_AGAIN);
	if (!map_plan_hard(room, &p, r.end, nxt, &pl)) {
		/* All of the ranges that it touches: what was not sent will be missed again. */
		p.start = map_at(room, map_find(room, r.start))->start;
		r.end = map_end_of(room, map_find(room, r.end - 1), nxt);
		map_plan(room, &p, r.end, nxt, &pl);
	}
	map_paint(room, &p, r.end, nxt, &pl);
	if (seq_leq(r.start, room->lost_from))
		room->lost_from = seq_max(room->lost_from, r.end);
}

void flight_leapt(struct flight *f, uint32_t by_us)
{
	struct flight_room *room = f->room;

	f->sent_us += by_us;
	if (!room)
		return;
	for (unsigned k = 0; k < room->n; k++)
		map_at(room, k)->sent_us += by_us;
	room->stamp_us += by_us;
	room->lost_us += by_us;
}

/* ---- acknowledgements ---- */

uint32_t flight_ack_room(struct flight *f, uint32_t ack, uint32_t nxt)
{
	struct flight_room *room = f->room;
	uint32_t sent_us = map_at(room, 0)->sent_us;

	while (room->n && seq_leq(map_end_of(room, 0, nxt), ack)) {
		sent_us = map_at(room, 0)->sent_us;
		room->first++;
		room->n--;
	}
	if (room->n && seq_lt(map_at(room, 0)->start, ack)) {
		sent_us = map_at(room, 0)->sent_us;
		map_at(room, 0)->start = ack;
	}
	return sent_us;
}

/*
 * Is it an earlier transmission that is answered? RFC 8985 section 6.2 step 2: the echoed timestamp
 * is older than this one (it is cut to milliseconds), or the answer is faster than any.
 */
static bool ambiguous(const struct flight_news *n, uint32_t age_us)
{
	if (n->echo_age_us >= 2000 && n->echo_age_us - 2000 > age_us)
		return true;
	/* Send times are rounded up. */
	return n->min_rtt_us && seq_lt(age_us + 1, n->min_rtt_us - n->min_rtt_us / 8);
}

/* Octets of range r up to end were delivered. */
static void tell(struct flight_news *n, const struct flight_range *r, uint32_t start, uint32_t end)
{
	struct flight_edge e = {r->sent_us, end};
	uint32_t len = end - start;

	n->high = n->octets ? seq_max(n->high, end) : end;
	n->octets += len;
	if (r->flags & FLIGHT_RXT) {
		n->rxt = true;
		if (ambiguous(n, n->now_us - r->sent_us))
			return;
	} else {
		if (seq_lt(start, n->mark))
			n->orig += seq_min(end, n->mark) - start;
		if (seq_lt(end, n->fack) && n->fack - start > n->reordered)
			n->reordered = n->fack - start;
	}
	if ((r->flags & FLIGHT_COARSE) || (n->any && !flight_sent_after(e, n->newest)))
		return;
	n->newest = e;
	n->any = true;
	n->sampled = !(r->flags & FLIGHT_RXT);
	n->sample_us = seq_gt(n->now_us, r->sent_us) ? n->now_us - r->sent_us : 0;
}

void flight_ack(struct flight *f, uint32_t una, uint32_t ack, uint32_t nxt, struct flight_news *n)
{
	struct flight_room *room = f->room;
	struct flight_range all = {una, f->sent_us, f->flags}, *r;

	if (!room) {
		tell(n, &all, una, ack);
		goto karn;
	}
	while (room->n && seq_lt(map_at(room, 0)->start, ack)) {
		uint32_t end = seq_min(map_end_of(room, 0, nxt), ack);

		r = map_at(room, 0);
		map_count(room, r->flags, end - r->start, false);
		if (!(r->flags & FLIGHT_SACKED))
			tell(n, r, r->start, end);
		if (map_end_of(room, 0, nxt) == end) {
			room->first++;
			room->n--;
		} else {
			r->start = end;
			break;
		}
	}
	if (room->n && (map_at(room, 0)->flags & FLIGHT_SACKED)) {
		r = map_at(room, 0);
		map_count(room, r->flags, map_end_of(room, 0, nxt) - r->start, false);
		r->flags = FLIGHT_LOST | FLIGHT_RXT;
		map_count(room, r->flags, map_end_of(room, 0, nxt) - r->start, true);
		room->lost_from = r->start;
		n->reneged = true;
	}
karn:
	/* What arrived long ago may only be acknowledged by what was sent again. */
	if (n->rxt)
		n->sampled = false;
}

/* What lies in [s, e) and was not SACKED is news. */
static void tell_between(struct flight_room *room, uint32_t s, uint32_t e, uint32_t nxt,
			 struct flight_news *n)
{
	for (unsigned k = map_find(room, s); k < room->n && seq_lt(map_at(room, k)->start, e);
	     k++) {
		const struct flight_range *r = map_at(room, k);
		uint32_t from = seq_max(r->start, s), to = seq_min(map_end_of(room, k, nxt), e);

		if (r->flags & FLIGHT_SACKED)
			continue;
		tell(n, r, from, to);
		n->sacked += to - from;
	}
}

enum flight_verdict flight_sack(struct flight *f, uint32_t una, uint32_t nxt, struct seq_range blk,
				struct flight_news *n)
{
	struct flight_range p = {blk.start, 0, FLIGHT_SACKED};
	struct flight_room *room = f->room;
	struct map_plan pl;
	unsigned k;

	if (seq_geq(blk.start, blk.end) || seq_gt(blk.end, nxt))
		return FLIGHT_BAD;
	if (seq_leq(blk.end, una))
		return una - blk.start > WINDOW_MAX ? FLIGHT_BAD : FLIGHT_OLD;
	/* Who holds the octet at snd_una would have acknowledged it. */
	if (seq_leq(blk.start, una))
		return FLIGHT_BAD;
	if (!room)
		return FLIGHT_FULL;
	k = map_find(room, blk.start);
	if ((map_at(room, k)->flags & FLIGHT_SACKED) && seq_geq(map_end_of(room, k, nxt), blk.end))
		return FLIGHT_OLD;
	if (!map_plan_hard(room, &p, blk.end, nxt, &pl))
		return FLIGHT_FULL;
	tell_between(room, blk.start, blk.end, nxt, n);
	map_paint(room, &p, blk.end, nxt, &pl);
	return FLIGHT_NEW;
}

/* ---- losses ---- */

/* Range k is LOST from now on; returns its octets. */
static uint32_t lose(struct flight_room *room, unsigned k, uint32_t nxt)
{
	struct flight_range *r = map_at(room, k);
	uint32_t len = map_end_of(room, k, nxt) - r->start;

	if (room->lost == 0 || seq_lt(r->start, room->lost_from))
		room->lost_from = r->start;
	map_count(room, r->flags, len, false);
	r->flags |= FLIGHT_LOST;
	map_count(room, r->flags, len, true);
	room->lost_us = room->nlost ? seq_max(room->lost_us, r->sent_us) : r->sent_us;
	room->lost_new += len;
	if (room->nlost < UINT16_MAX)
		room->nlost++;
	return len;
}

/* Microseconds until a range sent at sent_us and ending at end counts as lost; negative: never. */
static int32_t due(uint32_t sent_us, uint32_t end, struct flight_edge newest, uint32_t wait_us,
		   uint32_t now_us)
{
	const struct flight_edge e = {sent_us, end};
	int32_t left;

	if (!flight_sent_after(newest, e))
		return -1;
	left = seq_diff(sent_us + wait_us, now_us);
	return left > 0 ? left : 0;
}

/* flight_detect() without a room. */
static uint32_t detect_all(struct flight *f, uint32_t una, uint32_t nxt, struct flight_edge newest,
			   uint32_t wait_us, uint32_t now_us, uint32_t *lost)
{
	int32_t left = due(f->sent_us, nxt, newest, wait_us, now_us);

	if (una == nxt || (f->flags & FLIGHT_LOST) || left < 0)
		return 0;
	if (left > 0)
		return (uint32_t)left;
	f->flags |= FLIGHT_LOST;
	*lost = nxt - una;
	return 0;
}

uint32_t flight_detect(struct flight *f, uint32_t una, uint32_t nxt, struct flight_edge newest,
		       uint32_t wait_us, uint32_t now_us, uint32_t *lost)
{
	struct flight_room *room = f->room;
	int32_t last = 0;

	*lost = 0;
	if (!room)
		return detect_all(f, una, nxt, newest, wait_us, now_us, lost);
	for (unsigned k = 0; k < room->n; k++) {
		const struct flight_range *r = map_at(room, k);
		int32_t left;

		if (r->flags & (FLIGHT_SACKED | FLIGHT_LOST))
			continue;
		left = due(r->sent_us, map_end_of(room, k, nxt), newest, wait_us, now_us);
		if (left == 0)
			*lost += lose(room, k, nxt);
		else if (left > last)
			last = left;
	}
	room->found = *lost != 0;
	if (*lost)
		map_join(room);
	return (uint32_t)last;
}

struct flight_losses flight_take_lost(struct flight *f)
{
	struct flight_room *room = f->room;
	struct flight_losses out = {0};

	if (!room)
		return out;
	out = (struct flight_losses){room->lost_new, room->nlost, room->lost_us};
	room->lost_new = 0;
	room->nlost = 0;
	return out;
}

/* Makes a range begin at seq. False: no room. */
static bool split(struct flight_room *room, uint32_t seq)
{
	unsigned k = map_find(room, seq);
	struct flight_range with[2];

	if (map_at(room, k)->start == seq)
		return true;
	if (room->n == room->cap) {
		map_squeeze(room);
		k = map_find(room, seq);
	}
	if (room->n == room->cap)
		return false;
	with[0] = *map_at(room, k);
	with[1] = with[0];
	with[1].start = seq;
	map_replace(room, k, k + 1, with, 2);
	return true;
}

uint32_t flight_mark(struct flight *f, uint32_t una, uint32_t nxt, uint32_t upto)
{
	struct flight_room *room = f->room;
	uint32_t sum = 0;

	if (una == nxt || seq_leq(upto, una))
		return 0;
	if (!room) {
		if (seq_lt(upto, nxt) || (f->flags & FLIGHT_LOST))
			return 0;
		f->flags |= FLIGHT_LOST;
		return nxt - una;
	}
	if (seq_lt(upto, nxt) && !split(room, upto))
		return 0;
	for (unsigned k = 0; k < room->n && seq_lt(map_at(room, k)->start, upto); k++)
		if (!(map_at(room, k)->flags & (FLIGHT_SACKED | FLIGHT_LOST)))
			sum += lose(room, k, nxt);
	map_join(room);
	return sum;
}

void flight_unmark(struct flight *f, uint32_t nxt)
{
	struct flight_room *room = f->room;

	f->flags &= (uint8_t)~FLIGHT_LOST;
	if (!room || room->lost == 0)
		return;
	for (unsigned k = 0; k < room->n; k++) {
		struct flight_range *r = map_at(room, k);
		uint32_t len = map_end_of(room, k, nxt) - r->start;

		map_count(room, r->flags, len, false);
		r->flags &= ~FLIGHT_LOST;
		map_count(room, r->flags, len, true);
	}
	map_join(room);
}

bool flight_next_lost(struct flight *f, uint32_t una, uint32_t nxt, struct seq_range *out)
{
	struct flight_room *room = f->room;
	unsigned k;

	*out = (struct seq_range){una, nxt};
	if (flight_lost(f, una, nxt) == 0)
		return false;
	if (!room)
		return true;
	for (k = map_find(room, seq_max(room->lost_from, una)); k < room->n; k++)
		if (map_at(room, k)->flags & FLIGHT_LOST)
			break;
	if (k == room->n)
		return false;
	out->start = map_at(room, k)->start;
	room->lost_from = out->start;
	/* What was sent once and what was sent again may lie side by side. */
	while (k + 1 < room->n && (map_at(room, k + 1)->flags & FLIGHT_LOST))
		k++;
	out->end = map_end_of(room, k, nxt);
	return true;
}

struct flight_range flight_at(const struct flight *f, uint32_t una, uint32_t seq)
{
	if (!f->room)
		return (struct flight_range){una, f->sent_us, f->flags};
	return f->room->r[f->room->first + map_find(f->room, seq)];
}
