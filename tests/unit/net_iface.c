/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/iface.c and local.c: states and addresses of interfaces, and the table of our own
 * addresses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "net/local.h"

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix p;

	assert_int_equal(ip_prefix_parse(&p, text), 0);
	return p;
}

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(&a, text), 0);
	return a;
}

static int add(struct iface *ifc, const char *text)
{
	struct ip_prefix p = prefix(text);

	return iface_add_addr(ifc, &p);
}

static void test_states_go_round_and_only_enabling_may_fail(void **state)
{
	static const bool allowed[4][4] = {
		[NSK_IFACE_DISABLED] = {[NSK_IFACE_ENABLING] = true},
		[NSK_IFACE_ENABLING] = {[NSK_IFACE_ENABLED] = true, [NSK_IFACE_DISABLING] = true},
		[NSK_IFACE_ENABLED] = {[NSK_IFACE_DISABLING] = true},
		[NSK_IFACE_DISABLING] = {[NSK_IFACE_DISABLED] = true},
	};

	(void)state;
	for (unsigned from = 0; from < 4; from++) {
		for (unsigned to = 0; to < 6; to++) {
			struct iface ifc = {.state = (uint16_t)from};
			bool ok = to < 4 && allowed[from][to];

			assert_int_equal(iface_set_state(&ifc, to), ok ? 0 : -EINVAL);
			assert_int_equal(ifc.state, ok ? to : from);
			assert_int_equal(iface_running(&ifc), ifc.state == NSK_IFACE_ENABLED);
		}
	}
	assert_string_equal(iface_state_name(NSK_IFACE_DISABLING), "disabling");
	assert_string_equal(iface_state_name(7), "invalid");
}

static void test_only_addresses_that_a_host_can_have_are_taken(void **state)
{
	static const char *const bad[] = {
		"0.0.0.0/8",	  "224.0.0.1/4", "255.255.255.255/32",
		"240.0.0.1/24",	  "127.0.0.1/8", "192.0.2.0/24",
		"192.0.2.255/24", "192.0.2.1/0", "::/64",
		"ff02::1/64",	  "::1/128",
	};
	struct iface ifc = {0};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(bad); i++)
		assert_int_equal(add(&ifc, bad[i]), -EINVAL);
	assert_int_equal(add(&ifc, "192.0.2.0/31"), 0); /* RFC 3021 */
	assert_int_equal(add(&ifc, "192.0.2.9/32"), 0);
	assert_int_equal(add(&ifc, "198.51.100.7/24"), 0);
	assert_int_equal(add(&ifc, "198.51.100.7/25"), -EEXIST);
	assert_int_equal(add(&ifc, "2001:db8::1/64"), 0);
	assert_int_equal(ifc.addrs[0].broadcast.family, 0);
	assert_int_equal(ip_addr_host32(&ifc.addrs[2].broadcast), 0xc63364ff);
	while (ifc.naddrs < IFACE_ADDRS_MAX) {
		struct ip_prefix p = prefix("10.0.0.1/24");

		p.addr.b[3] = (uint8_t)(1 + ifc.naddrs);
		assert_int_equal(iface_add_addr(&ifc, &p), 0);
	}
	assert_int_equal(add(&ifc, "10.9.9.9/24"), -ENOSPC);
}

static void test_source_is_of_the_next_hops_subnet_else_the_first_of_the_family(void **state)
{
	struct iface ifc = {0};
	struct ip_addr a;

	(void)state;
	assert_int_equal(add(&ifc, "2001:db8::1/64"), 0);
	assert_int_equal(add(&ifc, "192.0.2.1/24"), 0);
	assert_int_equal(add(&ifc, "198.51.100.7/24"), 0);
	a = addr("198.51.100.200");
	assert_int_equal(iface_source(&ifc, &a)->b[0], 198);
	a = addr("8.8.8.8");
	assert_int_equal(iface_source(&ifc, &a)->b[0], 192);
	assert_null(iface_on_link(&ifc, &a));
	a = addr("192.0.2.1");
	iface_have_addr(&ifc, &a)->state = IFACE_ADDR_REMOVED;
	assert_null(iface_have_addr(&ifc, &a));
	a = addr("8.8.8.8");
	assert_int_equal(iface_source(&ifc, &a)->b[0], 198);
	a = addr("198.51.100.7");
	iface_have_addr(&ifc, &a)->state = IFACE_ADDR_REMOVED;
	assert_null(iface_source(&ifc, &a));
}

/* ---- our own addresses ---- */

/* What a plain walk over all interfaces says. */
static enum local_kind plain(const struct net_snapshot *snap, const struct ip_addr *a,
			     uint8_t *iface)
{
	for (unsigned i = 0; i < snap->nifaces; i++) {
		*iface = (uint8_t)i;
		if (iface_find_addr(snap->iface[i], a))
			return LOCAL_UNICAST;
	}
	for (unsigned i = 0; i < snap->nifaces; i++) {
		*iface = (uint8_t)i;
		for (unsigned j = 0; j < snap->iface[i]->naddrs; j++)
			if (ip_addr_eq(&snap->iface[i]->addrs[j].broadcast, a))
				return LOCAL_BROADCAST;
	}
	return LOCAL_NONE;
}

static void test_table_of_own_addresses_agrees_with_a_walk(void **state)
{
	static struct iface ifc[IFACE_MAX];
	struct net_snapshot snap = {.nifaces = IFACE_MAX};
	unsigned found[3] = {0};
	struct local_table *t;
	struct mem mem;
	struct rng rng;

	(void)state;
	mem_init(&mem, NULL);
	rng_seed(&rng, 7);
	for (unsigned i = 0; i < IFACE_MAX; i++) {
		ifc[i] = (struct iface){.index = (uint8_t)i};
		snap.iface[i] = &ifc[i];
		while (ifc[i].naddrs < IFACE_ADDRS_MAX) {
			struct ip_prefix p = {.addr = ip_addr_from_host32(0x0a000000 |
									  rng_below(&rng, 512)),
					      .len = (uint8_t)rng_range(&rng, 27, 32)};

			(void)iface_add_addr(&ifc[i], &p);
		}
	}
	t = local_table_new(&snap, false, &mem);
	assert_non_null(t);
	for (uint32_t n = 0; n < 600; n++) {
		struct ip_addr a = ip_addr_from_host32(0x0a000000 | n);
		const struct local_entry *e = local_find(t, a.b, AF_INET);
		uint8_t iface = 0;
		enum local_kind want = plain(&snap, &a, &iface);

		assert_int_equal(e ? e->kind : LOCAL_NONE, want);
		if (e)
			assert_int_equal(e->iface, iface);
		assert_null(local_find(t, a.b, AF_INET6));
		found[want]++;
	}
	assert_true(found[LOCAL_UNICAST] > 100 && found[LOCAL_BROADCAST] > 5 && found[0] > 100);
	local_table_free(t, &mem);
	assert_int_equal(mem.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_go_round_and_only_enabling_may_fail),
		cmocka_unit_test(test_only_addresses_that_a_host_can_have_are_taken),
		cmocka_unit_test(
			test_source_is_of_the_next_hops_subnet_else_the_first_of_the_family),
		cmocka_unit_test(test_table_of_own_addresses_agrees_with_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
