/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net: multicast groups with members, and what an interface lets through for them. */
#include "net/group.h"
#include "net_world.h"

#include <errno.h>

#define GROUP 0xefc80101u /* 239.200.1.1, 01:00:5e:48:01:01 */

static const uint8_t group_mac[6] = {1, 0, 0x5e, 0x48, 1, 1};

static void packet_to(struct net_world *world, const uint8_t *mac, uint32_t dst)
{
	uint8_t p[64];

	nw_frame(world, mac, peer_mac, ETH_TYPE_IPV4, p, nw_ipv4(p, PEER, dst, NW_PROTO, "x", 1));
}

static void test_groups_pass_while_they_have_members_rfc1112_7_2(void **state)
{
	struct net_world *world = *state;

	packet_to(world, group_mac, GROUP);
	assert_int_equal(world->w.drop[NSK_DROP_ETH_OTHER_MAC], 1);
	assert_int_equal(group_join(&world->w, 0, GROUP), 0);
	assert_int_equal(group_join(&world->w, 0, GROUP), 0);
	packet_to(world, group_mac, GROUP);
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(pkt_of(world->delivered)->flags & PKT_F_IP_MCAST, PKT_F_IP_MCAST);
	group_leave(&world->w, 0, GROUP);
	packet_to(world, group_mac, GROUP);
	assert_int_equal(world->ndelivered, 2);
	group_leave(&world->w, 0, GROUP);
	packet_to(world, group_mac, GROUP);
	assert_int_equal(world->ndelivered, 2);
	nw_assert_drops(world, NSK_DROP_ETH_OTHER_MAC, 2);
}

/* 32 groups have one link address: IP tells them apart. */
static void test_another_group_of_the_same_link_address_is_none_of_ours_rfc1112_6_4(void **state)
{
	struct net_world *world = *state;

	assert_int_equal(group_join(&world->w, 0, GROUP), 0);
	packet_to(world, group_mac, 0xe0480101u);
	packet_to(world, group_mac, 0xef480101u);
	assert_int_equal(world->ndelivered, 0);
	nw_assert_drops(world, NSK_DROP_IP_NOT_LOCAL, 2);
}

static void test_a_group_is_joined_on_one_interface(void **state)
{
	struct net_world *world = *state;

	assert_int_equal(group_join(&world->w, 1, GROUP), 0);
	assert_false(group_joined(&world->w, 0, GROUP));
	assert_true(group_joined(&world->w, 1, GROUP));
	packet_to(world, group_mac, GROUP);
	nw_assert_drops(world, NSK_DROP_ETH_OTHER_MAC, 1);
}

static void test_all_hosts_is_always_joined_rfc1112_7_2(void **state)
{
	static const uint8_t all_hosts[6] = {1, 0, 0x5e, 0, 0, 1};
	struct net_world *world = *state;

	packet_to(world, all_hosts, GROUP_ALL_HOSTS);
	assert_int_equal(world->ndelivered, 1);
}

static void test_the_table_is_bounded_and_its_places_serve_again(void **state)
{
	struct net_world *world = *state;

	for (uint32_t round = 0; round < 8; round++) {
		uint32_t first = GROUP + round * 1000;

		for (uint32_t i = 0; i < SHARED_GROUPS_MAX; i++)
			assert_int_equal(group_join(&world->w, i % 2, first + i), 0);
		assert_int_equal(group_join(&world->w, 0, first + SHARED_GROUPS_MAX), -ENOBUFS);
		assert_int_equal(group_join(&world->w, 0, first), 0); /* one member more */
		for (uint32_t i = 0; i < SHARED_GROUPS_MAX; i++) {
			assert_true(group_joined(&world->w, i % 2, first + i));
			assert_false(group_joined(&world->w, !(i % 2), first + i));
		}
		group_leave(&world->w, 0, first);
		for (uint32_t i = 0; i < SHARED_GROUPS_MAX; i++)
			group_leave(&world->w, i % 2, first + i);
		for (uint32_t i = 0; i < SHARED_GROUPS_MAX; i++)
			assert_false(group_joined(&world->w, i % 2, first + i));
		/* No chain is left that a search would have to follow. */
		for (unsigned i = 0; i < SHARED_GROUP_PLACES; i++)
			assert_int_equal(world->w.shared->groups.place[i].key, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST(test_groups_pass_while_they_have_members_rfc1112_7_2),
		NW_TEST(test_another_group_of_the_same_link_address_is_none_of_ours_rfc1112_6_4),
		NW_TEST(test_a_group_is_joined_on_one_interface),
		NW_TEST(test_all_hosts_is_always_joined_rfc1112_7_2),
		NW_TEST(test_the_table_is_bounded_and_its_places_serve_again),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
