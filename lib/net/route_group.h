/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of paths, each there once however many prefixes have it: a table of the whole internet has
 * a million prefixes and some hundred lists. A list never changes. Which of several paths with
 * weights a hash takes is found by weighted rendezvous: each path draws a number by hash and slot,
 * the best one has it, so one that goes away or comes moves no other's flows.
 */
#ifndef NSK_NET_ROUTE_GROUP_H
#define NSK_NET_ROUTE_GROUP_H

#include <stdint.h>

#include "base/mem.h"
#include "net/route.h"

struct route_groups {
	struct mem *mem;
	struct route_group **group; /* [A] 1 to room; 0 is none */
	uint32_t *next_free;
	uint32_t *bucket;
	uint32_t buckets; /* a power of two */
	uint32_t room, used, left, free;
};

/* 0 or -ENOMEM. */
int groups_init(struct route_groups *gs, struct mem *mem, uint32_t room);
/* Frees all of them, too. */
void groups_fini(struct route_groups *gs);
/* The list of these paths, for one prefix more; NULL: no memory, or no room. */
struct route_group *group_get(struct route_groups *gs, const struct route_path *path, unsigned n);
/* For one prefix less. True: nobody finds it any more, it is to be freed later. */
bool group_put(struct route_groups *gs, struct route_group *g);
/* Nobody reads it any more. */
void group_free(struct route_groups *gs, uint32_t id);

static inline struct route_group *group_at(const struct route_groups *gs, uint32_t id)
{
	return __atomic_load_n(&gs->group[id], __ATOMIC_RELAXED);
}

#endif
