/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams of AF_INET6: names, attempts and listeners of both families (lib/tcp/bind.c, connect.c,
 * table.c). */
#include "six_world.h"
#include "tcp_world.h"

#include "sock/wait.h"
#include "tcp/sockcalls.h"

static int setup(void **state)
{
	struct net_world *world;

	tw_setup(state);
	world = *state;
	net_worker_fini(&world->w);
	six_ifaces(world);
	assert_int_equal(net_worker_init(&world->w, &world->snap), 0);
	nw_resolve(world, PEER, peer_mac);
	return 0;
}

static struct sock *stream(struct net_world *world, uint8_t domain)
{
	struct sock *s;

	assert_int_equal(tcp_create(&world->w, domain, &s), 0);
	return s;
}

static void end(struct net_world *world, struct sock *s)
{
	(void)world;
	s->ops->close(s);
}

static void a_name_is_kept_in_the_family_of_the_wire(void **state)
{
	struct net_world *world = *state;
	static const struct {
		const char *address;
		uint32_t scope;
		uint8_t family;
		bool only;
		const char *name;
	} rows[] = {
		{"::", 0, AF_INET6, false, ":: 80"},
		{"2001:db8::1", 9, AF_INET6, true, "2001:db8::1 80"},
		{"::ffff:192.0.2.1", 0, AF_INET, false, "::ffff:192.0.2.1 80"},
		{"::ffff:0.0.0.0", 0, AF_INET, false, "::ffff:0.0.0.0 80"},
		{"fe80::1", 1, AF_INET6, true, "fe80::1%1 80"},
		{"fe80::2", 2, AF_INET6, true, "fe80::2%2 80"},
	};

	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct sock *s = stream(world, AF_INET6);

		assert_int_equal(six_bind(s, rows[i].address, rows[i].scope, 80), 0);
		assert_int_equal(s->family, rows[i].family);
		assert_int_equal(!!(s->six & SOCK_SIX_ONLY), rows[i].only);
		assert_string_equal(six_name(s, SOCK_NAME_OWN), rows[i].name);
		assert_string_equal(six_name(s, SOCK_NAME_PEER), "-");
		end(world, s);
	}
}

static void a_name_that_cannot_be_leaves_all_as_it_was(void **state)
{
	struct net_world *world = *state;
	struct sock *s = stream(world, AF_INET6), *other = stream(world, AF_INET);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = WIRE_BE16(80)};
	static const struct {
		const char *address;
		uint32_t scope;
		int rc;
	} rows[] = {
		{"2001:db8::7", 0, -EADDRNOTAVAIL},
		{"::ffff:192.0.2.7", 0, -EADDRNOTAVAIL},
		{"ff02::1", 1, -EINVAL},
		{"fe80::1", 0, -EINVAL},
		{"fe80::1", 3, -ENODEV},
		{"fe80::1", 2, -EADDRNOTAVAIL},
		{"::ffff:192.0.2.1", 0, -EADDRINUSE},
		{"::", 0, -EADDRINUSE},
	};

	assert_int_equal(other->ops->bind(other, (struct sockaddr *)&in, sizeof(in)), 0);
	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		assert_int_equal(six_bind(s, rows[i].address, rows[i].scope, 80), rows[i].rc);
		assert_int_equal(s->family, AF_INET6);
		assert_true(sock_is_dual(s));
		assert_string_equal(six_name(s, SOCK_NAME_OWN), ":: 0");
	}
	assert_int_equal(sock_set_six_only(s, false, true), 0);
	assert_int_equal(six_bind(s, "::", 0, 80), 0);
	end(world, s);
	end(world, other);
}

