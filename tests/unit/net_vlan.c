/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/net/vlan.c: what hardware said of a frame with tags, once they are off. if1 is on VLAN 100 of
 * if0 here. */
#include "net/vlan.h"

#include "ip/input.h"
#include "net_world.h"
#include "wire/vlan.h"

#define BOTH (PORT_RX_CSUM_IPV4 | PORT_RX_CSUM_L4)

static int setup(void **state)
{
	struct net_world *world = nw_new();
	struct iface *ifc = &world->ifc[1];

	world->port[0].caps.offloads = BOTH;
	world->ifc[0].rx_offloads = BOTH;
	ifc->ethernet = true;
	ifc->mac = world->ifc[0].mac;
	ifc->parent = &world->ifc[0];
	ifc->vlan.inner = 100;
	ifc->port = vlan_port_open(ifc, 1, NULL);
	assert_non_null(ifc->port);
	ifc->rx_offloads = ifc->port->caps.offloads;
	nw_start(world);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct net_world *world = *state;
	struct port *port = world->ifc[1].port;

	nw_teardown(state);
	port->ops->close(port);
	return 0;
}

/* A packet with a tag comes in, of which hardware said this; wrong: its header's checksum is. */
static void come(struct net_world *world, uint16_t id, uint64_t said, bool wrong)
{
	uint8_t frame[128], *p = frame + ETH_HLEN + VLAN_TAG_LEN;
	size_t len = nw_ipv4(p, id ? 0x0a000007 : PEER, id ? IF1_ADDR : IF0_ADDR, NW_PROTO,
			     "1234567", 7);
	struct rte_mbuf *m;

	p[10] ^= wrong;
	eth_write(frame, if0_mac, peer_mac, ETH_TYPE_VLAN);
	store_be16(frame + ETH_HLEN, id);
	store_be16(frame + ETH_HLEN + 2, ETH_TYPE_IPV4);
	m = nw_buffer(world, frame, ETH_HLEN + VLAN_TAG_LEN + len);
	m->ol_flags = said;
	net_input(&world->w, &world->ifc[0], m);
}

/* Hardware that does not know tags may have summed up something else: what it calls good is looked
 * at again, on the VLAN and where the tag names none. */
static void test_what_hardware_says_of_frames_with_tags_is_not_believed(void **state)
{
	struct net_world *world = *state;

	for (uint16_t id = 0; id <= 100; id += 100) {
		come(world, id, RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD, true);
		come(world, id, RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD, false);
		assert_int_equal(world->ndelivered, 1);
		assert_false(pkt_of(world->delivered)->flags & PKT_F_L4_CSUM_OK);
		assert_int_equal(pkt_of(world->delivered)->iface, id == 100);
		come(world, id, RTE_MBUF_F_RX_L4_CKSUM_GOOD, false);
		assert_int_equal(world->ndelivered, 2);
		assert_false(pkt_of(world->delivered)->flags & PKT_F_L4_CSUM_OK);
		world->ndelivered = 0;
	}
	nw_assert_drops(world, NSK_DROP_IP_CHECKSUM, 2);
}

/* A field that nobody has filled in cannot be looked at: the data never left memory. */
static void test_a_sum_that_was_never_made_is_not_asked_for(void **state)
{
	struct net_world *world = *state;

	for (uint16_t id = 0; id <= 100; id += 100) {
		come(world, id, RTE_MBUF_F_RX_L4_CKSUM_NONE, false);
		assert_true(pkt_of(world->delivered)->flags & PKT_F_L4_CSUM_OK);
	}
	assert_int_equal(world->ndelivered, 2);
	nw_assert_drops(world, NSK_DROP_NONE, 0);
}

#define VLAN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VLAN_TEST(test_what_hardware_says_of_frames_with_tags_is_not_believed),
		VLAN_TEST(test_a_sum_that_was_never_made_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, nw_group_setup, NULL);
}
