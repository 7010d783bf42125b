/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets and datagrams for the tests of lib/udp, in the world of net_world.h. The peer is
 * resolved. */
#ifndef NSK_TESTS_UNIT_UDP_WORLD_H
#define NSK_TESTS_UNIT_UDP_WORLD_H

#include "dgram_world.h"

#include <sys/ioctl.h>

static inline struct sock *open_socket(struct net_world *world)
{
	return open_dgram(world, udp_create);
}

static inline struct sock *bound(struct net_world *world, uint32_t addr, uint16_t port)
{
	struct sock *s = open_socket(world);

	assert_int_equal(do_bind(s, addr, port), 0);
	return s;
}

/* A datagram with a good checksum. Returns its length. */
static inline size_t datagram(uint8_t *p, uint32_t src, uint16_t sport, uint32_t dst,
			      uint16_t dport, const void *data, size_t len)
{
	uint8_t s[4], d[4];

	store_be32(s, src);
	store_be32(d, dst);
	udp_write(p, sport, dport, (uint16_t)(UDP_HLEN + len));
	memcpy(p + UDP_HLEN, data, len);
	udp_set_checksum(p, UDP_HLEN + len,
			 csum_pseudo4(s, d, IP_PROTO_UDP, (uint16_t)(UDP_HLEN + len)));
	return UDP_HLEN + len;
}

static inline void arrive(struct net_world *world, uint32_t src, uint16_t sport, uint32_t dst,
			  uint16_t dport, const void *data, size_t len)
{
	uint8_t p[1600];

	len = datagram(p, src, sport, dst, dport, data, len);
	nw_packet(world, src, dst, IP_PROTO_UDP, p, len);
}

#endif
