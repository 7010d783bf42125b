/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From what the configuration says of a device to an interface: its port opened, its name, MAC, MTU
 * and addresses checked. An interface begins disabled.
 */
#include <errno.h>
#include <string.h>

#include "net/vlan.h"
#include "stack/build.h"
#include "stack/settings.h"
#include "stack/stack.h"
#include "wire/ipv6.h"

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
	if (d->vlan.outer && ifc->parent->port->caps.tags_alike)
		return config_fail_at(config, &d->at, EINVAL,
				      "device \"%s\": %s hands tags of 802.1ad over as tags of "
				      "802.1Q, so that VLANs with two numbers are never heard of "
				      "there; one number works",
				      d->devargs, ifc->parent->port->driver);
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

/* Whether an earlier interface that is no VLAN's has the MAC as well. */
static bool has_mac_of_another(const struct nsk_stack *stack, const struct iface *ifc)
{
	for (unsigned i = 0; i < ifc->index; i++) {
		const struct iface *other = &stack->iface[i];

		if (ifc->ethernet && other->ethernet && !ifc->parent && !other->parent &&
		    eth_mac_equal(ifc->mac.b, other->mac.b))
			return true;
	}
	return false;
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
			 "not listen to routers (RFC 4861 section 6.2)",
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
	if (ifc->parent)
		return config_fail_at(config, at, EINVAL,
				      "mtu = %u: %s can have %u at most, the mtu of %s, whose VLAN "
				      "it is on",
				      ifc->mtu, ifc->name, most, ifc->parent->name);
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
	uint32_t have = port_ring_size(want, least, most);

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
	ifc->same_mac = has_mac_of_another(stack, ifc);
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
