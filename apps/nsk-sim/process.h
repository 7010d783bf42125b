/* SPDX-License-Identifier: BSD-3-Clause */
/* A run in a process of its own: one that crashes or hangs is a failed run like any other. */
#ifndef NSK_APPS_NSK_SIM_PROCESS_H
#define NSK_APPS_NSK_SIM_PROCESS_H

#include "nsk-sim/result.h"
#include "nsk-sim/scenario.h"

/* timeout_s: of real time, 0: none. pcap: file to write, or NULL. */
void process_run(const struct scenario *s, unsigned timeout_s, const char *pcap,
		 struct result *result);

#endif
