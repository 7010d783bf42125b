/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of a stack that runs, for whoever must not wait for its workers. */
#ifndef NSK_STACK_ADDRS_H
#define NSK_STACK_ADDRS_H

#include <netstk/addr.h>

#include "stack/stack.h"

/* As nsk_addr_add() and nsk_addr_del(), 0 or -errno; workers find out in their next turn. The first
 * also takes what the kernel has and a configuration would not: the second does not, and leaves in
 * why what is wrong with the address itself, else NULL. */
int stack_addr_add(struct nsk_stack *stack, const char *iface, const char *cidr,
		   uint64_t preferred_s, uint64_t valid_s);
int stack_addr_add_checked(struct nsk_stack *stack, const char *iface, const char *cidr,
			   uint64_t preferred_s, uint64_t valid_s, const char **why);
int stack_addr_del(struct nsk_stack *stack, const char *iface, const char *cidr);
/* Other lifetimes for one that is there; 0 or -errno, -EADDRNOTAVAIL: it is not. */
int stack_addr_lifetimes(struct nsk_stack *stack, const char *iface, const char *cidr,
			 uint64_t preferred_s, uint64_t valid_s);

/* Seconds until a moment of the stack's clock, NSK_FOREVER if that is 0. */
uint64_t stack_seconds_left(const struct nsk_stack *stack, uint64_t end_ns);

/* "valid", "optimistic" … */
const char *stack_addr_state_name(enum nsk_addr_state state);

#endif
