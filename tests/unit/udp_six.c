/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagram sockets of AF_INET6: who hears what, names and peers of both families, options. */
#include "six_world.h"
#include "udp_world.h"

static int setup(void **state)
{
	struct net_world *world = nw_new();

	six_ifaces(world);
	nw_start(world);
	nw_resolve(world, PEER, peer_mac);
	*state = world;
	return 0;
}

static struct sock *socket6(struct net_world *world, bool only)
{
	struct sock *s;

	assert_int_equal(udp_create(&world->w, AF_INET6, &s), 0);
	assert_int_equal(sock_set_six_only(s, false, only), 0);
	return s;
}

static struct sock *bound6(struct net_world *world, const char *address, bool only, uint8_t flags)
{
	struct sock *s = socket6(world, only);

	s->flags |= flags;
	assert_int_equal(six_bind(s, address, 0, 7), 0);
	return s;
}

static struct sock *who(struct net_world *world, const char *src, const char *dst)
{
	struct pkt p = six_pkt(src, 9, dst, 7);
	struct udp_sock *u = udp_lookup(&world->w, &p);

	return u ? &u->d.sock : NULL;
}

static void a_socket_of_both_families_hears_both(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound6(world, "::", false, 0);

	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), s);
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8::1"), s);
	s->ops->close(s);
	s = bound6(world, "::", true, 0);
	assert_null(who(world, "192.0.2.7", "192.0.2.1"));
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8::1"), s);
	s->ops->close(s);
	s = bound6(world, "::ffff:0.0.0.0", false, 0);
	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), s);
	assert_null(who(world, "2001:db8::7", "2001:db8::1"));
	s->ops->close(s);
	s = bound6(world, "2001:db8::1", false, 0);
	assert_null(who(world, "192.0.2.7", "192.0.2.1"));
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8::1"), s);
	assert_null(who(world, "2001:db8::7", "2001:db8:1::1"));
}

/* c000:0201:: is zero but for the bytes of 192.0.2.1. */
static void the_same_bytes_are_not_the_same_address(void **state)
{
	struct net_world *world = *state;

	bound(world, IF0_ADDR, 7);
	assert_non_null(who(world, "192.0.2.7", "192.0.2.1"));
	assert_null(who(world, "c000:0207::", "c000:0201::"));
	assert_int_equal(do_connect(bound(world, IF0_ADDR, 8), PEER, 9), 0);
	assert_null(who(world, "c000:0207::", "c000:0201::"));
}

static void its_own_family_goes_first(void **state)
{
	struct net_world *world = *state;
	struct sock *four = open_socket(world), *both;

	four->flags |= SOCK_F_REUSEADDR;
	assert_int_equal(do_bind(four, 0, 7), 0);
	both = bound6(world, "::", false, SOCK_F_REUSEADDR); /* later */
	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), four);
	assert_ptr_equal(who(world, "2001:db8::7", "2001:db8::1"), both);
	four->ops->close(four);
	assert_ptr_equal(who(world, "192.0.2.7", "192.0.2.1"), both);
}

static void the_families_are_in_each_others_way_where_they_meet(void **state)
{
	struct net_world *world = *state;
	struct sock *four = bound(world, 0, 7), *s = socket6(world, false);

	assert_int_equal(six_bind(s, "::", 0, 7), -EADDRINUSE);
	assert_int_equal(six_bind(s, "::ffff:192.0.2.1", 0, 7), -EADDRINUSE);
	assert_int_equal(six_bind(s, "2001:db8::1", 0, 7), 0);
	s = socket6(world, true);
	s->flags |= SOCK_F_REUSEADDR;
	assert_int_equal(six_bind(s, "::", 0, 7), -EADDRINUSE); /* the one before does not share */
	s->ops->close(s);
	four->ops->close(four);
	s = socket6(world, false);
	assert_int_equal(six_bind(s, "::ffff:0.0.0.0", 0, 7), 0);
}

