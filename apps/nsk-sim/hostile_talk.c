/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of a hostile host's own. Whatever it sends of its stream, each octet follows from its
 * place (stranger.c looks), so that what the victim takes can be checked although nothing else
 * about these connections can be relied on.
 */
#include <string.h>

#include "nsk-sim/hostile.h"
#include "nsk-sim/stranger.h"

#define OWN_ACTS  ((1u << ACT_BLIND) - 1)
#define LEAST	  20 /* steps of a connection */
#define MOST	  400
#define SEGMENT	  1400
#define FULL_WND  65535
#define MILLISECS 1000000

static bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* ---- segments ------------------------------------------------------------------------------ */

/* Behind the options, which are there. */
static void put_data(const struct hostile *x, const struct talk *t, struct packet_tcp *p,
		     uint32_t len)
{
	uint16_t key = t->served ? t->victim_port : t->port;

	p->len = hostile_fit(x, p, len);
	for (uint32_t i = 0; i < p->len; i++)
		p->data[i] = stranger_octet(key, p->seq + i - t->isn - 1);
}

/* An honest ACK as a beginning; what is wrong is put in by the caller. */
static struct packet_tcp plain(const struct hostile *x, const struct talk *t)
{
	struct packet_tcp p = {
		.sport = t->port,
		.dport = t->victim_port,
		.seq = t->next,
		.ack = t->seen,
		.wnd = FULL_WND,
		.flags = SEGMENT_ACK,
	};

	if (t->victim_ts) {
		memcpy(p.opts, (uint8_t[]){1, 1, 8, 10}, 4);
		put32(p.opts + 4, (uint32_t)(x->sim->now_ns / MILLISECS));
		put32(p.opts + 8, (uint32_t)(t->victim_ts - 1));
		p.nopts = 12;
	}
	return p;
}

static void send_syn(struct hostile *x, struct talk *t)
{
	struct packet_tcp p = {
		.sport = t->port,
		.dport = t->victim_port,
		.seq = t->isn,
		.wnd = (uint16_t)(hostile_random(x, 4) ? FULL_WND : hostile_random(x, FULL_WND)),
		.flags = SEGMENT_SYN,
	};

	if (t->served) {
		p.flags |= hostile_random(x, 8) ? SEGMENT_ACK : 0;
		p.ack = hostile_random(x, 8) ? t->seen : hostile_random(x, UINT32_MAX);
	}
	p.nopts = hostile_options(x, p.opts, true);
	if (hostile_random(x, 8) == 0) {
		p.seq++;
		put_data(x, t, &p, hostile_random(x, 100));
		p.seq--;
	}
	hostile_tcp(x, x->own, x->its, &p);
}

/* ---- how it behaves ------------------------------------------------------------------------ */

/* A number that is likely to hit an edge. */
static uint32_t near(struct hostile *x, uint32_t a, uint32_t b)
{
	static const int off[] = {-2, -1, 0, 0, 0, 1, 2, 100, 1460, 5000, 20000};
	uint32_t shift = (uint32_t)off[hostile_random(x, sizeof(off) / sizeof(off[0]))];

	switch (hostile_random(x, 8)) {
	case 0:
		return hostile_random(x, UINT32_MAX);
	case 1:
		return b + shift;
	default:
		return a + shift;
	}
}

static void chaos(struct hostile *x, struct talk *t)
{
	struct packet_tcp p = plain(x, t);

	p.seq = near(x, t->next, t->edge);
	p.ack = near(x, t->seen, t->isn);
	if (hostile_random(x, 4) == 0)
		p.flags = (uint8_t)hostile_random(x, 256);
	if (hostile_random(x, 40))
		p.flags &= (uint8_t) ~(SEGMENT_RST | SEGMENT_FIN);
	if (hostile_random(x, 3) == 0)
		p.wnd = (uint16_t)(hostile_random(x, 3) * hostile_random(x, 32768));
	if (hostile_random(x, 5) == 0)
		p.nopts = hostile_options(x, p.opts, p.flags & SEGMENT_SYN);
	p.urgent = (uint16_t)(p.flags & SEGMENT_URG ? hostile_random(x, 65536) : 0);
	p.bad_checksum = hostile_random(x, 30) == 0;
	put_data(x, t, &p,
		 hostile_random(x, 3) ? hostile_random(x, SEGMENT) : hostile_random(x, 3));
	hostile_tcp(x, x->own, x->its, &p);
	if (p.seq == t->next && (p.flags & SEGMENT_ACK) && !p.bad_checksum)
		t->next += p.len;
}

