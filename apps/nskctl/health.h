/* SPDX-License-Identifier: BSD-3-Clause */
/* nskctl health, nskctl drain: whether traffic should be led to a program. */
#ifndef NSK_APPS_NSKCTL_HEALTH_H
#define NSK_APPS_NSKCTL_HEALTH_H

#include <stdbool.h>

#include "nskctl/client.h"

/* 0: healthy, 1: not; -1 with a text in the client. */
int health(struct client *c, bool json);

/* No new work from now on, or (on false) as before; 0, or -1 with a text in the client. */
int drain(struct client *c, bool on, bool json);
/* No new work from now on, until no connection is left: 0; 1: some are after so many seconds. */
int drain_wait(struct client *c, double seconds, bool json);

#endif
