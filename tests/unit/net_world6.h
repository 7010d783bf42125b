/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker of net_world.h with IPv6 beside IPv4:
 *
 *   if0  2001:db8::1/64, 2001:db8::1:1/64 and fe80::ff:fe00:1/64
 *   if1  2001:db8:1::1/64, no link layer
 *   default route via 2001:db8::fe on if0
 */
#ifndef NSK_TESTS_UNIT_NET_WORLD6_H
#define NSK_TESTS_UNIT_NET_WORLD6_H

#include "net/nd.h"
#include "net_world.h"
#include "wire/icmp6.h"
#include "wire/ipv6_ext.h"
#include "wire/nd.h"

#define OURS	  "2001:db8::1"
#define OURS_TOO  "2001:db8::1:1"
#define OURS_LINK "fe80::ff:fe00:1"
#define OURS_IF1  "2001:db8:1::1"
#define OUR_GROUP "ff02::1:ff00:1"
#define ALL_NODES "ff02::1"
#define PEER6	  "2001:db8::7"
#define PEER_LINK "fe80::7"
#define PEER_IF1  "2001:db8:1::7"
#define FAR6	  "2001:db8:ffff::9"

static inline struct ip_addr nw6_addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(&a, text), 0);
	assert_int_equal(a.family, AF_INET6);
	return a;
}

static inline void nw6_add(struct net_world *world, unsigned iface, const char *text)
{
	const struct ip_prefix p = nw_prefix(text);

	assert_int_equal(iface_add_addr(&world->ifc[iface], &p), 0);
}

static inline int nw6_setup(void **state)
{
	struct net_world *world = nw_new();
	struct route r = {.dst = nw_prefix("::/0"), .gateway = nw6_addr("2001:db8::fe")};

	nw6_add(world, 0, OURS "/64");
	nw6_add(world, 0, OURS_TOO "/64");
	nw6_add(world, 1, OURS_IF1 "/64");
	iface_add_link_local(&world->ifc[0]);
	iface_add_link_local(&world->ifc[1]);
	nw_add_route(world, "2001:db8::/64", 0, 0);
	nw_add_route(world, "2001:db8:1::/64", 0, 1);
	assert_int_equal(route_add(world->routes, &r), 0);
	world->protos[IP_PROTO_ICMPV6] = &icmp6_proto;
	nw_start(world);
	*state = world;
	return 0;
}

/* The link address that a packet to an address comes to. */
static inline void nw6_mac_to(const struct ip_addr *dst, uint8_t mac[6])
{
	const uint8_t group[6] = {0x33, 0x33, dst->b[12], dst->b[13], dst->b[14], dst->b[15]};

	memcpy(mac, dst->b[0] == 0xff ? group : if0_mac, 6);
}

/* Writes a packet; returns its length. */
static inline size_t nw6_write(uint8_t *p, const char *src, const char *dst, uint8_t next,
			       uint8_t hops, const void *payload, size_t len)
{
	const struct ip_addr s = nw6_addr(src), d = nw6_addr(dst);

	memmove(p + IPV6_HLEN, payload, len);
	ipv6_write(p, &(struct ipv6_view){.src = s.b,
					  .dst = d.b,
					  .payload_len = (uint16_t)len,
					  .traffic_class = 0x20,
					  .next_header = next,
					  .hop_limit = hops});
	return IPV6_HLEN + len;
}

static inline void nw6_packet(struct net_world *world, const char *src, const char *dst,
			      uint8_t next, uint8_t hops, const void *payload, size_t len)
{
	const struct ip_addr d = nw6_addr(dst);
	uint8_t p[2048], mac[6];

	nw6_mac_to(&d, mac);
	len = nw6_write(p, src, dst, next, hops, payload, len);
	nw_frame(world, mac, peer_mac, ETH_TYPE_IPV6, p, len);
}

static inline void nw6_set_checksum(uint8_t *msg, size_t len, const char *src, const char *dst)
{
	const struct ip_addr s = nw6_addr(src), d = nw6_addr(dst);

	store_be16(msg + 2, 0);
	icmp_store_checksum(msg,
			    wire_checksum(msg, len,
					  csum_pseudo6(s.b, d.b, IP_PROTO_ICMPV6, (uint32_t)len)));
}

/* An ICMPv6 message, its checksum yet to be made. */
static inline void nw6_message(struct net_world *world, const char *src, const char *dst,
			       uint8_t hops, uint8_t *msg, size_t len)
{
	nw6_set_checksum(msg, len, src, dst);
	nw6_packet(world, src, dst, IP_PROTO_ICMPV6, hops, msg, len);
}

static inline void nw6_icmp(struct net_world *world, const char *src, const char *dst, uint8_t type,
			    uint8_t code, uint32_t rest, const void *body, size_t len)
{
	uint8_t msg[2048];

	icmp_write(msg, &(struct icmp_view){.type = type, .code = code, .rest = rest});
	memcpy(msg + ICMP_HLEN, body, len);
	nw6_message(world, src, dst, 64, msg, ICMP_HLEN + len);
}

