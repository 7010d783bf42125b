/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client of TCP Fast Open remembers of servers; see fastopen_cache.h. */
#include "tcp/fastopen_cache.h"

#include "tcp/table.h"

uint32_t fastopen_cache_sets(uint32_t entries)
{
	uint32_t sets = 1;

	while (sets * FASTOPEN_WAYS < entries)
		sets *= 2;
	return sets;
}

size_t fastopen_cache_bytes(uint32_t sets)
{
	return sizeof(struct fastopen_cache) +
	       (size_t)sets * FASTOPEN_WAYS * sizeof(struct fastopen_entry);
}

void fastopen_cache_init(struct fastopen_cache *k, const struct siphash_key *key, uint32_t sets)
{
	k->key = *key;
	k->sets = sets;
}

/* The part of a flow that an entry is about. */
static struct flow path_of(const struct flow *f, bool port)
{
	struct flow path = *f;

	path.dport_be = 0;
	if (!port)
		path.sport_be = 0;
	return path;
}

static struct fastopen_entry *set_of(struct fastopen_cache *k, const struct flow *path)
{
	uint64_t hash = siphash13(&k->key, path, sizeof(*path));

	return &k->entry[(hash & (k->sets - 1)) * FASTOPEN_WAYS];
}

/* The entry of exactly this path, which is used by that; NULL: there is none. */
static struct fastopen_entry *find(struct fastopen_cache *k, const struct flow *path)
{
	struct fastopen_entry *set = set_of(k, path);

	for (unsigned i = 0; i < FASTOPEN_WAYS; i++) {
		if (set[i].used && flow_eq(&set[i].path, path)) {
			set[i].used = ++k->uses;
			return &set[i];
		}
	}
	return NULL;
}

/* The same; made if there is none. */
static struct fastopen_entry *claim(struct fastopen_cache *k, const struct flow *path)
{
	struct fastopen_entry *e = find(k, path), *set = set_of(k, path);

	if (e)
		return e;
	e = set;
	for (unsigned i = 1; i < FASTOPEN_WAYS; i++)
		if (set[i].used < e->used)
			e = &set[i];
	*e = (struct fastopen_entry){.path = *path, .used = ++k->uses};
	return e;
}

bool fastopen_recall(struct fastopen_cache *k, const struct flow *f, struct tcp_cookie *cookie,
		     uint16_t *mss)
{
	const struct flow path = path_of(f, false);
	const struct fastopen_entry *e = find(k, &path);

	if (!e)
		return false;
	*cookie = e->cookie;
	*mss = e->mss;
	return true;
}

void fastopen_remember(struct fastopen_cache *k, const struct flow *f,
		       const struct tcp_cookie *cookie, uint16_t mss)
{
	const struct flow path = path_of(f, false);
	struct fastopen_entry *e = claim(k, &path);

	e->cookie = *cookie;
	e->mss = mss;
}

void fastopen_failed(struct fastopen_cache *k, const struct flow *f, uint64_t now_ms,
		     uint64_t pause_ms)
{
	const struct flow path = path_of(f, true);
	struct fastopen_entry *e;

	if (pause_ms == 0)
		return;
	e = claim(k, &path);
	for (unsigned i = 0; i < e->failures && (1u << i) < FASTOPEN_PAUSES; i++)
		pause_ms *= 2;
	if (e->failures < UINT8_MAX)
		e->failures++;
	e->until_ms = now_ms + pause_ms;
}

void fastopen_worked(struct fastopen_cache *k, const struct flow *f)
{
	const struct flow path = path_of(f, true);
	struct fastopen_entry *e = find(k, &path);

	if (e)
		*e = (struct fastopen_entry){0};
}

bool fastopen_paused(struct fastopen_cache *k, const struct flow *f, uint64_t now_ms)
{
	const struct flow path = path_of(f, true);
	const struct fastopen_entry *e = find(k, &path);

	return e && now_ms < e->until_ms;
}
