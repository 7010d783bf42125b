/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of paths; see route_group.h. */
#include "net/route_group.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"

#define BUCKETS_MAX 65536

int groups_init(struct route_groups *gs, struct mem *mem, uint32_t room)
{
	uint32_t buckets = 1;

	while (buckets < NSK_MIN(room, (uint32_t)BUCKETS_MAX))
		buckets *= 2;
	*gs = (struct route_groups){.mem = mem, .room = room, .left = room, .buckets = buckets};
	gs->group = mem_reserve(mem, ((size_t)room + 1) * sizeof(struct route_group *));
	gs->next_free = mem_reserve(mem, ((size_t)room + 1) * sizeof(gs->next_free[0]));
	gs->bucket = mem_reserve(mem, buckets * sizeof(gs->bucket[0]));
	if (gs->group && gs->next_free && gs->bucket)
		return 0;
	groups_fini(gs);
	return -ENOMEM;
}

static size_t group_size(unsigned n)
{
	return sizeof(struct route_group) + n * sizeof(struct route_path);
}

void groups_fini(struct route_groups *gs)
{
	for (uint32_t i = 1; gs->group && i <= gs->used; i++)
		if (gs->group[i])
			mem_free(gs->mem, gs->group[i], group_size(gs->group[i]->n));
	mem_unreserve(gs->mem, gs->group, ((size_t)gs->room + 1) * sizeof(struct route_group *));
	mem_unreserve(gs->mem, gs->next_free, ((size_t)gs->room + 1) * sizeof(gs->next_free[0]));
	mem_unreserve(gs->mem, gs->bucket, gs->buckets * sizeof(gs->bucket[0]));
	*gs = (struct route_groups){.mem = gs->mem};
}

/* FNV-1a: whoever chooses routes is the operator. */
static uint32_t paths_hash(const struct route_path *path, unsigned n)
{
	const uint8_t *b = (const uint8_t *)path;
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < n * sizeof(*path); i++)
		h = (h ^ b[i]) * UINT32_C(16777619);
	return h;
}

static struct route_group *look_up(struct route_groups *gs, const struct route_path *path,
				   unsigned n, uint32_t hash)
{
	for (uint32_t i = gs->bucket[hash & (gs->buckets - 1)]; i; i = gs->group[i]->next) {
		struct route_group *g = gs->group[i];

		if (g->hash == hash && g->n == n && memcmp(g->path, path, n * sizeof(*path)) == 0)
			return g;
	}
	return NULL;
}

static uint32_t id_new(struct route_groups *gs)
{
	uint32_t id = gs->free;

	if (id)
		gs->free = gs->next_free[id];
	else
		id = ++gs->used;
	gs->left--;
	return id;
}

struct route_group *group_get(struct route_groups *gs, const struct route_path *path, unsigned n)
{
	uint32_t hash = paths_hash(path, n), *bucket = &gs->bucket[hash & (gs->buckets - 1)];
	struct route_group *g = look_up(gs, path, n, hash);

	if (!g) {
		g = gs->left ? mem_zalloc(gs->mem, group_size(n)) : NULL;
		if (!g)
			return NULL;
		g->id = id_new(gs);
		g->n = (uint8_t)n;
		g->hash = hash;
		g->next = *bucket;
		memcpy(g->path, path, n * sizeof(*path));
		for (unsigned i = 0; i < n; i++)
			g->spread |= path[i].weight != 0;
		*bucket = g->id;
		__atomic_store_n(&gs->group[g->id], g, __ATOMIC_RELEASE);
	}
	g->refs++;
	return g;
}

bool group_put(struct route_groups *gs, struct route_group *g)
{
	uint32_t *link = &gs->bucket[g->hash & (gs->buckets - 1)];

	if (--g->refs)
		return false;
	while (*link != g->id)
		link = &gs->group[*link]->next;
	*link = g->next;
	return true;
}

