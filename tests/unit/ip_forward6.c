/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/forward*.c: IPv6 packets of others, between if0 (Ethernet) and if1 (no link layer). */
#include "net_world6.h"

#include "ip/forward.h"

static int setup(void **state)
{
	struct net_world *world;

	nw6_setup_peer(state);
	world = *state;
	world->set.ipv6_forward = 1;
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, nw_teardown)

static void come(struct net_world *world, const char *src, const char *dst, uint8_t hops,
		 uint16_t len)
{
	uint8_t data[1500];

	for (unsigned i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7);
	nw6_packet(world, src, dst, NW_PROTO, hops, data, len);
}

static void come_by_if1(struct net_world *world, const char *src, const char *dst, uint8_t hops)
{
	uint8_t p[128];
	size_t len = nw6_write(p, src, dst, NW_PROTO, hops, "hello", 5);

	net_input(&world->w, &world->ifc[1], nw_buffer(world, p, len));
	net_tx_flush(&world->w);
}

/* Nothing was sent but an ICMPv6 message of this type and code; its last word. */
static uint32_t complaint(struct net_world *world, const char *from, const char *to, uint8_t type,
			  uint8_t code)
{
	const uint8_t *mac = world->sent_iface[0] == 0 ? peer_mac : NULL, *p;
	struct ipv6_view ip;
	uint32_t rest;

	assert_int_equal(world->nsent, 1);
	p = nw6_sent_icmp(world, 0, mac, from, to, &ip);
	assert_int_equal(p[0], type);
	assert_int_equal(p[1], code);
	rest = load_be32(p + 4);
	nw_forget_sent(world);
	return rest;
}

static void dropped(struct net_world *world, enum nsk_drop reason)
{
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, reason, 1);
	world->w.drop[reason] = 0;
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 0);
}

static void test_nothing_goes_on_unless_it_is_asked_for(void **state)
{
	struct net_world *world = *state;

	world->set.ipv6_forward = 0;
	world->set.ip_forward = 1;
	come(world, PEER6, PEER_IF1, 9, 5);
	dropped(world, NSK_DROP_IP_NOT_LOCAL);
}

static void test_a_packet_goes_on_with_a_hop_less_RFC8200_3(void **state)
{
	struct net_world *world = *state;
	struct ipv6_view ip;
	uint8_t p[64] = {0};
	const uint8_t *sent;
	size_t len;

	nw6_write(p, PEER6, PEER_IF1, NW_PROTO, 9, "hello", 5);
	p[1] |= 0x0a; /* RFC 6437 §2: a label, which stays */
	store_be16(p + 2, 0xbcde);
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV6, p, sizeof(p)); /* with link padding */
	sent = nw_sent(world, 0, &len);
	p[7] = 8;
	assert_int_equal(len, 45);
	assert_int_equal(world->sent_iface[0], 1);
	assert_memory_equal(sent, p, 45);
	nw_forget_sent(world);
	come_by_if1(world, PEER_IF1, PEER6, 2);
	nw6_sent(world, 0, peer_mac, &ip);
	assert_int_equal(ip.hop_limit, 1);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 2);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* RFC 8200 §4: what stands behind the header is the end's business, even what we would refuse. */
static void test_extension_headers_are_not_looked_at(void **state)
{
	static const struct {
		uint8_t next;
		uint8_t bytes[8];
	} rows[] = {
		{IPV6_NEXT_ROUTING, {59, 0, 0, 1}},
		{IPV6_NEXT_DESTINATION, {59, 0, 0x80, 4}},
		{IPV6_NEXT_HOP_BY_HOP, {59, 0, 0xc0, 4}},
		{IPV6_NEXT_DESTINATION, {59, 99}},
		{IPV6_NEXT_FRAGMENT, {59, 0, 0, 9, 1, 2, 3, 4}},
		{IPV6_NEXT_NONE, {0}},
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct ipv6_view ip;
		const uint8_t *p;

		nw6_packet(world, PEER6, PEER_IF1, rows[i].next, 9, rows[i].bytes, 8);
		p = nw6_sent(world, 0, NULL, &ip);
		assert_int_equal(ip.next_header, rows[i].next);
		assert_memory_equal(p, rows[i].bytes, 8);
		nw_forget_sent(world);
	}
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_REQDS], 0);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_hops_run_out_RFC4443_3_3(void **state)
{
	struct net_world *world = *state;

	for (uint8_t hops = 0; hops < 2; hops++) {
		come(world, PEER6, PEER_IF1, hops, 30);
		assert_int_equal(complaint(world, OURS, PEER6, ICMP6_TIME_EXCEEDED, 0), 0);
		dropped(world, NSK_DROP_IP_TTL);
	}
}

