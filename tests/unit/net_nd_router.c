/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/nd.c, local.c: what a router of IPv6 says and listens to. */
#include "net_routers.h"

#include "dgram/dgram.h"

#define ANYCAST	    "2001:db8::"
#define ANY_GROUP   "ff02::1:ff00:0"
#define OURS_NARROW "2001:db8:7::1"

static void be_router(struct net_world *world, bool router)
{
	world->set.ipv6_forward = router;
	net_addresses_changed(&world->w);
	assert_true(net_look_at_addresses(&world->w));
}

static int router_setup(void **state)
{
	struct net_world *world;

	nw6_setup_peer(state);
	world = *state;
	nw6_add(world, 0, OURS_NARROW "/127");
	be_router(world, true);
	return 0;
}

#define ROUTER(name) cmocka_unit_test_setup_teardown(name, router_setup, nw_teardown)

/* ---- advertisements of neighbours ------------------------------------------------------------ */

static void test_neighbours_hear_that_it_is_a_router_rfc4861_4_4(void **state)
{
	struct net_world *world = *state;
	const struct ip_addr ours = nw6_addr(OURS);
	static const uint8_t all_mac6[6] = {0x33, 0x33, 0, 0, 0, 1};

	for (unsigned router = 0; router < 2; router++) {
		uint8_t flag = router ? ND_F_ROUTER : 0;
		struct nd_view v;

		be_router(world, router);
		nw6_solicit(world, PEER6, OUR_GROUP, OURS, peer_mac);
		v = nw6_sent_neigh(world, 0, peer_mac, ICMP6_NEIGH_ADVERT, OURS, PEER6, OURS);
		assert_int_equal(v.flags, flag | ND_F_SOLICITED | ND_F_OVERRIDE);
		nw_forget_sent(world);
		nd_announce(&world->w, &world->ifc[0], &ours);
		net_tx_flush(&world->w);
		v = nw6_sent_neigh(world, 0, all_mac6, ICMP6_NEIGH_ADVERT, OURS, ALL_NODES, OURS);
		assert_int_equal(v.flags, flag | ND_F_OVERRIDE);
		nw_forget_sent(world);
	}
}

/* ---- groups ---------------------------------------------------------------------------------- */

static void test_all_routers_are_listened_to_rfc4291_2_8(void **state)
{
	static const uint8_t mac[6] = {0x33, 0x33, 0, 0, 0, 2};
	static const char *const groups[] = {"ff02::2", "ff05::2"}, *const others[] = {"ff01::2",
										       "ff08::2",
										       "ff02::3"};
	struct net_world *world = *state;
	const struct iface *ifc = &world->ifc[0];

	for (unsigned router = 0; router < 2; router++) {
		be_router(world, router);
		assert_int_equal(nd_listens_mac(&world->w, ifc, mac), router);
		for (unsigned i = 0; i < NSK_ARRAY_LEN(groups); i++)
			assert_int_equal(nd_listens(&world->w, ifc, nw6_addr(groups[i]).b), router);
		for (unsigned i = 0; i < NSK_ARRAY_LEN(others); i++)
			assert_false(nd_listens(&world->w, ifc, nw6_addr(others[i]).b));
	}
	nw6_icmp(world, PEER6, "ff02::2", ICMP6_ECHO, 0, 7, "hello", 5);
	assert_int_equal(world->w.cnt[NSK_CNT_ICMP_ECHO_REPLIES], 1);
}

/* ---- anycast --------------------------------------------------------------------------------- */

/* RFC 4291 §2.6.1: it answers, from an address of its own. */
static void test_a_subnets_routers_have_an_address_rfc4291_2_6_1(void **state)
{
	struct net_world *world = *state;
	const struct ip_addr anycast = nw6_addr(ANYCAST);
	const struct sock_end end = {.addr = anycast, .port = 7};
	struct ip_addr src = anycast, dst = nw6_addr(PEER6), none = {.family = 0};
	struct ipv6_view ip;
	struct route_cache rc;

	nw6_icmp(world, PEER6, ANYCAST, ICMP6_ECHO, 0, 7, "hello", 5);
	assert_int_equal(nw6_sent_icmp(world, 0, peer_mac, OURS, PEER6, &ip)[0], ICMP6_ECHO_REPLY);
	/* never a source, nor another's address */
	assert_int_equal(dgram_may_bind(&world->w, &end), -EADDRNOTAVAIL);
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), -EADDRNOTAVAIL);
	assert_int_equal(net_route(&world->w, &rc, &anycast, &none), -ENETUNREACH);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 0);
	nw6_icmp(world, ANYCAST, OURS, ICMP6_ECHO, 0, 7, "hello", 5);
	nw_assert_drops(world, NSK_DROP_IP_MARTIAN_SOURCE, 1);
}

static void test_an_anycast_address_overrides_nobody_rfc4861_7_2_4(void **state)
{
	struct net_world *world = *state;
	struct nd_view v;

	nw6_solicit(world, PEER6, ANY_GROUP, ANYCAST, peer_mac);
	v = nw6_sent_neigh(world, 0, peer_mac, ICMP6_NEIGH_ADVERT, OURS, PEER6, ANYCAST);
	assert_int_equal(v.flags, ND_F_ROUTER | ND_F_SOLICITED);
	nw_forget_sent(world);
	nw6_solicit(world, "::", ANY_GROUP, ANYCAST, NULL); /* nobody's to defend */
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, NSK_DROP_ND_CONFLICT, 1);
}

