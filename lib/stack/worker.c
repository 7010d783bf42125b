/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building and taking down one worker: memory on its node, rings, pool, protocols. Each step that
 * can fail asks config_step() first, so that a test can make each fail in turn; unwinding is the
 * mirror image.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <numa.h>
#include <stdio.h>
#include <string.h>

#include "icmp/icmp.h"
#include "ip/ip.h"
#include "ip/reass.h"
#include "mbuf/pool.h"
#include "net/neigh.h"
#include "net/net.h"
#include "sock/sock.h"
#include "stack/build.h"
#include "stack/node_mem.h"
#include "stack/settings.h"
#include "stack/sizing.h"
#include "stack/stack.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

#define CALL_RING     1024
#define HANDOFF_SHARE 8	  /* of a pool's buffers, for all other workers together */
#define HANDOFF_MIN   64u /* a burst */

/* ---- memory on a node ---------------------------------------------------------------------- */

static bool many_nodes(void)
{
	return numa_available() >= 0 && numa_num_configured_nodes() > 1;
}

static int node_of_cpu(int cpu)
{
	return cpu >= 0 && many_nodes() ? numa_node_of_cpu(cpu) : -1;
}

/* ---- tables of the protocols --------------------------------------------------------------- */

static const wheel_fn timer_fns[TIMER_KINDS] = {
	[TIMER_TCP_CONN] = tcp_conn_timer,
	[TIMER_TCP_SYN] = tcp_syn_timer,
	[TIMER_TCP_TIME_WAIT] = tcp_time_wait_timer,
	[TIMER_TCP_STARVED] = tcp_starved_timer,
	[TIMER_NEIGH] = neigh_timer,
	[TIMER_IP_REASS] = reass_timer,
};

static const struct ip_proto *const protos[256] = {
	[IPPROTO_ICMP] = &icmp_proto,	 [IPPROTO_TCP] = &tcp_proto,
	[IPPROTO_UDP] = &udp_proto,	 [IPPROTO_FRAGMENT] = &ip_fragment_proto,
	[IPPROTO_ICMPV6] = &icmp6_proto, [IPPROTO_IGMP] = &igmp_proto,
};

static const struct sock_family families[] = {
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, tcp_create},
	{AF_INET, SOCK_DGRAM, IPPROTO_UDP, udp_create},
	{AF_INET, SOCK_DGRAM, IPPROTO_ICMP, icmp_create_ping},
	{AF_INET, SOCK_RAW, IPPROTO_ICMP, icmp_create_raw},
	{AF_INET6, SOCK_STREAM, IPPROTO_TCP, tcp_create},
	{AF_INET6, SOCK_DGRAM, IPPROTO_UDP, udp_create},
};

/* ---- create and destroy -------------------------------------------------------------------- */

/*
 * A ring that others put into, with relaxed tail sync (RTS): one that loses its core between taking
 * its place and filling it keeps nobody else from putting theirs, as it would in a ring of the
 * ordinary kind, where they would spin until it runs again. Nor do they while there is room: DPDK
 * lets them go ahead of it by an eighth of the ring unless told otherwise. What they put is seen
 * when that one has filled its place.
 */
static struct rte_ring *make_ring(const char *name, unsigned size, unsigned flags)
{
	struct rte_ring *ring = rte_ring_create(name, size, SOCKET_ID_ANY,
						RING_F_EXACT_SZ | RING_F_MP_RTS_ENQ | flags);

	if (ring)
		rte_ring_set_prod_htd_max(ring, rte_ring_get_capacity(ring));
	return ring;
}

static int make_call_ring(struct run_worker *r, struct nsk_config *config)
{
	char name[32];
	int rc = build_step(config, "call ring of worker %u", r->w.id);

	if (rc)
		return rc;
	snprintf(name, sizeof(name), "nsk%u_c%u", r->stack->id, r->w.id);
	r->call_ring = make_ring(name, CALL_RING, 0);
	if (!r->call_ring)
		return build_fail(config, ENOMEM, "no EAL memory for the call ring of worker %u",
				  r->w.id);
	return 0;
}

int worker_create(struct nsk_stack *stack, unsigned index, struct nsk_config *config,
		  struct run_worker **out)
{
	size_t size = sizeof(struct run_worker) + stack->nworkers * sizeof(struct steer_batch);
	int node = node_of_cpu(config->cpu[index]);
	struct run_worker *r;
	int rc = build_step(config, "memory of worker %u", index);

