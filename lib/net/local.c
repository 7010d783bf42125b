/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of our own addresses; see local.h. */
#include "net/local.h"

static size_t table_size(uint32_t places)
{
	return sizeof(struct local_table) + places * sizeof(struct local_entry);
}

/* What the quick answers are made of. */
static void note(struct local_table *t, const struct ip_addr *addr, enum local_kind kind)
{
	if (addr->family == AF_INET6) {
		t->maybe6 |= UINT64_C(1) << (addr->b[15] & 63);
		return;
	}
	t->maybe4 |= UINT64_C(1) << (addr->b[3] & 63);
	if (!t->host4 && kind == LOCAL_UNICAST)
		memcpy(&t->host4, addr->b, 4);
}

/* An address of ours is more than a broadcast address, and so on in their order; the first
 * interface's is more than a later one's. */
static void add(struct local_table *t, const struct ip_addr *addr, enum local_kind kind,
		uint8_t iface)
{
	struct local_entry *e;
	uint64_t w[2];
	uint32_t i;

	memcpy(w, addr->b, 16);
	for (i = local_slot(t, w[0], w[1]); t->entry[i].family; i = (i + 1) & t->mask)
		if (t->entry[i].family == addr->family && t->entry[i].word[0] == w[0] &&
		    t->entry[i].word[1] == w[1])
			break;
	note(t, addr, kind);
	e = &t->entry[i];
	if (e->family && e->kind <= kind)
		return;
	*e = (struct local_entry){
		.word = {w[0], w[1]},
		.family = addr->family,
		.kind = (uint8_t)kind,
		.iface = iface,
	};
}

/* What an address of an interface, in use or not, brings along. */
static void add_all(struct local_table *t, const struct iface_addr *a, bool router6, uint8_t iface)
{
	struct ip_addr anycast;

	if (iface_addr_state(a) == IFACE_ADDR_TENTATIVE)
		add(t, &a->addr, LOCAL_TENTATIVE, iface);
	if (!iface_addr_usable(a) || ip_addr_is_loopback(&a->addr))
		return;
	add(t, &a->addr, LOCAL_UNICAST, iface);
	if (a->broadcast.family)
		add(t, &a->broadcast, LOCAL_BROADCAST, iface);
	if (!router6)
		return;
	anycast = iface_addr_anycast(a);
	if (anycast.family)
		add(t, &anycast, LOCAL_ANYCAST, iface);
}

struct local_table *local_table_new(const struct net_snapshot *snap, bool router6, struct mem *mem)
{
	unsigned naddrs[IFACE_MAX]; /* another thread may add one meanwhile */
	uint32_t places = 4;
	struct local_table *t;
	uint32_t n = 0;

	for (unsigned i = 0; i < snap->nifaces; i++) {
		naddrs[i] = iface_naddrs(snap->iface[i]);
		n += 2 * naddrs[i]; /* what is in a place may be written just now */
	}
	while (places < (router6 ? 4 : 2) * n) /* anycast addresses must not make chains longer */
		places *= 2;
	t = mem_zalloc(mem, table_size(places));
	if (!t)
		return NULL;
	t->mask = places - 1;
	for (unsigned i = 0; i < snap->nifaces; i++) {
		const struct iface *ifc = snap->iface[i];

		for (unsigned j = 0; j < naddrs[i]; j++)
			add_all(t, &ifc->addrs[j], router6, ifc->index);
	}
	return t;
}

void local_table_free(struct local_table *t, struct mem *mem)
{
	if (t)
		mem_free(mem, t, table_size(t->mask + 1));
}
