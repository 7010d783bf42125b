/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/nd.c: who is answered, asked and believed. */
#include "net_world6.h"

#include <errno.h>

static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t peer_group_mac[6] = {0x33, 0x33, 0xff, 0, 0, 7};

static struct neigh *entry(struct net_world *world, const char *text)
{
	const struct ip_addr a = nw6_addr(text);

	return neigh_find(&world->w, 0, &a);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void test_rfc4861_7_2_4_a_solicitation_is_answered_to_the_asker(void **state)
{
	static const char *const ours[] = {OURS, OURS_TOO, OURS_LINK};
	struct net_world *world = *state;
	struct nd_view v;

	for (unsigned i = 0; i < 3; i++) {
		nw6_solicit(world, PEER6, OUR_GROUP, ours[i], peer_mac);
		v = nw6_sent_neigh(world, i, peer_mac, ICMP6_NEIGH_ADVERT, ours[i], PEER6, ours[i]);
		assert_int_equal(v.flags, ND_F_SOLICITED | ND_F_OVERRIDE);
	}
	assert_int_equal(world->nsent, 3);
	assert_int_equal(world->w.cnt[NSK_CNT_ND_ADVERTS_SENT], 3);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

static void test_a_question_by_unicast_is_answered_too(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, PEER_LINK, OURS, OURS, peer_mac);
	nw6_sent_neigh(world, 0, peer_mac, ICMP6_NEIGH_ADVERT, OURS, PEER_LINK, OURS);
}

static void test_what_is_not_ours_is_not_answered(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, PEER6, OURS, "2001:db8::9", peer_mac);
	nw6_solicit(world, PEER6, OUR_GROUP, "2001:db8::2:0:1", peer_mac);
	nw6_solicit(world, PEER6, OUR_GROUP, OURS_IF1, peer_mac); /* of another interface */
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, NSK_DROP_ND_NOT_OURS, 3);
	assert_null(entry(world, PEER6));
}

static void test_rfc4861_7_2_3_who_asks_from_the_link_becomes_a_stale_neighbour(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, PEER6, OUR_GROUP, OURS, peer_mac);
	nw6_solicit(world, PEER_LINK, OUR_GROUP, OURS, peer_mac);
	assert_int_equal(entry(world, PEER6)->state, NEIGH_STALE);
	assert_memory_equal(entry(world, PEER6)->header, peer_mac, 6);
	assert_int_equal(entry(world, PEER_LINK)->state, NEIGH_STALE);
	nw6_solicit(world, FAR6, OUR_GROUP, OURS, peer_mac);
	nw6_sent_neigh(world, 2, peer_mac, ICMP6_NEIGH_ADVERT, OURS, FAR6, OURS);
	assert_null(entry(world, FAR6));
}

