/* SPDX-License-Identifier: BSD-3-Clause */
/* nsk_neigh_add() and nsk_neigh_del() with -errno as their results. */
#ifndef NSK_STACK_NEIGH_API_H
#define NSK_STACK_NEIGH_API_H

#include "stack/stack.h"

/* Those of the configuration, once its interfaces are there; -errno with a text. */
int stack_neighs_up(struct nsk_stack *stack, struct nsk_config *config);
void stack_neighs_down(struct nsk_stack *stack);

/* The list has changed: workers that sleep look, too. */
void stack_neighs_look(struct nsk_stack *stack);

/* What speaks against a neighbour that was refused with -EINVAL. */
const char *stack_neigh_fault(const struct nsk_stack *stack, const struct iface *ifc,
			      const struct ip_addr *addr, const struct eth_addr *mac);
int stack_neigh_add(struct nsk_stack *stack, const char *iface, const char *address,
		    const char *mac);
int stack_neigh_del(struct nsk_stack *stack, const char *iface, const char *address);

#endif
