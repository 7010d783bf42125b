/* SPDX-License-Identifier: BSD-3-Clause */
/* A capture of every link in one pcapng file, each link an interface, times in nanoseconds. The
 * same packets give the same bytes. */
#ifndef NSK_APPS_NSK_SIM_PCAPNG_H
#define NSK_APPS_NSK_SIM_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcapng;

/* NULL with errno. */
struct pcapng *pcapng_open(const char *path);
/* The next interface, from 0 on. */
void pcapng_interface(struct pcapng *p, const char *name);
/* A frame that entered direction 0 (marked outbound) or 1 (inbound) of an interface. */
void pcapng_frame(struct pcapng *p, uint32_t interface, unsigned direction, uint64_t at_ns,
		  const void *frame, size_t len);
/* false: something could not be written. */
bool pcapng_close(struct pcapng *p);

#endif
