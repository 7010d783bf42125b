/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The link's steps for what nearly every frame is: IPv4 to our own address. In line, so that a
 * transport can judge all its headers in one go (tcp/input.c); any other frame is net_input()'s.
 */
#ifndef NSK_NET_INPUT_H
#define NSK_NET_INPUT_H

#include <stdbool.h>

#include "net/net.h"
#include "wire/eth.h"

/* What is known of every packet, whatever it is. */
static inline void net_begin(const struct iface *ifc, struct pkt *p)
{
	p->qnext = NULL;
	p->iface = ifc->index;
}

/* IPv4 to our own address, where frames are Ethernet's. */
static inline bool net_frame_is_plain(const struct iface *ifc, const uint8_t *frame, uint16_t len)
{
	return NSK_LIKELY(len >= ETH_HLEN) &&
	       NSK_LIKELY(eth_is_plain(frame, ifc->mac.b, ETH_TYPE_IPV4));
}

#endif
