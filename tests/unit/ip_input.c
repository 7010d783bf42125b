/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/input.c and output.c: what comes in, and the header that goes out. */
#include "net_world.h"

#include <errno.h>

/* A packet whose header a test has spoilt comes in. */
static void raw(struct net_world *world, const uint8_t *p, size_t len)
{
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, len);
}

static void test_a_good_packet_is_described_and_cut_to_its_length(void **state)
{
	struct net_world *world = *state;
	uint8_t p[64] = {0};
	struct pkt *d;

	nw_ipv4(p, PEER, IF0_ADDR, NW_PROTO, "hello", 5);
	raw(world, p, 46); /* with link padding */
	assert_int_equal(world->ndelivered, 1);
	d = pkt_of(world->delivered);
	assert_int_equal(world->delivered->pkt_len, 25);
	assert_int_equal(world->delivered->data_len, 25);
	assert_int_equal(d->family, AF_INET);
	assert_int_equal(d->proto, NW_PROTO);
	assert_int_equal(d->ttl, 9);
	assert_int_equal(d->tos, 0x20);
	assert_int_equal(d->iface, 0);
	assert_int_equal(d->l4_len, 5);
	assert_memory_equal(pkt_at(world->delivered, d->l4_off), "hello", 5);
	assert_int_equal(load_be32(d->flow.src), PEER);
	assert_int_equal(load_be32(d->flow.dst), IF0_ADDR);
	assert_int_equal(load_be64(d->flow.src + 4) | load_be32(d->flow.src + 12), 0);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_lies_of_the_header_are_met_with_silence(void **state)
{
	static const struct {
		uint8_t at, value;
		enum nsk_drop reason;
	} rows[] = {
		{0, 0x65, NSK_DROP_IP_VERSION},	   {0, 0x44, NSK_DROP_IP_HEADER_LEN},
		{0, 0x4f, NSK_DROP_IP_HEADER_LEN}, {3, 19, NSK_DROP_IP_TOTAL_LEN},
		{3, 26, NSK_DROP_IP_TOTAL_LEN},	   {2, 1, NSK_DROP_IP_TOTAL_LEN},
		{8, 77, NSK_DROP_IP_CHECKSUM},
	};
	struct net_world *world = *state;
	uint8_t p[64];

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		size_t len = nw_ipv4(p, PEER, IF0_ADDR, NW_PROTO, "hello", 5);
		uint64_t before = world->w.drop[rows[i].reason];

		p[rows[i].at] = rows[i].value;
		raw(world, p, len);
		assert_int_equal(world->w.drop[rows[i].reason], before + 1);
	}
	for (size_t len = 0; len < IPV4_HLEN; len++)
		raw(world, p, len);
	assert_int_equal(world->w.drop[NSK_DROP_IP_SHORT], IPV4_HLEN);
	assert_int_equal(world->ndelivered, 0);
	assert_int_equal(world->nsent, 0);
}

static void test_martians_are_dropped_RFC1812_5_3_7(void **state)
{
	static const uint32_t sources[] = {0,	       0x00010203, 0x7f000001, 0xe0000001,
					   0xf0000001, UINT32_MAX, IF0_ADDR,   IF0_ADDR2,
					   IF1_ADDR,   IF0_BCAST,  0xc633647f};
	static const uint32_t dests[] = {0, 0x00010203, 0x7f000001, 0xf0000001};
	static const uint32_t others[] = {PEER, FAR, 0xe0000005, 0x0a0000ff};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(sources); i++)
		nw_packet(world, sources[i], IF0_ADDR, NW_PROTO, "x", 1);
	nw_assert_drops(world, NSK_DROP_IP_MARTIAN_SOURCE, NSK_ARRAY_LEN(sources));
	for (unsigned i = 0; i < NSK_ARRAY_LEN(dests); i++)
		nw_packet(world, PEER, dests[i], NW_PROTO, "x", 1);
	assert_int_equal(world->w.drop[NSK_DROP_IP_MARTIAN_DEST], NSK_ARRAY_LEN(dests));
	for (unsigned i = 0; i < NSK_ARRAY_LEN(others); i++)
		nw_packet(world, PEER, others[i], NW_PROTO, "x", 1);
	assert_int_equal(world->w.drop[NSK_DROP_IP_NOT_LOCAL], NSK_ARRAY_LEN(others));
	assert_int_equal(world->ndelivered, 0);
	assert_int_equal(world->nsent, 0);
}

