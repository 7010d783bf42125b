/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an interface that is set to it learns from routers: where the default route leads, which
 * subnets are on-link, addresses (slaac.c), MTU, hop limit and timers, DNS. RFC 4861 §6.3, RFC 4862
 * §5.5, RFC 4191, RFC 7559, RFC 8106. One worker does it, worker 0; what the others need of it
 * stands in the interface, atomically, and in the stack's tables of routes and addresses.
 *
 * Anybody on the link can say that he is a router. What he gets done is bounded: so many routers,
 * subnets, addresses and servers, first come, first served; and nothing that would make the link of
 * no use (mtu below 1,280, hop limit below AUTO_HOPS_LEAST, timers out of range) is taken.
 */
#ifndef NSK_NET_AUTOCONF_H
#define NSK_NET_AUTOCONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "mbuf/worker.h"
#include "net/iface.h"
#include "wire/ra.h"

#define AUTO_PREFIXES	   8 /* on-link, and to make addresses of */
#define AUTO_TEMPS	   3 /* temporary addresses of a prefix at a time */
#define AUTO_DNS	   (RA_SERVERS_MAX + RA_DOMAINS_MAX)
#define AUTO_ROUTE_METRIC  1024 /* as in Linux; of a subnet AUTO_SUBNET_METRIC */
#define AUTO_SUBNET_METRIC 256
#define AUTO_HOPS_LEAST	   32
#define AUTO_FULL_MS	   5000 /* between attempts in a full table of routes */
#define AUTO_CONFLICTS_MAX 3	/* RFC 7217 IDGEN_RETRIES, RFC 8981 TEMP_IDGEN_RETRIES */

/* Bits of the shortest prefix that is believed to be a subnet. RFC 4291 §2.5.4 and RFC 7421 have 64
 * of all unicast addresses; a site, which is links, gets 48 at least (RFC 4193 §3.1, RFC 6177 §2),
 * so that what is shorter is no link's. */
#define AUTO_PREFIX_LEAST 48

/* Advertisements that are looked at, of an interface: those of a flood beyond that are not. */
#define AUTO_HEARD_RATE	 100 /* a second */
#define AUTO_HEARD_BURST 256

/* RFC 7559 §2, RFC 4861 §10. */
#define RS_DELAY_MS   1000
#define RS_FIRST_MS   4000
#define RS_LONGEST_MS 3600000

/* All [W] of worker 0. */
struct auto_router {
	struct ip_addr addr; /* family 0: vacant */
	uint64_t end_ns;     /* 0: never */
	int8_t preference;
	bool failed; /* did not answer when he was asked last */
};

struct auto_temp {
	struct ip_addr addr; /* family 0: vacant */
	uint64_t made_ns;
	uint64_t preferred_ns; /* no longer than so, whatever routers say */
};

struct auto_prefix {
	struct ip_prefix prefix;	 /* family 0: vacant */
	bool on_link;			 /* it shall have a route, */
	bool routed;			 /* and has one, */
	bool renew;			 /* which somebody may have taken out */
	uint64_t link_end_ns;		 /* of on_link, 0: never */
	struct ip_addr addr;		 /* the stable one; family 0: none */
	bool unmade;			 /* it is to be made: others were changing addresses */
	uint8_t conflicts;		 /* how often it was another's, */
	uint8_t temp_conflicts;		 /* the same of temporary ones, in a row */
	uint64_t preferred_ns, valid_ns; /* of the prefix, 0: never; for temporary ones */
	uint64_t temp_ns;		 /* when the next temporary one is to be made */
	struct auto_temp temp[AUTO_TEMPS];
	uint8_t temp_last; /* of them, made last */
};

struct dns_entry {
	bool used;
	uint64_t end_ns;       /* 0: never */
	struct ip_addr server; /* family 0: a domain */
	char domain[RA_DOMAIN_MAX];
};

struct autoconf {
	struct auto_router router[IFACE_ROUTERS];
	int chosen;	       /* the default router, -1: none */
	struct ip_addr added;  /* the last default route that came, while an older one is there */
	struct ip_addr routed; /* where the default route leads; family 0: there is none */
	struct auto_prefix prefix[AUTO_PREFIXES];
	uint64_t rs_ns;	  /* when to ask for routers, 0: not */
	uint32_t rs_ms;	  /* time after the question before */
	bool again;	  /* a table was busy: soon */
	bool renew;	  /* somebody may have taken out what is told of again */
	bool may_add;	  /* routes, in this run */
	bool told_full;	  /* that there was no place for one */
	uint64_t full_ns; /* not before are routes added, because there was no place */
	bool unshown;	  /* the last of the following */
	struct dns_entry dns[AUTO_DNS];
	struct dns_entry shown[AUTO_DNS]; /* to any thread, under the lock of addresses */
};

/* An interface that is set to it came up, for the first time or again: asks for routers. */
void autoconf_begin(struct nsk_worker *w, struct iface *ifc);
/* An advertisement, of an interface that is set to it. */
void autoconf_heard(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *router,
		    const struct ra_view *v);
/* Does what is due; the time of the next thing to do, UINT64_MAX: there is none. */
uint64_t autoconf_run(struct nsk_worker *w);
void autoconf_fini(struct nsk_worker *w);

/* On any worker: a neighbour did not answer. If it is a router, another one takes its place. */
void autoconf_lost(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr);

/* In any thread: a copy of what is known of DNS; false: nothing in this place. */
bool autoconf_dns(struct nsk_worker *w, const struct iface *ifc, unsigned place,
		  struct dns_entry *as);

/* slaac.c: addresses of a prefix that a router tells of, and what becomes of them with time. */
void slaac_heard(struct nsk_worker *w, struct iface *ifc, struct auto_prefix *x,
		 const struct ra_prefix *p);
uint64_t slaac_run(struct nsk_worker *w, struct iface *ifc, struct auto_prefix *x);
/* Whether a prefix has addresses. */
bool slaac_has(struct iface *ifc, const struct auto_prefix *x);

/* The moment when a lifetime of seconds ends, 0: never. */
static inline uint64_t autoconf_end(const struct nsk_worker *w, uint32_t seconds)
{
	return seconds == RA_FOREVER_S ? 0 : w->now_ns + (uint64_t)seconds * UINT64_C(1000000000);
}

#endif
