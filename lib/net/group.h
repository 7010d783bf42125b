/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multicast groups that hosts' sockets have joined, of both families, one table a stack: written
 * when one joins or leaves, read without a lock for each frame to a group. RFC 1112 §6.1, §6.4,
 * §7.2, RFC 3376 §3, RFC 3810 §4.
 *
 * This is what the interface lets through. Who hears of it on the link is report.h's business,
 * which looks at the table when it has changed. The groups that every host of IPv6 listens to are
 * in nd.h.
 */
#ifndef NSK_NET_GROUP_H
#define NSK_NET_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "mbuf/shared.h"
#include "mbuf/worker.h"

#define GROUP_ALL_HOSTS 0xe0000001u /* every host is a member, always */

/* Whom a member hears: all senders but those, or those alone. */
struct group_want {
	bool exclude;
	uint16_t count;
	const struct ip_addr *source; /* none twice */
};

/*
 * A member changes what it wants of a group on an interface: it comes (from is NULL), goes (to is
 * NULL), or wants something else; from is what it wanted till then. 0; -ENOBUFS: no more groups or
 * sources, and nothing has changed.
 */
int group_change(struct nsk_worker *w, uint8_t iface, const struct ip_addr *group,
		 const struct group_want *from, const struct group_want *to);

/* Whether the group has members. */
bool group_joined(const struct nsk_worker *w, uint8_t iface, const struct ip_addr *group);
/* Whether any of them wants to hear a sender. */
bool group_wants(const struct nsk_worker *w, uint8_t iface, const struct ip_addr *group,
		 const struct ip_addr *source);
/* Whether a group with this link address has members: 32 of IPv4 share one, and 2^80 of IPv6. */
bool group_joined_mac(const struct nsk_worker *w, uint8_t iface, const uint8_t mac[6]);

/* What all members of a group want together (RFC 3376 §3.2, RFC 3810 §4.2). */
struct group_state {
	uint8_t iface;
	struct ip_addr group;
	uint32_t members;
	bool exclude; /* all senders but those, else those alone */
	uint16_t count;
	struct ip_addr source[SHARED_GROUP_SOURCES_MAX];
};

/* How often what is listened to changed. */
uint32_t group_changes(const struct nsk_worker *w);
/*
 * Calls fn with each group from the place *cursor on (0: the first), until it returns false; then
 * the cursor stands at the one behind it, else it becomes UINT32_MAX. The state is good during the
 * call. False: somebody is changing the table, nothing was done.
 */
bool group_each(struct nsk_worker *w, uint32_t *cursor,
		bool (*fn)(void *arg, const struct group_state *state), void *arg);

#endif
