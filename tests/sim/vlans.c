/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces on VLANs (IEEE 802.1Q, 802.1ad): two stacks over one wire with both kinds of tags, and
 * frames of a peer that are tagged in every way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "sim/name.h"
#include "sim/pair.h"
#include "sim/peer.h"
#include "wire/vlan.h"

#define PORT 80

/* Host 0 or 1 at its end of the wire, on three links of it. */
static void add_host(struct world *world, unsigned h, unsigned workers, const char *mtu)
{
	static const struct {
		const char *device, *four[2], *six[2];
	} links[] = {
		{NULL, {"10.0.0.1/24", "10.0.0.2/24"}, {"2001:db8::1/64", "2001:db8::2/64"}},
		{"vlan:wire0,100",
		 {"10.1.0.1/24", "10.1.0.2/24"},
		 {"2001:db8:1::1/64", "2001:db8:1::2/64"}},
		{"vlan:wire0,10.100",
		 {"10.2.0.1/24", "10.2.0.2/24"},
		 {"2001:db8:2::1/64", "2001:db8:2::2/64"}},
	};
	struct nsk_config *config = world_config(world, NULL);

	assert_int_equal(nsk_config_workers(config, workers), 0);
	assert_int_equal(nsk_config_set(config, "mtu", mtu), 0);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(links); i++) {
		if (i == 0)
			assert_int_equal(nsk_config_add_wire(config, world->wire, h), 0);
		else
			assert_int_equal(nsk_config_add_device(config, links[i].device), 0);
		assert_int_equal(nsk_config_add_address(config, links[i].four[h]), 0);
		assert_int_equal(nsk_config_add_address(config, links[i].six[h]), 0);
	}
	world_add(world, config);
}

static void start_wide(struct world *world, unsigned workers, const struct nsk_wire_params *wire,
		       const char *mtu)
{
	world_init(world, 5);
	world->wire = nsk_wire_create(wire, wire, (uint32_t)atoi(mtu));
	assert_non_null(world->wire);
	add_host(world, 0, workers, mtu);
	add_host(world, 1, 1, mtu);
	world_run(world, 5 * SEC, NULL, NULL);
}

static void start(struct world *world, unsigned workers, const struct nsk_wire_params *wire)
{
	start_wide(world, workers, wire, "1500");
}

static void talk(struct world *world, const char *to, size_t total)
{
	static uint8_t out[65536], in[65536];
	struct name any = name_of(strchr(to, ':') ? "::" : "0.0.0.0", PORT), n = name_of(to, PORT);
	int fd[3];

	world_enter(world, 1);
	fd[2] = name_socket(&any, SOCK_STREAM);
	assert_int_equal(nsk_bind(fd[2], &any.any, any.len), 0);
	assert_int_equal(nsk_listen(fd[2], 4), 0);
	world_enter(world, 0);
	fd[0] = name_socket(&n, SOCK_STREAM);
	assert_int_equal(nsk_connect(fd[0], &n.any, n.len), -1);
	assert_int_equal(errno, EINPROGRESS);
	world_wait(world, fd[0], POLLOUT, MINUTE);
	assert_int_equal(world_sock_error(fd[0]), 0);
	fd[1] = world_accept(world, fd[2]);
	for (size_t done = 0; done < total; done += sizeof(out)) {
		world_fill(out, sizeof(out), done, 9);
		world_send(world, fd[0], out, sizeof(out));
		world_recv(world, fd[1], in, sizeof(in));
		assert_memory_equal(in, out, sizeof(in));
		world_send(world, fd[1], in, 1000);
		world_recv(world, fd[0], out, 1000);
	}
	for (unsigned i = 0; i < 3; i++)
		nsk_close(fd[i]);
}

static struct nsk_iface_info info_of(struct world *world, unsigned h, const char *name)
{
	struct nsk_iface_info info;

	for (unsigned i = 0; nsk_iface_info(world->host[h], i, &info) == 0; i++)
		if (strcmp(info.name, name) == 0)
			return info;
	fail_msg("no interface %s", name);
	return info;
}

