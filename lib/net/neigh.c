/* SPDX-License-Identifier: BSD-3-Clause */
/* The neighbour table: places, states, timers; see neigh.h. */
#include "net/neigh.h"

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/mem.h"
#include "net/arp.h"
#include "net/net.h"

#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)
#define LOOKS	   16 /* entries looked at for one that is not in use */

/* ---- places -------------------------------------------------------------------------------------
 */

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

static void move(struct neigh_table *t, struct neigh *n, enum neigh_list to)
{
	t->count[n->list]--;
	list_del(&n->link);
	n->list = (uint8_t)to;
	t->count[to]++;
	list_add_tail(&t->list[to], &n->link);
}

int neigh_table_init(struct nsk_worker *w)
{
	struct neigh_table *t = mem_zalloc(w->mem, sizeof(*t));
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
	while (n->qhead) {
		struct rte_mbuf *m = n->qhead;

		n->qhead = pkt_of(m)->qnext;
		pkt_drop(w, m, reason);
	}
	n->qtail = NULL;
	n->queued = 0;
}

/* The entry is no more: cached ways to it become invalid, what waits is dropped. */
static void release(struct nsk_worker *w, struct neigh *n, enum nsk_drop reason)
{
	struct neigh_table *t = w->net->neighs;

	wheel_cancel(&w->wheel, &n->timer);
	htab_remove(&t->index, hash(t, n->iface, &n->addr), (uint32_t)(n - t->entry));
	drop_queue(w, n, reason);
	n->gen++;
	n->state = NEIGH_FREE;
	move(t, n, NEIGH_LIST_FREE);
}

void neigh_table_fini(struct nsk_worker *w)
{
	struct neigh_table *t = w->net->neighs;

	if (!t)
		return;
	for (uint32_t i = 0; i < t->carved; i++)
		if (t->entry[i].state != NEIGH_FREE)
			release(w, &t->entry[i], NSK_DROP_TX_LINK_DOWN);
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
		move(t, n, NEIGH_LIST_ACTIVE);
	}
	return NULL;
}

/* Takes the room of another entry: of the crowd that presses most, then of an idle one. */
static bool evict(struct nsk_worker *w, enum neigh_list wanted)
{
	struct neigh_table *t = w->net->neighs;
	struct neigh *n;

	if (wanted == NEIGH_LIST_PASSIVE ||
	    t->count[NEIGH_LIST_PASSIVE] >= t->count[NEIGH_LIST_UNRESOLVED])
		n = oldest(t, NEIGH_LIST_PASSIVE);
	else
		n = oldest(t, NEIGH_LIST_UNRESOLVED);
	if (!n && wanted != NEIGH_LIST_PASSIVE)
		n = idle(w);
	if (!n)
		return false;
	release(w, n, NSK_DROP_ARP_TABLE_FULL);
	return true;
}