static void test_who_names_no_link_address_is_answered_where_the_question_came_from(void **state)
{
	static const char *const askers[] = {PEER6, PEER_LINK, FAR6};
	struct net_world *world = *state;

	for (unsigned i = 0; i < 3; i++) {
		nw6_solicit(world, askers[i], OURS, OURS, NULL);
		nw6_sent_neigh(world, i, peer_mac, ICMP6_NEIGH_ADVERT, OURS, askers[i], OURS);
		assert_null(entry(world, askers[i]));
	}
	assert_int_equal(world->nsent, 3);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* ---- our addresses --------------------------------------------------------------------------- */

static void test_rfc4861_7_2_4_who_wants_our_address_hears_whose_it_is(void **state)
{
	struct net_world *world = *state;
	struct nd_view v;

	nw6_solicit(world, "::", OUR_GROUP, OURS, NULL);
	v = nw6_sent_neigh(world, 0, all_nodes_mac, ICMP6_NEIGH_ADVERT, OURS, ALL_NODES, OURS);
	assert_int_equal(v.flags, ND_F_OVERRIDE);
	nw_assert_drops(world, NSK_DROP_ND_CONFLICT, 1);
	assert_int_equal(world->w.net->neighs->carved, 0);
}

static void claim(struct net_world *world, const char *ours)
{
	nw6_advertise(world, PEER_LINK, ALL_NODES, ours, ND_F_OVERRIDE, evil_mac);
}

static void test_an_address_is_defended_against_claims_once_a_second_at_most(void **state)
{
	struct net_world *world = *state;

	for (unsigned i = 0; i < 5; i++)
		claim(world, OURS);
	assert_int_equal(world->nsent, 1);
	nw_assert_drops(world, NSK_DROP_ND_CONFLICT, 5);
	claim(world, OURS_TOO); /* each by itself */
	assert_int_equal(world->nsent, 2);
	nw6_sent_neigh(world, 1, all_nodes_mac, ICMP6_NEIGH_ADVERT, OURS_TOO, ALL_NODES, OURS_TOO);
	nw_pass(world, 999);
	claim(world, OURS);
	assert_int_equal(world->nsent, 2);
	nw_pass(world, 1);
	claim(world, OURS);
	assert_int_equal(world->nsent, 3);
}

/* Or a forged question a second would keep an honest one from its answer. */
static void test_rfc4861_7_2_4_everybody_who_wants_our_address_is_told(void **state)
{
	struct net_world *world = *state;

	for (unsigned i = 0; i < 5; i++) {
		claim(world, OURS);
		nw6_solicit(world, "::", OUR_GROUP, OURS, NULL);
	}
	assert_int_equal(world->nsent, 6);
}

/* RFC 5227's ten seconds are not RFC 4861's one: neither keeps the other quiet. */
static void test_defending_ipv6_keeps_ipv4_defended(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, "::", OUR_GROUP, OURS, NULL);
	nw_arp(world, ARP_OP_REQUEST, evil_mac, IF0_ADDR, IF0_ADDR);
	assert_int_equal(world->nsent, 2);
	nw_sent_arp(world, 1, ARP_OP_REQUEST, all_mac);
	nw_pass(world, 5000);
	nw6_solicit(world, "::", OUR_GROUP, OURS, NULL);
	assert_int_equal(world->nsent, 3);
}

static void test_addresses_are_announced_twice_rfc4861_7_2_6(void **state)
{
	static const char *const ours[] = {OURS, OURS_TOO, OURS_LINK};
	struct net_world *world = *state;

	net_announce(&world->w, &world->ifc[0]);
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 5); /* two of IPv4 */
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(nw6_sent_neigh(world, 2 + i, all_nodes_mac, ICMP6_NEIGH_ADVERT,
						ours[i], ALL_NODES, ours[i])
					 .flags,
				 ND_F_OVERRIDE);
	nw_pass(world, 2001);
	assert_int_equal(world->nsent, 10);
}

/* ---- duplicates ------------------------------------------------------------------------------ */

static bool is_ours(const struct net_world *world, const char *text)
{
	const struct ip_addr a = nw6_addr(text);

	return net_local(&world->w, a.b, a.family);
}

/* Its link comes up; frames 0 and 1 are IPv4's. */
static void begin_dad(struct net_world *world)
{
	world->set.ipv6_dad = 1;
	net_announce(&world->w, &world->ifc[0]);
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 5);
}

static void test_rfc4862_5_4_the_link_is_asked_then_told(void **state)
{
	static const char *const ours[] = {OURS, OURS_TOO, OURS_LINK};
	static const uint8_t groups[3][6] = {{0x33, 0x33, 0xff, 0, 0, 1},
					     {0x33, 0x33, 0xff, 1, 0, 1},
					     {0x33, 0x33, 0xff, 0, 0, 1}};
	struct net_world *world = *state;
	struct ipv6_view ip;
	struct nd_view v;

	begin_dad(world);
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *p = nw6_sent(world, 2 + i, groups[i], &ip);

		assert_int_equal(
			nd_neigh_parse(p, ip.payload_len, ip.src, ip.dst, ip.hop_limit, &v), 0);
		assert_int_equal(v.type, ICMP6_NEIGH_SOLICIT);
		assert_memory_equal(v.target, nw6_addr(ours[i]).b, 16);
		assert_memory_equal(ip.src, nw6_addr("::").b, 16);
		assert_false(v.has_mac);
	}
	nw_forget_sent(world);
	nw_pass(world, 2001);
	assert_int_equal(world->nsent, 5);
	for (unsigned i = 0; i < 3; i++)
		nw6_sent_neigh(world, 2 + i, all_nodes_mac, ICMP6_NEIGH_ADVERT, ours[i], ALL_NODES,
			       ours[i]);
}

