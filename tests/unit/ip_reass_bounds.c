/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/reass.c and reass_input.c: how long fragments wait, how many of them, and where. */
#include "ip_reass_world.h"

/* ---- time ---- */

static void test_the_source_is_told_if_the_first_fragment_came_rfc1122_3_3_2(void **state)
{
	struct net_world *world = *state;
	struct ipv4_view ip;
	const uint8_t *icmp;
	uint8_t p[2048];
	struct part f = usual;

	in(world, 7, 800, 800, true);
	in(world, 8, 800, 800, false);
	in(world, 7, 0, 800, true);
	nw_pass(world, 29999);
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	nw_pass(world, 2);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_TIMEOUT, 3);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_TIMEOUT], 2);
	assert_empty(world);
	assert_int_equal(world->nsent, 1);
	icmp = nw_sent_ip(world, 0, peer_mac, &ip);
	assert_int_equal(ip.dst, PEER);
	assert_int_equal(icmp[0], ICMP_TIME_EXCEEDED);
	assert_int_equal(icmp[1], 1);
	f.len = 800;
	f.more = true;
	f.id = 7;
	fragment(p, &f);
	assert_int_equal(ip.total_len, 576);
	assert_memory_equal(icmp + ICMP_HLEN, p, 548); /* as it came */
}

static void test_nobody_is_told_who_must_not_be_rfc1122_3_2_2(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;

	data[0] = ICMP_UNREACHABLE;
	f.proto = IP_PROTO_ICMP;
	f.len = 800;
	f.more = true;
	part_in(world, &f); /* an error */
	f.proto = NW_PROTO;
	f.dst = IF0_BCAST;
	part_in(world, &f); /* to many */
	nw_pass(world, 30001);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_TIMEOUT, 2);
	assert_int_equal(world->nsent, 0);
	/* And a flood is answered as often as errors are sent at all. */
	world->set.icmp_rate = 1;
	world->set.icmp_burst = 1;
	f.dst = IF0_ADDR;
	for (f.id = 100; f.id < 120; f.id++)
		part_in(world, &f);
	nw_pass(world, 30001);
	assert_int_equal(world->w.drop[NSK_DROP_IP_FRAG_TIMEOUT], 22);
	assert_true(world->nsent >= 1 && world->nsent <= 2);
	assert_int_equal(world->w.drop[NSK_DROP_ICMP_RATE_LIMITED], 20 - world->nsent);
}

static void test_a_number_that_comes_again_is_another_datagram(void **state)
{
	struct net_world *world = *state;

	in(world, 7, 0, 800, true);
	for (uint16_t i = 0; i < 32; i++) {
		in(world, (uint16_t)(100 + i), 0, 8, true);
		in(world, (uint16_t)(100 + i), 8, 8, false);
	}
	in(world, 7, 1600, 8, true); /* after 64 of others: still the same one */
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	for (uint16_t i = 0; i < 33; i++) {
		in(world, (uint16_t)(200 + i), 0, 8, true);
		in(world, (uint16_t)(200 + i), 8, 8, false);
	}
	in(world, 7, 800, 600, false);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_STALE, 2);
	assert_int_equal(world->ndelivered, 65);
	in(world, 7, 0, 800, true);
	assert_int_equal(world->ndelivered, 66);
	assert_whole(world, 1400);
}

/* ---- bounds ---- */

/* 1023 buffers: a quarter for all, half of that for one source. */
#define ALL  255
#define ONE  128
#define EACH (sizeof(struct rte_mbuf) + PKT_PRIV_SIZE + 2048 + RTE_PKTMBUF_HEADROOM)

static void test_a_flood_from_many_keeps_within_its_share_and_lets_others_through(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;
	uint32_t free_before = pkt_pool_free_count(world->w.pool);

	f.len = 8;
	f.more = true;
	for (unsigned i = 0; i < 20000; i++) {
		f.src = 0x0b000000 + i;
		f.id = (uint16_t)i;
		part_in(world, &f);
		assert_true(free_before - pkt_pool_free_count(world->w.pool) <= ALL);
		if (i % 1000 == 999) { /* one byte, one fragment of the flood between each two */
			for (uint32_t off = 0; off < WHOLE; off += 200) {
				in(world, 7, off, 200, off + 200 < WHOLE);
				f.src++;
				part_in(world, &f);
			}
			assert_int_equal(world->ndelivered, i / 1000 + 1);
			assert_whole(world, WHOLE);
			pkt_free(world->delivered);
			world->delivered = NULL;
		}
	}
	nw_assert_drops(world, NSK_DROP_IP_FRAG_FULL, 20200 - kept_bytes(world) / EACH);
	assert_int_equal(world->nsent, 0);
	world->set.icmp_rate = 0;
	nw_pass(world, 30001);
	assert_empty(world);
	assert_int_equal(pkt_pool_free_count(world->w.pool), free_before);
}

