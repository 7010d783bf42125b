/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/source.c: RFC 6724 §5, as far as one interface's addresses decide. */
#include "net_world6.h"

#include <errno.h>

#define MOST 4

struct row {
	const char *dst;
	const char *want;
	const char *have[MOST];
};

/* Whatever the order in which they are there. */
static void assert_chosen(const struct row *row)
{
	unsigned n = 0;

	while (n < MOST && row->have[n])
		n++;
	for (unsigned first = 0; first < n; first++) {
		struct iface ifc = {.ethernet = true};
		const struct ip_addr dst = nw6_addr(row->dst), want = nw6_addr(row->want);
		const struct ip_addr *got;

		for (unsigned i = 0; i < n; i++) {
			const struct ip_prefix p = nw_prefix(row->have[(first + i) % n]);

			assert_int_equal(iface_add_addr(&ifc, &p), 0);
		}
		got = net_source(&ifc, &dst);
		assert_non_null(got);
		assert_true(ip_addr_eq(got, &want));
	}
}

#define ASSERT_CHOSEN(rows)                                           \
	do {                                                          \
		for (unsigned i_ = 0; i_ < NSK_ARRAY_LEN(rows); i_++) \
			assert_chosen(&(rows)[i_]);                   \
	} while (0)

static void test_rfc6724_5_rule_1_the_same_address(void **state)
{
	static const struct row rows[] = {
		{"2001:db8::5", "2001:db8::5", {"2001:db8::4/64", "2001:db8::5/64", "fe80::1/64"}},
	};

	(void)state;
	ASSERT_CHOSEN(rows);
}

static void test_rfc6724_5_rule_2_the_appropriate_scope(void **state)
{
	static const struct row rows[] = {
		{"2001:db8:1::1", "2001:db8:3::1", {"2001:db8:3::1/64", "fe80::1/64"}},
		{"fe80::9", "fe80::1", {"2001:db8:3::1/64", "fe80::1/64"}},
		{"ff02::1", "fe80::1", {"2001:db8:3::1/64", "fe80::1/64"}},
		{"ff05::1", "2001:db8:3::1", {"2001:db8:3::1/64", "fe80::1/64"}},
		{"ff05::1", "fec0::1", {"2001:db8:3::1/64", "fe80::1/64", "fec0::1/64"}},
		{"ff0e::1", "2001:db8:3::1", {"2001:db8:3::1/64", "fe80::1/64", "fec0::1/64"}},
		{"fec0::9", "2001:db8:3::1", {"2001:db8:3::1/64", "fe80::1/64"}},
	};

	(void)state;
	ASSERT_CHOSEN(rows);
}

static void test_rfc6724_5_rule_6_the_same_label(void **state)
{
	static const struct row rows[] = {
		{"2002:c633:6401::1",
		 "2002:c633:6401::d5e3:7953:13eb:22e8",
		 {"2001:db8:1::1/64", "2002:c633:6401::d5e3:7953:13eb:22e8/64"}},
		{"2001:db8:9::1", "2001:db8:1::1", {"2001:db8:1::1/64", "2002:c633:6401::1/64"}},
		{"fd00:1::9", "fd00:2::1", {"2001:db8:1::1/64", "fd00:2::1/64", "fe80::1/64"}},
		{"2606::9", "2001:db8:1::1", {"2001:db8:1::1/64", "fd00:2::1/64"}},
		{"2001::9", "2001::1", {"2001:db8:1::1/64", "2001::1/32"}},
		{"3ffe::9", "3ffe::1", {"2001:db8:1::1/64", "3ffe::1/64"}},
		{"fec0::9", "fec0:1::1", {"2001:db8:1::1/64", "fec0:1::1/64"}},
	};

	(void)state;
	ASSERT_CHOSEN(rows);
}

static void test_rfc6724_5_rule_7_temporary_addresses(void **state)
{
	const struct ip_prefix a = nw_prefix("2001:db8::2/64"),
			       b = nw_prefix("2001:db8::8000:9/64");
	const struct ip_addr dst = nw6_addr("2001:db8::3"); /* a has more bits of it */
	struct iface ifc = {.ethernet = true};

	(void)state;
	assert_int_equal(iface_add_addr(&ifc, &a), 0);
	assert_int_equal(iface_add_addr(&ifc, &b), 0);
	assert_true(ip_addr_eq(net_source(&ifc, &dst), &a.addr));
	ifc.addrs[1].flags = IFACE_ADDR_TEMPORARY;
	assert_true(ip_addr_eq(net_source(&ifc, &dst), &b.addr));
	ifc.addrs[1].flags |= IFACE_ADDR_DEPRECATED; /* rule 3 comes first */
	assert_true(ip_addr_eq(net_source(&ifc, &dst), &a.addr));
}

