/* SPDX-License-Identifier: BSD-3-Clause */
/* What is in flight, in ranges: RFC 8985 sections 5.1 and 6.2, RFC 2018 section 5; see flight.h. */
#include <string.h>

#include "tcpalg/flight.h"

/* No window is larger than this (RFC 7323 section 2.3): older blocks are inventions. */
#define WINDOW_MAX (1u << 30)

/* What has the latest of the send times. */
enum {
	STAMPED_NOTHING,
	STAMPED_NEW,   /* octets that left for the first time */
	STAMPED_AGAIN, /* octets that left again */
};

/* ---- ranges ---- */

static struct flight_range *at(struct flight_room *room, unsigned k)
{
	return &room->r[room->first + k];
}

static uint32_t end_of(const struct flight_room *room, unsigned k, uint32_t nxt)
{
	return k + 1 < room->n ? room->r[room->first + k + 1].start : nxt;
}

/* The range that holds seq; the first one for what lies before, the last for what lies behind. */
static unsigned find(const struct flight_room *room, uint32_t seq)
{
	const struct flight_range *r = &room->r[room->first];
	unsigned low = 0, high = room->n;

	while (high - low > 1) {
		unsigned mid = (low + high) / 2;

		if (seq_leq(r[mid].start, seq))
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* Does one state describe both? */
static bool same(const struct flight_range *a, const struct flight_range *b)
{
	return a->flags == b->flags && ((a->flags & FLIGHT_SACKED) || a->sent_us == b->sent_us);
}

static uint32_t later(uint32_t a, uint32_t b)
{
	return seq_max(a, b);
}

/* Counts len octets of such a state, or takes them off the count. */
static void count(struct flight_room *room, uint32_t flags, uint32_t len, bool on)
{
	uint32_t d = on ? len : 0u - len;

	if (flags & FLIGHT_SACKED)
		room->sacked += d;
	else if (flags & FLIGHT_LOST)
		room->lost += d;
	else if (flags & FLIGHT_RXT)
		room->rxt += d;
}

/* Ranges [i, j) become the m of with; m <= j - i, or the difference is free. */
static void replace(struct flight_room *room, unsigned i, unsigned j,
		    const struct flight_range *with, unsigned m)
{
	unsigned behind = room->n - j;
	int grow = (int)m - (int)(j - i);

	room->dense = false;
	if (room->first + room->n + grow > room->cap) {
		memmove(room->r, at(room, 0), room->n * sizeof(room->r[0]));
		room->first = 0;
	}
	if (grow != 0 && room->first >= grow && i < behind) {
		memmove(at(room, 0) - grow, at(room, 0), i * sizeof(room->r[0]));
		room->first = (uint16_t)(room->first - grow);
	} else if (grow != 0) {
		memmove(at(room, i + m), at(room, j), behind * sizeof(room->r[0]));
	}
	room->n = (uint16_t)(room->n + grow);
	memcpy(at(room, i), with, m * sizeof(*with));
}

/* Makes one of each two neighbours of one kind; the later time stands for both. */
static void squeeze(struct flight_room *room)
{
	struct flight_range *r = at(room, 0);
	unsigned to = 0;

	if (room->dense)
		return;
	for (unsigned k = 0; k < room->n; to++) {
		struct flight_range one = r[k++];

		if (k < room->n && !((r[k].flags ^ one.flags) & ~FLIGHT_COARSE)) {
			one.sent_us = later(one.sent_us, r[k++].sent_us);
			one.flags |= FLIGHT_COARSE;
		}
		r[to] = one;
	}
	room->dense = to == room->n;
	room->n = (uint16_t)to;
}

/* Makes one of those that need not be two. */
static void join(struct flight_room *room)
{
	struct flight_range *r = at(room, 0);
	unsigned to = 0;

	room->dense = false;
	for (unsigned k = 1; k < room->n; k++) {
		if (!same(&r[to], &r[k]))
			r[++to] = r[k];
	}
	if (room->n)
		room->n = (uint16_t)(to + 1);
}

/* Takes what is known of [s, e) off the counts. */
static void uncount(struct flight_room *room, uint32_t s, uint32_t e, uint32_t nxt)
{
	for (unsigned k = find(room, s); k < room->n && seq_lt(at(room, k)->start, e); k++) {
		uint32_t from = seq_max(at(room, k)->start, s);
		uint32_t to = seq_min(end_of(room, k, nxt), e);

		count(room, at(room, k)->flags, to - from, false);
	}
}

/* Ranges [i, j) give way to the m of with. */
struct plan {
	unsigned i, j, m;
	struct flight_range with[3];
};

/* Adds a range to the plan, or to the last range of it. */
static void plan_add(struct plan *pl, const struct flight_range *r)
{
	if (!pl->m || !same(&pl->with[pl->m - 1], r))
		pl->with[pl->m++] = *r;
}

/*
 * How [p.start, end) becomes one range in p's state, joined with neighbours in the same state;
 * pieces of ranges that it cuts stay what they are. False: no room for that.
 */
static bool plan_paint(struct flight_room *room, const struct flight_range *p, uint32_t end,
		       uint32_t nxt, struct plan *pl)
{
	struct flight_range rest;

	pl->i = find(room, p->start);
	pl->j = find(room, end - 1);
	pl->m = 0;
	rest = *at(room, pl->j);
	rest.start = end;
	if (at(room, pl->i)->start != p->start)
		plan_add(pl, at(room, pl->i));
	else if (pl->i > 0 && same(at(room, pl->i - 1), p))
		plan_add(pl, at(room, --pl->i));
	plan_add(pl, p);
	if (end_of(room, pl->j++, nxt) != end)
		plan_add(pl, &rest);
	else if (pl->j < room->n && same(at(room, pl->j), p))
		plan_add(pl, at(room, pl->j++));
	return room->n - (pl->j - pl->i) + pl->m <= room->cap;
}

/* The same, with room made if need be. */
static bool plan_hard(struct flight_room *room, const struct flight_range *p, uint32_t end,
		      uint32_t nxt, struct plan *pl)
{
	if (plan_paint(room, p, end, nxt, pl))
		return true;
	squeeze(room);
	return plan_paint(room, p, end, nxt, pl);
}

static void paint(struct flight_room *room, const struct flight_range *p, uint32_t end,
		  uint32_t nxt, const struct plan *pl)
{
	uncount(room, p->start, end, nxt);
	replace(room, pl->i, pl->j, pl->with, pl->m);
	count(room, p->flags, end - p->start, true);
}

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
		memcpy(room->r, at(old, 0), old->n * sizeof(old->r[0]));
	} else if (una != nxt) {
		room->n = 1;
		room->r[0] = (struct flight_range){una, f->sent_us, f->flags};
		room->stamp_us = f->sent_us;
		room->stamped = f->flags & FLIGHT_RXT ? STAMPED_AGAIN : STAMPED_NEW;
		count(room, f->flags, nxt - una, true);
	}
	f->room = room;
	f->flags = 0;
	return old;
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
	struct flight_range *last = at(room, room->n - 1u);

	count(room, last->flags, nxt - last->start, false);
	last->flags = FLIGHT_COARSE;
	last->sent_us = later(last->sent_us, sent_us);
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
		f->sent_us = later(f->sent_us, now_us);
		return;
	}
	p.sent_us = stamp(room, now_us, grain, STAMPED_NEW);
	if (room->n && same(at(room, room->n - 1u), &p))
		return; /* it ends where the flight does: longer by itself */
	if (room->n == room->cap)
		squeeze(room);
	if (room->n < room->cap)
		replace(room, room->n, room->n, &p, 1);
	else
		append_to_last(room, nxt, p.sent_us);
}

