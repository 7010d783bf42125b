/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/net.c and tx.c: the way to an address, addresses that come, and transmit queues. */
#include "net_world.h"

#include <errno.h>

static int find(struct net_world *world, uint32_t to, struct route_cache *rc, struct ip_addr *src)
{
	struct ip_addr dst = ip_addr_from_host32(to);

	return net_route(&world->w, rc, &dst, src);
}

/* The way without a source given: interface and source address are these. */
static void assert_way(struct net_world *world, uint32_t to, unsigned iface, uint32_t from)
{
	struct ip_addr src = {.family = 0};
	struct route_cache rc;

	assert_int_equal(find(world, to, &rc, &src), 0);
	assert_ptr_equal(rc.iface, &world->ifc[iface]);
	assert_int_equal(rc.neigh != NULL, iface == 0);
	assert_int_equal(ip_addr_host32(&src), from);
	assert_true(net_route_valid(&world->w, &rc));
}

static uint32_t next_hop(struct net_world *world, uint32_t to)
{
	struct ip_addr src = {.family = 0};
	struct route_cache rc;

	assert_int_equal(find(world, to, &rc, &src), 0);
	return ip_addr_host32(&rc.neigh->addr);
}

static void test_source_and_next_hop_follow_the_route_RFC1122_3_3_4(void **state)
{
	struct net_world *world = *state;

	assert_way(world, PEER, 0, IF0_ADDR);
	assert_way(world, 0xc6336407, 0, IF0_ADDR2);
	assert_way(world, 0x0a000007, 1, IF1_ADDR);
	assert_way(world, FAR, 0, IF0_ADDR);
	assert_int_equal(next_hop(world, PEER), PEER);
	assert_int_equal(next_hop(world, FAR), GATEWAY);
}

static void test_a_given_source_must_be_ours_and_the_unspecified_one_is_replaced(void **state)
{
	struct net_world *world = *state;
	struct ip_addr src = ip_addr_from_host32(IF0_ADDR2);
	struct route_cache rc;

	assert_int_equal(find(world, PEER, &rc, &src), 0);
	assert_int_equal(ip_addr_host32(&src), IF0_ADDR2);
	src = ip_addr_from_host32(PEER);
	assert_int_equal(find(world, PEER, &rc, &src), -EADDRNOTAVAIL);
	assert_false(net_route_valid(&world->w, &rc));
	src = ip_addr_from_host32(IF0_BCAST);
	assert_int_equal(find(world, PEER, &rc, &src), -EADDRNOTAVAIL);
	src = ip_addr_any(AF_INET);
	assert_int_equal(find(world, PEER, &rc, &src), 0);
	assert_int_equal(ip_addr_host32(&src), IF0_ADDR);
}

static void test_nowhere_leads_no_way(void **state)
{
	static const uint32_t nowhere[] = {0, 0x7f000001, 0xf0000001, IF0_ADDR, IF1_ADDR};
	struct net_world *world = *state;
	struct ip_addr src = {.family = 0};
	struct route_cache rc;
	struct route def = {.dst = nw_prefix("0.0.0.0/0"), .gateway = ip_addr_from_host32(GATEWAY)};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(nowhere); i++)
		assert_int_equal(find(world, nowhere[i], &rc, &src), -ENETUNREACH);
	assert_int_equal(route_del(world->routes, &def), 0);
	assert_int_equal(find(world, FAR, &rc, &src), -ENETUNREACH);
	world->snap.routes = NULL;
	assert_int_equal(find(world, PEER, &rc, &src), -ENETUNREACH);
}

static void test_broadcasts_and_groups_have_their_link_address_by_themselves(void **state)
{
	static const uint8_t group_mac[6] = {1, 0, 0x5e, 0x01, 0x02, 0x03};
	static const struct {
		uint32_t to;
		const uint8_t *mac;
	} rows[] = {{UINT32_MAX, all_mac}, {IF0_BCAST, all_mac}, {0xe0010203, group_mac}};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct ip_addr src = {.family = 0};
		struct route_cache rc;
		size_t len;

		assert_int_equal(find(world, rows[i].to, &rc, &src), 0);
		assert_int_equal(ip_addr_host32(&src), IF0_ADDR);
		net_output(&world->w, &rc, nw_buffer(world, "x", 1));
		net_tx_flush(&world->w);
		assert_int_equal(world->nsent, i + 1);
		assert_memory_equal(nw_sent(world, i, &len), rows[i].mac, 6);
	}
}

