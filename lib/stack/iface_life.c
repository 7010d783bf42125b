/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life of an interface: open its port, enable, watch the link, disable, close. States go
 * disabled → enabling → enabled → disabling → disabled, and each change is an event.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mbuf/pool.h"
#include "net/neigh.h"
#include "net/rss.h"
#include "net/vlan.h"
#include "sock/call.h"
#include "stack/build.h"
#include "stack/route_change.h"
#include "stack/settings.h"
#include "stack/stack.h"
#include "wire/ipv6.h"

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

/* A ring within what the port can do; 0: it knows no limit. */
static uint16_t clamp_desc(uint32_t want, uint16_t least, uint16_t most)
{
	uint32_t n = NSK_MAX(want, (uint32_t)least);

	return (uint16_t)(most ? NSK_MIN(n, (uint32_t)most) : n);
}

/* ---- open and close ------------------------------------------------------------------------ */

/* Drivers say what is wrong, if not where it was written. */
static int open_failed(struct nsk_config *config, const struct config_device *d,
		       const struct config_place *at, int rc)
{
	if (config->error[0])
		config_put_place(config, at);
	else
		config_fail_at(config, at, -rc, "device \"%s\" cannot be opened: %s",
			       d->devargs ? d->devargs : "", strerror(-rc));
	return rc;
}

/* The interface that a VLAN is to be on: one with frames, which is on none itself. */
static struct iface *find_parent(struct nsk_stack *stack, const char *name)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];

		if (strcmp(ifc->name, name) == 0)
			return ifc->ethernet && !ifc->parent ? ifc : NULL;
	}
	return NULL;
}

static int open_vlan(struct nsk_stack *stack, struct nsk_config *config,
		     const struct config_device *d, struct iface *ifc)
{
	ifc->parent = find_parent(stack, d->parent);
	ifc->vlan = d->vlan;
	if (!ifc->parent)
		return config_fail_at(config, &d->at, EINVAL,
				      "device \"%s\": no interface \"%s\" with Ethernet stands "
				      "before it, whose VLAN it could be",
				      d->devargs, d->parent);
	ifc->port = vlan_port_open(ifc, stack->nworkers, &stack->log);
	if (!ifc->port)
		return build_fail(config, ENOMEM, "no memory for interface %s", d->devargs);
	snprintf(ifc->port->name, sizeof(ifc->port->name), "%s", d->devargs);
	return 0;
}

static int open_port(struct nsk_stack *stack, struct nsk_config *config,
		     const struct config_device *d, struct port **port)
{
	struct iface *ifc = &stack->iface[stack->nifaces];
	const struct port_driver *drv;
	const char *rest = "";
	struct port *inner;
	struct port_open open = {
		.object = d->object,
		.end = d->end,
		.set = &stack->set,
		.log = &stack->log,
		.error = config->error,
		.error_size = sizeof(config->error),
	};
	int rc;

	if (d->kind == CONFIG_VLAN)
		return open_vlan(stack, config, d, ifc);
	if (d->kind == CONFIG_DEVARGS)
		drv = port_driver_find(d->devargs, &rest);
	else
		drv = port_driver_named(d->kind == CONFIG_WIRE ? "loop" : "callback");
	open.devargs = rest;
	open.wall_offset_ns = stack->clock.fn ? 0 : clock_wall_offset_ns();
	config->error[0] = '\0';
	rc = drv->open(&open, &inner);
	if (rc)
		return open_failed(config, d, &d->at, rc);
	*port = inner;
	if (!d->faults)
		return 0;
	open.devargs = d->faults;
	open.inner = inner;
	rc = port_driver_named("fault")->open(&open, port);
	if (rc == 0)
		return 0;
	inner->ops->close(inner);
	return open_failed(config, d, &d->faults_at, rc);
}

/* "net_tap0" of "net_tap0,iface=nsk0"; for others the driver's name and the index. */
static void name_iface(struct iface *ifc, const struct config_device *d)
{
	const char *rest = NULL;

	if (d->name[0]) {
		snprintf(ifc->name, sizeof(ifc->name), "%s", d->name);
	} else if (ifc->parent && ifc->vlan.outer) {
		snprintf(ifc->name, sizeof(ifc->name), "%.19s.%u.%u", ifc->parent->name,
			 ifc->vlan.outer, ifc->vlan.inner);
	} else if (ifc->parent) {
		snprintf(ifc->name, sizeof(ifc->name), "%.25s.%u", ifc->parent->name,
			 ifc->vlan.inner);
	} else if (d->kind == CONFIG_DEVARGS &&
		   strcmp(port_driver_find(d->devargs, &rest)->name, "ethdev") == 0) {
		size_t n = strcspn(rest, ",");

		snprintf(ifc->name, sizeof(ifc->name), "%.*s", (int)n, rest);
	} else {
		snprintf(ifc->name, sizeof(ifc->name), "%.20s%u",
			 d->kind == CONFIG_DEVARGS ? port_driver_find(d->devargs, &rest)->name
			 : d->kind == CONFIG_WIRE  ? "wire"
						   : "callback",
			 ifc->index);
	}
}

