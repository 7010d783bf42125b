/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proxy ARP, RFC 1027: hosts of one wide subnet on two wires talk through a router that answers for
 * each on the wire of the other; and what it must not answer, question by question.
 *
 *     A 10.0.0.1/16 ──wire 0── router 10.0.0.254/24, 10.0.1.254/24 ──wire 1── B 10.0.1.1/16
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <netstk/route.h>

#include "net/net.h"
#include "sim/peer.h"
#include "sim/world.h"

#define PORT   80
#define OCTETS (64 * 1024)
#define ROUTER 1

static const char *const none[] = {NULL};
static const char *const proxying[] = {"ip.forward=1", "arp.proxy=1", NULL};
static const char *const only_routing[] = {"ip.forward=1", NULL};
static const char *const only_proxy[] = {"arp.proxy=1", NULL};

/* ---- two hosts ----------------------------------------------------------------------------- */

struct street {
	struct world world;
	struct nsk_wire *wire[2];
};

static void attach(struct nsk_config *config, struct nsk_wire *wire, unsigned end, const char *addr)
{
	assert_int_equal(nsk_config_add_wire(config, wire, end), 0);
	assert_int_equal(nsk_config_add_address(config, addr), 0);
}

static void street_start(struct street *street, const char *const *settings)
{
	static const struct nsk_wire_params clean = {.delay_ns = MS};
	struct nsk_config *config[3];

	world_init(&street->world, 1);
	for (unsigned i = 0; i < 2; i++) {
		street->wire[i] = nsk_wire_create(&clean, &clean, 1500);
		assert_non_null(street->wire[i]);
	}
	for (unsigned i = 0; i < 3; i++)
		config[i] = world_config(&street->world, i == ROUTER ? settings : none);
	attach(config[0], street->wire[0], 0, "10.0.0.1/16");
	attach(config[1], street->wire[0], 1, "10.0.0.254/24");
	attach(config[1], street->wire[1], 0, "10.0.1.254/24");
	attach(config[2], street->wire[1], 1, "10.0.1.1/16");
	for (unsigned i = 0; i < 3; i++)
		world_add(&street->world, config[i]);
}

static void street_end(struct street *street)
{
	world_run(&street->world, 5 * MINUTE, NULL, NULL);
	for (unsigned h = 0; h < 3; h++) {
		assert_true(world_all_closed(&street->world, h));
		world_pool_complete(&street->world, h);
	}
	world_end(&street->world);
	for (unsigned i = 0; i < 2; i++)
		nsk_wire_destroy(street->wire[i]);
}

static uint64_t proxied(struct world *world, unsigned h)
{
	return world_counter(world, h, NSK_CNT_ARP_PROXIED);
}

static void neighbours_on_two_wires_talk_rfc1027_2_1(void **state)
{
	static uint8_t out[OCTETS], in[OCTETS];
	static struct street street;
	int listener, fd[2];

	(void)state;
	street_start(&street, proxying);
	listener = world_listen(&street.world, 2, PORT, 4);
	fd[0] = world_connect(&street.world, 0, "10.0.1.1", PORT);
	fd[1] = world_accept(&street.world, listener);
	for (unsigned k = 0; k < 2; k++) {
		world_fill(out, OCTETS, 0, k);
		world_send(&street.world, fd[k], out, OCTETS);
		world_recv(&street.world, fd[!k], in, OCTETS);
		assert_memory_equal(in, out, OCTETS);
	}
	assert_in_range(proxied(&street.world, ROUTER), 2, 8);
	assert_in_range(world_counter(&street.world, ROUTER, NSK_CNT_IP_FORWARDED),
			2 * OCTETS / 1500, UINT32_MAX);
	assert_int_equal(nsk_close(fd[0]), 0);
	world_expect_eof(&street.world, fd[1]);
	assert_int_equal(nsk_close(fd[1]), 0);
	assert_int_equal(nsk_close(listener), 0);
	street_end(&street);
}

