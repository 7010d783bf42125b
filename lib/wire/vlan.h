/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VLAN tags: IEEE 802.1Q (customers', type 0x8100) and 802.1ad (providers', type 0x88a8, outside of
 * a customer's). A tag of number 0 says a priority and nothing of where a frame belongs (802.1Q
 * §9.6).
 */
#ifndef NSK_WIRE_VLAN_H
#define NSK_WIRE_VLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/eth.h"

#define VLAN_TAG_LEN  4
#define VLAN_TAGS_MAX 2
#define VLAN_ID_MAX   4094 /* 4095 is reserved */

/* Where a frame belongs: 0 stands for no tag of that kind. */
struct vlan {
	uint16_t outer; /* 802.1ad */
	uint16_t inner; /* 802.1Q */
};

static inline bool vlan_is_tag(uint16_t type)
{
	return type == ETH_TYPE_VLAN || type == ETH_TYPE_QINQ;
}

/*
 * The tags of a frame of len bytes, of which the first ETH_HLEN are there. 0, and *bytes is what
 * they take behind the link addresses; NSK_DROP_ETH_SHORT (a tag or the type behind it is cut off),
 * NSK_DROP_ETH_VLAN_DEPTH (there are more than two), NSK_DROP_ETH_VLAN_UNKNOWN (not one of each
 * kind in that order, or a reserved number). It reads nothing beyond len.
 */
enum nsk_drop vlan_parse(const uint8_t *frame, size_t len, struct vlan *vlan, unsigned *bytes);

/* Writes the tags at p, behind link addresses; what follows is the type. Returns their length. */
unsigned vlan_write(uint8_t *p, const struct vlan *vlan);

#endif
