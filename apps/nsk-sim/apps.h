/* SPDX-License-Identifier: BSD-3-Clause */
/* The applications of a simulation: they open connections, write, read, compare, close. */
#ifndef NSK_APPS_NSK_SIM_APPS_H
#define NSK_APPS_NSK_SIM_APPS_H

#include <stdbool.h>
#include <stdint.h>

#include "nsk-sim/sim.h"

/* Whose readiness an event of epoll tells: the lowest bits of its data. An end of a connection is a
 * plain pointer. */
#define READY_KINDS    3u
#define READY_LISTENER 1u /* index of the application above */
#define READY_STRANGER 2u /* pointer */
#define READY_UDP      3u /* index of the application and of its end */

/* Puts every start on the agenda. Ends the process when there is no memory. */
struct apps *apps_new(struct sim *sim);
/* What became ready on a host. True if anything was done there. */
bool apps_serve(struct apps *apps, struct sim_stack *h);
/* A host goes on: what its applications were to do meanwhile. */
void apps_wake(struct apps *apps, uint32_t host);
/* Every connection of every application is over. */
bool apps_over(struct apps *apps);
/* Share of the work that is done, 0 to 1. */
double apps_share(const struct apps *apps);
/* Fails the simulation, with the first connection that is not over. */
void apps_not_over(struct apps *apps);
/* Fails the simulation if a connection that has something to do has not got on since then. */
void apps_check_progress(struct apps *apps, uint64_t since_ns);
/* Holds the sequence variables of some connections, others at each call, against what their
 * applications have written and read and against those at the other end (RFC 9293 §3.3.1). */
void apps_check_numbers(struct apps *apps);
/* Figures into sim->result. */
void apps_result(struct apps *apps);
/* Closes what is open, listeners included. */
void apps_close(struct apps *apps);
void apps_free(struct apps *apps);

#endif
