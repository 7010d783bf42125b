/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filling a new stack's table of routes: the subnets of its interfaces, then what is configured.
 * Which interface a route leads to, and whether its gateway can be reached there, is decided here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/route.h"
#include "stack/build.h"
#include "stack/sense.h"
#include "stack/settings.h"
#include "stack/stack.h"

/* ---- subnets of interfaces ----------------------------------------------------------------- */

static struct route connected(const struct iface *ifc, unsigned k)
{
	struct ip_prefix net = {.addr = ifc->addrs[k].addr, .len = ifc->addrs[k].prefix_len};

	return (struct route){
		.dst = {.addr = ip_prefix_network(&net), .len = net.len},
		.iface = ifc->index,
		.origin = ROUTE_FROM_KERNEL,
	};
}

/* Of two interfaces in one subnet the first is the way to it. */
static void warn_shared(const struct nsk_stack *stack, const struct iface *ifc,
			const struct route *route)
{
	char subnet[IP_PREFIX_STRLEN];

	for (unsigned i = 0; i < ifc->index; i++) {
		for (unsigned k = 0; k < stack->iface[i].naddrs; k++) {
			struct route other = connected(&stack->iface[i], k);

			if (!ip_prefix_eq(&other.dst, &route->dst))
				continue;
			LOG_WARN(&stack->log, "route",
				 "%s and %s are both in %s: what is sent there leaves by %s",
				 stack->iface[i].name, ifc->name,
				 ip_prefix_format(&route->dst, subnet, sizeof(subnet)),
				 stack->iface[i].name);
			return;
		}
	}
}

/* The prefix of link-local addresses is one of each link: not routes lead there, but the interface
 * that one sends from. */
static bool is_every_links(const struct route *route)
{
	return route->dst.addr.family == AF_INET6 && ip_addr_is_link_local(&route->dst.addr);
}

static int add_connected(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack_nlinks(stack); i++) {
		for (unsigned k = 0; k < stack->iface[i].naddrs; k++) {
			struct route route = connected(&stack->iface[i], k);
			int rc;

			if (is_every_links(&route))
				continue;
			rc = route_add(stack->routes, &route);

			if (rc && rc != -EEXIST)
				return rc;
			if (rc == 0)
				warn_shared(stack, &stack->iface[i], &route);
		}
	}
	return 0;
}

/* What is sent needs an address to come from. An interface that a route names may borrow one. */
static void warn_addressless(const struct nsk_stack *stack, const struct nsk_config *config)
{
	for (unsigned i = 0; i < stack->nifaces; i++) {
		const struct iface *ifc = &stack->iface[i];
		bool routed = false;

		for (unsigned k = 0; k < config->nroutes; k++)
			routed |= strcmp(config->route[k].iface, ifc->name) == 0;
		if (ifc->naddrs == 0 && !routed && !ifc->automatic && !ifc->dhcp)
			LOG_WARN(
				&stack->log, "iface",
				"%s has no address: nothing can reach it, and nothing is sent from it; "
				"give it one: -a CIDR behind its -d, or addresses in its file",
				ifc->name);
	}
}

/* ---- routes that are configured ------------------------------------------------------------ */

/* One that is being added, with texts for its errors. */
struct adding {
	struct nsk_stack *stack;
	struct nsk_config *config;
	const struct config_route *cr;
	char dst[IP_PREFIX_STRLEN], via[IP_ADDR_STRLEN];
};

static int no_such_iface(const struct adding *a)
{
	char names[256] = "";
	size_t n = 0;

	for (unsigned i = 0; i < stack_nlinks(a->stack) && n < sizeof(names); i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
				      a->stack->iface[i].name);
	return config_fail_at(a->config, &a->cr->at, EINVAL,
			      "route %s: there is no interface \"%s\", but %s", a->dst,
			      a->cr->iface, names);
}

static int unreachable(const struct adding *a)
{
	return config_fail_at(
		a->config, &a->cr->at, EINVAL,
		"%s%s%sgateway %s is in no subnet of an interface: give the interface an address next to "
		"it, or name the interface in a route",
		a->cr->dst.len ? "route " : "", a->cr->dst.len ? a->dst : "",
		a->cr->dst.len ? ": " : "", a->via);
}

static const char *not_a_gateway(const struct iface *ifc, const struct ip_addr *gateway)
{
	const char *why = NULL;

	for (unsigned i = 0; i < ifc->naddrs && !why; i++)
		why = sense_not_a_gateway(&ifc->addrs[i], gateway);
	return why;
}

/* The gateway against every interface: it is a station of the chosen one's subnets, or of none. */
static int check_gateway(const struct adding *a, const struct iface *chosen)
{
	bool near = iface_on_link(chosen, &a->cr->gateway);

	for (unsigned i = 0; a->cr->gateway.family && i < stack_nlinks(a->stack); i++) {
		const struct iface *ifc = &a->stack->iface[i];
		const char *why = not_a_gateway(ifc, &a->cr->gateway);

		if (why)
			return config_fail_at(a->config, &a->cr->at, EINVAL,
					      "route %s: gateway %s %s", a->dst, a->via, why);
		if (!near && iface_on_link(ifc, &a->cr->gateway))
			return config_fail_at(
				a->config, &a->cr->at, EINVAL,
				"route %s: gateway %s is in a subnet of interface \"%s\", not of \"%s\"",
				a->dst, a->via, ifc->name, chosen->name);
	}
	return 0;
}

/* The interface that a route names, or the one with a subnet that holds its gateway. */
static struct iface *choose_iface(const struct adding *a)
{
	struct nsk_stack *stack = a->stack;