static void test_a_packet_for_one_host_may_not_come_as_broadcast_RFC1122_3_3_6(void **state)
{
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = nw_ipv4(p, PEER, IF0_ADDR, NW_PROTO, "x", 1);

	nw_frame(world, all_mac, peer_mac, ETH_TYPE_IPV4, p, len);
	nw_assert_drops(world, NSK_DROP_IP_LINK_BROADCAST, 1);
	len = nw_ipv4(p, PEER, IF0_ADDR2, NW_PROTO, "x", 1);
	nw_frame(world, all_mac, peer_mac, ETH_TYPE_IPV4, p, len);
	nw_assert_drops(world, NSK_DROP_IP_LINK_BROADCAST, 2);
	len = nw_ipv4(p, PEER, IF0_BCAST, NW_PROTO, "x", 1);
	nw_frame(world, all_mac, peer_mac, ETH_TYPE_IPV4, p, len);
	assert_int_equal(pkt_of(world->delivered)->flags, PKT_F_LINK_BCAST | PKT_F_IP_BCAST);
}

static void test_source_routes_are_refused_other_options_passed_over(void **state)
{
	static const uint8_t lsrr[] = {131, 7, 4, 8, 8, 8, 8, 0},
			     record[] = {7, 7, 4, 0, 0, 0, 0, 0};
	struct net_world *world = *state;
	uint8_t p[64];

	for (unsigned i = 0; i < 2; i++) {
		nw_ipv4(p, PEER, IF0_ADDR, NW_PROTO, i ? record : lsrr, 8);
		p[0] = 0x47;
		memcpy(p + 28, "hello", 5);
		store_be16(p + 2, 33);
		store_be16(p + 10, 0);
		ipv4_set_checksum(p, 28);
		raw(world, p, 33);
	}
	assert_int_equal(world->w.drop[NSK_DROP_IP_OPTIONS], 1);
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(pkt_of(world->delivered)->l4_len, 5);
}

static void test_hardware_is_believed_when_it_says_good_and_only_if_asked(void **state)
{
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = nw_ipv4(p, PEER, IF0_ADDR, NW_PROTO, "x", 1);
	struct rte_mbuf *m;

	p[10] ^= 1;
	for (unsigned asked = 0; asked < 2; asked++) {
		world->ifc[0].rx_offloads = asked ? PORT_RX_CSUM_IPV4 | PORT_RX_CSUM_L4 : 0;
		m = nw_buffer(world, p, len);
		m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		ip_input(&world->w, &world->ifc[0], m);
		assert_int_equal(world->ndelivered, asked);
		nw_assert_drops(world, NSK_DROP_IP_CHECKSUM, 1);
	}
	assert_int_equal(pkt_of(world->delivered)->flags, PKT_F_L4_CSUM_OK);
	p[10] ^= 1;
	m = nw_buffer(world, p, len);
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	ip_input(&world->w, &world->ifc[0], m);
	assert_int_equal(world->ndelivered, 2);
	assert_int_equal(pkt_of(world->delivered)->flags, 0);
}

/* The packet of len bytes at p, cut into buffers at random places. */
static struct rte_mbuf *scattered(struct net_world *world, struct rng *rng, const uint8_t *p,
				  size_t len)
{
	size_t n = rng_range(rng, 1, (uint32_t)len);
	struct rte_mbuf *m = nw_buffer(world, p, n);

	while (n < len) {
		size_t more = rng_range(rng, 0, (uint32_t)NSK_MIN(len - n, (size_t)40));

		assert_int_equal(rte_pktmbuf_chain(m, nw_buffer(world, p + n, more)), 0);
		n += more;
	}
	return m;
}

static void test_a_packet_in_any_number_of_buffers_is_the_same_packet(void **state)
{
	struct net_world *world = *state;
	uint8_t p[512], payload[400], got[512];
	struct rng rng;

	rng_seed(&rng, 3);
	rng_fill(&rng, payload, sizeof(payload));
	for (unsigned round = 0; round < 2000; round++) {
		size_t pay = rng_below(&rng, 300);
		size_t len = nw_ipv4(p, PEER, IF0_ADDR, NW_PROTO, payload, pay);
		size_t padding = rng_below(&rng, 60), part;
		struct rte_mbuf *m;
		uint32_t sum;

		memset(p + len, 0xee, padding);
		ip_input(&world->w, &world->ifc[0], scattered(world, &rng, p, len + padding));
		assert_int_equal(world->ndelivered, round + 1);
		m = world->delivered;
		rte_mbuf_sanity_check(m, 1);
		assert_int_equal(m->pkt_len, len);
		assert_true(m->data_len >= NSK_MIN(len, (size_t)120));
		assert_memory_equal(rte_pktmbuf_read(m, 0, (uint32_t)len, got)
					    ? rte_pktmbuf_read(m, 0, (uint32_t)len, got)
					    : got,
				    p, len);
		sum = ip_chain_sum(m, IPV4_HLEN, (uint32_t)pay, 0);
		assert_int_equal(csum_finish(sum), csum_block(payload, pay));
		part = rng_below(&rng, (uint32_t)pay + 1);
		len = rng_below(&rng, (uint32_t)(pay - part) + 1);
		sum = ip_chain_sum(m, (uint32_t)(IPV4_HLEN + part), (uint32_t)len, 0);
		assert_int_equal(csum_finish(sum), csum_block(payload + part, len));
	}
}

