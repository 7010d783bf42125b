/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nskctl netstat: counters under the names that Linux has for them (RFC 4022, RFC 4113,
 * /proc/net/netstat), as nstat prints them. What is counted in another way here is left out.
 */
#ifndef NSK_APPS_NSKCTL_NETSTAT_H
#define NSK_APPS_NSKCTL_NETSTAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* {"Tcp": {"ActiveOpens": 1, …}, …} from the replies to "counters" and "drops". */
json_t *netstat_make(const json_t *counters, const json_t *drops);

/* A line each; zeros: those that are 0 as well. */
void show_netstat(FILE *out, const json_t *all, bool zeros);

#endif
