/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward_routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/netstk.h>
#include <netstk/route.h>

#include "route_mix.h"

static void add(struct nsk_stack *router, int family, const char *destination, unsigned gateway)
{
	struct nsk_route route = {.metric = 1};

	snprintf(route.destination, sizeof(route.destination), "%s", destination);
	snprintf(route.gateway, sizeof(route.gateway),
		 family == AF_INET6 ? "fd00:2::%x" : "10.0.2.%u", FORWARD_GATEWAY + gateway);
	if (nsk_route_add(router, &route, false) && errno != EEXIST) {
		fprintf(stderr, "route to %s: %s\n", destination, strerror(errno));
		exit(1);
	}
}

void forward_routes_add(struct nsk_stack *router, int family, unsigned count)
{
	struct mix mix;

	add(router, family, "default", 0);
	mix_seed(&mix, family);
	for (unsigned i = 1; i < count; i++) {
		struct mix_prefix p = mix_prefix(&mix);
		char text[INET6_ADDRSTRLEN], destination[56];

		inet_ntop(family, p.addr, text, sizeof(text));
		snprintf(destination, sizeof(destination), "%s/%u", text, p.len);
		add(router, family, destination, i % FORWARD_GATEWAYS);
	}
}
