/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/forward.c: IPv4 packets of others, rule by rule. Those of IPv6: ip_forward6.c. */
#include "forward_world.h"

/* ---- on ---- */

static void test_nothing_goes_on_unless_it_is_asked_for(void **state)
{
	struct net_world *world = *state;

	world->set.ip_forward = 0;
	world->set.ipv6_forward = 1;
	come(world, &(struct made){.src = PEER, .dst = NEAR, .len = 5});
	dropped(world, NSK_DROP_IP_NOT_LOCAL);
}

/* Every byte but the hop and the checksum stays, and the checksum is right for every number of hops
 * and whatever it was. RFC 1812 §5.3.1, RFC 1624. */
static void test_a_packet_goes_on_with_a_hop_less_RFC1812_5_3_1(void **state)
{
	struct net_world *world = *state;
	uint8_t p[128], q[128];

	for (unsigned i = 0; i < 0x10000; i += i < 0x800 ? 1 : 17) {
		struct made made = {.src = PEER, .dst = NEAR, .len = 40};
		const uint8_t *sent;
		size_t len;

		made.ttl = (uint8_t)(2 + i % 254);
		made.frag = i & 1 ? IPV4_FRAG_DF : 0;
		make(p, &made);
		store_be16(p + 4, (uint16_t)i);
		store_be16(p + 10, 0);
		ipv4_set_checksum(p, IPV4_HLEN);
		nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, 60);
		sent = nw_sent(world, 0, &len);
		assert_int_equal(world->nsent, 1);
		assert_int_equal(world->sent_iface[0], 1);
		assert_int_equal(len, 60);
		memcpy(q, p, 60);
		q[8]--;
		store_be16(q + 10, 0);
		ipv4_set_checksum(q, IPV4_HLEN);
		assert_memory_equal(sent, q, 60);
		nw_forget_sent(world);
	}
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_link_padding_stays_behind_and_the_next_links_header_comes(void **state)
{
	struct net_world *world = *state;
	struct ipv4_view ip;
	uint8_t p[64] = {0};

	make(p, &(struct made){.src = PEER, .dst = NEAR, .len = 5});
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, 46);
	nw_sent_ip(world, 0, NULL, &ip);
	assert_int_equal(world->sent[0]->pkt_len, 25);
	nw_forget_sent(world);
	come_by_if1(world, &(struct made){.src = NEAR, .dst = PEER, .len = 5});
	nw_sent_ip(world, 0, peer_mac, &ip);
	assert_int_equal(ip.ttl, 8);
	assert_int_equal(world->sent_iface[0], 0);
	/* Back out of the interface that it came by: to its gateway, without a word (no redirects).
	 */
	nw_forget_sent(world);
	come(world, &(struct made){.src = PEER, .dst = FAR, .len = 5});
	nw_sent_ip(world, 0, peer_mac, &ip);
	assert_int_equal(world->nsent, 1);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 3);
}

static void test_fragments_go_on_as_they_are(void **state)
{
	struct net_world *world = *state;
	struct ipv4_view ip;

	come(world, &(struct made){.src = PEER, .dst = NEAR, .frag = IPV4_FRAG_MF | 5, .len = 16});
	nw_sent_ip(world, 0, NULL, &ip);
	assert_int_equal(ip.frag, IPV4_FRAG_MF | 5);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_REQDS], 0);
}

/* The stack itself is a host as before. */
static void test_what_is_ours_is_still_ours(void **state)
{
	struct net_world *world = *state;

	come(world, &(struct made){.src = PEER, .dst = IF0_ADDR, .ttl = 1, .len = 5});
	come(world, &(struct made){.src = PEER, .dst = IF1_ADDR, .len = 5});
	come(world, &(struct made){.src = PEER, .dst = IF0_BCAST, .len = 5});
	assert_int_equal(world->ndelivered, 3);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 0);
}

/* ---- not on ---- */