static void test_the_source_address_decides_where_a_broadcast_goes(void **state)
{
	struct net_world *world = *state;
	struct ip_addr src = ip_addr_from_host32(IF1_ADDR);
	struct route_cache rc;

	assert_int_equal(find(world, UINT32_MAX, &rc, &src), 0);
	assert_ptr_equal(rc.iface, &world->ifc[1]);
}

static void test_links_and_interfaces_that_are_down(void **state)
{
	struct net_world *world = *state;
	struct ip_addr src = {.family = 0};
	struct route_cache rc;
	struct route second = {.dst = nw_prefix("0.0.0.0/0"),
			       .gateway = ip_addr_from_host32(0x0a0000fe),
			       .iface = 1,
			       .metric = 50};

	assert_int_equal(route_add(world->routes, &second), 0);
	assert_way(world, FAR, 0, IF0_ADDR);
	assert_int_equal(find(world, FAR, &rc, &src), 0);
	assert_true(net_route_valid(&world->w, &rc));
	world->ifc[0].link_up = false;
	net_snapshot_touch(&world->snap);
	assert_false(net_route_valid(&world->w, &rc)); /* cached ways are chosen anew */
	assert_way(world, FAR, 1, IF1_ADDR);	       /* the next best takes over */
	assert_way(world, PEER, 0, IF0_ADDR);	       /* there is no other: wait for the link */
	world->ifc[0].state = NSK_IFACE_DISABLED;
	assert_way(world, PEER, 1, IF1_ADDR); /* its routes do not count now */
	assert_int_equal(route_del(world->routes, &second), 0);
	assert_int_equal(find(world, PEER, &rc, &src), -ENETDOWN);
}

/* As Linux: EINVAL, EHOSTUNREACH, EACCES. */
static void test_routes_that_lead_nowhere_say_so(void **state)
{
	static const struct {
		uint8_t type;
		int err;
	} rows[] = {{ROUTE_BLACKHOLE, -EINVAL},
		    {ROUTE_UNREACHABLE, -EHOSTUNREACH},
		    {ROUTE_PROHIBIT, -EACCES}};
	struct net_world *world = *state;
	struct ip_addr dst = ip_addr_from_host32(FAR), next;
	struct route r = {.dst = {.addr = dst, .len = 32}};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct ip_addr src = {.family = 0};
		struct route_cache rc;
		struct iface *ifc;

		r.type = rows[i].type;
		assert_int_equal(route_add(world->routes, &r), 0);
		assert_int_equal(find(world, FAR, &rc, &src), rows[i].err);
		assert_int_equal(net_next_hop(&world->w, &dst, NULL, &ifc, &next), rows[i].err);
		assert_int_equal(route_del(world->routes, &r), 0);
	}
	assert_way(world, FAR, 0, IF0_ADDR);
}

static void test_a_route_may_say_from_where_to_send(void **state)
{
	struct net_world *world = *state;
	struct route r = {.dst = {.addr = ip_addr_from_host32(FAR), .len = 32},
			  .gateway = ip_addr_from_host32(GATEWAY),
			  .src = ip_addr_from_host32(IF1_ADDR)};
	struct ip_addr src = ip_addr_from_host32(IF0_ADDR);
	struct route_cache rc;

	assert_int_equal(route_add(world->routes, &r), 0);
	assert_way(world, FAR, 0, IF1_ADDR);
	assert_int_equal(find(world, FAR, &rc, &src), 0); /* who says it himself is not asked */
	assert_int_equal(ip_addr_host32(&src), IF0_ADDR);
	assert_int_equal(route_del(world->routes, &r), 0);
	r.src = ip_addr_from_host32(PEER); /* not ours */
	assert_int_equal(route_add(world->routes, &r), 0);
	assert_way(world, FAR, 0, IF0_ADDR);
}

