/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments of IPv6: reass_input.c and input6.c on reass.c, whose own tests are ip_reass.c. */
#include "net_world6.h"

#define WHOLE 1000

static uint8_t data[70000];

/* A fragment [off, off + len) of data, behind so many bytes of destination options. */
struct part {
	uint32_t id, off;
	size_t len;
	bool more;
	unsigned front; /* headers of 8 bytes */
	uint8_t next;
	const char *dst;
};

static void part_in(struct net_world *world, const struct part *part)
{
	uint8_t p[2000] = {0}, *h = p;
	uint8_t first = part->front ? IPV6_NEXT_DESTINATION : IPV6_NEXT_FRAGMENT;

	for (unsigned i = 0; i < part->front; i++, h += 8) {
		h[0] = i + 1 < part->front ? IPV6_NEXT_DESTINATION : IPV6_NEXT_FRAGMENT;
		h[2] = 1;
		h[3] = 4;
	}
	h[0] = part->next ? part->next : NW_PROTO;
	store_be16(h + 2, (uint16_t)(part->off | part->more));
	store_be32(h + 4, part->id);
	memcpy(h + 8, data + part->off, part->len);
	nw6_packet(world, PEER6, part->dst ? part->dst : OURS, first, 9, p,
		   (size_t)(h + 8 - p) + part->len);
}

static void in(struct net_world *world, uint32_t id, uint32_t off, size_t len, bool more)
{
	part_in(world, &(struct part){.id = id, .off = off, .len = len, .more = more});
}

/* What was delivered last is the first len bytes of data, as if it had never been cut. */
static void assert_whole(struct net_world *world, size_t len, unsigned front)
{
	struct rte_mbuf *m = world->delivered;
	struct pkt *p = pkt_of(m);
	static uint8_t got[70000];
	struct ipv6_chain chain;
	struct ipv6_view ip;

	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, IPV6_HLEN + 8 * front + len);
	assert_int_equal(ipv6_parse(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, m->pkt_len, &ip),
			 0);
	assert_int_equal(IPV6_HLEN + ip.payload_len, m->pkt_len);
	assert_int_equal(ip.hop_limit, 9);
	assert_int_equal(ip.traffic_class, p->tos);
	assert_int_equal(ipv6_walk(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, &ip, &chain), 0);
	assert_false(chain.fragment);
	assert_int_equal(chain.frag_at, 0);
	assert_int_equal(chain.proto, NW_PROTO);
	assert_int_equal(p->proto, NW_PROTO);
	assert_int_equal(p->l4_len, len);
	assert_int_equal(p->l3_off, m->data_off);
	assert_int_equal(p->l4_off, m->data_off + IPV6_HLEN + 8 * front);
	assert_memory_equal(rte_pktmbuf_read(m, IPV6_HLEN + 8 * front, (uint32_t)len, got), data,
			    len);
}

static void assert_empty(const struct net_world *world)
{
	struct nsk_levels levels = {0};

	reass_levels(&world->w, &levels);
	assert_int_equal(levels.ip_reasm_bytes, 0);
}

static int setup(void **state)
{
	struct rng rng;

	rng_seed(&rng, 5);
	rng_fill(&rng, data, sizeof(data));
	return nw6_setup_peer(state);
}

/* No sender cuts what is cut already. */
static void test_a_fragment_of_a_whole_is_refused(void **state)
{
	struct net_world *world = *state;
	const uint8_t kept[8] = {data[0], data[1], data[2], data[3],
				 data[4], data[5], data[6], data[7]};

	for (unsigned more = 0; more < 2; more++) {
		memcpy(data, (uint8_t[]){NW_PROTO, 0, 0, (uint8_t)(8 | more), 0, 0, 0, 9}, 8);
		part_in(world,
			&(struct part){
				.id = more, .len = 16, .more = true, .next = IPV6_NEXT_FRAGMENT});
		part_in(world,
			&(struct part){
				.id = more, .off = 16, .len = 16, .next = IPV6_NEXT_FRAGMENT});
	}
	nw_assert_drops(world, NSK_DROP_IP6_EXTENSIONS, 2);
	assert_int_equal(world->ndelivered, 0);
	assert_empty(world);
	memcpy(data, kept, sizeof(kept));
}

