/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of a raw port.
 */
#ifndef NSK_APPS_NSK_LOAD_WIRE_RAW_H
#define NSK_APPS_NSK_LOAD_WIRE_RAW_H

#include <netstk/raw.h>

#include "nsk-load/wire.h"

/* NULL with errno and a text in nsk_config_error(). */
struct wire *wire_raw_open(struct nsk_config *config, struct nsk_raw_info *info);
void wire_raw_close(struct wire *wire);

#endif
