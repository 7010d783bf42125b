/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the rooms above use of lib/net: finding the way to an address, keeping it, and sending along
 * it.
 */
#ifndef NSK_NET_NET_H
#define NSK_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/siphash.h"
#include "mbuf/pkt.h"
#include "mbuf/pool.h"
#include "mbuf/worker.h"
#include "net/iface.h"
#include "net/local.h"
#include "net/neigh.h"

/*
 * The way to a peer, kept in a connection: good while the snapshot is the same and the neighbour
 * entry is the one that it was (entries are never given back, so that a freed one can still be
 * asked for its generation). 24 bytes. It belongs to one worker: clear it when the connection
 * moves.
 */
struct route_cache {
	struct iface *iface; /* NULL: not resolved */
	struct neigh *neigh; /* NULL on interfaces without a link layer */
	uint32_t route_gen;  /* of the snapshot */
	uint32_t neigh_gen;  /* of the neighbour entry */
};

/* Calls upward that lib/ip fills in when it starts. */
struct net_upcalls {
	/* The next hop of an IP packet of ours (data starts at the IP header) did not answer: its
	 * transport should know. Runs in the timers, never inside an output call. Does not consume
	 * m. */
	void (*unreachable)(struct nsk_worker *w, struct rte_mbuf *m);
};

struct autoconf;
struct dhcp;
struct report_side;

/* What is still to be said of an address, announce.c. */
struct addr_task {
	uint64_t at_ns;	 /* when, 0: nothing */
	uint32_t serial; /* of the address */
	uint8_t step;
	uint8_t probes; /* still to be sent */
};

/* What lib/net keeps per worker. */
struct net_worker {
	struct net_snapshot *snap;	 /* [C] what it says changes in place */
	uint32_t addresses;		 /* [A] of the snapshot, that local knows */
	struct local_table *local;	 /* [W] of the snapshot */
	struct neigh_table *neighs;	 /* [W] */
	const struct net_upcalls *up;	 /* [C] */
	uint32_t statics;		 /* [W] version of the list that neighs follows */
	uint32_t tx_waiting;		 /* [W] bit i: frames wait for interface i */
	struct wheel_timer tick;	 /* [W] of worker 0, TIMER_NEIGH too: net_tick() */
	uint64_t defended_ns[IFACE_MAX]; /* [W] last defence of an IPv4 address of this one, 0:
					    none */
	struct siphash_key flow_key;	 /* [C] of net_flow_hash() */
	bool several;			 /* [W] see net_route_several() */
	struct log_rate log_rate;	 /* [W] */
	struct pmtu_table *pmtu;	 /* [W] pmtu.h; NULL until a router says anything */
	struct tx_queue *tx[IFACE_MAX];	 /* [W] one an interface */
	struct list_node tx_waiters;	 /* [W] struct tx_waiter, the longest waiting first */
	struct onward_table *onward;	 /* [W] net/onward.h; NULL: nothing was forwarded yet */
	uint32_t expected; /* [W] frames of a burst still to come that are looked ahead to */
	/* [W] the same as defended_ns of each address of IPv6 */
	uint64_t defended6_ns[IFACE_MAX][IFACE_ADDRS_MAX];
	struct limiter heard[IFACE_MAX];	  /* [W] of worker 0: advertisements of routers */
	struct limiter proxied[IFACE_MAX];	  /* [W] answers for others: proxy_arp.h */
	struct autoconf *autoconf[IFACE_MAX];	  /* [W] of worker 0; NULL: not, or not yet */
	struct dhcp *dhcp[IFACE_MAX];		  /* the same */
	struct report_side *report[IFACE_MAX][2]; /* [W] of worker 0, by family; NULL: not yet */
	uint32_t listening; /* [W] of worker 0: interfaces whose ports know their groups, as a mask
			     */
	bool reported;	    /* [W] of worker 0: what is listened to was told, as of: */
	uint32_t reported_groups, reported_addresses;
	struct addr_task task[IFACE_MAX][IFACE_ADDRS_MAX]; /* [W] of worker 0 */
};

/* Sets up and frees a worker's part. 0 or -errno. */
int net_worker_init(struct nsk_worker *w, struct net_snapshot *snap);
void net_worker_fini(struct nsk_worker *w);

