/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/watch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/segment.h"
#include "nsk-sim/sim.h"

struct watch {
	struct sim *sim;
	const char *link;
	uint64_t hash;
	struct watch_flow *flow;
	uint32_t count, room;
	uint32_t *index; /* hash table: number of the flow + 1; twice as large as room */
};

/* ---- flows --------------------------------------------------------------------------------- */

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	for (; len; p++, len--)
		hash = (hash ^ *p) * UINT64_C(0x100000001b3);
	return hash;
}

static void out_of_memory(void)
{
	fprintf(stderr, "nsk-sim: out of memory\n");
	exit(1);
}

static uint32_t slot_of(const struct watch *w, const struct watch_flow *f)
{
	uint32_t mask = 2 * w->room - 1;
	uint32_t i = (uint32_t)(hash_bytes(1, f, offsetof(struct watch_flow, ending)) >> 20) & mask;

	while (w->index[i] &&
	       memcmp(&w->flow[w->index[i] - 1], f, offsetof(struct watch_flow, ending)) != 0)
		i = (i + 1) & mask;
	return i;
}

static void grow(struct watch *w)
{
	w->room = w->room ? 2 * w->room : 64;
	w->flow = realloc(w->flow, w->room * sizeof(*w->flow));
	free(w->index);
	w->index = calloc((size_t)2 * w->room, sizeof(*w->index));
	if (!w->flow || !w->index)
		out_of_memory();
	for (uint32_t i = 0; i < w->count; i++)
		w->index[slot_of(w, &w->flow[i])] = i + 1;
}

static struct watch_flow *flow_of(struct watch *w, const struct segment *s, unsigned direction)
{
	struct watch_flow key;
	uint32_t slot;

	memset(&key, 0, sizeof(key));
	for (unsigned i = 0; i < 2; i++) {
		key.address[i] = s->address[direction ^ i];
		key.port[i] = s->port[direction ^ i];
	}
	if (w->count == w->room)
		grow(w);
	slot = slot_of(w, &key);
	if (!w->index[slot]) {
		w->flow[w->count++] = key;
		w->index[slot] = w->count;
	}
	return &w->flow[w->index[slot] - 1];
}

/* ---- rules --------------------------------------------------------------------------------- */

static bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static void broken(struct watch *w, const struct segment *s, const char *what)
{
	sim_fail(w->sim,
		 "link \"%s\": a segment from port %u to %u %s (seq %u len %u ack %u wnd %u flags "
		 "%#x)",
		 w->link, s->port[0], s->port[1], what, s->seq, s->len, s->ack, s->wnd, s->flags);
}

/*
 * Cookies answer a SYN that comes again with other options, as one that no longer asks for ECN, by
 * another number. The client takes the one that comes first; what is answered after that is lost on
 * it. Is it such a SYN,ACK?
 */
static bool comes_too_late(const struct segment *s, const struct watch_side *me,
			   const struct watch_side *peer)
{
	return (s->flags & SEGMENT_SYN) && (s->flags & SEGMENT_ACK) && me->syn &&
	       me->isn != s->seq && me->sent == me->isn + 1 && peer->told;
}

static void see_syn(struct watch *w, const struct segment *s, struct watch_flow *f,
		    struct watch_side *me, struct watch_side *peer)
{
	/* The same ports in another connection. */
	if (!(s->flags & SEGMENT_ACK) && me->syn && me->isn != s->seq)
		*f = (struct watch_flow){.address = {f->address[0], f->address[1]},
					 .port = {f->port[0], f->port[1]}};
	if (me->syn && me->isn == s->seq)
		return;
	if ((s->flags & SEGMENT_ACK) && (s->has & ~peer->has & ~HAS_MSS))
		broken(w, s, "answers a SYN with options that it did not offer");
	*me = (struct watch_side){.syn = true,
				  .twice = me->syn,
				  .has = s->has,
				  .shift = s->shift > 14 ? 14 : s->shift,
				  .mss = s->mss,
				  .syn_wnd = s->wnd,
				  .isn = s->seq,
				  .isn_before = me->isn,
				  .sent = s->seq + 1};
}

static void see_ack(struct watch *w, const struct segment *s, struct watch_side *me,
		    struct watch_side *peer, uint8_t both)
{
	unsigned shift = (both & HAS_WSCALE) && !(s->flags & SEGMENT_SYN) ? me->shift : 0;
	uint32_t right = s->ack + ((uint32_t)s->wnd << shift);