/* RFC 4429 §3.2, §3.3: it is used, and nobody is told to prefer us. */
static void test_rfc4429_an_address_is_used_while_it_is_asked_for(void **state)
{
	struct net_world *world = *state;
	struct nd_view v;

	begin_dad(world);
	nw_forget_sent(world);
	nw6_solicit(world, PEER6, OUR_GROUP, OURS, peer_mac);
	v = nw6_sent_neigh(world, 0, peer_mac, ICMP6_NEIGH_ADVERT, OURS, PEER6, OURS);
	assert_int_equal(v.flags, ND_F_SOLICITED);
	assert_true(is_ours(world, OURS));
	nw_pass(world, 2001);
	nw_forget_sent(world);
	nw6_solicit(world, PEER6, OUR_GROUP, OURS, peer_mac);
	v = nw6_sent_neigh(world, 0, peer_mac, ICMP6_NEIGH_ADVERT, OURS, PEER6, OURS);
	assert_int_equal(v.flags, ND_F_SOLICITED | ND_F_OVERRIDE);
}

/* Nobody shall put an address that may be another's beside our MAC. */
static void test_an_optimistic_address_asks_without_a_link_address_rfc4429_3_2(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;
	struct ipv6_view ip;

	begin_dad(world);
	nw_forget_sent(world);
	assert_int_equal(nw6_send(world, PEER6, &rc), 0);
	nw6_sent_icmp(world, 0, peer_group_mac, OURS, "ff02::1:ff00:7", &ip);
	assert_int_equal(ip.payload_len, ND_NEIGH_LEN);
}

/* Whose address it is says so from that very address (RFC 4861 §7.2.4); who asks for the same one
 * at the same time is as good as one who has it (RFC 4862 §5.4.3). */
static void test_rfc4862_5_4_what_is_anothers_is_used_no_more(void **state)
{
	struct net_world *world = *state;
	struct ip_addr src = {.family = 0}, to = nw6_addr(PEER6);
	struct route_cache rc;

	begin_dad(world);
	nw6_advertise(world, OURS, ALL_NODES, OURS, ND_F_OVERRIDE, evil_mac);
	nw6_solicit(world, "::", OUR_GROUP, OURS_LINK, NULL);
	nw_assert_drops(world, NSK_DROP_ND_CONFLICT, 2);
	net_look_at_addresses(&world->w);
	assert_false(is_ours(world, OURS));
	assert_false(is_ours(world, OURS_LINK));
	assert_true(is_ours(world, OURS_TOO));
	assert_int_equal(net_route(&world->w, &rc, &to, &src), 0);
	assert_memory_equal(src.b, nw6_addr(OURS_TOO).b, 16);
	nw_forget_sent(world);
	nw6_solicit(world, PEER6, OUR_GROUP, OURS, peer_mac);
	nw_pass(world, 60000);
	assert_int_equal(world->w.drop[NSK_DROP_ND_NOT_OURS], 1);
	nw6_sent_neigh(world, 2, all_nodes_mac, ICMP6_NEIGH_ADVERT, OURS_TOO, ALL_NODES, OURS_TOO);
	assert_int_equal(world->nsent, 3);
}

/* A link that flaps, or another interface that came before, takes nothing of the time that an
 * answer has. */
static void test_each_question_has_its_whole_time_rfc4862_5_4(void **state)
{
	struct net_world *world = *state;
	const struct ip_addr ours = nw6_addr(OURS);

	begin_dad(world);
	nw_pass(world, 1900);
	net_announce(&world->w, &world->ifc[0]);
	net_tx_flush(&world->w);
	nw_pass(world, 500); /* half a second after the question */
	assert_false(iface_addr_valid(iface_find_addr(&world->ifc[0], &ours)));
	nw_pass(world, 1501);
	assert_true(iface_addr_valid(iface_find_addr(&world->ifc[0], &ours)));
}

