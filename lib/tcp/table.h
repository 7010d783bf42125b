/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table that leads from a packet to what it belongs to. One index holds all kinds of entries,
 * so that one look-up finds whichever there is: connections, embryos, TIME-WAIT and connections
 * that have moved to another worker by their 4-tuple, sockets with a bound port by that port.
 *
 * A value is a slab handle with the kind in its three top bits. Hashes are multilinear under a key
 * drawn at start. Keys of different kinds differ in length (3 words, 9, 1): that they could share a
 * hash more easily than those of one kind costs a look at the entry, no more.
 */
#ifndef NSK_TCP_TABLE_H
#define NSK_TCP_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mbuf/pkt.h"
#include "tcp/tcp_worker.h"

#define TABLE_KIND_SHIFT 29
#define TABLE_INDEX_MASK ((UINT32_C(1) << TABLE_KIND_SHIFT) - 1)

enum table_kind {
	TABLE_CONN = 0,
	TABLE_EMBRYO = 1,
	TABLE_TIME_WAIT = 2,
	TABLE_PORT = 3, /* a bound socket: handle of its connection */
	TABLE_MOVED = 4,
};

static inline uint32_t table_value(enum table_kind kind, uint32_t index)
{
	return (uint32_t)kind << TABLE_KIND_SHIFT | index;
}

static inline enum table_kind table_kind_of(uint32_t value)
{
	return (enum table_kind)(value >> TABLE_KIND_SHIFT);
}

static inline uint32_t table_index(uint32_t value)
{
	return value & TABLE_INDEX_MASK;
}

static inline uint64_t table_flow_hash(const struct tcp_worker *t, const struct flow *f,
				       uint8_t family)
{
	uint32_t word[sizeof(*f) / 4], src, dst, ports;

	if (NSK_LIKELY(family == AF_INET)) {
		memcpy(&src, f->src, sizeof(src));
		memcpy(&dst, f->dst, sizeof(dst));
		memcpy(&ports, &f->sport_be, sizeof(ports));
		return mulhash_3(&t->hash_key, src, dst, ports);
	}
	memcpy(word, f, sizeof(*f));
	return mulhash(&t->hash_key, word, sizeof(*f) / 4);
}

static inline uint64_t table_port_hash(const struct tcp_worker *t, uint16_t port_be)
{
	const uint32_t word = port_be;

	return mulhash(&t->hash_key, &word, 1);
}

static inline bool flow_eq(const struct flow *a, const struct flow *b)
{
	uint64_t x[4], y[4];
	uint32_t p, q;

	memcpy(x, a, 32);
	memcpy(y, b, 32);
	memcpy(&p, &a->sport_be, 4);
	memcpy(&q, &b->sport_be, 4);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (p ^ q)) == 0;
}

/* The same with the families; what an IPv4 flow leaves of its addresses is 0 in both. */
static inline bool flow_is(const struct flow *a, uint8_t a_family, const struct flow *b,
			   uint8_t b_family)
{
	uint32_t x[3], y[3];

	if (NSK_UNLIKELY(a_family != b_family))
		return false;
	if (NSK_UNLIKELY(a_family != AF_INET))
		return flow_eq(a, b);
	memcpy(&x[0], a->src, 4);
	memcpy(&y[0], b->src, 4);
	memcpy(&x[1], a->dst, 4);
	memcpy(&y[1], b->dst, 4);
	memcpy(&x[2], &a->sport_be, 4);
	memcpy(&y[2], &b->sport_be, 4);
	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2];
}

/* The same flow seen from the other end. */
static inline void flow_reverse(struct flow *out, const struct flow *f)
{
	memcpy(out->src, f->dst, 16);
	memcpy(out->dst, f->src, 16);
	out->sport_be = f->dport_be;
	out->dport_be = f->sport_be;
}

/* The connection, embryo or TIME-WAIT entry of a flow, as a value; HTAB_NONE if there is none. */
uint32_t table_find(struct nsk_worker *w, uint64_t hash, const struct flow *f, uint8_t family);

/* Takes a value out, or puts another in its place, under the same hash. */
void table_remove(struct tcp_worker *t, uint64_t hash, uint32_t value);
int table_replace(struct tcp_worker *t, uint64_t hash, uint32_t from, uint32_t to);

/* For htab_init(): the hash of a value that is in the table. ctx: the worker. */
uint64_t table_hash_of(const void *ctx, uint32_t value);

/* Puts a connection in under its flow. 0, -ENOSPC, -ENOMEM. */
int table_add_conn(struct nsk_worker *w, struct tcp_conn *c, uint64_t hash);
void table_del_conn(struct nsk_worker *w, struct tcp_conn *c);

/* Puts a connection in under its local port. 0, -ENOSPC, -ENOMEM. */
int table_add_port(struct nsk_worker *w, struct tcp_conn *c);
void table_del_port(struct nsk_worker *w, struct tcp_conn *c);

/*
 * The listener for a packet's destination: one bound to its address before one bound to any; of
 * several (SO_REUSEPORT) the packet's hash picks one. NULL if there is none.
 */
struct tcp_conn *table_find_listener(struct nsk_worker *w, const struct flow *f, uint8_t family,
				     uint64_t hash);

/* A bound socket began or ceased to listen: what was found last is looked for again. */
void table_listeners_changed(struct tcp_worker *t);

/* True if another bound socket forbids c this local address and port. */
bool table_port_conflict(struct nsk_worker *w, const struct tcp_conn *c, const uint8_t addr[16],
			 uint16_t port_be);

#endif