static int take_addresses(struct iface *ifc, const struct config_device *d,
			  struct nsk_config *config, bool dad)
{
	char text[IP_PREFIX_STRLEN];

	for (unsigned i = 0; i < d->naddrs; i++) {
		int rc = iface_add_addr(ifc, &d->addrs[i]);

		if (rc == 0)
			continue;
		ip_prefix_format(&d->addrs[i], text, sizeof(text));
		return config_fail_at(
			config, &d->addrs_at[i], EINVAL, "%s: address %s %s", ifc->name, text,
			rc == -EEXIST ? "is given twice" : "is no host's address in its subnet");
	}
	ifc->automatic = d->automatic;
	ifc->dhcp = d->dhcp;
	iface_add_link_local(ifc);
	/* RFC 5227 §2.1: not used before the link was asked. */
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ifc->addrs[i].addr.family == AF_INET && ifc->ethernet && dad)
			ifc->addrs[i].state = IFACE_ADDR_TENTATIVE;
	return 0;
}

/* Routers tell of addresses on links where somebody can be one. */
static int check_automatic(const struct nsk_stack *stack, const struct iface *ifc,
			   const struct config_device *d, struct nsk_config *config)
{
	if (!d->automatic)
		return 0;
	if (!ifc->ethernet)
		return config_fail_at(config, &d->automatic_at, EINVAL,
				      "%s: address \"auto\" needs routers, and so Ethernet",
				      ifc->name);
	if (ifc->mtu < IPV6_MIN_MTU)
		return config_fail_at(config, &d->automatic_at, EINVAL,
				      "%s: its mtu of %u is too small for IPv6, which needs %d at "
				      "least",
				      ifc->name, ifc->mtu, IPV6_MIN_MTU);
	if (SETTING(&stack->set, ipv6_forward))
		LOG_WARN(&stack->log, "iface",
			 "%s: address \"auto\" learns nothing while ipv6.forward is on: routers do "
			 "not listen to routers (RFC 4861 §6.2)",
			 ifc->name);
	return 0;
}

static int check_dhcp(const struct iface *ifc, const struct config_device *d,
		      struct nsk_config *config)
{
	if (!d->dhcp || ifc->ethernet)
		return 0;
	return config_fail_at(config, &d->dhcp_at, EINVAL,
			      "%s: address \"dhcp\" needs a server that knows stations by their "
			      "link addresses, and so Ethernet",
			      ifc->name);
}

/* RFC 8200 §5: IPv6 needs links of so many bytes. */
static int check_mtu_v6(const struct iface *ifc, const struct config_device *d,
			struct nsk_config *config)
{
	for (unsigned i = 0; i < d->naddrs; i++)
		if (d->addrs[i].addr.family == AF_INET6 && ifc->mtu < IPV6_MIN_MTU)
			return config_fail_at(config, &d->addrs_at[i], EINVAL,
					      "%s: its mtu of %u is too small for an IPv6 address, "
					      "which needs %d at least",
					      ifc->name, ifc->mtu, IPV6_MIN_MTU);
	return 0;
}

/* Names that are made from devices may meet one that was given. */
static int check_name(const struct nsk_stack *stack, const struct iface *ifc,
		      const struct config_device *d, struct nsk_config *config)
{
	for (unsigned i = 0; i < ifc->index; i++)
		if (strcmp(stack->iface[i].name, ifc->name) == 0)
			return config_fail_at(
				config, &d->at, EINVAL,
				"interface \"%s\" has the name of another one: name one of "
				"them (name = ... in a file)",
				ifc->name);
	return 0;
}

static int check_mac(const struct iface *ifc, const struct config_device *d,
		     struct nsk_config *config)
{
	if (d->has_mac && ifc->parent)
		return config_fail_at(config, &d->mac_at, EINVAL,
				      "mac: %s has that of the interface whose VLAN it is on",
				      ifc->name);
	if (!d->has_mac || ifc->ethernet)
		return 0;
	return config_fail_at(
		config, &d->mac_at, EINVAL,
		"mac: %s carries IP packets without Ethernet, and so without addresses of it",
		ifc->name);
}

