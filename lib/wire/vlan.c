/* SPDX-License-Identifier: BSD-3-Clause */
/* VLAN tags; see vlan.h. */
#include "wire/vlan.h"

#define TYPE_OFF offsetof(struct eth_wire, type)
#define ID_MASK	 0x0fff /* of a tag's last two bytes; priority and drop indicator stand above */

/* One tag more; false: it may not stand there. */
static bool take(struct vlan *vlan, uint16_t type, uint16_t id)
{
	if (id == 0)
		return true;
	if (id > VLAN_ID_MAX || vlan->inner || (type == ETH_TYPE_QINQ && vlan->outer))
		return false;
	if (type == ETH_TYPE_QINQ)
		vlan->outer = id;
	else
		vlan->inner = id;
	return true;
}

enum nsk_drop vlan_parse(const uint8_t *frame, size_t len, struct vlan *vlan, unsigned *bytes)
{
	size_t off = TYPE_OFF;
	uint16_t type;
	bool known = true;

	*vlan = (struct vlan){0};
	for (unsigned n = 0; vlan_is_tag(type = load_be16(frame + off)); n++) {
		if (n == VLAN_TAGS_MAX)
			return NSK_DROP_ETH_VLAN_DEPTH;
		if (len < off + VLAN_TAG_LEN + sizeof(type))
			return NSK_DROP_ETH_SHORT;
		known &= take(vlan, type, load_be16(frame + off + sizeof(type)) & ID_MASK);
		off += VLAN_TAG_LEN;
	}
	*bytes = (unsigned)(off - TYPE_OFF);
	return known ? NSK_DROP_NONE : NSK_DROP_ETH_VLAN_UNKNOWN;
}

unsigned vlan_write(uint8_t *p, const struct vlan *vlan)
{
	unsigned n = 0;

	if (vlan->outer) {
		store_be16(p, ETH_TYPE_QINQ);
		store_be16(p + 2, vlan->outer);
		n += VLAN_TAG_LEN;
	}
	if (vlan->inner) {
		store_be16(p + n, ETH_TYPE_VLAN);
		store_be16(p + n + 2, vlan->inner);
		n += VLAN_TAG_LEN;
	}
	return n;
}
