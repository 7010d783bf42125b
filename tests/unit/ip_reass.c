/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/reass.c and reass_input.c: fragments in every order, and what must never come of them. */
#include "ip_reass_world.h"

/* ---- orders ---- */

#define CUTS 6

static void permute(struct net_world *world, unsigned *order, unsigned n, unsigned missing)
{
	static const uint32_t cut[CUTS + 1] = {0, 8, 16, 656, 1200, 1992, WHOLE - 1};
	unsigned before = world->ndelivered;

	for (unsigned i = n; n < CUTS && i < CUTS; i++) {
		unsigned a = order[n];

		order[n] = order[i];
		order[i] = a;
		permute(world, order, n + 1, missing);
		order[i] = order[n];
		order[n] = a;
	}
	if (n < CUTS)
		return;
	for (unsigned i = 0; i < CUTS; i++) {
		unsigned k = order[i];

		assert_int_equal(world->ndelivered, before);
		if (k != missing)
			in(world, 7, cut[k], cut[k + 1] - cut[k], k + 1 < CUTS);
	}
	if (missing < CUTS) {
		assert_int_equal(world->ndelivered, before);
		nw_pass(world, 30001);
	} else {
		assert_int_equal(world->ndelivered, before + 1);
		assert_whole(world, WHOLE - 1);
	}
	assert_empty(world);
	nw_forget_sent(world);
}

static void test_every_order_makes_it_whole_rfc791_3_2(void **state)
{
	unsigned order[CUTS] = {0, 1, 2, 3, 4, 5};
	struct net_world *world = *state;

	permute(world, order, 0, CUTS);
	assert_int_equal(world->ndelivered, 720);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_REQDS], 720 * CUTS);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_OKS], 720);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_FAILS], 0);
}

static void test_with_one_missing_nothing_comes_in_any_order(void **state)
{
	struct net_world *world = *state;

	world->set.icmp_rate = 0;
	for (unsigned missing = 0; missing < CUTS; missing++) {
		unsigned order[CUTS] = {0, 1, 2, 3, 4, 5};

		permute(world, order, 0, missing);
	}
	assert_int_equal(world->ndelivered, 0);
	assert_int_equal(world->w.drop[NSK_DROP_IP_FRAG_TIMEOUT], 720 * CUTS * (CUTS - 1));
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_TIMEOUT], 720 * CUTS);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_FAILS], 720 * CUTS);
}

/* A model of one datagram: of each unit of 8 bytes, whether it is there. */
struct model {
	bool there[WHOLE / 8 + 1];
	unsigned have, units;
	bool bad, done;
};

/* Many at once, cut anywhere, with duplicates, overlaps and losses among them. */
static void test_random_datagrams_are_whole_if_and_only_if_the_model_says_so(void **state)
{
	unsigned wanted = 0, spoilt = 0, lost = 0;
	struct net_world *world = *state;
	struct rng rng;

	world->set.ip_frag_max_dist = 0;
	world->set.icmp_rate = 0;
	rng_seed(&rng, 9);
	for (unsigned round = 0; round < 3000; round++) {
		uint32_t size = rng_range(&rng, 9, WHOLE - 1), units = (size + 7) / 8;
		struct model model = {.units = units};
		struct part list[64];
		unsigned n = 0;

		for (uint32_t at = 0; at < units;) {
			uint32_t to = at + rng_range(&rng, 1, NSK_MIN(units - at, 90u));

			if (at == 0 && to == units)
				to--; /* not one alone: that is no fragment */
			list[n] = usual;
			list[n].off = at * 8;
			list[n].len = NSK_MIN(to * 8, size) - at * 8;
			list[n].more = to < units;
			n += !rng_chance(&rng, 30000);
			if (n && rng_chance(&rng, 50000)) {
				list[n] = list[rng_below(&rng, n)]; /* the same again */
				n++;
			}
			if (n && rng_chance(&rng, 20000)) {
				list[n] = list[rng_below(&rng, n)];
				list[n].off += 8; /* or nearly the same */
				n += list[n].off + list[n].len <= size && list[n].len > 8;
			}
			at = to;
		}
		for (unsigned i = n; i > 1; i--) {
			unsigned k = rng_below(&rng, i);
			struct part a = list[k];

			list[k] = list[i - 1];
			list[i - 1] = a;
		}
		for (unsigned i = 0; i < n && !model.done; i++) {
			struct part *f = &list[i];
			bool twice = false, over = false;

			for (unsigned k = 0; k < i && !model.bad; k++)
				twice |= list[k].off == f->off && list[k].len == f->len &&
					 list[k].more == f->more;
			for (uint32_t u = f->off / 8; !twice && u < (f->off + f->len + 7) / 8;
			     u++) {
				over |= model.there[u];
				model.have += !model.there[u];
				model.there[u] = true;
			}
			/* Where the end is, is told but once. */
			for (unsigned k = 0; k < i && !twice; k++)
				over |= (!f->more && list[k].off + list[k].len > f->off + f->len) ||
					(!list[k].more &&
					 f->off + f->len > list[k].off + list[k].len);
			model.bad |= over;
			model.done = !model.bad && model.have == units;
			part_in(world, f);
			assert_int_equal(world->ndelivered, wanted + model.done);
		}
		if (model.done)
			assert_whole(world, size);
		wanted += model.done;
		spoilt += model.bad;
		lost += !model.done && !model.bad;
		nw_pass(world, 30001);
		assert_empty(world);
	}
	assert_in_range(wanted, 200, 3000);
	assert_in_range(spoilt, 200, 3000);
	assert_in_range(lost, 200, 3000);
}

