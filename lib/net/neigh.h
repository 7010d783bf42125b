/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours: which link address a next hop has. One bounded table a worker; each entry holds the
 * link header ready to be copied in front of a packet. The states are those of RFC 4861 §7.3.2, for
 * ARP as well (RFC 1122 §2.3.2):
 *
 *   incomplete  asked by broadcast, packets wait (neigh_queue.c)
 *   failed      nobody answered; for arp_retry_ms the destination counts as unreachable, then the
 *               entry goes
 *   reachable   answered, or confirmed by a transport, in the last arp_timeout_ms
 *   stale       not confirmed for so long, and not used since
 *   delay       used again; a transport has NEIGH_DELAY_MS to confirm it
 *   probe       asked by unicast; still used. No answer: incomplete again when in use, else gone
 *
 * A link address is replaced in one way only: the old one does not answer any more. What
 * contradicts an entry, from whomever it comes, starts that question and changes nothing by itself,
 * so that a forged packet cannot move traffic.
 *
 * Room: an entry that a packet of ours asked for gets room by taking that of an entry which is not
 * in use; an entry that somebody else's request would make takes the room of others of its kind at
 * most.
 */
#ifndef NSK_NET_NEIGH_H
#define NSK_NET_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/htab.h"
#include "base/list.h"
#include "base/siphash.h"
#include "base/wheel.h"
#include "mbuf/pkt.h"
#include "mbuf/worker.h"
#include "net/iface.h"
#include "tcpalg/limiter.h"
#include "wire/eth.h"

#define NEIGH_DELAY_MS	   5000 /* RFC 4861 DELAY_FIRST_PROBE_TIME */
#define NEIGH_BUSY_MS	   1000 /* an entry that sent in the last so many ms keeps its place */
#define NEIGH_ASK_RATE	   1000 /* broadcast requests a second and worker */
#define NEIGH_ASK_BURST	   256
#define NEIGH_ASK_LATER_MS 10 /* when the rate is used up */

enum neigh_state {
	NEIGH_FREE = 0,
	NEIGH_INCOMPLETE,
	NEIGH_FAILED,
	NEIGH_REACHABLE, /* from here on the link address is known */
	NEIGH_STALE,
	NEIGH_DELAY,
	NEIGH_PROBE,
	NEIGH_PERMANENT, /* as tools show REACHABLE ones of NEIGH_LIST_STATIC */
};

/* Part of a worker's packet buffers that may wait for neighbours, all together. */
#define NEIGH_QUEUE_SHARE 16

/* Which list an entry is on: it decides whose room may be taken. */
enum neigh_list {
	NEIGH_LIST_ACTIVE,     /* resolved, and we sent to it */
	NEIGH_LIST_WAITING,    /* incomplete, packets wait: first who waits longest */
	NEIGH_LIST_UNRESOLVED, /* incomplete without packets, failed */
	NEIGH_LIST_PASSIVE,    /* learnt from a request, never used */
	NEIGH_LIST_STATIC,     /* neigh_static.h: they stay */
	NEIGH_LIST_FREE,
	NEIGH_LISTS,
};

/* All [W]. */
struct neigh {
	uint32_t gen;	       /* changes when the entry fails or is freed: route caches see it */
	uint8_t state;	       /* enum neigh_state */
	uint8_t iface;	       /* index */
	uint8_t tries;	       /* requests sent in this state */
	uint8_t queued;	       /* packets that wait, fragments of one counted once */
	uint8_t header[16];    /* link header: ETH_HLEN bytes */
	uint64_t used_ns;      /* a packet went this way, 0: never */
	uint64_t confirmed_ns; /* it surely lived */
	struct wheel_timer timer;
	struct rte_mbuf *qhead, *qtail;
	struct list_node link; /* oldest first */
	struct ip_addr addr;
	uint8_t list;	  /* enum neigh_list */
	bool doubted;	  /* something contradicts the link address: ask faster */
	uint16_t buffers; /* of the packets that wait */
} NSK_CACHE_ALIGNED;

