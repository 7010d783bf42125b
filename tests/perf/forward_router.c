/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A router on one device, with as many routes as are wanted: perf_forward_router ROUTES [4|6] and
 * the options of any stack, with "-d". What comes goes back by the same device, to one of the
 * gateways of forward_routes.h, who may all be one station: perf_forward_load. Says when it is
 * ready; ends with SIGINT or SIGTERM.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netstk/netstk.h>

#include "forward_routes.h"

static struct nsk_stack *stack;

static void end(int signal)
{
	(void)signal;
	nsk_stop(stack);
}

static int forward(void *arg)
{
	struct epoll_event event;
	int epoll = nsk_epoll_create1(0);

	while (!nsk_stopping(arg))
		nsk_epoll_wait(epoll, &event, 1, -1);
	nsk_close(epoll);
	return 0;
}

static struct nsk_config *configure(int *argc, char **argv)
{
	static const char *const settings[][2] = {
		{"ip.forward", "true"}, {"ipv6.forward", "true"}, {"ip.routes", "1100000"}};
	static const char *const addresses[] = {"10.0.2.1/24", "fd00:2::1/64"};
	struct nsk_config *config = nsk_config_new();
	int rc = nsk_config_args(config, argc, argv);

	for (unsigned i = 0; !rc && i < 3; i++)
		rc = nsk_config_set(config, settings[i][0], settings[i][1]);
	for (unsigned i = 0; !rc && i < 2; i++)
		rc = nsk_config_add_address(config, addresses[i]);
	if (!rc)
		rc = nsk_stack_create(config, &stack);
	if (rc) {
		fprintf(stderr, "perf_forward_router: %s\n", nsk_config_error(config));
		exit(1);
	}
	return config;
}

int main(int argc, char **argv)
{
	struct nsk_config *config = configure(&argc, argv);
	unsigned long routes = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	nsk_config_free(config);
	if (routes < 1 || routes > FORWARD_ROUTES_MAX) {
		fputs("usage: perf_forward_router ROUTES [4|6] -d DEVARGS [options]\n", stderr);
		return 2;
	}
	forward_routes_add(stack, argc > 2 && argv[2][0] == '6' ? AF_INET6 : AF_INET,
			   (unsigned)routes);
	signal(SIGINT, end);
	signal(SIGTERM, end);
	if (nsk_launch(stack, forward, stack)) {
		perror("perf_forward_router");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	nsk_join(stack);
	return nsk_stack_destroy(stack) ? 1 : 0;
}