static void a_connection_has_the_family_of_its_peer(void **state)
{
	struct net_world *world = *state;
	struct sock *s = stream(world, AF_INET6);
	struct tcp_conn *c = conn_of_sock(s);

	assert_int_equal(six_connect(s, "::ffff:192.0.2.7", 0, 80), -EINPROGRESS);
	assert_int_equal(s->family, AF_INET);
	assert_int_equal(ip_addr_be32(&(struct ip_addr){.b = {192, 0, 2, 7}}),
			 *(uint32_t *)(void *)c->flow.src);
	assert_memory_equal(six_name(s, SOCK_NAME_OWN), "::ffff:192.0.2.1 ", 17);
	assert_string_equal(six_name(s, SOCK_NAME_ACCEPTED), "::ffff:192.0.2.7 80");
	assert_int_equal(s->ops->connect(s, &(struct sockaddr){.sa_family = AF_UNSPEC},
					 sizeof(struct sockaddr)),
			 0);
	assert_int_equal(s->family, AF_INET6);
	assert_string_equal(six_name(s, SOCK_NAME_OWN), ":: 0");
	assert_int_equal(six_connect(s, "2001:db8:1::7", 0, 80), -EINPROGRESS);
	assert_int_equal(s->family, AF_INET6);
	assert_memory_equal(six_name(s, SOCK_NAME_OWN), "2001:db8:1::1 ", 14);
	end(world, s);
}

static void a_link_is_that_of_the_interface_that_is_named(void **state)
{
	struct net_world *world = *state;
	struct sock *s = stream(world, AF_INET6);

	assert_int_equal(six_connect(s, "fe80::7", 0, 80), -EINVAL);
	assert_int_equal(six_connect(s, "fe80::7", 3, 80), -ENODEV);
	assert_int_equal(six_connect(s, "fe80::7", 2, 80), -EINPROGRESS);
	assert_memory_equal(six_name(s, SOCK_NAME_OWN), "fe80::2%2 ", 10);
	assert_string_equal(six_name(s, SOCK_NAME_ACCEPTED), "fe80::7%2 80");
	end(world, s);
	s = stream(world, AF_INET6);
	assert_int_equal(six_bind(s, "fe80::1", 1, 0), 0);
	assert_int_equal(six_connect(s, "fe80::7", 2, 80), -EINVAL);
	end(world, s);
}

static void an_attempt_that_cannot_be_leaves_all_as_it_was(void **state)
{
	struct net_world *world = *state;
	static const struct {
		const char *own, *peer;
		bool only;
		uint8_t family;
		int rc;
	} rows[] = {
		{NULL, "::ffff:192.0.2.7", true, AF_INET6, -ENETUNREACH},
		{"2001:db8::1", "::ffff:192.0.2.7", false, AF_INET6, -ENETUNREACH},
		{"::ffff:192.0.2.1", "2001:db8:1::7", false, AF_INET, -EAFNOSUPPORT},
		{"::ffff:0.0.0.0", "2001:db8:1::7", false, AF_INET, -EAFNOSUPPORT},
		{NULL, "2001:db8:9::1", false, AF_INET6, -ENETUNREACH},
		{NULL, "ff05::1", false, AF_INET6, -ENETUNREACH},
		{NULL, "::", false, AF_INET6, -ENETUNREACH},
		{NULL, "::ffff:224.0.0.5", false, AF_INET6, -ENETUNREACH},
		{NULL, "::ffff:192.0.2.255", false, AF_INET6, -ENETUNREACH},
	};

	for (size_t i = 0; i < NSK_ARRAY_LEN(rows); i++) {
		struct sock *s = stream(world, AF_INET6);

		assert_int_equal(sock_set_six_only(s, false, rows[i].only), 0);
		if (rows[i].own)
			assert_int_equal(six_bind(s, rows[i].own, 0, 0), 0);
		if (six_connect(s, rows[i].peer, 0, 80) != rows[i].rc)
			fail_msg("row %zu", i);
		assert_int_equal(s->family, rows[i].family);
		end(world, s);
	}
}

