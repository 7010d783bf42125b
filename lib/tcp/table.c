/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of flows and bound ports; see table.h. */
#include "tcp/table.h"

#include "mbuf/shared.h"
#include "tcp/conn.h"
#include "tcp/embryo.h"
#include "tcp/moved.h"
#include "tcp/time_wait.h"

static const struct flow *value_flow(const struct tcp_worker *t, uint32_t value, uint8_t *family)
{
	uint32_t index = table_index(value);

	switch (table_kind_of(value)) {
	case TABLE_EMBRYO: {
		const struct tcp_embryo *e = slab_at(&t->embryos, index);

		*family = e->family;
		return &e->flow;
	}
	case TABLE_TIME_WAIT: {
		const struct tcp_time_wait *tw = slab_at(&t->time_waits, index);

		*family = tw->family;
		return &tw->flow;
	}
	case TABLE_MOVED: {
		const struct tcp_moved *mv = slab_at(&t->moved, index);

		*family = mv->family;
		return &mv->flow;
	}
	default: {
		const struct tcp_conn *c = slab_at(&t->conns, index);

		*family = c->sock.family;
		return &c->flow;
	}
	}
}

uint64_t table_hash_of(const void *ctx, uint32_t value)
{
	const struct nsk_worker *w = ctx;
	const struct tcp_worker *t = w->tcp;
	uint8_t family;
	const struct flow *f = value_flow(t, value, &family);

	switch (table_kind_of(value)) {
	case TABLE_CONN:
		return conn_hash(slab_at(&t->conns, table_index(value)));
	case TABLE_PORT:
		return table_port_hash(t, f->dport_be);
	default:
		return table_flow_hash(t, f, family);
	}
}

uint32_t table_find(struct nsk_worker *w, uint64_t hash, const struct flow *f, uint8_t family)
{
	struct tcp_worker *t = w->tcp;
	struct htab_it it;

	HTAB_FOREACH(&t->table, hash, it) {
		uint8_t other;
		const struct flow *g = value_flow(t, it.value, &other);

		if (flow_is(f, family, g, other) && table_kind_of(it.value) != TABLE_PORT)
			return it.value;
	}
	return HTAB_NONE;
}

void table_remove(struct tcp_worker *t, uint64_t hash, uint32_t value)
{
	htab_remove(&t->table, hash, value);
}

int table_replace(struct tcp_worker *t, uint64_t hash, uint32_t from, uint32_t to)
{
	return htab_replace(&t->table, hash, from, to);
}

int table_add_conn(struct nsk_worker *w, struct tcp_conn *c, uint64_t hash)
{
	struct tcp_worker *t = w->tcp;
	int rc;

	c->hash_upper = (uint32_t)(hash >> 32);
	rc = htab_insert(&t->table, hash, table_value(TABLE_CONN, slab_index(&t->conns, c)));
	if (rc == 0)
		c->flags |= CONN_F_HASHED;
	return rc;
}

void table_del_conn(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_worker *t = w->tcp;

	if (!(c->flags & CONN_F_HASHED))
		return;
	c->flags &= ~CONN_F_HASHED;
	full_freed(&t->fulls, &c->flow);
	table_remove(t, conn_hash(c), table_value(TABLE_CONN, slab_index(&t->conns, c)));
}

int table_add_port(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_worker *t = w->tcp;
	int rc = htab_insert(&t->table, table_port_hash(t, c->flow.dport_be),
			     table_value(TABLE_PORT, slab_index(&t->conns, c)));

	if (rc == 0) {
		c->flags |= CONN_F_BOUND;
		if (w->peers > 1)
			shared_port_use(w->shared, SHARED_TCP, WIRE_BE16(c->flow.dport_be), w->id,
					true);
		t->bound++;
		table_listeners_changed(t);
	}
	return rc;
}

void table_del_port(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_worker *t = w->tcp;

	if (!(c->flags & CONN_F_BOUND))
		return;
	c->flags &= ~CONN_F_BOUND;
	t->bound--;
	table_listeners_changed(t);
	table_remove(t, table_port_hash(t, c->flow.dport_be),
		     table_value(TABLE_PORT, slab_index(&t->conns, c)));
}

static bool addr_is_any(const uint8_t addr[16])
{
	uint64_t x[2];

	memcpy(x, addr, 16);
	return (x[0] | x[1]) == 0;
}

