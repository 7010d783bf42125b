/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies of a program as text for people, and the table of settings in the forms that documents
 * and samples have. */
#ifndef NSK_APPS_NSKCTL_SHOW_H
#define NSK_APPS_NSKCTL_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* all: counters that are 0 as well */
void show_version(FILE *out, const json_t *reply, bool all);
void show_interfaces(FILE *out, const json_t *reply, bool all);
void show_workers(FILE *out, const json_t *reply, bool all);
void show_arp(FILE *out, const json_t *reply, bool all);
void show_groups(FILE *out, const json_t *reply, bool all);
void show_sockets(FILE *out, const json_t *reply, bool all);
void show_counters(FILE *out, const json_t *reply, bool all);
void show_drops(FILE *out, const json_t *reply, bool all);
void show_settings(FILE *out, const json_t *reply, bool all);
void show_setting(FILE *out, const json_t *reply, bool all);
void show_log(FILE *out, const json_t *reply, bool all);

/* What a list lacks because a worker did not answer, on standard error. */
void show_warnings(const json_t *reply);

/* Every setting, as the table in docs/CONFIG.md and as the end of a configuration file; no program
 * needed. */
void show_settings_markdown(FILE *out);
void show_settings_config(FILE *out);

#endif
