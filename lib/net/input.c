/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Link input: Ethernet II (RFC 894). Frames for this station, for everybody, and for the groups
 * that it is a member of; ARP and IPv4. What is not Ethernet II, or tagged, is counted and dropped.
 */
#include <rte_mbuf.h>

#include "net/arp.h"
#include "net/net.h"
#include "wire/eth.h"

/* 01:00:5e:00:00:01, the group of all hosts 224.0.0.1 (RFC 1112 §6.4, §7.2), the only one so far.
 */
static bool joined_group(const uint8_t *mac)
{
	return load_be32(mac) == 0x01005e00 && load_be16(mac + 4) == 0x0001;
}

/* Whether a frame that is not for our own address is for us all the same, and what it is then. */
static bool group_frame(const uint8_t *dst, uint8_t *flags)
{
	if (eth_is_broadcast(dst))
		*flags = PKT_F_LINK_BCAST;
	else if (joined_group(dst))
		*flags = PKT_F_LINK_MCAST;
	else
		return false;
	return true;
}

static void input_by_type(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m,
			  uint16_t type)
{
	if (type == ETH_TYPE_ARP)
		arp_receive(w, ifc, m);
	else
		pkt_drop(w, m, NSK_DROP_ETH_UNKNOWN_TYPE);
}

void net_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	struct eth_view eth;
	enum nsk_drop bad;

	p->qnext = NULL;
	p->iface = ifc->index;
	p->family = 0;
	p->flags = 0;
	if (NSK_UNLIKELY(!iface_running(ifc))) {
		pkt_drop(w, m, NSK_DROP_RX_IFACE_DOWN);
		return;
	}
	if (!ifc->ethernet) {
		w->ops->ip_input(w, ifc, m);
		return;
	}
	bad = eth_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &eth);
	if (NSK_UNLIKELY(bad)) {
		pkt_drop(w, m, bad);
		return;
	}
	if (NSK_UNLIKELY(!eth_mac_equal(eth.dst, ifc->mac.b)) && !group_frame(eth.dst, &p->flags)) {
		pkt_drop(w, m, NSK_DROP_ETH_OTHER_MAC);
		return;
	}
	rte_pktmbuf_adj(m, ETH_HLEN);
	if (NSK_LIKELY(eth.type == ETH_TYPE_IPV4))
		w->ops->ip_input(w, ifc, m);
	else
		input_by_type(w, ifc, m, eth.type);
}