static void test_headers_that_cannot_be_joined_are_dropped(void **state)
{
	struct net_world *world = *state;
	static const uint8_t payload[200];
	uint8_t p[300];
	size_t len = nw_ipv4(p, PEER, IF0_ADDR, NW_PROTO, payload, sizeof(payload));
	struct rte_mbuf *m = nw_buffer(world, p, 30);

	assert_int_equal(rte_pktmbuf_chain(m, nw_buffer(world, p + 30, len - 30)), 0);
	rte_pktmbuf_refcnt_update(m, 1); /* of each buffer: others read them */
	ip_input(&world->w, &world->ifc[0], m);
	nw_assert_drops(world, NSK_DROP_IP_SPLIT_HEADERS, 1);
	pkt_free(m);
}

static void test_flows_of_another_worker_are_handed_over_once(void **state)
{
	static const uint8_t ports[] = {0x12, 0x34, 0x56, 0x78, 0, 8, 0, 0};
	struct net_world *world = *state;
	struct rte_mbuf *m;

	world->owner = 1;
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, ports, 3);
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, ports, 8);
	assert_null(world->steered); /* alone: nobody is asked */
	assert_int_equal(world->w.drop[NSK_DROP_UDP_CHECKSUM], 0);
	memset(world->w.drop, 0, sizeof(world->w.drop));
	world->w.peers = 2;
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, ports, 8);
	assert_non_null(world->steered);
	assert_int_equal(load_be32(world->asked.src), PEER);
	assert_int_equal(load_be16(&world->asked.sport_be), 0x1234);
	assert_int_equal(load_be16(&world->asked.dport_be), 0x5678);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	/* There it is delivered without another question. */
	m = world->steered;
	world->steered = NULL;
	pkt_of(m)->flags |= PKT_F_STEERED;
	ip_deliver(&world->w, m);
	assert_int_equal(world->w.drop[NSK_DROP_UDP_NO_SOCKET], 1);
	/* Ours stays, and so does what has no ports. */
	world->owner = 0;
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, ports, 8);
	world->owner = 1;
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_UDP, ports, 3);
	nw_packet(world, PEER, IF0_ADDR, NW_PROTO, ports, 8);
	assert_null(world->steered);
	assert_int_equal(world->ndelivered, 1);
}

static void test_an_unknown_protocol_is_answered_by_protocol_unreachable_RFC1122_3_2_2_1(
	void **state)
{
	struct net_world *world = *state;
	struct ipv4_view ip;
	const uint8_t *icmp;

	nw_resolve(world, PEER, peer_mac);
	nw_packet(world, PEER, IF0_ADDR, 99, "hello", 5);
	nw_assert_drops(world, NSK_DROP_IP_UNKNOWN_PROTO, 1);
	assert_int_equal(world->nsent, 1);
	icmp = nw_sent_ip(world, 0, peer_mac, &ip);
	assert_int_equal(icmp[0], ICMP_UNREACHABLE);
	assert_int_equal(icmp[1], ICMP_UNREACH_PROTO);
}

/* ---- output ---- */

/* Sends len bytes as the test's protocol from IF0_ADDR to the peer. */
static void output(struct net_world *world, size_t len, const struct ip_out *how, uint64_t flags)
{
	static const uint8_t bytes[2000];
	struct ip_addr src = ip_addr_from_host32(IF0_ADDR), dst = ip_addr_from_host32(PEER);
	struct ip_out out = *how;
	struct route_cache rc;
	struct rte_mbuf *m = nw_buffer(world, bytes, len);

	out.src = src.b;
	out.dst = dst.b;
	out.family = AF_INET;
	out.proto = NW_PROTO;
	m->ol_flags = flags;
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
	ip_output(&world->w, &rc, m, &out);
	net_tx_flush(&world->w);
}

static void test_the_header_says_what_was_asked_for(void **state)
{
	struct net_world *world = *state;
	struct ipv4_view ip;

	nw_resolve(world, PEER, peer_mac);
	output(world, 5, &(struct ip_out){.ttl = 3, .tos = 0x2e, .df = true}, 0);
	nw_sent_ip(world, 0, peer_mac, &ip);
	assert_int_equal(ip.src, IF0_ADDR);
	assert_int_equal(ip.dst, PEER);
	assert_int_equal(ip.ttl, 3);
	assert_int_equal(ip.tos, 0x2e);
	assert_int_equal(ip.frag, IPV4_FRAG_DF);
	assert_int_equal(ip.id, 0); /* RFC 6864 §4.1: atomic */
	assert_int_equal(ip.proto, NW_PROTO);
	output(world, 5, &(struct ip_out){0}, 0);
	nw_sent_ip(world, 1, peer_mac, &ip);
	assert_int_equal(ip.ttl, 64);
	assert_int_equal(ip.frag, 0);
}

