/* SPDX-License-Identifier: BSD-3-Clause */
/* nskctl doctor: what is wrong with this machine, and with a running program. */
#ifndef NSK_APPS_NSKCTL_DOCTOR_H
#define NSK_APPS_NSKCTL_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

#include "nskctl/client.h"

/* c: connected, or not, with a text that says why: then the machine alone. 0, 1: something was
 * found, or -1 with a text in c->error. */
int doctor(FILE *out, struct client *c, bool json);

#endif
