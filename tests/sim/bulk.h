/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows from host 0 to host 1 that always have something to send, and what they reach. */
#ifndef NSK_TESTS_SIM_BULK_H
#define NSK_TESTS_SIM_BULK_H

#include <linux/tcp.h>
#include <netinet/in.h>

#include "sim/world.h"

struct bulk {
	struct world *world;
	int listener, fd[2];
	bool quiet;	   /* the application has nothing to send now */
	uint64_t received; /* octets */
};

/* Connects to a port; control: TCP_CONGESTION, NULL: as it is. */
void bulk_open(struct bulk *b, struct world *world, uint16_t port, const char *control);
/* So long all of n flows send what is taken and read what has come. */
void bulk_run(struct bulk *b, unsigned n, uint64_t ns);
/* Bits of payload a second that one flow of n gets in the next ns. */
uint64_t bulk_bps(struct bulk *b, unsigned n, uint64_t ns);
/* TCP_INFO of the sender. */
struct tcp_info bulk_info(const struct bulk *b);
/* Resets both ends. */
void bulk_close(struct bulk *b);

#endif
