/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces: a port with addresses. Their list, like routes and addresses, is part of the
 * configuration snapshot.
 */
#ifndef NSK_NET_IFACE_H
#define NSK_NET_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include <netstk/stack.h>

#include "base/addr.h"
#include "mbuf/worker.h"
#include "net/neigh_static.h"
#include "net/port.h"
#include "wire/vlan.h"

/* Those of devices and VLANs, a bit each in masks, and the loopback interface behind them. */
#define IFACE_DEVICES_MAX 31
#define IFACE_MAX	  (IFACE_DEVICES_MAX + 1)
/* Those that are configured, a link-local one that comes by itself, and as many as routers give. */
#define IFACE_ADDRS_MAX 32
#define IFACE_NAME_MAX	32
#define IFACE_ROUTERS	8

/*
 * A place for an address. While a stack runs they come and go (addr.h): the state says whether what
 * else is in a place may be read, and is written last when one comes. Who reads one whose address
 * was removed meanwhile still reads that: the place is used again when every worker has looked.
 */
struct iface_addr {
	struct ip_addr addr;
	struct ip_addr
		broadcast; /* directed broadcast of the subnet; family 0 if none (/31, /32, IPv6) */
	uint8_t prefix_len;
	uint8_t state;	       /* [A] enum iface_addr_state */
	uint8_t flags;	       /* [A] enum iface_addr_flag */
	bool sure;	       /* of worker 0: the link was asked, and nobody else had it */
	uint32_t serial;       /* [A] another one for each address that has this place */
	uint64_t unfollowed;   /* under the lock: the route of its subnet is not as it should be */
	uint32_t removed;      /* under the lock: net_snapshot.addresses when it was */
	uint64_t preferred_ns; /* [A] when it becomes deprecated; 0: never */
	uint64_t valid_ns;     /* [A] when it goes by itself; 0: never */
};

/* Whether somebody else on the link has the address, as far as is known (RFC 4862 §5.4, RFC 5227
 * §2.1). From IFACE_ADDR_TENTATIVE on it is not in use. */
enum iface_addr_state {
	IFACE_ADDR_VALID,
	IFACE_ADDR_OPTIMISTIC, /* nobody has answered yet; in use (RFC 4429) */
	IFACE_ADDR_TENTATIVE,  /* of IPv4: nobody has answered yet */
	IFACE_ADDR_DUPLICATE,  /* somebody has */
	IFACE_ADDR_REMOVED,    /* the place is vacant */
};

enum iface_addr_flag {
	IFACE_ADDR_DEPRECATED = 1 << 0, /* for what is begun already (RFC 4862 §5.5.4) */
	IFACE_ADDR_DYNAMIC = 1 << 1,	/* of a router's advertisement, or with a lifetime */
	IFACE_ADDR_TEMPORARY = 1 << 2,	/* RFC 8981 */
	IFACE_ADDR_AUTO = 1 << 3,	/* made by autoconfiguration */
};

static inline uint8_t iface_addr_state(const struct iface_addr *a)
{
	return __atomic_load_n(&a->state, __ATOMIC_ACQUIRE);
}

static inline bool iface_addr_usable(const struct iface_addr *a)
{
	return iface_addr_state(a) <= IFACE_ADDR_OPTIMISTIC;
}

static inline bool iface_addr_valid(const struct iface_addr *a)
{
	return iface_addr_state(a) == IFACE_ADDR_VALID;
}

/* An address is there, in use or not. */
static inline bool iface_addr_there(const struct iface_addr *a)
{
	return iface_addr_state(a) != IFACE_ADDR_REMOVED;
}

static inline uint8_t iface_addr_flags(const struct iface_addr *a)
{
	return __atomic_load_n(&a->flags, __ATOMIC_RELAXED);
}

/* The subnet-router anycast address of an address's subnet, which its routers have (RFC 4291
 * §2.6.1); family 0: there is none: of IPv4, of the link's own prefix, and where both addresses are
 * hosts' (RFC 6164 §5.1) or the only one is. */
static inline struct ip_addr iface_addr_anycast(const struct iface_addr *a)
{
	struct ip_prefix subnet;

	if (!iface_addr_there(a) || a->addr.family != AF_INET6 || a->prefix_len > 126 ||
	    ip_addr_is_link_local(&a->addr))
		return (struct ip_addr){.family = 0};
	subnet = (struct ip_prefix){.addr = a->addr, .len = a->prefix_len};
	return ip_prefix_network(&subnet);
}

struct twin;

