/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters mirrored into DPDK's telemetry (dpdk-telemetry.py): /netstk/stacks,
 * /netstk/counters[,STACK] and /netstk/drops[,STACK]. Telemetry belongs to the process, so stacks
 * come and go here.
 */
#ifndef NSK_STACK_TELEMETRY_H
#define NSK_STACK_TELEMETRY_H

struct nsk_stack;

#define TELEMETRY_STACKS 64 /* a process shows so many at most; further ones are left out */

/* A stack whose workers are there, until telemetry_remove(). */
void telemetry_add(struct nsk_stack *stack);
/* Returns when nobody reads the stack any more. */
void telemetry_remove(struct nsk_stack *stack);

#endif