static void each_vlan_is_a_link_of_its_own(void **state)
{
	static const char *const peer[] = {"10.0.0.2",	  "10.1.0.2",	   "10.2.0.2",
					   "2001:db8::2", "2001:db8:1::2", "2001:db8:2::2"};
	struct world world;

	(void)state;
	start(&world, 1, NULL);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(peer); i++)
		talk(&world, peer[i], 500000);
	assert_int_equal(info_of(&world, 0, "wire0.100").mtu, 1500);
	assert_string_equal(info_of(&world, 0, "wire0.10.100").driver, "vlan");
	assert_memory_equal(info_of(&world, 0, "wire0.100").mac, info_of(&world, 0, "wire0").mac,
			    6);
	assert_int_equal(world_drops(&world, 0, NSK_DROP_ETH_VLAN_UNKNOWN), 0);
	assert_int_equal(world_drops(&world, 0, NSK_DROP_TX_UNFIT), 0);
	pair_finish(&world);
}

/* One datagram of so many bytes, and how many packets it took. */
static uint64_t send_datagram(struct world *world, const char *to, size_t len)
{
	static uint8_t out[9216], in[9216];
	struct name any = name_of(strchr(to, ':') ? "::" : "0.0.0.0", PORT), n = name_of(to, PORT);
	uint64_t before = world_counter(world, 0, NSK_CNT_TX_PACKETS);
	int fd[2];

	world_enter(world, 1);
	fd[1] = name_socket(&any, SOCK_DGRAM);
	assert_int_equal(nsk_bind(fd[1], &any.any, any.len), 0);
	world_enter(world, 0);
	fd[0] = name_socket(&n, SOCK_DGRAM);
	world_fill(out, len, 0, 9);
	assert_int_equal(nsk_sendto(fd[0], out, len, 0, &n.any, n.len), len);
	world_enter(world, 1);
	world_wait(world, fd[1], POLLIN, MINUTE);
	assert_int_equal(nsk_recv(fd[1], in, sizeof(in), 0), len);
	assert_memory_equal(in, out, len);
	nsk_close(fd[0]);
	nsk_close(fd[1]);
	return world_counter(world, 0, NSK_CNT_TX_PACKETS) - before;
}

/* A packet is in several buffers then, of some 2,000 bytes each. */
static void jumbo_frames_carry_tags(void **state)
{
	static const char *const peer[] = {"10.1.0.2", "10.2.0.2", "2001:db8:1::2",
					   "2001:db8:2::2"};
	struct world world;

	(void)state;
	start_wide(&world, 1, NULL, "9216");
	assert_int_equal(info_of(&world, 0, "wire0.10.100").mtu, 9216);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(peer); i++) {
		size_t most = 9216 - (strchr(peer[i], ':') ? 48 : 28);

		send_datagram(&world, peer[i], 1); /* finds the neighbour */
		assert_int_equal(send_datagram(&world, peer[i], most), 1);
		assert_int_equal(send_datagram(&world, peer[i], most + 8), 2); /* fragments */
		talk(&world, peer[i], 500000);
	}
	assert_int_equal(world_drops(&world, 0, NSK_DROP_TX_UNFIT), 0);
	pair_finish(&world);
}

/* A port that takes a part of what it is offered gets the rest again, with its tags once. */
static void a_slow_wire_and_several_workers_lose_nothing(void **state)
{
	const struct nsk_wire_params slow = {
		.delay_ns = MS, .rate_bps = 50000000, .loss_ppm = 2000, .queue_packets = 20};
	struct world world;

	(void)state;
	start(&world, 3, &slow);
	talk(&world, "10.1.0.2", 1000000);
	talk(&world, "2001:db8:2::2", 1000000);
	pair_finish(&world);
}

