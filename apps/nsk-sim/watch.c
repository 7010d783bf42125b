/* SPDX-License-Identifier: BSD-3-Clause */
#include "nsk-sim/watch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-sim/sim.h"

#define ETH_LEN	 14
#define FLAG_FIN 1
#define FLAG_SYN 2
#define FLAG_RST 4
#define FLAG_ACK 16

enum {
	HAS_MSS = 1,
	HAS_WSCALE = 2,
	HAS_SACK_OK = 4,
	HAS_TS = 8,
	HAS_SACK = 16,
};

struct segment {
	uint32_t address[2]; /* source, destination */
	uint16_t port[2];
	uint32_t seq, ack, len;
	uint16_t wnd, mss;
	uint8_t flags, has, shift;
};

/* One side of one connection, as its segments tell. */
struct side {
	bool syn;    /* has sent one */
	bool told;   /* has sent an ACK */
	uint8_t has; /* options of its SYN */
	uint8_t shift;
	uint16_t mss;
	uint32_t isn;
	uint32_t ack;	/* highest */
	uint32_t right; /* edge of the window that it offered */
	uint32_t sent;	/* behind the highest octet that it sent */
};

struct flow {
	uint32_t address[2]; /* at the link's ends */
	uint16_t port[2];
	struct side side[2];
};

struct watch {
	struct sim *sim;
	const char *link;
	uint64_t hash;
	struct flow *flow;
	uint32_t count, room;
	uint32_t *index; /* hash table: number of the flow + 1; twice as large as room */
};

/* ---- decoding ------------------------------------------------------------------------------ */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void parse_options(struct segment *s, const uint8_t *p, size_t len)
{
	while (len && p[0] != 0) {
		size_t n = p[0] == 1 ? 1 : len > 1 ? p[1] : 0;

		if (n == 0 || n > len || (n < 2 && p[0] != 1))
			return;
		if (p[0] == 2 && n == 4) {
			s->has |= HAS_MSS;
			s->mss = get16(p + 2);
		} else if (p[0] == 3 && n == 3) {
			s->has |= HAS_WSCALE;
			s->shift = p[2];
		} else if (p[0] == 4) {
			s->has |= HAS_SACK_OK;
		} else if (p[0] == 5) {
			s->has |= HAS_SACK;
		} else if (p[0] == 8) {
			s->has |= HAS_TS;
		}
		p += n;
		len -= n;
	}
}

/* False: no TCP, or broken. */
static bool parse(struct segment *s, const uint8_t *p, size_t len)
{
	size_t ip_len, total, tcp_len;

	if (len < ETH_LEN + 40 || get16(p + 12) != 0x0800)
		return false;
	p += ETH_LEN;
	ip_len = (size_t)(p[0] & 15) * 4;
	total = get16(p + 2);
	if (p[0] >> 4 != 4 || p[9] != 6 || total > len - ETH_LEN || ip_len < 20 ||
	    total < ip_len + 20)
		return false;
	*s = (struct segment){.address = {get32(p + 12), get32(p + 16)}};
	p += ip_len;
	tcp_len = (size_t)(p[12] >> 4) * 4;
	if (tcp_len < 20 || total < ip_len + tcp_len)
		return false;
	s->port[0] = get16(p);
	s->port[1] = get16(p + 2);
	s->seq = get32(p + 4);
	s->ack = get32(p + 8);
	s->flags = p[13];
	s->wnd = get16(p + 14);
	s->len = (uint32_t)(total - ip_len - tcp_len);
	parse_options(s, p + 20, tcp_len - 20);
	return true;
}

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

static uint32_t slot_of(const struct watch *w, const struct flow *f)
{
	uint32_t mask = 2 * w->room - 1;
	uint32_t i = (uint32_t)(hash_bytes(1, f, offsetof(struct flow, side)) >> 20) & mask;

	while (w->index[i] &&
	       memcmp(&w->flow[w->index[i] - 1], f, offsetof(struct flow, side)) != 0)
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

static struct flow *flow_of(struct watch *w, const struct segment *s, unsigned direction)
{
	struct flow key;
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

static void see_syn(struct watch *w, const struct segment *s, struct flow *f, struct side *me,
		    struct side *peer)
{
	/* The same ports in another connection. */
	if (!(s->flags & FLAG_ACK) && me->syn && me->isn != s->seq)
		memset(f->side, 0, sizeof(f->side));
	if (me->syn && me->isn == s->seq)
		return;
	if ((s->flags & FLAG_ACK) && (s->has & ~peer->has & ~HAS_MSS))
		broken(w, s, "answers a SYN with options that it did not offer");
	*me = (struct side){.syn = true,
			    .has = s->has,
			    .shift = s->shift > 14 ? 14 : s->shift,
			    .mss = s->mss,
			    .isn = s->seq,
			    .sent = s->seq + 1};
}

static void see_ack(struct watch *w, const struct segment *s, struct side *me,
		    const struct side *peer, uint8_t both)
{
	unsigned shift = (both & HAS_WSCALE) && !(s->flags & FLAG_SYN) ? me->shift : 0;
	uint32_t right = s->ack + ((uint32_t)s->wnd << shift);

	if (peer->syn && after(s->ack, peer->sent))
		broken(w, s, "acknowledges what was never sent");
	if (me->told && after(me->ack, s->ack))
		broken(w, s, "has an ACK that goes backwards");
	/* By less than a unit of the scale it may: the field cannot say it (RFC 7323 §2.4). */
	if (me->told && after(me->right, right) && me->right - right >= 1u << shift)
		broken(w, s, "takes an offered window back");
	if (!me->told || after(right, me->right))
		me->right = right;
	me->told = true;
	me->ack = s->ack;
}

static void see_text(struct watch *w, const struct segment *s, struct side *me,
		     const struct side *peer)
{
	uint32_t end = s->seq + s->len + !!(s->flags & FLAG_FIN);

	if (peer->mss && s->len > peer->mss)
		broken(w, s, "is larger than the peer's MSS");
	/* One octet may go beyond as a probe, and so may a FIN. */
	if (peer->told && after(end, peer->right + 1))
		broken(w, s, "goes beyond the window");
	if (me->syn && after(end, me->sent))
		me->sent = end;
}

static void see(struct watch *w, const struct segment *s, unsigned direction)
{
	struct flow *f = flow_of(w, s, direction);
	struct side *me = &f->side[direction], *peer = &f->side[!direction];
	uint8_t both;

	if (s->flags & FLAG_RST)
		return;
	if (s->flags & FLAG_SYN)
		see_syn(w, s, f, me, peer);
	both = me->has & peer->has;
	if (!(s->flags & FLAG_SYN) && me->syn && peer->syn) {
		if ((s->has & HAS_TS) != (both & HAS_TS))
			broken(w, s, "does not keep to the handshake's word on timestamps");
		if ((s->has & HAS_SACK) && !(both & HAS_SACK_OK))
			broken(w, s, "carries SACK, which was not agreed on");
	}
	if (s->flags & FLAG_ACK)
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

void watch_frame(struct watch *w, unsigned direction, uint64_t now_ns, const void *frame,
		 size_t len)
{
	struct segment s;

	w->hash = hash_bytes(w->hash + direction, &now_ns, sizeof(now_ns));
	/* The headers: checksums stand for the payload. */
	w->hash = hash_bytes(w->hash, frame, len < 96 ? len : 96);
	w->hash += len;
	if (parse(&s, frame, len))
		see(w, &s, direction);
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