static void test_one_source_pushes_out_its_own_alone(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;

	in(world, 7, 0, 800, true); /* older than all that follows */
	f.src = PEER + 1;
	f.len = 8;
	f.more = true;
	for (unsigned i = 0; i < 5000; i++) {
		f.id = (uint16_t)i;
		part_in(world, &f);
	}
	nw_assert_drops(world, NSK_DROP_IP_FRAG_FULL, 5000 - ONE);
	in(world, 7, 800, 800, false);
	assert_whole(world, 1600);
	/* Its newest are the ones that are left. */
	f.src = PEER + 1;
	f.id = 4999;
	f.off = 8;
	f.more = false;
	part_in(world, &f);
	assert_int_equal(world->ndelivered, 2);
	f.id = (uint16_t)(5000 - ONE - 1);
	part_in(world, &f);
	assert_int_equal(world->ndelivered, 2);
}

static void test_worthless_ones_are_bounded_as_well(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;

	f.len = 16;
	f.more = true;
	for (unsigned i = 0; i < 400; i++) {
		f.src = 0x0b000000 + i;
		f.off = 0;
		part_in(world, &f);
		f.off = 8;
		part_in(world, &f);
		assert_true(kept_bytes(world) <= ALL * EACH);
	}
	assert_int_equal(kept_bytes(world), ALL * EACH);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_OVERLAP, 800);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_FAILS], 400);
}

static void test_a_datagram_with_more_than_its_share_is_given_up_at_once(void **state)
{
	struct net_world *world = *state;

	world->set.ip_frag_mem = 80 * EACH; /* 40 for one source */
	for (uint32_t i = 0; i < 40; i++)
		in(world, 7, i * 8, 8, true);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	for (uint32_t i = 40; i < 100; i++)
		in(world, 7, i * 8, 8, true);
	in(world, 7, 800, 1, false);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_FULL, 101);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_FAILS], 1);
	assert_int_equal(world->ndelivered, 0);
}

static void test_128_fragments_are_enough(void **state)
{
	struct net_world *world = nw_new();

	*state = world;
	pkt_pool_destroy(world->w.pool);
	assert_int_equal(pkt_pool_create(&world->w.pool,
					 &(struct pkt_pool_params){
						 .name = "many",
						 .count = 32767,
						 .data_room = 2048 + RTE_PKTMBUF_HEADROOM,
						 .numa_node = -1,
					 }),
			 0);
	nw_start(world);
	for (uint32_t i = 0; i < 127; i++)
		in(world, 7, i * 8, 8, true);
	in(world, 7, 127 * 8, 8, false);
	assert_int_equal(world->ndelivered, 1);
	assert_whole(world, 1024);
	for (uint32_t i = 0; i < 128; i++)
		in(world, 8, i * 8, 8, true);
	in(world, 8, 1024, 8, false);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_MANY, 129);
	assert_int_equal(world->ndelivered, 1);
}

static void test_ip_frag_mem_bounds_them_in_bytes(void **state)
{
	struct net_world *world = *state;

	world->set.ip_frag_mem = 10 * EACH + 1;
	for (uint16_t id = 0; id < 30; id++) {
		struct part f = usual;

		f.src += id;
		f.len = 8;
		f.more = true;
		part_in(world, &f);
		assert_int_equal(kept_bytes(world), NSK_MIN(id + 1u, 10u) * EACH);
	}
	nw_assert_drops(world, NSK_DROP_IP_FRAG_FULL, 20);
	world->set.ip_frag_mem = 0;
	in(world, 29, 8, 8, false);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_FULL, 21);
	assert_int_equal(world->ndelivered, 0);
}