static void a_vlan_goes_down_and_up_with_its_parent(void **state)
{
	struct world world;

	(void)state;
	start(&world, 2, NULL);
	assert_int_equal(nsk_iface_set(world.host[0], "wire0.100", false), 0);
	assert_int_equal(nsk_iface_set(world.host[0], "wire0", false), 0);
	assert_int_equal(info_of(&world, 0, "wire0.10.100").state, NSK_IFACE_DISABLED);
	assert_int_equal(nsk_iface_set(world.host[0], "wire0.100", true), -1);
	assert_int_equal(errno, ENETDOWN);
	world_run(&world, SEC, NULL, NULL);
	assert_int_equal(nsk_iface_set(world.host[0], "wire0", true), 0);
	assert_int_equal(info_of(&world, 0, "wire0.10.100").state, NSK_IFACE_ENABLED);
	assert_int_equal(info_of(&world, 0, "wire0.100").state, NSK_IFACE_DISABLED);
	assert_int_equal(nsk_iface_set(world.host[0], "wire0.100", true), 0);
	talk(&world, "10.1.0.2", 65536);
	talk(&world, "10.2.0.2", 65536);
	nsk_wire_link(world.wire, false);
	world_run(&world, SEC, NULL, NULL);
	assert_false(info_of(&world, 0, "wire0.100").link_up);
	nsk_wire_link(world.wire, true);
	world_run(&world, SEC, NULL, NULL);
	assert_true(info_of(&world, 0, "wire0.100").link_up);
	pair_finish(&world);
}

/* ---- frames of a peer ------------------------------------------------------------------------ */

static void on_100(struct nsk_config *config)
{
	assert_int_equal(nsk_config_add_device(config, "vlan:callback0,100"), 0);
	assert_int_equal(nsk_config_add_address(config, "10.1.0.1/24"), 0);
}

#define PEER_100 UINT32_C(0x0a010002)
#define OWN_100	 UINT32_C(0x0a010001)

/* A frame with tags, given as they stand on the wire. */
static void input_tagged(struct peer *p, const uint8_t *frame, size_t len, const uint8_t *tags,
			 size_t n)
{
	uint8_t tagged[PEER_FRAME_MAX];

	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, tags, n);
	memcpy(tagged + 12 + n, frame + 12, len - 12);
	peer_input(p, tagged, len + n);
	peer_settle(p);
}

static size_t arp_request(uint8_t *f, uint32_t spa, uint32_t tpa)
{
	return frame_arp(f, 1, peer_mac, spa, (const uint8_t[6]){0}, tpa, bcast_mac);
}

static const uint8_t tag_100[] = {0x81, 0, 0, 100}, priority[] = {0x81, 0, 0xe0, 0};

static void an_answer_has_the_tags_of_the_question(void **state)
{
	static struct peer p;
	uint8_t f[PEER_FRAME_MAX];
	const struct kept_frame *k;
	size_t n;

	(void)state;
	p = (struct peer){.no_arp = true, .configure = on_100};
	peer_start(&p, NULL);
	peer_run(&p, 5 * SEC);
	peer_forget(&p);
	n = arp_request(f, PEER_100, OWN_100);
	input_tagged(&p, f, n, tag_100, sizeof(tag_100));
	k = peer_take(&p);
	assert_non_null(k);
	assert_memory_equal(k->data, peer_mac, 6);
	assert_memory_equal(k->data + 6, stack_mac, 6);
	assert_memory_equal(k->data + 12, tag_100, 4);
	assert_int_equal(load_be16(k->data + 16), ETH_TYPE_ARP);
	/* The address of one link is not answered for on the other. */
	input_tagged(&p, f, arp_request(f, HOST_B, HOST_A), tag_100, sizeof(tag_100));
	peer_input(&p, f, arp_request(f, PEER_100, OWN_100));
	peer_settle(&p);
	peer_expect_silence(&p);
	/* A priority alone is no VLAN (802.1Q §9.6): the answer has none. */
	input_tagged(&p, f, arp_request(f, HOST_B, HOST_A), priority, sizeof(priority));
	k = peer_take(&p);
	assert_non_null(k);
	assert_int_equal(load_be16(k->data + 12), ETH_TYPE_ARP);
	peer_end(&p);
}

