/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cutting what a transport made into fragments, of either family. RFC 791 §3.2, RFC 8200 §4.5.
 * Their payload is not copied but for ports that take no chains.
 */
#ifndef NSK_IP_FRAGMENT_H
#define NSK_IP_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "ip/ip.h"

/* How a family's fragments begin. */
struct ip_cutter {
	uint16_t hdr_len; /* bytes in front of each one's payload */
	/* Writes them at p, in m, for len bytes of payload from off on. */
	void (*write)(const struct ip_cutter *c, const struct iface *ifc, struct rte_mbuf *m,
		      uint8_t *p, uint32_t off, uint32_t len, bool more);
	void *view; /* for write */
};

/* Sends m, data from the transport header on, its checksum done, in fragments of at most mtu bytes:
 * all of them or none. Consumes m. */
void ip_output_fragments(struct nsk_worker *w, const struct route_cache *rc, struct rte_mbuf *m,
			 const struct ip_cutter *c, uint32_t mtu);

#endif
