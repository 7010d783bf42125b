/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/addr.c: when the place of an address that was removed is used again. */
#include "net/addr.h"

#include <errno.h>

#include "net_world.h"

static struct nsk_worker *others[2];

static struct nsk_worker *worker_at(struct nsk_worker *w, unsigned i)
{
	(void)w;
	return others[i];
}

/*
 * Workers look at the addresses while another thread asks what they have seen, and one may be ahead
 * of the number that was read first: one that is behind counts still.
 */
static void test_a_place_waits_for_the_worker_that_is_behind(void **state)
{
	struct net_world *world = *state;
	const struct iface_addr *place = &world->ifc[0].addrs[1];
	const struct addr_spec next = {.prefix = nw_prefix("203.0.113.1/24")},
			       last = {.prefix = nw_prefix("203.0.114.1/24")};
	const struct ip_prefix old = nw_prefix("198.51.100.1/25");
	struct worker_ops ops = nw_ops;
	struct net_worker net = {.addresses = 0};
	struct nsk_worker behind = {.net = &net};

	ops.worker_at = worker_at;
	world->w.ops = &ops;
	world->w.peers = 2;
	others[0] = &world->w;
	others[1] = &behind;
	assert_int_equal(addr_del(&world->w, &world->ifc[0], &old, ADDR_WAITS), 0);
	world->w.net->addresses = world->snap.addresses + 1;
	assert_int_equal(addr_add(&world->w, &world->ifc[0], &next, ADDR_WAITS), 0);
	assert_true(ip_addr_eq(&place->addr, &old.addr));
	net.addresses = world->w.net->addresses = world->snap.addresses;
	assert_int_equal(addr_add(&world->w, &world->ifc[0], &last, ADDR_WAITS), 0);
	assert_true(ip_addr_eq(&place->addr, &last.prefix.addr));
	world->w.peers = 1;
	world->w.ops = &nw_ops;
}

static int full_route(struct nsk_worker *w, const struct route *route, bool add)
{
	return add ? -ENOSPC : nw_route(w, route, add);
}

static bool has_route(struct net_world *world, const struct route *like)
{
	return route_add(world->routes, like) == -EEXIST || route_del(world->routes, like) != 0;
}

/* The route to an address's subnet that somebody else has added is his. */
static void test_an_operators_route_outlives_the_address(void **state)
{
	struct net_world *world = *state;
	const struct addr_spec spec = {.prefix = nw_prefix("203.0.113.1/24")};
	const struct route own = {.dst = nw_prefix("203.0.113.0/24"), .origin = ROUTE_FROM_BOOT};

	assert_int_equal(route_add(world->routes, &own), 0);
	assert_int_equal(addr_add(&world->w, &world->ifc[0], &spec, ADDR_WAITS), 0);
	assert_int_equal(addr_del(&world->w, &world->ifc[0], &spec.prefix, ADDR_WAITS), 0);
	assert_true(has_route(world, &own));
}

/* Where there was no place for it, it comes when there is one. */
static void test_the_route_of_a_subnet_comes_when_there_is_room(void **state)
{
	struct net_world *world = *state;
	const struct addr_spec spec = {.prefix = nw_prefix("203.0.113.1/24")};
	const struct route net = {.dst = nw_prefix("203.0.113.0/24"), .origin = ROUTE_FROM_KERNEL};
	struct worker_ops ops = nw_ops;

	ops.route = full_route;
	world->w.ops = &ops;
	assert_int_equal(addr_add(&world->w, &world->ifc[0], &spec, ADDR_WAITS), 0);
	net_tick(&world->w);
	nw_pass(world, 20000);
	assert_false(has_route(world, &net));
	world->w.ops = &nw_ops;
	nw_pass(world, 5001);
	assert_true(has_route(world, &net));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_place_waits_for_the_worker_that_is_behind,
						nw_setup, nw_teardown),
		NW_TEST(test_an_operators_route_outlives_the_address),
		NW_TEST(test_the_route_of_a_subnet_comes_when_there_is_room),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
