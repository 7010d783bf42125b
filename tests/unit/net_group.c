/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net: multicast groups with members, and what an interface lets through for them. */
#include "net/group.h"
#include "net_world6.h"

#include <errno.h>

#define GROUP 0xefc80101u /* 239.200.1.1, 01:00:5e:48:01:01 */

static const uint8_t group_mac[6] = {1, 0, 0x5e, 0x48, 1, 1};

static const struct group_want all = {.exclude = true};

static struct ip_addr v4(uint32_t group)
{
	return ip_addr_from_host32(group);
}

static int group_join(struct nsk_worker *w, uint8_t iface, uint32_t group)
{
	const struct ip_addr a = v4(group);

	return group_change(w, iface, &a, NULL, &all);
}

static void group_leave(struct nsk_worker *w, uint8_t iface, uint32_t group)
{
	const struct ip_addr a = v4(group);

	assert_int_equal(group_change(w, iface, &a, &all, NULL), 0);
}

static bool joined(const struct nsk_worker *w, uint8_t iface, uint32_t group)
{
	const struct ip_addr a = v4(group);

	return group_joined(w, iface, &a);
}

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
	assert_false(joined(&world->w, 0, GROUP));
	assert_true(joined(&world->w, 1, GROUP));
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
			assert_true(joined(&world->w, i % 2, first + i));
			assert_false(joined(&world->w, !(i % 2), first + i));
		}
		group_leave(&world->w, 0, first);
		for (uint32_t i = 0; i < SHARED_GROUPS_MAX; i++)
			group_leave(&world->w, i % 2, first + i);
		for (uint32_t i = 0; i < SHARED_GROUPS_MAX; i++)
			assert_false(joined(&world->w, i % 2, first + i));
		/* No chain is left that a search would have to follow. */
		for (unsigned i = 0; i < SHARED_GROUP_PLACES; i++)
			assert_int_equal(world->w.shared->groups.place[i].key, 0);
	}
}

/* ---- IPv6 ------------------------------------------------------------------------------------ */

#define GROUP6 "ff15::4801:1"

static int join6(struct net_world *world, uint8_t iface, const char *group)
{
	const struct ip_addr a = nw6_addr(group);

	return group_change(&world->w, iface, &a, NULL, &all);
}

static void leave6(struct net_world *world, uint8_t iface, const char *group)
{
	const struct ip_addr a = nw6_addr(group);

	assert_int_equal(group_change(&world->w, iface, &a, &all, NULL), 0);
}

static void to_group6(struct net_world *world, const char *group)
{
	nw6_packet(world, PEER6, group, NW_PROTO, 1, "x", 1);
}

static void test_groups_of_ipv6_pass_while_they_have_members_rfc4291_2_8(void **state)
{
	struct net_world *world = *state;

	to_group6(world, GROUP6);
	nw_assert_drops(world, NSK_DROP_ETH_OTHER_MAC, 1);
	assert_int_equal(join6(world, 0, GROUP6), 0);
	to_group6(world, GROUP6);
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(pkt_of(world->delivered)->flags & PKT_F_IP_MCAST, PKT_F_IP_MCAST);
	to_group6(world, "ff15::1:4801:1"); /* of the same link address */
	assert_int_equal(world->w.drop[NSK_DROP_IP_NOT_LOCAL], 1);
	leave6(world, 0, GROUP6);
	to_group6(world, GROUP6);
	assert_int_equal(world->ndelivered, 1);
	assert_int_equal(world->w.drop[NSK_DROP_ETH_OTHER_MAC], 2);
}

/* A group of IPv4 whose bits are those of one of IPv6 is another one. */
static void test_the_families_have_groups_of_their_own(void **state)
{
	struct net_world *world = *state;
	struct ip_addr four = v4(0xff150001), six = {.family = AF_INET6};

	memcpy(six.b, four.b, 16);
	assert_int_equal(group_change(&world->w, 0, &six, NULL, &all), 0);
	assert_true(group_joined(&world->w, 0, &six));
	assert_false(group_joined(&world->w, 0, &four));
	group_change(&world->w, 0, &six, &all, NULL);
}

/* ---- senders --------------------------------------------------------------------------------- */

#define SENDERS 6
#define MEMBERS 5

struct member {
	bool here, exclude;
	uint32_t names; /* senders, as bits */
};

