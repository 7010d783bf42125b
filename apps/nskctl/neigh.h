/* SPDX-License-Identifier: BSD-3-Clause */
/* nskctl neigh: neighbours that are given, in the words of ip neigh. */
#ifndef NSK_APPS_NSKCTL_NEIGH_H
#define NSK_APPS_NSKCTL_NEIGH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The request of "add ADDRESS lladdr MAC dev IFACE" or "del ADDRESS dev IFACE"; NULL with a text.
 */
json_t *neigh_request(char *const *operands, char *error, size_t size);
/* Prints nothing: it is done. */
void neigh_show(FILE *out, const json_t *reply, bool all);

#endif
