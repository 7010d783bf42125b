/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker of net_world.h, and packets to stations that it may know or not. */
#ifndef NSK_TESTS_UNIT_NET_NEIGHS_H
#define NSK_TESTS_UNIT_NET_NEIGHS_H

#include "net_world.h"

/* A way to an address, as a connection keeps it. */
static inline struct route_cache way(struct net_world *world, uint32_t to)
{
	struct ip_addr dst = ip_addr_from_host32(to), src = {.family = 0};
	struct route_cache rc;

	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
	return rc;
}

/* Sends a packet of one byte. */
static inline void put(struct net_world *world, const struct route_cache *rc, char byte)
{
	net_output(&world->w, rc, nw_buffer(world, &byte, 1));
	net_tx_flush(&world->w);
}

/* Frame i is the packet of put() to this MAC. */
static inline void assert_put(const struct net_world *world, unsigned i, const uint8_t *mac,
			      char byte)
{
	size_t len;
	const uint8_t *f = nw_sent(world, i, &len);

	assert_int_equal(len, ETH_HLEN + 1);
	assert_memory_equal(f, mac, 6);
	assert_memory_equal(f + 6, if0_mac, 6);
	assert_int_equal(load_be16(f + 12), ETH_TYPE_IPV4);
	assert_int_equal(f[ETH_HLEN], byte);
}

static inline uint8_t state_of(struct net_world *world, uint32_t addr)
{
	struct ip_addr a = ip_addr_from_host32(addr);
	struct neigh *n = neigh_find(&world->w, 0, &a);

	return n ? n->state : NEIGH_FREE;
}

#endif
