/* SPDX-License-Identifier: BSD-3-Clause */
/* nskctl port show: what ethtool tells of the kernel's devices. */
#ifndef NSK_APPS_NSKCTL_PORT_H
#define NSK_APPS_NSKCTL_PORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The request of "show [IFACE]"; counters: with each of the device's own. NULL with a text. */
json_t *port_request(char *const *operands, bool counters, char *error, size_t size);
void port_show(FILE *out, const json_t *reply, bool all);

#endif
