/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a mirror (stack/mirror_table.c) makes of the kernel's changes, in what order they come: as
 * rtnetlink tells of them, but without a kernel, which is tests/netns/mirror.py.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/route.h"
#include "sim/peer.h"
#include "stack/mirror_table.h"
#include "stack/stack.h"

#define TWIN  7 /* as the kernel counts */
#define OTHER 8

static struct peer peer;
static struct mirror_table table;
static unsigned warnings;
static char warning[256];

static void note(void *arg, enum nsk_log_level level, const char *module, const char *text)
{
	(void)arg;
	if (level != NSK_LOG_WARN || strcmp(module, "mirror") != 0)
		return;
	snprintf(warning, sizeof(warning), "%s", text);
	warnings++;
}

static void configure(struct nsk_config *config)
{
	nsk_config_log(config, note, NULL, NSK_LOG_WARN);
}

static struct nsk_stack *stack(void)
{
	return peer.world.host[0];
}

static void begin(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	memset(&table, 0, sizeof(table));
	warnings = 0;
	peer.configure = configure;
	peer_start(&peer, settings);
	table.stack = stack();
	table.ifc = &stack()->iface[0];
	table.link = TWIN;
	assert_int_equal(mirror_table_init(&table), 0);
	mirror_begin(&table);
}

static void end(void)
{
	mirror_table_fini(&table);
	peer_finish(&peer, MINUTE);
}

/* ---- changes ------------------------------------------------------------------------------- */

static struct nl_change change(enum nl_kind kind, bool add, const char *what)
{
	struct nl_change c = {.kind = kind,
			      .add = add,
			      .link = TWIN,
			      .preferred_s = NL_FOREVER,
			      .valid_s = NL_FOREVER};

	if (kind == NL_NEIGH)
		assert_int_equal(ip_addr_parse(&c.prefix.addr, what), 0);
	else
		assert_int_equal(ip_prefix_parse(&c.prefix, what), 0);
	return c;
}

static int apply(struct nl_change c)
{
	int rc = mirror_apply(&table, &c);

	peer_settle(&peer);
	return rc;
}

static struct nl_change neighbour(bool add, const char *addr, uint8_t last)
{
	struct nl_change c = change(NL_NEIGH, add, addr);

	c.mac = (struct eth_addr){{2, 0, 0, 0, 0, last}};
	return c;
}

/* By gateways over links, as many as are given. */
static struct nl_change route(bool add, const char *dst, const char *gateway, int link)
{
	struct nl_change c = change(NL_ROUTE, add, dst);

	c.table = RT_TABLE_MAIN;
	c.origin = RTPROT_BGP;
	c.hops = 1;
	c.hop[0] = (struct nl_hop){.link = link, .weight = 1};
	assert_int_equal(ip_addr_parse(&c.hop[0].gateway, gateway), 0);
	return c;
}

static struct nl_change dumped(struct nl_change c)
{
	c.dumped = true;
	return c;
}

/* ---- what the stack has -------------------------------------------------------------------- */

/* Last octet of the link address that is given for a neighbour, 0: none is. */
static unsigned given(const char *text)
{
	const struct neigh_statics *s = &stack()->snap.statics;
	struct ip_addr addr;

	assert_int_equal(ip_addr_parse(&addr, text), 0);
	for (uint32_t i = 0; i < s->count; i++)
		if (ip_addr_eq(&s->row[i].addr, &addr))
			return s->row[i].mac.b[5];
	return 0;
}

static unsigned routes_to(const char *dst)
{
	struct nsk_route list[64];
	uint64_t cursor = 0;
	int n = nsk_route_list(stack(), &cursor, list, NSK_ARRAY_LEN(list));
	unsigned found = 0;

	assert_int_equal(cursor, UINT64_MAX);
	for (int i = 0; i < n; i++)
		found += !dst || strcmp(list[i].destination, dst) == 0;
	return found;
}

static bool has_address(const char *text)
{
	static struct nsk_addr_info list[64];
	int n = nsk_addr_list(stack(), list, 64);

	for (int i = 0; i < n && i < 64; i++)
		if (strcmp(list[i].address, text) == 0)
			return true;
	return false;
}

/* ---- tests --------------------------------------------------------------------------------- */

