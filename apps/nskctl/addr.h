/* SPDX-License-Identifier: BSD-3-Clause */
/* nskctl addr: addresses of interfaces in the words of iproute2. */
#ifndef NSK_APPS_NSKCTL_ADDR_H
#define NSK_APPS_NSKCTL_ADDR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * What to ask a program for: [show] [dev IFACE]; add CIDR dev IFACE [valid_lft S] [preferred_lft
 * S]; del CIDR dev IFACE. NULL with a text in error: they are wrong.
 */
json_t *addr_request(char *const *operands, char *error, size_t size);
/* The reply, as "ip addr show" has it; of a change nothing. */
void addr_show(FILE *out, const json_t *reply, bool all);

#endif
