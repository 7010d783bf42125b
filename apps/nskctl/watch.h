/* SPDX-License-Identifier: BSD-3-Clause */
/* nskctl watch: what a program does, second by second. */
#ifndef NSK_APPS_NSKCTL_WATCH_H
#define NSK_APPS_NSKCTL_WATCH_H

#include <stdbool.h>

#include "nskctl/client.h"

/* A line (or JSON object) each interval until count lines are out (0: for ever). 0, or -1 with a
 * text in the client. */
int watch(struct client *c, double interval_s, unsigned count, bool json);

#endif
