/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's EAL: the one thing that belongs to the process and not to a stack. It is started on first
 * need, or the application has started it before; it is never started twice and never cleaned up,
 * because DPDK 22.11 cannot start it again. It ends with the process.
 *
 * Devices are not given to EAL here, except PCI ones (their kind decides how EAL addresses memory):
 * the ethdev driver probes its device when its port is opened.
 */
#ifndef NSK_STACK_EAL_H
#define NSK_STACK_EAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

/*
 * EAL's memory in MB where it is not made of hugepages and so cannot grow. Only what is used
 * counts: untouched pages cost nothing, EAL's own table of pages 12 KB a MB. The first is for
 * processes with loop, callback and pcap ports, whose packet buffers lie outside of it: 1,000
 * stacks one after the other, or 100 at once, fit many times over.
 */
#define EAL_SMALL_MB   256
#define EAL_DEVICES_MB 1024

/* What a stack needs. */
struct eal_request {
	const char *const *devargs; /* of each device given with -d */
	unsigned ndevargs;
	const char *user_args; /* of --eal; NULL or "": none */
	bool no_huge;	       /* --no-huge */
	const struct log *log; /* takes EAL's messages until eal_forget(); may be NULL */
};

/*
 * Makes sure that EAL runs and suits the request. 0, or -errno with a text: -EBUSY when it runs
 * already and does not suit, -EINVAL or -E2BIG for user_args, what EAL said otherwise. The caller's
 * CPU affinity and signal mask are as before.
 */
int eal_need(const struct eal_request *req, char *error, size_t size);

/* The log is about to go away: EAL's messages go to another stack's, or nowhere. */
void eal_forget(const struct log *log);

#endif
