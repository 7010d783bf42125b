/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/forward_plain.c: the short cut; and the buffers that go through a router, with and without
 * it. */
#include "forward_world.h"

#define L3 ETH_HLEN

/* ---- buffers ---- */

/* Whoever else has the data sees it as it came. */
static void test_what_others_read_is_copied_first(void **state)
{
	struct net_world *world = *state;
	uint8_t p[128];
	size_t len = make(p, &(struct made){.src = PEER, .dst = NEAR, .len = 60});
	struct rte_mbuf *m = nw_buffer(world, p, len), *other = pkt_clone(&world->w, m);
	struct ipv4_view ip;

	ip_input(&world->w, &world->ifc[0], m);
	net_tx_flush(&world->w);
	nw_sent_ip(world, 0, NULL, &ip);
	assert_int_equal(ip.ttl, 8);
	assert_memory_equal(rte_pktmbuf_mtod(other, uint8_t *), p, len);
	ip_input(&world->w, &world->ifc[0], other); /* the clone: its data is m's, which is gone */
	net_tx_flush(&world->w);
	nw_sent_ip(world, 1, NULL, &ip);
	assert_int_equal(ip.ttl, 8);
}

static void test_what_reception_said_is_forgotten(void **state)
{
	struct net_world *world = *state;
	uint8_t p[128];
	size_t len = make(p, &(struct made){.src = PEER, .dst = NEAR, .len = 60});
	struct rte_mbuf *m = nw_buffer(world, p, len);

	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_TX_TCP_SEG;
	m->l2_len = 14;
	m->tso_segsz = 1000;
	ip_input(&world->w, &world->ifc[0], m);
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 1);
	assert_int_equal(world->sent[0]->ol_flags, 0);
	assert_int_equal(world->sent[0]->tx_offload, 0);
}

/* A port of a machine beside us leaves it to whoever sends the packet on. */
static void test_a_checksum_that_was_left_open_is_made(void **state)
{
	struct net_world *world = *state;
	uint8_t p[128];

	world->ifc[0].rx_offloads = PORT_RX_CSUM_L4;
	for (unsigned i = 0; i < 3; i++) {
		uint8_t proto = i ? IP_PROTO_UDP : IP_PROTO_TCP, at = i ? 26 : 36;
		size_t len = make(
			p, &(struct made){.src = PEER, .dst = NEAR, .proto = proto, .len = 61});
		uint32_t pseudo = csum_pseudo4(p + IPV4_SRC_OFF, p + IPV4_DST_OFF, proto, 61);
		const uint8_t *sent;
		struct ipv4_view ip;
		struct rte_mbuf *m;

		/* The third: UDP without one. */
		wire_checksum_store(p + at, i == 2 ? 0 : csum_fold(pseudo));
		m = nw_buffer(world, p, len);
		m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		ip_input(&world->w, &world->ifc[0], m);
		net_tx_flush(&world->w);
		sent = nw_sent_ip(world, 0, NULL, &ip);
		if (i == 2)
			assert_int_equal(load_be16(sent + 6), 0);
		else
			assert_true(wire_checksum_ok(sent, 61, pseudo));
		nw_forget_sent(world);
	}
}

static void test_a_packet_in_many_buffers(void **state)
{
	struct net_world *world = *state;
	uint8_t p[2048], q[2048];
	size_t len = make(p, &(struct made){.src = PEER, .dst = NEAR, .len = 1200});
	struct rte_mbuf *m = nw_buffer(world, p, 600), *rest = nw_buffer(world, p + 600, len - 600);

	assert_int_equal(rte_pktmbuf_chain(m, rest), 0);
	ip_input(&world->w, &world->ifc[0], m);
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 1);
	assert_int_equal(world->sent[0]->pkt_len, len);
	memcpy(q, rte_pktmbuf_read(world->sent[0], 0, (uint32_t)len, q), len);
	assert_memory_equal(q + IPV4_HLEN, p + IPV4_HLEN, 1200);
	assert_int_equal(q[8], 8);
}

/* ---- faults ---- */

static void test_without_a_buffer_the_packet_is_lost_and_nothing_else(void **state)
{
	struct net_world *world = *state;
	uint8_t p[2048];
	size_t len = make(p, &(struct made){.src = PEER, .dst = NEAR, .len = 1000});
	struct rte_mbuf *m = nw_buffer(world, p, len), *other = pkt_clone(&world->w, m);

	world->ifc[1].mtu = 576;
	for (unsigned i = 1; i < 12; i++) { /* the Nth allocation fails */
		uint64_t lost = world->w.drop[NSK_DROP_TX_NO_BUFFER];

		world->w.pool->fail_at = world->w.pool->allocs + 1 + i;
		come(world, &(struct made){.src = PEER, .dst = NEAR, .len = 1000});
		world->w.pool->fail_at = 0;
		lost = world->w.drop[NSK_DROP_TX_NO_BUFFER] - lost;
		assert_int_equal(world->nsent, lost ? 0 : 2);
		nw_forget_sent(world);
	}
	pkt_pool_withhold(world->w.pool);
	ip_input(&world->w, &world->ifc[0], m); /* shared: a copy would be needed */
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 0);
	assert_int_equal(world->w.drop[NSK_DROP_RX_NO_BUFFER], 1);
	pkt_pool_release(world->w.pool);
	pkt_free(other);
}

