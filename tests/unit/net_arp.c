/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/arp.c and input.c: answers, defence, announcements, and which frames are taken at all. */
#include "net_world.h"

static void test_requests_for_our_addresses_are_answered_and_others_not(void **state)
{
	struct net_world *world = *state;
	struct arp_view v;

	nw_arp(world, ARP_OP_REQUEST, peer_mac, PEER, IF0_ADDR);
	nw_arp(world, ARP_OP_REQUEST, peer_mac, PEER, IF0_ADDR2);
	assert_int_equal(world->nsent, 2);
	v = nw_sent_arp(world, 0, ARP_OP_REPLY, peer_mac);
	assert_int_equal(v.spa, IF0_ADDR);
	assert_int_equal(v.tpa, PEER);
	assert_memory_equal(v.tha, peer_mac, 6);
	v = nw_sent_arp(world, 1, ARP_OP_REPLY, peer_mac);
	assert_int_equal(v.spa, IF0_ADDR2);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	nw_arp(world, ARP_OP_REQUEST, peer_mac, PEER, GATEWAY);
	nw_arp(world, ARP_OP_REQUEST, peer_mac, PEER, IF1_ADDR); /* of another interface */
	assert_int_equal(world->nsent, 2);
	nw_assert_drops(world, NSK_DROP_ARP_NOT_OURS, 2);
}

static void test_probes_are_answered_and_make_no_entry_RFC5227_2_1(void **state)
{
	struct net_world *world = *state;

	nw_arp(world, ARP_OP_REQUEST, peer_mac, 0, IF0_ADDR);
	nw_sent_arp(world, 0, ARP_OP_REPLY, peer_mac);
	assert_int_equal(world->w.net->neighs->carved, 0);
}

static void test_a_sender_from_another_subnet_is_answered_and_forgotten(void **state)
{
	struct net_world *world = *state;

	nw_arp(world, ARP_OP_REQUEST, peer_mac, FAR, IF0_ADDR);
	nw_arp(world, ARP_OP_REQUEST, peer_mac, IF0_BCAST, IF0_ADDR);
	assert_int_equal(world->nsent, 2);
	assert_int_equal(world->w.net->neighs->carved, 0);
}

static void test_an_answer_uses_the_buffer_of_the_request_or_one_of_its_own(void **state)
{
	struct net_world *world = *state;
	struct arp_view v = {.op = ARP_OP_REQUEST, .spa = PEER, .tpa = IF0_ADDR};
	uint8_t frame[60] = {0};
	struct rte_mbuf *m;

	memcpy(v.sha, peer_mac, 6);
	eth_write(frame, all_mac, peer_mac, ETH_TYPE_ARP);
	arp_write(frame + ETH_HLEN, &v);
	m = nw_buffer(world, frame, sizeof(frame));
	net_input(&world->w, &world->ifc[0], m);
	net_tx_flush(&world->w);
	assert_ptr_equal(world->sent[0], m);
	nw_sent_arp(world, 0, ARP_OP_REPLY, peer_mac);
	nw_forget_sent(world);

	m = nw_buffer(world, frame, sizeof(frame));
	rte_mbuf_refcnt_update(m, 1);
	net_input(&world->w, &world->ifc[0], m);
	net_tx_flush(&world->w);
	assert_ptr_not_equal(world->sent[0], m);
	nw_sent_arp(world, 0, ARP_OP_REPLY, peer_mac);
	assert_int_equal(load_be16(rte_pktmbuf_mtod(m, uint8_t *) + 6), ARP_OP_REQUEST);
	pkt_free(m);
}

