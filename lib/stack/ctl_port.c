/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command "ports": what ethtool tells of the kernel's devices. Of interfaces with a port of
 * their own, not of VLANs and lo. Some of it is asked of the device, by the control thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/iface.h"
#include "stack/ctl_command.h"
#include "stack/offload.h"

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

/* What there is, and what there may be: 0 is no limit that is known. */
static json_t *range_json(const char *now_key, unsigned now, unsigned least, unsigned most)
{
	json_t *o = json_object();

	ctl_put(o, now_key, json_integer(now));
	if (least != UINT16_MAX)
		ctl_put(o, "min", json_integer(least));
	ctl_put(o, "max", most ? json_integer(most) : json_null());
	return o;
}

static json_t *link_json(struct port *port, const struct port_facts *f)
{
	struct port_link link = {0};
	json_t *o = json_object();

	port->ops->link(port, &link);
	ctl_put(o, "up", json_boolean(link.up));
	ctl_put(o, "mbps", link.mbps ? json_integer(link.mbps) : json_null());
	ctl_put(o, "full_duplex", json_boolean(link.full_duplex));
	ctl_put(o, "autoneg", json_boolean(f->autoneg));
	return o;
}

static json_t *offloads_json(const struct nsk_stack *stack, const struct iface *ifc,
			     const struct port_facts *f)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < offload_count; i++) {
		const struct offload_row *row = &offload_rows[i];
		json_t *o = json_object();
		char why[128];

		ctl_put(o, "name", json_string(row->name));
		ctl_put(o, "has", json_boolean(f->reported & row->bit));
		ctl_put(o, "asked", json_boolean(offload_asked(stack, row)));
		ctl_put(o, "used", json_boolean(f->used & row->bit));
		ctl_put(o, "setting", row->setting ? json_string(row->setting) : json_null());
		offload_why(stack, row, f->reported, ifc->port->caps.offloads, f->used, why,
			    sizeof(why));
		ctl_put(o, "why", text_or_null(why));
		json_array_append_new(list, o);
	}
	return list;
}

/* How often each queue is in the table. */
static json_t *shares_json(const struct port_facts *f, unsigned queues)
{
	json_t *list = json_array();

	for (unsigned q = 0; q < queues; q++) {
		unsigned n = 0;

		for (unsigned i = 0; i < f->rss_table_len; i++)
			n += f->rss_table[i] == q;
		json_array_append_new(list, json_integer(n));
	}
	return list;
}

static json_t *rss_json(const struct port_facts *f, unsigned queues)
{
	char key[3 * PORT_RSS_KEY_MAX + 1] = "";
	json_t *o;

	if (!f->rss_fields[0] && !f->rss_key_len)
		return json_null();
	o = json_object();
	for (unsigned i = 0; i < f->rss_key_len; i++)
		snprintf(key + 3 * i, 4, "%02x%s", f->rss_key[i],
			 i + 1 < f->rss_key_len ? ":" : "");
	ctl_put(o, "fields", text_or_null(f->rss_fields));
	ctl_put(o, "key", text_or_null(key));
	ctl_put(o, "table", json_integer(f->rss_table_len));
	ctl_put(o, "shares", shares_json(f, queues));
	return o;
}

static void add_counter(void *arg, const char *name, uint64_t value)
{
	ctl_put(arg, name, json_integer((json_int_t)value));
}

/* What it runs with, and what it may have. */
static void put_sizes(json_t *o, const struct iface *ifc, const struct port_facts *f)
{
	const struct port_caps *caps = &ifc->port->caps;
	json_t *queues = json_object(), *rings = json_object();

	ctl_put(queues, "rx", range_json("used", ifc->rx_queues, UINT16_MAX, caps->rx_queues_max));
	ctl_put(queues, "tx", range_json("used", ifc->tx_queues, UINT16_MAX, caps->tx_queues_max));
	ctl_put(queues, "rx_reported", json_integer(f->rx_reported));
	ctl_put(queues, "tx_reported", json_integer(f->tx_reported));
	ctl_put(o, "queues", queues);
	if (f->rx_desc) {
		ctl_put(rings, "rx",
			range_json("size", f->rx_desc, caps->rx_desc_min, caps->rx_desc_max));
		ctl_put(rings, "tx",
			range_json("size", f->tx_desc, caps->tx_desc_min, caps->tx_desc_max));
	}
	ctl_put(o, "rings", rings);
	ctl_put(o, "mtu", json_integer(ifc->mtu));
	ctl_put(o, "mtu_max", json_integer(caps->mtu_max));
}