static void test_rfc8200_4_5_every_order_makes_it_whole(void **state)
{
	static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const uint32_t cut[4] = {0, 8, 616, WHOLE};
	struct net_world *world = *state;

	for (unsigned front = 0; front < 4; front++) {
		for (unsigned i = 0; i < 6; i++) {
			for (unsigned k = 0; k < 3; k++) {
				unsigned n = orders[i][k];

				assert_int_equal(world->ndelivered, 6 * front + i);
				part_in(world, &(struct part){.id = 0x10000 + i,
							      .off = cut[n],
							      .len = cut[n + 1] - cut[n],
							      .more = n < 2,
							      .front = front});
			}
			assert_int_equal(world->ndelivered, 6 * front + i + 1);
			assert_whole(world, WHOLE, front);
			assert_empty(world);
		}
	}
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_headers_in_front_are_the_first_fragments_rfc8200_4_5(void **state)
{
	struct net_world *world = *state;

	part_in(world, &(struct part){.id = 1, .off = 512, .len = 488, .front = 2});
	part_in(world, &(struct part){.id = 1, .len = 512, .more = true, .front = 1});
	assert_whole(world, WHOLE, 1);
	/* So is the number of what follows. */
	part_in(world, &(struct part){.id = 2, .off = 512, .len = 488, .next = 99});
	part_in(world, &(struct part){.id = 2, .len = 512, .more = true});
	assert_int_equal(world->ndelivered, 2);
	assert_whole(world, WHOLE, 0);
}

static void test_32_bits_of_number_and_both_addresses_tell_datagrams_apart(void **state)
{
	struct net_world *world = *state;

	in(world, 1, 0, 512, true);
	in(world, 0x10001, 512, 488, false);
	part_in(world, &(struct part){.id = 1, .off = 512, .len = 488, .dst = OURS_TOO});
	assert_int_equal(world->ndelivered, 0);
	in(world, 1, 512, 488, false);
	assert_int_equal(world->ndelivered, 1);
}

/* RFC 4963 is about 16 bits: 32 do not come again while a datagram is under way. */
static void test_what_comes_between_does_not_make_a_datagram_stale(void **state)
{
	struct net_world *world = *state;

	world->set.ip_frag_max_dist = 1;
	in(world, 1, 0, 616, true);
	for (uint32_t id = 2; id < 6; id++)
		in(world, id, 0, 616, true);
	in(world, 1, 616, WHOLE - 616, false);
	assert_int_equal(world->ndelivered, 1);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_rfc6946_a_fragment_that_is_all_meets_no_other(void **state)
{
	struct net_world *world = *state;

	in(world, 1, 0, 512, true);
	in(world, 1, 0, WHOLE, false);
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(pkt_of(world->delivered)->l4_len, WHOLE);
	in(world, 1, 512, 488, false);
	assert_int_equal(world->ndelivered, 2);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_rfc5722_an_overlap_spoils_all_of_it(void **state)
{
	struct net_world *world = *state;

	in(world, 1, 0, 512, true);
	in(world, 1, 504, 496, false);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_OVERLAP, 2);
	in(world, 1, 512, 488, false);
	in(world, 1, 0, 512, true);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_OVERLAP, 4);
	assert_int_equal(world->ndelivered, 0);
	assert_int_equal(world->nsent, 0);
}

static void assert_told(struct net_world *world, uint8_t type, uint8_t code, uint32_t rest)
{
	struct ipv6_view ip;
	const uint8_t *msg;

	assert_int_equal(world->nsent, 1);
	msg = nw6_sent_icmp(world, 0, peer_mac, OURS, PEER6, &ip);
	assert_int_equal(msg[0], type);
	assert_int_equal(msg[1], code);
	assert_int_equal(load_be32(msg + 4), rest);
	assert_int_equal(msg[8] >> 4, 6);
	nw_forget_sent(world);
}

static void test_rfc8200_4_5_the_source_is_told_that_time_is_over_if_the_first_came(void **state)
{
	struct net_world *world = *state;

	in(world, 1, 512, 488, false);
	in(world, 2, 0, 512, true);
	nw_pass(world, 30001);
	assert_told(world, ICMP6_TIME_EXCEEDED, ICMP6_TIME_REASSEMBLY, 0);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_TIMEOUT, 2);
	assert_empty(world);
}

static void test_rfc8200_4_5_lengths_that_cannot_be_are_pointed_at(void **state)
{
	struct net_world *world = *state;

	in(world, 1, 0, 513, true);
	assert_told(world, ICMP6_PARAMETER_PROBLEM, 0, 4);
	nw_assert_drops(world, NSK_DROP_IP_FRAG_LENGTH, 1);
	part_in(world, &(struct part){.id = 1, .off = 65528, .len = 8, .front = 1});
	assert_told(world, ICMP6_PARAMETER_PROBLEM, 0, 40 + 8 + 2);
	assert_int_equal(world->w.drop[NSK_DROP_IP_FRAG_TOO_LONG], 1);
	part_in(world, &(struct part){.id = 1, .len = 513, .more = true, .dst = ALL_NODES});
	assert_int_equal(world->nsent, 0);
	assert_empty(world);
}

