/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The route table, the truth about where packets go: the longest prefix decides, of its routes the
 * lowest metric, of those the first one, or all of them by their weights (RFC 1812 §5.2.4.3, RFC
 * 2992). A path-compressed binary trie per family over 16-byte keys, with an index over it: IPv4's
 * is flat (fib.h), so that a lookup takes as many steps among a million routes as among one, IPv6's
 * is a tree of 6 bits a step (fib6.h).
 *
 * Prefixes with the same routes share one list of paths, which is never changed: a change puts
 * another one in its place. So readers take no lock. One thread at a time changes a table (whoever
 * calls holds a lock), in place; what readers may still look at is kept until route_reclaim() is
 * told that they have gone on. What a lookup returns is good until its reader goes on: until the
 * worker's turn ends.
 *
 * Whether a gateway can be reached, and which interfaces work, is not its business; who looks up
 * says which may be used.
 */
#ifndef NSK_NET_ROUTE_H
#define NSK_NET_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mem.h"

#define ROUTE_IFACES_ANY UINT32_MAX /* a mask of all interfaces */
#define ROUTES_MAX	 (UINT32_C(1) << 24)
#define ROUTE_PATHS_MAX	 128 /* routes of one prefix, of all metrics */
#define ROUTE_WEIGHT_MAX 256

enum route_type {
	ROUTE_UNICAST,
	ROUTE_BLACKHOLE,   /* dropped in silence; local senders: EINVAL */
	ROUTE_UNREACHABLE, /* ICMP host unreachable; EHOSTUNREACH */
	ROUTE_PROHIBIT,	   /* ICMP administratively prohibited; EACCES */
};

/* Where a route comes from; the numbers are rtnetlink's (RTPROT_), any of them may stand there. */
enum route_origin {
	ROUTE_FROM_KERNEL = 2, /* the subnet of an address */
	ROUTE_FROM_BOOT = 3,   /* by a command */
	ROUTE_FROM_STATIC = 4, /* the configuration */
	ROUTE_FROM_RA = 9,
	ROUTE_FROM_DHCP = 16,
};

/* Where a route leads: all of it but the destination. No padding: compared as bytes. */
struct route_path {
	struct ip_addr gateway; /* family 0: on-link */
	struct ip_addr src;	/* to send from; family 0: chosen by the interface's addresses */
	uint8_t iface;		/* index, below 32; of no meaning unless unicast */
	uint8_t type;		/* enum route_type */
	uint8_t origin;		/* enum route_origin */
	uint8_t slot;	 /* among the routes of its prefix: it stays when others come and go */
	uint16_t weight; /* 0: it is not one of several; else it shares with those of its metric */
	uint32_t metric;
};
_Static_assert(sizeof(struct route_path) == 44, "no padding: it is compared as bytes");

/* The same fields; a route is told from others by destination, gateway, interface, metric and type.
 */
struct route {
	struct ip_prefix dst; /* bits after the prefix are zero; length 0: default */
	struct ip_addr gateway;
	struct ip_addr src;
	uint8_t iface;
	uint8_t type;
	uint8_t origin;
	uint16_t weight;
	uint32_t metric;
};

struct route_table;

/* An empty table for at most max routes (1 to ROUTES_MAX), or NULL without memory. Its memory is
 * all there at the start, but no page of it before something is written to it. */
struct route_table *route_table_new(struct mem *mem, uint32_t max);
void route_table_free(struct route_table *t);
uint32_t route_count(const struct route_table *t);

/*
 * Adds a route. 0, -EINVAL (bits after the prefix, no such family, gateway of another family or not
 * a host's address, interface, type, weight), -EEXIST (the same is there, whatever its source,
 * origin and weight), -ENOSPC (table full, or ROUTE_PATHS_MAX for the prefix), -ENOMEM, -EAGAIN
 * (too much waits for readers to go on). Upon an error nothing has changed.
 */
int route_add(struct route_table *t, const struct route *r);
/* Takes out the route that is the same. 0, -ESRCH, -ENOMEM, -EAGAIN. */
int route_del(struct route_table *t, const struct route *r);
/* The same, but -ESRCH also where the route is of another origin: what somebody else has added. */
int route_del_own(struct route_table *t, const struct route *r);

/*
 * In one step, so that a reader finds the routes of before or those of after: takes out the n
 * routes of a prefix that are the same as gone, and adds those of come that are not there. How many
 * it added, and in added, a bit for each, which: the others are somebody else's. -EINVAL (come is
 * not sound or not of that prefix), -ENOSPC, -ENOMEM, -EAGAIN: then nothing has changed.
 */
#define ROUTE_SWAP_MAX 32
int route_swap(struct route_table *t, const struct ip_prefix *dst, const struct route *gone,
	       unsigned ngone, const struct route *come, unsigned ncome, uint32_t *added);

/* ---- readers ---- */

/* From now on others read while it is changed. */
void route_table_share(struct route_table *t);
/* What was taken out since the last call can still be seen by whoever has not gone on since era. */
void route_stamp(struct route_table *t, uint32_t era);
/* Everybody has gone on after era, by number: frees what was stamped with it or earlier. */
void route_reclaim(struct route_table *t, uint32_t era);
/* How many pieces wait for that, and how many may. */
uint32_t route_pending(const struct route_table *t);
uint32_t route_pending_max(const struct route_table *t);

/* ---- questions ---- */

/*
 * The path to an address (16 bytes). The longest prefix decides that has one over an interface of
 * the mask usable (bit i: index i) or one that is not unicast; of its paths the one with the lowest
 * metric over an interface that is preferred as well, if there is one, else over any usable one; of
 * several the one added first. Where that one has a weight, hash chooses among those of its metric:
 * the same hash takes the same one whatever becomes of the others. NULL if there is none.
 */
const struct route_path *route_lookup(const struct route_table *t, uint8_t family,
				      const uint8_t addr[16], uint32_t usable, uint32_t preferred,
				      uint32_t hash);
/* All paths that the longest prefix has, by metric, of one the oldest first; NULL: there is none.
 */
struct route_group {
	uint32_t id;
	uint32_t refs; /* nodes that have it; of who changes, like the next two */
	uint32_t next; /* of the same bucket */
	uint32_t hash;
	uint8_t n;
	bool spread; /* some have weights */
	struct route_path path[];
};
const struct route_group *route_find(const struct route_table *t, uint8_t family,
				     const uint8_t addr[16]);
/* The path of a group that route_lookup() would take, or NULL: none may be used. */
const struct route_path *route_pick(const struct route_group *g, uint32_t usable,
				    uint32_t preferred, uint32_t hash);
/* For an address that is looked up soon: fetches what is seldom in a cache. The same again when it
 * is near, for what could only be found by then. */
void route_prefetch(const struct route_table *t, uint8_t family, const uint8_t addr[16], bool near);

/* For control tools, under the lock of who changes: the route that decides, with its prefix; false:
 * there is none. */
bool route_match(const struct route_table *t, uint8_t family, const uint8_t addr[16],
		 uint32_t usable, uint32_t preferred, struct route *out);
/* The first route to a prefix itself that fits. */
bool route_seek(const struct route_table *t, const struct ip_prefix *dst,
		bool (*fits)(const void *like, const struct route *r), const void *like,
		struct route *out);
/*
 * For control tools, under the lock as well: copies up to max routes from *cursor (0 at the start)
 * on, in no order that means anything, and moves the cursor; at most 4 * max nodes are looked at.
 * Returns the number copied; the end is reached when *cursor is UINT64_MAX.
 */
unsigned route_list(const struct route_table *t, uint64_t *cursor, struct route *rows,
		    unsigned max);

#endif
