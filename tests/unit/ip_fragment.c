/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/output.c: packets that are longer than their way takes, and what sockets say of them. */
#include "udp_world.h"

#include <netinet/udp.h>

#define LONGEST 65507 /* of a UDP datagram, in bytes of payload */

static uint8_t data[65515];

static int setup(void **state)
{
	struct rng rng;

	rng_seed(&rng, 5);
	rng_fill(&rng, data, sizeof(data));
	return nw_setup_peer(state);
}

/* A payload of len bytes in buffers of random sizes up to most. */
static struct rte_mbuf *payload(struct net_world *world, struct rng *rng, size_t len, uint32_t most)
{
	struct rte_mbuf *m = NULL;

	for (size_t done = 0; done < len;) {
		size_t n = rng_range(rng, 1, (uint32_t)NSK_MIN(len - done, (size_t)most));
		struct rte_mbuf *seg = nw_buffer(world, data + done, n);

		if (m)
			assert_int_equal(rte_pktmbuf_chain(m, seg), 0);
		else
			m = seg;
		done += n;
	}
	return m;
}

static void output(struct net_world *world, struct rte_mbuf *m, uint16_t mtu)
{
	struct ip_addr src = ip_addr_from_host32(IF0_ADDR), dst = ip_addr_from_host32(PEER);
	struct ip_out out = {.src = src.b,
			     .dst = dst.b,
			     .family = AF_INET,
			     .proto = NW_PROTO,
			     .ttl = 7,
			     .tos = 0x2e,
			     .mtu = mtu};
	struct route_cache rc;

	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
	ip_output(&world->w, &rc, m, &out);
	net_tx_flush(&world->w);
}

/* The IP packet of frame i, in one piece. */
static struct ipv4_view sent(const struct net_world *world, unsigned i, uint8_t *p)
{
	struct rte_mbuf *m = world->sent[i];
	uint32_t len = m->pkt_len - ETH_HLEN;
	struct ipv4_view ip = {0};
	const uint8_t *at;

	rte_mbuf_sanity_check(m, 1);
	at = rte_pktmbuf_read(m, ETH_HLEN, len, p);
	assert_non_null(at);
	if (at != p)
		memcpy(p, at, len);
	assert_int_equal(ipv4_parse(p, len, len, 0, &ip), 0);
	assert_int_equal(ip.total_len, len);
	return ip;
}

/* All that was sent is one datagram of len bytes, which come to got; each packet of at most mtu.
 * Returns the number of packets. */
static unsigned assert_fragments(const struct net_world *world, size_t len, uint32_t mtu,
				 uint8_t *got)
{
	static uint8_t p[65536];
	struct ipv4_view first = sent(world, 0, p);
	uint32_t at = 0;

	for (unsigned i = 0; i < world->nsent; i++) {
		struct ipv4_view ip = sent(world, i, p);
		bool last = i + 1 == world->nsent;

		assert_int_equal(ip.id, first.id);
		assert_int_equal(ip.tos, first.tos);
		assert_int_equal(ip.ttl, first.ttl);
		assert_int_equal(ip.proto, first.proto);
		assert_int_equal(ip.src, IF0_ADDR);
		assert_int_equal(ip.dst, PEER);
		assert_true(ip.total_len <= mtu);
		assert_int_equal(ipv4_frag_offset(&ip), at);
		assert_int_equal(ip.frag & ~IPV4_FRAG_OFFSET, last ? 0 : IPV4_FRAG_MF);
		if (!last) /* nor is any smaller than it must be */
			assert_int_equal(ipv4_payload_len(&ip), (mtu - IPV4_HLEN) / 8 * 8);
		memcpy(got + at, p + IPV4_HLEN, ipv4_payload_len(&ip));
		at += ipv4_payload_len(&ip);
	}
	assert_int_equal(at, len);
	return world->nsent;
}

/* ---- packets ---- */

