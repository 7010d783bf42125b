/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of groups: open addressing by interface and the bits that the link address has, so that
 * groups of one link address lie in one chain. A reader who comes while a place gets another group
 * passes over it; sources are never given back, so that he may follow their list whatever becomes
 * of it, and he follows so many at most.
 */
#include "net/group.h"

#include <errno.h>
#include <string.h>

#include "net/report.h"
#include "wire/bytes.h"

#define LINK_BITS 0x7fffffu /* of an IPv4 group's address that its link address has */
#define KEY_USED  (UINT32_C(1) << 31)
#define KEY_SIX	  (UINT32_C(1) << 30)

struct key {
	uint32_t key;
	uint32_t link; /* what the link address has of the group */
	uint64_t word[2];
};

static uint32_t link_of(const struct ip_addr *group)
{
	return group->family == AF_INET6 ? load_be32(group->b + 12)
					 : load_be32(group->b) & LINK_BITS;
}

static struct key key_of(uint8_t iface, const struct ip_addr *group)
{
	struct key k = {
		.key = KEY_USED | (group->family == AF_INET6 ? KEY_SIX : 0) | iface,
		.link = link_of(group),
	};

	memcpy(k.word, group->b, sizeof(k.word));
	return k;
}

static uint32_t chain_of(const struct key *k)
{
	return ((k->link & LINK_BITS) * 0x9e3779b1u + k->key * 0x85ebca6bu) >> 8;
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint32_t read32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static uint64_t read64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* The group of a place as it is; false: another one comes there. */
static bool read_place(const struct shared_group *p, struct ip_addr *group, uint32_t *key)
{
	uint32_t seq = read32(&p->seq);
	uint64_t word[2] = {read64(&p->word[0]), read64(&p->word[1])};

	*key = read32(&p->key);
	memcpy(group->b, word, sizeof(group->b));
	group->family = *key & KEY_SIX ? AF_INET6 : AF_INET;
	return !(seq & 1) && __atomic_load_n(&p->seq, __ATOMIC_RELAXED) == seq;
}

/* A place with members of a group; of any with its link address where that is all that is known. */
static const struct shared_group *find(const struct shared_groups *g, const struct key *k,
				       bool by_link)
{
	uint32_t at = chain_of(k);

	for (unsigned i = 0; i < SHARED_GROUP_PLACES; i++) {
		const struct shared_group *p = &g->place[at++ % SHARED_GROUP_PLACES];
		struct ip_addr group;
		uint32_t key;
		bool steady = read_place(p, &group, &key);

		if (!key)
			return NULL;
		if (!steady || key != k->key || !read32(&p->members))
			continue;
		if (by_link ? link_of(&group) == k->link
			    : memcmp(group.b, k->word, sizeof(group.b)) == 0)
			return p;
	}
	return NULL;
}

bool group_joined(const struct nsk_worker *w, uint8_t iface, const struct ip_addr *group)
{
	const struct key k = key_of(iface, group);

	if (group->family == AF_INET && ip_addr_host32(group) == GROUP_ALL_HOSTS)
		return true;
	return find(&w->shared->groups, &k, false) != NULL;
}

/* 01:00:5e and 23 bits of an IPv4 group's address; 33:33 and 32 of an IPv6 one's. */
bool group_joined_mac(const struct nsk_worker *w, uint8_t iface, const uint8_t mac[6])
{
	uint32_t low = load_be32(mac + 2);
	struct key k = {.key = KEY_USED | iface, .link = low & 0xffffff};

	if (load_be16(mac) == 0x3333) {
		k.key |= KEY_SIX;
		k.link = low;
	} else if (load_be16(mac) != 0x0100 || mac[2] != 0x5e || k.link > LINK_BITS) {
		return false;
	} else if (k.link == (GROUP_ALL_HOSTS & LINK_BITS)) {
		return true;
	}
	return find(&w->shared->groups, &k, true) != NULL;
}

/*
 * Of somebody who wants all but some, only they can say that it is unwanted: all of them must, and
 * nobody else want it. What changes meanwhile is left to the sockets.
 */
static bool wanted(const struct shared_groups *g, const struct shared_group *p,
		   const struct ip_addr *source)
{
	uint32_t excluders = read32(&p->excluders), at = read32(&p->first);
	uint64_t word[2];

	memcpy(word, source->b, sizeof(word));
	for (unsigned i = 0; at && i < SHARED_GROUP_SOURCES_MAX; i++) {
		const struct shared_source *s = &g->source[at - 1];

		if (read64(&s->word[0]) == word[0] && read64(&s->word[1]) == word[1])
			return read32(&s->includers) > 0 || read32(&s->excluders) < excluders;
		at = read32(&s->next);
	}
	return excluders > 0;
}

bool group_wants(const struct nsk_worker *w, uint8_t iface, const struct ip_addr *group,
		 const struct ip_addr *source)
{
	const struct shared_groups *g = &w->shared->groups;
	const struct key k = key_of(iface, group);
	const struct shared_group *p;
	uint32_t seq;
	bool yes;

	if (group->family == AF_INET && ip_addr_host32(group) == GROUP_ALL_HOSTS)
		return true;
	p = find(g, &k, false);
	if (!p)
		return false;
	seq = read32(&p->wants_seq);
	yes = wanted(g, p, source);
	return yes || (seq & 1) || __atomic_load_n(&p->wants_seq, __ATOMIC_RELAXED) != seq;
}

uint32_t group_changes(const struct nsk_worker *w)
{
	return read32(&w->shared->groups.changes);
}

/* ---- places ---------------------------------------------------------------------------------- */

/* All that follows is under the lock. What is about to change is odd, for its readers. */
static void write32(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static void write64(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static void begin_change(uint32_t *seq)
{
	__atomic_fetch_add(seq, 1, __ATOMIC_ACQ_REL);
}

static void end_change(uint32_t *seq)
{
	__atomic_fetch_add(seq, 1, __ATOMIC_RELEASE);
}

static bool is_of(const struct shared_group *p, const struct key *k)
{
	return p->members && p->key == k->key && p->word[0] == k->word[0] &&
	       p->word[1] == k->word[1];
}

/* The group's place, else one for it; NULL: there is none. */
static struct shared_group *place_for(struct shared_groups *g, const struct key *k)
{
	uint32_t at = chain_of(k);
	struct shared_group *vacant = NULL;

	for (unsigned i = 0; i < SHARED_GROUP_PLACES; i++) {
		struct shared_group *p = &g->place[at++ % SHARED_GROUP_PLACES];

		if (is_of(p, k))
			return p;
		if (!vacant && !p->members)
			vacant = p;
		if (!p->key)
			break;
	}
	return vacant;
}

static void take_place(struct shared_groups *g, struct shared_group *p, const struct key *k)
{
	begin_change(&p->seq);
	write64(&p->word[0], k->word[0]);
	write64(&p->word[1], k->word[1]);
	write32(&p->key, k->key);
	end_change(&p->seq);
	g->count++;
}

/* Vacant places at the end of a chain are cleared, or chains would only grow. */
static void give_place(struct shared_groups *g, struct shared_group *p)
{
	uint32_t at = (uint32_t)(p - g->place);

	g->count--;
	if (g->place[(at + 1) % SHARED_GROUP_PLACES].key)
		return;
	for (; (p = &g->place[at % SHARED_GROUP_PLACES])->key && !p->members; at--)
		write32(&p->key, 0);
}

/* ---- sources --------------------------------------------------------------------------------- */

static struct shared_source *source_of(struct shared_groups *g, const struct shared_group *p,
				       const struct ip_addr *addr)
{
	uint64_t word[2];

	memcpy(word, addr->b, sizeof(word));
	for (uint32_t at = p->first; at; at = g->source[at - 1].next)
		if (g->source[at - 1].word[0] == word[0] && g->source[at - 1].word[1] == word[1])
			return &g->source[at - 1];
	return NULL;
}

/* There is room: has_room(). */
static struct shared_source *make_source(struct shared_groups *g, struct shared_group *p,
					 const struct ip_addr *addr)
{
	uint32_t at = g->vacant ? g->vacant : ++g->nsources;
	struct shared_source *s = &g->source[at - 1];
	uint64_t word[2];

	if (at == g->vacant)
		g->vacant = s->next;
	memcpy(word, addr->b, sizeof(word));
	write64(&s->word[0], word[0]);
	write64(&s->word[1], word[1]);
	write32(&s->next, p->first);
	write32(&p->first, at);
	p->nsources++;
	g->sources++;
	return s;
}

/* Those that nobody names any more go. */
static void free_sources(struct shared_groups *g, struct shared_group *p)
{
	uint32_t *link = &p->first;

	while (*link) {
		uint32_t at = *link;
		struct shared_source *s = &g->source[at - 1];

		if (s->includers || s->excluders) {
			link = &s->next;
			continue;
		}
		write32(link, s->next);
		write32(&s->next, g->vacant);
		g->vacant = at;
		p->nsources--;
		g->sources--;
	}
}

static bool has_room(struct shared_groups *g, const struct shared_group *p,
		     const struct group_want *to)
{
	uint32_t more = 0;

	if (!p->members && g->count == SHARED_GROUPS_MAX)
		return false;
	for (unsigned i = 0; i < to->count; i++)
		if (!p->members || !source_of(g, p, &to->source[i]))
			more++;
	return g->sources + more <= SHARED_SOURCES_MAX &&
	       p->nsources + more <= SHARED_GROUP_SOURCES_MAX;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* One member with this filter more, or less (-1). */
static void count(struct shared_groups *g, struct shared_group *p, const struct group_want *f,
		  int n)
{
	for (unsigned i = 0; i < f->count; i++) {
		struct shared_source *s = source_of(g, p, &f->source[i]);

		if (!s)
			s = make_source(g, p, &f->source[i]);
		if (f->exclude)
			write32(&s->excluders, s->excluders + (uint32_t)n);
		else
			write32(&s->includers, s->includers + (uint32_t)n);
	}
	if (f->exclude)
		write32(&p->excluders, p->excluders + (uint32_t)n);
	write32(&p->members, p->members + (uint32_t)n);
}

static int change(struct shared_groups *g, const struct key *k, const struct group_want *from,
		  const struct group_want *to)
{
	struct shared_group *p = place_for(g, k);

	if (to && (!p || !has_room(g, p, to)))
		return -ENOBUFS;
	if (!p->members)
		take_place(g, p, k);
	begin_change(&p->wants_seq);
	if (to)
		count(g, p, to, 1);
	if (from)
		count(g, p, from, -1);
	free_sources(g, p);
	end_change(&p->wants_seq);
	if (!p->members)
		give_place(g, p);
	write32(&g->changes, g->changes + 1);
	return 0;
}

int group_change(struct nsk_worker *w, uint8_t iface, const struct ip_addr *group,
		 const struct group_want *from, const struct group_want *to)
{
	struct shared_groups *g = &w->shared->groups;
	const struct key k = key_of(iface, group);
	int rc;

	pthread_mutex_lock(&g->lock);
	rc = change(g, &k, from, to);
	pthread_mutex_unlock(&g->lock);
	if (rc == 0)
		report_soon(w);
	return rc;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* RFC 3376 §3.2: if anybody wants all but some, all but what all of them name and nobody wants;
 * else what anybody wants. */
static void state_of(const struct shared_groups *g, const struct shared_group *p,
		     struct group_state *state)
{
	uint32_t key;

	read_place(p, &state->group, &key);
	state->iface = (uint8_t)key;
	state->members = p->members;
	state->exclude = p->excluders > 0;
	state->count = 0;
	for (uint32_t at = p->first; at; at = g->source[at - 1].next) {
		const struct shared_source *s = &g->source[at - 1];
		bool in = state->exclude ? s->excluders == p->excluders && !s->includers
					 : s->includers > 0;

		if (in)
			state->source[state->count++] = ip_addr_of(state->group.family, s->word);
	}
}

bool group_each(struct nsk_worker *w, uint32_t *cursor,
		bool (*fn)(void *arg, const struct group_state *state), void *arg)
{
	struct shared_groups *g = &w->shared->groups;
	struct group_state state;
	bool more = true;

	if (pthread_mutex_trylock(&g->lock) != 0)
		return false;
	while (more && *cursor < SHARED_GROUP_PLACES) {
		const struct shared_group *p = &g->place[(*cursor)++];

		if (!p->members)
			continue;
		state_of(g, p, &state);
		more = fn(arg, &state);
	}
	if (more)
		*cursor = UINT32_MAX;
	pthread_mutex_unlock(&g->lock);
	return true;
}