static void test_addresses_number_and_protocol_tell_datagrams_apart(void **state)
{
	struct net_world *world = *state;
	struct part f[5] = {usual, usual, usual, usual, usual};

	f[1].src = PEER + 1;
	f[2].dst = IF0_ADDR2;
	f[3].id++;
	f[4].proto = 99;
	for (unsigned i = 0; i < 5; i++) {
		f[i].len = 800;
		f[i].more = true;
		part_in(world, &f[i]);
	}
	assert_int_equal(world->ndelivered, 0);
	for (unsigned i = 0; i < 4; i++) {
		f[i].off = 800;
		f[i].more = false;
		f[i].len = 600;
		part_in(world, &f[i]);
		assert_int_equal(world->ndelivered, i + 1);
		assert_whole(world, 1400);
		assert_int_equal(load_be32(pkt_of(world->delivered)->flow.src), f[i].src);
		assert_int_equal(load_be32(pkt_of(world->delivered)->flow.dst), f[i].dst);
	}
}

static void test_headers_that_come_in_the_smallest_fragments_are_joined(void **state)
{
	struct net_world *world = *state;

	for (uint32_t off = 0; off < 320; off += 8)
		in(world, 7, off, 8, true);
	in(world, 7, 320, 3, false);
	assert_int_equal(world->ndelivered, 1);
	assert_whole(world, 323);
}

static void test_a_first_fragment_that_others_read_is_left_as_it_is(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;
	struct rte_mbuf *m, *other;
	uint8_t p[2048];
	size_t len;

	f.len = 800;
	f.more = true;
	len = fragment(p, &f);
	m = nw_buffer(world, p, len);
	other = pkt_clone(&world->w, m);
	ip_input(&world->w, &world->ifc[0], m);
	in(world, 7, 800, 100, false);
	assert_whole(world, 900);
	assert_memory_equal(rte_pktmbuf_mtod(other, void *), p, len);
	pkt_free(other);
	/* Without a buffer for a header it is lost. */
	m = nw_buffer(world, p, len);
	other = pkt_clone(&world->w, m);
	ip_input(&world->w, &world->ifc[0], m);
	f.off = 800;
	f.more = false;
	m = nw_buffer(world, p, fragment(p, &f));
	pkt_pool_withhold(world->w.pool);
	ip_input(&world->w, &world->ifc[0], m);
	nw_assert_drops(world, NSK_DROP_RX_NO_BUFFER, 1);
	pkt_pool_release(world->w.pool);
	pkt_free(other);
}

/* ---- lies ---- */

static void test_overlaps_spoil_all_of_it_until_its_time_is_over_rfc5722(void **state)
{
	struct net_world *world = *state;

	world->set.icmp_rate = 0;
	in(world, 7, 0, 800, true);
	in(world, 7, 1600, 400, false);
	in(world, 7, 792, 808, true); /* eight bytes too many */
	nw_assert_drops(world, NSK_DROP_IP_FRAG_OVERLAP, 3);
	for (unsigned i = 0; i < 2; i++) {
		in(world, 7, 800, 800, true);
		in(world, 7, 0, 800, true);
		in(world, 7, 1600, 400, false);
		nw_pass(world, 14000);
	}
	nw_assert_drops(world, NSK_DROP_IP_FRAG_OVERLAP, 9);
	assert_int_equal(world->ndelivered, 0);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_FAILS], 1);
	nw_pass(world, 2001);
	assert_empty(world);
	in(world, 7, 800, 800, true);
	in(world, 7, 0, 800, true);
	in(world, 7, 1600, 400, false);
	assert_whole(world, WHOLE);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_TIMEOUT], 0);
}

static void test_the_same_fragment_twice_is_no_overlap_rfc8200_4_5(void **state)
{
	struct net_world *world = *state;

	for (unsigned i = 0; i < 3; i++)
		in(world, 7, 0, 800, true);
	for (unsigned i = 0; i < 3; i++)
		in(world, 7, 1600, 400, false);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_DUPLICATE, 4);
	in(world, 7, 800, 800, true);
	assert_whole(world, WHOLE);
	assert_empty(world);
}

