/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One worker without a stack: two interfaces whose frames go into a list, a clock and timers in the
 * test's hands, and no loop. Enough for lib/net, lib/ip and lib/udp as they are.
 *
 *   if0  02:00:00:00:00:01  192.0.2.1/24 and 198.51.100.1/25, Ethernet
 *   if1  10.0.0.1/24, no link layer
 *   default route via 192.0.2.254 on if0
 */
#ifndef NSK_TESTS_UNIT_NET_WORLD_H
#define NSK_TESTS_UNIT_NET_WORLD_H

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "icmp/icmp.h"
#include "ip/ip.h"
#include "ip/reass.h"
#include "mbuf/pool.h"
#include "net/net.h"
#include "net/route.h"
#include "sock/item.h"
#include "udp/udp.h"
#include "wire/arp.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

#define MS	  UINT64_C(1000000)
#define SENT_MAX  2048
#define IF0_ADDR  0xc0000201u /* 192.0.2.1 */
#define IF0_BCAST 0xc00002ffu
#define IF0_ADDR2 0xc6336401u /* 198.51.100.1 */
#define IF1_ADDR  0x0a000001u /* 10.0.0.1 */
#define GATEWAY	  0xc00002feu /* 192.0.2.254 */
#define PEER	  0xc0000207u /* 192.0.2.7 */
#define FAR	  0x08080808u /* behind the gateway */

static const uint8_t if0_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 7};
static const uint8_t evil_mac[6] = {2, 0, 0, 0, 0, 66};
static const uint8_t all_mac[6] = {255, 255, 255, 255, 255, 255};

struct net_world {
	struct nsk_worker w; /* first */
	struct settings set;
	struct sock_worker sock;
	struct mem mem;
	struct iface ifc[2];
	struct net_snapshot snap;
	struct route_table *routes;
	struct port port[2];
	const struct ip_proto *protos[256];
	struct rte_mbuf *sent[SENT_MAX];
	uint8_t sent_iface[SENT_MAX];
	unsigned nsent;
	unsigned port_room; /* frames that the ports still take */
	bool reports;	    /* of groups are kept, else they are as if never sent */
	unsigned listens;   /* calls of a port's listen(), */
	struct eth_addr group[PORT_GROUPS_MAX]; /* and what the last one was told */
	unsigned ngroups;
	uint16_t owner;	   /* what flow_owner says */
	struct flow asked; /* of what flow */
	struct rte_mbuf *steered;
	struct rte_mbuf *delivered; /* by the test's own protocol */
	unsigned ndelivered;
	struct ip_error error; /* the last one told to it */
	struct flow error_flow;
	unsigned nerrors;
	unsigned shared; /* calls of share */
	struct stack_shared with_peers;
	uint64_t port_users[SHARED_PROTOS][SHARED_PORTS];
};

static struct net_world *net_world_of(struct nsk_worker *w)
{
	return (struct net_world *)w;
}

/* IGMP, or MLD behind its router alert. */
static bool nw_is_report(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	return m->data_len > 62 ? (load_be16(p + 12) == ETH_TYPE_IPV6 && p[20] == 0 && p[54] == 58)
				: m->data_len > 38 && load_be16(p + 12) == ETH_TYPE_IPV4 &&
					  p[14] == 0x46 && p[23] == IP_PROTO_IGMP;
}

static void nw_listen(struct port *port, const struct eth_addr *groups, unsigned n)
{
	struct net_world *world = (struct net_world *)port->log;

	memcpy(world->group, groups, n * sizeof(*groups));
	world->ngroups = n;
	world->listens++;
}

static const struct port_ops nw_port_ops = {.listen = nw_listen};

static uint16_t nw_tx_burst(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf **bufs,
			    uint16_t n)
{
	struct net_world *world = net_world_of(w);

	n = (uint16_t)NSK_MIN((unsigned)n, world->port_room);
	for (unsigned i = 0; i < n; i++) {
		if (!world->reports && nw_is_report(bufs[i])) {
			rte_pktmbuf_free(bufs[i]);
			continue;
		}
		assert_true(world->nsent < SENT_MAX);
		world->sent_iface[world->nsent] = ifc->index;
		world->sent[world->nsent++] = bufs[i];
	}
	world->port_room -= n;
	return n;
}

static uint16_t nw_flow_owner(struct nsk_worker *w, const struct flow *flow)
{
	net_world_of(w)->asked = *flow;
	return net_world_of(w)->owner;
}

static void nw_steer(struct nsk_worker *w, uint16_t owner, struct rte_mbuf *m)
{
	assert_int_equal(owner, net_world_of(w)->owner);
	assert_null(net_world_of(w)->steered);
	net_world_of(w)->steered = m;
}