/* What is not told of when all is asked for, goes; what is, stays as it is. */
static void what_is_not_told_of_again_goes(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(apply(change(NL_ADDR, true, "10.5.0.1/24")), 0);
	assert_int_equal(apply(change(NL_ADDR, true, "10.6.0.1/24")), 0);
	assert_int_equal(apply(neighbour(true, "10.0.0.9", 9)), 0);
	assert_int_equal(apply(neighbour(true, "10.0.0.8", 8)), 0);
	assert_int_equal(apply(route(true, "10.7.0.0/16", "10.0.0.2", TWIN)), 0);
	assert_int_equal(apply(route(true, "10.8.0.0/16", "10.0.0.2", TWIN)), 0);
	assert_true(has_address("10.5.0.1/24") && has_address("10.6.0.1/24"));
	assert_int_equal(given("10.0.0.8"), 8);
	assert_int_equal(routes_to("10.8.0.0/16"), 1);

	mirror_begin(&table);
	assert_int_equal(apply(dumped(change(NL_ADDR, true, "10.5.0.1/24"))), 0);
	assert_int_equal(apply(dumped(neighbour(true, "10.0.0.9", 9))), 0);
	assert_int_equal(apply(dumped(route(true, "10.7.0.0/16", "10.0.0.2", TWIN))), 0);
	assert_int_equal(mirror_sweep(&table), 0);
	peer_settle(&peer);
	assert_true(has_address("10.5.0.1/24"));
	assert_false(has_address("10.6.0.1/24"));
	assert_int_equal(given("10.0.0.9"), 9);
	assert_int_equal(given("10.0.0.8"), 0);
	assert_int_equal(routes_to("10.7.0.0/16"), 1);
	assert_int_equal(routes_to("10.8.0.0/16"), 0);

	mirror_begin(&table); /* the twin is down: the kernel has nothing on it */
	assert_int_equal(mirror_sweep(&table), 0);
	peer_settle(&peer);
	assert_int_equal(stack()->snap.statics.count, 0);
	assert_int_equal(routes_to("10.7.0.0/16"), 0);
	assert_false(has_address("10.5.0.1/24"));
	assert_true(has_address("10.0.0.1/24")); /* which was configured */
	assert_int_equal(apply(change(NL_ADDR, true, "10.0.0.1/24")), 0);
	assert_int_equal(apply(change(NL_ADDR, false, "10.0.0.1/24")), -ESTALE);
	assert_true(has_address("10.0.0.1/24"));
	assert_int_equal(warnings, 0);
	end();
}

/* Several of one subnet; of IPv4 the kernel calls all but the first secondary. */
static void every_address_of_a_subnet_is_taken(void **state)
{
	struct nl_change c;

	(void)state;
	begin(NULL);
	assert_int_equal(apply(change(NL_ADDR, true, "10.5.0.1/24")), 0);
	assert_int_equal(apply(change(NL_ADDR, true, "10.5.0.2/24")), 0);
	assert_true(has_address("10.5.0.1/24") && has_address("10.5.0.2/24"));
	c = route(true, "10.7.0.0/16", "10.5.0.9", TWIN);
	assert_int_equal(ip_addr_parse(&c.src, "10.5.0.2"), 0);
	assert_int_equal(apply(c), 0);
	assert_int_equal(routes_to("10.7.0.0/16"), 1);
	assert_int_equal(apply(change(NL_ADDR, false, "10.5.0.1/24")), -ESTALE);
	assert_false(has_address("10.5.0.1/24"));
	assert_true(has_address("10.5.0.2/24"));
	end();
}

/* Of the same neighbour the one that the stack was given; the kernel's has its place later. */
static void what_the_stack_was_given_comes_first(void **state)
{
	static const char name[] = "callback0";

	(void)state;
	begin(NULL);
	assert_int_equal(nsk_neigh_add(stack(), name, "10.0.0.9", "02:00:00:00:00:55"), 0);
	assert_int_equal(apply(neighbour(true, "10.0.0.9", 9)), 0);
	assert_int_equal(given("10.0.0.9"), 0x55);
	assert_int_equal(apply(neighbour(false, "10.0.0.9", 9)), 0);
	assert_int_equal(given("10.0.0.9"), 0x55);
	assert_int_equal(apply(neighbour(true, "10.0.0.9", 9)), 0);
	assert_int_equal(nsk_neigh_del(stack(), name, "10.0.0.9"), 0);
	mirror_begin(&table);
	assert_int_equal(apply(dumped(neighbour(true, "10.0.0.9", 9))), 0);
	assert_int_equal(mirror_sweep(&table), 0);
	assert_int_equal(given("10.0.0.9"), 9);
	assert_int_equal(warnings, 0);
	end();
}

