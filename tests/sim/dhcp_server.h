/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack with the address "dhcp" on a callback port, and a test that is its server, message by
 * message: what the client asks, what is said to it, what it has then.
 */
#ifndef NSK_TESTS_SIM_DHCP_SERVER_H
#define NSK_TESTS_SIM_DHCP_SERVER_H

#include <string.h>

#include "net/dhcp.h"
#include "net/net.h"
#include "sim/dhcp_reply.h"
#include "sim/peer.h"
#include "wire/family.h"
#include "wire/udp.h"

#define SERVER	HOST_B /* who answers ARP */
#define OFFERED UINT32_C(0x0a000005)
#define LEASED	"10.0.0.5/24"
#define LEASE_S 3600u
#define ALL	UINT32_MAX

static struct peer peer;
static unsigned lines;
static char last_line[512];

static inline void note_line(void *arg, enum nsk_log_level level, const char *module,
			     const char *text)
{
	(void)arg;
	(void)module;
	if (level > NSK_LOG_WARN)
		return;
	lines++;
	snprintf(last_line, sizeof(last_line), "%s", text);
}

/* ---- the client, as its server sees it ------------------------------------------------------- */

struct asked {
	uint64_t now_ns;
	uint8_t type;
	bool to_all, broadcast_flag;
	uint32_t src, dst, xid, ciaddr, asked, server;
	uint16_t secs;
};

static inline bool read_frame(const struct kept_frame *k, struct asked *a)
{
	const uint8_t *ip = k->data + ETH_HLEN, *p = ip + IPV4_HLEN + UDP_HLEN;
	size_t len;

	if (load_be16(k->data + 12) != ETH_TYPE_IPV4 || ip[9] != IP_PROTO_UDP ||
	    load_be16(ip + IPV4_HLEN) != DHCP_PORT_CLIENT)
		return false;
	assert_int_equal(load_be16(ip + IPV4_HLEN + 2), DHCP_PORT_SERVER);
	len = load_be16(ip + IPV4_HLEN + 4) - UDP_HLEN;
	assert_true(udp_checksum_ok(
		ip + IPV4_HLEN, len + UDP_HLEN,
		csum_pseudo4(ip + 12, ip + 16, IP_PROTO_UDP, (uint16_t)(len + UDP_HLEN)), false));
	*a = (struct asked){.now_ns = k->now_ns,
			    .to_all = k->data[0] == 255,
			    .src = load_be32(ip + 12),
			    .dst = load_be32(ip + 16),
			    .xid = load_be32(p + 4),
			    .secs = load_be16(p + 8),
			    .broadcast_flag = p[10] >> 7,
			    .ciaddr = load_be32(p + 12)};
	assert_memory_equal(p + 28, stack_mac, 6);
	for (size_t off = DHCP_FIXED; p[off] != 255; off += 2u + p[off + 1]) {
		assert_true(off < len);
		if (p[off] == 53)
			a->type = p[off + 2];
		if (p[off] == 50)
			a->asked = load_be32(p + off + 2);
		if (p[off] == 54)
			a->server = load_be32(p + off + 2);
	}
	return true;
}

/* The next message that the client sends, at most so long from now. */
static inline bool next_asked(uint64_t ns, struct asked *a)
{
	uint64_t end = peer.world.now_ns + ns;

	for (;;) {
		const struct kept_frame *k = peer_take(&peer);

		if (k && read_frame(k, a))
			return true;
		if (!k && (peer.world.now_ns >= end || !peer_await(&peer, end - peer.world.now_ns)))
			return false;
	}
}

static inline struct asked expect(uint8_t type, uint64_t ns)
{
	struct asked a;

	assert_true(next_asked(ns, &a));
	assert_int_equal(a.type, type);
	return a;
}

/* ---- the server ------------------------------------------------------------------------------ */

static struct dhcp_reply r;

static inline void begin(uint8_t type, uint32_t xid, uint32_t addr)
{
	reply_begin(&r, type, xid, stack_mac, addr);
	reply_u32(&r, 54, SERVER);
	if (type != DHCP_NAK) {
		reply_u32(&r, 51, LEASE_S);
		reply_u32(&r, 1, 0xffffff00);
		reply_u32(&r, 3, SERVER);
	}
}

static inline void say_from(uint16_t port, uint32_t dst)
{
	static uint8_t f[PEER_FRAME_MAX];

	reply_end(&r);
	peer_input(&peer, f,
		   frame_udp(f, &(struct udp_spec){.ip = {.dst = dst,
							  .dst_mac = dst == ALL ? bcast_mac : NULL},
						   .sport = port,
						   .dport = DHCP_PORT_CLIENT,
						   .data = r.p,
						   .len = r.len}));
	peer_settle(&peer);
}

static inline void say_to(uint32_t dst)
{
	say_from(DHCP_PORT_SERVER, dst);
}

static inline void say(void)
{
	say_to(ALL);
}

/* ---- what the stack has ---------------------------------------------------------------------- */

static inline const struct nsk_addr_info *has(const char *cidr)
{
	static struct nsk_addr_info list[32];
	int n = nsk_addr_list(peer.world.host[0], list, 32);

	for (int i = 0; i < n; i++)
		if (strcmp(list[i].address, cidr) == 0)
			return &list[i];
	return NULL;
}

static inline const char *gateway_to(const char *addr)
{
	static struct nsk_route route;

	return nsk_route_get(peer.world.host[0], addr, &route) ? "none" : route.gateway;
}

static inline unsigned state(void)
{
	return world_worker(&peer.world, 0)->net->dhcp[0]->state;
}

static inline void with_dhcp(struct nsk_config *config)
{
	lines = 0;
	nsk_config_log(config, note_line, NULL, NSK_LOG_WARN);
	assert_int_equal(nsk_config_add_address(config, "dhcp"), 0);
}

static inline void with_two_workers(struct nsk_config *config)
{
	with_dhcp(config);
	assert_int_equal(nsk_config_workers(config, 2), 0);
}

static inline void with_six_workers(struct nsk_config *config)
{
	with_dhcp(config);
	assert_int_equal(nsk_config_workers(config, 6), 0);
}

static inline void start_with(const char *const *settings, void (*configure)(struct nsk_config *))
{
	struct nsk_iface_info info;

	memset(&peer, 0, sizeof(peer));
	peer.configure = configure;
	peer.no_arp = true; /* nothing is over before the test begins, */
	peer_start(&peer, settings);
	peer.no_arp = false; /* from then on 10.0.0.2 answers */
	assert_int_equal(nsk_iface_info(peer.world.host[0], 0, &info), 0);
	assert_int_equal(nsk_addr_del(peer.world.host[0], info.name, "10.0.0.1/24"), 0);
	peer_forget(&peer);
}

static inline void start(void)
{
	start_with(NULL, with_dhcp);
}

/* Up to the request for the offer. */
static inline struct asked choose(void)
{
	struct asked a = expect(DHCP_DISCOVER, 20 * MINUTE);

	begin(DHCP_OFFER, a.xid, OFFERED);
	say();
	return expect(DHCP_REQUEST, 0);
}

/* Until there is a lease. Returns when it begins. */
static inline uint64_t get_lease(void)
{
	struct asked a = choose();

	begin(DHCP_ACK, a.xid, OFFERED);
	say();
	assert_int_equal(state(), DHCP_BOUND);
	return a.now_ns;
}

static inline void finish(void)
{
	peer_finish(&peer, 0);
}

#endif