/* Two gateways on if0 and one on if1, for FAR. */
static void add_hops(struct net_world *world)
{
	static const uint32_t gateways[] = {GATEWAY, GATEWAY + 1, 0x0a0000fe};

	for (unsigned i = 0; i < 3; i++) {
		struct route r = {.dst = {.addr = ip_addr_from_host32(FAR), .len = 32},
				  .gateway = ip_addr_from_host32(gateways[i]),
				  .iface = i == 2,
				  .weight = 1};

		assert_int_equal(route_add(world->routes, &r), 0);
	}
}

/* RFC 2992: packets of a flow stay together; and here, both directions of it. */
static void test_both_directions_of_a_flow_choose_the_same_path(void **state)
{
	struct net_world *world = *state;
	struct ip_addr dst = ip_addr_from_host32(FAR);
	unsigned taken[2] = {0};

	add_hops(world);
	for (unsigned i = 0; i < 500; i++) {
		struct flow f = {.sport_be = (uint16_t)i, .dport_be = 80}, back;
		struct ip_addr a, b;
		struct iface *ia, *ib;

		memcpy(f.src, (uint8_t[]){192, 0, 2, 7}, 4);
		memcpy(f.dst, dst.b, 4);
		memcpy(back.src, f.dst, 16);
		memcpy(back.dst, f.src, 16);
		back.sport_be = f.dport_be;
		back.dport_be = f.sport_be;
		assert_int_equal(net_next_hop(&world->w, &dst, &f, &ia, &a), 0);
		assert_int_equal(net_next_hop(&world->w, &dst, &back, &ib, &b), 0);
		assert_true(ip_addr_eq(&a, &b));
		assert_ptr_equal(ia, ib);
		taken[ia == &world->ifc[1]]++;
	}
	assert_in_range(taken[1], 120, 210); /* a third */
}

/* A connection that is looked up again, now with its source, goes on as it began. */
static void test_a_flow_of_ours_keeps_its_path(void **state)
{
	struct net_world *world = *state;
	struct ip_addr dst = ip_addr_from_host32(FAR);
	unsigned on_if1 = 0, neighs = 0;
	struct neigh *first = NULL;

	add_hops(world);
	for (uint16_t port = 1; port <= 200; port++) {
		struct ip_addr src = {.family = 0};
		struct route_cache rc, again;

		assert_int_equal(net_route_ports(&world->w, &rc, &dst, &src, 80, port), 0);
		assert_true(net_route_several(&world->w));
		assert_int_equal(ip_addr_host32(&src), rc.iface->index ? IF1_ADDR : IF0_ADDR);
		assert_int_equal(net_route_ports(&world->w, &again, &dst, &src, 80, port), 0);
		assert_ptr_equal(rc.iface, again.iface);
		assert_ptr_equal(rc.neigh, again.neigh);
		on_if1 += rc.iface->index;
		first = first ? first : rc.neigh;
		neighs += rc.neigh && rc.neigh != first;
	}
	assert_in_range(on_if1, 40, 95);
	assert_in_range(neighs, 20, 180); /* both gateways of if0 have some */
	world->ifc[0].link_up = false;
	for (uint16_t port = 1; port <= 50; port++) {
		struct ip_addr src = ip_addr_from_host32(IF0_ADDR);
		struct route_cache rc;

		assert_int_equal(net_route_ports(&world->w, &rc, &dst, &src, 80, port), 0);
		assert_ptr_equal(rc.iface, &world->ifc[1]);
	}
}

/* The same where one path leads to a gateway and the other to the station itself: the way that is
 * taken with the source is of one of them, not something of both. */
static void test_of_a_gateway_and_a_link_a_flow_keeps_one(void **state)
{
	struct net_world *world = *state;
	struct ip_addr dst = ip_addr_from_host32(FAR);
	unsigned on_link = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct route r = {.dst = {.addr = dst, .len = 32}, .weight = 1};

		if (i)
			r.gateway = ip_addr_from_host32(GATEWAY);
		assert_int_equal(route_add(world->routes, &r), 0);
	}
	for (uint16_t port = 1; port <= 100; port++) {
		struct ip_addr src = {.family = 0};
		struct route_cache rc, again;

		assert_int_equal(net_route_ports(&world->w, &rc, &dst, &src, 80, port), 0);
		assert_int_equal(net_route_ports(&world->w, &again, &dst, &src, 80, port), 0);
		assert_ptr_equal(rc.neigh, again.neigh);
		on_link += ip_addr_eq(&rc.neigh->addr, &dst);
	}
	assert_in_range(on_link, 30, 70);
}

