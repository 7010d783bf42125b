/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of interfaces, gateways and routes of a configuration: what may stand there, and why
 * something may not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "net/route.h"
#include "stack/config.h"
#include "stack/sense.h"

static int invalid(void)
{
	errno = EINVAL;
	return -1;
}

/* ---- addresses ----------------------------------------------------------------------------- */

/* An address with or without a length behind; says which of the two is wrong. */
static int read_prefix(struct nsk_config *config, const char *what, const char *example,
		       const char *text, struct ip_prefix *p)
{
	size_t n = strcspn(text, "/");
	char addr[IP_ADDR_STRLEN];
	struct ip_addr a;

	snprintf(addr, sizeof(addr), "%.*s", (int)NSK_MIN(n, sizeof(addr)), text);
	if (n >= sizeof(addr) || ip_addr_parse(&a, addr))
		return config_fail(
			config, EINVAL,
			"%s \"%.60s\" is malformed: \"%s\" is no address; write such as %s", what,
			text, addr, example);
	if (ip_prefix_parse(p, text))
		return config_fail(config, EINVAL,
				   "%s \"%.60s\": behind the / stands the length of the subnet, a "
				   "number from 1 to %u",
				   what, text, a.family == AF_INET ? 32 : 128);
	return 0;
}

static bool address_taken(const struct nsk_config *config, const struct ip_addr *a)
{
	for (unsigned i = 0; i < config->ndevices; i++)
		for (unsigned k = 0; k < config->device[i].naddrs; k++)
			if (ip_addr_eq(&config->device[i].addrs[k].addr, a))
				return true;
	return false;
}

int nsk_config_add_address(struct nsk_config *config, const char *cidr)
{
	struct config_device *d;
	struct ip_prefix p;
	const char *why;

	if (!config || !cidr)
		return invalid();
	if (config->ndevices == 0)
		return config_fail(config, EINVAL,
				   "address \"%.60s\" without a device before: it belongs to one",
				   cidr);
	d = &config->device[config->ndevices - 1];
	if ((strcmp(cidr, "auto") == 0 && d->automatic) || (strcmp(cidr, "dhcp") == 0 && d->dhcp))
		return config_fail(config, EEXIST, "address \"%s\" is there already", cidr);
	if (strcmp(cidr, "auto") == 0) {
		d->automatic = true;
		d->automatic_at = config->here;
		return 0;
	}
	if (strcmp(cidr, "dhcp") == 0) {
		d->dhcp = true;
		d->dhcp_at = config->here;
		return 0;
	}
	if (read_prefix(config, "address", "10.0.0.2/24", cidr, &p))
		return -1;
	why = sense_not_a_host(&p.addr);
	if (!why && !strchr(cidr, '/'))
		return config_fail(
			config, EINVAL,
			"address \"%s\" lacks the length of its subnet: %s/%s, for example", cidr,
			cidr, p.addr.family == AF_INET6 ? "64" : "24");
	if (!why)
		why = sense_not_in_subnet(&p);
	if (why)
		return config_fail(config, EINVAL, "address \"%.60s\" %s", cidr, why);
	if (address_taken(config, &p.addr))
		return config_fail(config, EEXIST, "address \"%.60s\" is there already", cidr);
	if (d->naddrs == CONFIG_ADDRS_MAX)
		return config_fail(config, ENOSPC, "address \"%.60s\": an interface has %d at most",
				   cidr, CONFIG_ADDRS_MAX);
	d->addrs_at[d->naddrs] = config->here;
	d->addrs[d->naddrs++] = p;
	return 0;
}

/* ---- routes -------------------------------------------------------------------------------- */

static struct config_route *find_route(struct nsk_config *config, const struct ip_prefix *dst,
				       uint32_t metric)
{
	for (unsigned i = 0; i < config->nroutes; i++)
		if (config->route[i].metric == metric && ip_prefix_eq(&config->route[i].dst, dst))
			return &config->route[i];
	return NULL;
}

static int append_route(struct nsk_config *config, const struct config_route *r)
{
	struct config_route *grown;

	if (config->nroutes == CONFIG_ROUTES_MAX)
		return config_fail(config, ENOSPC, "a configuration has %d routes at most",
				   CONFIG_ROUTES_MAX);
	/* One more each time: the list is read once, when a program starts. */
	grown = realloc(config->route, (config->nroutes + 1) * sizeof(*grown));
	if (!grown)
		return config_fail(config, ENOMEM, "no memory");
	config->route = grown;
	config->route[config->nroutes++] = *r;
	return 0;
}

int config_gateway(struct nsk_config *config, const char *text, struct ip_addr *gateway)
{
	const char *why;

	if (ip_addr_parse(gateway, text))
		return config_fail(
			config, EINVAL,
			"gateway \"%.60s\" is malformed: write an address such as 10.0.0.1", text);
	why = sense_not_a_host(gateway);
	return why ? config_fail(config, EINVAL, "gateway \"%.60s\" %s", text, why) : 0;
}

int config_destination(struct nsk_config *config, const char *text, struct ip_prefix *dst)
{
	char right[IP_PREFIX_STRLEN];
	struct ip_addr network;
	const char *why;

	if (strcmp(text, "default") == 0) {
		*dst = (struct ip_prefix){.addr = ip_addr_any(AF_INET)};
		return 0;
	}
	if (read_prefix(config, "destination", "\"default\" or 10.1.0.0/16", text, dst))
		return -1;
	why = sense_not_a_destination(dst);
	if (why)
		return config_fail(config, EINVAL, "destination \"%.60s\" %s", text, why);
	network = ip_prefix_network(dst);
	if (ip_addr_eq(&network, &dst->addr))
		return 0;
	dst->addr = network;
	return config_fail(config, EINVAL,
			   "destination \"%.60s\" has bits behind its length; %s is meant", text,
			   ip_prefix_format(dst, right, sizeof(right)));
}

