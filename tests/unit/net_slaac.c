/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/slaac.c: addresses of prefixes, and what becomes of them. */
#include "net_routers.h"

/* ---- addresses ------------------------------------------------------------------------------- */

static void test_a_prefix_makes_an_address_rfc4862_5_5_3(void **state)
{
	struct net_world *world = *state;
	const struct iface_addr *a;

	hear_prefix(world, 0xc0, 7200, 3600);
	a = auto_addr(world, PREFIX, 0);
	assert_non_null(a);
	assert_int_equal(a->flags, IFACE_ADDR_AUTO | IFACE_ADDR_DYNAMIC);
	assert_null(auto_addr(world, PREFIX, 1));
	assert_true(net_local(&world->w, a->addr.b, AF_INET6));
	nw_pass(world, 3601 * S);
	assert_true(a->flags & IFACE_ADDR_DEPRECATED);
	hear_prefix(world, 0xc0, 7200, 3600);
	net_tick(&world->w);
	assert_false(a->flags & IFACE_ADDR_DEPRECATED);
	nw_pass(world, 7201 * S);
	assert_null(auto_addr(world, PREFIX, 0));
	hear_prefix(world, 0xc0, RA_FOREVER_S, RA_FOREVER_S);
	nw_pass(world, 30 * 86400 * S);
	assert_int_equal(auto_addr(world, PREFIX, 0)->valid_ns, 0);
}

static void test_what_makes_no_address_rfc4862_5_5_3(void **state)
{
	struct net_world *world = *state;

	begin_ra(1800, 0);
	put_prefix(PREFIX, 64, 0x80, 7200, 3600);   /* not flagged */
	put_prefix(PREFIX_B, 64, 0x40, 3600, 7200); /* preferred for longer than valid */
	put_prefix("2001:db8:c::", 64, 0x40, 0, 0); /* over at once */
	put_prefix("2001:db8:d::", 63, 0x40, 20,
		   20); /* its length and an identifier's are not 128 */
	put_prefix("fe80::", 64, 0x40, 7200, 3600);
	hear(world, R1);
	assert_null(auto_addr(world, PREFIX, 0));
	assert_null(auto_addr(world, PREFIX_B, 0));
	assert_null(auto_addr(world, "2001:db8:c::", 0));
	assert_null(auto_addr(world, "2001:db8:d::", 0));
	assert_null(auto_addr(world, "fe80::", 1));
}

/* RFC 4862 §5.5.3 (e): what was told, what was left, what comes of it. */
static void test_nobody_ends_an_address_within_two_hours_rfc4862_5_5_3_e(void **state)
{
	static const struct {
		uint32_t had, told, want;
	} rows[] = {
		{86400, 40000, 40000},	/* more than two hours */
		{3600, 5000, 5000},	/* more than is left */
		{86400, 0, 2 * HOUR_S}, /* within two hours, more is left: two hours */
		{86400, 1000, 2 * HOUR_S}, {3600, 1000, 3600}, /* two hours or less are left: as it
								  is */
		{3600, 0, 3600},	   {7200, 7201, 7201}, {RA_FOREVER_S, 60, 2 * HOUR_S},
	};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct net_world *world;

		setup(state);
		world = *state;
		hear_prefix(world, 0xc0, rows[i].had, rows[i].had);
		hear_prefix(world, 0xc0, rows[i].told, 0);
		assert_int_equal(valid_s(world), rows[i].want);
		net_tick(&world->w);
		assert_true(auto_addr(world, PREFIX, 0)->flags & IFACE_ADDR_DEPRECATED);
		nw_teardown(state);
	}
}

static struct ip_addr made(struct net_world *world, const char *prefix)
{
	begin_ra(1800, 0);
	put_prefix(prefix, 64, 0xc0, 7200, 7200);
	hear(world, R1);
	assert_non_null(auto_addr(world, prefix, 0));
	return auto_addr(world, prefix, 0)->addr;
}

