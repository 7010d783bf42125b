/* SPDX-License-Identifier: BSD-3-Clause */
/* A sender for the tests of loss recovery: its state, and what happens to it. */
#ifndef NSK_TESTS_UNIT_TCPALG_LOSS_WORLD_H
#define NSK_TESTS_UNIT_TCPALG_LOSS_WORLD_H

#include "tcpalg/loss.h"
#include "tcpalg_test.h"

#define SMSS 100u
#define CAP  256
#define RTT  10000u

struct sender {
	struct loss l;
	struct loss_more m;
	struct flight f;
	struct cc cc;
	uint32_t base, una, nxt;
	uint64_t now; /* us; our timestamp clock as well */
	uint32_t srtt;
	bool sack, can_send;
	uint32_t reo_us;
};

/* Nothing is in flight; the window is of ten segments. */
static inline void sender_start(struct sender *s, uint32_t base, bool sack)
{
	memset(s, 0, sizeof(*s));
	s->base = base;
	s->una = base;
	s->nxt = base;
	s->now = 1000000;
	s->srtt = RTT;
	s->sack = sack;
	s->can_send = true;
	loss_init(&s->l);
	loss_more_init(&s->m, base);
	loss_rtt(&s->l, RTT);
	cc_init(&s->cc, &cc_newreno, SMSS, CC_INITIAL_SEGS);
	s->cc.cwnd = 10 * SMSS;
	flight_attach(&s->f, malloc(flight_bytes(CAP)), CAP, base, base);
}

static inline void sender_end(struct sender *s)
{
	free(flight_detach(&s->f));
}

static inline struct loss_ctx sender_ctx(struct sender *s)
{
	return (struct loss_ctx){
		.l = &s->l,
		.m = &s->m,
		.f = &s->f,
		.cc = &s->cc,
		.una = s->una,
		.nxt = s->nxt,
		.now_us = s->now,
		.srtt_us = s->srtt,
		.initial_segs = CC_INITIAL_SEGS,
		.sack = s->sack,
		.reo_us = s->reo_us,
	};
}

static inline uint32_t sender_pipe(struct sender *s)
{
	struct loss_ctx x = sender_ctx(s);

	return loss_pipe(&x);
}

static inline uint32_t sender_room(struct sender *s)
{
	struct loss_ctx x = sender_ctx(s);

	return loss_room(&x);
}

static inline void sender_new(struct sender *s, uint32_t octets)
{
	struct loss_ctx x = sender_ctx(s);

	if (!flight_send(&s->f, s->una, s->nxt, (uint32_t)s->now))
		flight_send_slow(&s->f, s->una, s->nxt, (uint32_t)s->now, 0);
	s->nxt += octets;
	loss_sent_new(&x, octets);
	cc_sent(&s->cc, s->nxt - s->una);
}

/* One segment again, as far as the window lets it; false if there is none or it does not. */
static inline bool sender_again(struct sender *s, struct seq_range *out)
{
	struct loss_ctx x = sender_ctx(s);

	if (loss_room(&x) < SMSS && !loss_forced(&x))
		return false;
	if (!loss_next(&x, out))
		return false;
	if (seq_range_len(*out) > SMSS)
		out->end = out->start + SMSS;
	loss_sent_again(&x, *out, (uint32_t)s->now, 0);
	return true;
}

/* An ACK with up to three blocks, a D-SACK first if there is one; tsecr 0: no timestamp. */
static inline unsigned sender_ack(struct sender *s, uint32_t ack, const struct seq_range *blk,
				  unsigned n, uint32_t tsecr)
{
	struct loss_ctx x = sender_ctx(s);
	struct flight_news news;
	struct loss_ack a = {.news = &news, .acked = ack - s->una, .can_send = s->can_send};
	unsigned ev, k = 0;

	loss_news_init(&x, &news);
	a.is_dup = a.acked == 0 && s->una != s->nxt;
	if (tsecr) {
		a.ts = true;
		a.tsecr = tsecr;
		news.echo_age_us = (uint32_t)s->now - tsecr;
	}
	if (a.acked)
		flight_ack(&s->f, s->una, ack, s->nxt, &news);
	s->una = ack;
	if (flight_is_dsack(blk, n, ack))
		a.dup = blk[k++];
	for (; k < n; k++)
		flight_sack(&s->f, s->una, s->nxt, blk[k], &news);
	x.una = ack;
	a.timed = news.sampled;
	if (a.timed)
		loss_rtt(&s->l, news.sample_us);
	ev = loss_ack(&x, &a);
	s->reo_us = x.reo_us;
	if ((ev & LOSS_EV_GROW) && a.acked) {
		const struct cc_ack c = {.now_us = s->now, .acked = a.acked, .nacks = 1};

		cc_ack(&s->cc, &c);
	}
	return ev;
}

/* The same in segments from base on, with one block if to is not 0. */
static inline unsigned sender_sack(struct sender *s, uint32_t ack, uint32_t from, uint32_t to)
{
	const struct seq_range blk = {s->base + from * SMSS, s->base + to * SMSS};

	return sender_ack(s, s->base + ack * SMSS, &blk, to != 0, 0);
}

static inline unsigned sender_reo_timeout(struct sender *s)
{
	struct loss_ctx x = sender_ctx(s);
	unsigned ev = loss_reo_timeout(&x);

	s->reo_us = x.reo_us;
	return ev;
}

static inline void sender_rto(struct sender *s)
{
	struct loss_ctx x = sender_ctx(s);

	loss_rto(&x, true);
	s->reo_us = 0;
}

#endif
