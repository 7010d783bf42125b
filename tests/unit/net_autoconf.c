/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/autoconf.c: what is asked of routers and believed of them. */
#include "net_routers.h"

#include <errno.h>

static const uint8_t routers_mac[6] = {0x33, 0x33, 0, 0, 0, 2};

/* ---- solicitations --------------------------------------------------------------------------- */

static void assert_solicited(struct net_world *world, unsigned i)
{
	struct ipv6_view ip;
	const uint8_t *p = nw6_sent(world, i, routers_mac, &ip);

	assert_int_equal(p[0], ICMP6_ROUTER_SOLICIT);
	assert_int_equal(ip.hop_limit, 255);
	assert_int_equal(ip.payload_len, RS_MAX);
	assert_memory_equal(ip.src, world->ifc[0].addrs[2].addr.b, 16);
	assert_memory_equal(p + RS_LEN + 2, if0_mac, 6);
}

/* RFC 4861 §6.3.7: within a second; RFC 7559 §2: then after 4 s, twice as long each time, up to an
 * hour, a tenth more or less. */
static void test_routers_are_asked_for_ever_more_rarely_rfc7559_2(void **state)
{
	struct net_world *world = *state;
	uint64_t sent = 0, last = world->w.now_ns, gap = 0;
	unsigned n = 0;

	net_announce(&world->w, &world->ifc[0]);
	while (n < 14) {
		nw_pass(world, 1);
		if (world->w.cnt[NSK_CNT_ND_ROUTER_SOLICITS_SENT] == sent)
			continue;
		sent++;
		if (n == 0)
			assert_in_range(world->w.now_ns - last, 0, 1001 * MS);
		else if (n == 1)
			assert_in_range(world->w.now_ns - last, 3600 * MS, 4401 * MS);
		else if (gap < 1500000 * MS)
			assert_in_range(world->w.now_ns - last, gap * 18 / 10 - 2 * MS,
					gap * 22 / 10 + 2 * MS);
		else
			assert_in_range(world->w.now_ns - last, 3200000 * MS, 3961000 * MS);
		if (n)
			gap = world->w.now_ns - last;
		last = world->w.now_ns;
		n++;
		nw_forget_sent(world);
	}
	assert_true(gap >= 3200000 * MS);
}

static void test_an_answer_of_a_router_ends_the_questions_rfc7559_2_1(void **state)
{
	struct net_world *world = *state;

	net_announce(&world->w, &world->ifc[0]);
	nw_pass(world, 1001);
	assert_solicited(world, world->nsent - 1);
	hear_router(world, R1, 0, 0); /* is none by default */
	nw_pass(world, 5000);
	assert_int_equal(world->w.cnt[NSK_CNT_ND_ROUTER_SOLICITS_SENT], 2);
	hear_router(world, R1, 9000, 0);
	nw_pass(world, 3600 * S);
	assert_int_equal(world->w.cnt[NSK_CNT_ND_ROUTER_SOLICITS_SENT], 2);
	nw_forget_sent(world);
	net_announce(&world->w, &world->ifc[0]); /* the link returned */
	nw_pass(world, 1001);
	assert_int_equal(world->w.cnt[NSK_CNT_ND_ROUTER_SOLICITS_SENT], 3);
	assert_int_equal(world->w.cnt[NSK_CNT_ND_ROUTER_ADVERTS], 2);
}

/* ---- who is believed ------------------------------------------------------------------------- */

static void test_bad_advertisements_are_met_with_silence_rfc4861_6_1_2(void **state)
{
	struct net_world *world = *state;

	begin_ra(1800, 0);
	put_prefix(PREFIX, 64, 0xc0, 7200, 3600);
	nw6_message(world, R1, ALL_NODES, 254, msg, len);
	nw6_message(world, "2001:db8::66", ALL_NODES, 255, msg, len);
	msg[1] = 1;
	nw6_message(world, R1, ALL_NODES, 255, msg, len);
	msg[1] = 0;
	nw6_message(world, R1, ALL_NODES, 255, msg, len - 8);
	nw6_message(world, R1, ALL_NODES, 255, msg, 15);
	msg[RA_LEN + 1] = 0;
	nw6_message(world, R1, ALL_NODES, 255, msg, len);
	nw_assert_drops(world, NSK_DROP_ND_MALFORMED, 6);
	assert_by(world, FAR6, NULL);
	assert_null(auto_addr(world, PREFIX, 0));
}

