/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/neigh_queue.c: packets that wait for a neighbour, and who makes room for whom. */
#include "net_neighs.h"

static void test_the_queue_holds_three_and_drops_the_oldest(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);

	for (char c = 'a'; c <= 'e'; c++)
		put(world, &rc, c);
	nw_assert_drops(world, NSK_DROP_ARP_QUEUE_FULL, 2);
	nw_arp(world, ARP_OP_REPLY, peer_mac, PEER, IF0_ADDR);
	assert_int_equal(world->nsent, 4);
	assert_put(world, 1, peer_mac, 'c');
	assert_put(world, 3, peer_mac, 'e');
}

/* A later fragment of datagram number id for who is not there yet. */
static void put_fragment(struct net_world *world, const struct route_cache *rc, uint16_t id,
			 uint16_t frag)
{
	uint8_t p[IPV4_HLEN + 8] = {0};

	ipv4_write_summed(p, &(struct ipv4_view){.src = FAR,
						 .dst = PEER,
						 .total_len = sizeof(p),
						 .id = id,
						 .frag = frag,
						 .ttl = 9,
						 .proto = IP_PROTO_UDP});
	net_output(&world->w, rc, nw_buffer(world, p, sizeof(p)));
	net_tx_flush(&world->w);
}

/* Somebody's, whom a router forwards for: what is no datagram waits as packets do. */
static void test_fragments_of_many_datagrams_count_one_by_one(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);

	for (uint16_t i = 0; i < 50; i++)
		put_fragment(world, &rc, i, 7);
	assert_int_equal(world->w.net->neighs->buffers, 3);
	nw_assert_drops(world, NSK_DROP_ARP_QUEUE_FULL, 47);
	nw_arp(world, ARP_OP_REPLY, peer_mac, PEER, IF0_ADDR);
	assert_int_equal(world->nsent, 1 + 3);
}

static void test_a_datagram_without_end_is_one_packet_no_longer(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);
	uint32_t count = world->w.pool->count;

	world->w.pool->count = NEIGH_QUEUE_SHARE * 1000; /* of all together: more */
	for (unsigned i = 0; i < 128; i++)
		put_fragment(world, &rc, 1, (uint16_t)(IPV4_FRAG_MF | (1 + i)));
	assert_int_equal(rc.neigh->queued, 1);
	for (unsigned i = 0; i < 10 * 128; i++)
		put_fragment(world, &rc, 1, (uint16_t)(IPV4_FRAG_MF | (129 + i)));
	assert_int_equal(rc.neigh->queued, 3);
	assert_int_equal(rc.neigh->buffers, 3 * 128);
	nw_arp(world, ARP_OP_REPLY, peer_mac, PEER, IF0_ADDR);
	assert_int_equal(world->w.net->neighs->buffers, 0);
	world->w.pool->count = count;
}

/* Waits for host number i of the subnet, which nobody is. */
static void put_for(struct net_world *world, uint32_t i)
{
	struct route_cache rc = way(world, i < 120 ? 0xc0000240u + i : 0xc6336402u + i % 120);

	put(world, &rc, 'x');
}

static uint32_t room_of_all(const struct net_world *world)
{
	return world->w.pool->count / NEIGH_QUEUE_SHARE;
}

static void test_all_together_have_a_part_of_the_buffers_and_who_waited_longest_goes(void **state)
{
	struct net_world *world = *state;
	uint32_t room = room_of_all(world);
	struct route_cache rc = way(world, PEER);

	put_for(world, 0);
	put(world, &rc, 'a');
	put(world, &rc, 'b');
	for (uint32_t i = 1; i < room - 2; i++)
		put_for(world, i);
	nw_assert_drops(world, NSK_DROP_ARP_QUEUE_FULL, 0);
	assert_int_equal(world->w.net->neighs->buffers, room);
	put_for(world, room);
	nw_assert_drops(world, NSK_DROP_ARP_QUEUE_FULL, 1); /* number 0's */
	put_for(world, room + 1);
	nw_assert_drops(world, NSK_DROP_ARP_QUEUE_FULL, 2); /* 'a' */
	assert_int_equal(world->w.net->neighs->buffers, room);
	nw_forget_sent(world);
	nw_arp(world, ARP_OP_REPLY, peer_mac, PEER, IF0_ADDR);
	assert_int_equal(world->nsent, 1);
	assert_put(world, 0, peer_mac, 'b');
	/* Who lost all his packets is there all the same when he answers. */
	nw_arp(world, ARP_OP_REPLY, peer_mac, 0xc0000240u, IF0_ADDR);
	assert_int_equal(state_of(world, 0xc0000240u), NEIGH_REACHABLE);
	assert_int_equal(world->nsent, 1);
}

static void test_who_could_not_even_be_asked_takes_nobodys_place(void **state)
{
	struct net_world *world = *state;
	uint32_t room = room_of_all(world);
	struct route_cache rc;

	for (uint32_t i = 0; i < room; i++)
		put_for(world, i);
	while (limiter_allow(&world->w.net->neighs->ask, world->w.now_ns,
			     1000000000u / NEIGH_ASK_RATE, NEIGH_ASK_BURST))
		;
	rc = way(world, PEER);
	put(world, &rc, 'a');
	nw_assert_drops(world, NSK_DROP_ARP_QUEUE_FULL, 1);
	assert_int_equal(world->w.net->neighs->buffers, room);
	nw_forget_sent(world);
	nw_arp(world, ARP_OP_REPLY, peer_mac, 0xc0000240u, IF0_ADDR); /* the first one is served */
	assert_put(world, 0, peer_mac, 'x');
}

/* A packet that lies in several buffers is several. */
static void test_what_waits_is_counted_by_buffers(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = way(world, PEER);
	struct rte_mbuf *m = nw_buffer(world, "head", 4), *more;

	for (unsigned i = 1; i < 5; i++) {
		more = nw_buffer(world, "tail", 4);
		assert_int_equal(rte_pktmbuf_chain(m, more), 0);
	}
	net_output(&world->w, &rc, m);
	put(world, &rc, 'a');
	assert_int_equal(world->w.net->neighs->buffers, 6);
	for (unsigned i = 0; i < 2; i++) /* three packets a neighbour: the chain goes */
		put(world, &rc, 'b');
	assert_int_equal(world->w.net->neighs->buffers, 3);
	nw_pass(world, 10000);
	assert_int_equal(world->w.net->neighs->buffers, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST(test_the_queue_holds_three_and_drops_the_oldest),
		NW_TEST(test_fragments_of_many_datagrams_count_one_by_one),
		NW_TEST(test_a_datagram_without_end_is_one_packet_no_longer),
		NW_TEST(test_all_together_have_a_part_of_the_buffers_and_who_waited_longest_goes),
		NW_TEST(test_who_could_not_even_be_asked_takes_nobodys_place),
		NW_TEST(test_what_waits_is_counted_by_buffers),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
