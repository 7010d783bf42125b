/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection between the two hosts of a world, for tests of how it ends: every segment is
 * written down, and at the end nothing may be left of it. */
#ifndef NSK_TESTS_SIM_ENDS_H
#define NSK_TESTS_SIM_ENDS_H

#include "sim/trace.h"
#include "sim/world.h"

#define ENDS_PORT  7
#define ENDS_CPORT 4000
#define ENDS_DELAY (10 * MS) /* one way */

struct ends {
	struct world world;
	struct trace trace;
	int listener; /* of host 1 */
	int fd[2];
};

/* A connection from ENDS_CPORT of host 0 to ENDS_PORT of host 1, and an empty trace. */
void ends_open(struct ends *e, const char *const *settings);
/* Closes the listener if it is there still; everything must be over and given back. */
void ends_finish(struct ends *e);
void ends_run_ms(struct ends *e, uint64_t ms);
void ends_assert_states(struct ends *e, unsigned a, unsigned b);
void ends_close(int *fd);

#endif