static void test_without_memory_fragments_are_lost_and_nothing_else(void **state)
{
	struct net_world *world = *state;

	unsigned steps = 0;

	for (world->mem.fail_at = 1;; world->mem.fail_at = steps + 1) {
		in(world, 7, 0, 800, true);
		if (world->mem.fail_at)
			break;
		nw_assert_drops(world, NSK_DROP_IP_FRAG_FULL, ++steps);
		assert_empty(world);
		/* What was made of it stays, so that the next one gets further: from the start. */
		reass_fini(&world->w);
	}
	world->mem.fail_at = 0;
	assert_true(steps >= 3); /* the tables, a source, a datagram */
	in(world, 7, 800, 800, false);
	assert_whole(world, 1600);
}

/* ---- workers ---- */

static void test_fragments_meet_on_the_worker_that_their_datagram_names(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;
	struct rte_mbuf *m;

	world->w.peers = 2;
	world->owner = 1;
	f.proto = IP_PROTO_UDP;
	f.len = 800;
	f.more = true;
	part_in(world, &f);
	m = world->steered;
	assert_non_null(m);
	assert_int_equal(load_be32(world->asked.src), PEER);
	assert_int_equal(load_be32(world->asked.dst), IF0_ADDR);
	assert_int_equal(world->asked.sport_be, 7);
	assert_int_equal(world->asked.dport_be, IP_PROTO_UDP);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_REQDS], 0);
	/* There nobody is asked again, until it is whole. */
	world->steered = NULL;
	pkt_of(m)->flags |= PKT_F_STEERED;
	world->w.id = 1;
	memset(&world->asked, 0, sizeof(world->asked));
	ip_deliver(&world->w, m);
	assert_int_equal(world->asked.sport_be, 0);
	f.off = 800;
	f.more = false;
	part_in(world, &f);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_OKS], 1);
	/* And then by its ports. */
	assert_memory_equal(&world->asked.sport_be, data, 2);
	assert_memory_equal(&world->asked.dport_be, data + 2, 2);
	assert_int_equal(world->w.drop[NSK_DROP_UDP_LENGTH] + world->w.drop[NSK_DROP_UDP_CHECKSUM],
			 1);
}

static void test_a_whole_one_goes_on_to_its_flows_worker(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;

	world->w.peers = 2;
	world->owner = 0;
	f.proto = IP_PROTO_UDP;
	f.len = 800;
	f.more = true;
	part_in(world, &f);
	world->w.id = 1; /* as if it had been handed over to this one */
	world->owner = 1;
	f.off = 800;
	f.more = false;
	part_in(world, &f);
	assert_null(world->steered);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_OKS], 1);
	assert_int_equal(world->ndelivered, 0);
}

static void test_a_packet_of_protocol_44_is_no_fragment(void **state)
{
	struct net_world *world = *state;
	struct ipv4_view ip;

	nw_packet(world, PEER, IF0_ADDR, IP_PROTO_FRAGMENT, "12345678", 8);
	nw_assert_drops(world, NSK_DROP_IP_UNKNOWN_PROTO, 1);
	assert_int_equal(nw_sent_ip(world, 0, peer_mac, &ip)[1], ICMP_UNREACH_PROTO);
	/* Nor is one that came in fragments. */
	for (unsigned i = 0; i < 2; i++) {
		struct part f = usual;

		f.proto = IP_PROTO_FRAGMENT;
		f.off = i * 8;
		f.len = 8;
		f.more = i == 0;
		part_in(world, &f);
	}
	nw_assert_drops(world, NSK_DROP_IP_UNKNOWN_PROTO, 2);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_OKS], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_source_is_told_if_the_first_fragment_came_rfc1122_3_3_2),
		TEST(test_nobody_is_told_who_must_not_be_rfc1122_3_2_2),
		TEST(test_a_number_that_comes_again_is_another_datagram),
		TEST(test_a_flood_from_many_keeps_within_its_share_and_lets_others_through),
		TEST(test_one_source_pushes_out_its_own_alone),
		TEST(test_worthless_ones_are_bounded_as_well),
		TEST(test_a_datagram_with_more_than_its_share_is_given_up_at_once),
		cmocka_unit_test_teardown(test_128_fragments_are_enough, nw_teardown),
		TEST(test_ip_frag_mem_bounds_them_in_bytes),
		TEST(test_without_memory_fragments_are_lost_and_nothing_else),
		TEST(test_fragments_meet_on_the_worker_that_their_datagram_names),
		TEST(test_a_whole_one_goes_on_to_its_flows_worker),
		TEST(test_a_packet_of_protocol_44_is_no_fragment),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