/* What a link gives back of our own says nothing. */
static void test_our_own_question_is_nobodys_rfc4862_5_4_3(void **state)
{
	static const uint8_t group[6] = {0x33, 0x33, 0xff, 0, 0, 1};
	struct net_world *world = *state;
	struct nd_view v = {.type = ICMP6_NEIGH_SOLICIT};
	uint8_t msg[ND_NEIGH_MAX], p[128];
	size_t len;

	begin_dad(world);
	memcpy(v.target, nw6_addr(OURS).b, 16);
	len = nd_neigh_write(msg, &v);
	nw6_set_checksum(msg, len, "::", OUR_GROUP);
	len = nw6_write(p, "::", OUR_GROUP, IP_PROTO_ICMPV6, 255, msg, len);
	nw_frame(world, group, if0_mac, ETH_TYPE_IPV6, p, len);
	net_look_at_addresses(&world->w);
	assert_true(is_ours(world, OURS));
}

/* Nor does a link that was lost for a moment put an address in doubt; one that was another's is
 * asked for again when it is back. */
static void test_an_address_outlives_a_flap_and_a_forged_frame(void **state)
{
	struct net_world *world = *state;

	begin_dad(world);
	nw6_advertise(world, OURS_TOO, ALL_NODES, OURS_TOO, ND_F_OVERRIDE, evil_mac);
	nw_pass(world, 2001);
	net_announce(&world->w, &world->ifc[0]); /* the link flapped */
	nw6_advertise(world, OURS, ALL_NODES, OURS, ND_F_OVERRIDE, evil_mac);
	net_look_at_addresses(&world->w);
	assert_true(is_ours(world, OURS));
	assert_true(is_ours(world, OURS_TOO)); /* optimistic again */
	nw6_advertise(world, OURS_TOO, ALL_NODES, OURS_TOO, ND_F_OVERRIDE, evil_mac);
	net_look_at_addresses(&world->w);
	assert_false(is_ours(world, OURS_TOO));
	net_announce(&world->w, &world->ifc[0]);
	nw_pass(world, 2001);
	net_look_at_addresses(&world->w);
	assert_true(is_ours(world, OURS_TOO));
}

/* ---- questions ------------------------------------------------------------------------------- */

static void test_rfc4861_7_2_2_the_solicited_node_group_is_asked(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;

	assert_int_equal(nw6_send(world, PEER6, &rc), 0);
	nw6_sent_neigh(world, 0, peer_group_mac, ICMP6_NEIGH_SOLICIT, OURS, "ff02::1:ff00:7",
		       PEER6);
	assert_int_equal(world->w.cnt[NSK_CNT_ND_SOLICITS_SENT], 1);
	nw_pass(world, 2999); /* three times, a second apart */
	assert_int_equal(world->nsent, 3);
	nw_pass(world, 2);
	assert_int_equal(world->nsent, 3);
	assert_int_equal(rc.neigh->state, NEIGH_FAILED);
	assert_int_equal(nw6_send(world, PEER6, &rc), -EHOSTUNREACH);
	nw_assert_drops(world, NSK_DROP_ARP_UNRESOLVED, 1);
}

static void test_of_a_far_host_the_gateway_is_asked(void **state)
{
	static const uint8_t gateway_group[6] = {0x33, 0x33, 0xff, 0, 0, 0xfe};
	struct net_world *world = *state;
	struct route_cache rc;

	assert_int_equal(nw6_send(world, FAR6, &rc), 0);
	nw6_sent_neigh(world, 0, gateway_group, ICMP6_NEIGH_SOLICIT, OURS, "ff02::1:ff00:fe",
		       "2001:db8::fe");
}

