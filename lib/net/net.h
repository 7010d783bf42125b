/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the rooms above use of lib/net: finding the way to an address, keeping it, and sending along it.
 */
#ifndef NSK_NET_NET_H
#define NSK_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "mbuf/pkt.h"
#include "mbuf/worker.h"
#include "net/iface.h"

struct neigh;

/* The way to a peer, kept in a connection: good while both generations match. 24 bytes. */
struct route_cache {
	struct iface *iface;   /* NULL: not resolved */
	struct neigh *neigh;   /* NULL on interfaces without a link layer */
	uint32_t route_gen;    /* of the snapshot */
	uint32_t neigh_gen;    /* of the worker's neighbour table: changes when an entry is freed */
};

/* What lib/net keeps per worker. */
struct net_worker {
	const struct net_snapshot *snap; /* [S] swapped between turns */
	uint32_t neigh_gen;
	struct neigh_table *neighs;
	struct tx_queue *tx[IFACE_MAX];  /* one a interface */
};

/* Sets up and frees a worker's part. 0 or -errno. */
int net_worker_init(struct nsk_worker *w, const struct net_snapshot *snap);
void net_worker_fini(struct nsk_worker *w);

/*
 * Finds interface and next hop for dst and, if src->family is 0, the source address. src given: it must be an address of
 * ours. 0, -ENETUNREACH (no route), -ENETDOWN (interface down), -EADDRNOTAVAIL (src is not ours), -ENOBUFS (neighbour
 * table full).
 */
int net_route(struct nsk_worker *w, struct route_cache *rc, const struct ip_addr *dst, struct ip_addr *src);

static inline bool net_route_valid(const struct nsk_worker *w, const struct route_cache *rc)
{
	return rc->iface && rc->route_gen == w->net->snap->generation && rc->neigh_gen == w->net->neigh_gen;
}

/*
 * Sends an IP packet (data starts at the IP header) along a valid route: puts the link header in front, or keeps it in the
 * neighbour's bounded queue until the address is resolved. Consumes m.
 */
void net_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m);

/* Puts a complete frame into the worker's transmit queue of an interface. Consumes m. net/tx.c */
void net_tx(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* Hands queued frames to the ports; what a port does not take stays for the next turn. Returns frames handed over. */
unsigned net_tx_flush(struct nsk_worker *w);
/* True while frames wait in a transmit queue. */
bool net_tx_pending(const struct nsk_worker *w);

/* The peer is alive (TCP saw an acknowledgment of new data): keeps the neighbour entry fresh (RFC 1122 §2.3.2.1 advice). */
void net_confirm(struct nsk_worker *w, const struct route_cache *rc);

/* Interface that has this address, or NULL. */
struct iface *net_local(const struct nsk_worker *w, const uint8_t addr[16], uint8_t family);

/*
 * A received frame (ethernet interfaces): checks the link header, sets pkt->iface and link flags, strips it and hands on:
 * ARP stays in lib/net, IP goes to w->net's upcall. Consumes m. net/input.c
 */
void net_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* ARP packet seen by another worker of the stack (a copy). Consumes m. */
void arp_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* Announces the interface's addresses (gratuitous ARP, RFC 5227 §2.3). */
void arp_announce(struct nsk_worker *w, struct iface *ifc);

#endif
