/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of a scenario with many keys: what a link does to packets, applications, faults. */
#ifndef NSK_APPS_NSK_SIM_PARTS_H
#define NSK_APPS_NSK_SIM_PARTS_H

#include "nsk-sim/fields.h"
#include "nsk-sim/scenario.h"

/* The keys of a link but its ends and addresses. */
bool parts_read_link(struct scenario *s, const config_setting_t *at, struct sim_link *link);
/* What makes a host hostile. */
bool parts_read_hostile(struct scenario *s, const config_setting_t *at, struct sim_host *host);
/* Adds an application. */
bool parts_read_app(struct scenario *s, const config_setting_t *at);
/* Adds a fault. */
bool parts_read_fault(struct scenario *s, const config_setting_t *at);
/* Puts the faults in the order of their times and works out what each makes of its link. */
bool parts_finish_faults(struct scenario *s);

/* What a fault may change about a direction of a link. */
extern const struct field parts_set_fields[];

/* Names of enum sim_kind. */
extern const char *const parts_kinds[];

/* Names of enum sim_act. */
extern const char *const parts_acts[];

#endif