static void test_what_waits_leaves_with_the_answer(void **state)
{
	struct net_world *world = *state;
	struct route_cache rc;
	size_t len;

	assert_int_equal(nw6_send(world, PEER6, &rc), 0);
	nw6_advertise(world, PEER6, OURS, PEER6, 0, peer_mac); /* is none */
	assert_int_equal(rc.neigh->state, NEIGH_INCOMPLETE);
	nw6_advertise(world, PEER6, OURS, PEER6, ND_F_SOLICITED, NULL); /* says nothing */
	assert_int_equal(rc.neigh->state, NEIGH_INCOMPLETE);
	nw_assert_drops(world, NSK_DROP_ND_UNSOLICITED, 2);
	nw6_advertise(world, PEER6, OURS, PEER6, ND_F_SOLICITED, peer_mac);
	assert_int_equal(world->nsent, 2);
	assert_memory_equal(nw_sent(world, 1, &len), peer_mac, 6);
	assert_int_equal(load_be16(nw_sent(world, 1, &len) + 12), ETH_TYPE_IPV6);
	nw_assert_drops(world, NSK_DROP_ND_UNSOLICITED, 2);
}

static void test_rfc4861_7_3_a_used_neighbour_is_asked_by_unicast(void **state)
{
	struct net_world *world = *state;
	struct neigh *n = nw6_resolve(world);
	struct route_cache rc;

	nw_pass(world, 30000);
	assert_int_equal(nw6_send(world, PEER6, &rc), 0);
	nw_forget_sent(world);
	nw_pass(world, 30001);
	assert_int_equal(n->state, NEIGH_PROBE);
	nw6_sent_neigh(world, 0, peer_mac, ICMP6_NEIGH_SOLICIT, OURS, PEER6, PEER6);
	/* An advertisement without a link address says that the one we have is right (§7.2.5). */
	nw6_advertise(world, PEER6, OURS, PEER6, ND_F_SOLICITED, NULL);
	assert_int_equal(n->state, NEIGH_REACHABLE);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

/* ---- who is believed ------------------------------------------------------------------------- */

static void test_an_advertisement_that_nobody_asked_for_changes_nothing(void **state)
{
	static const uint8_t flags[] = {0, ND_F_OVERRIDE, ND_F_SOLICITED,
					ND_F_SOLICITED | ND_F_OVERRIDE};
	struct net_world *world = *state;
	struct neigh *n = nw6_resolve(world);

	for (unsigned i = 0; i < 4; i++) {
		nw6_advertise(world, PEER6, OURS, "2001:db8::9", flags[i], evil_mac);
		nw6_advertise(world, PEER6, OURS, PEER6, flags[i], evil_mac);
		nw6_advertise(world, PEER6, OURS, PEER6, flags[i], peer_mac);
		assert_memory_equal(n->header, peer_mac, 6);
		assert_int_equal(n->state, NEIGH_REACHABLE); /* it has just answered */
	}
	assert_null(entry(world, "2001:db8::9"));
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, NSK_DROP_ND_UNSOLICITED, 12);
}

static void test_another_link_address_is_taken_when_the_old_one_does_not_answer(void **state)
{
	struct net_world *world = *state;
	struct neigh *n = nw6_resolve(world);
	struct route_cache rc;

	nw_pass(world, 1000);
	assert_int_equal(nw6_send(world, PEER6, &rc), 0);
	nw_forget_sent(world);
	nw6_advertise(world, PEER6, ALL_NODES, PEER6, ND_F_OVERRIDE, evil_mac);
	assert_int_equal(n->state, NEIGH_PROBE);
	assert_memory_equal(n->header, peer_mac, 6);
	nw6_sent_neigh(world, 0, peer_mac, ICMP6_NEIGH_SOLICIT, OURS, PEER6, PEER6);
	nw6_advertise(world, PEER6, OURS, PEER6, ND_F_SOLICITED | ND_F_OVERRIDE, evil_mac);
	assert_memory_equal(n->header, peer_mac, 6);
	nw_pass(world, 751); /* three questions, 250 ms apart */
	assert_int_equal(n->state, NEIGH_INCOMPLETE);
	nw6_advertise(world, PEER6, OURS, PEER6, ND_F_SOLICITED | ND_F_OVERRIDE, evil_mac);
	assert_int_equal(n->state, NEIGH_REACHABLE);
	assert_memory_equal(n->header, evil_mac, 6);
}

static void test_a_solicitation_from_another_link_address_starts_the_question_too(void **state)
{
	struct net_world *world = *state;
	struct neigh *n = nw6_resolve(world);

	nw_pass(world, 1000);
	nw6_solicit(world, PEER6, OUR_GROUP, OURS, evil_mac);
	assert_int_equal(n->state, NEIGH_PROBE);
	assert_memory_equal(n->header, peer_mac, 6);
}