static void test_rfc6724_5_rule_8_the_longest_matching_prefix(void **state)
{
	static const struct row rows[] = {
		{"2001:db8:1::1", "2001:db8:1::2", {"2001:db8:1::2/64", "2001:db8:3::2/64"}},
		{"2001:db8:3::9",
		 "2001:db8:2::2",
		 {"2001:db8:1::2/64", "2001:db8:2::2/64", "2001:db8:4::2/64"}},
		{"4000::9", "2001:db8:1::2", {"2001:db8:1::2/64", "fe80::1/64"}},
	};
	/* Bits behind a prefix do not count: the first of them then. */
	struct iface ifc = {.ethernet = true};
	const struct ip_prefix a = nw_prefix("2001:db8::8000:1/64"),
			       b = nw_prefix("2001:db8::1/64");
	const struct ip_addr dst = nw6_addr("2001:db8::2");

	(void)state;
	ASSERT_CHOSEN(rows);
	assert_int_equal(iface_add_addr(&ifc, &a), 0);
	assert_int_equal(iface_add_addr(&ifc, &b), 0);
	assert_true(ip_addr_eq(net_source(&ifc, &dst), &a.addr));
}

/* The examples but those about interfaces, home, temporary and deprecated addresses. */
static void test_rfc6724_10_1_examples(void **state)
{
	static const struct row rows[] = {
		{"2001:db8:1::1", "2001:db8:3::1", {"2001:db8:3::1/64", "fe80::1/64"}},
		{"ff05::1", "2001:db8:3::1", {"2001:db8:3::1/64", "fe80::1/64"}},
		{"fe80::1", "fe80::2", {"fe80::2/64", "2001:db8:1::1/64"}},
		{"2001:db8:1::1", "2001:db8:1::2", {"2001:db8:1::2/64", "2001:db8:3::2/64"}},
	};

	(void)state;
	ASSERT_CHOSEN(rows);
}

static void test_an_interface_without_ipv6_has_none(void **state)
{
	struct iface ifc = {.ethernet = true};
	const struct ip_prefix p = nw_prefix("192.0.2.1/24");
	const struct ip_addr dst = nw6_addr("2001:db8::2");

	(void)state;
	assert_int_equal(iface_add_addr(&ifc, &p), 0);
	assert_null(net_source(&ifc, &dst));
}

/* ---- ways ------------------------------------------------------------------------------------ */

static void test_a_way_has_the_source_of_its_interface(void **state)
{
	static const char *const rows[][2] = {
		{PEER6, OURS},		 {FAR6, OURS},	    {PEER_IF1, OURS_IF1},
		{"2001:db8::1:9", OURS}, {"ff0e::1", OURS}, {"ff02::5", OURS_LINK},
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct ip_addr dst = nw6_addr(rows[i][0]), want = nw6_addr(rows[i][1]),
			       src = {.family = 0};
		struct route_cache rc;

		assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
		assert_true(ip_addr_eq(&src, &want));
	}
}

static void test_rfc4007_a_link_local_destination_needs_a_link(void **state)
{
	struct net_world *world = *state;
	struct ip_addr dst = nw6_addr(PEER_LINK), src = {.family = 0};
	struct route_cache rc;

	assert_int_equal(net_route(&world->w, &rc, &dst, &src), -EINVAL);
	assert_null(rc.iface);
	src = ip_addr_any(AF_INET6);
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), -EINVAL);
	src = nw6_addr(OURS_LINK);
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
	assert_ptr_equal(rc.iface, &world->ifc[0]);
	src = nw6_addr(PEER_LINK);
	assert_int_equal(net_route(&world->w, &rc, &dst, &src), -EADDRNOTAVAIL);
}

static void test_nobody_and_ourselves_are_no_destinations(void **state)
{
	static const char *const rows[] = {"::", "::1", OURS, OURS_LINK, OURS_IF1};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct ip_addr dst = nw6_addr(rows[i]), src = {.family = 0};
		struct route_cache rc;

		assert_int_equal(net_route(&world->w, &rc, &dst, &src), -ENETUNREACH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc6724_5_rule_1_the_same_address),
		cmocka_unit_test(test_rfc6724_5_rule_2_the_appropriate_scope),
		cmocka_unit_test(test_rfc6724_5_rule_6_the_same_label),
		cmocka_unit_test(test_rfc6724_5_rule_7_temporary_addresses),
		cmocka_unit_test(test_rfc6724_5_rule_8_the_longest_matching_prefix),
		cmocka_unit_test(test_rfc6724_10_1_examples),
		cmocka_unit_test(test_an_interface_without_ipv6_has_none),
		NW6_TEST(test_a_way_has_the_source_of_its_interface),
		NW6_TEST(test_rfc4007_a_link_local_destination_needs_a_link),
		NW6_TEST(test_nobody_and_ourselves_are_no_destinations),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
