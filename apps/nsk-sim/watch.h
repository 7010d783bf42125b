/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Watches the segments that pass over a link, before the link does anything to them, and holds
 * them against what no segment may break: nothing beyond the window that the peer has offered or
 * the peer's MSS, no offered window taken back (RFC 9293 §3.8.6), no ACK backwards or of what was
 * never sent, options as the handshake agreed. What it finds fails the simulation.
 */
#ifndef NSK_APPS_NSK_SIM_WATCH_H
#define NSK_APPS_NSK_SIM_WATCH_H

#include <stddef.h>
#include <stdint.h>

struct sim;
struct watch;

struct watch *watch_new(struct sim *sim, const char *link);
void watch_frame(struct watch *w, unsigned direction, uint64_t now_ns, const void *frame,
		 size_t len);
/* Of everything seen. */
uint64_t watch_hash(const struct watch *w);
void watch_free(struct watch *w);

#endif
