/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Link input: Ethernet II (RFC 894). Frames for this station, for everybody, and for the groups
 * that it is a member of; ARP, IPv4 and IPv6. What is tagged goes by vlan.c; what is not
 * Ethernet II is counted and dropped.
 */
#include <rte_mbuf.h>

#include "net/arp.h"
#include "net/group.h"
#include "net/input.h"
#include "net/nd.h"
#include "net/vlan.h"

/* Groups that the kernel may be a member of: lib/ip asks for a rule, when it finds that the stack
 * is none. */
static bool may_be_the_twins(const struct iface *ifc, const struct eth_view *eth)
{
	return ifc->twin && eth_is_multicast(eth->dst) && eth->type != ETH_TYPE_ARP;
}

/* Whether a frame that is not for our own address is for us all the same, and what it is then. */
static bool group_frame(const struct nsk_worker *w, const struct iface *ifc,
			const struct eth_view *eth, uint8_t *flags)
{
	if (eth_is_broadcast(eth->dst))
		*flags = PKT_F_LINK_BCAST;
	else if (group_joined_mac(w, ifc->index, eth->dst) || nd_listens_mac(w, ifc, eth->dst) ||
		 may_be_the_twins(ifc, eth))
		*flags = PKT_F_LINK_MCAST;
	else
		return false;
	return true;
}

/* What is not an IPv4 packet to our own address. True: it is IP for us all the same. */
static NSK_NOINLINE bool take_other(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	struct eth_view eth;
	enum nsk_drop bad;

	bad = eth_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &eth);
	if (!bad && vlan_is_tag(eth.type)) {
		vlan_input(w, ifc, m);
		return false;
	}
	if (!bad && !eth_mac_equal(eth.dst, ifc->mac.b) && !group_frame(w, ifc, &eth, &p->flags))
		bad = NSK_DROP_ETH_OTHER_MAC;
	if (!bad && eth.type != ETH_TYPE_IPV4 && eth.type != ETH_TYPE_IPV6 &&
	    eth.type != ETH_TYPE_ARP)
		bad = NSK_DROP_ETH_UNKNOWN_TYPE;
	if (bad) {
		pkt_drop(w, m, bad);
		return false;
	}
	if (eth.type != ETH_TYPE_ARP) {
		p->family = eth.type == ETH_TYPE_IPV6 ? AF_INET6 : AF_INET;
		return true;
	}
	rte_pktmbuf_adj(m, ETH_HLEN);
	arp_receive(w, ifc, m);
	return false;
}

void net_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);

	if (NSK_UNLIKELY(!iface_running(ifc))) {
		pkt_drop(w, m, NSK_DROP_RX_IFACE_DOWN);
		return;
	}
	net_begin(ifc, p);
	p->family = 0;
	p->proto = 0;
	p->flags = 0;
	if (ifc->ethernet) {
		if (net_frame_is_plain(ifc, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len))
			p->family = AF_INET;
		else if (!take_other(w, ifc, m))
			return;
		rte_pktmbuf_adj(m, ETH_HLEN);
	}
	w->ops->ip_input(w, ifc, m);
}
