/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Twins of interfaces (net/twin.h) from beginning to end: a port beside the interface's, made when
 * the stack is, and its link that follows. Worker 0 serves them when it does what need not happen
 * every turn, a bounded number of frames each time: what waits for the kernel goes to the port,
 * what the kernel sent goes out. So nothing here is in the way of packets, nor is the kernel's own
 * work on a frame, which it does in the thread that writes it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "ip/punt.h"
#include "mbuf/pool.h"
#include "net/net.h"
#include "net/twin.h"
#include "net/tx.h"
#include "stack/build.h"
#include "stack/stack.h"

#define NS_PER_SEC   UINT64_C(1000000000)
#define TO_KERNEL    16 /* frames at once: each is the kernel's work of some microseconds */
#define FROM_KERNEL  32
#define CREDIT_NS    (NS_PER_SEC / 50) /* saved up at most while the kernel is silent */
#define VLAN_TAG_LEN 4

/* ---- beginning and end --------------------------------------------------------------------- */

void twin_follow(const struct iface *ifc)
{
	struct twin *t = ifc->twin;

	if (!t)
		return;
	t->mtu = __atomic_load_n(&ifc->mtu, __ATOMIC_RELAXED);
	if (t->port->ops->follow)
		t->port->ops->follow(t->port, tx_may_send(ifc), t->mtu);
}

static int open_port(struct nsk_stack *stack, struct nsk_config *config, unsigned index,
		     struct port **port)
{
	const struct config_device *d = &config->device[index];
	const struct port_driver *drv;
	const char *rest = "";
	struct port_open open = {
		.object = d->twin_object,
		.twin = true,
		.set = &stack->set,
		.log = &stack->log,
		.error = config->error,
		.error_size = sizeof(config->error),
	};
	int rc = build_step(config, "the port of %s's twin", stack->iface[index].name);

	if (rc)
		return rc;
	drv = d->twin ? port_driver_find(d->twin, &rest) : port_driver_named("callback");
	open.devargs = rest;
	config->error[0] = '\0';
	if (drv->needs_eal_devices)
		return config_fail_at(config, &d->twin_at, EINVAL,
				      "twin \"%.60s\": a device of DPDK's is none", d->twin);
	rc = drv->open(&open, port);
	if (rc)
		config_put_place(config, &d->twin_at);
	return rc;
}

static int start_port(struct nsk_stack *stack, struct nsk_config *config, unsigned index,
		      struct port *port)
{
	const struct iface *ifc = &stack->iface[index];
	const struct port_setup setup = {
		.rx_queues = 1,
		.tx_queues = 1,
		.mtu = ifc->mtu,
		.offloads = port->caps.offloads,
		.mac = &ifc->mac,
		.rx_pool = {stack->worker[0]->w.pool->mp},
	};
	int rc = build_step(config, "the start of %s's twin", ifc->name);

	if (rc)
		return rc;
	rc = port->ops->start(port, &setup);
	if (rc)
		config_fail_at(config, &config->device[index].twin_at, -rc, "twin of %s: %s",
			       ifc->name, port->error);
	return rc;
}