/* ---- groups ---------------------------------------------------------------------------------- */

static void test_rfc4291_2_8_groups_that_are_listened_to(void **state)
{
	static const struct {
		const char *group;
		bool if0, if1;
	} rows[] = {
		{ALL_NODES, true, true},	 {OUR_GROUP, true, true},
		{"ff02::1:ff01:1", true, false}, {"ff02::1:ff00:2", false, false},
		{"ff02::2", false, false},	 {"ff05::1", false, false},
		{"ff01::1", false, false},	 {"ff02::1:fe00:1", false, false},
	};
	static const uint8_t macs[][6] = {{0x33, 0x33, 0, 0, 0, 1},    {0x33, 0x33, 0xff, 0, 0, 1},
					  {0x33, 0x33, 0xff, 0, 0, 2}, {0x33, 0x33, 0xfe, 0, 0, 1},
					  {0x33, 0x32, 0, 0, 0, 1},    {0x33, 0x33, 0, 0, 0, 2}};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		const struct ip_addr a = nw6_addr(rows[i].group);

		assert_int_equal(nd_listens(&world->w, &world->ifc[0], a.b), rows[i].if0);
		assert_int_equal(nd_listens(&world->w, &world->ifc[1], a.b), rows[i].if1);
	}
	for (unsigned i = 0; i < NSK_ARRAY_LEN(macs); i++)
		assert_int_equal(nd_listens_mac(&world->w, &world->ifc[0], macs[i]), i < 2);
}

static void test_frames_for_other_groups_are_not_taken(void **state)
{
	struct net_world *world = *state;

	nw6_solicit(world, PEER6, "ff02::1:ff00:2", OURS, peer_mac);
	nw_assert_drops(world, NSK_DROP_ETH_OTHER_MAC, 1);
}

/* ---- several workers ------------------------------------------------------------------------- */

static void test_what_is_learnt_is_shared_and_answered_once(void **state)
{
	struct net_world *world = *state;
	uint8_t msg[ND_NEIGH_MAX], p[128];
	struct nd_view v = {.type = ICMP6_NEIGH_SOLICIT, .has_mac = true};
	const struct ip_addr ours = nw6_addr(OURS);
	struct rte_mbuf *m;

	world->w.peers = 2;
	nw6_solicit(world, PEER6, OUR_GROUP, OURS, peer_mac);
	nw6_advertise(world, PEER6, OURS, PEER6, ND_F_SOLICITED, peer_mac);
	assert_int_equal(world->shared, 2);
	nw6_solicit(world, "::", OUR_GROUP, OURS, NULL);
	assert_int_equal(world->shared, 2);
	assert_int_equal(world->w.drop[NSK_DROP_ND_UNSOLICITED], 0);
	nw_forget_sent(world);
	memcpy(v.target, ours.b, 16);
	memcpy(v.mac, peer_mac, 6);
	nd_neigh_write(msg, &v);
	nw6_set_checksum(msg, sizeof(msg), PEER_LINK, OURS);
	m = nw_buffer(world, p,
		      nw6_write(p, PEER_LINK, OURS, IP_PROTO_ICMPV6, 255, msg, sizeof(msg)));
	*pkt_of(m) = (struct pkt){.family = AF_INET6,
				  .proto = IP_PROTO_ICMPV6,
				  .flags = PKT_F_STEERED,
				  .ttl = 255,
				  .l3_off = m->data_off,
				  .l4_off = (uint16_t)(m->data_off + IPV6_HLEN),
				  .l4_len = sizeof(msg)};
	memcpy(pkt_of(m)->flow.src, nw6_addr(PEER_LINK).b, 16);
	memcpy(pkt_of(m)->flow.dst, ours.b, 16);
	ip_deliver(&world->w, m);
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, 0);
	assert_int_equal(world->shared, 2);
	assert_int_equal(entry(world, PEER_LINK)->state, NEIGH_STALE);
}

