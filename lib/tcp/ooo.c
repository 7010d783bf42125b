/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Out-of-order segments; see ooo.h. A piece's node for the set lies over the front of its packet
 * descriptor, whose fields have served by then.
 */
#include "tcp/ooo.h"

#include <string.h>

#include "tcp/rcvbuf.h"
#include "tcp/tally.h"

#define RANGES_MIN 16
/*
 * Each piece in the middle of many ranges moves half of them, so few are enough for anybody; but
 * what a slow start loses on a fast and long path is every second segment of all that is in flight,
 * and what finds no range there is lost once more. Large receive buffers have as many as they have
 * room for pieces of two kilobytes.
 */
#define RANGES_MANY  1024u
#define RANGES_MAX   16384u
#define RANGE_OCTETS 2048u

/* The descriptor's memory changes its type: accesses on either side must not be reordered. */
typedef struct __attribute__((may_alias)) {
	struct reasm_node *next;
	uint32_t seq;
	uint32_t len;
} node_alias;
_Static_assert(sizeof(struct reasm_node) == sizeof(node_alias), "the same thing");
_Static_assert(offsetof(struct reasm_node, len) == offsetof(node_alias, len), "the same thing");
_Static_assert(sizeof(struct reasm_node) <= offsetof(struct pkt, flow), "over what has served");

static node_alias *view(struct reasm_node *nd)
{
	return (node_alias *)nd;
}

static struct rte_mbuf *mbuf_of(struct reasm_node *nd)
{
	return (struct rte_mbuf *)nd - 1;
}

static unsigned ranges_most(const struct tcp_conn *c)
{
	return NSK_MIN(NSK_MAX(c->rcv.limit / RANGE_OCTETS, RANGES_MANY), RANGES_MAX);
}

static bool make_room(struct nsk_worker *w, const struct tcp_conn *c)
{
	struct tcp_ext *x = c->ext;
	struct reasm *old = x->ooo, *set;
	unsigned cap = old ? old->cap * 2u : RANGES_MIN;

	if (old && (!reasm_full(old) || cap > ranges_most(c)))
		return true;
	set = mem_alloc(w->mem, reasm_bytes(cap));
	if (!set)
		return old != NULL;
	reasm_init(set, (uint16_t)cap);
	if (old) {
		reasm_move(set, old);
		mem_free(w->mem, old, reasm_bytes(old->cap));
	}
	x->ooo = set;
	return true;
}

static void release_set(struct nsk_worker *w, struct tcp_ext *x)
{
	mem_free(w->mem, x->ooo, reasm_bytes(x->ooo->cap));
	x->ooo = NULL;
}

static void charge(struct nsk_worker *w, struct tcp_ext *x, const struct rte_mbuf *m)
{
	x->ooo_mem += charge_of(m);
	w->tcp->rcv_mem.used += charge_of(m);
}

static void discharge(struct nsk_worker *w, struct tcp_ext *x, const struct rte_mbuf *m)
{
	x->ooo_mem -= charge_of(m);
	w->tcp->rcv_mem.used -= charge_of(m);
}

/*
 * A piece that only continues a range is copied behind the range's last buffer when it is small or
 * memory is short. True if that was done.
 */
static bool collapse(struct tcp_conn *c, struct reasm *s, const struct rte_mbuf *m, uint32_t seq,
		     bool pressed)
{
	uint32_t len = m->data_len;

	if (len > RCVQ_COPY_MAX && !pressed)
		return false;
	for (unsigned i = s->n; i-- > 0;) {
		struct reasm_range *r = &s->r[i];
		struct rte_mbuf *last;

		if (seq_gt(r->end, seq))
			continue;
		if (r->end != seq || seq == c->rcv_nxt)
			return false;
		if (i + 1u < s->n && seq_geq(seq + len, s->r[i + 1].start))
			return false;
		last = mbuf_of(r->tail);
		if (rte_pktmbuf_tailroom(last) < len || !rcvq_may_append(last))
			return false;
		memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len),
		       rte_pktmbuf_mtod(m, const uint8_t *), len);
		last->data_len = (uint16_t)(last->data_len + len);
		last->pkt_len = last->data_len;
		reasm_extend(s, i, len);
		return true;
	}
	return false;
}

