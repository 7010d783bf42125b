/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces on a VLAN of another one, their parent: frames with their tags, IEEE 802.1Q and
 * 802.1ad. Tags are written and taken off here, whatever the port could do: all that is above and
 * below sees frames without tags and with them.
 */
#ifndef NSK_NET_VLAN_H
#define NSK_NET_VLAN_H

#include "net/net.h"

/*
 * A frame with a tag came in on ifc: it goes to the interface of its VLAN as if it had come without
 * tags, to ifc itself if they tell no VLAN, else it is dropped (ETH_VLAN_UNKNOWN, ETH_VLAN_DEPTH,
 * ETH_SHORT). Consumes m.
 */
void vlan_input(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);

/* Puts the tags of a VLAN's interface into a frame that it is to send; false: there is no room in
 * front. And takes them out again. */
bool vlan_push(const struct iface *ifc, struct rte_mbuf *m);
void vlan_pop(const struct iface *ifc, struct rte_mbuf *m);

/*
 * The port of an interface whose parent and vlan are set: it puts tags before what it sends, and
 * sends by the parent's port, by the same queue. For so many workers; NULL: no memory. The parent
 * runs whenever the interface does.
 */
struct port *vlan_port_open(struct iface *ifc, unsigned workers, struct log *log);

#endif