/* The hash of a port that SYNs come to: nearly always the one that the last came to. */
static void listen_hash(struct tcp_worker *t, uint16_t port_be)
{
	if (NSK_UNLIKELY(port_be != t->syn_port_be)) {
		t->syn_port_be = port_be;
		t->syn_port_hash = table_port_hash(t, port_be);
		t->syn_listener = NULL;
	}
}

void table_listeners_changed(struct tcp_worker *t)
{
	t->syn_listener = NULL;
}

/* What a socket that is bound to any address takes: its family, [::] of both families IPv4 too. */
static bool any_takes(const struct tcp_conn *c, uint8_t family)
{
	return c->sock.family == family || (c->sock.family == AF_INET6 && sock_is_dual(&c->sock));
}

/* 0: does not listen for this packet, 1: on any address, 3: on this one; one more if it is a socket
 * of the packet's family. */
static unsigned listener_rank(const struct tcp_conn *c, const struct flow *f, uint8_t family)
{
	unsigned native = sock_is_six(&c->sock) == (family == AF_INET6);

	if (c->state != TCPS_LISTEN || c->flow.dport_be != f->dport_be)
		return 0;
	if (addr_is_any(c->flow.dst))
		return any_takes(c, family) ? 1 + native : 0;
	return c->sock.family == family && memcmp(c->flow.dst, f->dst, 16) == 0 ? 3 + native : 0;
}

/* The listeners of a port that are as near to a packet as any is, gone through in the order of the
 * table. Returns the nth of them, or NULL and their number, and that of all sockets on the port. */
static struct tcp_conn *nth_listener(struct tcp_worker *t, const struct flow *f, uint8_t family,
				     uint32_t n, uint32_t *near, uint32_t *all)
{
	struct tcp_conn *found = NULL;
	unsigned best = 1;
	struct htab_it it;

	*near = *all = 0;
	HTAB_FOREACH(&t->table, t->syn_port_hash, it) {
		struct tcp_conn *c;
		unsigned rank;

		if (table_kind_of(it.value) != TABLE_PORT)
			continue;
		c = slab_at(&t->conns, table_index(it.value));
		++*all;
		rank = listener_rank(c, f, family);
		if (rank < best)
			continue;
		if (rank > best)
			*near = 0;
		best = rank;
		if ((*near)++ == n)
			found = c;
	}
	return n < *near ? found : NULL;
}

static NSK_NOINLINE struct tcp_conn *search_listener(struct tcp_worker *t, const struct flow *f,
						     uint8_t family, uint64_t hash)
{
	uint32_t near, all;
	struct tcp_conn *l = nth_listener(t, f, family, 0, &near, &all);

	if (near > 1)
		return nth_listener(t, f, family, (uint32_t)((hash >> 32) * near >> 32), &near,
				    &all);
	if (l && all == 1 && addr_is_any(l->flow.dst))
		t->syn_listener = l;
	return l;
}

struct tcp_conn *table_find_listener(struct nsk_worker *w, const struct flow *f, uint8_t family,
				     uint64_t hash)
{
	struct tcp_worker *t = w->tcp;

	listen_hash(t, f->dport_be);
	if (NSK_LIKELY(t->syn_listener && any_takes(t->syn_listener, family)))
		return t->syn_listener;
	return search_listener(t, f, family, hash);
}

bool table_port_conflict(struct nsk_worker *w, const struct tcp_conn *c, const uint8_t addr[16],
			 uint16_t port_be)
{
	const struct ip_addr own = ip_addr_of(c->sock.family, addr);
	struct tcp_worker *t = w->tcp;
	struct htab_it it;

	HTAB_FOREACH(&t->table, table_port_hash(t, port_be), it) {
		const struct tcp_conn *o;
		struct ip_addr other;
		uint8_t both;

		if (table_kind_of(it.value) != TABLE_PORT)
			continue;
		o = slab_at(&t->conns, table_index(it.value));
		if (o == c || o->flow.dport_be != port_be)
			continue;
		other = ip_addr_of(o->sock.family, o->flow.dst);
		if (!sock_addrs_overlap(&own, sock_is_dual(&c->sock), &other,
					sock_is_dual(&o->sock)))
			continue;
		both = o->sock.flags & c->sock.flags;
		if (both & SOCK_F_REUSEPORT)
			continue;
		if ((both & SOCK_F_REUSEADDR) && o->state != TCPS_LISTEN)
			continue;
		return true;
	}
	return false;
}
