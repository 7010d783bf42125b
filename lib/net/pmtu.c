/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of small sets; which one, a keyed hash of the destination says. See pmtu.h. */
#include "net/pmtu.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/siphash.h"

#define OLD_NS (600 * UINT64_C(1000000000)) /* as Linux */
#define SETS   256
#define WAYS   4

struct entry {
	struct ip_addr dst; /* family 0: free */
	uint16_t mtu;
	bool sure;
	uint64_t until_ns;
};

struct pmtu_table {
	struct siphash_key key;
	struct entry set[SETS][WAYS];
};

static struct entry *set_of(struct pmtu_table *t, const struct ip_addr *dst)
{
	return t->set[siphash13(&t->key, dst->b, sizeof(dst->b)) % SETS];
}

static bool is_about(const struct nsk_worker *w, const struct entry *e, const struct ip_addr *dst)
{
	return w->now_ns < e->until_ns && ip_addr_eq(&e->dst, dst);
}

uint32_t pmtu_look_up(const struct nsk_worker *w, const struct ip_addr *dst, uint32_t mtu,
		      bool sure)
{
	const struct entry *set = set_of(w->net->pmtu, dst);

	for (unsigned i = 0; i < WAYS; i++)
		if (is_about(w, &set[i], dst) && (set[i].sure || !sure))
			mtu = NSK_MIN(mtu, (uint32_t)set[i].mtu);
	return mtu;
}

/* Whether a is the better one to forget. */
static bool goes_before(const struct nsk_worker *w, const struct entry *a, const struct entry *b)
{
	bool a_old = a->until_ns <= w->now_ns, b_old = b->until_ns <= w->now_ns;

	if (a_old != b_old)
		return a_old;
	return a->sure != b->sure ? b->sure : a->until_ns < b->until_ns;
}

/* The entry for a destination, or the one that makes room for it. */
static struct entry *place_for(struct nsk_worker *w, const struct ip_addr *dst, bool sure)
{
	struct entry *set = set_of(w->net->pmtu, dst), *first = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (is_about(w, &set[i], dst) && set[i].sure == sure)
			return &set[i];
		if (goes_before(w, &set[i], first))
			first = &set[i];
	}
	return first;
}

static bool table_is_there(struct nsk_worker *w)
{
	struct pmtu_table *t = w->net->pmtu;

	if (t)
		return true;
	t = mem_zalloc(w->mem, sizeof(*t));
	if (!t)
		return false;
	t->key.k0 = rng_u64(&w->rng);
	t->key.k1 = rng_u64(&w->rng);
	w->net->pmtu = t;
	return true;
}

void pmtu_learn(struct nsk_worker *w, const struct ip_addr *dst, uint16_t mtu, bool sure)
{
	struct entry *e;

	if (!table_is_there(w))
		return;
	e = place_for(w, dst, sure);
	if (is_about(w, e, dst) && mtu > e->mtu)
		return;
	*e = (struct entry){.dst = *dst, .mtu = mtu, .sure = sure, .until_ns = w->now_ns + OLD_NS};
}

void pmtu_fini(struct nsk_worker *w)
{
	mem_free(w->mem, w->net->pmtu, sizeof(*w->net->pmtu));
	w->net->pmtu = NULL;
}