/*
 * Finds interface and next hop for dst and, if src->family is 0 or src is the unspecified address,
 * the source address. src given: it must be an address of ours. The ports, those of the flow or 0,
 * have a say where there are several paths. 0, -ENETUNREACH (no route), -EINVAL, -EHOSTUNREACH,
 * -EACCES (the route is a blackhole, unreachable, prohibited), -ENETDOWN (interface down),
 * -EADDRNOTAVAIL (src is not ours, or we have none there), -EHOSTUNREACH (the next hop did not
 * answer a moment ago), -ENOBUFS (neighbour table full), -EINVAL (dst is a link-local address of
 * IPv6, and no source says on which link).
 */
int net_route_ports(struct nsk_worker *w, struct route_cache *rc, const struct ip_addr *dst,
		    struct ip_addr *src, uint16_t peer_be, uint16_t own_be);
/* Of the last one: others with other ports may go by another path. */
static inline bool net_route_several(const struct nsk_worker *w)
{
	return w->net->several;
}

/* The same for what has no ports. */
static inline int net_route(struct nsk_worker *w, struct route_cache *rc, const struct ip_addr *dst,
			    struct ip_addr *src)
{
	return net_route_ports(w, rc, dst, src, 0, 0);
}

/*
 * Interface and next hop of the best route to an address that is not ours, the last step to a
 * host's own link included; flow chooses among several (NULL: any). 0, -ENETUNREACH (no route),
 * -EINVAL (a blackhole: nobody hears of it), -EHOSTUNREACH (unreachable: ICMP's host unreachable),
 * -EACCES (prohibited: ICMP's communication administratively prohibited, IPv4 3/13, IPv6 1/1).
 */
int net_next_hop(const struct nsk_worker *w, const struct ip_addr *dst, const struct flow *flow,
		 struct iface **ifc, struct ip_addr *next);
/* A way to this address will be asked for soon. */
void net_expect(const struct nsk_worker *w, uint8_t family, const uint8_t dst[16], bool near);
/* What chooses among several paths: keyed by stack, and the same in both directions. */
uint32_t net_flow_hash(const struct nsk_worker *w, const struct flow *flow);

/* Whether packets to an address leave by an interface, or may. */
bool net_leads_back(const struct nsk_worker *w, const struct ip_addr *src, const struct iface *ifc);

/* The IPv6 address of an interface to send from to a destination (RFC 6724 §5); NULL: it has none.
 */
const struct ip_addr *net_source(const struct iface *ifc, const struct ip_addr *dst);

/* The link-local address of an interface that is in use; false: it has none. */
bool net_link_local(const struct iface *ifc, struct ip_addr *addr);

/* Where one answers what came to a group on an interface: the address to send from; family 0 if the
 * interface has none. */
static inline void net_choose_source(const struct nsk_worker *w, uint8_t iface,
				     const struct ip_addr *to, struct ip_addr *from)
{
	const struct iface *ifc = w->net->snap->iface[iface];
	const struct ip_addr *own = to->family == AF_INET6 ? net_source(ifc, to)
							   : iface_source(ifc, to);

	*from = own ? *own : (struct ip_addr){.family = 0};
}

/* The same straight over a link: to a multicast group, or to a neighbour by its link-local address.
 */
int net_route_link(struct nsk_worker *w, struct route_cache *rc, struct iface *ifc,
		   const struct ip_addr *group, struct ip_addr *src);
/* The interface that a group is reached by where nobody chooses one; NULL: there is none. */
struct iface *net_group_iface(const struct nsk_worker *w, const struct ip_addr *group);

static inline bool net_route_valid(const struct nsk_worker *w, const struct route_cache *rc)
{
	return rc->iface && rc->route_gen == net_snapshot_generation(w->net->snap) &&
	       (!rc->neigh || rc->neigh->gen == rc->neigh_gen);
}

/*
 * Sends an IP packet (data starts at the IP header) along a valid route: puts the link header in
 * front, or keeps it in the neighbour's bounded queue until the address is resolved. Consumes m.
 * Never calls upward.
 */
void net_output(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m);