	/* The first of two SYN,ACKs is the one that came. */
	if (!me->told && peer->twice && s->ack == peer->isn_before + 1) {
		peer->isn = peer->isn_before;
		peer->sent = s->ack;
	}
	if (peer->syn && after(s->ack, peer->sent))
		broken(w, s, "acknowledges what was never sent");
	if (me->told && after(me->ack, s->ack))
		broken(w, s, "has an ACK that goes backwards");
	/* By less than a unit of the scale it may: the field cannot say it (RFC 7323 §2.4), nor
	 * can a SYN,ACK that is repeated say a large one. */
	if (me->told && after(me->right, right) && me->right - right >= 1u << shift &&
	    !(s->flags & SEGMENT_SYN))
		broken(w, s, "takes an offered window back");
	/* With Fast Open that went into the window of the SYN (RFC 7413 §4.2.2). */
	if (!me->told)
		me->early = peer->sent;
	if (!me->told || after(right, me->right))
		me->right = right;
	me->told = true;
	me->ack = s->ack;
}

static void see_text(struct watch *w, const struct segment *s, struct watch_side *me,
		     const struct watch_side *peer)
{
	uint32_t end = s->seq + s->len + !!(s->flags & SEGMENT_SYN) + !!(s->flags & SEGMENT_FIN);

	if (peer->mss && s->len > peer->mss)
		broken(w, s, "is larger than the peer's MSS");
	/* One octet may go beyond as a probe, and so may a FIN. */
	if (peer->told && after(end, peer->right + 1) && after(end, peer->early))
		broken(w, s, "goes beyond the window");
	if (!peer->told && me->syn && peer->syn && after(end, me->isn + peer->syn_wnd + 2))
		broken(w, s, "goes beyond the window of the SYN");
	if (me->syn && after(end, me->sent))
		me->sent = end;
}

static void see(struct watch *w, const struct segment *s, unsigned direction)
{
	struct watch_flow *f = flow_of(w, s, direction);
	struct watch_side *me = &f->side[direction], *peer = &f->side[!direction];
	uint8_t both;

	f->ending |= !!(s->flags & SEGMENT_FIN);
	f->reset[direction] = s->flags & SEGMENT_RST;
	if ((s->flags & SEGMENT_RST) || comes_too_late(s, me, peer))
		return;
	if (s->flags & SEGMENT_SYN)
		see_syn(w, s, f, me, peer);
	both = me->has & peer->has;
	if (!(s->flags & SEGMENT_SYN) && me->syn && peer->syn) {
		if ((s->has & HAS_TS) != (both & HAS_TS))
			broken(w, s, "does not keep to the handshake's word on timestamps");
		if ((s->has & HAS_SACK) && !(both & HAS_SACK_OK))
			broken(w, s, "carries SACK, which was not agreed on");
	}
	if (s->flags & SEGMENT_ACK)
		see_ack(w, s, me, peer, both);
	see_text(w, s, me, peer);
}

/* ---- the watch ----------------------------------------------------------------------------- */

struct watch *watch_new(struct sim *sim, const char *link)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		out_of_memory();
	w->sim = sim;
	w->link = link;
	grow(w);
	return w;
}

void watch_anything(struct watch *w, unsigned direction, uint64_t now_ns, const void *frame,
		    size_t len)
{
	w->hash = hash_bytes(w->hash + direction, &now_ns, sizeof(now_ns));
	/* The headers: checksums stand for the payload. */
	w->hash = hash_bytes(w->hash, frame, len < 96 ? len : 96);
	w->hash += len;
}

void watch_frame(struct watch *w, unsigned direction, uint64_t now_ns, const void *frame,
		 size_t len)
{
	struct segment s;

	watch_anything(w, direction, now_ns, frame, len);
	if (segment_parse(&s, frame, len))
		see(w, &s, direction);
}

uint32_t watch_flows(const struct watch *w)
{
	return w->count;
}

const struct watch_flow *watch_flow(const struct watch *w, uint32_t n)
{
	return &w->flow[n];
}

uint64_t watch_hash(const struct watch *w)
{
	return w->hash;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	free(w->flow);
	free(w->index);
	free(w);
}
