/* SPDX-License-Identifier: BSD-3-Clause */
/* A result as tables, or as JSON. */
#ifndef NSK_APPS_NSK_SIM_PRINT_H
#define NSK_APPS_NSK_SIM_PRINT_H

#include "nsk-sim/result.h"
#include "nsk-sim/scenario.h"

void print_text(const struct scenario *s, const struct result *r);
/* One object on one line. */
void print_json(const struct scenario *s, const struct result *r);

#endif