static void test_our_address_is_defended_at_most_every_ten_seconds_RFC5227_2_4(void **state)
{
	struct net_world *world = *state;
	struct arp_view v;

	for (unsigned i = 0; i < 5; i++)
		nw_arp(world, i & 1 ? ARP_OP_REQUEST : ARP_OP_REPLY, evil_mac, IF0_ADDR, IF0_ADDR);
	assert_int_equal(world->nsent, 1);
	v = nw_sent_arp(world, 0, ARP_OP_REQUEST, all_mac);
	assert_int_equal(v.spa, IF0_ADDR);
	assert_int_equal(v.tpa, IF0_ADDR);
	nw_assert_drops(world, NSK_DROP_ARP_CONFLICT, 5);
	nw_pass(world, 10000);
	nw_arp(world, ARP_OP_REQUEST, evil_mac, IF0_ADDR, PEER);
	assert_int_equal(world->nsent, 2);
	/* Our own frame, reflected, is no conflict. */
	nw_pass(world, 10000);
	nw_arp(world, ARP_OP_REQUEST, if0_mac, IF0_ADDR, IF0_ADDR);
	assert_int_equal(world->w.drop[NSK_DROP_ARP_CONFLICT], 6);
	assert_int_equal(world->w.drop[NSK_DROP_ARP_NOT_OURS], 1);
	assert_int_equal(world->nsent, 2);
	assert_non_null(iface_find_addr(&world->ifc[0], &world->ifc[0].addrs[0].addr));
}

static void test_addresses_are_announced_twice_two_seconds_apart_RFC5227_2_3(void **state)
{
	struct net_world *world = *state;
	struct arp_view v;

	net_announce(&world->w, &world->ifc[0]);
	net_announce(&world->w, &world->ifc[1]); /* has no link layer */
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 2);
	v = nw_sent_arp(world, 1, ARP_OP_REQUEST, all_mac);
	assert_int_equal(v.spa, IF0_ADDR2);
	assert_int_equal(v.tpa, IF0_ADDR2);
	nw_pass(world, 1999);
	assert_int_equal(world->nsent, 2);
	nw_pass(world, 2);
	assert_int_equal(world->nsent, 4);
	nw_pass(world, 60000);
	assert_int_equal(world->nsent, 4);
}

static void test_malformed_packets_are_counted_and_nothing_else(void **state)
{
	struct net_world *world = *state;
	static const uint8_t group_mac[6] = {3, 0, 0, 0, 0, 1};
	uint8_t buf[ARP_LEN];
	struct arp_view v = {.op = ARP_OP_REQUEST, .spa = PEER, .tpa = IF0_ADDR};

	memcpy(v.sha, peer_mac, 6);
	arp_write(buf, &v);
	for (size_t len = 0; len < ARP_LEN; len++)
		nw_frame(world, all_mac, peer_mac, ETH_TYPE_ARP, buf, len);
	nw_assert_drops(world, NSK_DROP_ARP_MALFORMED, ARP_LEN);
	memcpy(v.sha, group_mac, 6);
	arp_write(buf, &v);
	nw_frame(world, all_mac, peer_mac, ETH_TYPE_ARP, buf, ARP_LEN);
	nw_assert_drops(world, NSK_DROP_ARP_MALFORMED, ARP_LEN + 1);
	assert_int_equal(world->nsent, 0);
	assert_int_equal(world->w.net->neighs->carved, 0);
}

static void test_without_buffers_the_reserve_answers_then_it_is_counted(void **state)
{
	struct net_world *world = *state;
	struct pkt_pool *pool = world->w.pool;
	struct arp_view v = {.op = ARP_OP_REQUEST, .spa = PEER, .tpa = IF0_ADDR};
	uint8_t frame[60] = {0};
	struct rte_mbuf *m;

	memcpy(v.sha, peer_mac, 6);
	eth_write(frame, all_mac, peer_mac, ETH_TYPE_ARP);
	arp_write(frame + ETH_HLEN, &v);
	m = nw_buffer(world, frame, sizeof(frame));
	pool->fail_at = 1;
	pool->fail_every = 1;
	for (unsigned i = 0; i <= PKT_RESERVE; i++) {
		rte_mbuf_refcnt_update(m, 1); /* somebody else has it too: no answer in place */
		m->data_off = RTE_PKTMBUF_HEADROOM;
		m->data_len = sizeof(frame);
		m->pkt_len = sizeof(frame);
		net_input(&world->w, &world->ifc[0], m);
	}
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, PKT_RESERVE);
	nw_assert_drops(world, NSK_DROP_RX_NO_BUFFER, 1);
	pkt_free(m);
}

