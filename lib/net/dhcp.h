/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an interface that is set to it has of a DHCP server: an IPv4 address, routes, an MTU, for a
 * time. RFC 2131 §4.4, the client without INIT-REBOOT, INFORM and RELEASE. Worker 0 does it, in its
 * turns, without sockets; the states are those of RFC 2131 figure 5:
 *
 *   init        waits until it may begin
 *   selecting   has asked everybody for an offer, takes the first one that can be believed
 *   requesting  has asked for what was offered
 *   bound       has a lease
 *   renewing    has asked its server for more time, from T1 on
 *   rebinding   has asked every server for it: from T2 on, or since its link returned, when it may
 *               be another one's
 *
 * Whether somebody else has the address is asked as for any other (ipv4.dad, announce.c); if so it
 * is declined. dhcp.c talks; dhcp_lease.c makes the interface as the lease says.
 *
 * Anybody on the link can say that he is a server. What he gets done is bounded: a lease of one
 * address that a host can have, DHCP_ROUTES_MAX routes, an MTU that leaves the link of use, and
 * nothing beside what the operator has configured is taken away.
 */
#ifndef NSK_NET_DHCP_H
#define NSK_NET_DHCP_H

#include <stdbool.h>
#include <stdint.h>

#include "mbuf/pkt.h"
#include "mbuf/worker.h"
#include "net/iface.h"
#include "net/route.h"
#include "wire/dhcp.h"

#define DHCP_ROUTE_METRIC 1024 /* as of routers: configured ones come first */
#define DHCP_START_MS	  1000 /* a random part of it first: RFC 2131 §4.4.1 has 1 to 10 s */
#define DHCP_FIRST_S	  4    /* between messages, twice as long each time */
#define DHCP_LONGEST_S	  64
#define DHCP_REQUESTS	  4    /* for one offer */
#define DHCP_RETURN_TRIES 5    /* at such times since the link returned: two minutes */
#define DHCP_SHORTEST_S	  60   /* between requests for more time (§4.4.5) */
#define DHCP_DECLINED_S	  10   /* before it begins again (§3.1 (5)), twice as long each time */
#define DHCP_DECLINES	  6    /* up to so many times twice */
#define DHCP_FULL_MS	  5000 /* between attempts where there was no place */
#define DHCP_MTU_LEAST	  576

enum dhcp_state {
	DHCP_INIT,
	DHCP_SELECTING,
	DHCP_REQUESTING,
	DHCP_BOUND,
	DHCP_RENEWING,
	DHCP_REBINDING,
};

/* A lease, as it was given. prefix.addr.family 0: there is none. */
struct dhcp_lease {
	struct ip_prefix prefix;
	uint32_t server;
	uint32_t lease_s;
	uint64_t t1_ns, t2_ns, end_ns; /* 0: never */
	uint16_t mtu;		       /* 0: not said */
	uint8_t ndns;
	uint32_t dns[DHCP_DNS_MAX];
};

/* For control tools. */
struct dhcp_shown {
	uint8_t state;	/* enum dhcp_state */
	uint32_t tries; /* messages without an answer */
	struct dhcp_lease lease;
	struct ip_prefix held; /* the address that the interface has of it; family 0: none, or
				  somebody else's */
};

/* A route of the lease: as it should be, and as it is. */
struct dhcp_path {
	struct ip_prefix dst;
	struct ip_addr gateway; /* family 0: on-link */
	bool wanted, there;
};

/* All [W] of worker 0, but shown. */
struct dhcp {
	uint8_t state;	  /* enum dhcp_state */
	uint8_t failures; /* refusals and conflicts in a row */
	uint16_t secs;	  /* since it began, when it asked last */
	uint32_t tries;	  /* messages in this state */
	uint32_t dropped; /* answers that were no use, since it began */
	uint32_t xid;
	uint64_t begun_ns;
	uint64_t sent_ns;	/* the request that is to be answered */
	uint64_t at_ns;		/* when there is something to do; 0: nothing */
	struct dhcp_view offer; /* while requesting */
	struct dhcp_lease lease;
	/* as it is */
	struct ip_prefix given; /* the address; family 0: none */
	bool foreign;		/* somebody else has added it: it stays */
	bool again;		/* others kept something from being done: soon */
	bool told_full;
	uint64_t full_ns;    /* not before is something added, because there was no place */
	uint32_t mtu_before; /* of the interface, 0: it is as it was */
	struct dhcp_path path[2 * DHCP_ROUTES_MAX];
	bool unshown;		 /* the following is not as it is */
	struct dhcp_shown shown; /* to any thread, under the lock of addresses */
};

/* Its link came up, for the first time or again. */
void dhcp_begin(struct nsk_worker *w, struct iface *ifc);
/* Does what is due; the time of the next thing to do, UINT64_MAX: there is none. */
uint64_t dhcp_run(struct nsk_worker *w);
void dhcp_fini(struct nsk_worker *w);

/* A datagram of UDP, decoded: whether it is for the client. */
static inline bool dhcp_wants(const struct iface *ifc, const struct pkt *p)
{
	return ifc->dhcp && p->family == AF_INET &&
	       load_be16(&p->flow.dport_be) == DHCP_PORT_CLIENT;
}

/* On any worker. Consumes m. */
void dhcp_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);

/* In any thread: what is known; false: nothing yet. */
bool dhcp_look(struct nsk_worker *w, const struct iface *ifc, struct dhcp_shown *as);
/* In any thread: whether it is the address of a lease, which goes and comes with it. */
bool dhcp_holds(struct nsk_worker *w, const struct iface *ifc, const struct ip_prefix *prefix);
const char *dhcp_state_name(unsigned state);

/* dhcp_lease.c: whether a lease can be had, and if so what it is, its times counted from sent_ns.
 */
bool dhcp_read_lease(struct nsk_worker *w, const struct iface *ifc, const struct dhcp_view *v,
		     uint64_t sent_ns, struct dhcp_lease *as);
/* The lease's routes are those of v, none if it is NULL. */
void dhcp_set_routes(struct dhcp *d, const struct dhcp_view *v);
/* Makes the interface as the lease says. Returns when there is more to do, UINT64_MAX: done. */
uint64_t dhcp_apply(struct nsk_worker *w, struct iface *ifc, struct dhcp *d);

#endif
