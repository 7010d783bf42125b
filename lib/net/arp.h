/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP as the neighbour table and the link input use it. What others use is in net.h. RFC 826, RFC
 * 1122 §2.3.2, RFC 5227.
 */
#ifndef NSK_NET_ARP_H
#define NSK_NET_ARP_H

#include <stdint.h>

#include "base/addr.h"
#include "mbuf/worker.h"
#include "net/iface.h"

#define ARP_ANNOUNCE_INTERVAL_MS 2000  /* RFC 5227 ANNOUNCE_INTERVAL */
#define ARP_DEFEND_INTERVAL_MS	 10000 /* RFC 5227 DEFEND_INTERVAL */
#define ARP_PROBE_NUM		 3     /* RFC 5227 §1.1, as those that follow */
#define ARP_PROBE_WAIT_MS	 1000
#define ARP_PROBE_MIN_MS	 1000
#define ARP_PROBE_MAX_MS	 2000
#define ARP_ANNOUNCE_WAIT_MS	 2000

/* Asks for a target's link address: by broadcast, or, when mac is given, whether that is still
 * right. */
void arp_request(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *target,
		 const uint8_t *mac);

/* An ARP packet from the wire (data starts behind the link header). Consumes m. */
void arp_receive(struct nsk_worker *w, struct iface *ifc, struct rte_mbuf *m);

/* Tells everybody on the link whose an address is (RFC 5227 §2.3). */
void arp_announce(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr);

/* Asks whether somebody has an address that is to be ours (RFC 5227 §2.1.1). */
void arp_probe(struct nsk_worker *w, struct iface *ifc, const struct ip_addr *addr);

#endif
