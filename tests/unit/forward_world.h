/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker of net_world.h as a router of IPv4, between if0 (Ethernet) and if1 (no link layer).
 * Its peer and its gateway are known. */
#ifndef NSK_TESTS_UNIT_FORWARD_WORLD_H
#define NSK_TESTS_UNIT_FORWARD_WORLD_H

#include "ip/forward.h"
#include "net_world.h"

#define NEAR 0x0a000009u /* 10.0.0.9, on if1 */

static inline int forward_setup(void **state)
{
	struct net_world *world = nw_new();

	world->set.ip_forward = 1;
	nw_start(world);
	nw_resolve(world, PEER, peer_mac);
	nw_resolve(world, GATEWAY, peer_mac);
	*state = world;
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, forward_setup, nw_teardown)

/* ---- packets ---- */

/* A header with its checksum, changed as a test wants it. */
struct made {
	uint32_t src, dst;
	uint16_t frag, len; /* of the payload */
	uint8_t ttl;	    /* 0: 9 */
	uint8_t proto;	    /* 0: NW_PROTO */
	const uint8_t *options;
	uint8_t options_len;
};

static inline size_t make(uint8_t *p, const struct made *made)
{
	size_t hdr = IPV4_HLEN + (size_t)made->options_len;

	ipv4_write(p, &(struct ipv4_view){.src = made->src,
					  .dst = made->dst,
					  .total_len = (uint16_t)(hdr + made->len),
					  .id = 0x1234,
					  .frag = made->frag,
					  .ttl = made->ttl ? made->ttl : 9,
					  .tos = 0x28,
					  .proto = made->proto ? made->proto : NW_PROTO});
	p[0] = (uint8_t)(0x40 | hdr / 4);
	if (made->options_len)
		memcpy(p + IPV4_HLEN, made->options, made->options_len);
	ipv4_set_checksum(p, hdr);
	for (size_t i = 0; i < made->len; i++)
		p[hdr + i] = (uint8_t)(i * 7 + i / 256);
	return hdr + made->len;
}

static inline void come(struct net_world *world, const struct made *made)
{
	uint8_t p[2048];
	size_t len = make(p, made);

	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, len);
}

/* From if1, which has no link header. */
static inline void come_by_if1(struct net_world *world, const struct made *made)
{
	uint8_t p[2048];
	size_t len = make(p, made);

	net_input(&world->w, &world->ifc[1], nw_buffer(world, p, len));
	net_tx_flush(&world->w);
}

/* Nothing was sent but an ICMP message of this type and code, to the source; its last word. */
static inline uint32_t complaint(struct net_world *world, uint32_t from, uint32_t to, uint8_t type,
				 uint8_t code)
{
	struct ipv4_view ip;
	struct icmp_view icmp;
	const uint8_t *p;

	assert_int_equal(world->nsent, 1);
	p = nw_sent_ip(world, 0, world->sent_iface[0] == 0 ? peer_mac : NULL, &ip);
	assert_int_equal(ip.src, from);
	assert_int_equal(ip.dst, to);
	assert_int_equal(ip.proto, IP_PROTO_ICMP);
	assert_int_equal(icmp_parse(p, ipv4_payload_len(&ip), 0, &icmp), 0);
	assert_int_equal(icmp.type, type);
	assert_int_equal(icmp.code, code);
	nw_forget_sent(world);
	return icmp.rest;
}

static inline void dropped(struct net_world *world, enum nsk_drop reason)
{
	assert_int_equal(world->nsent, 0);
	nw_assert_drops(world, reason, 1);
	world->w.drop[reason] = 0;
	assert_int_equal(world->w.cnt[NSK_CNT_IP_FORWARDED], 0);
}

#endif
