/* SPDX-License-Identifier: BSD-3-Clause */
/* How conversations of the two hosts of a world begin and end, for tests that are about something
 * else. */
#ifndef NSK_TESTS_SIM_PAIR_H
#define NSK_TESTS_SIM_PAIR_H

#include "sim/world.h"

/* Makes both ends know each other's link address. */
void pair_acquaint(struct world *world);
/* Starts to connect host 0 to a port of host 1; -1 with errno when that cannot be. */
int pair_try_connect(struct world *world, uint16_t port);
/* Sends a datagram from a socket of host 0 to a port of host 1; what nsk_sendto() gives. */
ssize_t pair_sendto(int fd, uint16_t port, const void *data, size_t len);
/* An orderly end: fd[0] closes, fd[1] sees it and closes, then the listener. */
void pair_close(struct world *world, int listener, const int fd[2]);
/* Waits until no host has anything of TCP left, then ends the world: no packet buffer may be
 * missing and no table hold anything, so all sockets must be closed. */
void pair_finish(struct world *world);

#endif