static void nw_share(struct nsk_worker *w, struct rte_mbuf *m)
{
	(void)m;
	net_world_of(w)->shared++;
}

static inline int nw_route(struct nsk_worker *w, const struct route *route, bool add)
{
	struct route_table *routes = net_world_of(w)->routes;

	return add ? route_add(routes, route) : route_del_own(routes, route);
}

static uint64_t nw_since_1970_ns(struct nsk_worker *w)
{
	(void)w;
	return 0;
}

static const struct worker_ops nw_ops = {
	.since_1970_ns = nw_since_1970_ns,
	.route = nw_route,
	.flow_owner = nw_flow_owner,
	.steer = nw_steer,
	.share = nw_share,
	.tx_burst = nw_tx_burst,
	.ip_input = ip_input,
};

static const wheel_fn nw_timers[TIMER_KINDS] =
	{[TIMER_NEIGH] = neigh_timer, [TIMER_IP_REASS] = reass_timer};

/* The test's own transport, number 253 (RFC 3692). */
static void nw_proto_input(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct net_world *world = net_world_of(w);

	pkt_free(world->delivered);
	world->delivered = m;
	world->ndelivered++;
}

static bool nw_proto_error(struct nsk_worker *w, const struct ip_error *e)
{
	struct net_world *world = net_world_of(w);

	world->error = *e;
	world->error_flow = *e->flow;
	world->nerrors++;
	return true;
}

#define NW_PROTO 253
static const struct ip_proto nw_proto = {.input = nw_proto_input, .error = nw_proto_error};

static inline struct ip_prefix nw_prefix(const char *text)
{
	struct ip_prefix p;

	assert_int_equal(ip_prefix_parse(&p, text), 0);
	return p;
}

static inline void nw_add_route(struct net_world *world, const char *dst, uint32_t gateway,
				uint8_t iface)
{
	struct route r = {.dst = nw_prefix(dst), .iface = iface};

	if (gateway)
		r.gateway = ip_addr_from_host32(gateway);
	assert_int_equal(route_add(world->routes, &r), 0);
}

static void nw_ifaces(struct net_world *world)
{
	struct ip_prefix a = nw_prefix("192.0.2.1/24"), b = nw_prefix("198.51.100.1/25"),
			 c = nw_prefix("10.0.0.1/24");

	for (unsigned i = 0; i < 2; i++) {
		world->ifc[i] = (struct iface){
			.index = (uint8_t)i,
			.ethernet = i == 0,
			.mtu = 1500,
			.tx_offloads = PORT_TX_MULTI_SEG,
			.rx_queues = 1,
			.tx_queues = 1,
			.state = NSK_IFACE_ENABLED,
			.link_up = true,
			.port = &world->port[i],
		};
		world->snap.iface[i] = &world->ifc[i];
	}
	strcpy(world->ifc[0].name, "if0");
	strcpy(world->ifc[1].name, "if1");
	memcpy(world->ifc[0].mac.b, if0_mac, 6);
	assert_int_equal(iface_add_addr(&world->ifc[0], &a), 0);
	assert_int_equal(iface_add_addr(&world->ifc[0], &b), 0);
	assert_int_equal(iface_add_addr(&world->ifc[1], &c), 0);
}

/* Settings are as in lib/stack's table, for what these rooms read. */
static void nw_settings(struct settings *set)
{
	*set = (struct settings){
		.tx_ring = 128,
		.max_sockets = 1024,
		.port_min = 32768,
		.port_max = 60999,
		.udp_rcvbuf = 212992,
		.udp_sndbuf = 212992,
		.ip_ttl = 64,
		.ip_frag_mem = 4194304,
		.ip_frag_timeout_ms = 30000,
		.ip_frag_max_dist = 64,
		.arp_entries = 1024,
		.arp_queue = 3,
		.arp_timeout_ms = 60000,
		.arp_retry_ms = 1000,
		.arp_retries = 3,
		.icmp_rate = 1000,
		.icmp_burst = 50,
		.icmp_echo = 1,
	};
}

/* A world whose settings the test may change before nw_start(). */
static struct net_world *nw_new(void)
{
	struct net_world *world = aligned_alloc(alignof(struct net_world), sizeof(*world));
	static unsigned number;
	char name[20];
	struct pkt_pool_params pool = {.name = name,
				       .count = 1023,
				       .data_room = 2048 + RTE_PKTMBUF_HEADROOM,
				       .numa_node = -1};

