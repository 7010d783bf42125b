/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The theoretical best, for comparison: what a link's rate leaves for payload, fairness between the
 * flows of a direction (Jain), the least time of a request.
 */
#ifndef NSK_APPS_NSK_SIM_BEST_H
#define NSK_APPS_NSK_SIM_BEST_H

#include "nsk-sim/sim.h"

/* A flow of an application has moved so many bits a second; direction 0: client to server. */
void best_note_flow(struct sim *sim, const struct sim_app *a, unsigned direction, double bps);
/* Fills in what is the best for each application, and each link's figures. */
void best_result(struct sim *sim);

#endif
