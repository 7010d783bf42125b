/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers for the tests of a connection's image (lib/tcp/image.h): the one that it leaves, and
 * the one that takes it, whose clock shows another time and whose keys are others.
 */
#ifndef NSK_TESTS_UNIT_TCP_IMAGE_WORLD_H
#define NSK_TESTS_UNIT_TCP_IMAGE_WORLD_H

#include "tcp_world.h"

#include "sock/zc_send.h"
#include "tcp/image.h"
#include "tcp/mtu.h"
#include "tcp/ooo.h"
#include "tcp/output.h"
#include "tcp/pace.h"
#include "tcp/rcvbuf.h"
#include "tcp/recover.h"
#include "tcp/sndbuf.h"
#include "tcp/timer.h"
#include "tcpalg/cc_bbr.h"
#include "tcpalg/image.h"

#define IMAGE_ROOM 65536u

/* The worker that it leaves, and the one that takes it. */
struct pair {
	struct net_world *from, *to;
	uint8_t image[IMAGE_ROOM];
	size_t len;
};

static const wheel_fn timers[TIMER_KINDS] = {
	[TIMER_TCP_CONN] = tcp_conn_timer,
	[TIMER_NEIGH] = neigh_timer,
};

static inline int pair_setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	void *world;

	assert_non_null(p);
	tw_setup(&world);
	p->from = world;
	tw_setup(&world);
	p->to = world;
	p->to->w.now_ns = 77 * MS; /* a process that has only just begun */
	wheel_init(&p->to->w.wheel, p->to->w.now_ns, timers, TIMER_KINDS, &p->to->w);
	tcp_clock(&p->to->w);
	*state = p;
	return 0;
}

static inline int pair_teardown(void **state)
{
	struct pair *p = *state;
	void *from = p->from, *to = p->to;

	/* Buffers of the one lie in the other's pool, or are kept there. */
	tcp_worker_fini(&p->to->w);
	tcp_worker_fini(&p->from->w);
	assert_int_equal(nw_teardown(&to), 0);
	assert_int_equal(nw_teardown(&from), 0);
	free(p);
	return 0;
}

/* ---- connections ---- */

/* As a handshake leaves it. */
static inline struct tcp_conn *begun_one(struct net_world *world)
{
	struct tcp_conn *c = open_one(world, PEER, 1000);

	rtt_init(&c->rtt, &world->w.tcp->rtt_limits);
	ackpolicy_init(&c->ack, ACKPOLICY_LINUX);
	loss_init(&c->loss);
	cc_init(&c->cc, &cc_cubic, 1460, CC_INITIAL_SEGS);
	return c;
}

static inline void write_some(struct net_world *world, struct tcp_conn *c, uint32_t len)
{
	uint8_t octets[4096];

	for (uint32_t n; len; len -= n) {
		n = NSK_MIN(len, (uint32_t)sizeof(octets));
		memset(octets, (int)(len & 0xff), n);
		assert_int_equal(sndq_write(&world->w, c, octets, n), n);
		sndq_mark_push(c);
	}
}

static inline void sent(struct net_world *world, struct tcp_conn *c, uint32_t len)
{
	recover_send(&world->w, c);
	c->snd_nxt += len;
	tcp_rto_restart(&world->w, c);
}

static inline void arrived(struct net_world *world, struct tcp_conn *c, uint32_t seq, uint16_t len)
{
	struct rte_mbuf *m = pkt_alloc(&world->w);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, len), (int)(seq & 0xff), len);
	if (seq == c->rcv_nxt) {
		assert_true(rcvq_append(&world->w, c, m));
		c->rcv_nxt += len;
		sock_ready(&c->sock, EPOLLIN);
	} else {
		ooo_add(&world->w, c, m, seq);
	}
}