/* What somebody asked for the port must be able to do; the default is cut to what it can. */
static int choose_mtu(struct nsk_stack *stack, struct iface *ifc, const struct config_device *d,
		      struct nsk_config *config)
{
	const struct config_place *at = d->mtu ? &d->mtu_at
					       : config_set_at(config, settings_find("mtu"));
	uint32_t most = ifc->port->caps.mtu_max;

	ifc->mtu = d->mtu ? d->mtu : ifc->parent ? most : stack->set.mtu;
	if (ifc->mtu <= most)
		return 0;
	if (at->name)
		return config_fail_at(config, at, EINVAL,
				      "mtu = %u: %s can do %u at most, as its driver says (%s)%s",
				      ifc->mtu, ifc->name, most, ifc->port->driver,
				      d->mtu ? "" : "; in a file each device may have its own mtu");
	LOG_INFO(&stack->log, "iface", "%s: mtu is %u, not %u: the port can do no more", ifc->name,
		 most, ifc->mtu);
	ifc->mtu = most;
	return 0;
}

/* The size of a ring that somebody asked for, where the port makes it another. */
static void warn_ring(const struct nsk_stack *stack, const struct iface *ifc,
		      const struct nsk_config *config, const char *setting, uint16_t least,
		      uint16_t most)
{
	const struct setting *row = settings_find(setting);
	uint32_t want = (uint32_t)settings_value(&stack->set, row);
	uint32_t have = clamp_desc(want, least, most);

	if (have != want && config_set_at(config, row)->name)
		LOG_WARN(&stack->log, "iface", "%s: %s is %u, not %u: the port takes %u to %u",
			 ifc->name, setting, have, want, least, most);
}

static void warn_rings(const struct nsk_stack *stack, const struct iface *ifc,
		       const struct nsk_config *config)
{
	const struct port_caps *caps = &ifc->port->caps;

	warn_ring(stack, ifc, config, "rx_ring", caps->rx_desc_min, caps->rx_desc_max);
	warn_ring(stack, ifc, config, "tx_ring", caps->tx_desc_min, caps->tx_desc_max);
}

int iface_open(struct nsk_stack *stack, struct nsk_config *config, unsigned index)
{
	struct iface *ifc = &stack->iface[index];
	const struct config_device *d = &config->device[index];
	int rc = build_step(config, "opening device %u", index);

	if (rc)
		return rc;
	rc = open_port(stack, config, d, &ifc->port);
	if (rc)
		return rc;
	ifc->index = (uint8_t)index;
	ifc->ethernet = ifc->port->caps.ethernet;
	ifc->mac = d->has_mac ? d->mac : ifc->port->mac;
	ifc->rp_filter = d->rp_filter;
	ifc->proxy_arp = d->proxy_arp;
	name_iface(ifc, d);
	rc = check_name(stack, ifc, d, config);
	if (rc == 0)
		rc = check_mac(ifc, d, config);
	if (rc == 0)
		rc = choose_mtu(stack, ifc, d, config);
	if (rc == 0)
		rc = check_mtu_v6(ifc, d, config);
	if (rc == 0)
		rc = check_automatic(stack, ifc, d, config);
	if (rc == 0)
		rc = check_dhcp(ifc, d, config);
	if (rc == 0)
		rc = take_addresses(ifc, d, config, SETTING(&stack->set, ipv4_dad));
	if (rc) {
		iface_close(stack, index);
		return rc;
	}
	warn_rings(stack, ifc, config);
	stack->nifaces = index + 1;
	return 0;
}

void iface_close(struct nsk_stack *stack, unsigned index)
{
	struct port *port = stack->iface[index].port;

	port->ops->close(port);
	stack->iface[index].port = NULL;
}

/* ---- enable and disable -------------------------------------------------------------------- */

static void plan_queues(const struct nsk_stack *stack, const struct port_caps *caps,
			struct port_setup *setup)
{
	bool spread = (caps->offloads & PORT_RX_RSS) && caps->rx_queues_max >= stack->nworkers;

	setup->rx_queues =
		(uint16_t)(spread && stack->nworkers <= PORT_QUEUES_MAX ? stack->nworkers : 1);
	setup->tx_queues = (uint16_t)NSK_MIN(
		NSK_MIN((unsigned)caps->tx_queues_max, stack->nworkers), (unsigned)PORT_QUEUES_MAX);
	setup->offloads = caps->offloads &
			  ~(uint32_t)(PORT_TX_TSO | (setup->rx_queues == 1 ? PORT_RX_RSS : 0));
	setup->rss_key = rss_key;
	setup->rx_desc = clamp_desc(stack->set.rx_ring, caps->rx_desc_min, caps->rx_desc_max);
	setup->tx_desc = clamp_desc(stack->set.tx_ring, caps->tx_desc_min, caps->tx_desc_max);
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

void iface_watch(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];
		struct port_link link = {0};

