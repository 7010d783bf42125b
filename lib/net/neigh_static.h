/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours whose link addresses are given and not asked for: one list a stack, changed by any
 * thread, which every worker's table follows. Such an entry is REACHABLE for as long as it is
 * there: nothing that anybody says on the link changes it, and nobody takes its place.
 */
#ifndef NSK_NET_NEIGH_STATIC_H
#define NSK_NET_NEIGH_STATIC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "mbuf/worker.h"
#include "wire/eth.h"

#define NEIGH_STATICS_MAX 256

struct neigh_static {
	struct ip_addr addr;
	struct eth_addr mac;
	uint8_t iface; /* index */
	bool mirrored; /* by the kernel's twin, who may change and delete it */
};

struct neigh_statics {
	pthread_mutex_t lock; /* of all but the version; nobody waits under it */
	uint32_t count;
	uint32_t version; /* [A] another one with each change; 0 before the first */
	struct neigh_static row[NEIGH_STATICS_MAX];
};

struct iface;
struct net_snapshot;

/* Puts one in, or in another's place; a mirrored one in a mirrored one's alone, else -EEXIST. 0,
 * -EINVAL (no station's address or link address, or an interface without link addresses), -ENOBUFS:
 * there are as many as can be. */
int neigh_static_put(struct net_snapshot *snap, const struct iface *ifc, const struct ip_addr *addr,
		     const struct eth_addr *mac, bool mirrored);
/* 0 or -ENOENT; mirrored: if it is. */
int neigh_static_del(struct net_snapshot *snap, const struct iface *ifc, const struct ip_addr *addr,
		     bool mirrored);

/* The worker's table becomes as the list says, unless somebody changes it just now: then false, and
 * it is to be called again. */
bool neigh_follow_statics(struct nsk_worker *w);
/* What the table had of an interface is gone: it is looked at anew. */
void neigh_forget_statics(struct nsk_worker *w);

#endif
