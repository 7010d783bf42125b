/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The marks of a congested queue (RFC 3168 section 5) in IPv4 packets without options, for the
 * in-process wire and the fault driver. Who is to be marked impair.c says.
 */
#ifndef NSK_DRIVERS_CE_H
#define NSK_DRIVERS_CE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "framebuf.h"

#define CE_MASK 3

/* The octet with the ECN field in a packet of @len contiguous bytes behind a link header of
 * @link_len, Ethernet's or none; NULL: it has none. */
static inline uint8_t *ce_field(uint8_t *packet, size_t len, uint32_t link_len)
{
	static const uint8_t ethertype[] = {0x08, 0x00};
	uint8_t *ip = packet + link_len;

	if (len < link_len + 20 || *ip != 0x45 ||
	    (link_len == FRAME_ETH_LEN && memcmp(ip - 2, ethertype, sizeof(ethertype)) != 0))
		return NULL;
	return ip + 1;
}

/* False: its sender does not know marks, and the queue drops it instead. */
static inline bool ce_capable(const uint8_t *tos)
{
	return (*tos & CE_MASK) != 0;
}

/* CE, and the header's checksum follows (RFC 1624). */
static inline void ce_mark(uint8_t *tos)
{
	uint8_t *check = tos + 9;
	uint32_t sum = (uint16_t) ~(check[0] << 8 | check[1]) + 3U - (*tos & CE_MASK);

	sum = ~((sum & 0xffff) + (sum >> 16));
	check[0] = (uint8_t)(sum >> 8);
	check[1] = (uint8_t)sum;
	*tos |= CE_MASK;
}

#endif