static void test_any_payload_for_any_mtu_arrives_in_pieces_rfc791_3_2(void **state)
{
	struct net_world *world = *state;
	static uint8_t got[65536];
	uint64_t created = 0, whole = 0;
	struct rng rng;

	rng_seed(&rng, 8);
	for (unsigned round = 0; round < 600; round++) {
		uint32_t mtu = rng_chance(&rng, 300000) ? 68 : rng_range(&rng, 68, 1500);
		size_t len = rng_range(&rng, mtu - IPV4_HLEN + 1,
				       rng_chance(&rng, 500000) ? 6000 : mtu + 10);
		unsigned n;

		world->ifc[0].tx_offloads = rng_chance(&rng, 500000) ? PORT_TX_MULTI_SEG : 0;
		world->ifc[0].mtu = rng_chance(&rng, 500000) ? mtu : 1500;
		output(world, payload(world, &rng, len, 2000), (uint16_t)mtu);
		n = assert_fragments(world, len, mtu, got);
		assert_memory_equal(got, data, len);
		assert_int_equal(n, (len + (mtu - 20) / 8 * 8 - 1) / ((mtu - 20) / 8 * 8));
		created += n;
		whole++;
		nw_forget_sent(world);
	}
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FRAG_OKS], whole);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FRAG_CREATES], created);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FRAG_FAILS], 0);
}

static void test_the_longest_datagram_leaves(void **state)
{
	struct net_world *world = *state;
	static uint8_t got[65536];
	struct rng rng;

	rng_seed(&rng, 8);
	output(world, payload(world, &rng, 65515, 2048), 0);
	assert_int_equal(assert_fragments(world, 65515, 1500, got), 45);
	assert_memory_equal(got, data, 65515);
	nw_forget_sent(world);
	world->ifc[0].mtu = 68;
	rng_seed(&rng, 8);
	world->ifc[0].tx_offloads = 0;
	for (size_t len = 1; len < 90; len++) {
		output(world, payload(world, &rng, len, 2048), 0);
		assert_fragments(world, len, 68, got);
		nw_forget_sent(world);
	}
}

static void test_the_payload_is_not_copied_where_the_port_takes_chains(void **state)
{
	struct net_world *world = *state;
	struct rte_mbuf *m = nw_buffer(world, data, 2000);
	const void *at = m->buf_addr;

	output(world, m, 0);
	assert_int_equal(world->nsent, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(world->sent[i]->nb_segs, 2);
		assert_ptr_equal(world->sent[i]->next->buf_addr, at);
		assert_ptr_not_equal(world->sent[i]->next, m); /* it is no queue's and a port's */
	}
}

static void test_each_datagram_has_a_number_of_its_own_rfc6864_4_3(void **state)
{
	struct net_world *world = *state;
	static uint8_t seen[65536], p[2048];

	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < 3000; i++) {
		uint16_t id;

		output(world, nw_buffer(world, data, 1481), 0);
		id = sent(world, 0, p).id;
		assert_int_equal(seen[id]++, 0);
		nw_forget_sent(world);
	}
}

