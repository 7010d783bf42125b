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
/* The socket options of an application, client's and server's; where: whose they are. */
bool parts_read_options(struct scenario *s, const config_setting_t *at, const char *where,
			struct sim_options o[2]);
/* Sets them. NULL, or the name of the one that failed, with errno. */
enum sim_socket {
	SOCKET_LISTENER,
	SOCKET_CLIENT,
	SOCKET_ACCEPTED
};
const char *parts_set_options(const struct sim_options *o, int fd, enum sim_socket which);
/* The same of one option of a step. */
bool parts_read_option(struct scenario *s, const config_setting_t *at, const char *shown,
		       const char *text, uint32_t *option, uint64_t *value);
int parts_set_option(uint32_t option, uint32_t value, int fd);
/* The scripts of both ends of an application, as the scenario has them. */
bool parts_read_scripts(struct scenario *s, const config_setting_t *at, struct sim_app *a);
/* Makes those that the scenario does not have, from the kind of the application. */
void parts_make_scripts(struct sim_app *a);
/* Adds a fault. */
bool parts_read_fault(struct scenario *s, const config_setting_t *at);
/* Puts the faults in the order of their times and works out what each makes of its link. */
bool parts_finish_faults(struct scenario *s);

/* What a fault may change about a direction of a link. */
extern const struct field parts_set_fields[];

/* How a step may end. */
struct sim_outcome {
	const char *name; /* NULL behind the last */
	int code;	  /* CALL_DONE, CALL_ENDS or an errno */
};
extern const struct sim_outcome parts_outcomes[];

/* Names of enum sim_kind. */
extern const char *const parts_kinds[];

/* Names of enum sim_act. */
extern const char *const parts_acts[];

#endif