	assert_non_null(world);
	memset(world, 0, sizeof(*world));
	snprintf(name, sizeof(name), "nw%u", number++);
	mem_init(&world->mem, NULL);
	nw_settings(&world->set);
	assert_int_equal(pkt_pool_create(&world->w.pool, &pool), 0);
	world->w.set = &world->set;
	world->w.mem = &world->mem;
	world->w.ops = &nw_ops;
	world->w.peers = 1;
	world->w.shared = &world->with_peers;
	world->w.sock = &world->sock;
	for (unsigned i = 0; i < SHARED_PROTOS; i++)
		world->with_peers.port_users[i] = world->port_users[i];
	world->w.now_ns = 1000000 * MS;
	world->port_room = UINT32_MAX;
	rng_seed(&world->w.rng, 1);
	wheel_init(&world->w.wheel, world->w.now_ns, nw_timers, TIMER_KINDS, &world->w);
	nw_ifaces(world);
	world->routes = route_table_new(&world->mem, 1024);
	nw_add_route(world, "192.0.2.0/24", 0, 0);
	nw_add_route(world, "198.51.100.0/25", 0, 0);
	nw_add_route(world, "10.0.0.0/24", 0, 1);
	nw_add_route(world, "0.0.0.0/0", GATEWAY, 0);
	for (unsigned i = 0; i < 2; i++) {
		world->port[i].ops = &nw_port_ops;
		world->port[i].log = (struct log *)world; /* whose it is; nothing logs there */
	}
	world->snap.generation = 1;
	world->snap.nifaces = 2;
	world->snap.routes = world->routes;
	world->protos[NW_PROTO] = &nw_proto;
	world->protos[IP_PROTO_ICMP] = &icmp_proto;
	world->protos[IP_PROTO_UDP] = &udp_proto;
	world->protos[IP_PROTO_FRAGMENT] = &ip_fragment_proto;
	return world;
}

static void nw_start(struct net_world *world)
{
	assert_int_equal(net_worker_init(&world->w, &world->snap), 0);
	assert_int_equal(ip_worker_init(&world->w, world->protos), 0);
	assert_int_equal(icmp_worker_init(&world->w), 0);
	assert_int_equal(udp_worker_init(&world->w), 0);
}

static inline int nw_setup(void **state)
{
	struct net_world *world = nw_new();

	nw_start(world);
	*state = world;
	return 0;
}

static inline void nw_forget_sent(struct net_world *world)
{
	for (unsigned i = 0; i < world->nsent; i++)
		pkt_free(world->sent[i]);
	world->nsent = 0;
}

/* Nothing may be left: no buffer, no memory. */
static inline int nw_teardown(void **state)
{
	struct net_world *world = *state;
	uint32_t leaked;

	if (world->w.udp)
		udp_worker_fini(&world->w);
	icmp_worker_fini(&world->w);
	if (world->w.ip)
		ip_worker_fini(&world->w);
	if (world->w.net)
		net_worker_fini(&world->w);
	nw_forget_sent(world);
	pkt_free(world->delivered);
	pkt_free(world->steered);
	route_table_free(world->routes);
	leaked = pkt_pool_destroy(world->w.pool);
	assert_int_equal(leaked, 0);
	assert_int_equal(world->mem.bytes, 0);
	free(world);
	return 0;
}

static inline int nw_group_setup(void **state)
{
	const char *argv[] = {"test", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			      "-m",   "64",	   "--lcores", "0@0",	      "--log-level=error",
			      NULL};

	(void)state;
	return rte_eal_init(10, (char **)argv) < 0 ? -1 : 0;
}

/* Time passes, with the timers that fall due. */
static inline void nw_pass(struct net_world *world, uint64_t ms)
{
	uint64_t end = world->w.now_ns + ms * MS;

	while (world->w.now_ns < end) {
		uint64_t next = wheel_next_ns(&world->w.wheel);

		world->w.now_ns = NSK_MIN(NSK_MAX(next, world->w.now_ns + 1), end);
		while (wheel_run(&world->w.wheel, world->w.now_ns, 64))
			;
	}
	net_tx_flush(&world->w);
}

static inline struct rte_mbuf *nw_buffer(struct net_world *world, const void *data, size_t len)
{
	struct rte_mbuf *m = pkt_alloc(&world->w);

	assert_non_null(m);
	memset(pkt_of(m), 0, sizeof(struct pkt));
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), data, len);
	return m;
}

/* A frame comes in on if0. */
static inline void nw_frame(struct net_world *world, const uint8_t *dst, const uint8_t *src,
			    uint16_t type, const void *payload, size_t len)
{
	uint8_t frame[2048];

	eth_write(frame, dst, src, type);
	memcpy(frame + ETH_HLEN, payload, len);
	net_input(&world->w, &world->ifc[0], nw_buffer(world, frame, ETH_HLEN + len));
	net_tx_flush(&world->w);
}

static inline void nw_arp(struct net_world *world, uint16_t op, const uint8_t *sha, uint32_t spa,
			  uint32_t tpa)
{
	struct arp_view v = {.op = op, .spa = spa, .tpa = tpa};
	uint8_t buf[ARP_LEN];

	memcpy(v.sha, sha, 6);
	arp_write(buf, &v);
	nw_frame(world, op == ARP_OP_REQUEST ? all_mac : if0_mac, sha, ETH_TYPE_ARP, buf, ARP_LEN);
}