/* One buffer. Consumes m. True if it brought something new. */
static bool add_one(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, uint32_t seq)
{
	struct tcp_ext *x = c->ext;
	struct reasm_node *nd = (struct reasm_node *)(void *)pkt_of(m);
	bool pressed = rcvq_mem(c) + charge_of(m) > c->rcv.limit || w->tcp->rcv_mem.pressed;
	struct reasm_result res;

	if (collapse(c, x->ooo, m, seq, pressed)) {
		pkt_put_seg(w, m);
		worker_count(w, NSK_CNT_TCP_OOO_QUEUED, 1);
		return true;
	}
	if (seq != c->rcv_nxt && rcvq_mem(c) + charge_of(m) > 2 * c->rcv.limit) {
		pkt_drop(w, m, NSK_DROP_TCP_OOO_FULL);
		return false;
	}
	if (seq != c->rcv_nxt && w->tcp->rcv_mem.used >= w->tcp->rcv_mem.high) {
		pkt_drop(w, m, NSK_DROP_TCP_MEM_FULL);
		return false;
	}
	view(nd)->next = NULL;
	view(nd)->seq = seq;
	view(nd)->len = m->data_len;
	res = reasm_insert(x->ooo, c->rcv_nxt, nd);
	x->dsack = res.dup;
	if (res.verdict != REASM_KEPT) {
		pkt_drop(w, m,
			 res.verdict == REASM_DUP ? NSK_DROP_TCP_DUPLICATE : NSK_DROP_TCP_OOO_FULL);
		return false;
	}
	m->data_off = (uint16_t)(m->data_off + res.front);
	m->data_len = (uint16_t)(m->data_len - res.front - res.back);
	m->pkt_len = m->data_len;
	charge(w, x, m);
	worker_count(w, NSK_CNT_TCP_OOO_QUEUED, 1);
	return true;
}

bool ooo_add(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m, uint32_t seq)
{
	struct tcp_ext *x = conn_ext(w, c);
	bool fresh = false, begins = x && !x->ooo;

	if (!x || !make_room(w, c)) {
		pkt_drop(w, m, NSK_DROP_TCP_OOO_FULL);
		return false;
	}
	if (begins)
		paws_gap_begin(&x->gap, c->ts_recent, seq + m->pkt_len);
	if (!budget_calm(&w->tcp->rcv_mem) && tcp_mem_pressed(w, &w->tcp->rcv_mem)) {
		rcvq_yield(w, c);
		ooo_prune(w, c, charge_of(m));
	}
	while (m) {
		struct rte_mbuf *next = m->next;
		uint32_t len = m->data_len;

		m->next = NULL;
		m->nb_segs = 1;
		m->pkt_len = len;
		if (len)
			fresh |= add_one(w, c, m, seq);
		else
			pkt_put_seg(w, m);
		seq += len;
		m = next;
	}
	if (reasm_empty(x->ooo))
		release_set(w, x);
	return fresh;
}

uint32_t ooo_deliver(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = c->ext;
	uint32_t octets = 0, taken = 0;
	struct reasm_node *nd;
	bool full = false;

	if (!x || !x->ooo)
		return 0;
	nd = reasm_pop(x->ooo, c->rcv_nxt, &octets);
	while (nd) {
		struct reasm_node *next = view(nd)->next;
		struct rte_mbuf *m = mbuf_of(nd);
		uint32_t len = m->data_len;

		discharge(w, x, m);
		if (!full && rcvq_append(w, c, m)) {
			taken += len;
		} else {
			full = true; /* what follows a gap would be out of order: the peer sends it
					again */
			pkt_drop(w, m, NSK_DROP_TCP_MEM_FULL);
		}
		nd = next;
	}
	c->rcv_nxt += taken;
	tally_received(w, c, taken);
	if (reasm_empty(x->ooo))
		release_set(w, x);
	else
		paws_gap_moved(&x->gap, c->rcv_nxt, c->ts_recent, reasm_end(x->ooo));
	return taken;
}