static void what_is_tagged_otherwise_is_dropped_by_name(void **state)
{
	static const struct {
		uint8_t tags[12];
		size_t n;
		enum nsk_drop reason;
	} cases[] = {
		{{0x81, 0, 0, 101}, 4, NSK_DROP_ETH_VLAN_UNKNOWN},
		{{0x81, 0, 0xf, 0xff}, 4, NSK_DROP_ETH_VLAN_UNKNOWN},
		{{0x88, 0xa8, 0, 100}, 4, NSK_DROP_ETH_VLAN_UNKNOWN},
		{{0x88, 0xa8, 0, 10, 0x81, 0, 0, 100}, 8, NSK_DROP_ETH_VLAN_UNKNOWN},
		{{0x81, 0, 0, 100, 0x81, 0, 0, 100}, 8, NSK_DROP_ETH_VLAN_UNKNOWN},
		{{0x88, 0xa8, 0, 10, 0x81, 0, 0, 100, 0x81, 0, 0, 1}, 12, NSK_DROP_ETH_VLAN_DEPTH},
		{{0x81, 0, 0, 0, 0x81, 0, 0, 0, 0x81, 0, 0, 100}, 12, NSK_DROP_ETH_VLAN_DEPTH},
	};
	static struct peer p;
	uint8_t f[PEER_FRAME_MAX];
	size_t n;

	(void)state;
	p = (struct peer){.no_arp = true, .configure = on_100};
	peer_start(&p, NULL);
	peer_run(&p, 5 * SEC);
	peer_forget(&p);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(cases); i++) {
		uint64_t before = world_drops(&p.world, 0, cases[i].reason);

		n = arp_request(f, PEER_100, OWN_100);
		input_tagged(&p, f, n, cases[i].tags, cases[i].n);
		assert_int_equal(world_drops(&p.world, 0, cases[i].reason), before + 1);
	}
	/* Cut off within the tag, or before the type behind it. */
	n = arp_request(f, PEER_100, OWN_100);
	memmove(f + 16, f + 12, n - 12);
	memcpy(f + 12, tag_100, 4);
	for (size_t len = 14; len < 18; len++)
		peer_input(&p, f, len);
	peer_settle(&p);
	assert_int_equal(world_drops(&p.world, 0, NSK_DROP_ETH_SHORT), 4);
	peer_expect_silence(&p);
	peer_end(&p);
}

/* ---- configuration --------------------------------------------------------------------------- */

static void what_is_no_vlan_is_refused(void **state)
{
	static const char *const bad[] = {"vlan:",
					  "vlan:wire0",
					  "vlan:wire0,",
					  "vlan:wire0,0",
					  "vlan:wire0,4095",
					  "vlan:wire0,x",
					  "vlan:wire0,1.",
					  "vlan:wire0,1.2.3",
					  "vlan:wire0,1.4095",
					  "vlan:wire0,0.1",
					  "vlan:,1",
					  "vlan:wire0,1 ",
					  "fault:loss=1%:vlan:wire0,1"};
	static const char *const orphans[] = {"vlan:eth7,1", "vlan:wire0.5,1"};
	struct nsk_wire *wire = nsk_wire_create(NULL, NULL, 1500);
	struct nsk_config *config;
	struct nsk_stack *stack;

	(void)state;
	config = nsk_config_new();
	for (unsigned i = 0; i < NSK_ARRAY_LEN(bad); i++)
		assert_int_equal(nsk_config_add_device(config, bad[i]), -1);
	assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
	assert_int_equal(nsk_config_add_device(config, "vlan:wire0,5"), 0);
	assert_int_equal(nsk_config_add_device(config, "vlan:wire0,5"), -1);
	assert_int_equal(nsk_config_add_fault(config, "loss=1%"), -1);
	nsk_config_free(config);
	for (unsigned i = 0; i < NSK_ARRAY_LEN(orphans); i++) {
		config = nsk_config_new();
		nsk_config_log(config, NULL, NULL, NSK_LOG_NONE);
		assert_int_equal(nsk_config_add_wire(config, wire, 0), 0);
		assert_int_equal(nsk_config_add_device(config, "vlan:wire0,5"), 0);
		assert_int_equal(nsk_config_add_device(config, orphans[i]), 0);
		assert_int_equal(nsk_stack_create(config, &stack), -1);
		assert_non_null(strstr(nsk_config_error(config), orphans[i]));
		nsk_config_free(config);
	}
	nsk_wire_destroy(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(each_vlan_is_a_link_of_its_own),
		world_test(jumbo_frames_carry_tags),
		world_test(a_slow_wire_and_several_workers_lose_nothing),
		world_test(a_vlan_goes_down_and_up_with_its_parent),
		world_test(an_answer_has_the_tags_of_the_question),
		world_test(what_is_tagged_otherwise_is_dropped_by_name),
		world_test(what_is_no_vlan_is_refused),
	};

	return world_main(tests);
}
