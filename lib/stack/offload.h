/* SPDX-License-Identifier: BSD-3-Clause */
/* Which offloads of a port are used, and why others are not: one table for both. */
#ifndef NSK_STACK_OFFLOAD_H
#define NSK_STACK_OFFLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "net/port.h"
#include "stack/stack.h"

struct offload_row {
	uint32_t bit;	     /* enum port_offload */
	const char *name;    /* for people */
	const char *setting; /* that asks for it, NULL: none does */
	size_t at;	     /* of the setting, in struct settings */
	uint32_t needs;	     /* others, that stand before it */
	const char *want;    /* what these are for people; NULL: it needs none */
};

extern const struct offload_row offload_rows[];
extern const unsigned offload_count;

/* Whether the settings ask for one where a port has it. */
bool offload_asked(const struct nsk_stack *stack, const struct offload_row *row);
/* Those of a port that are wanted, and that work without those that are not. */
uint32_t offloads_wanted(const struct nsk_stack *stack, uint32_t has);

/* Why a port that runs with these does not use one: "" if it does. reported: what the device says
 * it has, caps: what of that is to be used. */
const char *offload_why(const struct nsk_stack *stack, const struct offload_row *row,
			uint32_t reported, uint32_t caps, uint32_t used, char *text, size_t size);

#endif
