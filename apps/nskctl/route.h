/* SPDX-License-Identifier: BSD-3-Clause */
/* "nskctl route", in the words of iproute2's "ip route". */
#ifndef NSK_APPS_NSKCTL_ROUTE_H
#define NSK_APPS_NSKCTL_ROUTE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * What to ask a program for: [show]; add|append|del [TYPE] PREFIX|default [via ADDRESS] [dev IFACE]
 * [src ADDRESS] [metric N] [weight N] [proto N]; get ADDRESS. NULL with a text in error: they are
 * wrong.
 */
json_t *route_request(char *const *operands, char *error, size_t size);
/* The reply, as "ip route show" has it: all of them sorted, or one; of a change nothing. */
void route_show(FILE *out, const json_t *reply, bool all);

#endif