static void test_hops_run_out_RFC1812_5_3_1(void **state)
{
	struct net_world *world = *state;

	come(world, &(struct made){.src = PEER, .dst = NEAR, .ttl = 1, .len = 30});
	complaint(world, IF0_ADDR, PEER, ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_TTL);
	dropped(world, NSK_DROP_IP_TTL);
	come_by_if1(world, &(struct made){.src = NEAR, .dst = PEER, .ttl = 1, .len = 30});
	complaint(world, IF1_ADDR, NEAR, ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_TTL);
	dropped(world, NSK_DROP_IP_TTL);
}

/* RFC 1812 §4.3.2.7. What answers, or asks, may be complained of. */
static void test_no_error_about_errors_later_fragments_and_what_came_to_many(void **state)
{
	static const struct {
		uint8_t type;
		bool told;
	} rows[] = {{ICMP_ECHO, true},
		    {ICMP_ECHO_REPLY, true},
		    {13, true},
		    {ICMP_UNREACHABLE, false},
		    {ICMP_REDIRECT, false},
		    {ICMP_TIME_EXCEEDED, false},
		    {ICMP_PARAMETER_PROBLEM, false},
		    {ICMP_SOURCE_QUENCH, false}};
	struct net_world *world = *state;
	uint8_t p[64];

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		make(p, &(struct made){.src = PEER,
				       .dst = NEAR,
				       .ttl = 1,
				       .proto = IP_PROTO_ICMP,
				       .len = 16});
		p[IPV4_HLEN] = rows[i].type;
		nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, 36);
		assert_int_equal(world->nsent, rows[i].told);
		nw_forget_sent(world);
		dropped(world, NSK_DROP_IP_TTL);
	}
	come(world, &(struct made){.src = PEER, .dst = NEAR, .ttl = 1, .frag = 3, .len = 16});
	dropped(world, NSK_DROP_IP_TTL);
}

static void test_what_came_to_many_is_not_for_one_RFC1812_5_3_4(void **state)
{
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = make(p, &(struct made){.src = PEER, .dst = NEAR, .len = 5});

	nw_frame(world, all_mac, peer_mac, ETH_TYPE_IPV4, p, len);
	dropped(world, NSK_DROP_IP_LINK_BROADCAST);
}

static void test_addresses_that_no_router_passes(void **state)
{
	static const struct {
		uint32_t src, dst;
		enum nsk_drop reason;
	} rows[] = {
		{0, NEAR, NSK_DROP_IP_MARTIAN_SOURCE}, /* RFC 1812 §5.3.7 */
		{0x7f000001, NEAR, NSK_DROP_IP_MARTIAN_SOURCE},
		{0xe0000005, NEAR, NSK_DROP_IP_MARTIAN_SOURCE},
		{0xf0000001, NEAR, NSK_DROP_IP_MARTIAN_SOURCE},
		{UINT32_MAX, NEAR, NSK_DROP_IP_MARTIAN_SOURCE},
		{IF0_BCAST, NEAR, NSK_DROP_IP_MARTIAN_SOURCE},
		{IF1_ADDR, NEAR, NSK_DROP_IP_MARTIAN_SOURCE},
		{PEER, 0x00010203, NSK_DROP_IP_MARTIAN_DEST},
		{PEER, 0x7f000001, NSK_DROP_IP_MARTIAN_DEST},
		{PEER, 0xf0000001, NSK_DROP_IP_MARTIAN_DEST},
		{PEER, 0xe0000005, NSK_DROP_IP_NOT_LOCAL},	/* a group: no multicast routing */
		{PEER, 0x0a0000ff, NSK_DROP_IP_DIRECTED_BCAST}, /* RFC 2644 */
		{PEER, 0xa9fe0101, NSK_DROP_IP_SCOPE},		/* RFC 3927 §7 */
		{0xa9fe0101, NEAR, NSK_DROP_IP_SCOPE},
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		come(world, &(struct made){.src = rows[i].src, .dst = rows[i].dst, .len = 5});
		dropped(world, rows[i].reason);
	}
}

