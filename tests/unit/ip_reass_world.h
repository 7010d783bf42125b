/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams that come in fragments to the worker of net_world.h. */
#ifndef NSK_TESTS_UNIT_IP_REASS_WORLD_H
#define NSK_TESTS_UNIT_IP_REASS_WORLD_H

#include "net_world.h"

#define MF    IPV4_FRAG_MF
#define WHOLE 2000 /* bytes of most tests' datagram */

static uint8_t data[65536 + 2048]; /* what all datagrams are the beginning of */

/* What of a datagram one fragment is. */
struct part {
	uint32_t src, dst;
	uint16_t id;
	uint8_t proto, tos;
	uint32_t off, len;
	bool more;
};

static const struct part usual = {.src = PEER, .dst = IF0_ADDR, .id = 7, .proto = NW_PROTO};

/* The packet of a fragment of data; returns its length. */
static inline size_t fragment(uint8_t *p, const struct part *f)
{
	size_t len = nw_ipv4(p, f->src, f->dst, f->proto, data + f->off, f->len);

	p[1] = f->tos;
	store_be16(p + 4, f->id);
	store_be16(p + 6, (uint16_t)(f->off / 8 | (f->more ? MF : 0)));
	store_be16(p + 10, 0);
	ipv4_set_checksum(p, IPV4_HLEN);
	return len;
}

static inline void part_in(struct net_world *world, const struct part *f)
{
	uint8_t p[2048];

	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, fragment(p, f));
}

/* [off, off + len) of datagram id of the usual kind. */
static inline void in(struct net_world *world, uint16_t id, uint32_t off, uint32_t len, bool more)
{
	struct part f = usual;

	f.id = id;
	f.off = off;
	f.len = len;
	f.more = more;
	part_in(world, &f);
}

/* What was delivered last is the first len bytes of data, as one good packet. */
static inline void assert_whole(struct net_world *world, uint32_t len)
{
	struct rte_mbuf *m = world->delivered;
	struct pkt *p = pkt_of(m);
	static uint8_t got[65536];
	struct ipv4_view ip = {0};

	assert_non_null(m);
	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, IPV4_HLEN + len);
	assert_int_equal(p->l4_len, len);
	assert_int_equal(p->proto, NW_PROTO);
	assert_true(m->data_len >= NSK_MIN(m->pkt_len, 120u));
	assert_int_equal(
		ipv4_parse(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, m->pkt_len, 0, &ip), 0);
	assert_int_equal(ip.total_len, m->pkt_len);
	assert_false(ipv4_is_fragment(&ip));
	assert_int_equal(ip.tos, p->tos);
	assert_memory_equal(rte_pktmbuf_read(m, IPV4_HLEN, len, got), data, len);
}

/* Nothing is kept, and nothing charged. */
static inline void assert_empty(const struct net_world *world)
{
	struct nsk_levels levels = {0};

	reass_levels(&world->w, &levels);
	assert_int_equal(levels.ip_reasm_bytes, 0);
}

static inline uint64_t kept_bytes(const struct net_world *world)
{
	struct nsk_levels levels = {0};

	reass_levels(&world->w, &levels);
	return levels.ip_reasm_bytes;
}

static inline int setup(void **state)
{
	struct rng rng;

	rng_seed(&rng, 5);
	rng_fill(&rng, data, sizeof(data));
	return nw_setup_peer(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, nw_teardown)

#endif
