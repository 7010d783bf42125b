/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multicast groups that hosts' sockets have joined, one table a stack: written when one joins or
 * leaves, read without a lock for each frame to a group. RFC 1112 §6.1, §6.4, §7.2.
 *
 * This is what the interface lets through. Nobody is told of it: hosts of one link need not be, and
 * routers would hear of it by IGMP, whose place is where a group gets its first member on an
 * interface and loses its last (group_join(), group_leave()).
 */
#ifndef NSK_NET_GROUP_H
#define NSK_NET_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "mbuf/shared.h"
#include "mbuf/worker.h"

#define GROUP_ALL_HOSTS 0xe0000001u /* every host is a member, always */

/* One member more of an IPv4 group (host order) on an interface. 0, -ENOBUFS: no more groups. */
int group_join(struct nsk_worker *w, uint8_t iface, uint32_t group);
/* One member less; there must be one. */
void group_leave(struct nsk_worker *w, uint8_t iface, uint32_t group);
/* Whether the group has members. */
bool group_joined(const struct nsk_worker *w, uint8_t iface, uint32_t group);
/* Whether a group with this link address has: 32 groups share one. */
bool group_joined_mac(const struct nsk_worker *w, uint8_t iface, const uint8_t mac[6]);

#endif
