/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life of an interface once its port is open: enable, watch the link, disable. States go
 * disabled → enabling → enabled → disabling → disabled, and each change is an event.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mbuf/pool.h"
#include "net/neigh.h"
#include "net/rss.h"
#include "sock/call.h"
#include "stack/offload.h"
#include "stack/settings.h"
#include "stack/stack.h"

static void tell(struct nsk_stack *stack, enum nsk_event_type type, const struct iface *ifc,
		 int value)
{
	struct nsk_event event = {.type = type, .iface = ifc->name, .value = value};

	if (stack->event_fn)
		stack->event_fn(stack->event_arg, &event);
}

static void set_state(struct nsk_stack *stack, struct iface *ifc, enum nsk_iface_state state)
{
	iface_set_state(ifc, state);
	net_snapshot_touch(&stack->snap);
	twin_follow(ifc);
	tell(stack, NSK_EVENT_IFACE_STATE, ifc, state);
}

static void plan_queues(const struct nsk_stack *stack, const struct port_caps *caps,
			struct port_setup *setup)
{
	bool spread = (caps->offloads & PORT_RX_RSS) && caps->rx_queues_max >= stack->nworkers;

	setup->rx_queues =
		(uint16_t)(spread && stack->nworkers <= PORT_QUEUES_MAX ? stack->nworkers : 1);
	setup->tx_queues = (uint16_t)NSK_MIN(
		NSK_MIN((unsigned)caps->tx_queues_max, stack->nworkers), (unsigned)PORT_QUEUES_MAX);
	setup->offloads = offloads_wanted(stack, caps->offloads);
	if (setup->rx_queues == 1)
		setup->offloads &= ~(uint32_t)PORT_RX_RSS;
	setup->rss_key = rss_key;
	setup->rx_desc = port_ring_size(stack->set.rx_ring, caps->rx_desc_min, caps->rx_desc_max);
	setup->tx_desc = port_ring_size(stack->set.tx_ring, caps->tx_desc_min, caps->tx_desc_max);
}

/* A port with one queue is polled by one worker, different ports by different ones, which sends by
 * it as well if it can do so by one queue only. */
static unsigned queue_home(const struct nsk_stack *stack, const struct iface *ifc,
			   uint16_t rx_queues, uint16_t queue)
{
	return rx_queues == 1 ? ifc->index % stack->nworkers : queue;
}

static struct run_worker *queue_worker(struct nsk_stack *stack, const struct iface *ifc,
				       uint16_t queue)
{
	return stack->worker[queue_home(stack, ifc, ifc->rx_queues, queue)];
}

uint32_t iface_rx_buffers(const struct nsk_stack *stack, const struct iface *ifc, unsigned worker)
{
	struct port_setup setup = {0};
	uint32_t buffers = 0;

	if (!ifc->port->caps.device_memory)
		return 0;
	plan_queues(stack, &ifc->port->caps, &setup);
	for (uint16_t q = 0; q < setup.rx_queues; q++)
		if (queue_home(stack, ifc, setup.rx_queues, q) == worker)
			buffers += setup.rx_desc;
	return buffers;
}

static void warn_distant(struct nsk_stack *stack, const struct iface *ifc,
			 const struct run_worker *r)
{
	int node = ifc->port->caps.numa_node;

	if (node >= 0 && r->numa_node >= 0 && node != r->numa_node)
		LOG_WARN(
			&stack->log, "numa",
			"%s is on NUMA node %d but worker %u on node %d: each packet crosses nodes; choose a core of node "
			"%d with -l",
			ifc->name, node, r->w.id, r->numa_node, node);
}

static void poll_queues(struct nsk_stack *stack, struct iface *ifc)
{
	for (uint16_t q = 0; q < ifc->rx_queues; q++) {
		struct run_worker *r = queue_worker(stack, ifc, q);

		r->source[r->nsources++] = (struct rx_source){.ifc = ifc, .queue = q};
		warn_distant(stack, ifc, r);
	}
}

/* Where there can be none nobody may ask for them; the port has stopped then. */
static int set_pause(const struct nsk_stack *stack, struct iface *ifc)
{
	enum pause_mode mode = (enum pause_mode)stack->set.pause;
	struct port *port = ifc->port;
	int rc = -ENOTSUP;

	if (mode == PAUSE_KEEP || ifc->loopback || ifc->parent)
		return 0;
	if (port->ops->pause)
		rc = port->ops->pause(port, mode);
	if (rc == -ENOTSUP)
		snprintf(
			port->error, sizeof(port->error),
			"it cannot be told about pause frames (%s): leave the setting pause at \"keep\"",
			port->driver);
	if (rc)
		port->ops->stop(port);
	return rc;
}

