/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Places in the neighbour table: who gets one, whose is taken when there are no more, who is found.
 * What becomes of an entry is neigh.c's.
 */
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/mem.h"
#include "net/neigh.h"
#include "net/net.h"

#define NS_PER_MS UINT64_C(1000000)
#define LOOKS	  16 /* entries looked at for one that is not in use */

/* ---- places ---- */

static uint64_t hash(const struct neigh_table *t, uint8_t iface, const struct ip_addr *a)
{
	uint64_t words[3];

	memcpy(words, a->b, 16);
	words[2] = (uint64_t)iface << 8 | a->family;
	return siphash13_words(&t->key, words, 3);
}

static uint64_t hash_of(const void *ctx, uint32_t value)
{
	const struct neigh_table *t = ctx;
	const struct neigh *n = &t->entry[value];

	return hash(t, n->iface, &n->addr);
}

void neigh_move(struct neigh_table *t, struct neigh *n, enum neigh_list to)
{
	t->count[n->list]--;
	list_del(&n->link);
	n->list = (uint8_t)to;
	t->count[to]++;
	list_add_tail(&t->list[to], &n->link);
}

int neigh_table_init(struct nsk_worker *w)
{
	struct neigh_table *t = mem_zalloc_apart(w->mem, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	t->max = NSK_MAX(w->set->arp_entries, 1u);
	t->entry = mem_alloc_aligned(w->mem, t->max * sizeof(struct neigh), NSK_CACHELINE);
	if (!t->entry) {
		rc = -ENOMEM;
		goto free_table;
	}
	rc = htab_init(&t->index, t->max, w->mem, hash_of, t);
	if (rc)
		goto free_entries;
	for (unsigned i = 0; i < NEIGH_LISTS; i++)
		list_init(&t->list[i]);
	t->key.k0 = rng_u64(&w->rng);
	t->key.k1 = rng_u64(&w->rng);
	w->net->neighs = t;
	return 0;

free_entries:
	mem_free(w->mem, t->entry, t->max * sizeof(struct neigh));
free_table:
	mem_free(w->mem, t, sizeof(*t));
	return rc;
}

static void drop_queue(struct nsk_worker *w, struct neigh *n, enum nsk_drop reason)
{
	struct rte_mbuf *m = neigh_unhold(w->net->neighs, n);

	while (m) {
		struct rte_mbuf *next = pkt_of(m)->qnext;

		pkt_drop_out(w, n->iface, m, reason);
		m = next;
	}
}

/* The entry is no more: cached ways to it become invalid, what waits is dropped. */
void neigh_release(struct nsk_worker *w, struct neigh *n, enum nsk_drop reason)
{
	struct neigh_table *t = w->net->neighs;

	wheel_cancel(&w->wheel, &n->timer);
	htab_remove(&t->index, hash(t, n->iface, &n->addr), (uint32_t)(n - t->entry));
	drop_queue(w, n, reason);
	n->gen++;
	n->state = NEIGH_FREE;
	neigh_move(t, n, NEIGH_LIST_FREE);
}

void neigh_table_fini(struct nsk_worker *w)
{
	struct neigh_table *t = w->net->neighs;

	if (!t)
		return;
	for (uint32_t i = 0; i < t->carved; i++)
		if (t->entry[i].state != NEIGH_FREE)
			neigh_release(w, &t->entry[i], NSK_DROP_TX_LINK_DOWN);
	htab_fini(&t->index);
	mem_free(w->mem, t->entry, t->max * sizeof(struct neigh));
	mem_free(w->mem, t, sizeof(*t));
	w->net->neighs = NULL;
}

static struct neigh *oldest(struct neigh_table *t, enum neigh_list list)
{
	struct list_node *l = list_first(&t->list[list]);

	return l ? NSK_LIST_ENTRY(l, struct neigh, link) : NULL;
}

/* A resolved entry that sent nothing lately, of the first few in line; those in use go to its end.
 */
static struct neigh *idle(struct nsk_worker *w)
{
	struct neigh_table *t = w->net->neighs;

	for (unsigned i = 0; i < LOOKS; i++) {
		struct neigh *n = oldest(t, NEIGH_LIST_ACTIVE);

		if (!n || w->now_ns - n->used_ns >= NEIGH_BUSY_MS * NS_PER_MS)
			return n;
		neigh_move(t, n, NEIGH_LIST_ACTIVE);
	}
	return NULL;
}

/* Of those that have not answered, the ones for whom no packet waits any more come first. */
static struct neigh *oldest_unresolved(struct neigh_table *t)
{
	struct neigh *n = oldest(t, NEIGH_LIST_UNRESOLVED);

	return n ? n : oldest(t, NEIGH_LIST_WAITING);
}

/* Takes the room of another entry: of the crowd that presses most, then of an idle one. */
static bool evict(struct nsk_worker *w, enum neigh_list wanted)
{
	struct neigh_table *t = w->net->neighs;
	uint32_t unresolved = t->count[NEIGH_LIST_UNRESOLVED] + t->count[NEIGH_LIST_WAITING];
	struct neigh *n;

	if (wanted == NEIGH_LIST_PASSIVE || t->count[NEIGH_LIST_PASSIVE] >= unresolved)
		n = oldest(t, NEIGH_LIST_PASSIVE);
	else
		n = oldest_unresolved(t);
	if (!n && wanted != NEIGH_LIST_PASSIVE)
		n = idle(w);
	if (!n)
		return false;
	neigh_release(w, n, NSK_DROP_ARP_TABLE_FULL);
	return true;
}

/* A new entry, or NULL. */
struct neigh *neigh_make(struct nsk_worker *w, uint8_t iface, const struct ip_addr *addr,
			 enum neigh_list list)
{
	struct neigh_table *t = w->net->neighs;
	struct neigh *n;

	if (list_empty(&t->list[NEIGH_LIST_FREE])) {
		if (t->carved < t->max) {
			n = &t->entry[t->carved++];
			memset(n, 0, sizeof(*n));
			n->list = NEIGH_LIST_FREE;
			t->count[NEIGH_LIST_FREE]++;
			list_add_tail(&t->list[NEIGH_LIST_FREE], &n->link);
		} else if (!evict(w, list)) {
			return NULL;
		}
	}
	n = oldest(t, NEIGH_LIST_FREE);
	*n = (struct neigh){
		.gen = n->gen + 1,
		.iface = iface,
		.addr = *addr,
		.link = n->link,
		.list = n->list,
	};
	wheel_timer_init(&n->timer, TIMER_NEIGH);
	if (htab_insert(&t->index, hash(t, iface, addr), (uint32_t)(n - t->entry)))
		return NULL;
	neigh_move(t, n, list);
	return n;
}

struct neigh *neigh_find(const struct nsk_worker *w, uint8_t iface, const struct ip_addr *addr)
{
	struct neigh_table *t = w->net->neighs;
	struct htab_it it;

	HTAB_FOREACH(&t->index, hash(t, iface, addr), it) {
		struct neigh *n = &t->entry[it.value];

		if (n->iface == iface && ip_addr_eq(&n->addr, addr))
			return n;
	}
	return NULL;
}

void neigh_flush(struct nsk_worker *w, uint8_t iface)
{
	struct neigh_table *t = w->net->neighs;

	for (uint32_t i = 0; i < t->carved; i++)
		if (t->entry[i].state != NEIGH_FREE && t->entry[i].iface == iface)
			neigh_release(w, &t->entry[i], NSK_DROP_TX_LINK_DOWN);
	neigh_forget_statics(w);
}

/* ---- control tools ---- */

static void fill_row(const struct nsk_worker *w, const struct neigh *n, struct neigh_row *row)
{
	*row = (struct neigh_row){
		.addr = n->addr,
		.iface = n->iface,
		.state = n->list == NEIGH_LIST_STATIC ? NEIGH_PERMANENT : n->state,
		.queued = n->queued,
		.used_ns_ago = n->used_ns ? w->now_ns - n->used_ns : UINT64_MAX,
		.confirmed_ns_ago = n->confirmed_ns ? w->now_ns - n->confirmed_ns : UINT64_MAX,
	};
	if (n->state >= NEIGH_REACHABLE)
		memcpy(row->mac.b, n->header, ETH_MAC_LEN);
}

unsigned neigh_list(const struct nsk_worker *w, uint32_t *cursor, struct neigh_row *rows,
		    unsigned max)
{
	const struct neigh_table *t = w->net->neighs;
	uint32_t looks = 4 * max;
	unsigned n = 0;

	while (*cursor < t->carved && n < max && looks-- > 0) {
		const struct neigh *e = &t->entry[(*cursor)++];

		if (e->state != NEIGH_FREE)
			fill_row(w, e, &rows[n++]);
	}
	if (*cursor >= t->carved)
		*cursor = UINT32_MAX;
	return n;
}