static void nobody_answers_for_others_unless_told_to(void **state)
{
	static const char *const *const settings[] = {none, only_routing, only_proxy};
	static struct street street;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		int fd;

		street_start(&street, settings[i]);
		fd = world_connect(&street.world, 0, "10.0.1.1", PORT);
		world_run(&street.world, 10 * SEC, NULL, NULL);
		assert_int_equal(world_sock_error(fd), EHOSTUNREACH);
		assert_int_equal(proxied(&street.world, ROUTER), 0);
		assert_int_equal(nsk_close(fd), 0);
		street_end(&street);
	}
}

/* ---- question by question ------------------------------------------------------------------ */

/* 10.0.0.1/24 is the router here, and 10.2.0.1/24 its other interface, which has OWN as well. */
#define OWN	UINT32_C(0x0a000032) /* 10.0.0.50 */
#define BEHIND	UINT32_C(0x0a020007) /* 10.2.0.7 */
#define OTHERS	UINT32_C(0x0a030007) /* 10.3.0.7 */
#define REFUSED UINT32_C(0xc6336407) /* 198.51.100.7 */

static struct peer peer;

static void second_link(struct nsk_config *config)
{
	static struct nsk_wire *wire;

	if (!wire)
		wire = nsk_wire_create(NULL, NULL, 1500);
	attach(config, wire, 0, "10.2.0.1/24");
	assert_int_equal(nsk_config_add_address(config, "169.254.9.1/16"), 0);
	assert_int_equal(nsk_config_add_address(config, "10.0.0.50/32"), 0);
}

static void begin(const char *const *settings)
{
	memset(&peer, 0, sizeof(peer));
	peer.no_arp = true;
	peer.configure = second_link;
	peer_start(&peer, settings);
	peer_run(&peer, 3 * SEC);
	peer_forget(&peer);
}

static void route(const char *dst, enum nsk_route_type type, const char *gateway, uint32_t weight)
{
	struct nsk_route r = {.type = type, .weight = weight};

	snprintf(r.destination, sizeof(r.destination), "%s", dst);
	snprintf(r.gateway, sizeof(r.gateway), "%s", gateway);
	assert_int_equal(nsk_route_add(peer.world.host[0], &r, weight != 0), 0);
}

static void ask(uint32_t spa, uint32_t tpa)
{
	peer_arp(&peer, ARP_OP_REQUEST, peer_mac, spa, tpa);
}

static void expect_answer(uint32_t tpa)
{
	uint64_t before = proxied(&peer.world, 0);

	ask(HOST_B, tpa);
	peer_expect_arp(&peer, ARP_OP_REPLY, peer_mac, tpa, HOST_B);
	assert_int_equal(proxied(&peer.world, 0), before + 1);
	peer_expect_silence(&peer);
}

/* It is one that is of no concern to us, as without the proxy. */
static void expect_none_to(uint32_t spa, uint32_t tpa)
{
	uint64_t before = proxied(&peer.world, 0);
	uint64_t drops = world_drops(&peer.world, 0, NSK_DROP_ARP_NOT_OURS);

	ask(spa, tpa);
	peer_expect_silence(&peer);
	assert_int_equal(proxied(&peer.world, 0), before);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_ARP_NOT_OURS), drops + 1);
}

static void expect_none(uint32_t tpa)
{
	expect_none_to(HOST_B, tpa);
}

static void who_is_behind_another_interface_is_answered_for(void **state)
{
	(void)state;
	begin(proxying);
	expect_answer(BEHIND);
	route("10.3.0.0/16", NSK_ROUTE_UNICAST, "10.2.0.9", 0);
	expect_answer(OTHERS);
	/* One of a subnet here lives there. */
	route("10.0.0.77/32", NSK_ROUTE_UNICAST, "10.2.0.9", 0);
	expect_answer(HOST_A + 76);
	peer_finish(&peer, SEC);
}

static void it_begins_and_ends_while_the_stack_runs(void **state)
{
	(void)state;
	begin(only_routing);
	expect_none(BEHIND);
	assert_int_equal(nsk_set(peer.world.host[0], "net.ipv4.conf.all.proxy_arp", "1"), 0);
	expect_answer(BEHIND);
	assert_int_equal(nsk_set(peer.world.host[0], "ip.forward", "0"), 0);
	expect_none(BEHIND);
	assert_int_equal(nsk_set(peer.world.host[0], "ip.forward", "1"), 0);
	expect_answer(BEHIND);
	peer_finish(&peer, SEC);
}

