/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From an address to the number of the routes that decide, by an index for each family (fib.h,
 * fib6.h) that follows the trie, which is the truth and answers what an index does not know.
 */
#ifndef NSK_NET_ROUTE_INDEX_H
#define NSK_NET_ROUTE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "net/fib.h"
#include "net/fib6.h"
#include "net/route_trie.h"

#define INDEX_GONE_MAX FIB6_GONE_MAX /* pieces that a change takes out at most */

struct route_index {
	struct fib v4;
	struct fib6 v6;
	const struct route_trie *trie;
};

/* For at most so many routes. 0 or -ENOMEM. */
int index_init(struct route_index *ix, struct mem *mem, const struct route_trie *trie,
	       uint32_t routes);
void index_fini(struct route_index *ix);

/* The trie's node has routes, fresh or others than before, which it knows already. Returns how many
 * pieces nobody finds any more, to be freed later, and which. */
unsigned index_set(struct route_index *ix, uint32_t node, bool fresh,
		   uint32_t gone[INDEX_GONE_MAX]);
/* It has none any more, but is there still. */
unsigned index_clear(struct route_index *ix, uint32_t node, uint32_t gone[INDEX_GONE_MAX]);
void index_free(struct route_index *ix, uint8_t family, uint32_t piece);

#endif