static void test_odd_and_empty_fragments_are_dropped_and_spoil_nothing(void **state)
{
	struct net_world *world = *state;

	in(world, 7, 0, 800, true);
	in(world, 7, 800, 7, true);
	in(world, 7, 800, 801, true);
	in(world, 7, 800, 0, true);
	in(world, 7, 800, 0, false);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_LENGTH, 4);
	in(world, 7, 800, 801, false);
	assert_whole(world, 1601);
}

/* CVE-2020-11896, and the ping of death before it. */
static void test_longer_than_65535_never_assembles(void **state)
{
	struct net_world *world = *state;
	uint32_t off;

	for (off = 0; off + 1400 <= 65515; off += 1400)
		in(world, 7, off, 1400, true);
	in(world, 7, off, 65515 - off + 1, false);
	in(world, 7, 65528, 100, false);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_TOO_LONG, 2);
	assert_int_equal(world->ndelivered, 0);
	in(world, 7, off, 65515 - off, false);
	assert_int_equal(world->ndelivered, 1);
	assert_whole(world, 65515);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_TOO_LONG, 2);
}

static void test_options_of_the_first_fragment_count_as_well(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;
	uint8_t p[2048];

	f.len = 1400;
	f.more = true;
	fragment(p, &f);
	p[0] = 0x46;
	memset(p + 20, 1, 4); /* four times no operation, in place of data */
	store_be16(p + 10, 0);
	ipv4_set_checksum(p, 24);
	store_be16(p + 2, 1424);
	store_be16(p + 10, 0);
	ipv4_set_checksum(p, 24);
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, 1424);
	for (f.off = 1400; f.off + 1400 <= 65515; f.off += 1400)
		part_in(world, &f);
	f.len = 65515 - f.off;
	f.more = false;
	part_in(world, &f);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_TOO_LONG, 47);
	assert_int_equal(world->w.cnt[NSK_CNT_IP_REASM_FAILS], 1);
	assert_empty(world);
}

static void test_congestion_marks_are_joined_rfc3168_5_3(void **state)
{
	static const struct {
		uint8_t first, second, both;
		bool dropped;
	} rows[] = {
		{0, 0, 0, false}, {1, 1, 1, false}, {2, 2, 2, false}, {3, 3, 3, false},
		{1, 3, 3, false}, {3, 1, 3, false}, {2, 3, 3, false}, {3, 2, 3, false},
		{0, 3, 0, true},  {3, 0, 0, true},  {2, 1, 2, false}, {0, 2, 0, false},
	};
	struct net_world *world = *state;
	unsigned dropped = 0;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct part f = usual;

		f.tos = 0xb8 | rows[i].first;
		f.len = 800;
		f.more = true;
		part_in(world, &f);
		f.tos = 0x20 | rows[i].second;
		f.off = 800;
		f.more = false;
		part_in(world, &f);
		dropped += rows[i].dropped;
		assert_int_equal(world->ndelivered, i + 1 - dropped);
		if (rows[i].dropped)
			continue;
		assert_int_equal(pkt_of(world->delivered)->tos, 0xb8 | rows[i].both);
		assert_whole(world, 1600);
	}
	nw_assert_drops(world, NSK_DROP_IP_FRAG_ECN, 4);
	assert_empty(world);
}

static void test_hardware_says_nothing_of_the_whole(void **state)
{
	struct net_world *world = *state;
	struct part f = usual;
	struct rte_mbuf *m;
	uint8_t p[2048];

	world->ifc[0].rx_offloads = PORT_RX_CSUM_IPV4 | PORT_RX_CSUM_L4;
	f.len = 800;
	f.more = true;
	for (unsigned i = 0; i < 2; i++) {
		m = nw_buffer(world, p, fragment(p, &f));
		m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
		ip_input(&world->w, &world->ifc[0], m);
		f.off = 800;
		f.more = false;
	}
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(pkt_of(world->delivered)->flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_order_makes_it_whole_rfc791_3_2),
		TEST(test_with_one_missing_nothing_comes_in_any_order),
		TEST(test_random_datagrams_are_whole_if_and_only_if_the_model_says_so),
		TEST(test_addresses_number_and_protocol_tell_datagrams_apart),
		TEST(test_headers_that_come_in_the_smallest_fragments_are_joined),
		TEST(test_a_first_fragment_that_others_read_is_left_as_it_is),
		TEST(test_overlaps_spoil_all_of_it_until_its_time_is_over_rfc5722),
		TEST(test_the_same_fragment_twice_is_no_overlap_rfc8200_4_5),
		TEST(test_odd_and_empty_fragments_are_dropped_and_spoil_nothing),
		TEST(test_longer_than_65535_never_assembles),
		TEST(test_options_of_the_first_fragment_count_as_well),
		TEST(test_congestion_marks_are_joined_rfc3168_5_3),
		TEST(test_hardware_says_nothing_of_the_whole),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
