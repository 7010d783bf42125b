/* SPDX-License-Identifier: BSD-3-Clause */
/* Where segments of connections go that live elsewhere; see moved.h. */
#include "tcp/moved.h"

#include "mbuf/pool.h"
#include "tcp/input.h"
#include "tcp/table.h"

#define MS_NS UINT64_C(1000000)
/* Entries that are looked at for each that is made: those that are over never become many more
 * than those that are not. */
#define SWEEP 2

static uint32_t value_of(const struct tcp_worker *t, const struct tcp_moved *mv)
{
	return table_value(TABLE_MOVED, slab_index(&t->moved, mv));
}

static void remove_entry(struct nsk_worker *w, struct tcp_moved *mv)
{
	struct tcp_worker *t = w->tcp;

	table_remove(t, table_flow_hash(t, &mv->flow, mv->family), value_of(t, mv));
	list_del(&mv->node);
}

void tcp_moved_drop(struct nsk_worker *w, struct tcp_moved *mv)
{
	slab_free(&w->tcp->moved, mv);
}

void tcp_moved_free(struct nsk_worker *w, struct tcp_moved *mv)
{
	remove_entry(w, mv);
	slab_free(&w->tcp->moved, mv);
}

bool tcp_moved_clear(struct nsk_worker *w, struct tcp_moved *mv)
{
	uint8_t state = __atomic_load_n(&mv->state, __ATOMIC_ACQUIRE);

	if (state == MOVED_LIVES)
		return false;
	remove_entry(w, mv);
	if (state == MOVED_WAITS && w->now_ns - mv->since_ns < w->set->tcp_time_wait_ms * MS_NS)
		time_wait_adopt(w, &mv->tw);
	slab_free(&w->tcp->moved, mv);
	return true;
}

static void sweep(struct nsk_worker *w)
{
	struct list_node *list = &w->tcp->moved_list;

	for (unsigned i = 0; i < SWEEP && !list_empty(list); i++) {
		struct tcp_moved *mv = NSK_LIST_ENTRY(list_first(list), struct tcp_moved, node);

		if (tcp_moved_clear(w, mv))
			continue;
		list_del(&mv->node);
		list_add_tail(list, &mv->node);
	}
}

struct tcp_moved *tcp_moved_new(struct nsk_worker *w, const struct flow *flow, uint8_t family)
{
	struct tcp_moved *mv;

	sweep(w);
	mv = slab_zalloc(&w->tcp->moved);
	if (!mv)
		return NULL;
	mv->flow = *flow;
	mv->family = family;
	return mv;
}

int tcp_moved_enter(struct nsk_worker *w, struct tcp_moved *mv)
{
	struct tcp_worker *t = w->tcp;
	int rc = htab_insert(&t->table, table_flow_hash(t, &mv->flow, mv->family), value_of(t, mv));

	if (rc == 0)
		list_add_tail(&t->moved_list, &mv->node);
	return rc;
}

void tcp_moved_take_place(struct nsk_worker *w, struct tcp_moved *mv, struct tcp_conn *c)
{
	struct tcp_worker *t = w->tcp;

	table_replace(t, conn_hash(c), table_value(TABLE_CONN, slab_index(&t->conns, c)),
		      value_of(t, mv));
	c->flags &= ~CONN_F_HASHED;
	list_add_tail(&t->moved_list, &mv->node);
}

NSK_NOINLINE void tcp_moved_input(struct nsk_worker *w, struct tcp_moved *mv, struct rte_mbuf *m,
				  uint64_t hash)
{
	struct pkt *p = pkt_of(m);
	uint32_t value;

	if (!tcp_moved_clear(w, mv)) {
		p->flags |= PKT_F_MOVED;
		tcp_pass_on(w, tcp_moved_worker(mv), m);
		return;
	}
	value = table_find(w, hash, &p->flow, p->family);
	if (value != HTAB_NONE && table_kind_of(value) == TABLE_TIME_WAIT)
		tcp_time_wait_input(w, slab_at(&w->tcp->time_waits, table_index(value)), m, hash);
	else
		tcp_stranger_input(w, m, hash, 0);
}

void tcp_moved_waits(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_moved *mv = c->ext->moved;

	mv->since_ns = w->now_ns;
	__atomic_store_n(&mv->state, MOVED_WAITS, __ATOMIC_RELEASE);
	c->ext->moved = NULL;
}

bool tcp_moved_back(struct nsk_worker *w, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	uint16_t home;

	if (!(p->flags & PKT_F_MOVED))
		return false;
	home = w->ops->flow_owner(w, &p->flow);
	if (home == w->id)
		return false;
	p->flags &= (uint8_t)~PKT_F_MOVED;
	tcp_pass_on(w, home, m);
	return true;
}