/* RFC 4443 §2.4 (e). Echo replies may be complained of: path MTU discovery needs it. */
static void test_no_error_about_errors(void **state)
{
	static const struct {
		uint8_t type;
		bool told;
	} rows[] = {{ICMP6_ECHO, true},		  {ICMP6_ECHO_REPLY, true},
		    {ICMP6_NEIGH_SOLICIT, true},  {ICMP6_REDIRECT, false},
		    {ICMP6_TOO_BIG, false},	  {ICMP6_UNREACHABLE, false},
		    {ICMP6_TIME_EXCEEDED, false}, {100, false}};
	struct net_world *world = *state;
	uint8_t message[16] = {0};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		message[0] = rows[i].type;
		nw6_packet(world, PEER6, PEER_IF1, IP_PROTO_ICMPV6, 1, message, sizeof(message));
		assert_int_equal(world->nsent, rows[i].told);
		nw_forget_sent(world);
		dropped(world, NSK_DROP_IP_TTL);
	}
}

/* RFC 8200 §5: no router cuts; RFC 4443 §3.2. */
static void test_too_big(void **state)
{
	struct net_world *world = *state;

	world->ifc[1].mtu = 1280;
	come(world, PEER6, PEER_IF1, 9, 1240);
	assert_int_equal(world->nsent, 1);
	nw_forget_sent(world);
	world->w.cnt[NSK_CNT_IP_FORWARDED] = 0;
	come(world, PEER6, PEER_IF1, 9, 1241);
	assert_int_equal(complaint(world, OURS, PEER6, ICMP6_TOO_BIG, 0), 1280);
	dropped(world, NSK_DROP_IP_TOO_BIG);
}

/* RFC 4861 §6.3.4: a router of the next link has said what it takes. */
static void test_too_big_for_what_routers_said_of_the_link(void **state)
{
	struct net_world *world = *state;

	world->ifc[1].mtu6 = 1300;
	come(world, PEER6, PEER_IF1, 9, 1260);
	assert_int_equal(world->nsent, 1);
	nw_forget_sent(world);
	world->w.cnt[NSK_CNT_IP_FORWARDED] = 0;
	come(world, PEER6, PEER_IF1, 9, 1261);
	assert_int_equal(complaint(world, OURS, PEER6, ICMP6_TOO_BIG, 0), 1300);
	dropped(world, NSK_DROP_IP_TOO_BIG);
}

static void test_no_route_RFC4443_3_1(void **state)
{
	struct net_world *world = *state;
	struct route r = {.dst = nw_prefix("::/0"), .gateway = nw6_addr("2001:db8::fe")};

	assert_int_equal(route_del(world->routes, &r), 0);
	come(world, PEER6, FAR6, 9, 30);
	assert_int_equal(complaint(world, OURS, PEER6, ICMP6_UNREACHABLE, ICMP6_UNREACH_ROUTE), 0);
	dropped(world, NSK_DROP_IP_NO_ROUTE);
}

/* RFC 4443 §3.1, code 2: a link's source to somewhere else. To it, from its own link. */
static void test_a_source_of_one_link_alone(void **state)
{
	struct net_world *world = *state;
	const struct ip_addr peer = nw6_addr(PEER_LINK);

	neigh_heard(&world->w, &world->ifc[0], &peer, peer_mac);
	come(world, PEER_LINK, PEER_IF1, 9, 30);
	complaint(world, OURS_LINK, PEER_LINK, ICMP6_UNREACHABLE, ICMP6_UNREACH_SCOPE);
	dropped(world, NSK_DROP_IP_SCOPE);
}

static void test_addresses_that_no_router_passes(void **state)
{
	static const struct {
		const char *src, *dst;
		enum nsk_drop reason;
	} rows[] = {
		{PEER6, "fe80::9", NSK_DROP_IP_SCOPE}, /* RFC 4291 §2.5.6 */
		{PEER_LINK, "fe80::9", NSK_DROP_IP_SCOPE},
		{PEER6, "ff0e::1", NSK_DROP_IP_NOT_LOCAL}, /* no multicast routing */
		{PEER6, "::1", NSK_DROP_IP_MARTIAN_DEST},
		{PEER6, "::", NSK_DROP_IP_MARTIAN_DEST},
		{PEER6, "::ffff:10.0.0.1", NSK_DROP_IP_MARTIAN_DEST},
		{"::1", PEER_IF1, NSK_DROP_IP_MARTIAN_SOURCE},
		{"::", PEER_IF1, NSK_DROP_IP_MARTIAN_SOURCE},
		{"ff0e::1", PEER_IF1, NSK_DROP_IP_MARTIAN_SOURCE},
		{"::ffff:10.0.0.1", PEER_IF1, NSK_DROP_IP_MARTIAN_SOURCE},
		{OURS_IF1, PEER_IF1, NSK_DROP_IP_MARTIAN_SOURCE},
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		uint8_t p[64];
		size_t len = nw6_write(p, rows[i].src, rows[i].dst, NW_PROTO, 9, "hello", 5);

		nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV6, p, len);
		dropped(world, rows[i].reason);
	}
}

