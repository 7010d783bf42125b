/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strangers: connections that a listener accepts and no application of the scenario has begun. They
 * come from hostile hosts. The server at their other end is one as there are many: it reads what
 * comes, sends something, and closes when it has had enough.
 */
#ifndef NSK_APPS_NSK_SIM_STRANGER_H
#define NSK_APPS_NSK_SIM_STRANGER_H

#include <stdint.h>

#include "nsk-sim/sim.h"

/* How long an application bears with a hostile peer. */
#define STRANGER_NS (10 * SIM_SECOND)

struct stranger;

/* What a hostile host sends at a place of its stream; key: the port of who connected. */
static inline uint8_t stranger_octet(uint16_t key, uint32_t offset)
{
	return (uint8_t)((offset + key) * 2654435761u >> 24);
}

/* Takes an accepted descriptor. */
void stranger_open(struct sim *sim, struct sim_stack *h, int fd, uint16_t port);
/* Its descriptor is ready. */
void stranger_run(struct stranger *s);
/* Closes all. */
void strangers_close(struct sim *sim);
void strangers_free(struct sim *sim);

#endif