static void test_without_a_buffer_the_reserve_answers_then_it_is_counted(void **state)
{
	struct net_world *world = *state;
	uint8_t msg[ND_NEIGH_MAX], frame[128];
	struct nd_view v = {.type = ICMP6_NEIGH_SOLICIT, .has_mac = true};
	struct rte_mbuf *m[PKT_RESERVE + 1];
	size_t len;

	memcpy(v.target, nw6_addr(OURS).b, 16);
	memcpy(v.mac, peer_mac, 6);
	nd_neigh_write(msg, &v);
	nw6_set_checksum(msg, sizeof(msg), PEER6, OURS);
	eth_write(frame, if0_mac, peer_mac, ETH_TYPE_IPV6);
	len = ETH_HLEN +
	      nw6_write(frame + ETH_HLEN, PEER6, OURS, IP_PROTO_ICMPV6, 255, msg, sizeof(msg));
	for (unsigned i = 0; i <= PKT_RESERVE; i++) {
		m[i] = nw_buffer(world, frame, len);
		rte_mbuf_refcnt_update(m[i], 1); /* so that none comes back meanwhile */
	}
	world->w.pool->fail_at = 1;
	world->w.pool->fail_every = 1;
	for (unsigned i = 0; i <= PKT_RESERVE; i++)
		net_input(&world->w, &world->ifc[0], m[i]);
	net_tx_flush(&world->w);
	assert_int_equal(world->nsent, PKT_RESERVE);
	nw_assert_drops(world, NSK_DROP_TX_NO_BUFFER, 1);
	for (unsigned i = 0; i <= PKT_RESERVE; i++)
		pkt_free(m[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW6_TEST(test_rfc4861_7_2_4_a_solicitation_is_answered_to_the_asker),
		NW6_TEST(test_a_question_by_unicast_is_answered_too),
		NW6_TEST(test_what_is_not_ours_is_not_answered),
		NW6_TEST(test_rfc4861_7_2_3_who_asks_from_the_link_becomes_a_stale_neighbour),
		NW6_TEST(test_who_names_no_link_address_is_answered_where_the_question_came_from),
		NW6_TEST(test_rfc4861_7_2_4_who_wants_our_address_hears_whose_it_is),
		NW6_TEST(test_an_address_is_defended_against_claims_once_a_second_at_most),
		NW6_TEST(test_rfc4861_7_2_4_everybody_who_wants_our_address_is_told),
		NW6_TEST(test_defending_ipv6_keeps_ipv4_defended),
		NW6_TEST(test_addresses_are_announced_twice_rfc4861_7_2_6),
		NW6_TEST(test_rfc4862_5_4_the_link_is_asked_then_told),
		NW6_TEST(test_rfc4429_an_address_is_used_while_it_is_asked_for),
		NW6_TEST(test_an_optimistic_address_asks_without_a_link_address_rfc4429_3_2),
		NW6_TEST(test_rfc4862_5_4_what_is_anothers_is_used_no_more),
		NW6_TEST(test_each_question_has_its_whole_time_rfc4862_5_4),
		NW6_TEST(test_our_own_question_is_nobodys_rfc4862_5_4_3),
		NW6_TEST(test_an_address_outlives_a_flap_and_a_forged_frame),
		NW6_TEST(test_rfc4861_7_2_2_the_solicited_node_group_is_asked),
		NW6_TEST(test_of_a_far_host_the_gateway_is_asked),
		NW6_TEST(test_what_waits_leaves_with_the_answer),
		NW6_TEST(test_rfc4861_7_3_a_used_neighbour_is_asked_by_unicast),
		NW6_TEST(test_an_advertisement_that_nobody_asked_for_changes_nothing),
		NW6_TEST(test_another_link_address_is_taken_when_the_old_one_does_not_answer),
		NW6_TEST(test_a_solicitation_from_another_link_address_starts_the_question_too),
		NW6_TEST(test_rfc4291_2_8_groups_that_are_listened_to),
		NW6_TEST(test_frames_for_other_groups_are_not_taken),
		NW6_TEST(test_what_is_learnt_is_shared_and_answered_once),
		NW6_TEST(test_without_a_buffer_the_reserve_answers_then_it_is_counted),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
