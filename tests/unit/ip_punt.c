/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/ip/punt.c: packets for the kernel whose checksums a device, or who sent them in a machine of
 * its own, has left to be made. */
#include "ip/punt.h"

#include "net_world6.h"
#include "wire/tcp.h"

#define KERNEL	 0xe0000009u /* a group that the kernel may be a member of: 224.0.0.9 */
#define KERNEL_6 "ff02::9"

static struct twin twin;

static int setup(void **state)
{
	struct net_world *world = nw_new();

	nw6_add(world, 0, OURS "/64");
	world->set.twin_rate = 1000000;
	memset(&twin, 0, sizeof(twin));
	twin.ifc = &world->ifc[0];
	assert_int_equal(punt_parse("tcp", &twin.rule[0]), 0);
	assert_int_equal(punt_parse("udp", &twin.rule[1]), 0);
	twin.rules = 2;
	twin.queue = rte_ring_create("twin", 64, SOCKET_ID_ANY, RING_F_EXACT_SZ);
	assert_non_null(twin.queue);
	world->ifc[0].twin = &twin;
	world->ifc[0].rx_offloads = PORT_RX_CSUM_L4;
	nw_start(world);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	rte_ring_free(twin.queue);
	return nw_teardown(state);
}

/* A frame with this packet comes in, the transport's checksum not made. */
static void come(struct net_world *world, uint16_t type, const uint8_t *packet, size_t len)
{
	uint8_t frame[256] = {0x01, 0x00, 0x5e, 0, 0, 9};
	struct rte_mbuf *m;

	if (packet[16] < 0xe0 && packet[0] >> 4 == 4)
		memcpy(frame, if0_mac, 6);
	else if (packet[0] >> 4 == 6)
		memcpy(frame, (uint8_t[]){0x33, 0x33, 0, 0, 0, 9}, 6);
	memcpy(frame + 6, peer_mac, 6);
	store_be16(frame + 12, type);
	memcpy(frame + ETH_HLEN, packet, len);
	m = nw_buffer(world, frame, ETH_HLEN + len);
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	net_input(&world->w, &world->ifc[0], m);
}

/* What the kernel gets of it, from the IP header on. */
static struct rte_mbuf *for_kernel(void)
{
	void *m = NULL;

	assert_int_equal(rte_ring_dequeue(twin.queue, &m), 0);
	assert_int_equal(((struct rte_mbuf *)m)->ol_flags, 0);
	assert_non_null(rte_pktmbuf_adj(m, ETH_HLEN));
	return m;
}

static size_t write_v4(uint8_t *p, uint32_t dst, uint16_t frag, uint8_t proto, size_t len)
{
	ipv4_write_summed(p, &(struct ipv4_view){.src = PEER,
						 .dst = dst,
						 .total_len = (uint16_t)(IPV4_HLEN + len),
						 .frag = frag,
						 .ttl = 1,
						 .proto = proto});
	return IPV4_HLEN + len;
}

static uint32_t pseudo_of(const uint8_t *p, uint8_t proto, size_t len)
{
	return csum_pseudo4(p + IPV4_SRC_OFF, p + IPV4_DST_OFF, proto, (uint16_t)len);
}

static void test_a_checksum_that_was_not_made_is_made(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t sum;
	} protos[] = {{IP_PROTO_TCP, 16}, {IP_PROTO_UDP, 6}};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(protos); i++) {
		uint8_t p[IPV4_HLEN + 21] = {0}, *l4 = p + IPV4_HLEN;
		size_t len = write_v4(p, KERNEL, 0, protos[i].proto, 21);
		uint32_t pseudo = pseudo_of(p, protos[i].proto, 21);
		struct rte_mbuf *m;

		memcpy(l4, (uint8_t[]){1, 2, 3, 4, 0, 21}, 6);
		wire_checksum_store(l4 + protos[i].sum, csum_fold(pseudo));
		come(world, ETH_TYPE_IPV4, p, len);
		m = for_kernel();
		assert_int_equal(m->data_len, len);
		assert_true(wire_checksum_ok(rte_pktmbuf_mtod_offset(m, uint8_t *, IPV4_HLEN), 21,
					     pseudo));
		rte_pktmbuf_free(m);
	}
}

/* RFC 768: a sum that comes out as 0, which would say that there is none, is sent as its other
 * form; RFC 8200 §8.1: without one it would be dropped. */
static void test_of_udp_it_is_never_zero(void **state)
{
	const struct ip_addr src = nw6_addr(PEER6), dst = nw6_addr(KERNEL_6);
	struct net_world *world = *state;
	uint8_t p[IPV6_HLEN + 10], udp[10] = {0x12, 0x34, 0x56, 0x78, 0, 10};
	uint32_t pseudo = csum_pseudo6(src.b, dst.b, IP_PROTO_UDP, sizeof(udp));
	struct rte_mbuf *m;
	uint16_t rest;

	/* The last two octets make the sum of all others 0xffff. */
	rest = csum_finish(csum_partial(udp, sizeof(udp), pseudo));
	memcpy(udp + 8, &rest, 2);
	wire_checksum_store(udp + 6, csum_fold(pseudo));
	come(world, ETH_TYPE_IPV6, p,
	     nw6_write(p, PEER6, KERNEL_6, IP_PROTO_UDP, 1, udp, sizeof(udp)));
	m = for_kernel();
	assert_int_equal(load_be16(rte_pktmbuf_mtod_offset(m, uint8_t *, IPV6_HLEN + 6)), 0xffff);
	rte_pktmbuf_free(m);
}

/* What has no checksum stays so, and of a fragment nobody knows where one is. */
static void test_nothing_else_is_changed(void **state)
{
	static const struct {
		uint16_t frag, sum;
		uint32_t offloads;
	} packets[] = {
		{IPV4_FRAG_MF, 0x1234, PORT_RX_CSUM_L4},
		{1, 0x1234, PORT_RX_CSUM_L4},
		{0, 0, PORT_RX_CSUM_L4},
		{0, 0x1234, 0}, /* the field is the device's, and nobody asked for it */
	};
	struct net_world *world = *state;

	for (unsigned i = 0; i < NSK_ARRAY_LEN(packets); i++) {
		uint8_t p[IPV4_HLEN + 24] = {0};
		size_t len = write_v4(p, KERNEL, packets[i].frag, IP_PROTO_UDP, 24);
		struct rte_mbuf *m;

		store_be16(p + IPV4_HLEN + 4, 24);
		store_be16(p + IPV4_HLEN + 6, packets[i].sum);
		world->ifc[0].rx_offloads = packets[i].offloads;
		come(world, ETH_TYPE_IPV4, p, len);
		m = for_kernel();
		assert_int_equal(m->data_len, len);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), p, len);
		rte_pktmbuf_free(m);
	}
}

#define PUNT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUNT_TEST(test_a_checksum_that_was_not_made_is_made),
		PUNT_TEST(test_of_udp_it_is_never_zero),
		PUNT_TEST(test_nothing_else_is_changed),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
