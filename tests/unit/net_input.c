/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/net/input.c and all behind it: whatever a frame holds, it has exactly one outcome. Sound
 * frames of every kind are spoilt at random, their checksums mended or not, cut, padded, and
 * scattered over buffers.
 */
#include "udp_world.h"

#define KINDS 7

/* A sound frame of a kind. Returns its length. */
static size_t make(uint8_t *f, unsigned kind)
{
	struct arp_view arp = {
		.op = kind == 0 ? ARP_OP_REQUEST : ARP_OP_REPLY, .spa = PEER, .tpa = IF0_ADDR};
	uint8_t l4[256] = {0}, quoted[8];
	size_t len = 0;

	eth_write(f, kind == 0 ? all_mac : if0_mac, peer_mac,
		  kind < 2 ? ETH_TYPE_ARP : ETH_TYPE_IPV4);
	memcpy(arp.sha, peer_mac, 6);
	switch (kind) {
	case 0:
	case 1:
		arp_write(f + ETH_HLEN, &arp);
		return ETH_HLEN + ARP_LEN;
	case 2:
		return ETH_HLEN + nw_ipv4(f + ETH_HLEN, PEER, IF0_ADDR, NW_PROTO, l4, 100);
	case 3:
	case 4:
		len = datagram(l4, PEER, 9, IF0_ADDR, kind == 3 ? 7 : 8, "hello", 5);
		return ETH_HLEN + nw_ipv4(f + ETH_HLEN, PEER, IF0_ADDR, IP_PROTO_UDP, l4, len);
	case 5:
		icmp_write(l4, &(struct icmp_view){.type = ICMP_ECHO});
		icmp_set_checksum(l4, 64);
		return ETH_HLEN + nw_ipv4(f + ETH_HLEN, PEER, IF0_ADDR, IP_PROTO_ICMP, l4, 64);
	default:
		icmp_write(l4, &(struct icmp_view){.type = 3, .code = 4, .rest = 1000});
		udp_write(quoted, 7, 9, 1400);
		nw_ipv4(l4 + 8, IF0_ADDR, PEER, IP_PROTO_UDP, quoted, 8);
		store_be16(l4 + 8 + 2, 1420);
		icmp_set_checksum(l4, 36);
		return ETH_HLEN + nw_ipv4(f + ETH_HLEN, PEER, IF0_ADDR, IP_PROTO_ICMP, l4, 36);
	}
}

/* Makes the checksums right again as far as the lengths allow, so that what lies behind them is
 * reached. */
static void mend(uint8_t *f, size_t len)
{
	uint8_t *ip = f + ETH_HLEN;
	size_t hdr = (size_t)(ip[0] & 15) * 4;

	if (len < ETH_HLEN + IPV4_HLEN || hdr < IPV4_HLEN || ETH_HLEN + hdr + 8 > len)
		return;
	store_be16(ip + 10, 0);
	ipv4_set_checksum(ip, hdr);
	if (ip[9] == IP_PROTO_UDP)
		store_be16(ip + hdr + 6, 0);
	if (ip[9] == IP_PROTO_ICMP && load_be16(ip + 2) <= len - ETH_HLEN &&
	    load_be16(ip + 2) > hdr) {
		store_be16(ip + hdr + 2, 0);
		icmp_set_checksum(ip + hdr, load_be16(ip + 2) - hdr);
	}
}

static struct rte_mbuf *scatter(struct net_world *world, const uint8_t *f, size_t len)
{
	struct rng *rng = &world->w.rng;
	size_t n = rng_chance(rng, 800000)
			   ? len
			   : rng_range(rng, NSK_MIN(len, (size_t)14), (uint32_t)len);
	struct rte_mbuf *m = nw_buffer(world, f, n);

	while (n < len) {
		size_t more = rng_range(rng, 0, (uint32_t)(len - n));

		assert_int_equal(rte_pktmbuf_chain(m, nw_buffer(world, f + n, more)), 0);
		n += more;
	}
	return m;
}

/* Reasons counted, without those for answers of ours: not sent, or pressed out of a neighbour's
 * queue. */
static uint64_t drops(const struct net_world *world)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < NSK_DROP_MAX; i++)
		if (i != NSK_DROP_ICMP_RATE_LIMITED && i != NSK_DROP_ARP_QUEUE_FULL)
			n += world->w.drop[i];
	return n;
}

/* What may become of a frame that is not dropped. */
static uint64_t uses(const struct net_world *world)
{
	const uint64_t *cnt = world->w.cnt;

	return world->ndelivered + cnt[NSK_CNT_UDP_IN] + cnt[NSK_CNT_ICMP_ECHO_REPLIES] +
	       cnt[NSK_CNT_ICMP_ERRORS_RECEIVED] + cnt[NSK_CNT_ARP_REPLIES_SENT];
}

static void test_every_frame_has_exactly_one_outcome(void **state)
{
	struct net_world *world = *state;
	struct rng *rng = &world->w.rng;
	struct sock *s = bound(world, 0, 7);
	struct rte_mbuf *bufs[4];
	uint64_t used = 0, dropped = 0;
	uint8_t f[400];

	world->set.ip_frag_mem = 0; /* else what becomes of a fragment is known later */
	assert_int_equal(do_connect(s, PEER, 9), 0);
	for (unsigned round = 0; round < 60000; round++) {
		size_t len = make(f, rng_below(rng, KINDS));
		uint64_t d = drops(world), u = uses(world), outcomes;
		unsigned spoil = rng_below(rng, 4);

		for (unsigned i = 0; i < spoil; i++)
			f[rng_below(rng, (uint32_t)len)] = (uint8_t)rng_u32(rng);
		if (rng_chance(rng, 100000))
			len = rng_below(rng, (uint32_t)len + 1);
		if (rng_chance(rng, 700000))
			mend(f, len);
		memset(f + len, 0xee, 46);
		len += rng_chance(rng, 300000) ? rng_below(rng, 46) : 0;
		net_input(&world->w, &world->ifc[0], scatter(world, f, len));
		outcomes = drops(world) - d + uses(world) - u;
		/* An ARP reply that was asked for is the one thing that leaves no trace in the
		 * counters. */
		if (load_be16(f + 12) != ETH_TYPE_ARP || outcomes != 0)
			assert_int_equal(outcomes, 1);
		used += uses(world) - u;
		dropped += drops(world) - d;
		while (s->ops->zc_recv(s, bufs, 1) > 0)
			pkt_free(bufs[0]);
		nw_pass(world, 1);
		nw_forget_sent(world);
	}
	assert_true(used > 10000 && dropped > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NW_TEST_PEER(test_every_frame_has_exactly_one_outcome),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