/* Puts a complete frame into the worker's transmit queue of an interface. Consumes m. net/tx.c */
void net_tx(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* Hands queued frames to the ports; what a port does not take stays for the next turn. Returns
 * frames handed over. */
unsigned net_tx_flush(struct nsk_worker *w);
/* True while frames wait in a transmit queue. */
static inline bool net_tx_pending(const struct nsk_worker *w)
{
	return w->net->tx_waiting != 0;
}

/* The peer is alive (TCP saw an acknowledgment of new data): keeps the neighbour entry fresh (RFC
 * 4861 §7.3.1). */
static inline void net_confirm(struct nsk_worker *w, const struct route_cache *rc)
{
	struct neigh *n = rc->neigh;

	if (!n || n->gen != rc->neigh_gen)
		return;
	n->confirmed_ns = w->now_ns;
	if (NSK_UNLIKELY(n->state > NEIGH_REACHABLE))
		neigh_confirm_slow(w, n);
}

/* What an address is to us: one of ours, a directed broadcast of ours, or NULL. */
static inline const struct local_entry *net_local_entry(const struct nsk_worker *w,
							const uint8_t addr[16], uint8_t family)
{
	return local_find(w->net->local, addr, family);
}

/* Interface that has this address, unless it is a loopback address, or NULL. */
static inline struct iface *net_local_host(const struct nsk_worker *w, const uint8_t addr[16],
					   uint8_t family)
{
	const struct local_entry *e = net_local_entry(w, addr, family);

	return e && e->kind == LOCAL_UNICAST ? w->net->snap->iface[e->iface] : NULL;
}

/* The loopback interface, if this is an address of 127.0.0.0/8 or ::1, or NULL. */
struct iface *net_loopback(const struct nsk_worker *w, const uint8_t addr[16], uint8_t family);

/* Interface that has this address, or NULL. */
static inline struct iface *net_local(const struct nsk_worker *w, const uint8_t addr[16],
				      uint8_t family)
{
	struct iface *ifc = net_local_host(w, addr, family);

	return NSK_LIKELY(ifc != NULL) ? ifc : net_loopback(w, addr, family);
}

/* Whoever sends to the unspecified address means this host (Linux, and BSD before it): dst becomes
 * the source's address, if it has one of IPv4, else the loopback address. */
static inline void net_mean_self(struct ip_addr *dst, const struct ip_addr *src)
{
	if (NSK_LIKELY(!ip_addr_is_any(dst)))
		return;
	if (dst->family == AF_INET && src->family == AF_INET && !ip_addr_is_any(src))
		*dst = *src;
	else
		*dst = ip_addr_loopback(dst->family);
}

/*
 * A received frame (on interfaces without a link layer: an IP packet): sets up the descriptor with
 * interface and link flags, checks and strips the link header and hands on: ARP stays in lib/net,
 * what is IP goes to w->ops->ip_input with its family in the descriptor (0 without a link layer).
 * Consumes the packet. net/input.c
 */
void net_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* ARP packet seen by another worker of the stack (a copy): only learnt from. Consumes m. */
void arp_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);
/* On worker 0. The link of an Ethernet interface came up: announces its addresses, now and once
 * more 2 s later. net/announce.c */
void net_announce(struct nsk_worker *w, struct iface *ifc);
/* The same for addresses that came since. */
void net_announce_new(struct nsk_worker *w, struct iface *ifc);
/* Goes on with what is due; the time of the next step, UINT64_MAX: there is none. */
uint64_t net_announce_run(struct nsk_worker *w);
/* The same for lifetimes. net/lifetime.c */
uint64_t net_lifetimes_run(struct nsk_worker *w);
/* On worker 0: does what is due of all that interfaces do from time to time. */
void net_tick(struct nsk_worker *w);
/* No later than so net_tick() is to be called. */
void net_tick_by(struct nsk_worker *w, uint64_t at_ns);

/* An address came, went, is of no use any more, or is again: workers look in their next turn. */
static inline void net_addresses_changed(struct nsk_worker *w)
{
	__atomic_fetch_add(&w->net->snap->addresses, 1, __ATOMIC_RELEASE);
	net_snapshot_touch(w->net->snap);
}
/* The worker's part of it. False: no memory, it is to be tried again. */
bool net_look_at_addresses(struct nsk_worker *w);

#endif