	if (rc)
		return rc;
	r = node_map(size, NSK_CACHELINE, node);
	if (!r)
		return build_fail(config, ENOMEM, "no memory for worker %u", index);
	*out = r;
	r->mapping_size = size;
	r->numa_node = node;
	r->stack = stack;
	r->cpu = config->cpu[index];
	r->node_ops =
		(struct mem_ops){.alloc = node_alloc, .free = node_free, .arg = &r->numa_node};
	mem_init(&r->mem, node >= 0 ? &r->node_ops : NULL);
	r->w.set = &stack->set;
	r->w.stack = stack;
	r->w.shared = &stack->shared;
	r->w.ops = &loop_ops;
	r->w.log = &stack->log;
	r->w.mem = &r->mem;
	r->w.id = (uint16_t)index;
	r->w.peers = (uint16_t)stack->nworkers;
	r->w.run = r;
	r->w.now_ns = clock_read(&stack->clock, &r->reader);
	r->turn_ns = r->w.now_ns;
	idle_init(r);
	rng_seed(&r->w.rng, stack->seed + 0x9e3779b97f4a7c15u * index);
	wheel_init(&r->w.wheel, r->w.now_ns, timer_fns, TIMER_KINDS, &r->w);
	call_tick_init(r);
	return make_call_ring(r, config);
}

static void drain_ring(struct rte_ring *ring)
{
	void *obj;

	while (ring && rte_ring_dequeue(ring, &obj) == 0)
		rte_pktmbuf_free(obj);
}

void worker_drain(struct run_worker *r)
{
	if (!r)
		return;
	drain_ring(r->steer_ring);
	drain_ring(r->tx_ring);
	steer_forget(r);
}

void worker_destroy(struct run_worker *r)
{
	uint32_t leaked = 0;

	if (!r)
		return;
	rte_ring_free(r->steer_ring);
	rte_ring_free(r->tx_ring);
	rte_ring_free(r->call_ring);
	idle_fini(r);
	if (r->w.pool)
		leaked = pkt_pool_destroy(r->w.pool);
	if (leaked)
		LOG_ERR(&r->stack->log, "pool", "worker %u ended with %u packet buffers still out",
			r->w.id, leaked);
	if (r->mem.bytes)
		LOG_ERR(&r->stack->log, "memory", "worker %u ended with %zu bytes still out",
			r->w.id, r->mem.bytes);
	node_unmap(r, r->mapping_size);
}

/* What was asked for, or as many as the ports do: sizing.h. */
static uint32_t pool_size(const struct run_worker *r)
{
	const struct settings *set = &r->stack->set;
	uint64_t descriptors = 0;

	if (set->pool_bufs)
		return set->pool_bufs;
	for (unsigned i = 0; i < r->stack->nifaces; i++)
		if (r->stack->iface[i].port->caps.device_memory)
			descriptors += set->rx_ring + set->tx_ring;
	return (uint32_t)sizing_buffers(descriptors, 0);
}

/* Packets that may wait for one worker. One that stands still holds on to them, and must not be
 * missed by those whose buffers they are; what a turn receives at once always fits. */
static uint32_t handoff_size(const struct run_worker *r)
{
	uint32_t share = r->w.pool->count / HANDOFF_SHARE / (r->w.peers - 1u);

	return NSK_MIN(r->w.set->handoff_ring, NSK_MAX(share, HANDOFF_MIN));
}

static int make_steering_rings(struct run_worker *r, struct nsk_config *config)
{
	char name[32];
	unsigned size;
	int rc;

	if (r->w.peers == 1)
		return 0;
	rc = build_step(config, "steering rings of worker %u", r->w.id);
	if (rc)
		return rc;
	size = handoff_size(r);
	snprintf(name, sizeof(name), "nsk%u_s%u", r->stack->id, r->w.id);
	r->steer_ring = make_ring(name, size, RING_F_SC_DEQ);
	snprintf(name, sizeof(name), "nsk%u_t%u", r->stack->id, r->w.id);
	r->tx_ring = make_ring(name, size, RING_F_SC_DEQ);
	if (!r->steer_ring || !r->tx_ring)
		return build_fail(config, ENOMEM,
				  "no EAL memory for the steering rings of worker %u", r->w.id);
	return 0;
}

