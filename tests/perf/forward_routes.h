/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes for a router under test: a default route, and as many of route_mix.h as are wanted. */
#ifndef NSK_TESTS_PERF_FORWARD_ROUTES_H
#define NSK_TESTS_PERF_FORWARD_ROUTES_H

struct nsk_stack;

#define FORWARD_ROUTES_MAX 1000000
/* The gateways are 10.0.2.2 and those behind it, or fd00:2::2. */
#define FORWARD_GATEWAY	 2
#define FORWARD_GATEWAYS 8

/* count routes or a few less, as some are drawn twice. Ends the program when one is refused. */
void forward_routes_add(struct nsk_stack *router, int family, unsigned count);

#endif
