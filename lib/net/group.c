/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of groups: open addressing by interface and the bits that the link address has, so that
 * groups of one link address lie in one chain. A reader who comes between finds a group that was,
 * or none, for a moment.
 */
#include "net/group.h"

#include <errno.h>

#include "wire/bytes.h"

#define LINK_BITS 0x7fffffu /* of a group's address that its link address has */
#define KEY_USED  (UINT64_C(1) << 63)

static uint64_t key_of(uint8_t iface, uint32_t group)
{
	return KEY_USED | (uint64_t)iface << 32 | group;
}

/* The next place of a chain, which begins at *at. */
static const struct shared_group *next_place(const struct shared_groups *g, uint32_t *at)
{
	return &g->place[(*at)++ % SHARED_GROUP_PLACES];
}

static uint32_t chain_of(uint8_t iface, uint32_t group)
{
	return ((group & LINK_BITS) * 0x9e3779b1u + iface * 0x85ebca6bu) >> 8;
}

static uint64_t key_at(const struct shared_group *p)
{
	return __atomic_load_n(&p->key, __ATOMIC_RELAXED);
}

static uint32_t members_at(const struct shared_group *p)
{
	return __atomic_load_n(&p->members, __ATOMIC_ACQUIRE);
}

/* A group with members whose key is the same but for the bits of mask. */
static bool find(const struct shared_groups *g, uint8_t iface, uint32_t group, uint64_t mask)
{
	uint32_t at = chain_of(iface, group);
	uint64_t key = key_of(iface, group);

	for (unsigned i = 0; i < SHARED_GROUP_PLACES; i++) {
		const struct shared_group *p = next_place(g, &at);
		uint64_t have = key_at(p);

		if (!have)
			return false;
		if (((have ^ key) & ~mask) == 0 && members_at(p))
			return true;
	}
	return false;
}

bool group_joined(const struct nsk_worker *w, uint8_t iface, uint32_t group)
{
	return group == GROUP_ALL_HOSTS || find(&w->shared->groups, iface, group, 0);
}

/* 01:00:5e and 23 bits of the group's address. */
bool group_joined_mac(const struct nsk_worker *w, uint8_t iface, const uint8_t mac[6])
{
	uint32_t low = load_be32(mac + 2) & 0xffffff;

	if (load_be16(mac) != 0x0100 || mac[2] != 0x5e || low > LINK_BITS)
		return false;
	return low == (GROUP_ALL_HOSTS & LINK_BITS) ||
	       find(&w->shared->groups, iface, low, UINT32_MAX & ~LINK_BITS);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* The group's place, else one for it; NULL: there is none. */
static struct shared_group *place_for(struct shared_groups *g, uint8_t iface, uint32_t group)
{
	uint32_t at = chain_of(iface, group);
	struct shared_group *vacant = NULL;

	for (unsigned i = 0; i < SHARED_GROUP_PLACES; i++) {
		struct shared_group *p = &g->place[at++ % SHARED_GROUP_PLACES];

		if (p->members && p->key == key_of(iface, group))
			return p;
		if (!vacant && !p->members)
			vacant = p;
		if (!p->key)
			break;
	}
	return vacant;
}

int group_join(struct nsk_worker *w, uint8_t iface, uint32_t group)
{
	struct shared_groups *g = &w->shared->groups;
	struct shared_group *p;
	int rc = -ENOBUFS;

	pthread_mutex_lock(&g->lock);
	p = place_for(g, iface, group);
	if (p && (p->members || g->count < SHARED_GROUPS_MAX)) {
		if (!p->members) {
			__atomic_store_n(&p->key, key_of(iface, group), __ATOMIC_RELAXED);
			g->count++;
		}
		__atomic_store_n(&p->members, p->members + 1, __ATOMIC_RELEASE);
		rc = 0;
	}
	pthread_mutex_unlock(&g->lock);
	return rc;
}

/* Vacant places at the end of a chain are cleared, or chains would only grow. */
static void trim(struct shared_groups *g, uint32_t at)
{
	if (g->place[(at + 1) % SHARED_GROUP_PLACES].key)
		return;
	for (;
	     g->place[at % SHARED_GROUP_PLACES].key && !g->place[at % SHARED_GROUP_PLACES].members;
	     at--)
		__atomic_store_n(&g->place[at % SHARED_GROUP_PLACES].key, 0, __ATOMIC_RELAXED);
}

void group_leave(struct nsk_worker *w, uint8_t iface, uint32_t group)
{
	struct shared_groups *g = &w->shared->groups;
	struct shared_group *p;

	pthread_mutex_lock(&g->lock);
	p = place_for(g, iface, group);
	__atomic_store_n(&p->members, p->members - 1, __ATOMIC_RELEASE);
	if (!p->members) {
		g->count--;
		trim(g, (uint32_t)(p - g->place));
	}
	pthread_mutex_unlock(&g->lock);
}
