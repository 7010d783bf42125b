/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tcp/mtu.c: how far a path's MTU comes down, in both families. Probes, and what messages and
 * losses mean, are whole exchanges: tests/script/path-mtu, tests/script/icmp.
 */
#include "tcp_world.h"

#include "tcp/mtu.h"

#define MTU 1500

struct path {
	struct net_world *world;
	struct tcp_conn *c;
};

/* An open connection of the family on the first interface, whose segments fill its MTU. */
static struct path path_of(void **state, uint8_t family)
{
	struct net_world *world = *state;
	struct path p = {.world = world, .c = conn_new(&world->w, family)};

	assert_non_null(p.c);
	p.c->rcv.peer_mss = UINT16_MAX;
	p.c->route.iface = &world->ifc[0];
	world->ifc[0].mtu = MTU;
	conn_set_state(&world->w, p.c, TCPS_ESTABLISHED);
	conn_open(&world->w, p.c, 0);
	assert_int_equal(p.c->cc.smss, MTU - (family == AF_INET ? 40 : 60));
	return p;
}

static void assert_lowers(const struct path *p, uint32_t told, uint16_t mtu, uint16_t smss)
{
	mtu_lower(&p->world->w, p->c, told);
	assert_int_equal(p->c->ext->path_mtu, mtu);
	assert_int_equal(p->c->cc.smss, smss);
}

static void test_of_ipv4_to_552_and_never_up_rfc1191_3(void **state)
{
	struct path p = path_of(state, AF_INET);

	assert_lowers(&p, 1400, 1400, 1360);
	assert_lowers(&p, 1450, 1400, 1360);
	assert_lowers(&p, 68, 552, 512);
	end_one(p.world, p.c);
}

static void test_of_ipv6_to_1280_and_never_up_rfc8201_4(void **state)
{
	struct path p = path_of(state, AF_INET6);

	assert_lowers(&p, 1400, 1400, 1340);
	assert_lowers(&p, 1450, 1400, 1340);
	assert_lowers(&p, 1279, 1280, 1220);
	assert_lowers(&p, 68, 1280, 1220);
	end_one(p.world, p.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_of_ipv4_to_552_and_never_up_rfc1191_3,
						tw_setup, tw_teardown),
		cmocka_unit_test_setup_teardown(test_of_ipv6_to_1280_and_never_up_rfc8201_4,
						tw_setup, tw_teardown),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