/* Neighbour discovery's exceptions end at the link: RFC 4291 §2.5.2. */
static void test_what_only_neighbours_may_say_stays_on_the_link(void **state)
{
	struct net_world *world = *state;
	struct nd_view v = {.type = ICMP6_NEIGH_ADVERT};
	uint8_t msg[ND_NEIGH_MAX];
	size_t len = nd_neigh_write(msg, &v);

	nw6_message(world, OURS, PEER_IF1, 255, msg, len);
	dropped(world, NSK_DROP_IP_MARTIAN_SOURCE);
	nw6_message(world, "::", PEER_IF1, 255, msg, len);
	dropped(world, NSK_DROP_IP_MARTIAN_SOURCE);
}

static void test_what_came_to_many_is_not_for_one(void **state)
{
	static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = nw6_write(p, PEER6, PEER_IF1, NW_PROTO, 9, "x", 1);

	nw_frame(world, all_mac, peer_mac, ETH_TYPE_IPV6, p, len);
	dropped(world, NSK_DROP_IP_LINK_BROADCAST);
	nw_frame(world, all_nodes, peer_mac, ETH_TYPE_IPV6, p, len);
	dropped(world, NSK_DROP_IP_LINK_BROADCAST);
}

static void test_the_way_back_leads_elsewhere_RFC3704(void **state)
{
	struct net_world *world = *state;

	world->set.ip_rp_filter = 1;
	come(world, PEER_IF1, FAR6, 9, 5);
	dropped(world, NSK_DROP_IP_REVERSE_PATH);
	come(world, PEER6, PEER_IF1, 9, 5);
	assert_int_equal(world->nsent, 1);
}

/* Whoever waits is told when it is known, later ones at once. RFC 4443 §3.1, code 3. */
static void test_a_neighbour_that_does_not_answer(void **state)
{
	struct net_world *world = *state;
	struct ipv6_view ip;
	const uint8_t *p;

	come_by_if1(world, PEER_IF1, "2001:db8::99", 9);
	nw_pass(world, 3001);
	assert_int_equal(world->nsent, 4); /* three questions */
	p = nw6_sent_icmp(world, 3, NULL, OURS_IF1, PEER_IF1, &ip);
	assert_int_equal(p[0], ICMP6_UNREACHABLE);
	assert_int_equal(p[1], ICMP6_UNREACH_ADDR);
	nw_forget_sent(world);
	come_by_if1(world, PEER_IF1, "2001:db8::99", 9);
	complaint(world, OURS_IF1, PEER_IF1, ICMP6_UNREACHABLE, ICMP6_UNREACH_ADDR);
	nw_assert_drops(world, NSK_DROP_ARP_UNRESOLVED, 2);
}

/* RFC 4443 §3.1: its two ends would play with it until its hops are gone. Where a gateway is named,
 * somebody wants it so; stations of an Ethernet are others. */
static void test_nothing_goes_back_over_a_point_to_point_link_RFC4443_3_1(void **state)
{
	struct net_world *world = *state;
	struct route far = {.dst = nw_prefix(FAR6 "/128"),
			    .gateway = nw6_addr(PEER_IF1),
			    .iface = 1,
			    .origin = ROUTE_FROM_STATIC};

	come_by_if1(world, PEER_IF1, "2001:db8:1::77", 9);
	complaint(world, OURS_IF1, PEER_IF1, ICMP6_UNREACHABLE, ICMP6_UNREACH_ADDR);
	dropped(world, NSK_DROP_IP_ROUTE_REFUSES);
	assert_int_equal(route_add(world->routes, &far), 0);
	come_by_if1(world, PEER_IF1, FAR6, 9);
	assert_int_equal(world->nsent, 1);
	assert_int_equal(world->sent_iface[0], 1);
	nw_forget_sent(world);
	come(world, "2001:db8::77", PEER6, 9, 5);
	assert_int_equal(world->nsent, 1);
	assert_int_equal(world->sent_iface[0], 0);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 2);
}

