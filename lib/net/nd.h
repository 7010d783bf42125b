/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour discovery as the neighbour table and ICMPv6 use it: what ARP is to IPv4. RFC 4861 §7.2,
 * §7.3. What is believed of what others say is neigh.h's rule, narrower than §7.2.5: a link address
 * is replaced only when the old one does not answer any more, whatever the override flag says.
 */
#ifndef NSK_NET_ND_H
#define NSK_NET_ND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "mbuf/worker.h"
#include "net/iface.h"

#define ND_DEFEND_INTERVAL_MS 1000 /* between advertisements against claims of an address */

/* Asks for a target's link address: its solicited-node group, or, when mac is given, that station
 * whether it is still there. */
void nd_solicit(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *target,
		const uint8_t *mac);

/* Asks whether somebody else has an address that is to be ours (RFC 4862 §5.4.2). */
void nd_probe(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr);

/* Asks for routers (RFC 4861 §6.3.7). */
void nd_solicit_routers(struct nsk_worker *w, struct iface *ifc);

/* Tells all nodes of the link about an address of ours (RFC 4861 §7.2.6). */
void nd_announce(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr);

/* A solicitation or advertisement of a neighbour, or what a router says, decoded as far as ICMPv6,
 * its checksum judged. Consumes m. */
void nd_input(struct nsk_worker *w, struct rte_mbuf *m);

/* Whether an interface listens to an IPv6 group or to one with a link address: all nodes, the
 * solicited-node groups of its addresses, and all routers if it is one (RFC 4291 §2.8). */
bool nd_listens(const struct nsk_worker *w, const struct iface *ifc, const uint8_t *group);
bool nd_listens_mac(const struct nsk_worker *w, const struct iface *ifc, const uint8_t *mac);

#endif
