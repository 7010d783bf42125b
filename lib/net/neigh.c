/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of neighbours and their timers; see neigh.h. RFC 1122 §2.3.2, RFC 4861 §7.3. */
#include "net/neigh.h"

#include <string.h>

#include <rte_mbuf.h>

#include "net/arp.h"
#include "net/autoconf.h"
#include "net/nd.h"
#include "net/net.h"

#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)

static struct iface *iface_of(const struct nsk_worker *w, const struct neigh *n)
{
	return w->net->snap->iface[n->iface];
}

/* RFC 4861 §6.3.2: how long an answer counts, and between questions, as routers of the link say or
 * the settings. */
static uint64_t timeout_ms(const struct nsk_worker *w, const struct neigh *n)
{
	uint32_t told = n->addr.family == AF_INET6
				? __atomic_load_n(&iface_of(w, n)->reachable_ms, __ATOMIC_RELAXED)
				: 0;

	return told ? told : SETTING(w->set, arp_timeout_ms);
}

static uint64_t retry_ms(const struct nsk_worker *w, const struct neigh *n)
{
	uint32_t told = n->addr.family == AF_INET6
				? __atomic_load_n(&iface_of(w, n)->retrans_ms, __ATOMIC_RELAXED)
				: 0;

	return told ? told : SETTING(w->set, arp_retry_ms);
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
		pkt_drop_out(w, n->iface, m, NSK_DROP_TX_NO_BUFFER);
		return;
	}
	memcpy(p, n->header, ETH_HLEN);
	net_tx(w, ifc, m);
}

/* Everybody, or who has a link address. */
static void ask(struct nsk_worker *w, const struct neigh *n, const uint8_t *mac)
{
	if (n->addr.family == AF_INET6)
		nd_solicit(w, iface_of(w, n), &n->addr, mac);
	else
		arp_request(w, iface_of(w, n), &n->addr, mac);
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
	arm(w, n, retry_ms(w, n));
	ask(w, n, NULL);
}

/* Asks the link address that we have whether it is still right; sooner when something speaks
 * against it. */
static void ask_it(struct nsk_worker *w, struct neigh *n)
{
	n->tries++;
	arm(w, n, n->doubted ? retry_ms(w, n) / 4 : retry_ms(w, n));
	ask(w, n, n->header);
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
	neigh_move(w->net->neighs, n, NEIGH_LIST_UNRESOLVED);
	ask_all(w, n);
}

/* The neighbour surely lives behind the link address that we have. */
static void reached(struct nsk_worker *w, struct neigh *n)
{
	n->state = NEIGH_REACHABLE;
	n->doubted = false;
	n->confirmed_ns = w->now_ns;
	arm(w, n, timeout_ms(w, n));
}

/* The link address is known now: what waits may go. */
static void resolved(struct nsk_worker *w, struct iface *ifc, struct neigh *n)
{
	struct rte_mbuf *m = neigh_unhold(w->net->neighs, n);

	neigh_move(w->net->neighs, n, NEIGH_LIST_ACTIVE);
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
	struct rte_mbuf *m = neigh_unhold(w->net->neighs, n);
	const uint8_t iface = n->iface;

	if (NSK_UNLIKELY(iface_of(w, n)->automatic))
		autoconf_lost(w, iface_of(w, n), &n->addr);
	n->state = NEIGH_FAILED;
	n->gen++; /* who has a way to it is to ask again, and hears that it is unreachable */
	arm(w, n, retry_ms(w, n));
	while (m) {
		struct rte_mbuf *next = pkt_of(m)->qnext;

		if (w->net->up)
			w->net->up->unreachable(w, m);
		pkt_drop_out(w, iface, m, NSK_DROP_ARP_UNRESOLVED);
		m = next;
	}
}

void neigh_fix(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
	       const uint8_t *mac)
{
	struct neigh *n = neigh_find(w, ifc->index, addr);

	if (!n)
		n = neigh_make(w, ifc->index, addr, NEIGH_LIST_STATIC);
	if (!n) {
		LOG_RATE(w->log, &w->net->log_rate, w->now_ns, NSK_LOG_WARN, "arp",
			 "%s: no room for a neighbour that is given: raise arp.entries", ifc->name);
		return;
	}
	set_header(w, n, mac);
	wheel_cancel(&w->wheel, &n->timer);
	n->state = NEIGH_REACHABLE;
	n->doubted = false;
	n->confirmed_ns = w->now_ns;
	resolved(w, ifc, n);
	neigh_move(w->net->neighs, n, NEIGH_LIST_STATIC);
}

/* ---- sending ---- */