/* The same of addresses and routes: of what was there already, the kernel's comes when it goes. */
static void what_others_take_back_is_the_kernels(void **state)
{
	const struct nsk_route own = {.destination = "10.7.0.0/16", .gateway = "10.0.0.2"};

	(void)state;
	begin(NULL);
	assert_int_equal(
		nsk_addr_add(stack(), "callback0", "10.5.0.1/24", NSK_FOREVER, NSK_FOREVER), 0);
	assert_int_equal(nsk_route_add(stack(), &own, false), 0);
	for (unsigned i = 0; i < 3; i++) {
		mirror_begin(&table);
		assert_int_equal(apply(dumped(change(NL_ADDR, true, "10.5.0.1/24"))), 0);
		assert_int_equal(apply(dumped(route(true, "10.7.0.0/16", "10.0.0.2", TWIN))), 0);
		assert_int_equal(mirror_sweep(&table), 0);
		assert_true(has_address("10.5.0.1/24"));
		assert_int_equal(routes_to("10.7.0.0/16"), 1);
		if (i > 0)
			continue;
		assert_int_equal(nsk_addr_del(stack(), "callback0", "10.5.0.1/24"), 0);
		assert_int_equal(nsk_route_del(stack(), &own), 0);
	}
	mirror_begin(&table); /* it goes with the kernel's */
	assert_int_equal(mirror_sweep(&table), 0);
	assert_false(has_address("10.5.0.1/24"));
	assert_int_equal(routes_to("10.7.0.0/16"), 0);
	assert_int_equal(warnings, 0);
	end();
}

/* An interface has so many addresses. */
static void what_there_was_no_place_for_comes_later(void **state)
{
	char addr[32];

	(void)state;
	begin(NULL);
	for (unsigned era = 0; era < 2; era++) {
		mirror_begin(&table);
		for (unsigned i = era ? 5 : 0; i < MIRROR_ADDRS_MAX + 5; i++) {
			snprintf(addr, sizeof(addr), "10.%u.0.1/24", 10 + i);
			assert_int_equal(apply(dumped(change(NL_ADDR, true, addr))), 0);
		}
		assert_int_equal(mirror_sweep(&table), 0);
		peer_settle(&peer);
	}
	assert_in_range(warnings, 1, 4);
	mirror_begin(&table);
	for (unsigned i = 5; i < MIRROR_ADDRS_MAX; i++) {
		snprintf(addr, sizeof(addr), "10.%u.0.1/24", 10 + i);
		assert_int_equal(apply(dumped(change(NL_ADDR, true, addr))), 0);
	}
	assert_int_equal(mirror_sweep(&table), 0);
	for (unsigned i = 5; i < MIRROR_ADDRS_MAX; i++) {
		snprintf(addr, sizeof(addr), "10.%u.0.1/24", 10 + i);
		assert_true(has_address(addr));
	}
	end();
}

/* Changes of others' links are none of it, and what rtnetlink does not tell of is asked for. */
static void what_is_not_the_twins_is_passed_over(void **state)
{
	struct nl_change c;

	(void)state;
	begin(NULL);
	c = change(NL_ADDR, true, "10.5.0.1/24");
	c.link = OTHER;
	assert_int_equal(apply(c), 0);
	c = neighbour(true, "10.0.0.9", 9);
	c.link = OTHER;
	assert_int_equal(apply(c), 0);
	assert_int_equal(apply(route(true, "10.7.0.0/16", "10.0.0.2", OTHER)), 0);
	c = route(true, "10.8.0.0/16", "10.0.0.2", TWIN);
	c.table = 100;
	assert_int_equal(apply(c), 0);
	c = route(true, "10.9.0.0/16", "10.0.0.2", TWIN);
	c.origin = RTPROT_KERNEL;
	assert_int_equal(apply(c), 0);
	c = route(true, "10.10.0.0/16", "10.0.0.2", TWIN);
	c.foreign = true;
	assert_int_equal(apply(c), 0);
	assert_int_equal(stack()->snap.statics.count, 0);
	assert_false(has_address("10.5.0.1/24"));
	assert_int_equal(routes_to(NULL), 1); /* of the subnet */
	assert_int_equal(apply((struct nl_change){.kind = NL_LINK, .link = OTHER}), 0);
	assert_int_equal(apply((struct nl_change){.kind = NL_LINK, .link = TWIN}), -ESTALE);
	assert_int_equal(apply((struct nl_change){.kind = NL_UNKNOWN}), -ESTALE);
	assert_int_equal(apply(change(NL_ADDR, false, "10.5.0.1/24")), -ESTALE);
	end();
}

/* The kernel's second of one metric may stand before or behind the first: all is asked for. A
 * replacement is one, at once. */
