/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons of a router; see drops.h. It is 10.0.0.1, and its only link leads to everybody. */
#include <string.h>

#include "net/route.h"
#include "sim/drops.h"
#include "stack/stack.h"

static uint8_t f[PEER_FRAME_MAX];

static const char *const routing[] = {"ip.forward=1", "icmp.rate=1000000", NULL};
static const char *const filtering[] = {"ip.forward=1", "ip.rp_filter=1", NULL};

static void routes(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_gateway(config, "10.0.0.2"), 0);
	assert_int_equal(nsk_config_add_address(config, "10.1.0.1/24"), 0);
}

/* A second interface, whose wire has nobody at its other end. */
static void second_link(struct nsk_config *config)
{
	static struct nsk_wire *wire;

	if (!wire)
		wire = nsk_wire_create(NULL, NULL, 1500);
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_config_add_address(config, "10.2.0.1/24"), 0);
}

static void no_default(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_address(config, "10.1.0.1/24"), 0);
}

static void packet(struct peer *p, const struct ip_spec *s)
{
	struct ip_spec spec = *s;

	spec.proto = IP_PROTO_UDP;
	peer_input(p, f, frame_ip(f, &spec, "0123456789", 10));
	peer_settle(p);
	peer_forget(p);
}

static void last_hop(struct peer *p)
{
	packet(p, &(struct ip_spec){.dst = 0x08080808, .ttl = 1});
}

static void to_link_local(struct peer *p)
{
	packet(p, &(struct ip_spec){.dst = 0xa9fe0105});
}

static void from_link_local(struct peer *p)
{
	packet(p, &(struct ip_spec){.src = 0xa9fe0105, .dst = 0x08080808});
}

static void to_a_group_that_is_not_ours(struct peer *p)
{
	packet(p, &(struct ip_spec){.dst = 0xe0000105});
}

static void to_all_of_the_other_link(struct peer *p)
{
	packet(p, &(struct ip_spec){.dst = 0x0a0200ff});
}

static void blackhole(struct peer *p)
{
	struct route r = {.type = ROUTE_BLACKHOLE};

	assert_int_equal(ip_prefix_parse(&r.dst, "8.0.0.0/8"), 0);
	assert_int_equal(route_add(p->world.host[0]->routes, &r), 0);
}

static void from_where_no_way_leads_back(struct peer *p)
{
	packet(p, &(struct ip_spec){.src = 0x09090909, .dst = HOST_B});
}

static void nowhere(struct peer *p)
{
	packet(p, &(struct ip_spec){.dst = 0x08080808});
}

#define CASE(why, fn, set, conf)                                                       \
	{                                                                              \
		.reason = NSK_DROP_##why, .name = #fn, .provoke = fn, .settings = set, \
		.configure = conf                                                      \
	}

const struct drop_test drops_forward[] = {
	CASE(IP_TTL, last_hop, routing, routes),
	CASE(IP_SCOPE, to_link_local, routing, routes),
	CASE(IP_SCOPE, from_link_local, routing, routes),
	CASE(IP_NOT_LOCAL, to_a_group_that_is_not_ours, routing, routes),
	CASE(IP_DIRECTED_BCAST, to_all_of_the_other_link, routing, second_link),
	{.reason = NSK_DROP_IP_ROUTE_REFUSES,
	 .name = "into_a_blackhole",
	 .provoke = nowhere,
	 .settings = routing,
	 .configure = routes,
	 .prepare = blackhole},
	CASE(IP_REVERSE_PATH, from_where_no_way_leads_back, filtering, no_default),
	CASE(IP_NO_ROUTE, nowhere, routing, no_default),
};
const unsigned drops_forward_count = NSK_ARRAY_LEN(drops_forward);