int config_route_type(struct nsk_config *config, const char *text, uint8_t *type)
{
	static const char *const types[] = {
		[ROUTE_UNICAST] = "unicast",
		[ROUTE_BLACKHOLE] = "blackhole",
		[ROUTE_UNREACHABLE] = "unreachable",
		[ROUTE_PROHIBIT] = "prohibit",
	};

	for (unsigned i = 0; i < NSK_ARRAY_LEN(types); i++) {
		if (strcmp(text, types[i]) != 0)
			continue;
		*type = (uint8_t)i;
		return 0;
	}
	return config_fail(
		config, EINVAL,
		"type of a route \"%.60s\": unicast, blackhole, unreachable and prohibit are possible",
		text);
}

int config_route_source(struct nsk_config *config, const char *text, struct ip_addr *src)
{
	const char *why;

	if (ip_addr_parse(src, text))
		return config_fail(config, EINVAL,
				   "src \"%.60s\" is malformed: write an address such as 10.0.0.2",
				   text);
	why = sense_not_a_host(src);
	return why ? config_fail(config, EINVAL, "src \"%.60s\" %s", text, why) : 0;
}

/* Each word by itself. */
static int read_route(struct nsk_config *config, const struct config_route_text *text,
		      struct config_route *r)
{
	if (config_destination(config, text->destination, &r->dst))
		return -1;
	if (text->gateway && config_gateway(config, text->gateway, &r->gateway))
		return -1;
	if (text->source && config_route_source(config, text->source, &r->src))
		return -1;
	if (text->type && config_route_type(config, text->type, &r->type))
		return -1;
	if (strcmp(text->destination, "default") == 0 && text->gateway)
		r->dst.addr.family = r->gateway.family;
	return 0;
}

/* And what they say together. */
static int check_route(struct nsk_config *config, const struct config_route_text *text,
		       const struct config_route *r)
{
	const char *dst = text->destination, *iface = text->iface;

	if (text->gateway && r->dst.addr.family != r->gateway.family)
		return config_fail(config, EINVAL,
				   "route \"%.60s\": gateway \"%.60s\" is of the other family", dst,
				   text->gateway);
	if (text->source && r->dst.addr.family != r->src.family)
		return config_fail(config, EINVAL,
				   "route \"%.60s\": src \"%.60s\" is of the other family", dst,
				   text->source);
	if (r->type != ROUTE_UNICAST && (text->gateway || iface || r->weight))
		return config_fail(config, EINVAL,
				   "route \"%.60s\" is of type %s: it leads nowhere, so it has no "
				   "gateway, interface or weight",
				   dst, text->type);
	if (r->type == ROUTE_UNICAST && !text->gateway && !iface)
		return config_fail(config, EINVAL,
				   "route \"%.60s\" names neither gateway nor interface", dst);
	if (iface && (iface[0] == '\0' || strlen(iface) >= IFACE_NAME_MAX))
		return config_fail(
			config, EINVAL,
			"route \"%.60s\": interface \"%.60s\" has no name of 1 to %d characters",
			dst, iface, IFACE_NAME_MAX - 1);
	return 0;
}

int config_add_route(struct nsk_config *config, const struct config_route_text *text)
{
	struct config_route r = {
		.metric = text->metric, .weight = text->weight, .at = config->here};
	const struct config_route *other;

	if (read_route(config, text, &r) || check_route(config, text, &r))
		return -1;
	other = find_route(config, &r.dst, r.metric);
	if (other && !(r.weight && other->weight))
		return config_fail(
			config, EEXIST, "route \"%.60s\" with metric %u is there already%s",
			text->destination, r.metric,
			r.weight || other->weight ? ": to share, each of them needs a weight" : "");
	snprintf(r.iface, sizeof(r.iface), "%s", text->iface ? text->iface : "");
	return append_route(config, &r);
}

int nsk_config_add_route(struct nsk_config *config, const char *destination, const char *gateway,
			 const char *iface, uint32_t metric)
{
	const struct config_route_text text = {
		.destination = destination,
		.gateway = gateway,
		.iface = iface,
		.metric = metric,
	};

	return config && destination ? config_add_route(config, &text) : invalid();
}

/* The last word counts: a gateway on the command line takes the place of the file's. */
int nsk_config_add_gateway(struct nsk_config *config, const char *gateway)
{
	struct config_route r = {.metric = 0};
	struct config_route *old;

	if (!config || !gateway)
		return invalid();
	r.at = config->here;
	if (config_gateway(config, gateway, &r.gateway))
		return -1;
	r.dst.addr = ip_addr_any(r.gateway.family);
	old = find_route(config, &r.dst, 0);
	if (!old)
		return append_route(config, &r);
	*old = r;
	return 0;
}

unsigned nsk_config_devices(const struct nsk_config *config)
{
	return config->ndevices;
}

unsigned nsk_config_addresses(const struct nsk_config *config)
{
	unsigned n = 0;

	for (unsigned i = 0; i < config->ndevices; i++)
		n += config->device[i].naddrs + config->device[i].automatic +
		     config->device[i].dhcp;
	return n;
}
