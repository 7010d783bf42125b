/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Turning a packet round in place: addresses and ports change sides, checksums stay true.
 * Stateless.
 */
#ifndef NSK_APPS_NSK_REFLECT_REFLECT_H
#define NSK_APPS_NSK_REFLECT_REFLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reflect {
	bool ethernet;
	uint8_t mac[6];
	uint8_t address[4]; /* answers ARP for it; zero: for every address */
};

/* Rewrites a packet into its answer; false: it has none. */
bool reflect_packet(const struct reflect *r, uint8_t *packet, size_t len);

#endif