/* Something of everything: unread, out of order, in flight, lost, held by the peer, unsent. */
static inline struct tcp_conn *busy_one(struct net_world *world)
{
	struct tcp_conn *c = begun_one(world);
	struct nsk_worker *w = &world->w;
	struct flight_news news;

	c->flags |= CONN_F_SACK | CONN_F_TS | CONN_F_NODELAY | CONN_F_OPENER;
	c->ts_off = 12345;
	write_some(world, c, 20000);
	rtt_sample(&c->rtt, &w->tcp->rtt_limits, 30000);
	recover_prepare(w, c, c->snd_una);
	sent(world, c, 5000);
	w->now_ns += 7 * MS;
	tcp_clock(w);
	sent(world, c, 5000);
	loss_news_init(&(struct loss_ctx){.l = &c->loss, .f = &c->flight, .una = 1000}, &news);
	assert_int_equal(flight_sack(&c->flight, c->snd_una, c->snd_nxt,
				     (struct seq_range){4000, 6000}, &news),
			 FLIGHT_NEW);
	flight_mark(&c->flight, c->snd_una, c->snd_nxt, 2460);
	c->loss.state = LOSS_DISORDER;
	undo_arm(&c->ext->loss->undo, &c->cc, c->snd_una, 0, false);
	arrived(world, c, 5000, 1460);
	arrived(world, c, 6460, 1460);
	arrived(world, c, 10000, 100);
	arrived(world, c, 10100, 1000);
	arrived(world, c, 9000, 300);
	c->last_ack_ms = w->tcp->now_ms - 3;
	c->last_data_ms = w->tcp->now_ms - 4;
	tcp_timer_set(w, c, TCP_T_LIFE, 3600 * S_NS);
	tcp_timer_set(w, c, TCP_T_DELACK, 40 * MS);
	c->ext->user_timeout_ms = 30000;
	c->ext->path_mtu = 1400;
	c->ext->count.retrans = 3;
	assert_true(zc_count_on(&c->sock, 11));
	c->sock.linger_s = 7;
	c->sock.rcvtimeo_ms = 1234;
	assert_int_equal(conn_route_slow(w, c), 0);
	return c;
}

static inline void choose(struct net_world *world, struct tcp_conn *c, enum cc_id algo)
{
	cc_init(&c->cc, cc_algos[algo], c->cc.smss, 10);
	if (c->cc.flags & CC_MODEL)
		assert_true(pace_model(&world->w, c));
}

/* ---- moves ---- */

static inline void export(struct pair *p, const struct tcp_conn *c)
{
	p->len = conn_export(&p->from->w, c, p->image, sizeof(p->image));
	assert_in_range(p->len, 1, sizeof(p->image));
}

static inline int import(struct pair *p, struct conn_queues *q, struct tcp_conn **c)
{
	return conn_import(&p->to->w, p->image, p->len, 0, q, c);
}

/* The connection leaves; it is at the other end. */
static inline struct tcp_conn *move(struct pair *p, struct tcp_conn *c)
{
	struct conn_queues q;
	struct tcp_conn *moved;

	export(p, c);
	conn_queues_take(&p->from->w, c, &q);
	assert_int_equal(import(p, &q, &moved), 0);
	end_one(p->from, c);
	assert_int_equal(p->from->w.tcp->snd_mem.used, 0);
	assert_int_equal(p->from->w.tcp->rcv_mem.used, 0);
	return moved;
}

static inline void end_moved(struct pair *p, struct tcp_conn *c)
{
	struct tcp_worker *t = p->to->w.tcp;

	while (t->dirty) {
		struct tcp_conn *d = t->dirty;

		t->dirty = d->dirty_next;
		d->flags &= ~CONN_F_DIRTY;
	}
	t->dirty_tail = &t->dirty;
	if (t->conns.in_use)
		end_one(p->to, c);
	assert_int_equal(t->snd_mem.used, 0);
	assert_int_equal(t->rcv_mem.used, 0);
	assert_int_equal(t->conns.in_use, 0);
	assert_int_equal(t->exts.in_use, 0);
}

/* Out, in and out again: twice the same octets, though nothing else is the same. */
static inline void assert_same_again(struct pair *p, struct tcp_conn *c)
{
	static uint8_t again[IMAGE_ROOM];
	struct tcp_conn *moved = move(p, c);
	size_t len = conn_export(&p->to->w, moved, again, sizeof(again));

	assert_int_equal(len, p->len);
	for (size_t i = 0; i < len; i++)
		if (again[i] != p->image[i])
			fail_msg("octet %zu of %zu is another one", i, len);
	end_moved(p, moved);
}

#endif