/* Slowly, or not at all; the window closed or as small as it gets. */
static void stuck(struct hostile *x, struct talk *t)
{
	struct packet_tcp p = plain(x, t);

	p.wnd = (uint16_t)hostile_random(x, 2);
	if (t->next == t->isn + 1 || hostile_random(x, 8) == 0)
		put_data(x, t, &p, 1);
	t->next += p.len;
	if (p.len || hostile_random(x, 4) == 0)
		hostile_tcp(x, x->own, x->its, &p);
}

static void optimist(struct hostile *x, struct talk *t)
{
	struct packet_tcp p = plain(x, t);

	p.ack += hostile_random(x, 4) ? hostile_random(x, 3 * SEGMENT)
				      : hostile_random(x, 1u << 20);
	put_data(x, t, &p, hostile_random(x, 2) ? hostile_random(x, 200) : 0);
	t->next += p.len;
	hostile_tcp(x, x->own, x->its, &p);
}

/* What lies between two numbers, or beside them, behind before octets of options. */
static uint32_t put_blocks(struct hostile *x, const struct talk *t, uint8_t *opt, uint32_t before)
{
	uint32_t n = 1 + hostile_random(x, 3), range = t->seen - t->acked_own;
	uint32_t most = (hostile_room(x) - before - 4) / 8;

	n = n < most ? n : most;
	opt[0] = opt[1] = 1;
	opt[2] = 5;
	opt[3] = (uint8_t)(2 + 8 * n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = t->acked_own + hostile_random(x, range + 1);
		uint32_t len = hostile_random(x, 2) ? SEGMENT : hostile_random(x, range + 1);

		if (hostile_random(x, 6) == 0)
			from += hostile_random(x, 2) ? 100000 : (uint32_t)-5000;
		if (hostile_random(x, 10) == 0)
			len = hostile_random(x, 3) ? (uint32_t)-1 : 0;
		put32(opt + 4 + 8 * i, from);
		put32(opt + 8 + 8 * i, from + len);
	}
	return 4 + 8 * n;
}

/* SACKs what came, or did not; takes it back by silence. */
static void renege(struct hostile *x, struct talk *t)
{
	struct packet_tcp p = plain(x, t);

	if (hostile_random(x, 12) == 0)
		t->acked_own = t->seen;
	p.ack = t->acked_own;
	if (hostile_random(x, 6) && p.nopts <= 12)
		p.nopts = (uint8_t)(p.nopts + put_blocks(x, t, p.opts + p.nopts, p.nopts));
	p.wnd = (uint16_t)(hostile_random(x, 8) ? FULL_WND : 0);
	hostile_tcp(x, x->own, x->its, &p);
}

static void scatter(struct hostile *x, struct talk *t)
{
	struct packet_tcp p = plain(x, t);
	uint32_t room = after(t->edge, t->next) ? t->edge - t->next : 1;

	switch (hostile_random(x, 8)) {
	case 0: /* all at once, over what lies there already */
		put_data(x, t, &p, hostile_random(x, SEGMENT));
		t->next += p.len;
		break;
	case 1:
		p.seq += hostile_random(x, room);
		put_data(x, t, &p, hostile_random(x, SEGMENT));
		break;
	case 2:
		p.seq -= hostile_random(x, 100);
		put_data(x, t, &p, hostile_random(x, 200));
		break;
	default:
		p.seq += 2 * hostile_random(x, (room + 1) / 2);
		put_data(x, t, &p, 1);
	}
	hostile_tcp(x, x->own, x->its, &p);
}

static void (*const behave[])(struct hostile *x, struct talk *t) = {
	[ACT_CHAOS] = chaos,   [ACT_STUCK] = stuck,	[ACT_OPTIMIST] = optimist,
	[ACT_RENEGE] = renege, [ACT_SCATTER] = scatter,
};

/* ---- life ---------------------------------------------------------------------------------- */

static struct talk *find(struct hostile *x, uint16_t port, uint16_t victim_port)
{
	for (unsigned i = 0; i < x->conf->connections; i++) {
		struct talk *t = &x->talk[i];

		if (t->used && t->port == port && t->victim_port == victim_port)
			return t;
	}
	return NULL;
}

