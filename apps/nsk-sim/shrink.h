/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a scenario that fails to a smaller one that fails in the same way: what can be left out is
 * left out, one thing at a time, until nothing can; amounts are halved.
 */
#ifndef NSK_APPS_NSK_SIM_SHRINK_H
#define NSK_APPS_NSK_SIM_SHRINK_H

#include <stdio.h>

#include "nsk-sim/result.h"
#include "nsk-sim/scenario.h"

/*
 * Prints the smaller scenario, with its seed, what it does, and how many runs that took. pcap: file
 * for its packets, or NULL. The tree is changed.
 */
void shrink(config_t *tree, const char *file, uint64_t seed, unsigned timeout_s, const char *pcap,
	    const struct result *failed, FILE *out);

#endif