static int make_queue(struct nsk_stack *stack, struct nsk_config *config, struct twin *t)
{
	char name[32];
	int rc = build_step(config, "the queue of %s's twin", t->ifc->name);

	if (rc)
		return rc;
	snprintf(name, sizeof(name), "nsk%u_k%u", stack->id, t->ifc->index);
	t->queue = rte_ring_create(name, stack->set.twin_queue, SOCKET_ID_ANY,
				   RING_F_EXACT_SZ | RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
	if (t->queue)
		return 0;
	return build_fail(config, ENOMEM, "no queue for %s's twin: %s", t->ifc->name,
			  rte_strerror(rte_errno));
}

static void twin_down(struct twin *t)
{
	void *m;

	if (!t)
		return;
	t->ifc->twin = NULL;
	while (t->queue && rte_ring_dequeue(t->queue, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(t->queue);
	if (t->port) {
		t->port->ops->stop(t->port);
		t->port->ops->close(t->port);
	}
	free(t);
}

static int twin_up(struct nsk_stack *stack, struct nsk_config *config, unsigned index)
{
	const struct config_device *d = &config->device[index];
	struct iface *ifc = &stack->iface[index];
	struct port *port = NULL;
	struct twin *t;
	int rc = build_step(config, "the twin of %s", ifc->name);

	if (rc)
		return rc;
	if (!ifc->ethernet)
		return config_fail_at(config, &d->twin_at, EINVAL,
				      "%s carries IP packets without Ethernet: it has no twin",
				      ifc->name);
	t = calloc(1, sizeof(*t));
	if (!t)
		return build_fail(config, ENOMEM, "no memory for the twin of %s", ifc->name);
	t->ifc = ifc;
	t->rules = d->npunts;
	memcpy(t->rule, d->punt, sizeof(t->rule));
	rc = make_queue(stack, config, t);
	if (rc == 0)
		rc = open_port(stack, config, index, &port);
	if (rc == 0) {
		rc = start_port(stack, config, index, port);
		if (rc)
			port->ops->close(port);
		else
			t->port = port;
	}
	if (rc) {
		twin_down(t);
		return rc;
	}
	ifc->twin = t;
	stack->worker[0]->twins = true;
	twin_follow(ifc);
	return 0;
}

void twins_down(struct nsk_stack *stack)
{
	stack->worker[0]->twins = false;
	for (unsigned i = 0; i < stack->nifaces; i++)
		twin_down(stack->iface[i].twin);
}

int twins_up(struct nsk_stack *stack, struct nsk_config *config)
{
	for (unsigned i = 0; i < config->ndevices; i++) {
		const struct config_device *d = &config->device[i];
		int rc = d->twin || d->twin_object ? twin_up(stack, config, i) : 0;

		if (rc) {
			twins_down(stack);
			return rc;
		}
	}
	return 0;
}

/* ---- to the kernel ------------------------------------------------------------------------- */

static void give(struct nsk_worker *w, struct twin *t)
{
	struct rte_mbuf *bufs[TO_KERNEL];
	unsigned n = rte_ring_sc_dequeue_burst(t->queue, (void **)bufs, TO_KERNEL, NULL), taken;

	if (n == 0)
		return;
	taken = t->port->ops->tx_burst(t->port, 0, w->now_ns, bufs, (uint16_t)n);
	worker_count(w, NSK_CNT_TWIN_IN, taken);
	for (unsigned i = taken; i < n; i++)
		pkt_drop(w, bufs[i], NSK_DROP_TWIN_DOWN);
	w->busy = true;
}

/* ---- from the kernel ----------------------------------------------------------------------- */

/* How many frames may come now; what is beyond waits where the kernel bounds it. */
static uint16_t allowed(const struct nsk_worker *w, struct twin *t)
{
	const uint64_t step = NS_PER_SEC / SETTING(w->set, twin_send_rate);

	t->credit_ns = NSK_MIN(t->credit_ns + w->now_ns - t->took_ns, NSK_MAX(CREDIT_NS, step));
	t->took_ns = w->now_ns;
	return (uint16_t)NSK_MIN(t->credit_ns / step, (uint64_t)FROM_KERNEL);
}

static void send_on(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	if (m->pkt_len < ETH_HLEN || m->pkt_len > ifc->mtu + ETH_HLEN + VLAN_TAG_LEN) {
		pkt_drop(w, m, NSK_DROP_TWIN_BAD_FRAME);
		return;
	}
	memset(pkt_of(m), 0, sizeof(struct pkt));
	pkt_of(m)->iface = ifc->index;
	worker_count(w, NSK_CNT_TWIN_OUT, 1);
	net_tx(w, ifc, m);
}

static void take(struct nsk_worker *w, struct twin *t)
{
	struct rte_mbuf *bufs[FROM_KERNEL];
	uint16_t most = allowed(w, t), n;

	if (most == 0)
		return;
	n = t->port->ops->rx_burst(t->port, 0, w->now_ns, bufs, most);
	t->credit_ns -= n * (NS_PER_SEC / SETTING(w->set, twin_send_rate));
	for (uint16_t i = 0; i < n; i++)
		send_on(w, t->ifc, bufs[i]);
	w->busy |= n > 0;
}

/* ---- from time to time --------------------------------------------------------------------- */

void twins_serve(struct run_worker *r)
{
	for (unsigned i = 0; i < r->stack->nifaces; i++) {
		struct twin *t = r->stack->iface[i].twin;

		if (!t)
			continue;
		if (NSK_UNLIKELY(t->mtu != t->ifc->mtu)) /* a DHCP server has said another one */
			twin_follow(t->ifc);
		give(&r->w, t);
		take(&r->w, t);
	}
}

uint64_t twins_next_ns(const struct run_worker *r)
{
	for (unsigned i = 0; i < r->stack->nifaces; i++) {
		const struct twin *t = r->stack->iface[i].twin;

		if (t &&
		    (!rte_ring_empty(t->queue) ||
		     (t->port->ops->next_ns && t->port->ops->next_ns(t->port, 0) <= r->w.now_ns)))
			return NSK_MAX(r->pub.next_ns, r->w.now_ns);
	}
	return UINT64_MAX;
}

unsigned twins_fds(const struct run_worker *r, struct pollfd *fds)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->stack->nifaces; i++) {
		const struct twin *t = r->stack->iface[i].twin;
		int fd = t && t->port->ops->rx_fd ? t->port->ops->rx_fd(t->port, 0) : -1;

		if (fd >= 0)
			fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	return n;
}

void twins_stats(const struct nsk_stack *stack, struct nsk_stats *out)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct twin *t = stack->iface[i].twin;
		struct port_stats ps = {0};

		if (!t)
			continue;
		t->port->ops->stats(t->port, &ps);
		out->drop[NSK_DROP_RX_BROKEN] += ps.rx_errors;
		out->drop[NSK_DROP_RX_NO_BUFFER] += ps.rx_nobuf;
		out->drop[NSK_DROP_TWIN_DOWN] += ps.tx_down + ps.tx_errors + ps.tx_unfit;
	}
}
