/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prefixes of a route table, of both families: each node stands for one that has routes (a
 * group of them, by number), or for one where two such branch. A node's children are longer and
 * begin with its bits; which child, the next bit decides.
 *
 * Readers follow links without locks: a node is whole before a link leads to it, and one that is
 * taken out leads on as before until trie_node_free().
 */
#ifndef NSK_NET_ROUTE_TRIE_H
#define NSK_NET_ROUTE_TRIE_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/socket.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "wire/bytes.h"

/* An address as two numbers, IPv4 in the upper 32 bits. */
struct trie_key {
	uint64_t hi, lo;
};

struct trie_node {
	struct trie_key key;
	uint32_t child[2]; /* [A] numbers of nodes, 0: none; of a free node child[0] is the next
			      free one */
	uint32_t group;	   /* [A] 0: none */
	uint8_t len;
	uint8_t family;
};

struct route_trie {
	struct trie_node *node; /* 1 to room; 0 is none */
	uint32_t room;
	uint32_t used; /* ever given out */
	uint32_t left; /* of the room */
	uint32_t free;
	uint32_t root[2]; /* [A] IPv4, IPv6 */
	struct mem *mem;
};

/* 0 or -ENOMEM. */
int trie_init(struct route_trie *t, struct mem *mem, uint32_t nodes);
void trie_fini(struct route_trie *t);

/* The node of a prefix, 0: there is none. */
uint32_t trie_find(const struct route_trie *t, uint8_t family, struct trie_key key, unsigned len);
/* The same, made if it is not there; there must be room for two. */
uint32_t trie_get(struct route_trie *t, uint8_t family, struct trie_key key, unsigned len);
/* Takes out a node that has no group any more, and one above it that does nothing but branch; what
 * is not needed. Puts those taken out, two at most, into gone[] and returns how many. */
unsigned trie_prune(struct route_trie *t, uint8_t family, struct trie_key key, unsigned len,
		    uint32_t gone[2]);
/* Nobody reads it any more. */
void trie_node_free(struct route_trie *t, uint32_t node);
/* The longest prefix with a group that is shorter than len bits and holds key, 0: there is none. */
uint32_t trie_above(const struct route_trie *t, uint8_t family, struct trie_key key, unsigned len);
/* Whether something within the first len bits of key is longer than that. */
bool trie_longer(const struct route_trie *t, uint8_t family, struct trie_key key, unsigned len);

/* ---- keys and links ---- */

static inline struct trie_key trie_key(const uint8_t addr[16])
{
	return (struct trie_key){load_be64(addr), load_be64(addr + 8)};
}

static inline unsigned trie_bit(struct trie_key k, unsigned n)
{
	return (unsigned)(n < 64 ? k.hi >> (63 - n) : k.lo >> (127 - n)) & 1;
}

/* The first len bits. */
static inline struct trie_key trie_cut(struct trie_key k, unsigned len)
{
	if (len == 0)
		return (struct trie_key){0, 0};
	if (len <= 64)
		return (struct trie_key){k.hi & UINT64_MAX << (64 - len), 0};
	return (struct trie_key){k.hi, k.lo & UINT64_MAX << (128 - len)};
}

/* With bit n set. */
static inline struct trie_key trie_with_bit(struct trie_key k, unsigned n)
{
	k.hi |= n < 64 ? UINT64_C(1) << (63 - n) : 0;
	k.lo |= n < 64 ? 0 : UINT64_C(1) << (127 - n);
	return k;
}

static inline bool trie_key_eq(struct trie_key a, struct trie_key b)
{
	return ((a.hi ^ b.hi) | (a.lo ^ b.lo)) == 0;
}

/* Whether a prefix of a node holds key. */
static inline bool trie_holds(const struct trie_node *n, struct trie_key key)
{
	return trie_key_eq(trie_cut(key, n->len), n->key);
}

static inline uint32_t trie_load(const uint32_t *link)
{
	return __atomic_load_n(link, __ATOMIC_ACQUIRE);
}

static inline void trie_store(uint32_t *link, uint32_t to)
{
	__atomic_store_n(link, to, __ATOMIC_RELEASE);
}

static inline uint32_t trie_root(const struct route_trie *t, uint8_t family)
{
	return trie_load(&t->root[family == AF_INET6]);
}

/* The child on the way to key, 0: there is none. */
static inline uint32_t trie_next(const struct trie_node *n, struct trie_key key)
{
	return n->len < 128 ? trie_load(&n->child[trie_bit(key, n->len)]) : 0;
}

#endif
