/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP packets; see arp.h. */
#include "wire/arp.h"

#include <string.h>

#include "wire/bytes.h"

/* hrd, pro, hln and pln of IPv4 over Ethernet, as one number. */
#define ARP_IPV4_OVER_ETHERNET UINT64_C(0x000108000604)

/* True if no host can have @addr: loopback, multicast, reserved, broadcast (RFC 1122 §3.2.1.3). */
static bool arp_impossible_sender(uint32_t addr)
{
	return addr >> 24 == 127 || addr >> 28 >= 0xe;
}

enum nsk_drop arp_parse(const uint8_t *p, size_t len, struct arp_view *out)
{
	if (len < ARP_LEN)
		return NSK_DROP_ARP_MALFORMED;
	if (load_be64(p) >> 16 != ARP_IPV4_OVER_ETHERNET)
		return NSK_DROP_ARP_MALFORMED;
	out->op = load_be16(p + offsetof(struct arp_wire, op));
	if (out->op != ARP_OP_REQUEST && out->op != ARP_OP_REPLY)
		return NSK_DROP_ARP_MALFORMED;
	memcpy(out->sha, p + offsetof(struct arp_wire, sha), ETH_MAC_LEN);
	memcpy(out->tha, p + offsetof(struct arp_wire, tha), ETH_MAC_LEN);
	out->spa = load_be32(p + offsetof(struct arp_wire, spa));
	out->tpa = load_be32(p + offsetof(struct arp_wire, tpa));
	if (eth_is_multicast(out->sha) || eth_is_zero(out->sha))
		return NSK_DROP_ARP_MALFORMED;
	if (arp_impossible_sender(out->spa))
		return NSK_DROP_ARP_MALFORMED;
	return NSK_DROP_NONE;
}

void arp_write(uint8_t *p, const struct arp_view *v)
{
	store_be16(p + offsetof(struct arp_wire, hrd), ARP_HRD_ETHERNET);
	store_be16(p + offsetof(struct arp_wire, pro), ETH_TYPE_IPV4);
	p[offsetof(struct arp_wire, hln)] = ETH_MAC_LEN;
	p[offsetof(struct arp_wire, pln)] = 4;
	store_be16(p + offsetof(struct arp_wire, op), v->op);
	memcpy(p + offsetof(struct arp_wire, sha), v->sha, ETH_MAC_LEN);
	store_be32(p + offsetof(struct arp_wire, spa), v->spa);
	memcpy(p + offsetof(struct arp_wire, tha), v->tha, ETH_MAC_LEN);
	store_be32(p + offsetof(struct arp_wire, tpa), v->tpa);
}
