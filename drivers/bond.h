/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members of a net_bonding device, by their names in its devargs.
 */
#ifndef NSK_DRIVERS_BOND_H
#define NSK_DRIVERS_BOND_H

#include <stdint.h>

#include "quirks.h"

#define BOND_MEMBERS_MAX 8u

/* DPDK's ports of the members that there are; how many. */
unsigned bond_members(const char *devargs, uint16_t ports[BOND_MEMBERS_MAX]);

/* When the bond is gone: they go, too, and give back what they hold. */
void bond_release(const uint16_t *ports, unsigned n);

#endif