static const struct group_want *want_of(const struct member *m, struct group_want *as,
					struct ip_addr *list)
{
	*as = (struct group_want){.exclude = m->exclude, .source = list};
	for (uint32_t i = 0; i < SENDERS; i++)
		if (m->names >> i & 1)
			list[as->count++] = v4(PEER + i);
	return m->here ? as : NULL;
}

static bool hears(const struct member *m, uint32_t sender)
{
	return m->here && (m->names >> sender & 1) != m->exclude;
}

struct seen {
	unsigned n;
	struct group_state state;
};

static bool see(void *arg, const struct group_state *state)
{
	struct seen *seen = arg;

	seen->n++;
	seen->state = *state;
	return true;
}

/* What an interface hears is what any member hears (RFC 3376 §3.2), as a plain list has it. */
static void compare_with_members(struct net_world *world, const struct member *members)
{
	const struct ip_addr group = v4(GROUP);
	unsigned here = 0, excluders = 0;
	struct seen seen = {0};
	uint32_t cursor = 0;

	for (unsigned i = 0; i < MEMBERS; i++) {
		here += members[i].here;
		excluders += members[i].here && members[i].exclude;
	}
	assert_true(group_each(&world->w, &cursor, see, &seen));
	assert_int_equal(seen.n, here > 0);
	assert_int_equal(group_joined(&world->w, 0, &group), here > 0);
	for (uint32_t s = 0; s <= SENDERS; s++) {
		const struct ip_addr from = v4(PEER + s);
		bool heard = false, listed = false;

		for (unsigned i = 0; i < MEMBERS; i++)
			heard |= hears(&members[i], s);
		assert_int_equal(group_wants(&world->w, 0, &group, &from), heard);
		for (unsigned i = 0; here && i < seen.state.count; i++)
			listed |= ip_addr_eq(&seen.state.source[i], &from);
		if (here)
			assert_int_equal(listed != seen.state.exclude, heard);
	}
	if (here) {
		assert_int_equal(seen.state.members, here);
		assert_int_equal(seen.state.exclude, excluders > 0);
	}
}

static void test_an_interface_hears_what_any_member_does_rfc3376_3_2(void **state)
{
	struct net_world *world = *state;
	const struct ip_addr group = v4(GROUP);
	struct member members[MEMBERS] = {0};
	struct rng rng;

	rng_seed(&rng, 9);
	for (unsigned i = 0; i < 20000; i++) {
		struct member *m = &members[rng_below(&rng, MEMBERS)], next = {0};
		struct ip_addr list[2][SENDERS];
		struct group_want was, is;

		if (rng_below(&rng, 3)) {
			next.here = true;
			next.exclude = rng_below(&rng, 2);
			next.names = rng_below(&rng, 1u << SENDERS);
		}
		if (!m->here && !next.here)
			continue;
		assert_int_equal(group_change(&world->w, 0, &group, want_of(m, &was, list[0]),
					      want_of(&next, &is, list[1])),
				 0);
		*m = next;
		compare_with_members(world, members);
	}
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct ip_addr list[SENDERS];
		struct group_want was;

		if (members[i].here)
			group_change(&world->w, 0, &group, want_of(&members[i], &was, list), NULL);
	}
	assert_int_equal(world->w.shared->groups.sources, 0);
	assert_int_equal(world->w.shared->groups.count, 0);
}

static void test_senders_are_bounded_and_their_places_serve_again(void **state)
{
	struct net_world *world = *state;
	struct ip_addr list[SHARED_GROUP_SOURCES_MAX + 1];
	struct group_want want = {.source = list};

	for (unsigned i = 0; i <= SHARED_GROUP_SOURCES_MAX; i++)
		list[i] = v4(PEER + i);
	for (unsigned round = 0; round < 3; round++) {
		struct ip_addr group = v4(GROUP);

		want.count = SHARED_GROUP_SOURCES_MAX + 1;
		assert_int_equal(group_change(&world->w, 0, &group, NULL, &want), -ENOBUFS);
		want.count = SHARED_GROUP_SOURCES_MAX;
		for (uint32_t i = 0; i < SHARED_SOURCES_MAX / SHARED_GROUP_SOURCES_MAX; i++) {
			group = v4(GROUP + i);
			assert_int_equal(group_change(&world->w, 0, &group, NULL, &want), 0);
		}
		group = v4(GROUP + 1000);
		assert_int_equal(group_change(&world->w, 0, &group, NULL, &want), -ENOBUFS);
		assert_false(group_joined(&world->w, 0, &group));
		for (uint32_t i = 0; i < SHARED_SOURCES_MAX / SHARED_GROUP_SOURCES_MAX; i++) {
			group = v4(GROUP + i);
			assert_int_equal(group_change(&world->w, 0, &group, &want, NULL), 0);
		}
		assert_int_equal(world->w.shared->groups.sources, 0);
	}
}