void group_free(struct route_groups *gs, uint32_t id)
{
	struct route_group *g = gs->group[id];

	mem_free(gs->mem, g, group_size(g->n));
	__atomic_store_n(&gs->group[id], NULL, __ATOMIC_RELAXED);
	gs->next_free[id] = gs->free;
	gs->free = id;
	gs->left++;
}

/* ---- which path ---------------------------------------------------------------------------- */

/* How good a path is for the traffic: 2 preferred, 1 usable, 0 neither. */
static unsigned path_rank(const struct route_path *p, uint32_t usable, uint32_t preferred)
{
	uint32_t bit = UINT32_C(1) << p->iface;

	if (p->type != ROUTE_UNICAST)
		return 2;
	return usable & bit ? preferred & bit ? 2 : 1 : 0;
}

/* 2^24 times the logarithm of 1 + i/64 to the base of 2. */
static const uint32_t log2_64[65] = {
	0,	  375270,   744810,   1108793,	1467383,  1820738,  2169009,  2512340,	2850868,
	3184728,  3514044,  3838941,  4159533,	4475935,  4788255,  5096595,  5401057,	5701737,
	5998727,  6292118,  6581994,  6868440,	7151536,  7431359,  7707984,  7981483,	8251926,
	8519380,  8783912,  9045584,  9304457,	9560591,  9814042,  10064867, 10313120, 10558852,
	10802114, 11042956, 11281425, 11517568, 11751428, 11983051, 12212479, 12439752, 12664911,
	12887994, 13109041, 13328087, 13545168, 13760320, 13973576, 14184969, 14394532, 14602297,
	14808293, 15012551, 15215099, 15415967, 15615181, 15812769, 16008758, 16203172, 16396036,
	16587377, 16777216,
};

/* 2^24 times minus the logarithm of u/2^32: what a draw of u costs, exponentially distributed. */
static uint32_t draw_cost(uint32_t u)
{
	unsigned zeros = (unsigned)__builtin_clz(u | 1);
	uint32_t m = (u | 1) << zeros << 1; /* what follows the leading one */
	uint32_t i = m >> 26, part = m << 6 >> 8;
	uint64_t step = log2_64[i + 1] - log2_64[i];

	return ((uint32_t)(zeros + 1) << 24) - log2_64[i] - (uint32_t)(step * part >> 24);
}

/* The number that a path draws. */
static uint32_t draw(uint32_t hash, uint8_t slot)
{
	uint64_t x = ((uint64_t)hash << 8 | slot) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(x >> 32);
}

/* Among the paths of the metric and rank of the i-th, from which on they stand. */
static const struct route_path *share(const struct route_group *g, unsigned i, uint32_t usable,
				      uint32_t preferred, uint32_t hash)
{
	unsigned rank = path_rank(&g->path[i], usable, preferred);
	const struct route_path *best = NULL;
	uint64_t best_cost = 0;

	for (unsigned k = i; k < g->n && g->path[k].metric == g->path[i].metric; k++) {
		const struct route_path *p = &g->path[k];
		uint64_t cost;

		if (p->weight == 0 || path_rank(p, usable, preferred) != rank)
			continue;
		cost = draw_cost(draw(hash, p->slot));
		if (!best || cost * best->weight < best_cost * p->weight) {
			best = p;
			best_cost = cost;
		}
	}
	return best;
}

const struct route_path *route_pick(const struct route_group *g, uint32_t usable,
				    uint32_t preferred, uint32_t hash)
{
	unsigned first = g->n;

	for (unsigned i = 0; i < g->n; i++) {
		unsigned rank = path_rank(&g->path[i], usable, preferred);

		if (rank == 2) {
			first = i;
			break;
		}
		if (rank == 1 && first == g->n)
			first = i;
	}
	if (first == g->n)
		return NULL;
	if (g->path[first].weight == 0)
		return &g->path[first];
	return share(g, first, usable, preferred, hash);
}
