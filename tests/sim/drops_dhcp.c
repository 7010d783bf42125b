/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of the DHCP client; see drops.h. */
#include "net/dhcp.h"
#include "net/net.h"
#include "sim/dhcp_reply.h"
#include "sim/drops.h"

static uint8_t f[PEER_FRAME_MAX];

static void with_dhcp(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_address(config, "dhcp"), 0);
}

/* An offer, in answer to the client's question if xid is 0. */
static void offer(struct peer *p, uint32_t xid, uint32_t addr, uint32_t lease_s)
{
	static struct dhcp_reply r;
	const struct dhcp *client = world_worker(&p->world, 0)->net->dhcp[0];

	assert_int_equal(client->state, DHCP_SELECTING);
	reply_begin(&r, DHCP_OFFER, xid ? xid : client->xid, stack_mac, addr);
	reply_u32(&r, 54, HOST_B);
	if (lease_s)
		reply_u32(&r, 51, lease_s);
	peer_input(p, f,
		   frame_udp(f, &(struct udp_spec){.ip = {.dst = UINT32_MAX, .dst_mac = bcast_mac},
						   .sport = DHCP_PORT_SERVER,
						   .dport = DHCP_PORT_CLIENT,
						   .data = r.p,
						   .len = r.len}));
	peer_settle(p);
}

static void offer_without_a_lease(struct peer *p)
{
	offer(p, 0, HOST_A + 4, 0);
}

static void offer_to_another(struct peer *p)
{
	offer(p, 1, HOST_A + 4, 60);
}

static void offer_of_a_group(struct peer *p)
{
	offer(p, 0, UINT32_C(0xe0000001), 60);
}

#define CASE(why, fn)                                                                         \
	{                                                                                     \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, .configure = with_dhcp, \
	}

const struct drop_test drops_dhcp[] = {
	CASE(DHCP_MALFORMED, offer_without_a_lease),
	CASE(DHCP_NOT_OURS, offer_to_another),
	CASE(DHCP_REFUSED, offer_of_a_group),
};
const unsigned drops_dhcp_count = NSK_ARRAY_LEN(drops_dhcp);