/* RFC 1812 §5.2.4.3: the metric comes first. A source chooses among those of one metric alone. */
static void test_a_source_does_not_outweigh_the_metric(void **state)
{
	struct net_world *world = *state;
	struct ip_addr dst = ip_addr_from_host32(FAR);

	for (uint8_t i = 0; i < 2; i++) {
		struct route r = {.dst = {.addr = dst, .len = 32},
				  .gateway = ip_addr_from_host32(i ? 0x0a0000fe : GATEWAY),
				  .iface = i,
				  .metric = i,
				  .weight = 1};

		assert_int_equal(route_add(world->routes, &r), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct ip_addr src = ip_addr_from_host32(IF1_ADDR);
		struct route_cache rc;

		assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
		assert_ptr_equal(rc.iface, &world->ifc[i]);
		world->ifc[0].link_up = false; /* now the other is the best */
	}
}

static void test_an_interface_without_an_address_gives_no_source(void **state)
{
	struct net_world *world = *state;
	struct ip_addr src = {.family = 0};
	struct route_cache rc;

	world->ifc[1].naddrs = 0;
	assert_int_equal(find(world, 0x0a000007, &rc, &src), -EADDRNOTAVAIL);
}

/* ---- addresses that come ---- */

static void test_an_address_that_comes_is_known_and_ways_are_chosen_anew(void **state)
{
	struct net_world *world = *state;
	struct ip_prefix a = nw_prefix("203.0.113.1/24");
	struct ip_addr src = {.family = 0};
	struct route_cache rc;

	nw_resolve(world, PEER, peer_mac);
	assert_int_equal(find(world, PEER, &rc, &src), 0);
	assert_true(net_route_valid(&world->w, &rc));
	assert_int_equal(iface_add_addr(&world->ifc[0], &a), 0);
	net_addresses_changed(&world->w);
	assert_false(net_route_valid(&world->w, &rc));
	world->mem.fail_at = 1; /* without memory it is known later */
	assert_false(net_look_at_addresses(&world->w));
	assert_null(net_local(&world->w, a.addr.b, AF_INET));
	assert_true(net_look_at_addresses(&world->w));
	assert_ptr_equal(net_local(&world->w, a.addr.b, AF_INET), &world->ifc[0]);
	/* The neighbour is still known. */
	assert_int_equal(find(world, PEER, &rc, &src), 0);
	assert_int_equal(rc.neigh->state, NEIGH_REACHABLE);
}

/* ---- transmit ---- */

/* Frame number i of put_frames(). */
static unsigned number_of(const struct net_world *world, unsigned i)
{
	size_t len;

	return load_be32(nw_sent(world, i, &len));
}

static void put_frames(struct net_world *world, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t be = WIRE_BE32(first + i);

		net_tx(&world->w, &world->ifc[0], nw_buffer(world, &be, 4));
	}
}

static void test_what_the_port_does_not_take_stays_in_order_and_counts_later(void **state)
{
	struct net_world *world = *state;

	put_frames(world, 0, 100);
	assert_true(net_tx_pending(&world->w));
	for (unsigned taken = 0; taken < 100; taken += 10) {
		world->port_room = 10;
		assert_int_equal(net_tx_flush(&world->w), 10);
		assert_int_equal(world->w.cnt[NSK_CNT_TX_PACKETS], taken + 10);
		assert_int_equal(world->w.cnt[NSK_CNT_TX_BYTES], 4 * (taken + 10));
	}
	assert_false(net_tx_pending(&world->w));
	assert_int_equal(net_tx_flush(&world->w), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(number_of(world, i), i);
}

static void test_a_full_queue_is_given_to_the_port_and_drops_only_what_that_refuses(void **state)
{
	struct net_world *world = *state;

	put_frames(world, 0, 900);
	assert_true(world->nsent >= 900 - 128);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 900);
	for (unsigned i = 0; i < 900; i++)
		assert_int_equal(number_of(world, i), i);
	nw_forget_sent(world);
	world->port_room = 5;
	put_frames(world, 0, 200);
	nw_assert_drops(world, NSK_DROP_TX_RING_FULL, 200 - 128 - 5);
	world->port_room = UINT32_MAX;
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 133);
	for (unsigned i = 0; i < 133; i++)
		assert_int_equal(number_of(world, i), i);
}