/* Writes an IPv4 packet with a good header; returns its length. */
static inline size_t nw_ipv4(uint8_t *p, uint32_t src, uint32_t dst, uint8_t proto,
			     const void *payload, size_t len)
{
	ipv4_write(p, &(struct ipv4_view){.src = src,
					  .dst = dst,
					  .total_len = (uint16_t)(IPV4_HLEN + len),
					  .ttl = 9,
					  .tos = 0x20,
					  .proto = proto});
	ipv4_set_checksum(p, IPV4_HLEN);
	memcpy(p + IPV4_HLEN, payload, len);
	return IPV4_HLEN + len;
}

/* An IPv4 packet of the test's own protocol, or another, comes in on if0 from the peer's MAC. */
static inline void nw_packet(struct net_world *world, uint32_t src, uint32_t dst, uint8_t proto,
			     const void *payload, size_t len)
{
	uint8_t p[2048];

	len = nw_ipv4(p, src, dst, proto, payload, len);
	nw_frame(world, if0_mac, peer_mac, ETH_TYPE_IPV4, p, len);
}

/* The bytes of a frame that was sent; it must be contiguous. */
static inline const uint8_t *nw_sent(const struct net_world *world, unsigned i, size_t *len)
{
	assert_true(i < world->nsent);
	assert_int_equal(world->sent[i]->nb_segs, 1);
	*len = world->sent[i]->data_len;
	return rte_pktmbuf_mtod(world->sent[i], const uint8_t *);
}

/* Frame i is an ARP packet with this operation, to this MAC. */
static inline struct arp_view nw_sent_arp(const struct net_world *world, unsigned i, uint16_t op,
					  const uint8_t *dst)
{
	struct arp_view v;
	size_t len;
	const uint8_t *f = nw_sent(world, i, &len);

	assert_int_equal(len, ETH_HLEN + ARP_LEN);
	assert_memory_equal(f, dst, 6);
	assert_memory_equal(f + 6, if0_mac, 6);
	assert_int_equal(load_be16(f + 12), ETH_TYPE_ARP);
	assert_int_equal(arp_parse(f + ETH_HLEN, ARP_LEN, &v), 0);
	assert_int_equal(v.op, op);
	assert_memory_equal(v.sha, if0_mac, 6);
	return v;
}

/* Frame i is a sound IPv4 packet to this MAC (NULL: without a link header). Returns its payload. */
static inline const uint8_t *nw_sent_ip(const struct net_world *world, unsigned i,
					const uint8_t *dst, struct ipv4_view *v)
{
	size_t len;
	const uint8_t *f = nw_sent(world, i, &len);

	if (dst) {
		assert_memory_equal(f, dst, 6);
		assert_memory_equal(f + 6, if0_mac, 6);
		assert_int_equal(load_be16(f + 12), ETH_TYPE_IPV4);
		f += ETH_HLEN;
		len -= ETH_HLEN;
	}
	*v = (struct ipv4_view){0};
	assert_int_equal(ipv4_parse(f, len, len, 0, v), 0);
	assert_int_equal(v->total_len, len);
	return f + v->hdr_len;
}

/* The peer's link address becomes known, by an answer to our question. */
static inline void nw_resolve(struct net_world *world, uint32_t addr, const uint8_t *mac)
{
	struct ip_addr dst = ip_addr_from_host32(addr), src = {.family = 0};
	struct route_cache rc;

	assert_int_equal(net_route(&world->w, &rc, &dst, &src), 0);
	net_output(&world->w, &rc, nw_buffer(world, "x", 1));
	nw_arp(world, ARP_OP_REPLY, mac, addr, ip_addr_host32(&src));
	assert_int_equal(rc.neigh->state, NEIGH_REACHABLE);
	nw_forget_sent(world);
}

/* Drops of one reason, and of all of them together: nothing else was counted. */
static inline void nw_assert_drops(const struct net_world *world, enum nsk_drop reason, uint64_t n)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < NSK_DROP_MAX; i++)
		all += world->w.drop[i];
	assert_int_equal(world->w.drop[reason], n);
	assert_int_equal(all, n);
}

/* Its peer is resolved. */
static inline int nw_setup_peer(void **state)
{
	nw_setup(state);
	nw_resolve(*state, PEER, peer_mac);
	return 0;
}

#define NW_TEST(name)	   cmocka_unit_test_setup_teardown(name, nw_setup, nw_teardown)
#define NW_TEST_PEER(name) cmocka_unit_test_setup_teardown(name, nw_setup_peer, nw_teardown)

#endif