		if (!iface_running(ifc))
			continue;
		ifc->port->ops->link(ifc->port, &link);
		if (link.up == __atomic_load_n(&ifc->link_up, __ATOMIC_RELAXED))
			continue;
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

/* ---- public -------------------------------------------------------------------------------- */

/* The interface of the default route, the first one where there is none. */
static unsigned primary(struct nsk_stack *stack)
{
	static const uint8_t any[16];
	struct route route;

	return stack_route_match(stack, AF_INET, any, &route) == 0 && route.dst.len == 0
		       ? route.iface
		       : 0;
}

/* Changes of interfaces, and looks at them, are one thread's at a time. They wait for workers: so a
 * worker's thread goes on serving others while it waits for its turn here. */
static void lock(struct nsk_stack *stack)
{
	while (__atomic_exchange_n(&stack->iface_lock, true, __ATOMIC_ACQUIRE))
		call_serve_own();
}

static void unlock(struct nsk_stack *stack)
{
	__atomic_store_n(&stack->iface_lock, false, __ATOMIC_RELEASE);
}

static void fill_info(struct nsk_stack *stack, unsigned index, struct nsk_iface_info *info)
{
	const struct iface *ifc = &stack->iface[index];

	memset(info, 0, sizeof(*info));
	snprintf(info->name, sizeof(info->name), "%s", ifc->name);
	snprintf(info->device, sizeof(info->device), "%s", ifc->port->name);
	snprintf(info->driver, sizeof(info->driver), "%s", ifc->port->driver);
	info->state = (enum nsk_iface_state)__atomic_load_n(&ifc->state, __ATOMIC_ACQUIRE);
	info->link_up = __atomic_load_n(&ifc->link_up, __ATOMIC_RELAXED);
	info->ethernet = ifc->ethernet;
	memcpy(info->mac, ifc->mac.b, sizeof(info->mac));
	info->mtu = ifc->mtu;
	info->rx_queues = ifc->rx_queues;
	info->tx_queues = ifc->tx_queues;
	info->primary = index == primary(stack);
	info->loopback = ifc->loopback;
}

int nsk_iface_info(const struct nsk_stack *stack, unsigned index, struct nsk_iface_info *info)
{
	struct nsk_stack *locked = (struct nsk_stack *)(uintptr_t)stack;

	if (!stack || !info || index >= stack->nifaces) {
		errno = stack && info ? ENOENT : EINVAL;
		return -1;
	}
	if (handles.forked) {
		errno = EPERM;
		return -1;
	}
	lock(locked);
	fill_info(locked, index, info);
	unlock(locked);
	return 0;
}

static int enable(struct nsk_stack *stack, struct iface *ifc)
{
	if (iface_running(ifc))
		return 0;
	if (ifc->parent && !iface_running(ifc->parent))
		return ENETDOWN;
	if (iface_enable(stack, ifc)) {
		LOG_ERR(&stack->log, "iface", "%s: %s", ifc->name, ifc->port->error);
		return EIO;
	}
	return 0;
}

/* Those on VLANs of an interface go down with it, and come back with it. */
static void children_down(struct nsk_stack *stack, const struct iface *parent)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];

		if (ifc->parent != parent || !iface_running(ifc))
			continue;
		ifc->went_along = true;
		iface_disable(stack, ifc);
	}
}

static void children_up(struct nsk_stack *stack, const struct iface *parent)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];

		if (ifc->parent == parent && ifc->went_along)
			enable(stack, ifc);
	}
}

static int set_up(struct nsk_stack *stack, struct iface *ifc, bool up)
{
	int err = 0;

	ifc->went_along = false;
	if (!up) {
		children_down(stack, ifc);
		iface_disable(stack, ifc);
	} else {
		err = enable(stack, ifc);
		if (!err)
			children_up(stack, ifc);
	}
	return err;
}

int nsk_iface_set(struct nsk_stack *stack, const char *name, bool up)
{
	int err;

	if (handles.forked) {
		errno = EPERM;
		return -1;
	}
	for (unsigned i = 0; stack && name && i < stack->nifaces; i++) {
		struct iface *ifc = &stack->iface[i];

		if (strcmp(ifc->name, name) != 0)
			continue;
		lock(stack);
		err = set_up(stack, ifc, up);
		unlock(stack);
		if (err)
			errno = err;
		return err ? -1 : 0;
	}
	errno = stack && name ? ENOENT : EINVAL;
	return -1;
}
