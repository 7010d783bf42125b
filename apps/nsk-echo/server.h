/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The echo server of one worker: an ordinary epoll server.
 */
#ifndef NSK_APPS_NSK_ECHO_SERVER_H
#define NSK_APPS_NSK_ECHO_SERVER_H

#include <stdint.h>

#define SERVER_PORTS 8

struct server_options {
	uint16_t tcp[SERVER_PORTS], udp[SERVER_PORTS], http[SERVER_PORTS];
	unsigned ntcp, nudp, nhttp;
	uint32_t body_bytes; /* of an HTTP answer */
	int backlog;
};

/* Runs until the stack stops; 0, or -1 after a message on stderr. Several workers may be in it at
 * once. */
int server_run(const struct server_options *options, uint64_t *requests);

#endif
