/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 in the world of net_world.h, for the tests of sockets:
 *
 *   if0  2001:db8::1/64, fe80::1/64
 *   if1  2001:db8:1::1/64, fe80::2/64, no link layer
 */
#ifndef NSK_TESTS_UNIT_SIX_WORLD_H
#define NSK_TESTS_UNIT_SIX_WORLD_H

#include "net_world.h"

#include <errno.h>

/* Before nw_start(). */
static inline void six_ifaces(struct net_world *world)
{
	static const char *const addrs[2][2] = {{"2001:db8::1/64", "fe80::1/64"},
						{"2001:db8:1::1/64", "fe80::2/64"}};

	static const char *const nets[] = {"2001:db8::/64", "2001:db8:1::/64"};

	for (uint8_t i = 0; i < 2; i++) {
		for (int k = 0; k < 2; k++) {
			struct ip_prefix p = nw_prefix(addrs[i][k]);

			assert_int_equal(iface_add_addr(&world->ifc[i], &p), 0);
		}
		nw_add_route(world, nets[i], 0, i);
	}
}

static inline struct sockaddr_in6 name6(const char *text, uint32_t scope, uint16_t port)
{
	struct sockaddr_in6 sin6 = {0};
	socklen_t len = sizeof(sin6);
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(&a, text), 0);
	ip_addr_to_sockaddr(&a, port, scope, (struct sockaddr *)&sin6, &len);
	assert_int_equal(len, sizeof(sin6));
	return sin6;
}

static inline int six_bind(struct sock *s, const char *text, uint32_t scope, uint16_t port)
{
	struct sockaddr_in6 sa = name6(text, scope, port);

	return s->ops->bind(s, (struct sockaddr *)&sa, sizeof(sa));
}

static inline int six_connect(struct sock *s, const char *text, uint32_t scope, uint16_t port)
{
	struct sockaddr_in6 sa = name6(text, scope, port);

	return s->ops->connect(s, (struct sockaddr *)&sa, sizeof(sa));
}

/* What the application is told, as "address port" or "address%scope port"; "-": there is none. */
static inline const char *six_name(struct sock *s, enum sock_name which)
{
	static char text[IP_ADDR_STRLEN + 24];
	struct sockaddr_in6 sin6;
	socklen_t len = sizeof(sin6);
	char addr[IP_ADDR_STRLEN];
	struct ip_addr a;

	if (s->ops->getname(s, which, (struct sockaddr *)&sin6, &len))
		return "-";
	assert_int_equal(len, sizeof(sin6));
	assert_int_equal(sin6.sin6_family, AF_INET6);
	a = ip_addr_v6(&sin6.sin6_addr);
	ip_addr_format(&a, addr, sizeof(addr));
	if (sin6.sin6_scope_id)
		snprintf(text, sizeof(text), "%s%%%u %u", addr, sin6.sin6_scope_id,
			 WIRE_BE16(sin6.sin6_port));
	else
		snprintf(text, sizeof(text), "%s %u", addr, WIRE_BE16(sin6.sin6_port));
	return text;
}

/* A packet's descriptor, as far as look-ups read it. */
static inline struct pkt six_pkt(const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct ip_addr s, d;
	struct pkt p = {.flow = {.sport_be = WIRE_BE16(sport), .dport_be = WIRE_BE16(dport)}};

	assert_int_equal(ip_addr_parse(&s, src), 0);
	assert_int_equal(ip_addr_parse(&d, dst), 0);
	assert_int_equal(s.family, d.family);
	p.family = s.family;
	memcpy(p.flow.src, s.b, 16);
	memcpy(p.flow.dst, d.b, 16);
	return p;
}

#endif