static void test_no_route_RFC1812_5_2_7_1(void **state)
{
	struct net_world *world = *state;
	struct route r = {.dst = nw_prefix("0.0.0.0/0"), .gateway = ip_addr_from_host32(GATEWAY)};

	assert_int_equal(route_del(world->routes, &r), 0);
	come(world, &(struct made){.src = PEER, .dst = FAR, .len = 30});
	complaint(world, IF0_ADDR, PEER, ICMP_UNREACHABLE, ICMP_UNREACH_NET);
	dropped(world, NSK_DROP_IP_NO_ROUTE);
}

/* RFC 1812 §5.2.4.3, §5.2.7.1: what the types of routes tell the sender. */
static void test_routes_that_refuse(void **state)
{
	static const struct {
		uint8_t type;
		int code; /* of unreachable; -1: silence */
	} rows[] = {{ROUTE_BLACKHOLE, -1},
		    {ROUTE_UNREACHABLE, ICMP_UNREACH_HOST},
		    {ROUTE_PROHIBIT, ICMP_UNREACH_FILTER}};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct route r = {.dst = nw_prefix("203.0.113.0/24"), .type = rows[i].type};

		assert_int_equal(route_add(world->routes, &r), 0);
		come(world, &(struct made){.src = PEER, .dst = 0xcb007105u, .len = 30});
		if (rows[i].code >= 0)
			complaint(world, IF0_ADDR, PEER, ICMP_UNREACHABLE, (uint8_t)rows[i].code);
		dropped(world, NSK_DROP_IP_ROUTE_REFUSES);
		assert_int_equal(route_del(world->routes, &r), 0);
	}
}

/* As RFC 4443 §3.1 has it for IPv6. */
static void test_nothing_goes_back_over_a_point_to_point_link(void **state)
{
	struct net_world *world = *state;
	struct route far = {.dst = nw_prefix("203.0.113.0/24"),
			    .gateway = ip_addr_from_host32(NEAR),
			    .iface = 1};

	come_by_if1(world, &(struct made){.src = NEAR, .dst = NEAR + 1, .len = 30});
	complaint(world, IF1_ADDR, NEAR, ICMP_UNREACHABLE, ICMP_UNREACH_HOST);
	dropped(world, NSK_DROP_IP_ROUTE_REFUSES);
	assert_int_equal(route_add(world->routes, &far), 0);
	come_by_if1(world, &(struct made){.src = NEAR, .dst = 0xcb007105u, .len = 30});
	assert_int_equal(world->nsent, 1);
	assert_int_equal(world->sent_iface[0], 1);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 1);
}

/* A packet of a flow, by which of the two paths it leaves. */
static uint8_t path_of(struct net_world *world, const struct made *made, uint16_t sport,
		       uint16_t dport)
{
	uint8_t p[128], iface;
	size_t len = make(p, made);

	store_be16(p + IPV4_HLEN, sport);
	store_be16(p + IPV4_HLEN + 2, dport);
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, len);
	assert_int_equal(world->nsent, 1);
	iface = world->sent_iface[0];
	nw_forget_sent(world);
	return iface;
}

/* RFC 2992: paths share the load by flows, and a flow keeps to its path, in both directions. The
 * reverse-path filter takes what comes by either. */
