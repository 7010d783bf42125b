/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours whose link addresses are given; see neigh_static.h. */
#include "net/neigh_static.h"

#include <errno.h>

#include "net/neigh.h"
#include "net/net.h"

/* ---- the list ------------------------------------------------------------------------------ */

static struct neigh_static *find(struct neigh_statics *s, uint8_t iface, const struct ip_addr *addr)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->row[i].iface == iface && ip_addr_eq(&s->row[i].addr, addr))
			return &s->row[i];
	return NULL;
}

/* Workers look at it before their next turns end. */
static void changed(struct net_snapshot *snap)
{
	__atomic_fetch_add(&snap->statics.version, 1, __ATOMIC_RELEASE);
	net_snapshot_touch(snap);
}

static bool is_station(const struct ip_addr *addr, const struct eth_addr *mac)
{
	return !ip_addr_is_any(addr) && !ip_addr_is_multicast(addr) &&
	       !ip_addr_is_broadcast(addr) && !ip_addr_is_loopback(addr) &&
	       !eth_is_multicast(mac->b) && !eth_is_zero(mac->b);
}

int neigh_static_put(struct net_snapshot *snap, const struct iface *ifc, const struct ip_addr *addr,
		     const struct eth_addr *mac, bool mirrored)
{
	struct neigh_statics *s = &snap->statics;
	struct neigh_static *row;
	int rc = 0;

	if (!ifc->ethernet || !is_station(addr, mac))
		return -EINVAL;
	pthread_mutex_lock(&s->lock);
	row = find(s, ifc->index, addr);
	if (!row && s->count < NEIGH_STATICS_MAX)
		row = &s->row[s->count++];
	else if (!row)
		rc = -ENOBUFS;
	else if (mirrored && !row->mirrored)
		rc = -EEXIST;
	else if (row->mirrored == mirrored && eth_mac_equal(row->mac.b, mac->b))
		rc = 1; /* it is there */
	if (rc == 0)
		*row = (struct neigh_static){
			.addr = *addr, .mac = *mac, .iface = ifc->index, .mirrored = mirrored};
	pthread_mutex_unlock(&s->lock);
	if (rc == 0)
		changed(snap);
	return NSK_MIN(rc, 0);
}

int neigh_static_del(struct net_snapshot *snap, const struct iface *ifc, const struct ip_addr *addr,
		     bool mirrored)
{
	struct neigh_statics *s = &snap->statics;
	struct neigh_static *row;

	pthread_mutex_lock(&s->lock);
	row = find(s, ifc->index, addr);
	if (row && mirrored && !row->mirrored)
		row = NULL;
	if (row)
		*row = s->row[--s->count];
	pthread_mutex_unlock(&s->lock);
	if (!row)
		return -ENOENT;
	changed(snap);
	return 0;
}

/* ---- the worker's table -------------------------------------------------------------------- */

/* Entries of what is in the list no more. */
static void release_others(struct nsk_worker *w, struct neigh_statics *s)
{
	struct neigh_table *t = w->net->neighs;

	for (uint32_t i = 0; i < t->carved; i++) {
		struct neigh *n = &t->entry[i];

		if (n->list == NEIGH_LIST_STATIC && !find(s, n->iface, &n->addr))
			neigh_release(w, n, NSK_DROP_ARP_UNRESOLVED);
	}
}

bool neigh_follow_statics(struct nsk_worker *w)
{
	struct neigh_statics *s = &w->net->snap->statics;
	uint32_t version = __atomic_load_n(&s->version, __ATOMIC_ACQUIRE);

	if (w->net->statics == version)
		return true;
	if (pthread_mutex_trylock(&s->lock))
		return false;
	w->net->statics = version;
	release_others(w, s);
	for (uint32_t i = 0; i < s->count; i++) {
		struct iface *ifc = w->net->snap->iface[s->row[i].iface];

		if (iface_running(ifc))
			neigh_fix(w, ifc, &s->row[i].addr, s->row[i].mac.b);
		else
			neigh_forget_statics(w); /* until it runs */
	}
	pthread_mutex_unlock(&s->lock);
	return true;
}

void neigh_forget_statics(struct nsk_worker *w)
{
	w->net->statics = 0;
}