static void not_where_no_way_leads_or_the_way_leads_back(void **state)
{
	(void)state;
	begin(proxying);
	expect_none(OTHERS);	 /* no route */
	expect_none(HOST_A + 8); /* on the link of who asks */
	route("10.3.0.0/16", NSK_ROUTE_UNICAST, "10.0.0.9", 0);
	expect_none(OTHERS); /* by a router of that link */
	peer_finish(&peer, SEC);
}

/* One of several paths leads back, whatever its share. */
static void not_where_a_share_of_the_ways_leads_back(void **state)
{
	static const uint32_t weight[][2] = {{1, 1}, {255, 1}, {1, 255}};

	(void)state;
	for (unsigned i = 0; i < NSK_ARRAY_LEN(weight); i++) {
		begin(proxying);
		route("10.3.0.0/16", NSK_ROUTE_UNICAST, "10.2.0.9", weight[i][0]);
		expect_answer(OTHERS);
		route("10.3.0.0/16", NSK_ROUTE_UNICAST, "10.0.0.9", weight[i][1]);
		expect_none(OTHERS);
		peer_finish(&peer, SEC);
		begin(proxying);
		route("10.3.0.0/16", NSK_ROUTE_UNICAST, "10.0.0.9", weight[i][0]);
		expect_none(OTHERS);
		route("10.3.0.0/16", NSK_ROUTE_UNICAST, "10.2.0.9", weight[i][1]);
		expect_none(OTHERS);
		peer_finish(&peer, SEC);
	}
}

static void not_where_the_route_refuses(void **state)
{
	static const enum nsk_route_type types[] = {NSK_ROUTE_BLACKHOLE, NSK_ROUTE_UNREACHABLE,
						    NSK_ROUTE_PROHIBIT};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin(proxying);
		route("0.0.0.0/0", NSK_ROUTE_UNICAST, "10.2.0.9", 0);
		expect_answer(REFUSED);
		route("198.51.100.0/24", types[i], "", 0);
		expect_none(REFUSED);
		peer_finish(&peer, SEC);
	}
}

static void not_by_an_interface_that_is_down(void **state)
{
	struct nsk_iface_info other;

	(void)state;
	begin(proxying);
	assert_int_equal(nsk_iface_info(peer.world.host[0], 1, &other), 0);
	assert_int_equal(nsk_iface_set(peer.world.host[0], other.name, false), 0);
	peer_run(&peer, SEC);
	peer_forget(&peer);
	expect_none(BEHIND);
	peer_finish(&peer, SEC);
}

static void not_to_probes_and_announcements_rfc5227_2_1_1(void **state)
{
	(void)state;
	begin(proxying);
	expect_none_to(0, BEHIND);
	/* Who says that an address is its own is told nothing else, wherever it belongs. */
	route("10.0.0.77/32", NSK_ROUTE_UNICAST, "10.2.0.9", 0);
	expect_answer(HOST_A + 76);
	expect_none_to(HOST_A + 76, HOST_A + 76);
	peer_finish(&peer, SEC);
}

static void not_to_who_is_not_of_the_link(void **state)
{
	(void)state;
	begin(proxying);
	expect_none_to(OTHERS, BEHIND);
	expect_none_to(BEHIND + 1, BEHIND);
	expect_none_to(UINT32_C(0x0a0000ff), BEHIND); /* a broadcast address */
	expect_answer(BEHIND);
	peer_finish(&peer, SEC);
}

static void link_local_address(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_address(config, "169.254.1.1/16"), 0);
	second_link(config);
}

/* On the link, but what it sends would not be forwarded. */
static void not_to_a_link_local_address_rfc3927_7(void **state)
{
	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer.no_arp = true;
	peer.configure = link_local_address;
	peer_start(&peer, proxying);
	peer_run(&peer, 3 * SEC);
	peer_forget(&peer);
	expect_none_to(UINT32_C(0xa9fe0105), BEHIND);
	expect_answer(BEHIND);
	peer_finish(&peer, SEC);
}