/* TCP's segments are cut to what fits; others may be too long. */
static void warn_whole(struct nsk_stack *stack, const struct iface *ifc)
{
	if (!(ifc->tx_offloads & PORT_TX_MULTI_SEG) && ifc->mtu + ETH_HLEN > stack->set.buf_bytes)
		LOG_WARN(
			&stack->log, "iface",
			"%s sends packets of one buffer alone, which has %u bytes: of those up to mtu %u some will be "
			"dropped (tx_segments); set pool.buffer_bytes to %u or more",
			ifc->name, stack->set.buf_bytes, ifc->mtu, ifc->mtu + ETH_HLEN);
}

int iface_enable(struct nsk_stack *stack, struct iface *ifc)
{
	struct port *port = ifc->port;
	struct port_setup setup = {.mtu = ifc->mtu};
	bool first = ifc->rx_queues == 0;
	struct port_link link = {0};
	int rc;

	set_state(stack, ifc, NSK_IFACE_ENABLING);
	plan_queues(stack, &port->caps, &setup);
	setup.mac = eth_addr_eq(&ifc->mac, &port->mac) ? NULL : &ifc->mac;
	ifc->rx_queues = setup.rx_queues;
	ifc->tx_queues = setup.tx_queues;
	ifc->home = setup.tx_queues == 1 ? queue_worker(stack, ifc, 0)->w.id : 0;
	if (ifc->parent) /* it has that one's queues */
		ifc->home = ifc->parent->home;
	for (uint16_t q = 0; q < setup.rx_queues; q++)
		setup.rx_pool[q] = queue_worker(stack, ifc, q)->w.pool->mp;
	rc = port->ops->start(port, &setup);
	if (rc == 0)
		rc = set_pause(stack, ifc);
	if (rc) {
		set_state(stack, ifc, NSK_IFACE_DISABLING);
		set_state(stack, ifc, NSK_IFACE_DISABLED);
		if (first)
			ifc->rx_queues = ifc->tx_queues = 0;
		return rc;
	}
	ifc->mtu = NSK_MIN(ifc->mtu, port->mtu);
	ifc->tx_offloads = setup.offloads;
	ifc->rx_offloads = setup.offloads;
	warn_whole(stack, ifc);
	ifc->tso_bufs = port->caps.tso_bufs ? port->caps.tso_bufs : UINT16_MAX;
	port->ops->link(port, &link);
	__atomic_store_n(&ifc->link_up, link.up, __ATOMIC_RELAXED);
	if (first && !ifc->loopback && !ifc->parent)
		poll_queues(stack, ifc);
	set_state(stack, ifc, NSK_IFACE_ENABLED);
	return 0;
}

struct forget {
	struct nsk_worker *w;
	uint8_t iface;
};

/* Who comes back may be others: the next packet asks anew. Ports without a stack have no
 * neighbours. */
static int forget_neighbours(void *arg)
{
	const struct forget *f = arg;

	if (f->w->net)
		neigh_flush(f->w, f->iface);
	if (f->w->stack->iface[f->iface].loopback)
		lo_purge(f->w);
	return 0;
}

void iface_disable(struct nsk_stack *stack, struct iface *ifc)
{
	if (!iface_running(ifc))
		return;
	set_state(stack, ifc, NSK_IFACE_DISABLING);
	/* A call runs inside a turn: once it ran, that worker has seen the state and left the port
	 * alone. */
	for (unsigned i = 0; i < stack->nworkers; i++) {
		struct forget f = {.w = &stack->worker[i]->w, .iface = ifc->index};

		sock_call(f.w, forget_neighbours, &f);
	}
	ifc->port->ops->stop(ifc->port);
	set_state(stack, ifc, NSK_IFACE_DISABLED);
}

/* The device waits until its port has stopped. */
static void leave(struct nsk_stack *stack, struct iface *ifc)
{
	if (!iface_remove(stack, ifc))
		return; /* the next look */
	__atomic_store_n(&ifc->link_up, false, __ATOMIC_RELAXED);
	LOG_ERR(&stack->log, "iface",
		"%s: the device is taken out of the machine: the interface is down for good",
		ifc->name);
	tell(stack, NSK_EVENT_LINK, ifc, false);
}

void iface_watch(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];
		struct port_link link = {0};

		if (!iface_running(ifc))
			continue;
		ifc->port->ops->link(ifc->port, &link);
		if (NSK_UNLIKELY(link.gone)) {
			leave(stack, ifc);
			continue;
		}
		if (link.up == __atomic_load_n(&ifc->link_up, __ATOMIC_RELAXED))
			continue;
		if (link.up && ifc->port->caps.restarts && !iface_restart(stack, ifc))
			continue; /* the next look */
		__atomic_store_n(&ifc->link_up, link.up, __ATOMIC_RELAXED);
		if (link.up)
			__atomic_fetch_add(&ifc->link_returns, 1, __ATOMIC_RELAXED);
		net_snapshot_touch(&stack->snap);
		twin_follow(ifc);
		if (link.up)
			LOG_INFO(&stack->log, "iface", "%s: link is up", ifc->name);
		else
			LOG_WARN(&stack->log, "iface", "%s: link is down", ifc->name);
		tell(stack, NSK_EVENT_LINK, ifc, link.up);
	}
}
