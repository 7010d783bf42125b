/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the drivers share with the table that lists them: their open functions and the few steps
 * that every open takes.
 */
#ifndef NSK_DRIVERS_ROWS_H
#define NSK_DRIVERS_ROWS_H

#include "base/compiler.h"
#include "net/port.h"

int loop_open(const struct port_open *open, struct port **port);
int callback_open(const struct port_open *open, struct port **port);
int fault_open(const struct port_open *open, struct port **port);
int pcapfile_open(const struct port_open *open, struct port **port);
int tap_open(const struct port_open *open, struct port **port);
int ethdev_open(const struct port_open *open, struct port **port);

/* Put a text into open->error and return @rc. */
int port_open_fail(const struct port_open *open, int rc, const char *fmt, ...) NSK_PRINTF(3, 4);

/* What every port begins with: operations, log, names. open->devargs may be NULL. */
void port_init(struct port *port, const struct port_ops *ops, const struct port_open *open,
	       const char *driver);

/* Read counters that another thread writes. */
void port_stats_read(const struct port_stats *from, struct port_stats *to);

#endif