static void test_paths_share_the_load_by_flows(void **state)
{
	struct net_world *world = *state;
	const char *const nets[] = {"203.0.113.0/24", "198.18.0.0/24"};
	unsigned by_if0 = 0;

	for (unsigned i = 0; i < 4; i++) {
		struct route r = {.dst = nw_prefix(nets[i / 2]), .iface = i % 2, .weight = 1};

		if (i % 2 == 0)
			r.gateway = ip_addr_from_host32(GATEWAY);
		assert_int_equal(route_add(world->routes, &r), 0);
	}
	world->set.ip_rp_filter = 1;
	for (uint16_t port = 1; port <= 400; port++) {
		const struct made there = {
			.src = 0xc6120007u, .dst = 0xcb007105u, .proto = IP_PROTO_UDP, .len = 20};
		const struct made back = {
			.src = there.dst, .dst = there.src, .proto = IP_PROTO_UDP, .len = 20};
		uint8_t path = path_of(world, &there, port, 53);

		by_if0 += path == 0;
		assert_int_equal(path_of(world, &there, port, 53), path);
		assert_int_equal(path_of(world, &back, 53, port), path);
	}
	assert_in_range(by_if0, 140, 260);
}

/* RFC 1812 §5.2.7.1: the host of a link of ours that does not answer. Those who wait are told when
 * it is known, later ones at once. */
static void test_a_neighbour_that_does_not_answer(void **state)
{
	struct net_world *world = *state;
	const struct made made = {.src = NEAR, .dst = 0xc0000263u, .len = 30};

	come_by_if1(world, &made);
	nw_sent_arp(world, 0, ARP_OP_REQUEST, all_mac);
	nw_forget_sent(world);
	nw_pass(world, 3001);
	assert_int_equal(world->nsent, 3); /* it was asked twice more */
	nw_sent_arp(world, 0, ARP_OP_REQUEST, all_mac);
	nw_sent_arp(world, 1, ARP_OP_REQUEST, all_mac);
	world->sent[0]->nb_segs = 1;
	pkt_free(world->sent[0]);
	pkt_free(world->sent[1]);
	world->sent[0] = world->sent[2];
	world->sent_iface[0] = world->sent_iface[2];
	world->nsent = 1;
	complaint(world, IF1_ADDR, NEAR, ICMP_UNREACHABLE, ICMP_UNREACH_HOST);
	assert_int_equal(world->w.drop[NSK_DROP_ARP_UNRESOLVED], 1);
	come_by_if1(world, &made);
	complaint(world, IF1_ADDR, NEAR, ICMP_UNREACHABLE, ICMP_UNREACH_HOST);
	nw_assert_drops(world, NSK_DROP_ARP_UNRESOLVED, 2);
}

/* RFC 1812 §4.3.2.3: as much as fits is quoted, wherever it lies; of pieces only the first. */
static void test_a_packet_that_was_cut_is_quoted_with_its_payload(void **state)
{
	const struct made made = {.src = NEAR, .dst = 0xc0000263u, .len = 1400};
	struct net_world *world = *state;
	struct ipv4_view ip;
	const uint8_t *p;
	uint8_t whole[2048];

	make(whole, &made);
	world->ifc[0].tx_offloads = PORT_TX_MULTI_SEG;
	world->ifc[0].mtu = 576;
	come_by_if1(world, &made);
	nw_forget_sent(world);
	nw_pass(world, 3001);
	assert_int_equal(world->nsent, 3);
	p = nw_sent_ip(world, 2, NULL, &ip);
	assert_int_equal(ip.dst, NEAR);
	assert_int_equal(ip.total_len, 576);
	assert_int_equal(p[0], ICMP_UNREACHABLE);
	p += ICMP_HLEN + IPV4_HLEN;
	assert_memory_equal(p, whole + IPV4_HLEN, 576 - 2 * IPV4_HLEN - ICMP_HLEN);
	nw_forget_sent(world);
	nw_assert_drops(world, NSK_DROP_ARP_UNRESOLVED, 3);
}