/* A new entry, or NULL. */
static struct neigh *make(struct nsk_worker *w, uint8_t iface, const struct ip_addr *addr,
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
	move(t, n, list);
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

/* ---- states -------------------------------------------------------------------------------------
 */

static struct iface *iface_of(const struct nsk_worker *w, const struct neigh *n)
{
	return w->net->snap->iface[n->iface];
}

static void arm(struct nsk_worker *w, struct neigh *n, uint64_t ms)
{
	wheel_arm(&w->wheel, &n->timer, w->now_ns + ms * NS_PER_MS);
}

static void set_header(struct nsk_worker *w, struct neigh *n, const uint8_t *mac)
{
	eth_write(n->header, mac, iface_of(w, n)->mac.b,
		  n->addr.family == AF_INET ? ETH_TYPE_IPV4 : ETH_TYPE_IPV6);
}

static bool same_mac(const struct neigh *n, const uint8_t *mac)
{
	return eth_mac_equal(n->header, mac);
}

static void transmit(struct nsk_worker *w, struct iface *ifc, struct neigh *n, struct rte_mbuf *m)
{
	char *p = rte_pktmbuf_prepend(m, ETH_HLEN);

	n->used_ns = w->now_ns;
	if (NSK_UNLIKELY(!p)) {
		pkt_drop(w, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	memcpy(p, n->header, ETH_HLEN);
	net_tx(w, ifc, m);
}

/* Asks everybody. Too many such questions at once wait for a moment. */
static void ask_all(struct nsk_worker *w, struct neigh *n)
{
	struct neigh_table *t = w->net->neighs;

	if (!limiter_allow(&t->ask, w->now_ns, NS_PER_SEC / NEIGH_ASK_RATE, NEIGH_ASK_BURST)) {
		arm(w, n, NEIGH_ASK_LATER_MS);
		return;
	}
	n->tries++;
	arm(w, n, w->set->arp_retry_ms);
	arp_request(w, iface_of(w, n), &n->addr, NULL);
}

/* Asks the link address that we have whether it is still right; sooner when something speaks
 * against it. */
static void ask_it(struct nsk_worker *w, struct neigh *n)
{
	n->tries++;
	arm(w, n, n->doubted ? w->set->arp_retry_ms / 4 : w->set->arp_retry_ms);
	arp_request(w, iface_of(w, n), &n->addr, n->header);
}

static void start_probe(struct nsk_worker *w, struct neigh *n, bool doubted)
{
	n->state = NEIGH_PROBE;
	n->tries = 0;
	n->doubted = doubted;
	ask_it(w, n);
}

static void start_resolving(struct nsk_worker *w, struct neigh *n)
{
	n->state = NEIGH_INCOMPLETE;
	n->tries = 0;
	n->doubted = false;
	move(w->net->neighs, n, NEIGH_LIST_UNRESOLVED);
	ask_all(w, n);
}

/* The neighbour surely lives behind the link address that we have. */
static void reached(struct nsk_worker *w, struct neigh *n)
{
	n->state = NEIGH_REACHABLE;
	n->doubted = false;
	n->confirmed_ns = w->now_ns;
	arm(w, n, w->set->arp_timeout_ms);
}

/* The link address is known now: what waits may go. */
static void resolved(struct nsk_worker *w, struct iface *ifc, struct neigh *n)
{
	struct rte_mbuf *m = n->qhead;

	move(w->net->neighs, n, NEIGH_LIST_ACTIVE);
	n->qhead = n->qtail = NULL;
	n->queued = 0;
	while (m) {
		struct rte_mbuf *next = pkt_of(m)->qnext;

		transmit(w, ifc, n, m);
		m = next;
	}
}

/*
 * Nobody answered. The transports hear of each packet that waited; they may send, and so take this
 * entry's room: nothing of it is used after the first call.
 */
static void fail(struct nsk_worker *w, struct neigh *n)
{
	struct rte_mbuf *m = n->qhead;

	n->state = NEIGH_FAILED;
	n->qhead = n->qtail = NULL;
	n->queued = 0;
	arm(w, n, w->set->arp_retry_ms);
	while (m) {
		struct rte_mbuf *next = pkt_of(m)->qnext;

		if (w->net->up)
			w->net->up->unreachable(w, m);
		pkt_drop(w, m, NSK_DROP_ARP_UNRESOLVED);
		m = next;
	}
}

/* ---- sending ------------------------------------------------------------------------------------
 */

struct neigh *neigh_get(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
			bool broadcast)
{
	bool group = broadcast || ip_addr_is_multicast(addr);
	struct neigh *n = neigh_find(w, ifc->index, addr);
	struct eth_addr mac;

	if (n) {
		if (n->list == NEIGH_LIST_PASSIVE)
			move(w->net->neighs, n, NEIGH_LIST_ACTIVE);
		return n;
	}
	n = make(w, ifc->index, addr, group ? NEIGH_LIST_ACTIVE : NEIGH_LIST_UNRESOLVED);
	if (!n)
		return NULL;
	if (group) {
		mac = broadcast ? ETH_ADDR_BROADCAST : eth_addr_of_multicast(addr);
		set_header(w, n, mac.b);
		n->state = NEIGH_REACHABLE; /* and no timer: for as long as it is used */
		n->confirmed_ns = w->now_ns;
	} else {
		n->state = NEIGH_INCOMPLETE;
		arm(w, n, w->set->arp_timeout_ms); /* goes if nothing is ever sent */
	}
	return n;
}

static void hold(struct nsk_worker *w, struct neigh *n, struct rte_mbuf *m)
{
	uint32_t limit = NSK_MIN(w->set->arp_queue, (uint32_t)UINT8_MAX);

	if (n->queued >= limit && n->queued > 0) {
		struct rte_mbuf *first = n->qhead;

		n->qhead = pkt_of(first)->qnext;
		n->queued--;
		pkt_drop(w, first, NSK_DROP_ARP_QUEUE_FULL);
	}
	pkt_of(m)->qnext = NULL;
	if (n->qhead)
		pkt_of(n->qtail)->qnext = m;
	else
		n->qhead = m;
	n->qtail = m;
	n->queued++;
	if (n->tries == 0)
		ask_all(w, n);
}

void neigh_output_slow(struct nsk_worker *w, struct iface *ifc, struct neigh *n, struct rte_mbuf *m)
{
	switch (n->state) {
	case NEIGH_INCOMPLETE:
		hold(w, n, m);
		return;
	case NEIGH_STALE:
		n->state = NEIGH_DELAY;
		arm(w, n, NEIGH_DELAY_MS);
		transmit(w, ifc, n, m);
		return;
	case NEIGH_REACHABLE:
	case NEIGH_DELAY:
	case NEIGH_PROBE:
		transmit(w, ifc, n, m);
		return;
	default:
		pkt_drop(w, m, NSK_DROP_ARP_UNRESOLVED);
		return;
	}
}

void neigh_confirm_slow(struct nsk_worker *w, struct neigh *n)
{
	if (n->state > NEIGH_REACHABLE)
		reached(w, n);
}

/* ---- what others say ----------------------------------------------------------------------------
 */

/* Another link address than ours: does the old one still answer? Not asked where it just did. */
static void doubt(struct nsk_worker *w, struct neigh *n, const uint8_t *mac)
{
	if (n->state < NEIGH_REACHABLE || n->state == NEIGH_PROBE || same_mac(n, mac) ||
	    w->now_ns - n->confirmed_ns < w->set->arp_retry_ms * NS_PER_MS)
		return;
	start_probe(w, n, true);
}

bool neigh_answered(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		    const uint8_t *mac)
{
	struct neigh *n = neigh_find(w, ifc->index, addr);

	if (!n)
		return false;
	if (n->state == NEIGH_PROBE && same_mac(n, mac)) {
		reached(w, n);
		return true;
	}
	if (n->state < NEIGH_REACHABLE && n->tries > 0) {
		set_header(w, n, mac);
		reached(w, n);
		resolved(w, ifc, n);
		return true;
	}
	doubt(w, n, mac);
	return false;
}

void neigh_heard(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		 const uint8_t *mac)
{
	struct neigh *n = neigh_find(w, ifc->index, addr);

	if (!n) {
		n = make(w, ifc->index, addr, NEIGH_LIST_PASSIVE);
		if (!n)
			return;
		set_header(w, n, mac);
		n->state = NEIGH_STALE;
		arm(w, n, w->set->arp_timeout_ms);
	} else if (n->state < NEIGH_REACHABLE) {
		/* It is there, but whether what we send arrives is still to be seen. */
		set_header(w, n, mac);
		n->state = NEIGH_DELAY;
		arm(w, n, NEIGH_DELAY_MS);
		resolved(w, ifc, n);
	} else {
		doubt(w, n, mac);
	}
}

void neigh_doubt(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		 const uint8_t *mac)
{
	struct neigh *n = neigh_find(w, ifc->index, addr);

	if (n)
		doubt(w, n, mac);
}

void neigh_flush(struct nsk_worker *w, uint8_t iface)
{
	struct neigh_table *t = w->net->neighs;

	for (uint32_t i = 0; i < t->carved; i++)
		if (t->entry[i].state != NEIGH_FREE && t->entry[i].iface == iface)
			release(w, &t->entry[i], NSK_DROP_TX_LINK_DOWN);
}

/* ---- timers -------------------------------------------------------------------------------------
 */

static bool used_within(const struct nsk_worker *w, const struct neigh *n, uint64_t ms)
{
	return n->used_ns && w->now_ns - n->used_ns < ms * NS_PER_MS;
}

static void reachable_ends(struct nsk_worker *w, struct neigh *n)
{
	uint64_t timeout = w->set->arp_timeout_ms;
	uint64_t end = n->confirmed_ns + timeout * NS_PER_MS;

	if (w->now_ns < end) { /* confirmed since the timer was armed */
		wheel_arm(&w->wheel, &n->timer, end);
	} else if (used_within(w, n, timeout)) {
		start_probe(w, n, false);
	} else {
		n->state = NEIGH_STALE;
		arm(w, n, timeout);
	}
}

static void probe_unanswered(struct nsk_worker *w, struct neigh *n)
{
	if (n->tries < w->set->arp_retries)
		ask_it(w, n);
	else if (n->doubted || used_within(w, n, w->set->arp_timeout_ms))
		start_resolving(w, n);
	else
		release(w, n, NSK_DROP_ARP_UNRESOLVED);
}

static void incomplete_unanswered(struct nsk_worker *w, struct neigh *n)
{
	if (n->tries == 0 && n->queued == 0)
		release(w, n, NSK_DROP_ARP_UNRESOLVED);
	else if (n->tries < w->set->arp_retries)
		ask_all(w, n);
	else
		fail(w, n);
}

void neigh_timer(void *ctx, struct wheel_timer *timer, uint64_t now_ns)
{
	struct nsk_worker *w = ctx;
	struct neigh *n = NSK_CONTAINER_OF(timer, struct neigh, timer);

	(void)now_ns;
	if (timer == &w->net->announce) {
		arp_announce_again(w);
		return;
	}
	switch (n->state) {
	case NEIGH_INCOMPLETE:
		incomplete_unanswered(w, n);
		break;
	case NEIGH_REACHABLE:
		reachable_ends(w, n);
		break;
	case NEIGH_DELAY:
		start_probe(w, n, false);
		break;
	case NEIGH_PROBE:
		probe_unanswered(w, n);
		break;
	default: /* failed, or stale for long */
		release(w, n, NSK_DROP_ARP_UNRESOLVED);
		break;
	}
}

/* ---- control tools ------------------------------------------------------------------------------
 */

const char *neigh_state_name(uint8_t state)
{
	static const char *const names[] = {
		[NEIGH_FREE] = "free",	   [NEIGH_INCOMPLETE] = "incomplete",
		[NEIGH_FAILED] = "failed", [NEIGH_REACHABLE] = "reachable",
		[NEIGH_STALE] = "stale",   [NEIGH_DELAY] = "delay",
		[NEIGH_PROBE] = "probe",
	};

	return state < NSK_ARRAY_LEN(names) ? names[state] : "invalid";
}

static void fill_row(const struct nsk_worker *w, const struct neigh *n, struct neigh_row *row)
{
	*row = (struct neigh_row){
		.addr = n->addr,
		.iface = n->iface,
		.state = n->state,
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
