/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/addr.c: when the place of an address that was removed is used again. */
#include "net/addr.h"
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
	assert_int_equal(addr_del(&world->w, &world->ifc[0], &old), 0);
	world->w.net->addresses = world->snap.addresses + 1;
	assert_int_equal(addr_add(&world->w, &world->ifc[0], &next), 0);
	assert_true(ip_addr_eq(&place->addr, &old.addr));
	net.addresses = world->w.net->addresses = world->snap.addresses;
	assert_int_equal(addr_add(&world->w, &world->ifc[0], &last), 0);
	assert_true(ip_addr_eq(&place->addr, &last.prefix.addr));
	world->w.peers = 1;
	world->w.ops = &nw_ops;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_place_waits_for_the_worker_that_is_behind,
						nw_setup, nw_teardown),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