static void test_identifiers_are_stable_rfc7217_5(void **state)
{
	struct ip_addr first = {0}, other;

	for (unsigned i = 0; i < 4; i++) {
		struct net_world *world;
		struct ip_addr a, b;

		setup(state);
		world = *state;
		if (i == 2)
			world->with_peers.cluster.k1++; /* another secret */
		if (i == 3)
			world->set.ipv6_addr_gen = IPV6_ADDR_GEN_EUI64;
		a = made(world, PREFIX);
		b = made(world, PREFIX_B);
		if (i == 0)
			first = a;
		other = a;
		if (i == 1)
			assert_memory_equal(first.b, other.b, 16);
		if (i > 1)
			assert_memory_not_equal(first.b, other.b, 16);
		if (i < 3)
			assert_memory_not_equal(a.b + 8, b.b + 8, 8);
		else
			assert_memory_equal(a.b + 8, iface_link_local(&world->ifc[0]).b + 8, 8);
		nw_teardown(state);
	}
}

static void test_another_one_is_made_of_one_that_is_anothers_rfc7217_6(void **state)
{
	struct net_world *world = *state;
	char text[IP_ADDR_STRLEN], group[IP_ADDR_STRLEN];
	struct ip_addr before = {0};

	world->set.ipv6_dad = 1;
	for (unsigned i = 0; i <= AUTO_CONFLICTS_MAX; i++) {
		struct ip_addr a, g;

		hear_prefix(world, 0xc0, 7200, 7200);
		assert_null(auto_addr(world, PREFIX, 1));
		a = auto_addr(world, PREFIX, 0)->addr;
		assert_memory_not_equal(a.b, before.b, 16);
		before = a;
		g = ip_addr_any(AF_INET6);
		nd_solicited_node(g.b, a.b);
		ip_addr_format(&a, text, sizeof(text));
		ip_addr_format(&g, group, sizeof(group));
		nw6_solicit(world, "::", group, text, NULL);
		net_tick(&world->w);
	}
	/* given up */
	hear_prefix(world, 0xc0, 7200, 7200);
	assert_memory_equal(auto_addr(world, PREFIX, 0)->addr.b, before.b, 16);
	assert_int_equal(auto_addr(world, PREFIX, 0)->state, IFACE_ADDR_DUPLICATE);
}

/* RFC 8981 §3.4, §3.6: one a day, deprecated for another day. */
static void test_temporary_addresses_change_each_day_rfc8981_3(void **state)
{
	struct net_world *world = *state;
	unsigned most = 0, made_of_them = 0;
	uint8_t seen[8] = {0};
	const struct iface_addr *a;

	hear_prefix(world, 0xc0, 7200, 7200);
	assert_null(auto_addr(world, PREFIX, 1)); /* off by default */
	world->set.ipv6_temporary = 1;
	for (unsigned i = 0; i < 7 * 24; i++) {
		unsigned n = 0, preferred = 0;

		hear_prefix(world, 0xc0, 30 * 86400, 7 * 86400);
		net_tick(&world->w);
		for (unsigned k = 0; (a = auto_addr(world, PREFIX, k)); k++) {
			if (!(a->flags & IFACE_ADDR_TEMPORARY))
				continue;
			n++;
			assert_true(a->valid_ns <= world->w.now_ns + 2 * 86400 * 1000000000ULL);
			assert_true(a->preferred_ns <= world->w.now_ns + 86400 * 1000000000ULL);
			if (a->flags & IFACE_ADDR_DEPRECATED)
				continue;
			preferred++;
			made_of_them += memcmp(seen, a->addr.b + 8, 8) != 0;
			memcpy(seen, a->addr.b + 8, 8);
		}
		most = NSK_MAX(most, n);
		assert_in_range(preferred, 1, 2);
		nw_pass(world, 3600 * S);
		nw_forget_sent(world);
	}
	assert_in_range(made_of_them, 7, 13);
	assert_in_range(most, 2, AUTO_TEMPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_prefix_makes_an_address_rfc4862_5_5_3),
		TEST(test_what_makes_no_address_rfc4862_5_5_3),
		cmocka_unit_test(test_nobody_ends_an_address_within_two_hours_rfc4862_5_5_3_e),
		cmocka_unit_test(test_identifiers_are_stable_rfc7217_5),
		TEST(test_another_one_is_made_of_one_that_is_anothers_rfc7217_6),
		TEST(test_temporary_addresses_change_each_day_rfc8981_3),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