static void test_numbers_of_packets_that_may_be_fragmented_do_not_repeat_RFC6864_4_2(void **state)
{
	struct net_world *world = *state;
	static uint8_t seen[8192];
	struct ipv4_view ip;

	memset(seen, 0, sizeof(seen));
	nw_resolve(world, PEER, peer_mac);
	for (unsigned i = 0; i < 2000; i++) {
		output(world, 1, &(struct ip_out){0}, 0);
		nw_sent_ip(world, 0, peer_mac, &ip);
		assert_false(seen[ip.id / 8] >> ip.id % 8 & 1);
		seen[ip.id / 8] |= (uint8_t)(1 << ip.id % 8);
		nw_forget_sent(world);
	}
}

static void test_longer_than_the_mtu_and_whole_is_dropped_unless_the_port_splits(void **state)
{
	struct net_world *world = *state;

	nw_resolve(world, PEER, peer_mac);
	output(world, 1480, &(struct ip_out){.df = true}, 0);
	assert_int_equal(world->nsent, 1);
	output(world, 1481, &(struct ip_out){.df = true}, 0);
	nw_assert_drops(world, NSK_DROP_IP_TOO_BIG, 1);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FRAG_FAILS], 1);
	output(world, 1481, &(struct ip_out){.df = true}, RTE_MBUF_F_TX_TCP_SEG);
	assert_int_equal(world->nsent, 2);
}

static void test_checksums_are_left_to_the_port_that_computes_them(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc = {.iface = &world->ifc[0]};
	struct rte_mbuf *m;
	size_t len;

	nw_resolve(world, PEER, peer_mac);
	m = nw_buffer(world, "x", 1);
	assert_false(ip_l4_csum_offload(&rc, m, IP_PROTO_TCP));
	assert_int_equal(m->ol_flags, 0);
	world->ifc[0].tx_offloads |= PORT_TX_CSUM_IPV4 | PORT_TX_CSUM_L4;
	assert_true(ip_l4_csum_offload(&rc, m, IP_PROTO_TCP));
	assert_int_equal(m->ol_flags, RTE_MBUF_F_TX_TCP_CKSUM);
	pkt_free(m);
	output(world, 5, &(struct ip_out){0}, RTE_MBUF_F_TX_UDP_CKSUM);
	assert_int_equal(world->sent[0]->ol_flags,
			 RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4);
	assert_int_equal(world->sent[0]->l2_len, ETH_HLEN);
	assert_int_equal(world->sent[0]->l3_len, IPV4_HLEN);
	assert_int_equal(load_be16(nw_sent(world, 0, &len) + ETH_HLEN + 10), 0);
}

static void test_each_failure_of_finding_a_way_has_its_reason(void **state)
{
	(void)state;
	assert_int_equal(ip_route_drop(-ENETUNREACH), NSK_DROP_IP_NO_ROUTE);
	assert_int_equal(ip_route_drop(-ENETDOWN), NSK_DROP_TX_LINK_DOWN);
	assert_int_equal(ip_route_drop(-EHOSTUNREACH), NSK_DROP_ARP_UNRESOLVED);
	assert_int_equal(ip_route_drop(-ENOBUFS), NSK_DROP_ARP_TABLE_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST(test_a_good_packet_is_described_and_cut_to_its_length),
		NW_TEST(test_lies_of_the_header_are_met_with_silence),
		NW_TEST(test_martians_are_dropped_RFC1812_5_3_7),
		NW_TEST(test_a_packet_for_one_host_may_not_come_as_broadcast_RFC1122_3_3_6),
		NW_TEST(test_source_routes_are_refused_other_options_passed_over),
		NW_TEST(test_hardware_is_believed_when_it_says_good_and_only_if_asked),
		NW_TEST(test_a_packet_in_any_number_of_buffers_is_the_same_packet),
		NW_TEST(test_headers_that_cannot_be_joined_are_dropped),
		NW_TEST(test_flows_of_another_worker_are_handed_over_once),
		NW_TEST(test_an_unknown_protocol_is_answered_by_protocol_unreachable_RFC1122_3_2_2_1),
		NW_TEST(test_the_header_says_what_was_asked_for),
		NW_TEST(test_numbers_of_packets_that_may_be_fragmented_do_not_repeat_RFC6864_4_2),
		NW_TEST(test_longer_than_the_mtu_and_whole_is_dropped_unless_the_port_splits),
		NW_TEST(test_checksums_are_left_to_the_port_that_computes_them),
		NW_TEST(test_each_failure_of_finding_a_way_has_its_reason),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