static void test_a_full_port_loses_what_comes_then(void **state)
{
	struct net_world *world = *state;

	world->port_room = 0;
	for (unsigned i = 0; i < 200; i++)
		come(world, &(struct made){.src = PEER, .dst = NEAR, .len = 20});
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, NSK_DROP_TX_RING_FULL, 200 - 128);
	world->port_room = UINT32_MAX;
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 128);
}

static void test_an_interface_that_is_down(void **state)
{
	struct net_world *world = *state;

	world->ifc[1].link_up = false;
	net_snapshot_touch(&world->snap);
	come(world, &(struct made){.src = PEER, .dst = NEAR, .len = 20});
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, NSK_DROP_TX_LINK_DOWN, 1);
}

/* ---- the short cut ---- */

/* Packets of all kinds, most of them plain: what the short cut does is what all rules do. */
static void test_the_short_cut_does_what_the_rules_say(void **state)
{
	struct net_world *world = *state;
	unsigned short_cuts = 0;
	struct rng rng;

	rng_seed(&rng, 7);
	for (unsigned i = 0; i < 20000; i++) {
		static const uint32_t ends[] = {PEER,	    NEAR,	FAR,	    IF0_ADDR,
						IF1_ADDR,   0x0a0000ff, 0xe0000005, 0x7f000001,
						0xa9fe0102, 0xc0000200, IF0_BCAST,  0xc0000263u};
		struct made made = {.src = ends[rng_below(&rng, 3)],
				    .dst = ends[rng_below(&rng, NSK_ARRAY_LEN(ends) - 1)],
				    .ttl = (uint8_t)(1 + rng_below(&rng, 4)),
				    .frag = rng_below(&rng, 8) ? 0 : (uint16_t)rng_u32(&rng),
				    .len = (uint16_t)(8 + rng_below(&rng, 200))};
		struct rte_mbuf *m[2], *out[2];
		uint8_t p[512], iface[2];
		bool taken = false;
		size_t len;

		if (rng_below(&rng, 10) == 0)
			made.src = ends[rng_below(&rng, NSK_ARRAY_LEN(ends))];
		world->set.ip_rp_filter = i & 1;
		world->ifc[1].mtu = i & 2 ? 1500 : 100;
		eth_write(p, if0_mac, peer_mac, ETH_TYPE_IPV4);
		len = L3 + make(p + L3, &made);
		if (rng_below(&rng, 20) == 0)
			p[rng_below(&rng, 34)] ^= (uint8_t)(1 << rng_below(&rng, 8));
		for (unsigned k = 0; k < 2; k++) {
			m[k] = nw_buffer(world, p, len);
			if (k == 0)
				taken = ip_forward_plain(&world->w, &world->ifc[0], m[k],
							 rte_pktmbuf_mtod(m[k], uint8_t *),
							 m[k]->data_len);
			else if (taken)
				net_input(&world->w, &world->ifc[0], m[k]);
			if (!taken) {
				assert_memory_equal(rte_pktmbuf_mtod(m[k], uint8_t *), p, len);
				pkt_free(m[k]);
				break;
			}
			net_tx_flush(&world->w);
			assert_int_equal(world->nsent, 1);
			out[k] = world->sent[0];
			iface[k] = world->sent_iface[0];
			world->nsent = 0;
		}
		if (!taken)
			continue;
		short_cuts++;
		assert_int_equal(out[0]->pkt_len, out[1]->pkt_len);
		assert_int_equal(iface[0], iface[1]);
		assert_memory_equal(rte_pktmbuf_mtod(out[0], uint8_t *),
				    rte_pktmbuf_mtod(out[1], uint8_t *), out[0]->pkt_len);
		pkt_free(out[0]);
		pkt_free(out[1]);
	}
	assert_in_range(short_cuts, 1000, 19000);
}

/* What leads back over a link without Ethernet needs a closer look: RFC 4443 §3.1. */
static void test_the_short_cut_does_not_lead_back(void **state)
{
	static const uint32_t to[] = {NEAR + 1, PEER};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(to); i++) {
		uint8_t p[128];
		size_t len = make(p, &(struct made){.src = NEAR, .dst = to[i], .len = 20});
		struct rte_mbuf *m = nw_buffer(world, p, len);
		bool taken = ip_forward_plain(&world->w, &world->ifc[1], m,
					      rte_pktmbuf_mtod(m, uint8_t *), m->data_len);

		assert_int_equal(taken, to[i] == PEER);
		if (!taken)
			pkt_free(m);
		net_tx_flush(&world->w);
		assert_int_equal(world->nsent, taken);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_others_read_is_copied_first),
		TEST(test_what_reception_said_is_forgotten),
		TEST(test_a_checksum_that_was_left_open_is_made),
		TEST(test_a_packet_in_many_buffers),
		TEST(test_without_a_buffer_the_packet_is_lost_and_nothing_else),
		TEST(test_a_full_port_loses_what_comes_then),
		TEST(test_an_interface_that_is_down),
		TEST(test_the_short_cut_does_what_the_rules_say),
		TEST(test_the_short_cut_does_not_lead_back),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