static void test_only_interfaces_that_are_set_to_it_listen(void **state)
{
	struct net_world *world = *state;

	world->ifc[0].automatic = false;
	hear_prefix(world, 0xc0, 7200, 3600);
	nw_assert_drops(world, NSK_DROP_ND_IGNORED, 1);
	assert_by(world, FAR6, NULL);
	assert_null(auto_addr(world, PREFIX, 0));
}

/* Worker 0 does it, whoever receives it. */
static void test_other_workers_hand_it_on(void **state)
{
	struct net_world *world = *state;

	world->w.id = 1;
	world->w.peers = 2;
	hear_router(world, R1, 1800, 0);
	assert_non_null(world->steered);
	assert_by(world, FAR6, NULL);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* ---- routers --------------------------------------------------------------------------------- */

static void test_a_router_is_the_default_for_its_lifetime_rfc4861_6_3_4(void **state)
{
	struct net_world *world = *state;

	hear_router(world, R1, 1800, 0);
	assert_by(world, FAR6, R1);
	nw_pass(world, 1799 * S);
	assert_by(world, FAR6, R1);
	hear_router(world, R1, 1800, 0); /* renewed */
	nw_pass(world, 1799 * S);
	assert_by(world, FAR6, R1);
	nw_pass(world, 2 * S);
	assert_by(world, FAR6, NULL);
	hear_router(world, R1, 1800, 0);
	assert_by(world, FAR6, R1);
	hear_router(world, R1, 0, 0); /* says that it is none any more */
	assert_by(world, FAR6, NULL);
}

static void test_preferred_routers_come_first_rfc4191_3_2(void **state)
{
	struct net_world *world = *state;

	hear_router(world, R1, 1800, 0x18); /* low */
	assert_by(world, FAR6, R1);
	hear_router(world, R2, 1800, 0);
	assert_by(world, FAR6, R2);
	hear_router(world, R3, 1800, 0x10); /* reserved: medium; the one that is there stays */
	assert_by(world, FAR6, R2);
	hear_router(world, R3, 1800, 0x08);
	assert_by(world, FAR6, R3);
	hear_router(world, R3, 0, 0x08);
	assert_by(world, FAR6, R2);
}

static void lose(struct net_world *world, const char *router)
{
	const struct ip_addr a = nw6_addr(router);

	autoconf_lost(&world->w, &world->ifc[0], &a);
	net_tick(&world->w);
}

static void test_one_that_does_not_answer_is_left_rfc4861_6_3_6(void **state)
{
	struct net_world *world = *state;

	hear_router(world, R1, 1800, 0x08);
	hear_router(world, R2, 1800, 0);
	hear_router(world, R3, 1800, 0x18);
	assert_by(world, FAR6, R1);
	lose(world, "fe80::99"); /* is none */
	assert_by(world, FAR6, R1);
	lose(world, R1);
	assert_by(world, FAR6, R2);
	lose(world, R2);
	assert_by(world, FAR6, R3);
	lose(world, R3); /* round and round, where none answers */
	assert_by(world, FAR6, R1);
	lose(world, R1);
	assert_by(world, FAR6, R2);
	hear_router(world, R3, 1800, 0x18);
	assert_by(world, FAR6, R3);
	hear_router(world, R1, 1800, 0x08);
	assert_by(world, FAR6, R1);
}

/* Seen by neighbour discovery itself: who is sent to and does not answer. */
static void test_neighbours_that_fail_are_routers_that_fail(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;

	hear_prefix(world, 0xc0, 7200, 3600);
	hear_router(world, R2, 1800, 0);
	nw_pass(world, 3000);
	assert_int_equal(nw6_send(world, FAR6, &rc), 0);
	nw_pass(world, 4000);
	net_tick(&world->w);
	assert_by(world, FAR6, R2);
}

/* ---- subnets --------------------------------------------------------------------------------- */

static void test_subnets_are_on_link_for_so_long_rfc4861_6_3_4(void **state)
{
	struct net_world *world = *state;

	hear_router(world, R1, 9000, 0);
	begin_ra(9000, 0);
	put_prefix(PREFIX, 64, 0x80, 600, 600);
	put_prefix("fe80::", 64, 0x80, 600, 600);
	put_prefix("ff02::", 16, 0x80, 600, 600);
	hear(world, R1);
	assert_by(world, PREFIX "5", PREFIX "5");
	assert_by(world, "fe80::5", R1); /* no route of a link's own */
	assert_null(auto_addr(world, PREFIX, 0));
	begin_ra(9000, 0);
	put_prefix(PREFIX, 64, 0, 0, 0); /* says nothing of being on-link */
	hear(world, R1);
	assert_by(world, PREFIX "5", PREFIX "5");
	nw_pass(world, 601 * S);
	assert_by(world, PREFIX "5", R1);
	hear_prefix(world, 0x80, 600, 600);
	assert_by(world, PREFIX "5", PREFIX "5");
	hear_prefix(world, 0x80, 0, 0);
	assert_by(world, PREFIX "5", R1);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static void test_parameters_of_the_link_rfc4861_6_3_4(void **state)
{
	struct net_world *world = *state;
	const struct iface *ifc = &world->ifc[0];

	begin_ra(1800, 0);
	msg[4] = 77;
	store_be32(msg + 8, 20000);
	store_be32(msg + 12, 500);
	put_mtu(1400);
	hear(world, R1);
	assert_int_equal(ifc->hop_limit, 77);
	assert_int_equal(ifc->reachable_ms, 20000);
	assert_int_equal(ifc->retrans_ms, 500);
	assert_int_equal(iface_mtu(ifc, AF_INET6), 1400);
	assert_int_equal(iface_mtu(ifc, AF_INET), 1500);
	begin_ra(1800, 0); /* says nothing */
	msg[4] = 0;
	hear(world, R1);
	assert_int_equal(ifc->hop_limit, 77);
	assert_int_equal(ifc->retrans_ms, 500);
}

/* Nobody can take a link out of use by them. */
static void test_parameters_out_of_range_are_not_taken(void **state)
{
	struct net_world *world = *state;
	const struct iface *ifc = &world->ifc[0];
	static const uint32_t mtus[] = {0, 68, 1279, 1501, UINT32_MAX};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(mtus); i++) {
		begin_ra(1800, 0);
		msg[4] = (uint8_t)(i * 7);
		store_be32(msg + 8, i & 1 ? 1 : 3600001);
		store_be32(msg + 12, i & 1 ? 1 : UINT32_MAX);
		put_mtu(mtus[i]);
		hear(world, R1);
		assert_int_equal(iface_mtu(ifc, AF_INET6), 1500);
		assert_int_equal(ifc->hop_limit, 0);
		assert_int_equal(ifc->reachable_ms, 0);
		assert_int_equal(ifc->retrans_ms, 0);
	}
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static unsigned routes(struct net_world *world)
{
	return route_count(world->routes);
}

static void test_a_flood_of_routers_has_bounded_effect(void **state)
{
	struct net_world *world = *state;
	unsigned before = routes(world), n = 0;
	char text[64];

	for (unsigned i = 0; i < 200; i++) {
		begin_ra(9000, 0);
		for (unsigned k = 0; k < 10; k++) {
			snprintf(text, sizeof(text), "2001:db8:%x:%x::", i + 1, k);
			put_prefix(text, 64, 0xc0, 7200, 7200);
		}
		snprintf(text, sizeof(text), "fe80::%x", i + 0x100);
		hear(world, text);
	}
	assert_int_equal(routes(world), before + 1 + AUTO_PREFIXES);
	for (unsigned i = 0; i < iface_naddrs(&world->ifc[0]); i++)
		n += iface_addr_there(&world->ifc[0].addrs[i]) &&
		     world->ifc[0].addrs[i].flags & IFACE_ADDR_AUTO;
	assert_int_equal(n, AUTO_PREFIXES);
	nw_forget_sent(world);
	nw_pass(world, 9001 * S);
	nw_forget_sent(world);
	assert_int_equal(routes(world), before);
	hear_prefix(world, 0xc0, 7200, 7200); /* there is room again */
	assert_by(world, FAR6, R1);
	assert_non_null(auto_addr(world, PREFIX, 0));
}

/* Each costs every worker a look at its routes if it changes something. */
static void test_a_flood_of_one_router_is_not_all_looked_at(void **state)
{
	struct net_world *world = *state;

	for (unsigned i = 0; i < 2000; i++) {
		begin_ra(i & 1 ? 1800 : 0, 0);
		put_mtu(1280 + (i & 1));
		hear(world, R1);
	}
	assert_int_equal(world->w.cnt[NSK_CNT_ND_ROUTER_ADVERTS], AUTO_HEARD_BURST);
	nw_assert_drops(world, NSK_DROP_ND_IGNORED, 2000 - AUTO_HEARD_BURST);
	nw_pass(world, 1000);
	hear_router(world, R2, 1800, 0x08);
	assert_by(world, FAR6, R2);
}

/* RFC 4861 §6.1.2: who is not on the link has no part in what is looked at, and reaches no other
 * worker. */
static void test_floods_from_beyond_the_link_keep_no_router_out(void **state)
{
	struct net_world *world = *state;

	begin_ra(1800, 0);
	for (unsigned i = 0; i < 1000; i++)
		nw6_message(world, i & 1 ? R2 : "2001:db8::66", ALL_NODES, i & 1 ? 254 : 255, msg,
			    len);
	nw_assert_drops(world, NSK_DROP_ND_MALFORMED, 1000);
	hear_router(world, R1, 1800, 0);
	assert_by(world, FAR6, R1);
	world->w.id = 1;
	world->w.peers = 2;
	begin_ra(1800, 0);
	nw6_message(world, R2, ALL_NODES, 254, msg, len);
	assert_null(world->steered);
}

/* The table may be busy between what is added and what is taken out. */
static int busy_route(struct nsk_worker *w, const struct route *route, bool add)
{
	return add ? nw_route(w, route, add) : -EAGAIN;
}

static void test_one_default_route_is_left_when_the_table_was_busy(void **state)
{
	struct net_world *world = *state;
	struct worker_ops busy = nw_ops;
	unsigned before = routes(world);

	busy.route = busy_route;
	hear_router(world, R1, 1800, 0x18);
	world->w.ops = &busy;
	hear_router(world, R2, 1800, 0);
	hear_router(world, R3, 1800, 0x08);
	assert_int_equal(routes(world), before + 2);
	world->w.ops = &nw_ops;
	nw_pass(world, 10);
	assert_int_equal(routes(world), before + 1);
	assert_by(world, FAR6, R3);
}

/* ---- DNS ------------------------------------------------------------------------------------- */

static unsigned dns(const struct net_world *world)
{
	const struct autoconf *ac = world->w.net->autoconf[0];
	unsigned n = 0;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(ac->dns); i++)
		n += ac->dns[i].used;
	return n;
}

static void put_dns(uint32_t lifetime_s)
{
	uint8_t *o = option(ND_OPT_RDNSS, 5);

	store_be32(o + 4, lifetime_s);
	memcpy(o + 8, nw6_addr("2001:db8::53").b, 16);
	memcpy(o + 24, nw6_addr("2001:db8::54").b, 16);
	o = option(ND_OPT_DNSSL, 3);
	store_be32(o + 4, lifetime_s);
	memcpy(o + 8, "\7example\3com", 13);
}

static void test_servers_and_domains_are_kept_for_so_long_rfc8106_5(void **state)
{
	struct net_world *world = *state;

	begin_ra(1800, 0);
	put_dns(600);
	hear(world, R1);
	assert_int_equal(dns(world), 3);
	nw_pass(world, 300 * S);
	hear(world, R2);
	assert_int_equal(dns(world), 3);
	nw_pass(world, 599 * S);
	assert_int_equal(dns(world), 3);
	nw_pass(world, 2 * S);
	assert_int_equal(dns(world), 0);
	hear(world, R1);
	begin_ra(1800, 0);
	put_dns(0);
	hear(world, R1);
	assert_int_equal(dns(world), 0);
}

/* Where buffers are small (pool.buffer_bytes). */
static void test_an_advertisement_in_several_buffers_is_heard(void **state)
{
	struct net_world *world = *state;
	static const uint8_t mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	uint8_t frame[2048];
	size_t all;

	for (size_t each = 60; each < 200; each += 7) {
		struct rte_mbuf *m = NULL;

		begin_ra(1800, 0);
		put_prefix(PREFIX, 64, RA_PREFIX_ON_LINK, (uint32_t)(1000 + each), 1000);
		put_prefix(PREFIX_B, 64, RA_PREFIX_ON_LINK, 1000, 1000);
		put_mtu(1400);
		nw6_set_checksum(msg, len, R1, ALL_NODES);
		eth_write(frame, mac, peer_mac, ETH_TYPE_IPV6);
		all = ETH_HLEN +
		      nw6_write(frame + ETH_HLEN, R1, ALL_NODES, IP_PROTO_ICMPV6, 255, msg, len);
		for (size_t at = 0; at < all; at += each) {
			struct rte_mbuf *b = nw_buffer(world, frame + at, NSK_MIN(each, all - at));

			if (m)
				assert_int_equal(rte_pktmbuf_chain(m, b), 0);
			else
				m = b;
		}
		net_input(&world->w, &world->ifc[0], m);
		assert_int_equal(iface_mtu(&world->ifc[0], AF_INET6), 1400);
		world->ifc[0].mtu6 = 0;
		nw_pass(world, 100);
	}
	nw_assert_drops(world, NSK_DROP_ND_MALFORMED, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUIET(test_routers_are_asked_for_ever_more_rarely_rfc7559_2),
		QUIET(test_an_answer_of_a_router_ends_the_questions_rfc7559_2_1),
		TEST(test_bad_advertisements_are_met_with_silence_rfc4861_6_1_2),
		TEST(test_only_interfaces_that_are_set_to_it_listen),
		TEST(test_other_workers_hand_it_on),
		TEST(test_a_router_is_the_default_for_its_lifetime_rfc4861_6_3_4),
		TEST(test_preferred_routers_come_first_rfc4191_3_2),
		TEST(test_one_that_does_not_answer_is_left_rfc4861_6_3_6),
		TEST(test_neighbours_that_fail_are_routers_that_fail),
		TEST(test_subnets_are_on_link_for_so_long_rfc4861_6_3_4),
		TEST(test_parameters_of_the_link_rfc4861_6_3_4),
		TEST(test_parameters_out_of_range_are_not_taken),
		TEST(test_a_flood_of_one_router_is_not_all_looked_at),
		TEST(test_floods_from_beyond_the_link_keep_no_router_out),
		TEST(test_one_default_route_is_left_when_the_table_was_busy),
		TEST(test_a_flood_of_routers_has_bounded_effect),
		TEST(test_servers_and_domains_are_kept_for_so_long_rfc8106_5),
		TEST(test_an_advertisement_in_several_buffers_is_heard),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