struct neigh *neigh_get(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
			bool broadcast)
{
	bool group = broadcast || ip_addr_is_multicast(addr);
	struct neigh *n = neigh_find(w, ifc->index, addr);
	struct eth_addr mac;

	if (n) {
		if (n->list == NEIGH_LIST_PASSIVE)
			neigh_move(w->net->neighs, n, NEIGH_LIST_ACTIVE);
		return n;
	}
	n = neigh_make(w, ifc->index, addr, group ? NEIGH_LIST_ACTIVE : NEIGH_LIST_UNRESOLVED);
	if (!n)
		return NULL;
	if (group) {
		mac = broadcast ? ETH_ADDR_BROADCAST : eth_addr_of_multicast(addr);
		set_header(w, n, mac.b);
		n->state = NEIGH_REACHABLE; /* and no timer: for as long as it is used */
		n->confirmed_ns = w->now_ns;
	} else {
		n->state = NEIGH_INCOMPLETE;
		arm(w, n, timeout_ms(w, n)); /* goes if nothing is ever sent */
	}
	return n;
}

void neigh_output_slow(struct nsk_worker *w, struct iface *ifc, struct neigh *n, struct rte_mbuf *m)
{
	switch (n->state) {
	case NEIGH_INCOMPLETE:
		if (n->tries == 0)
			ask_all(w, n);
		neigh_hold(w, n, m);
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
		pkt_drop_out(w, n->iface, m, NSK_DROP_ARP_UNRESOLVED);
		return;
	}
}

void neigh_confirm_slow(struct nsk_worker *w, struct neigh *n)
{
	if (n->state > NEIGH_REACHABLE)
		reached(w, n);
}

static bool used_within(const struct nsk_worker *w, const struct neigh *n, uint64_t ms)
{
	return n->used_ns && w->now_ns - n->used_ns < ms * NS_PER_MS;
}

static bool is_group(const struct neigh *n)
{
	return n->state == NEIGH_REACHABLE && (n->header[0] & 1);
}

static void link_returned(struct nsk_worker *w, struct neigh *n)
{
	if (n->state == NEIGH_INCOMPLETE)
		start_resolving(w, n);
	else if (n->state >= NEIGH_REACHABLE && used_within(w, n, timeout_ms(w, n)))
		start_probe(w, n, true);
	else
		neigh_release(w, n, NSK_DROP_ARP_UNRESOLVED);
}

void neigh_link_returned(struct nsk_worker *w, uint8_t iface)
{
	struct neigh_table *t = w->net->neighs;

	for (uint32_t i = 0; i < t->carved; i++) {
		struct neigh *n = &t->entry[i];

		if (n->state != NEIGH_FREE && n->iface == iface && !is_group(n) &&
		    n->list != NEIGH_LIST_STATIC)
			link_returned(w, n);
	}
}

/* ---- what others say ---- */

/* Another link address than ours: does the old one still answer? Not asked where it just did. */
static void doubt(struct nsk_worker *w, struct neigh *n, const uint8_t *mac)
{
	if (n->list == NEIGH_LIST_STATIC || n->state < NEIGH_REACHABLE || n->state == NEIGH_PROBE ||
	    same_mac(n, mac) || w->now_ns - n->confirmed_ns < retry_ms(w, n) * NS_PER_MS)
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
		n = neigh_make(w, ifc->index, addr, NEIGH_LIST_PASSIVE);
		if (!n)
			return;
		set_header(w, n, mac);
		n->state = NEIGH_STALE;
		arm(w, n, timeout_ms(w, n));
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

/* ---- timers ---- */

static void reachable_ends(struct nsk_worker *w, struct neigh *n)
{
	uint64_t timeout = timeout_ms(w, n);
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
	if (n->tries < SETTING(w->set, arp_retries))
		ask_it(w, n);
	else if (n->doubted || used_within(w, n, timeout_ms(w, n)))
		start_resolving(w, n);
	else
		neigh_release(w, n, NSK_DROP_ARP_UNRESOLVED);
}

static void incomplete_unanswered(struct nsk_worker *w, struct neigh *n)
{
	if (n->tries == 0 && n->queued == 0)
		neigh_release(w, n, NSK_DROP_ARP_UNRESOLVED);
	else if (n->tries < SETTING(w->set, arp_retries))
		ask_all(w, n);
	else
		fail(w, n);
}

void neigh_timer(void *ctx, struct wheel_timer *timer, uint64_t now_ns)
{
	struct nsk_worker *w = ctx;
	struct neigh *n = NSK_CONTAINER_OF(timer, struct neigh, timer);

	(void)now_ns;
	if (timer == &w->net->tick) {
		net_tick(w);
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
		neigh_release(w, n, NSK_DROP_ARP_UNRESOLVED);
		break;
	}
}

const char *neigh_state_name(uint8_t state)
{
	static const char *const names[] = {
		[NEIGH_FREE] = "free",	   [NEIGH_INCOMPLETE] = "incomplete",
		[NEIGH_FAILED] = "failed", [NEIGH_REACHABLE] = "reachable",
		[NEIGH_STALE] = "stale",   [NEIGH_DELAY] = "delay",
		[NEIGH_PROBE] = "probe",   [NEIGH_PERMANENT] = "permanent",
	};

	return state < NSK_ARRAY_LEN(names) ? names[state] : "invalid";
}