static void a_route_is_replaced_or_asked_for(void **state)
{
	struct nl_change c;

	(void)state;
	begin(NULL);
	assert_int_equal(apply(route(true, "10.7.0.0/16", "10.0.0.2", TWIN)), 0);
	assert_int_equal(apply(route(true, "10.7.0.0/16", "10.0.0.3", TWIN)), -ESTALE);
	c = route(true, "10.7.0.0/16", "10.0.0.3", TWIN);
	c.replace = true;
	assert_int_equal(apply(c), 0);
	assert_int_equal(routes_to("10.7.0.0/16"), 1);
	c.hop[0].link = OTHER; /* it leads elsewhere now */
	assert_int_equal(apply(c), 0);
	assert_int_equal(routes_to("10.7.0.0/16"), 0);
	/* Of IPv6 several come one by one. */
	assert_int_equal(apply(change(NL_ADDR, true, "2001:db8::1/64")), 0);
	assert_int_equal(apply(route(true, "2001:db8:7::/48", "2001:db8::2", TWIN)), 0);
	assert_int_equal(apply(route(true, "2001:db8:7::/48", "2001:db8::3", TWIN)), 0);
	assert_int_equal(routes_to("2001:db8:7::/48"), 2);
	assert_int_equal(apply(route(false, "2001:db8:7::/48", "2001:db8::2", TWIN)), 0);
	assert_int_equal(routes_to("2001:db8:7::/48"), 1);
	end();
}

static const struct nsk_addr_info *info(const char *text)
{
	static struct nsk_addr_info list[64];
	int n = nsk_addr_list(stack(), list, 64);

	for (int i = 0; i < n && i < 64; i++)
		if (strcmp(list[i].address, text) == 0)
			return &list[i];
	return NULL;
}

static void lifetimes_are_the_kernels(void **state)
{
	static const char own[] = "2001:db8::1/64";
	struct nl_change c;

	(void)state;
	begin(NULL);
	c = change(NL_ADDR, true, own);
	c.preferred_s = 0;
	assert_int_equal(apply(c), 0);
	peer_run(&peer, SEC / 100);
	assert_true(info(own)->deprecated);
	assert_false(info(own)->dynamic);
	c.preferred_s = 100;
	c.valid_s = 200;
	assert_int_equal(apply(c), 0);
	peer_run(&peer, SEC / 100);
	assert_false(info(own)->deprecated);
	assert_true(info(own)->dynamic);
	assert_in_range(info(own)->preferred_s, 99, 100);
	assert_in_range(info(own)->valid_s, 199, 200);
	c.preferred_s = c.valid_s = NL_FOREVER;
	assert_int_equal(apply(c), 0);
	assert_int_equal(info(own)->valid_s, NSK_FOREVER);
	assert_false(info(own)->dynamic);
	/* It ends there, and is told of once more. */
	c.preferred_s = c.valid_s = 2;
	assert_int_equal(apply(c), 0);
	peer_run(&peer, 3 * SEC);
	assert_null(info(own));
	assert_int_equal(apply(c), 0);
	assert_non_null(info(own));
	assert_int_equal(warnings, 0);
	end();
}