static void test_the_longest_datagram_and_one_byte_more(void **state)
{
	struct net_world *world = *state;

	for (uint32_t extra = 0; extra < 2; extra++) {
		for (uint32_t off = 0; off < 65536; off += 1400) {
			size_t len = NSK_MIN(1400u, 65535 - 8 + extra - off);

			part_in(world, &(struct part){.id = extra,
						      .off = off,
						      .len = len,
						      .more = off + 1400 < 65527 + extra,
						      .front = 1});
		}
		assert_int_equal(world->ndelivered, 1);
	}
	assert_whole(world, 65535 - 8, 1);
	assert_int_equal(world->w.drop[NSK_DROP_IP_FRAG_TOO_LONG], 47);
}

static void test_an_option_behind_the_fragments_header_is_judged_when_it_is_whole(void **state)
{
	struct net_world *world = *state;

	memset(data, 0, 8);
	store_be32(data, (uint32_t)NW_PROTO << 24 | 0x8004);
	part_in(world, &(struct part){.id = 1, .len = 512, .more = true, .next = 60});
	part_in(world, &(struct part){.id = 1, .off = 512, .len = 8, .next = 60});
	assert_told(world, ICMP6_PARAMETER_PROBLEM, 2, 42);
	nw_assert_drops(world, NSK_DROP_IP6_EXTENSIONS, 1);
	assert_int_equal(world->ndelivered, 0);
}

static void test_rfc6980_neighbours_do_not_talk_in_fragments(void **state)
{
	static const uint8_t types[] = {133, 134, 135, 136, 137};
	struct net_world *world = *state;

	for (unsigned i = 0; i < sizeof(types); i++) {
		memset(data, 0, 48);
		data[0] = types[i];
		part_in(world, &(struct part){.id = i, .len = 24, .more = true, .next = 58});
		part_in(world, &(struct part){.id = i, .off = 24, .len = 24, .next = 58});
		part_in(world, &(struct part){.id = i, .len = 48, .next = 58});
	}
	nw_assert_drops(world, NSK_DROP_ND_MALFORMED, 10);
	assert_int_equal(world->nsent, 0);
}

static void test_fragments_meet_on_the_worker_that_owns_their_flow(void **state)
{
	struct net_world *world = *state;
	struct rte_mbuf *m;

	world->w.peers = 2;
	world->owner = 1;
	in(world, 1, 0, 512, true);
	m = world->steered;
	assert_non_null(m);
	assert_int_equal(pkt_of(m)->proto, IP_PROTO_FRAGMENT);
	world->steered = NULL;
	world->owner = 0;
	pkt_of(m)->flags |= PKT_F_STEERED;
	ip_deliver(&world->w, m);
	in(world, 1, 512, 488, false);
	assert_int_equal(world->ndelivered, 1);
	assert_whole(world, WHOLE, 0);
	assert_false(pkt_of(world->delivered)->flags & PKT_F_STEERED);
}

static void test_a_first_fragment_that_others_read_gets_a_header_of_its_own(void **state)
{
	struct net_world *world = *state;
	uint8_t h[520] = {NW_PROTO, 0, 0, 1, 0, 0, 0, 1}, p[600], was[600];
	struct rte_mbuf *m, *other;
	size_t len;

	memcpy(h + 8, data, 512);
	len = nw6_write(p, PEER6, OURS, IPV6_NEXT_FRAGMENT, 9, h, sizeof(h));
	memcpy(was, p, len);
	m = nw_buffer(world, p, len);
	other = pkt_clone(&world->w, m);
	assert_non_null(other);
	*pkt_of(other) = (struct pkt){.family = AF_INET6};
	ip_input(&world->w, &world->ifc[0], other);
	in(world, 1, 512, 488, false);
	assert_whole(world, WHOLE, 0);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), was, len);
	pkt_free(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, nw_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rfc8200_4_5_every_order_makes_it_whole),
		TEST(test_a_fragment_of_a_whole_is_refused),
		TEST(test_headers_in_front_are_the_first_fragments_rfc8200_4_5),
		TEST(test_32_bits_of_number_and_both_addresses_tell_datagrams_apart),
		TEST(test_what_comes_between_does_not_make_a_datagram_stale),
		TEST(test_rfc6946_a_fragment_that_is_all_meets_no_other),
		TEST(test_rfc5722_an_overlap_spoils_all_of_it),
		TEST(test_rfc8200_4_5_the_source_is_told_that_time_is_over_if_the_first_came),
		TEST(test_rfc8200_4_5_lengths_that_cannot_be_are_pointed_at),
		TEST(test_the_longest_datagram_and_one_byte_more),
		TEST(test_an_option_behind_the_fragments_header_is_judged_when_it_is_whole),
		TEST(test_rfc6980_neighbours_do_not_talk_in_fragments),
		TEST(test_fragments_meet_on_the_worker_that_owns_their_flow),
		TEST(test_a_first_fragment_that_others_read_gets_a_header_of_its_own),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