/* Frees a chain of nodes. */
static void free_chain(struct nsk_worker *w, struct tcp_ext *x, struct reasm_node *nd,
		       enum nsk_drop reason)
{
	while (nd) {
		struct reasm_node *next = view(nd)->next;
		struct rte_mbuf *m = mbuf_of(nd);

		discharge(w, x, m);
		if (reason)
			worker_count_drop(w, reason, 1);
		pkt_put_seg(w, m);
		nd = next;
	}
}

void ooo_prune(struct nsk_worker *w, struct tcp_conn *c, uint32_t more)
{
	struct tcp_ext *x = c->ext;

	while (!reasm_empty(conn_ooo(c)) && rcvq_mem(c) + more > 2 * c->rcv.limit)
		free_chain(w, x, reasm_drop_last(x->ooo), NSK_DROP_TCP_OOO_FULL);
}

void ooo_free(struct nsk_worker *w, struct tcp_conn *c)
{
	struct tcp_ext *x = c->ext;

	if (!x || !x->ooo)
		return;
	while (!reasm_empty(x->ooo))
		free_chain(w, x, reasm_drop_last(x->ooo), NSK_DROP_NONE);
	release_set(w, x);
}

/* ---- for one who takes the connection over ---- */

struct rte_mbuf *ooo_first(const struct reasm_range *r)
{
	return mbuf_of(r->head);
}

struct rte_mbuf *ooo_next(struct rte_mbuf *m)
{
	struct reasm_node *next = view((struct reasm_node *)(void *)pkt_of(m))->next;

	return next ? mbuf_of(next) : NULL;
}

struct rte_mbuf *ooo_take(struct nsk_worker *w, struct tcp_conn *c)
{
	struct rte_mbuf *first = NULL, *last = NULL;
	struct reasm *s = conn_ooo(c);

	for (unsigned i = 0; s && i < s->n; i++) {
		for (struct rte_mbuf *next, *m = ooo_first(&s->r[i]); m; m = next) {
			next = ooo_next(m);
			discharge(w, c->ext, m);
			pkt_of(m)->qnext = NULL;
			if (last)
				pkt_of(last)->qnext = m;
			else
				first = m;
			last = m;
		}
	}
	if (s) {
		s->n = 0;
		s->octets = 0;
	}
	return first;
}

bool ooo_begin(struct nsk_worker *w, struct tcp_conn *c, unsigned ranges)
{
	unsigned cap = RANGES_MIN;

	while (cap <= ranges)
		cap *= 2;
	if (cap > RANGES_MAX)
		return false;
	c->ext->ooo = mem_alloc(w->mem, reasm_bytes(cap));
	if (c->ext->ooo)
		reasm_init(c->ext->ooo, (uint16_t)cap);
	return c->ext->ooo;
}

void ooo_place(struct rte_mbuf *m, uint32_t seq)
{
	node_alias *nd = view((struct reasm_node *)(void *)pkt_of(m));

	nd->seq = seq;
	nd->len = m->data_len;
}

void ooo_give(struct nsk_worker *w, struct tcp_conn *c, struct rte_mbuf *m)
{
	struct reasm *s = conn_ooo(c);
	struct reasm before;

	if (!s)
		return;
	before = *s;
	for (struct rte_mbuf *next; m; m = next) {
		struct reasm_node *nd = (struct reasm_node *)(void *)pkt_of(m);

		next = pkt_of(m)->qnext;
		view(nd)->next = NULL;
		reasm_insert(s, c->rcv_nxt, nd);
		charge(w, c->ext, m);
	}
	/* None of them has come only now. */
	s->nrecent = before.nrecent;
	memcpy(s->recent, before.recent, sizeof(s->recent));
}
