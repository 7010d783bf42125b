/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The route table: longest prefix first, then lowest metric, then the oldest. A path-compressed
 * binary trie per family over 16-byte keys: a lookup visits at most as many nodes as there are
 * nested prefixes and branchings above the address, whatever the number of routes. RFC 1812
 * §5.2.4.3.
 *
 * A table is built by one thread and then only read: a change is made in a clone that replaces it
 * with its snapshot. Whether a gateway can be reached, and which interfaces work, is not its
 * business; who looks up says which may be used.
 */
#ifndef NSK_NET_ROUTE_H
#define NSK_NET_ROUTE_H

#include <stdint.h>

#include "base/addr.h"
#include "base/mem.h"

#define ROUTE_IFACES_ANY UINT32_MAX /* a mask of all interfaces */

struct route {
	struct ip_prefix dst;	/* bits after the prefix are zero; length 0: default */
	struct ip_addr gateway; /* family 0: on-link */
	uint8_t iface;		/* index, below 32 */
	uint32_t metric;
};

struct route_table;

/* An empty table for at most max routes (1 to 2^24), or NULL without memory. Memory is taken as
 * routes come. */
struct route_table *route_table_new(struct mem *mem, uint32_t max);
/* A copy with the same limit and the same order, or NULL without memory. */
struct route_table *route_table_clone(const struct route_table *from, struct mem *mem);
void route_table_free(struct route_table *t);
uint32_t route_count(const struct route_table *t);

/*
 * Adds a route. 0, -EINVAL (bits after the prefix, no such family, gateway of another family or not
 * a host's address, interface), -EEXIST (the same in everything), -ENOSPC (table full), -ENOMEM.
 * Upon an error nothing has changed.
 */
int route_add(struct route_table *t, const struct route *r);
/* Takes out the route that equals r in everything. 0 or -ESRCH. */
int route_del(struct route_table *t, const struct route *r);

/*
 * The route to an address (16 bytes). The longest prefix decides that has a route over an interface
 * of the mask usable (bit i: index i); of its routes the one with the lowest metric over an
 * interface that is preferred as well, if there is one, else over any usable one; of several the
 * one added first. NULL if there is none.
 */
const struct route *route_lookup(const struct route_table *t, uint8_t family,
				 const uint8_t addr[16], uint32_t usable, uint32_t preferred);

/*
 * For control tools: copies up to max routes from *cursor (0 at the start) on, in no order that
 * means anything, and moves the cursor; at most 4 * max entries are looked at. Returns the number
 * copied; the end is reached when *cursor is UINT32_MAX.
 */
unsigned route_list(const struct route_table *t, uint32_t *cursor, struct route *rows,
		    unsigned max);

#endif