static void test_packets_wait_for_their_neighbour_and_go(void **state)
{
	struct net_world *world = *state;
	struct ipv4_view ip;

	for (uint16_t i = 0; i < 3; i++)
		come_by_if1(world, &(struct made){.src = NEAR,
						  .dst = 0xc0000263u,
						  .len = (uint16_t)(20 + i)});
	nw_forget_sent(world);
	nw_arp(world, ARP_OP_REPLY, evil_mac, 0xc0000263u, IF0_ADDR);
	assert_int_equal(world->nsent, 3);
	for (uint16_t i = 0; i < 3; i++) {
		nw_sent_ip(world, i, evil_mac, &ip);
		assert_int_equal(ipv4_payload_len(&ip), 20 + i);
		assert_int_equal(ip.ttl, 8);
	}
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* RFC 3704 §2.2: 10.0.0.9 is on if1, so nothing of it comes in by if0. */
static void test_the_way_back_leads_elsewhere_RFC3704(void **state)
{
	struct net_world *world = *state;
	const struct made forged = {.src = NEAR, .dst = FAR, .len = 5};
	const struct made honest = {.src = PEER, .dst = NEAR, .len = 5};

	for (unsigned i = 0; i < 4; i++) {
		uint64_t before = world->w.drop[NSK_DROP_IP_REVERSE_PATH];

		world->set.ip_rp_filter = i & 1;
		world->ifc[0].rp_filter = i & 2;
		come(world, &forged);
		assert_int_equal(world->nsent, i == 0);
		assert_int_equal(world->w.drop[NSK_DROP_IP_REVERSE_PATH] - before, i != 0);
		nw_forget_sent(world);
		come(world, &honest);
		assert_int_equal(world->nsent, 1);
		nw_forget_sent(world);
	}
	/* One interface's filter is its own. */
	world->set.ip_rp_filter = 0;
	world->ifc[0].rp_filter = true;
	come_by_if1(world, &(struct made){.src = PEER, .dst = PEER, .len = 5});
	assert_int_equal(world->nsent, 1);
}

/* ---- size ---- */

static void test_too_big_and_not_to_be_cut_RFC1191(void **state)
{
	struct net_world *world = *state;

	world->ifc[1].mtu = 576;
	come(world, &(struct made){.src = PEER, .dst = NEAR, .frag = IPV4_FRAG_DF, .len = 556});
	assert_int_equal(world->nsent, 1);
	nw_forget_sent(world);
	world->w.cnt[NSK_CNT_IP_FORWARDED] = 0;
	come(world, &(struct made){.src = PEER, .dst = NEAR, .frag = IPV4_FRAG_DF, .len = 557});
	assert_int_equal(complaint(world, IF0_ADDR, PEER, ICMP_UNREACHABLE, ICMP_UNREACH_NEEDFRAG),
			 576);
	dropped(world, NSK_DROP_IP_TOO_BIG);
}

/* The payload of fragments that were sent, put where they say; the number of its bytes. */
static uint32_t joined(struct net_world *world, uint8_t *data, uint32_t base, bool last)
{
	uint32_t end = 0;

	for (unsigned i = 0; i < world->nsent; i++) {
		struct rte_mbuf *m = world->sent[i];
		struct ipv4_view ip = {0};
		uint8_t f[2048];
		const uint8_t *all = rte_pktmbuf_read(m, 0, m->pkt_len, f);

		assert_int_equal(ipv4_parse(all, m->pkt_len, m->pkt_len, 0, &ip), 0);
		assert_int_equal(ip.total_len, m->pkt_len);
		assert_int_equal(ip.ttl, 8);
		assert_int_equal(ip.tos, 0x28);
		assert_int_equal(ip.id, 0x1234);
		assert_int_equal(ipv4_frag_offset(&ip), base + end);
		assert_int_equal(!(ip.frag & IPV4_FRAG_MF), i + 1 == world->nsent && last);
		memcpy(data + end, all + ip.hdr_len, ipv4_payload_len(&ip));
		end += ipv4_payload_len(&ip);
	}
	return end;
}

/* RFC 791 §3.2, RFC 1812 §5.2.6: of a whole packet, of a fragment, of the last one; with a port
 * that takes chains and with one that does not. */
static void test_what_may_be_cut_is_cut_RFC1812_5_2_6(void **state)
{
	static const struct {
		uint16_t frag, mtu;
		unsigned pieces;
	} rows[] = {
		{0, 576, 3}, {IPV4_FRAG_MF | 10, 576, 3}, {10, 576, 3}, {0, 68, 30}, {0, 1419, 2}};
	struct net_world *world = *state;
	uint8_t data[2048], p[2048];

	make(p, &(struct made){.src = PEER, .dst = NEAR, .len = 1400});
	for (unsigned i = 0; i < 2 * NSK_ARRAY_LEN(rows); i++) {
		uint16_t frag = rows[i / 2].frag;

		world->ifc[1].tx_offloads = i & 1 ? PORT_TX_MULTI_SEG : 0;
		world->ifc[1].mtu = rows[i / 2].mtu;
		come(world, &(struct made){.src = PEER, .dst = NEAR, .frag = frag, .len = 1400});
		assert_int_equal(world->nsent, rows[i / 2].pieces);
		assert_int_equal(joined(world, data, (frag & IPV4_FRAG_OFFSET) * 8,
					!(frag & IPV4_FRAG_MF)),
				 1400);
		assert_memory_equal(data, p + IPV4_HLEN, 1400);
		nw_forget_sent(world);
	}
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 2 * NSK_ARRAY_LEN(rows));
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FRAG_OKS], 2 * NSK_ARRAY_LEN(rows));
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* RFC 791 §3.1: the first has all options, the others those to be copied, and all are as long. */
static void test_options_of_fragments(void **state)
{
	static const uint8_t options[] = {148, 4, 0, 0, 68, 8, 9, 0, 1, 2, 3, 4};
	static const uint8_t later[] = {148, 4, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1};
	struct net_world *world = *state;
	uint8_t full[sizeof(options)];

	memcpy(full, options, sizeof(full));
	full[7] = 0x10; /* no room for our time: it counts us */
	world->ifc[1].mtu = 576;
	come(world, &(struct made){.src = PEER,
				   .dst = NEAR,
				   .options = options,
				   .options_len = sizeof(options),
				   .len = 1000});
	assert_int_equal(world->nsent, 2);
	assert_memory_equal(rte_pktmbuf_mtod_offset(world->sent[0], uint8_t *, IPV4_HLEN), full,
			    sizeof(full));
	assert_memory_equal(rte_pktmbuf_mtod_offset(world->sent[1], uint8_t *, IPV4_HLEN), later,
			    sizeof(later));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_goes_on_unless_it_is_asked_for),
		TEST(test_a_packet_goes_on_with_a_hop_less_RFC1812_5_3_1),
		TEST(test_link_padding_stays_behind_and_the_next_links_header_comes),
		TEST(test_fragments_go_on_as_they_are),
		TEST(test_what_is_ours_is_still_ours),
		TEST(test_hops_run_out_RFC1812_5_3_1),
		TEST(test_no_error_about_errors_later_fragments_and_what_came_to_many),
		TEST(test_what_came_to_many_is_not_for_one_RFC1812_5_3_4),
		TEST(test_addresses_that_no_router_passes),
		TEST(test_no_route_RFC1812_5_2_7_1),
		TEST(test_routes_that_refuse),
		TEST(test_nothing_goes_back_over_a_point_to_point_link),
		TEST(test_paths_share_the_load_by_flows),
		TEST(test_a_neighbour_that_does_not_answer),
		TEST(test_a_packet_that_was_cut_is_quoted_with_its_payload),
		TEST(test_packets_wait_for_their_neighbour_and_go),
		TEST(test_the_way_back_leads_elsewhere_RFC3704),
		TEST(test_too_big_and_not_to_be_cut_RFC1191),
		TEST(test_what_may_be_cut_is_cut_RFC1812_5_2_6),
		TEST(test_options_of_fragments),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
