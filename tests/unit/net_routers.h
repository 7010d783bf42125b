/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker of net_world6.h on a link with routers: if0 learns from them, and has nothing of IPv6
 * but its link-local address. */
#ifndef NSK_TESTS_UNIT_NET_ROUTERS_H
#define NSK_TESTS_UNIT_NET_ROUTERS_H

#include "net/autoconf.h"
#include "net_world6.h"
#include "wire/ra.h"

#define R1	 "fe80::a"
#define R2	 "fe80::b"
#define R3	 "fe80::c"
#define PREFIX	 "2001:db8:a::"
#define PREFIX_B "2001:db8:b::"
#define HOUR_S	 3600u
#define S	 1000u

/* ---- a link with routers --------------------------------------------------------------------- */

static inline struct net_world *plain_world(void)
{
	struct net_world *world = nw_new();

	world->ifc[0].automatic = true;
	world->ifc[0].mtu = 1500;
	iface_add_link_local(&world->ifc[0]);
	world->with_peers.secret = world->with_peers.cluster = (struct siphash_key){1, 2};
	world->protos[IP_PROTO_ICMPV6] = &icmp6_proto;
	return world;
}

static inline int quiet_setup(void **state)
{
	struct net_world *world = plain_world();

	nw_start(world);
	*state = world;
	return 0;
}

/* Its link is up, nothing is to be sent of IPv4. */
static inline int setup(void **state)
{
	struct net_world *world;

	quiet_setup(state);
	world = *state;
	net_announce(&world->w, &world->ifc[0]);
	nw_pass(world, 3000);
	nw_forget_sent(world);
	return 0;
}

static uint8_t msg[2048];
static size_t len;

static inline void begin_ra(uint16_t lifetime_s, uint8_t flags)
{
	memset(msg, 0, sizeof(msg));
	msg[0] = ICMP6_ROUTER_ADVERT;
	msg[4] = 64;
	msg[5] = flags;
	store_be16(msg + 6, lifetime_s);
	len = RA_LEN;
}

static inline uint8_t *option(uint8_t type, uint8_t units)
{
	uint8_t *o = msg + len;

	o[0] = type;
	o[1] = units;
	len += 8u * units;
	return o;
}

static inline void put_prefix(const char *prefix, uint8_t bits, uint8_t flags, uint32_t valid_s,
			      uint32_t preferred_s)
{
	uint8_t *o = option(ND_OPT_PREFIX, 4);

	o[2] = bits;
	o[3] = flags;
	store_be32(o + 4, valid_s);
	store_be32(o + 8, preferred_s);
	memcpy(o + 16, nw6_addr(prefix).b, 16);
}

static inline void put_mtu(uint32_t mtu)
{
	store_be32(option(ND_OPT_MTU, 1) + 4, mtu);
}

static inline void hear(struct net_world *world, const char *router)
{
	nw6_message(world, router, ALL_NODES, 255, msg, len);
	net_look_at_addresses(&world->w);
	net_announce_new(&world->w, &world->ifc[0]);
	net_tx_flush(&world->w);
}

static inline void hear_router(struct net_world *world, const char *router, uint16_t lifetime_s,
			       uint8_t flags)
{
	begin_ra(lifetime_s, flags);
	hear(world, router);
}

static inline void hear_prefix(struct net_world *world, uint8_t flags, uint32_t valid_s,
			       uint32_t preferred_s)
{
	begin_ra(1800, 0);
	put_prefix(PREFIX, 64, flags, valid_s, preferred_s);
	hear(world, R1);
}

/* Where an address is reached; family 0: by no route. */
static inline struct ip_addr next_hop(struct net_world *world, const char *dst)
{
	const struct ip_addr d = nw6_addr(dst);
	struct route rows[16];
	uint64_t cursor = 0;
	struct ip_addr best = {.family = 0};
	int length = -1;

	while (cursor != UINT64_MAX) {
		unsigned n = route_list(world->routes, &cursor, rows, 16);

		for (unsigned i = 0; i < n; i++) {
			if (!ip_prefix_match(&rows[i].dst, &d) || (int)rows[i].dst.len <= length)
				continue;
			length = (int)rows[i].dst.len;
			best = rows[i].gateway.family ? rows[i].gateway : d;
		}
	}
	return best;
}

static inline void assert_by(struct net_world *world, const char *dst, const char *gateway)
{
	const struct ip_addr by = next_hop(world, dst);

	if (gateway)
		assert_memory_equal(by.b, nw6_addr(gateway).b, 16);
	else
		assert_int_equal(by.family, 0);
}

/* The entry of the n-th address of a prefix, NULL: there are no more. */
static inline const struct iface_addr *auto_addr(const struct net_world *world, const char *prefix,
						 unsigned n)
{
	struct ip_prefix p = {.addr = nw6_addr(prefix), .len = 64};

	for (unsigned i = 0; i < iface_naddrs(&world->ifc[0]); i++) {
		const struct iface_addr *a = &world->ifc[0].addrs[i];

		if (iface_addr_there(a) && ip_prefix_match(&p, &a->addr) && n-- == 0)
			return a;
	}
	return NULL;
}

/* Seconds for which an address is valid yet. */
static inline uint64_t valid_s(const struct net_world *world)
{
	return (auto_addr(world, PREFIX, 0)->valid_ns - world->w.now_ns) / 1000000000;
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, nw_teardown)
#define QUIET(name) cmocka_unit_test_setup_teardown(name, quiet_setup, nw_teardown)

#endif