struct neigh_table {
	struct neigh *entry; /* [C] max of them; never given back, so that gen can always be read */
	uint32_t max;	     /* [C] */
	uint32_t carved;     /* entries that were ever used */
	uint32_t buffers;    /* of all packets that wait */
	uint32_t count[NEIGH_LISTS];
	struct list_node list[NEIGH_LISTS];
	struct htab index;
	struct siphash_key key; /* [C] */
	struct limiter ask;	/* broadcast requests */
};

/* A neighbour as control tools show it. */
struct neigh_row {
	struct ip_addr addr;
	struct eth_addr mac; /* zero unless resolved */
	uint8_t iface;
	uint8_t state; /* enum neigh_state */
	uint8_t queued;
	uint64_t used_ns_ago; /* UINT64_MAX: never */
	uint64_t confirmed_ns_ago;
};

int neigh_table_init(struct nsk_worker *w);
/* Drops what waits (TX_LINK_DOWN) and gives the memory back. */
void neigh_table_fini(struct nsk_worker *w);

/* The entry of an address on an interface, or NULL. Changes nothing. */
struct neigh *neigh_find(const struct nsk_worker *w, uint8_t iface, const struct ip_addr *addr);

/*
 * The entry to send to: found, or made (then it is asked for when the first packet waits; a
 * multicast or broadcast address has its link address by itself). NULL when every place is taken by
 * an entry in use.
 */
struct neigh *neigh_get(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
			bool broadcast);

/* Sends an IP packet to an entry that is not known to be reachable: sends, or keeps, or drops.
 * Consumes m. */
void neigh_output_slow(struct nsk_worker *w, struct iface *ifc, struct neigh *n,
		       struct rte_mbuf *m);

/*
 * neigh_table.c: a new entry without a state or a timer, or NULL; an entry on its way to another
 * list; the end of an entry: cached ways to it become invalid, what waits is dropped.
 */
struct neigh *neigh_make(struct nsk_worker *w, uint8_t iface, const struct ip_addr *addr,
			 enum neigh_list list);
void neigh_move(struct neigh_table *t, struct neigh *n, enum neigh_list to);
void neigh_release(struct nsk_worker *w, struct neigh *n, enum nsk_drop reason);

/*
 * neigh_queue.c: keeps a packet until its neighbour answers, who has been asked if that was
 * possible; it may cost others their place (ARP_QUEUE_FULL). Consumes m.
 */
void neigh_hold(struct nsk_worker *w, struct neigh *n, struct rte_mbuf *m);
/* All that wait for a neighbour, chained by qnext, now the caller's; NULL if none. */
struct rte_mbuf *neigh_unhold(struct neigh_table *t, struct neigh *n);

/* The entry of an address whose link address is given: made if there is none and there is room. */
void neigh_fix(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
	       const uint8_t *mac);

/* Slow half of net_confirm(). */
void neigh_confirm_slow(struct nsk_worker *w, struct neigh *n);

/* What an answer that names us as target says. True if we had asked for it. */
bool neigh_answered(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		    const uint8_t *mac);
/* What a request for an address of ours says about its sender, who is on-link: makes an entry, or
 * doubts the present. */
void neigh_heard(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		 const uint8_t *mac);
/* Somebody says to have this address: an entry with another link address is asked again. Makes
 * none. */
void neigh_doubt(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr,
		 const uint8_t *mac);

/* Forgets every neighbour of an interface; what waits is dropped as TX_LINK_DOWN. */
void neigh_flush(struct nsk_worker *w, uint8_t iface);
/* The link of an interface came back, perhaps to others: who was spoken to lately is asked whether
 * he is still there, the rest is forgotten. */
void neigh_link_returned(struct nsk_worker *w, uint8_t iface);

/* The function of TIMER_NEIGH; ctx is the worker. */
void neigh_timer(void *ctx, struct wheel_timer *t, uint64_t now_ns);

/*
 * For control tools, on the worker: copies up to max rows from *cursor (0 at the start) on and
 * moves the cursor; at most 4 * max entries are looked at. Returns the number copied; at the end
 * *cursor is UINT32_MAX.
 */
unsigned neigh_list(const struct nsk_worker *w, uint32_t *cursor, struct neigh_row *rows,
		    unsigned max);
/* "incomplete", "reachable" … */
const char *neigh_state_name(uint8_t state);

#endif