	for (unsigned i = 0; i < stack_nlinks(stack); i++) {
		struct iface *ifc = &stack->iface[i];

		if (a->cr->iface[0] ? strcmp(ifc->name, a->cr->iface) == 0
				    : iface_on_link(ifc, &a->cr->gateway) != NULL)
			return ifc;
	}
	/* Without Ethernet there is one station at the other end, whatever its address. */
	if (!a->cr->iface[0] && stack_nlinks(stack) == 1 && !stack->iface[0].ethernet)
		return &stack->iface[0];
	return NULL;
}

static bool is_ours(const struct nsk_stack *stack, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < stack->nifaces; i++)
		if (iface_find_addr(&stack->iface[i], addr))
			return true;
	return false;
}

/* A destination has a place for each of its ways, and each way one weight. */
static int too_many_ways(const struct adding *a)
{
	return config_fail_at(a->config, &a->cr->at, EINVAL,
			      "route %s: one destination has %u ways at most", a->dst,
			      ROUTE_PATHS_MAX);
}

static int is_there(const struct adding *a)
{
	return config_fail_at(a->config, &a->cr->at, EINVAL,
			      "route %s: the same way%s%s with metric %u is there already", a->dst,
			      a->cr->gateway.family ? " by " : "",
			      a->cr->gateway.family ? a->via : "", a->cr->metric);
}

static int too_many(const struct adding *a)
{
	const struct config_place *limit = config_set_at(a->config, settings_find("ip.routes"));

	return config_fail_at(
		a->config, limit->name ? limit : &a->cr->at, EINVAL,
		"route %s is one more than ip.routes = %u allows, subnets of interfaces "
		"included: raise it",
		a->dst, a->stack->set.ip_routes);
}

static int add_route(struct nsk_stack *stack, struct nsk_config *config,
		     const struct config_route *cr)
{
	struct route route = {
		.dst = cr->dst,
		.gateway = cr->gateway,
		.src = cr->src,
		.metric = cr->metric,
		.type = cr->type,
		.weight = cr->weight,
		.origin = ROUTE_FROM_STATIC,
	};
	struct adding a = {.stack = stack, .config = config, .cr = cr};
	const struct iface *ifc = cr->type == ROUTE_UNICAST ? choose_iface(&a) : NULL;
	int rc;

	if (cr->dst.len)
		ip_prefix_format(&cr->dst, a.dst, sizeof(a.dst));
	else
		snprintf(a.dst, sizeof(a.dst), "default");
	ip_addr_format(&cr->gateway, a.via, sizeof(a.via));
	if (cr->gateway.family == AF_INET6 && ip_addr_is_link_local(&cr->gateway) &&
	    !cr->iface[0] && stack_nlinks(stack) > 1)
		return config_fail_at(
			config, &cr->at, EINVAL,
			"route %s: gateway %s is a link-local address: name the interface "
			"whose link is meant",
			a.dst, a.via);
	if (cr->src.family && !is_ours(stack, &cr->src))
		return config_fail_at(config, &cr->at, EINVAL,
				      "route %s: src %s is no address of an interface here", a.dst,
				      ip_addr_format(&cr->src, a.via, sizeof(a.via)));
	if (!ifc && cr->type == ROUTE_UNICAST)
		return cr->iface[0] ? no_such_iface(&a) : unreachable(&a);
	rc = ifc ? check_gateway(&a, ifc) : 0;
	if (rc)
		return rc;
	route.iface = ifc ? ifc->index : 0;
	rc = route_add(stack->routes, &route);
	if (rc == -EEXIST && cr->weight)
		return is_there(&a);
	if (rc == 0 || rc == -EEXIST) /* the subnet's, which was there */
		return 0;
	if (rc == -ENOSPC)
		return route_count(stack->routes) < stack->set.ip_routes ? too_many_ways(&a)
									 : too_many(&a);
	return config_fail_at(config, &cr->at, -rc, "route %s: %s", a.dst, strerror(-rc));
}

/* ---- a step of building -------------------------------------------------------------------- */

void stack_routes_down(struct nsk_stack *stack)
{
	route_table_free(stack->routes);
	stack->routes = NULL;
	pthread_mutex_destroy(&stack->routes_lock);
}

static int fill(struct nsk_stack *stack, struct nsk_config *config)
{
	int rc = stack->routes ? add_connected(stack) : -ENOMEM;

	if (rc == -ENOSPC)
		return config_fail_at(
			config, config_set_at(config, settings_find("ip.routes")), EINVAL,
			"ip.routes = %u: the subnets of the interfaces alone are more",
			stack->set.ip_routes);
	if (rc)
		return build_fail(config, -rc, "routes of the interfaces' subnets: %s",
				  strerror(-rc));
	for (unsigned i = 0; rc == 0 && i < config->nroutes; i++)
		rc = add_route(stack, config, &config->route[i]);
	return rc;
}

int stack_routes_up(struct nsk_stack *stack, struct nsk_config *config)
{
	int rc = build_step(config, "route table");

	if (rc)
		return rc;
	pthread_mutex_init(&stack->routes_lock, NULL);
	mem_init(&stack->routes_mem, NULL);
	stack->routes = route_table_new(&stack->routes_mem, stack->set.ip_routes);
	rc = fill(stack, config);
	if (rc) {
		stack_routes_down(stack);
		return rc;
	}
	route_table_share(stack->routes);
	stack->snap = (struct net_snapshot){
		.generation = 1, .nifaces = (uint16_t)stack->nifaces, .routes = stack->routes};
	for (unsigned i = 0; i < stack->nifaces; i++)
		stack->snap.iface[i] = &stack->iface[i];
	stack->snap.lo = &stack->iface[stack_nlinks(stack)];
	warn_addressless(stack, config);
	config_warn_idle(stack, config);
	return 0;
}