/* ---- several workers ---- */

static void test_what_concerns_us_is_shared_with_other_workers_and_learnt_without_an_answer(
	void **state)
{
	struct net_world *world = *state;
	struct arp_view v = {.op = ARP_OP_REQUEST, .spa = PEER, .tpa = IF0_ADDR};
	struct ip_addr peer = ip_addr_from_host32(PEER);
	uint8_t buf[ARP_LEN];

	world->w.peers = 2;
	nw_arp(world, ARP_OP_REQUEST, evil_mac, PEER + 1, IF0_ADDR);
	nw_arp(world, ARP_OP_REPLY, evil_mac, PEER + 1, IF0_ADDR);
	nw_arp(world, ARP_OP_REQUEST, evil_mac, PEER + 1, PEER + 1);
	assert_int_equal(world->shared, 3);
	nw_arp(world, ARP_OP_REQUEST, evil_mac, PEER + 1, PEER + 2);
	assert_int_equal(world->shared, 3);
	assert_int_equal(world->w.drop[NSK_DROP_ARP_UNSOLICITED], 0);
	nw_forget_sent(world);
	memcpy(v.sha, peer_mac, 6);
	arp_write(buf, &v);
	arp_input(&world->w, &world->ifc[0], nw_buffer(world, buf, ARP_LEN));
	arp_input(&world->w, &world->ifc[0], nw_buffer(world, buf, 3));
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 0);
	assert_int_equal(world->shared, 3);
	assert_int_equal(neigh_find(&world->w, 0, &peer)->state, NEIGH_STALE);
	/* Another worker has defended an address of ours: its claimant is no neighbour. */
	v.spa = IF0_ADDR2;
	arp_write(buf, &v);
	arp_input(&world->w, &world->ifc[0], nw_buffer(world, buf, ARP_LEN));
	peer = ip_addr_from_host32(IF0_ADDR2);
	assert_null(neigh_find(&world->w, 0, &peer));
}

/* Whether somebody else's packet ends what is being asked for. */
static bool gives_up(struct net_world *world, uint16_t op, const uint8_t *sha, uint32_t spa,
		     uint32_t tpa)
{
	const struct ip_addr own = ip_addr_from_host32(IF0_ADDR2);
	struct iface_addr *a = iface_have_addr(&world->ifc[0], &own);

	a->state = IFACE_ADDR_TENTATIVE;
	nw_arp(world, op, sha, spa, tpa);
	return a->state == IFACE_ADDR_DUPLICATE;
}

static void test_who_has_an_address_or_wants_it_gets_it_RFC5227_2_1_1(void **state)
{
	struct net_world *world = *state;

	assert_true(gives_up(world, ARP_OP_REPLY, evil_mac, IF0_ADDR2, IF0_ADDR));
	assert_true(gives_up(world, ARP_OP_REQUEST, evil_mac, IF0_ADDR2, IF0_ADDR2));
	assert_true(gives_up(world, ARP_OP_REQUEST, evil_mac, 0, IF0_ADDR2)); /* a probe */
	nw_assert_drops(world, NSK_DROP_ARP_CONFLICT, 3);
	/* Who asks for it has it not; and what the link gives back is our own. */
	assert_false(gives_up(world, ARP_OP_REQUEST, evil_mac, PEER, IF0_ADDR2));
	assert_false(gives_up(world, ARP_OP_REQUEST, if0_mac, 0, IF0_ADDR2));
	assert_int_equal(world->w.drop[NSK_DROP_ARP_CONFLICT], 3);
	assert_int_equal(world->nsent, 0);
}

/* ---- frames ---- */

