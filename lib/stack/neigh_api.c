/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours that are given: by applications, control tools, and the configuration. */
#include "stack/neigh_api.h"

#include <errno.h>
#include <string.h>

#include <netstk/neigh.h>

#include "net/neigh_static.h"
#include "sock/handle.h"

/* Interface and address of a request: 0 or -errno. */
static int read_request(struct nsk_stack *stack, const char *iface, const char *address,
			struct iface **ifc, struct ip_addr *addr)
{
	if (!stack || !iface || !address)
		return -EINVAL;
	if (handles.forked)
		return -EPERM;
	*ifc = NULL;
	for (unsigned i = 0; i < stack->nifaces; i++)
		if (strcmp(stack->iface[i].name, iface) == 0)
			*ifc = &stack->iface[i];
	if (!*ifc)
		return -ENODEV;
	return ip_addr_parse(addr, address) ? -EINVAL : 0;
}

void stack_neighs_look(struct nsk_stack *stack)
{
	for (unsigned i = 0; i < stack->nworkers; i++)
		idle_wake(stack->worker[i]);
}

static bool is_own(const struct nsk_stack *stack, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < stack->nifaces; i++)
		if (iface_find_addr(&stack->iface[i], addr))
			return true;
	return false;
}

const char *stack_neigh_fault(const struct nsk_stack *stack, const struct iface *ifc,
			      const struct ip_addr *addr, const struct eth_addr *mac)
{
	if (!ifc->ethernet)
		return "the interface has no link addresses";
	if (eth_is_multicast(mac->b) || eth_is_zero(mac->b))
		return "the link address is no station's";
	if (is_own(stack, addr))
		return "the address is this host's own";
	return "no station has such an address";
}

int stack_neigh_add(struct nsk_stack *stack, const char *iface, const char *address,
		    const char *mac)
{
	struct eth_addr link;
	struct ip_addr addr;
	struct iface *ifc;
	int rc = read_request(stack, iface, address, &ifc, &addr);

	if (rc == 0)
		rc = mac && eth_addr_parse(&link, mac) == 0 && !is_own(stack, &addr) ? 0 : -EINVAL;
	if (rc == 0)
		rc = neigh_static_put(&stack->snap, ifc, &addr, &link, false);
	if (rc == 0)
		stack_neighs_look(stack);
	return rc;
}

int stack_neigh_del(struct nsk_stack *stack, const char *iface, const char *address)
{
	struct ip_addr addr;
	struct iface *ifc;
	int rc = read_request(stack, iface, address, &ifc, &addr);

	if (rc == 0)
		rc = neigh_static_del(&stack->snap, ifc, &addr, false);
	if (rc == 0)
		stack_neighs_look(stack);
	return rc;
}

static bool is_gateway(const struct nsk_config *config, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < config->nroutes; i++)
		if (ip_addr_eq(&config->route[i].gateway, addr))
			return true;
	return false;
}

/* Where its addresses are known: nothing is sent to it but as a gateway. */
static void warn_apart(const struct nsk_stack *stack, const struct nsk_config *config,
		       const struct iface *ifc, const struct ip_addr *addr)
{
	char text[IP_ADDR_STRLEN];

	if (iface_on_link(ifc, addr) || ifc->automatic || ifc->dhcp ||
	    ip_addr_is_link_local(addr) || is_gateway(config, addr))
		return;
	LOG_WARN(&stack->log, "iface",
		 "neighbour %s is in no subnet of %s: only a route that leads there finds it",
		 ip_addr_format(addr, text, sizeof(text)), ifc->name);
}

static int put(struct nsk_stack *stack, struct nsk_config *config, const struct iface *ifc,
	       unsigned place)
{
	const struct config_neigh *n = &config->device[ifc->index].neigh[place];
	int rc = is_own(stack, &n->addr)
			 ? -EINVAL
			 : neigh_static_put(&stack->snap, ifc, &n->addr, &n->mac, false);

	if (rc)
		return config_fail_at(config, &n->at, -rc, "neighbour %u of %s: %s", place + 1,
				      ifc->name,
				      rc == -ENOBUFS
					      ? "as many are given as can be"
					      : stack_neigh_fault(stack, ifc, &n->addr, &n->mac));
	warn_apart(stack, config, ifc, &n->addr);
	return 0;
}

int stack_neighs_up(struct nsk_stack *stack, struct nsk_config *config)
{
	for (unsigned i = 0; i < config->ndevices; i++) {
		for (unsigned k = 0; k < config->device[i].nneighs; k++) {
			int rc = put(stack, config, &stack->iface[i], k);

			if (rc)
				return rc;
		}
	}
	return 0;
}

void stack_neighs_down(struct nsk_stack *stack)
{
	(void)stack;
}

static int result(int rc)
{
	if (rc == 0)
		return 0;
	errno = -rc;
	return -1;
}

int nsk_neigh_add(struct nsk_stack *stack, const char *iface, const char *address, const char *mac)
{
	return result(stack_neigh_add(stack, iface, address, mac));
}

int nsk_neigh_del(struct nsk_stack *stack, const char *iface, const char *address)
{
	return result(stack_neigh_del(stack, iface, address));
}