struct iface {
	char name[IFACE_NAME_MAX];     /* [C] */
	uint8_t index;		       /* [C] place in the list; */
	bool ethernet;		       /* [C] frames and ARP; false: IP packets */
	bool loopback;		       /* [C] to this stack itself: stack/lo.c */
	struct eth_addr mac;	       /* [C] */
	uint32_t mtu;		       /* [S] bytes of IP packet */
	uint32_t tx_offloads;	       /* [C] enum port_offload in use */
	uint32_t rx_offloads;	       /* [C] */
	uint16_t tso_bufs;	       /* [C] with PORT_TX_TSO: buffers of a packet, at most */
	uint16_t rx_queues, tx_queues; /* [C] */
	uint16_t home;	/* [C] worker that has queue 0; not 0 only where that is the only one */
	uint16_t state; /* [A] enum nsk_iface_state */
	bool link_up;	/* [A] */
	bool rp_filter; /* [C] forwards only from where the way back leads (RFC 3704) */
	bool proxy_arp; /* [C] a router answers for those behind others (RFC 1027) */
	uint32_t link_returns; /* [A] how often the link came back */
	struct port *port;     /* [C] */
	struct twin *twin;     /* [C] the way to the kernel, twin.h; NULL: there is none */
	struct iface *parent;  /* [C] it is on a VLAN of that one: net/vlan.h; NULL: it is not */
	struct vlan vlan;      /* [C] which */
	bool went_along;       /* under the lock of changes: it went down with its parent */
	uint16_t naddrs;       /* [A] places that ever had an address */
	bool same_mac;	       /* [C] as an earlier one, on another link */
	bool dhcp;	       /* [C] it has its IPv4 address of a server: dhcp.h */
	bool automatic;	   /* [C] it learns from routers: autoconf.h; what from, zero: nothing */
	uint8_t hop_limit; /* [A] of IPv6 packets */
	uint32_t mtu6;	   /* [A] of IPv6 packets, at most mtu */
	uint32_t reachable_ms, retrans_ms; /* [A] of neighbours of IPv6 */
	uint32_t routers_lost;		   /* [A] a bit for each of router[] */
	struct {
		uint64_t word[2]; /* [A] */
	} router[IFACE_ROUTERS];
	bool unfollowed;  /* [A] some address is */
	uint64_t follows; /* under the lock: of the address that came to be so last */
	uint32_t serial;  /* of the address that came last */
	struct iface_addr addrs[IFACE_ADDRS_MAX];
};

static inline unsigned iface_naddrs(const struct iface *ifc)
{
	return __atomic_load_n(&ifc->naddrs, __ATOMIC_ACQUIRE);
}

/* The transmit queue of the port that is a worker's own; tx_queues or more: it has none. */
static inline uint16_t iface_own_queue(const struct iface *ifc, uint16_t worker)
{
	return (uint16_t)(worker - ifc->home);
}

/* Bytes of the largest packet of a family. */
static inline uint32_t iface_mtu(const struct iface *ifc, uint8_t family)
{
	uint32_t mtu6;

	if (NSK_LIKELY(family != AF_INET6))
		return ifc->mtu;
	mtu6 = __atomic_load_n(&ifc->mtu6, __ATOMIC_RELAXED);
	return mtu6 && mtu6 < ifc->mtu ? mtu6 : ifc->mtu;
}

/* The configuration that every worker sees, replaced as a whole. */
struct route_table;
struct net_snapshot {
	uint32_t generation; /* [A] differs between any two snapshots of a stack; see
				net_snapshot_touch() */
	uint16_t nifaces;
	struct iface *iface[IFACE_MAX];
	const struct route_table *routes;
	struct iface *lo;   /* what is sent to ourselves goes by this one; NULL: by none */
	uint32_t addresses; /* [A] how often an address came, went, or came to be of no use */
	struct neigh_statics statics; /* those of all its interfaces */
};

/* An interface of the snapshot went up or down, or its link: ways that were chosen before are
 * chosen anew. */
static inline void net_snapshot_touch(struct net_snapshot *snap)
{
	__atomic_fetch_add(&snap->generation, 1, __ATOMIC_RELEASE);
}

static inline uint32_t net_snapshot_generation(const struct net_snapshot *snap)
{
	return __atomic_load_n(&snap->generation, __ATOMIC_ACQUIRE);
}

/* True if the interface may receive and send now: then what its start set up is seen as well. */
static inline bool iface_running(const struct iface *ifc)
{
	return __atomic_load_n(&ifc->state, __ATOMIC_ACQUIRE) == NSK_IFACE_ENABLED;
}

/* Moves on to the next state, or from enabling to disabling when that failed. 0, or -EINVAL and
 * nothing changes. */
int iface_set_state(struct iface *ifc, enum nsk_iface_state state);
/* "disabled", "enabling" … */
const char *iface_state_name(enum nsk_iface_state state);

/*
 * Adds an address with the length of its subnet's prefix. 0, -EINVAL (no host's address:
 * unspecified, multicast, broadcast, the subnet's own number; a bad length), -EEXIST, -ENOSPC.
 * While nobody reads; else see addr.h.
 */
int iface_add_addr(struct iface *ifc, const struct ip_prefix *addr);
/* The same of one described whole, of which addr, prefix_len, state, flags and times are read; seen
 * is as net_snapshot.addresses, of which every worker knows. */
int iface_put_addr(struct iface *ifc, const struct iface_addr *as, uint32_t seen);
/* Whether a host can have this address within its prefix. */
bool iface_host_address(const struct ip_prefix *p);
/* The link-local address that is made of the MAC, or of what tells it from others with the same
 * one. */
struct ip_addr iface_link_local(const struct iface *ifc);
/*
 * Where there is an address of IPv6, there must be a link-local one (RFC 4291 §2.8): unless there
 * is, adds the one made of the MAC (RFC 4291 appendix A). Interfaces without a link layer need
 * none.
 */
void iface_add_link_local(struct iface *ifc);
/* The entry of an address that the interface uses, or NULL. */
const struct iface_addr *iface_find_addr(const struct iface *ifc, const struct ip_addr *addr);
/* The same of one that it has, in use or not. */
struct iface_addr *iface_have_addr(struct iface *ifc, const struct ip_addr *addr);
/* The first entry in whose subnet an address lies, or NULL: it is not on-link. */
const struct iface_addr *iface_on_link(const struct iface *ifc, const struct ip_addr *addr);
/* The address to send from to a next hop: of its subnet, else the first of the family, else NULL.
 */
const struct ip_addr *iface_source(const struct iface *ifc, const struct ip_addr *next_hop);

#endif