static void not_for_what_is_no_station_to_forward_to(void **state)
{
	static const uint32_t target[] = {
		0x00000000, 0x00000007, /* this network */
		0x7f000001, 0x7fffffff, /* loopback */
		0xe0000001, 0xef010203, /* groups */
		0xf0000001, 0xffffffff, /* reserved, broadcast */
		0xa9fe0907,		/* link-local, on the other link */
		0x0a0200ff,		/* broadcast of the other subnet */
	};

	(void)state;
	begin(proxying);
	route("0.0.0.0/0", NSK_ROUTE_UNICAST, "10.2.0.9", 0);
	expect_answer(REFUSED);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(target); i++)
		expect_none(target[i]);
	peer_finish(&peer, SEC);
}

static void not_for_addresses_of_the_router_itself(void **state)
{
	(void)state;
	begin(proxying);
	expect_none(UINT32_C(0x0a020001));
	ask(HOST_B, HOST_A); /* the usual answer, which is none of them */
	peer_expect_arp(&peer, ARP_OP_REPLY, peer_mac, HOST_A, HOST_B);
	assert_int_equal(proxied(&peer.world, 0), 0);
	peer_finish(&peer, SEC);
}

/* RFC 5227 §2.1: until nobody else has them, they are not to be claimed. */
static void not_for_own_addresses_that_are_being_probed(void **state)
{
	static const char *const probing[] = {"ip.forward=1", "arp.proxy=1", "ipv4.dad=1", NULL};

	(void)state;
	memset(&peer, 0, sizeof(peer));
	peer.no_arp = true;
	peer.configure = second_link;
	peer_start(&peer, probing);
	route("0.0.0.0/0", NSK_ROUTE_UNICAST, "10.2.0.9", 0);
	peer_run(&peer, MS);
	peer_forget(&peer);
	expect_none(HOST_A);
	expect_none(UINT32_C(0x0a020001));
	peer_finish(&peer, 30 * SEC);
}

/* A wire with two interfaces of ours: what one asks, the other hears. */
static void not_to_our_own_questions(void **state)
{
	(void)state;
	begin(proxying);
	expect_none_to(OWN, BEHIND);
	expect_answer(BEHIND);
	peer_finish(&peer, SEC);
}

static void a_flood_of_questions_is_answered_at_the_rate_and_no_faster(void **state)
{
	(void)state;
	begin(proxying);
	for (unsigned i = 0; i < 600; i++)
		ask(HOST_B, BEHIND);
	assert_int_equal(proxied(&peer.world, 0), 256);
	assert_int_equal(world_drops(&peer.world, 0, NSK_DROP_ARP_NOT_OURS), 600 - 256);
	peer_forget(&peer);
	peer_run(&peer, 10 * MS);
	for (unsigned i = 0; i < 600; i++)
		ask(HOST_B, BEHIND);
	assert_int_equal(proxied(&peer.world, 0), 256 + 10);
	peer_forget(&peer);
	ask(HOST_B, HOST_A); /* what is the router's own has nothing to do with it */
	peer_expect_arp(&peer, ARP_OP_REPLY, peer_mac, HOST_A, HOST_B);
	peer_run(&peer, SEC);
	expect_answer(BEHIND);
	peer_finish(&peer, SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(neighbours_on_two_wires_talk_rfc1027_2_1),
		world_test(nobody_answers_for_others_unless_told_to),
		world_test(who_is_behind_another_interface_is_answered_for),
		world_test(it_begins_and_ends_while_the_stack_runs),
		world_test(not_where_no_way_leads_or_the_way_leads_back),
		world_test(not_where_a_share_of_the_ways_leads_back),
		world_test(not_where_the_route_refuses),
		world_test(not_by_an_interface_that_is_down),
		world_test(not_to_probes_and_announcements_rfc5227_2_1_1),
		world_test(not_to_who_is_not_of_the_link),
		world_test(not_to_a_link_local_address_rfc3927_7),
		world_test(not_for_what_is_no_station_to_forward_to),
		world_test(not_for_addresses_of_the_router_itself),
		world_test(not_for_own_addresses_that_are_being_probed),
		world_test(not_to_our_own_questions),
		world_test(a_flood_of_questions_is_answered_at_the_rate_and_no_faster),
	};

	return world_main(tests);
}
