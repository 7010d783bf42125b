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

int stack_neigh_add(struct nsk_stack *stack, const char *iface, const char *address,
		    const char *mac)
{
	struct eth_addr link;
	struct ip_addr addr;
	struct iface *ifc;
	int rc = read_request(stack, iface, address, &ifc, &addr);

	if (rc == 0)
		rc = mac && eth_addr_parse(&link, mac) == 0 ? 0 : -EINVAL;
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

int stack_neighs_up(struct nsk_stack *stack, struct nsk_config *config)
{
	for (unsigned i = 0; i < config->ndevices; i++) {
		const struct config_device *d = &config->device[i];

		for (unsigned k = 0; k < d->nneighs; k++) {
			const struct config_neigh *n = &d->neigh[k];
			int rc = neigh_static_put(&stack->snap, &stack->iface[i], &n->addr, &n->mac,
						  false);

			if (rc)
				return config_fail_at(
					config, &n->at, -rc, "neighbour %u of %s: %s", k + 1,
					stack->iface[i].name,
					rc == -ENOBUFS ? "as many are given as can be"
					: stack->iface[i].ethernet
						? "no station has such an address or link address"
						: "the interface has no link addresses");
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
