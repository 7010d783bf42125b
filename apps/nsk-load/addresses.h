/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Texts of the command line that name addresses and ports.
 */
#ifndef NSK_APPS_NSK_LOAD_ADDRESSES_H
#define NSK_APPS_NSK_LOAD_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "nsk-load/options.h"

/* "10.0.0.2:80" or "[fd00::2]:80". */
bool parse_target(const char *text, struct target_addr *target);
/*
 * IPv4 addresses, host order: "10.0.1.0/24" (of prefixes shorter than /31 without the first and the
 * last), "10.0.1.1-10.0.1.9", "10.0.1.1+9", or one address. At most 65,536.
 */
bool parse_range(const char *text, uint32_t *first, uint32_t *count);
/* "1024-65535". */
bool parse_ports(const char *text, uint16_t *first, uint16_t *last);

#endif