static void test_a_table_that_is_being_changed_is_not_waited_for(void **state)
{
	struct net_world *world = *state;
	struct seen seen = {0};
	uint32_t cursor = 0;

	pthread_mutex_lock(&world->w.shared->groups.lock);
	assert_false(group_each(&world->w, &cursor, see, &seen));
	pthread_mutex_unlock(&world->w.shared->groups.lock);
	assert_int_equal(cursor, 0);
	assert_true(group_each(&world->w, &cursor, see, &seen));
	assert_int_equal(cursor, UINT32_MAX);
}

/* ---- ports ----------------------------------------------------------------------------------- */

static bool is_told(const struct net_world *world, const char *mac)
{
	struct eth_addr a;

	assert_int_equal(eth_addr_parse(&a, mac), 0);
	for (unsigned i = 0; i < world->ngroups; i++)
		if (eth_addr_eq(&world->group[i], &a))
			return true;
	return false;
}

/* A port hears of what its interface listens to, and when that is other than before. */
static void test_ports_are_told_which_groups_to_let_through(void **state)
{
	struct net_world *world = *state;
	unsigned before;

	net_tick(&world->w);
	assert_int_equal(world->listens, 1); /* the other one has no link layer */
	assert_int_equal(world->ngroups, 4);
	assert_true(is_told(world, "01:00:5e:00:00:01"));
	assert_true(is_told(world, "33:33:00:00:00:01"));
	assert_true(is_told(world, "33:33:ff:00:00:01")); /* of an address and the link-local one */
	assert_true(is_told(world, "33:33:ff:01:00:01"));
	assert_int_equal(group_join(&world->w, 0, GROUP), 0);
	assert_int_equal(group_join(&world->w, 0, 0xe0480101u), 0); /* of the same link address */
	assert_int_equal(join6(world, 0, GROUP6), 0);
	nw_pass(world, 10);
	assert_int_equal(world->ngroups, 6);
	assert_true(is_told(world, "01:00:5e:48:01:01"));
	assert_true(is_told(world, "33:33:48:01:00:01"));
	/* Who is on a VLAN of it shares its port. */
	world->ifc[1].parent = &world->ifc[0];
	assert_int_equal(group_join(&world->w, 1, 0xef000009u), 0);
	nw_pass(world, 10);
	assert_true(is_told(world, "01:00:5e:00:00:09"));
	world->ifc[1].parent = NULL;
	group_leave(&world->w, 1, 0xef000009u);
	nw_pass(world, 10);
	assert_int_equal(world->ngroups, 6);
	before = world->listens;
	nw_pass(world, 10000);
	assert_int_equal(world->listens, before);
	group_leave(&world->w, 0, GROUP);
	leave6(world, 0, GROUP6);
	nw_pass(world, 10);
	assert_int_equal(world->ngroups, 5);
	group_leave(&world->w, 0, 0xe0480101u);
	nw_pass(world, 10);
	assert_int_equal(world->ngroups, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST(test_groups_pass_while_they_have_members_rfc1112_7_2),
		NW_TEST(test_another_group_of_the_same_link_address_is_none_of_ours_rfc1112_6_4),
		NW_TEST(test_a_group_is_joined_on_one_interface),
		NW_TEST(test_all_hosts_is_always_joined_rfc1112_7_2),
		NW_TEST(test_the_table_is_bounded_and_its_places_serve_again),
		NW_TEST(test_an_interface_hears_what_any_member_does_rfc3376_3_2),
		NW_TEST(test_senders_are_bounded_and_their_places_serve_again),
		NW_TEST(test_a_table_that_is_being_changed_is_not_waited_for),
		NW6_TEST(test_groups_of_ipv6_pass_while_they_have_members_rfc4291_2_8),
		NW6_TEST(test_the_families_have_groups_of_their_own),
		NW6_TEST(test_ports_are_told_which_groups_to_let_through),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