static inline void nw6_neigh(struct net_world *world, uint8_t type, const char *src,
			     const char *dst, const char *target, uint8_t flags, const uint8_t *mac)
{
	struct nd_view v = {.type = type, .flags = flags, .has_mac = mac};
	const struct ip_addr t = nw6_addr(target);
	uint8_t msg[ND_NEIGH_MAX];

	memcpy(v.target, t.b, 16);
	if (mac)
		memcpy(v.mac, mac, 6);
	nw6_message(world, src, dst, 255, msg, nd_neigh_write(msg, &v));
}

static inline void nw6_solicit(struct net_world *world, const char *src, const char *dst,
			       const char *target, const uint8_t *mac)
{
	nw6_neigh(world, ICMP6_NEIGH_SOLICIT, src, dst, target, 0, mac);
}

static inline void nw6_advertise(struct net_world *world, const char *src, const char *dst,
				 const char *target, uint8_t flags, const uint8_t *mac)
{
	nw6_neigh(world, ICMP6_NEIGH_ADVERT, src, dst, target, flags, mac);
}

/* Frame i is an IPv6 packet to this MAC (NULL: without a link header). Returns its payload. */
static inline const uint8_t *nw6_sent(const struct net_world *world, unsigned i, const uint8_t *mac,
				      struct ipv6_view *v)
{
	size_t len;
	const uint8_t *f = nw_sent(world, i, &len);

	if (mac) {
		assert_memory_equal(f, mac, 6);
		assert_memory_equal(f + 6, if0_mac, 6);
		assert_int_equal(load_be16(f + 12), ETH_TYPE_IPV6);
		f += ETH_HLEN;
		len -= ETH_HLEN;
	}
	*v = (struct ipv6_view){.payload_len = 0};
	assert_int_equal(ipv6_parse(f, len, len, v), 0);
	assert_int_equal(IPV6_HLEN + v->payload_len, len);
	return f + IPV6_HLEN;
}

/* The same of an ICMPv6 message with a right checksum, between these addresses. */
static inline const uint8_t *nw6_sent_icmp(const struct net_world *world, unsigned i,
					   const uint8_t *mac, const char *src, const char *dst,
					   struct ipv6_view *v)
{
	const uint8_t *p = nw6_sent(world, i, mac, v);
	const struct ip_addr s = nw6_addr(src), d = nw6_addr(dst);

	assert_memory_equal(v->src, s.b, 16);
	assert_memory_equal(v->dst, d.b, 16);
	assert_int_equal(v->next_header, IP_PROTO_ICMPV6);
	assert_int_equal(wire_checksum(p, v->payload_len,
				       csum_pseudo6(s.b, d.b, IP_PROTO_ICMPV6, v->payload_len)),
			 0);
	return p;
}

/* The same of a message about a neighbour, with our link address. */
static inline struct nd_view nw6_sent_neigh(const struct net_world *world, unsigned i,
					    const uint8_t *mac, uint8_t type, const char *src,
					    const char *dst, const char *target)
{
	struct ipv6_view ip;
	const uint8_t *p = nw6_sent_icmp(world, i, mac, src, dst, &ip);
	const struct ip_addr t = nw6_addr(target);
	struct nd_view v;

	assert_int_equal(ip.hop_limit, 255);
	assert_int_equal(p[0], type);
	assert_int_equal(nd_neigh_parse(p, ip.payload_len, ip.src, ip.dst, ip.hop_limit, &v), 0);
	assert_memory_equal(v.target, t.b, 16);
	assert_true(v.has_mac);
	assert_memory_equal(v.mac, if0_mac, 6);
	return v;
}

/* Something is sent to an address; returns what net_route() says. */
static inline int nw6_send(struct net_world *world, const char *dst, struct route_cache *rc)
{
	struct ip_addr d = nw6_addr(dst), s = {.family = 0};
	int err = net_route(&world->w, rc, &d, &s);

	if (!err)
		net_output(&world->w, rc, nw_buffer(world, "x", 1));
	net_tx_flush(&world->w);
	return err;
}

/* The peer's link address becomes known, by an answer to our question. */
static inline struct neigh *nw6_resolve(struct net_world *world)
{
	struct route_cache rc;

	assert_int_equal(nw6_send(world, PEER6, &rc), 0);
	nw6_advertise(world, PEER6, OURS, PEER6, ND_F_SOLICITED, peer_mac);
	assert_int_equal(rc.neigh->state, NEIGH_REACHABLE);
	nw_forget_sent(world);
	return rc.neigh;
}

static inline int nw6_setup_peer(void **state)
{
	nw6_setup(state);
	nw6_resolve(*state);
	return 0;
}

#define NW6_TEST(name)	    cmocka_unit_test_setup_teardown(name, nw6_setup, nw_teardown)
#define NW6_TEST_PEER(name) cmocka_unit_test_setup_teardown(name, nw6_setup_peer, nw_teardown)

#endif