/* Rings that take all buffers would leave none to receive into or to answer with. */
static int check_pool(const struct run_worker *r, struct nsk_config *config)
{
	uint32_t have = r->stack->set.pool_bufs, rings = 0;

	for (unsigned i = 0; i < r->stack->nifaces; i++)
		rings += iface_rx_buffers(r->stack, &r->stack->iface[i], r->w.id);
	if (have == 0 || rings == 0 || have >= rings + SETTINGS_POOL_LEAST)
		return 0;
	return config_fail_at(
		config, config_set_at(config, settings_find("pool.buffers")), EINVAL,
		"pool.buffers = %u: too small, the receive rings of worker %u alone hold %u: give at least "
		"%u, or 0 (as many as the ports ask for), or lower rx_ring",
		have, r->w.id, rings, rings + SETTINGS_POOL_LEAST);
}

int worker_create_pool(struct run_worker *r, struct nsk_config *config, bool device_memory)
{
	char name[24];
	struct pkt_pool_params params = {
		.name = name,
		.count = pool_size(r),
		.data_room = r->stack->set.buf_bytes + RTE_PKTMBUF_HEADROOM,
		.numa_node = r->numa_node,
		.device_memory = device_memory,
		.shared = r->stack->nworkers > 1 || device_memory,
	};
	int rc = build_step(config, "packet pool of worker %u", r->w.id);

	if (rc == 0)
		rc = check_pool(r, config);
	if (rc)
		return rc;
	snprintf(name, sizeof(name), "nsk%u_p%u", r->stack->id, r->w.id);
	rc = pkt_pool_create(&r->w.pool, &params);
	if (rc)
		return config_fail_at(
			config, config_set_at(config, settings_find("pool.buffers")), -rc,
			"no memory for %u packet buffers of %u bytes: lower pool.buffers%s",
			params.count, params.data_room,
			device_memory ? ", or give EAL more (hugepages, or --eal \"-m MEGABYTES\")"
				      : "");
	return make_steering_rings(r, config);
}

/* ---- protocols ----------------------------------------------------------------------------- */

static int init_net(struct nsk_worker *w)
{
	return net_worker_init(w, &w->stack->snap);
}

static int init_ip(struct nsk_worker *w)
{
	return ip_worker_init(w, protos);
}

static int init_sock(struct nsk_worker *w)
{
	return sock_worker_init(w, families, sizeof(families) / sizeof(families[0]));
}

/* In the order of the rooms; taken down in the mirror order. */
static const struct {
	const char *name;
	int (*init)(struct nsk_worker *w);
	void (*fini)(struct nsk_worker *w);
} protocols[] = {
	{"sockets", init_sock, sock_worker_fini},  {"neighbours", init_net, net_worker_fini},
	{"IP", init_ip, ip_worker_fini},	   {"ICMP", icmp_worker_init, icmp_worker_fini},
	{"UDP", udp_worker_init, udp_worker_fini}, {"TCP", tcp_worker_init, tcp_worker_fini},
};

/* Counts from here on: what a worker cannot do without has been taken, and so can be named. */
static int limit_memory(struct run_worker *r, struct nsk_config *config)
{
	uint64_t limit = r->w.set->mem_limit;

	if (limit && limit < r->mem.bytes)
		return config_fail_at(config, config_set_at(config, settings_find("mem_limit")),
				      EINVAL,
				      "mem_limit = %" PRIu64
				      ": too small, a worker needs %zu bytes to start with, "
				      "and more for each connection",
				      limit, r->mem.bytes);
	if (limit)
		r->mem.limit = limit;
	return 0;
}

int worker_start(struct run_worker *r, struct nsk_config *config)
{
	for (unsigned i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		int rc = build_step(config, "%s of worker %u", protocols[i].name, r->w.id);

		if (rc)
			return rc;
		rc = protocols[i].init(&r->w);
		if (rc)
			return build_fail(config, -rc, "worker %u: no memory for %s", r->w.id,
					  protocols[i].name);
		r->protocols = i + 1;
	}
	return limit_memory(r, config);
}

/* Resets what still ends by itself while the interfaces can carry it. */
void worker_quiesce(struct run_worker *r)
{
	tcp_worker_abort(&r->w);
	net_tx_flush(&r->w);
}

void worker_stop(struct run_worker *r)
{
	while (r->protocols)
		protocols[--r->protocols].fini(&r->w);
}
