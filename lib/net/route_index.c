/* SPDX-License-Identifier: BSD-3-Clause */
/* The indexes of a route table; see route_index.h. */
#include "net/route_index.h"

#include <errno.h>

#define V6_UNITS 8 /* of 16 bytes for each route: a table of the internet needs two to three */

int index_init(struct route_index *ix, struct mem *mem, const struct route_trie *trie,
	       uint32_t routes)
{
	ix->trie = trie;
	if (fib_init(&ix->v4, mem, routes / 8 + 256))
		return -ENOMEM;
	if (fib6_init(&ix->v6, mem, trie, V6_UNITS * routes + 1024)) {
		fib_fini(&ix->v4);
		return -ENOMEM;
	}
	return 0;
}

void index_fini(struct route_index *ix)
{
	fib_fini(&ix->v4);
	fib6_fini(&ix->v6);
}

static uint32_t key_v4(const struct trie_node *n)
{
	return (uint32_t)(n->key.hi >> 32);
}

unsigned index_set(struct route_index *ix, uint32_t node, bool fresh, uint32_t gone[INDEX_GONE_MAX])
{
	const struct trie_node *n = &ix->trie->node[node];

	if (n->family == AF_INET6)
		return fib6_set(&ix->v6, &(struct fib6_route){n->key, n->len, node, n->group},
				fresh, gone);
	fib_set(&ix->v4, key_v4(n), n->len, n->group);
	return 0;
}

/* The last route of more than 24 bits may have gone from a /24: then its block goes. */
static uint32_t shorten(struct route_index *ix, const struct trie_node *n)
{
	uint32_t above = trie_above(ix->trie, AF_INET, n->key, 25);
	const struct trie_node *under = &ix->trie->node[above];

	if (n->len <= 24 || trie_longer(ix->trie, AF_INET, n->key, 24))
		return 0;
	if (above && under->len > 16)
		return fib_shorten(&ix->v4, key_v4(n), under->len, under->group);
	return fib_shorten(&ix->v4, key_v4(n), 0, 0);
}

unsigned index_clear(struct route_index *ix, uint32_t node, uint32_t gone[INDEX_GONE_MAX])
{
	const struct trie_node *n = &ix->trie->node[node];
	const struct trie_node *under =
		&ix->trie->node[trie_above(ix->trie, n->family, n->key, n->len)];

	if (n->family == AF_INET6)
		return fib6_clear(&ix->v6, &(struct fib6_route){n->key, n->len, node, 0}, under,
				  gone);
	fib_clear(&ix->v4, key_v4(n), n->len, under->len, under->group);
	gone[0] = shorten(ix, n);
	return gone[0] != 0;
}

void index_free(struct route_index *ix, uint8_t family, uint32_t piece)
{
	if (family == AF_INET6)
		fib6_node_free(&ix->v6, piece);
	else
		fib_block_free(&ix->v4, piece);
}