void flight_send_again(struct flight *f, uint32_t nxt, struct seq_range r, uint32_t now_us,
		       uint32_t grain)
{
	struct flight_range p = {.start = r.start, .flags = FLIGHT_RXT};
	struct flight_room *room = f->room;
	struct plan pl;

	if (!room) {
		f->flags = FLIGHT_RXT;
		f->sent_us = flight_stamp(now_us, grain);
		return;
	}
	p.sent_us = stamp(room, now_us, grain, STAMPED_AGAIN);
	if (!plan_hard(room, &p, r.end, nxt, &pl)) {
		/* All of the ranges that it touches: what was not sent will be missed again. */
		p.start = at(room, find(room, r.start))->start;
		r.end = end_of(room, find(room, r.end - 1), nxt);
		plan_paint(room, &p, r.end, nxt, &pl);
	}
	paint(room, &p, r.end, nxt, &pl);
	if (seq_leq(r.start, room->lost_from))
		room->lost_from = seq_max(room->lost_from, r.end);
}

/* ---- acknowledgements ---- */

uint32_t flight_ack_room(struct flight *f, uint32_t ack, uint32_t nxt)
{
	struct flight_room *room = f->room;
	uint32_t sent_us = at(room, 0)->sent_us;

	while (room->n && seq_leq(end_of(room, 0, nxt), ack)) {
		sent_us = at(room, 0)->sent_us;
		room->first++;
		room->n--;
	}
	if (room->n && seq_lt(at(room, 0)->start, ack)) {
		sent_us = at(room, 0)->sent_us;
		at(room, 0)->start = ack;
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
	while (room->n && seq_lt(at(room, 0)->start, ack)) {
		uint32_t end = seq_min(end_of(room, 0, nxt), ack);

		r = at(room, 0);
		count(room, r->flags, end - r->start, false);
		if (!(r->flags & FLIGHT_SACKED))
			tell(n, r, r->start, end);
		if (end_of(room, 0, nxt) == end) {
			room->first++;
			room->n--;
		} else {
			r->start = end;
			break;
		}
	}
	if (room->n && (at(room, 0)->flags & FLIGHT_SACKED)) {
		r = at(room, 0);
		count(room, r->flags, end_of(room, 0, nxt) - r->start, false);
		r->flags = FLIGHT_LOST | FLIGHT_RXT;
		count(room, r->flags, end_of(room, 0, nxt) - r->start, true);
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
	for (unsigned k = find(room, s); k < room->n && seq_lt(at(room, k)->start, e); k++) {
		const struct flight_range *r = at(room, k);
		uint32_t from = seq_max(r->start, s), to = seq_min(end_of(room, k, nxt), e);

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
	struct plan pl;
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
	k = find(room, blk.start);
	if ((at(room, k)->flags & FLIGHT_SACKED) && seq_geq(end_of(room, k, nxt), blk.end))
		return FLIGHT_OLD;
	if (!plan_hard(room, &p, blk.end, nxt, &pl))
		return FLIGHT_FULL;
	tell_between(room, blk.start, blk.end, nxt, n);
	paint(room, &p, blk.end, nxt, &pl);
	return FLIGHT_NEW;
}

/* ---- losses ---- */

/* Range k is LOST from now on; returns its octets. */
static uint32_t lose(struct flight_room *room, unsigned k, uint32_t nxt)
{
	struct flight_range *r = at(room, k);
	uint32_t len = end_of(room, k, nxt) - r->start;

	if (room->lost == 0 || seq_lt(r->start, room->lost_from))
		room->lost_from = r->start;
	count(room, r->flags, len, false);
	r->flags |= FLIGHT_LOST;
	count(room, r->flags, len, true);
	room->lost_us = room->nlost ? later(room->lost_us, r->sent_us) : r->sent_us;
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
		const struct flight_range *r = at(room, k);
		int32_t left;

		if (r->flags & (FLIGHT_SACKED | FLIGHT_LOST))
			continue;
		left = due(r->sent_us, end_of(room, k, nxt), newest, wait_us, now_us);
		if (left == 0)
			*lost += lose(room, k, nxt);
		else if (left > last)
			last = left;
	}
	if (*lost)
		join(room);
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
	unsigned k = find(room, seq);
	struct flight_range with[2];

	if (at(room, k)->start == seq)
		return true;
	if (room->n == room->cap) {
		squeeze(room);
		k = find(room, seq);
	}
	if (room->n == room->cap)
		return false;
	with[0] = *at(room, k);
	with[1] = with[0];
	with[1].start = seq;
	replace(room, k, k + 1, with, 2);
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
	for (unsigned k = 0; k < room->n && seq_lt(at(room, k)->start, upto); k++)
		if (!(at(room, k)->flags & (FLIGHT_SACKED | FLIGHT_LOST)))
			sum += lose(room, k, nxt);
	join(room);
	return sum;
}

void flight_unmark(struct flight *f, uint32_t nxt)
{
	struct flight_room *room = f->room;

	f->flags &= (uint8_t)~FLIGHT_LOST;
	if (!room || room->lost == 0)
		return;
	for (unsigned k = 0; k < room->n; k++) {
		struct flight_range *r = at(room, k);
		uint32_t len = end_of(room, k, nxt) - r->start;

		count(room, r->flags, len, false);
		r->flags &= ~FLIGHT_LOST;
		count(room, r->flags, len, true);
	}
	join(room);
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
	for (k = find(room, seq_max(room->lost_from, una)); k < room->n; k++)
		if (at(room, k)->flags & FLIGHT_LOST)
			break;
	if (k == room->n)
		return false;
	out->start = at(room, k)->start;
	room->lost_from = out->start;
	/* What was sent once and what was sent again may lie side by side. */
	while (k + 1 < room->n && (at(room, k + 1)->flags & FLIGHT_LOST))
		k++;
	out->end = end_of(room, k, nxt);
	return true;
}

struct flight_range flight_at(const struct flight *f, uint32_t una, uint32_t seq)
{
	if (!f->room)
		return (struct flight_range){una, f->sent_us, f->flags};
	return f->room->r[f->room->first + find(f->room, seq)];
}