/* RFC 6164 §5.1: both addresses of a /127 are hosts'; a host has no such address at all. */
static void test_who_has_no_anycast_address(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, PEER6, ANY_GROUP, "2001:db8:7::", peer_mac);
	nw_assert_drops(world, NSK_DROP_ND_NOT_OURS, 1);
	assert_null(net_local_entry(&world->w, nw6_addr("2001:db8:7::").b, AF_INET6));
	be_router(world, false);
	assert_null(net_local_entry(&world->w, nw6_addr(ANYCAST).b, AF_INET6));
	nw6_icmp(world, PEER6, ANYCAST, ICMP6_ECHO, 0, 7, "hello", 5);
	assert_int_equal(world->nsent, 0);
	assert_int_equal(world->w.drop[NSK_DROP_IP_NOT_LOCAL], 1);
	assert_false(nd_listens(&world->w, &world->ifc[0], nw6_addr(ANY_GROUP).b));
}

/* ---- other routers --------------------------------------------------------------------------- */

/* As Linux with accept_ra = 1. */
static void test_a_router_learns_nothing_of_routers_rfc4861_6_2(void **state)
{
	struct net_world *world = *state;

	world->set.ipv6_forward = 1;
	net_announce(&world->w, &world->ifc[0]);
	nw_pass(world, 60 * S);
	assert_int_equal(world->w.cnt[NSK_CNT_ND_ROUTER_SOLICITS_SENT], 1); /* of the setup */
	hear_prefix(world, 0xc0, 7200, 7200);
	nw_assert_drops(world, NSK_DROP_ND_IGNORED, 1);
	assert_by(world, FAR6, NULL);
	assert_null(auto_addr(world, PREFIX, 0));
	world->set.ipv6_forward = 0; /* a host again: it asks, and listens */
	nw_pass(world, 10 * S);
	assert_true(world->w.cnt[NSK_CNT_ND_ROUTER_SOLICITS_SENT] > 1);
	hear_prefix(world, 0xc0, 7200, 7200);
	assert_by(world, FAR6, R1);
}

/* ---- IPv4 ------------------------------------------------------------------------------------ */

/* RFC 5227 §2.1.1: until it is known whose it is, it is not ours; nor is it passed on. */
static void test_a_tentative_address_is_not_forwarded_to(void **state)
{
	struct net_world *world = *state;
	const struct sock_end end = {.addr = ip_addr_from_host32(IF0_ADDR2), .port = 7};
	uint8_t p[64];

	world->set.ip_forward = 1;
	world->ifc[0].addrs[1].state = IFACE_ADDR_TENTATIVE;
	net_addresses_changed(&world->w);
	assert_true(net_look_at_addresses(&world->w));
	assert_int_equal(dgram_may_bind(&world->w, &end), -EADDRNOTAVAIL);
	for (unsigned i = 0; i < 2; i++) {
		ipv4_write(p, &(struct ipv4_view){.src = i ? IF0_ADDR2 : FAR,
						  .dst = i ? IF0_ADDR : IF0_ADDR2,
						  .total_len = 40,
						  .ttl = 9,
						  .proto = NW_PROTO});
		ipv4_set_checksum(p, IPV4_HLEN);
		nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, 40);
	}
	/* who has it already may talk to us */
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, NSK_DROP_IP_NOT_LOCAL, 1);
	nw_arp(world, ARP_OP_REPLY, peer_mac, IF0_ADDR2, IF0_ADDR2);
	assert_true(net_look_at_addresses(&world->w));
	assert_null(
		local_find_v4(world->w.net->local, end.addr.b)); /* it is another's: passed on */
}

/* Where there are no link addresses nobody asks for them. */
static void test_a_port_without_a_link_layer_has_no_neighbours(void **state)
{
	struct net_world *world = *state;
	struct nd_view v = {.type = ICMP6_NEIGH_SOLICIT};
	uint8_t p[128], ask[ND_NEIGH_MAX];
	size_t n;

	memcpy(v.target, nw6_addr(OURS_IF1).b, 16);
	n = nd_neigh_write(ask, &v);
	nw6_set_checksum(ask, n, PEER_IF1, OURS_IF1);
	n = nw6_write(p, PEER_IF1, OURS_IF1, IP_PROTO_ICMPV6, 255, ask, n);
	net_input(&world->w, &world->ifc[1], nw_buffer(world, p, n));
	nw_assert_drops(world, NSK_DROP_ND_MALFORMED, 1);
	assert_int_equal(world->nsent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW6_TEST(test_a_port_without_a_link_layer_has_no_neighbours),
		ROUTER(test_neighbours_hear_that_it_is_a_router_rfc4861_4_4),
		ROUTER(test_all_routers_are_listened_to_rfc4291_2_8),
		ROUTER(test_a_subnets_routers_have_an_address_rfc4291_2_6_1),
		ROUTER(test_an_anycast_address_overrides_nobody_rfc4861_7_2_4),
		ROUTER(test_who_has_no_anycast_address),
		TEST(test_a_router_learns_nothing_of_routers_rfc4861_6_2),
		NW_TEST(test_a_tentative_address_is_not_forwarded_to),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
