/* SPDX-License-Identifier: BSD-3-Clause */
/* The prefixes of a route table; see route_trie.h. */
#include "net/route_trie.h"

#include <errno.h>

int trie_init(struct route_trie *t, struct mem *mem, uint32_t nodes)
{
	*t = (struct route_trie){.mem = mem, .room = nodes, .left = nodes};
	t->node = mem_reserve(mem, ((size_t)nodes + 1) * sizeof(t->node[0]));
	return t->node ? 0 : -ENOMEM;
}

void trie_fini(struct route_trie *t)
{
	mem_unreserve(t->mem, t->node, ((size_t)t->room + 1) * sizeof(t->node[0]));
	t->node = NULL;
}

static uint32_t node_new(struct route_trie *t, uint8_t family, struct trie_key key, unsigned len)
{
	uint32_t i = t->free;

	if (i)
		t->free = t->node[i].child[0];
	else
		i = ++t->used;
	t->left--;
	t->node[i] = (struct trie_node){
		.key = trie_cut(key, len),
		.len = (uint8_t)len,
		.family = family,
	};
	return i;
}

void trie_node_free(struct route_trie *t, uint32_t node)
{
	t->node[node].child[0] = t->free;
	t->free = node;
	t->left++;
}

/* Number of leading bits that are the same, at most max. */
static unsigned common_bits(struct trie_key a, struct trie_key b, unsigned max)
{
	unsigned n = 128;

	if (a.hi != b.hi)
		n = (unsigned)__builtin_clzll(a.hi ^ b.hi);
	else if (a.lo != b.lo)
		n = 64 + (unsigned)__builtin_clzll(a.lo ^ b.lo);
	return NSK_MIN(n, max);
}

static uint32_t *root_of(struct route_trie *t, uint8_t family)
{
	return &t->root[family == AF_INET6];
}

uint32_t trie_find(const struct route_trie *t, uint8_t family, struct trie_key key, unsigned len)
{
	uint32_t i = trie_root(t, family);

	while (i) {
		const struct trie_node *n = &t->node[i];

		if (n->len > len || !trie_holds(n, key))
			return 0;
		if (n->len == len)
			return i;
		i = trie_next(n, key);
	}
	return 0;
}

/* Where the ways of a new prefix and of what hangs at link part: a node above that one, which is
 * the wanted one or its parent. */
static uint32_t branch(struct route_trie *t, uint32_t *link, struct trie_key key, unsigned len,
		       unsigned common)
{
	const struct trie_node *below = &t->node[*link];
	uint8_t family = below->family;
	uint32_t above = node_new(t, family, key, common), wanted = above;
	struct trie_node *n = &t->node[above];

	n->child[trie_bit(below->key, common)] = *link;
	if (common < len) {
		wanted = node_new(t, family, key, len);
		n->child[trie_bit(key, common)] = wanted;
	}
	trie_store(link, above);
	return wanted;
}

uint32_t trie_get(struct route_trie *t, uint8_t family, struct trie_key key, unsigned len)
{
	uint32_t *link = root_of(t, family), leaf;

	while (*link) {
		struct trie_node *n = &t->node[*link];
		unsigned common = common_bits(key, n->key, NSK_MIN(len, (unsigned)n->len));

		if (common < n->len)
			return branch(t, link, key, len, common);
		if (common == len)
			return *link;
		link = &n->child[trie_bit(key, common)];
	}
	leaf = node_new(t, family, key, len);
	trie_store(link, leaf);
	return leaf;
}

/* Takes a node out that has no group and does not branch; returns it, or 0. */
static uint32_t prune(struct route_trie *t, uint32_t *link)
{
	uint32_t i = *link;
	const struct trie_node *n = &t->node[i];

	if (n->group || (n->child[0] && n->child[1]))
		return 0;
	trie_store(link, n->child[0] ? n->child[0] : n->child[1]);
	return i;
}

unsigned trie_prune(struct route_trie *t, uint8_t family, struct trie_key key, unsigned len,
		    uint32_t gone[2])
{
	uint32_t *link = root_of(t, family), *up = NULL;
	unsigned n = 0;

	while (t->node[*link].len < len) {
		up = link;
		link = &t->node[*link].child[trie_bit(key, t->node[*link].len)];
	}
	gone[n] = prune(t, link);
	n += gone[n] != 0;
	if (n && up) {
		gone[n] = prune(t, up);
		n += gone[n] != 0;
	}
	return n;
}

uint32_t trie_above(const struct route_trie *t, uint8_t family, struct trie_key key, unsigned len)
{
	uint32_t i = trie_root(t, family), best = 0;

	while (i && t->node[i].len < len && trie_holds(&t->node[i], key)) {
		if (t->node[i].group)
			best = i;
		i = trie_next(&t->node[i], key);
	}
	return best;
}

bool trie_longer(const struct route_trie *t, uint8_t family, struct trie_key key, unsigned len)
{
	uint32_t i = trie_root(t, family);
	const struct trie_node *n;

	while (i && t->node[i].len < len && trie_holds(&t->node[i], key))
		i = trie_next(&t->node[i], key);
	n = &t->node[i];
	if (!i || n->len < len || !trie_key_eq(trie_cut(n->key, len), trie_cut(key, len)))
		return false;
	return (n->len > len && n->group) || n->child[0] || n->child[1];
}
