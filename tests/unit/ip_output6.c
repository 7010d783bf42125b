/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/output6.c: the header in front of what a transport made, and of each fragment of it. */
#include "net_world6.h"

/* Sends so many bytes; returns the header's fields as they left. */
static struct ipv6_view sent_with(struct net_world *world, const char *payload, size_t len,
				  const struct ip_out *how)
{
	struct ip_addr dst = nw6_addr(PEER6), src = {.family = 0};
	struct ip_out out = *how;
	struct route_cache rc;
	struct ipv6_view v;

	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
	out.src = src.b;
	out.dst = dst.b;
	out.family = AF_INET6;
	ip_output(&world->w, &rc, nw_buffer(world, payload, len), &out);
	net_tx_flush(&world->w);
	assert_memory_equal(nw6_sent(world, world->nsent - 1, peer_mac, &v), payload, len);
	assert_int_equal(v.next_header, out.proto);
	v.src = v.dst = NULL;
	nw_forget_sent(world);
	return v;
}

static void test_hop_limit_and_traffic_class_are_the_senders_or_usual(void **state)
{
	struct net_world *world = *state;
	struct ipv6_view v;

	v = sent_with(world, "x", 1, &(struct ip_out){.proto = NW_PROTO});
	assert_int_equal(v.hop_limit, 64);
	assert_int_equal(v.traffic_class, 0);
	v = sent_with(world, "x", 1, &(struct ip_out){.proto = NW_PROTO, .ttl = 7, .tos = 0xb9});
	assert_int_equal(v.hop_limit, 7);
	assert_int_equal(v.traffic_class, 0xb9);
}

static void test_rfc6437_3_a_flow_has_a_label_of_its_own(void **state)
{
	const struct ip_out udp = {.proto = IP_PROTO_UDP}, tcp = {.proto = IP_PROTO_TCP},
			    other = {.proto = NW_PROTO};
	struct net_world *world = *state;
	uint32_t one = sent_with(world, "abcd1111", 8, &udp).flow_label, same = 0;
	char data[9] = "aaaa1111";

	assert_int_equal(sent_with(world, "abcd2222", 8, &udp).flow_label, one);
	assert_int_not_equal(sent_with(world, "abcd1111", 8, &tcp).flow_label, one);
	assert_int_equal(sent_with(world, "abcd1111", 8, &other).flow_label,
			 sent_with(world, "zzzz1111", 8, &other).flow_label);
	for (unsigned i = 0; i < 1000; i++) {
		data[i % 4] = (char)rng_u32(&world->w.rng);
		same += sent_with(world, data, 8, &udp).flow_label == one;
	}
	assert_in_range(same, 0, 1);
}

/* A payload in one buffer. */
static void output_to(struct net_world *world, const char *to, const void *data, size_t len,
		      bool df)
{
	struct ip_addr dst = nw6_addr(to), src = {.family = 0};
	struct route_cache rc;

	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
	ip_output(&world->w, &rc, nw_buffer(world, data, len),
		  &(struct ip_out){.src = src.b,
				   .dst = dst.b,
				   .family = AF_INET6,
				   .proto = NW_PROTO,
				   .df = df});
	net_tx_flush(&world->w);
}

static void output_to_peer(struct net_world *world, const void *data, size_t len, bool df)
{
	output_to(world, PEER6, data, len, df);
}

static void test_what_may_not_be_cut_and_exceeds_the_mtu_is_dropped(void **state)
{
	struct net_world *world = *state;
	uint8_t data[1461] = {0};

	output_to_peer(world, data, 1460, true);
	output_to_peer(world, data, 1461, true);
	assert_int_equal(world->nsent, 1);
	nw_assert_drops(world, NSK_DROP_IP_TOO_BIG, 1);
}

/* Two fragments of one number, the first one as long as the MTU lets a multiple of 8 be. */
static void test_rfc8200_4_5_the_sender_fragments(void **state)
{
	struct net_world *world = *state;
	uint8_t data[1461], got[1461];
	struct ipv6_view ip = {.payload_len = 0};
	uint32_t id[2], at = 0;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	output_to_peer(world, data, sizeof(data), false);
	assert_int_equal(world->nsent, 2);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FRAG_CREATES], 2);
	for (unsigned i = 0; i < 2; i++) {
		struct rte_mbuf *m = world->sent[i];
		const uint8_t *h = rte_pktmbuf_mtod_offset(m, const uint8_t *, ETH_HLEN);

		assert_int_equal(ipv6_parse(h, IPV6_HLEN, m->pkt_len - ETH_HLEN, &ip), 0);
		assert_int_equal(ip.next_header, IPV6_NEXT_FRAGMENT);
		assert_int_equal(h[IPV6_HLEN], NW_PROTO);
		assert_int_equal(load_be16(h + IPV6_HLEN + 2), at | (i == 0));
		id[i] = load_be32(h + IPV6_HLEN + 4);
		assert_int_equal(ip.payload_len, i == 0 ? 1456 : 8 + sizeof(data) - 1448);
		memcpy(got + at,
		       rte_pktmbuf_read(m, ETH_HLEN + IPV6_HLEN + 8, ip.payload_len - 8u, got + at),
		       ip.payload_len - 8u);
		at += ip.payload_len - 8u;
	}
	assert_int_equal(id[0], id[1]);
	assert_int_equal(at, sizeof(data));
	assert_memory_equal(got, data, sizeof(data));
}

/* Else of a first datagram to a neighbour three fragments would arrive, and so nothing. */
static void test_fragments_wait_for_a_neighbour_as_one_packet(void **state)
{
	static const char *const to = "2001:db8::8";
	static const uint8_t data[1999]; /* two fragments each */
	struct net_world *world = *state;

	for (unsigned i = 0; i < 5; i++)
		output_to(world, to, data, sizeof(data) - i, false);
	nw_assert_drops(world, NSK_DROP_ARP_QUEUE_FULL, 2 * 2);
	nw_forget_sent(world);
	nw6_advertise(world, to, OURS, to, ND_F_SOLICITED, evil_mac);
	assert_int_equal(world->nsent, 3 * 2);
	for (unsigned i = 0; i < 3; i++) {
		const struct rte_mbuf *m = world->sent[2 * i + 1];

		assert_int_equal(m->pkt_len,
				 ETH_HLEN + IPV6_HLEN + 8 + sizeof(data) - 2 - i - 1448);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW6_TEST_PEER(test_hop_limit_and_traffic_class_are_the_senders_or_usual),
		NW6_TEST_PEER(test_rfc6437_3_a_flow_has_a_label_of_its_own),
		NW6_TEST_PEER(test_what_may_not_be_cut_and_exceeds_the_mtu_is_dropped),
		NW6_TEST_PEER(test_rfc8200_4_5_the_sender_fragments),
		NW6_TEST_PEER(test_fragments_wait_for_a_neighbour_as_one_packet),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
