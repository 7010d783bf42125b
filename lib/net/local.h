/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which addresses are ours: all addresses and directed broadcasts of all interfaces of a snapshot,
 * for a router the anycast addresses of its subnets, and what may become ours, in one table, asked
 * twice for each received packet. Built anew for each snapshot; the keys are the operator's, so no
 * secret is needed.
 */
#ifndef NSK_NET_LOCAL_H
#define NSK_NET_LOCAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "net/iface.h"

enum local_kind {
	LOCAL_NONE = 0,
	LOCAL_UNICAST,
	LOCAL_BROADCAST, /* directed broadcast of a subnet of ours */
	LOCAL_ANYCAST,	 /* of the routers of a subnet: received, never sent from */
	LOCAL_TENTATIVE, /* of IPv4: nobody has answered yet; not in use, and not passed on */
};

struct local_entry {
	uint64_t word[2]; /* the address, as it lies in memory */
	uint8_t family;	  /* 0: free place */
	uint8_t kind;	  /* enum local_kind */
	uint8_t iface;	  /* index */
	uint8_t spare[5];
};

struct local_table {
	uint32_t mask;	 /* places - 1; at least half of them are free */
	uint32_t host4;	 /* the first IPv4 address of a host, as it lies in memory; 0: none */
	uint64_t maybe4; /* bit n: an IPv4 entry ends in an octet whose low bits are n */
	uint64_t maybe6; /* the same of IPv6 entries */
	struct local_entry entry[];
};

/* The table of a snapshot, of one who forwards IPv6 or not, or NULL without memory. An address that
 * two interfaces have belongs to the first. Loopback addresses are not in it: nothing that comes
 * off a wire may be for one, and there are 2^24 of them; net_local() knows them. */
struct local_table *local_table_new(const struct net_snapshot *snap, bool router6, struct mem *mem);
void local_table_free(struct local_table *t, struct mem *mem);

/* Where the search for an address, as two words, begins. */
static inline uint32_t local_slot(const struct local_table *t, uint64_t w0, uint64_t w1)
{
	uint64_t h = (w0 ^ (w1 * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xff51afd7ed558ccd);

	return (uint32_t)(h >> 32) & t->mask;
}

/* The entry of an address, or NULL. */
static NSK_ALWAYS_INLINE const struct local_entry *local_find_words(const struct local_table *t,
								    uint64_t w0, uint64_t w1,
								    uint8_t family)
{
	for (uint32_t i = local_slot(t, w0, w1);; i = (i + 1) & t->mask) {
		const struct local_entry *e = &t->entry[i];

		if (NSK_LIKELY(e->family == 0))
			return NULL;
		if (e->word[0] == w0 && e->word[1] == w1 && e->family == family)
			return e;
	}
}

static inline const struct local_entry *local_find(const struct local_table *t,
						   const uint8_t addr[16], uint8_t family)
{
	uint64_t w[2];

	memcpy(w, addr, 16);
	return local_find_words(t, w[0], w[1], family);
}

/* The same for an IPv4 address, of which the first 4 bytes are looked at. */
static inline const struct local_entry *local_find_v4(const struct local_table *t,
						      const uint8_t addr[4])
{
	uint64_t w0 = 0;

	memcpy(&w0, addr, 4);
	return local_find_words(t, w0, 0, AF_INET);
}

/* A host's or a broadcast address that is ours now. */
static inline bool local_in_use(const struct local_entry *e)
{
	return e && e->kind <= LOCAL_BROADCAST;
}

/*
 * Quick answers for most packets: true only if the address is the first of ours; false only if it
 * is none of ours, broadcasts included.
 */
static inline bool local_is_first_v4(const struct local_table *t, const uint8_t addr[4])
{
	uint32_t a;

	memcpy(&a, addr, 4);
	return a == t->host4;
}

static inline bool local_maybe_v4(const struct local_table *t, const uint8_t addr[4])
{
	return t->maybe4 >> (addr[3] & 63) & 1;
}

static inline bool local_maybe_v6(const struct local_table *t, const uint8_t addr[16])
{
	return t->maybe6 >> (addr[15] & 63) & 1;
}

#endif