static void test_a_port_sums_up_each_header_that_it_can(void **state)
{
	struct net_world *world = *state;

	world->ifc[0].tx_offloads |= PORT_TX_CSUM_IPV4;
	output(world, nw_buffer(world, data, 2000), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(world->sent[i]->ol_flags,
				 RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
		assert_int_equal(world->sent[i]->l2_len, ETH_HLEN);
		assert_int_equal(world->sent[i]->l3_len, IPV4_HLEN);
	}
}

static void test_all_fragments_leave_or_none(void **state)
{
	struct net_world *world = *state;
	unsigned failed = 0;

	for (unsigned chains = 0; chains < 2; chains++) {
		world->ifc[0].tx_offloads = chains ? PORT_TX_MULTI_SEG : 0;
		for (unsigned n = 1;; n++) {
			struct rng rng;
			struct rte_mbuf *m;

			rng_seed(&rng, 8);
			m = payload(world, &rng, 5000, 2000);
			world->w.pool->allocs = 0;
			world->w.pool->fail_at = n;
			output(world, m, 0);
			world->w.pool->fail_at = 0;
			if (world->nsent)
				break;
			nw_assert_drops(world, NSK_DROP_TX_NO_BUFFER, ++failed);
			assert_int_equal(world->w.cnt[NSK_CNT_IP_FRAG_FAILS], failed);
		}
		assert_int_equal(world->nsent, 4);
		nw_forget_sent(world);
	}
	assert_true(failed > 10);
}

static void test_what_one_buffer_does_not_hold_a_port_without_chains_does_not_send(void **state)
{
	struct net_world *world = *state;
	struct rng rng;

	rng_seed(&rng, 8);
	world->ifc[0].tx_offloads = 0;
	world->ifc[0].mtu = 9000;
	output(world, payload(world, &rng, 10000, 2000), 0);
	nw_assert_drops(world, NSK_DROP_TX_NO_BUFFER, 1);
	assert_int_equal(world->nsent, 0);
}

/* Else of a first datagram to a neighbour three fragments would arrive, and so nothing. */
static void test_fragments_wait_for_a_neighbour_as_one_packet(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	static uint8_t p[2048];

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(do_send(s, data, 3000 + i, PEER + 1, 9), 3000 + i);
	nw_assert_drops(world, NSK_DROP_ARP_QUEUE_FULL, 2 * 3);
	nw_forget_sent(world);
	nw_arp(world, ARP_OP_REPLY, evil_mac, PEER + 1, IF0_ADDR);
	assert_int_equal(world->nsent, 3 * 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(sent(world, 3 * i + 2, p).total_len,
				 IPV4_HLEN + UDP_HLEN + 3000 + 2 + i - 2 * 1480);
}

/* ---- sockets ---- */

/* What was sent is one datagram from port 7 to 9 with len bytes of data. */
static void assert_datagram(struct net_world *world, size_t len, uint32_t mtu, bool df)
{
	static uint8_t got[65536];
	struct udp_view v = {0};
	uint8_t src[4], dst[4];

	store_be32(src, IF0_ADDR);
	store_be32(dst, PEER);
	if (len + IPV4_HLEN + UDP_HLEN <= mtu) {
		struct ipv4_view ip = sent(world, 0, got);

		assert_int_equal(world->nsent, 1);
		assert_int_equal(ip.frag, df ? IPV4_FRAG_DF : 0);
		memmove(got, got + IPV4_HLEN, ipv4_payload_len(&ip));
	} else {
		assert_fragments(world, UDP_HLEN + len, mtu, got);
	}
	assert_int_equal(udp_parse(got, UDP_HLEN + len, UDP_HLEN + len, &v), 0);
	assert_int_equal(v.sport, 7);
	assert_int_equal(v.dport, 9);
	assert_true(v.has_checksum);
	assert_true(udp_checksum_ok(
		got, UDP_HLEN + len,
		csum_pseudo4(src, dst, IP_PROTO_UDP, (uint16_t)(UDP_HLEN + len)), false));
	assert_memory_equal(got + UDP_HLEN, data, len);
	nw_forget_sent(world);
}

static void test_a_datagram_of_any_size_leaves_with_a_good_checksum(void **state)
{
	static const size_t sizes[] = {0, 1472, 1473, 2952, 2953, 9000, 30001, LONGEST};
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);

	for (unsigned offloads = 0; offloads < 4; offloads++) {
		world->ifc[0].tx_offloads = (offloads & 1 ? PORT_TX_CSUM_L4 : 0) |
					    (offloads & 2 ? PORT_TX_MULTI_SEG : 0);
		for (unsigned i = offloads & 1 ? 2 : 0; i < NSK_ARRAY_LEN(sizes); i++) {
			assert_int_equal(do_send(s, data, sizes[i], PEER, 9), sizes[i]);
			assert_datagram(world, sizes[i], 1500, true);
		}
	}
	assert_int_equal(do_send(s, data, LONGEST + 1, PEER, 9), -EMSGSIZE);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* A router takes no more than this on the way to the peer; whatever the socket hears of it. */
static void too_big(struct net_world *world, struct sock *s, uint16_t mtu)
{
	uint8_t msg[8 + 28], udp[8], *ip = msg + 8;

	icmp_write(msg, &(struct icmp_view){.type = 3, .code = 4, .rest = mtu});
	udp_write(udp, 7, 9, 8);
	nw_ipv4(ip, IF0_ADDR, PEER, IP_PROTO_UDP, udp, 8);
	store_be16(ip + 2, 1500);
	ipv4_set_checksum(ip, 20);
	icmp_set_checksum(msg, sizeof(msg));
	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_ICMP, msg, sizeof(msg));
	assert_int_equal(s->err, 0); /* it has no peer */
}

static void test_ip_mtu_discover_says_what_is_cut_as_in_linux(void **state)
{
	static const struct {
		int value;
		bool df, cuts, minds_path;
	} rows[] = {
		{IP_PMTUDISC_DONT, false, true, true},
		{IP_PMTUDISC_WANT, true, true, true},
		{IP_PMTUDISC_DO, true, false, true},
		{IP_PMTUDISC_PROBE, true, false, false},
		{IP_PMTUDISC_INTERFACE, false, false, false},
		{IP_PMTUDISC_OMIT, false, true, false},
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct sock *s = bound(world, 0, 7);

		assert_int_equal(sock_option_set(s, IPPROTO_IP, IP_MTU_DISCOVER, &rows[i].value,
						 sizeof(int)),
				 0);
		for (unsigned narrow = 0; narrow < 2; narrow++) {
			uint32_t mtu = narrow && rows[i].minds_path ? 1000 : 1500;

			if (narrow)
				too_big(world, s, 1000);
			assert_int_equal(do_send(s, data, mtu - 28, PEER, 9), mtu - 28);
			assert_datagram(world, mtu - 28, mtu, rows[i].df);
			assert_int_equal(do_send(s, data, mtu - 27, PEER, 9),
					 rows[i].cuts ? (ssize_t)mtu - 27 : -EMSGSIZE);
			if (rows[i].cuts)
				assert_datagram(world, mtu - 27, mtu, false);
		}
		s->ops->close(s);
		world->w.now_ns += UINT64_C(600000000000); /* the path is forgotten */
	}
}

static void test_without_path_mtu_discovery_a_narrow_path_is_no_error_as_in_linux(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	int value = IP_PMTUDISC_DONT;
	socklen_t len = sizeof(value);

	assert_int_equal(do_connect(s, PEER, 9), 0);
	sock_option_set(s, IPPROTO_IP, IP_MTU_DISCOVER, &value, sizeof(value));
	too_big(world, s, 1000);
	assert_int_equal(sock_option_get(s, IPPROTO_IP, IP_MTU, &value, &len), 0);
	assert_int_equal(value, 1000);
}

static void test_segments_of_a_call_are_not_cut(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	int segment = 1473;

	sock_option_set(s, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	assert_int_equal(do_send(s, data, 2000, PEER, 9), -EINVAL);
	assert_int_equal(do_send(s, data, 1473, PEER, 9), -EINVAL);
	segment = 3000; /* what is no longer than that is a datagram as any other */
	sock_option_set(s, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	assert_int_equal(do_send(s, data, 2000, PEER, 9), 2000);
	assert_datagram(world, 2000, 1500, true);
}

/* Many buffers are charged as many, and so is the share of all sockets. */
static void test_what_came_in_fragments_is_charged_by_its_buffers(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound(world, 0, 7);
	static uint8_t udp[8 + 1480];
	const uint32_t each = sizeof(struct rte_mbuf) + PKT_PRIV_SIZE + 2048 + RTE_PKTMBUF_HEADROOM;
	int rcvbuf = 32 << 20;
	uint8_t p[2048];
	unsigned n = 0;

	sock_option_set(s, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	udp_write(udp, 9, 7, sizeof(udp));
	while (!world->w.drop[NSK_DROP_UDP_MEM_FULL]) {
		for (uint32_t off = 0; off < sizeof(udp); off += 248) {
			size_t len = nw_ipv4(p, PEER, IF0_ADDR, IP_PROTO_UDP, udp + off, 248);

			store_be16(p + 4, (uint16_t)n);
			store_be16(p + 6, (uint16_t)(off / 8 |
						     (off + 248 < sizeof(udp) ? IPV4_FRAG_MF : 0)));
			store_be16(p + 10, 0);
			ipv4_set_checksum(p, IPV4_HLEN);
			nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, len);
		}
		n++;
	}
	assert_int_equal(dgram_of(s)->queued_bytes, (n - 1) * 6 * each);
	assert_true(dgram_of(s)->queued_bytes <= 1023 / 8 * each);
	assert_true((n * 6) * each > 1023 / 8 * each);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, nw_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_any_payload_for_any_mtu_arrives_in_pieces_rfc791_3_2),
		TEST(test_the_longest_datagram_leaves),
		TEST(test_the_payload_is_not_copied_where_the_port_takes_chains),
		TEST(test_each_datagram_has_a_number_of_its_own_rfc6864_4_3),
		TEST(test_a_port_sums_up_each_header_that_it_can),
		TEST(test_all_fragments_leave_or_none),
		TEST(test_what_one_buffer_does_not_hold_a_port_without_chains_does_not_send),
		TEST(test_fragments_wait_for_a_neighbour_as_one_packet),
		TEST(test_a_datagram_of_any_size_leaves_with_a_good_checksum),
		TEST(test_ip_mtu_discover_says_what_is_cut_as_in_linux),
		TEST(test_without_path_mtu_discovery_a_narrow_path_is_no_error_as_in_linux),
		TEST(test_segments_of_a_call_are_not_cut),
		TEST(test_what_came_in_fragments_is_charged_by_its_buffers),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
