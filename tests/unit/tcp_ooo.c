/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/ooo.c: what came before its turn (RFC 9293 §3.10.7.4, seventh check). */
#include "tcp_world.h"

#include "tcp/ooo.h"
#include "tcp/rcvbuf.h"

#define FIRST 5000u /* rcv_nxt */

/* A segment's payload of len octets from seq on, all of them mark. */
static void put(struct net_world *world, struct tcp_conn *c, uint32_t seq, uint16_t len,
		uint8_t mark)
{
	struct rte_mbuf *m = pkt_alloc(&world->w);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, len), mark, len);
	ooo_add(&world->w, c, m, seq);
}

/* The octets in order so far, as a string of runs. */
static void assert_read(struct net_world *world, struct tcp_conn *c, const char *runs)
{
	for (; *runs; runs += 2) {
		for (int left = (runs[1] - '0') * 100; left > 0; left--) {
			assert_non_null(c->rcv.head);
			assert_int_equal(*rte_pktmbuf_mtod(c->rcv.head, char *), runs[0]);
			rcvq_consume(&world->w, c, 1);
		}
	}
	assert_int_equal(c->rcv.bytes, 0);
}

static void what_fills_the_gap_is_delivered_with_all_behind_it(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);

	put(world, c, FIRST + 100, 100, 'b');
	put(world, c, FIRST + 300, 100, 'd');
	assert_int_equal(ooo_deliver(&world->w, c), 0);
	put(world, c, FIRST, 100, 'a');
	assert_int_equal(ooo_deliver(&world->w, c), 200);
	assert_int_equal(c->rcv_nxt, FIRST + 200);
	put(world, c, FIRST + 200, 100, 'c');
	assert_int_equal(ooo_deliver(&world->w, c), 200);
	assert_int_equal(c->rcv_nxt, FIRST + 400);
	assert_read(world, c, "a1b1c1d1");
	assert_int_equal(c->ext->ooo_mem, 0);
	end_one(world, c);
}

/* Octets that came first win, so that a later lie changes nothing. */
static void the_first_of_two_that_overlap_wins(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);

	put(world, c, FIRST + 100, 200, 'x');
	put(world, c, FIRST + 200, 200, 'y');
	put(world, c, FIRST + 100, 300, 'z');
	put(world, c, FIRST, 200, 'w');
	assert_int_equal(ooo_deliver(&world->w, c), 400);
	assert_read(world, c, "w1x2y1");
	end_one(world, c);
}

static void the_highest_is_given_up_first(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);
	uint32_t mem, limit = c->rcv.limit;

	put(world, c, FIRST + 100, 100, 'b');
	mem = c->ext->ooo_mem;
	put(world, c, FIRST + 300, 100, 'd');
	c->rcv.limit = mem;
	ooo_prune(&world->w, c, mem);
	c->rcv.limit = limit;
	assert_int_equal(c->ext->ooo_mem, mem);
	put(world, c, FIRST, 100, 'a');
	put(world, c, FIRST + 200, 100, 'c');
	assert_int_equal(ooo_deliver(&world->w, c), 300);
	assert_read(world, c, "a1b1c1");
	end_one(world, c);
}

static void what_is_left_goes_with_the_connection(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = open_one(world, PEER, 1000);

	for (uint32_t i = 1; i < 20; i += 2)
		put(world, c, FIRST + i * 100, 100, 'x');
	assert_true(world->w.tcp->rcv_mem.used > 0);
	end_one(world, c);
	assert_int_equal(world->w.tcp->rcv_mem.used, 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, tw_setup, tw_teardown)
	const struct CMUnitTest tests[] = {
		T(what_fills_the_gap_is_delivered_with_all_behind_it),
		T(the_first_of_two_that_overlap_wins),
		T(the_highest_is_given_up_first),
		T(what_is_left_goes_with_the_connection),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