static void test_nothing_goes_to_an_interface_or_link_that_is_down(void **state)
{
	struct net_world *world = *state;

	put_frames(world, 0, 7);
	world->ifc[0].state = NSK_IFACE_DISABLING;
	assert_int_equal(net_tx_flush(&world->w), 0);
	nw_assert_drops(world, NSK_DROP_TX_LINK_DOWN, 7);
	put_frames(world, 0, 1);
	world->ifc[0].state = NSK_IFACE_ENABLED;
	world->ifc[0].link_up = false;
	put_frames(world, 0, 1);
	nw_assert_drops(world, NSK_DROP_TX_LINK_DOWN, 9);
	assert_false(net_tx_pending(&world->w));
}

static struct rte_mbuf *chain(struct net_world *world, size_t first, size_t second)
{
	static const uint8_t bytes[2048];
	struct rte_mbuf *m = nw_buffer(world, bytes, first);

	assert_int_equal(rte_pktmbuf_chain(m, nw_buffer(world, bytes, second)), 0);
	return m;
}

static void test_a_port_of_single_buffers_gets_one_or_nothing(void **state)
{
	struct net_world *world = *state;

	net_tx(&world->w, &world->ifc[0], chain(world, 1000, 1000));
	world->ifc[0].tx_offloads = 0;
	net_tx(&world->w, &world->ifc[0], chain(world, 1000, 1000));
	net_tx(&world->w, &world->ifc[0], chain(world, 1500, 1500));
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 2);
	assert_int_equal(world->sent[0]->nb_segs, 2);
	assert_int_equal(world->sent[1]->nb_segs, 1);
	assert_int_equal(world->sent[1]->data_len, 2000);
	nw_assert_drops(world, NSK_DROP_TX_SEGMENTS, 1);
}

static void test_a_worker_without_a_queue_of_the_port_leaves_counting_to_who_has_one(void **state)
{
	struct net_world *world = *state;

	world->w.id = 1;
	put_frames(world, 0, 3);
	assert_int_equal(net_tx_flush(&world->w), 3);
	assert_int_equal(world->w.cnt[NSK_CNT_TX_PACKETS], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST(test_source_and_next_hop_follow_the_route_RFC1122_3_3_4),
		NW_TEST(test_a_given_source_must_be_ours_and_the_unspecified_one_is_replaced),
		NW_TEST(test_nowhere_leads_no_way),
		NW_TEST(test_broadcasts_and_groups_have_their_link_address_by_themselves),
		NW_TEST(test_the_source_address_decides_where_a_broadcast_goes),
		NW_TEST(test_links_and_interfaces_that_are_down),
		NW_TEST(test_routes_that_lead_nowhere_say_so),
		NW_TEST(test_a_route_may_say_from_where_to_send),
		NW_TEST(test_both_directions_of_a_flow_choose_the_same_path),
		NW_TEST(test_a_flow_of_ours_keeps_its_path),
		NW_TEST(test_of_a_gateway_and_a_link_a_flow_keeps_one),
		NW_TEST(test_a_source_does_not_outweigh_the_metric),
		NW_TEST(test_an_interface_without_an_address_gives_no_source),
		NW_TEST(test_an_address_that_comes_is_known_and_ways_are_chosen_anew),
		NW_TEST(test_what_the_port_does_not_take_stays_in_order_and_counts_later),
		NW_TEST(test_a_full_queue_is_given_to_the_port_and_drops_only_what_that_refuses),
		NW_TEST(test_nothing_goes_to_an_interface_or_link_that_is_down),
		NW_TEST(test_a_port_of_single_buffers_gets_one_or_nothing),
		NW_TEST(test_a_worker_without_a_queue_of_the_port_leaves_counting_to_who_has_one),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
