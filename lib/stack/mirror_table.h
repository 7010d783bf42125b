/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a mirror has brought into a stack: addresses, neighbours whose link addresses are given, and
 * routes by destination and metric. So it takes out what it has put in and nothing else, and one
 * change takes the place of another at once.
 */
#ifndef NSK_STACK_MIRROR_TABLE_H
#define NSK_STACK_MIRROR_TABLE_H

#include "stack/nl_decode.h"
#include "stack/stack.h"

#define MIRROR_ADDRS_MAX 32

struct mirror_route;

/* What the stack cannot have is told of once, and again when it has become twice as much, however
 * often all is asked for. */
struct mirror_refused {
	uint32_t now;	/* in this era */
	uint32_t quiet; /* so many are known */
};

struct mirror_table {
	struct nsk_stack *stack; /* [C] */
	const struct iface *ifc; /* [C] */
	int link;		 /* [C] the twin, as the kernel counts */
	uint32_t era;		 /* of the last time that all was asked for */
	unsigned naddrs;
	struct {
		struct ip_prefix prefix;
		uint32_t era;
		bool ours; /* it was not there before */
	} addr[MIRROR_ADDRS_MAX];
	unsigned nneighs;
	struct {
		struct ip_addr addr;
		uint32_t era;
	} neigh[NEIGH_STATICS_MAX]; /* those that the kernel has */
	struct mirror_route **bucket;
	uint32_t buckets, routes;
	struct mirror_refused no_addr, no_neigh, no_route;
	struct mirror_refused elsewhere; /* routes that lead over the twin, and not alone */
	bool room;			 /* something went: what was refused may find a place */
};

int mirror_table_init(struct mirror_table *t);
void mirror_table_fini(struct mirror_table *t);
/* All is asked for: another era. */
void mirror_begin(struct mirror_table *t);
/*
 * Does what a change says. 0; -EAGAIN: it is to be asked for again, the stack cannot now; -ESTALE:
 * it says not enough, all is to be asked for.
 */
int mirror_apply(struct mirror_table *t, const struct nl_change *c);
/* Something that the kernel has the stack has not, for want of room or because it was refused. */
bool mirror_lacks(const struct mirror_table *t);
/* All was asked for in this era: what was not told of goes. 0 or -EAGAIN. */
int mirror_sweep(struct mirror_table *t);

#endif