/* What had no place, or was somebody else's, is had when all is asked for and there is one. */
static void what_was_refused_is_tried_again(void **state)
{
	static const char *const few[] = {"ip.routes=3", NULL};
	const struct nsk_route mine = {.destination = "10.7.0.0/16", .gateway = "10.0.0.2"};
	static const char *const dst[] = {"10.7.0.0/16", "10.8.0.0/16", "10.9.0.0/16"};

	(void)state;
	begin(few);
	assert_int_equal(
		nsk_addr_add(stack(), "callback0", "10.0.0.7/24", NSK_FOREVER, NSK_FOREVER), 0);
	assert_int_equal(apply(change(NL_ADDR, true, "10.0.0.7/24")), 0);
	assert_int_equal(nsk_route_add(stack(), &mine, false), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(apply(route(true, dst[i], "10.0.0.2", TWIN)), 0);
	assert_int_equal(routes_to(dst[2]), 0);
	assert_true(mirror_lacks(&table));
	assert_non_null(strstr(warning, "ip.routes = 3: raise it"));
	assert_false(table.room);
	assert_int_equal(apply(route(false, dst[1], "10.0.0.2", TWIN)), 0);
	assert_true(table.room);
	assert_int_equal(nsk_route_del(stack(), &mine), 0);
	assert_int_equal(nsk_addr_del(stack(), "callback0", "10.0.0.7/24"), 0);

	mirror_begin(&table);
	apply(dumped(change(NL_ADDR, true, "10.0.0.7/24")));
	apply(dumped(route(true, dst[0], "10.0.0.2", TWIN)));
	apply(dumped(route(true, dst[2], "10.0.0.2", TWIN)));
	assert_int_equal(mirror_sweep(&table), 0);
	peer_settle(&peer);
	assert_true(has_address("10.0.0.7/24"));
	assert_int_equal(routes_to(dst[0]), 1);
	assert_int_equal(routes_to(dst[2]), 1);
	assert_false(mirror_lacks(&table));
	end();
}

static void all_neighbours(unsigned n, bool dump)
{
	char addr[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(addr, sizeof(addr), "10.0.%u.%u", 1 + i / 200, 1 + i % 200);
		if (dump)
			apply(dumped(neighbour(true, addr, 9)));
		else
			apply(neighbour(true, addr, 9));
	}
}

/* A full table is told of, not each time that all is asked for. */
static void what_cannot_be_had_is_told_of_once(void **state)
{
	unsigned told;

	(void)state;
	begin(NULL);
	all_neighbours(NEIGH_STATICS_MAX + 40, false);
	assert_int_equal(stack()->snap.statics.count, NEIGH_STATICS_MAX);
	assert_in_range(warnings, 1, 6); /* 1, 2, 4 … 32 */
	assert_non_null(strstr(warning, "neighbour 10.0."));
	assert_non_null(strstr(warning, "(32 so far)"));
	told = warnings;
	for (unsigned i = 0; i < 5; i++) {
		mirror_begin(&table);
		all_neighbours(NEIGH_STATICS_MAX + 40, true);
		assert_int_equal(mirror_sweep(&table), 0);
	}
	assert_int_equal(warnings, told);
	/* All fit again: the next that does not is news. */
	mirror_begin(&table);
	all_neighbours(NEIGH_STATICS_MAX, true);
	assert_int_equal(mirror_sweep(&table), 0);
	all_neighbours(NEIGH_STATICS_MAX + 1, false);
	assert_int_equal(warnings, told + 1);
	end();
}

static void a_full_table_of_routes_is_told_of_once(void **state)
{
	static const char *const few[] = {"ip.routes=4", NULL};
	char dst[32];

	(void)state;
	begin(few);
	for (unsigned era = 0; era < 5; era++) {
		mirror_begin(&table);
		for (unsigned i = 0; i < 10; i++) {
			snprintf(dst, sizeof(dst), "10.%u.0.0/16", 10 + i);
			apply(dumped(route(true, dst, "10.0.0.2", TWIN)));
		}
		assert_int_equal(mirror_sweep(&table), 0);
		assert_int_equal(warnings, 3); /* 1, 2, 4 of 7 */
		assert_int_equal(routes_to(NULL), 4);
	}
	end();
}

/* An ECMP route over two interfaces is nothing that a mirror of one can have. */
static void a_route_that_leads_elsewhere_too_is_told_of(void **state)
{
	struct nl_change c;

	(void)state;
	begin(NULL);
	c = route(true, "10.7.0.0/16", "10.0.0.2", TWIN);
	c.hops = 2;
	c.hop[1] = c.hop[0];
	c.hop[1].link = TWIN + 1;
	assert_int_equal(apply(c), 0);
	assert_int_equal(routes_to("10.7.0.0/16"), 0);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(warning,
			       "route 10.7.0.0/16 of the kernel's is not taken (1 so far): "
			       "some of its next hops lead over other interfaces"));
	c.add = false;
	assert_int_equal(apply(c), 0);
	c.hop[0].link = TWIN + 2; /* nothing of the twin's */
	c.add = true;
	assert_int_equal(apply(c), 0);
	assert_int_equal(warnings, 1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(what_is_not_told_of_again_goes),
		world_test(every_address_of_a_subnet_is_taken),
		world_test(what_the_stack_was_given_comes_first),
		world_test(what_others_take_back_is_the_kernels),
		world_test(what_there_was_no_place_for_comes_later),
		world_test(what_is_not_the_twins_is_passed_over),
		world_test(a_route_is_replaced_or_asked_for),
		world_test(lifetimes_are_the_kernels),
		world_test(what_was_refused_is_tried_again),
		world_test(what_cannot_be_had_is_told_of_once),
		world_test(a_full_table_of_routes_is_told_of_once),
		world_test(a_route_that_leads_elsewhere_too_is_told_of),
	};

	return world_main(tests);
}