static void a_peer_of_either_family(void **state)
{
	struct net_world *world = *state;
	struct sock *s = socket6(world, false);
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	assert_int_equal(six_connect(s, "::ffff:192.0.2.7", 0, 9), 0);
	assert_memory_equal(six_name(s, SOCK_NAME_OWN), "::ffff:192.0.2.1 ", 17);
	assert_string_equal(six_name(s, SOCK_NAME_PEER), "::ffff:192.0.2.7 9");
	assert_int_equal(six_connect(s, "2001:db8:1::7", 0, 9), -EAFNOSUPPORT);
	assert_int_equal(s->ops->connect(s, &nobody, sizeof(nobody)), 0);
	assert_string_equal(six_name(s, SOCK_NAME_OWN), ":: 0");
	assert_int_equal(six_connect(s, "2001:db8:1::7", 0, 9), 0);
	assert_memory_equal(six_name(s, SOCK_NAME_OWN), "2001:db8:1::1 ", 14);
	assert_string_equal(six_name(s, SOCK_NAME_PEER), "2001:db8:1::7 9");
	assert_int_equal(s->ops->connect(s, &nobody, sizeof(nobody)), 0);
	assert_int_equal(six_connect(s, "fe80::7", 0, 9), -EINVAL);
	assert_int_equal(six_connect(s, "fe80::7", 3, 9), -ENODEV);
	assert_int_equal(six_connect(s, "fe80::7", 2, 9), 0);
	assert_memory_equal(six_name(s, SOCK_NAME_OWN), "fe80::2%2 ", 10);
	assert_string_equal(six_name(s, SOCK_NAME_PEER), "fe80::7%2 9");
}

/* From a socket of both families, IPv4 on the wire; by IPv4's own address as well. */
static void what_goes_to_an_ipv4_address_is_ipv4(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound6(world, "::", false, 0);
	struct sockaddr_in6 to = name6("::ffff:192.0.2.7", 0, 9);
	struct iovec iov = {(char[]){"x"}, 1};
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1};
	struct ipv4_view ip;

	assert_int_equal(s->ops->sendmsg(s, &msg, 0), 1);
	assert_int_equal(do_send(s, "y", 1, PEER, 9), 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(load_be16(nw_sent_ip(world, i, peer_mac, &ip)), 7);
		assert_int_equal(ip.src, IF0_ADDR);
		assert_int_equal(ip.dst, PEER);
	}
}

static void what_comes_is_shown_in_mapped_form(void **state)
{
	struct net_world *world = *state;
	struct sock *s = bound6(world, "::", false, 0);
	struct sockaddr_in6 from, expected = name6("::ffff:192.0.2.7", 0, 9);
	char buf[8];
	struct iovec iov = {buf, sizeof(buf)};
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};

	arrive(world, PEER, 9, IF0_ADDR, 7, "hello", 5);
	assert_int_equal(s->ops->recvmsg(s, &msg, 0), 5);
	assert_int_equal(msg.msg_namelen, sizeof(from));
	assert_memory_equal(&from, &expected, sizeof(from));
}

static int option(struct sock *s, int name, int value)
{
	socklen_t len = sizeof(value);

	if (sock_option_set(s, IPPROTO_IPV6, name, &value, sizeof(value)))
		return -1;
	assert_int_equal(sock_option_get(s, IPPROTO_IPV6, name, &value, &len), 0);
	assert_int_equal(len, sizeof(value));
	return value;
}

static void options_of_ipv6_are_those_of_its_sockets(void **state)
{
	struct net_world *world = *state;
	struct sock *s = socket6(world, false), *four = open_socket(world);

	assert_int_equal(option(s, IPV6_V6ONLY, 1), 1);
	assert_int_equal(option(s, IPV6_V6ONLY, 0), 0);
	assert_int_equal(option(s, IPV6_UNICAST_HOPS, 9), 9);
	assert_int_equal(option(s, IPV6_UNICAST_HOPS, -1), 64);
	assert_int_equal(option(s, IPV6_UNICAST_HOPS, 256), -1);
	assert_int_equal(option(s, IPV6_TCLASS, 0x2b), 0x2b);
	assert_int_equal(option(s, IPV6_TCLASS, -1), 0);
	assert_int_equal(option(s, IPV6_TCLASS, -2), -1);
	assert_int_equal(option(s, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO), IPV6_PMTUDISC_DO);
	assert_int_equal(option(s, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT + 1), -1);
	assert_int_equal(option(s, IPV6_DONTFRAG, 1), 1);
	for (int name = 0; name < 100; name++) {
		int value = 0;

		assert_int_equal(sock_option_set(four, IPPROTO_IPV6, name, &value, 4),
				 -ENOPROTOOPT);
	}
	assert_int_equal(six_bind(s, "::", 0, 7), 0);
	assert_int_equal(option(s, IPV6_V6ONLY, 1), -1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, nw_teardown)
	const struct CMUnitTest tests[] = {
		T(a_socket_of_both_families_hears_both),
		T(the_same_bytes_are_not_the_same_address),
		T(its_own_family_goes_first),
		T(the_families_are_in_each_others_way_where_they_meet),
		T(a_peer_of_either_family),
		T(what_goes_to_an_ipv4_address_is_ipv4),
		T(what_comes_is_shown_in_mapped_form),
		T(options_of_ipv6_are_those_of_its_sockets),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