static void six_only_is_said_before_there_is_a_name(void **state)
{
	struct net_world *world = *state;
	struct sock *s = stream(world, AF_INET6), *four = stream(world, AF_INET);
	int one = 1, value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(sock_option_set(s, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
	assert_int_equal(six_bind(s, "::", 0, 0), 0); /* the port comes later */
	assert_int_equal(sock_option_set(s, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), -EINVAL);
	assert_int_equal(sock_option_get(s, IPPROTO_IPV6, IPV6_V6ONLY, &value, &len), 0);
	assert_int_equal(value, 1);
	assert_int_equal(sock_option_set(four, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)),
			 -ENOPROTOOPT);
	assert_int_equal(sock_option_get(four, IPPROTO_IPV6, IPV6_V6ONLY, &value, &len),
			 -EOPNOTSUPP);
	end(world, s);
	end(world, four);
}

/* ---- listeners ---- */

static struct sock *listener(struct net_world *world, const char *address, bool only)
{
	struct sock *s = stream(world, AF_INET6);

	s->flags |= SOCK_F_REUSEPORT;
	assert_int_equal(sock_set_six_only(s, false, only), 0);
	assert_int_equal(six_bind(s, address, 0, 80), 0);
	world->set.listen_backlog_max = 8;
	assert_int_equal(s->ops->listen(s, 4), 0);
	return s;
}

static struct sock *listener4(struct net_world *world)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = WIRE_BE16(80)};
	struct sock *s = stream(world, AF_INET);

	s->flags |= SOCK_F_REUSEPORT;
	assert_int_equal(s->ops->bind(s, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(s->ops->listen(s, 4), 0);
	return s;
}

static struct sock *who(struct net_world *world, const char *src, const char *dst)
{
	struct pkt p = six_pkt(src, 1000, dst, 80);
	uint64_t hash = table_flow_hash(world->w.tcp, &p.flow, p.family);
	struct tcp_conn *c = table_find_listener(&world->w, &p.flow, p.family, hash);

	/* What was found last is found as well by the other family, and again. */
	assert_ptr_equal(table_find_listener(&world->w, &p.flow, p.family, hash), c);
	return c ? &c->sock : NULL;
}

static void a_listener_of_both_families_takes_both(void **state)
{
	struct net_world *world = *state;
	struct sock *both = listener(world, "::", false);

	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), both);
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8::1"), both);
	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), both);
	end(world, both);
	both = listener(world, "::", true);
	assert_null(who(world, "192.0.2.7", "192.0.2.1"));
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8::1"), both);
	assert_null(who(world, "192.0.2.7", "192.0.2.1"));
	end(world, both);
	both = listener(world, "::ffff:0.0.0.0", false);
	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), both);
	assert_null(who(world, "2001:db8::7", "2001:db8::1"));
	end(world, both);
}

static void the_nearest_listener_takes_it(void **state)
{
	struct net_world *world = *state;
	struct sock *both = listener(world, "::", false), *four, *mapped, *own;

	four = listener4(world);
	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), four);
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8::1"), both);
	mapped = listener(world, "::ffff:192.0.2.1", false);
	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), mapped);
	assert_ptr_equal(who(world, "192.0.2.7", "198.51.100.1"), four);
	own = listener(world, "2001:db8::1", false);
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8::1"), own);
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8:1::1"), both);
	end(world, four);
	assert_ptr_equal(who(world, "192.0.2.7", "198.51.100.1"), both);
	end(world, both);
	end(world, mapped);
	end(world, own);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, tw_teardown)
	const struct CMUnitTest tests[] = {
		T(a_name_is_kept_in_the_family_of_the_wire),
		T(a_name_that_cannot_be_leaves_all_as_it_was),
		T(a_connection_has_the_family_of_its_peer),
		T(a_link_is_that_of_the_interface_that_is_named),
		T(an_attempt_that_cannot_be_leaves_all_as_it_was),
		T(six_only_is_said_before_there_is_a_name),
		T(a_listener_of_both_families_takes_both),
		T(the_nearest_listener_takes_it),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
