/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Applications that send datagrams, one way or answered. What is in each follows from its number,
 * so that one that was altered, or never sent, is known. Those that do not arrive must be found in
 * the counters of links and hosts.
 */
#ifndef NSK_APPS_NSK_SIM_UDP_H
#define NSK_APPS_NSK_SIM_UDP_H

#include <stdbool.h>

#include "nsk-sim/endpoint.h"

#define UDP_LEAST 12 /* bytes of a datagram: whose, which, which way */

/* Opens the sockets of an application and puts its datagrams on the agenda. False: it cannot. */
bool udp_start(struct app *app);
/* The client's or the server's socket is ready. */
void udp_run(struct app *app, bool server);
void udp_close(struct app *app);
/* What all of them have sent and got, against the counters. Call when nothing is on its way. */
void udp_check(struct apps *apps);

#endif