static void put_facts(json_t *o, const struct iface *ifc, const struct port_facts *f)
{
	static const char *const pauses[] = {
		[PAUSE_OFF] = "off", [PAUSE_RX] = "rx", [PAUSE_TX] = "tx", [PAUSE_BOTH] = "both"};
	const struct port *port = ifc->port;
	char mac[ETH_ADDR_STRLEN];

	ctl_put(o, "name", json_string(ifc->name));
	ctl_put(o, "device", json_string(port->name));
	ctl_put(o, "driver", json_string(port->driver));
	ctl_put(o, "version", text_or_null(f->version));
	ctl_put(o, "firmware", text_or_null(f->firmware));
	ctl_put(o, "bus", text_or_null(f->bus));
	ctl_put(o, "bus_address", text_or_null(f->name));
	ctl_put(o, "numa_node",
		port->caps.numa_node >= 0 ? json_integer(port->caps.numa_node) : json_null());
	ctl_put(o, "state",
		json_string(iface_state_name(__atomic_load_n(&ifc->state, __ATOMIC_ACQUIRE))));
	ctl_put(o, "mac",
		ifc->ethernet ? json_string(eth_addr_format(&ifc->mac, mac, sizeof(mac)))
			      : json_null());
	ctl_put(o, "pause", f->pause == PAUSE_KEEP ? json_null() : json_string(pauses[f->pause]));
	ctl_put(o, "rx_interrupts", json_integer(f->rx_intr));
	ctl_put(o, "quirk", text_or_null(f->quirk));
}

static json_t *one_json(const struct nsk_stack *stack, const struct iface *ifc, bool counters)
{
	struct port *port = ifc->port;
	struct port_facts *f = calloc(1, sizeof(*f));
	json_t *o = json_object(), *own = json_object();

	if (!f)
		return o;
	f->reported = port->caps.offloads;
	f->used = iface_running(ifc) ? ifc->rx_offloads | ifc->tx_offloads : 0;
	if (port->ops->facts)
		port->ops->facts(port, f);
	put_facts(o, ifc, f);
	ctl_put(o, "link", link_json(port, f));
	put_sizes(o, ifc, f);
	ctl_put(o, "offloads", offloads_json(stack, ifc, f));
	ctl_put(o, "rss", rss_json(f, ifc->rx_queues));
	ctl_put(o, "stats", ctl_port_stats(port));
	if (counters && port->ops->counters)
		port->ops->counters(port, add_counter, own);
	if (counters)
		ctl_put(o, "counters", own);
	else
		json_decref(own);
	free(f);
	return o;
}

static bool is_wanted(const struct iface *ifc, const char *name)
{
	return !ifc->loopback && !ifc->parent && (!name || strcmp(ifc->name, name) == 0);
}

void ctl_ports(struct ctl_view *view, const json_t *request, json_t *reply)
{
	const json_t *which = json_object_get(request, "iface");
	const char *name = json_string_value(which);
	bool counters = json_is_true(json_object_get(request, "counters"));
	json_t *list = json_array();

	for (unsigned i = 0; i < view->stack->nifaces; i++)
		if (is_wanted(&view->stack->iface[i], which ? name : NULL) && (name || !which))
			json_array_append_new(list, one_json(view->stack, &view->stack->iface[i],
							     counters));
	ctl_put(reply, "ports", list);
	if (which && json_array_size(list) == 0)
		ctl_refuse(reply, "\"%.40s\" is no interface with a port of its own",
			   name ? name : "");
}
