/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tcp/table.c: what a packet belongs to, and who may have a port. */
#include "tcp_world.h"

static uint32_t find(struct net_world *world, const struct flow *f)
{
	return table_find(&world->w, table_flow_hash(world->w.tcp, f, AF_INET), f, AF_INET);
}

static struct tcp_conn *bound(struct net_world *world, uint32_t own, uint16_t port, uint8_t flags)
{
	struct tcp_conn *c = fresh(world);

	c->flow.dport_be = WIRE_BE16(port);
	if (own)
		store_be32(c->flow.dst, own);
	c->sock.flags |= flags;
	assert_int_equal(table_add_port(&world->w, c), 0);
	return c;
}

static struct tcp_conn *listening(struct net_world *world, uint32_t own, uint16_t port)
{
	struct tcp_conn *c = bound(world, own, port, SOCK_F_REUSEPORT);

	c->state = TCPS_LISTEN;
	table_listeners_changed(world->w.tcp);
	return c;
}

/* No listener's memory hangs off those of this file. */
static void end_listening(struct net_world *world, struct tcp_conn *c)
{
	c->state = TCPS_CLOSED;
	end_one(world, c);
}

static void a_flow_leads_to_its_connection_and_to_no_other(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c[300];

	for (uint16_t i = 0; i < 300; i++)
		c[i] = open_one(world, PEER + i % 3, (uint16_t)(1000 + i));
	for (uint16_t i = 0; i < 300; i++) {
		struct flow other = c[i]->flow;
		uint32_t value = find(world, &c[i]->flow);

		assert_int_equal(table_kind_of(value), TABLE_CONN);
		assert_ptr_equal(slab_at(&world->w.tcp->conns, table_index(value)), c[i]);
		other.dport_be ^= 1;
		assert_int_equal(find(world, &other), HTAB_NONE);
	}
	for (uint16_t i = 0; i < 300; i += 2)
		end_one(world, c[i]);
	for (uint16_t i = 0; i < 300; i++) {
		struct flow f = flow_of(PEER + i % 3, (uint16_t)(1000 + i), OWN_PORT);

		assert_int_equal(find(world, &f) == HTAB_NONE, i % 2 == 0);
	}
}

static void a_bound_port_is_no_flow(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = bound(world, 0, 0, 0);
	struct flow nothing = {0};

	assert_int_equal(find(world, &nothing), HTAB_NONE);
	end_one(world, c);
}

static void a_listener_on_the_address_goes_before_one_on_any(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *any = listening(world, 0, 80), *one = listening(world, IF0_ADDR, 80);
	struct flow f = flow_of(PEER, 1000, 80);

	assert_ptr_equal(table_find_listener(&world->w, &f, AF_INET, 1), one);
	store_be32(f.dst, IF0_ADDR2);
	assert_ptr_equal(table_find_listener(&world->w, &f, AF_INET, 1), any);
	f.dport_be = WIRE_BE16(81);
	assert_null(table_find_listener(&world->w, &f, AF_INET, 1));
	end_listening(world, one);
	store_be32(f.dst, IF0_ADDR);
	f.dport_be = WIRE_BE16(80);
	assert_ptr_equal(table_find_listener(&world->w, &f, AF_INET, 1), any);
	end_listening(world, any);
	assert_null(table_find_listener(&world->w, &f, AF_INET, 1));
}

static void what_is_bound_and_does_not_listen_gets_no_syn(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *c = bound(world, 0, 80, 0);
	struct flow f = flow_of(PEER, 1000, 80);

	assert_null(table_find_listener(&world->w, &f, AF_INET, 1));
	end_one(world, c);
}

/* SO_REUSEPORT: a flow stays with one listener, and flows are spread evenly. */
static void listeners_of_one_port_share_by_the_flow(void **state)
{
	struct net_world *world = *state;
	struct tcp_conn *l[4];
	unsigned got[4] = {0};

	for (unsigned i = 0; i < 4; i++)
		l[i] = listening(world, 0, 80);
	for (uint16_t port = 1000; port < 5000; port++) {
		struct flow f = flow_of(PEER, port, 80);
		uint64_t hash = table_flow_hash(world->w.tcp, &f, AF_INET);
		struct tcp_conn *found = table_find_listener(&world->w, &f, AF_INET, hash);

		assert_ptr_equal(table_find_listener(&world->w, &f, AF_INET, hash), found);
		for (unsigned i = 0; i < 4; i++)
			got[i] += l[i] == found;
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_in_range(got[i], 850, 1150);
		end_listening(world, l[i]);
	}
}

/* As bind(2): tcp(7), SO_REUSEADDR and SO_REUSEPORT in socket(7). */
static void who_may_have_a_port_that_another_has(void **state)
{
	static const struct {
		uint32_t has, wants;
		uint8_t has_flags, wants_flags;
		uint8_t has_state;
		bool conflict;
	} rows[] = {
		{0, 0, 0, 0, TCPS_CLOSED, true},
		{IF0_ADDR, 0, 0, 0, TCPS_CLOSED, true},
		{0, IF0_ADDR, 0, 0, TCPS_CLOSED, true},
		{IF0_ADDR, IF0_ADDR, 0, 0, TCPS_CLOSED, true},
		{IF0_ADDR, IF0_ADDR2, 0, 0, TCPS_CLOSED, false},
		{0, 0, SOCK_F_REUSEADDR, SOCK_F_REUSEADDR, TCPS_CLOSED, false},
		{0, 0, SOCK_F_REUSEADDR, 0, TCPS_CLOSED, true},
		{0, 0, 0, SOCK_F_REUSEADDR, TCPS_CLOSED, true},
		{0, 0, SOCK_F_REUSEADDR, SOCK_F_REUSEADDR, TCPS_LISTEN, true},
		{0, 0, SOCK_F_REUSEPORT, SOCK_F_REUSEPORT, TCPS_LISTEN, false},
		{0, 0, SOCK_F_REUSEPORT, SOCK_F_REUSEADDR, TCPS_CLOSED, true},
	};
	struct net_world *world = *state;

	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct tcp_conn *has = bound(world, rows[i].has, 80, rows[i].has_flags);
		struct tcp_conn *c = fresh(world);
		uint8_t addr[16] = {0};

		has->state = rows[i].has_state;
		c->sock.flags |= rows[i].wants_flags;
		if (rows[i].wants)
			store_be32(addr, rows[i].wants);
		if (table_port_conflict(&world->w, c, addr, WIRE_BE16(80)) != rows[i].conflict)
			fail_msg("row %zu", i);
		assert_false(table_port_conflict(&world->w, c, addr, WIRE_BE16(81)));
		end_listening(world, has);
		end_one(world, c);
	}
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, tw_setup, tw_teardown)
	const struct CMUnitTest tests[] = {
		T(a_flow_leads_to_its_connection_and_to_no_other),
		T(a_bound_port_is_no_flow),
		T(a_listener_on_the_address_goes_before_one_on_any),
		T(what_is_bound_and_does_not_listen_gets_no_syn),
		T(listeners_of_one_port_share_by_the_flow),
		T(who_may_have_a_port_that_another_has),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
