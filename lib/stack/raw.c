/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device without a stack: the same steps that build a stack, up to the port. No protocol runs
 * here.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>

#include <netstk/raw.h>

#include "mbuf/pool.h"
#include "sock/handle.h"
#include "stack/build.h"
#include "stack/settings.h"
#include "stack/stack.h"

/* In a child made by fork() its parent's devices and buffers are not touched. */
static inline bool not_ours(void)
{
	return NSK_UNLIKELY(handles.forked);
}

/* One a device, in an array. */
struct nsk_raw {
	struct nsk_stack *stack;
	struct port *port;
	struct nsk_raw_info info;
	bool registered; /* of the first: the thread is known to EAL */
	bool last;
};

static void find_gateway(const struct nsk_config *config, struct nsk_raw_info *info)
{
	for (unsigned i = 0; i < config->nroutes; i++)
		if (config->route[i].dst.len == 0 && config->route[i].gateway.family == AF_INET)
			memcpy(info->gateway, config->route[i].gateway.b, 4);
}

static void take_facts(struct nsk_raw *raw, const struct iface *ifc,
		       const struct nsk_config *config)
{
	raw->port = ifc->port;
	memcpy(raw->info.mac, ifc->mac.b, sizeof(raw->info.mac));
	raw->info.mtu = ifc->mtu;
	raw->info.ethernet = ifc->ethernet;
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		if (ifc->addrs[i].addr.family != AF_INET)
			continue;
		memcpy(raw->info.address, ifc->addrs[i].addr.b, 4);
		raw->info.prefix_len = ifc->addrs[i].prefix_len;
		break;
	}
	find_gateway(config, &raw->info);
}

static void pin_here(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* A setting that somebody asked for by -o and that only a stack would heed. What a file says may be
 * meant for other programs. */
static int check_settings(struct nsk_config *config)
{
	static const char *const heeded[] = {"rx_ring", "tx_ring", "mtu", "pool.buffers"};

	for (unsigned i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		const struct config_place *at = config_set_at(config, row);
		bool mine = false;

		for (size_t k = 0; k < NSK_ARRAY_LEN(heeded); k++)
			mine |= strcmp(row->name, heeded[k]) == 0;
		if (!mine && at->name && at->name[0] == '-')
			return config_fail_at(config, at, EINVAL,
					      "%s does nothing here: there is no stack", row->name);
	}
	return 0;
}

int nsk_raw_open(struct nsk_config *config, uint32_t buffers, struct nsk_raw **out)
{
	struct nsk_stack *stack;
	struct nsk_raw *raw;
	int rc;

	if (!config || !out) {
		errno = EINVAL;
		return -1;
	}
	rc = check_settings(config);
	if (rc == 0)
		rc = stack_build_ports(config, buffers, &stack);
	if (rc) {
		errno = -rc;
		return -1;
	}
	raw = calloc(stack->nifaces, sizeof(*raw));
	if (!raw) {
		stack_free_ports(stack);
		build_fail(config, ENOMEM, "no memory for raw ports");
		errno = ENOMEM;
		return -1;
	}
	pin_here(config->cpu[0]);
	raw->registered = rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0;
	for (unsigned i = 0; i < stack->nifaces; i++) {
		raw[i].stack = stack;
		take_facts(&raw[i], &stack->iface[i], config);
	}
	raw[stack->nifaces - 1].last = true;
	*out = raw;
	return 0;
}

struct nsk_raw *nsk_raw_next(struct nsk_raw *raw)
{
	return raw->last ? NULL : raw + 1;
}

void nsk_raw_close(struct nsk_raw *raw)
{
	if (!raw || not_ours())
		return;
	stack_free_ports(raw->stack);
	if (raw->registered)
		rte_thread_unregister();
	free(raw);
}

void nsk_raw_info(struct nsk_raw *raw, struct nsk_raw_info *info)
{
	struct port_link link = {0};

	if (!not_ours())
		raw->port->ops->link(raw->port, &link);
	raw->info.link_up = link.up;
	*info = raw->info;
}

void nsk_raw_stats(struct nsk_raw *raw, struct nsk_raw_stats *stats)
{
	struct port_stats s = {0};

	if (!not_ours())
		raw->port->ops->stats(raw->port, &s);
	*stats = (struct nsk_raw_stats){
		.rx_packets = s.rx_packets,
		.rx_bytes = s.rx_bytes,
		.tx_packets = s.tx_packets,
		.tx_bytes = s.tx_bytes,
		.rx_missed = s.rx_missed,
		.rx_nobuf = s.rx_nobuf,
		.rx_errors = s.rx_errors,
		.tx_errors = s.tx_errors + s.tx_unfit + s.tx_down,
		.injected = s.injected,
		.marked = s.marked,
		.duplicated = s.duplicated,
		.corrupted = s.corrupted,
		.late = s.held,
	};
}

unsigned nsk_raw_rx(struct nsk_raw *raw, struct rte_mbuf **bufs, unsigned max)
{
	if (not_ours())
		return 0;
	return raw->port->ops->rx_burst(raw->port, 0, nsk_raw_now(raw), bufs,
					(uint16_t)NSK_MIN(max, 64u));
}

unsigned nsk_raw_tx(struct nsk_raw *raw, struct rte_mbuf **bufs, unsigned count)
{
	if (not_ours())
		return 0;
	return raw->port->ops->tx_burst(raw->port, 0, nsk_raw_now(raw), bufs,
					(uint16_t)NSK_MIN(count, 512u));
}

int nsk_raw_alloc(struct nsk_raw *raw, struct rte_mbuf **bufs, unsigned count)
{
	int err = not_ours() ? EPERM : ENOBUFS;

	if (err != EPERM && pkt_alloc_bulk(&raw->stack->worker[0]->w, bufs, count) == 0)
		return 0;
	errno = err;
	return -1;
}

void nsk_raw_free(struct nsk_raw *raw, struct rte_mbuf **bufs, unsigned count)
{
	(void)raw;
	if (!not_ours())
		rte_pktmbuf_free_bulk(bufs, count);
}

uint64_t nsk_raw_now(struct nsk_raw *raw)
{
	struct nsk_worker *w = &raw->stack->worker[0]->w;

	w->ops->read_clock(w);
	return w->now_ns;
}