/* NULL: there are as many as there may be. */
static struct talk *begin(struct hostile *x, unsigned act)
{
	for (unsigned i = 0; i < x->conf->connections; i++) {
		struct talk *t = &x->talk[i];

		if (t->used)
			continue;
		*t = (struct talk){
			.used = true,
			.act = (uint8_t)act,
			.isn = hostile_random(x, 3) ? hostile_random(x, UINT32_MAX)
						    : (uint32_t)-hostile_random(x, 5000),
			.steps = LEAST + hostile_random(x, MOST),
		};
		t->next = t->isn + 1;
		return t;
	}
	return NULL;
}

static void open_talk(struct hostile *x, unsigned act)
{
	struct talk *t = begin(x, act);

	if (!t)
		return;
	t->port = x->next_port++;
	t->victim_port = hostile_listener(x);
	send_syn(x, t);
}

/* The victim connects: somebody honest takes us for a server. */
static void serve(struct hostile *x, const struct segment *s)
{
	uint32_t acts = x->conf->acts & OWN_ACTS ? x->conf->acts & OWN_ACTS : 1u << ACT_CHAOS;
	struct talk *t;
	unsigned act;

	do
		act = hostile_random(x, ACT_BLIND);
	while (!(acts & 1u << act));
	t = begin(x, act);
	if (!t)
		return;
	t->served = true;
	t->port = s->port[1];
	t->victim_port = s->port[0];
	t->seen = t->acked_own = s->seq + 1;
	t->edge = t->next + s->wnd;
	send_syn(x, t);
}

static void note(struct talk *t, const struct segment *s)
{
	uint32_t end = s->seq + s->len + !!(s->flags & (SEGMENT_SYN | SEGMENT_FIN));

	if (s->flags & SEGMENT_SYN) {
		t->shift = s->has & HAS_WSCALE && s->shift < 15 ? s->shift : 0;
		if (!t->open)
			t->seen = t->acked_own = end;
		/* A stray SYN of its own may have begun the connection anew. */
		if (s->flags & SEGMENT_ACK) {
			t->isn = s->ack - 1;
			t->next = s->ack;
		}
	}
	if (after(end, t->seen))
		t->seen = end;
	if (s->flags & SEGMENT_ACK) {
		t->edge = s->ack + ((uint32_t)s->wnd << (s->flags & SEGMENT_SYN ? 0 : t->shift));
		if (after(s->ack, t->next))
			t->next = s->ack;
	}
	if (s->has & HAS_TS)
		t->victim_ts = (uint64_t)s->tsval + 1;
}

void talk_input(struct hostile *x, const struct segment *s)
{
	struct talk *t = find(x, s->port[1], s->port[0]);
	struct packet_tcp p;

	if (!t && (s->flags & (SEGMENT_SYN | SEGMENT_ACK | SEGMENT_RST)) == SEGMENT_SYN) {
		serve(x, s);
		return;
	}
	if (!t)
		return;
	if (s->flags & SEGMENT_RST) {
		t->used = false;
		return;
	}
	note(t, s);
	/* An answer to each bare ACK would go on for ever. */
	if (t->open && s->len == 0 && !(s->flags & (SEGMENT_SYN | SEGMENT_FIN)))
		return;
	if (!t->open) {
		/* It may stay half open: who floods does not answer. */
		if (t->act == ACT_STUCK && t->steps % 4 == 0)
			return;
		t->open = true;
	} else if (t->act != ACT_CHAOS && t->act != ACT_SCATTER) {
		behave[t->act](x, t);
		return;
	}
	p = plain(x, t);
	hostile_tcp(x, x->own, x->its, &p);
}

static void end_talk(struct hostile *x, struct talk *t)
{
	struct packet_tcp p = plain(x, t);

	t->used = false;
	p.flags |= hostile_random(x, 2) ? SEGMENT_RST : SEGMENT_FIN;
	if (hostile_random(x, 3)) /* else it is just not there any more */
		hostile_tcp(x, x->own, x->its, &p);
}

void talk_step(struct hostile *x, unsigned act)
{
	uint32_t start = hostile_random(x, x->conf->connections);
	struct talk *t = NULL;

	for (unsigned i = 0; i < x->conf->connections && !t; i++) {
		struct talk *one = &x->talk[(start + i) % x->conf->connections];

		if (one->used && one->act == act)
			t = one;
	}
	if (!t || hostile_random(x, 16) == 0)
		open_talk(x, act);
	else if (t->steps-- == 0)
		end_talk(x, t);
	else if (t->open)
		behave[act](x, t);
	else if (!t->served && hostile_random(x, 8) == 0)
		send_syn(x, t);
}
