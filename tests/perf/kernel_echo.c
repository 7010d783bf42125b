/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsk-echo's server on the kernel's sockets: what figures of the Linux stack are taken with. One
 * thread, runs until it is killed. Nagle and delayed ACKs as the kernel has them; it answers each
 * request with one send.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nsk-echo/server.h"

static uint16_t port_number(const char *text)
{
	long port = strtol(text, NULL, 10);

	if (port < 1 || port > 65535) {
		fprintf(stderr, "kernel_echo: \"%s\" is no port\n", text);
		exit(2);
	}
	return (uint16_t)port;
}

int main(int argc, char **argv)
{
	struct server_options options = {.body_bytes = 64, .backlog = 4096};
	uint64_t requests = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--tcp") == 0)
			options.tcp[options.ntcp++] = port_number(argv[i + 1]);
		else if (strcmp(argv[i], "--http") == 0)
			options.http[options.nhttp++] = port_number(argv[i + 1]);
		else if (strcmp(argv[i], "--udp") == 0)
			options.udp[options.nudp++] = port_number(argv[i + 1]);
	}
	if (options.ntcp + options.nhttp + options.nudp == 0 || argc > 2 * SERVER_PORTS + 1) {
		fprintf(stderr, "usage: kernel_echo --tcp PORT | --http PORT | --udp PORT ...\n");
		return 2;
	}
	return server_run(&options, &requests) ? 1 : 0;
}
