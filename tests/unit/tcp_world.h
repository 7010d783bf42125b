/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections for the tests of lib/tcp, in the world of net_world.h: made by hand, in whatever
 * state a test wants, without segments. What segments do is for tests/sim and tests/script.
 */
#ifndef NSK_TESTS_UNIT_TCP_WORLD_H
#define NSK_TESTS_UNIT_TCP_WORLD_H

#include "net_world.h"

#include <errno.h>

#include "tcp/conn.h"
#include "tcp/table.h"
#include "tcp/tcp.h"

#define OWN_PORT 80

static inline int tw_setup(void **state)
{
	struct net_world *world = nw_new();
	struct settings *set = &world->set;

	set->buf_bytes = 2048;
	set->tcp_window = 65535;
	set->tcp_rcvbuf_max = 6291456;
	set->tcp_sndbuf = 262144;
	set->tcp_sndbuf_max = 4194304;
	set->tcp_rto_min_ms = 200;
	set->tcp_rto_max_ms = 120000;
	set->tcp_rto_init_ms = 1000;
	set->tcp_max_conns = 1000;
	set->tcp_max_syn = 100;
	set->tcp_max_time_wait = 100;
	nw_start(world);
	assert_int_equal(tcp_worker_init(&world->w), 0);
	*state = world;
	return 0;
}

static inline int tw_teardown(void **state)
{
	struct net_world *world = *state;

	tcp_worker_fini(&world->w);
	return nw_teardown(state);
}

static inline struct flow flow_of(uint32_t peer, uint16_t peer_port, uint16_t own_port)
{
	struct flow f = {.sport_be = WIRE_BE16(peer_port), .dport_be = WIRE_BE16(own_port)};

	store_be32(f.src, peer);
	store_be32(f.dst, IF0_ADDR);
	return f;
}

/* A connection under no name yet. */
static inline struct tcp_conn *fresh(struct net_world *world)
{
	struct tcp_conn *c = conn_new(&world->w, AF_INET);

	assert_non_null(c);
	return c;
}

/* One in the table under its flow, established, with its sequence numbers at 1000 and 5000. */
static inline struct tcp_conn *open_one(struct net_world *world, uint32_t peer, uint16_t port)
{
	struct tcp_conn *c = fresh(world);
	const struct tcp_worker *t = world->w.tcp;

	c->flow = flow_of(peer, port, OWN_PORT);
	c->snd_una = c->snd_nxt = c->snd_end = 1000;
	c->rcv_nxt = 5000;
	c->rcv.peer_mss = 1460;
	c->win.rcv_adv = c->rcv_nxt + c->rcv.limit;
	conn_set_state(&world->w, c, TCPS_ESTABLISHED);
	conn_open(&world->w, c, 0);
	assert_int_equal(table_add_conn(&world->w, c, table_flow_hash(t, &c->flow, AF_INET)), 0);
	return c;
}

static inline void end_one(struct net_world *world, struct tcp_conn *c)
{
	c->flags |= CONN_F_ORPHAN;
	conn_free(&world->w, c);
}

#endif