static void test_only_frames_for_us_for_all_or_for_our_group_are_taken(void **state)
{
	static const uint8_t all_hosts[6] = {1, 0, 0x5e, 0, 0, 1},
			     other_group[6] = {1, 0, 0x5e, 0, 0, 2};
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = nw_ipv4(p, PEER, IF0_ADDR, NW_PROTO, "hello", 5);

	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, len);
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(pkt_of(world->delivered)->flags, 0);
	nw_frame(world, peer_mac, peer_mac, ETH_TYPE_IPV4, p, len);
	nw_frame(world, other_group, peer_mac, ETH_TYPE_IPV4, p, len);
	nw_assert_drops(world, NSK_DROP_ETH_OTHER_MAC, 2);
	len = nw_ipv4(p, PEER, 0xe0000001, NW_PROTO, "hello", 5);
	nw_frame(world, all_hosts, peer_mac, ETH_TYPE_IPV4, p, len);
	assert_int_equal(pkt_of(world->delivered)->flags, PKT_F_LINK_MCAST | PKT_F_IP_MCAST);
	len = nw_ipv4(p, PEER, UINT32_MAX, NW_PROTO, "hello", 5);
	nw_frame(world, all_mac, peer_mac, ETH_TYPE_IPV4, p, len);
	assert_int_equal(pkt_of(world->delivered)->flags, PKT_F_LINK_BCAST | PKT_F_IP_BCAST);
	assert_int_equal(world->ndelivered, 3);
}

static void test_every_other_kind_of_frame_has_its_own_reason(void **state)
{
	struct net_world *world = *state;

	nw_frame(world, if0_mac, all_mac, ETH_TYPE_IPV4, "x", 1);
	nw_assert_drops(world, NSK_DROP_ETH_BAD_SOURCE, 1);
	nw_frame(world, if0_mac, peer_mac, 0x05dc, "x", 1);
	assert_int_equal(world->w.drop[NSK_DROP_ETH_LLC], 1);
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_VLAN, "\0\x64\x08\0x", 5);
	assert_int_equal(world->w.drop[NSK_DROP_ETH_VLAN_UNKNOWN], 1);
	nw_frame(world, if0_mac, peer_mac, 0x88cc, "x", 1);
	assert_int_equal(world->w.drop[NSK_DROP_ETH_UNKNOWN_TYPE], 1);
	for (size_t len = 0; len < ETH_HLEN; len++)
		net_input(&world->w, &world->ifc[0], nw_buffer(world, if0_mac, len % 7));
	assert_int_equal(world->w.drop[NSK_DROP_ETH_SHORT], ETH_HLEN);
	world->ifc[0].state = NSK_IFACE_DISABLING;
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, "x", 1);
	assert_int_equal(world->w.drop[NSK_DROP_RX_IFACE_DOWN], 1);
}

static void test_a_port_without_a_link_layer_gives_packets(void **state)
{
	struct net_world *world = *state;
	uint8_t p[64];
	size_t len = nw_ipv4(p, 0x0a000002, IF1_ADDR, NW_PROTO, "hello", 5);

	net_input(&world->w, &world->ifc[1], nw_buffer(world, p, len));
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(pkt_of(world->delivered)->iface, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST(test_requests_for_our_addresses_are_answered_and_others_not),
		NW_TEST(test_probes_are_answered_and_make_no_entry_RFC5227_2_1),
		NW_TEST(test_a_sender_from_another_subnet_is_answered_and_forgotten),
		NW_TEST(test_an_answer_uses_the_buffer_of_the_request_or_one_of_its_own),
		NW_TEST(test_our_address_is_defended_at_most_every_ten_seconds_RFC5227_2_4),
		NW_TEST(test_addresses_are_announced_twice_two_seconds_apart_RFC5227_2_3),
		NW_TEST(test_malformed_packets_are_counted_and_nothing_else),
		NW_TEST(test_without_buffers_the_reserve_answers_then_it_is_counted),
		NW_TEST(test_what_concerns_us_is_shared_with_other_workers_and_learnt_without_an_answer),
		NW_TEST(test_who_has_an_address_or_wants_it_gets_it_RFC5227_2_1_1),
		NW_TEST(test_only_frames_for_us_for_all_or_for_our_group_are_taken),
		NW_TEST(test_every_other_kind_of_frame_has_its_own_reason),
		NW_TEST(test_a_port_without_a_link_layer_gives_packets),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