static void test_a_checksum_that_was_left_open_is_made(void **state)
{
	const struct ip_addr src = nw6_addr(PEER6), dst = nw6_addr(PEER_IF1);
	uint32_t pseudo = csum_pseudo6(src.b, dst.b, IP_PROTO_UDP, 33);
	struct net_world *world = *state;
	uint8_t p[128], udp[33] = {1, 2, 3, 4, 0, 33};
	const uint8_t *sent;
	struct ipv6_view ip;
	struct rte_mbuf *m;

	wire_checksum_store(udp + 6, csum_fold(pseudo));
	m = nw_buffer(world, p, nw6_write(p, PEER6, PEER_IF1, IP_PROTO_UDP, 9, udp, sizeof(udp)));
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	world->ifc[0].rx_offloads = PORT_RX_CSUM_L4;
	pkt_of(m)->family = AF_INET6;
	ip_input(&world->w, &world->ifc[0], m);
	net_tx_flush(&world->w);
	sent = nw6_sent(world, 0, NULL, &ip);
	assert_true(wire_checksum_ok(sent, sizeof(udp), pseudo));
}

/* The short cut takes what nearly every packet is, and does the same. */
static void test_the_short_cut_does_what_the_rules_say(void **state)
{
	static const char *const ends[] = {PEER6, PEER_IF1,  FAR6,	OURS, OURS_IF1,
					   "::1", "ff0e::1", PEER_LINK, "::", "fd00::7"};
	struct net_world *world = *state;
	unsigned short_cuts = 0;
	struct rng rng;

	rng_seed(&rng, 8);
	for (unsigned i = 0; i < 5000; i++) {
		const char *src = ends[rng_below(&rng, rng_below(&rng, 10) ? 3 : 10)];
		const char *dst = ends[rng_below(&rng, rng_below(&rng, 10) ? 2 : 10)];
		uint8_t p[512], data[100] = {1, 2, 3}, iface[2];
		uint8_t hops = (uint8_t)rng_below(&rng, 6);
		struct rte_mbuf *out[2], *m;
		size_t len;

		world->set.ip_rp_filter = i & 1;
		world->ifc[1].mtu6 = i & 2 ? 0 : 100;
		eth_write(p, if0_mac, peer_mac, ETH_TYPE_IPV6);
		len = ETH_HLEN +
		      nw6_write(p + ETH_HLEN, src, dst, NW_PROTO, hops, data, rng_below(&rng, 100));
		if (rng_below(&rng, 20) == 0)
			p[rng_below(&rng, 54)] ^= (uint8_t)(1 << rng_below(&rng, 8));
		m = nw_buffer(world, p, len);
		if (!ip_forward_plain(&world->w, &world->ifc[0], m, rte_pktmbuf_mtod(m, uint8_t *),
				      m->data_len)) {
			assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), p, len);
			pkt_free(m);
			continue;
		}
		short_cuts++;
		for (unsigned k = 0; k < 2; k++) {
			net_tx_flush(&world->w);
			assert_int_equal(world->nsent, 1);
			out[k] = world->sent[0];
			iface[k] = world->sent_iface[0];
			world->nsent = 0;
			if (k == 0)
				net_input(&world->w, &world->ifc[0], nw_buffer(world, p, len));
		}
		assert_int_equal(iface[0], iface[1]);
		assert_int_equal(out[0]->pkt_len, out[1]->pkt_len);
		assert_memory_equal(rte_pktmbuf_mtod(out[0], uint8_t *),
				    rte_pktmbuf_mtod(out[1], uint8_t *), out[0]->pkt_len);
		pkt_free(out[0]);
		pkt_free(out[1]);
	}
	assert_in_range(short_cuts, 500, 4500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_goes_on_unless_it_is_asked_for),
		TEST(test_a_packet_goes_on_with_a_hop_less_RFC8200_3),
		TEST(test_extension_headers_are_not_looked_at),
		TEST(test_hops_run_out_RFC4443_3_3),
		TEST(test_no_error_about_errors),
		TEST(test_too_big),
		TEST(test_too_big_for_what_routers_said_of_the_link),
		TEST(test_no_route_RFC4443_3_1),
		TEST(test_a_source_of_one_link_alone),
		TEST(test_addresses_that_no_router_passes),
		TEST(test_what_only_neighbours_may_say_stays_on_the_link),
		TEST(test_what_came_to_many_is_not_for_one),
		TEST(test_the_way_back_leads_elsewhere_RFC3704),
		TEST(test_a_neighbour_that_does_not_answer),
		TEST(test_nothing_goes_back_over_a_point_to_point_link_RFC4443_3_1),
		TEST(test_a_checksum_that_was_left_open_is_made),
		TEST(test_the_short_cut_does_what_the_rules_say),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
